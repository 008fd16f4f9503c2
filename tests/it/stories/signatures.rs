//! Story: several decisions are signed by one act, all or none; a signature that is moved to another record is named.
//! Method: the API over HTTP; the records of a pack are changed as somebody who has the server could, and examined again.

use super::passkeys::{Changed, records};
use crate::harness::{CHOSEN, Laboratory, MODEL, registration, table};
use driftledger::digest::{canonical_json, sha256_hex};
use driftledger::evidence::examine::examine;
use driftledger::procedures::check_store::check_store;
use serde_json::{Value, json};

/// A laboratory with five drafted decisions: alert and digest of each.
fn with_five_decisions() -> (Laboratory, Vec<(String, String)>) {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    for version in 1..=5_u64 {
        let document = registration(&version.to_string(), version * 10);
        let document = serde_json::to_value(document).unwrap();
        let made = program.post(&format!("/api/v1/models/{MODEL}/versions"), &document);
        assert_eq!(made.status, 201, "{made:?}");
        let path = format!("/api/v1/models/{MODEL}/versions/{version}/batches?name=june");
        program.post_table(&path, "text/csv", table(300, version * 10 + 9, 2.0).as_bytes());
    }
    let quentin = laboratory.signed_in("quentin");
    let alerts = quentin.get("/api/v1/alerts").body;
    let drift = alerts.as_array().unwrap().iter().filter(|a| a["opening"]["kind"] == "drift");
    let mut drafted = Vec::new();
    for alert in drift {
        let id = alert["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/alerts/{id}");
        let seen = json!({"severity": "minor", "comment": "seen"});
        assert_eq!(quentin.post(&format!("{path}/acknowledgement"), &seen).status, 201);
        let draft = json!({"code": "no_action", "rationale": "the scale was changed in May"});
        assert_eq!(quentin.post(&format!("{path}/decision"), &draft).status, 201);
        let view = quentin.get(&path).body;
        drafted.push((id, view["decision"]["sha256"].as_str().unwrap().to_owned()));
    }
    assert_eq!(drafted.len(), 5);
    (laboratory, drafted)
}

fn together(decisions: &[(String, String)]) -> Value {
    let shown =
        |(alert, sha256): &(String, String)| json!({"alert": alert, "decision_sha256": sha256});
    json!({"decisions": decisions.iter().map(shown).collect::<Vec<_>>(), "password": CHOSEN})
}

const PATH: &str = "/api/v1/decision-signatures";

#[test] // P11-200a1i
fn five_decisions_are_signed_by_one_act_or_none_is() {
    let (laboratory, decisions) = with_five_decisions();
    let rosa = laboratory.signed_in("rosa");
    let unsigned = || {
        let alerts = laboratory.signed_in("ines").get("/api/v1/alerts").body;
        alerts.as_array().unwrap().iter().filter(|a| a["state"] == "drafted").count()
    };
    let mut stale = decisions.clone();
    stale[3].1 = "0".repeat(64);
    rosa.post(PATH, &together(&stale)).problem(409, "record_changed");
    let twice = [decisions[0].clone(), decisions[0].clone()];
    rosa.post(PATH, &together(&twice)).problem(400, "bad_request");
    rosa.post(PATH, &together(&[])).problem(400, "bad_request");
    laboratory.signed_in("quentin").post(PATH, &together(&decisions)).problem(403, "same_person");
    assert_eq!(unsigned(), 5, "one that is refused refuses all");
    let signed = rosa.post(PATH, &together(&decisions));
    assert_eq!(signed.status, 201, "{signed:?}");
    let signatures = signed.body["signatures"].as_array().unwrap();
    let named: Vec<_> = signatures.iter().map(|s| s["decision_sha256"].as_str().unwrap()).collect();
    assert_eq!(named, decisions.iter().map(|(_, sha256)| sha256.as_str()).collect::<Vec<_>>());
    assert_eq!(unsigned(), 0);
    rosa.post(PATH, &together(&decisions)).problem(409, "wrong_state");
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
}

#[test] // P11-70
fn a_signature_that_is_moved_to_another_record_is_named() {
    let (laboratory, decisions) = with_five_decisions();
    let rosa = laboratory.signed_in("rosa");
    assert_eq!(rosa.post(PATH, &together(&decisions[..1])).status, 201);
    let mut rows = records(&rosa.bytes(&format!("/api/v1/models/{MODEL}/versions/1/evidence")));
    let mut other = records(&rosa.bytes(&format!("/api/v1/models/{MODEL}/versions/2/evidence")));
    for version in 3..=5 {
        let path = format!("/api/v1/models/{MODEL}/versions/{version}/evidence");
        other.extend(records(&rosa.bytes(&path)));
    }
    rows.extend(other);
    let (_, troubles) = examine(&mut Changed(rows.clone()), &mut |_, _| (), &mut |_, _| ());
    let before = troubles.len();
    let signed = rows.iter().find(|((table, _), _)| table == "signature").unwrap().1.clone();
    let another = rows
        .keys()
        .find(|(table, key)| table == "decision" && signed["decision_id"] != key.as_str())
        .unwrap()
        .1
        .clone();
    // The row alone, and then the document too, with its digest made anew.
    let key = ("signature".to_owned(), signed["id"].as_str().unwrap().to_owned());
    rows.get_mut(&key).unwrap()["decision_id"] = json!(another);
    let (_, moved) = examine(&mut Changed(rows.clone()), &mut |_, _| (), &mut |_, _| ());
    assert!(
        moved.len() > before && moved.iter().any(|t| t.code == "record_disagrees"),
        "{moved:?}"
    );
    let row = rows.get_mut(&key).unwrap();
    let mut document: Value = serde_json::from_str(row["document"].as_str().unwrap()).unwrap();
    document["decision"] = json!(another);
    let bytes = canonical_json(&document).unwrap();
    row["sha256"] = json!(sha256_hex(&bytes));
    row["document"] = json!(String::from_utf8(bytes).unwrap());
    let (_, moved) = examine(&mut Changed(rows), &mut |_, _| (), &mut |_, _| ());
    assert!(moved.iter().any(|t| t.code == "signature_of_other_bytes"), "{moved:?}");
}
