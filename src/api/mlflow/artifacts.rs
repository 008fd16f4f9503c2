//! `mlflow-artifacts/artifacts/…`: files in, files out, lists. Contents are streamed both ways and never opened.

use super::Answer;
use super::fields::Fields;
use super::runs::{artifact_uri, run_id};
use crate::api::extract::{Body, Caller, Shared, blocking, spool};
use crate::error::{Error, Result};
use crate::procedures::keep_artifact::{self, Listed};
use crate::procedures::log_run::read_run;
use crate::provenance::artifact::{ArtifactOwner, ArtifactPlace, check_path};
use actix_web::body::SizedStream;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ContentEncoding};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream::try_unfold;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read as _;

/// Bytes of a file that are sent at once.
const CHUNK: usize = 256 * 1024;

/// One line of a folder's list, below `folder`.
pub(super) fn shown(listed: &Listed, folder: &str) -> Value {
    let name = &listed.name;
    let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
    match listed.bytes {
        Some(bytes) => json!({"path": path, "is_dir": false, "file_size": bytes}),
        None => json!({"path": path, "is_dir": true}),
    }
}

/// The place that a request's path names: what stands after `/artifacts/`, decoded once.
fn place(request: &HttpRequest) -> Result<ArtifactPlace> {
    let path = request.uri().path();
    let encoded = path.split_once("/mlflow-artifacts/artifacts/").map_or("", |(_, rest)| rest);
    Ok(ArtifactPlace::parse(&decoded(encoded)?)?)
}

/// Percent-decodes once.
fn decoded(text: &str) -> Result<String> {
    let refused =
        || Error::BadRequest { detail: format!("`{text:.200}` is not percent-encoded UTF-8") };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let digits = after.get(..2).ok_or_else(refused)?;
            let mut byte = [0];
            hex::decode_to_slice(digits, &mut byte).map_err(|_no_hex| refused())?;
            bytes.push(byte[0]);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).map_err(|_no_text| refused())
}

/// Keeps a file.
pub(super) async fn put(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
    body: Body,
) -> Answer {
    let place = place(&request)?;
    caller.0.permit(crate::access::role::Action::Register)?;
    let delivery = spool(&shared, body, None).await?;
    let work = move || {
        let kept = (delivery.file, &delivery.content);
        keep_artifact::keep_artifact(&shared.store, &caller.0, &place, kept)
    };
    blocking(work).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// A file; all its bytes were hashed again before the first one is sent.
pub(super) async fn get(shared: web::Data<Shared>, caller: Caller, request: HttpRequest) -> Answer {
    let place = place(&request)?;
    let work = move || keep_artifact::open_artifact(&shared.store, &caller.0, &place);
    let (row, file) = blocking(work).await?;
    let chunks = try_unfold(file, |file| async {
        let (chunk, file) =
            blocking(move || chunk(file)).await.map_err(super::refused::Refused::from)?;
        Ok::<_, actix_web::Error>((!chunk.is_empty()).then(|| (web::Bytes::from(chunk), file)))
    });
    // Identity: what was kept is sent as it is.
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/octet-stream"))
        .insert_header((CONTENT_DISPOSITION, "attachment"))
        .insert_header(ContentEncoding::Identity)
        .body(SizedStream::new(row.content.bytes, Box::pin(chunks))))
}

fn chunk(mut file: File) -> Result<(Vec<u8>, File)> {
    let mut bytes = vec![0; CHUNK];
    let length = file.read(&mut bytes).map_err(|source| Error::File {
        doing: "reading",
        path: "a kept file".to_owned(),
        source,
    })?;
    bytes.truncate(length);
    Ok((bytes, file))
}

/// Removes a file, or every file below a folder; refused for what a draft version froze.
pub(super) async fn delete(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    let place = place(&request)?;
    let work = move || keep_artifact::remove_artifacts(&shared.store, &caller.0, &place);
    blocking(work).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// What lies directly in a folder; nothing where there is none.
pub(super) async fn list(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    let path = Fields::query(&request, &["path"])?.text_or("path").unwrap_or_default();
    if path.trim_matches('/').is_empty() {
        return Ok(HttpResponse::Ok().json(json!({"files": []})));
    }
    let place = ArtifactPlace::parse(&path)?;
    let work = move || keep_artifact::list_artifacts(&shared.store, &caller.0, &place);
    let files: Vec<Value> = blocking(work).await?.iter().map(|listed| shown(listed, "")).collect();
    Ok(HttpResponse::Ok().json(json!({"files": files})))
}

/// What lies directly in a folder of a run.
pub(super) async fn list_of_run(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
) -> Answer {
    let fields = Fields::query(&request, &["run_id", "run_uuid", "path", "page_token"])?;
    let (id, path) = (run_id(&fields)?, fields.text_or("path").unwrap_or_default());
    check_path(&path)?;
    let below = path.clone();
    let work = move || {
        let run = read_run(&shared.store, &caller.0, &id)?;
        let (experiment_id, owner) = (run.run.experiment_id.clone(), ArtifactOwner::Run(id));
        let place = ArtifactPlace { experiment_id, owner, path: below };
        Ok((artifact_uri(&run), keep_artifact::list_artifacts(&shared.store, &caller.0, &place)?))
    };
    let (root, listed) = blocking(work).await?;
    let files: Vec<Value> = listed.iter().map(|one| shown(one, &path)).collect();
    Ok(HttpResponse::Ok().json(json!({"root_uri": root, "files": files})))
}

/// Refuses uploads in parts; clients then send the file whole.
pub(super) async fn no_parts() -> Answer {
    let what = "uploading a file in parts".to_owned();
    Err(Error::NotSupported { what, instead: "; send it whole" }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_once() {
        assert_eq!(decoded("a%20b/%C3%BC.txt").unwrap(), "a b/ü.txt");
        assert_eq!(decoded("100%2525").unwrap(), "100%25");
        for broken in ["%", "%4", "%zz", "%ff"] {
            assert!(decoded(broken).is_err(), "{broken}");
        }
    }
}
