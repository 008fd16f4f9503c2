//! Story: a password is issued, changed before anything else, held against the rules, and grows old.
//! Method: the API over HTTP, and the pages as a browser without script gets them.

use crate::harness::{CHOSEN, Laboratory, Visitor};
use serde_json::json;

const CHANGE: &str = "/api/v1/session/password";

fn issued(laboratory: &Laboratory, user_name: &str) -> Visitor {
    let mut visitor = laboratory.stranger();
    assert_eq!(visitor.sign_in(user_name, laboratory.issued(user_name)).status, 200);
    visitor
}

#[test] // A11d-11.4
fn an_issued_password_does_nothing_but_let_its_owner_choose_another() {
    let laboratory = Laboratory::open();
    let dana = issued(&laboratory, "dana");
    let before = laboratory.store.read(|tx| tx.head()).unwrap().size;
    assert_eq!(dana.get("/api/v1/session").body["password_due"]["why"], "one_time");
    for path in ["/api/v1/models", "/api/v1/tokens", "/api/v1/accounts", "/log/checkpoint"] {
        let said = dana.get(path);
        assert!(said.problem(403, "password_change_needed").contains("issued for one sign-in"));
        assert!(said.text("hint").contains("/account/password"), "{said:?}");
    }
    dana.post("/api/v1/tokens", &json!({"name": "a"})).problem(403, "password_change_needed");
    let mlflow = "/api/2.0/mlflow/experiments/get?experiment_id=0";
    for visitor in [dana, laboratory.with_name("dana", laboratory.issued("dana"))] {
        let said = visitor.get(mlflow);
        assert_eq!((said.status, said.text("error_code")), (403, "PERMISSION_DENIED"), "{said:?}");
    }
    assert_eq!(laboratory.store.read(|tx| tx.head()).unwrap().size, before, "nothing was recorded");

    let dana = issued(&laboratory, "dana");
    let other = issued(&laboratory, "dana");
    let change = json!({"old": laboratory.issued("dana"), "new": CHOSEN});
    let forged = issued(&laboratory, "dana").forged();
    forged.post(CHANGE, &change).problem(403, "forged_form");
    assert_eq!(dana.post(CHANGE, &change).status, 204);
    assert_eq!(dana.post("/api/v1/tokens", &json!({"name": "a"})).status, 201);
    other.get("/api/v1/session").problem(401, "session_over");
    let mut again = laboratory.stranger();
    again.sign_in("dana", laboratory.issued("dana")).problem(401, "wrong_credentials");
}

#[test] // A11d-11.4, P11-11.100
fn nobody_signs_with_an_issued_password() {
    let laboratory = Laboratory::open();
    let rosa = issued(&laboratory, "rosa");
    let body = json!({"decision_sha256": "0".repeat(64), "password": laboratory.issued("rosa")});
    rosa.post("/api/v1/alerts/ep_0/signature", &body).problem(403, "password_change_needed");
}

#[test] // A11d-11.4
fn pages_lead_to_the_change_until_it_is_made() {
    let laboratory = Laboratory::open();
    let quentin = issued(&laboratory, "quentin");
    for path in ["/", "/models", "/account", "/audit-trail"] {
        let page = quentin.read(path);
        assert!(page.contains("has to be changed before anything else"), "{path}");
        assert!(!page.contains("aria-label=\"Main\""), "{path} shows no navigation");
    }
    assert!(laboratory.signed_in("quentin").read("/").contains("Waiting for you"));
}

#[test] // A11d-11.4
fn a_new_password_is_held_against_the_rules_and_the_last_ones() {
    let laboratory = Laboratory::open();
    let rosa = laboratory.signed_in("rosa");
    let change = |old: &str, new: &str| rosa.post(CHANGE, &json!({"old": old, "new": new}));
    let said = change(CHOSEN, "grey herons");
    assert!(
        said.problem(422, "password_not_valid").contains("11 characters, expected at least 14")
    );
    for refused in ["password password 1", "rosa and the herons", CHOSEN] {
        change(CHOSEN, refused).problem(422, "password_not_valid");
    }
    let numbered = |n: u32| format!("grey herons stand in row {n}");
    let mut old = CHOSEN.to_owned();
    for n in 1..=5 {
        assert_eq!(change(&old, &numbered(n)).status, 204);
        old = numbered(n);
    }
    let said = change(&old, &numbered(2));
    assert!(said.problem(422, "password_not_valid").contains("the last 5 may not come again"));
    assert_eq!(change(&old, CHOSEN).status, 204, "it is the sixth last by now");
    change("wrong", &numbered(9)).problem(401, "wrong_credentials");
}

#[test] // A11d-11.4
fn an_administrator_sets_the_policy_with_a_reason_and_it_counts_from_its_entry() {
    let laboratory = Laboratory::open();
    let (adam, quentin) = (laboratory.signed_in("adam"), laboratory.signed_in("quentin"));
    let path = "/api/v1/password-policy";
    let before = quentin.get(path).body;
    assert_eq!(
        (&before["in_force"]["characters_min"], &before["history"]),
        (&json!(14), &json!([]))
    );
    let mut policy = before["in_force"].clone();
    policy["characters_min"] = json!(24);
    policy["age_days_max"] = json!(30);
    let set =
        |policy: &serde_json::Value, reason: &str| json!({"policy": policy, "reason": reason});
    quentin.post(path, &set(&policy, "mine")).problem(403, "not_permitted");
    adam.post(path, &set(&policy, " ")).problem(400, "bad_request");
    let mut weak = policy.clone();
    weak["characters_min"] = json!(8);
    let refused = adam.post(path, &set(&weak, "easier"));
    assert!(refused.problem(422, "account_not_valid").contains("`characters_min`"));
    let made = adam.post(path, &set(&policy, "audit finding 7"));
    assert_eq!(made.status, 201, "{made:?}");
    let after = quentin.get(path).body;
    assert_eq!(after["in_force"], policy);
    assert_eq!(after["history"][0]["reason"], "audit finding 7");
    assert_eq!(after["history"][0]["entry"], made.body["entry"]);
    let entry = quentin.get(&format!("/api/v1/ledger/entries/{}", made.body["entry"])).body;
    assert_eq!(entry["entry"]["type"], "password_policy.set", "{entry}");
    assert!(quentin.read("/accounts/password-policy").contains("audit finding 7"));
    let short = json!({"old": CHOSEN, "new": "other herons stand"});
    quentin.post(CHANGE, &short).problem(422, "password_not_valid");

    // A month later everybody's password is too old; the session that is open learns it at once.
    laboratory.clock.set("2026-07-02T08:00:00Z".parse().unwrap());
    let mut quentin = laboratory.stranger();
    let said = quentin.sign_in("quentin", CHOSEN);
    assert_eq!(said.body["password_due"], json!({"why": "too_old", "days": 30}));
    quentin.get("/api/v1/models").problem(403, "password_change_needed");
    let long = json!({"old": CHOSEN, "new": "other herons stand in the rain"});
    assert_eq!(quentin.post(CHANGE, &long).status, 204);
    assert_eq!(quentin.get("/api/v1/models").status, 200);
}
