//! `/models/{model}/versions/{version}/difference`: what a version has otherwise than an earlier one.

use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use super::wording::words;
use crate::procedures::compare_versions::{ComparedVersions, compare_versions};
use crate::provenance::version_difference::{Change, DatasetChange};
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
struct Part {
    id: &'static str,
    title: &'static str,
    changes: Vec<Change>,
}

/// A dataset that changed, in sentences.
struct DatasetLine {
    role: String,
    name: String,
    sentences: Vec<Markup>,
}

impl DatasetLine {
    fn of(change: &DatasetChange) -> Self {
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
        let part = |id, title, changes: &[Change]| Part { id, title, changes: changes.to_vec() };
        let parts = vec![
            part("statements", "Statements", &found.statements),
            part("files", "Files, by SHA-256", &found.files),
            part("parameters", "Parameters", &found.parameters),
            part("schema", "Column declaration", &found.schema),
            part("policy", "Monitoring policy", &found.policy),
        ];
        let datasets = found.datasets.iter().map(DatasetLine::of).collect();
        Self { frame, compared, parts, datasets }
    }
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
