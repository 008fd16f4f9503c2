//! `/models/{model}/versions/{version}/studies/new`: choose judged batches that nobody objects to, and study them (Phase I).

use super::destination::version_path;
use super::frame::{Frame, Notice, Place};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use super::wording::{whole, words};
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::procedures::attach_study::{JudgedBatches, judged_batches, study_judged};
use crate::store::reports::ReportRow;
use actix_web::{get, post, web};
use askama::Template;

/// A form with as many boxes as there are batches: names come more than once.
pub(super) type Fields = Vec<(String, String)>;

/// One judged batch.
struct BatchLine {
    name: String,
    period_end: Markup,
    rows: String,
    verdict: String,
    report: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "study_new.html")]
struct StudyNewPage {
    frame: Frame,
    version: String,
    path: String,
    may_study: bool,
    batches: Vec<BatchLine>,
    seed: String,
    sequences: String,
    challenge_sequences: String,
}

impl StudyNewPage {
    /// The form as it was `typed`; before that, with the batches chosen that were quiet.
    fn read(
        visitor: &Visitor,
        (model, version): (&str, &str),
        (typed, notice): (Option<&Fields>, Option<Notice>),
    ) -> Result<Self> {
        let rows = judged_batches(&visitor.store, &visitor.acting(), model, version)?;
        let text = |field: &str| typed.map_or_else(String::new, |typed| value(typed, field));
        let line = |row: ReportRow| BatchLine {
            chosen: typed.map_or(row.state == "quiet", |typed| is_chosen(typed, &row.batch)),
            period_end: row.period_end.as_deref().map(Markup::time).unwrap_or_default(),
            rows: whole(row.rows),
            verdict: format!("{}, {}", words(&row.verdict), words(&row.state)),
            report: row.id,
            name: row.batch,
        };
        let title = format!("Study batches of {model} {version}");
        let frame = visitor.frame(&title, Place::Models).with_notice(notice);
        Ok(Self {
            may_study: frame.may(Action::Register),
            frame,
            version: format!("{model} {version}"),
            path: version_path(model, version),
            batches: rows.into_iter().map(line).collect(),
            seed: if typed.is_none() { "1".to_owned() } else { text("seed") },
            sequences: text("sequences"),
            challenge_sequences: text("challenge_sequences"),
        })
    }
}

/// What was typed into `field`.
pub(super) fn value(typed: &Fields, field: &str) -> String {
    let found = typed.iter().find(|(name, _)| name == field);
    found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// Whether the box of `batch` is ticked.
pub(super) fn is_chosen(typed: &Fields, batch: &str) -> bool {
    typed.iter().any(|(name, value)| name == "batch" && value == batch)
}

/// What a form asks for; the batches in the order of the page, which is that of time.
fn asked(typed: &Fields) -> Result<JudgedBatches> {
    let number = |field: &str, what: &str| -> Result<Option<u64>> {
        let text = value(typed, field);
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = || format!("{what} is `{text:.40}`, expected a whole number");
        text.parse().map(Some).map_err(|_not_one| Error::BadRequest { detail: wrong() })
    };
    let count = |field: &str, what: &str| -> Result<Option<u32>> {
        let wrong = || Error::BadRequest { detail: format!("{what} is too large") };
        number(field, what)?.map(|n| u32::try_from(n).map_err(|_too_large| wrong())).transpose()
    };
    let batches = typed.iter().filter(|(name, _)| name == "batch").map(|(_, name)| name.clone());
    Ok(JudgedBatches {
        batches: batches.collect(),
        seed: number("seed", "seed")?.unwrap_or(1),
        sequences: count("sequences", "sequences to replay")?,
        challenge_sequences: count("challenge_sequences", "sequences to challenge")?,
    })
}

/// The form.
#[get("/models/{model}/versions/{version}/studies/new")]
pub(super) async fn show(visitor: Visitor, of: web::Path<(String, String)>) -> Answer {
    visitor.page(move |visitor| StudyNewPage::read(visitor, (&of.0, &of.1), (None, None))).await
}

/// Studies the batches chosen, and leads to the study.
#[post("/models/{model}/versions/{version}/studies")]
pub(super) async fn make(
    visitor: Visitor,
    of: web::Path<(String, String)>,
    form: web::Form<Fields>,
) -> Answer {
    let (of, typed) = (of.into_inner(), form.into_inner());
    visitor.check_form(&value(&typed, "form_token"))?;
    let (version, sent) = (of.clone(), typed.clone());
    let made = visitor
        .act(move |store, acting| {
            acting.permit(Action::Register)?;
            study_judged(store, acting, (&version.0, &version.1), &asked(&sent)?)
        })
        .await;
    let error = match made {
        Ok(attached) => return Ok(see_other(&format!("/studies/{}", attached.study.value.id))),
        Err(error) => error,
    };
    visitor
        .page_again(error, move |visitor, notice| {
            StudyNewPage::read(visitor, (&of.0, &of.1), (Some(&typed), Some(notice)))
        })
        .await
}
