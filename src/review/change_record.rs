//! The change record between two versions: what changed, why, what it may do, and whether it is tested again.
//!
//! What changed is computed from the two registrations; the rest is stated by an author and approved by QA, each with a signature
//! over the same bytes. Whatever changes what the model computes is tested again: nobody decides otherwise.

use super::completeness::JUSTIFICATION_MIN;
use super::life_cycle::Author;
use super::signature::Meaning;
use super::{Error, Result};
use crate::access::account::Account;
use crate::access::role::Role;
use crate::access::{self, Error as AccessError};
use crate::digest;
use crate::provenance::model_record::is_written;
use crate::provenance::version_difference::VersionDifference;
use serde::{Deserialize, Serialize};

/// Identifies the format of a change record.
pub const CHANGE_RECORD_FORMAT: &str = "driftledger/change-record/v1";

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The model itself: training, algorithm, parameters.
    Model,
    /// Data it was made from or is judged against.
    Data,
    /// Software around it: preparation, environment, the system that calls it.
    Software,
    /// The process it is used in.
    Process,
    /// What measures its inputs.
    Sensor,
    /// Who supplies model, data or material.
    Supplier,
    /// How it is monitored.
    Monitoring,
}

impl ChangeKind {
    /// All of them, in the order of forms.
    pub const ALL: [Self; 7] = [
        Self::Model,
        Self::Data,
        Self::Software,
        Self::Process,
        Self::Sensor,
        Self::Supplier,
        Self::Monitoring,
    ];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Data => "data",
            Self::Software => "software",
            Self::Process => "process",
            Self::Sensor => "sensor",
            Self::Supplier => "supplier",
            Self::Monitoring => "monitoring",
        }
    }
}

/// What the change does to the risk of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RiskEffect {
    /// Less than before.
    Lower,
    /// As before.
    Unchanged,
    /// More than before.
    Higher,
}

impl RiskEffect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lower, Self::Unchanged, Self::Higher];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Unchanged => "unchanged",
            Self::Higher => "higher",
        }
    }
}

/// What an author states about a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeStatement {
    /// What kinds of things changed; at least one.
    pub kinds: Vec<ChangeKind>,
    /// Why it was changed.
    pub reason: String,
    /// What the change may do: to the outputs, to whoever relies on them, to other systems.
    pub impact: String,
    /// What it does to the risk of use.
    pub risk: RiskEffect,
    /// Whether the version is tested again.
    pub retest: bool,
    /// Why, or why not.
    pub retest_rationale: String,
    /// Number of the change in another system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_change: Option<String>,
}

/// The approved version that the new one comes after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Followed {
    /// Its id.
    pub version_id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its canonical registration.
    pub registration_sha256: String,
}

/// The record. Its canonical bytes are what author and QA sign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRecord {
    /// Always [`CHANGE_RECORD_FORMAT`].
    pub format: String,
    /// Id of the new version.
    pub version_id: String,
    /// Model name.
    pub model: String,
    /// The new version.
    pub version: String,
    /// SHA-256 of its canonical registration.
    pub registration_sha256: String,
    /// The version it comes after.
    pub follows: Followed,
    /// What differs, computed from the two registrations.
    pub difference: VersionDifference,
    /// What the author states.
    pub statement: ChangeStatement,
}

impl ChangeRecord {
    /// Checks that everything is said, and that what has to be tested again is.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] for a text or a kind that is not there; [`Error::RetestNeeded`].
    pub fn validate(&self) -> Result<()> {
        let said = &self.statement;
        let empty = |field, hint| Err(Error::Empty { field, hint });
        if said.kinds.is_empty() {
            return empty("kinds", "name at least one kind of change");
        }
        if !is_written(&said.reason) {
            return empty("reason", "say why it was changed");
        }
        if !is_written(&said.impact) {
            return empty("impact", "say what the change may do, also where that is nothing");
        }
        let long_enough = said.retest_rationale.trim().chars().count() >= JUSTIFICATION_MIN;
        if !is_written(&said.retest_rationale) || !long_enough {
            return empty(
                "retest_rationale",
                "say in at least 20 characters why the version is tested again, or why it need not be",
            );
        }
        let because = self.difference.changes_what_is_computed();
        if !said.retest && !because.is_empty() {
            return Err(Error::RetestNeeded { changed: because.join(", ") });
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

/// A change record that a step rests on, and who has signed it by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChangeFact {
    /// Id.
    pub id: String,
    /// SHA-256 of its canonical bytes.
    pub sha256: String,
    /// Ledger entry.
    pub entry: u64,
    /// Whether the version is tested again.
    pub retest: bool,
    /// Whether an author signed it.
    pub authored: bool,
    /// Whether QA approved it.
    pub approved: bool,
}

impl ChangeFact {
    /// Whether it is decided, by author and QA, that the version need not be tested again.
    pub fn waives_test(&self) -> bool {
        !self.retest && self.authored && self.approved
    }
}

/// What the next signature over a change record means, if `signer` may give it: first an author of the version, then QA that is no
/// author.
///
/// # Errors
///
/// [`AccessError::NotPermitted`] for another role, or an author's signature that is missing first; [`AccessError::SamePerson`].
pub fn next_signature(
    signer: &Account,
    authors: &[Author],
    (authored, approved): (bool, bool),
) -> access::Result<Meaning> {
    let refused = |needed: &str| {
        let (role, action) = (signer.role.printed(), "sign this change record");
        Err(AccessError::NotPermitted { role, action, needed: needed.to_owned() })
    };
    let is_author = authors.iter().any(|author| author.id == signer.id);
    match (authored, approved) {
        (false, _) if signer.role == Role::DataScientist && is_author => {
            Ok(Meaning::AuthoredChange)
        }
        (false, _) => refused("an author of the version (data_scientist) first"),
        (true, false) if signer.role != Role::Qa => refused("QA"),
        (true, false) if is_author => Err(AccessError::SamePerson {
            user_name: signer.user_name.clone(),
            did: "is an author of this version or tested it",
            must: "approve its change record",
        }),
        (true, false) => Ok(Meaning::ApprovesChange),
        (true, true) => refused("nobody: author and QA have signed it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::version_difference::Change;

    fn record(retest: bool, files: &[&str]) -> ChangeRecord {
        let change = |at: &&str| Change { at: (*at).to_owned(), before: None, after: None };
        let follows = Followed {
            version_id: "mv_1".to_owned(),
            version: "1".to_owned(),
            registration_sha256: "a".repeat(64),
        };
        ChangeRecord {
            format: CHANGE_RECORD_FORMAT.to_owned(),
            version_id: "mv_2".to_owned(),
            model: "m".to_owned(),
            version: "2".to_owned(),
            registration_sha256: "b".repeat(64),
            follows,
            difference: VersionDifference {
                files: files.iter().map(change).collect(),
                ..VersionDifference::default()
            },
            statement: ChangeStatement {
                kinds: vec![ChangeKind::Software],
                reason: "a library was patched".to_owned(),
                impact: "none on outputs".to_owned(),
                risk: RiskEffect::Unchanged,
                retest,
                retest_rationale: "the patched function is not called".to_owned(),
                external_change: None,
            },
        }
    }

    #[test] // REQ-A22d-10.1
    fn what_is_computed_is_tested_again_and_everything_is_said() {
        record(false, &["environment uv.lock"]).validate().unwrap();
        record(true, &["artifact model.bin"]).validate().unwrap();
        for file in ["artifact model.bin", "preparation code prepare.py"] {
            let refused = record(false, &[file]).validate().unwrap_err();
            assert!(matches!(refused, Error::RetestNeeded { .. }), "{refused}");
        }
        let clear: [fn(&mut ChangeStatement); 5] = [
            |s| s.kinds.clear(),
            |s| s.reason.clear(),
            |s| s.impact = "TODO".to_owned(),
            |s| s.retest_rationale = "because".to_owned(),
            |s| s.retest_rationale = format!("TODO {}", "x".repeat(30)),
        ];
        for change in clear {
            let mut record = record(true, &[]);
            change(&mut record.statement);
            assert!(matches!(record.validate(), Err(Error::Empty { .. })), "{record:?}");
        }
    }

    #[test] // REQ-A22d-10.1
    fn an_author_signs_first_then_qa_that_is_none() {
        let person = |id: &str, role| Account {
            id: id.to_owned(),
            user_name: id.to_owned(),
            printed_name: id.to_owned(),
            role,
        };
        let authors = [Author { id: "dana".to_owned(), user_name: "dana".to_owned() }];
        let next = |id: &str, role, signed| next_signature(&person(id, role), &authors, signed);
        let (none, first, both) = ((false, false), (true, false), (true, true));
        let dana = next("dana", Role::DataScientist, none).unwrap();
        assert_eq!(dana, Meaning::AuthoredChange);
        assert_eq!(next("quentin", Role::Qa, first).unwrap(), Meaning::ApprovesChange);
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
