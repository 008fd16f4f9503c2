//! `/api/v1/notice-targets`, `/api/v1/notices`: who is told outside, what was told, and what could not be.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::notify::target::Target;
use crate::procedures::Recorded;
use crate::procedures::tell_people::{self, KeptTarget};
use crate::store::outbox::{OutboxRow, TargetRow};
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

/// A target, and why it is kept so.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepTarget {
    /// The target; the newest record of its name counts.
    pub target: Target,
    /// Why.
    pub reason: String,
}

/// Which notices.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub struct NoticesQuery {
    /// `waiting`, `sent` or `dead`; all where it is absent.
    state: Option<String>,
}

/// Who is told outside.
#[utoipa::path(tag = "notices", responses((status = 200, body = Vec<TargetRow>), (status = 403, body = ProblemDocument)))]
#[get("/notice-targets")]
pub(super) async fn list_targets(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || tell_people::targets(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Keeps a target. The secret of a new webhook is in this answer only.
#[utoipa::path(tag = "notices", responses((status = 201, body = Recorded<KeptTarget>), (status = 422, body = ProblemDocument)))]
#[post("/notice-targets")]
pub(super) async fn create_target(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<KeepTarget>,
) -> Result<HttpResponse, Problem> {
    let work =
        move || tell_people::keep_target(&shared.store, &caller.0, &body.target, &body.reason);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// What was told, what waits, and dead letters; newest first.
#[utoipa::path(tag = "notices", params(NoticesQuery), responses((status = 200, body = Vec<OutboxRow>), (status = 403, body = ProblemDocument)))]
#[get("/notices")]
pub(super) async fn list_notices(
    shared: web::Data<Shared>,
    caller: Caller,
    query: web::Query<NoticesQuery>,
) -> Result<HttpResponse, Problem> {
    let work = move || tell_people::notices(&shared.store, &caller.0, query.state.as_deref());
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Puts a dead letter back into the outbox.
#[utoipa::path(tag = "notices", responses((status = 204), (status = 404, body = ProblemDocument)))]
#[post("/notices/{number}/retry")]
pub(super) async fn retry_notice(
    shared: web::Data<Shared>,
    caller: Caller,
    number: web::Path<i64>,
) -> Result<HttpResponse, Problem> {
    let work = move || tell_people::send_again(&shared.store, &caller.0, *number);
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}
