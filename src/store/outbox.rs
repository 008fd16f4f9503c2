//! Targets of notices, and the outbox: what is still to be told, what was, and what could not be.

use super::{Error, ReadTx, Result, Store, WriteTx};
use crate::digest;
use crate::notify::notice::{NOTICE_FORMAT, Notice, NoticeKind};
use crate::notify::target::Target;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;

/// A target as it was recorded.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TargetRow {
    /// The target.
    #[serde(flatten)]
    pub target: Target,
    /// Why it is as it is.
    pub reason: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// A notice to one target.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct OutboxRow {
    /// Number.
    pub id: i64,
    /// Name of the target.
    pub target: String,
    /// What is told.
    pub notice: Notice,
    /// `waiting`, `sent` or `dead`.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next, UTC seconds.
    pub next_at: i64,
    /// What the last attempt said.
    pub said: String,
}

fn broken(kind: &'static str, error: &serde_json::Error) -> Error {
    Error::DocumentBroken { kind, detail: error.to_string() }
}

fn targets(connection: &Connection) -> Result<Vec<TargetRow>> {
    let sql = "SELECT document, reason, at, entry FROM notice_target t WHERE NOT EXISTS ( \
               SELECT 1 FROM notice_target n WHERE n.name = t.name AND n.entry > t.entry) ORDER BY name";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        let entry = row.get::<_, i64>(3)?.unsigned_abs();
        Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, entry))
    })?;
    rows.map(|row| {
        let (document, reason, at, entry) = row?;
        let target = serde_json::from_str(&document).map_err(|e| broken("target", &e))?;
        Ok(TargetRow { target, reason, at, entry })
    })
    .collect()
}

fn put(connection: &Connection, notice: &Notice, now: i64) -> Result<()> {
    let document = String::from_utf8(digest::canonical_json(notice)?).unwrap_or_default();
    for row in targets(connection)?.iter().filter(|row| row.target.hears(notice.kind)) {
        connection
            .prepare_cached(
                "INSERT INTO outbox (target, notice, state, attempts, next_at, said) \
                 VALUES (:target, :notice, 'waiting', 0, :now, '')",
            )?
            .execute(
                named_params! {":target": row.target.name, ":notice": document, ":now": now},
            )?;
    }
    Ok(())
}

impl WriteTx<'_> {
    /// Records a target: the newest record of its name counts.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::Canonical`].
    pub fn insert_notice_target(&mut self, id: &str, target: &Target, reason: &str) -> Result<()> {
        let document = String::from_utf8(digest::canonical_json(target)?).unwrap_or_default();
        let columns: [(&'static str, &dyn rusqlite::ToSql); 4] =
            [("id", &id), ("name", &target.name), ("document", &document), ("reason", &reason)];
        self.insert("notice_target", &columns)
    }

    /// Puts what this act tells into the outbox, once for each target that wants to hear it, in the same transaction.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub(super) fn tell(&mut self, kind: NoticeKind, sentence: String, path: String) -> Result<()> {
        let notice = Notice {
            format: NOTICE_FORMAT.to_owned(),
            kind,
            sentence,
            path,
            at: self.at().to_owned(),
            entry: Some(self.index()),
        };
        put(self.connection(), &notice, self.time().as_second())
    }
}

impl WriteTx<'_> {
    /// Tells that nobody can sign because of the clock.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn tell_clock(&mut self, sentence: String) -> Result<()> {
        self.tell(NoticeKind::Misuse, sentence, "/clock".to_owned())
    }
}

fn outbox_of(row: &Row<'_>) -> rusqlite::Result<(OutboxRow, String)> {
    let notice: String = row.get(2)?;
    let empty = Notice {
        format: String::new(),
        kind: NoticeKind::Alert,
        sentence: String::new(),
        path: String::new(),
        at: String::new(),
        entry: None,
    };
    let row = OutboxRow {
        id: row.get(0)?,
        target: row.get(1)?,
        notice: empty,
        state: row.get(3)?,
        attempts: row.get(4)?,
        next_at: row.get(5)?,
        said: row.get(6)?,
    };
    Ok((row, notice))
}

impl ReadTx<'_> {
    /// The targets, by name.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`].
    pub fn notice_targets(&self) -> Result<Vec<TargetRow>> {
        targets(self.connection())
    }

    /// Notices in `state`, or all; newest first, at most `limit`; only those due by `due` where it is given, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`].
    pub fn outbox(
        &self,
        state: Option<&str>,
        due: Option<i64>,
        limit: u32,
    ) -> Result<Vec<OutboxRow>> {
        let sql = "SELECT id, target, notice, state, attempts, next_at, said FROM outbox \
                   WHERE (:state IS NULL OR state = :state) AND (:due IS NULL OR next_at <= :due) \
                   ORDER BY CASE WHEN :due IS NULL THEN -id ELSE id END LIMIT :limit";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":state": state, ":due": due, ":limit": limit};
        let rows = statement.query_map(named, outbox_of)?;
        rows.map(|row| {
            let (row, notice) = row?;
            let notice = serde_json::from_str(&notice).map_err(|e| broken("notice", &e))?;
            Ok(OutboxRow { notice, ..row })
        })
        .collect()
    }

    /// The secret that signs the webhooks of a target.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn target_secret(&self, name: &str) -> Result<Option<String>> {
        let sql = "SELECT secret FROM target_secret WHERE name = :name ORDER BY name";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":name": name}, |row| row.get(0)).optional()?)
    }
}

impl Store {
    /// Keeps the secret that signs the webhooks of a target.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn keep_target_secret(&self, name: &str, secret: &str) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "INSERT INTO target_secret (name, secret) VALUES (:name, :secret) \
                 ON CONFLICT (name) DO UPDATE SET secret = :secret",
                named_params! {":name": name, ":secret": secret},
            )?;
            Ok(())
        })
    }

    /// Notes what became of a notice; gives whether there is such a one in `from`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn move_notice(
        &self,
        id: i64,
        (from, to): (&str, &str),
        (attempts, next_at, said): (u32, i64, &str),
    ) -> Result<bool> {
        self.work(|connection| {
            let changed = connection.execute(
                "UPDATE outbox SET state = :to, attempts = :attempts, next_at = :next_at, said = :said \
                 WHERE id = :id AND state = :from",
                named_params! {
                    ":id": id, ":from": from, ":to": to, ":attempts": attempts, ":next_at": next_at, ":said": said,
                },
            )?;
            Ok(changed > 0)
        })
    }
}
