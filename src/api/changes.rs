//! `/api/v1/models/{model}/versions/{version}/change…`: what changed since the approved version before, its impact, and who signed that.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::Recorded;
use crate::procedures::record_change::{
    ChangePage, ChangeSignature, change_page, record_change, sign_change,
};
use crate::review::change_record::ChangeStatement;
use crate::store::changes::ChangeRecordRow;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

/// A signature: the digest of the change record as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignChange {
    /// SHA-256 of the change record that was shown.
    pub change_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// What differs from the approved version before, the change record in force, and its signatures.
#[utoipa::path(tag = "life cycle", responses((status = 200, body = ChangePage), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/change")]
pub(super) async fn read_change(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || change_page(&shared.store, &caller.0, (&model, &version));
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Records what an author states about the change that a draft version brings; what differs is computed here. The next revision
/// supersedes the one before; the same content again returns the same revision.
#[utoipa::path(tag = "life cycle", request_body = ChangeStatement, responses(
    (status = 201, body = Recorded<ChangeRecordRow>), (status = 200, body = Recorded<ChangeRecordRow>),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/change")]
pub(super) async fn create_change(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<ChangeStatement>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || record_change(&shared.store, &caller.0, (&model, &version), &body);
    let recorded = blocking(work).await?;
    let status = if recorded.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(HttpResponse::build(status).json(recorded.change))
}

/// Signs the change record: an author of the version first, then QA. Needs a session: no token signs.
#[utoipa::path(tag = "life cycle", request_body = SignChange, responses(
    (status = 201, body = Recorded<ChangeSignature>), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/change/signature")]
pub(super) async fn sign(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<SignChange>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let SignChange { change_sha256, password } = body.into_inner();
    let work = move || {
        let of = (model.as_str(), version.as_str());
        sign_change(&shared.store, &caller.0, of, (&change_sha256, &password))
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
