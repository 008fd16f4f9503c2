//! `/api/v1/inbox`, `/api/v1/fleet`: what waits for whom, and how every monitored version is.

use super::extract::{Caller, Shared, blocking};
use super::problem::Problem;
use crate::procedures::read_fleet::{Fleet, fleet};
use crate::procedures::read_pending::{Pending, pending};
use crate::procedures::read_records::{EpisodeLine, inbox};
use actix_web::{HttpResponse, get, web};
use serde::Serialize;

/// What waits.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InboxDocument {
    /// Steps, signatures and answers that are waited for, the most urgent first: at most 100 that the caller may do, then at most 100
    /// that others may.
    pub pending: Vec<Pending>,
    /// How many there are that the caller may do.
    pub pending_mine: u64,
    /// How many there are that others may do.
    pub pending_others: u64,
    /// Open alerts whose next step the caller may take.
    pub alerts: Vec<EpisodeLine>,
}

/// What waits for the caller and for others: steps of versions, signatures, requests for roles, alerts.
#[utoipa::path(tag = "overview", responses((status = 200, body = InboxDocument)))]
#[get("/inbox")]
pub(super) async fn read_inbox(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || {
        let waiting = pending(&shared.store, &caller.0)?;
        Ok(InboxDocument {
            pending: waiting.lines,
            pending_mine: waiting.mine,
            pending_others: waiting.others,
            alerts: inbox(&shared.store, &caller.0)?.mine,
        })
    };
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Every monitored version: monitor state, whether its batches come, open alerts, alarms beside those the policy allows.
#[utoipa::path(tag = "overview", responses((status = 200, body = Fleet)))]
#[get("/fleet")]
pub(super) async fn read_fleet(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(blocking(move || fleet(&shared.store, &caller.0)).await?))
}
