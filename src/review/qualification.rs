//! Qualification: whether this installation is what it should be (IQ), does what it should do (OQ), and does so on the user's own
//! data (PQ). Each check says what was asked, what was expected and what was found; a run that failed stays as it is.

use super::{Error, Result};
use crate::digest;
use serde::{Deserialize, Serialize};

/// Identifies the format of a qualification run.
pub const QUALIFICATION_FORMAT: &str = "driftledger/qualification/v1";

/// What is qualified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// IQ: the installed program, its data folder, its keys and its host.
    Installation,
    /// OQ: every function and its refusals, on a scratch store.
    Operation,
    /// PQ: one model version on its own data.
    Performance,
}

impl Part {
    /// The word of the command line: `iq`, `oq` or `pq`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Installation => "iq",
            Self::Operation => "oq",
            Self::Performance => "pq",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Installation => "installation qualification (IQ)",
            Self::Operation => "operational qualification (OQ)",
            Self::Performance => "performance qualification (PQ)",
        }
    }
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// Found as expected.
    Passed,
    /// Found otherwise.
    Failed,
    /// The program cannot see it; a person has to.
    ForAPerson,
}

impl CheckOutcome {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::ForAPerson => "for a person to check",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QualificationCheck {
    /// Its id, for example `OQ-04`; stable.
    pub id: String,
    /// Rows of the regulation profile it gives evidence for.
    pub requirements: Vec<String>,
    /// What is asked.
    pub question: String,
    /// What goes wrong where it fails.
    pub risk: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// What came of it.
    pub outcome: CheckOutcome,
}

/// One run: a record that is never changed, whatever came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Qualification {
    /// Always [`QUALIFICATION_FORMAT`].
    pub format: String,
    /// What was qualified.
    pub part: Part,
    /// Model and version of a performance qualification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The program and its build.
    pub program: String,
    /// SHA-256 of the program's file; absent where it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_sha256: Option<String>,
    /// Name of the ledger that keeps the run.
    pub ledger: String,
    /// When it began, UTC.
    pub started_at: String,
    /// When it ended, UTC.
    pub finished_at: String,
    /// The checks, in order.
    pub checks: Vec<QualificationCheck>,
    /// Whether no check failed. What is for a person to check is still open then.
    pub passed: bool,
}

impl Qualification {
    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// Number of checks with that outcome.
    pub fn count(&self, outcome: CheckOutcome) -> usize {
        self.checks.iter().filter(|check| check.outcome == outcome).count()
    }

    /// What came of it in a sentence.
    pub fn sentence(&self) -> String {
        let (passed, failed, open) = (
            self.count(CheckOutcome::Passed),
            self.count(CheckOutcome::Failed),
            self.count(CheckOutcome::ForAPerson),
        );
        let verdict = if self.passed { "No check failed" } else { "It did not pass" };
        format!("{verdict}: {passed} passed, {failed} failed, {open} for a person to check.")
    }

    /// Whether what it says about itself holds: its format, and that it passed exactly when no check failed.
    ///
    /// # Errors
    ///
    /// [`Error::Qualification`].
    pub fn validate(&self) -> Result<()> {
        let refused = |reason: &str| Err(Error::Qualification { reason: reason.to_owned() });
        if self.format != QUALIFICATION_FORMAT {
            return refused("its format is another");
        }
        if self.checks.is_empty() {
            return refused("it holds no check");
        }
        if self.passed != (self.count(CheckOutcome::Failed) == 0) {
            return refused("whether it passed is not what its checks say");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(outcomes: &[CheckOutcome], passed: bool) -> Qualification {
        let check = |outcome: &CheckOutcome| QualificationCheck {
            id: "OQ-01".into(),
            requirements: vec!["MON-valid".into()],
            question: "q".into(),
            risk: "r".into(),
            expected: "e".into(),
            found: "f".into(),
            outcome: *outcome,
        };
        Qualification {
            format: QUALIFICATION_FORMAT.into(),
            part: Part::Operation,
            about: None,
            program: "p".into(),
            program_sha256: None,
            ledger: "l".into(),
            started_at: "2026-01-01T00:00:00.000Z".into(),
            finished_at: "2026-01-01T00:00:01.000Z".into(),
            checks: outcomes.iter().map(check).collect(),
            passed,
        }
    }

    #[test]
    fn a_run_passes_exactly_when_no_check_failed() {
        use CheckOutcome::{Failed, ForAPerson, Passed};
        run(&[Passed, ForAPerson], true).validate().unwrap();
        run(&[Passed, Failed], false).validate().unwrap();
        for wrong in [run(&[Passed, Failed], true), run(&[Passed], false), run(&[], true)] {
            assert!(wrong.validate().is_err());
        }
        let said = run(&[Passed, Failed, ForAPerson], false).sentence();
        assert_eq!(said, "It did not pass: 1 passed, 1 failed, 1 for a person to check.");
    }
}
