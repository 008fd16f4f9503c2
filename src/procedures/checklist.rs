//! The list a qualification fills: a question, what was expected, what was found.

use crate::error::Result;
use crate::review::qualification::{CheckOutcome, QualificationCheck};

/// What a check asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Rows of the regulation profile.
    pub(super) requirements: &'a [&'a str],
    /// The question.
    pub(super) question: &'a str,
    /// What goes wrong where it fails.
    pub(super) risk: &'a str,
    /// What is expected.
    pub(super) expected: &'a str,
}

/// Checks in the order they were made.
#[derive(Debug)]
pub(super) struct Checklist {
    prefix: &'static str,
    /// What was made so far.
    pub(super) checks: Vec<QualificationCheck>,
}

impl Checklist {
    pub(super) fn new(prefix: &'static str) -> Self {
        Self { prefix, checks: Vec::new() }
    }

    /// Makes a check: whether it passed, and what was found.
    pub(super) fn ask(&mut self, asked: Asked<'_>, find: impl FnOnce() -> Result<(bool, String)>) {
        let (outcome, found) = match find() {
            Ok((true, found)) => (CheckOutcome::Passed, found),
            Ok((false, found)) => (CheckOutcome::Failed, found),
            Err(error) => {
                (CheckOutcome::Failed, format!("it could not be carried out: {}", error.chain()))
            }
        };
        self.note(asked, outcome, found);
    }

    /// Leaves a check to a person.
    pub(super) fn leave(&mut self, asked: Asked<'_>) {
        self.note(asked, CheckOutcome::ForAPerson, "the program cannot see this".to_owned());
    }

    fn note(&mut self, asked: Asked<'_>, outcome: CheckOutcome, found: String) {
        self.checks.push(QualificationCheck {
            id: format!("{}-{:02}", self.prefix, self.checks.len() + 1),
            requirements: asked.requirements.iter().map(|row| (*row).to_owned()).collect(),
            question: asked.question.to_owned(),
            risk: asked.risk.to_owned(),
            expected: asked.expected.to_owned(),
            found,
            outcome,
        });
    }
}
