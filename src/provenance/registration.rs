//! The registration: everything a model version is registered with, made where the training data are.
//!
//! It holds digests, counts and declarations, never rows.

use super::{Error, Result};
use crate::dataset::fingerprint::Fingerprint;
use crate::dataset::schema::TableSchema;
use crate::digest::{self, ContentDigest};
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

/// A named file and its digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedFile {
    /// File name, without folders.
    pub name: String,
    /// Its digests.
    pub content: ContentDigest,
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
    /// Declaration of the columns of every batch.
    pub schema: TableSchema,
    /// The frozen reference.
    #[schema(value_type = Object)]
    pub reference: serde_json::Value,
    /// The monitoring policy.
    #[schema(value_type = Object)]
    pub policy: serde_json::Value,
}

impl Registration {
    /// Checks names and completeness.
    ///
    /// # Errors
    ///
    /// [`Error::Format`], [`Error::Name`], [`Error::Missing`].
    pub fn validate(&self) -> Result<()> {
        if self.format != REGISTRATION_FORMAT {
            return Err(Error::Format {
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
        if self.artifacts.is_empty() {
            return missing("artifact", "name the model's files with `--artifact PATH`");
        }
        Ok(())
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
