//! The formats of what keeps and removes: retention, legal hold, disposal, redaction; of batches that count for nothing, and of references
//! that take the place of others.

use super::hold_schema;
use crate::harness::registration;
use driftledger::drift::policy::Policy;
use driftledger::drift::reference::Reference;
use driftledger::review::batch_invalidation::{BATCH_INVALIDATION_FORMAT, BatchInvalidation};
use driftledger::review::disposal::{DISPOSAL_FORMAT, Disposal};
use driftledger::review::legal_hold::{HOLD_LIFT_FORMAT, HoldLift};
use driftledger::review::redaction::{KEPT_ELSEWHERE, REDACTION_FORMAT, Redaction, marker_of};
use driftledger::review::reference_proposal::{REFERENCE_PROPOSAL_FORMAT, ReferenceProposal};
use driftledger::review::retention::{RETENTION_POLICY_FORMAT, RetentionPolicy};
use driftledger::review::test_run_invalidation::{
    TEST_RUN_INVALIDATION_FORMAT, TestRunInvalidation,
};
use serde_json::json;

const REASON: &str = "the retention period of these files is over";

#[test] // P11-10c1
fn retention_holds_disposals_and_redactions_are_as_their_schemas_say() {
    let digest = |digit: &str| digit.repeat(64);
    let policy: RetentionPolicy = serde_json::from_value(json!({
        "format": RETENTION_POLICY_FORMAT,
        "classes": [{"name": "papers", "basis": "SOP 9",
                     "terms": [{"years": 5, "from": "delivery"}, {"years": 1, "from": "end_of_life"}]}],
        "kinds": [{"kind": "batch", "class": "papers"}],
    }))
    .unwrap();
    policy.validate().unwrap();
    let record = serde_json::to_value(&policy).unwrap();
    hold_schema::<RetentionPolicy>((RETENTION_POLICY_FORMAT, "format"), &record);
    let lift: HoldLift = serde_json::from_value(json!({
        "format": HOLD_LIFT_FORMAT, "hold": "lh_1", "hold_entry": 7, "scope": {"model": "tablets", "version_id": "mv_1"},
        "placed_because": "a complaint is open", "reason": "the complaint was settled",
    }))
    .unwrap();
    lift.validate().unwrap();
    let record = serde_json::to_value(&lift).unwrap();
    hold_schema::<HoldLift>((HOLD_LIFT_FORMAT, "format"), &record);
    let disposal: Disposal = serde_json::from_value(json!({
        "format": DISPOSAL_FORMAT, "policy": {"id": "rp_1", "sha256": digest("0"), "entry": 3}, "reason": REASON,
        "files": [{"blake3": digest("1"), "sha256": digest("2"), "bytes": 10, "uses": [
            {"kind": "batch", "record": "ba_1", "entry": 7, "name": "june", "model": "tablets", "version": "1",
             "version_id": "mv_1", "came_on": "2020-05-01", "ended_on": "2021-01-01", "class": "papers",
             "due_on": "2025-05-01"}]}],
    }))
    .unwrap();
    disposal.validate("2026-06-01".parse().unwrap()).unwrap();
    let record = serde_json::to_value(&disposal).unwrap();
    hold_schema::<Disposal>((DISPOSAL_FORMAT, "format"), &record);
    let redaction: Redaction = serde_json::from_value(json!({
        "format": REDACTION_FORMAT, "asked_by": "data_subject", "request": "DSR-2026-014", "ground": "objection",
        "reason": "a patient was named in a comment", "kept_elsewhere": KEPT_ELSEWHERE,
        "rows": [{"table": "acknowledgement", "record": "ak_1", "entry": 9, "columns": ["comment"],
                  "marker": marker_of(&digest("a")), "listed_sha256": digest("a"), "found_sha256": digest("a"),
                  "left_sha256": digest("b"), "model": "tablets", "version_id": "mv_1"}],
    }))
    .unwrap();
    redaction.validate().unwrap();
    let record = serde_json::to_value(&redaction).unwrap();
    hold_schema::<Redaction>((REDACTION_FORMAT, "format"), &record);
}

#[test]
fn an_invalidation_and_a_proposed_reference_are_as_their_schemas_say() {
    let digest = || "0".repeat(64);
    let invalidation: BatchInvalidation = serde_json::from_value(json!({
        "format": BATCH_INVALIDATION_FORMAT, "model": "tablets", "version": "1", "version_id": "mv_1",
        "batch": {"id": "ba_1", "name": "june", "sha256": digest(), "rows": 200, "entry": 7},
        "report": {"id": "re_1", "sha256": digest(), "entry": 7}, "verdict": "drift", "state": "alarm",
        "alerts": ["ep_1"], "judged_again": 2, "left_out": 0,
        "reason": "the scale was not calibrated on that day",
    }))
    .unwrap();
    invalidation.validate().unwrap();
    let record = serde_json::to_value(&invalidation).unwrap();
    hold_schema::<BatchInvalidation>((BATCH_INVALIDATION_FORMAT, "format"), &record);
    let invalidation: TestRunInvalidation = serde_json::from_value(json!({
        "format": TEST_RUN_INVALIDATION_FORMAT, "model": "tablets", "version": "1", "version_id": "mv_1",
        "test_run": {"id": "tr_1", "sha256": digest(), "file_sha256": digest(), "rows": 200, "entry": 9},
        "plan": {"id": "ap_1", "sha256": digest(), "entry": 8}, "meets_plan": true, "state": "approved",
        "steps": [{"id": "vs_1", "step": "approve", "entry": 12}],
        "counts_instead": {"id": "tr_2", "sha256": digest(), "entry": 14, "meets_plan": false},
        "reason": "the predictions came from another environment",
    }))
    .unwrap();
    invalidation.validate().unwrap();
    let record = serde_json::to_value(&invalidation).unwrap();
    hold_schema::<TestRunInvalidation>((TEST_RUN_INVALIDATION_FORMAT, "format"), &record);
    let registered = registration("1", 1);
    let reference: Reference = serde_json::from_value(registered.reference).unwrap();
    let policy: Policy = serde_json::from_value(registered.policy).unwrap();
    let proposal: ReferenceProposal = serde_json::from_value(json!({
        "format": REFERENCE_PROPOSAL_FORMAT, "version_id": "mv_1", "model": "tablets", "version": "1",
        "registration_sha256": digest(), "revision": 2,
        "follows": {"revision": 1, "reference_sha256": digest(), "policy_sha256": digest(), "monitor_sha256": digest()},
        "alert": {"episode": "ep_1", "decision": "de_1", "decision_sha256": digest(), "code": "accept_with_rationale"},
        "rationale": "the supplier changed, and the tablets are as good",
        "batches": [{"id": "ba_1", "name": "june", "sha256": digest(), "rows": reference.rows, "report": "re_1",
                     "report_sha256": digest()}],
        "reference": reference, "policy": policy,
        "series": [{"series": "weight_mg/bins", "moved": 0.25, "tolerance_before": 0.1, "tolerance": 0.1}],
        "engine": "driftledger 0.1.0+0000000000000000",
    }))
    .unwrap();
    proposal.validate().unwrap();
    let record = serde_json::to_value(&proposal).unwrap();
    hold_schema::<ReferenceProposal>((REFERENCE_PROPOSAL_FORMAT, "format"), &record);
}
