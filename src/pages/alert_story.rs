//! The story of an alert: what happened, in the order of the ledger.

use super::alert_step::{capital, heading, rows};
use super::frame::role_words;
use super::markup::Markup;
use super::wording::{meter, whole, words};
use crate::drift::episode::EpisodeKind;
use crate::procedures::read_records::{DecisionView, EpisodeView};
use crate::procedures::read_remedy::EpisodeStepView;
use crate::store::invalidations::Invalidated;
use crate::store::reports::ReportRow;

/// One step of the story.
#[derive(Clone, Debug)]
pub struct Event {
    /// `opened`, `joined`, `acknowledged`, `drafted`, `signed`.
    pub kind: &'static str,
    /// What happened.
    pub heading: String,
    /// When.
    pub at: Markup,
    /// What was said or found.
    pub said: Vec<Markup>,
    /// A page that shows more: address and words.
    pub link: Option<(String, &'static str)>,
    /// Ledger entry.
    pub entry: u64,
    /// The batches that joined one after the other, where they are told together.
    pub batches: Vec<Joined>,
}

/// A batch that joined the alert.
#[derive(Clone, Debug)]
pub struct Joined {
    /// Page of its report.
    pub path: String,
    /// Its name.
    pub batch: String,
    /// Its rows.
    pub rows: String,
    /// Its verdict.
    pub verdict: String,
    /// Where the monitor stood after it.
    pub state: String,
    /// Evidence in percent of the alarm limit.
    pub evidence: String,
    /// Ledger entry.
    pub entry: u64,
}

/// Batches in a row that are told together instead of one by one.
const TOGETHER_MIN: usize = 3;

/// The steps of the story, oldest first.
pub fn story(view: &EpisodeView) -> Vec<Event> {
    let mut events = batches(view);
    let episode = &view.episode.episode;
    if episode.report_id.is_none() {
        events.push(Event {
            kind: "opened",
            heading: format!("Opened: {}", words(episode.opening.kind.word())),
            at: Markup::time(&episode.opened_at),
            said: Vec::new(),
            link: None,
            entry: episode.entry,
            batches: Vec::new(),
        });
    }
    if let Some(row) = &view.acknowledgement {
        events.push(Event {
            kind: "acknowledged",
            heading: format!("Acknowledged by {} as {}", row.by, row.severity),
            at: Markup::time(&row.at),
            said: vec![Markup::sentence(&row.comment)],
            link: None,
            entry: row.entry,
            batches: Vec::new(),
        });
    }
    for decision in view.earlier_decisions.iter().chain(&view.decision) {
        events.extend(decided(&episode.id, decision));
    }
    events.extend(view.remedy.steps.iter().map(stepped));
    events.extend(invalid_batches(view).into_iter().map(invalidated));
    events.sort_by_key(|event| event.entry);
    told_together(events)
}

/// The story with batches that joined one after the other as one step.
fn told_together(events: Vec<Event>) -> Vec<Event> {
    let mut told: Vec<Event> = Vec::new();
    for steps in events.chunk_by(|a, b| a.kind == "joined" && b.kind == "joined") {
        let batches: Vec<Joined> = steps.iter().flat_map(|step| step.batches.clone()).collect();
        match (steps, batches.as_slice()) {
            ([first_step, ..], [first, .., last]) if batches.len() >= TOGETHER_MIN => {
                let heading = format!(
                    "Joined by {} more batches: {} to {}",
                    batches.len(),
                    first.batch,
                    last.batch
                );
                told.push(Event { heading, batches, ..first_step.clone() });
            }
            _ => {
                let alone = |step: &Event| Event { batches: Vec::new(), ..step.clone() };
                told.extend(steps.iter().map(alone));
            }
        }
    }
    told
}

/// The batches of the alert that were marked as invalid, each once, with the decision.
pub fn invalid_batches(view: &EpisodeView) -> Vec<(&ReportRow, &Invalidated)> {
    let mut found: Vec<(&ReportRow, &Invalidated)> = Vec::new();
    for report in &view.reports {
        let Some(decision) = &report.invalidated else { continue };
        if found.iter().all(|(known, _)| known.batch_id != report.batch_id) {
            found.push((report, decision));
        }
    }
    found
}

fn invalidated((report, decision): (&ReportRow, &Invalidated)) -> Event {
    Event {
        kind: "signed",
        heading: format!("Batch {} marked as invalid by {}", report.batch, decision.by),
        at: Markup::time(&decision.at),
        said: vec![Markup::text(&decision.reason)],
        link: Some((format!("/reports/{}", report.id), "Read the report")),
        entry: decision.entry,
        batches: Vec::new(),
    }
}

/// A step with a sheet of its own.
fn stepped(view: &EpisodeStepView) -> Event {
    let sheet = &view.sheet;
    let mut said: Vec<Markup> = rows(sheet)
        .iter()
        .map(|(name, text)| Markup::message(&format!("{name}: {text}")))
        .collect();
    said.extend(view.manifestation.as_ref().map(|words| Markup::text(words)));
    Event {
        kind: "signed",
        heading: capital(heading(sheet.step)),
        at: Markup::time(&view.at),
        said,
        link: None,
        entry: view.entry,
        batches: Vec::new(),
    }
}

fn batches(view: &EpisodeView) -> Vec<Event> {
    let opener = view.episode.episode.report_id.as_deref();
    let by_labels = view.episode.episode.opening.kind == EpisodeKind::Performance;
    let event = |report: &ReportRow| {
        let opened = opener == Some(report.id.as_str());
        if opened && by_labels {
            return opened_by_labels(view, report);
        }
        let verb = if opened { "Opened by" } else { "Joined by" };
        let again = again(report);
        let found = format!(
            "{} rows; verdict {}; monitor state {}, evidence at {} of the alarm limit",
            whole(report.rows),
            words(&report.verdict),
            report.state,
            meter(report.meter)
        );
        Event {
            kind: if opened { "opened" } else { "joined" },
            heading: format!("{verb} batch {} (number {}){again}", report.batch, report.number),
            at: Markup::time(&report.at),
            said: vec![Markup::message(&found)],
            link: Some((format!("/reports/{}", report.id), "Read the report")),
            entry: report.entry,
            batches: if opened { Vec::new() } else { vec![joined(report)] },
        }
    };
    view.reports.iter().map(event).collect()
}

fn again(report: &ReportRow) -> &'static str {
    if report.recomputed_for.is_some() { ", judged again" } else { "" }
}

fn joined(report: &ReportRow) -> Joined {
    Joined {
        path: format!("/reports/{}", report.id),
        batch: report.batch.clone(),
        rows: whole(report.rows),
        verdict: words(&report.verdict) + again(report),
        state: report.state.clone(),
        evidence: meter(report.meter),
        entry: report.entry,
    }
}

/// An alert that labels opened: the report of the newest batch they are about says nothing of it.
fn opened_by_labels(view: &EpisodeView, report: &ReportRow) -> Event {
    let line = &view.episode;
    Event {
        kind: "opened",
        heading: format!("Opened by labels of batches up to {}", report.batch),
        at: Markup::time(&line.episode.opened_at),
        said: Vec::new(),
        link: Some((
            format!("/models/{}/versions/{}/performance", line.model, line.version),
            "What the labels say, batch by batch",
        )),
        entry: line.episode.entry,
        batches: Vec::new(),
    }
}

fn decided(episode: &str, view: &DecisionView) -> Vec<Event> {
    let decision = &view.decision;
    let mut said = vec![Markup::sentence(&decision.rationale)];
    if let Some(action) = &decision.remedial_action {
        let text =
            format!("Remedial action: {}; {}, due {}", action.what, action.owner, action.due_on);
        said.push(Markup::message(&text));
    }
    let drafter = &decision.drafted_by;
    let sheet = format!("/alerts/{episode}/signature");
    let mut events = vec![Event {
        kind: "drafted",
        heading: format!(
            "Decision drafted by {} ({}): {}",
            drafter.printed_name,
            role_words(drafter.role),
            words(decision.code.word())
        ),
        at: Markup::time(&decision.drafted_at),
        said,
        link: Some((sheet, "Read the decision record")),
        entry: view.entry,
        batches: Vec::new(),
    }];
    if let Some(signature) = &view.signature {
        events.push(Event {
            kind: "signed",
            heading: "Decision signed".to_owned(),
            at: Markup::time(&signature.signature.signed_at),
            said: vec![Markup::text(&signature.manifestation)],
            link: None,
            entry: signature.entry,
            batches: Vec::new(),
        });
    }
    events
}
