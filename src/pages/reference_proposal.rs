//! `/references/{id}`: a proposal of another reference or policy as it is signed, its signatures, and the next signature.

use super::destination::version_path;
use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::{Signing, Typed};
use super::visitor::Visitor;
use super::wording::{counted, whole, words};
use crate::drift::policy::Policy;
use crate::drift::promise::promise;
use crate::drift::reference_move::SeriesMove;
use crate::drift::sentence::percent;
use crate::error::Result;
use crate::procedures::read_references::{
    DecidedAlert, ProposalSheet, ProposalState, proposal_sheet,
};
use crate::procedures::sign_reference::{ProposalView, sign_reference};
use crate::review::reference_proposal::LearntFrom;
use crate::review::signature::Meaning;
use actix_web::{get, post, web};
use askama::Template;

/// A batch that the reference is learnt from.
struct BatchLine {
    name: String,
    report: String,
    rows: String,
    sha256: String,
}

/// The alert that it rests on, with its decision.
struct AlertBox {
    path: String,
    sentence: Markup,
    code: String,
    rationale: String,
    manifestation: String,
    entry: u64,
}

/// A series before and after.
struct SeriesLine {
    series: String,
    moved: String,
    before: String,
    after: String,
    beyond: bool,
}

/// Another policy.
struct PolicyBox {
    promise: String,
    rationale: String,
    rows_min: String,
}

#[derive(Template)]
#[template(path = "reference_proposal.html")]
struct ProposalPage {
    frame: Frame,
    id: String,
    version: String,
    version_path: String,
    revision: u64,
    follows: u64,
    at: Markup,
    by: String,
    entry: u64,
    rationale: String,
    batches: Vec<BatchLine>,
    rows: String,
    alert: Option<AlertBox>,
    change: Option<String>,
    policy: Option<PolicyBox>,
    series: Vec<SeriesLine>,
    beyond: usize,
    engine: String,
    sha256: String,
    document: String,
    bytes: usize,
    /// Words of the signatures with their ledger entries.
    signed: Vec<(String, u64)>,
    /// Where it stands, in one sentence.
    stands: String,
    is_in_force: bool,
    signer: String,
    /// What this person's signature would say, and its word; nothing where they cannot give the next one.
    signs: Option<(&'static str, String)>,
}

impl ProposalPage {
    fn read(visitor: &Visitor, id: &str, notice: Option<Notice>) -> Result<Self> {
        let sheet = proposal_sheet(&visitor.store, &visitor.acting(), id)?;
        Ok(Self::of(visitor, sheet, notice))
    }

    fn of(visitor: &Visitor, sheet: ProposalSheet, notice: Option<Notice>) -> Self {
        let ProposalSheet { view, state, next, alert } = sheet;
        let stands = stands(&view, state);
        let ProposalView { row, proposal, document, signatures, .. } = view;
        let version = format!("{} {}", proposal.model, proposal.version);
        let title = format!("{version}: reference revision {}", proposal.revision);
        let rows: u64 = proposal.batches.iter().map(|batch| batch.rows).sum();
        Self {
            frame: visitor.frame(&title, Place::Models).with_notice(notice),
            version_path: version_path(&proposal.model, &proposal.version),
            version,
            revision: proposal.revision,
            follows: proposal.follows.revision,
            at: Markup::time(&row.at),
            by: row.proposed_by,
            entry: row.entry,
            rationale: proposal.rationale,
            rows: counted(rows, "row", "rows"),
            batches: proposal.batches.into_iter().map(batch_line).collect(),
            alert: alert.map(alert_box),
            change: proposal.change.map(|change| change.change),
            policy: proposal.policy.as_ref().map(policy_box),
            beyond: proposal.series.iter().filter(|series| series.is_beyond()).count(),
            series: proposal.series.iter().map(series_line).collect(),
            engine: proposal.engine,
            sha256: row.sha256,
            id: row.id,
            bytes: document.len(),
            document,
            signed: signatures.into_iter().map(|one| (one.manifestation, one.entry)).collect(),
            stands,
            is_in_force: matches!(state, ProposalState::InForce { until: None, .. }),
            signer: visitor.signer(),
            signs: next.map(|meaning: Meaning| (meaning.words(), meaning.word())),
        }
    }
}

fn stands(view: &ProposalView, state: ProposalState) -> String {
    match state {
        ProposalState::Proposed => {
            format!("It waits for the signature of {}, who proposed it.", view.row.proposed_by)
        }
        ProposalState::Authored => {
            "It waits for the signature of another person, of QA.".to_owned()
        }
        ProposalState::InForce { entry, until: None } => {
            format!("In force since entry {entry}: batches that came after it are judged with it.")
        }
        ProposalState::InForce { entry, until: Some(until) } => {
            format!("It was in force from entry {entry} to entry {until}; another one is now.")
        }
        ProposalState::BatchInvalid => {
            "Nobody signs it any more: a batch that it is learnt from was marked as invalid since. Propose another one, learnt without it.".to_owned()
        }
        ProposalState::Overtaken => {
            "Nobody signs it any more: another one was proposed or came into force since, or the life of the version is over.".to_owned()
        }
    }
}

fn batch_line(learnt: LearntFrom) -> BatchLine {
    BatchLine {
        name: learnt.name,
        report: learnt.report,
        rows: whole(learnt.rows),
        sha256: learnt.sha256,
    }
}

fn alert_box(alert: DecidedAlert) -> AlertBox {
    AlertBox {
        path: format!("/alerts/{}", alert.id),
        sentence: Markup::sentence(&alert.sentence),
        code: words(alert.code.word()),
        rationale: alert.rationale,
        manifestation: alert.manifestation,
        entry: alert.entry,
    }
}

fn policy_box(policy: &Policy) -> PolicyBox {
    PolicyBox {
        promise: promise(policy.batches_per_false_alarm),
        rationale: policy.rationale.clone(),
        rows_min: counted(policy.rows_min, "row", "rows"),
    }
}

fn series_line(series: &SeriesMove) -> SeriesLine {
    let new = || "none: the series is new".to_owned();
    SeriesLine {
        series: series.series.clone(),
        moved: series.moved.map_or_else(|| "not known".to_owned(), percent),
        before: series.tolerance_before.map_or_else(new, percent),
        after: percent(series.tolerance),
        beyond: series.is_beyond(),
    }
}

/// The proposal.
#[get("/references/{id}")]
pub(super) async fn show(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor.page(move |visitor| ProposalPage::read(visitor, &id, None)).await
}

/// Signs it.
#[post("/references/{id}/signature")]
pub(super) async fn sign(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<Typed>,
) -> Answer {
    let id = id.into_inner();
    let asked = id.clone();
    let signed = visitor
        .sign(Signing::of(&form), None, move |store, acting, given| {
            sign_reference(store, acting, &asked, given)
        })
        .await?;
    let Err(error) = signed else { return Ok(see_other(&format!("/references/{id}"))) };
    visitor
        .page_again(error, move |visitor, notice| ProposalPage::read(visitor, &id, Some(notice)))
        .await
}
