//! The decision record: what one person concludes about an alert episode, for another person to sign.

use super::{Error, Result};
use crate::access::account::Account;
use crate::digest;
use serde::{Deserialize, Serialize};

/// Identifies the format of a decision record.
pub const DECISION_FORMAT: &str = "driftledger/decision/v1";

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionCode {
    /// Nothing has to be done, and the rationale says why.
    NoAction,
    /// The change is accepted, with its rationale.
    AcceptWithRationale,
    /// Tolerances change: a new policy record.
    AdjustPolicy,
    /// A new model version is trained.
    Retrain,
    /// The version is not to be used until further notice.
    Suspend,
    /// The version ends its life.
    Retire,
    /// The data source is repaired.
    FixSource,
}

impl DecisionCode {
    /// All codes.
    pub const ALL: [Self; 7] = [
        Self::NoAction,
        Self::AcceptWithRationale,
        Self::AdjustPolicy,
        Self::Retrain,
        Self::Suspend,
        Self::Retire,
        Self::FixSource,
    ];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoAction => "no_action",
            Self::AcceptWithRationale => "accept_with_rationale",
            Self::AdjustPolicy => "adjust_policy",
            Self::Retrain => "retrain",
            Self::Suspend => "suspend",
            Self::Retire => "retire",
            Self::FixSource => "fix_source",
        }
    }

    /// The code of that word.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCode`], naming all codes.
    pub fn parse(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|code| code.word() == word).ok_or_else(|| Error::UnknownCode {
            what: "decision code",
            found: word.to_owned(),
            expected: Self::ALL.map(Self::word).join(", "),
        })
    }

    /// Whether what changed is accepted as the new state, so that another reference or policy may follow from it.
    pub fn accepts_change(self) -> bool {
        matches!(self, Self::AcceptWithRationale | Self::AdjustPolicy)
    }

    /// Whether somebody has to do something, by a date.
    pub fn needs_action(self) -> bool {
        matches!(self, Self::AdjustPolicy | Self::Retrain | Self::FixSource)
    }
}

/// How bad it is, said when an alert is acknowledged.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// No effect on product, patient or data.
    Minor,
    /// An effect is possible.
    Major,
    /// An effect is likely.
    Critical,
}

impl Severity {
    /// All severities.
    pub const ALL: [Self; 3] = [Self::Minor, Self::Major, Self::Critical];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }

    /// The severity of that word.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCode`], naming all severities.
    pub fn parse(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word).ok_or_else(|| Error::UnknownCode {
            what: "severity",
            found: word.to_owned(),
            expected: Self::ALL.map(Self::word).join(", "),
        })
    }
}

/// What will be done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemedialAction {
    /// What.
    pub what: String,
    /// Who is responsible.
    pub owner: String,
    /// By when, YYYY-MM-DD.
    pub due_on: String,
}

/// A report the decision rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReportCitation {
    /// Id of the report.
    pub id: String,
    /// SHA-256 of its canonical bytes.
    pub sha256: String,
}

/// The decision record. Its canonical bytes are what is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Decision {
    /// Always [`DECISION_FORMAT`].
    pub format: String,
    /// Id.
    pub id: String,
    /// The episode decided on.
    pub episode: String,
    /// Model name.
    pub model: String,
    /// Model version.
    pub version: String,
    /// What is decided.
    pub code: DecisionCode,
    /// Why.
    pub rationale: String,
    /// What will be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedial_action: Option<RemedialAction>,
    /// The reports of the episode, oldest first.
    pub reports: Vec<ReportCitation>,
    /// Who drafted it.
    pub drafted_by: Account,
    /// When, UTC.
    pub drafted_at: String,
}

impl Decision {
    /// Checks that the record says what it must.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`], [`Error::NeedsAction`].
    pub fn validate(&self) -> Result<()> {
        if self.rationale.trim().is_empty() {
            return Err(Error::Empty {
                field: "rationale",
                hint: "say why this is the right decision",
            });
        }
        match &self.remedial_action {
            None if self.code.needs_action() => Err(Error::NeedsAction { code: self.code.word() }),
            Some(action) if action.what.trim().is_empty() || action.owner.trim().is_empty() => {
                Err(Error::NeedsAction { code: self.code.word() })
            }
            Some(action) if action.due_on.parse::<jiff::civil::Date>().is_err() => {
                Err(Error::Empty { field: "due_on", hint: "write the date as YYYY-MM-DD" })
            }
            _ => Ok(()),
        }
    }

    /// The canonical bytes: what is stored, shown and signed.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }
}
