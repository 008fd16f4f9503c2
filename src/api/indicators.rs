//! `/api/v1/indicators…`: how ready the installation is for an inspection, computed for a period, and as it was recorded.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::Recorded;
use crate::procedures::read_indicators::indicators;
use crate::procedures::record_indicators::{
    IndicatorSheetView, RecordIndicators, indicator_sheet, indicator_sheets, record_indicators,
};
use crate::review::indicators::IndicatorSheet;
use crate::store::indicators::IndicatorSheetRow;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

/// Which period.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PeriodQuery {
    /// Its first day (UTC, `2026-01-01`), or time (RFC 3339).
    pub from: String,
    /// The day after its last, or the time after it: it is not in the period. At most 1096 days later; now where it is not over.
    pub to: String,
}

/// Every indicator of a period, computed now, with the rows behind it; one that cannot be computed is `not_evaluated` and says why.
#[utoipa::path(tag = "indicators", params(PeriodQuery), responses(
    (status = 200, body = IndicatorSheet), (status = 422, body = ProblemDocument)))]
#[get("/indicators")]
pub(super) async fn read_indicators(
    shared: web::Data<Shared>,
    caller: Caller,
    query: web::Query<PeriodQuery>,
) -> Result<HttpResponse, Problem> {
    let work = move || indicators(&shared.store, &caller.0, &query.from, &query.to);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Recorded indicators of closed periods, the ones recorded last first.
#[utoipa::path(tag = "indicators", responses((status = 200, body = Vec<IndicatorSheetRow>)))]
#[get("/indicators/recorded")]
pub(super) async fn list_recorded(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let work = move || indicator_sheets(&shared.store, &caller.0);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Recorded indicators, as they were computed then.
#[utoipa::path(tag = "indicators", responses(
    (status = 200, body = IndicatorSheetView), (status = 404, body = ProblemDocument)))]
#[get("/indicators/recorded/{id}")]
pub(super) async fn read_recorded(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let work = move || indicator_sheet(&shared.store, &caller.0, &id);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Records the indicators of a period that is over. Needs a session.
#[utoipa::path(tag = "indicators", request_body = RecordIndicators, responses(
    (status = 201, body = Recorded<IndicatorSheetRow>), (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/indicators/recorded")]
pub(super) async fn record(
    shared: web::Data<Shared>,
    caller: Caller,
    body: web::Json<RecordIndicators>,
) -> Result<HttpResponse, Problem> {
    let work = move || record_indicators(&shared.store, &caller.0, &body);
    Ok(HttpResponse::Created().json(blocking(work).await?))
}
