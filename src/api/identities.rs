//! `/api/v1/accounts/{user_name}/identity`: which identity at the identity provider an account signs in with.

use super::accounts::{ReasonRequest, RemovalAnswer};
use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::link_identities;
use actix_web::{HttpResponse, post, web};
use serde::Deserialize;

/// An identity to link to an account.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityRequest {
    /// Issuer identifier of the provider.
    pub issuer: String,
    /// What the provider calls the person (`sub`).
    pub subject: String,
    /// Why.
    pub reason: String,
}

/// Asks to link an account to an identity at the provider; another person confirms it.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/accounts/{user_name}/identity")]
pub(super) async fn ask_identity(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<IdentityRequest>,
) -> Result<HttpResponse, Problem> {
    let work = move || {
        let asked = (body.issuer.as_str(), body.subject.as_str(), body.reason.as_str());
        link_identities::ask_link(&shared.store, &caller.0, &user_name, asked)
    };
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Asks to end the link of an account; another person confirms it.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = 409, body = ProblemDocument)))]
#[post("/accounts/{user_name}/identity/removal")]
pub(super) async fn ask_identity_removal(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<ReasonRequest>,
) -> Result<HttpResponse, Problem> {
    let work =
        move || link_identities::ask_unlink(&shared.store, &caller.0, &user_name, &body.reason);
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Confirms or refuses a link, or its end, that another person asked for; the sessions of the account end.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/accounts/{user_name}/identity/answer")]
pub(super) async fn answer_identity(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<RemovalAnswer>,
) -> Result<HttpResponse, Problem> {
    let work = move || {
        let answer = (body.granted, body.reason.as_str());
        link_identities::answer_link(&shared.store, &caller.0, &user_name, answer)
    };
    blocking(work).await?;
    Ok(HttpResponse::NoContent().finish())
}
