//! `/health`, `/metrics`: what an operator's tools ask. No records, so no account.

use super::extract::{Shared, blocking};
use super::problem::Problem;
use actix_web::{HttpResponse, get, web};
use std::fmt::Write as _;

/// The process is alive.
#[utoipa::path(tag = "operation", responses((status = 200, body = String)))]
#[get("/health/live")]
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("live\n")
}

/// The store can be read and its newest checkpoint is there.
#[utoipa::path(tag = "operation", responses((status = 200, body = String), (status = 500)))]
#[get("/health/ready")]
pub(super) async fn ready(shared: web::Data<Shared>) -> Result<HttpResponse, Problem> {
    blocking(move || Ok(shared.store.read(|tx| tx.head())?)).await?;
    Ok(HttpResponse::Ok().content_type("text/plain").body("ready\n"))
}

/// Counters of the store, as Prometheus text.
#[utoipa::path(tag = "operation", responses((status = 200, body = String)))]
#[get("/metrics")]
pub(super) async fn metrics(shared: web::Data<Shared>) -> Result<HttpResponse, Problem> {
    let (size, counts) = blocking(move || {
        let state = shared
            .store
            .read(|tx| Ok::<_, crate::store::Error>((tx.head()?.size, tx.record_counts()?)))?;
        Ok(state)
    })
    .await?;
    let mut text = String::from("# HELP driftledger_ledger_entries Entries of the ledger.\n");
    let _ = writeln!(
        text,
        "# TYPE driftledger_ledger_entries counter\ndriftledger_ledger_entries {size}"
    );
    text.push_str("# HELP driftledger_records Rows of each record table.\n# TYPE driftledger_records counter\n");
    for (table, rows) in counts {
        let _ = writeln!(text, "driftledger_records{{table=\"{table}\"}} {rows}");
    }
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}
