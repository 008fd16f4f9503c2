//! The kinds of periodic reviews: what each asks, which entries of the ledger it covers, and how often it is held.
//!
//! Entry types are named by their words: this room does not know the ledger. That every type has its line is tested where both are known
//! (`src/evidence/examine/periodic_reviews.rs`).

use super::signature::Meaning;
use super::{Error, Result};
use serde::{Deserialize, Serialize};

/// What is reviewed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReviewKind {
    /// The audit trail of what people decided about versions and alerts, and of the limits they set.
    Decisions,
    /// The audit trail of accounts, roles, the clock, possible misuse, recovery, incidents and drills.
    Administration,
    /// The audit trail of what was sent: versions, batches, labels, runs.
    Data,
    /// Who has which access.
    Access,
    /// Whether the system is still in its validated state.
    System,
}

/// What kind of act an entry type records, for review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// A person decided something about a record.
    Decision,
    /// Somebody changed what others may do, or the system itself.
    Administration,
    /// Data came in.
    Data,
    /// Somebody did something about their own credentials, or took evidence away.
    Own,
    /// A periodic review.
    Review,
}

/// The one table of what kind of act every entry type records, by the words of the ledger.
const SORTS: [(Sort, &[&str]); 5] = [
    (
        Sort::Decision,
        &[
            "policy.set",
            "reference.propose",
            "reference.sign",
            "reference.freeze",
            "batch.quarantine",
            "batch.invalidate",
            "alert.acknowledge",
            "decision.draft",
            "decision.sign",
            "alert.step",
            "alert.overdue",
            "study.attach",
            "study.sign",
            "model_record.attach",
            "version.step",
            "change.record",
            "change.sign",
            "acceptance.plan",
            "test.run",
            "test.invalidate",
            "qualification.run",
            "qualification.sign",
            "sample.draw",
            "sample.answer",
            "sample.close",
            "retention.set",
            "retention.assign",
            "hold.place",
            "hold.lift",
            "disposal.propose",
            "disposal.sign",
            "redaction.propose",
            "redaction.sign",
            "proposal.withdraw",
        ],
    ),
    (
        Sort::Administration,
        &[
            "log.create",
            "account.create",
            "account.lock",
            "account.unlock",
            "account.disable",
            "account.enable",
            "role.request",
            "role.answer",
            "factor.removal_ask",
            "factor.remove",
            "factor.temporary",
            "identity.ask",
            "identity.answer",
            "signing.hold",
            "signing.release",
            "misuse.detect",
            "misuse.answer",
            "clock.event",
            "notice.target",
            "password_policy.set",
            "accountability.set",
            "identity.check",
            "training_policy.set",
            "training.record",
            "log.rollback",
            "key.rotate",
            "key.revoke",
            "backup.schedule",
            "backup.run",
            "backup.late",
            "restore.test",
            "incident.report",
            "incident.revise",
            "incident.close",
            "drill.record",
            "indicators.record",
            "time_stamp.schedule",
            "time_stamp.run",
            "time_stamp.late",
            "backup.restore",
            "store.upgrade",
        ],
    ),
    (
        Sort::Own,
        &[
            "account.credential",
            "factor.enrol",
            "factor.temporary_use",
            "passkey.register",
            "passkey.revoke",
            "token.create",
            "token.revoke",
            "accountability.accept",
            "evidence.export",
        ],
    ),
    (
        Sort::Data,
        &[
            "model.register",
            "version.register",
            "dataset.manifest",
            "batch.ingest",
            "labels.ingest",
            "performance.evaluate",
            "alert.open",
            "alert.join",
            "experiment.create",
            "experiment.change",
            "run.create",
            "run.log",
            "run.state",
            "artifact.keep",
            "artifact.remove",
            "logged_model.create",
            "logged_model.change",
            "model.change",
            "draft.register",
            "draft.change",
            "lineage.event",
            "silence.alert",
        ],
    ),
    (Sort::Review, &["review.hold", "review.sign"]),
];

/// Entry types that change what a review of access rights lists.
const OF_ACCESS: &[&str] = &[
    "account.create",
    "account.lock",
    "account.unlock",
    "account.disable",
    "account.enable",
    "role.request",
    "role.answer",
    "factor.remove",
    "identity.answer",
    "signing.hold",
    "signing.release",
    "token.create",
    "token.revoke",
];

impl ReviewKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Decisions, Self::Administration, Self::Data, Self::Access, Self::System];

    /// The word used in records and addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Administration => "administration",
            Self::Data => "data",
            Self::Access => "access",
            Self::System => "system",
        }
    }

    /// The kind of that word.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCode`], naming all kinds.
    pub fn parse(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(|| Error::UnknownCode {
            what: "kind of periodic review",
            found: word.to_owned(),
            expected: Self::ALL.map(Self::word).join(", "),
        })
    }

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Decisions => "Audit trail: decisions",
            Self::Administration => "Audit trail: administration",
            Self::Data => "Audit trail: data",
            Self::Access => "Access rights",
            Self::System => "The system as a whole",
        }
    }

    /// What is to be looked at, in a sentence.
    pub fn question(self) -> &'static str {
        match self {
            Self::Decisions => {
                "What people decided about versions and alerts, the limits and criteria they set, and what was quarantined: is each act by the right person, in the right order, with a reason that holds?"
            }
            Self::Administration => {
                "Accounts, roles, suspended signing, possible misuse, the clock, recovery, incidents: is each change asked for, granted by another person, and explained?"
            }
            Self::Data => {
                "What was registered and sent, by whom and when: did everything that was expected arrive, once, from its source, and was anything sent again or removed?"
            }
            Self::Access => {
                "Every account with its role: does its owner still need it, and did everybody who left lose it in time?"
            }
            Self::System => {
                "Changes, alerts, incidents, drills, tests, restores, exports, and the reviews above: is the system still in its validated state?"
            }
        }
    }

    /// Whether it is a review of the audit trail: who acted in what it covers may not hold it, and while one is overdue, no version is
    /// approved and no alert closed.
    pub fn is_of_trail(self) -> bool {
        matches!(self, Self::Decisions | Self::Administration | Self::Data)
    }

    /// Days until the next one that are proposed, and the most that can be set.
    pub fn days(self) -> (i64, i64) {
        match self {
            Self::Decisions => (30, 184),
            Self::Administration | Self::Data => (91, 366),
            Self::Access => (182, 366),
            Self::System => (365, 1096),
        }
    }

    /// The entry types that it covers, by the words of the ledger.
    pub fn covers(self) -> Vec<&'static str> {
        let of = |wanted: Option<Sort>| {
            let sorts = SORTS.iter().filter(move |(sort, _)| wanted.is_none_or(|one| one == *sort));
            sorts.flat_map(|(_, words)| words.iter().copied()).collect()
        };
        match self {
            Self::Decisions => of(Some(Sort::Decision)),
            Self::Administration => of(Some(Sort::Administration)),
            Self::Data => of(Some(Sort::Data)),
            Self::Access => OF_ACCESS.to_vec(),
            Self::System => of(None),
        }
    }
}

/// What a signature over a review of this kind stands for.
pub fn meaning(kind: ReviewKind) -> Meaning {
    match kind {
        ReviewKind::Access => Meaning::AccessReviewed,
        ReviewKind::System => Meaning::SystemReviewed,
        _ => Meaning::AuditTrailReviewed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_kinds_are_their_own() {
        for kind in ReviewKind::ALL {
            assert_eq!(ReviewKind::parse(kind.word()).unwrap(), kind);
        }
        assert!(ReviewKind::parse("trail").is_err());
    }
}
