//! `/incidents/{id}`: one incident with everything that was said about it, and the forms that correct it, state its cause, close it and
//! open it again.

use super::frame::{Frame, Notice, Place};
use super::incidents::{ReportForm, lines_of};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::Signing;
use super::visitor::Visitor;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::procedures::close_incident::close_incident;
use crate::procedures::read_incidents::{AffectedName, IncidentLine, IncidentView, incident};
use crate::procedures::record_incident::{IncidentChange, revise_incident};
use crate::review::episode_sheet::ExternalRecord;
use crate::review::incident::IncidentCause;
use crate::review::incident_cycle::IncidentState;
use crate::review::signature::Meaning;
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// What is typed to state the cause of an incident.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CauseForm {
    /// The session's form token.
    pub form_token: String,
    /// Why it happened.
    pub root_cause: String,
    /// What is done about it.
    pub action: String,
    /// Name of the quality system that keeps the action.
    pub system: String,
    /// Number of the action there.
    pub number: String,
    /// Affected records, one a line.
    pub affected: String,
}

impl CauseForm {
    fn change(&self) -> IncidentChange {
        let external = ExternalRecord {
            system: self.system.clone(),
            number: self.number.clone(),
            status: None,
            link: None,
        };
        let is_given = !self.system.trim().is_empty() || !self.number.trim().is_empty();
        let cause = IncidentCause {
            root_cause: self.root_cause.clone(),
            action: self.action.clone(),
            external: is_given.then_some(external),
        };
        IncidentChange::Investigate(cause, Some(lines_of(&self.affected)))
    }
}

/// Why an incident is opened again.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReopenForm {
    /// The session's form token.
    pub form_token: String,
    /// Why.
    pub reason: String,
}

/// One revision in words.
struct RevisionLine {
    at: Markup,
    entry: u64,
    sentence: String,
    reason: String,
    path: String,
}

impl RevisionLine {
    fn of(line: &IncidentLine) -> Self {
        let did = match line.row.step.as_str() {
            "report" => "reported",
            "correct" => "corrected",
            "investigate" => "investigated",
            "close" => "closed",
            _ => "opened again",
        };
        Self {
            at: Markup::time(&line.row.at),
            entry: line.row.entry,
            sentence: format!("{did} by {}, {}", line.incident.written_by, line.row.severity),
            reason: line.incident.reason.clone().unwrap_or_default(),
            path: format!("/records/incident/{}", line.row.revision_id),
        }
    }
}

/// What was typed into the forms of the page, where one was refused.
#[derive(Default)]
struct Typed {
    report: Option<ReportForm>,
    cause: Option<CauseForm>,
    reopen: ReopenForm,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    frame: Frame,
    id: String,
    what: String,
    severity: &'static str,
    state: &'static str,
    happened_at: Markup,
    noticed_at: Markup,
    noticed_by: &'static str,
    reported_by: String,
    affected: Vec<AffectedName>,
    cause: Option<IncidentCause>,
    revisions: Vec<RevisionLine>,
    is_open: bool,
    may_report: bool,
    may_close: bool,
    typed: ReportForm,
    found: CauseForm,
    again: ReopenForm,
    sha256: String,
    document: String,
    signer: String,
    meaning: &'static str,
    meaning_word: String,
    manifestation: Option<(String, u64)>,
    /// Why this person cannot sign; empty when they can.
    barred: String,
}

impl IncidentPage {
    fn read(visitor: &Visitor, id: &str, typed: Typed, notice: Option<Notice>) -> Result<Self> {
        let view = incident(&visitor.store, &visitor.acting(), id)?;
        let IncidentView { line, affected_names, revisions, closing, barred, signed } = view;
        let frame = visitor.frame("Incident", Place::Incidents).with_notice(notice);
        let report = ReportForm::of(&line);
        let found = CauseForm { affected: report.affected.clone(), ..CauseForm::default() };
        let (document, sha256) = closing.map(|one| (one.document, one.sha256)).unwrap_or_default();
        let meaning = Meaning::ClosedIncident;
        let said = line.incident;
        Ok(Self {
            what: said.report.what,
            severity: said.report.severity.word(),
            state: said.state.word(),
            happened_at: Markup::time(&said.report.happened_at),
            noticed_at: Markup::time(&said.report.noticed_at),
            noticed_by: said.noticed_by.words(),
            reported_by: said.reported_by,
            affected: affected_names,
            cause: said.cause,
            revisions: revisions.iter().map(RevisionLine::of).collect(),
            is_open: said.state == IncidentState::Open,
            may_report: frame.may(Action::ReportIncident),
            may_close: frame.may(Action::CloseIncident),
            typed: typed.report.unwrap_or(report),
            found: typed.cause.unwrap_or(found),
            again: typed.reopen,
            signer: visitor.signer(),
            meaning: meaning.words(),
            meaning_word: meaning.word(),
            manifestation: signed,
            barred: barred.unwrap_or_default(),
            id: said.id,
            sha256,
            document,
            frame,
        })
    }
}

/// One incident.
#[get("/incidents/{id}")]
pub(super) async fn show(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor.page(move |visitor| IncidentPage::read(visitor, &id, Typed::default(), None)).await
}

/// Writes the next revision; the form is shown again with what was typed where it is refused.
async fn revised(
    visitor: Visitor,
    id: String,
    (action, change): (Action, Result<IncidentChange>),
    typed: Typed,
) -> Answer {
    let asked = id.clone();
    let done = visitor
        .act(move |store, acting| {
            acting.permit(action)?;
            revise_incident(store, acting, &asked, &change?)
        })
        .await;
    let Err(error) = done else {
        return Ok(see_other(&format!("/incidents/{id}")));
    };
    shown_again(visitor, id, error, typed).await
}

async fn shown_again(visitor: Visitor, id: String, error: Error, typed: Typed) -> Answer {
    let compose =
        move |visitor: &Visitor, notice| IncidentPage::read(visitor, &id, typed, Some(notice));
    visitor.page_again(error, compose).await
}

/// Corrects what was reported.
#[post("/incidents/{id}/correction")]
pub(super) async fn correct(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<ReportForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let change = form.said().map(|said| IncidentChange::Correct(said, form.reason.clone()));
    let typed = Typed { report: Some(form), ..Typed::default() };
    revised(visitor, id.into_inner(), (Action::ReportIncident, change), typed).await
}

/// States the cause and what is done about it.
#[post("/incidents/{id}/investigation")]
pub(super) async fn investigate(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<CauseForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let change = Ok(form.change());
    let typed = Typed { cause: Some(form), ..Typed::default() };
    revised(visitor, id.into_inner(), (Action::ReportIncident, change), typed).await
}

/// Opens an incident again.
#[post("/incidents/{id}/reopening")]
pub(super) async fn reopen(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<ReopenForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let change = Ok(IncidentChange::Reopen(form.reason.clone()));
    let typed = Typed { reopen: form, ..Typed::default() };
    revised(visitor, id.into_inner(), (Action::CloseIncident, change), typed).await
}

/// Closes an incident by a signature.
#[post("/incidents/{id}/signature")]
pub(super) async fn sign(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<Signing>,
) -> Answer {
    let id = id.into_inner();
    let asked = id.clone();
    let signed = visitor
        .sign(form.into_inner(), Some(Action::CloseIncident), move |store, acting, given| {
            close_incident(store, acting, &asked, given)
        })
        .await?;
    let Err(error) = signed else {
        return Ok(see_other(&format!("/incidents/{id}")));
    };
    shown_again(visitor, id, error, Typed::default()).await
}
