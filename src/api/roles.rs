//! `/api/v1/role-requests`: roles, asked for by one person and answered by another.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::Recorded;
use crate::procedures::grant_roles::{self, AskForRole};
use crate::store::roles::RoleRequestRow;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

/// What another person answers.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleAnswer {
    /// Whether the role is granted.
    pub granted: bool,
    /// Why.
    pub reason: String,
}

/// All requests with their answers, newest first.
#[utoipa::path(tag = "accounts", responses((status = 200, body = Vec<RoleRequestRow>)))]
#[get("/role-requests")]
pub(super) async fn list_requests(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || grant_roles::role_requests(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Asks for a role for another person's account.
#[utoipa::path(tag = "accounts", responses((status = 201, body = Recorded<RoleRequestRow>), (status = 409, body = ProblemDocument)))]
#[post("/role-requests")]
pub(super) async fn create_request(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<AskForRole>,
) -> Result<HttpResponse, Problem> {
    let work = move || grant_roles::request_role(&shared.store, &caller.0, &body);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Grants or refuses what another person asked for.
#[utoipa::path(tag = "accounts", responses((status = 201, body = Recorded<RoleRequestRow>), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/role-requests/{id}/answer")]
pub(super) async fn answer_request(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<RoleAnswer>,
) -> Result<HttpResponse, Problem> {
    let RoleAnswer { granted, reason } = body.into_inner();
    let work = move || grant_roles::answer_role(&shared.store, &caller.0, &id, (granted, &reason));
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
