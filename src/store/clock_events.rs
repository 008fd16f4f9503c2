//! What was noticed about the clock, and whether it is trusted.

use super::{ReadTx, Result, WriteTx};
use crate::clock::{ClockState, rfc3339};
use rusqlite::{OptionalExtension, named_params};
use serde::Serialize;

/// Something that was noticed about the clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ClockRow {
    /// `step`, `behind`, `unsynchronised`, `synchronised` or `confirmed`.
    pub kind: String,
    /// Whether anybody may sign from here on.
    pub trusted: bool,
    /// What the time should have been, UTC.
    pub expected: String,
    /// What it was, UTC.
    pub found: String,
    /// By how much it was off, in milliseconds; positive where the clock is ahead.
    pub offset_ms: i64,
    /// Why.
    pub detail: String,
    /// When it was recorded, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

impl WriteTx<'_> {
    /// Records something about the clock; from here on, `trusted` says whether anybody may sign.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_clock_event(
        &mut self,
        id: &str,
        (kind, trusted): (&str, bool),
        state: &ClockState,
        (detail, by_account_id): (&str, Option<&str>),
    ) -> Result<()> {
        self.insert(
            "clock_event",
            &[
                ("id", &id),
                ("kind", &kind),
                ("trusted", &i64::from(trusted)),
                ("expected", &rfc3339(state.expected)),
                ("found", &rfc3339(state.found)),
                ("offset_ms", &state.offset_ms()),
                ("detail", &detail),
                ("by_account_id", &by_account_id),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// What was noticed about the clock, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn clock_events(&self, limit: u32) -> Result<Vec<ClockRow>> {
        let sql = "SELECT kind, trusted, expected, found, offset_ms, detail, at, entry FROM clock_event \
                   ORDER BY entry DESC LIMIT :limit";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":limit": limit}, |row| {
            Ok(ClockRow {
                kind: row.get(0)?,
                trusted: row.get(1)?,
                expected: row.get(2)?,
                found: row.get(3)?,
                offset_ms: row.get(4)?,
                detail: row.get(5)?,
                at: row.get(6)?,
                entry: row.get::<_, i64>(7)?.unsigned_abs(),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest of them.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn clock_event(&self) -> Result<Option<ClockRow>> {
        Ok(self.clock_events(1)?.pop())
    }

    /// The time of the newest ledger entry.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn newest_time(&self) -> Result<Option<String>> {
        let sql =
            "SELECT json_extract(CAST(leaf AS TEXT), '$.ts') FROM entry ORDER BY idx DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row([], |row| row.get(0)).optional()?)
    }
}
