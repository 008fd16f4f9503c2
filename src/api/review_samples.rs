//! `/api/v1/…/review-samples…`: predictions drawn for review, one case at a time, and what they come to.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::Recorded;
use crate::procedures::close_review_sample::close_review_sample;
use crate::procedures::draw_review_sample::{DrawSample, draw_review_sample};
use crate::procedures::read_review_samples::{
    ReviewSampleLine, ReviewSampleView, review_sample, review_samples,
};
use crate::procedures::review_prediction::{
    AnswerView, CaseView, GiveAnswer, correct_answer, give_answer, next_case,
};
use crate::store::review_samples::{ReviewResultRow, ReviewSampleRow};
use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};

/// The case to be reviewed now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NextCase {
    /// The case; absent when none is left for this person now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseView>,
}

/// Why a sample is closed.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseSample {
    /// Needed where cases are left.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Review samples of all versions, newest first.
#[utoipa::path(tag = "review", responses((status = 200, body = Vec<ReviewSampleLine>)))]
#[get("/review-samples")]
pub(super) async fn list_samples(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || review_samples(&shared.store, &caller.0, None);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Review samples of a version, newest first.
#[utoipa::path(tag = "review", responses((status = 200, body = Vec<ReviewSampleLine>), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/review-samples")]
pub(super) async fn list_of_version(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || review_samples(&shared.store, &caller.0, Some((&model, &version)));
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Draws predictions of a version for review, by a plan and a seed that nobody chooses. Needs a session.
#[utoipa::path(tag = "review", request_body = DrawSample, responses(
    (status = 201, body = Recorded<ReviewSampleRow>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/review-samples")]
pub(super) async fn draw_sample(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<DrawSample>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let asked = body.into_inner();
    let work = move || draw_review_sample(&shared.store, &caller.0, (&model, &version), asked);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// One review sample with its answers and what they say so far.
#[utoipa::path(tag = "review", responses((status = 200, body = ReviewSampleView), (status = 404, body = ProblemDocument)))]
#[get("/review-samples/{id}")]
pub(super) async fn read_sample(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || review_sample(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// The next case for the caller; of a blind one, nothing that the model answered. The time until its answer is measured. Needs a session.
#[utoipa::path(tag = "review", responses(
    (status = 200, body = NextCase), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument)))]
#[post("/review-samples/{id}/next-case")]
pub(super) async fn show_next_case(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || next_case(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().json(NextCase { case: blocking(work).await? }))
}

/// Records the first answer about a case that the caller was shown, and tells what the model answered. Needs a session.
#[utoipa::path(tag = "review", request_body = GiveAnswer, responses(
    (status = 201, body = Recorded<AnswerView>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/review-samples/{id}/cases/{number}/answer")]
pub(super) async fn answer_case(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, u64)>,
    body: web::Json<GiveAnswer>,
) -> Result<HttpResponse, Problem> {
    let (id, number) = path.into_inner();
    let work = move || give_answer(&shared.store, &caller.0, (&id, number), &body);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Corrects an answer of the caller's with a reason; the first answer stays and counts. Needs a session.
#[utoipa::path(tag = "review", request_body = GiveAnswer, responses(
    (status = 201, body = Recorded<AnswerView>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/review-samples/{id}/cases/{number}/correction")]
pub(super) async fn correct_case(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, u64)>,
    body: web::Json<GiveAnswer>,
) -> Result<HttpResponse, Problem> {
    let (id, number) = path.into_inner();
    let work = move || correct_answer(&shared.store, &caller.0, (&id, number), &body);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Closes a sample, with what it came to. Needs a session.
#[utoipa::path(tag = "review", request_body = CloseSample, responses(
    (status = 201, body = Recorded<ReviewResultRow>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/review-samples/{id}/result")]
pub(super) async fn close_sample(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<CloseSample>,
) -> Result<HttpResponse, Problem> {
    let reason = body.into_inner().reason;
    let work = move || close_review_sample(&shared.store, &caller.0, &id, reason.as_deref());
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
