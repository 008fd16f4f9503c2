//! `/api/v1/models/{model}/versions/{version}/batches`, labels, quarantine; `/api/v1/reports`.

use super::extract::{Body, Caller, Shared, blocking, format_of, spool};
use super::problem::{Problem, ProblemDocument};
use crate::drift::batch_pair::BatchPair;
use crate::drift::report::DriftReport;
use crate::error::{Error, Result};
use crate::procedures::Recorded;
use crate::procedures::compare_batches::compare_batches;
use crate::procedures::ingest_batch::{Correction, IngestBatch, ingest_batch};
use crate::procedures::ingest_labels::ingest_labels;
use crate::procedures::invalidate_batch::{
    BatchInvalidated, BatchOf, InvalidationSheet, invalidate_batch, prepare_invalidation,
};
use crate::procedures::read_records::{self, PAGE_ROWS_MAX};
use crate::store::batches::{BatchRow, LabelsRow, QuarantineRow};
use crate::store::reports::ReportRow;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};

/// Name and event period of a batch.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct BatchQuery {
    /// Name of the batch, unique within the version.
    pub name: String,
    /// Start of the event period, RFC 3339, included.
    pub period_start: Option<String>,
    /// End of the event period, RFC 3339, not included.
    pub period_end: Option<String>,
    /// Fingerprint of the configuration that produced it (`driftledger configuration`). Another one than the registered one raises
    /// a critical alert; left out, the report says that it was not stated.
    pub configuration: Option<String>,
    /// Name or id of the batch that it corrects, which QA marked as invalid; only with `reason`.
    pub corrects: Option<String>,
    /// What was wrong with the batch that it corrects, and what is right now; 20 characters at least.
    pub reason: Option<String>,
}

impl BatchQuery {
    fn correction(&self) -> Result<Option<Correction>> {
        match (&self.corrects, &self.reason) {
            (Some(batch), reason) => {
                let reason = reason.clone().unwrap_or_default();
                Ok(Some(Correction { batch: batch.clone(), reason }))
            }
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Error::BadRequest {
                detail: "`reason` says why a batch is corrected; name the batch with `corrects`"
                    .to_owned(),
            }),
        }
    }
}

/// What a delivery of labels says about itself.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LabelsQuery {
    /// Why these labels correct earlier ones; without it, the first label of a row stands.
    pub corrects: Option<String>,
}

/// Where a page of a list begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// The `next` of the page before; without it, the newest.
    pub before: Option<u64>,
    /// Rows of the page.
    pub limit: Option<u64>,
}

impl PageQuery {
    /// Rows of the page, 1 to [`PAGE_ROWS_MAX`].
    pub fn rows(&self) -> u64 {
        self.limit.unwrap_or(100).clamp(1, PAGE_ROWS_MAX)
    }
}

/// A page of a list, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// What to send as `before` for the next page; absent on the last one.
    pub next: Option<u64>,
}

fn period(query: &BatchQuery) -> Result<Option<(jiff::Timestamp, jiff::Timestamp)>> {
    let parse = |text: &str| {
        // A day stands for its beginning.
        let day = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == 10);
        let day = day.and_then(|day| jiff::tz::TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok());
        day.or_else(|| text.parse().ok()).ok_or_else(|| Error::BadRequest {
            detail: format!(
                "`{text}` is neither a time like 2026-06-01T00:00:00Z nor a day like 2026-06-01 (its beginning, UTC)"
            ),
        })
    };
    match (&query.period_start, &query.period_end) {
        (None, None) => Ok(None),
        (Some(start), Some(end)) => {
            let (start, end) = (parse(start)?, parse(end)?);
            if start >= end {
                let detail = format!(
                    "the period starts at {start} and ends at {end}; the end must be later"
                );
                return Err(Error::BadRequest { detail });
            }
            Ok(Some((start, end)))
        }
        _ => Err(Error::BadRequest {
            detail: "a period needs both period_start and period_end".to_owned(),
        }),
    }
}

/// Sends a batch to be judged. The body is a table: Parquet, Arrow, CSV, NDJSON or JSON rows, gzip or zstd if so declared.
#[utoipa::path(tag = "batches", params(BatchQuery), request_body(content = Vec<u8>, content_type = "text/csv"), responses(
    (status = 201, body = Recorded<ReportRow>), (status = 200, body = Recorded<ReportRow>),
    (status = 409, body = ProblemDocument), (status = 413, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/batches")]
pub(super) async fn create_batch(
    request: HttpRequest,
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    query: web::Query<BatchQuery>,
    body: Body,
) -> std::result::Result<HttpResponse, Problem> {
    let delivery = spool(&shared, body, Some(format_of(&request)?)).await?;
    let (model, version) = path.into_inner();
    let (name, period) = (query.name.clone(), period(&query)?);
    let corrects = query.correction()?;
    let configuration = query.into_inner().configuration;
    let batch = IngestBatch { model, version, name, period, configuration, corrects, delivery };
    let work = move || ingest_batch(&shared.store, &caller.0, batch);
    let ingested = blocking(work).await?;
    let mut response = if ingested.is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(ingested.report))
}

/// The batches of a version, newest first.
#[utoipa::path(tag = "batches", params(PageQuery), responses((status = 200, body = Page<BatchRow>)))]
#[get("/models/{model}/versions/{version}/batches")]
pub(super) async fn list_batches(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    query: web::Query<PageQuery>,
) -> std::result::Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let (before, rows) = (query.before, query.rows());
    let work =
        move || read_records::batches(&shared.store, &caller.0, (&model, &version), (before, rows));
    let items = blocking(work).await?;
    let next = items.last().filter(|_| items.len() as u64 == rows).map(|row| row.entry);
    Ok(HttpResponse::Ok().json(Page { items, next }))
}

/// Why a batch or a test run is invalid.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvalidationReason {
    /// What is wrong, and how it was found.
    pub reason: String,
}

/// The decision that a batch or a test run is invalid: the reason, the digest of the sheet as it was shown, and the password again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInvalidation {
    /// The reason as it stands in the sheet.
    pub reason: String,
    /// SHA-256 of the sheet that was shown.
    pub sheet_sha256: String,
    /// Password of the signer.
    pub password: String,
}

/// The sheet that the caller would sign to mark a batch, given by id or name, as invalid. Writes nothing.
#[utoipa::path(tag = "batches", request_body = InvalidationReason, responses(
    (status = 200, body = InvalidationSheet), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/batches/{batch}/invalidation/sheet")]
pub(super) async fn prepare_invalid(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String, String)>,
    body: web::Json<InvalidationReason>,
) -> std::result::Result<HttpResponse, Problem> {
    let (model, version, batch) = path.into_inner();
    let work = move || {
        let of = BatchOf { model: &model, version: &version, batch: &batch };
        prepare_invalidation(&shared.store, &caller.0, of, &body.reason)
    };
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Marks a batch as invalid, signed by QA, by somebody else than who sent it: later batches are judged again without it, as new reports
/// beside the old. Needs a session: no token signs.
#[utoipa::path(tag = "batches", request_body = SignInvalidation, responses(
    (status = 201, body = Recorded<BatchInvalidated>), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/batches/{batch}/invalidation")]
pub(super) async fn sign_invalid(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String, String)>,
    body: web::Json<SignInvalidation>,
) -> std::result::Result<HttpResponse, Problem> {
    let (model, version, batch) = path.into_inner();
    let SignInvalidation { reason, sheet_sha256, password } = body.into_inner();
    let work = move || {
        let of = BatchOf { model: &model, version: &version, batch: &batch };
        invalidate_batch(&shared.store, &caller.0, of, (&reason, &sheet_sha256, &password))
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// Which batches to hold beside each other.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PairQuery {
    /// Name of the one; without it, the batch before the last.
    pub before: Option<String>,
    /// Name of the other; without it, the last batch.
    pub after: Option<String>,
}

/// Two judged batches beside each other, from the counts that their reports hold. It informs and decides nothing.
#[utoipa::path(tag = "batches", params(PairQuery), responses((status = 200, body = BatchPair), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/batch-comparison")]
pub(super) async fn compare(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    query: web::Query<PairQuery>,
) -> std::result::Result<HttpResponse, Problem> {
    let work = move || {
        let of = (path.0.as_str(), path.1.as_str());
        let which = (query.before.as_deref(), query.after.as_deref());
        compare_batches(&shared.store, &caller.0, of, which)
    };
    Ok(HttpResponse::Ok().json(blocking(work).await?.pair))
}

/// Files that were not taken, with their reasons.
#[utoipa::path(tag = "batches", responses((status = 200, body = Vec<QuarantineRow>)))]
#[get("/models/{model}/versions/{version}/quarantine")]
pub(super) async fn list_quarantine(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> std::result::Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let work = move || read_records::quarantined(&shared.store, &caller.0, &model, &version);
    Ok(HttpResponse::Ok().json(blocking(work).await?))
}

/// Sends labels that arrived after their rows: a table with the id column and the label.
#[utoipa::path(tag = "batches", params(LabelsQuery), request_body(content = Vec<u8>, content_type = "text/csv"), responses(
    (status = 201, body = Recorded<LabelsRow>), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
#[post("/models/{model}/versions/{version}/labels")]
pub(super) async fn create_labels(
    request: HttpRequest,
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    query: web::Query<LabelsQuery>,
    body: Body,
) -> std::result::Result<HttpResponse, Problem> {
    let delivery = spool(&shared, body, Some(format_of(&request)?)).await?;
    let (model, version) = path.into_inner();
    let corrects = query.into_inner().corrects;
    let work = move || {
        let version = (model.as_str(), version.as_str());
        ingest_labels(&shared.store, &caller.0, version, corrects.as_deref(), delivery)
    };
    Ok(HttpResponse::Created().json(blocking(work).await?))
}

/// One report: the canonical bytes that its digest is of.
#[utoipa::path(tag = "batches", responses((status = 200, body = DriftReport), (status = 404, body = ProblemDocument)))]
#[get("/reports/{id}")]
pub(super) async fn read_report(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> std::result::Result<HttpResponse, Problem> {
    let work = move || read_records::report_document(&shared.store, &caller.0, &id);
    let document = blocking(work).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(document))
}
