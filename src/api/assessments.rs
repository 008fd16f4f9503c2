//! `/api/v1/…/assessments/{id}`: what a regulatory text wants to read about a version, filled from its records.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::evidence::assessment::Assessment;
use crate::procedures::assess_version::assess_version;
use actix_web::{HttpResponse, get, web};

/// A text (`fda-credibility`, `annex-22`) filled for a version, with its gaps.
#[utoipa::path(tag = "models", responses((status = 200, body = Assessment), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/assessments/{id}")]
pub(super) async fn read_assessment(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Problem> {
    let (model, version, id) = path.into_inner();
    let work = move || assess_version(&shared.store, &caller.0, (&model, &version), &id);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}
