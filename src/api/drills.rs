//! `/api/v1/drills…`: continuity drills, and when the next one is due.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::Recorded;
use crate::procedures::record_drill::{
    DrillView, DrillsView, RecordDrill, drill, drills, record_drill,
};
use crate::store::drills::DrillRow;
use actix_web::{HttpResponse, get, post, web};

/// The last drill, when the next one is due, and all drills, the one recorded last first.
#[utoipa::path(tag = "drills", responses((status = 200, body = DrillsView)))]
#[get("/drills")]
pub(super) async fn list_drills(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || drills(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// One drill.
#[utoipa::path(tag = "drills", responses((status = 200, body = DrillView), (status = 404, body = ProblemDocument)))]
#[get("/drills/{id}")]
pub(super) async fn read_drill(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || drill(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Records a drill. Needs a session.
#[utoipa::path(tag = "drills", request_body = RecordDrill, responses(
    (status = 201, body = Recorded<DrillRow>), (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/drills")]
pub(super) async fn record(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<RecordDrill>,
) -> Result<HttpResponse, Problem> {
    let work = move || record_drill(&shared.store, &caller.0, &body);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
