//! Qualification runs.

use super::{ReadTx, Result, WriteTx};
use rusqlite::{OptionalExtension as _, Row, named_params};
use serde::Serialize;

/// A qualification run.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct QualificationRow {
    /// Id.
    pub id: String,
    /// `iq`, `oq` or `pq`.
    pub part: String,
    /// Whether no check failed.
    pub passed: bool,
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

const RUN: &str = "SELECT id, part, passed, sha256, at, entry, document FROM qualification";

fn run_of(row: &Row<'_>) -> rusqlite::Result<QualificationRow> {
    Ok(QualificationRow {
        id: row.get(0)?,
        part: row.get(1)?,
        passed: row.get(2)?,
        sha256: row.get(3)?,
        at: row.get(4)?,
        entry: row.get::<_, i64>(5)?.unsigned_abs(),
        document: row.get(6)?,
    })
}

impl WriteTx<'_> {
    /// Records a qualification run.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_qualification(&mut self, row: &QualificationRow, account_id: &str) -> Result<()> {
        self.insert(
            "qualification",
            &[
                ("id", &row.id),
                ("part", &row.part),
                ("account_id", &account_id),
                ("passed", &row.passed),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// Qualification runs, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn qualifications(&self, limit: u32) -> Result<Vec<QualificationRow>> {
        let mut statement =
            self.connection().prepare_cached(&format!("{RUN} ORDER BY entry DESC LIMIT :limit"))?;
        let rows = statement.query_map(named_params! {":limit": limit}, run_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One qualification run.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn qualification(&self, id: &str) -> Result<Option<QualificationRow>> {
        let mut statement = self.connection().prepare_cached(&format!("{RUN} WHERE id = :id"))?;
        Ok(statement.query_row(named_params! {":id": id}, run_of).optional()?)
    }
}
