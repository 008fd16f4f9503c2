//! `/api/v1/…/studies`: Phase I studies as validation evidence of a version.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::drift::study::Study;
use crate::procedures::Recorded;
use crate::procedures::attach_study::{self, JudgedBatches, attach_study, study_judged};
use crate::procedures::sign_study::sign_study;
use crate::review::study_signature::StudySignature;
use crate::store::studies::StudyRow;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};

/// A study with its document.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StudyDocument {
    /// Its row.
    #[serde(flatten)]
    pub row: StudyRow,
    /// Whether the policy in force states the tolerances proposed.
    pub is_in_force: bool,
    /// Its signature, if there is one.
    pub signature: Option<StudySignature>,
    /// The document.
    pub study: Study,
}

/// A signature: the digest of the study as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignStudy {
    /// SHA-256 of the study that was shown.
    pub study_sha256: String,
    /// Password of the signer.
    pub password: String,
}

fn attached(attached: &attach_study::Attached) -> HttpResponse {
    let status = if attached.is_new { StatusCode::CREATED } else { StatusCode::OK };
    HttpResponse::build(status).json(&attached.study)
}

/// Attaches a study made by `driftledger study --output`. It is computed again from its counts first; the same content again
/// returns the same study.
#[utoipa::path(tag = "studies", request_body = Study, responses(
    (status = 201, body = Recorded<StudyRow>), (status = 200, body = Recorded<StudyRow>),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/studies")]
pub(super) async fn create_study(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<Study>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || attach_study(&shared.store, &caller.0, (&model, &version), &body);
    Ok(attached(&blocking(work).await?))
}

/// Studies batches that were judged for this version, from the counts in their reports, and attaches the study.
#[utoipa::path(tag = "studies", request_body = JudgedBatches, responses(
    (status = 201, body = Recorded<StudyRow>), (status = 200, body = Recorded<StudyRow>),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/studies/of-judged-batches")]
pub(super) async fn create_study_of_judged(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<JudgedBatches>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || study_judged(&shared.store, &caller.0, (&model, &version), &body);
    Ok(attached(&blocking(work).await?))
}

/// The studies of a version, newest first.
#[utoipa::path(tag = "studies", responses((status = 200, body = Vec<StudyRow>), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/studies")]
pub(super) async fn list_studies(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || attach_study::studies(&shared.store, &caller.0, &model, &version);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// One study with its document.
#[utoipa::path(tag = "studies", responses((status = 200, body = StudyDocument), (status = 404, body = ProblemDocument)))]
#[get("/studies/{id}")]
pub(super) async fn read_study(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || attach_study::study_view(&shared.store, &caller.0, &id);
    let view = blocking(work).await?;
    let signature = view.signature.map(|(signature, _entry)| signature);
    let (row, is_in_force, study) = (view.row, view.is_in_force, view.study);
    Ok(HttpResponse::Ok().json(StudyDocument { row, is_in_force, signature, study }))
}

/// Signs a study that another person attached. Needs a session: no token signs.
#[utoipa::path(tag = "studies", responses((status = 201, body = Recorded<StudySignature>), (status = 403, body = ProblemDocument)))]
#[post("/studies/{id}/signature")]
pub(super) async fn sign(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<SignStudy>,
) -> Result<HttpResponse, Problem> {
    let SignStudy { study_sha256, password } = body.into_inner();
    let work = move || sign_study(&shared.store, &caller.0, &id, (&study_sha256, &password));
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
