//! Redacted rows in a store: what is left of them, in the database and in its files, and what `check` finds of any other change.

use super::*;
use crate::access::account::Account;
use crate::access::role::Role;
use crate::review::redaction::{marker_of, redacted};
use crate::store::check::check;
use crate::store::upgrade::columns_of;
use crate::store::{schema, specimen};
use std::path::Path;

const SECRET: &str = "Mrs Roe of Ward 7";

#[test] // P11-10c1
fn what_can_be_redacted_is_a_text_of_a_record_table_that_a_random_text_blinds() {
    let connection = schema::pristine(schema::known()).unwrap();
    for (table, column) in redactable() {
        assert!(RECORD_TABLES.contains(&table), "{table}");
        let columns = columns_of(&connection, table).unwrap();
        let has = |name: &str| columns.iter().any(|one| one == name);
        assert!(has(column) && has(BLIND), "{table}.{column}: {columns:?}");
    }
}

#[test] // P11-10c1
fn an_empty_store_has_no_redaction_and_its_log_can_be_emptied() {
    let (_folder, store) = specimen::fresh();
    assert!(store.empty_write_ahead_log().unwrap());
    store
        .read(|tx| {
            assert!(tx.redactions()?.is_empty());
            assert!(tx.row_to_redact("tag", "none")?.is_none());
            assert!(tx.redaction("none")?.is_none());
            Ok::<_, Error>(())
        })
        .unwrap();
}

/// Redacts the value of a tag, as far as the store is concerned; `says` is the digest that it is said to leave, where it is another.
fn redact(tx: &mut WriteTx<'_>, id: &str, says: Option<String>) -> Result<()> {
    let account = Account {
        id: "ac_1".to_owned(),
        user_name: "rosa".to_owned(),
        printed_name: "Rosa".to_owned(),
        role: Role::Reviewer,
    };
    tx.insert_account(&account)?;
    let row = RedactionRow {
        id: "rd_1".to_owned(),
        proposed_by: account.user_name,
        account_id: account.id,
        rows: 1,
        reason: "a name".to_owned(),
        sha256: String::new(),
        at: String::new(),
        entry: 0,
        signed_entry: None,
        withdrawn_entry: None,
        document: String::new(),
    };
    tx.insert_redaction(&row)?;
    let found = tx.row_to_redact("tag", id)?.unwrap();
    assert!(found.columns.contains_key(BLIND), "{:?}", found.columns);
    let (columns, marker) = (vec!["value".to_owned()], marker_of(&found.listed_sha256));
    let left = redacted(("tag", &found.columns), &columns, &marker).unwrap();
    let values = [("value".to_owned(), marker.clone())];
    let row = RedactedRow {
        table: "tag".to_owned(),
        record: id.to_owned(),
        entry: found.entry,
        columns,
        marker,
        left_sha256: digest::sha256_hex(&digest::canonical_json(&left)?),
        listed_sha256: found.listed_sha256,
        found_sha256: found.found_sha256,
        model: None,
        version_id: None,
        batch_id: None,
    };
    let row = RedactedRow { left_sha256: says.unwrap_or(row.left_sha256.clone()), ..row };
    tx.redact(("rr_1", "rd_1"), &row, &values)
}

/// Codes and tables of what is found.
fn found(folder: &Path) -> Vec<String> {
    let findings = check(folder, &mut |_| ()).unwrap();
    findings.iter().map(|found| format!("{} {}", found.code, found.table)).collect()
}

/// The bytes of the database, with those of its write-ahead log.
fn bytes(folder: &Path) -> Vec<u8> {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap_or_default();
    [read("driftledger.db"), read("driftledger.db-wal")].concat()
}

#[test] // P11-10c1
fn a_redacted_value_is_nowhere_and_any_other_change_of_its_row_is_found() {
    let (folder, store) = specimen::fresh();
    let holds =
        |folder: &Path| bytes(folder).windows(SECRET.len()).any(|at| at == SECRET.as_bytes());
    store
        .write(&specimen::actor(), specimen::KIND, |tx| tx.insert_tag("o", "n", Some(SECRET)))
        .unwrap();
    assert!(holds(folder.path()));
    let (id, columns, before) = store
        .read(|tx| {
            let columns = columns_of(tx.connection(), "tag")?;
            let content = tx.content_before("tag", &columns, 9)?;
            Ok::<_, Error>((tx.record_ids("tag")?.remove(0), columns, content))
        })
        .unwrap();
    // A row that does not become what was signed undoes the whole act.
    let write = |says: Option<String>| {
        store.write(&specimen::actor(), specimen::KIND, |tx| redact(tx, &id, says))
    };
    let refused = write(Some("0".repeat(64)));
    assert!(matches!(refused, Err(Error::RowChanged { .. })), "{refused:?}");
    assert!(holds(folder.path()));
    assert_eq!(found(folder.path()), [""; 0]);
    write(None).unwrap();
    assert!(store.empty_write_ahead_log().unwrap());
    assert!(!holds(folder.path()), "what SQLite freed was overwritten");
    assert_eq!(found(folder.path()), [""; 0]);
    // What an upgrade counted before goes on to be found: the digest of the row as it was written.
    let after = store.read(|tx| tx.content_before("tag", &columns, 9)).unwrap();
    assert_eq!(after, before);
    let again = store.read(|tx| tx.row_to_redact("tag", &id)).unwrap().unwrap();
    assert_ne!(again.found_sha256, again.listed_sha256);
    drop(store);
    for change in [
        format!("value = '{SECRET}'"),
        "value = '[redacted]'".to_owned(),
        "name = 'other'".to_owned(),
        "blind = '00'".to_owned(),
    ] {
        let copy = tempfile::tempdir().unwrap();
        for name in ["driftledger.db", "keys/log.vkey"] {
            let to = copy.path().join(name);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(folder.path().join(name), to).unwrap();
        }
        specimen::tamper(copy.path(), &format!("UPDATE tag SET {change}"));
        let findings = check(copy.path(), &mut |_| ()).unwrap();
        let changed: Vec<_> = findings.iter().filter(|one| one.code == "row_changed").collect();
        assert_eq!((changed.len(), changed[0].table.as_str()), (1, "tag"), "{change}");
        assert!(changed[0].detail.contains("the redaction of the row left"), "{changed:?}");
    }
}
