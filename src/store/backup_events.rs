//! What was noticed about backups: that they are scheduled, made, failed or late.

use super::count::Count;
use super::{ReadTx, Result, WriteTx};
use crate::notify::notice::NoticeKind;
use rusqlite::{Row, named_params};
use serde::Serialize;

/// What happened to a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackupKind {
    /// A schedule began, or another one took its place.
    Scheduled,
    /// The schedule ended.
    Ended,
    /// A backup was made and checked.
    Made,
    /// One was tried and is none.
    Failed,
    /// The last good one is older than the schedule allows.
    Late,
}

impl BackupKind {
    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Ended => "ended",
            Self::Made => "made",
            Self::Failed => "failed",
            Self::Late => "late",
        }
    }

    fn of(word: &str) -> Self {
        let all = [Self::Scheduled, Self::Ended, Self::Made, Self::Late];
        all.into_iter().find(|kind| kind.word() == word).unwrap_or(Self::Failed)
    }
}

/// What a backup that was made holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BackupContent {
    /// Entries of the ledger.
    pub entries: u64,
    /// The signed head.
    pub checkpoint: String,
    /// Time of its newest entry, UTC.
    pub newest_entry_at: String,
    /// SHA-256 of its database.
    pub database_sha256: String,
    /// Files it holds.
    pub objects: u64,
    /// Files that the backup before did not hold.
    pub new_objects: u64,
    /// Their bytes.
    pub new_bytes: u64,
}

/// Something about backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BackupEvent {
    /// What happened.
    pub kind: BackupKind,
    /// Folder that backups are made in.
    pub place: String,
    /// Why it failed, or what else is to be said; may be empty.
    pub detail: String,
    /// Seconds from one to the next, where they are scheduled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_seconds: Option<u64>,
    /// How many are kept, where they are scheduled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<u64>,
    /// What it holds, where one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<BackupContent>,
    /// Milliseconds that it took, where one was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// The same as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BackupRow {
    /// Id.
    pub id: String,
    /// What was noticed.
    #[serde(flatten)]
    pub event: BackupEvent,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

const COLUMNS: &str = "kind, place, detail, every_seconds, keep, entries, checkpoint, newest_entry_at, database_sha256, objects, \
                       new_objects, new_bytes, duration_ms, at, entry, id";

fn row_of(row: &Row<'_>) -> rusqlite::Result<BackupRow> {
    let number =
        |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<Count>>(at)?.map(|n| n.0));
    let content = match number(5)? {
        None => None,
        Some(entries) => Some(BackupContent {
            entries,
            checkpoint: row.get(6)?,
            newest_entry_at: row.get(7)?,
            database_sha256: row.get(8)?,
            objects: number(9)?.unwrap_or_default(),
            new_objects: number(10)?.unwrap_or_default(),
            new_bytes: number(11)?.unwrap_or_default(),
        }),
    };
    let event = BackupEvent {
        kind: BackupKind::of(&row.get::<_, String>(0)?),
        place: row.get(1)?,
        detail: row.get(2)?,
        every_seconds: number(3)?,
        keep: number(4)?,
        content,
        duration_ms: number(12)?,
    };
    let entry = row.get::<_, Count>(14)?.0;
    Ok(BackupRow { id: row.get(15)?, event, at: row.get(13)?, entry })
}

impl WriteTx<'_> {
    /// Records something about backups.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_backup_event(&mut self, id: &str, event: &BackupEvent) -> Result<()> {
        let content = event.content.as_ref();
        let number = |of: fn(&BackupContent) -> u64| content.map(|held| Count(of(held)));
        let text = |of: fn(&BackupContent) -> &String| content.map(of);
        self.insert(
            "backup_event",
            &[
                ("id", &id),
                ("kind", &event.kind.word()),
                ("place", &event.place),
                ("detail", &event.detail),
                ("every_seconds", &event.every_seconds.map(Count)),
                ("keep", &event.keep.map(Count)),
                ("entries", &number(|held| held.entries)),
                ("checkpoint", &text(|held| &held.checkpoint)),
                ("newest_entry_at", &text(|held| &held.newest_entry_at)),
                ("database_sha256", &text(|held| &held.database_sha256)),
                ("objects", &number(|held| held.objects)),
                ("new_objects", &number(|held| held.new_objects)),
                ("new_bytes", &number(|held| held.new_bytes)),
                ("duration_ms", &event.duration_ms.map(Count)),
            ],
        )
    }

    /// Tells that a backup failed or is late.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn tell_backup(&mut self, sentence: String) -> Result<()> {
        self.tell(NoticeKind::Backup, sentence, "/system".to_owned())
    }
}

impl ReadTx<'_> {
    /// What was noticed about backups, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn backup_events(&self, limit: u32) -> Result<Vec<BackupRow>> {
        let sql = format!("SELECT {COLUMNS} FROM backup_event ORDER BY entry DESC LIMIT :limit");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":limit": limit}, row_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest one of a kind.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn newest_backup_event(&self, kind: BackupKind) -> Result<Option<BackupRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM backup_event WHERE kind = :kind ORDER BY entry DESC LIMIT 1"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":kind": kind.word()}, row_of)?;
        Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.pop())
    }
}
