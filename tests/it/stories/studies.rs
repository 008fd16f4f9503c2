//! Story: a data scientist studies reference batches and attaches the study to a version; nobody can attach another one in its name.
//! Method: the API over HTTP with a personal token; the store is checked and its pack verified afterwards.

use crate::evidence::{Files, export};
use crate::harness::{Laboratory, MODEL, VERSION_PATH, register, registration, schema, table};
use driftledger::dataset::split::SplitBy;
use driftledger::evidence::manifest::Scope;
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::study_batches::{StudyFiles, study_batches};
use driftledger::procedures::verify_pack::verify_pack;
use serde_json::{Value, json};

/// A study of the reference of version 1, which is drawn from seed 1, split by line.
pub(super) fn study(seed: u64) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let (reference, declared) = (folder.path().join("r.csv"), folder.path().join("schema.json"));
    std::fs::write(&reference, table(600, 1, 0.0)).unwrap();
    std::fs::write(&declared, schema().to_string()).unwrap();
    let study = study_batches(&StudyFiles {
        batches: vec![reference],
        split: Some(SplitBy { column: "line".to_owned(), period: None }),
        schema: Some(declared),
        seed,
        sequences: Some(5),
        challenge_sequences: Some(2),
        ..StudyFiles::default()
    });
    serde_json::to_value(study.unwrap()).unwrap()
}

fn path() -> String {
    format!("{VERSION_PATH}/studies")
}

#[test]
fn an_attached_study_is_computed_again_sealed_and_found() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let study = study(1);
    let first = program.post(&path(), &study);
    assert_eq!(first.status, 201, "{first:?}");
    let again = program.post(&path(), &study);
    assert_eq!((again.status, again.text("id")), (200, first.text("id")));
    let listed = program.get(&path());
    assert_eq!(listed.body.as_array().unwrap().len(), 1);
    let read = program.get(&format!("/api/v1/studies/{}", first.text("id")));
    assert_eq!((read.status, &read.body["study"]), (200, &study));
    assert_eq!(read.body["is_in_force"], false, "the version has no stated tolerances");
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    assert_eq!(checked.examined.studies, 1);
}

#[test]
fn a_study_that_is_not_what_its_counts_say_is_refused() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let study = study(1);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut other = study.clone();
        change(&mut other);
        program.post(&path(), &other).problem(422, "record_mismatch").to_owned()
    };
    let embellished = changed(&|s| s["replay"]["mean"] = json!(0.25));
    assert!(embellished.contains("says something else"), "{embellished}");
    let moved = changed(&|s| s["batches"][0]["counts"][0][0][0] = json!(3));
    assert!(moved.contains("says something else"), "{moved}");
    let other = changed(&|s| s["about"]["reference_sha256"] = json!("0".repeat(64)));
    assert!(other.contains("the reference that is registered"), "{other}");
    let endless = changed(&|s| s["settings"]["sequences"] = json!(4_000_000_000_u32));
    assert!(endless.contains("fewer sequences"), "{endless}");
    let huge = changed(&|s| s["batches"][0]["counts"][0][0][0] = json!(1_u64 << 52));
    assert!(huge.contains("not on the bins"), "{huge}");
    assert_eq!(program.get(&path()).body, json!([]));
    let quentin = laboratory.signed_in("quentin").post(&path(), &study);
    quentin.problem(403, "not_permitted");
}

#[test]
fn another_person_signs_the_study_with_the_password_again_and_only_once() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let made = program.post(&path(), &study(1));
    let (id, sha256) = (made.text("id"), made.text("sha256"));
    let path = format!("/api/v1/studies/{id}/signature");
    let sign = |who: &str, sha256: &str, password: &str| {
        let body = json!({"study_sha256": sha256, "password": password});
        laboratory.signed_in(who).post(&path, &body)
    };
    let rosa = laboratory.password("rosa");
    sign("dana", sha256, laboratory.password("dana")).problem(403, "not_permitted");
    program
        .post(&path, &json!({"study_sha256": sha256, "password": rosa}))
        .problem(403, "not_permitted");
    assert!(sign("rosa", &"0".repeat(64), rosa).status >= 400);
    assert!(sign("rosa", sha256, "not the password").status >= 400);
    let signed = sign("rosa", sha256, rosa);
    assert_eq!((signed.status, signed.text("meaning")), (201, "approves_study"), "{signed:?}");
    let again = sign("quentin", sha256, laboratory.password("quentin"));
    assert!(again.problem(400, "bad_request").contains("signed already"));
    let read = program.get(&format!("/api/v1/studies/{id}"));
    assert_eq!(read.body["signature"]["signer"]["user_name"], "rosa");
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    // Beside those with which three people accepted the statement of accountability.
    assert_eq!((checked.examined.signatures, checked.examined.acceptances), (4, 3));

    // In the pack it is one page to print, with the words of the signature, which verifies with the rest.
    let (pack, _) = export(&laboratory.store, &Scope::whole());
    let files = Files::of(&pack);
    let page = String::from_utf8(files.0[&format!("studies/{id}.html")].clone()).unwrap();
    for told in
        [sha256, "Signed electronically by", "Replay: ", "weight_mg", "<svg class=\"evidence\""]
    {
        assert!(page.contains(told), "{told}: {page}");
    }
    for forbidden in ["<script", "src=", "href=", "url(", "style=\""] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &pack).unwrap();
    let key = laboratory.store.verifier_key();
    let verified = verify_pack(file.path(), Some(key), &mut |_| ()).unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
}

#[test]
fn batches_that_were_judged_can_be_studied_from_their_reports() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    for (name, seed) in [("monday", 5), ("tuesday", 6), ("wednesday", 7)] {
        let csv = table(80, seed, 0.0);
        assert_eq!(program.post_batch(name, "text/csv", csv.as_bytes()).status, 201);
    }
    let path = format!("{}/of-judged-batches", path());
    let asked = json!({"batches": ["monday", "tuesday", "wednesday"], "sequences": 5, "challenge_sequences": 2});
    let made = program.post(&path, &asked);
    assert_eq!(made.status, 201, "{made:?}");
    let read = program.get(&format!("/api/v1/studies/{}", made.text("id")));
    let study = &read.body["study"];
    assert_eq!(study["about"]["origin"], "apart");
    assert_eq!(study["batches"].as_array().unwrap().len(), 3);
    assert_eq!(study["batches"][1]["rows"], 80);
    let detail = program.post(&path, &json!({"batches": ["monday", "sunday"]}));
    assert!(detail.problem(404, "not_found").contains("sunday"));
    let one = program.post(&path, &json!({"batches": ["monday"]}));
    assert!(one.problem(422, "record_mismatch").contains("at least 2"));
}

#[test]
fn a_version_is_registered_with_the_tolerances_proposed_and_never_below_the_reference_error() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let study = study(1);
    let mut document = serde_json::to_value(registration("1", 1)).unwrap();
    document["policy"] = study["proposed"].clone();
    let mut tight = document.clone();
    tight["policy"]["tolerances"]["weight_mg/values"]["tolerance"] = json!(0.01);
    let versions = format!("/api/v1/models/{MODEL}/versions");
    let refused = program.post(&versions, &tight);
    let detail = refused.problem(422, "record_mismatch");
    assert!(detail.contains("below the reference's own error"), "{detail}");
    assert_eq!(program.post(&versions, &document).status, 201);
    let attached = program.post(&path(), &study);
    assert_eq!(attached.status, 201, "{attached:?}");
    let read = program.get(&format!("/api/v1/studies/{}", attached.text("id")));
    assert_eq!(read.body["is_in_force"], true);
}
