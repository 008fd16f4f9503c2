//! The formats of periodic reviews, recorded indicators, incidents, drills and reviews of predictions.

use super::hold_schema;
use driftledger::drift::performance::report::Watch;
use driftledger::drift::performance::rule::ErrorAlarm;
use driftledger::review::drill::{DRILL_FORMAT, Drill};
use driftledger::review::incident::{INCIDENT_FORMAT, Incident};
use driftledger::review::indicators::facts::{Facts, Lasting, Source};
use driftledger::review::indicators::{INDICATORS_FORMAT, IndicatorSheet, Period};
use driftledger::review::periodic_review::{
    AccountSeen, PERIODIC_REVIEW_FORMAT, PeriodicReview, ReviewConclusion,
};
use driftledger::review::review_answer::{REVIEW_ANSWER_FORMAT, ReviewAnswer};
use driftledger::review::review_kind::ReviewKind;
use driftledger::review::review_result::{REVIEW_RESULT_FORMAT, ReviewResult};
use driftledger::review::review_sample::{REVIEW_SAMPLE_FORMAT, ReviewSample};
use serde_json::json;
use std::collections::BTreeMap;

#[test]
fn a_periodic_review_is_as_its_schema_says() {
    let account = AccountSeen {
        user_name: "ada".to_owned(),
        printed_name: "Ada".to_owned(),
        role: "qa".to_owned(),
        state: "enabled".to_owned(),
        signed_in_at: Some("2026-01-01T00:00:00.000Z".to_owned()),
        tokens: 1,
    };
    let review = PeriodicReview {
        format: PERIODIC_REVIEW_FORMAT.to_owned(),
        kind: ReviewKind::Access,
        from: 0,
        until: 9,
        covered: BTreeMap::from([("account.create".to_owned(), 3)]),
        accounts: vec![account],
        standing: vec!["Alerts without a signed decision: 0.".to_owned()],
        statement: "every account was asked for".to_owned(),
        findings: vec!["one is not needed any more".to_owned()],
        conclusion: ReviewConclusion::ActionNeeded,
        next_due: "2026-07-01".to_owned(),
        held_by: "quentin".to_owned(),
    };
    review.validate("2026-06-01T08:00:00.000Z").unwrap();
    let review = serde_json::to_value(review).unwrap();
    hold_schema::<PeriodicReview>((PERIODIC_REVIEW_FORMAT, "format"), &review);
}

#[test] // A11-11
fn recorded_indicators_are_as_their_schema_says() {
    let period = Period::parse("2026-01-01", "2026-04-01").unwrap();
    let (of, at) = (Source::of("evidence_export", "ee_1"), "2026-02-01T00:00:00.000Z".to_owned());
    let facts = Facts {
        computed_at: period.to.clone(),
        began_at: "2026-01-01T00:00:00.000Z".to_owned(),
        exports: vec![Lasting { of, at, ms: 2_000_000 }],
        period,
        ..Facts::default()
    };
    let sheet = IndicatorSheet::compute(&facts);
    sheet.validate("2026-06-01T08:00:00.000Z").unwrap();
    assert_eq!(sheet.counts().0, 1, "a pack took longer than half an hour");
    let sheet = serde_json::to_value(&sheet).unwrap();
    hold_schema::<IndicatorSheet>((INDICATORS_FORMAT, "format"), &sheet);
}

#[test] // A11-13
fn an_incident_and_a_drill_are_as_their_schemas_say() {
    let at = "2026-06-01T08:00:00.000Z";
    let incident: Incident = serde_json::from_value(json!({
        "format": INCIDENT_FORMAT, "id": "in_1", "revision": 2, "supersedes": {"id": "ir_1", "sha256": "0".repeat(64)},
        "step": "investigate", "state": "investigated", "noticed_by": "person", "reported_by": "dana",
        "report": {"happened_at": at, "noticed_at": at, "severity": "critical", "what": "the server was down",
                   "affected": [{"kind": "batch", "id": "ba_1"}, {"kind": "alert", "id": "ep_1"}]},
        "cause": {"root_cause": "a full disk", "action": "it is watched",
                  "external": {"system": "QMS", "number": "CAPA-7", "status": "open", "link": "https://qms.example/7"}},
        "written_by": "adam",
    }))
    .unwrap();
    incident.validate(at).unwrap();
    let record = serde_json::to_value(&incident).unwrap();
    hold_schema::<Incident>((INCIDENT_FORMAT, "format"), &record);
    let drill: Drill = serde_json::from_value(json!({
        "format": DRILL_FORMAT, "tried": "the server was stopped", "began_at": "2026-06-01T06:00:00.000Z", "ended_at": at,
        "fallback": "the evidence pack of version 1", "result": "failed", "findings": ["the pack was a year old"],
        "restore_test": {"id": "rt_1", "entry": 7, "passed": true, "duration_ms": 900, "lost_ms": 0},
        "next_due": "2026-12-01", "recorded_by": "adam",
    }))
    .unwrap();
    drill.validate(at).unwrap();
    let record = serde_json::to_value(&drill).unwrap();
    hold_schema::<Drill>((DRILL_FORMAT, "format"), &record);
}

#[test]
fn a_review_sample_its_answers_and_its_result_are_as_their_schemas_say() {
    let sample: ReviewSample = serde_json::from_value(json!({
        "format": REVIEW_SAMPLE_FORMAT, "model": "tablets", "version": "1", "purpose": "is it as good as in the test",
        "plan": {"bands": [0.9], "column": "line", "allocation": {"per_stratum": 1}, "blind_share": 0.5, "claim": 0.05,
                 "confidence": 0.95},
        "seed": "0".repeat(32), "batches": [{"id": "ba_1", "name": "june", "sha256": "0".repeat(64), "rows": 11}],
        "classes": ["cracked", "sound"], "without_prediction": 1, "drawn_by": "quentin",
        "strata": [{"name": "cracked", "rows": 2, "drawn": 1, "inclusion_probability": 0.5},
                   {"name": "sound", "rows": 8, "drawn": 1, "inclusion_probability": 0.125}],
        "cases": [{"batch": 0, "row": 9, "blind": false}, {"batch": 0, "row": 2, "blind": true}],
    }))
    .unwrap();
    sample.validate().unwrap();
    let record = serde_json::to_value(&sample).unwrap();
    hold_schema::<ReviewSample>((REVIEW_SAMPLE_FORMAT, "format"), &record);
    let answer = |case: u64, row: u64, blind: bool, model: &str| {
        let record = json!({
            "format": REVIEW_ANSWER_FORMAT, "sample_id": "sa_1", "sample_sha256": "0".repeat(64), "case": case,
            "batch_id": "ba_1", "row": row, "row_sha256": "0".repeat(64), "blind": blind, "stratum": model,
            "model_answer": model, "answer": "sound", "comment": "clear", "dwell_ms": 9_000, "answered_by": "rosa",
        });
        let answer: ReviewAnswer = serde_json::from_value(record).unwrap();
        answer.validate(&sample).unwrap();
        answer
    };
    let answers = [answer(1, 9, false, "sound"), answer(2, 2, true, "cracked")];
    let record = serde_json::to_value(&answers[1]).unwrap();
    hold_schema::<ReviewAnswer>((REVIEW_ANSWER_FORMAT, "format"), &record);
    let about = ("sa_1", "0", &sample);
    let alarm =
        ErrorAlarm { reference_errors: 2, reference_rows: 100, tolerance: 0.03, share: 0.15 };
    let watch = Watch { alarm: &alarm, batches_per_false_alarm: 52.0 };
    let by = ("quentin", Some("enough"));
    let result = ReviewResult::compose(about, &answers, Some(watch), None, by).unwrap();
    let record = serde_json::to_value(&result).unwrap();
    hold_schema::<ReviewResult>((REVIEW_RESULT_FORMAT, "format"), &record);
}
