//! `/api/v1/models/{model}/versions/{version}/evidence` and `…/exports/{kind}`: what an inspector, and another tool, takes away.

use super::extract::{Caller, Shared, blocking};
use super::problem::{Problem, ProblemDocument};
use crate::error::{Error, Result};
use crate::evidence::manifest::Scope;
use crate::evidence::standards::StandardKind;
use crate::procedures::export_evidence::export_evidence;
use crate::procedures::export_standard::export_standard;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{self, Bytes};
use actix_web::{HttpResponse, get};
use futures_util::stream;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Bytes sent at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// The evidence pack of a version, as a zip file that `driftledger verify` checks offline.
#[utoipa::path(tag = "evidence", responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 404, body = ProblemDocument)))]
#[get("/models/{model}/versions/{version}/evidence")]
pub(super) async fn read_evidence(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> std::result::Result<HttpResponse, Problem> {
    let (model, version) = path.into_inner();
    let name = format!("attachment; filename=\"{model}-{version}-evidence.zip\"");
    let file = blocking(move || {
        let mut spool = shared.store.objects().spool_file()?;
        let scope = Scope { model: Some(model), version: Some(version) };
        export_evidence(&shared.store, &caller.0, &scope, spool.as_file_mut(), &mut |_, _| ())?;
        let mut file = spool.reopen().map_err(reading)?;
        file.seek(SeekFrom::Start(0)).map_err(reading)?;
        Ok(file)
    })
    .await?;
    // The spool's name is gone by now; the open file lives until it is sent.
    let body = stream::try_unfold(file, |file| async move {
        let read = blocking(move || next_chunk(file)).await?;
        Ok::<_, Error>(read)
    });
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((CONTENT_DISPOSITION, name))
        .streaming(body))
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

fn reading(source: std::io::Error) -> Error {
    Error::File { doing: "reading", path: "the spooled pack".to_owned(), source }
}
