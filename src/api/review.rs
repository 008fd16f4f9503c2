//! `/api/v1/review-plan` and `/api/v1/concordance`: how many predictions people must review, and whether they agree.

use super::extract::{Body, Caller, Shared, blocking, format_of, spool};
use super::problem::{Problem, ProblemDocument};
use crate::access::role::Action;
use crate::error::Error;
use crate::procedures::measure_concordance::{ReviewColumns, measure_concordance};
use crate::review::concordance::Concordance;
use crate::review::plan::{ReviewPlan, review_plan};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;

/// A claim about the error rate.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ClaimQuery {
    /// Error rate that the review shall exclude, for example 0.02.
    pub claim: f64,
    /// With which confidence; without it, 0.95.
    pub confidence: Option<f64>,
    /// Cases in the lot that the claim is about; without it, the lot is large.
    pub lot: Option<u64>,
}

/// The columns of a table of reviewed cases.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ConcordanceQuery {
    /// Column of the model's answer.
    pub prediction: String,
    /// Column of the reviewer's answer.
    pub review: String,
    /// Column that says whether the review was blind (the model's answer hidden).
    pub blind: Option<String>,
}

/// How many predictions people must review before they may say that the error rate is below a limit.
#[utoipa::path(tag = "review", params(ClaimQuery), responses((status = 200, body = ReviewPlan), (status = 422, body = ProblemDocument)))]
#[get("/review-plan")]
pub(super) async fn read_plan(
    caller: Caller,
    query: web::Query<ClaimQuery>,
) -> Result<HttpResponse, Problem> {
    let work = move || {
        caller.0.permit(Action::Read)?;
        let confidence = query.confidence.unwrap_or(0.95);
        Ok::<_, Error>(review_plan(query.claim, confidence, query.lot)?)
    };
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// How far reviewers agree with the model, from a table of reviewed cases; nothing is recorded.
#[utoipa::path(tag = "review", params(ConcordanceQuery), request_body(content = Vec<u8>, content_type = "text/csv"), responses(
    (status = 200, body = Concordance), (status = 400, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/concordance")]
pub(super) async fn measure(
    request: HttpRequest,
    shared: web::Data<Shared>,
    caller: Caller,
    query: web::Query<ConcordanceQuery>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    caller.0.permit(Action::Read).map_err(Error::from)?;
    let delivery = spool(&shared, body, Some(format_of(&request)?)).await?;
    let ConcordanceQuery { prediction, review, blind } = query.into_inner();
    let columns = ReviewColumns { prediction, review, blind };
    let work = move || measure_concordance(delivery.file.path(), delivery.format, &columns);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}
