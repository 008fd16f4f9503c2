//! The life of an alert episode: its steps from the acknowledgement to the closing, and the one table that says who may take which.
//!
//! A state is never decided by itself: it follows from the steps that were taken ([`EpisodeFacts::take`]), and `check` and
//! `verify` walk through them again. Acknowledging, drafting and signing a decision have records of their own; every other step
//! is an `episode_step` with a signature over its sheet.

use super::decision::Severity;
use super::effectiveness::{EffectivenessOutcome, RemedialPlan};
use super::signature::Meaning;
use crate::access::account::Account;
use crate::access::role::{Action, Role};
use crate::access::{self, Error};
use crate::drift::episode::EpisodeState;
use serde::{Deserialize, Serialize};

macro_rules! steps {
    ($($(#[doc = $doc:literal])+ $variant:ident $word:literal $words:literal)*) => {
        /// One step of an episode.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum EpisodeStep {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl EpisodeStep {
            /// All steps.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word used in records and addresses.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The step in words that follow "may not".
            pub fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)* }
            }
        }
    };
}

steps! {
    /// Somebody has seen it.
    Acknowledge "acknowledge" "acknowledge the alert"
    /// Somebody says what the cause is, which predictions are affected, and which other models are at risk.
    Investigate "investigate" "record the investigation"
    /// Another person examined the investigation.
    ReviewInvestigation "review_investigation" "review the investigation"
    /// The investigation goes back.
    ReturnInvestigation "return_investigation" "send the investigation back"
    /// A decision is drafted.
    Draft "draft" "draft the decision"
    /// The drafted decision is refused.
    Reject "reject" "reject the drafted decision"
    /// The decision is signed.
    Sign "sign" "sign the decision"
    /// A remedial action is planned: owner, due date, and what will count as its effect.
    Plan "plan" "plan the remedial action"
    /// The due date moves.
    Extend "extend" "extend the due date"
    /// The owner says that it is done, and how that can be seen.
    Complete "complete" "report the remedial action as done"
    /// What was done is not accepted.
    ReturnAction "return_action" "send the remedial action back"
    /// Later batches meet the criterion.
    Confirm "confirm" "confirm the effectiveness"
    /// Later batches do not meet it, or too few came in time: the cause is looked for again.
    Refute "refute" "record that the action is not shown to be effective"
    /// Nothing is left to do.
    Close "close" "close the alert"
    /// A new fact opens it again.
    Reopen "reopen" "reopen the alert"
    /// Somebody has to look now.
    Escalate "escalate" "escalate the alert"
    /// Another quality system keeps it under a number.
    LinkExternal "link_external" "link the alert to another quality system"
}

impl EpisodeStep {
    /// The step of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|step| step.word() == word)
    }

    /// Whether it is recorded with a sheet of its own, rather than as acknowledgement, decision or signature of one.
    pub fn has_sheet(self) -> bool {
        !matches!(self, Self::Acknowledge | Self::Draft | Self::Sign)
    }
}

/// What a step needs beside the right state and the right role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpisodeGuard {
    /// Nobody takes it who recorded an investigation of this cycle.
    NotInvestigator,
    /// Nobody takes it who drafted the decision.
    NotDrafter,
    /// Only the owner of the remedial action takes it.
    ByOwner,
    /// The owner of the remedial action does not take it.
    NotOwner,
    /// Nobody takes it who recorded the effectiveness check.
    NotChecker,
    /// The alert is not critical, or its investigation was reviewed.
    NoInvestigationOwed,
    /// The investigation was reviewed by another person.
    Reviewed,
    /// The decision names no remedial action.
    NoActionOwed,
    /// A reason is given.
    Reason,
    /// A severity is given.
    SeverityGiven,
    /// A day later than the one before is given.
    LaterDay,
    /// The criterion is met, computed from later batches.
    Effective,
    /// The criterion is not met, or can no longer be met in time.
    NotEffective,
}

impl EpisodeGuard {
    /// The guard in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotInvestigator => "not who investigated",
            Self::NotDrafter => "not who drafted the decision",
            Self::ByOwner => "the owner of the action",
            Self::NotOwner => "not the owner of the action",
            Self::NotChecker => "not who checked the effectiveness",
            Self::NoInvestigationOwed => "not critical, or investigation reviewed",
            Self::Reviewed => "investigation reviewed by another person",
            Self::NoActionOwed => "no remedial action decided",
            Self::Reason => "reason",
            Self::SeverityGiven => "severity",
            Self::LaterDay => "later day",
            Self::Effective => "computed: effective",
            Self::NotEffective => "computed: ineffective or inconclusive",
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct EpisodeRule {
    /// State before.
    pub from: EpisodeState,
    /// The step.
    pub step: EpisodeStep,
    /// State after.
    pub to: EpisodeState,
    /// Roles that may take it.
    pub who: &'static [Role],
    /// What the signature means; none where nothing is signed.
    pub meaning: Option<Meaning>,
    /// What else it needs.
    pub guards: &'static [EpisodeGuard],
}

const fn rule(
    (from, step, to): (EpisodeState, EpisodeStep, EpisodeState),
    who: &'static [Role],
    meaning: Option<Meaning>,
    guards: &'static [EpisodeGuard],
) -> EpisodeRule {
    EpisodeRule { from, step, to, who, meaning, guards }
}

const QUALITY: &[Role] = &[Role::Qa, Role::Reviewer];
const RECORDERS: &[Role] = &[Role::DataScientist, Role::Qa, Role::Reviewer, Role::ProcessExpert];

const fn escalate(state: EpisodeState) -> EpisodeRule {
    let guards = &[EpisodeGuard::Reason];
    rule((state, EpisodeStep::Escalate, state), RECORDERS, Some(Meaning::Escalated), guards)
}

const fn link(state: EpisodeState) -> EpisodeRule {
    rule((state, EpisodeStep::LinkExternal, state), QUALITY, Some(Meaning::LinkedExternal), &[])
}

/// The table: every step that may be taken, from which state, by whom, with what meaning, under which guards. What is not in it
/// is refused.
pub const EPISODE_RULES: [EpisodeRule; 33] = {
    use EpisodeGuard as G;
    use EpisodeState as S;
    use EpisodeStep as T;
    use Meaning as M;
    [
        rule((S::Open, T::Acknowledge, S::Acknowledged), Action::Acknowledge.roles(), None, &[]),
        rule(
            (S::Acknowledged, T::Investigate, S::Investigated),
            &[Role::DataScientist, Role::ProcessExpert, Role::Reviewer],
            Some(M::AuthoredInvestigation),
            &[],
        ),
        rule(
            (S::Investigated, T::ReviewInvestigation, S::Investigated),
            &[Role::Reviewer, Role::ProcessExpert],
            Some(M::ReviewedInvestigation),
            &[G::NotInvestigator],
        ),
        rule(
            (S::Investigated, T::ReturnInvestigation, S::Acknowledged),
            &[Role::Reviewer, Role::ProcessExpert, Role::Qa],
            Some(M::ReturnedInvestigation),
            &[G::NotInvestigator, G::Reason],
        ),
        rule(
            (S::Acknowledged, T::Draft, S::Drafted),
            Action::DraftDecision.roles(),
            None,
            &[G::NoInvestigationOwed],
        ),
        rule(
            (S::Investigated, T::Draft, S::Drafted),
            Action::DraftDecision.roles(),
            None,
            &[G::Reviewed],
        ),
        rule(
            (S::Drafted, T::Reject, S::Acknowledged),
            Action::SignDecision.roles(),
            Some(M::RejectedDecision),
            &[G::NotDrafter, G::Reason],
        ),
        rule(
            (S::Drafted, T::Sign, S::Decided),
            Action::SignDecision.roles(),
            Some(M::ApprovesDecision),
            &[G::NotDrafter, G::NotInvestigator],
        ),
        rule(
            (S::Decided, T::Plan, S::ActionPlanned),
            QUALITY,
            Some(M::ApprovedPlan),
            &[G::NotOwner, G::LaterDay],
        ),
        rule(
            (S::Decided, T::Close, S::Closed),
            QUALITY,
            Some(M::Closed),
            &[G::NoActionOwed, G::NotInvestigator, G::NotDrafter, G::Reason],
        ),
        rule(
            (S::ActionPlanned, T::Extend, S::ActionPlanned),
            QUALITY,
            Some(M::ExtendedDueDate),
            &[G::NotOwner, G::LaterDay, G::Reason],
        ),
        rule(
            (S::ActionPlanned, T::Complete, S::ActionDone),
            RECORDERS,
            Some(M::CompletedAction),
            &[G::ByOwner, G::Reason],
        ),
        rule(
            (S::ActionDone, T::ReturnAction, S::ActionPlanned),
            QUALITY,
            Some(M::ReturnedAction),
            &[G::NotOwner, G::Reason],
        ),
        rule(
            (S::ActionDone, T::Confirm, S::EffectivenessChecked),
            QUALITY,
            Some(M::EffectivenessConfirmed),
            &[G::NotOwner, G::Effective],
        ),
        rule(
            (S::ActionDone, T::Refute, S::Acknowledged),
            QUALITY,
            Some(M::EffectivenessRefuted),
            &[G::NotOwner, G::NotEffective, G::Reason],
        ),
        rule(
            (S::EffectivenessChecked, T::Close, S::Closed),
            QUALITY,
            Some(M::Closed),
            &[G::NotInvestigator, G::NotDrafter, G::NotOwner, G::NotChecker, G::Reason],
        ),
        rule(
            (S::Closed, T::Reopen, S::Acknowledged),
            QUALITY,
            Some(M::Reopened),
            &[G::SeverityGiven, G::Reason],
        ),
        escalate(S::Open),
        escalate(S::Acknowledged),
        escalate(S::Investigated),
        escalate(S::Drafted),
        escalate(S::Decided),
        escalate(S::ActionPlanned),
        escalate(S::ActionDone),
        escalate(S::EffectivenessChecked),
        link(S::Acknowledged),
        link(S::Investigated),
        link(S::Drafted),
        link(S::Decided),
        link(S::ActionPlanned),
        link(S::ActionDone),
        link(S::EffectivenessChecked),
        link(S::Closed),
    ]
};

impl EpisodeRule {
    /// The rule for `step` from `state`; `None` when the step cannot be taken from there.
    pub fn of(state: EpisodeState, step: EpisodeStep) -> Option<&'static Self> {
        EPISODE_RULES.iter().find(|rule| rule.from == state && rule.step == step)
    }

    /// The rules that start at `state`, in the order of the table.
    pub fn from(state: EpisodeState) -> impl Iterator<Item = &'static Self> {
        EPISODE_RULES.iter().filter(move |rule| rule.from == state)
    }

    /// The states from which `step` can be taken, in words.
    pub fn expected(step: EpisodeStep) -> String {
        let from = EPISODE_RULES.iter().filter(|rule| rule.step == step);
        from.map(|rule| rule.from.word()).collect::<Vec<_>>().join(" or ")
    }

    /// Whether the step has this guard.
    pub fn needs(&self, guard: EpisodeGuard) -> bool {
        self.guards.contains(&guard)
    }

    /// Checks that `person` may take this step of an episode with these facts; `owner` is the account that owns the remedial action,
    /// the one that a plan is about to name or the one it named.
    ///
    /// # Errors
    ///
    /// [`Error::NotPermitted`] for another role or somebody who is not the owner where the owner is needed; [`Error::SamePerson`] for
    /// a hand that took a step before which excludes this one.
    pub fn permit(
        &self,
        person: &Account,
        facts: &EpisodeFacts,
        owner: Option<&str>,
    ) -> access::Result<()> {
        let refuse = |needed: String| {
            let (role, action) = (person.role.printed(), self.step.words());
            Err(Error::NotPermitted { role, action, needed })
        };
        if !self.who.contains(&person.role) {
            let roles: Vec<_> = self.who.iter().map(|role| role.printed()).collect();
            return refuse(roles.join(" or "));
        }
        let same = |did| {
            let user_name = person.user_name.clone();
            Err(Error::SamePerson { user_name, did, must: self.step.words() })
        };
        let owns = owner == Some(person.id.as_str());
        for guard in self.guards {
            match guard {
                EpisodeGuard::NotInvestigator if facts.investigators.contains(&person.id) => {
                    return same("investigated this alert");
                }
                EpisodeGuard::NotDrafter if facts.drafter.as_ref() == Some(&person.id) => {
                    return same("drafted this decision");
                }
                EpisodeGuard::NotOwner if owns => return same("owns the remedial action"),
                EpisodeGuard::ByOwner if !owns => {
                    return refuse("the owner of the remedial action".to_owned());
                }
                EpisodeGuard::NotChecker if facts.checker.as_ref() == Some(&person.id) => {
                    return same("checked the effectiveness");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What is missing of the facts for this step; texts and days that are typed are another question.
    pub fn missing(&self, facts: &EpisodeFacts) -> Option<&'static str> {
        let owed = facts.severity >= Some(Severity::Critical) && !facts.is_reviewed;
        self.guards.iter().find_map(|guard| match guard {
            EpisodeGuard::NoInvestigationOwed if owed => {
                Some("a critical alert is not decided before its investigation was reviewed")
            }
            EpisodeGuard::Reviewed if !facts.is_reviewed => {
                Some("nobody else has reviewed the investigation yet")
            }
            EpisodeGuard::NoActionOwed if facts.action_decided => {
                Some("the decision names a remedial action; plan it, and close when it has worked")
            }
            _ => None,
        })
    }
}

/// A step that was taken, with what of it decides about the next ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EpisodeEvent {
    /// Account that took it; none for the program itself.
    pub by: Option<String>,
    /// Ledger entry.
    pub entry: u64,
    /// The severity it states.
    pub severity: Option<Severity>,
    /// Whether a drafted decision names a remedial action.
    pub names_action: bool,
    /// The plan it fixes.
    pub plan: Option<RemedialPlan>,
    /// The due date it moves to.
    pub due_on: Option<String>,
}

/// Everything recorded about an episode that decides about its next step.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeFacts {
    /// Where it stands.
    pub state: EpisodeState,
    /// Number of the cycle, from 1: it grows when an action did not work and when the episode is opened again.
    pub cycle: u64,
    /// How severe it is.
    pub severity: Option<Severity>,
    /// Accounts that recorded an investigation in this cycle.
    pub investigators: Vec<String>,
    /// Whether another person reviewed the newest investigation.
    pub is_reviewed: bool,
    /// Account that drafted the newest decision.
    pub drafter: Option<String>,
    /// Whether that decision names a remedial action.
    pub action_decided: bool,
    /// The plan in force, with its due date as last extended, and the ledger entry that fixed it.
    pub plan: Option<(RemedialPlan, u64)>,
    /// Ledger entry of the newest report that the action is done.
    pub completed: Option<u64>,
    /// Account that recorded the effectiveness check.
    pub checker: Option<String>,
    /// Entry of the newest step, or of the opening.
    pub after: u64,
}

impl EpisodeFacts {
    /// An episode that was opened by ledger entry `entry`, and nothing since.
    pub fn opened(entry: u64) -> Self {
        Self {
            state: EpisodeState::Open,
            cycle: 1,
            severity: None,
            investigators: Vec::new(),
            is_reviewed: false,
            drafter: None,
            action_decided: false,
            plan: None,
            completed: None,
            checker: None,
            after: entry,
        }
    }

    /// Account of the owner of the planned action.
    pub fn owner(&self) -> Option<&str> {
        self.plan.as_ref().map(|(plan, _)| plan.owner.id.as_str())
    }

    /// Takes the next step.
    ///
    /// # Errors
    ///
    /// State and step, when the table does not allow it.
    pub fn take(
        &mut self,
        step: EpisodeStep,
        event: EpisodeEvent,
    ) -> Result<(), (EpisodeState, EpisodeStep)> {
        let rule = EpisodeRule::of(self.state, step).ok_or((self.state, step))?;
        let EpisodeEvent { by, entry, severity, names_action, plan, due_on } = event;
        match step {
            EpisodeStep::Acknowledge => self.severity = severity,
            EpisodeStep::Investigate => {
                self.investigators.extend(by);
                self.is_reviewed = false;
            }
            EpisodeStep::ReviewInvestigation => self.is_reviewed = true,
            EpisodeStep::ReturnInvestigation => self.is_reviewed = false,
            EpisodeStep::Draft => (self.drafter, self.action_decided) = (by, names_action),
            EpisodeStep::Plan => self.plan = plan.map(|plan| (plan, entry)),
            EpisodeStep::Extend => {
                if let (Some((plan, _)), Some(day)) = (&mut self.plan, due_on) {
                    plan.due_on = day;
                }
            }
            EpisodeStep::Complete => self.completed = Some(entry),
            EpisodeStep::ReturnAction => self.completed = None,
            EpisodeStep::Confirm => self.checker = by,
            EpisodeStep::Refute | EpisodeStep::Reopen => {
                let severity = severity.or(self.severity);
                let cycle = self.cycle + 1;
                *self = Self { cycle, severity, ..Self::opened(entry) };
            }
            _ => {}
        }
        self.state = rule.to;
        self.after = entry;
        Ok(())
    }
}

/// Whether what was computed is what the guards of `rule` ask for.
pub fn fits(rule: &EpisodeRule, outcome: EffectivenessOutcome) -> bool {
    use EffectivenessOutcome::{Effective, Inconclusive, Ineffective};
    let effective = !rule.needs(EpisodeGuard::Effective) || outcome == Effective;
    let not =
        !rule.needs(EpisodeGuard::NotEffective) || matches!(outcome, Ineffective | Inconclusive);
    effective && not
}

/// The table as text, one rule a line.
pub fn episode_rule_table() -> String {
    let mut table = format!(
        "{:<24}{:<24}{:<24}{:<52}{:<68}{}\n",
        "from", "step", "to", "who", "the signature says: who signs", "needs"
    );
    for rule in &EPISODE_RULES {
        let who = rule.who.iter().map(|role| role.word()).collect::<Vec<_>>().join(", ");
        let needs = rule.guards.iter().map(|guard| guard.words()).collect::<Vec<_>>().join("; ");
        table.push_str(&format!(
            "{:<24}{:<24}{:<24}{who:<52}{:<68}{needs}\n",
            rule.from.word(),
            rule.step.word(),
            rule.to.word(),
            rule.meaning.map_or("(not signed)", Meaning::words),
        ));
    }
    table
}

#[cfg(test)]
mod tests;
