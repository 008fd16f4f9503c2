//! `/`: what waits for this person, what is open, what was decided.

use super::frame::{Frame, Place, role_words, roles_that_may};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use super::wording::counted;
use crate::access::role::Action;
use crate::drift::episode::EpisodeState;
use crate::procedures::read_pending::{Pending, pending};
use crate::procedures::read_records::{self, EpisodeLine};
use actix_web::get;
use askama::Template;

/// An alert in one line of a list.
#[derive(Clone, Debug)]
pub struct AlertLine {
    /// Page of the alert.
    pub path: String,
    /// Model and version.
    pub version: String,
    /// Page of the version.
    pub version_path: String,
    /// What happened, in one sentence.
    pub sentence: Markup,
    /// How many features moved besides; empty for one.
    pub more: String,
    /// Since when.
    pub since: Markup,
    /// How many batches belong to it.
    pub batches: String,
    /// Where it stands.
    pub state: &'static str,
    /// The next step, as a person is asked to take it.
    pub step: &'static str,
    /// The next step and who takes it.
    pub next_step: String,
}

impl AlertLine {
    /// The line of an episode.
    pub fn of(line: &EpisodeLine) -> Self {
        let opening = &line.episode.opening;
        let kind = opening.kind.word().replace('_', " ");
        let sentence = opening.sentences.first().cloned().unwrap_or(kind);
        let more = opening.sentences.len().saturating_sub(1) as u64;
        Self {
            path: format!("/alerts/{}", line.episode.id),
            version: format!("{} {}", line.model, line.version),
            version_path: format!("/models/{}/versions/{}", line.model, line.version),
            sentence: Markup::sentence(&sentence),
            more: match more {
                0 => String::new(),
                more => format!("and {}", counted(more, "more feature", "more features")),
            },
            since: Markup::time(&line.episode.opened_at),
            batches: counted(line.batches, "batch", "batches"),
            state: line.episode.state.word(),
            step: step(line.episode.state),
            next_step: next_step(line),
        }
    }
}

/// What the next step says on its button.
fn step(state: EpisodeState) -> &'static str {
    match state {
        EpisodeState::Open => "Acknowledge",
        EpisodeState::Acknowledged => "Draft the decision",
        EpisodeState::Drafted => "Read and sign the decision",
        EpisodeState::Investigated => "Review the investigation, draft the decision",
        _ => "Read",
    }
}

/// The next step on an episode and who may take it.
fn next_step(line: &EpisodeLine) -> String {
    match (line.episode.state, &line.drafted_by) {
        (EpisodeState::Open, _) => {
            format!("acknowledge it ({})", roles_that_may(Action::Acknowledge))
        }
        (EpisodeState::Acknowledged, _) => {
            format!("draft the decision ({})", roles_that_may(Action::DraftDecision))
        }
        (EpisodeState::Drafted, Some(drafter)) => {
            format!("read and sign the decision that {drafter} drafted (another person)")
        }
        (EpisodeState::Drafted, None) => "read and sign the decision".to_owned(),
        (EpisodeState::Investigated, _) => {
            format!(
                "review the investigation, then draft the decision ({})",
                roles_that_may(Action::DraftDecision)
            )
        }
        (EpisodeState::Closed, _) => "nothing".to_owned(),
        (EpisodeState::ActionPlanned, _) => "do what is planned, and report it as done".to_owned(),
        (EpisodeState::ActionDone, _) => "check its effectiveness on later batches".to_owned(),
        (EpisodeState::Decided | EpisodeState::EffectivenessChecked, _) => {
            "plan what was decided, or close it".to_owned()
        }
    }
}

const NO_STEP: &str = "Nothing: no alert needs a step that you may take.";
const NO_STEP_OF_ROLE: &str = "Nothing: your role takes no step on alerts.";
const NONE_OPEN: &str =
    "No alert is open: the evidence collected so far does not show a change beyond tolerance.";
const NO_OTHER_OPEN: &str = "No other alert is open.";

/// Something that waits, in one line of a list.
struct PendingLine {
    path: String,
    what: String,
    why: Markup,
    version: String,
    who: String,
    since: Markup,
    due: Option<String>,
    is_overdue: bool,
}

impl PendingLine {
    fn of(pending: &Pending) -> Self {
        let roles: Vec<String> = pending.who.iter().map(|role| role_words(*role)).collect();
        Self {
            path: pending.path.clone(),
            what: pending.what.clone(),
            why: Markup::message(&pending.why),
            version: pending.version.clone().unwrap_or_default(),
            who: roles.join(" or "),
            since: Markup::time(&pending.since),
            due: pending.due_on.clone(),
            is_overdue: pending.is_overdue,
        }
    }
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    frame: Frame,
    /// Steps, signatures and answers that this person is waited for, the most urgent, and how many there are.
    steps: Vec<PendingLine>,
    steps_all: u64,
    /// Those of others.
    others: Vec<PendingLine>,
    others_all: u64,
    mine: Vec<AlertLine>,
    nothing_mine: &'static str,
    /// Open alerts whose next step is somebody else's.
    open: Vec<AlertLine>,
    nothing_open: &'static str,
    decided: Vec<AlertLine>,
}

/// What waits.
#[get("/")]
pub(super) async fn show(visitor: Visitor) -> Answer {
    visitor
        .page(|visitor| {
            let inbox = read_records::inbox(&visitor.store, &visitor.acting())?;
            let waits = pending(&visitor.store, &visitor.acting())?;
            let (steps, others): (Vec<&Pending>, Vec<&Pending>) =
                waits.lines.iter().partition(|one| one.is_mine);
            let told = |all: Vec<&Pending>| all.into_iter().map(PendingLine::of).collect();
            let lines = |lines: &[EpisodeLine]| lines.iter().map(AlertLine::of).collect();
            let is_mine = |line: &EpisodeLine| {
                inbox.mine.iter().any(|mine| mine.episode.id == line.episode.id)
            };
            let open: Vec<_> = inbox.open.iter().filter(|line| !is_mine(line)).cloned().collect();
            let frame = visitor.frame("Inbox", Place::Inbox);
            let acts = [Action::Acknowledge, Action::SignDecision].iter().any(|a| frame.may(*a));
            Ok(InboxPage {
                mine: lines(&inbox.mine),
                nothing_mine: if acts { NO_STEP } else { NO_STEP_OF_ROLE },
                nothing_open: if inbox.open.is_empty() { NONE_OPEN } else { NO_OTHER_OPEN },
                open: lines(&open),
                steps: told(steps),
                steps_all: waits.mine,
                others: told(others),
                others_all: waits.others,
                decided: lines(&inbox.decided),
                frame,
            })
        })
        .await
}
