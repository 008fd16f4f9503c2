//! The registration: everything a model version is registered with, made where the training data are.
//!
//! It holds digests, counts and declarations, never rows.

use super::overlap::{self, Overlap};
use super::{Error, Result};
use crate::dataset::fingerprint::Fingerprint;
pub use crate::dataset::fingerprint::NamedFile;
use crate::dataset::schema::{Role, TableSchema};
use crate::digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Identifies the format of a registration.
pub const REGISTRATION_FORMAT: &str = "driftledger/registration/v1";

/// What a dataset was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DatasetRole {
    /// The model was fitted on it.
    Train,
    /// Its parameters were chosen on it.
    Tune,
    /// Its fit was checked on it while it was made.
    Validate,
    /// Its performance was measured on it, once.
    Test,
    /// Batches are judged against it.
    Reference,
}

impl DatasetRole {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Train, Self::Tune, Self::Validate, Self::Test, Self::Reference];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Tune => "tune",
            Self::Validate => "validate",
            Self::Test => "test",
            Self::Reference => "reference",
        }
    }
}

/// One dataset of the lineage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// What it was used for.
    pub role: DatasetRole,
    /// Its digests, schema and row count.
    pub fingerprint: Fingerprint,
    /// `tdh1` digests of the tables it was made from.
    #[serde(default)]
    pub parents: Vec<String>,
}

/// The document that registers a model version. `reference`, `policy` are kept as the JSON they arrive as; `drift` types them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Always [`REGISTRATION_FORMAT`].
    pub format: String,
    /// Model name.
    pub model: String,
    /// Version of the model.
    pub version: String,
    /// What the model is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intended_use: Option<String>,
    /// The version this one follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_version: Option<String>,
    /// Code revision that trained it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_revision: Option<String>,
    /// Code that prepared the data.
    #[serde(default)]
    pub preparation_code: Vec<NamedFile>,
    /// Lock file of the environment that trained it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_lock: Option<NamedFile>,
    /// Parameters, as text.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Number of the draft version whose frozen files these artifacts are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<u64>,
    /// Files of the model itself.
    pub artifacts: Vec<NamedFile>,
    /// Datasets of the lineage.
    pub datasets: Vec<Dataset>,
    /// Training rows found again in the other datasets; empty where nobody counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overlaps: Vec<Overlap>,
    /// Why those rows may stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_justification: Option<String>,
    /// Declaration of the columns of every batch.
    pub schema: TableSchema,
    /// The frozen reference.
    #[schema(value_type = Object)]
    pub reference: serde_json::Value,
    /// The monitoring policy.
    #[schema(value_type = Object)]
    pub policy: serde_json::Value,
    /// What whoever relies on the monitor must know: exactly [`Registration::due_warnings`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What a registration takes over from a draft version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenUp {
    /// Number of the draft.
    pub number: u64,
    /// Its frozen files.
    pub files: Vec<NamedFile>,
    /// Parameters of its run.
    pub parameters: BTreeMap<String, String>,
    /// Code revision of its run.
    pub code_revision: Option<String>,
}

impl Registration {
    /// Makes the files of a draft this registration's artifacts; parameters and code revision that are stated here stay.
    pub fn take_up(&mut self, draft: TakenUp) {
        self.draft = Some(draft.number);
        self.artifacts = draft.files;
        for (name, value) in draft.parameters {
            self.parameters.entry(name).or_insert(value);
        }
        self.code_revision = self.code_revision.take().or(draft.code_revision);
    }

    /// Checks names and completeness, and that training rows in other datasets are justified.
    ///
    /// # Errors
    ///
    /// [`Error::Format`], [`Error::Name`], [`Error::Missing`], [`Error::Overlap`], [`Error::OverlapOfNothing`].
    pub fn validate(&self) -> Result<()> {
        if self.format != REGISTRATION_FORMAT {
            return Err(Error::Format {
                what: "registration",
                found: self.format.clone(),
                expected: REGISTRATION_FORMAT,
            });
        }
        check_name("model", &self.model)?;
        check_name("version", &self.version)?;
        let has = |role| self.datasets.iter().any(|d| d.role == role);
        let missing = |what, hint| Err(Error::Missing { what, hint });
        if !has(DatasetRole::Train) {
            return missing("training dataset", "fingerprint it with `--train FILE`");
        }
        if !has(DatasetRole::Reference) {
            return missing("reference dataset", "fingerprint it with `--reference FILE`");
        }
        if self.warnings != self.due_warnings() {
            return missing("warning", "make the registration again with this program");
        }
        if self.artifacts.is_empty() {
            return missing("artifact", "name the model's files with `--artifact PATH`");
        }
        overlap::validate(self)
    }

    /// Rows of the dataset that `overlap` is about.
    pub fn rows_of(&self, overlap: &Overlap) -> u64 {
        let same = |dataset: &&Dataset| dataset.fingerprint.table.table == overlap.table;
        self.datasets.iter().find(same).map_or(0, |dataset| dataset.fingerprint.rows)
    }

    /// The warnings that the content calls for.
    ///
    /// Predictions and scores on the rows a model was fitted on look better than on new rows, so that a reference of those
    /// rows makes them drift from the first batch.
    pub fn due_warnings(&self) -> Vec<String> {
        let of = |role| self.datasets.iter().filter(move |d| d.role == role);
        let in_sample = of(DatasetRole::Reference).any(|reference| {
            of(DatasetRole::Train).any(|train| {
                train.fingerprint.table.table == reference.fingerprint.table.table
                    || train.fingerprint.content.sha256 == reference.fingerprint.content.sha256
            })
        });
        let outputs: Vec<&str> = self
            .schema
            .monitored()
            .filter(|column| matches!(column.role, Role::Prediction | Role::Score))
            .map(|column| column.name.as_str())
            .collect();
        if !in_sample || outputs.is_empty() {
            return Vec::new();
        }
        vec![format!(
            "the reference is the training data: `{}` on rows the model was fitted on differ from new rows although nothing \
             moved; take a reference of rows that the model has not seen",
            outputs.join("`, `")
        )]
    }

    /// The canonical bytes: their SHA-256 is the identity of the version's content.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }
}

/// Checks that `found` can name a model or a version: it stands in URLs and file names.
///
/// # Errors
///
/// [`Error::Name`].
pub fn check_name(what: &'static str, found: &str) -> Result<()> {
    let fits = (1..=100).contains(&found.len())
        && found.starts_with(|c: char| c.is_ascii_alphanumeric())
        && found.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if fits { Ok(()) } else { Err(Error::Name { what, found: found.to_owned() }) }
}

/// The top-level parts in which two registrations (as JSON) differ.
pub fn differing_parts(a: &serde_json::Value, b: &serde_json::Value) -> Vec<String> {
    let empty = serde_json::Map::new();
    let (a, b) = (a.as_object().unwrap_or(&empty), b.as_object().unwrap_or(&empty));
    let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    names.into_iter().filter(|name| a.get(*name) != b.get(*name)).cloned().collect()
}
