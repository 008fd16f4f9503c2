//! Story: a batch was sent by mistake; QA marks it as invalid by a signature, and the monitor goes on as if it had never come.
//! Method: the API over HTTP and the pages; a second laboratory gets the same batches without the wrong one, and its states are held
//! against those of the first, bit for bit.

use super::decision::drafted;
use crate::evidence::Files;
use crate::harness::{Answer, CHOSEN, Laboratory, MODEL, VERSION_PATH, Visitor, register, table};
use driftledger::evidence::verify::verify;
use driftledger::procedures::check_store::check_store;
use serde_json::{Value, json};
use std::io::Cursor;

pub(super) const REASON: &str = "rows of another line were sent under this name";

fn open() -> (Laboratory, Visitor) {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    (laboratory, program)
}

fn send(program: &Visitor, name: &str, (seed, shift): (u64, f64)) -> Answer {
    let answer = program.post_batch(name, "text/csv", table(200, seed, shift).as_bytes());
    assert_eq!(answer.status, 201, "{answer:?}");
    answer
}

fn path(batch: &str) -> String {
    format!("{VERSION_PATH}/batches/{batch}/invalidation")
}

fn sheet(visitor: &Visitor, batch: &str, reason: &str) -> Answer {
    visitor.post(&format!("{}/sheet", path(batch)), &json!({"reason": reason}))
}

fn sign(visitor: &Visitor, batch: &str, sha256: &str) -> Answer {
    let body = json!({"reason": REASON, "sheet_sha256": sha256, "password": CHOSEN});
    visitor.post(&path(batch), &body)
}

pub(super) fn invalidate(laboratory: &Laboratory, batch: &str) -> Answer {
    let quentin = laboratory.signed_in("quentin");
    let shown = sheet(&quentin, batch, REASON);
    assert_eq!(shown.status, 200, "{shown:?}");
    let signed = sign(&quentin, batch, shown.text("sha256"));
    assert_eq!(signed.status, 201, "{signed:?}");
    signed
}

fn document(program: &Visitor, id: &str) -> Value {
    let report = program.get(&format!("/api/v1/reports/{id}"));
    assert_eq!(report.status, 200, "{report:?}");
    report.body
}

#[test]
fn later_states_are_those_of_a_store_that_never_saw_the_batch() {
    let (laboratory, program) = open();
    send(&program, "april", (11, 0.0));
    assert_eq!(send(&program, "wrong", (12, 2.0)).text("state"), "alarm");
    let may = send(&program, "may", (13, 0.3));
    send(&program, "june", (14, 0.3));
    let signed = invalidate(&laboratory, "wrong");
    let again = signed.body["reports"].as_array().unwrap().clone();
    assert_eq!(again.len(), 2, "{signed:?}");
    let (other, never) = open();
    send(&never, "april", (11, 0.0));
    for (name, which, row) in [("may", (13, 0.3), &again[0]), ("june", (14, 0.3), &again[1])] {
        let expected = send(&never, name, which);
        let (expected, found) = (
            document(&never, expected.text("id")),
            document(&program, row["id"].as_str().unwrap()),
        );
        for field in ["state_before", "state_after", "features", "meter", "state", "verdict"] {
            assert_eq!(found[field], expected[field], "{name}: {field}");
        }
        assert_eq!(row["number"], found["state_after"]["batches"]);
    }
    assert_eq!(document(&program, may.text("id"))["context"]["batch"], "may", "the old one stays");
    let next = (send(&program, "july", (15, 0.0)), send(&never, "july", (15, 0.0)));
    let next = (document(&program, next.0.text("id")), document(&never, next.1.text("id")));
    assert_eq!(next.0["state_after"], next.1["state_after"]);
    for laboratory in [&laboratory, &other] {
        let folder = laboratory.folder.path().join("data");
        let checked = check_store(&folder, &mut |_| ()).unwrap();
        assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    }
}

#[test]
fn nobody_marks_a_batch_as_invalid_who_may_not_or_without_a_reason() {
    let (laboratory, program) = open();
    send(&program, "wrong", (12, 0.0));
    for user in ["dana", "rosa", "pavel", "ines", "adam"] {
        let refused = sheet(&laboratory.signed_in(user), "wrong", REASON);
        assert_eq!(refused.status, 403, "{user}: {refused:?}");
    }
    assert_eq!(sheet(&program, "wrong", REASON).status, 403);
    let quentin = laboratory.signed_in("quentin");
    for reason in ["", "   ", "a mistake"] {
        assert_eq!(sheet(&quentin, "wrong", reason).status, 422, "{reason:?}");
    }
    assert_eq!(sheet(&quentin, "none", REASON).status, 404);
    assert_eq!(sign(&quentin, "wrong", &"0".repeat(64)).status, 409);
    invalidate(&laboratory, "wrong");
    let again = sheet(&quentin, "wrong", REASON);
    let said = again.problem(409, "conflict");
    assert!(said.contains("invalid since") && said.contains("quentin"), "{said}");
}

#[test]
fn row_ids_of_an_invalid_batch_are_free_again() {
    let (laboratory, program) = open();
    send(&program, "wrong", (12, 2.0));
    invalidate(&laboratory, "wrong");
    let listed = program.get(&format!("{VERSION_PATH}/batches"));
    let invalid = &listed.body["items"][0]["invalidated"];
    assert_eq!((&invalid["by"], &invalid["reason"]), (&json!("quentin"), &json!(REASON)));
    let again = send(&program, "right", (12, 0.0));
    let report = document(&program, again.text("id"));
    assert_eq!(report["row_ids"]["repeated"], 0, "{}", report["row_ids"]);
    let refused = program.post_batch("wrong", "text/csv", table(200, 16, 0.0).as_bytes());
    assert!(refused.problem(409, "conflict").contains("invalid since"));
}

#[test]
fn an_invalid_batch_is_corrected_once_under_its_own_name() {
    let (laboratory, program) = open();
    send(&program, "june", (12, 0.0));
    let right = table(200, 12, 0.1);
    let correct = |batch: &str, reason: &str, rows: &str| {
        let reason = reason.replace(' ', "%20");
        let query = format!("name=june&corrects={batch}&reason={reason}");
        program.post_table(&format!("{VERSION_PATH}/batches?{query}"), "text/csv", rows.as_bytes())
    };
    let counts = correct("june", REASON, &right);
    assert!(counts.problem(409, "conflict").contains("mark it as invalid first"));
    invalidate(&laboratory, "june");
    assert_eq!(correct("june", "", &right).status, 422);
    assert_eq!(correct("may", REASON, &right).status, 404);
    let alone = format!("{VERSION_PATH}/batches?name=x&reason=nothing");
    assert_eq!(program.post_table(&alone, "text/csv", right.as_bytes()).status, 400);
    let corrected = correct("june", REASON, &right);
    assert_eq!(corrected.status, 201, "{corrected:?}");
    assert_eq!(correct("june", REASON, &right).status, 200, "the same file gives the same report");
    let listed = program.get(&format!("{VERSION_PATH}/batches")).body["items"].clone();
    assert_eq!(listed[0]["corrects"], listed[1]["id"]);
    assert_eq!(listed[0]["correction_reason"], json!(REASON));
    assert_eq!(listed[1]["corrected_by"], listed[0]["id"]);
    let first = listed[1]["id"].as_str().unwrap();
    let twice = correct(first, REASON, &table(200, 17, 0.0));
    assert!(twice.problem(409, "conflict").contains("was corrected by batch"), "{twice:?}");
    let folder = laboratory.folder.path().join("data");
    let checked = check_store(&folder, &mut |_| ()).unwrap();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
}

pub(super) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no `{before}`: {text}"));
    rest.split_once(after).unwrap().0
}

/// The newest alert.
fn alert(program: &Visitor) -> String {
    let alerts = program.get("/api/v1/alerts").body;
    alerts[0]["id"].as_str().unwrap_or_else(|| panic!("{alerts}")).to_owned()
}

#[track_caller]
pub(super) fn says(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "`{part}`: {page}");
    }
}

#[test]
fn a_batch_is_marked_as_invalid_in_the_browser_and_every_page_says_so() {
    let (laboratory, program) = open();
    send(&program, "april", (11, 0.0));
    let wrong = send(&program, "wrong", (12, 2.0));
    let alert = alert(&program);
    let may = send(&program, "may", (13, 0.0));
    let quentin = laboratory.signed_in("quentin");
    let report = format!("/reports/{}", wrong.text("id"));
    let form = format!("{report}/invalidation");
    let sheet_form = format!("{form}/sheet");
    says(&quentin.read(&report), &[&format!("href=\"{form}\""), "Mark this batch as invalid"]);
    assert!(!quentin.read(&form).contains("What is signed"), "the reason comes first");
    let short = quentin.page(&sheet_form, Some(&[("reason", "a mistake")]));
    says(&short, &["role=\"alert\"", ">a mistake</textarea>"]);
    assert!(!short.contains("What is signed"), "{short}");
    let shown = quentin.page(&sheet_form, Some(&[("reason", REASON)]));
    let sha256 = between(&shown, "name=\"sheet_sha256\" value=\"", "\"").to_owned();
    assert_eq!(
        sheet(&quentin, "wrong", REASON).text("sha256"),
        sha256,
        "page and API show the same"
    );
    says(&shown, &["sent by dana", "1\u{a0}later batch", &format!("/alerts/{alert}"), REASON]);
    says(&quentin.read(&report), &["Mark this batch as invalid"]);
    let fields = |password: &'static str| {
        vec![("reason", REASON), ("sheet_sha256", sha256.as_str()), ("password", password)]
    };
    let refused = quentin.page(&form, Some(&fields("another one")));
    says(&refused, &["role=\"alert\"", &sha256, &format!(">{REASON}</textarea>")]);
    let signed = quentin.page(&form, Some(&fields(CHOSEN)));
    says(&signed, &["role=\"status\"", "This batch is marked as invalid", "by quentin", REASON]);
    assert!(!signed.contains("Mark this batch as invalid"), "once: {signed}");
    let again = quentin.page(&form, Some(&fields(CHOSEN)));
    says(&again, &["role=\"alert\"", "already", &format!(">{REASON}</textarea>")]);
    let old = quentin.read(&format!("/reports/{}", may.text("id")));
    says(&old, &["This report is superseded"]);
    let newest = between(&old, "In force is <a href=\"", "\"");
    says(&quentin.read(newest), &["Judged again without batch wrong", "by quentin", REASON]);
    let printed = quentin.read(&format!("{report}/document"));
    says(&printed, &["This batch counts for nothing any more. It is invalid since", REASON]);
    let version = quentin.read(&format!("/models/{MODEL}/versions/1"));
    let parts =
        ["2, besides 1 marked as invalid", "<s>wrong</s> invalid", "count for nothing", REASON];
    says(&version, &parts);
    assert_eq!(program.get(&format!("/api/v1/alerts/{alert}")).body["stands"], false);
    let story = quentin.read(&format!("/alerts/{alert}"));
    let parts = ["does not stand any more", "Batch wrong marked as invalid by quentin", REASON];
    says(&story, &parts);
}

#[test]
fn who_sent_a_batch_does_not_mark_it_as_invalid_on_the_page_either() {
    let (laboratory, program) = open();
    let wrong = send(&program, "wrong", (12, 0.0));
    let report = format!("/reports/{}", wrong.text("id"));
    let form = format!("{report}/invalidation");
    let ines = laboratory.signed_in("ines");
    assert!(!ines.read(&report).contains("Mark this batch as invalid"));
    says(&ines.read(&form), &["Your role does not mark batches as invalid"]);
    let (adam, quentin) = (laboratory.signed_in("adam"), laboratory.signed_in("quentin"));
    let asked = json!({"user_name": "dana", "role": "qa", "reason": "stands in for somebody"});
    let asked = adam.post("/api/v1/role-requests", &asked);
    assert_eq!(asked.status, 201, "{asked:?}");
    let answer = format!("/api/v1/role-requests/{}/answer", asked.text("id"));
    let granted = quentin.post(&answer, &json!({"granted": true, "reason": "trained"}));
    assert_eq!(granted.status, 201, "{granted:?}");
    let dana = laboratory.signed_in("dana");
    assert_eq!(dana.get("/api/v1/session").body["account"]["role"], "qa");
    assert!(!dana.read(&report).contains("Mark this batch as invalid"));
    let refusal = "another person has to mark it as invalid";
    says(&dana.read(&form), &[refusal]);
    sheet(&dana, "wrong", REASON).problem(403, "same_person");
    let refused = dana.page(&format!("{form}/sheet"), Some(&[("reason", REASON)]));
    says(&refused, &["role=\"alert\"", refusal, &format!(">{REASON}</textarea>")]);
    assert!(!refused.contains("What is signed"), "{refused}");
    let sha256 = sheet(&quentin, "wrong", REASON).text("sha256").to_owned();
    let fields = [("reason", REASON), ("sheet_sha256", sha256.as_str()), ("password", CHOSEN)];
    says(&dana.page(&form, Some(&fields)), &["role=\"alert\"", refusal]);
    let listed = quentin.get(&format!("{VERSION_PATH}/batches")).body;
    assert!(listed["items"][0]["invalidated"].is_null(), "{listed}");
}

#[test]
fn evidence_about_one_batch_tells_that_it_was_marked_as_invalid_or_judged_again() {
    let (laboratory, program) = open();
    send(&program, "april", (11, 0.0));
    let wrong = send(&program, "wrong", (12, 2.0));
    let alert = alert(&program);
    let may = send(&program, "may", (13, 2.0));
    let before = drafted(&laboratory, &alert);
    let decided = invalidate(&laboratory, "wrong").body["entry"].as_u64().unwrap();
    // The alert of the first reports goes on, whether the newest ones belong to it or not; what was drafted without knowing is not signed.
    let quentin = laboratory.signed_in("quentin");
    let rosa = laboratory.signed_in("rosa");
    let refused = super::decision::sign(&rosa, &alert, &before, laboratory.password("rosa"));
    assert!(refused.problem(409, "conflict").contains("draft it again"), "{refused:?}");
    let step = format!("/api/v1/alerts/{alert}/steps/reject");
    let because = json!({"reason": "a batch it rests on was marked as invalid"});
    let shown = rosa.post(&format!("{step}/sheet"), &because);
    let body = json!({"input": because, "sheet_sha256": shown.text("sha256"), "password": CHOSEN});
    let rejected = rosa.post(&step, &body);
    assert_eq!(rejected.status, 201, "{rejected:?}");
    let draft = json!({"code": "suspend", "rationale": "until the line is cleared"});
    let draft = quentin.post(&format!("/api/v1/alerts/{alert}/decision"), &draft);
    assert_eq!(draft.status, 201, "{draft:?}");
    let view = quentin.get(&format!("/api/v1/alerts/{alert}")).body;
    let sha256 = view["decision"]["sha256"].as_str().unwrap();
    let signed = super::decision::sign(&rosa, &alert, sha256, CHOSEN);
    assert_eq!(signed.status, 201, "{signed:?}");
    send(&program, "june", (14, 0.0));
    for batch in [wrong.text("batch_id"), may.text("batch_id")] {
        let pack = quentin.bytes(&format!("/api/v1/evidence/pack?batch={batch}"));
        let found = verify(Cursor::new(&pack), None, &mut |_| ()).unwrap();
        assert_eq!(found.findings, [], "{batch}");
        let files = Files::of(&pack);
        let manifest: Value = serde_json::from_slice(&files.0["MANIFEST.json"]).unwrap();
        let until = manifest["scope"]["until"].as_u64().unwrap();
        assert!(until > decided, "{batch}: to {until}, marked as invalid in {decided}");
        let told = files.0.iter().any(|(name, bytes)| {
            name != "entries.jsonl" && String::from_utf8_lossy(bytes).contains(REASON)
        });
        assert!(told, "{batch}: {:?}", files.0.keys().collect::<Vec<_>>());
        let story = String::from_utf8_lossy(&files.0["story.html"]).into_owned();
        let is_wrong = batch == wrong.text("batch_id");
        assert_eq!(story.contains("This batch counts for nothing any more"), is_wrong, "{batch}");
    }
}
