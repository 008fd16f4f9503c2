//! The decision that a test run counts for nothing any more: what is signed, and what has to be known when it is.
//!
//! An invalidation can hide a test that failed, or take the ground from under an approval. So it states what the run came to, which steps
//! of the version rest on it, and which run counts in its place; somebody else than who made the run signs it, and nothing is deleted.

use super::batch_invalidation::check_reason;
use super::completeness::{Acceptance, Cited, TestRunFact};
use super::life_cycle::{Rule, Step, VersionState};
use super::{Error, Result};
use crate::digest;
use serde::{Deserialize, Serialize};

/// Identifies the format of an invalidation.
pub const TEST_RUN_INVALIDATION_FORMAT: &str = "driftledger/test-run-invalidation/v1";

/// The test run that is marked invalid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvalidTestRun {
    /// Id of its record.
    pub id: String,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// SHA-256 of its file.
    pub file_sha256: String,
    /// Rows of its file.
    pub rows: u64,
    /// Ledger entry in which it was recorded.
    pub entry: u64,
}

/// A step of the version whose sheet names the test run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestingStep {
    /// Id of its record.
    pub id: String,
    /// The step.
    pub step: Step,
    /// Ledger entry.
    pub entry: u64,
}

/// What is signed: which test run, what it came to, what rests on it, and why. It holds no time and no signer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestRunInvalidation {
    /// Always [`TEST_RUN_INVALIDATION_FORMAT`].
    pub format: String,
    /// Model name.
    pub model: String,
    /// Version of the model.
    pub version: String,
    /// Id of the version.
    pub version_id: String,
    /// The test run.
    pub test_run: InvalidTestRun,
    /// The acceptance plan it was held against.
    pub plan: Cited,
    /// Whether it meets that plan.
    pub meets_plan: bool,
    /// Where the version stands.
    pub state: VersionState,
    /// Steps of the version that rest on it, in the order of the ledger.
    pub steps: Vec<RestingStep>,
    /// The newest test run for the plan in force that counts from now on; absent where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts_instead: Option<TestRunFact>,
    /// Why the test run is invalid.
    pub reason: String,
}

impl TestRunInvalidation {
    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// Whether it says what it must.
    ///
    /// # Errors
    ///
    /// [`Error::Invalidation`], saying what is wrong; [`Error::Empty`] for a blank reason.
    pub fn validate(&self) -> Result<()> {
        if self.format != TEST_RUN_INVALIDATION_FORMAT {
            return Err(Error::Invalidation { reason: "its format is another".to_owned() });
        }
        check_reason(&self.reason)
    }
}

/// Whether a version may be put in use, or reviewed for that, although the test run of its approval is invalid: a test run that counts came
/// after the plan in force and meets it.
pub fn is_tested_again(acceptance: &Acceptance) -> bool {
    acceptance.run_after_plan().is_some_and(|found| found.meets_plan)
}

/// Whether the step of `rule` relies on an approval that was signed before: it puts the version in use, or is the review that this needs.
pub fn relies_on_approval(rule: &Rule) -> bool {
    rule.puts_in_use() || rule.from == VersionState::Suspended && rule.step == Step::Review
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::life_cycle::RULES;

    #[test]
    fn what_puts_in_use_relies_on_the_approval_and_what_takes_out_does_not() {
        let found: Vec<_> = RULES.iter().filter(|rule| relies_on_approval(rule)).collect();
        let found: Vec<_> = found.iter().map(|rule| (rule.from, rule.step)).collect();
        let expected = [
            (VersionState::Approved, Step::Release),
            (VersionState::Suspended, Step::Review),
            (VersionState::Suspended, Step::Resume),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn only_a_run_after_the_plan_that_meets_it_stands_in() {
        let cited = |id: &str, entry| Cited { id: id.to_owned(), sha256: "0".repeat(64), entry };
        let with = |entry, meets_plan| Acceptance {
            plan: Some(cited("ap_1", 7)),
            test_run: Some(TestRunFact { run: cited("tr_1", entry), meets_plan }),
        };
        assert!(is_tested_again(&with(8, true)));
        assert!(!is_tested_again(&with(8, false)) && !is_tested_again(&with(6, true)));
        let untested = Acceptance { test_run: None, ..with(8, true) };
        assert!(!is_tested_again(&untested) && !is_tested_again(&Acceptance::default()));
    }
}
