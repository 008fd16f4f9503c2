//! A signed decision as an in-toto statement: its subjects are the reports it rests on.
//!
//! Source: <https://in-toto.io/Statement/v1>. The predicate is ours; `docs/STANDARDS.md` says what its fields are.

use crate::review::decision::Decision;
use crate::review::signature::Signature;
use serde_json::{Value, json};

/// Type of the predicate.
pub const PREDICATE_TYPE: &str = "urn:driftledger:review-decision:v1";

/// A decision that somebody signed, and where the ledger witnesses it.
#[derive(Clone, Copy, Debug)]
pub struct SignedDecision<'a> {
    /// The decision.
    pub decision: &'a Decision,
    /// SHA-256 of its canonical bytes, and its ledger entry.
    pub decided: (&'a str, u64),
    /// The signature.
    pub signature: &'a Signature,
    /// SHA-256 of its canonical bytes, and its ledger entry.
    pub signed: (&'a str, u64),
    /// SHA-256 of the canonical registration of the version that the decision is about.
    pub registration_sha256: &'a str,
    /// SHA-256 of the policy the reports were judged under.
    pub policy_sha256: &'a str,
    /// Name of the ledger.
    pub ledger: &'a str,
}

/// The statement.
pub fn decision_statement(found: &SignedDecision<'_>) -> Value {
    let SignedDecision { decision, signature, .. } = found;
    let report = |id: &str, sha256: &str| json!({"name": format!("report/{id}"), "digest": {"sha256": sha256}});
    let subjects: Vec<Value> =
        decision.reports.iter().map(|cited| report(&cited.id, &cited.sha256)).collect();
    let mut decided = json!({
        "id": decision.id,
        "sha256": found.decided.0,
        "ledgerEntry": found.decided.1,
        "code": decision.code.word(),
        "rationale": decision.rationale,
        "draftedBy": decision.drafted_by.user_name,
        "draftedAt": decision.drafted_at,
    });
    if let Some(action) = &decision.remedial_action {
        decided["remedialAction"] =
            json!({"what": action.what, "owner": action.owner, "dueOn": action.due_on});
    }
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "model": decision.model,
            "version": decision.version,
            "registrationSha256": found.registration_sha256,
            "policySha256": found.policy_sha256,
            "alert": decision.episode,
            "ledger": found.ledger,
            "decision": decided,
            "signature": {
                "id": signature.id,
                "sha256": found.signed.0,
                "ledgerEntry": found.signed.1,
                "signer": {
                    "userName": signature.signer.user_name,
                    "printedName": signature.signer.printed_name,
                    "role": signature.signer.role.word(),
                },
                "meaning": signature.meaning.words(),
                "signedAt": signature.signed_at,
                "method": signature.method,
                "manifestation": signature.manifestation(),
            },
        },
    })
}
