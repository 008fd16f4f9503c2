//! Story: a test run was made by mistake; QA marks it as invalid by a signature, and nothing is approved or put in use on it any more.
//! Method: the API over HTTP and the pages; `check` and the pack of the version are held against what was done, and against forgeries.

use super::invalidations::{between, says};
use super::life_cycle::{at, codes, done, gaps_of, submitted, take, test};
use crate::evidence::{Files, export};
use crate::harness::{Answer, CHOSEN, Laboratory, MODEL, Visitor};
use driftledger::digest::{canonical_json, sha256_hex};
use driftledger::evidence::manifest::Scope;
use driftledger::evidence::verify::verify;
use driftledger::procedures::check_store::check_store;
use serde_json::{Value, json};
use std::io::Cursor;

const REASON: &str = "the predictions came from the environment of another version";

fn path(run: &str) -> String {
    format!("/api/v1/test-runs/{run}/invalidation")
}

fn sheet(visitor: &Visitor, run: &str, reason: &str) -> Answer {
    visitor.post(&format!("{}/sheet", path(run)), &json!({"reason": reason}))
}

fn sign(visitor: &Visitor, run: &str, sha256: &str) -> Answer {
    let body = json!({"reason": REASON, "sheet_sha256": sha256, "password": CHOSEN});
    visitor.post(&path(run), &body)
}

/// The id of the newest test run, whether it counts or not.
fn newest(program: &Visitor) -> String {
    let runs = program.get(&at("test-runs")).body;
    runs[0]["id"].as_str().unwrap_or_else(|| panic!("{runs}")).to_owned()
}

/// Nobody marks a test run as invalid who may not, without a reason, or over another sheet.
fn refusals(laboratory: &Laboratory, program: &Visitor, run: &str) {
    for user in ["dana", "rosa", "pavel", "ines", "adam"] {
        sheet(&laboratory.signed_in(user), run, REASON).problem(403, "not_permitted");
    }
    sheet(program, run, REASON).problem(403, "not_permitted");
    let quentin = laboratory.signed_in("quentin");
    for reason in ["", "   ", "a mistake"] {
        assert_eq!(sheet(&quentin, run, reason).status, 422, "{reason:?}");
    }
    assert_eq!(sheet(&quentin, "none", REASON).status, 404);
    sign(&quentin, run, &"0".repeat(64)).problem(409, "record_changed");
}

/// Marks the run as invalid on its page, which shows what the API shows.
fn in_the_browser(quentin: &Visitor, run: &str) {
    let shown = format!("/models/{MODEL}/versions/1/test-runs/{run}");
    let form = format!("/test-runs/{run}/invalidation");
    says(&quentin.read(&shown), &[&format!("href=\"{form}\""), "Mark this test run as invalid"]);
    assert!(!quentin.read(&form).contains("What is signed"), "the reason comes first");
    let laid_out = quentin.page(&format!("{form}/sheet"), Some(&[("reason", REASON)]));
    let sha256 = between(&laid_out, "name=\"sheet_sha256\" value=\"", "\"").to_owned();
    assert_eq!(sheet(quentin, run, REASON).text("sha256"), sha256);
    says(
        &laid_out,
        &["made by dana", "Submit (ledger entry", "none: the version has to be", REASON],
    );
    let fields = |password: &'static str| {
        vec![("reason", REASON), ("sheet_sha256", sha256.as_str()), ("password", password)]
    };
    let refused = quentin.page(&form, Some(&fields("another one")));
    says(&refused, &["role=\"alert\"", &sha256, &format!(">{REASON}</textarea>")]);
    let signed = quentin.page(&form, Some(&fields(CHOSEN)));
    says(
        &signed,
        &["This test run counts for nothing any more", "by quentin", REASON, "invalid</span>"],
    );
    assert!(!signed.contains("Mark this test run as invalid"), "once: {signed}");
    let again = quentin.page(&form, Some(&fields(CHOSEN)));
    says(&again, &["role=\"alert\"", "already"]);
}

/// Who made a run does not mark it as invalid, whatever role that person has by now.
fn not_by_who_made_it(laboratory: &Laboratory, run: &str) {
    let (adam, quentin) = (laboratory.signed_in("adam"), laboratory.signed_in("quentin"));
    let asked = json!({"user_name": "dana", "role": "qa", "reason": "stands in for somebody"});
    let asked = adam.post("/api/v1/role-requests", &asked);
    let answer = format!("/api/v1/role-requests/{}/answer", asked.text("id"));
    let granted = quentin.post(&answer, &json!({"granted": true, "reason": "trained"}));
    assert_eq!(granted.status, 201, "{granted:?}");
    let dana = laboratory.signed_in("dana");
    sheet(&dana, run, REASON).problem(403, "same_person");
    let refusal = "another person has to mark it as invalid";
    says(&dana.read(&format!("/test-runs/{run}/invalidation")), &[refusal]);
}

#[test] // DI-complete, A11-9
fn an_invalid_test_run_carries_no_approval_and_a_new_one_does() {
    let laboratory = Laboratory::open();
    let program = submitted(&laboratory);
    let none = json!({});
    done(&take(&laboratory, "rosa", "review", &none), "submitted");
    let first = newest(&program);
    refusals(&laboratory, &program, &first);
    let quentin = laboratory.signed_in("quentin");
    in_the_browser(&quentin, &first);

    // Nothing is approved on it, and its file does not come back.
    assert_eq!(codes(&gaps_of(&quentin, "approve")), ["test_run", "reviewed_evidence"]);
    take(&laboratory, "quentin", "approve", &none).problem(409, "incomplete");
    let listed = program.get(&at("acceptance")).body;
    assert_eq!((&listed["newest"], &listed["meets"]), (&Value::Null, &json!(false)), "{listed}");
    let invalid = &listed["runs"][0]["invalidated"];
    assert_eq!((&invalid["by"], &invalid["reason"]), (&json!("quentin"), &json!(REASON)));
    let same = test(&program, 10);
    assert!(same.problem(409, "conflict").contains("predictions of another run"), "{same:?}");

    // Another run counts. What was approved on it stands, and is not put in use once that one is invalid, too.
    let why = json!({"reason": "its test run is invalid"});
    assert_eq!(test(&program, 11).status, 201);
    done(&take(&laboratory, "quentin", "reject", &why), "draft");
    done(&take(&laboratory, "dana", "submit", &none), "submitted");
    done(&take(&laboratory, "rosa", "review", &none), "submitted");
    done(&take(&laboratory, "quentin", "approve", &none), "approved");
    let steps = program.get(&at("life-cycle")).body["steps"].clone();
    let critical =
        steps.as_array().and_then(|steps| steps.last()).unwrap()["sheet"]["trail"].to_string();
    assert!(critical.contains("a test run was marked as invalid"), "{critical}");
    let second = newest(&program);
    let shown = sheet(&quentin, &second, REASON);
    let said = &shown.body["sheet"];
    let resting: Vec<&str> =
        said["steps"].as_array().unwrap().iter().map(|s| s["step"].as_str().unwrap()).collect();
    assert_eq!(resting, ["reject", "submit", "review", "approve"]);
    assert_eq!((&said["state"], &said["meets_plan"]), (&json!("approved"), &json!(true)));
    assert!(said["counts_instead"].is_null(), "{said}");
    let signed = sign(&quentin, &second, shown.text("sha256"));
    assert_eq!(signed.status, 201, "{signed:?}");
    assert!(signed.text("manifestation").contains("marks this test run as invalid"), "{signed:?}");
    assert!(sheet(&quentin, &second, REASON).problem(409, "conflict").contains("invalid since"));
    let release = json!({"effective_on": "2026-06-02"});
    let refused = take(&laboratory, "quentin", "release", &release);
    assert!(refused.problem(409, "incomplete").contains(&format!("rests on test run `{second}`")));
    assert_eq!(codes(&refused.body["gaps"]), ["tested_again"]);
    let version = format!("/models/{MODEL}/versions/1");
    let parts = ["the approval rests on test run", REASON, "neither put in use", "2 test runs are"];
    says(&quentin.read(&version), &parts);
    says(&quentin.read(&format!("{version}/steps/release")), &["the approval rests on test run"]);
    let printed = quentin.read(&format!("{version}/assessments/fda-credibility"));
    says(&printed, &["invalid since", REASON]);
    assert_eq!(test(&program, 12).status, 201);
    done(&take(&laboratory, "quentin", "release", &release), "in_use");
    let basis = program.get(&at("life-cycle")).body["invalid_basis"].clone();
    let told = (&basis["test_run"], &basis["is_tested_again"]);
    assert_eq!(told, (&json!(second), &json!(true)), "{basis}");
    prove(&laboratory);
    // Last: the clock of a laboratory stands still, and so does the time at which somebody gets another role.
    not_by_who_made_it(&laboratory, &newest(&program));
}

/// Nothing is found in store and pack, both tell of it, and what is changed in the pack is named.
fn prove(laboratory: &Laboratory) {
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
    assert_eq!(checked.examined.invalidations, 2);
    let (pack, _) = export(&laboratory.store, &Scope::of(MODEL, Some("1")));
    laboratory.leave("marked-test-runs", &pack);
    let key = laboratory.store.verifier_key();
    let found = |files: &mut Files| {
        files.relist();
        let verified = verify(&mut Cursor::new(files.seal()), Some(key), &mut |_| ()).unwrap();
        verified.findings
    };
    let clean = Files::of(&pack);
    let verified = verify(&mut Cursor::new(&pack), Some(key), &mut |_| ()).unwrap();
    assert_eq!(verified.findings, []);
    let story = String::from_utf8_lossy(&clean.0["story.html"]).into_owned();
    says(&story, &["This test run counts for nothing any more. It is invalid since", REASON]);
    let names: Vec<String> = clean.0.keys().cloned().collect();
    let of = |folder: &str| names.iter().filter(|name| name.starts_with(folder)).count();
    assert_eq!((of("records/test_run_invalidation/"), of("test-run-invalidations/")), (2, 2));

    let name = clean.first("records/test_run_invalidation/");
    let mut files = clean.clone();
    files.0.remove(&name);
    assert!(found(&mut files).iter().any(|one| one.file == name));
    for (before, after) in [
        ("\"meets_plan\":true", "\"meets_plan\":false"),
        ("\"step\":\"submit\"", "\"step\":\"review\""),
        ("\"state\":\"", "\"state\":\"in_use\",\"was\":\""),
    ] {
        let mut files = clean.clone();
        let mut row: Value = serde_json::from_slice(&files.0[&name]).unwrap();
        let document = row["document"].as_str().unwrap().replacen(before, after, 1);
        assert_ne!(row["document"], json!(document), "{before}");
        row["sha256"] = json!(sha256_hex(document.as_bytes()));
        row["document"] = json!(document);
        files.0.insert(name.clone(), canonical_json(&row).unwrap());
        let codes: Vec<&str> = found(&mut files).iter().map(|one| one.code).collect();
        let expected = ["record_disagrees", "document_invalid"];
        assert!(codes.iter().any(|code| expected.contains(code)), "{before}: {codes:?}");
    }
    // Marked by who made it, before the steps that rest on it.
    let mut files = clean.clone();
    let mut row: Value = serde_json::from_slice(&files.0[&name]).unwrap();
    let run = format!("records/test_run/{}.json", row["test_run_id"].as_str().unwrap());
    let run: Value = serde_json::from_slice(&files.0[&run]).unwrap();
    row["account_id"] = run["account_id"].clone();
    row["entry"] = json!(run["entry"].as_u64().unwrap() + 1);
    files.0.insert(name, canonical_json(&row).unwrap());
    let codes: Vec<&str> = found(&mut files).iter().map(|one| one.code).collect();
    for code in ["step_not_permitted", "step_not_allowed"] {
        assert!(codes.contains(&code), "{codes:?}");
    }
}
