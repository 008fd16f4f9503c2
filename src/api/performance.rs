//! `/api/v1/models/{model}/versions/{version}/performance`: what labels say.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::drift::performance::cohort::CohortReport;
use crate::procedures::Recorded;
use crate::procedures::evaluate_performance::evaluate_performance;
use crate::procedures::read_performance::{self, PerformanceView};
use crate::store::performance::PerformanceRow;
use actix_web::{HttpResponse, get, post, web};

/// Performance by cohort, from all labels that have come.
#[utoipa::path(tag = "performance", responses((status = 200, body = PerformanceView), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/performance")]
pub(super) async fn list_cohorts(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || read_performance::performance(&shared.store, &caller.0, (&model, &version));
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Performance on one batch, by its name.
#[utoipa::path(tag = "performance", responses((status = 200, body = CohortReport), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/performance/{batch}")]
pub(super) async fn read_cohort(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version, batch) = path.into_inner();
    let work =
        move || read_performance::cohort(&shared.store, &caller.0, (&model, &version), &batch);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Evaluates the labels now: for labels that were early, or cohorts that have become due since the last delivery.
#[utoipa::path(tag = "performance", responses((status = 201, body = Recorded<PerformanceRow>),
    (status = 200, body = Recorded<PerformanceRow>), (status = 400, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/performance")]
pub(super) async fn evaluate(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || evaluate_performance(&shared.store, &caller.0, (&model, &version));
    let evaluated = blocking(work).await?;
    let mut response = if evaluated.is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(evaluated.performance))
}
