//! The life of a model version: its states, the steps between them, and the one table that says who may take which.
//!
//! A state is never stored. It follows from the steps that were taken: [`state_after`].

use super::signature::Meaning;
use crate::access::account::Account;
use crate::access::role::Role;
use crate::access::{self, Error};
use serde::{Deserialize, Serialize};

/// Where a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VersionState {
    /// Registered; its model record and its evidence are being put together.
    Draft,
    /// Its author says that it is ready.
    Submitted,
    /// Fit for its intended use; not in use yet.
    Approved,
    /// In use.
    InUse,
    /// Not to be used until further notice.
    Suspended,
    /// Its use is over.
    Retired,
    /// Approved once, never used.
    Withdrawn,
}

impl VersionState {
    /// All states, in the order of a life.
    pub const ALL: [Self; 7] = [
        Self::Draft,
        Self::Submitted,
        Self::Approved,
        Self::InUse,
        Self::Suspended,
        Self::Retired,
        Self::Withdrawn,
    ];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::InUse => "in_use",
            Self::Suspended => "suspended",
            Self::Retired => "retired",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether nothing follows.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Retired | Self::Withdrawn)
    }

    /// Whether a name that stands for use may point at it.
    pub fn is_fit_for_use(self) -> bool {
        matches!(self, Self::Approved | Self::InUse)
    }
}

/// One step of a life. Each is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The author says that the version is ready.
    Submit,
    /// It goes back to its author.
    Reject,
    /// Somebody has examined it.
    Review,
    /// It is fit for its intended use.
    Approve,
    /// Use begins.
    Release,
    /// It is not used after all.
    Withdraw,
    /// Use stops until further notice.
    Suspend,
    /// Another version is put in use in its place: taken with the step of that one, by the same signature.
    Supersede,
    /// Use goes on.
    Resume,
    /// Use ends.
    Retire,
}

impl Step {
    /// All steps.
    pub const ALL: [Self; 10] = [
        Self::Submit,
        Self::Reject,
        Self::Review,
        Self::Approve,
        Self::Release,
        Self::Withdraw,
        Self::Suspend,
        Self::Supersede,
        Self::Resume,
        Self::Retire,
    ];

    /// The word used in records and addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Reject => "reject",
            Self::Review => "review",
            Self::Approve => "approve",
            Self::Release => "release",
            Self::Withdraw => "withdraw",
            Self::Suspend => "suspend",
            Self::Supersede => "supersede",
            Self::Resume => "resume",
            Self::Retire => "retire",
        }
    }

    /// The step of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.word() == word)
    }

    /// The step in words that follow "may not".
    pub fn words(self) -> &'static str {
        match self {
            Self::Submit => "submit the version",
            Self::Reject => "reject the version",
            Self::Review => "sign the version as reviewed",
            Self::Approve => "approve the version",
            Self::Release => "release the version for use",
            Self::Withdraw => "withdraw the version",
            Self::Suspend => "suspend the version",
            Self::Supersede => "put another version in its place",
            Self::Resume => "put the version back into use",
            Self::Retire => "retire the version",
        }
    }
}

/// What a step needs beside the right state and the right role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Only an author of the version takes it.
    ByAuthor,
    /// No author of the version takes it.
    NotByAuthor,
    /// Nothing is missing that a submission needs.
    Complete,
    /// A test run, recorded after its plan, meets it; or a deviation is justified.
    Tested,
    /// Somebody else signed it as reviewed since the state last changed.
    Reviewed,
    /// A reason is given.
    Reason,
    /// The day from which it holds is given.
    EffectiveDay,
    /// Another version of the model is put in use by the same signature.
    Successor,
}

impl Guard {
    /// The guard in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::ByAuthor => "by an author",
            Self::NotByAuthor => "not by an author",
            Self::Complete => "complete",
            Self::Tested => "tested",
            Self::Reviewed => "reviewed by another person",
            Self::Reason => "reason",
            Self::EffectiveDay => "effective day",
            Self::Successor => "a successor put in use by the same signature",
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// State before.
    pub from: VersionState,
    /// The step.
    pub step: Step,
    /// State after.
    pub to: VersionState,
    /// Roles that may take it.
    pub who: &'static [Role],
    /// What the signature means.
    pub meaning: Meaning,
    /// What else it needs.
    pub guards: &'static [Guard],
}

const fn rule(
    (from, step, to): (VersionState, Step, VersionState),
    who: &'static [Role],
    meaning: Meaning,
    guards: &'static [Guard],
) -> Rule {
    Rule { from, step, to, who, meaning, guards }
}

/// The table: every step that may be taken, from which state, by whom, with what meaning, under which guards. What is not in it
/// is refused.
pub const RULES: [Rule; 12] = {
    use Guard::{
        ByAuthor, Complete, EffectiveDay, NotByAuthor, Reason, Reviewed, Successor, Tested,
    };
    use Role::{DataScientist, ProcessExpert, Qa, Reviewer};
    use VersionState::{Approved, Draft, InUse, Retired, Submitted, Suspended, Withdrawn};
    [
        rule(
            (Draft, Step::Submit, Submitted),
            &[DataScientist],
            Meaning::Authored,
            &[ByAuthor, Complete],
        ),
        rule(
            (Submitted, Step::Reject, Draft),
            &[Reviewer, Qa],
            Meaning::Rejected,
            &[NotByAuthor, Reason],
        ),
        rule(
            (Submitted, Step::Review, Submitted),
            &[Reviewer, ProcessExpert],
            Meaning::Reviewed,
            &[NotByAuthor, Complete, Tested],
        ),
        rule(
            (Submitted, Step::Approve, Approved),
            &[Qa],
            Meaning::Approved,
            &[NotByAuthor, Complete, Tested, Reviewed],
        ),
        rule(
            (Approved, Step::Release, InUse),
            &[Qa],
            Meaning::ReleasedForUse,
            &[NotByAuthor, EffectiveDay],
        ),
        rule(
            (Approved, Step::Withdraw, Withdrawn),
            &[Qa],
            Meaning::Withdrawn,
            &[NotByAuthor, Reason],
        ),
        rule(
            (InUse, Step::Suspend, Suspended),
            &[Qa, ProcessExpert, Reviewer],
            Meaning::Suspended,
            &[Reason],
        ),
        rule((InUse, Step::Supersede, Suspended), &[Qa], Meaning::Superseded, &[Successor]),
        rule(
            (Suspended, Step::Review, Suspended),
            &[Reviewer, ProcessExpert],
            Meaning::Reviewed,
            &[NotByAuthor, Reason],
        ),
        rule(
            (Suspended, Step::Resume, InUse),
            &[Qa],
            Meaning::ReleasedForUse,
            &[NotByAuthor, Reason, Reviewed],
        ),
        rule((Suspended, Step::Retire, Retired), &[Qa], Meaning::Retired, &[NotByAuthor, Reason]),
        rule((InUse, Step::Retire, Retired), &[Qa], Meaning::Retired, &[NotByAuthor, Reason]),
    ]
};

impl Rule {
    /// The rule for `step` from `state`; `None` when the step cannot be taken from there.
    pub fn of(state: VersionState, step: Step) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.from == state && rule.step == step)
    }

    /// The rules that start at `state`, in the order of the table.
    pub fn from(state: VersionState) -> impl Iterator<Item = &'static Self> {
        RULES.iter().filter(move |rule| rule.from == state)
    }

    /// Whether the step has this guard.
    pub fn needs(&self, guard: Guard) -> bool {
        self.guards.contains(&guard)
    }

    /// Whether the step changes the state.
    pub fn moves(&self) -> bool {
        self.from != self.to
    }

    /// Whether the step puts the version in use: whichever version of the model was in use goes out by the same signature.
    pub fn puts_in_use(&self) -> bool {
        self.moves() && self.to == VersionState::InUse
    }

    /// Checks that `signer` may take this step of a version with this history; what is missing of its content is another question.
    ///
    /// # Errors
    ///
    /// [`Error::NotPermitted`] for another role or somebody who is not an author where one is needed; [`Error::SamePerson`] for an
    /// author, or for somebody who took the step before in the chain of hands.
    pub fn permit(&self, signer: &Account, history: &History<'_>) -> access::Result<()> {
        if !self.who.contains(&signer.role) {
            let needed =
                self.who.iter().map(|role| role.printed()).collect::<Vec<_>>().join(" or ");
            let (role, action) = (signer.role.printed(), self.step.words());
            return Err(Error::NotPermitted { role, action, needed });
        }
        let is_author = history.authors.iter().any(|author| author.id == signer.id);
        if self.needs(Guard::ByAuthor) && !is_author {
            let names: Vec<_> = history.authors.iter().map(|a| a.user_name.as_str()).collect();
            let needed = format!("an author of it ({})", names.join(", "));
            let (role, action) = (signer.role.printed(), self.step.words());
            return Err(Error::NotPermitted { role, action, needed });
        }
        let same = |did| {
            let user_name = signer.user_name.clone();
            Err(Error::SamePerson { user_name, did, must: self.step.words() })
        };
        if self.needs(Guard::NotByAuthor) && is_author {
            return same("is an author of this version or tested it");
        }
        let reviews = || stay(history.taken).iter().filter(|taken| taken.step == Step::Review);
        if self.step == Step::Review && reviews().any(|taken| taken.account_id == signer.id) {
            return same("signed it as reviewed before");
        }
        let by_signer = reviews().any(|taken| taken.account_id == signer.id);
        if self.needs(Guard::Reviewed) && by_signer {
            return same("signed it as reviewed");
        }
        Ok(())
    }
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Taken {
    /// Id of its record.
    pub id: String,
    /// The step.
    pub step: Step,
    /// Account of who took it.
    pub account_id: String,
    /// User name.
    pub user_name: String,
    /// Role acted in.
    pub role: Role,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// Somebody who made what is judged: registered it, described it, submitted it, tested it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Account.
    pub id: String,
    /// User name.
    pub user_name: String,
}

/// Who did what to a version so far.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// Its authors.
    pub authors: &'a [Author],
    /// Steps, oldest first.
    pub taken: &'a [Taken],
}

/// The state after `steps`, oldest first; a step that the table does not allow comes back with the state it was taken in.
///
/// # Errors
///
/// State and step of the first one that is not allowed.
pub fn state_after(
    steps: impl IntoIterator<Item = Step>,
) -> Result<VersionState, (VersionState, Step)> {
    steps.into_iter().try_fold(VersionState::Draft, |state, step| {
        Rule::of(state, step).map(|rule| rule.to).ok_or((state, step))
    })
}

/// The steps since the state last changed.
pub fn stay(taken: &[Taken]) -> &[Taken] {
    let changes = taken.iter().rposition(|taken| taken.step != Step::Review);
    taken.get(changes.map_or(0, |last| last + 1)..).unwrap_or_default()
}

/// Whether a reviewer signed the version as reviewed since its state last changed.
pub fn is_reviewed(taken: &[Taken]) -> bool {
    stay(taken).iter().any(|taken| taken.role == Role::Reviewer)
}

/// Roles that `signer` acts for besides the own one: a reviewer stands in for the process expert where none signed before.
pub fn acts_for(step: Step, signer: Role, taken: &[Taken]) -> Vec<Role> {
    let is_review = step == Step::Review && signer == Role::Reviewer;
    let signed = stay(taken).iter().any(|taken| taken.role == Role::ProcessExpert);
    if is_review && !signed { vec![Role::ProcessExpert] } else { Vec::new() }
}

/// The table as text, one rule a line.
pub fn rule_table() -> String {
    let mut table = format!(
        "{:<12}{:<10}{:<12}{:<34}{:<52}{}\n",
        "from", "step", "to", "who", "the signature says: who signs", "needs"
    );
    for rule in &RULES {
        let who = rule.who.iter().map(|role| role.word()).collect::<Vec<_>>().join(", ");
        let needs = rule.guards.iter().map(|guard| guard.words()).collect::<Vec<_>>().join(", ");
        table.push_str(&format!(
            "{:<12}{:<10}{:<12}{who:<34}{:<52}{needs}\n",
            rule.from.word(),
            rule.step.word(),
            rule.to.word(),
            rule.meaning.words(),
        ));
    }
    table
}

#[cfg(test)]
mod tests;
