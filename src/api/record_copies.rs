//! `/api/v1/records/{table}/{id}`: a copy of any record, with what changed since it was first entered.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::evidence::record_copy::RecordCopy;
use crate::procedures::copy_record::copy_record;
use actix_web::{HttpResponse, get, web};

/// A copy of a record: every field with its meaning and its changes, the revisions, the signatures.
#[utoipa::path(tag = "ledger", responses((status = 200, body = RecordCopy), (status = 404, body = ProblemDocument)))]
#[get("/records/{table}/{id}")]
pub(super) async fn read_record(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let work = move || copy_record(&shared.store, &caller.0, (&path.0, &path.1));
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}
