//! `/models/{model}/drafts/{number}`: a draft version: its frozen files, the run it came out of, what it lacks for use.

use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::version::{FileLine, file_line};
use super::visitor::Visitor;
use super::wording::{counted, whole};
use crate::procedures::log_run::RunView;
use crate::procedures::name_draft::PROTECTED;
use crate::procedures::read_origin::{self, OriginView};
use crate::procedures::register_draft::DraftView;
use actix_web::{get, web};
use askama::Template;

/// A run in words.
pub(super) struct RunBox {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) user_name: String,
    pub(super) content_sha256: String,
    pub(super) entry: u64,
    /// Name and value of each parameter.
    pub(super) params: Vec<(String, String)>,
    /// Name and newest value of each metric.
    pub(super) metrics: Vec<(String, String)>,
    /// Name, digest, and whether the digest is weak, of each dataset.
    pub(super) datasets: Vec<(String, String, bool)>,
}

impl RunBox {
    pub(super) fn of(view: &RunView) -> Self {
        let run = &view.run;
        let params = view.params.iter().map(|param| (param.key.clone(), param.value.clone()));
        let metrics = view.metrics.iter().map(|metric| (metric.key.clone(), metric.value.clone()));
        let datasets = view.datasets.iter();
        Self {
            id: run.id.clone(),
            name: run.name.clone(),
            status: run.status.to_lowercase(),
            user_name: run.user_name.clone(),
            content_sha256: run.content_sha256.clone().unwrap_or_default(),
            entry: run.entry,
            params: params.collect(),
            metrics: metrics.collect(),
            datasets: datasets
                .map(|d| (d.name.clone(), d.digest.clone(), d.strong_digest().is_none()))
                .collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "draft.html")]
struct DraftPage {
    frame: Frame,
    model: String,
    number: u64,
    description: String,
    registered_by: String,
    registered_at: Markup,
    source: String,
    stage: String,
    aliases: String,
    manifest_sha256: String,
    entry: u64,
    version: Option<String>,
    protected: String,
    size: String,
    files: Vec<FileLine>,
    run: Option<RunBox>,
    run_sha256: String,
}

impl DraftPage {
    fn of(frame: Frame, view: &DraftView, origin: &OriginView) -> Self {
        let row = &view.row;
        let bytes = view.files.iter().map(|file| file.content.bytes).sum();
        let files = counted(view.files.len() as u64, "file", "files");
        Self {
            frame,
            model: row.model.clone(),
            number: row.number,
            description: view.description.clone(),
            registered_by: row.registered_by.clone(),
            registered_at: Markup::time(&row.registered_at),
            source: row.source.clone(),
            stage: row.stage.clone(),
            aliases: view.aliases.join(", "),
            manifest_sha256: row.manifest_sha256.clone(),
            entry: row.entry,
            version: row.version.clone(),
            protected: PROTECTED.join(", "),
            size: format!("{files}, {} bytes", whole(bytes)),
            files: view.files.iter().map(|file| file_line("frozen", file)).collect(),
            run: origin.run.as_ref().map(RunBox::of),
            run_sha256: row.run_sha256.clone().unwrap_or_default(),
        }
    }
}

/// The draft.
#[get("/models/{model}/drafts/{number}")]
pub(super) async fn show(visitor: Visitor, path: web::Path<(String, u64)>) -> Answer {
    visitor
        .page(move |visitor| {
            let (model, number) = path.into_inner();
            let (view, origin) =
                read_origin::draft_page(&visitor.store, &visitor.acting(), (&model, number))?;
            let frame = visitor.frame(&format!("{model}, draft {number}"), Place::Models);
            Ok(DraftPage::of(frame, &view, &origin))
        })
        .await
}
