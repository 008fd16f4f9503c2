//! The table of routes of the API.

use super::{Takes, sample};
use crate::harness::{CHOSEN, MODEL, registration};
use crate::stories::studies::study;
use driftledger::access::role::Action;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Every route of the API below `/api/v1`, what it takes, and a body that can be read.
#[expect(clippy::too_many_lines, reason = "one table: a line for each route")]
pub(super) fn api_table() -> BTreeMap<(&'static str, &'static str), (Takes, Value)> {
    use Action::{
        AcceptAccountability, Acknowledge, AdjudicateReadings, ApproveDisposal,
        ApproveQualification, ApproveRoles, CloseIncident, DraftDecision, DrawReviewSample,
        FixAcceptance, HoldReview, Ingest, InvalidateBatch, InvalidateTestRun, KeepRetention,
        KeepWatch, LiftHold, ManageAccounts, ManageNotices, ManageOwnTokens, Read, ReadAccessLog,
        ReadNotices, RecordDrill, RecordIndicators, RecordTraining, Register, ReportIncident,
        SignDecision, TestVersion,
    };
    let no = Value::Null;
    let reason = || json!({"reason": "a test"});
    let policy = json!({"characters_min": 14, "common_denied": true, "own_names_denied": true,
                        "age_days_max": 365, "reused_last": 5});
    let signature = json!({"decision_sha256": "0", "password": "a"});
    let version = "/models/{model}/versions/{version}";
    let mut table: Vec<((&str, String), Takes, Value)> = Vec::new();
    let mut add = |method, path: &str, takes, body: &Value| {
        table.push(((method, path.to_owned()), takes, body.clone()));
    };
    let of = Takes::Role;
    for path in [
        "/accountability",
        "/accounts",
        "/alerts",
        "/alerts/{id}",
        "/alerts/{id}/statement",
        "/drills",
        "/drills/{id}",
        "/disposals",
        "/disposals/{id}",
        "/evidence",
        "/evidence/pack",
        "/evidence/report.pdf",
        "/evidence/{id}",
        "/evidence/{id}/pack",
        "/fleet",
        "/inbox",
        "/incidents",
        "/incidents/{id}",
        "/indicators/recorded",
        "/indicators/recorded/{id}",
        "/legal-holds",
        "/legal-holds/{id}",
        "/ledger/checkpoint",
        "/ledger/entries",
        "/ledger/entries/{index}",
        "/models",
        "/models/{model}/drafts",
        "/models/{model}/drafts/{number}",
        "/password-policy",
        "/people",
        "/qualifications",
        "/qualifications/{id}",
        "/qualifications/{id}/report.pdf",
        "/records/{table}/{id}",
        "/redactions",
        "/redactions/{id}",
        "/records/{table}/{id}/copy.pdf",
        "/references/{id}",
        "/reports/{id}",
        "/retention",
        "/retention/files",
        "/review-plan",
        "/review-samples",
        "/review-samples/{id}",
        "/reviews",
        "/reviews/due",
        "/reviews/{id}",
        "/role-requests",
        "/studies/{id}",
        "/test-runs/{id}",
        "/training-policy",
    ] {
        add("GET", path, of(Read), &no);
    }
    for path in [
        "",
        "/acceptance",
        "/assessments/{id}",
        "/batch-comparison",
        "/batches",
        "/change",
        "/configuration",
        "/difference",
        "/evidence",
        "/exports/{kind}",
        "/life-cycle",
        "/lineage",
        "/performance",
        "/performance/{batch}",
        "/quarantine",
        "/record",
        "/record/template",
        "/references",
        "/review-samples",
        "/studies",
        "/test-runs",
    ] {
        add("GET", &format!("{version}{path}"), of(Read), &no);
    }
    add("POST", "/evidence", of(Read), &json!({}));
    add("GET", "/access-log", of(ReadAccessLog), &no);
    add("GET", "/notices", of(ReadNotices), &no);
    add("GET", "/notice-targets", of(ReadNotices), &no);
    let target =
        json!({"name": " ", "channel": "mail", "address": "a", "kinds": [], "enabled": true});
    let kept = json!({"target": target, "reason": "a test"});
    add("POST", "/notice-targets", of(ManageNotices), &kept);
    add("POST", "/notices/{number}/retry", of(ManageNotices), &json!({}));
    let removal = "/accounts/{user_name}/second-factor/removal";
    add("POST", removal, of(ManageAccounts), &reason());
    let temporary = "/accounts/{user_name}/second-factor/temporary";
    add("POST", temporary, of(ManageAccounts), &reason());
    let granted = json!({"granted": true, "reason": "a test"});
    add("POST", &format!("{removal}/answer"), of(ApproveRoles), &granted);
    let factor = "/session/second-factor";
    add("POST", factor, Takes::Session, &json!({"password": "a"}));
    add("POST", &format!("{factor}/confirmation"), Takes::Session, &json!({"code": "1"}));
    add("POST", &format!("{factor}/proof"), Takes::Session, &json!({"code": "1"}));
    let identity = "/accounts/{user_name}/identity";
    let link = json!({"issuer": "https://login.example", "subject": "1", "reason": "a test"});
    add("POST", identity, of(ManageAccounts), &link);
    add("POST", &format!("{identity}/removal"), of(ManageAccounts), &reason());
    add("POST", &format!("{identity}/answer"), of(ApproveRoles), &granted);
    add("GET", "/misuse-events", of(ReadAccessLog), &no);
    add("POST", "/misuse-events/{id}/answer", of(KeepWatch), &json!({"found": "a test"}));
    add("POST", "/accounts/{user_name}/loss", of(KeepWatch), &reason());
    add("POST", "/accounts/{user_name}/signing", of(KeepWatch), &reason());
    let seen = json!({"method": "in_person", "seen": " "});
    add("POST", "/accounts/{user_name}/identity-check", of(ManageAccounts), &seen);
    let training = json!({"role": "qa", "course": "a", "completed_on": "2026-01-01"});
    let trained = json!({"training": training, "evidence": " "});
    add("POST", "/accounts/{user_name}/training", of(RecordTraining), &trained);
    let rules = json!({"policy": {"rules": []}, "reason": " "});
    add("POST", "/training-policy", of(ManageAccounts), &rules);
    let statement = json!({"text": "too short", "reason": " "});
    add("POST", "/accountability", of(ManageAccounts), &statement);
    let accepted = json!({"acceptance_sha256": "0", "password": "a"});
    add("POST", "/accountability/acceptance", of(AcceptAccountability), &accepted);
    add("GET", "/clock", of(Read), &no);
    add("GET", "/backups", of(Read), &no);
    add("GET", "/time-stamps", of(Read), &no);
    add("POST", "/clock/confirmation", of(KeepWatch), &reason());
    let passkeys = "/session/passkeys";
    let about = json!({"record_sha256": "0", "meaning": "approved"});
    let assertion = json!({"credential_id": "a", "authenticator_data": "a", "client_data_json": "a", "signature": "a"});
    let said = json!({"record_sha256": "0", "meaning": "approved", "assertion": assertion});
    add("GET", passkeys, Takes::Session, &no);
    add("POST", passkeys, Takes::Session, &json!({"password": "a"}));
    let made = json!({"name": "a test", "credential": {}});
    add("POST", &format!("{passkeys}/confirmation"), Takes::Session, &made);
    let end = json!({"password": "a", "reason": "a test"});
    add("POST", &format!("{passkeys}/{{id}}/end"), Takes::Session, &end);
    add("POST", &format!("{passkeys}/question"), Takes::Session, &about);
    add("POST", &format!("{passkeys}/proof"), Takes::Session, &said);
    add("GET", "/tokens", of(ManageOwnTokens), &no);
    add("POST", "/tokens", of(ManageOwnTokens), &json!({"name": "a test"}));
    add("DELETE", "/tokens/{id}", of(ManageOwnTokens), &no);
    add("GET", "/session", Takes::Session, &no);
    add("DELETE", "/session", Takes::Session, &no);
    add("POST", "/session/password", Takes::Session, &json!({"old": CHOSEN, "new": "short"}));
    add("POST", "/session", Takes::Nothing, &no);
    add("POST", "/models", of(Register), &json!({"model": "other", "description": "a test"}));
    let document = serde_json::to_value(registration("1", 1)).unwrap();
    add("POST", "/models/{model}/versions", of(Register), &document);
    add("POST", &format!("{version}/studies"), of(Register), &study(1));
    add(
        "POST",
        &format!("{version}/studies/of-judged-batches"),
        of(Register),
        &json!({"batches": ["none"], "seed": 1}),
    );
    add("POST", &format!("{version}/batches?name=a"), of(Ingest), &no);
    add("POST", &format!("{version}/labels"), of(Ingest), &no);
    let invalidation = format!("{version}/batches/{{batch}}/invalidation");
    let signed_invalid = json!({"reason": "a test", "sheet_sha256": "0", "password": "a"});
    add("POST", &invalidation, of(InvalidateBatch), &signed_invalid);
    add("POST", &format!("{invalidation}/sheet"), of(InvalidateBatch), &reason());
    let run = "/test-runs/{id}/invalidation";
    add("POST", run, of(InvalidateTestRun), &signed_invalid);
    add("POST", &format!("{run}/sheet"), of(InvalidateTestRun), &reason());
    let classes = json!({"format": "driftledger/retention-policy/v1", "classes": [], "kinds": []});
    let kept = json!({"policy": classes, "reason": " "});
    add("POST", "/retention", of(KeepRetention), &kept);
    add("POST", &format!("{version}/retention"), of(KeepRetention), &json!({"reason": " "}));
    add("POST", "/legal-holds", of(KeepRetention), &reason());
    let signed_sheet = json!({"reason": "a test", "sheet_sha256": "0", "password": "a"});
    add("POST", "/legal-holds/{id}/lifting/sheet", of(LiftHold), &reason());
    add("POST", "/legal-holds/{id}/lifting", of(LiftHold), &signed_sheet);
    let files = json!({"files": [], "reason": "a test"});
    add("POST", "/disposals/sheet", of(KeepRetention), &files);
    let signed_files =
        json!({"files": [], "reason": "a test", "sheet_sha256": "0", "password": "a"});
    add("POST", "/disposals", of(KeepRetention), &signed_files);
    let signed_disposal = json!({"disposal_sha256": "0", "password": "a"});
    add("POST", "/disposals/{id}/signature", of(ApproveDisposal), &signed_disposal);
    add("POST", "/disposals/{id}/withdrawal", of(KeepRetention), &reason());
    let fields = json!({"rows": [], "asked_by": "controller", "request": "1", "ground": "objection", "reason": "a test"});
    add("POST", "/redactions/sheet", of(KeepRetention), &fields);
    let mut signed_fields = fields;
    (signed_fields["sheet_sha256"], signed_fields["password"]) = (json!("0"), json!("a"));
    add("POST", "/redactions", of(KeepRetention), &signed_fields);
    let signed_redaction = json!({"redaction_sha256": "0", "password": "a"});
    add("POST", "/redactions/{id}/signature", of(ApproveDisposal), &signed_redaction);
    add("POST", "/redactions/{id}/withdrawal", of(KeepRetention), &reason());
    add("POST", "/lineage", of(Ingest), &no);
    add("POST", "/lineage/batch", of(Ingest), &no);
    add("PUT", &format!("{version}/record"), of(Register), &sample("model_record.json"));
    let change = json!({"kinds": ["data"], "reason": "a test", "impact": "none", "risk": "unchanged", "retest": true,
                        "retest_rationale": "it is tested again in any case"});
    add("POST", &format!("{version}/change"), of(Register), &change);
    // Whose signature it is depends on who signed before: see the story of changes.
    let signed_change = json!({"change_sha256": "0", "password": "a"});
    add("POST", &format!("{version}/change/signature"), Takes::Session, &signed_change);
    let proposed =
        json!({"batches": ["none"], "alert": "none", "rationale": "a test of who may propose"});
    add("POST", &format!("{version}/references"), of(Register), &proposed);
    // Whose signature it is depends on who signed before: see the story of references.
    let signed_reference = json!({"proposal_sha256": "0", "password": "a"});
    add("POST", "/references/{id}/signature", Takes::Session, &signed_reference);
    let mut plan = sample("acceptance.json");
    (plan["model"], plan["version"]) = (json!(MODEL), json!("1"));
    add("POST", &format!("{version}/acceptance"), of(FixAcceptance), &plan);
    add("POST", &format!("{version}/test-runs"), of(TestVersion), &no);
    // Whose step it is depends on the state: see the story of the life cycle.
    let step = format!("{version}/steps/{{step}}");
    let signed = json!({"input": {}, "sheet_sha256": "0", "password": "a"});
    add("POST", &step, Takes::Session, &signed);
    add("POST", &format!("{step}/sheet"), Takes::Session, &json!({}));
    add("POST", &format!("{version}/performance"), of(Ingest), &no);
    add("POST", "/concordance?prediction=a&review=b", of(Read), &no);
    let plan = json!({"batches": [], "purpose": "a test", "allocation": {"per_stratum": 1}});
    add("POST", &format!("{version}/review-samples"), of(DrawReviewSample), &plan);
    add("POST", "/review-samples/{id}/result", of(DrawReviewSample), &json!({}));
    add("POST", "/review-samples/{id}/next-case", of(AdjudicateReadings), &json!({}));
    for act in ["answer", "correction"] {
        let path = format!("/review-samples/{{id}}/cases/{{number}}/{act}");
        add("POST", &path, of(AdjudicateReadings), &json!({"answer": "a"}));
    }
    add(
        "POST",
        "/studies/{id}/signature",
        of(SignDecision),
        &json!({"study_sha256": "0", "password": "a"}),
    );
    let signed_run = json!({"qualification_sha256": "0", "password": "a"});
    add("POST", "/qualifications/{id}/signature", of(ApproveQualification), &signed_run);
    add("GET", "/reviews/next?kind=data", of(Read), &no);
    let held = json!({"kind": "data", "until": 0, "statement": "a test", "conclusion": "in_order", "next_due": ""});
    add("POST", "/reviews", of(HoldReview), &held);
    let signed_review = json!({"review_sha256": "0", "password": "a"});
    add("POST", "/reviews/{id}/signature", of(HoldReview), &signed_review);
    let report =
        json!({"happened_at": "2026-06-01T07:00:00Z", "severity": "minor", "what": "a test"});
    add("POST", "/incidents", of(ReportIncident), &report);
    let corrected = json!({"report": report, "reason": "a test"});
    add("POST", "/incidents/{id}/correction", of(ReportIncident), &corrected);
    let found = json!({"cause": {"root_cause": "a test", "action": "none"}});
    add("POST", "/incidents/{id}/investigation", of(ReportIncident), &found);
    add("POST", "/incidents/{id}/reopening", of(CloseIncident), &reason());
    let closed = json!({"incident_sha256": "0", "password": "a"});
    add("POST", "/incidents/{id}/signature", of(CloseIncident), &closed);
    let drill = json!({"tried": "a test", "began_at": "", "ended_at": "", "fallback": "paper", "result": "passed", "next_due": ""});
    add("POST", "/drills", of(RecordDrill), &drill);
    add("GET", "/indicators?from=2026-05-01&to=2026-06-01", of(Read), &no);
    let period = json!({"from": "2026-06-01", "to": "2027-06-01"});
    add("POST", "/indicators/recorded", of(RecordIndicators), &period);
    let alert_step = json!({"input": {}, "sheet_sha256": "0", "password": "a"});
    add("POST", "/alerts/{id}/steps/{step}", Takes::Session, &alert_step);
    add("POST", "/alerts/{id}/steps/{step}/sheet", Takes::Session, &json!({}));
    let seen = json!({"severity": "minor", "comment": "a test"});
    add("POST", "/alerts/{id}/acknowledgement", of(Acknowledge), &seen);
    let draft = json!({"code": "no_action", "rationale": "a test"});
    add("POST", "/alerts/{id}/decision", of(DraftDecision), &draft);
    add("POST", "/alerts/{id}/signature", of(SignDecision), &signature);
    let together = json!({"decisions": [], "password": "a"});
    add("POST", "/decision-signatures", of(SignDecision), &together);
    let account = json!({"user_name": "x", "printed_name": "X", "role": "qa"});
    add("POST", "/accounts", of(ManageAccounts), &account);
    for step in ["unlock", "disable", "enable", "password"] {
        add("POST", &format!("/accounts/{{user_name}}/{step}"), of(ManageAccounts), &reason());
    }
    let asked = json!({"user_name": "nobody", "role": "qa", "reason": "a test"});
    add("POST", "/role-requests", of(ManageAccounts), &asked);
    let answer = json!({"granted": true, "reason": "a test"});
    add("POST", "/role-requests/{id}/answer", of(ApproveRoles), &answer);
    add("POST", "/password-policy", of(ManageAccounts), &json!({"policy": policy, "reason": " "}));
    let leak = |text: String| -> &'static str { text.leak() };
    table.into_iter().map(|((m, p), takes, body)| ((m, leak(p)), (takes, body))).collect()
}
