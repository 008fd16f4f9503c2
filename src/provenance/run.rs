//! What training code reports about a run, and the digest that freezes it when the run ends.

use super::Result;
use crate::digest;
use serde::{Deserialize, Serialize};

/// A named value: a parameter or a tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NamedValue {
    /// Name.
    pub key: String,
    /// Value.
    pub value: String,
}

/// One value of a metric.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Metric {
    /// Name.
    pub key: String,
    /// Step.
    pub step: i64,
    /// When, by the client's clock, in ms since 1970.
    pub timestamp: i64,
    /// Value in decimal, or `NaN`, `Infinity`, `-Infinity`.
    pub value: String,
    /// The logged model it is about.
    pub model_id: Option<String>,
    /// The dataset it was computed on.
    pub dataset_name: Option<String>,
    /// Digest of that dataset as the client gave it.
    pub dataset_digest: Option<String>,
}

/// A dataset a run used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunDataset {
    /// Name.
    pub name: String,
    /// Digest as the client gave it.
    pub digest: String,
    /// Kind of source.
    pub source_type: String,
    /// Source.
    pub source: String,
    /// Schema, as the client gave it.
    pub schema: Option<String>,
    /// Profile, as the client gave it.
    pub profile: Option<String>,
    /// Tags: canonical JSON of key-value objects.
    pub tags: String,
}

impl RunDataset {
    /// The digest, if it is one of 256 bits; shorter ones (a client's own have 8 digits) collide by chance and by design.
    pub fn strong_digest(&self) -> Option<&str> {
        let hex = self.digest.rsplit(':').next().unwrap_or_default();
        let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        (hex.len() == 64 && hex.bytes().all(is_digit)).then_some(hex)
    }
}

/// That a run made or used a logged model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunModel {
    /// The logged model.
    pub model_id: String,
    /// `output` when the run made it, `input` when it used it.
    pub direction: String,
    /// Step.
    pub step: i64,
}

/// All that a run reported and that cannot change: what its end freezes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunContent {
    /// Parameters.
    pub params: Vec<NamedValue>,
    /// Every value of every metric.
    pub metrics: Vec<Metric>,
    /// Datasets.
    pub datasets: Vec<RunDataset>,
    /// Logged models.
    pub models: Vec<RunModel>,
}

impl RunContent {
    /// SHA-256 of the canonical JSON, each list sorted; the order of arrival does not matter.
    ///
    /// # Errors
    ///
    /// [`super::Error::Digest`].
    pub fn sha256(mut self) -> Result<String> {
        self.params.sort();
        self.metrics.sort();
        self.datasets.sort();
        self.models.sort();
        Ok(digest::sha256_hex(&digest::canonical_json(&self)?))
    }
}

/// What training code says a version came out of: the draft it took up, and the run behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Number of the draft.
    pub draft: u64,
    /// The run's id, its name, and the digest of what it reported.
    pub run: Option<(String, String, Option<String>)>,
    /// The logged model's id and name.
    pub logged_model: Option<(String, String)>,
    /// Datasets that the run used.
    pub datasets: Vec<RunDataset>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(step: i64, value: &str) -> Metric {
        let (key, value) = ("auc".to_owned(), value.to_owned());
        let (model_id, dataset_name, dataset_digest) = (None, None, None);
        Metric { key, step, timestamp: 1, value, model_id, dataset_name, dataset_digest }
    }

    #[test]
    fn the_digest_is_of_what_was_reported_not_of_its_order() {
        let of = |metrics: &[Metric]| {
            RunContent { metrics: metrics.to_vec(), ..RunContent::default() }.sha256().unwrap()
        };
        let (a, b) = (metric(0, "0.5"), metric(1, "NaN"));
        assert_eq!(of(&[a.clone(), b.clone()]), of(&[b.clone(), a.clone()]));
        assert_ne!(of(std::slice::from_ref(&a)), of(&[a.clone(), b.clone()]));
        assert_ne!(of(&[a]), of(&[b]));
    }

    #[test]
    fn eight_digits_are_weak_and_sixty_four_are_not() {
        let dataset = |digest: &str| RunDataset {
            name: "train".to_owned(),
            digest: digest.to_owned(),
            source_type: String::new(),
            source: String::new(),
            schema: None,
            profile: None,
            tags: "[]".to_owned(),
        };
        assert_eq!(dataset("1a2b3c4d").strong_digest(), None);
        let full = "ab".repeat(32);
        assert_eq!(dataset(&format!("b3:{full}")).strong_digest(), Some(full.as_str()));
        assert_eq!(dataset(&full).strong_digest(), Some(full.as_str()));
        assert_eq!(dataset(&full.to_uppercase()).strong_digest(), None);
    }
}
