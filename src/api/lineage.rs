//! `/api/v1/lineage`: what other tools report, as OpenLineage events.

use super::extract::{Body, Caller, Shared, blocking, spool};
use super::problem::{Problem, ProblemDocument};
use crate::error::Error;
use crate::procedures::receive_lineage::{LINEAGE_BYTES_MAX, ReceivedLineage, receive_lineage};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};

/// Takes an OpenLineage event (run, dataset or job event), or an array of them: all or none. Sent again, nothing changes.
#[utoipa::path(tag = "lineage", request_body(content = Object, content_type = "application/json"), responses(
    (status = 201, body = ReceivedLineage), (status = 200, body = ReceivedLineage),
    (status = 400, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/lineage")]
pub(super) async fn create_lineage(
    shared: web::Data<Shared>,
    caller: Caller,
    body: Body,
) -> Result<HttpResponse, Problem> {
    receive(shared, caller, body).await
}

/// The same, where clients send arrays.
#[utoipa::path(tag = "lineage", request_body(content = Vec<Object>, content_type = "application/json"), responses(
    (status = 201, body = ReceivedLineage), (status = 200, body = ReceivedLineage),
    (status = 400, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/lineage/batch")]
pub(super) async fn create_lineage_batch(
    shared: web::Data<Shared>,
    caller: Caller,
    body: Body,
) -> Result<HttpResponse, Problem> {
    receive(shared, caller, body).await
}

async fn receive(
    shared: web::Data<Shared>,
    caller: Caller,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let body_bytes_max = shared.body_bytes_max.min(LINEAGE_BYTES_MAX);
    let limited = Shared { body_bytes_max, ..Shared::clone(&shared) };
    let delivery = spool(&limited, body, None).await?;
    let received = blocking(move || {
        let path = delivery.file.path();
        let bytes = std::fs::read(path).map_err(Error::file("reading", path))?;
        receive_lineage(&shared.store, &caller.0, &bytes)
    })
    .await?;
    let status = if received.new > 0 { StatusCode::CREATED } else { StatusCode::OK };
    Ok(HttpResponse::build(status).json(received))
}
