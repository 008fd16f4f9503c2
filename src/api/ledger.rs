//! `/api/v1/ledger`: the audit trail with its proofs; `/log/checkpoint`.

use super::batches::{Page, PageQuery};
use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::procedures::read_ledger::{self, TrailQuestion};
use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};

/// One ledger entry with its body.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EntryView {
    /// The leaf: who did what, when, to what.
    #[schema(value_type = Object)]
    pub entry: crate::ledger::entry::Entry,
    /// The body: every row the act wrote, by digest.
    #[schema(value_type = Object)]
    pub body: serde_json::Value,
}

/// One ledger entry with its proof.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProvedEntry {
    /// The entry.
    #[serde(flatten)]
    pub entry: EntryView,
    /// Its inclusion proof under the newest checkpoint (`c2sp.org/tlog-proof@v1`).
    pub proof: String,
}

/// Which entries of the audit trail.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct TrailQuery {
    /// The `next` of the page before; without it, the newest.
    pub before: Option<u64>,
    /// Rows of the page.
    pub limit: Option<u64>,
    /// Who: the id of an account or of a part of the program.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub actor: String,
    /// What: the type of an entry, for example `batch.ingest`.
    #[serde(default, rename = "type")]
    #[param(value_type = Option<String>)]
    pub kind: String,
    /// The id of a record that the entry is about.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub record: String,
    /// Not before this time (RFC 3339) or day (UTC).
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub from: String,
    /// Before this time (RFC 3339), or up to the end of this day (UTC).
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub until: String,
}

/// The audit trail by who, what, when and record, newest first.
#[utoipa::path(tag = "ledger", params(TrailQuery), responses((status = 200, body = Page<EntryView>)))]
#[get("/ledger/entries")]
pub(super) async fn list_entries(
    shared: web::Data<Shared>,
    caller: Caller,
    query: web::Query<TrailQuery>,
) -> Result<HttpResponse, Problem> {
    let TrailQuery { before, limit, actor, kind, record, from, until } = query.into_inner();
    let rows = PageQuery { before, limit }.rows();
    let question = TrailQuestion { before, actor, kind, record, from, until };
    let filter = question.filter()?;
    let work = move || read_ledger::audit_trail(&shared.store, &caller.0, &filter, rows);
    let (entries, _) = blocking(work).await?;
    let full = entries.len() as u64 == rows;
    let next = entries.last().filter(|(e, _)| full && e.idx > 0).map(|(e, _)| e.idx);
    let items: Vec<EntryView> =
        entries.into_iter().map(|(entry, body)| EntryView { entry, body }).collect();
    Ok(HttpResponse::Ok().json(Page { items, next }))
}

/// One ledger entry with its body and its inclusion proof.
#[utoipa::path(tag = "ledger", responses((status = 200, body = ProvedEntry), (status = 404, body = ProblemDocument)))]
#[get("/ledger/entries/{index}")]
pub(super) async fn read_entry(
    shared: web::Data<Shared>,
    caller: Caller,
    index: web::Path<u64>,
) -> Result<HttpResponse, Problem> {
    let work = move || read_ledger::ledger_entry(&shared.store, &caller.0, *index);
    let (entry, body, proof) = blocking(work).await?;
    Ok(HttpResponse::Ok().json(ProvedEntry { entry: EntryView { entry, body }, proof }))
}

/// The newest signed head of the ledger, as a C2SP checkpoint.
#[utoipa::path(tag = "ledger", responses((status = 200, body = String, content_type = "text/plain")))]
#[get("/ledger/checkpoint")]
pub(super) async fn read_checkpoint(
    shared: web::Data<Shared>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let note = blocking(move || read_ledger::checkpoint(&shared.store, &caller.0)).await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(note))
}
