//! Story: what may be misuse of an account or a signature is recorded, told outside, and waits until somebody found out about it.
//! Method: the API and the forms over HTTP; a target of notices that nobody serves shows what would be told.

use super::decision::{drafted, sign, with_an_alert};
use crate::harness::{CHOSEN, Laboratory};
use driftledger::access::session::IDLE_SECONDS_MAX;
use driftledger::procedures::check_store::check_store;
use serde_json::{Value, json};

fn rules(laboratory: &Laboratory) -> Vec<String> {
    let events = laboratory.signed_in("adam").get("/api/v1/misuse-events").body;
    let rule = |event: &Value| event["rule"].as_str().unwrap().to_owned();
    events.as_array().unwrap().iter().map(rule).collect()
}

#[test] // P11-300d
fn three_wrong_passwords_on_a_signing_sheet_are_told_at_once_and_wait_for_an_answer() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let adam = laboratory.signed_in("adam");
    let target = json!({"name": "security", "channel": "webhook", "address": "https://192.0.2.1/hook",
                        "kinds": ["misuse"], "enabled": true});
    let kept = adam.post("/api/v1/notice-targets", &json!({"target": target, "reason": "SOP 9"}));
    assert_eq!(kept.status, 201, "{kept:?}");
    let rosa = laboratory.signed_in("rosa");
    for _ in 0..2 {
        sign(&rosa, &id, &sha256, "wrong").problem(401, "wrong_credentials");
    }
    assert_eq!(rules(&laboratory), [""; 0]);
    sign(&rosa, &id, &sha256, "wrong").problem(401, "wrong_credentials");
    assert_eq!(rules(&laboratory), ["wrong_secrets"]);
    let told = adam.get("/api/v1/notices").body;
    let sentence = told[0]["notice"]["sentence"].as_str().unwrap_or_default();
    assert!(sentence.contains("three wrong secrets") && sentence.contains("rosa"), "{told}");
    // It waits in the inbox of those who keep watch, until one of them says what it was.
    assert!(laboratory.signed_in("quentin").read("/").contains("/accounts/watch"));
    let event = adam.get("/api/v1/misuse-events").body[0]["id"].as_str().unwrap().to_owned();
    let answer = format!("/api/v1/misuse-events/{event}/answer");
    rosa.post(&answer, &json!({"found": "me"})).problem(403, "not_permitted");
    adam.post(&answer, &json!({"found": " "})).problem(400, "bad_request");
    assert_eq!(adam.post(&answer, &json!({"found": "a new keyboard"})).status, 204);
    adam.post(&answer, &json!({"found": "again"})).problem(409, "conflict");
    assert!(!laboratory.signed_in("quentin").read("/").contains("/accounts/watch"));
    // A right password begins the count anew; five wrong ones in a row lock the account.
    assert_eq!(sign(&rosa, &id, &sha256, CHOSEN).status, 201);
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
}

#[test] // P11-300d, P11-200a1
fn another_persons_user_name_in_ones_own_session_is_refused_and_told_even_with_a_right_password() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let rosa = laboratory.signed_in("rosa");
    let path = format!("/alerts/{id}/signature");
    laboratory.password("pavel");
    let form = [("sheet_sha256", sha256.as_str()), ("user_name", "pavel"), ("password", CHOSEN)];
    let page = rosa.page(&path, Some(&form));
    assert!(page.contains("is not the user name of whose session this is"), "{page}");
    assert_eq!(rules(&laboratory), ["other_user_name"]);
    let form = [("sheet_sha256", sha256.as_str()), ("user_name", "rosa"), ("password", CHOSEN)];
    rosa.page(&path, Some(&form));
    let view = rosa.get(&format!("/api/v1/alerts/{id}")).body;
    assert_eq!(view["episode"]["state"], "decided");
}

#[test] // P11-200a2
fn who_resets_a_password_does_not_sign_with_it() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    laboratory.password("rosa");
    let adam = laboratory.signed_in("adam");
    let reset = adam.post("/api/v1/accounts/rosa/password", &json!({"reason": "forgotten"}));
    let mut as_rosa = laboratory.stranger();
    as_rosa.sign_in("rosa", reset.text("password"));
    let chosen = "nineteen quiet otters";
    let change = json!({"old": reset.text("password"), "new": chosen});
    assert_eq!(as_rosa.post("/api/v1/session/password", &change).status, 204);
    sign(&as_rosa, &id, &sha256, chosen).problem(403, "signing_held");
    let release = "/api/v1/accounts/rosa/signing";
    adam.post(release, &json!({"reason": "I reset it"})).problem(403, "same_person");
    let page = laboratory.signed_in("quentin").read("/accounts/watch");
    assert!(page.contains("Signing is suspended for rosa"), "{page}");
    let quentin = laboratory.signed_in("quentin");
    assert_eq!(quentin.post(release, &json!({"reason": "called back"})).status, 204);
    assert_eq!(sign(&as_rosa, &id, &sha256, chosen).status, 201);
    assert_eq!(rules(&laboratory), ["signed_after_reset"]);
}

#[test] // A11d-11.5
fn the_removal_of_a_second_factor_is_confirmed_on_a_page() {
    let laboratory = Laboratory::open();
    let rosa = laboratory.signed_in("rosa");
    let offer = rosa.post("/api/v1/session/second-factor", &json!({"password": CHOSEN}));
    let step = laboratory.clock.now().as_second() / 30;
    let code = driftledger::access::second_factor::code_of(offer.text("secret"), step).unwrap();
    let confirm = "/api/v1/session/second-factor/confirmation";
    assert_eq!(rosa.post(confirm, &json!({ "code": code })).status, 204);
    let adam = laboratory.signed_in("adam");
    adam.page(
        "/accounts/steps",
        Some(&[("user_name", "rosa"), ("step", "factor"), ("reason", "lost")]),
    );
    let quentin = laboratory.signed_in("quentin");
    assert!(quentin.read("/accounts/watch").contains("Remove the second factor of rosa?"));
    let by = [("step", "factor"), ("user_name", "rosa"), ("granted", "yes"), ("reason", "seen")];
    let refused = adam.page("/accounts/watch", Some(&by));
    assert!(refused.contains("asked for it, so another person has to confirm it"), "{refused}");
    quentin.page("/accounts/watch", Some(&by));
    assert_eq!(laboratory.stranger().sign_in("rosa", CHOSEN).status, 200, "no code is asked");
}

#[test] // P11-300d
fn a_disabled_account_that_is_tried_with_its_right_password_is_recorded_and_told() {
    let laboratory = Laboratory::open();
    laboratory.password("rosa");
    let adam = laboratory.signed_in("adam");
    adam.post("/api/v1/accounts/rosa/disable", &json!({"reason": "left"}));
    laboratory.stranger().sign_in("rosa", "wrong").problem(401, "wrong_credentials");
    assert_eq!(rules(&laboratory), [""; 0], "only who knows the password is worth a record");
    laboratory.stranger().sign_in("rosa", CHOSEN).problem(403, "account_disabled");
    assert_eq!(rules(&laboratory), ["disabled_account"]);
}

#[test] // A11d-13.3
fn a_session_that_was_left_open_does_not_sign_after_it_was_idle() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let rosa = laboratory.signed_in("rosa");
    laboratory.later(IDLE_SECONDS_MAX + 1);
    sign(&rosa, &id, &sha256, CHOSEN).problem(401, "session_over");
}
