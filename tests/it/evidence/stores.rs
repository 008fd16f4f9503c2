//! Attacks on a store by somebody who owns the database file: triggers dropped, one row changed, removed or slipped in.

use super::story;
use driftledger::procedures::check_store::check_store;
use driftledger::store::check::Finding;
use rusqlite::Connection;
use std::path::Path;
use tempfile::TempDir;

/// A copy of the story's data folder.
fn copied() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(story().folder.path(), copy.path());
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // The store is closed: these are there only while another test reads it, and hold nothing.
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with("-wal") || name.ends_with("-shm") {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn check(folder: &Path) -> Vec<Finding> {
    check_store(folder, &mut |_| ()).unwrap().findings
}

/// Runs `sql` as somebody who owns the file would; gives back the triggers' own definitions afterwards, so that only the rows
/// show what happened.
#[expect(clippy::disallowed_methods, reason = "the attack does not go through the store")]
fn attack(folder: &Path, table: &str, sql: &str) {
    let database = Connection::open(folder.join("driftledger.db")).unwrap();
    database.execute_batch("PRAGMA foreign_keys = off").unwrap();
    let triggers: Vec<(String, String)> = database
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = :table")
        .unwrap()
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(!triggers.is_empty());
    for (name, _) in &triggers {
        database.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    database.execute_batch(sql).unwrap();
    for (_, sql) in &triggers {
        database.execute_batch(sql).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "the attack does not go through the store")]
fn id_of(folder: &Path, sql: &str) -> String {
    let database = Connection::open(folder.join("driftledger.db")).unwrap();
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn the_store_of_the_story_is_clean_and_everything_in_it_was_checked() {
    let checked = check_store(copied().path(), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
    assert_eq!(checked.entries, 18);
    assert_eq!(checked.objects, 6);
    assert_eq!((checked.examined.reports, checked.examined.monitors), (6, 2));
    assert_eq!((checked.examined.decisions, checked.examined.signatures), (1, 2));
    assert_eq!((checked.examined.identity_checks, checked.examined.acceptances), (1, 1));
}

/// One change of one row of `table`, which is found under `code` with the row's id.
fn found_after(table: &str, id: &str, code: &str, sql: &str) {
    let folder = copied();
    assert_eq!(check(folder.path()), [], "clean before `{sql}`");
    attack(folder.path(), table, sql);
    let findings = check(folder.path());
    let told = findings.iter().any(|f| f.table == table && f.id == id && f.code == code);
    assert!(told, "`{sql}` on {table} `{id}`: {findings:#?}");
}

#[test]
fn an_edited_row_is_named() {
    let folder = story().folder.path();
    for (table, change) in [
        ("batch", "name = name || ' (edited)'"),
        ("report", "verdict = 'stable', state = 'quiet', meter = 0.0"),
        ("decision", "document = replace(document, 'accept_with_rationale', 'no_action')"),
        ("signature", "at = '2026-01-01T00:00:00.000Z'"),
        ("account", "printed_name = 'Somebody Else'"),
        ("acknowledgement", "severity = 'minor'"),
    ] {
        let id =
            id_of(folder, &format!("SELECT id FROM {table} ORDER BY entry DESC, id DESC LIMIT 1"));
        let sql = format!("UPDATE {table} SET {change} WHERE id = '{id}'");
        found_after(table, &id, "row_changed", &sql);
    }
}

#[test]
fn a_deleted_row_is_named() {
    let folder = story().folder.path();
    for table in ["batch", "report", "decision", "signature", "episode", "monitor"] {
        let id = id_of(folder, &format!("SELECT id FROM {table} ORDER BY entry, id LIMIT 1"));
        found_after(table, &id, "row_missing", &format!("DELETE FROM {table} WHERE id = '{id}'"));
    }
}

#[test]
fn an_inserted_row_is_named() {
    for (table, changes) in [
        ("batch", "name = 'forged', sha256 = 'forged'"),
        ("report", "number = 99"),
        ("decision", "document = '{}'"),
        ("signature", "decision_id = 'de_forged'"),
    ] {
        let sql = format!(
            "CREATE TEMP TABLE forged AS SELECT * FROM {table} ORDER BY entry LIMIT 1; \
             UPDATE forged SET id = 'forged', {changes}; INSERT INTO {table} SELECT * FROM forged"
        );
        found_after(table, "forged", "row_unwitnessed", &sql);
    }
}

#[test]
fn a_report_that_was_edited_with_its_digest_does_not_compute() {
    let folder = copied();
    assert_eq!(check(folder.path()), []);
    let id =
        id_of(folder.path(), "SELECT id FROM report WHERE state = 'alarm' ORDER BY entry LIMIT 1");
    let document = id_of(folder.path(), &format!("SELECT document FROM report WHERE id = '{id}'"));
    let forged = document.replacen("\"verdict\":\"drift\"", "\"verdict\":\"stable\"", 1);
    assert_ne!(forged, document);
    let sha256 = driftledger::digest::sha256_hex(forged.as_bytes());
    let forged = forged.replace('\'', "''");
    let sql =
        format!("UPDATE report SET document = '{forged}', sha256 = '{sha256}' WHERE id = '{id}'");
    attack(folder.path(), "report", &sql);
    let findings = check(folder.path());
    for (table, code) in [("report", "row_changed"), ("report", "report_not_reproduced")] {
        let told = findings.iter().any(|f| f.table == table && f.id == id && f.code == code);
        assert!(told, "{code}: {findings:#?}");
    }
    // The decision cites the report's digest.
    assert!(
        findings.iter().any(|f| f.table == "decision" && f.code == "record_disagrees"),
        "{findings:#?}"
    );
}

/// Rewrites the last report with its digest, as another program would have stored it; the codes told about that report.
fn told_after(rewrite: impl Fn(String) -> String) -> Vec<&'static str> {
    let folder = copied();
    let id = id_of(folder.path(), "SELECT id FROM report ORDER BY entry DESC LIMIT 1");
    let document = id_of(folder.path(), &format!("SELECT document FROM report WHERE id = '{id}'"));
    let rewritten = rewrite(document.clone());
    assert_ne!(rewritten, document);
    let sha256 = driftledger::digest::sha256_hex(rewritten.as_bytes());
    let rewritten = rewritten.replace('\'', "''");
    let sql = format!(
        "UPDATE report SET document = '{rewritten}', sha256 = '{sha256}' WHERE id = '{id}'"
    );
    attack(folder.path(), "report", &sql);
    let findings = check(folder.path());
    findings.iter().filter(|f| f.table == "report" && f.id == id).map(|f| f.code).collect()
}

/// Multiplies the first statistic of the report by 1 + `share`.
fn moved(document: &str, share: f64) -> String {
    let start = document.find("\"psi\":{").unwrap();
    let start = start + document[start..].find("\"value\":").unwrap() + "\"value\":".len();
    let end = start + document[start..].find(['}', ',']).unwrap();
    let value: f64 = document[start..end].parse().unwrap();
    format!("{}{}{}", &document[..start], value * (1.0 + share), &document[end..])
}

#[test]
fn a_report_of_another_build_is_held_to_its_decisions_and_to_a_billionth_and_one_of_this_build_to_its_bits()
 {
    use driftledger::drift::report::ENGINE;
    let elsewhere = |document: String| {
        assert!(document.contains(ENGINE), "the report names this build");
        document.replace(ENGINE, "driftledger 0.0.9+0123456789abcdef")
    };
    // the row is not what was recorded; that is all there is to say about a report of another build that agrees
    assert_eq!(told_after(elsewhere), ["row_changed"]);
    assert_eq!(told_after(|text| moved(&elsewhere(text), 3e-11)), ["row_changed"]);
    let differs = ["row_changed", "report_not_reproduced"];
    assert_eq!(told_after(|text| moved(&elsewhere(text), 3e-8)), differs);
    assert_eq!(told_after(|text| moved(&text, 3e-11)), differs);
    let verdict = |text: String| {
        let (from, to) = ("\"verdict\":\"undetermined\"", "\"verdict\":\"stable\"");
        elsewhere(text).replacen(from, to, 1)
    };
    assert_eq!(told_after(verdict), differs);
}

#[test]
fn a_pack_of_an_attacked_store_is_made_and_does_not_verify() {
    let folder = copied();
    let id = id_of(folder.path(), "SELECT id FROM signature");
    attack(folder.path(), "signature", "DELETE FROM signature");
    let store = driftledger::store::Store::open(folder.path(), driftledger::clock::Clock::system())
        .unwrap();
    let (pack, _) = super::export(&store, &driftledger::evidence::manifest::Scope::whole());
    let findings = super::packs::verified(&pack, Some(&story().key)).findings;
    let file = format!("records/signature/{id}.json");
    assert!(findings.iter().any(|f| f.code == "record_missing" && f.file == file), "{findings:#?}");
}

#[test]
fn checking_writes_nothing_into_the_folder() {
    let folder = copied();
    let digest = |folder: &Path| {
        let bytes = std::fs::read(folder.join("driftledger.db")).unwrap();
        driftledger::digest::sha256_hex(&bytes)
    };
    let before = digest(folder.path());
    check(folder.path());
    assert_eq!(digest(folder.path()), before);
}
