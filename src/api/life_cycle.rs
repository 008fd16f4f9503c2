//! `/api/v1/models/{model}/versions/{version}/…`: model record, state, gap list, and the signed steps of a version's life.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::error::{Error, Result as Answered};
use crate::procedures::Recorded;
use crate::procedures::describe_version::{
    ModelRecordView, describe_version, model_record, record_to_fill,
};
use crate::procedures::read_life_cycle::{LifeCycle, life_cycle};
use crate::procedures::take_step::{SheetView, StepOf, StepTaken, prepare_step, take_step};
use crate::provenance::model_record::ModelRecord;
use crate::review::life_cycle::Step;
use crate::review::step_sheet::StepInput;
use crate::store::life_cycle::ModelRecordRow;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put, web};
use serde::{Deserialize, Serialize};

/// The model record in force, with the rows of all revisions.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ModelRecordDocument {
    /// The newest revision.
    #[serde(flatten)]
    pub newest: ModelRecordView,
    /// All revisions, newest first.
    pub revisions: Vec<ModelRecordRow>,
}

/// A step: what was typed, the digest of the sheet as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct SignStep {
    /// What was typed when the sheet was made.
    #[serde(flatten)]
    pub input: StepInput,
    /// SHA-256 of the sheet that was shown.
    pub sheet_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// The step of that word.
fn step_of(word: &str) -> Answered<Step> {
    let all = Step::ALL.map(Step::word).join(", ");
    let detail = format!("`{word:.100}` is no step of a version; expected one of {all}");
    Step::of_word(word).ok_or(Error::BadRequest { detail })
}

/// Says what a version is for. A draft's record is superseded by the next revision; the same content again returns the same revision.
#[utoipa::path(tag = "life cycle", request_body = ModelRecord, responses(
    (status = 201, body = Recorded<ModelRecordRow>), (status = 200, body = Recorded<ModelRecordRow>),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[put("/models/{model}/versions/{version}/record")]
pub(super) async fn put_record(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<ModelRecord>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || describe_version(&shared.store, &caller.0, (&model, &version), &body);
    let described = blocking(work).await?;
    let status = if described.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(HttpResponse::build(status).json(described.record))
}

/// The model record in force.
#[utoipa::path(tag = "life cycle", responses((status = 200, body = ModelRecordDocument), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/record")]
pub(super) async fn read_record(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || model_record(&shared.store, &caller.0, (&model, &version));
    let (newest, revisions) = blocking(work).await?;
    Ok(HttpResponse::Ok().json(ModelRecordDocument { newest, revisions }))
}

/// A model record to fill: the newest revision, or what is known from the registration with hints what to write.
#[utoipa::path(tag = "life cycle", responses((status = 200, body = ModelRecord), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/record/template")]
pub(super) async fn read_record_template(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || record_to_fill(&shared.store, &caller.0, (&model, &version));
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Where a version stands, the steps it took, and exactly what is missing for each that can follow.
#[utoipa::path(tag = "life cycle", responses((status = 200, body = LifeCycle), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/life-cycle")]
pub(super) async fn read_life_cycle(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || life_cycle(&shared.store, &caller.0, (&model, &version));
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// The sheet that the caller would sign for a step: its exact bytes and their digest. Writes nothing.
#[utoipa::path(tag = "life cycle", request_body = StepInput, responses(
    (status = 200, body = SheetView), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/steps/{step}/sheet")]
pub(super) async fn prepare(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String, String)>,
    body: web::Json<StepInput>,
) -> Result<HttpResponse, Problem> {
    let (model, version, step) = path.into_inner();
    let work = move || {
        let of = StepOf { model: &model, version: &version, step: step_of(&step)? };
        prepare_step(&shared.store, &caller.0, of, &body)
    };
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Takes a step of a version's life with a signature over its sheet. Needs a session: no token takes a step.
#[utoipa::path(tag = "life cycle", request_body = SignStep, responses(
    (status = 201, body = Recorded<StepTaken>), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/steps/{step}")]
pub(super) async fn sign(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String, String)>,
    body: web::Json<SignStep>,
) -> Result<HttpResponse, Problem> {
    let (model, version, step) = path.into_inner();
    let SignStep { input, sheet_sha256, password } = body.into_inner();
    let work = move || {
        let of = StepOf { model: &model, version: &version, step: step_of(&step)? };
        take_step(&shared.store, &caller.0, of, (&input, &sheet_sha256, &password))
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
