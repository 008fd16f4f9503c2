//! `/models/{model}/versions/{version}/difference`: what a version has otherwise than an earlier one.

use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use super::wording::words;
use crate::procedures::compare_versions::{ComparedVersions, compare_versions};
use crate::provenance::version_difference::{Change, DatasetChange, VersionDifference};
use actix_web::{get, web};
use askama::Template;
use serde::Deserialize;

/// Which version to compare with.
#[derive(Clone, Debug, Deserialize)]
pub struct DifferenceQuery {
    /// The earlier version.
    from: Option<String>,
}

/// Changes of one kind.
pub(super) struct Part {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) changes: Vec<Change>,
}

/// A dataset that changed, in sentences.
pub(super) struct DatasetLine {
    pub(super) role: String,
    pub(super) name: String,
    pub(super) sentences: Vec<Markup>,
}

impl DatasetLine {
    pub(super) fn of(change: &DatasetChange) -> Self {
        let role = words(change.role.word());
        let name = match (&change.before, &change.after) {
            (Some(before), Some(after)) if before != after => format!("{before} → {after}"),
            (_, Some(name)) | (Some(name), None) => name.clone(),
            (None, None) => String::new(),
        };
        let sentences = match (&change.difference, &change.after) {
            (Some(difference), _) => {
                difference.sentences().iter().map(|s| Markup::sentence(s)).collect()
            }
            (None, Some(_)) => vec![Markup::sentence("only the later version has it")],
            (None, None) => vec![Markup::sentence("only the earlier version has it")],
        };
        Self { role, name, sentences }
    }
}

#[derive(Template)]
#[template(path = "difference.html")]
struct DifferencePage {
    frame: Frame,
    compared: ComparedVersions,
    parts: Vec<Part>,
    datasets: Vec<DatasetLine>,
}

impl DifferencePage {
    fn of(frame: Frame, compared: ComparedVersions) -> Self {
        let found = &compared.difference;
        let parts = parts(found);
        let datasets = found.datasets.iter().map(DatasetLine::of).collect();
        Self { frame, compared, parts, datasets }
    }
}

/// The kinds of changes in the order of pages.
pub(super) fn parts(found: &VersionDifference) -> Vec<Part> {
    let part = |id, title, changes: &[Change]| Part { id, title, changes: changes.to_vec() };
    vec![
        part("statements", "Statements", &found.statements),
        part("files", "Files, by SHA-256", &found.files),
        part("parameters", "Parameters", &found.parameters),
        part("schema", "Column declaration", &found.schema),
        part("policy", "Monitoring policy", &found.policy),
    ]
}

/// What differs.
#[get("/models/{model}/versions/{version}/difference")]
pub(super) async fn show(
    visitor: Visitor,
    path: web::Path<(String, String)>,
    query: web::Query<DifferenceQuery>,
) -> Answer {
    visitor
        .page(move |visitor| {
            let (model, version) = (path.0.as_str(), path.1.as_str());
            let (store, acting) = (&visitor.store, visitor.acting());
            let compared =
                compare_versions(store, &acting, (model, version), query.from.as_deref())?;
            let title = format!("{model} {version}: what changed since {}", compared.before);
            Ok(DifferencePage::of(visitor.frame(&title, Place::Models), compared))
        })
        .await
}
