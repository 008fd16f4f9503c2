//! `/api/v1/…/acceptance`, `/api/v1/…/test-runs`: criteria fixed before the test, and test runs against them.

use super::batches::{InvalidationReason, SignInvalidation};
use super::extract::{Body, Caller, Shared, blocking, format_of, spool};
use super::problem::{Problem, ProblemDocument};
use crate::drift::acceptance::plan::AcceptanceCriteria;
use crate::procedures::Recorded;
use crate::procedures::fix_acceptance::fix_acceptance;
use crate::procedures::invalidate_test_run::{
    TestRunInvalidated, TestRunInvalidationSheet, invalidate_test_run, prepare_run_invalidation,
};
use crate::procedures::read_acceptance::{self, AcceptanceView, TestRunView};
use crate::procedures::test_version::test_version;
use crate::store::acceptance::{AcceptancePlanRow, TestRunRow};
use actix_web::{HttpRequest, HttpResponse, get, post, web};

/// Fixes the acceptance criteria of a version; they take the place of those before. The same plan again returns the one in force.
#[utoipa::path(tag = "acceptance", request_body = AcceptanceCriteria, responses(
    (status = 201, body = Recorded<AcceptancePlanRow>), (status = 200, body = Recorded<AcceptancePlanRow>),
    (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/acceptance")]
pub(super) async fn create_plan(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<AcceptanceCriteria>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || fix_acceptance(&shared.store, &caller.0, (&model, &version), &body);
    let fixed = blocking(work).await?;
    let mut response = if fixed.is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(fixed.plan))
}

/// The criteria in force, and the test runs of a version.
#[utoipa::path(tag = "acceptance", responses((status = 200, body = AcceptanceView), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/acceptance")]
pub(super) async fn read_plan(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || read_acceptance::acceptance(&shared.store, &caller.0, (&model, &version));
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Tests a version: a table with row ids, prediction, label, subgroup columns and, where there is one, score. Its figures are
/// computed here and held against the criteria in force. The same file under the same criteria returns the first run.
#[utoipa::path(tag = "acceptance", request_body(content = Vec<u8>, content_type = "text/csv"), responses(
    (status = 201, body = Recorded<TestRunRow>), (status = 200, body = Recorded<TestRunRow>),
    (status = 409, body = ProblemDocument), (status = 413, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/test-runs")]
pub(super) async fn create_run(
    request: HttpRequest,
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let delivery = spool(&shared, body, Some(format_of(&request)?)).await?;
    let (model, version) = path.into_inner();
    let work = move || test_version(&shared.store, &caller.0, (&model, &version), delivery);
    let tested = blocking(work).await?;
    let mut response = if tested.is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(tested.run))
}

/// The test runs of a version, newest first.
#[utoipa::path(tag = "acceptance", responses((status = 200, body = Vec<TestRunRow>), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/test-runs")]
pub(super) async fn list_runs(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || read_acceptance::acceptance(&shared.store, &caller.0, (&model, &version));
    Ok(HttpResponse::Ok().json(blocking(work).await?.runs))
}

/// One test run with its figures and the verdict of every criterion.
#[utoipa::path(tag = "acceptance", responses((status = 200, body = TestRunView), (status = 404, body = ProblemDocument)))]
#[get("/test-runs/{id}")]
pub(super) async fn read_run(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || read_acceptance::test_run(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// The sheet that the caller would sign to mark a test run as invalid: what it came to, which steps of the version rest on it, which run
/// counts instead. Writes nothing.
#[utoipa::path(tag = "acceptance", request_body = InvalidationReason, responses(
    (status = 200, body = TestRunInvalidationSheet), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/test-runs/{id}/invalidation/sheet")]
pub(super) async fn prepare_invalid(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<InvalidationReason>,
) -> Result<HttpResponse, Problem> {
    let work = move || prepare_run_invalidation(&shared.store, &caller.0, &id, &body.reason);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Marks a test run as invalid, signed by QA, by somebody else than who made it: it stays and counts for nothing any more. Needs a
/// session: no token signs.
#[utoipa::path(tag = "acceptance", request_body = SignInvalidation, responses(
    (status = 201, body = Recorded<TestRunInvalidated>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/test-runs/{id}/invalidation")]
pub(super) async fn sign_invalid(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    body: web::Json<SignInvalidation>,
) -> Result<HttpResponse, Problem> {
    let SignInvalidation { reason, sheet_sha256, password } = body.into_inner();
    let work = move || {
        let signed = (reason.as_str(), sheet_sha256.as_str(), password.as_str());
        invalidate_test_run(&shared.store, &caller.0, &id, signed)
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
