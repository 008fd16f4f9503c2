//! A proposal: with which other reference or policy the batches of a registered version are to be judged from now on, and why.
//!
//! A reference is learnt from batches of the version that were judged already; none of them is judged again, so none is evidence twice.
//! Who proposes signs first, then QA; with the second signature it is in force.

use super::completeness::JUSTIFICATION_MIN;
use super::decision::DecisionCode;
use super::signature::Meaning;
use super::{Error, Result};
use crate::access::account::Account;
use crate::access::role::{Action, Role};
use crate::access::{self, Error as AccessError};
use crate::digest;
use crate::drift::policy::Policy;
use crate::drift::reference::Reference;
use crate::drift::reference_move::SeriesMove;
use crate::provenance::model_record::is_written;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Identifies the format of a proposal.
pub const REFERENCE_PROPOSAL_FORMAT: &str = "driftledger/reference-proposal/v1";

/// What the version is judged with when it is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InForce {
    /// Number of the revision.
    pub revision: u64,
    /// SHA-256 of the canonical reference.
    pub reference_sha256: String,
    /// SHA-256 of the canonical policy.
    pub policy_sha256: String,
    /// SHA-256 of the canonical monitor.
    pub monitor_sha256: String,
}

/// The alert whose decision accepts the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptedAlert {
    /// Id of the alert.
    pub episode: String,
    /// Id of the signed decision.
    pub decision: String,
    /// SHA-256 of its canonical bytes.
    pub decision_sha256: String,
    /// What it decides.
    pub code: DecisionCode,
}

/// The change record, signed by author and QA, that brings another reference with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptedChange {
    /// Id of the change record.
    pub change: String,
    /// SHA-256 of its canonical bytes.
    pub change_sha256: String,
}

/// A batch that the new reference is learnt from, with the report that judged it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LearntFrom {
    /// Id of the batch.
    pub id: String,
    /// Its name.
    pub name: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// Its rows.
    pub rows: u64,
    /// Id of the report.
    pub report: String,
    /// SHA-256 of the report's canonical bytes.
    pub report_sha256: String,
}

/// The record. Its canonical bytes are what is signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceProposal {
    /// Always [`REFERENCE_PROPOSAL_FORMAT`].
    pub format: String,
    /// Id of the version.
    pub version_id: String,
    /// Model name.
    pub model: String,
    /// Version.
    pub version: String,
    /// SHA-256 of its canonical registration, which stays as it is.
    pub registration_sha256: String,
    /// Number of the revision that it will be.
    pub revision: u64,
    /// What it takes the place of.
    pub follows: InForce,
    /// The decided alert it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<AcceptedAlert>,
    /// Or the change record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<AcceptedChange>,
    /// Why this is right for the intended use.
    pub rationale: String,
    /// Batches that the reference is learnt from, oldest first; none where the reference stays.
    pub batches: Vec<LearntFrom>,
    /// The reference, where it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The policy, where it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Every series before and after: what is accepted, and what will be tolerated.
    pub series: Vec<SeriesMove>,
    /// Program that learnt and computed: name, version and build.
    pub engine: String,
}

impl ReferenceProposal {
    /// Checks that everything is said and fits together.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`], [`Error::ReferenceProposal`].
    pub fn validate(&self) -> Result<()> {
        let refuse = |reason: &str| Err(Error::ReferenceProposal { reason: reason.to_owned() });
        let long_enough = self.rationale.trim().chars().count() >= JUSTIFICATION_MIN;
        if !is_written(&self.rationale) || !long_enough {
            return Err(Error::Empty {
                field: "rationale",
                hint: "say in at least 20 characters why this is right for the intended use",
            });
        }
        if self.format != REFERENCE_PROPOSAL_FORMAT {
            return refuse("its format is another one");
        }
        if self.alert.is_some() == self.change.is_some() {
            return refuse(
                "name either the alert whose signed decision accepts the change, or a change record that author and QA signed",
            );
        }
        if self.alert.as_ref().is_some_and(|alert| !alert.code.accepts_change()) {
            return refuse("the decision on its alert does not accept the change");
        }
        if self.reference.is_none() && self.policy.is_none() {
            return refuse("name batches to learn a reference from, or give a policy, or both");
        }
        if self.reference.is_some() == self.batches.is_empty() {
            return refuse("a reference is learnt from the batches it names, and only from them");
        }
        let once: BTreeSet<&String> = self.batches.iter().map(|batch| &batch.id).collect();
        if once.len() != self.batches.len() {
            return refuse("a batch is named twice; every row counts once");
        }
        let rows: u64 = self.batches.iter().map(|batch| batch.rows).sum();
        if self.reference.as_ref().is_some_and(|reference| reference.rows != rows) {
            return refuse("its reference has another number of rows than its batches");
        }
        if self.follows.revision.checked_add(1) != Some(self.revision) {
            return refuse("its number does not follow the revision in force");
        }
        Ok(())
    }

    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }
}

/// What the next signature over a proposal of the account `proposer` means, if `signer` may give it: first who proposed it, then QA.
///
/// # Errors
///
/// [`AccessError::NotPermitted`] for another person or role, or a first signature that is missing; [`AccessError::SamePerson`].
pub fn next_signature(
    signer: &Account,
    proposer: &str,
    (authored, approved): (bool, bool),
) -> access::Result<Meaning> {
    let refused = |needed: &str| {
        let (role, action) = (signer.role.printed(), "sign this proposal of a reference");
        Err(AccessError::NotPermitted { role, action, needed: needed.to_owned() })
    };
    let may_propose = Action::Register.roles().contains(&signer.role);
    match (authored, approved) {
        (false, _) if may_propose && signer.id == proposer => Ok(Meaning::AuthoredReference),
        (false, _) => refused("who proposed it, first"),
        (true, false) if signer.id == proposer => Err(AccessError::SamePerson {
            user_name: signer.user_name.clone(),
            did: "proposed this reference",
            must: "approve it",
        }),
        (true, false) if signer.role != Role::Qa => refused("QA"),
        (true, false) => Ok(Meaning::ApprovesReference),
        (true, true) => refused("nobody: it is signed by two people and in force"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal() -> ReferenceProposal {
        ReferenceProposal {
            format: REFERENCE_PROPOSAL_FORMAT.to_owned(),
            version_id: "mv_1".to_owned(),
            model: "m".to_owned(),
            version: "1".to_owned(),
            registration_sha256: "a".repeat(64),
            revision: 2,
            follows: InForce {
                revision: 1,
                reference_sha256: "b".repeat(64),
                policy_sha256: "c".repeat(64),
                monitor_sha256: "d".repeat(64),
            },
            alert: Some(AcceptedAlert {
                episode: "ep_1".to_owned(),
                decision: "de_1".to_owned(),
                decision_sha256: "e".repeat(64),
                code: DecisionCode::AcceptWithRationale,
            }),
            change: None,
            rationale: "the laboratory uses another assay now".to_owned(),
            batches: vec![LearntFrom {
                id: "ba_1".to_owned(),
                name: "june".to_owned(),
                sha256: "f".repeat(64),
                rows: 10,
                report: "re_1".to_owned(),
                report_sha256: "0".repeat(64),
            }],
            reference: Some(Reference::plain(10, Vec::new())),
            policy: None,
            series: Vec::new(),
            engine: "a test".to_owned(),
        }
    }

    #[test] // A11-10
    fn a_proposal_says_why_and_what_it_is_learnt_from() {
        proposal().validate().unwrap();
        let policy_alone = ReferenceProposal {
            batches: Vec::new(),
            reference: None,
            policy: Some(Policy::default()),
            ..proposal()
        };
        policy_alone.validate().unwrap();
        let wrong: [fn(&mut ReferenceProposal); 8] = [
            |p| p.rationale = "because".to_owned(),
            |p| p.alert = None,
            |p| {
                p.change =
                    Some(AcceptedChange { change: "cr".to_owned(), change_sha256: String::new() });
            },
            |p| p.alert.as_mut().unwrap().code = DecisionCode::Retrain,
            |p| p.reference = None,
            |p| p.batches.clear(),
            |p| p.batches.push(p.batches[0].clone()),
            |p| p.revision = 3,
        ];
        for change in wrong {
            let mut proposal = proposal();
            change(&mut proposal);
            assert!(proposal.validate().is_err(), "{proposal:?}");
        }
    }

    #[test] // A11-10
    fn who_proposed_signs_first_then_another_person_of_qa() {
        let person = |id: &str, role| Account {
            id: id.to_owned(),
            user_name: id.to_owned(),
            printed_name: id.to_owned(),
            role,
        };
        let next = |id: &str, role, signed| next_signature(&person(id, role), "dana", signed);
        let (none, first, both) = ((false, false), (true, false), (true, true));
        let dana = next("dana", Role::DataScientist, none).unwrap();
        assert_eq!(dana, Meaning::AuthoredReference);
        assert_eq!(next("quentin", Role::Qa, first).unwrap(), Meaning::ApprovesReference);
        for (id, role, signed) in [
            ("other", Role::DataScientist, none),
            ("quentin", Role::Qa, none),
            ("dana", Role::DataScientist, first),
            ("dana", Role::Qa, first),
            ("rosa", Role::Reviewer, first),
            ("quentin", Role::Qa, both),
        ] {
            assert!(next(id, role, signed).is_err(), "{id} {role:?} {signed:?}");
        }
    }
}
