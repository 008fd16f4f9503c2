//! Story: stored files are kept as long as their class says and longer under a legal hold, and go by a record that two people sign; what is
//! recorded of them stays.
//! Method: the API over HTTP and the pages, with a clock that is moved on by years; what was promised is looked for on disk, in `check`, in
//! packs, in a backup, and after the store was opened again.

use super::life_cycle::{approve, done, take};
use crate::evidence::{Files, export};
use crate::harness::{
    Answer, CHOSEN, Laboratory, MODEL, VERSION_PATH, Visitor, register, registration, table,
};
use driftledger::evidence::manifest::Scope;
use driftledger::evidence::verify::{Verification, verify};
use driftledger::procedures::back_up::back_up;
use driftledger::procedures::check_store::{CheckedStore, check_store};
use driftledger::procedures::restore::restore;
use driftledger::store::Store;
use driftledger::store::check::Severity;
use serde_json::{Value, json};
use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

const YEAR: i64 = 366 * 86_400;
const REASON: &str = "the retention period of these files is over";
const HELD: &str = "a customer complaint about this line is open";
const LIFTED: &str = "the complaint was settled, says the legal department";

/// A laboratory whose passwords do not age, so that years may pass.
fn open() -> Laboratory {
    let laboratory = Laboratory::open();
    let policy = json!({"characters_min": 14, "common_denied": true, "own_names_denied": true,
                        "age_days_max": null, "reused_last": 5});
    let set = json!({"policy": policy, "reason": "years pass in this story"});
    let adam = laboratory.signed_in("adam");
    let answer = adam.post("/api/v1/password-policy", &set);
    assert!(answer.status < 300, "{answer:?}");
    laboratory
}

fn set_policy(laboratory: &Laboratory) {
    let class = |name: &str, terms: Value| json!({"name": name, "terms": terms, "basis": "SOP 9"});
    let rule = |kind: &str, class: &str| json!({"kind": kind, "class": class});
    let years = |years: u32, from: &str| json!({"years": years, "from": from});
    let papers = json!([years(5, "delivery"), years(1, "end_of_life")]);
    let policy = json!({"format": "driftledger/retention-policy/v1",
        "classes": [class("batch papers", papers), class("refused files", json!([years(1, "delivery")]))],
        "kinds": [rule("batch", "batch papers"), rule("row_ids", "batch papers"),
                  rule("quarantine", "refused files"), rule("test_run", "refused files")]});
    let body = json!({"policy": policy, "reason": "SOP 9 is in force"});
    let set = laboratory.signed_in("rosa").post("/api/v1/retention", &body);
    assert_eq!(set.status, 201, "{set:?}");
}

/// Sends a file that is no table: it is put aside.
fn refuse(program: &Visitor, name: &str) {
    let answer = program.post_batch(name, "text/csv", format!("{name}\n").as_bytes());
    assert_eq!(answer.status, 422, "{answer:?}");
}

fn files(visitor: &Visitor, query: &str) -> Vec<Value> {
    let answer = visitor.get(&format!("/api/v1/retention/files{query}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["files"].as_array().unwrap().clone()
}

/// BLAKE3 of every file that is due.
fn due(visitor: &Visitor) -> Vec<String> {
    files(visitor, "").iter().map(|file| file["blake3"].as_str().unwrap().to_owned()).collect()
}

fn sheet(visitor: &Visitor, files: &[String]) -> Answer {
    visitor.post("/api/v1/disposals/sheet", &json!({"files": files, "reason": REASON}))
}

/// Proposes as `who`.
fn propose(laboratory: &Laboratory, who: &str, files: &[String]) -> Answer {
    let visitor = laboratory.signed_in(who);
    let shown = sheet(&visitor, files);
    assert_eq!(shown.status, 200, "{shown:?}");
    let body = json!({"files": files, "reason": REASON, "sheet_sha256": shown.text("sha256"),
                      "password": CHOSEN});
    let proposed = visitor.post("/api/v1/disposals", &body);
    assert_eq!(proposed.status, 201, "{proposed:?}");
    proposed
}

fn sign(laboratory: &Laboratory, who: &str, proposed: &Answer) -> Answer {
    let visitor = laboratory.signed_in(who);
    let body = json!({"disposal_sha256": proposed.text("sha256"), "password": CHOSEN});
    visitor.post(&format!("/api/v1/disposals/{}/signature", proposed.text("id")), &body)
}

fn dispose(laboratory: &Laboratory, files: &[String]) -> Answer {
    let proposed = propose(laboratory, "rosa", files);
    let signed = sign(laboratory, "quentin", &proposed);
    assert_eq!(signed.status, 201, "{signed:?}");
    signed
}

fn object(laboratory: &Laboratory, blake3: &str) -> PathBuf {
    laboratory.store.objects().path(blake3).unwrap()
}

fn checked(laboratory: &Laboratory) -> CheckedStore {
    check_store(laboratory.store.folder(), &mut |_| ()).unwrap()
}

fn verified(laboratory: &Laboratory, pack: &[u8]) -> Verification {
    verify(Cursor::new(pack), Some(laboratory.store.verifier_key()), &mut |_| ()).unwrap()
}

/// A laboratory in which one refused file is due.
fn one_due() -> (Laboratory, String) {
    let laboratory = open();
    let program = laboratory.program();
    register(&program);
    refuse(&program, "may");
    set_policy(&laboratory);
    laboratory.later(2 * YEAR);
    let files = due(&laboratory.signed_in("ines"));
    assert_eq!(files.len(), 1, "{files:?}");
    let file = files[0].clone();
    (laboratory, file)
}

/// What is found in a pack without the records below `folder` that say `text`.
fn without(
    laboratory: &Laboratory,
    pack: &[u8],
    (folder, text): (&str, &str),
) -> Vec<&'static str> {
    let mut files = Files::of(pack);
    let before = files.0.len();
    files.0.retain(|name, bytes| {
        !(name.starts_with(folder) && String::from_utf8_lossy(bytes).contains(text))
    });
    assert!(files.0.len() < before, "{folder} {text}");
    files.relist();
    let findings = verified(laboratory, &files.seal()).findings;
    findings.into_iter().map(|finding| finding.code).collect()
}

/// The version is taken through its life, to its end.
fn retire(laboratory: &Laboratory, program: &Visitor) {
    approve(laboratory, program);
    let day = json!({"effective_on": "2026-06-02"});
    done(&take(laboratory, "quentin", "release", &day), "in_use");
    let why = json!({"reason": "the line is taken apart"});
    done(&take(laboratory, "quentin", "retire", &why), "retired");
}

#[test] // P11-10c1, A22d-7.4
fn files_of_a_retired_version_go_by_two_signatures_and_nothing_else_does() {
    let laboratory = open();
    let program = laboratory.program();
    register(&program);
    let may = program.post_batch("may", "text/csv", table(200, 11, 0.0).as_bytes());
    assert_eq!(may.status, 201, "{may:?}");
    set_policy(&laboratory);
    laboratory.later(7 * YEAR);
    let rosa = laboratory.signed_in("rosa");
    assert!(due(&rosa).is_empty(), "it can still be judged");
    let kept = files(&rosa, "?all=true");
    assert!(kept.iter().any(|file| {
        file["kept_because"].as_str().is_some_and(|why| why.contains("can still be judged"))
    }));
    let program = laboratory.program();
    retire(&laboratory, &program);
    assert!(due(&laboratory.signed_in("rosa")).is_empty(), "a year after its end of life");
    laboratory.later(YEAR);
    let files = due(&laboratory.signed_in("rosa"));
    assert_eq!(files.len(), 3, "rows, digests of row ids, predictions of the test run: {files:?}");
    let before = checked(&laboratory);
    assert!(before.findings.is_empty() && before.disposed.is_empty(), "{:?}", before.findings);
    assert_eq!((before.recounted, before.not_computed_again.len()), (1, 0));

    let signed = dispose(&laboratory, &files);
    assert_eq!(signed.body["files"], 3, "{signed:?}");
    assert!(files.iter().all(|file| !object(&laboratory, file).exists()));
    let after = checked(&laboratory);
    assert!(after.findings.is_empty(), "{:?}", after.findings);
    assert_eq!(after.examined.reports, before.examined.reports, "counts are computed again");
    let told = &after.disposed[0];
    assert_eq!((after.disposed.len(), told.files.len()), (1, 3));
    let not_again = &after.not_computed_again[0];
    assert_eq!((after.recounted, not_again.table.as_str()), (0, "test_run"));
    assert!(not_again.because.contains(&told.disposal), "{}", not_again.because);
    assert_eq!(after.examined.test_runs, 1, "figures are computed again from the counts");
    let said = told.sentence();
    for part in ["3 files were disposed of", "rosa", "quentin", REASON, told.disposal.as_str()] {
        assert!(said.contains(part), "{said}");
    }
    let program = laboratory.program();
    let report = program.get(&format!("/api/v1/reports/{}", may.text("id")));
    assert_eq!(report.status, 200, "the report stays: {report:?}");

    for (name, scope) in [("whole", Scope::whole()), ("version", Scope::of(MODEL, Some("1")))] {
        let (pack, _) = export(&laboratory.store, &scope);
        laboratory.leave(&format!("disposed-{name}"), &pack);
        let verification = verified(&laboratory, &pack);
        assert_eq!(verification.findings, [], "{}", scope.words());
        assert_eq!(verification.disposed, after.disposed);
        assert_eq!(verification.checked.examined.disposals, 1);
        let story = String::from_utf8(Files::of(&pack).0["story.html"].clone()).unwrap();
        assert!(story.contains("its files were disposed of"), "{story}");
        for (folder, text, code) in [
            ("records/record_signature/", "approves_disposal", "disposal_not_signed"),
            ("records/record_signature/", "proposes_disposal", "step_not_permitted"),
            ("records/disposed_object/", "", "record_disagrees"),
            ("records/disposal/", "", "record_dangling"),
            ("records/version_step/", "\"step\":\"retire\"", "disposal_not_due"),
            ("records/retention_policy/", "", "disposal_not_valid"),
        ] {
            let found = without(&laboratory, &pack, (folder, text));
            assert!(found.contains(&code), "{folder} {text}: {found:?}");
        }
    }
    let ines = laboratory.signed_in("ines");
    let of_batch = ines.bytes(&format!("/api/v1/evidence/pack?batch={}", may.text("batch_id")));
    let verification = verified(&laboratory, &of_batch);
    assert_eq!((verification.findings, verification.disposed.len()), (vec![], 1));
    let query = format!("batch={}&prediction=%231", may.text("batch_id"));
    let refused = ines.get(&format!("/api/v1/evidence/pack?{query}"));
    let said = refused.problem(410, "file_disposed");
    assert!(said.contains(&told.disposal) && said.contains("signed by two people"), "{said}");
}

#[test] // P11-10c1
fn nobody_disposes_of_files_who_may_not_or_alone() {
    let (laboratory, file) = one_due();
    let files = [file.clone()];
    for user in ["dana", "pavel", "ines", "adam"] {
        sheet(&laboratory.signed_in(user), &files).problem(403, "not_permitted");
    }
    sheet(&laboratory.program(), &files).problem(403, "not_permitted");
    let quentin = laboratory.signed_in("quentin");
    for reason in ["", "  ", "too old"] {
        let asked = json!({"files": files, "reason": reason});
        quentin.post("/api/v1/disposals/sheet", &asked).problem(422, "review_not_valid");
    }
    sheet(&quentin, &[]).problem(422, "review_not_valid");
    sheet(&quentin, &["0".repeat(64)]).problem(404, "not_found");
    let other = json!({"files": files, "reason": REASON, "sheet_sha256": "0".repeat(64),
                       "password": CHOSEN});
    quentin.post("/api/v1/disposals", &other).problem(409, "record_changed");

    let proposed = propose(&laboratory, "quentin", &files);
    sign(&laboratory, "quentin", &proposed).problem(403, "same_person");
    sign(&laboratory, "rosa", &proposed).problem(403, "not_permitted");
    assert!(object(&laboratory, &file).exists(), "nothing goes by one signature");
    assert!(checked(&laboratory).findings.is_empty());
    // Who proposed it or QA takes it back; then it is not signed.
    let own = propose(&laboratory, "rosa", &files);
    let path = |of: &Answer| format!("/api/v1/disposals/{}/withdrawal", of.text("id"));
    let reason = json!({"reason": "an inspection was announced for these files"});
    laboratory.signed_in("rosa").post(&path(&proposed), &reason).problem(403, "not_permitted");
    laboratory.signed_in("dana").post(&path(&own), &reason).problem(403, "not_permitted");
    let rosa = laboratory.signed_in("rosa");
    rosa.post(&path(&own), &json!({"reason": "no"})).problem(422, "review_not_valid");
    assert_eq!(rosa.post(&path(&own), &reason).status, 201);
    rosa.post(&path(&own), &reason).problem(409, "conflict");
    assert_eq!(laboratory.signed_in("quentin").post(&path(&proposed), &reason).status, 201);
    assert!(sign(&laboratory, "quentin", &own).problem(409, "conflict").contains("withdrawn"));
    assert!(!laboratory.signed_in("quentin").read("/").contains("The disposal of"));
    assert!(checked(&laboratory).findings.is_empty());
    let proposed = propose(&laboratory, "rosa", &files);
    let inbox = laboratory.signed_in("quentin").read("/");
    assert!(inbox.contains("The disposal of 1 file waits for your signature"), "{inbox}");
    let wrong = json!({"disposal_sha256": proposed.text("sha256"), "password": "another one"});
    let path = format!("/api/v1/disposals/{}/signature", proposed.text("id"));
    assert_eq!(laboratory.signed_in("quentin").post(&path, &wrong).status, 401);
    assert!(object(&laboratory, &file).exists());
    assert_eq!(sign(&laboratory, "quentin", &proposed).status, 201);
    assert!(!object(&laboratory, &file).exists());
    sign(&laboratory, "quentin", &proposed).problem(409, "conflict");
    sheet(&laboratory.signed_in("rosa"), &files).problem(410, "file_disposed");
    let view =
        laboratory.signed_in("ines").get(&format!("/api/v1/disposals/{}", proposed.text("id")));
    assert_eq!(view.body["signatures"].as_array().unwrap().len(), 2, "{view:?}");
}

#[test] // P11-10c1
fn what_is_not_due_stays() {
    let laboratory = open();
    let program = laboratory.program();
    register(&program);
    refuse(&program, "may");
    let rosa = laboratory.signed_in("rosa");
    let kept = files(&rosa, "?all=true");
    let file = [kept[0]["blake3"].as_str().unwrap().to_owned()];
    assert!(kept[0]["kept_because"].as_str().unwrap().contains("for ever"), "{kept:?}");
    assert!(sheet(&rosa, &file).problem(409, "conflict").contains("kept for ever"));
    set_policy(&laboratory);
    let rosa = laboratory.signed_in("rosa");
    assert!(sheet(&rosa, &file).problem(422, "review_not_valid").contains("until 2027-06-01"));
    let own = json!({"class": "batch papers", "reason": "the customer asks for it"});
    let path = format!("{VERSION_PATH}/retention");
    let unknown = json!({"class": "none", "reason": "a mistake"});
    rosa.post(&path, &unknown).problem(404, "not_found");
    assert_eq!(rosa.post(&path, &own).status, 201);
    laboratory.later(2 * YEAR);
    let rosa = laboratory.signed_in("rosa");
    let said = sheet(&rosa, &file);
    assert!(said.problem(422, "review_not_valid").contains("end of the life"), "{said:?}");
    assert_eq!(rosa.post(&path, &json!({"reason": "a mistake of ours"})).status, 201);
    assert_eq!(sheet(&rosa, &file).status, 200, "kinds decide again");
    for wrong in [0, 101] {
        let class =
            json!({"name": "a", "terms": [{"years": wrong, "from": "delivery"}], "basis": "b"});
        let policy =
            json!({"format": "driftledger/retention-policy/v1", "classes": [class], "kinds": []});
        let body = json!({"policy": policy, "reason": "a test"});
        rosa.post("/api/v1/retention", &body).problem(422, "review_not_valid");
    }
}

#[test] // P11-10c1
fn a_legal_hold_keeps_what_is_due_until_it_is_lifted_by_a_signature() {
    let (laboratory, file) = one_due();
    let files = [file.clone()];
    let proposed = propose(&laboratory, "rosa", &files);
    let rosa = laboratory.signed_in("rosa");
    let place = |body: Value| rosa.post("/api/v1/legal-holds", &body);
    place(json!({"version": "1", "reason": HELD})).problem(400, "bad_request");
    place(json!({"model": "none", "reason": HELD})).problem(404, "not_found");
    place(json!({"model": MODEL, "reason": "a complaint"})).problem(422, "review_not_valid");
    let placed = place(json!({"model": MODEL, "version": "1", "reason": HELD}));
    assert_eq!(placed.status, 201, "{placed:?}");
    let hold = placed.text("id").to_owned();
    assert!(due(&rosa).is_empty());
    let refused = sign(&laboratory, "quentin", &proposed);
    let said = refused.problem(409, "conflict");
    for part in [hold.as_str(), HELD, "rosa", "lifted first"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(sheet(&rosa, &files).problem(409, "conflict").contains(&hold));
    assert!(object(&laboratory, &file).exists());

    let path = format!("/api/v1/legal-holds/{hold}/lifting");
    let asked = json!({"reason": LIFTED});
    rosa.post(&format!("{path}/sheet"), &asked).problem(403, "not_permitted");
    let quentin = laboratory.signed_in("quentin");
    let shown = quentin.post(&format!("{path}/sheet"), &asked);
    assert_eq!(shown.status, 200, "{shown:?}");
    let lift = |sha256: &str| {
        let body = json!({"reason": LIFTED, "sheet_sha256": sha256, "password": CHOSEN});
        quentin.post(&path, &body)
    };
    lift(&"0".repeat(64)).problem(409, "record_changed");
    assert_eq!(lift(shown.text("sha256")).status, 201);
    lift(shown.text("sha256")).problem(409, "conflict");
    assert_eq!(due(&quentin), files);
    assert_eq!(sign(&laboratory, "quentin", &proposed).status, 201);
    let after = checked(&laboratory);
    assert!(after.findings.is_empty(), "{:?}", after.findings);
    assert_eq!(after.examined.legal_holds, 1);
    let (pack, _) = export(&laboratory.store, &Scope::of(MODEL, Some("1")));
    laboratory.leave("held", &pack);
    let verification = verified(&laboratory, &pack);
    assert_eq!(verification.findings, []);
    assert_eq!(verification.checked.examined.legal_holds, 1);
    let found = without(&laboratory, &pack, ("records/hold_lift/", ""));
    assert!(found.contains(&"disposal_under_hold"), "{found:?}");
}

#[test] // P11-10c1
fn a_file_of_two_versions_goes_only_when_both_allow_it() {
    let laboratory = open();
    let program = laboratory.program();
    register(&program);
    let second = serde_json::to_value(registration("2", 2)).unwrap();
    let path = format!("/api/v1/models/{MODEL}/versions");
    assert_eq!(program.post(&path, &second).status, 201);
    refuse(&program, "may");
    let other = format!("{path}/2/batches?name=may");
    assert_eq!(program.post_table(&other, "text/csv", b"may\n").status, 422);
    set_policy(&laboratory);
    let own = json!({"class": "batch papers", "reason": "the customer asks for it"});
    let rosa = laboratory.signed_in("rosa");
    assert_eq!(rosa.post(&format!("{path}/2/retention"), &own).status, 201);
    laboratory.later(8 * YEAR);
    let rosa = laboratory.signed_in("rosa");
    assert!(due(&rosa).is_empty());
    let kept = files(&rosa, "?all=true");
    assert_eq!((kept.len(), kept[0]["uses"].as_array().unwrap().len()), (1, 2), "{kept:?}");
    let file = [kept[0]["blake3"].as_str().unwrap().to_owned()];
    let refused = sheet(&rosa, &file);
    let said = refused.problem(422, "review_not_valid");
    assert!(said.contains("version `2` of `tablets`"), "{said}");
    assert_eq!(
        rosa.post(&format!("{path}/2/retention"), &json!({"reason": "not any more"})).status,
        201
    );
    dispose(&laboratory, &file);
    // Received again, by a record of its own, it is kept again.
    let program = laboratory.program();
    refuse(&program, "may");
    assert!(object(&laboratory, &file[0]).exists());
    assert_eq!(laboratory.store.remove_disposed().unwrap(), 0);
    let after = checked(&laboratory);
    assert!(after.findings.is_empty(), "{:?}", after.findings);
}

#[test] // P11-10c1
fn what_a_crash_left_after_the_signature_goes_when_the_store_is_opened_next() {
    let (laboratory, file) = one_due();
    let place = object(&laboratory, &file);
    let bytes = fs::read(&place).unwrap();
    dispose(&laboratory, std::slice::from_ref(&file));
    assert!(!place.exists());
    // As a process leaves it that is killed between the commit and the removal.
    fs::write(&place, bytes).unwrap();
    let left = checked(&laboratory).findings;
    assert_eq!(
        (left.len(), left[0].code, left[0].severity),
        (1, "object_not_removed", Severity::Warning)
    );
    let again = Store::open(laboratory.store.folder(), laboratory.clock.clone()).unwrap();
    assert!(!place.exists());
    drop(again);
    assert!(checked(&laboratory).findings.is_empty());
}

#[test] // P11-10c1
fn backups_made_afterwards_do_not_hold_the_file_and_restore_without_it() {
    let (laboratory, file) = one_due();
    let safe = laboratory.folder.path().join("safe");
    let folder = laboratory.store.folder().to_owned();
    back_up(&folder, &safe, &laboratory.clock, &mut |_| ()).unwrap();
    let copy = safe.join("objects").join(&file[..2]).join(&file[2..]);
    assert!(copy.exists());
    dispose(&laboratory, std::slice::from_ref(&file));
    back_up(&folder, &safe, &laboratory.clock, &mut |_| ()).unwrap();
    assert!(!copy.exists(), "the backup in the same folder lets it go too");
    let place = laboratory.folder.path().join("again");
    let key = folder.join("keys/log.pem");
    let restored =
        restore(&safe, (&place, &key), "a test", &laboratory.clock, &mut |_| ()).unwrap();
    assert!(restored.entry > 0);
    let checked = check_store(&place, &mut |_| ()).unwrap();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    assert_eq!(checked.disposed.len(), 1);
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no `{before}`: {text}"));
    rest.split_once(after).unwrap().0
}

#[track_caller]
fn says(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "`{part}`: {page}");
    }
}

#[test] // P11-10c1
fn files_go_in_the_browser_and_every_page_says_so() {
    let (laboratory, file) = one_due();
    let rosa = laboratory.signed_in("rosa");
    let field = format!("file-{file}");
    let page = rosa.read("/retention");
    says(
        &page,
        &["refused files", "1 year from the day the file came", &field, "quarantined file may"],
    );
    let ines = laboratory.signed_in("ines").read("/retention");
    assert!(ines.contains(&file) && !ines.contains(&field), "{ines}");
    let fields = [(field.as_str(), "on"), ("reason", REASON)];
    let shown = rosa.page("/disposals/sheet", Some(&fields));
    says(
        &shown,
        &["Nothing is recorded yet", REASON, "it is not read again", "Propose the disposal"],
    );
    let sha256 = between(&shown, "name=\"sheet_sha256\" value=\"", "\"").to_owned();
    assert_eq!(
        sheet(&rosa, std::slice::from_ref(&file)).text("sha256"),
        sha256,
        "page and API show the same"
    );
    let typed = |password| {
        [
            (field.as_str(), "on"),
            ("reason", REASON),
            ("sheet_sha256", &sha256),
            ("password", password),
        ]
    };
    says(&rosa.page("/disposals", Some(&typed("another one"))), &["role=\"alert\"", &sha256]);
    let proposed = rosa.page("/disposals", Some(&typed(CHOSEN)));
    says(&proposed, &["You proposed it", "rosa", "proposes to dispose of these files"]);
    assert!(!proposed.contains("Dispose of the files"), "not by who proposed it: {proposed}");
    let id = between(&proposed, "<h1>Disposal ", "</h1>").to_owned();
    let quentin = laboratory.signed_in("quentin");
    let waits = quentin.read(&format!("/disposals/{id}"));
    says(&waits, &["It waits for the signature", "Dispose of the files"]);
    let signing = [("sheet_sha256", sha256.as_str()), ("password", CHOSEN)];
    let signed = quentin.page(&format!("/disposals/{id}/signature"), Some(&signing));
    says(&signed, &["its files are gone", "approves to dispose of these files", "notice done"]);
    assert!(!object(&laboratory, &file).exists());
    says(&quentin.read("/retention"), &["No file is due", &id, "1\u{a0}file is gone"]);
    let hold = [("model", MODEL), ("version", "1"), ("batch", ""), ("reason", HELD)];
    says(&quentin.page("/legal-holds", Some(&hold)), &["role=\"status\"", "in force", HELD]);
    let rules = [
        ("rules", "class a = 2 years from delivery | SOP 10\nkind labels = a"),
        ("reason", "SOP 10"),
    ];
    says(
        &quentin.page("/retention", Some(&rules)),
        &["2 years from the day the file came", "SOP 10"],
    );
    let wrong = [("rules", "labels for 2 years"), ("reason", "SOP 10")];
    says(&quentin.page("/retention", Some(&wrong)), &["role=\"alert\"", "is no rule"]);
}
