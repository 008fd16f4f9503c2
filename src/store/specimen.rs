//! A table family for this room's own tests: one record table, one working table.

use super::read::ReadTx;
use super::{Result, Store, WriteTx};
use crate::clock::Clock;
use crate::ledger::entry::{Actor, EntryType, Subject};
use rusqlite::{Connection, OptionalExtension as _, named_params};
use std::path::Path;
use tempfile::TempDir;

pub(super) const MIGRATION: &str = "
CREATE TABLE specimen (
    id TEXT NOT NULL PRIMARY KEY,
    entry INTEGER NOT NULL REFERENCES entry (idx) DEFERRABLE INITIALLY DEFERRED,
    at TEXT NOT NULL,
    name TEXT NOT NULL,
    weight REAL,
    object TEXT
) STRICT;
CREATE INDEX specimen_of_entry ON specimen(entry);
CREATE TRIGGER specimen_no_update BEFORE UPDATE ON specimen BEGIN SELECT RAISE(ABORT, 'specimen is append-only'); END;
CREATE TRIGGER specimen_no_delete BEFORE DELETE ON specimen BEGIN SELECT RAISE(ABORT, 'specimen is append-only'); END;
CREATE TABLE specimen_note (id INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
-- A migration that changes what is recorded, where a test asks for one.
INSERT INTO rollback (id, entry, at, entries, entries_seen, checkpoint_seen, reason)
    SELECT 'rb_spoiled', 0, '', 1, 1, '', '' FROM setting WHERE name = 'spoil the upgrade';
";

pub(super) const KIND: EntryType = EntryType::ModelRegister;

impl WriteTx<'_> {
    pub(super) fn insert_specimen(
        &mut self,
        id: &str,
        name: &str,
        object: Option<&str>,
    ) -> Result<()> {
        self.subject(Subject::new("specimen", id));
        self.insert(
            "specimen",
            &[("id", &id), ("name", &name), ("weight", &0.5), ("object", &object)],
        )
    }

    pub(super) fn note(&self, note: &str) -> Result<()> {
        let sql = "INSERT INTO specimen_note (note) VALUES (:note)";
        self.work(|connection| connection.execute(sql, named_params! { ":note": note }))?;
        Ok(())
    }
}

impl ReadTx<'_> {
    pub(super) fn specimen(&self, id: &str) -> Result<Option<String>> {
        let sql = "SELECT name FROM specimen WHERE id = :id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! { ":id": id }, |row| row.get(0)).optional()?)
    }
}

pub(super) fn actor() -> Actor {
    Actor::new("u_1", "scientist", "password")
}

/// A new store in a folder that is removed with it.
pub(super) fn fresh() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::fixed("2026-11-23T17:48:24.132Z".parse().unwrap());
    let store = Store::create(folder.path(), "example.org/driftledger/test", clock).unwrap();
    (folder, store)
}

/// What an attacker with the database file does: drop every trigger, then run `change`.
pub(super) fn tamper(folder: &Path, change: &str) {
    let connection = Connection::open_with_flags(
        folder.join("driftledger.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE,
    )
    .unwrap();
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let triggers: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for trigger in triggers {
        connection.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
    }
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection.execute_batch(change).unwrap();
}
