//! Draft versions: what training code registered, with its frozen files, before a reference and a policy exist.

use super::{ReadTx, Result, WriteTx};
use crate::clock;
use rusqlite::{Row, named_params};
use serde::Serialize;

/// A draft version.
#[derive(Clone, Debug, Serialize)]
pub struct DraftRow {
    /// Id.
    pub id: String,
    /// Model.
    pub model: String,
    /// Version, a whole number as text.
    pub version: String,
    /// User name of who registered it.
    pub registered_by: String,
    /// When, UTC.
    pub registered_at: String,
    /// Where the client said the model is.
    pub source: String,
    /// Folder of its files below the root of all artifacts.
    pub folder: String,
    /// The run it came out of.
    pub run_id: Option<String>,
    /// The logged model it was made from.
    pub logged_model_id: Option<String>,
    /// SHA-256 over that run's parameters, metrics and datasets at registration.
    pub run_sha256: Option<String>,
    /// SHA-256 of the manifest.
    pub manifest_sha256: String,
    /// Its frozen files: canonical JSON of path, length and digests.
    pub manifest: String,
    /// Description.
    pub description: String,
    /// Ledger entry.
    pub entry: u64,
}

impl WriteTx<'_> {
    /// Records a draft version.
    ///
    /// # Errors
    ///
    /// [`super::Error::AlreadyExists`], those of the database.
    pub fn insert_draft(&mut self, draft: &DraftRow, account_id: &str) -> Result<()> {
        self.insert(
            "draft_version",
            &[
                ("id", &draft.id),
                ("model", &draft.model),
                ("version", &draft.version),
                ("registered_by", &account_id),
                ("source", &draft.source),
                ("folder", &draft.folder),
                ("run_id", &draft.run_id),
                ("logged_model_id", &draft.logged_model_id),
                ("run_sha256", &draft.run_sha256),
                ("manifest_sha256", &draft.manifest_sha256),
                ("manifest", &draft.manifest),
                ("description", &draft.description),
            ],
        )
    }

    /// Records where an alias points; without a version it is removed.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_alias(&mut self, model: &str, alias: &str, version: Option<&str>) -> Result<()> {
        self.insert(
            "alias",
            &[
                ("id", &clock::new_id("al")),
                ("model", &model),
                ("name", &alias),
                ("version", &version),
            ],
        )
    }
}

fn draft_of(row: &Row<'_>) -> rusqlite::Result<DraftRow> {
    Ok(DraftRow {
        id: row.get(0)?,
        model: row.get(1)?,
        version: row.get(2)?,
        registered_by: row.get(3)?,
        registered_at: row.get(4)?,
        source: row.get(5)?,
        folder: row.get(6)?,
        run_id: row.get(7)?,
        logged_model_id: row.get(8)?,
        run_sha256: row.get(9)?,
        manifest_sha256: row.get(10)?,
        manifest: row.get(11)?,
        description: row.get(12)?,
        entry: row.get::<_, i64>(13)?.unsigned_abs(),
    })
}

impl ReadTx<'_> {
    /// The draft versions of one model or of all, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn drafts(&self, model: Option<&str>) -> Result<Vec<DraftRow>> {
        let sql = "SELECT d.id, d.model, d.version, a.user_name, d.at, d.source, d.folder, d.run_id, d.logged_model_id, \
                   d.run_sha256, d.manifest_sha256, d.manifest, d.description, d.entry \
                   FROM draft_version d JOIN account a ON a.id = d.registered_by \
                   WHERE :model IS NULL OR d.model = :model ORDER BY d.entry, d.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":model": model}, draft_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One draft version.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn draft(&self, model: &str, version: &str) -> Result<Option<DraftRow>> {
        Ok(self.drafts(Some(model))?.into_iter().find(|draft| draft.version == version))
    }

    /// The draft version that froze `path` or a folder above it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn draft_over(&self, path: &str) -> Result<Option<DraftRow>> {
        let is_over = |draft: &DraftRow| {
            path.strip_prefix(&draft.folder).is_some_and(|rest| rest.starts_with('/'))
        };
        Ok(self.drafts(None)?.into_iter().find(is_over))
    }

    /// The aliases in force of a model: alias and version, by alias.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn aliases(&self, model: &str) -> Result<Vec<(String, String)>> {
        let sql = "SELECT a.name, a.version FROM alias a WHERE a.model = :model AND a.version IS NOT NULL AND NOT EXISTS \
                   (SELECT 1 FROM alias n WHERE n.model = a.model AND n.name = a.name AND n.rowid > a.rowid) \
                   ORDER BY a.name, a.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement
            .query_map(named_params! {":model": model}, |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
