//! Story: one person asks for a role, another grants it, for a time; what was signed in between stays provable.
//! Method: the API over HTTP with a clock that is moved; the store and the pack are examined afterwards.

use crate::harness::{CHOSEN, Laboratory, MODEL, Visitor, register, table};
use driftledger::evidence::verify::verify;
use driftledger::procedures::check_store::check_store;
use serde_json::{Value, json};
use std::io::Cursor;

const REQUESTS: &str = "/api/v1/role-requests";

fn ask(
    visitor: &Visitor,
    user_name: &str,
    role: &str,
    until: Option<&str>,
) -> crate::harness::Answer {
    let body = json!({"user_name": user_name, "role": role, "valid_until": until,
                      "reason": "stands in for somebody"});
    visitor.post(REQUESTS, &body)
}

fn answer(visitor: &Visitor, asked: &Value, granted: bool) -> crate::harness::Answer {
    let path = format!("{REQUESTS}/{}/answer", asked["id"].as_str().unwrap());
    visitor.post(&path, &json!({"granted": granted, "reason": "trained"}))
}

#[test] // A11d-11.2
fn a_role_takes_two_people_and_neither_of_them_gets_it() {
    let laboratory = Laboratory::open();
    let (adam, quentin) = (laboratory.signed_in("adam"), laboratory.signed_in("quentin"));
    ask(&quentin, "ines", "reviewer", None).problem(403, "not_permitted");
    ask(&adam, "adam", "qa", None).problem(403, "same_person");
    ask(&adam, "nobody", "qa", None).problem(404, "not_found");
    ask(&adam, "ines", "qa", Some("2026-05-01T00:00:00Z")).problem(400, "bad_request");
    let asked = ask(&adam, "quentin", "reviewer", None);
    assert_eq!(asked.status, 201, "{asked:?}");
    ask(&adam, "quentin", "inspector", None).problem(409, "conflict");
    answer(&adam, &asked.body, true).problem(403, "same_person");
    answer(&quentin, &asked.body, true).problem(403, "same_person");
    let dana = laboratory.signed_in("dana");
    answer(&dana, &asked.body, true).problem(403, "not_permitted");
    let other = json!({"user_name": "second", "printed_name": "Second Admin", "role": "admin"});
    let made = adam.post("/api/v1/accounts", &other);
    let waiting = adam.get(REQUESTS).body;
    assert_eq!(waiting[0]["user_name"], "second");
    assert_eq!(answer(&quentin, &waiting[0], true).status, 201);
    let mut second = laboratory.stranger();
    assert_eq!(second.sign_in("second", made.text("password")).status, 200);
    let change = json!({"old": made.text("password"), "new": CHOSEN});
    assert_eq!(second.post("/api/v1/session/password", &change).status, 204);
    assert_eq!(answer(&second, &asked.body, false).body["answer"]["granted"], false);
    answer(&second, &asked.body, true).problem(409, "conflict");
    assert_eq!(quentin.get("/api/v1/session").body["account"]["role"], "qa", "it was refused");
}

#[test] // A11d-11.2, P11-10g
fn a_role_for_a_time_counts_at_once_and_ends_by_itself_and_signatures_stay_provable() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    for (batch, shift) in [("a", 0.0), ("b", 6.0), ("c", 6.0)] {
        let bytes = table(200, u64::from(batch.as_bytes()[0]), shift);
        assert_eq!(program.post_batch(batch, "text/csv", bytes.as_bytes()).status, 201);
    }
    let (adam, quentin) = (laboratory.signed_in("adam"), laboratory.signed_in("quentin"));
    let ines = laboratory.signed_in("ines");
    let alert = quentin.get("/api/v1/alerts").body[0]["id"].as_str().unwrap().to_owned();
    let path = |step: &str| format!("/api/v1/alerts/{alert}/{step}");
    let seen = json!({"severity": "minor", "comment": "heavier"});
    ines.post(&path("acknowledgement"), &seen).problem(403, "not_permitted");
    let asked = ask(&adam, "ines", "reviewer", Some("2026-06-15T00:00:00Z"));
    ines.post(&path("acknowledgement"), &seen).problem(403, "not_permitted");
    assert_eq!(answer(&quentin, &asked.body, true).status, 201);
    assert_eq!(ines.get("/api/v1/session").body["account"]["role"], "reviewer");
    assert_eq!(quentin.post(&path("acknowledgement"), &seen).status, 201);
    let draft = json!({"code": "no_action", "rationale": "known"});
    assert_eq!(quentin.post(&path("decision"), &draft).status, 201);
    let sha256 = ines.get(path("").trim_end_matches('/')).body["decision"]["sha256"].clone();
    let sign = json!({"decision_sha256": sha256, "password": CHOSEN});
    ines.post(&path("signature"), &sign).problem(403, "identity_not_checked");
    crate::harness::identify(&laboratory.store, "ines");
    assert_eq!(super::accountability::accept(&ines, CHOSEN).status, 201);
    let signed = ines.post(&path("signature"), &sign);
    assert_eq!(
        (signed.status, &signed.body["signer"]["role"]),
        (201, &json!("reviewer")),
        "{signed:?}"
    );

    laboratory.clock.set("2026-06-15T00:00:00Z".parse().unwrap());
    let mut ines = laboratory.stranger();
    assert_eq!(ines.sign_in("ines", CHOSEN).body["account"]["role"], "inspector");
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    assert_eq!(checked.examined.signatures - checked.examined.acceptances, 1);
    let pack = ines.bytes(&format!("/api/v1/models/{MODEL}/versions/1/evidence"));
    let found = verify(Cursor::new(pack), None, &mut |_| ()).unwrap();
    assert_eq!(found.findings, [], "the pack of one version holds what its signer's role rests on");
    let examined = found.checked.examined;
    assert_eq!(examined.signatures - examined.acceptances, 1);
}
