//! An electronic signature: who signed which bytes, with what meaning, when.

use super::identified::{Identified, PasskeyProof};
use super::{Error, Result};
use crate::access::account::Account;
use crate::access::provider::ProviderIdentity;
use crate::digest;
use serde::{Deserialize, Serialize};

/// Identifies the format of a signature record.
pub const SIGNATURE_FORMAT: &str = "driftledger/signature/v1";

/// What a signature stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// The signer approves the decision.
    ApprovesDecision,
    /// The signer approves the study as validation evidence.
    ApprovesStudy,
    /// The signer made the version and says that it is ready.
    Authored,
    /// The signer sends the version back.
    Rejected,
    /// The signer has examined what is stated and recorded about the version.
    Reviewed,
    /// The signer approves the version for its intended use.
    Approved,
    /// The signer releases the version for use.
    ReleasedForUse,
    /// The signer stops the use of the version until further notice.
    Suspended,
    /// The signer puts another version in use in its place.
    Superseded,
    /// The signer made the change and states its impact.
    AuthoredChange,
    /// The signer approves the change, its impact and the decision about testing again.
    ApprovesChange,
    /// The signer proposes another reference or policy and says why.
    AuthoredReference,
    /// The signer approves another reference or policy: batches that come after are judged with it.
    ApprovesReference,
    /// The signer has examined the qualification run and approves it.
    ApprovesQualification,
    /// The signer has reviewed the audit trail.
    AuditTrailReviewed,
    /// The signer has reviewed who has which access.
    AccessReviewed,
    /// The signer has reviewed the system as a whole.
    SystemReviewed,
    /// The signer ends the use of the version.
    Retired,
    /// The signer takes the approval back before any use.
    Withdrawn,
    /// The signer looked for the cause of an alert and says what was found.
    AuthoredInvestigation,
    /// The signer examined an investigation.
    ReviewedInvestigation,
    /// The signer sends an investigation back.
    ReturnedInvestigation,
    /// The signer refuses a drafted decision.
    RejectedDecision,
    /// The signer approves a remedial action and what will count as its effect.
    ApprovedPlan,
    /// The signer extends a due date.
    ExtendedDueDate,
    /// The signer did the remedial action.
    CompletedAction,
    /// The signer does not accept a remedial action as done.
    ReturnedAction,
    /// The signer confirms what later batches show: the action worked.
    EffectivenessConfirmed,
    /// The signer confirms what later batches show: the action did not work, or nothing shows that it did.
    EffectivenessRefuted,
    /// The signer closes an alert.
    Closed,
    /// The signer opens a closed alert again.
    Reopened,
    /// The signer calls for attention.
    Escalated,
    /// The signer says under which number another quality system keeps the matter.
    LinkedExternal,
    /// The signer accepts to answer for every signature.
    AcceptsAccountability,
    /// The signer marks a batch as invalid: it counts for nothing any more.
    InvalidatedBatch,
    /// The signer marks a test run as invalid: it counts for nothing any more.
    InvalidatedTestRun,
    /// The signer examined an incident, its cause and its action, and closes it.
    ClosedIncident,
    /// The signer lifts a legal hold.
    LiftsHold,
    /// The signer proposes that stored files are disposed of.
    ProposesDisposal,
    /// The signer approves that stored files are disposed of.
    ApprovesDisposal,
    /// The signer proposes that values in records are redacted.
    ProposesRedaction,
    /// The signer approves that values in records are redacted.
    ApprovesRedaction,
}

impl Meaning {
    /// The word used in records.
    pub fn word(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|word| word.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// The meaning in words, as every manifestation shows it.
    pub fn words(self) -> &'static str {
        match self {
            Self::ApprovesDecision => "approves this decision",
            Self::ApprovesStudy => "approves this study as validation evidence",
            Self::Authored => "authored this version and submits it",
            Self::Rejected => "rejects this version",
            Self::Reviewed => "reviewed this version",
            Self::Approved => "approves this version for its intended use",
            Self::ReleasedForUse => "releases this version for use",
            Self::Suspended => "suspends the use of this version",
            Self::Superseded => "puts another version in use in place of this one",
            Self::AuthoredChange => "made this change and states its impact",
            Self::ApprovesChange => {
                "approves this change, its impact and the decision about testing again"
            }
            Self::AuthoredReference => "proposes this reference and policy and states why",
            Self::ApprovesReference => {
                "approves this reference and policy for the batches that come after"
            }
            Self::ApprovesQualification => "examined and approves this qualification run",
            Self::AuditTrailReviewed => "reviewed this part of the audit trail",
            Self::AccessReviewed => "reviewed these access rights",
            Self::SystemReviewed => "reviewed the state of the system",
            Self::Retired => "retires this version",
            Self::Withdrawn => "withdraws this version",
            Self::AuthoredInvestigation => "investigated this alert",
            Self::ReviewedInvestigation => "reviewed the investigation of this alert",
            Self::ReturnedInvestigation => "sends the investigation of this alert back",
            Self::RejectedDecision => "rejects the drafted decision on this alert",
            Self::ApprovedPlan => "approves this remedial action and its criterion",
            Self::ExtendedDueDate => "extends the due date of the remedial action",
            Self::CompletedAction => "completed the remedial action",
            Self::ReturnedAction => "does not accept the remedial action as done",
            Self::EffectivenessConfirmed => "confirms that the remedial action was effective",
            Self::EffectivenessRefuted => {
                "confirms that the remedial action is not shown to be effective"
            }
            Self::Closed => "closes this alert",
            Self::Reopened => "opens this alert again",
            Self::Escalated => "escalates this alert",
            Self::LinkedExternal => "links this alert to another quality system",
            Self::AcceptsAccountability => "accepts to answer for every signature",
            Self::InvalidatedBatch => "marks this batch as invalid",
            Self::InvalidatedTestRun => "marks this test run as invalid",
            Self::ClosedIncident => {
                "examined this incident, its cause and its action, and closes it"
            }
            Self::LiftsHold => "lifts this legal hold",
            Self::ProposesDisposal => "proposes to dispose of these files",
            Self::ApprovesDisposal => "approves to dispose of these files",
            Self::ProposesRedaction => "proposes to redact these fields",
            Self::ApprovesRedaction => "approves to redact these fields",
        }
    }
}

/// The signature record: its canonical bytes are witnessed by the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Signature {
    /// Always [`SIGNATURE_FORMAT`].
    pub format: String,
    /// Id.
    pub id: String,
    /// The decision signed.
    pub decision: String,
    /// SHA-256 of its canonical bytes.
    pub decision_sha256: String,
    /// Who signed: user name, printed name, role.
    pub signer: Account,
    /// What it stands for.
    pub meaning: Meaning,
    /// When, UTC.
    pub signed_at: String,
    /// How the signer was identified, in words: what was entered or done for this signature.
    pub method: String,
    /// What the signer's passkey says; on every signature of somebody who has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<PasskeyProof>,
    /// Who the identity provider said the signer is, after a login for this signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderIdentity>,
}

impl Signature {
    /// The signature of `signer` over `decision_bytes`, which must be the bytes whose digest `shown_sha256` was on the screen.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] when the bytes are others than those shown.
    pub fn over(
        decision: (&str, &[u8]),
        shown_sha256: &str,
        signer: Account,
        (id, signed_at): (String, String),
        identified: Identified,
    ) -> Result<Self> {
        let decision_sha256 = digest::sha256_hex(decision.1);
        if decision_sha256 != shown_sha256 {
            return Err(Error::Changed);
        }
        Ok(Self {
            format: SIGNATURE_FORMAT.to_owned(),
            id,
            decision: decision.0.to_owned(),
            decision_sha256,
            signer,
            meaning: Meaning::ApprovesDecision,
            signed_at,
            method: identified.method,
            passkey: identified.passkey,
            provider: identified.provider,
        })
    }

    /// How the signer was identified.
    pub fn identified(&self) -> Identified {
        Identified {
            method: self.method.clone(),
            passkey: self.passkey.clone(),
            provider: self.provider.clone(),
        }
    }

    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// The manifestation: the same words on screen, in print and in every export.
    pub fn manifestation(&self) -> String {
        manifestation((&self.signer, &self.signed_at), self.meaning, &self.decision_sha256)
    }
}

/// The manifestation of the signature of `signer` at a time, over a record with this SHA-256.
pub(super) fn manifestation(
    (signer, signed_at): (&Account, &str),
    meaning: Meaning,
    sha256: &str,
) -> String {
    let Account { printed_name, user_name, role, .. } = signer;
    format!(
        "Signed electronically by {printed_name} ({user_name}, {}) on {signed_at}: {}. Record SHA-256 {sha256}",
        role.word(),
        meaning.words(),
    )
}
