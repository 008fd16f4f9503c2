//! `/review-samples`: samples of predictions for people to review, and the form that draws one.

use super::frame::{Frame, Notice, Place, roles_that_may};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use super::wording::{counted, whole};
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::procedures::draw_review_sample::{
    BLIND_SHARE, CLAIM, CONFIDENCE, DrawSample, draw_review_sample,
};
use crate::procedures::read_review_samples::{
    DrawChoices, ReviewSampleLine, draw_choices, review_samples,
};
use crate::review::review_sample::{Allocation, BATCHES_MAX, CASES_MAX, LEVELS_MAX};
use actix_web::{get, post, web};
use askama::Template;
use std::collections::BTreeMap;

/// One sample in the list.
struct SampleLine {
    id: String,
    version: String,
    version_path: String,
    purpose: String,
    batches: String,
    drawn: Markup,
    by: String,
    progress: String,
    state: &'static str,
    is_mine: bool,
}

fn sample_line(line: ReviewSampleLine) -> SampleLine {
    let ReviewSampleLine { row, model, version, batches, purpose, is_mine } = line;
    SampleLine {
        version: format!("{model} {version}"),
        version_path: format!("/models/{model}/versions/{version}"),
        purpose,
        batches: batches.join(", "),
        drawn: Markup::time(&row.at),
        by: row.drawn_by,
        progress: format!("{} of {}", whole(row.answered), whole(row.cases)),
        state: match (row.is_closed, row.answered >= row.cases) {
            (true, _) => "closed",
            (false, true) => "all answered once",
            (false, false) => "open",
        },
        is_mine,
        id: row.id,
    }
}

#[derive(Template)]
#[template(path = "review_samples.html")]
struct ListPage {
    frame: Frame,
    samples: Vec<SampleLine>,
    drawers: String,
    reviewers: String,
    adjudicators: String,
}

/// All samples.
#[get("/review-samples")]
pub(super) async fn list(visitor: Visitor) -> Answer {
    visitor
        .page(|visitor| {
            let samples = review_samples(&visitor.store, &visitor.acting(), None)?;
            Ok(ListPage {
                frame: visitor.frame("Prediction review", Place::PredictionReview),
                samples: samples.into_iter().map(sample_line).collect(),
                drawers: roles_that_may(Action::DrawReviewSample),
                reviewers: roles_that_may(Action::ReviewPredictions),
                adjudicators: roles_that_may(Action::AdjudicateReadings),
            })
        })
        .await
}

/// A batch that can be chosen.
struct BatchChoice {
    field: String,
    name: String,
    rows: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "review_sample_new.html")]
struct DrawPage {
    frame: Frame,
    version: String,
    path: String,
    may_draw: bool,
    drawers: String,
    batches: Vec<BatchChoice>,
    columns: Vec<String>,
    has_score: bool,
    /// The unit where numbers are predicted; absent where classes are.
    numbers: Option<String>,
    levels_max: usize,
    cases_max: u64,
    typed: BTreeMap<String, String>,
}

impl DrawPage {
    fn of(
        visitor: &Visitor,
        choices: DrawChoices,
        typed: Option<BTreeMap<String, String>>,
        notice: Option<Notice>,
    ) -> Self {
        let typed = typed.unwrap_or_else(first_typed);
        let frame = visitor.frame("Draw predictions for review", Place::PredictionReview);
        let chosen = |place: usize, name: &str| {
            let wanted = typed.get("batch").filter(|wanted| !wanted.is_empty());
            typed.get(&format!("batch-{place}")).is_some_and(|chosen| chosen == name)
                || wanted.is_some_and(|wanted| wanted == name)
        };
        let choice = |(place, (name, rows)): (usize, (String, u64))| BatchChoice {
            field: format!("batch-{place}"),
            chosen: chosen(place, &name),
            rows: counted(rows, "row", "rows"),
            name,
        };
        let batches = choices.batches.into_iter().enumerate().take(BATCHES_MAX).map(choice);
        Self {
            version: format!("{} {}", choices.version.model, choices.version.version),
            path: format!("/models/{}/versions/{}", choices.version.model, choices.version.version),
            may_draw: frame.may(Action::DrawReviewSample),
            drawers: roles_that_may(Action::DrawReviewSample),
            batches: batches.collect(),
            columns: choices.columns,
            has_score: choices.has_score,
            numbers: choices.numbers,
            levels_max: LEVELS_MAX,
            cases_max: CASES_MAX,
            frame: frame.with_notice(notice),
            typed,
        }
    }

    fn value(&self, field: &str) -> &str {
        self.typed.get(field).map_or("", String::as_str)
    }

    fn is_chosen(&self, field: &str, value: &str) -> bool {
        self.value(field) == value
    }
}

/// What stands in the form before anybody typed.
fn first_typed() -> BTreeMap<String, String> {
    [
        ("allocation", "proportional".to_owned()),
        ("cases", "200".to_owned()),
        ("blind_share", BLIND_SHARE.to_string()),
        ("second_share", "0".to_owned()),
        ("claim", CLAIM.to_string()),
        ("confidence", CONFIDENCE.to_string()),
    ]
    .map(|(field, value)| (field.to_owned(), value))
    .into()
}

/// The form.
#[get("/models/{model}/versions/{version}/review-samples/new")]
pub(super) async fn show_form(
    visitor: Visitor,
    path: web::Path<(String, String)>,
    query: web::Query<BTreeMap<String, String>>,
) -> Answer {
    let (model, version) = path.into_inner();
    visitor
        .page(move |visitor| {
            let choices = draw_choices(&visitor.store, &visitor.acting(), (&model, &version))?;
            let mut typed = first_typed();
            typed.extend(query.get("batch").map(|batch| ("batch".to_owned(), batch.clone())));
            Ok(DrawPage::of(visitor, choices, Some(typed), None))
        })
        .await
}

fn number<T: std::str::FromStr>(typed: &BTreeMap<String, String>, field: &str) -> Result<T> {
    let text = typed.get(field).map_or("", |text| text.trim());
    text.parse().map_err(|_invalid| Error::BadRequest {
        detail: format!("`{field}` is `{text}`, expected a number"),
    })
}

fn asked(typed: &BTreeMap<String, String>) -> Result<DrawSample> {
    let text = |field: &str| typed.get(field).map_or("", |text| text.trim());
    let cases = number(typed, "cases")?;
    let bands = text("bands").split([' ', ';']).filter(|part| !part.is_empty());
    let band = |part: &str| {
        part.parse::<f64>().map_err(|_invalid| Error::BadRequest {
            detail: format!("`bands` holds `{part}`, expected numbers with blanks between them"),
        })
    };
    let batches = typed.iter().filter(|(field, _)| field.starts_with("batch-"));
    Ok(DrawSample {
        batches: batches.map(|(_, name)| name.clone()).collect(),
        purpose: text("purpose").to_owned(),
        allocation: match text("allocation") {
            "per_stratum" => Allocation::PerStratum(cases),
            _ => Allocation::Proportional(cases),
        },
        bands: bands.map(band).collect::<Result<_>>()?,
        column: Some(text("column").to_owned()),
        blind_share: Some(number(typed, "blind_share")?),
        second_share: Some(text("second_share"))
            .filter(|text| !text.is_empty())
            .map(|_| number(typed, "second_share"))
            .transpose()?,
        tolerance: Some(text("tolerance"))
            .filter(|text| !text.is_empty())
            .map(|_| number(typed, "tolerance"))
            .transpose()?,
        claim: Some(number(typed, "claim")?),
        confidence: Some(number(typed, "confidence")?),
    })
}

/// Draws a sample.
#[post("/models/{model}/versions/{version}/review-samples")]
pub(super) async fn draw(
    visitor: Visitor,
    path: web::Path<(String, String)>,
    form: web::Form<BTreeMap<String, String>>,
) -> Answer {
    let form = form.into_inner();
    visitor.check_form(form.get("form_token").map_or("", String::as_str))?;
    let (model, version) = path.into_inner();
    let (given, of) = (asked(&form), (model.clone(), version.clone()));
    let drawn = visitor
        .act(move |store, acting| {
            acting.permit(Action::DrawReviewSample)?;
            draw_review_sample(store, acting, (&of.0, &of.1), given?)
        })
        .await;
    match drawn {
        Ok(drawn) => Ok(see_other(&format!("/review-samples/{}", drawn.value.id))),
        Err(error) => {
            visitor
                .page_again(error, move |visitor, notice| {
                    let acting = visitor.acting();
                    let choices = draw_choices(&visitor.store, &acting, (&model, &version))?;
                    Ok(DrawPage::of(visitor, choices, Some(form), Some(notice)))
                })
                .await
        }
    }
}
