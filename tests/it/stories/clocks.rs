//! Story: somebody sets the clock, and nobody signs until another look.
//! Method: the clock of the laboratory is set without time passing (`Clock::adjust`), or moved on as time does.

use super::decision::{drafted, sign, with_an_alert};
use crate::harness::{CHOSEN, Laboratory};
use driftledger::clock::Clock;
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::watch_clock::{ClockSample, watch_clock};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Sets the clock without any time passing.
fn set_by(laboratory: &Laboratory, milliseconds: i64) {
    let now = laboratory.clock.now();
    laboratory.clock.adjust(now + SignedDuration::from_millis(milliseconds));
}

fn events(laboratory: &Laboratory) -> Vec<Value> {
    laboratory.signed_in("ines").get("/api/v1/clock").body["events"].as_array().unwrap().clone()
}

#[test] // TIME-src, A11d-12.3
fn a_step_of_the_clock_is_an_entry_with_both_times_and_nobody_signs_until_it_is_confirmed() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let rosa = laboratory.signed_in("rosa");
    watch_clock(&laboratory.store, None).unwrap();
    set_by(&laboratory, 500);
    watch_clock(&laboratory.store, None).unwrap();
    assert_eq!(events(&laboratory), [Value::Null; 0], "half a second is no step");
    set_by(&laboratory, 60_000);
    let refused = sign(&rosa, &id, &sha256, CHOSEN);
    let said = refused.problem(409, "clock_not_trusted");
    assert!(said.contains("08:00:00.000Z") && said.contains("08:01:00.500Z"), "{said}");
    let [step] = events(&laboratory).try_into().unwrap();
    let expected = [json!("step"), json!(60_500), json!("2026-06-01T08:00:00.000Z")];
    assert_eq!(
        [step["kind"].clone(), step["offset_ms"].clone(), step["expected"].clone()],
        expected
    );
    sign(&rosa, &id, &sha256, CHOSEN).problem(409, "clock_not_trusted");
    assert_eq!(events(&laboratory).len(), 1, "it is recorded once");
    // Reading and receiving go on; somebody who keeps watch confirms it, with a reason.
    assert_eq!(rosa.get("/api/v1/alerts").status, 200);
    let confirm = "/api/v1/clock/confirmation";
    rosa.post(confirm, &json!({"reason": "right"})).problem(403, "not_permitted");
    let adam = laboratory.signed_in("adam");
    adam.post(confirm, &json!({"reason": " "})).problem(400, "bad_request");
    assert!(adam.read("/clock").contains("nobody can sign"));
    assert_eq!(adam.post(confirm, &json!({"reason": "compared with radio time"})).status, 204);
    adam.post(confirm, &json!({"reason": "again"})).problem(409, "conflict");
    assert_eq!(sign(&rosa, &id, &sha256, CHOSEN).status, 201);
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
}

#[test] // TIME-src
fn a_clock_behind_the_ledger_is_found_when_the_program_starts_and_is_not_confirmed_before_it_is_right()
 {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let rosa = laboratory.signed_in("rosa");
    // What a program started anew sees: its clock has no mark yet.
    let fresh = Clock::fixed("2026-06-01T07:00:00Z".parse().unwrap());
    assert_eq!(fresh.step(), None);
    laboratory.clock.adjust("2026-06-01T07:00:00Z".parse().unwrap());
    watch_clock(&laboratory.store, None).unwrap();
    let found = events(&laboratory);
    assert!(found[0]["kind"] == "behind" || found[0]["kind"] == "step", "{found:?}");
    assert_eq!(found[0]["offset_ms"], -3_600_000);
    sign(&rosa, &id, &sha256, CHOSEN).problem(409, "clock_not_trusted");
}

#[test] // TIME-src
fn what_the_source_of_the_clock_says_decides_who_may_sign() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let rosa = laboratory.signed_in("rosa");
    let said = |seconds: i64| ClockSample {
        expected: Some(laboratory.clock.now() - SignedDuration::from_secs(seconds)),
        in_step: true,
        detail: "the time of time.example".to_owned(),
    };
    watch_clock(&laboratory.store, Some(&said(4))).unwrap();
    assert_eq!(events(&laboratory).len(), 0);
    watch_clock(&laboratory.store, Some(&said(6))).unwrap();
    watch_clock(&laboratory.store, Some(&said(6))).unwrap();
    sign(&rosa, &id, &sha256, CHOSEN).problem(409, "clock_not_trusted");
    let silent = ClockSample { expected: None, in_step: false, detail: "no answer".to_owned() };
    watch_clock(&laboratory.store, Some(&silent)).unwrap();
    watch_clock(&laboratory.store, Some(&said(0))).unwrap();
    let kinds: Vec<_> = events(&laboratory).iter().map(|e| e["kind"].clone()).collect();
    assert_eq!(kinds, ["synchronised", "unsynchronised"]);
    assert_eq!(sign(&rosa, &id, &sha256, CHOSEN).status, 201);
}
