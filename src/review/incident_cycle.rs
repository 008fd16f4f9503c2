//! The life of an incident: where it stands, what makes its next revision, and the one table of what follows what.

use super::{Error, Result};
use serde::{Deserialize, Serialize};

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// It is reported, and its cause is not known.
    Open,
    /// Its cause is stated, and what is done about it.
    Investigated,
    /// QA closed it by a signature.
    Closed,
}

impl IncidentState {
    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Investigated => "investigated",
            Self::Closed => "closed",
        }
    }
}

/// What makes the next revision of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStep {
    /// Somebody, or the program, says that it happened.
    Report,
    /// What was reported is stated otherwise, with the reason.
    Correct,
    /// Its cause is stated, and what is done about it.
    Investigate,
    /// QA closes it, signed.
    Close,
    /// It is opened again, with the reason; what was found before stays in the revision before.
    Reopen,
}

impl IncidentStep {
    /// All steps.
    pub const ALL: [Self; 5] =
        [Self::Report, Self::Correct, Self::Investigate, Self::Close, Self::Reopen];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Correct => "correct",
            Self::Investigate => "investigate",
            Self::Close => "close",
            Self::Reopen => "reopen",
        }
    }

    /// The step in words that follow "to".
    pub fn words(self) -> &'static str {
        match self {
            Self::Report => "report it",
            Self::Correct => "correct what was reported",
            Self::Investigate => "state its cause",
            Self::Close => "close it",
            Self::Reopen => "open it again",
        }
    }

    /// Whether who took it may not close the incident.
    pub fn bars_from_closing(self) -> bool {
        matches!(self, Self::Report | Self::Correct | Self::Investigate)
    }

    /// The state after this step from `from`; none before the first.
    ///
    /// # Errors
    ///
    /// [`Error::IncidentState`] for a step that [`INCIDENT_RULES`] does not have there.
    pub fn after(self, from: Option<IncidentState>) -> Result<IncidentState> {
        let rule = INCIDENT_RULES.iter().find(|rule| rule.0 == from && rule.1 == self);
        if let Some((_, _, to)) = rule {
            return Ok(*to);
        }
        let word = |state: Option<IncidentState>| state.map_or("not reported", IncidentState::word);
        let expected = INCIDENT_RULES.iter().filter(|rule| rule.1 == self).map(|rule| word(rule.0));
        Err(Error::IncidentState {
            found: word(from),
            action: self.words(),
            expected: expected.collect::<Vec<_>>().join(" or "),
        })
    }
}

/// The one table of an incident's life: state before, step, state after. What is not here is refused.
pub const INCIDENT_RULES: [(Option<IncidentState>, IncidentStep, IncidentState); 6] = [
    (None, IncidentStep::Report, IncidentState::Open),
    (Some(IncidentState::Open), IncidentStep::Correct, IncidentState::Open),
    (Some(IncidentState::Open), IncidentStep::Investigate, IncidentState::Investigated),
    (Some(IncidentState::Investigated), IncidentStep::Close, IncidentState::Closed),
    (Some(IncidentState::Investigated), IncidentStep::Reopen, IncidentState::Open),
    (Some(IncidentState::Closed), IncidentStep::Reopen, IncidentState::Open),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // A11-13
    fn what_the_table_does_not_have_is_refused() {
        use IncidentState::{Closed, Investigated, Open};
        let states = [None, Some(Open), Some(Investigated), Some(Closed)];
        let mut allowed = 0;
        for from in states {
            for step in IncidentStep::ALL {
                match step.after(from) {
                    Ok(to) => {
                        assert!(INCIDENT_RULES.contains(&(from, step, to)));
                        allowed += 1;
                    }
                    Err(error) => {
                        let said = error.to_string();
                        assert!(
                            said.contains(step.words()) && said.contains("has to be"),
                            "{said}"
                        );
                    }
                }
            }
        }
        assert_eq!(allowed, INCIDENT_RULES.len());
    }
}
