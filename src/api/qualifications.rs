//! `/api/v1/qualifications…`: qualification runs and the signature over them. Runs are made on the machine of the store.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::Recorded;
use crate::procedures::record_qualification::{
    QualificationView, qualification, qualifications, sign_qualification,
};
use crate::review::record_signature::RecordSignature;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

/// A signature: the digest of the run as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignQualification {
    /// SHA-256 of the run that was shown.
    pub qualification_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// Qualification runs, newest first, failed ones included.
#[utoipa::path(tag = "qualification", responses((status = 200, body = Vec<QualificationView>)))]
#[get("/qualifications")]
pub(super) async fn list_runs(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || qualifications(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// One qualification run.
#[utoipa::path(tag = "qualification", responses((status = 200, body = QualificationView), (status = 404, body = ProblemDocument)))]
#[get("/qualifications/{id}")]
pub(super) async fn read_run(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || qualification(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Signs a run that passed. Needs a session: no token signs.
#[utoipa::path(tag = "qualification", request_body = SignQualification, responses(
    (status = 201, body = Recorded<RecordSignature>), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/qualifications/{id}/signature")]
pub(super) async fn sign(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<SignQualification>,
) -> Result<HttpResponse, Problem> {
    let SignQualification { qualification_sha256, password } = body.into_inner();
    let work = move || {
        sign_qualification(&shared.store, &caller.0, &id, (&qualification_sha256, &password))
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
