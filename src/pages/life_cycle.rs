//! Where a version stands, on its page: the line of states, what is missing, the next steps, and who signed what.

use super::frame::role_words;
use super::markup::Markup;
use super::visitor::Visitor;
use super::wording::words;
use crate::procedures::read_life_cycle::{InvalidBasis, LifeCycle, NextStep, StepView};
use crate::review::completeness::Gap;
use crate::review::life_cycle::{Step, VersionState};

/// One state of the line.
pub(super) struct Stop {
    pub(super) words: String,
    /// `past`, `here` or `ahead`.
    pub(super) place: &'static str,
}

/// A step that can follow.
pub(super) struct StepLine {
    pub(super) path: String,
    pub(super) button: &'static str,
    pub(super) to: String,
    pub(super) who: String,
    pub(super) gaps: Vec<(Markup, Markup)>,
    /// Whether this person's role takes it.
    pub(super) is_theirs: bool,
}

/// What is missing, and what to do about it.
pub(super) fn gap_lines(gaps: &[Gap]) -> Vec<(Markup, Markup)> {
    let line = |gap: &Gap| (Markup::sentence(&gap.missing), Markup::sentence(&gap.todo));
    gaps.iter().map(line).collect()
}

/// A step that was taken.
pub(super) struct TakenLine {
    pub(super) heading: String,
    pub(super) manifestation: String,
    pub(super) acts_for: String,
    pub(super) reason: Option<String>,
    pub(super) entry: u64,
}

/// What the section shows.
pub(super) struct LifeCycleBox {
    pub(super) path: String,
    pub(super) state: &'static str,
    pub(super) state_words: String,
    pub(super) meaning: &'static str,
    pub(super) tier: Option<&'static str>,
    pub(super) has_record: bool,
    /// That its approval rests on a test run that is invalid, and what follows.
    pub(super) invalid_basis: Option<Markup>,
    /// The approved version it comes after.
    pub(super) follows: Option<String>,
    /// Where its change record stands.
    pub(super) change: &'static str,
    pub(super) stops: Vec<Stop>,
    pub(super) next: Vec<StepLine>,
    pub(super) taken: Vec<TakenLine>,
}

/// What a state means for whoever relies on the version.
pub(super) fn state_meaning(state: VersionState) -> &'static str {
    match state {
        VersionState::Draft => "it is being described and tested; batches are judged and flagged",
        VersionState::Submitted => {
            "its author says it is ready; a reviewer signs first, then QA; nothing of it changes meanwhile"
        }
        VersionState::Approved => "it is fit for its intended use, and not in use yet",
        VersionState::InUse => "it is released for its intended use",
        VersionState::Suspended => {
            "it is not to be used until further notice; its batches are kept, judged and flagged"
        }
        VersionState::Retired => "its use is over; no batch of it is taken any more",
        VersionState::Withdrawn => "its approval was taken back before any use",
    }
}

/// The words on the button of a step.
pub(super) fn button(step: Step) -> &'static str {
    match step {
        Step::Submit => "Submit",
        Step::Reject => "Reject",
        Step::Review => "Sign as reviewed",
        Step::Approve => "Approve",
        Step::Release => "Release for use",
        Step::Withdraw => "Withdraw",
        Step::Suspend => "Suspend",
        Step::Supersede => "Supersede",
        Step::Resume => "Put back into use",
        Step::Retire => "Retire",
    }
}

impl LifeCycleBox {
    pub(super) fn of(visitor: &Visitor, life: &LifeCycle) -> Self {
        let path = format!("/models/{}/versions/{}", life.model, life.version);
        let role = visitor.account().role;
        let next = |next: &NextStep| StepLine {
            path: format!("{path}/steps/{}", next.step.word()),
            button: button(next.step),
            to: words(next.to.word()),
            who: next.who.iter().map(|role| role_words(*role)).collect::<Vec<_>>().join(" or "),
            gaps: gap_lines(&next.gaps),
            is_theirs: next.who.contains(&role),
        };
        Self {
            state: life.state.word(),
            state_words: words(life.state.word()),
            meaning: state_meaning(life.state),
            tier: life.tier.map(|tier| tier.word()),
            has_record: life.model_record.is_some(),
            invalid_basis: life.invalid_basis.as_ref().map(invalid_basis),
            follows: life.follows.clone(),
            change: change(life),
            stops: stops(life.state),
            next: life.next.iter().map(next).collect(),
            taken: life.steps.iter().map(taken).collect(),
            path,
        }
    }
}

fn invalid_basis(basis: &InvalidBasis) -> Markup {
    let follows = if basis.is_tested_again {
        "it was tested again since, and a test run that counts meets the criteria in force"
    } else {
        "it is neither put in use nor reviewed for that before it is tested again"
    };
    Markup::sentence(&format!("Mind that {}: {follows}.", basis.sentence()))
}

/// Where the change record stands, in words.
fn change(life: &LifeCycle) -> &'static str {
    match life.change.as_ref().map(|change| (change.authored, change.approved)) {
        None => "not recorded yet",
        Some((false, _)) => "recorded, waits for its author's signature",
        Some((true, false)) => "signed by its author, waits for QA",
        Some((true, true)) => "signed by author and QA",
    }
}

/// The line a version goes along; a withdrawn one left it after its approval.
fn stops(state: VersionState) -> Vec<Stop> {
    use VersionState::{Approved, Draft, InUse, Retired, Submitted, Suspended, Withdrawn};
    let line: &[VersionState] = if state == Withdrawn {
        &[Draft, Submitted, Approved, Withdrawn]
    } else {
        &[Draft, Submitted, Approved, InUse, Suspended, Retired]
    };
    let here = line.iter().position(|stop| *stop == state).unwrap_or_default();
    let stop = |(index, stop): (usize, &VersionState)| Stop {
        words: words(stop.word()),
        place: match index.cmp(&here) {
            std::cmp::Ordering::Less => "past",
            std::cmp::Ordering::Equal => "here",
            std::cmp::Ordering::Greater => "ahead",
        },
    };
    line.iter().enumerate().map(stop).collect()
}

fn taken(view: &StepView) -> TakenLine {
    let sheet = &view.sheet;
    let for_roles: Vec<String> = sheet.acts_for.iter().map(|role| role_words(*role)).collect();
    let reason = [&sheet.reason, &sheet.deviation].into_iter().flatten().cloned();
    let put_out = sheet.supersedes.iter().map(|other| {
        format!(
            "Version {} was in use until then and is suspended by the same signature",
            other.version
        )
    });
    let successor = sheet.superseded_by.iter();
    let successor = successor.map(|other| format!("Version {} takes its place", other.version));
    let reason = reason.chain(put_out).chain(successor);
    TakenLine {
        heading: if sheet.from == sheet.to {
            format!("Reviewed while {}", words(sheet.from.word()))
        } else {
            format!("{} → {}", words(sheet.from.word()), words(sheet.to.word()))
        },
        manifestation: view.manifestation.clone(),
        acts_for: for_roles.join(", "),
        reason: Some(reason.collect::<Vec<_>>().join(" · ")).filter(|text| !text.is_empty()),
        entry: view.taken.entry,
    }
}

/// What a reader of a report must know about the version when its batch was judged; nothing while it was in use.
pub(super) fn flag(state: Option<&str>) -> Option<(bool, Markup)> {
    let state = VersionState::of_word(state?)?;
    if state == VersionState::InUse {
        return None;
    }
    let text = format!(
        "When this batch was judged, the version was {}: {}.",
        words(state.word()),
        state_meaning(state)
    );
    Some((state == VersionState::Suspended, Markup::text(&text)))
}
