//! `/api/v1/access-log`: who came in, and who was refused what.

use super::extract::{Caller, Shared, blocking};
use super::problem::Problem;
use crate::access::event::{AccessEvent, AccessKind};
use crate::procedures::watch_access::{EVENTS_MAX, access_events};
use crate::store::access_log::AccessFilter;
use actix_web::{HttpResponse, get, web};
use serde::Deserialize;

/// Which events.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AccessQuery {
    /// Only before this one.
    pub before: Option<i64>,
    /// Only of this account.
    pub user_name: Option<String>,
    /// Only of this kind.
    pub kind: Option<AccessKind>,
    /// At most so many; without it, 100.
    pub limit: Option<u32>,
}

/// The access log, newest first.
#[utoipa::path(tag = "accounts", params(AccessQuery), responses((status = 200, body = Vec<AccessEvent>)))]
#[get("/access-log")]
pub(super) async fn list_events(
    shared: web::Data<Shared>,
    caller: Caller,
    query: web::Query<AccessQuery>,
) -> Result<HttpResponse, Problem> {
    let AccessQuery { before, user_name, kind, limit } = query.into_inner();
    let limit = limit.unwrap_or(100).min(EVENTS_MAX);
    let filter = AccessFilter { before, user_name, kind };
    let work = move || access_events(&shared.store, &caller.0, &filter, limit);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}
