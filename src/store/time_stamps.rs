//! What authorities stated about checkpoints (RFC 3161), and what was noticed about it: that stamps are scheduled, kept, failed or late.

use super::count::Count;
use super::{ReadTx, Result, WriteTx};
use crate::ledger::time_stamp::Stated;
use crate::notify::notice::NoticeKind;
use rusqlite::{Row, named_params};
use serde::Serialize;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StampKind {
    /// A schedule began, or another one took its place.
    Scheduled,
    /// The schedule ended.
    Ended,
    /// A time stamp was verified and kept.
    Kept,
    /// One was asked for and is none.
    Failed,
    /// The last one is older than the schedule allows.
    Late,
}

impl StampKind {
    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Ended => "ended",
            Self::Kept => "kept",
            Self::Failed => "failed",
            Self::Late => "late",
        }
    }

    fn of(word: &str) -> Self {
        let all = [Self::Scheduled, Self::Ended, Self::Kept, Self::Late];
        all.into_iter().find(|kind| kind.word() == word).unwrap_or(Self::Failed)
    }
}

/// What was stated, and about which checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct StampContent {
    /// Entries under the checkpoint.
    pub entries: u64,
    /// The checkpoint: the bytes whose digest is stamped.
    pub checkpoint: String,
    /// The answer of the authority (`TimeStampResp`), base64.
    pub response: String,
    /// When the authority saw it, UTC.
    pub stated_at: String,
    /// The number it gave the stamp, hexadecimal.
    pub serial: String,
    /// The policy it stamps under.
    pub policy: String,
    /// The name in the certificate that signed.
    pub signer: String,
}

impl StampContent {
    /// What `stated` says about the `checkpoint` of so many `entries`, and the `response` (base64) that says so.
    pub fn of((entries, checkpoint): (u64, String), response: String, stated: &Stated) -> Self {
        Self {
            entries,
            checkpoint,
            response,
            stated_at: crate::clock::rfc3339(stated.time),
            serial: stated.serial.clone(),
            policy: stated.policy.clone(),
            signer: stated.authority.clone(),
        }
    }
}

/// Something about time stamps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct StampEvent {
    /// What happened.
    pub kind: StampKind,
    /// Address of the authority; `by hand` where its answer was brought.
    pub authority: String,
    /// Why it failed, or what else is to be said; may be empty.
    pub detail: String,
    /// Seconds from one to the next, where they are scheduled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_seconds: Option<u64>,
    /// What was stated, where one was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<StampContent>,
}

/// The same as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct StampRow {
    /// What was noticed.
    #[serde(flatten)]
    pub event: StampEvent,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

const COLUMNS: &str = "kind, authority, detail, every_seconds, entries, checkpoint, response, stated_at, serial, policy, signer, at, entry";

fn row_of(row: &Row<'_>) -> rusqlite::Result<StampRow> {
    let number =
        |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<Count>>(at)?.map(|n| n.0));
    let content = match number(4)? {
        None => None,
        Some(entries) => Some(StampContent {
            entries,
            checkpoint: row.get(5)?,
            response: row.get(6)?,
            stated_at: row.get(7)?,
            serial: row.get(8)?,
            policy: row.get(9)?,
            signer: row.get(10)?,
        }),
    };
    let event = StampEvent {
        kind: StampKind::of(&row.get::<_, String>(0)?),
        authority: row.get(1)?,
        detail: row.get(2)?,
        every_seconds: number(3)?,
        content,
    };
    Ok(StampRow { event, at: row.get(11)?, entry: row.get::<_, Count>(12)?.0 })
}

impl WriteTx<'_> {
    /// Records something about time stamps.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_time_stamp(&mut self, id: &str, event: &StampEvent) -> Result<()> {
        let content = event.content.as_ref();
        let text = |of: fn(&StampContent) -> &String| content.map(of);
        self.insert(
            "time_stamp",
            &[
                ("id", &id),
                ("kind", &event.kind.word()),
                ("authority", &event.authority),
                ("detail", &event.detail),
                ("every_seconds", &event.every_seconds.map(Count)),
                ("entries", &content.map(|stated| Count(stated.entries))),
                ("checkpoint", &text(|stated| &stated.checkpoint)),
                ("response", &text(|stated| &stated.response)),
                ("stated_at", &text(|stated| &stated.stated_at)),
                ("serial", &text(|stated| &stated.serial)),
                ("policy", &text(|stated| &stated.policy)),
                ("signer", &text(|stated| &stated.signer)),
            ],
        )
    }

    /// Tells that there is no time stamp where one belongs.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn tell_time_stamp(&mut self, sentence: String) -> Result<()> {
        self.tell(NoticeKind::TimeStamp, sentence, "/system".to_owned())
    }
}

impl ReadTx<'_> {
    /// What was noticed about time stamps, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn time_stamps(&self, limit: u32) -> Result<Vec<StampRow>> {
        let sql = format!("SELECT {COLUMNS} FROM time_stamp ORDER BY entry DESC LIMIT :limit");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":limit": limit}, row_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest one of a kind.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn newest_time_stamp(&self, kind: StampKind) -> Result<Option<StampRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM time_stamp WHERE kind = :kind ORDER BY entry DESC LIMIT 1"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":kind": kind.word()}, row_of)?;
        Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.pop())
    }

    /// Every time stamp that was kept: the entries under its checkpoint and its own entry, oldest checkpoint first, and of one checkpoint
    /// that which was kept first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn kept_time_stamps(&self) -> Result<Vec<(u64, u64)>> {
        let sql = "SELECT entries, min(entry) FROM time_stamp WHERE kind = 'kept' GROUP BY entries ORDER BY entries";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, Count>(0)?.0, row.get::<_, Count>(1)?.0)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What was stated by the time stamp of an entry.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn time_stamp_of_entry(&self, entry: u64) -> Result<Option<StampRow>> {
        let sql = format!("SELECT {COLUMNS} FROM time_stamp WHERE entry = :entry ORDER BY id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":entry": Count(entry)}, row_of)?;
        Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.pop())
    }

    /// The newest checkpoint that `is_it` says yes to, with its number of entries.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn find_checkpoint(&self, is_it: &dyn Fn(&str) -> bool) -> Result<Option<(u64, String)>> {
        let sql = "SELECT size, note FROM checkpoint ORDER BY size DESC";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let note: String = row.get(1)?;
            if is_it(&note) {
                return Ok(Some((row.get::<_, Count>(0)?.0, note)));
            }
        }
        Ok(None)
    }
}
