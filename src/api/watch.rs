//! `/api/v1/misuse-events`, `/api/v1/clock`, `/api/v1/backups`, `/api/v1/time-stamps`, and what is done when a credential is lost.

use super::accounts::ReasonRequest;
use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::watch_backups::BackupsView;
use crate::procedures::watch_clock::ClockView;
use crate::procedures::watch_time_stamps::StampsView;
use crate::procedures::{
    hold_signing, watch_backups, watch_clock, watch_misuse, watch_time_stamps,
};
use crate::store::misuse::MisuseRow;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

/// What was found out.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MisuseAnswer {
    /// What it was, and what was done.
    pub found: String,
}

/// What may be misuse of an account or a signature, newest first.
#[utoipa::path(tag = "accounts", responses((status = 200, body = Vec<MisuseRow>)))]
#[get("/misuse-events")]
pub(super) async fn list_misuse(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || watch_misuse::misuse_events(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Says what was found out about one of them.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/misuse-events/{id}/answer")]
pub(super) async fn answer_misuse(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<MisuseAnswer>,
) -> Result<HttpResponse, Problem> {
    let work = move || watch_misuse::answer_misuse(&shared.store, &caller.0, &id, &body.found);
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Reports that credentials of an account are lost or known to others: they end at once, and signing is suspended.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = 403, body = ProblemDocument)))]
#[post("/accounts/{user_name}/loss")]
pub(super) async fn report_loss(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<ReasonRequest>,
) -> Result<HttpResponse, Problem> {
    let work =
        move || hold_signing::report_loss(&shared.store, &caller.0, &user_name, &body.reason);
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lets somebody sign again, after it was checked whose account it is; the reason says how.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/accounts/{user_name}/signing")]
pub(super) async fn release_signing(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<ReasonRequest>,
) -> Result<HttpResponse, Problem> {
    let work =
        move || hold_signing::release_signing(&shared.store, &caller.0, &user_name, &body.reason);
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What the clock shows, whether it is trusted, and what was noticed about it.
#[utoipa::path(tag = "operation", responses((status = 200, body = ClockView)))]
#[get("/clock")]
pub(super) async fn read_clock(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || watch_clock::clock_view(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// How it stands with the backups, and what was noticed about them.
#[utoipa::path(tag = "operation", responses((status = 200, body = BackupsView)))]
#[get("/backups")]
pub(super) async fn read_backups(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || watch_backups::backups(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// How it stands with the time stamps of checkpoints (RFC 3161), and what was noticed about them.
#[utoipa::path(tag = "operation", responses((status = 200, body = StampsView)))]
#[get("/time-stamps")]
pub(super) async fn read_time_stamps(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || watch_time_stamps::time_stamps(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Confirms that the clock is right, after somebody compared it: people sign again.
#[utoipa::path(tag = "operation", responses((status = 204), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/clock/confirmation")]
pub(super) async fn confirm_clock(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<ReasonRequest>,
) -> Result<HttpResponse, Problem> {
    let work = move || watch_clock::confirm_clock(&shared.store, &caller.0, &body.reason);
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}
