//! Upgrades of a store that misses the newest migration: what is recorded, what is refused, and that a refusal changes nothing.

use super::*;
use crate::digest::sha256_hex;
use crate::ledger::body::Body;
use crate::store::check::check;
use crate::store::specimen::{KIND, actor, fresh};
use rusqlite::OpenFlags;
use std::path::PathBuf;

/// A store of the schema before this program's, with three models; its folder and the number of its entries.
fn earlier() -> (tempfile::TempDir, u64) {
    let (folder, store) = fresh();
    for name in ["m_1", "m_2", "m_3"] {
        let row: [(&'static str, &dyn rusqlite::ToSql); 2] =
            [("id", &name), ("description", &name)];
        store.write(&actor(), KIND, |tx| tx.insert("model", &row)).unwrap();
    }
    let entries = store.read(|tx| tx.head()).unwrap().size;
    drop(store);
    change(
        folder.path(),
        "DROP TABLE specimen; DROP TABLE specimen_note; PRAGMA user_version = {version}",
    );
    (folder, entries)
}

fn database(folder: &Path) -> PathBuf {
    folder.join("driftledger.db")
}

fn connection(folder: &Path) -> Connection {
    Connection::open_with_flags(database(folder), OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap()
}

/// Runs `sql`, in which `{version}` is the schema before this program's.
fn change(folder: &Path, sql: &str) {
    let version = (schema::known() - 1).to_string();
    connection(folder).execute_batch(&sql.replace("{version}", &version)).unwrap();
}

fn upgraded(folder: &Path) -> Result<Option<UpgradeRow>> {
    Store::upgrade(folder, Clock::system(), false, &mut |_| ())
}

/// Refused with these words, and the database holds what it held.
fn refused(folder: &Path, words: &str) {
    let before = dump(folder);
    let error = upgraded(folder).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
    assert_eq!(dump(folder), before);
}

/// Schema version, every table and index, and the rows of all tables.
fn dump(folder: &Path) -> Vec<String> {
    let connection = connection(folder);
    let version = schema::version(&connection).unwrap();
    let mut found = vec![version.to_string(), format!("{:?}", schema::objects(&connection))];
    let tables = tables(&connection).unwrap();
    let contents = contents(&connection, &tables, ("rows", &mut |_| ())).unwrap();
    let held = tables.iter().zip(contents);
    found.extend(held.map(|(table, content)| format!("{} {content:?}", table.name)));
    found
}

#[test]
fn an_upgrade_records_what_every_table_held_and_the_ledger_says_the_same() {
    let (folder, entries) = earlier();
    let refused = Store::open(folder.path(), Clock::system());
    assert!(matches!(refused, Err(Error::OlderSchema { .. })), "{refused:?}");
    let mut stages = Vec::new();
    let done = Store::upgrade(folder.path(), Clock::system(), false, &mut |now| {
        if now.done == now.total {
            stages.push(now.stage);
        }
    });
    let row = done.unwrap().unwrap();
    stages.dedup();
    assert_eq!(stages, ["rows before", "rows after"]);
    assert_eq!((row.entry, row.upgrade.entries), (entries, entries));
    assert_eq!(row.upgrade.to_schema, row.upgrade.from_schema + 1);
    assert_eq!(row.upgrade.made, ["specimen", "specimen_note"]);
    assert_eq!(check(folder.path(), &mut |_| ()).unwrap(), []);

    let store = Store::open(folder.path(), Clock::system()).unwrap();
    assert_eq!(store.read(|tx| tx.upgrades(9)).unwrap(), std::slice::from_ref(&row));
    let entry = store.read(|tx| tx.entry(row.entry)).unwrap().unwrap().entry;
    assert_eq!(entry.kind, EntryType::StoreUpgrade);
    let bodies = (0..entries).map(|index| store.read(|tx| tx.body(index)).unwrap().unwrap());
    let rows: Vec<_> = bodies.flat_map(|body| Body::parse(&body).unwrap().rows).collect();
    for name in ["model", "ledger", "accountability_statement"] {
        let table = row.upgrade.tables.iter().find(|table| table.table == name).unwrap();
        let listed = rows.iter().filter(|row| row.table == name);
        let lines: String = listed.flat_map(|row| [row.sha256.as_str(), "\n"]).collect();
        assert_eq!(table.before.rows, lines.lines().count() as u64, "{name}");
        assert_eq!(table.before.sha256.as_deref(), Some(&*sha256_hex(lines.as_bytes())), "{name}");
        assert_eq!(table.before, table.after);
        let again = store.read(|tx| tx.content_before(name, &table.columns, row.entry)).unwrap();
        assert_eq!(again.as_ref(), Some(&table.after), "{name}");
    }
    assert_eq!(upgraded(folder.path()).unwrap(), None, "once is enough");
}

#[test]
fn a_migration_that_would_change_a_record_is_undone() {
    let (folder, _) = earlier();
    change(folder.path(), "INSERT INTO setting (name, value) VALUES ('spoil the upgrade', '1')");
    refused(folder.path(), "`rollback` held 0 rows");
    change(folder.path(), "DELETE FROM setting");
    assert!(upgraded(folder.path()).unwrap().is_some(), "and without it, it is done");
}

#[test]
fn a_folder_that_is_served_is_another_or_is_broken_is_not_upgraded() {
    let (folder, _) = earlier();
    let claim = serving::claim(&Folder::new(folder.path())).unwrap();
    refused(folder.path(), "another server is running");
    drop(claim);
    change(folder.path(), "CREATE TABLE other (id TEXT) STRICT");
    refused(folder.path(), "table other is not of it");
    change(folder.path(), "DROP TABLE other; DROP TRIGGER entry_no_update");
    refused(folder.path(), "trigger entry_no_update is missing");
    change(folder.path(), "DROP TRIGGER checkpoint_no_delete; DELETE FROM checkpoint");
    refused(folder.path(), "the ledger is broken");
}

#[test]
fn a_ledger_that_was_put_back_is_upgraded_only_where_that_is_accepted_and_stays_noted() {
    let (folder, entries) = earlier();
    let earlier = std::fs::read(database(folder.path())).unwrap();
    upgraded(folder.path()).unwrap().unwrap();
    let seen = std::fs::read(folder.path().join("log/checkpoint")).unwrap();
    std::fs::write(database(folder.path()), earlier).unwrap();
    refused(folder.path(), "does not go on from");
    let done = Store::upgrade(folder.path(), Clock::system(), true, &mut |_| ());
    assert_eq!(done.unwrap().unwrap().entry, entries);
    assert_eq!(std::fs::read(folder.path().join("log/checkpoint")).unwrap(), seen);
    let refused = Store::open(folder.path(), Clock::system());
    assert!(matches!(refused, Err(Error::RolledBack { .. })), "{refused:?}");
    let store = Store::open_rolled_back(folder.path(), Clock::system(), "a disk failed").unwrap();
    assert_eq!(store.read(|tx| tx.head()).unwrap().size, entries + 2);
}
