//! `/incidents`: what happened to the system or to records, how each stands, and the form that reports one.

use super::frame::{Frame, Notice, Place, roles_that_may};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use super::wording::counted;
use crate::access::role::Action;
use crate::error::Result;
use crate::procedures::read_incidents::{IncidentLine, incidents};
use crate::procedures::record_incident::{ReportIncident, report_incident};
use crate::review::decision::Severity;
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// What is typed to report an incident, or to correct what was reported.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReportForm {
    /// The session's form token.
    pub form_token: String,
    /// When it happened, UTC.
    pub happened_at: String,
    /// When it was noticed, UTC.
    pub noticed_at: String,
    /// `minor`, `major` or `critical`.
    pub severity: String,
    /// What happened.
    pub what: String,
    /// Affected records, one a line.
    pub affected: String,
    /// Why it is corrected.
    pub reason: String,
}

impl ReportForm {
    /// What the form says, as the procedure takes it.
    pub(super) fn said(&self) -> Result<ReportIncident> {
        Ok(ReportIncident {
            happened_at: self.happened_at.clone(),
            noticed_at: Some(self.noticed_at.clone()),
            severity: Severity::parse(&self.severity)?,
            what: self.what.clone(),
            affected: lines_of(&self.affected),
        })
    }

    /// What is filled into the form where an incident is corrected.
    pub(super) fn of(line: &IncidentLine) -> Self {
        let report = &line.incident.report;
        let ids: Vec<&str> = report.affected.iter().map(|one| one.id.as_str()).collect();
        Self {
            happened_at: typed_time(&report.happened_at),
            noticed_at: typed_time(&report.noticed_at),
            severity: report.severity.word().to_owned(),
            what: report.what.clone(),
            affected: ids.join("\n"),
            ..Self::default()
        }
    }
}

/// The lines of a text that say something.
pub(super) fn lines_of(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// A time as fields for times hold it: UTC without its letter.
pub(super) fn typed_time(at: &str) -> String {
    at.trim_end_matches('Z').to_owned()
}

/// The present minute as a form has it: nobody knows more of an incident or a drill.
pub(super) fn present_minute(visitor: &Visitor) -> String {
    visitor.store.clock().now_text().chars().take("2026-01-01T00:00".len()).collect()
}

/// One incident in the list.
struct Line {
    id: String,
    what: String,
    severity: &'static str,
    state: &'static str,
    happened_at: Markup,
    noticed_by: &'static str,
    affected: String,
    number: String,
}

impl Line {
    fn of(line: IncidentLine) -> Self {
        let incident = line.incident;
        let external = incident.cause.as_ref().and_then(|cause| cause.external.as_ref());
        Self {
            severity: incident.report.severity.word(),
            state: incident.state.word(),
            happened_at: Markup::time(&incident.report.happened_at),
            noticed_by: incident.noticed_by.words(),
            affected: counted(incident.report.affected.len() as u64, "record", "records"),
            number: external
                .map(|one| format!("{} {}", one.system, one.number))
                .unwrap_or_default(),
            what: incident.report.what,
            id: incident.id,
        }
    }
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct ListPage {
    frame: Frame,
    may_report: bool,
    reporters: String,
    lines: Vec<Line>,
    typed: ReportForm,
}

impl ListPage {
    fn of(visitor: &Visitor, typed: Option<ReportForm>, notice: Option<Notice>) -> Result<Self> {
        let found = incidents(&visitor.store, &visitor.acting())?;
        let frame = visitor.frame("Incidents", Place::Incidents).with_notice(notice);
        Ok(Self {
            may_report: frame.may(Action::ReportIncident),
            reporters: roles_that_may(Action::ReportIncident),
            lines: found.into_iter().map(Line::of).collect(),
            typed: typed.unwrap_or_else(|| fresh(visitor)),
            frame,
        })
    }
}

/// What the form begins with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BeginQuery {
    /// The record that is affected.
    affected: String,
}

/// All incidents, and the form that reports one.
#[get("/incidents")]
pub(super) async fn list(visitor: Visitor, query: web::Query<BeginQuery>) -> Answer {
    let affected = query.into_inner().affected;
    visitor
        .page(move |visitor| {
            let begun = ReportForm { affected, ..fresh(visitor) };
            ListPage::of(visitor, Some(begun), None)
        })
        .await
}

/// The form before anybody typed.
fn fresh(visitor: &Visitor) -> ReportForm {
    let now = present_minute(visitor);
    ReportForm { happened_at: now.clone(), noticed_at: now, ..ReportForm::default() }
}

/// Reports an incident.
#[post("/incidents")]
pub(super) async fn report_one(visitor: Visitor, form: web::Form<ReportForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let said = form.said();
    let reported = visitor
        .act(move |store, acting| {
            acting.permit(Action::ReportIncident)?;
            report_incident(store, acting, &said?)
        })
        .await;
    match reported {
        Ok(reported) => Ok(see_other(&format!("/incidents/{}", reported.value.id))),
        Err(error) => {
            visitor
                .page_again(error, move |visitor, notice| {
                    ListPage::of(visitor, Some(form), Some(notice))
                })
                .await
        }
    }
}
