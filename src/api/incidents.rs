//! `/api/v1/incidents…`: what happened to the system or to records, why, what is done about it, and who closed it.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::Recorded;
use crate::procedures::close_incident::{IncidentClosed, close_incident};
use crate::procedures::read_incidents::{IncidentLine, IncidentView, incident, incidents};
use crate::procedures::record_incident::{
    IncidentChange, ReportIncident, report_incident, revise_incident,
};
use crate::review::incident::IncidentCause;
use crate::store::incidents::IncidentRow;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

/// What was reported, once more, and why it is corrected.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectIncident {
    /// Everything that is reported.
    pub report: ReportIncident,
    /// Why it is corrected.
    pub reason: String,
}

/// The cause of an incident and what is done about it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvestigateIncident {
    /// Cause and action.
    pub cause: IncidentCause,
    /// All affected records, where others than were reported are known now.
    #[serde(default)]
    pub affected: Option<Vec<String>>,
}

/// Why an incident is opened again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReopenIncident {
    /// Why.
    pub reason: String,
}

/// A signature: the digest of the closing revision as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIncident {
    /// SHA-256 of the closing revision that was shown.
    pub incident_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// Incidents as they stand, the one reported last first.
#[utoipa::path(tag = "incidents", responses((status = 200, body = Vec<IncidentLine>)))]
#[get("/incidents")]
pub(super) async fn list_incidents(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || incidents(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// One incident, with everything that was said about it; `closing` is what the caller would sign to close it.
#[utoipa::path(tag = "incidents", responses((status = 200, body = IncidentView), (status = 404, body = ProblemDocument)))]
#[get("/incidents/{id}")]
pub(super) async fn read_incident(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || incident(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Reports an incident. Needs a session.
#[utoipa::path(tag = "incidents", request_body = ReportIncident, responses(
    (status = 201, body = Recorded<IncidentRow>), (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/incidents")]
pub(super) async fn report_one(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<ReportIncident>,
) -> Result<HttpResponse, Problem> {
    let work = move || report_incident(&shared.store, &caller.0, &body);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Corrects what was reported while the incident is open. Needs a session.
#[utoipa::path(tag = "incidents", request_body = CorrectIncident, responses(
    (status = 201, body = Recorded<IncidentRow>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/incidents/{id}/correction")]
pub(super) async fn correct(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<CorrectIncident>,
) -> Result<HttpResponse, Problem> {
    let CorrectIncident { report, reason } = body.into_inner();
    revised(shared, caller, id, IncidentChange::Correct(report, reason)).await
}

/// States the cause of an open incident and what is done about it. Needs a session.
#[utoipa::path(tag = "incidents", request_body = InvestigateIncident, responses(
    (status = 201, body = Recorded<IncidentRow>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/incidents/{id}/investigation")]
pub(super) async fn investigate(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<InvestigateIncident>,
) -> Result<HttpResponse, Problem> {
    let InvestigateIncident { cause, affected } = body.into_inner();
    revised(shared, caller, id, IncidentChange::Investigate(cause, affected)).await
}

/// Opens an investigated or closed incident again. Needs a session.
#[utoipa::path(tag = "incidents", request_body = ReopenIncident, responses(
    (status = 201, body = Recorded<IncidentRow>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/incidents/{id}/reopening")]
pub(super) async fn reopen(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<ReopenIncident>,
) -> Result<HttpResponse, Problem> {
    let ReopenIncident { reason } = body.into_inner();
    revised(shared, caller, id, IncidentChange::Reopen(reason)).await
}

async fn revised(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    change: IncidentChange,
) -> Result<HttpResponse, Problem> {
    let work = move || revise_incident(&shared.store, &caller.0, &id, &change);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Closes an investigated incident, signed by QA who neither reported nor investigated it. Needs a session: no token signs.
#[utoipa::path(tag = "incidents", request_body = SignIncident, responses(
    (status = 201, body = Recorded<IncidentClosed>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument)))]
#[post("/incidents/{id}/signature")]
pub(super) async fn close(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<SignIncident>,
) -> Result<HttpResponse, Problem> {
    let SignIncident { incident_sha256, password } = body.into_inner();
    let work = move || close_incident(&shared.store, &caller.0, &id, (&incident_sha256, &password));
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
