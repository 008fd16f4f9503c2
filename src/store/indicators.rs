//! Recorded indicators of closed periods.

use super::count::Count;
use super::{ReadTx, Result, WriteTx};
use rusqlite::{OptionalExtension as _, Row, named_params};
use serde::Serialize;

/// The indicators of a closed period, as they were recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct IndicatorSheetRow {
    /// Id.
    pub id: String,
    /// User name of who recorded them.
    pub recorded_by: String,
    /// First moment of the period, UTC.
    pub period_from: String,
    /// The moment after its last, UTC.
    pub period_to: String,
    /// How many warn.
    pub warnings: u64,
    /// How many are not evaluated.
    pub not_evaluated: u64,
    /// SHA-256 of the canonical document.
    pub sha256: String,
    /// When they were recorded, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// The canonical document.
    #[serde(skip)]
    pub document: String,
}

const SHEET: &str = "SELECT s.id, a.user_name, s.period_from, s.period_to, s.warnings, s.not_evaluated, s.sha256, s.at, s.entry, \
                     s.document FROM indicator_sheet s JOIN account a ON a.id = s.account_id";

fn sheet_of(row: &Row<'_>) -> rusqlite::Result<IndicatorSheetRow> {
    let count = |at| Ok::<_, rusqlite::Error>(row.get::<_, Count>(at)?.0);
    Ok(IndicatorSheetRow {
        id: row.get(0)?,
        recorded_by: row.get(1)?,
        period_from: row.get(2)?,
        period_to: row.get(3)?,
        warnings: count(4)?,
        not_evaluated: count(5)?,
        sha256: row.get(6)?,
        at: row.get(7)?,
        entry: count(8)?,
        document: row.get(9)?,
    })
}

impl WriteTx<'_> {
    /// Records the indicators of a period.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_indicator_sheet(
        &mut self,
        row: &IndicatorSheetRow,
        account_id: &str,
    ) -> Result<()> {
        self.insert(
            "indicator_sheet",
            &[
                ("id", &row.id),
                ("account_id", &account_id),
                ("period_from", &row.period_from),
                ("period_to", &row.period_to),
                ("warnings", &Count(row.warnings)),
                ("not_evaluated", &Count(row.not_evaluated)),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// Recorded indicators, the ones recorded last first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn indicator_sheets(&self, limit: u32) -> Result<Vec<IndicatorSheetRow>> {
        let sql = format!("{SHEET} ORDER BY s.entry DESC LIMIT :limit");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":limit": limit}, sheet_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Recorded indicators by their id.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn indicator_sheet(&self, id: &str) -> Result<Option<IndicatorSheetRow>> {
        let sql = format!("{SHEET} WHERE s.id = :id ORDER BY s.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, sheet_of).optional()?)
    }
}
