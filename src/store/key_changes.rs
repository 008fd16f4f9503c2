//! What is recorded about the keys: which one took the place of which, and which are not to be believed any more.

use super::count::Count;
use super::{Error, ReadTx, Result, WriteTx};
use crate::ledger::key_history::{KeyChange, KeyChangeKind, KeyHistory};
use crate::ledger::note::VerifierKey;
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::Serialize;

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPurpose {
    /// Heads of the ledger, and statements for other tools.
    Ledger,
    /// Model files, for other tools.
    ModelFiles,
}

impl KeyPurpose {
    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::ModelFiles => "model_files",
        }
    }
}

/// A change of keys, to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKeyChange {
    /// What the key signs.
    pub purpose: KeyPurpose,
    /// How the old one ended.
    pub kind: KeyChangeKind,
    /// The key that ended: a vkey, or PEM.
    pub old_key: String,
    /// The key in its place.
    pub new_key: Option<String>,
    /// Of a revoked key of the ledger: heads of more entries than these are not to be believed.
    pub trusted_entries: Option<u64>,
    /// Since when it is known or feared to be known to others, where that was said.
    pub since: Option<String>,
    /// Why.
    pub reason: String,
}

/// A change of keys, as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyChangeRow {
    /// Id.
    pub id: String,
    /// What the key signs: `ledger` or `model_files`.
    pub purpose: String,
    /// How the old one ended: `rotated` or `revoked`.
    pub kind: String,
    /// The key that ended.
    pub old_key: String,
    /// The key in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_key: Option<String>,
    /// Heads of more entries than these are not to be believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_entries: Option<u64>,
    /// Since when it is known or feared to be known to others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Why.
    pub reason: String,
    /// When it was recorded, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

impl KeyChangeRow {
    /// The same, of the ledger's own key.
    ///
    /// # Errors
    ///
    /// [`Error::DocumentBroken`], [`Error::Ledger`] for a row that no program wrote.
    pub fn of_ledger(&self) -> Result<KeyChange> {
        let kind = KeyChangeKind::of(&self.kind).ok_or_else(|| Error::DocumentBroken {
            kind: "key change",
            detail: format!("its kind is `{}`", self.kind),
        })?;
        Ok(KeyChange {
            entry: self.entry,
            kind,
            old_key: self.old_key.parse()?,
            new_key: self.new_key.as_deref().map(str::parse).transpose()?,
            trusted_entries: self.trusted_entries,
        })
    }
}

const COLUMNS: &str =
    "id, purpose, kind, old_key, new_key, trusted_entries, since, reason, at, entry";

fn row_of(row: &Row<'_>) -> rusqlite::Result<KeyChangeRow> {
    Ok(KeyChangeRow {
        id: row.get(0)?,
        purpose: row.get(1)?,
        kind: row.get(2)?,
        old_key: row.get(3)?,
        new_key: row.get(4)?,
        trusted_entries: row.get::<_, Option<Count>>(5)?.map(|count| count.0),
        since: row.get(6)?,
        reason: row.get(7)?,
        at: row.get(8)?,
        entry: row.get::<_, Count>(9)?.0,
    })
}

impl WriteTx<'_> {
    /// Records a change of keys.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_key_change(&mut self, id: &str, change: &NewKeyChange) -> Result<()> {
        self.insert(
            "key_change",
            &[
                ("id", &id),
                ("purpose", &change.purpose.word()),
                ("kind", &change.kind.word()),
                ("old_key", &change.old_key),
                ("new_key", &change.new_key),
                ("trusted_entries", &change.trusted_entries.map(Count)),
                ("since", &change.since),
                ("reason", &change.reason),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// Every change of keys, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn key_changes(&self) -> Result<Vec<KeyChangeRow>> {
        changes(self.connection())
    }

    /// The keys of the ledger, as its records say.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::Ledger`] for records that do not follow each other.
    pub fn key_history(&self) -> Result<KeyHistory> {
        history(self.connection())?.ok_or(Error::TreeBroken {
            size: 0,
            reason: "no record names the key that it was created with",
        })
    }
}

/// Every change, oldest first; none in a database that was written before keys could change.
fn changes(connection: &Connection) -> Result<Vec<KeyChangeRow>> {
    if !has_table(connection, "key_change")? {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {COLUMNS} FROM key_change ORDER BY entry, rowid");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], row_of)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn has_table(connection: &Connection, name: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    let found = connection.prepare_cached(sql)?.query_row([name], |_row| Ok(())).optional();
    Ok(found?.is_some())
}

/// The keys of the ledger as the records in the database say, whatever these are worth; none where there is no record of the first one.
pub(super) fn history(connection: &Connection) -> Result<Option<KeyHistory>> {
    if !has_table(connection, "ledger")? {
        return Ok(None);
    }
    let sql = "SELECT verifier_key FROM ledger ORDER BY entry, id LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let first = statement.query_row([], |row| row.get::<_, String>(0)).optional()?;
    let Some(first) = first else { return Ok(None) };
    let mut history = KeyHistory::new(first.parse::<VerifierKey>()?);
    let of_ledger = |row: &&KeyChangeRow| row.purpose == KeyPurpose::Ledger.word();
    for row in changes(connection)?.iter().filter(of_ledger) {
        history.add(row.of_ledger()?)?;
    }
    Ok(Some(history))
}

/// The key for model files that is in force, as the records say; none where it never changed.
pub(super) fn model_key_in_force(connection: &Connection) -> Result<Option<String>> {
    let of_files = |row: &KeyChangeRow| row.purpose == KeyPurpose::ModelFiles.word();
    let changes = changes(connection)?;
    Ok(changes.into_iter().filter(of_files).filter_map(|row| row.new_key).next_back())
}
