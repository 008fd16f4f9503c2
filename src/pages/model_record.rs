//! `/models/{model}/versions/{version}/record`: what a version is for, how risky that is, and who watches it.

use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use crate::drift::sentence::percent;
use crate::procedures::describe_version::model_record;
use crate::provenance::model_record::{Learning, ModelRecord, is_written};
use crate::store::life_cycle::ModelRecordRow;
use actix_web::{get, web};
use askama::Template;

/// One revision.
struct RevisionLine {
    number: u64,
    copy: String,
    at: Markup,
    by: String,
    sha256: String,
    entry: u64,
}

#[derive(Template)]
#[template(path = "model_record.html")]
struct RecordPage {
    frame: Frame,
    version: String,
    version_path: String,
    rows: Vec<(&'static str, Vec<Markup>)>,
    revisions: Vec<RevisionLine>,
}

/// A text of the record; what nobody has written is said to be missing.
fn said(text: &str) -> Vec<Markup> {
    if is_written(text) { vec![Markup::text(text)] } else { vec![Markup::text("not stated")] }
}

fn rows(record: &ModelRecord) -> Vec<(&'static str, Vec<Markup>)> {
    let mut rows = vec![
        ("Question of interest", said(&record.question_of_interest)),
        ("Context of use", said(&record.context_of_use)),
        ("Intended use", said(&record.intended_use)),
        ("Out of scope", record.out_of_scope.iter().flat_map(|text| said(text)).collect()),
        ("Fallback", said(&record.fallback)),
        ("Input space", said(&record.input_space)),
    ];
    let groups = record.subgroups.iter().map(|group| {
        let values = if group.values.is_empty() {
            "every value".to_owned()
        } else {
            group.values.join(", ")
        };
        Markup::sentence(&format!("`{}`: {values}", group.column))
    });
    let none = record.no_subgroups_because.as_deref().filter(|_| record.subgroups.is_empty());
    rows.push(("Subgroups", groups.chain(none.into_iter().flat_map(said)).collect()));
    if let Some(risk) = &record.risk {
        let (influence, consequence) = (risk.influence.word(), risk.consequence.word());
        let tier = risk.tier().word();
        let words = format!("influence {influence} × consequence {consequence}: tier {tier}");
        rows.push(("Risk", [vec![Markup::text(&words)], said(&risk.rationale)].concat()));
    }
    if let Some(role) = &record.human_role {
        let mut lines = vec![Markup::text(role.place.words())];
        lines.extend(said(&role.duty));
        let rate = percent(role.sampling_rate);
        let blind = if role.blind_first { "blind first" } else { "not blind" };
        lines.push(Markup::text(&format!("{rate} of predictions are reviewed, {blind}")));
        rows.push(("Role of people", lines));
    }
    rows.push(("Explainability", said(&record.explainability)));
    if let Some(confidence) = &record.confidence {
        rows.push(("Confidence", said(&confidence.meaning)));
        rows.push(("Undecided", said(&confidence.undecided)));
    }
    let learning = match record.learning {
        Some(Learning::Static) => "static: every training makes a new version",
        Some(Learning::Dynamic) => "dynamic: it learns in use",
        None => "not stated",
    };
    let deterministic = match record.deterministic {
        Some(true) => "the same input always gives the same output",
        Some(false) => "the same input may give another output",
        None => "not stated",
    };
    rows.push(("Learning", vec![Markup::text(learning)]));
    rows.push(("Deterministic", vec![Markup::text(deterministic)]));
    rows
}

fn revision(row: &ModelRecordRow) -> RevisionLine {
    RevisionLine {
        number: row.revision,
        copy: format!("/records/model_record/{}", row.id),
        at: Markup::time(&row.at),
        by: row.written_by.clone(),
        sha256: row.sha256.clone(),
        entry: row.entry,
    }
}

/// The model record in force.
#[get("/models/{model}/versions/{version}/record")]
pub(super) async fn show(visitor: Visitor, path: web::Path<(String, String)>) -> Answer {
    visitor
        .page(move |visitor| {
            let (model, version) = path.into_inner();
            let acting = visitor.acting();
            let (view, revisions) = model_record(&visitor.store, &acting, (&model, &version))?;
            let title = format!("Model record of {model} {version}");
            Ok(RecordPage {
                frame: visitor.frame(&title, Place::Models),
                version: format!("{model} {version}"),
                version_path: format!("/models/{model}/versions/{version}"),
                rows: rows(&view.record),
                revisions: revisions.iter().map(revision).collect(),
            })
        })
        .await
}
