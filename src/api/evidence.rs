//! `/api/v1/evidence`, `…/models/{model}/versions/{version}/evidence` and `…/exports/{kind}`: what an inspector, and another tool,
//! takes away.

use super::evidence_jobs::{EvidenceJob, reading};
use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::access::account::Acting;
use crate::error::{Error, Result};
use crate::evidence::manifest::Scope;
use crate::evidence::standards::StandardKind;
use crate::procedures::export_standard::export_standard;
use crate::procedures::take_evidence::{self, take_evidence};
use crate::store::exports::ExportRow;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{self, Bytes};
use actix_web::{HttpResponse, get, post};
use futures_util::stream;
use serde::Deserialize;
use std::fs::File;
use std::io::Read as _;

/// Bytes sent at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// Packs in the list, at most.
const LISTED_MAX: u64 = 1000;

/// What a pack is to be about: one of alert, batch (with or without a prediction) and period; without any, a version, a model, or
/// everything.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceQuery {
    /// Model name.
    pub model: Option<String>,
    /// Version of it.
    pub version: Option<String>,
    /// Id of an alert.
    pub alert: Option<String>,
    /// Id of a batch; its name, where model and version are given.
    pub batch: Option<String>,
    /// Row id of a prediction, or `#` and the number of its row in the batch, from 1.
    pub prediction: Option<String>,
    /// Begin of a period: a day or a time (RFC 3339, UTC).
    pub from: Option<String>,
    /// End of the period: a day, which is in it, or a time, which is not.
    pub to: Option<String>,
}

impl From<EvidenceQuery> for Scope {
    fn from(query: EvidenceQuery) -> Self {
        // A form sends what was left empty as an empty text.
        let given = |text: Option<String>| {
            text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        Self {
            model: given(query.model),
            version: given(query.version),
            alert: given(query.alert),
            batch: given(query.batch),
            prediction: given(query.prediction),
            from: given(query.from),
            to: given(query.to),
            until: None,
        }
    }
}

/// The packs that were taken away, newest first: what each was about, its digest, and how long it took.
#[utoipa::path(tag = "evidence", responses((status = 200, body = Vec<ExportRow>)))]
#[get("/evidence")]
pub(super) async fn list_evidence(
    shared: web::Data<Shared>,
    caller: Caller,
) -> std::result::Result<web::Json<Vec<ExportRow>>, Problem> {
    let rows = blocking(move || take_evidence::taken(&shared.store, &caller.0, LISTED_MAX)).await?;
    Ok(web::Json(rows))
}

/// Makes an evidence pack and sends it, as a zip file that `driftledger verify` checks offline.
#[utoipa::path(tag = "evidence", params(EvidenceQuery), responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 404, body = ProblemDocument)))]
#[get("/evidence/pack")]
pub(super) async fn read_pack(
    shared: web::Data<Shared>,
    caller: Caller,
    query: web::Query<EvidenceQuery>,
) -> std::result::Result<HttpResponse, Problem> {
    send_made(shared, caller.0, query.into_inner().into()).await
}

/// Begins to make an evidence pack; ask for its progress under the id that is returned.
#[utoipa::path(tag = "evidence", request_body = EvidenceQuery, responses((status = 202, body = EvidenceJob), (status = 404, body = ProblemDocument)))]
#[post("/evidence")]
pub(super) async fn make_evidence(
    shared: web::Data<Shared>,
    caller: Caller,
    query: web::Json<EvidenceQuery>,
) -> std::result::Result<HttpResponse, Problem> {
    let scope = query.into_inner().into();
    let job = shared.evidence.begin(shared.store.clone(), caller.0, scope).await?;
    Ok(HttpResponse::Accepted().json(job))
}

/// How far an evidence pack is.
#[utoipa::path(tag = "evidence", responses((status = 200, body = EvidenceJob), (status = 404, body = ProblemDocument)))]
#[get("/evidence/{id}")]
pub(super) async fn read_job(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> std::result::Result<web::Json<EvidenceJob>, Problem> {
    Ok(web::Json(shared.evidence.look(&id, &caller.0)?))
}

/// An evidence pack that is done. It waits for an hour.
#[utoipa::path(tag = "evidence", responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 404, body = ProblemDocument)))]
#[get("/evidence/{id}/pack")]
pub(super) async fn read_made(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> std::result::Result<HttpResponse, Problem> {
    let (job, file) = shared.evidence.pack(&id, &caller.0)?;
    Ok(send(&file_name(&job.scope), file))
}

/// The evidence pack of a version, as a zip file that `driftledger verify` checks offline.
#[utoipa::path(tag = "evidence", responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/evidence")]
pub(super) async fn read_evidence(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> std::result::Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    send_made(shared, caller.0, Scope::of(&model, Some(&version))).await
}

/// Makes a pack and sends it.
async fn send_made(
    shared: web::Data<Shared>,
    acting: Acting,
    scope: Scope,
) -> std::result::Result<HttpResponse, Problem> {
    let (taken, file) = blocking(move || {
        // The spool's name is gone by the end; the open file lives until it is sent.
        let mut file = shared.store.objects().spool_file()?;
        let taken =
            take_evidence(&shared.store, &acting, &scope, file.as_file_mut(), &mut |_, _| ())?;
        Ok((taken, file.reopen().map_err(reading)?))
    })
    .await?;
    Ok(send(&file_name(&taken.exported.scope), file))
}

/// What a pack is called when it is fetched: letters, digits, `.`, `_` and `-`.
pub fn file_name(scope: &Scope) -> String {
    let parts = [
        &scope.model,
        &scope.version,
        &scope.alert,
        &scope.batch,
        &scope.prediction,
        &scope.from,
        &scope.to,
    ];
    let mut name: Vec<String> = parts.into_iter().flatten().cloned().collect();
    name.push("evidence".to_owned());
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    format!("{}.zip", name.join("-").chars().map(plain).collect::<String>())
}

/// `file` as a download of that name.
pub fn send(name: &str, file: File) -> HttpResponse {
    let body = stream::try_unfold(file, |file| async move {
        let read = blocking(move || next_chunk(file)).await?;
        Ok::<_, Error>(read)
    });
    HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(body)
}

/// A version in the form of another tool: `cyclonedx` (CycloneDX 1.6), `in-toto` (signed DSSE envelope of a statement with SLSA
/// provenance), `prov` (PROV-JSON), `croissant` (Croissant 1.0 of its datasets), `model-signature` (OpenSSF Model Signing).
#[utoipa::path(tag = "evidence", responses((status = 200, body = Object), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/exports/{kind}")]
pub(super) async fn read_export(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String, String)>,
) -> std::result::Result<HttpResponse, Problem> {
    let (model, version, word) = path.into_inner();
    let missing = || Error::NotFound { what: "export", id: word.clone() };
    let kind = StandardKind::of_word(&word).ok_or_else(missing)?;
    let work = move || export_standard(&shared.store, &caller.0, (&model, &version), kind);
    let document = blocking(work).await?;
    Ok(HttpResponse::Ok().content_type(kind.media_type()).body(document))
}

fn next_chunk(mut file: File) -> Result<Option<(Bytes, File)>> {
    let mut buffer = vec![0u8; CHUNK_BYTES];
    let read = file.read(&mut buffer).map_err(reading)?;
    buffer.truncate(read);
    Ok((read > 0).then(|| (Bytes::from(buffer), file)))
}
