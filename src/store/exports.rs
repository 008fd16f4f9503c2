//! Who took which evidence away.

use super::count::Count;
use super::{ReadTx, Result, WriteTx};
use rusqlite::named_params;
use serde::Serialize;

/// One evidence pack that was taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ExportRow {
    /// Id.
    pub id: String,
    /// What it is about, as canonical JSON.
    pub scope: String,
    /// Number of ledger entries in it.
    pub size: u64,
    /// Its files.
    pub files: u64,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// When it was asked for, UTC.
    pub requested_at: String,
    /// Milliseconds from there until it was complete.
    pub duration_ms: u64,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

impl WriteTx<'_> {
    /// Records that a pack was taken away.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_export(&mut self, row: &ExportRow) -> Result<()> {
        let (size, files, bytes) = (Count(row.size), Count(row.files), Count(row.bytes));
        self.insert(
            "evidence_export",
            &[
                ("id", &row.id),
                ("scope", &row.scope),
                ("size", &size),
                ("files", &files),
                ("bytes", &bytes),
                ("sha256", &row.sha256),
                ("requested_at", &row.requested_at),
                ("duration_ms", &Count(row.duration_ms)),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// Packs that were taken away, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn exports(&self, limit: u64) -> Result<Vec<ExportRow>> {
        let sql = "SELECT id, scope, size, files, bytes, sha256, requested_at, duration_ms, at, entry \
                   FROM evidence_export ORDER BY entry DESC, id LIMIT :limit";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":limit": Count(limit)}, |row| {
            let count = |index| row.get::<_, Count>(index).map(|count| count.0);
            Ok(ExportRow {
                id: row.get(0)?,
                scope: row.get(1)?,
                size: count(2)?,
                files: count(3)?,
                bytes: count(4)?,
                sha256: row.get(5)?,
                requested_at: row.get(6)?,
                duration_ms: count(7)?,
                at: row.get(8)?,
                entry: count(9)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
