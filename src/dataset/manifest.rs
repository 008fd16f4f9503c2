//! The manifest of a dataset: its declaration and its digests, to compare and to prove with when the data are elsewhere.

use super::error::{Error, Result};
use super::fingerprint::Fingerprint;
use super::schema::TableSchema;
use crate::digest;
use serde::{Deserialize, Serialize};

/// Identifies the format of a manifest.
pub const MANIFEST_FORMAT: &str = "driftledger/dataset-manifest/v1";

/// What a dataset is, without its rows. Its canonical JSON is what is written and hashed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetManifest {
    /// Always [`MANIFEST_FORMAT`].
    pub format: String,
    /// The declaration it was read under, CSV rules included.
    pub schema: TableSchema,
    /// Digests of files, table, columns and blocks.
    pub fingerprint: Fingerprint,
}

impl DatasetManifest {
    /// The manifest of the dataset that `fingerprint` was taken of under `schema`.
    pub fn new(schema: TableSchema, fingerprint: Fingerprint) -> Self {
        Self { format: MANIFEST_FORMAT.to_owned(), schema, fingerprint }
    }

    /// Reads a manifest, and checks that its digests fold into each other.
    ///
    /// # Errors
    ///
    /// [`Error::Manifest`].
    pub fn parse(text: &[u8]) -> Result<Self> {
        let refuse = |detail: String| Error::Manifest { detail };
        let manifest: Self =
            serde_json::from_slice(text).map_err(|e| refuse(format!("it cannot be read: {e}")))?;
        if manifest.format != MANIFEST_FORMAT {
            let found = &manifest.format;
            return Err(refuse(format!("found format `{found}`, expected `{MANIFEST_FORMAT}`")));
        }
        let table = &manifest.fingerprint.table;
        match table.first_that_does_not_fold() {
            None => Ok(manifest),
            Some(what) => Err(refuse(format!("{what} does not follow from the digests below it"))),
        }
    }

    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        digest::canonical_json(self).map_err(|e| Error::Digest { detail: e.to_string() })
    }
}
