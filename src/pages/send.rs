//! `/models/{model}/versions/{version}/send`: a batch, or labels, sent in the browser. The same procedures as the API's.

use super::destination::version_path;
use super::frame::{Frame, Notice, Place};
use super::page_error::{Answer, see_other};
use super::upload::{Typed, Upload, read};
use super::visitor::Visitor;
use crate::access::role::Action;
use crate::api::extract::Shared;
use crate::error::{Error, Result};
use crate::procedures::ingest_batch::{Correction, IngestBatch, ingest_batch};
use crate::procedures::ingest_labels::ingest_labels;
use crate::procedures::read_records::configuration;
use crate::procedures::test_version::test_version;
use actix_multipart::Multipart;
use actix_web::{get, post, web};
use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

#[derive(Template)]
#[template(path = "send.html")]
struct SendPage {
    frame: Frame,
    model: String,
    version: String,
    path: String,
    fingerprint: String,
    may_send: bool,
    typed: Typed,
}

impl SendPage {
    fn read(
        visitor: &Visitor,
        of: (&str, &str),
        (typed, notice): (Typed, Option<Notice>),
    ) -> Result<Self> {
        let (model, version) = of;
        let known = configuration(&visitor.store, &visitor.acting(), of)?;
        let title = format!("Send rows to {model} {version}");
        let frame = visitor.frame(&title, Place::Models).with_notice(notice);
        Ok(Self {
            may_send: frame.may(Action::Ingest),
            frame,
            path: format!("/models/{model}/versions/{version}"),
            model: model.to_owned(),
            version: version.to_owned(),
            fingerprint: known.fingerprint,
            typed,
        })
    }

    /// What stands in a field.
    fn value(&self, field: &str) -> &str {
        self.typed.get(field).map_or("", String::as_str)
    }
}

/// The event period as typed: both ends, or none.
fn period(upload: &Upload) -> Result<Option<(Timestamp, Timestamp)>> {
    let at = |field: &str| -> Result<Option<Timestamp>> {
        let Some(text) = upload.text(field) else { return Ok(None) };
        let local: std::result::Result<jiff::civil::DateTime, _> = text.parse();
        let at = local.and_then(|local| TimeZone::UTC.to_timestamp(local));
        at.map(Some).map_err(|e| Error::BadRequest {
            detail: format!("`{text:.40}` is not a time like 2026-06-01T00:00 ({e})"),
        })
    };
    match (at("period_start")?, at("period_end")?) {
        (None, None) => Ok(None),
        (Some(start), Some(end)) if start < end => Ok(Some((start, end))),
        (Some(start), Some(end)) => Err(Error::BadRequest {
            detail: format!(
                "the period starts at {start} and ends at {end}; the end must be later"
            ),
        }),
        _ => Err(Error::BadRequest { detail: "a period needs both start and end".to_owned() }),
    }
}

async fn again(visitor: Visitor, of: (String, String), typed: Typed, error: Error) -> Answer {
    visitor
        .with_files()
        .page_again(error, move |visitor, notice| {
            SendPage::read(visitor, (&of.0, &of.1), (typed, Some(notice)))
        })
        .await
}

/// The forms.
#[get("/models/{model}/versions/{version}/send")]
pub(super) async fn show(visitor: Visitor, path: web::Path<(String, String)>) -> Answer {
    visitor
        .with_files()
        .page(move |visitor| SendPage::read(visitor, (&path.0, &path.1), (Typed::new(), None)))
        .await
}

/// Takes a batch and leads to its report.
#[post("/models/{model}/versions/{version}/batches")]
pub(super) async fn batch(
    visitor: Visitor,
    shared: web::Data<Shared>,
    path: web::Path<(String, String)>,
    parts: Multipart,
) -> Answer {
    let of = path.into_inner();
    let mut upload = read((&visitor, &shared), Action::Ingest, parts).await?;
    let (asked, typed) = (of.clone(), upload.typed.clone());
    let taken = visitor
        .act(move |store, acting| {
            let (period, configuration) = (period(&upload)?, upload.text("configuration"));
            let named = upload.text("name");
            let sent = upload.file("file")?;
            let stem = std::path::Path::new(&sent.name).file_stem();
            let stem = stem.map(|stem| stem.to_string_lossy().into_owned());
            let (model, version) = asked;
            let name = named.or(stem).unwrap_or_default();
            let delivery = sent.delivery;
            let corrects = upload.text("corrects_batch").map(|batch| Correction {
                batch,
                reason: upload.text("correction_reason").unwrap_or_default(),
            });
            let batch =
                IngestBatch { model, version, name, period, configuration, corrects, delivery };
            Ok(ingest_batch(store, acting, batch)?.report.value.id)
        })
        .await;
    match taken {
        Ok(report) => Ok(see_other(&format!("/reports/{report}"))),
        Err(error) => again(visitor, of, typed, error).await,
    }
}

/// Takes labels and leads to what they say.
#[post("/models/{model}/versions/{version}/labels")]
pub(super) async fn labels(
    visitor: Visitor,
    shared: web::Data<Shared>,
    path: web::Path<(String, String)>,
    parts: Multipart,
) -> Answer {
    let of = path.into_inner();
    let mut upload = read((&visitor, &shared), Action::Ingest, parts).await?;
    let (asked, typed) = (of.clone(), upload.typed.clone());
    let taken = visitor
        .act(move |store, acting| {
            let corrects = upload.text("corrects");
            let delivery = upload.file("labels")?.delivery;
            let of = (asked.0.as_str(), asked.1.as_str());
            ingest_labels(store, acting, of, corrects.as_deref(), delivery)
        })
        .await;
    match taken {
        Ok(_) => Ok(see_other(&format!("{}#labels", version_path(&of.0, &of.1)))),
        Err(error) => again(visitor, of, typed, error).await,
    }
}

/// Tests the version on predictions with labels, and leads to what came of it.
#[post("/models/{model}/versions/{version}/test-runs")]
pub(super) async fn test_run(
    visitor: Visitor,
    shared: web::Data<Shared>,
    path: web::Path<(String, String)>,
    parts: Multipart,
) -> Answer {
    let of = path.into_inner();
    let mut upload = read((&visitor, &shared), Action::TestVersion, parts).await?;
    let asked = of.clone();
    let tested = visitor
        .act(move |store, acting| {
            let delivery = upload.file("predictions")?.delivery;
            let run = test_version(store, acting, (&asked.0, &asked.1), delivery)?.run;
            Ok(run.value.id)
        })
        .await;
    match tested {
        Ok(id) => Ok(see_other(&format!("{}/test-runs/{id}", version_path(&of.0, &of.1)))),
        Err(error) => super::acceptance::again(visitor, of, error).await,
    }
}
