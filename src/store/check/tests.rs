//! Every way to change a store behind the ledger's back, and the finding that names it. Each case starts from a store
//! that was just found whole.

use super::*;
use crate::store::Store;
use crate::store::specimen::{KIND, actor, fresh, tamper};
use std::fs;
use tempfile::TempDir;

/// A store with seven entries: creation and six specimens, the second of which names an object.
fn filled() -> (TempDir, Store) {
    let (folder, store) = fresh();
    let content = store.objects().put(b"content").unwrap();
    for number in 1..=6 {
        let id = format!("s_{number}");
        let object = (number == 2).then_some(content.blake3.as_str());
        store.write(&actor(), KIND, |tx| tx.insert_specimen(&id, "x", object)).unwrap();
    }
    (folder, store)
}

fn findings(folder: &Path) -> Vec<Finding> {
    check(folder, &mut |_| ()).unwrap()
}

/// Findings as `code table id`, without those about dropped triggers.
fn named(folder: &Path) -> Vec<String> {
    let found = findings(folder);
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
    let others = errors.filter(|finding| finding.code != "schema_missing");
    others.map(|found| format!("{} {} {}", found.code, found.table, found.id)).collect()
}

fn after(change: &str) -> Vec<String> {
    let (folder, store) = filled();
    drop(store);
    assert_eq!(findings(folder.path()), [], "whole before `{change}`");
    tamper(folder.path(), change);
    named(folder.path())
}

#[test]
fn dropped_triggers_are_found_and_nothing_else() {
    assert_eq!(after(""), [""; 0]);
    let (folder, store) = filled();
    drop(store);
    tamper(folder.path(), "");
    let found = findings(folder.path());
    let ids: Vec<_> = found.iter().map(|finding| finding.id.as_str()).collect();
    // Two of every append-only table, and two of the access log, which no entry vouches for.
    let tables = crate::store::record_table::RECORD_TABLES.len()
        + crate::store::record_table::LEDGER_TABLES.len();
    assert_eq!(ids.len(), 2 * (tables + 1));
    assert!(ids.contains(&"trigger specimen_no_update"));
}

#[test]
fn an_edited_row_is_named() {
    let expected = ["row_changed specimen s_3"];
    assert_eq!(after("UPDATE specimen SET name = 'y' WHERE id = 's_3'"), expected);
    assert_eq!(after("UPDATE specimen SET weight = 0.5000001 WHERE id = 's_3'"), expected);
    assert_eq!(after("UPDATE specimen SET weight = NULL WHERE id = 's_3'"), expected);
    assert_eq!(after("UPDATE specimen SET entry = 2 WHERE id = 's_3'"), expected);
    assert_eq!(after("UPDATE specimen SET name = CAST(x'ff' AS TEXT) WHERE id = 's_3'"), expected);
    let renamed = after("UPDATE specimen SET id = 's_9' WHERE id = 's_3'");
    assert_eq!(renamed, ["row_unwitnessed specimen s_9", "row_missing specimen s_3"]);
}

#[test]
fn a_deleted_row_and_a_deleted_table_are_named() {
    assert_eq!(after("DELETE FROM specimen WHERE id = 's_3'"), ["row_missing specimen s_3"]);
    let dropped = after("DROP TABLE specimen");
    assert!(dropped.contains(&"row_missing specimen s_1".to_owned()), "{dropped:?}");
    assert!(dropped.contains(&"row_missing specimen s_6".to_owned()), "{dropped:?}");
}

#[test]
fn an_inserted_row_is_named() {
    let sql = "INSERT INTO specimen (id, entry, at, name) VALUES ('s_7', 3, '', 'x')";
    assert_eq!(after(sql), ["row_unwitnessed specimen s_7"]);
}

#[test]
fn a_second_row_with_the_same_id_is_named() {
    let found = after(
        "CREATE TABLE copy AS SELECT * FROM specimen; DROP TABLE specimen;
         ALTER TABLE copy RENAME TO specimen;
         INSERT INTO specimen SELECT id, entry, at, 'forged', weight, object FROM specimen WHERE id = 's_3'",
    );
    let expected = ["schema_changed sqlite_schema table specimen", "row_unwitnessed specimen s_3"];
    assert_eq!(found, expected);
}

#[test]
fn a_flipped_byte_of_a_leaf_is_named() {
    let actor = "UPDATE entry SET leaf = CAST(replace(CAST(leaf AS TEXT), 'u_1', 'u_2') AS BLOB) WHERE idx = 4";
    assert_eq!(after(actor), ["entry_changed entry 4"]);
    let brace = "UPDATE entry SET leaf = x'7c' || substr(leaf, 2) WHERE idx = 4";
    let found =
        after(&brace.replace(
            "x'7c' || substr(leaf, 2)",
            "CAST('|' || substr(CAST(leaf AS TEXT), 2) AS BLOB)",
        ));
    let expected =
        ["entry_changed entry 4", "entry_invalid entry 4", "row_unwitnessed specimen s_4"];
    assert_eq!(found, expected);
}

#[test]
fn a_leaf_with_a_matching_new_hash_is_named_by_node_and_root() {
    let (folder, store) = filled();
    let leaf = store.read(|tx| tx.entry(4)).unwrap().unwrap().leaf;
    drop(store);
    let forged = String::from_utf8(leaf).unwrap().replace("u_1", "u_2");
    let hash = hex::encode(crate::digest::leaf_hash(forged.as_bytes()));
    let change = format!(
        "UPDATE entry SET leaf = CAST('{forged}' AS BLOB), leaf_hash = x'{hash}' WHERE idx = 4"
    );
    tamper(folder.path(), &change);
    let expected = [
        "node_changed tree_node 1/2",
        "root_differs checkpoint 5",
        "term_missing entry_term 4",
        "term_unexpected entry_term 4",
    ];
    assert_eq!(named(folder.path()), expected);
}

#[test]
fn a_flipped_byte_of_a_stored_leaf_hash_is_named() {
    let change = "UPDATE entry SET leaf_hash = zeroblob(32) WHERE idx = 6";
    assert_eq!(after(change), ["entry_changed entry 6", "root_differs checkpoint 7"]);
}

#[test]
fn a_flipped_byte_of_a_body_is_named() {
    let change = "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 's_4', 's_5') AS BLOB) WHERE idx = 4";
    assert_eq!(after(change), ["body_changed entry 4", "row_unwitnessed specimen s_4"]);
}

#[test]
fn a_changed_missing_or_added_node_is_named() {
    let changed = "UPDATE tree_node SET hash = zeroblob(32) WHERE level = 1 AND idx = 1";
    assert_eq!(after(changed), ["node_changed tree_node 1/1"]);
    let missing = "DELETE FROM tree_node WHERE level = 2";
    assert_eq!(after(missing), ["node_missing tree_node 2/0"]);
    let added = "INSERT INTO tree_node (level, idx, hash) VALUES (1, 3, zeroblob(32))";
    assert_eq!(after(added), ["node_unexpected tree_node 1/3"]);
}

#[test]
fn a_changed_missing_or_added_checkpoint_is_named() {
    let changed =
        "UPDATE checkpoint SET note = replace(note, 'example.org', 'example.net') WHERE size = 3";
    assert_eq!(after(changed), ["checkpoint_invalid checkpoint 3"]);
    assert_eq!(after("DELETE FROM checkpoint WHERE size = 3"), ["checkpoint_missing checkpoint 3"]);
    let moved =
        "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 2) WHERE size = 3";
    assert_eq!(after(moved), ["checkpoint_invalid checkpoint 3"]);
    let added = "INSERT INTO checkpoint (size, note) VALUES (8, 'x')";
    assert_eq!(after(added), ["checkpoint_unexpected checkpoint 8"]);
}

#[test]
fn missing_entries_are_named() {
    let middle = after("DELETE FROM entry WHERE idx = 3");
    let lost = ["entry_missing entry 3", "row_unwitnessed specimen s_3"];
    assert_eq!(middle, [lost.as_slice(), &["term_unexpected entry_term 3"]].concat());
    let last = after("DELETE FROM entry WHERE idx = 6");
    let lost = ["checkpoint_unexpected checkpoint 7", "row_unwitnessed specimen s_6"];
    assert_eq!(last, [lost.as_slice(), &["term_unexpected entry_term 6"]].concat());
    let cut = after("DELETE FROM entry WHERE idx = 6; DELETE FROM checkpoint WHERE size = 7");
    let left = ["row_unwitnessed specimen s_6", "term_unexpected entry_term 6"];
    assert_eq!(cut, [left.as_slice(), &["rolled_back checkpoint 7"]].concat());
    assert!(after("DELETE FROM entry").contains(&"entry_missing entry 0".to_owned()));
}

#[test]
fn a_term_that_is_missing_or_too_many_is_named() {
    let missing = "DELETE FROM entry_term WHERE idx = 4 AND term LIKE 'about %'";
    assert_eq!(after(missing), ["term_missing entry_term 4"]);
    let moved = "UPDATE entry_term SET idx = 5 WHERE idx = 4 AND term = 'about s_4'";
    assert_eq!(after(moved), ["term_missing entry_term 4", "term_unexpected entry_term 5"]);
    let beyond = "INSERT INTO entry_term (term, idx) VALUES ('about s_4', 9000)";
    assert_eq!(after(beyond), ["term_unexpected entry_term "]);
    let (folder, store) = filled();
    store.clock().set("2026-11-23T17:48:24.131Z".parse().unwrap());
    store.write(&actor(), KIND, |tx| tx.insert_specimen("s_7", "x", None)).unwrap();
    drop(store);
    assert_eq!(named(folder.path()), [""; 0]);
    tamper(folder.path(), "DELETE FROM entry_term WHERE term = 'backwards'");
    assert_eq!(named(folder.path()), ["term_missing entry_term 7"]);
}

#[test]
fn a_store_of_many_parts_is_examined_as_one() {
    let (folder, store) = filled();
    let last = 2 * parts::PART_ENTRIES + 10;
    for number in 7..=last {
        store
            .write(&actor(), KIND, |tx| tx.insert_specimen(&format!("s_{number}"), "x", None))
            .unwrap();
    }
    drop(store);
    assert_eq!(findings(folder.path()), []);
    let part = parts::PART_ENTRIES;
    let change = format!(
        "UPDATE specimen SET entry = 3 WHERE id = 's_{part}';
         UPDATE specimen SET name = 'y' WHERE id = 's_{last}';
         DELETE FROM specimen WHERE id = 's_5';
         DELETE FROM entry_term WHERE idx = {part} AND term LIKE 'about %'"
    );
    tamper(folder.path(), &change);
    let expected = [
        format!("row_changed specimen s_{last}"),
        format!("row_changed specimen s_{part}"),
        "row_missing specimen s_5".to_owned(),
        format!("term_missing entry_term {part}"),
    ];
    assert_eq!(named(folder.path()), expected);
}

#[test]
fn another_key_is_named() {
    let (folder, store) = filled();
    drop(store);
    let origin = "example.org/driftledger/test";
    let other = crate::ledger::key::LogKey::generate(origin).unwrap();
    fs::write(folder.path().join("keys/log.vkey"), format!("{}\n", other.verifier())).unwrap();
    let found = named(folder.path());
    assert_eq!(found.len(), 9);
    assert_eq!(found[6], "checkpoint_invalid checkpoint 7");
    assert_eq!(found[7], format!("key_changed ledger {origin}"));
    assert_eq!(found[8], "high_water_unreadable checkpoint log");
}

#[test]
fn changed_missing_and_stray_objects_are_named() {
    let (folder, store) = filled();
    let extra = store.objects().put(b"unreferenced").unwrap();
    let content = crate::digest::blake3_hex(b"content");
    let stray = folder.path().join("objects").join(&extra.blake3[..2]).join("note.txt");
    assert_eq!(findings(folder.path()), []);
    fs::write(store.objects().path(&extra.blake3).unwrap(), b"unreferenceD").unwrap();
    fs::remove_file(store.objects().path(&content).unwrap()).unwrap();
    fs::write(&stray, b"").unwrap();
    let found = findings(folder.path());
    let codes: Vec<_> = found.iter().map(|finding| (finding.code, finding.id.clone())).collect();
    let expected = [
        ("object_stray", stray.display().to_string()),
        ("object_changed", extra.blake3),
        ("object_missing", "s_2".to_owned()),
    ];
    assert_eq!(codes, expected);
}

#[test]
fn a_clock_that_ran_backwards_is_a_warning() {
    let (folder, store) = filled();
    store.clock().set("2026-11-23T17:48:24.131Z".parse().unwrap());
    store.write(&actor(), KIND, |tx| tx.insert_specimen("s_7", "x", None)).unwrap();
    let found = findings(folder.path());
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].severity, found[0].code), (Severity::Warning, "time_backwards"));
}

#[test]
fn a_damaged_page_is_a_finding_or_an_error_but_never_silence() {
    let (folder, store) = filled();
    drop(store);
    // Damage to a page that holds nothing means nothing.
    tamper(folder.path(), "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    let path = folder.path().join("driftledger.db");
    let good = fs::read(&path).unwrap();
    let page = 4096;
    for number in 1..good.len() / page {
        let mut bad = good.clone();
        for byte in &mut bad[number * page..number * page + 64] {
            *byte ^= 0xa5;
        }
        fs::write(&path, &bad).unwrap();
        let checked = check(folder.path(), &mut |_| ());
        let others = |found: &Vec<Finding>| found.iter().any(|one| one.code != "schema_missing");
        assert!(checked.as_ref().map_or(true, others), "page {number}: {checked:?}");
    }
}

#[test]
fn progress_ends_complete_and_a_folder_without_database_is_an_error() {
    let (folder, store) = filled();
    let mut last = std::collections::BTreeMap::new();
    check(folder.path(), &mut |at| {
        last.insert(at.stage, (at.done, at.total));
    })
    .unwrap();
    let expected = [("entries", (7, 7)), ("objects", (1, 1)), ("rows", (8, 8))];
    assert_eq!(last.into_iter().collect::<Vec<_>>(), expected);
    drop(store);
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(check(empty.path(), &mut |_| ()), Err(Error::NoDatabase { .. })));
}

#[cfg(unix)]
#[test]
fn a_copy_that_cannot_be_written_is_examined_too() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, store) = filled();
    drop(store);
    assert!(!folder.path().join("driftledger.db-wal").exists());
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let found = findings(folder.path());
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(found, []);
}
