//! `/log`: the ledger as C2SP tlog-tiles, for verifiers that were not written here. Read-only.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::{read_ledger, read_tiles};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, get, web};

/// A piece never changes once it can be read; it stays with whoever was allowed to read it.
const NEVER_CHANGES: &str = "private, max-age=31536000, immutable";

/// The newest signed head of the ledger, as a C2SP checkpoint; where a reader of tlog-tiles starts.
#[utoipa::path(tag = "ledger", responses((status = 200, body = String, content_type = "text/plain")))]
#[get("/checkpoint")]
pub(super) async fn read_newest_checkpoint(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let note = blocking(move || read_ledger::checkpoint(&shared.store, &caller.0)).await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(note))
}

/// A hash tile (`<L>/<N>[.p/<W>]`) or an entry bundle (`entries/<N>[.p/<W>]`), as C2SP tlog-tiles says.
#[utoipa::path(tag = "ledger",
    params(("tile" = String, Path, description = "`<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`; N as x001/x234/067")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
              (status = 404, body = ProblemDocument)))]
#[get("/tile/{tile:.*}")]
pub(super) async fn read_tile(
    shared: web::Data<Shared>,
    caller: Caller,
    tile: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || read_tiles::read_tile(&shared.store, &caller.0, &tile);
    let bytes = blocking(work).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, NEVER_CHANGES))
        .content_type("application/octet-stream")
        .body(bytes))
}
