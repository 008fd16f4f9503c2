//! Story: somebody leaves, and nothing of theirs works any more; somebody forgets a password; names stay taken for ever.
//! Method: the API over HTTP, with sessions and tokens that were open before.

use crate::harness::{CHOSEN, Laboratory, register};
use driftledger::procedures::check_store::check_store;
use serde_json::json;

fn reason(reason: &str) -> serde_json::Value {
    json!({ "reason": reason })
}

#[test] // A11d-11.2, A11d-11.1
fn a_leavers_sessions_tokens_and_programs_end_at_once() {
    let laboratory = Laboratory::open();
    let (adam, quentin) = (laboratory.signed_in("adam"), laboratory.signed_in("quentin"));
    let (dana, program) = (laboratory.signed_in("dana"), laboratory.program());
    let by_password = laboratory.with_name("dana", laboratory.password("dana"));
    let mlflow = "/api/2.0/mlflow/experiments/get?experiment_id=0";
    assert_eq!(by_password.get(mlflow).status, 200);
    register(&program);
    let path = "/api/v1/accounts/dana/disable";
    quentin.post(path, &reason("left")).problem(403, "not_permitted");
    adam.post(path, &reason("")).problem(400, "bad_request");
    assert_eq!(adam.post(path, &reason("left on 2026-05-31")).status, 204);
    dana.get("/api/v1/models").problem(401, "session_over");
    program.get("/api/v1/models").problem(401, "token_not_valid");
    assert_eq!(by_password.get(mlflow).status, 403, "a password known a moment ago is not enough");
    let mut again = laboratory.stranger();
    again.sign_in("dana", CHOSEN).problem(403, "account_disabled");
    again.sign_in("dana", "not the password").problem(401, "wrong_credentials");
    adam.post(path, &reason("again")).problem(409, "conflict");

    let listed = adam.get("/api/v1/accounts").body;
    let dana = listed.as_array().unwrap().iter().find(|a| a["user_name"] == "dana").unwrap();
    assert_eq!(dana["enabled"], false, "the account is there for ever");
    let taken = json!({"user_name": "dana", "printed_name": "Another Dana", "role": "qa"});
    adam.post("/api/v1/accounts", &taken).problem(409, "user_name_taken");
    assert!(adam.read("/accounts").contains("<strong>disabled</strong>"));

    assert_eq!(adam.post("/api/v1/accounts/dana/enable", &reason("came back")).status, 204);
    adam.post("/api/v1/accounts/dana/enable", &reason("again")).problem(409, "conflict");
    assert_eq!(program.get("/api/v1/models").status, 200);
    assert_eq!(again.sign_in("dana", CHOSEN).status, 200);
    let entries = quentin.get("/api/v1/ledger/entries").body.to_string();
    assert!(entries.contains("account.disable") && entries.contains("account.enable"), "{entries}");
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
}

#[test] // A11d-11.2
fn nobody_keeps_the_own_account() {
    let laboratory = Laboratory::open();
    let adam = laboratory.signed_in("adam");
    for step in ["disable", "enable", "unlock", "password"] {
        let said = adam.post(&format!("/api/v1/accounts/adam/{step}"), &reason("mine"));
        said.problem(403, "same_person");
        let said = adam.post(&format!("/api/v1/accounts/nobody/{step}"), &reason("whose"));
        said.problem(404, "not_found");
    }
}

#[test] // A11d-11.4
fn a_reset_password_is_one_time_and_ends_the_sessions() {
    let laboratory = Laboratory::open();
    let (adam, rosa) = (laboratory.signed_in("adam"), laboratory.signed_in("rosa"));
    let made = adam.post("/api/v1/accounts/rosa/password", &reason("forgot it"));
    assert_eq!(made.status, 201, "{made:?}");
    rosa.get("/api/v1/models").problem(401, "session_over");
    let mut rosa = laboratory.stranger();
    rosa.sign_in("rosa", CHOSEN).problem(401, "wrong_credentials");
    let signed_in = rosa.sign_in("rosa", made.text("password"));
    assert_eq!(signed_in.body["password_due"]["why"], "one_time");
    let index = &made.body["entry"];
    let entry = adam.get(&format!("/api/v1/ledger/entries/{index}")).body.to_string();
    assert!(entry.contains("forgot it") && !entry.contains(made.text("password")), "{entry}");
}
