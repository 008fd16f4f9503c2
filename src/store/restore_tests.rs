//! Restores that were practised.

use super::count::Count;
use super::{ReadTx, Result, WriteTx};
use rusqlite::named_params;
use serde::Serialize;

/// What a restored backup held, beside what the store holds that it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RestoredContent {
    /// Entries in the backup.
    pub entries: u64,
    /// Its signed head.
    pub checkpoint: String,
    /// When it was made, UTC.
    pub backed_up_at: String,
    /// Time of its newest entry, UTC.
    pub newest_entry_at: String,
    /// Entries in the store.
    pub live_entries: u64,
    /// Time of the newest of them, UTC.
    pub live_newest_entry_at: String,
    /// Milliseconds between the two newest entries: what would have been lost.
    pub lost_ms: u64,
}

/// A restore that was practised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RestoreTest {
    /// Folder of the backup.
    pub place: String,
    /// Whether everything was restored, and is of this store.
    pub passed: bool,
    /// Why not; empty where it passed.
    pub detail: String,
    /// Why it was practised.
    pub reason: String,
    /// Milliseconds from the start to the end of all checks.
    pub duration_ms: u64,
    /// What was restored, where it passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<RestoredContent>,
}

/// The same as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RestoreTestRow {
    /// Id.
    pub id: String,
    /// What was practised.
    #[serde(flatten)]
    pub test: RestoreTest,
    /// When it was recorded, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

impl WriteTx<'_> {
    /// Records a restore that was practised.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_restore_test(&mut self, id: &str, test: &RestoreTest) -> Result<()> {
        let content = test.content.as_ref();
        let number = |of: fn(&RestoredContent) -> u64| content.map(|held| Count(of(held)));
        let text = |of: fn(&RestoredContent) -> &String| content.map(of);
        self.insert(
            "restore_test",
            &[
                ("id", &id),
                ("place", &test.place),
                ("passed", &i64::from(test.passed)),
                ("detail", &test.detail),
                ("reason", &test.reason),
                ("duration_ms", &Count(test.duration_ms)),
                ("entries", &number(|held| held.entries)),
                ("checkpoint", &text(|held| &held.checkpoint)),
                ("backed_up_at", &text(|held| &held.backed_up_at)),
                ("newest_entry_at", &text(|held| &held.newest_entry_at)),
                ("live_entries", &number(|held| held.live_entries)),
                ("live_newest_entry_at", &text(|held| &held.live_newest_entry_at)),
                ("lost_ms", &number(|held| held.lost_ms)),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// Restores that were practised, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn restore_tests(&self, limit: u32) -> Result<Vec<RestoreTestRow>> {
        let sql = "SELECT place, passed, detail, reason, duration_ms, entries, checkpoint, backed_up_at, newest_entry_at, live_entries, \
                   live_newest_entry_at, lost_ms, at, entry, id FROM restore_test ORDER BY entry DESC LIMIT :limit";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":limit": limit}, |row| {
            let count = |index| row.get::<_, Count>(index).map(|count| count.0);
            let content = match row.get::<_, Option<Count>>(5)? {
                None => None,
                Some(entries) => Some(RestoredContent {
                    entries: entries.0,
                    checkpoint: row.get(6)?,
                    backed_up_at: row.get(7)?,
                    newest_entry_at: row.get(8)?,
                    live_entries: count(9)?,
                    live_newest_entry_at: row.get(10)?,
                    lost_ms: count(11)?,
                }),
            };
            let test = RestoreTest {
                place: row.get(0)?,
                passed: row.get(1)?,
                detail: row.get(2)?,
                reason: row.get(3)?,
                duration_ms: count(4)?,
                content,
            };
            Ok(RestoreTestRow { id: row.get(14)?, test, at: row.get(12)?, entry: count(13)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
