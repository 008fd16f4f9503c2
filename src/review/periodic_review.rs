//! Periodic reviews: of the audit trail, of access rights, of the system. Each covers a range of the ledger that begins where the last
//! signed one of its kind ended, says which types of entries were looked at, what was found, and by when the next one is due.
//!
//! Who acted in what a review of the audit trail covers does not hold it (Annex 11 §9; its 2025 draft §12.5 to 12.8).

use super::due::day_of;
use super::signature::Meaning;
use super::{Error, Result};
use crate::digest;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Identifies the format of a periodic review.
pub const PERIODIC_REVIEW_FORMAT: &str = "driftledger/periodic-review/v1";

/// What is reviewed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReviewKind {
    /// The audit trail of what people decided about versions and alerts, and of the limits they set.
    Decisions,
    /// The audit trail of accounts, roles, the clock, possible misuse, recovery.
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
            "reference.freeze",
            "batch.quarantine",
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
            "qualification.run",
            "qualification.sign",
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
            "backup.schedule",
            "backup.run",
            "backup.late",
            "restore.test",
            "backup.restore",
        ],
    ),
    (
        Sort::Own,
        &[
            "account.credential",
            "factor.enrol",
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
                "Accounts, roles, suspended signing, possible misuse, the clock, recovery: is each change asked for, granted by another person, and explained?"
            }
            Self::Data => {
                "What was registered and sent, by whom and when: did everything that was expected arrive, once, from its source, and was anything sent again or removed?"
            }
            Self::Access => {
                "Every account with its role: does its owner still need it, and did everybody who left lose it in time?"
            }
            Self::System => {
                "Changes, alerts, tests, restores, exports, and the reviews above: is the system still in its validated state?"
            }
        }
    }

    /// Whether who acted in what it covers may not hold it.
    pub fn is_independent(self) -> bool {
        self.is_of_trail()
    }

    /// Whether it is a review of the audit trail; while one is overdue, no version is approved and no alert closed.
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

/// What a review came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewConclusion {
    /// Nothing has to be done.
    InOrder,
    /// Something has to be done; the findings say what.
    ActionNeeded,
}

impl ReviewConclusion {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::InOrder => "in order",
            Self::ActionNeeded => "action needed",
        }
    }
}

/// An account as a review of access rights saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountSeen {
    /// User name.
    pub user_name: String,
    /// Printed name.
    pub printed_name: String,
    /// The word of the role in force; `none` where another person has not granted one yet, or it ended.
    pub role: String,
    /// `enabled`, `locked` or `disabled`.
    pub state: String,
    /// When somebody last signed in with it, UTC; absent where nobody did. From the access log, which no entry vouches for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in_at: Option<String>,
    /// Tokens that work.
    pub tokens: u64,
}

/// One review: its canonical bytes are signed by who held it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodicReview {
    /// Always [`PERIODIC_REVIEW_FORMAT`].
    pub format: String,
    /// What was reviewed.
    pub kind: ReviewKind,
    /// First ledger entry of the range.
    pub from: u64,
    /// The entry after its last.
    pub until: u64,
    /// The filter: entries of these types were covered, so many of each in the range.
    pub covered: BTreeMap<String, u64>,
    /// Every account, for a review of access rights.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountSeen>,
    /// What stood open or was known at the time, in sentences.
    pub standing: Vec<String>,
    /// What was looked at, and how.
    pub statement: String,
    /// What was found; nothing where all is in order.
    pub findings: Vec<String>,
    /// What it came to.
    pub conclusion: ReviewConclusion,
    /// The day by which the next one is due, UTC.
    pub next_due: String,
    /// User name of who held it.
    pub held_by: String,
}

impl PeriodicReview {
    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// Number of entries that it covers.
    pub fn entries(&self) -> u64 {
        self.covered.values().sum()
    }

    /// Whether it holds by itself, held at the time `at`.
    ///
    /// # Errors
    ///
    /// [`Error::PeriodicReview`] and [`Error::Empty`], saying what is wrong.
    pub fn validate(&self, at: &str) -> Result<()> {
        let refused = |reason: String| Err(Error::PeriodicReview { reason });
        if self.format != PERIODIC_REVIEW_FORMAT {
            return refused("its format is another".to_owned());
        }
        if self.from >= self.until {
            return refused("no entry came since the last one".to_owned());
        }
        let covers = self.kind.covers();
        if let Some(other) = self.covered.keys().find(|kind| !covers.contains(&kind.as_str())) {
            return refused(format!("entries of type `{other}` are not what it covers"));
        }
        if self.statement.trim().is_empty() {
            let hint = "say what was looked at, and how";
            return Err(Error::Empty { field: "statement", hint });
        }
        if self.findings.iter().any(|finding| finding.trim().is_empty()) {
            let hint = "a finding says what was found; leave it out where there is none";
            return Err(Error::Empty { field: "findings", hint });
        }
        if (self.conclusion == ReviewConclusion::ActionNeeded) && self.findings.is_empty() {
            let hint = "where action is needed, say what was found and who does what";
            return Err(Error::Empty { field: "findings", hint });
        }
        let (_, most) = self.kind.days();
        let due = self.next_due.parse::<Date>().ok().filter(|due| due.to_string() == self.next_due);
        let days = due.zip(day_of(at)).map(|(due, day)| i64::from((due - day).get_days()));
        if !days.is_some_and(|days| (1..=most).contains(&days)) {
            return refused(format!(
                "the next one is due on `{}`; expected a later day than today, at most {most} days from now, as 2027-02-26",
                self.next_due
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(change: impl Fn(&mut PeriodicReview)) -> Result<()> {
        let mut review = PeriodicReview {
            format: PERIODIC_REVIEW_FORMAT.to_owned(),
            kind: ReviewKind::Decisions,
            from: 0,
            until: 9,
            covered: BTreeMap::from([("decision.sign".to_owned(), 2)]),
            accounts: Vec::new(),
            standing: Vec::new(),
            statement: "every entry was read".to_owned(),
            findings: Vec::new(),
            conclusion: ReviewConclusion::InOrder,
            next_due: "2026-12-01".to_owned(),
            held_by: "ada".to_owned(),
        };
        change(&mut review);
        review.validate("2026-11-26T08:00:00.000Z")
    }

    #[test]
    fn words_of_kinds_are_their_own() {
        for kind in ReviewKind::ALL {
            assert_eq!(ReviewKind::parse(kind.word()).unwrap(), kind);
        }
        assert!(ReviewKind::parse("trail").is_err());
    }

    #[test]
    fn a_review_says_what_was_looked_at_and_found_and_when_the_next_is_due() {
        review(|_| ()).unwrap();
        review(|review| review.next_due = "2027-05-29".to_owned()).unwrap();
        for due in ["2026-11-26", "2026-11-25", "2027-05-30", "2026-12-32", "26.12.2026", ""] {
            assert!(review(|review| review.next_due = due.to_owned()).is_err(), "{due}");
        }
        assert!(review(|review| review.format = "x".to_owned()).is_err());
        assert!(review(|review| review.until = 0).is_err());
        assert!(review(|review| review.statement = " ".to_owned()).is_err());
        assert!(review(|review| review.findings = vec![String::new()]).is_err());
        assert!(review(|review| review.conclusion = ReviewConclusion::ActionNeeded).is_err());
        review(|review| {
            review.conclusion = ReviewConclusion::ActionNeeded;
            review.findings = vec!["a role was granted without a reason".to_owned()];
        })
        .unwrap();
        assert!(
            review(|review| {
                review.covered = BTreeMap::from([("batch.ingest".to_owned(), 1)]);
            })
            .is_err()
        );
    }
}
