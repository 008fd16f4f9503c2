//! Continuity drills.

use super::count::Count;
use super::{ReadTx, Result, WriteTx};
use rusqlite::{OptionalExtension as _, Row, named_params};
use serde::Serialize;

/// A continuity drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DrillRow {
    /// Id.
    pub id: String,
    /// User name of who recorded it.
    pub recorded_by: String,
    /// When it began, UTC.
    pub began_at: String,
    /// `passed` or `failed`.
    pub result: String,
    /// The day by which the next one is due, UTC.
    pub next_due: String,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When it was recorded, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// The canonical document.
    #[serde(skip)]
    pub document: String,
}

const DRILL: &str = "SELECT d.id, a.user_name, d.began_at, d.result, d.next_due, d.sha256, d.at, d.entry, d.document \
                     FROM drill d JOIN account a ON a.id = d.account_id";

fn drill_of(row: &Row<'_>) -> rusqlite::Result<DrillRow> {
    Ok(DrillRow {
        id: row.get(0)?,
        recorded_by: row.get(1)?,
        began_at: row.get(2)?,
        result: row.get(3)?,
        next_due: row.get(4)?,
        sha256: row.get(5)?,
        at: row.get(6)?,
        entry: row.get::<_, Count>(7)?.0,
        document: row.get(8)?,
    })
}

impl WriteTx<'_> {
    /// Records a drill, of which the practised restore was part.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_drill(
        &mut self,
        row: &DrillRow,
        (account_id, restore_test_id): (&str, Option<&str>),
    ) -> Result<()> {
        self.insert(
            "drill",
            &[
                ("id", &row.id),
                ("account_id", &account_id),
                ("began_at", &row.began_at),
                ("result", &row.result),
                ("next_due", &row.next_due),
                ("restore_test_id", &restore_test_id),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// Drills, the one recorded last first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn drills(&self, limit: u32) -> Result<Vec<DrillRow>> {
        let sql = format!("{DRILL} ORDER BY d.entry DESC LIMIT :limit");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":limit": limit}, drill_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One drill.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn drill(&self, id: &str) -> Result<Option<DrillRow>> {
        let sql = format!("{DRILL} WHERE d.id = :id ORDER BY d.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, drill_of).optional()?)
    }
}
