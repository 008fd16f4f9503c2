//! `/api/v1/reviews…`: periodic reviews of the audit trail, of access rights and of the system.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::Recorded;
use crate::procedures::hold_review::{
    HoldReview, PeriodicReviewView, ReviewSheet, ReviewStatus, hold_review, prepare_review, review,
    review_statuses, reviews, sign_review,
};
use crate::review::record_signature::RecordSignature;
use crate::review::review_kind::ReviewKind;
use crate::store::periodic_reviews::PeriodicReviewRow;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

/// A signature: the digest of the review as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignReview {
    /// SHA-256 of the review that was shown.
    pub review_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// Which kind of review.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct KindQuery {
    /// What is reviewed.
    pub kind: ReviewKind,
}

/// Periodic reviews, newest first.
#[utoipa::path(tag = "reviews", responses((status = 200, body = Vec<PeriodicReviewView>)))]
#[get("/reviews")]
pub(super) async fn list_reviews(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || reviews(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Of every kind of review: the last signed one, whether the next is overdue, and how many entries it covers so far.
#[utoipa::path(tag = "reviews", responses((status = 200, body = Vec<ReviewStatus>)))]
#[get("/reviews/due")]
pub(super) async fn list_due(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || review_statuses(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// What the next review of a kind covers.
#[utoipa::path(tag = "reviews", params(KindQuery), responses((status = 200, body = ReviewSheet)))]
#[get("/reviews/next")]
pub(super) async fn lay_out(
    shared: web::Data<Shared>,
    caller: Caller,
    query: web::Query<KindQuery>,
) -> Result<HttpResponse, Problem> {
    let work = move || prepare_review(&shared.store, &caller.0, query.kind);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// One periodic review.
#[utoipa::path(tag = "reviews", responses((status = 200, body = PeriodicReviewView), (status = 404, body = ProblemDocument)))]
#[get("/reviews/{id}")]
pub(super) async fn read_review(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || review(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Records a periodic review; it counts once it is signed. Needs a session.
#[utoipa::path(tag = "reviews", request_body = HoldReview, responses(
    (status = 201, body = Recorded<PeriodicReviewRow>), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
#[post("/reviews")]
pub(super) async fn hold(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<HoldReview>,
) -> Result<HttpResponse, Problem> {
    let work = move || hold_review(&shared.store, &caller.0, body.into_inner());
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Signs a periodic review, by who held it. Needs a session: no token signs.
#[utoipa::path(tag = "reviews", request_body = SignReview, responses(
    (status = 201, body = Recorded<RecordSignature>), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/reviews/{id}/signature")]
pub(super) async fn sign(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<SignReview>,
) -> Result<HttpResponse, Problem> {
    let SignReview { review_sha256, password } = body.into_inner();
    let work = move || sign_review(&shared.store, &caller.0, &id, (&review_sha256, &password));
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
