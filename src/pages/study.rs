//! `/studies/{id}`: a Phase I study in sentences, charts and tables.

use super::frame::{Frame, Notice, Place, roles_that_may};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::signing::Signing;
use super::visitor::Visitor;
use super::wording::{whole, words};
use crate::access::role::Action;
use crate::drift::study::Study;
use crate::drift::study::drawing::study_chart;
use crate::drift::study::natural::StudiedSeries;
use crate::drift::study::tables::{ChangeLine, SeriesLine, change_lines, nearest, series_lines};
use crate::drift::study::words::{LIMITS, natural, outlying, replayed, studied};
use crate::procedures::attach_study::{StudyView, study_view};
use crate::procedures::sign_study::sign_study;
use crate::review::signature::Meaning;
use actix_web::{get, post, web};
use askama::Template;

/// One series with its chart.
struct Drawing {
    key: String,
    rationale: Markup,
    warning: Option<String>,
    chart: Markup,
}

#[derive(Template)]
#[template(path = "study.html")]
struct StudyPage {
    frame: Frame,
    version: String,
    version_path: String,
    attached_at: Markup,
    attached_by: String,
    entry: u64,
    sha256: String,
    reference_sha256: String,
    engine: String,
    seed: u64,
    is_in_force: bool,
    sentences: Vec<Markup>,
    outlying: Option<Markup>,
    replay: Markup,
    drawings: Vec<Drawing>,
    series: Vec<SeriesLine>,
    changes: Vec<ChangeLine>,
    limits: [&'static str; 4],
    sources: Vec<(String, String)>,
    id: String,
    signer: String,
    meaning: &'static str,
    meaning_word: String,
    manifestation: Option<(String, u64)>,
    /// Why this person cannot sign; empty when they can.
    barred: String,
    batches: String,
}

impl StudyPage {
    fn of(visitor: &Visitor, view: &StudyView, notice: Option<Notice>) -> Self {
        let (study, (model, version)) = (&view.study, &view.version);
        let mut sentences = vec![studied(study)];
        sentences.extend(natural(study));
        Self {
            frame: visitor
                .frame(&format!("Study of {model} {version}"), Place::Models)
                .with_notice(notice),
            version: format!("{model} {version}"),
            version_path: format!("/models/{model}/versions/{version}"),
            attached_at: Markup::time(&view.row.at),
            attached_by: view.row.attached_by.clone(),
            entry: view.row.entry,
            sha256: view.row.sha256.clone(),
            reference_sha256: study.about.reference_sha256.clone(),
            engine: study.about.engine.clone(),
            seed: study.settings.seed,
            is_in_force: view.is_in_force,
            sentences: sentences.iter().map(|sentence| Markup::sentence(sentence)).collect(),
            outlying: outlying(study).map(|sentence| Markup::sentence(&sentence)),
            replay: Markup::sentence(&replayed(study)),
            drawings: drawings(study),
            series: series_lines(study),
            changes: change_lines(study),
            limits: LIMITS,
            sources: study
                .about
                .sources
                .iter()
                .map(|source| (source.name.clone(), source.sha256.clone()))
                .collect(),
            batches: whole(study.batches.len() as u64),
            id: view.row.id.clone(),
            signer: visitor.signer(),
            meaning: Meaning::ApprovesStudy.words(),
            meaning_word: Meaning::ApprovesStudy.word(),
            manifestation: view.signature.as_ref().map(|(s, entry)| (s.manifestation(), *entry)),
            barred: barred(visitor, view),
        }
    }
}

fn barred(visitor: &Visitor, view: &StudyView) -> String {
    if view.row.attached_by == visitor.account().user_name {
        return "You attached this study, so another person has to sign it.".to_owned();
    }
    if !Action::SignDecision.roles().contains(&visitor.account().role) {
        let roles = roles_that_may(Action::SignDecision);
        return format!("Your role does not sign; it takes a {roles}.");
    }
    String::new()
}

fn drawings(study: &Study) -> Vec<Drawing> {
    let drawing = |series: &StudiedSeries| Drawing {
        key: format!("{}, {}", series.feature, words(series.series.word())),
        rationale: Markup::sentence(&series.rationale),
        warning: series.warning.clone(),
        chart: Markup::drawing(study_chart(series, &study.batches)),
    };
    nearest(study).into_iter().map(drawing).collect()
}

/// The study.
#[get("/studies/{id}")]
pub(super) async fn show(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor
        .page(move |visitor| {
            let view = study_view(&visitor.store, &visitor.acting(), &id)?;
            Ok(StudyPage::of(visitor, &view, None))
        })
        .await
}

/// Signs the study.
#[post("/studies/{id}/signature")]
pub(super) async fn sign(
    visitor: Visitor,
    id: web::Path<String>,
    form: web::Form<Signing>,
) -> Answer {
    let id = id.into_inner();
    let asked = id.clone();
    let signed = visitor
        .sign(form.into_inner(), Some(Action::SignDecision), move |store, acting, given| {
            sign_study(store, acting, &asked, given)
        })
        .await?;
    let Err(error) = signed else {
        return Ok(see_other(&format!("/studies/{id}")));
    };
    visitor
        .page_again(error, move |visitor, notice| {
            let view = study_view(&visitor.store, &visitor.acting(), &id)?;
            Ok(StudyPage::of(visitor, &view, Some(notice)))
        })
        .await
}
