//! Story: a second version comes after an approved one. What changed is computed, stated and signed; one version is in use at a time;
//! and a batch of another configuration than the registered one is told apart.
//! Method: the API over HTTP, one account a role; the store and packs of either version are checked afterwards, and attacked.

use crate::evidence::{Files, export};
use crate::harness::{Answer, Laboratory, MODEL, Visitor, registration, table};
use driftledger::digest::{canonical_json, sha256_hex};
use driftledger::evidence::manifest::Scope;
use driftledger::evidence::verify::verify;
use driftledger::procedures::check_store::check_store;
use serde_json::{Value, json};
use std::io::Cursor;

fn at(version: &str, path: &str) -> String {
    format!("/api/v1/models/{MODEL}/versions/{version}/{path}")
}

/// A model record without a gap.
pub(super) fn record(version: &str, influence: &str) -> Value {
    json!({
        "format": "driftledger/model-record/v1", "model": MODEL, "version": version,
        "question_of_interest": "Is the tablet good?",
        "context_of_use": "Beside the sampling plan of the line.",
        "intended_use": "Marks tablets for a second look.",
        "out_of_scope": ["release of a lot"],
        "fallback": "Every hundredth tablet is weighed by hand.",
        "input_space": "Tablets of two lines, weighed in process.",
        "no_subgroups_because": "both lines are of one make",
        "risk": {"influence": influence, "consequence": "medium", "rationale": "A second look follows."},
        "human_role": {"place": "in_the_loop", "duty": "An operator looks at each marked tablet."},
        "explainability": "One limit of weight.",
        "confidence": {"meaning": "none is given", "undecided": "it always decides"},
        "learning": "static", "deterministic": true,
    })
}

pub(super) fn statement(retest: bool) -> Value {
    json!({
        "kinds": ["data"], "reason": "the line has a new punch",
        "impact": "weights move by less than the tolerance; the mark is looked at by the same people",
        "risk": "unchanged", "retest": retest,
        "retest_rationale": "the model was fitted on other rows than before",
        "external_change": "CC-0042",
    })
}

fn codes(gaps: &Value) -> Vec<&str> {
    gaps.as_array().unwrap().iter().map(|gap| gap["code"].as_str().unwrap()).collect()
}

fn gaps_of(program: &Visitor, version: &str, step: &str) -> Value {
    let life = program.get(&at(version, "life-cycle"));
    let next = life.body["next"].as_array().unwrap().clone();
    next.iter().find(|next| next["step"] == step).unwrap()["gaps"].clone()
}

pub(super) fn labelled() -> String {
    let text = table(200, 9, 0.0);
    let mut lines = text.lines();
    let mut labelled = format!("{},label\n", lines.next().unwrap());
    for (number, line) in lines.enumerate() {
        let passed = line.ends_with("true") != (number % 10 == 0);
        labelled.push_str(&format!("{line},{passed}\n"));
    }
    labelled
}

fn sheet(visitor: &Visitor, version: &str, step: &str, input: &Value) -> Answer {
    visitor.post(&at(version, &format!("steps/{step}/sheet")), input)
}

pub(super) fn take(
    laboratory: &Laboratory,
    who: &str,
    version: &str,
    step: &str,
    input: &Value,
) -> Answer {
    let visitor = laboratory.signed_in(who);
    let mut input = input.clone();
    let mut shown = sheet(&visitor, version, step, &input);
    if let Some(looked_at) = super::life_cycle::looked_at(&shown, &input) {
        (shown, input) = (sheet(&visitor, version, step, &looked_at), looked_at);
    }
    if shown.status != 200 {
        return shown;
    }
    let mut body = input.clone();
    body["sheet_sha256"] = shown.body["sha256"].clone();
    body["password"] = json!(laboratory.password(who));
    visitor.post(&at(version, &format!("steps/{step}")), &body)
}

#[track_caller]
pub(super) fn done(answer: &Answer, state: &str) {
    assert_eq!((answer.status, answer.body["state"].as_str()), (201, Some(state)), "{answer:?}");
}

fn state_of(program: &Visitor, version: &str) -> String {
    program.get(&at(version, "life-cycle")).text("state").to_owned()
}

/// Registers, describes and plans a version.
pub(super) fn prepared(program: &Visitor, version: &str, seed: u64, influence: &str) {
    let document = serde_json::to_value(registration(version, seed)).unwrap();
    let path = format!("/api/v1/models/{MODEL}/versions");
    assert_eq!(program.post(&path, &document).status, 201);
    let described = program.send_json("PUT", &at(version, "record"), &record(version, influence));
    assert_eq!(described.status, 201, "{described:?}");
    plan(program, version);
}

/// Fixes acceptance criteria.
pub(super) fn plan(program: &Visitor, version: &str) {
    let plan = json!({"format": "driftledger/acceptance-plan/v1", "model": MODEL, "version": version,
        "rationale": "a wrong tablet must be found", "criteria":
        [{"metric": "accuracy", "direction": "at_least", "limit": 0.5, "judged_by": "bound"}]});
    assert_eq!(program.post(&at(version, "acceptance"), &plan).status, 201);
}

pub(super) fn test(program: &Visitor, version: &str) {
    let path = at(version, "test-runs");
    let run = program.post_table(&path, "text/csv", labelled().as_bytes());
    assert_eq!(run.status, 201, "{run:?}");
}

pub(super) fn approved(laboratory: &Laboratory, version: &str) {
    done(&take(laboratory, "dana", version, "submit", &json!({})), "submitted");
    done(&take(laboratory, "rosa", version, "review", &json!({})), "submitted");
    done(&take(laboratory, "quentin", version, "approve", &json!({})), "approved");
}

pub(super) fn sign_change(laboratory: &Laboratory, who: &str, version: &str) -> Answer {
    let visitor = laboratory.signed_in(who);
    let shown = visitor.get(&at(version, "change"));
    let sha256 = shown.body["change"]["sha256"].as_str().unwrap_or("none");
    let body = json!({"change_sha256": sha256, "password": laboratory.password(who)});
    visitor.post(&at(version, "change/signature"), &body)
}

fn release() -> Value {
    json!({"effective_on": "2026-06-02"})
}

/// Version 1 in use; version 2 registered, described and planned.
fn two_versions(influence: &str) -> (Laboratory, Visitor) {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    prepared(&program, "1", 1, "low");
    test(&program, "1");
    approved(&laboratory, "1");
    done(&take(&laboratory, "quentin", "1", "release", &release()), "in_use");
    prepared(&program, "2", 31, influence);
    (laboratory, program)
}

fn clean(laboratory: &Laboratory) {
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
}

#[test] // REQ-A22d-10.1
fn what_follows_an_approved_version_is_not_submitted_without_a_signed_change_record() {
    let (laboratory, program) = two_versions("medium");
    program.post(&at("1", "change"), &statement(true)).problem(409, "conflict");
    assert_eq!(codes(&gaps_of(&program, "2", "submit")), ["change_record"]);
    assert_eq!(program.get(&at("2", "change")).body["follows"]["version"], "1");
    let because = program.get(&at("2", "change")).body["retest_because"].clone();
    assert_eq!(because, json!(["the training data"]));
    let no = program.post(&at("2", "change"), &statement(false));
    assert!(no.problem(422, "retest_needed").contains("the training data"));
    for (field, wrong) in [
        ("kinds", json!([])),
        ("reason", json!(" ")),
        ("impact", json!("")),
        ("retest_rationale", json!("so")),
    ] {
        let mut said = statement(true);
        said[field] = wrong;
        let refused = program.post(&at("2", "change"), &said);
        assert!(refused.problem(422, "review_not_valid").contains(field), "{field}");
    }
    for reader in ["quentin", "rosa", "pavel", "ines", "adam"] {
        let refused = laboratory.signed_in(reader).post(&at("2", "change"), &statement(true));
        refused.problem(403, "not_permitted");
    }
    sign_change(&laboratory, "dana", "2").problem(404, "not_found");
    let made = program.post(&at("2", "change"), &statement(true));
    assert_eq!((made.status, &made.body["revision"]), (201, &json!(1)), "{made:?}");
    let again = program.post(&at("2", "change"), &statement(true));
    assert_eq!((again.status, again.text("id")), (200, made.text("id")));
    assert_eq!(codes(&gaps_of(&program, "2", "submit")), ["change_authored"]);
    sign_change(&laboratory, "quentin", "2").problem(403, "not_permitted");
    let token = program.post(
        &at("2", "change/signature"),
        &json!({"change_sha256": made.text("sha256"), "password": "x"}),
    );
    token.problem(403, "not_permitted");
    let dana = laboratory.signed_in("dana");
    let sign = |sha256: &str, password: &str| {
        let body = json!({"change_sha256": sha256, "password": password});
        dana.post(&at("2", "change/signature"), &body)
    };
    sign(&"0".repeat(64), laboratory.password("dana")).problem(409, "record_changed");
    sign(made.text("sha256"), "not the password").problem(401, "wrong_credentials");
    let signed = sign_change(&laboratory, "dana", "2");
    assert!(signed.text("manifestation").contains("states its impact"), "{signed:?}");
    sign_change(&laboratory, "dana", "2").problem(403, "not_permitted");
    done(&take(&laboratory, "dana", "2", "submit", &json!({})), "submitted");
    program
        .post(&at("2", "change"), &{
            let mut other = statement(true);
            other["reason"] = json!("another one");
            other
        })
        .problem(409, "wrong_state");
    // The medium tier needs QA before the review, and the test that the record asks for.
    let gaps = gaps_of(&program, "2", "review");
    assert!(
        codes(&gaps).contains(&"change_approved") && codes(&gaps).contains(&"retest"),
        "{gaps}"
    );
    sign_change(&laboratory, "rosa", "2").problem(403, "not_permitted");
    assert_eq!(sign_change(&laboratory, "quentin", "2").status, 201);
    test(&program, "2");
    assert_eq!(codes(&gaps_of(&program, "2", "review")), ["study"]);
    let page = laboratory.signed_in("ines").read(&format!("/models/{MODEL}/versions/2/change"));
    for words in ["CC-0042", "approves this change", "What differs, computed", "Tested again"] {
        assert!(page.contains(words), "`{words}` is not on the page of the change");
    }
    clean(&laboratory);
    let (pack, _) = export(&laboratory.store, &Scope::of(MODEL, None));
    let key = laboratory.store.verifier_key();
    let verified = verify(&mut Cursor::new(&pack), Some(key), &mut |_| ()).unwrap();
    assert_eq!((verified.findings, verified.checked.examined.changes), (vec![], 1));
    // A change record that says less than what differs is found out from the registrations.
    let changed = tampered(&pack, "change_record", "impact", |record| {
        record["difference"]["datasets"] = json!([]);
    });
    let verified = verify(&mut Cursor::new(&changed), Some(key), &mut |_| ()).unwrap();
    let said = verified.findings.iter().any(|found| {
        found.code == "record_disagrees" && found.detail.contains("differs between the two")
    });
    assert!(said, "{:?}", verified.findings);
}

/// The pack with the one row of `table` whose document has `marker` changed, and its digests with it.
pub(super) fn tampered(
    pack: &[u8],
    table: &str,
    marker: &str,
    change: impl Fn(&mut Value),
) -> Vec<u8> {
    let mut files = Files::of(pack);
    let prefix = format!("records/{table}/");
    let of = |(name, bytes): (&String, &Vec<u8>)| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        (name.starts_with(&prefix) && text.contains(marker)).then(|| name.clone())
    };
    let name = files.0.iter().find_map(of).unwrap();
    let mut row: Value = serde_json::from_slice(&files.0[&name]).unwrap();
    let mut document: Value = serde_json::from_str(row["document"].as_str().unwrap()).unwrap();
    change(&mut document);
    let bytes = canonical_json(&document).unwrap();
    row["sha256"] = json!(sha256_hex(&bytes));
    row["document"] = json!(String::from_utf8(bytes).unwrap());
    files.0.insert(name, canonical_json(&row).unwrap());
    files.relist();
    files.seal()
}

/// Both versions approved: version 1 in use, version 2 not yet.
fn both_approved() -> (Laboratory, Visitor) {
    let (laboratory, program) = two_versions("low");
    assert_eq!(program.post(&at("2", "change"), &statement(true)).status, 201);
    assert_eq!(sign_change(&laboratory, "dana", "2").status, 201);
    test(&program, "2");
    approved(&laboratory, "2");
    (laboratory, program)
}

#[test] // REQ-A11-4.3
fn one_version_of_a_model_is_in_use_and_the_one_before_goes_out_by_the_same_signature() {
    let (laboratory, program) = both_approved();
    let quentin = laboratory.signed_in("quentin");
    let alone = sheet(&quentin, "1", "supersede", &json!({}));
    alone.problem(409, "incomplete");
    assert_eq!(codes(&alone.body["gaps"]), ["successor"]);
    let life = program.get(&at("1", "life-cycle")).body;
    assert!(life["next"].as_array().unwrap().iter().all(|next| next["step"] != "supersede"));
    let shown = sheet(&quentin, "2", "release", &release());
    assert_eq!(shown.body["sheet"]["supersedes"][0]["version"], "1", "{shown:?}");
    assert_eq!(
        shown.body["also"][0]["sha256"],
        shown.body["sheet"]["supersedes"][0]["sheet_sha256"]
    );
    let page = quentin.read(&format!(
        "/models/{MODEL}/versions/2/steps/release?sheet=yes&effective_on=2026-06-02"
    ));
    assert!(page.contains("Signed in the same act: version 1 goes out of use"), "{page}");
    // What stands on the sheet is signed: a version that went out meanwhile makes it another sheet.
    let why = json!({"reason": "the scale is recalibrated"});
    done(&take(&laboratory, "pavel", "1", "suspend", &why), "suspended");
    let body = json!({"effective_on": "2026-06-02", "sheet_sha256": shown.text("sha256"),
                      "password": laboratory.password("quentin")});
    quentin.post(&at("2", "steps/release"), &body).problem(409, "record_changed");
    done(&take(&laboratory, "rosa", "1", "review", &why), "suspended");
    done(&take(&laboratory, "quentin", "1", "resume", &why), "in_use");

    let entry = take(&laboratory, "quentin", "2", "release", &release());
    done(&entry, "in_use");
    assert_eq!(state_of(&program, "1"), "suspended");
    let steps = program.get(&at("1", "life-cycle")).body["steps"].clone();
    let last = steps.as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["step"], &last["entry"]), (&json!("supersede"), &entry.body["entry"]));
    assert_eq!(last["sheet"]["superseded_by"]["version"], "2");
    let late = program.post_table(
        &at("1", "batches?name=late"),
        "text/csv",
        table(80, 77, 0.0).as_bytes(),
    );
    assert_eq!((late.status, late.text("version_state")), (201, "suspended"));
    // Back again: the same, the other way round.
    done(&take(&laboratory, "rosa", "1", "review", &why), "suspended");
    done(&take(&laboratory, "quentin", "1", "resume", &why), "in_use");
    assert_eq!(state_of(&program, "2"), "suspended");
    clean(&laboratory);
    let key = laboratory.store.verifier_key();
    let found =
        |pack: &[u8]| verify(&mut Cursor::new(pack), Some(key), &mut |_| ()).unwrap().findings;
    for scope in [Scope::of(MODEL, Some("1")), Scope::of(MODEL, Some("2")), Scope::of(MODEL, None)]
    {
        let (pack, _) = export(&laboratory.store, &scope);
        assert_eq!(found(&pack), [], "{scope:?}");
        let hidden = tampered(&pack, "version_step", "supersedes", |sheet| {
            sheet.as_object_mut().unwrap().remove("supersedes");
        });
        let findings = found(&hidden);
        assert!(findings.iter().any(|f| f.code == "step_not_allowed"), "{findings:?}");
        let other = tampered(&pack, "version_step", "superseded_by", |sheet| {
            sheet["superseded_by"]["version"] = json!("3");
        });
        let findings = found(&other);
        assert!(
            findings.iter().any(|f| f.code == "step_not_allowed" && f.detail.contains('3')),
            "{findings:?}"
        );
    }
}

#[test] // REQ-A22d-10.2
fn a_batch_of_another_configuration_raises_a_critical_alert_of_its_own_kind() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    prepared(&program, "1", 1, "low");
    let known = program.get(&at("1", "configuration"));
    let (approved, other) = (known.text("fingerprint").to_owned(), "f".repeat(64));
    assert_eq!(known.body["configuration"]["artifacts"].as_object().unwrap().len(), 1);
    let send = |name: &str, seed, configuration: Option<&str>| {
        let said = configuration.map(|c| format!("&configuration={c}")).unwrap_or_default();
        let path = at("1", &format!("batches?name={name}{said}"));
        program.post_table(&path, "text/csv", table(80, seed, 0.0).as_bytes())
    };
    let check = |answer: &Answer| {
        assert_eq!(answer.status, 201, "{answer:?}");
        let report = program.get(&format!("/api/v1/reports/{}", answer.text("id"))).body;
        report["context"]["configuration"].clone()
    };
    let alerts = || {
        let all = program.get("/api/v1/alerts").body;
        let of = all.as_array().unwrap().iter();
        of.filter(|alert| alert["opening"]["kind"] == "other_configuration")
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(check(&send("same", 40, Some(&approved)))["outcome"], "same");
    let silent = check(&send("silent", 41, None));
    assert_eq!((&silent["outcome"], silent.get("stated")), (&json!("not_stated"), None));
    for wrong in ["", "abc", &"F".repeat(64)] {
        let refused = send("wrong", 42, Some(wrong));
        refused.problem(400, "fingerprint_not_valid");
    }
    assert!(alerts().is_empty());
    let swapped = send("swapped", 43, Some(&other));
    assert_eq!(check(&swapped)["outcome"], "other");
    assert_eq!(check(&send("still", 44, Some(&other)))["outcome"], "other");
    let raised = alerts();
    assert_eq!(raised.len(), 1, "the second batch joins the open alert: {raised:?}");
    assert_eq!(raised[0]["batches"], 2);
    let again = send("swapped", 43, Some(&approved));
    assert!(again.problem(409, "conflict").contains("came before"));
    let id = raised[0]["id"].as_str().unwrap();
    let quentin = laboratory.signed_in("quentin");
    let acknowledge = |severity: &str| {
        let body = json!({"severity": severity, "comment": "the file on the line was swapped"});
        quentin.post(&format!("/api/v1/alerts/{id}/acknowledgement"), &body)
    };
    assert!(acknowledge("minor").problem(400, "bad_request").contains("critical"));
    assert_eq!(acknowledge("critical").status, 201);
    let page = quentin.read(&format!("/reports/{}", swapped.text("id")));
    assert!(page.contains("another configuration than the registered one"), "{page}");
    clean(&laboratory);
    let (pack, _) = export(&laboratory.store, &Scope::of(MODEL, Some("1")));
    let key = laboratory.store.verifier_key();
    let found =
        |pack: &[u8]| verify(&mut Cursor::new(pack), Some(key), &mut |_| ()).unwrap().findings;
    assert_eq!(found(&pack), []);
    let hidden = tampered(&pack, "report", &other, |report| {
        report["context"]["configuration"] =
            json!({"registered": approved, "stated": approved, "outcome": "same"});
    });
    let findings = found(&hidden);
    assert!(findings.iter().any(|f| f.detail.contains("about the configuration")), "{findings:?}");
}
