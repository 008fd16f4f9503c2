//! `/api/v1/people`, `/api/v1/accountability`, `/api/v1/training-policy`: what is recorded about people before they sign, and which roles need
//! which training.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::access::training::{Training, TrainingPolicy};
use crate::procedures::Recorded;
use crate::procedures::accept_accountability::{
    AccountabilityView, accept_statement, accountability, set_statement,
};
use crate::procedures::check_identity::{IdentitySeen, record_identity_check};
use crate::procedures::keep_trainings::{self, TrainingPolicyView};
use crate::procedures::read_people::{PersonLine, people};
use crate::review::record_signature::RecordSignature;
use crate::store::accountability::{IdentityCheckRow, StatementRow};
use crate::store::trainings::TrainingRow;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

/// An acceptance: the digest of what was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptStatement {
    /// SHA-256 of the document that was shown.
    pub acceptance_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// A statement to put in force.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementRequest {
    /// What it says, 40 to 8000 characters.
    pub text: String,
    /// Why.
    pub reason: String,
}

/// A training that somebody completed.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingRequest {
    /// What was learned, and for how long it is good.
    pub training: Training,
    /// Where the proof of it is kept.
    pub evidence: String,
}

/// A training policy to set.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingPolicyRequest {
    /// The rules.
    pub policy: TrainingPolicy,
    /// Why.
    pub reason: String,
}

/// What is recorded about everybody: identity check, acceptance of accountability, trainings.
#[utoipa::path(tag = "accounts", responses((status = 200, body = Vec<PersonLine>)))]
#[get("/people")]
pub(super) async fn list_people(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(blocking(move || people(&shared.store, &caller.0)).await?))
}

/// Records how it was checked whose account it is: what was seen, without copies or numbers of documents.
#[utoipa::path(tag = "accounts", responses((status = 201, body = Recorded<IdentityCheckRow>), (status = 403, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/accounts/{user_name}/identity-check")]
pub(super) async fn create_identity_check(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<IdentitySeen>,
) -> Result<HttpResponse, Problem> {
    let work = move || record_identity_check(&shared.store, &caller.0, &user_name, &body);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Records a training that somebody else completed.
#[utoipa::path(tag = "accounts", responses((status = 201, body = Recorded<TrainingRow>), (status = 403, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/accounts/{user_name}/training")]
pub(super) async fn create_training(
    shared: web::Data<Shared>,
    caller: Caller,
    user_name: web::Path<String>,
    body: web::Json<TrainingRequest>,
) -> Result<HttpResponse, Problem> {
    let work = move || {
        let said = (&body.training, body.evidence.as_str());
        keep_trainings::record_training(&shared.store, &caller.0, &user_name, said)
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Which roles need which training: in force, and every policy that was set.
#[utoipa::path(tag = "accounts", responses((status = 200, body = TrainingPolicyView)))]
#[get("/training-policy")]
pub(super) async fn read_training_policy(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || keep_trainings::training_policy(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Sets which roles need which training; in force from the ledger entry of this answer on.
#[utoipa::path(tag = "accounts", responses((status = 201, body = Recorded<TrainingPolicy>), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
#[post("/training-policy")]
pub(super) async fn set_training_policy(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<TrainingPolicyRequest>,
) -> Result<HttpResponse, Problem> {
    let TrainingPolicyRequest { policy, reason } = body.into_inner();
    let work =
        move || keep_trainings::set_training_policy(&shared.store, &caller.0, &policy, &reason);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// The statement of accountability in force, and what the caller signs to accept it.
#[utoipa::path(tag = "accounts", responses((status = 200, body = AccountabilityView), (status = 409, body = ProblemDocument)))]
#[get("/accountability")]
pub(super) async fn read_accountability(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(blocking(move || accountability(&shared.store, &caller.0)).await?))
}

/// Puts another statement in force; everybody accepts it before the next signature.
#[utoipa::path(tag = "accounts", responses((status = 201, body = Recorded<StatementRow>), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
#[post("/accountability")]
pub(super) async fn create_statement(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<StatementRequest>,
) -> Result<HttpResponse, Problem> {
    let work = move || set_statement(&shared.store, &caller.0, (&body.text, &body.reason));
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Accepts the statement in force, signed. Needs a session: no token signs.
#[utoipa::path(tag = "accounts", responses((status = 201, body = Recorded<RecordSignature>), (status = 403, body = ProblemDocument),
    (status = 409, body = ProblemDocument)))]
#[post("/accountability/acceptance")]
pub(super) async fn accept(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<AcceptStatement>,
) -> Result<HttpResponse, Problem> {
    let AcceptStatement { acceptance_sha256, password } = body.into_inner();
    let work = move || accept_statement(&shared.store, &caller.0, (&acceptance_sha256, &password));
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
