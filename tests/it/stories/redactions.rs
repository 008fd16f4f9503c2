//! Story: what a patient's name was written into by mistake is redacted by a record that two people sign. The ledger, the rows and their
//! digests stay, the name is nowhere any more, and both a check and a pack say so.
//! Method: the API over HTTP and the pages; the name is looked for in every byte of the data folder but the stored files.

use crate::evidence::{Files, export};
use crate::harness::{Answer, CHOSEN, Laboratory, MODEL, VERSION_PATH, Visitor, register, table};
use driftledger::evidence::manifest::Scope;
use driftledger::evidence::verify::{Verification, verify};
use driftledger::procedures::check_store::check_store;
use serde_json::{Value, json};
use std::io::Cursor;
use std::path::{Path, PathBuf};

const NAME: &str = "Jane Roe";
const REASON: &str = "a patient was named where no name belongs";
const WITHDRAWN: &str = "the request came from somebody else";

/// The id of the only row of a record table.
fn only(laboratory: &Laboratory, table: &str) -> String {
    let mut ids = laboratory.store.read(|tx| tx.record_ids(table)).unwrap();
    assert_eq!(ids.len(), 1, "{table}: {ids:?}");
    ids.remove(0)
}

fn asked(rows: &[(&str, &str, &str)]) -> Value {
    let row = |(table, record, column): &(&str, &str, &str)| json!({"table": table, "record": record, "columns": [column]});
    json!({"rows": rows.iter().map(row).collect::<Vec<_>>(), "asked_by": "data_subject", "request": "DSR-2026-014",
           "ground": "unlawfully_processed", "reason": REASON})
}

fn sheet(visitor: &Visitor, asked: &Value) -> Answer {
    visitor.post("/api/v1/redactions/sheet", asked)
}

/// Proposes as rosa.
fn propose(laboratory: &Laboratory, asked: &Value) -> Answer {
    let rosa = laboratory.signed_in("rosa");
    let shown = sheet(&rosa, asked);
    assert_eq!(shown.status, 200, "{shown:?}");
    let mut body = asked.clone();
    (body["sheet_sha256"], body["password"]) = (json!(shown.text("sha256")), json!(CHOSEN));
    let proposed = rosa.post("/api/v1/redactions", &body);
    assert_eq!(proposed.status, 201, "{proposed:?}");
    proposed
}

fn sign(laboratory: &Laboratory, who: &str, proposed: &Answer) -> Answer {
    let body = json!({"redaction_sha256": proposed.text("sha256"), "password": CHOSEN});
    let path = format!("/api/v1/redactions/{}/signature", proposed.text("id"));
    laboratory.signed_in(who).post(&path, &body)
}

/// Files below `folder` that hold the name; what was received is kept as it came.
fn named_in(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("objects") {
                named_in(&path, found);
            }
        } else if std::fs::read(&path).unwrap().windows(NAME.len()).any(|at| at == NAME.as_bytes())
        {
            found.push(path);
        }
    }
}

fn verified(laboratory: &Laboratory, pack: &[u8]) -> Verification {
    verify(Cursor::new(pack), Some(laboratory.store.verifier_key()), &mut |_| ()).unwrap()
}

/// What is found in a pack once `change` was made in it and its list covers that up.
fn found_after(
    laboratory: &Laboratory,
    pack: &[u8],
    change: impl FnOnce(&mut Files),
) -> Vec<&'static str> {
    let mut files = Files::of(pack);
    let before = files.0.clone();
    change(&mut files);
    assert_ne!(files.0, before);
    files.relist();
    verified(laboratory, &files.seal()).findings.into_iter().map(|finding| finding.code).collect()
}

/// What may not go, by whom, and while what.
fn refusals(laboratory: &Laboratory, comment: &str, episode: &str) {
    let of_comment = asked(&[("acknowledgement", comment, "comment")]);
    for user in ["dana", "pavel", "ines", "adam"] {
        sheet(&laboratory.signed_in(user), &of_comment).problem(403, "not_permitted");
    }
    sheet(&laboratory.program(), &of_comment).problem(403, "not_permitted");
    let rosa = laboratory.signed_in("rosa");
    let account = only_account(laboratory, "rosa");
    for (table, record, column, said) in [
        ("acknowledgement", comment, "severity", "of this table: comment"),
        ("acknowledgement", comment, "blind", "of this table: comment"),
        ("account", &account, "printed_name", "names somebody who acted"),
        ("episode", episode, "kind", "of this table: opening"),
    ] {
        let refused = sheet(&rosa, &asked(&[(table, record, column)]));
        assert!(refused.problem(422, "review_not_valid").contains(said), "{refused:?}");
    }
    for (table, record) in [("acknowledgement", "ak_none"), ("session", "x"), ("no_table", "x")] {
        sheet(&rosa, &asked(&[(table, record, "comment")])).problem(404, "not_found");
    }
    for (field, value) in [("reason", "asked"), ("request", " ")] {
        let mut wrong = of_comment.clone();
        wrong[field] = json!(value);
        sheet(&rosa, &wrong).problem(422, "review_not_valid");
    }
    let mut other = of_comment.clone();
    (other["sheet_sha256"], other["password"]) = (json!("0".repeat(64)), json!(CHOSEN));
    rosa.post("/api/v1/redactions", &other).problem(409, "record_changed");
}

fn only_account(laboratory: &Laboratory, user_name: &str) -> String {
    laboratory.store.read(|tx| tx.account_by_name(user_name)).unwrap().unwrap().id
}

#[test] // P11-10c1
fn a_name_goes_by_two_signatures_and_the_ledger_stays_whole() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let june = program.post_batch("june", "text/csv", table(200, 11, 0.0).as_bytes());
    assert_eq!(june.status, 201, "{june:?}");
    let wrong = table(20, 12, 0.0).replacen('2', NAME, 1);
    let refused = program.post_batch("july", "text/csv", wrong.as_bytes());
    assert_eq!(refused.status, 422, "{refused:?}");
    let (quarantine, episode) = (only(&laboratory, "quarantine"), only(&laboratory, "episode"));
    let quentin = laboratory.signed_in("quentin");
    let seen = json!({"severity": "minor", "comment": format!("{NAME} asked about it")});
    let seen = quentin.post(&format!("/api/v1/alerts/{episode}/acknowledgement"), &seen);
    assert_eq!(seen.status, 201, "{seen:?}");
    let comment = only(&laboratory, "acknowledgement");
    refusals(&laboratory, &comment, &episode);

    // Nothing goes under a legal hold.
    let all = asked(&[
        ("quarantine", &quarantine, "reasons"),
        ("episode", &episode, "opening"),
        ("acknowledgement", &comment, "comment"),
    ]);
    let first = propose(&laboratory, &all);
    let held = json!({"model": MODEL, "reason": "a customer complaint about this line is open"});
    let hold = quentin.post("/api/v1/legal-holds", &held);
    assert_eq!(hold.status, 201, "{hold:?}");
    let said = sign(&laboratory, "quentin", &first);
    assert!(said.problem(409, "conflict").contains(hold.text("id")), "{said:?}");
    let path = format!("/api/v1/legal-holds/{}/lifting", hold.text("id"));
    let mut lift = json!({"reason": "the complaint was settled, says the legal department"});
    let shown = quentin.post(&format!("{path}/sheet"), &lift);
    (lift["sheet_sha256"], lift["password"]) = (json!(shown.text("sha256")), json!(CHOSEN));
    assert_eq!(quentin.post(&path, &lift).status, 201);

    // What was withdrawn is not signed.
    let withdrawal = format!("/api/v1/redactions/{}/withdrawal", first.text("id"));
    quentin.post(&withdrawal, &json!({"reason": "no"})).problem(422, "review_not_valid");
    assert_eq!(quentin.post(&withdrawal, &json!({"reason": WITHDRAWN})).status, 201);
    quentin.post(&withdrawal, &json!({"reason": WITHDRAWN})).problem(409, "conflict");
    assert!(sign(&laboratory, "quentin", &first).problem(409, "conflict").contains("withdrawn"));
    assert!(quentin.read(&format!("/redactions/{}", first.text("id"))).contains(WITHDRAWN));

    let proposed = propose(&laboratory, &all);
    assert!(!proposed.body.to_string().contains(NAME), "no record repeats it: {proposed:?}");
    let path = format!("/redactions/{}", proposed.text("id"));
    let page = quentin.read(&path);
    assert!(page.contains(NAME) && page.contains("Redact the fields"), "{page}");
    assert!(quentin.read("/").contains("The redaction of 3 records waits for your signature"));
    sign(&laboratory, "rosa", &proposed).problem(403, "not_permitted");
    let mut found = Vec::new();
    named_in(laboratory.store.folder(), &mut found);
    assert!(!found.is_empty(), "it is there still");

    let signed = sign(&laboratory, "quentin", &proposed);
    assert_eq!((signed.status, signed.body["fields"].as_u64()), (201, Some(3)), "{signed:?}");
    sign(&laboratory, "quentin", &proposed).problem(409, "conflict");
    let mut found = Vec::new();
    named_in(laboratory.store.folder(), &mut found);
    assert!(found.is_empty(), "the name is nowhere: {found:?}");
    for path in [format!("/alerts/{episode}"), path] {
        let page = quentin.read(&path);
        assert!(page.contains("[redacted ") || page.contains("the values are gone"), "{page}");
        assert!(!page.contains(NAME), "{page}");
    }
    let listed = quentin.get(&format!("{VERSION_PATH}/quarantine"));
    assert!(listed.body.to_string().contains("[redacted "), "{listed:?}");
    sheet(&laboratory.signed_in("rosa"), &all).problem(422, "review_not_valid");

    let checked = check_store(laboratory.store.folder(), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
    assert_eq!(checked.examined.redactions, 2);
    let said = checked.redacted[0].sentence();
    for part in ["comment of acknowledgement", "rosa", "quentin", REASON, "GDPR 17(1)(d)"] {
        assert!(said.contains(part), "{said}");
    }
    packs(&laboratory, june.text("batch_id"), &comment);
}

/// Every pack tells of it, and names whatever is not as it was signed.
fn packs(laboratory: &Laboratory, batch: &str, comment: &str) {
    let ines = laboratory.signed_in("ines");
    let of_batch = ines.bytes(&format!("/api/v1/evidence/pack?batch={batch}"));
    let told = verified(laboratory, &of_batch);
    assert_eq!((told.findings, told.redacted.len()), (vec![], 1), "its story ended before");
    laboratory.leave("redacted-batch", &of_batch);
    for (name, scope) in [("whole", Scope::whole()), ("version", Scope::of(MODEL, Some("1")))] {
        let (pack, _) = export(&laboratory.store, &scope);
        laboratory.leave(&format!("redacted-{name}"), &pack);
        let verification = verified(laboratory, &pack);
        assert_eq!(verification.findings, [], "{name}");
        assert_eq!(verification.redacted.len(), 1);
        assert!(!pack.windows(NAME.len()).any(|at| at == NAME.as_bytes()));
        let row = format!("records/acknowledgement/{comment}.json");
        for (from, to) in
            [("[redacted ", "[Redacted "), ("\"severity\":\"minor\"", "\"severity\":\"major\"")]
        {
            let found = found_after(laboratory, &pack, |files| {
                let text = String::from_utf8(files.0[&row].clone()).unwrap();
                files.0.insert(row.clone(), text.replace(from, to).into_bytes());
            });
            assert!(found.contains(&"record_changed"), "{from}: {found:?}");
        }
        for (folder, text, code) in [
            ("records/redacted_row/", "", "record_changed"),
            ("records/redaction/", "", "record_dangling"),
            ("records/record_signature/", "approves_redaction", "redaction_not_signed"),
            ("records/record_signature/", "proposes_redaction", "step_not_permitted"),
            ("records/hold_lift/", "", "redaction_under_hold"),
        ] {
            let found = found_after(laboratory, &pack, |files| {
                files.0.retain(|name, bytes| {
                    !(name.starts_with(folder) && String::from_utf8_lossy(bytes).contains(text))
                });
            });
            assert!(found.contains(&code), "{folder} {text}: {found:?}");
        }
    }
}
