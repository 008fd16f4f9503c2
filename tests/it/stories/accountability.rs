//! Story: before the first signature it is on record whose account it is, and that its owner answers for every signature; while a policy asks
//! for it, a role is exercised only by who is trained.
//! Method: the API and the forms over HTTP; accounts are made anew, so that nothing is recorded about them yet.

use super::decision::{drafted, sign, with_an_alert};
use super::passkeys::{Changed, records};
use crate::harness::{Answer, CHOSEN, Laboratory, Visitor, identify};
use driftledger::access::role::Role;
use driftledger::digest::{canonical_json, sha256_hex};
use driftledger::evidence::examine::examine;
use driftledger::procedures::administer::{create_account, host};
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::keep_passwords::change_password;
use driftledger::procedures::sign_in::sign_in;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A person of that role about whom nothing is recorded yet, signed in.
fn newcomer(laboratory: &Laboratory, user_name: &'static str, role: Role) -> Visitor {
    let made = create_account(&laboratory.store, &host(), (user_name, "New Person"), role).unwrap();
    let issued = made.value.password;
    let (_, session) = sign_in(&laboratory.store, user_name, &issued).unwrap();
    change_password(&laboratory.store, &session, &issued, CHOSEN).unwrap();
    let mut visitor = laboratory.stranger();
    assert_eq!(visitor.sign_in(user_name, CHOSEN).status, 200);
    visitor
}

/// Accepts the statement in force.
pub(super) fn accept(visitor: &Visitor, password: &str) -> Answer {
    let shown = visitor.get("/api/v1/accountability");
    let body = json!({"acceptance_sha256": shown.text("sha256"), "password": password});
    visitor.post("/api/v1/accountability/acceptance", &body)
}

fn seen(text: &str) -> Value {
    json!({"method": "in_person", "seen": text})
}

fn findings(laboratory: &Laboratory) -> Vec<String> {
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    checked.findings.into_iter().map(|f| format!("{} {}", f.code, f.table)).collect()
}

#[test] // P11-100b, P11-10j
fn nobody_signs_before_the_identity_was_checked_and_the_statement_accepted() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let vera = newcomer(&laboratory, "vera", Role::Reviewer);
    sign(&vera, &id, &sha256, CHOSEN).problem(403, "identity_not_checked");
    accept(&vera, CHOSEN).problem(403, "identity_not_checked");
    // Both wait in an inbox.
    let adam = laboratory.signed_in("adam");
    assert!(adam.read("/").contains("Check whose account vera is"));
    // An administrator records it, of somebody else, and nothing that identifies a document.
    let path = "/api/v1/accounts/vera/identity-check";
    laboratory.signed_in("quentin").post(path, &seen("a passport")).problem(403, "not_permitted");
    vera.post(path, &seen("myself")).problem(403, "not_permitted");
    let own = "/api/v1/accounts/adam/identity-check";
    adam.post(own, &seen("a passport")).problem(403, "same_person");
    adam.post(path, &seen("passport 123456789")).problem(422, "person_record_not_valid");
    adam.post(path, &seen(" ")).problem(422, "person_record_not_valid");
    let late = json!({"method": "in_person", "seen": "a passport", "checked_on": "2026-06-02"});
    adam.post(path, &late).problem(400, "bad_request");
    adam.post("/api/v1/accounts/nobody/identity-check", &seen("a")).problem(404, "not_found");
    let checked = adam.post(path, &seen("passport, photograph compared"));
    assert_eq!((checked.status, checked.text("checked_on")), (201, "2026-06-01"), "{checked:?}");
    // The acceptance is a signature over the very words; it comes before any other.
    sign(&vera, &id, &sha256, CHOSEN).problem(403, "accountability_not_accepted");
    assert!(vera.read("/").contains("Accept the statement of accountability"));
    accept(&vera, "wrong").problem(401, "wrong_credentials");
    let other = json!({"acceptance_sha256": "0".repeat(64), "password": CHOSEN});
    vera.post("/api/v1/accountability/acceptance", &other).problem(409, "record_changed");
    let accepted = accept(&vera, CHOSEN);
    assert_eq!((accepted.status, accepted.text("meaning")), (201, "accepts_accountability"));
    accept(&vera, CHOSEN).problem(409, "conflict");
    assert_eq!(sign(&vera, &id, &sha256, CHOSEN).status, 201);
    assert_eq!(findings(&laboratory), [""; 0]);
}

#[test] // P11-10j
fn another_statement_is_accepted_anew_before_the_next_signature() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let (adam, rosa) = (laboratory.signed_in("adam"), laboratory.signed_in("rosa"));
    let text = "I answer for everything that I sign, as if I had signed it by hand.";
    let set = |visitor: &Visitor, text: &str, reason: &str| {
        visitor.post("/api/v1/accountability", &json!({"text": text, "reason": reason}))
    };
    set(&rosa, text, "SOP 3").problem(403, "not_permitted");
    set(&adam, "I agree", "SOP 3").problem(422, "person_record_not_valid");
    set(&adam, text, " ").problem(400, "bad_request");
    assert_eq!(set(&adam, text, "SOP 3").status, 201);
    set(&adam, text, "SOP 3").problem(409, "conflict");
    sign(&rosa, &id, &sha256, CHOSEN).problem(403, "accountability_not_accepted");
    let page = rosa.read("/account/accountability");
    assert!(page.contains(text) && page.contains("Earlier statements"), "{page}");
    let shown = rosa.get("/api/v1/accountability").text("sha256").to_owned();
    let form = [("sheet_sha256", shown.as_str()), ("user_name", "rosa"), ("password", CHOSEN)];
    let page = rosa.page("/account/accountability", Some(&form));
    assert!(page.contains("You accepted it on"), "{page}");
    assert_eq!(sign(&rosa, &id, &sha256, CHOSEN).status, 201);
    assert_eq!(findings(&laboratory), [""; 0]);
}

#[test] // P11-10j
fn who_signs_nothing_accepts_nothing_and_no_token_accepts() {
    let laboratory = Laboratory::open();
    for user_name in ["ines", "adam"] {
        accept(&laboratory.signed_in(user_name), CHOSEN).problem(403, "not_permitted");
    }
    let dana = newcomer(&laboratory, "dora", Role::DataScientist);
    identify(&laboratory.store, "dora");
    let made = dana.post("/api/v1/tokens", &json!({"name": "pipeline"}));
    let program = laboratory.with_token(made.text("token"));
    accept(&program, CHOSEN).problem(403, "not_permitted");
    let page = laboratory.signed_in("ines").read("/account/accountability");
    assert!(page.contains("Your role signs nothing"), "{page}");
}

fn training(completed_on: &str) -> Value {
    let training = json!({"role": "reviewer", "course": "SOP-7 v2", "completed_on": completed_on});
    json!({"training": training, "evidence": "LMS 4711"})
}

fn switch_on(adam: &Visitor, role: &str) -> Answer {
    let rule = json!({"role": role, "course": "SOP-7 v2", "days": 365});
    adam.post("/api/v1/training-policy", &json!({"policy": {"rules": [rule]}, "reason": "SOP 7"}))
}

#[test] // P11-10i
fn a_role_that_needs_a_training_is_exercised_only_with_a_current_one() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let (adam, rosa) = (laboratory.signed_in("adam"), laboratory.signed_in("rosa"));
    switch_on(&rosa, "reviewer").problem(403, "not_permitted");
    switch_on(&adam, "admin").problem(409, "conflict");
    assert_eq!(switch_on(&adam, "reviewer").status, 201);
    // The open session ends, and nobody signs in or signs until the training is recorded.
    sign(&rosa, &id, &sha256, CHOSEN).problem(401, "session_over");
    let told = laboratory.stranger().sign_in("rosa", CHOSEN);
    let said = told.problem(403, "training_needed").to_owned();
    assert!(said.contains("`SOP-7 v2`") && said.contains("none is recorded"), "{said}");
    assert!(adam.read("/").contains("Train rosa again"));
    let path = "/api/v1/accounts/rosa/training";
    laboratory.signed_in("dana").post(path, &training("2026-05-01")).problem(403, "not_permitted");
    let quentin = laboratory.signed_in("quentin");
    let own = "/api/v1/accounts/quentin/training";
    quentin.post(own, &training("2026-05-01")).problem(403, "same_person");
    quentin.post(path, &training("2026-06-02")).problem(422, "person_record_not_valid");
    let mut unproved = training("2026-05-01");
    unproved["evidence"] = json!(" ");
    quentin.post(path, &unproved).problem(400, "bad_request");
    assert_eq!(quentin.post(path, &training("2026-05-01")).status, 201);
    assert!(!adam.read("/").contains("Train rosa again"));
    let rosa = laboratory.signed_in("rosa");
    assert_eq!(sign(&rosa, &id, &sha256, CHOSEN).status, 201);
    // It ends on its last day, and the inbox says so a month before.
    laboratory.later(320 * 86_400);
    let page = laboratory.signed_in("adam").read("/");
    assert!(page.contains("The training ends on 2027-05-01"), "{page}");
    laboratory.signed_in("rosa");
    laboratory.later(24 * 86_400);
    let said = laboratory.stranger().sign_in("rosa", CHOSEN);
    assert!(said.problem(403, "training_needed").contains("it ended on 2027-05-01"));
    assert_eq!(findings(&laboratory), [""; 0]);
}

#[test] // P11-10i
fn a_role_that_needs_a_training_is_granted_only_to_who_has_it() {
    let laboratory = Laboratory::open();
    let (adam, quentin) = (laboratory.signed_in("adam"), laboratory.signed_in("quentin"));
    let asked = json!({"user_name": "pavel", "role": "reviewer", "reason": "holidays"});
    let request = adam.post("/api/v1/role-requests", &asked).text("id").to_owned();
    assert_eq!(switch_on(&adam, "reviewer").status, 201);
    let answer = format!("/api/v1/role-requests/{request}/answer");
    let grant = json!({"granted": true, "reason": "trained"});
    quentin.post(&answer, &grant).problem(403, "training_needed");
    // By the form of the page.
    let form = [
        ("step", "training"),
        ("user_name", "pavel"),
        ("role", "reviewer"),
        ("course", "SOP-7 v2"),
        ("on", "2026-05-01"),
        ("evidence", "LMS 4712"),
    ];
    let page = quentin.page("/accounts/people", Some(&form));
    assert!(page.contains("The training is recorded"), "{page}");
    assert_eq!(quentin.post(&answer, &grant).status, 201);
    assert_eq!(findings(&laboratory), [""; 0]);
}

#[test] // P11-10i
fn a_program_goes_on_sending_while_its_owner_has_to_learn() {
    let laboratory = Laboratory::open();
    crate::harness::register(&laboratory.program());
    let dana = laboratory.signed_in("dana");
    let source = json!({"name": "line", "model": "tablets", "version": "1"});
    let made = dana.post("/api/v1/tokens", &source);
    let source = laboratory.with_token(made.text("token"));
    let made = dana.post("/api/v1/tokens", &json!({"name": "laptop"}));
    let own = laboratory.with_token(made.text("token"));
    assert_eq!(switch_on(&laboratory.signed_in("adam"), "data_scientist").status, 201);
    let sent = source.post_batch("june", "text/csv", crate::harness::table(200, 9, 0.0).as_bytes());
    assert_eq!(sent.status, 201, "{sent:?}");
    own.get("/api/v1/models").problem(401, "token_not_valid");
}

/// What is found in the records of a pack once `change` was made to them.
fn found(
    rows: &BTreeMap<(String, String), Value>,
    change: impl FnOnce(&mut BTreeMap<(String, String), Value>),
) -> Vec<&'static str> {
    let mut rows = rows.clone();
    change(&mut rows);
    let (_, troubles) = examine(&mut Changed(rows), &mut |_, _| (), &mut |_, _| ());
    let mut codes: Vec<_> = troubles.into_iter().map(|trouble| trouble.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The rows of `table` about `account`.
fn about<'a>(
    rows: &'a mut BTreeMap<(String, String), Value>,
    table: &'a str,
    account: &'a str,
) -> impl Iterator<Item = &'a mut Value> {
    rows.iter_mut()
        .filter(move |((of, _), row)| of == table && row["account_id"] == account)
        .map(|(_, row)| row)
}

#[test] // P11-100b, P11-10i, P11-10j, P11-70
fn a_forged_record_about_a_signer_is_named() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let (adam, quentin) = (laboratory.signed_in("adam"), laboratory.signed_in("quentin"));
    assert_eq!(quentin.post("/api/v1/accounts/rosa/training", &training("2026-05-01")).status, 201);
    assert_eq!(switch_on(&adam, "reviewer").status, 201);
    let rosa = laboratory.signed_in("rosa");
    assert_eq!(sign(&rosa, &id, &sha256, CHOSEN).status, 201);
    let rows = records(&rosa.bytes("/api/v1/models/tablets/versions/1/evidence"));
    assert_eq!(found(&rows, |_| ()), [""; 0], "as it is");
    let signature = rows.iter().find(|((table, _), _)| table == "signature").unwrap().1;
    let document: Value = serde_json::from_str(signature["document"].as_str().unwrap()).unwrap();
    let who = document["signer"]["id"].as_str().unwrap();
    let left_out = |table: &str| {
        found(&rows, |rows| rows.retain(|(of, _), row| of != table || row["account_id"] != who))
    };
    assert_eq!(left_out("identity_check"), ["signed_without_identity_check"]);
    let unaccepted = left_out("accountability_acceptance");
    assert!(unaccepted.contains(&"signed_without_accountability"), "{unaccepted:?}");
    assert_eq!(left_out("training_record"), ["signed_without_training"]);
    // Recorded about oneself, or by somebody whose role may not; a text that holds a number.
    let dana = rows.iter().find(|(_, row)| row["user_name"] == "dana").unwrap().0.1.clone();
    let changed = |table: &'static str, column: &'static str, to: &str| {
        found(&rows, |rows| about(rows, table, who).for_each(|row| row[column] = json!(to)))
    };
    let own = changed("identity_check", "checked_by", who);
    assert_eq!(own, ["recorded_about_oneself", "recorded_without_authority"]);
    assert_eq!(changed("identity_check", "checked_by", &dana), ["recorded_without_authority"]);
    assert_eq!(changed("training_record", "recorded_by", &dana), ["recorded_without_authority"]);
    assert_eq!(changed("identity_check", "seen", "passport 123456"), ["identity_check_not_valid"]);
    let late = changed("training_record", "completed_on", "2026-07-01");
    assert!(late.contains(&"training_not_valid"), "{late:?}");
    assert_eq!(
        changed("training_record", "completed_on", "2024-05-01"),
        ["signed_without_training"]
    );
    // Other words than those that were in force, and other words than those that were signed.
    let other_words = found(&rows, |rows| {
        let row = about(rows, "accountability_acceptance", who).next().unwrap();
        let mut said: Value = serde_json::from_str(row["document"].as_str().unwrap()).unwrap();
        said["statement"] = json!("I am accountable for nothing at all, whatever I have signed.");
        let bytes = canonical_json(&said).unwrap();
        row["sha256"] = json!(sha256_hex(&bytes));
        row["document"] = json!(String::from_utf8(bytes).unwrap());
    });
    assert!(other_words.contains(&"record_disagrees"), "{other_words:?}");
    assert!(other_words.contains(&"signature_of_other_bytes"), "{other_words:?}");
}
