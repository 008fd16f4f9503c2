//! Change records between versions.

use super::{ReadTx, Result, WriteTx};
use rusqlite::{Row, named_params};
use serde::Serialize;

/// A revision of a version's change record.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ChangeRecordRow {
    /// Id.
    pub id: String,
    /// Version that changed.
    pub version_id: String,
    /// User name of who sent it.
    pub written_by: String,
    /// Number of the revision, from 1.
    pub revision: u64,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// The canonical document.
    #[serde(skip)]
    pub document: String,
}

impl WriteTx<'_> {
    /// Records a revision of a change record.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_change_record(
        &mut self,
        row: &ChangeRecordRow,
        (account_id, follows_id): (&str, &str),
    ) -> Result<()> {
        let revision = i64::try_from(row.revision).unwrap_or(i64::MAX);
        self.insert(
            "change_record",
            &[
                ("id", &row.id),
                ("version_id", &row.version_id),
                ("account_id", &account_id),
                ("follows_id", &follows_id),
                ("revision", &revision),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }
}

fn change_of(row: &Row<'_>) -> rusqlite::Result<ChangeRecordRow> {
    Ok(ChangeRecordRow {
        id: row.get(0)?,
        version_id: row.get(1)?,
        written_by: row.get(2)?,
        revision: row.get::<_, i64>(3)?.unsigned_abs(),
        sha256: row.get(4)?,
        at: row.get(5)?,
        entry: row.get::<_, i64>(6)?.unsigned_abs(),
        document: row.get(7)?,
    })
}

impl ReadTx<'_> {
    /// The revisions of a version's change record, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn change_records(&self, version_id: &str) -> Result<Vec<ChangeRecordRow>> {
        let sql = "SELECT c.id, c.version_id, a.user_name, c.revision, c.sha256, c.at, c.entry, c.document \
                   FROM change_record c JOIN account a ON a.id = c.account_id \
                   WHERE c.version_id = :version_id ORDER BY c.revision DESC";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, change_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The canonical signatures over the record `(table, id)` with their ledger entries, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn record_signatures(&self, table: &str, id: &str) -> Result<Vec<(String, u64)>> {
        let sql = "SELECT document, entry FROM record_signature \
                   WHERE record_table = :table AND record_id = :id ORDER BY entry, id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let parameters = named_params! {":table": table, ":id": id};
        let rows = statement
            .query_map(parameters, |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
