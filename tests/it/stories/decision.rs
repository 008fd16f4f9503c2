//! Story: an alert is acknowledged, decided by one person and signed by another, and nobody else can.
//! Method: the API over HTTP, everybody signed in with their own password; the clock stands still until it is moved.

use crate::harness::{Laboratory, VERSION_PATH, Visitor, register, table};
use base64ct::{Base64, Encoding as _};
use driftledger::digest::sha256_hex;
use serde_json::{Value, json};

/// A laboratory with one open drift alert, and its id.
pub(super) fn with_an_alert() -> (Laboratory, String) {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let bytes = table(300, 9, 2.0);
    let answer = program.post_batch("june", "text/csv", bytes.as_bytes());
    assert_eq!(answer.text("state"), "alarm", "{answer:?}");
    let alerts = program.get("/api/v1/alerts").body;
    let alert = alerts.as_array().unwrap().iter().find(|a| a["opening"]["kind"] == "drift");
    let id = alert.unwrap()["id"].as_str().unwrap().to_owned();
    (laboratory, id)
}

fn draft() -> Value {
    json!({"code": "retrain", "rationale": "the press was replaced",
           "remedial_action": {"what": "fit version 2", "owner": "dana", "due_on": "2026-07-01"}})
}

fn acknowledge(visitor: &Visitor, id: &str) -> u16 {
    let body = json!({"severity": "major", "comment": "heavier since June"});
    visitor.post(&format!("/api/v1/alerts/{id}/acknowledgement"), &body).status
}

/// Acknowledged and drafted by quentin; the digest of the decision.
pub(super) fn drafted(laboratory: &Laboratory, id: &str) -> String {
    let quentin = laboratory.signed_in("quentin");
    assert_eq!(acknowledge(&quentin, id), 201);
    assert_eq!(quentin.post(&format!("/api/v1/alerts/{id}/decision"), &draft()).status, 201);
    let view = quentin.get(&format!("/api/v1/alerts/{id}")).body;
    view["decision"]["sha256"].as_str().unwrap().to_owned()
}

pub(super) fn sign(
    visitor: &Visitor,
    id: &str,
    sha256: &str,
    password: &str,
) -> crate::harness::Answer {
    let body = json!({"decision_sha256": sha256, "password": password});
    visitor.post(&format!("/api/v1/alerts/{id}/signature"), &body)
}

#[test]
fn an_alert_is_acknowledged_decided_and_signed_by_two_people() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let rosa = laboratory.signed_in("rosa");
    let shown = rosa.get(&format!("/api/v1/alerts/{id}")).body;
    assert_eq!(shown["state"].as_str().or(shown["episode"]["state"].as_str()), Some("drafted"));
    let document = shown["decision"]["document"].as_str().unwrap();
    assert_eq!(sha256_hex(document.as_bytes()), sha256, "what is shown is what is signed");
    let signed = sign(&rosa, &id, &sha256, laboratory.password("rosa"));
    assert_eq!(signed.status, 201, "{signed:?}");
    assert_eq!(signed.text("signed_at"), "2026-06-01T08:00:00.000Z");
    let view = rosa.get(&format!("/api/v1/alerts/{id}")).body;
    assert_eq!(view["episode"]["state"], "decided");
    let manifestation = view["decision"]["signature"]["manifestation"].as_str().unwrap();
    for part in ["rosa of the laboratory", "2026-06-01T08:00:00.000Z", "approves", &sha256] {
        assert!(manifestation.contains(part), "`{part}`: {manifestation}");
    }
    let again = sign(&rosa, &id, &sha256, laboratory.password("rosa"));
    again.problem(409, "wrong_state");
    let trail = rosa.get("/api/v1/ledger/entries?limit=3").body;
    assert_eq!(trail["items"].as_array().unwrap().len(), 3);
    let newest = signed.body["entry"].as_u64().unwrap();
    let proved = rosa.get(&format!("/api/v1/ledger/entries/{newest}"));
    assert!(proved.text("proof").contains("c2sp.org/tlog-proof@v1"), "{proved:?}");
}

#[test]
fn the_drafter_cannot_sign_and_steps_cannot_be_skipped() {
    let (laboratory, id) = with_an_alert();
    let quentin = laboratory.signed_in("quentin");
    let early = quentin.post(&format!("/api/v1/alerts/{id}/decision"), &draft());
    early.problem(409, "wrong_state");
    sign(&quentin, &id, &"0".repeat(64), laboratory.password("quentin"))
        .problem(409, "wrong_state");
    let sha256 = drafted(&laboratory, &id);
    let refused = sign(&quentin, &id, &sha256, laboratory.password("quentin"));
    assert!(refused.problem(403, "same_person").contains("quentin"));
    let rosa = laboratory.signed_in("rosa");
    let other = sign(&rosa, &id, &"0".repeat(64), laboratory.password("rosa"));
    other.problem(409, "record_changed");
    assert_eq!(
        rosa.get(&format!("/api/v1/alerts/{id}")).body["decision"]["signature"],
        Value::Null
    );
}

#[test]
fn a_decision_says_why_and_what_will_be_done() {
    let (laboratory, id) = with_an_alert();
    let quentin = laboratory.signed_in("quentin");
    let path = format!("/api/v1/alerts/{id}/acknowledgement");
    let refused = quentin.post(&path, &json!({"severity": "major", "comment": "  "}));
    assert!(refused.problem(422, "review_not_valid").contains("comment"));
    let refused = quentin.post(&path, &json!({"severity": "huge", "comment": "a"}));
    assert!(refused.problem(422, "review_not_valid").contains("critical"));
    assert_eq!(acknowledge(&quentin, &id), 201);
    assert_eq!(acknowledge(&quentin, &id), 409, "once is enough");
    let path = format!("/api/v1/alerts/{id}/decision");
    for (change, word) in [
        (json!({"code": "ignore_it", "rationale": "a"}), "accept_with_rationale"),
        (json!({"code": "no_action", "rationale": " "}), "rationale"),
        (json!({"code": "retrain", "rationale": "a"}), "remedial action"),
        (
            json!({"code": "retrain", "rationale": "a", "remedial_action":
                {"what": "a", "owner": "b", "due_on": "soon"}}),
            "due_on",
        ),
    ] {
        let refused = quentin.post(&path, &change);
        let detail = refused.problem(422, "review_not_valid");
        assert!(detail.contains(word), "{detail}");
    }
}

#[test]
fn five_wrong_passwords_lock_signing_until_an_administrator_unlocks_it() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let rosa = laboratory.signed_in("rosa");
    for attempt in 1..=4 {
        let refused = sign(&rosa, &id, &sha256, "not the password");
        assert_eq!(refused.status, 401, "attempt {attempt}: {refused:?}");
    }
    sign(&rosa, &id, &sha256, "not the password").problem(423, "locked");
    sign(&rosa, &id, &sha256, laboratory.password("rosa")).problem(423, "locked");
    let mut browser = laboratory.stranger();
    browser.sign_in("rosa", laboratory.password("rosa")).problem(423, "locked");
    let adam = laboratory.signed_in("adam");
    let path = "/api/v1/accounts/rosa/unlock";
    laboratory
        .signed_in("quentin")
        .post(path, &json!({"reason": "a"}))
        .problem(403, "not_permitted");
    assert_eq!(adam.post(path, &json!({"reason": "rosa called from her desk"})).status, 204);
    assert_eq!(sign(&rosa, &id, &sha256, laboratory.password("rosa")).status, 201);
    let trail = adam.get("/api/v1/ledger/entries?limit=20").body.to_string();
    assert!(trail.contains("account.lock") && trail.contains("account.unlock"), "{trail}");
}

#[test]
fn a_muted_series_does_not_alarm_again_while_its_alert_is_open() {
    let (laboratory, id) = with_an_alert();
    let program = laboratory.program();
    let bytes = table(300, 10, 2.0);
    let second = program.post_batch("july", "text/csv", bytes.as_bytes());
    assert_eq!(second.text("verdict"), "drift");
    assert_ne!(second.text("state"), "alarm", "{second:?}");
    let view = program.get(&format!("/api/v1/alerts/{id}")).body;
    assert_eq!(view["reports"].as_array().unwrap().len(), 2, "it joined the open alert");
    let sha256 = drafted(&laboratory, &id);
    let rosa = laboratory.signed_in("rosa");
    assert_eq!(sign(&rosa, &id, &sha256, laboratory.password("rosa")).status, 201);
    let third = program.post_batch("august", "text/csv", table(300, 11, 2.0).as_bytes());
    assert_eq!(third.text("state"), "alarm", "decided alerts are watched again: {third:?}");
    assert_eq!(program.get(VERSION_PATH).status, 200);
}

#[test]
fn a_signed_decision_is_stated_over_the_reports_it_cites_and_an_unsigned_one_is_not() {
    let (laboratory, id) = with_an_alert();
    let path = format!("/api/v1/alerts/{id}/statement");
    let sha256 = drafted(&laboratory, &id);
    let rosa = laboratory.signed_in("rosa");
    assert!(rosa.get(&path).problem(409, "conflict").contains("drafted"));
    rosa.get("/api/v1/alerts/ep_none/statement").problem(404, "not_found");
    laboratory.stranger().get(&path).problem(401, "not_signed_in");
    assert_eq!(sign(&rosa, &id, &sha256, laboratory.password("rosa")).status, 201);
    let envelope = rosa.get(&path).body;
    assert_eq!(envelope, rosa.get(&path).body, "the same records, the same bytes");
    let payload = Base64::decode_vec(envelope["payload"].as_str().unwrap()).unwrap();
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(statement["predicateType"], "urn:driftledger:review-decision:v1");
    let view = rosa.get(&format!("/api/v1/alerts/{id}")).body;
    let cited: Vec<&Value> = view["decision"]["decision"]["reports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["sha256"])
        .collect();
    let subjects: Vec<&Value> =
        statement["subject"].as_array().unwrap().iter().map(|s| &s["digest"]["sha256"]).collect();
    assert_eq!(subjects, cited);
    assert!(!subjects.is_empty());
    let predicate = &statement["predicate"];
    assert_eq!(
        (&predicate["decision"]["sha256"], &predicate["decision"]["code"]),
        (&json!(sha256), &json!("retrain"))
    );
    assert_eq!(predicate["decision"]["remedialAction"]["dueOn"], "2026-07-01");
    assert_eq!(predicate["signature"]["signer"]["userName"], "rosa");
    assert_eq!(
        predicate["signature"]["manifestation"],
        view["decision"]["signature"]["manifestation"]
    );
    let version = rosa.get(VERSION_PATH).body;
    assert_eq!(predicate["registrationSha256"], version["content_sha256"]);
}
