//! Periodic reviews: of the audit trail, of access rights, of the system. Each covers a range of the ledger that begins where the last
//! signed one of its kind ended, says which types of entries were looked at, what was found, and by when the next one is due.
//!
//! Who acted in what a review of the audit trail covers does not hold it (Annex 11 §9; its 2025 draft §12.5 to 12.8).

use super::due::day_of;
use super::review_kind::ReviewKind;
use super::{Error, Result};
use crate::digest;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Identifies the format of a periodic review.
pub const PERIODIC_REVIEW_FORMAT: &str = "driftledger/periodic-review/v1";

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
