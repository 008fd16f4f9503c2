//! The files of runs and logged models: of every path the newest row holds.

use super::count::Count;
use super::{ReadTx, Result, WriteTx};
use crate::clock;
use crate::digest::ContentDigest;
use rusqlite::{OptionalExtension, Row, named_params};

/// A kept file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactRow {
    /// Path below its owner's folder.
    pub path: String,
    /// Length and digests.
    pub content: ContentDigest,
}

impl WriteTx<'_> {
    /// Records a kept file of a run or a logged model; without content it is removed.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_artifact(
        &mut self,
        owner_id: &str,
        path: &str,
        content: Option<&ContentDigest>,
    ) -> Result<()> {
        self.insert(
            "artifact",
            &[
                ("id", &clock::new_id("af")),
                ("owner_id", &owner_id),
                ("path", &path),
                ("bytes", &content.map(|content| Count(content.bytes))),
                ("blake3", &content.map(|content| &content.blake3)),
                ("sha256", &content.map(|content| &content.sha256)),
            ],
        )
    }
}

const ARTIFACT: &str = "SELECT a.path, a.bytes, a.blake3, a.sha256 FROM artifact a WHERE a.blake3 IS NOT NULL AND a.owner_id = :owner \
     AND NOT EXISTS (SELECT 1 FROM artifact n WHERE n.owner_id = a.owner_id AND n.path = a.path AND n.rowid > a.rowid)";

fn artifact_of(row: &Row<'_>) -> rusqlite::Result<ArtifactRow> {
    let Count(bytes) = row.get(1)?;
    let content = ContentDigest { bytes, blake3: row.get(2)?, sha256: row.get(3)? };
    Ok(ArtifactRow { path: row.get(0)?, content })
}

impl ReadTx<'_> {
    /// The file of a path.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn artifact(&self, owner_id: &str, path: &str) -> Result<Option<ArtifactRow>> {
        let sql = format!("{ARTIFACT} AND a.path = :path ORDER BY a.path");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let parameters = named_params! {":owner": owner_id, ":path": path};
        Ok(statement.query_row(parameters, artifact_of).optional()?)
    }

    /// The files below a folder, all of the owner's for an empty one, by path.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn artifacts(&self, owner_id: &str, folder: &str) -> Result<Vec<ArtifactRow>> {
        // `0` is the character after `/`: everything that starts with `folder/`.
        let sql = format!(
            "{ARTIFACT} AND (:folder = '' OR a.path > :folder || '/' AND a.path < :folder || '0') ORDER BY a.path"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let parameters = named_params! {":owner": owner_id, ":folder": folder};
        let rows = statement.query_map(parameters, artifact_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
