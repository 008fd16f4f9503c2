//! Story: a change is accepted, and from then on batches are judged against another reference: proposed, signed by two people, in force
//! from a ledger entry on, with evidence that starts at zero; what was judged before stays as it is.
//! Method: the API over HTTP, one account a role; the store and packs are checked afterwards, and attacked.

use super::changes::tampered;
use super::decision::with_an_alert;
use crate::evidence::export;
use crate::harness::{Answer, Laboratory, MODEL, VERSION_PATH, Visitor, table};
use driftledger::evidence::manifest::Scope;
use driftledger::evidence::verify::verify;
use driftledger::procedures::check_store::check_store;
use serde_json::{Value, json};
use std::io::Cursor;

fn decided(laboratory: &Laboratory, alert: &str, code: &str) {
    let quentin = laboratory.signed_in("quentin");
    let body = json!({"severity": "major", "comment": "heavier since June"});
    assert_eq!(quentin.post(&format!("/api/v1/alerts/{alert}/acknowledgement"), &body).status, 201);
    let mut draft = json!({"code": code, "rationale": "the press was replaced, as planned"});
    if code == "retrain" {
        draft["remedial_action"] = json!({"what": "fit", "owner": "dana", "due_on": "2026-07-01"});
    }
    assert_eq!(quentin.post(&format!("/api/v1/alerts/{alert}/decision"), &draft).status, 201);
    let view = quentin.get(&format!("/api/v1/alerts/{alert}")).body;
    let sha256 = view["decision"]["sha256"].as_str().unwrap();
    let rosa = laboratory.signed_in("rosa");
    let signed = super::decision::sign(&rosa, alert, sha256, laboratory.password("rosa"));
    assert_eq!(signed.status, 201, "{signed:?}");
}

fn proposal(batches: &[&str], alert: &str) -> Value {
    json!({"batches": batches, "alert": alert,
           "rationale": "the new press makes heavier tablets, and that is how they shall be"})
}

fn propose(visitor: &Visitor, body: &Value) -> Answer {
    visitor.post(&format!("{VERSION_PATH}/references"), body)
}

fn sign(laboratory: &Laboratory, who: &str, id: &str, sha256: &str) -> Answer {
    let body = json!({"proposal_sha256": sha256, "password": laboratory.password(who)});
    laboratory.signed_in(who).post(&format!("/api/v1/references/{id}/signature"), &body)
}

/// A batch of heavier tablets, and its report.
fn heavier(program: &Visitor, name: &str, seed: u64) -> Value {
    let answer = program.post_batch(name, "text/csv", table(300, seed, 2.0).as_bytes());
    assert_eq!(answer.status, 201, "{answer:?}");
    program.get(&format!("/api/v1/reports/{}", answer.text("id"))).body
}

fn clean(laboratory: &Laboratory) {
    let found = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(found.findings, []);
}

#[test]
fn an_accepted_change_becomes_the_reference_by_two_signatures() {
    let (laboratory, alert) = with_an_alert();
    let program = laboratory.program();
    decided(&laboratory, &alert, "accept_with_rationale");
    let july = heavier(&program, "july", 10);
    assert_eq!(july["context"]["reference_revision"], 1);
    let asked = proposal(&["july", "june"], &alert);
    for who in ["quentin", "rosa", "ines", "adam"] {
        propose(&laboratory.signed_in(who), &asked).problem(403, "not_permitted");
    }
    let made = propose(&program, &asked);
    assert_eq!((made.status, &made.body["revision"]), (201, &json!(2)), "{made:?}");
    let (id, sha256) = (made.text("id").to_owned(), made.text("sha256").to_owned());
    let again = propose(&program, &asked);
    assert_eq!((again.status, again.text("id")), (200, id.as_str()));
    let shown = program.get(&format!("/api/v1/references/{id}")).body;
    assert_eq!(shown["proposal"]["reference"]["rows"], 600);
    assert_eq!(shown["is_open"], true);
    let series = shown["proposal"]["series"].as_array().unwrap();
    let weight = series.iter().find(|s| s["series"] == "weight_mg/values").unwrap();
    assert!(weight["moved"].as_f64().unwrap() > 0.5, "{weight}");

    // What comes before the second signature is judged as before.
    sign(&laboratory, "quentin", &id, &sha256).problem(403, "not_permitted");
    sign(&laboratory, "dana", &id, &"0".repeat(64)).problem(409, "record_changed");
    assert_eq!(sign(&laboratory, "dana", &id, &sha256).status, 201);
    let august = heavier(&program, "august", 11);
    assert_eq!(august["context"]["reference_revision"], 1);
    sign(&laboratory, "dana", &id, &sha256).problem(403, "same_person");
    sign(&laboratory, "rosa", &id, &sha256).problem(403, "not_permitted");
    let approved = sign(&laboratory, "quentin", &id, &sha256);
    assert_eq!(approved.status, 201, "{approved:?}");
    assert!(approved.text("manifestation").contains("approves this reference"), "{approved:?}");
    sign(&laboratory, "quentin", &id, &sha256).problem(403, "not_permitted");

    let september = heavier(&program, "september", 12);
    let context = &september["context"];
    assert_eq!(context["reference_revision"], 2);
    assert_ne!(context["reference_sha256"], august["context"]["reference_sha256"]);
    assert_eq!((&september["state"], september["alarm"].is_null()), (&json!("quiet"), true));
    assert_eq!(september["state_before"]["batches"], 3);
    for series in september["state_before"]["series"].as_array().unwrap() {
        let lanes = series["lanes"]["log_m"].as_array().unwrap();
        let none = |log_m: &Value| log_m.as_f64().is_none_or(|log_m| log_m <= 0.0);
        assert!(lanes.iter().all(none), "evidence starts at zero: {series}");
    }
    let known = program.get(&format!("{VERSION_PATH}/references")).body;
    let revisions = known["revisions"].as_array().unwrap();
    assert_eq!(
        (revisions.len(), &revisions[0]["reports"], &revisions[1]["reports"]),
        (2, &json!(3), &json!(1))
    );
    assert_eq!(revisions[1]["entry"], approved.body["entry"]);
    // Counts on different bins are not compared.
    let ines = laboratory.signed_in("ines");
    let path = format!("{VERSION_PATH}/batch-comparison?before=august&after=september");
    let compared = ines.get(&path);
    assert!(compared.problem(400, "bad_request").contains("different references"));
    clean(&laboratory);
    let key = laboratory.store.verifier_key();
    let (pack, _) = export(&laboratory.store, &Scope::of(MODEL, Some("1")));
    let found = |pack: &[u8]| verify(&mut Cursor::new(pack), Some(key), &mut |_| ()).unwrap();
    let verified = found(&pack);
    assert_eq!((verified.findings, verified.checked.examined.reference_proposals), (vec![], 1));
    let attacked = |table: &str, marker: &str, code: &str, change: &dyn Fn(&mut Value)| {
        let findings = found(&tampered(&pack, table, marker, change)).findings;
        assert!(findings.iter().any(|f| f.code == code), "{code}: {findings:#?}");
    };
    attacked("reference_proposal", "rationale", "signature_of_other_bytes", &|p| {
        p["rationale"] = json!("no reason at all, but long enough");
    });
    attacked("reference_proposal", "rationale", "reference_not_learnt", &|p| {
        p["series"][0]["moved"] = json!(0.001);
    });
    attacked("record_signature", "approves_reference", "reference_not_permitted", &|s| {
        s["signer"]["role"] = json!("reviewer");
    });
    attacked("record_signature", "approves_reference", "reference_not_signed", &|s| {
        s["meaning"] = json!("authored_reference");
    });
    attacked("report", "september", "record_disagrees", &|r| {
        r["context"]["reference_revision"] = json!(1);
    });
}

#[test]
fn no_reference_follows_from_a_change_that_nobody_accepted() {
    let (laboratory, alert) = with_an_alert();
    let program = laboratory.program();
    let asked = proposal(&["june"], &alert);
    assert!(
        propose(&program, &asked).problem(409, "conflict").contains("no decision on it is signed")
    );
    decided(&laboratory, &alert, "retrain");
    let refused = propose(&program, &asked);
    assert!(refused.problem(409, "conflict").contains("does not accept the change"), "{refused:?}");
    let refused = propose(&program, &proposal(&["june"], "ep_none"));
    refused.problem(404, "not_found");
    let mut without = asked.clone();
    without.as_object_mut().unwrap().remove("alert");
    let refused = propose(&program, &without);
    assert!(refused.problem(422, "review_not_valid").contains("name either the alert"));
    let none = program.get(&format!("{VERSION_PATH}/references")).body;
    assert_eq!((none["revisions"].as_array().unwrap().len(), &none["proposals"]), (1, &json!([])));
}

#[test]
fn a_policy_alone_may_change_and_what_was_overtaken_is_not_signed() {
    let (laboratory, alert) = with_an_alert();
    let program = laboratory.program();
    decided(&laboratory, &alert, "accept_with_rationale");
    let mut policy = serde_json::to_value(driftledger::drift::policy::Policy::default()).unwrap();
    policy["batches_per_false_alarm"] = json!(100.0);
    policy["rationale"] =
        json!("one false alarm in a hundred batches is what the line can look at");
    let asked = json!({"alert": alert, "policy": policy,
                       "rationale": "fewer alarms are worth a longer delay here"});
    let first = propose(&program, &asked);
    assert_eq!(first.status, 201, "{first:?}");
    let second = propose(&program, &proposal(&["june"], &alert));
    let (id, sha256) = (second.text("id"), second.text("sha256"));
    let overtaken = sign(&laboratory, "dana", first.text("id"), first.text("sha256"));
    overtaken.problem(409, "conflict");
    assert_eq!(sign(&laboratory, "dana", id, sha256).status, 201);
    assert_eq!(sign(&laboratory, "quentin", id, sha256).status, 201);
    // The batch it was learnt from is not taken again for the next one.
    let refused = propose(&program, &proposal(&["june"], &alert));
    assert!(refused.problem(422, "record_mismatch").contains("earlier reference"), "{refused:?}");
    let third = propose(&program, &asked);
    assert_eq!(&third.body["revision"], &json!(3), "{third:?}");
    assert_eq!(sign(&laboratory, "dana", third.text("id"), third.text("sha256")).status, 201);
    assert_eq!(sign(&laboratory, "quentin", third.text("id"), third.text("sha256")).status, 201);
    let july = heavier(&program, "july", 10);
    assert_eq!(
        (&july["context"]["reference_revision"], &july["batches_per_false_alarm"]),
        (&json!(3), &json!(100))
    );
    clean(&laboratory);
}
