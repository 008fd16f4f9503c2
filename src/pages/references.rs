//! `/models/{model}/versions/{version}/references`: what batches of a version are judged with, revision by revision, and the form to
//! propose another reference after an accepted change.

use super::destination::version_path;
use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::study_new::{Fields, is_chosen, value};
use super::visitor::Visitor;
use super::wording::{whole, words};
use crate::access::role::Action;
use crate::error::Result;
use crate::procedures::propose_reference::{ProposeReference, propose_reference};
use crate::procedures::read_references::{
    BATCHES_OFFERED_MAX, Offered, OfferedBatch, ProposalState, ReferencesSheet, RevisionView,
    references_sheet,
};
use crate::store::references::ReferenceProposalRow;
use actix_web::{get, post, web};
use askama::Template;

/// One revision.
struct RevisionLine {
    number: u64,
    in_force: bool,
    since: Markup,
    entry: u64,
    /// Id of the proposal it came from; nothing for what was registered.
    proposal: Option<String>,
    proposed_by: String,
    signed: Vec<(String, u64)>,
    reference: String,
    policy: String,
    monitor: String,
    reports: String,
}

impl RevisionLine {
    fn of(view: RevisionView) -> Self {
        let revision = view.revision;
        let signer = |one: crate::procedures::sign_reference::ReferenceSignature| {
            (one.signature.signer.user_name, one.entry)
        };
        Self {
            number: revision.revision,
            in_force: view.is_in_force,
            since: Markup::time(&revision.at),
            entry: revision.entry,
            proposal: revision.proposal_id,
            proposed_by: view.proposed_by,
            signed: view.signatures.into_iter().map(signer).collect(),
            reference: revision.reference_sha256,
            policy: revision.policy_sha256,
            monitor: revision.monitor_sha256,
            reports: whole(revision.reports),
        }
    }
}

/// A proposal that is not in force.
struct ProposalLine {
    id: String,
    number: u64,
    by: String,
    at: Markup,
    sha256: String,
    entry: u64,
    waits: String,
}

impl ProposalLine {
    fn of((row, state): (ReferenceProposalRow, ProposalState)) -> Self {
        Self {
            waits: match state {
                ProposalState::Proposed => format!("the signature of {}", row.proposed_by),
                ProposalState::Authored => "the signature of another person of QA".to_owned(),
                ProposalState::InForce { .. }
                | ProposalState::BatchInvalid
                | ProposalState::Overtaken => String::new(),
            },
            number: row.revision,
            by: row.proposed_by,
            at: Markup::time(&row.at),
            sha256: row.sha256,
            entry: row.entry,
            id: row.id,
        }
    }
}

/// A batch that may be named.
struct BatchLine {
    name: String,
    report: String,
    rows: String,
    period: Option<(Markup, Markup)>,
    barred: Option<Markup>,
    chosen: bool,
}

impl BatchLine {
    fn of(offered: OfferedBatch, typed: Option<&Fields>) -> Self {
        let batch = offered.batch;
        let period = batch.period_start.as_deref().zip(batch.period_end.as_deref());
        Self {
            chosen: typed.is_some_and(|typed| is_chosen(typed, &batch.name)),
            rows: whole(batch.rows),
            period: period.map(|(start, end)| (Markup::time(start), Markup::time(end))),
            barred: offered.barred.map(|barred| Markup::message(&barred)),
            report: offered.report,
            name: batch.name,
        }
    }
}

/// A decision or record that accepts the change.
pub(super) struct Choice {
    pub(super) word: String,
    pub(super) words: String,
    pub(super) chosen: bool,
}

#[derive(Template)]
#[template(path = "references.html")]
struct ReferencesPage {
    frame: Frame,
    version: String,
    path: String,
    in_force: u64,
    /// Newest first.
    revisions: Vec<RevisionLine>,
    waiting: Vec<ProposalLine>,
    overtaken: Vec<ProposalLine>,
    is_over: bool,
    may_propose: bool,
    batches: Vec<BatchLine>,
    batches_max: u64,
    accepted: Vec<Choice>,
    rationale: String,
}

impl ReferencesPage {
    fn read(
        visitor: &Visitor,
        (model, version): (&str, &str),
        (typed, notice): (Option<&Fields>, Option<Notice>),
    ) -> Result<Self> {
        let sheet = references_sheet(&visitor.store, &visitor.acting(), (model, version))?;
        let title = format!("{model} {version}: what it is judged with");
        let frame = visitor.frame(&title, Place::Models).with_notice(notice);
        let text = |field: &str| typed.map_or_else(String::new, |typed| value(typed, field));
        let accepted = accepted(&sheet.offered, &text("accepted"));
        let ReferencesSheet { revisions, proposals, is_over, offered } = sheet;
        let (waiting, overtaken): (Vec<_>, Vec<_>) =
            proposals.into_iter().partition(|(_, state)| {
                !matches!(state, ProposalState::BatchInvalid | ProposalState::Overtaken)
            });
        let batches = offered.batches.into_iter().map(|batch| BatchLine::of(batch, typed));
        Ok(Self {
            may_propose: frame.may(Action::Register),
            frame,
            version: format!("{model} {version}"),
            path: version_path(model, version),
            in_force: revisions.last().map_or(0, |view| view.revision.revision),
            revisions: revisions.into_iter().rev().map(RevisionLine::of).collect(),
            waiting: waiting.into_iter().map(ProposalLine::of).collect(),
            overtaken: overtaken.into_iter().map(ProposalLine::of).collect(),
            is_over,
            batches: batches.collect(),
            batches_max: BATCHES_OFFERED_MAX,
            accepted,
            rationale: text("rationale"),
        })
    }
}

/// What can be named as accepting the change; `typed` is what was chosen.
pub(super) fn accepted(offered: &Offered, typed: &str) -> Vec<Choice> {
    let choice = |word: String, words: String| Choice { chosen: word == typed, word, words };
    let alert = |alert: &crate::procedures::read_references::DecidedAlert| {
        let sentence = alert.sentence.replace('`', "");
        let code = words(alert.code.word());
        choice(format!("alert/{}", alert.id), format!("Alert {}: {sentence} ({code})", alert.id))
    };
    let change = offered.change.iter().map(|id| {
        choice(format!("change/{id}"), format!("Change record {id}, signed by author and QA"))
    });
    offered.alerts.iter().map(alert).chain(change).collect()
}

/// The alert or the change record that was chosen as accepting the change.
pub(super) fn accepted_by(chosen: &str) -> (Option<String>, Option<String>) {
    let of = |kind: &str| chosen.strip_prefix(kind).map(str::to_owned);
    (of("alert/"), of("change/"))
}

/// What a form asks for.
fn asked(typed: &Fields) -> ProposeReference {
    let (alert, change) = accepted_by(&value(typed, "accepted"));
    let batches = typed.iter().filter(|(name, _)| name == "batch").map(|(_, name)| name.clone());
    ProposeReference {
        batches: batches.collect(),
        policy: None,
        alert,
        change,
        rationale: value(typed, "rationale"),
    }
}

/// What the version is judged with, and what is proposed.
#[get("/models/{model}/versions/{version}/references")]
pub(super) async fn show(visitor: Visitor, of: web::Path<(String, String)>) -> Answer {
    visitor.page(move |visitor| ReferencesPage::read(visitor, (&of.0, &of.1), (None, None))).await
}

/// Proposes another reference, and leads to the proposal.
#[post("/models/{model}/versions/{version}/references")]
pub(super) async fn propose(
    visitor: Visitor,
    of: web::Path<(String, String)>,
    form: web::Form<Fields>,
) -> Answer {
    let (of, typed) = (of.into_inner(), form.into_inner());
    visitor.check_form(&value(&typed, "form_token"))?;
    let (version, sent) = (of.clone(), asked(&typed));
    let made = visitor
        .act(move |store, acting| propose_reference(store, acting, (&version.0, &version.1), &sent))
        .await;
    let error = match made {
        Ok(made) => return Ok(see_other(&format!("/references/{}", made.proposal.value.id))),
        Err(error) => error,
    };
    visitor
        .page_again(error, move |visitor, notice| {
            ReferencesPage::read(visitor, (&of.0, &of.1), (Some(&typed), Some(notice)))
        })
        .await
}
