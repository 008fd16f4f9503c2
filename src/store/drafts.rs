//! Draft versions: what training code registered, with its frozen files, before a reference and a policy exist.

use super::count::Count;
use super::{ReadTx, Result, WriteTx};
use crate::clock;
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;

/// A draft version with its newest state.
#[derive(Clone, Debug, Serialize)]
pub struct DraftRow {
    /// Id.
    pub id: String,
    /// Model.
    pub model: String,
    /// Number of the draft within its model, from 1.
    pub number: u64,
    /// User name of who registered it.
    pub registered_by: String,
    /// When, UTC.
    pub registered_at: String,
    /// Where the client said the model is.
    pub source: String,
    /// The run or logged model whose files these are.
    pub owner_id: String,
    /// Their folder below the owner's; empty for all.
    pub folder: String,
    /// The run it came out of.
    pub run_id: Option<String>,
    /// The logged model it was made from.
    pub logged_model_id: Option<String>,
    /// SHA-256 of what that run had reported when the draft was registered.
    pub run_sha256: Option<String>,
    /// SHA-256 of the manifest.
    pub manifest_sha256: String,
    /// Its frozen files: canonical JSON of names, lengths and digests.
    pub manifest: String,
    /// `None`, `Staging`, `Production` or `Archived`.
    pub stage: String,
    /// Whether it was deleted; its files stay.
    pub deleted: bool,
    /// When its state changed last, UTC.
    pub changed_at: String,
    /// The version that took its files up.
    pub version: Option<String>,
    /// Ledger entry.
    pub entry: u64,
}

impl WriteTx<'_> {
    /// Records a draft version with its first state.
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
                ("number", &Count(draft.number)),
                ("account_id", &account_id),
                ("source", &draft.source),
                ("owner_id", &draft.owner_id),
                ("folder", &draft.folder),
                ("run_id", &draft.run_id),
                ("logged_model_id", &draft.logged_model_id),
                ("run_sha256", &draft.run_sha256),
                ("manifest_sha256", &draft.manifest_sha256),
                ("manifest", &draft.manifest),
            ],
        )?;
        self.insert_draft_state(&draft.id, &draft.stage, draft.deleted)
    }

    /// Records a new state of a draft version.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_draft_state(&mut self, draft_id: &str, stage: &str, deleted: bool) -> Result<()> {
        self.insert(
            "draft_state",
            &[
                ("id", &clock::new_id("dt")),
                ("draft_id", &draft_id),
                ("stage", &stage),
                ("deleted", &i64::from(deleted)),
            ],
        )
    }

    /// Records where an alias points; without a number it is removed.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_alias(&mut self, model: &str, alias: &str, number: Option<u64>) -> Result<()> {
        self.insert(
            "alias",
            &[
                ("id", &clock::new_id("al")),
                ("model", &model),
                ("name", &alias),
                ("number", &number.map(Count)),
            ],
        )
    }
}

const DRAFT: &str = "SELECT d.id, d.model, d.number, a.user_name, d.at, d.source, d.owner_id, d.folder, d.run_id, d.logged_model_id, \
     d.run_sha256, d.manifest_sha256, d.manifest, s.stage, s.deleted, s.at, v.version, d.entry \
     FROM draft_version d JOIN account a ON a.id = d.account_id \
     JOIN draft_state s ON s.draft_id = d.id AND s.rowid = (SELECT max(rowid) FROM draft_state WHERE draft_id = d.id) \
     LEFT JOIN model_version v ON v.draft_id = d.id";

fn draft_of(row: &Row<'_>) -> rusqlite::Result<DraftRow> {
    let Count(number) = row.get(2)?;
    Ok(DraftRow {
        id: row.get(0)?,
        model: row.get(1)?,
        number,
        registered_by: row.get(3)?,
        registered_at: row.get(4)?,
        source: row.get(5)?,
        owner_id: row.get(6)?,
        folder: row.get(7)?,
        run_id: row.get(8)?,
        logged_model_id: row.get(9)?,
        run_sha256: row.get(10)?,
        manifest_sha256: row.get(11)?,
        manifest: row.get(12)?,
        stage: row.get(13)?,
        deleted: row.get::<_, i64>(14)? != 0,
        changed_at: row.get(15)?,
        version: row.get(16)?,
        entry: row.get::<_, i64>(17)?.unsigned_abs(),
    })
}

impl ReadTx<'_> {
    /// The draft versions of one model or of all, oldest first, deleted ones included.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn drafts(&self, model: Option<&str>) -> Result<Vec<DraftRow>> {
        let of = if model.is_some() { "d.model = :model" } else { ":model IS NULL" };
        let sql = format!("{DRAFT} WHERE {of} ORDER BY d.entry, d.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":model": model}, draft_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One draft version.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn draft(&self, model: &str, number: u64) -> Result<Option<DraftRow>> {
        let sql = format!("{DRAFT} WHERE d.model = :model AND d.number = :number ORDER BY d.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let parameters = named_params! {":model": model, ":number": Count::sought(number)};
        Ok(statement.query_row(parameters, draft_of).optional()?)
    }

    /// The draft version that the version of id `version_id` took its files from.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn draft_of_version(&self, version_id: &str) -> Result<Option<DraftRow>> {
        let sql = format!("{DRAFT} WHERE v.id = :id ORDER BY d.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": version_id}, draft_of).optional()?)
    }

    /// The drafts whose files are those of a run or a logged model, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn drafts_from(&self, owner_id: &str) -> Result<Vec<DraftRow>> {
        let sql = format!("{DRAFT} WHERE d.owner_id = :owner ORDER BY d.entry, d.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":owner": owner_id}, draft_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The aliases in force of a model: name and draft number, by name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn aliases(&self, model: &str) -> Result<Vec<(String, u64)>> {
        let sql = "SELECT a.name, a.number FROM alias a WHERE a.model = :model AND a.number IS NOT NULL AND NOT EXISTS \
                   (SELECT 1 FROM alias n WHERE n.model = a.model AND n.name = a.name AND n.rowid > a.rowid) \
                   ORDER BY a.name, a.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":model": model}, |row| {
            Ok((row.get(0)?, row.get::<_, Count>(1)?.0))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
