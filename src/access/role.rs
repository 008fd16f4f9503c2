//! Roles and the permission table: the one place that says who may do what.

use super::{Error, Result};
use serde::{Deserialize, Serialize};

/// What an account is for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Registers models, sends batches.
    DataScientist,
    /// Answers alerts, drafts decisions.
    Qa,
    /// Signs decisions.
    Reviewer,
    /// Judges intended use and input space.
    ProcessExpert,
    /// Reads everything, writes nothing.
    Inspector,
    /// Keeps accounts; never touches records, never signs.
    Admin,
}

impl Role {
    /// All roles, in the order of the permission table.
    pub const ALL: [Self; 6] = [
        Self::DataScientist,
        Self::Qa,
        Self::Reviewer,
        Self::ProcessExpert,
        Self::Inspector,
        Self::Admin,
    ];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::DataScientist => "data_scientist",
            Self::Qa => "qa",
            Self::Reviewer => "reviewer",
            Self::ProcessExpert => "process_expert",
            Self::Inspector => "inspector",
            Self::Admin => "admin",
        }
    }

    /// The role as people read it.
    pub fn printed(self) -> &'static str {
        match self {
            Self::DataScientist => "data scientist",
            Self::Qa => "QA",
            Self::Reviewer => "reviewer",
            Self::ProcessExpert => "process expert",
            Self::Inspector => "inspector",
            Self::Admin => "admin",
        }
    }

    /// The role of that word.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownRole`], naming all roles.
    pub fn parse(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word).ok_or_else(|| Error::UnknownRole {
            role: word.to_owned(),
            expected: Self::ALL.map(Self::word).join(", "),
        })
    }
}

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read models, reports, alerts, decisions, the audit trail and evidence.
    Read,
    /// Register a model or a version.
    Register,
    /// Send a batch or labels.
    Ingest,
    /// Fix the acceptance criteria of a version.
    FixAcceptance,
    /// Test a version against its acceptance criteria.
    TestVersion,
    /// Acknowledge an alert.
    Acknowledge,
    /// Mark a batch that somebody else sent as invalid.
    InvalidateBatch,
    /// Mark a test run that somebody else made as invalid.
    InvalidateTestRun,
    /// Draft a decision.
    DraftDecision,
    /// Sign a decision somebody else drafted.
    SignDecision,
    /// Create accounts, unlock them, ask for their roles.
    ManageAccounts,
    /// Grant or refuse a role that another person asked for.
    ApproveRoles,
    /// Say who is told outside, and send a notice again.
    ManageNotices,
    /// Read who is told outside, and what was told.
    ReadNotices,
    /// Read who signed in and who was refused what.
    ReadAccessLog,
    /// Answer possible misuse, confirm the clock, let somebody sign again whose credential was replaced.
    KeepWatch,
    /// Sign a qualification run.
    ApproveQualification,
    /// Hold and sign a periodic review.
    HoldReview,
    /// Report an incident, correct the report, and state its cause.
    ReportIncident,
    /// Close an incident that somebody else reported, by a signature, or open it again.
    CloseIncident,
    /// Record a continuity drill.
    RecordDrill,
    /// Record the indicators of a closed period.
    RecordIndicators,
    /// Draw predictions for review, and close the sample.
    DrawReviewSample,
    /// Answer about a drawn prediction.
    ReviewPredictions,
    /// Settle what two readers of a prediction differ about.
    AdjudicateReadings,
    /// Accept the statement of accountability, before the first signature.
    AcceptAccountability,
    /// Record a training that somebody else completed.
    RecordTraining,
    /// Set how long stored files are kept, place legal holds, propose disposals.
    KeepRetention,
    /// Lift a legal hold.
    LiftHold,
    /// Sign a disposal that somebody else proposed.
    ApproveDisposal,
    /// Issue and revoke tokens that post batches of one version.
    ManageSourceTokens,
    /// Issue and revoke one's own token.
    ManageOwnTokens,
}

impl Action {
    /// All actions, in the order of the permission table.
    pub const ALL: [Self; 32] = [
        Self::Read,
        Self::Register,
        Self::Ingest,
        Self::FixAcceptance,
        Self::TestVersion,
        Self::Acknowledge,
        Self::InvalidateBatch,
        Self::InvalidateTestRun,
        Self::DraftDecision,
        Self::SignDecision,
        Self::ManageAccounts,
        Self::ApproveRoles,
        Self::ManageNotices,
        Self::ReadNotices,
        Self::ReadAccessLog,
        Self::KeepWatch,
        Self::ApproveQualification,
        Self::HoldReview,
        Self::ReportIncident,
        Self::CloseIncident,
        Self::RecordDrill,
        Self::RecordIndicators,
        Self::DrawReviewSample,
        Self::ReviewPredictions,
        Self::AdjudicateReadings,
        Self::AcceptAccountability,
        Self::RecordTraining,
        Self::KeepRetention,
        Self::LiftHold,
        Self::ApproveDisposal,
        Self::ManageSourceTokens,
        Self::ManageOwnTokens,
    ];

    /// The action in words that follow "may not".
    pub fn words(self) -> &'static str {
        match self {
            Self::Read => "read records",
            Self::Register => "register models",
            Self::Ingest => "send batches or labels",
            Self::FixAcceptance => "fix acceptance",
            Self::TestVersion => "test versions",
            Self::Acknowledge => "acknowledge alerts",
            Self::InvalidateBatch => "invalidate batches",
            Self::InvalidateTestRun => "invalidate test runs",
            Self::DraftDecision => "draft decisions",
            Self::SignDecision => "sign decisions",
            Self::ManageAccounts => "manage accounts",
            Self::ApproveRoles => "approve roles",
            Self::ManageNotices => "manage notices",
            Self::ReadNotices => "read notices",
            Self::ReadAccessLog => "read the access log",
            Self::KeepWatch => "keep watch",
            Self::ApproveQualification => "approve qualification runs",
            Self::HoldReview => "hold periodic reviews",
            Self::ReportIncident => "report incidents",
            Self::CloseIncident => "close incidents",
            Self::RecordDrill => "record drills",
            Self::RecordIndicators => "record indicators",
            Self::DrawReviewSample => "draw review samples",
            Self::ReviewPredictions => "review predictions",
            Self::AdjudicateReadings => "adjudicate readings",
            Self::AcceptAccountability => "accept accountability",
            Self::RecordTraining => "record trainings",
            Self::KeepRetention => "keep retention",
            Self::LiftHold => "lift legal holds",
            Self::ApproveDisposal => "approve disposals",
            Self::ManageSourceTokens => "manage source tokens",
            Self::ManageOwnTokens => "manage own tokens",
        }
    }

    /// The roles that may do it.
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::Read => &[
                Role::DataScientist,
                Role::Qa,
                Role::Reviewer,
                Role::ProcessExpert,
                Role::Inspector,
                Role::Admin,
            ],
            Self::Register | Self::Ingest | Self::ManageSourceTokens | Self::ManageOwnTokens => {
                &[Role::DataScientist]
            }
            Self::FixAcceptance | Self::TestVersion => &[Role::DataScientist, Role::ProcessExpert],
            Self::Acknowledge | Self::DraftDecision | Self::HoldReview | Self::KeepRetention => {
                &[Role::Qa, Role::Reviewer]
            }
            Self::SignDecision | Self::AdjudicateReadings => {
                &[Role::Qa, Role::Reviewer, Role::ProcessExpert]
            }
            Self::ManageAccounts | Self::ManageNotices => &[Role::Admin],
            Self::ApproveRoles | Self::KeepWatch | Self::RecordTraining | Self::RecordDrill => {
                &[Role::Qa, Role::Admin]
            }
            Self::ReportIncident => {
                &[Role::DataScientist, Role::Qa, Role::Reviewer, Role::ProcessExpert, Role::Admin]
            }
            Self::AcceptAccountability => {
                &[Role::DataScientist, Role::Qa, Role::Reviewer, Role::ProcessExpert]
            }
            Self::ApproveQualification
            | Self::RecordIndicators
            | Self::DrawReviewSample
            | Self::InvalidateBatch
            | Self::InvalidateTestRun
            | Self::CloseIncident
            | Self::LiftHold
            | Self::ApproveDisposal => &[Role::Qa],
            Self::ReviewPredictions => &[Role::Reviewer, Role::ProcessExpert],
            Self::ReadAccessLog | Self::ReadNotices => &[Role::Qa, Role::Inspector, Role::Admin],
        }
    }

    /// Whether a token may do it for its owner. Tokens never sign and never decide.
    pub fn by_token(self) -> bool {
        matches!(
            self,
            Self::Read | Self::Register | Self::Ingest | Self::FixAcceptance | Self::TestVersion
        )
    }
}

/// Checks that `role` may do `action`.
///
/// # Errors
///
/// [`Error::NotPermitted`], naming the roles that may.
pub fn permit(role: Role, action: Action) -> Result<()> {
    if action.roles().contains(&role) {
        return Ok(());
    }
    let needed = action.roles().iter().map(|r| r.printed()).collect::<Vec<_>>().join(" or ");
    Err(Error::NotPermitted { role: role.printed(), action: action.words(), needed })
}

/// The permission table as text, one action a line.
pub fn permission_table() -> String {
    let mut table = format!("{:<24}", "action");
    for role in Role::ALL {
        table.push_str(&format!("{:<16}", role.word()));
    }
    table.push_str("token\n");
    for action in Action::ALL {
        table.push_str(&format!("{:<24}", action.words()));
        for role in Role::ALL {
            let mark = if action.roles().contains(&role) { "yes" } else { "-" };
            table.push_str(&format!("{mark:<16}"));
        }
        table.push_str(if action.by_token() { "yes\n" } else { "-\n" });
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_setting_can_switch_off() {
        for action in [Action::SignDecision, Action::DraftDecision, Action::Acknowledge] {
            assert!(!action.by_token());
            assert!(permit(Role::Admin, action).is_err());
            assert!(permit(Role::Inspector, action).is_err());
        }
        let reads = [Action::Read, Action::ReadAccessLog, Action::ReadNotices];
        for action in Action::ALL.into_iter().filter(|a| !reads.contains(a)) {
            assert!(permit(Role::Inspector, action).is_err(), "{action:?}");
        }
        let of_people = [
            Action::Read,
            Action::ManageAccounts,
            Action::ApproveRoles,
            Action::ManageNotices,
            Action::ReadNotices,
            Action::ReadAccessLog,
            Action::KeepWatch,
            Action::RecordTraining,
            Action::ReportIncident,
            Action::RecordDrill,
        ];
        for action in Action::ALL.into_iter().filter(|a| !of_people.contains(a)) {
            assert!(permit(Role::Admin, action).is_err(), "{action:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_roles_that_may() {
        let refused = permit(Role::Inspector, Action::SignDecision).unwrap_err().to_string();
        assert_eq!(
            refused,
            "role `inspector` may not sign decisions; it takes QA or reviewer or process expert"
        );
    }
}
