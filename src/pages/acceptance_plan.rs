//! `/models/{model}/versions/{version}/acceptance/new`: acceptance criteria fixed in the browser, before the test.

use super::destination::percent_encoded;
use super::frame::{Frame, Notice, Place};
use super::page_error::{Answer, see_other};
use super::upload::Typed;
use super::visitor::Visitor;
use super::wording::counted;
use crate::access::role::Action;
use crate::drift::acceptance::plan::{
    AcceptanceCriteria, Baseline, Criterion, CriterionScope, JudgedBy, LimitSide, PLAN_FORMAT,
    SmallGroups, TestSet,
};
use crate::drift::performance::figures::FigureName;
use crate::error::{Error, Result};
use crate::procedures::fix_acceptance::fix_acceptance;
use crate::procedures::read_records::version_registration;
use crate::provenance::registration::DatasetRole;
use actix_web::{get, post, web};
use askama::Template;
use serde::de::DeserializeOwned;

/// Lines for criteria on an empty form.
const LINES: usize = 4;
/// Lines for criteria, at most.
const LINES_MAX: usize = 50;

/// An option of a list.
struct Choice {
    word: String,
    words: String,
    chosen: bool,
}

/// One line for a criterion.
struct Line {
    number: usize,
    metrics: Vec<Choice>,
    columns: Vec<Choice>,
    at_most: bool,
    by_value: bool,
    left_out: bool,
    limit: String,
    class: String,
    group_rows: String,
    baseline: String,
    source: String,
}

#[derive(Template)]
#[template(path = "acceptance_plan.html")]
struct PlanPage {
    frame: Frame,
    model: String,
    version: String,
    path: String,
    may_fix: bool,
    typed: Typed,
    test_sets: Vec<Choice>,
    lines: Vec<Line>,
    more: usize,
}

/// The word of a figure in records.
fn word_of(metric: FigureName) -> String {
    let word = serde_json::to_value(metric).ok();
    word.and_then(|word| word.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

const METRICS: [FigureName; 14] = [
    FigureName::Accuracy,
    FigureName::ErrorRate,
    FigureName::Sensitivity,
    FigureName::Specificity,
    FigureName::Precision,
    FigureName::NegativePredictiveValue,
    FigureName::F1,
    FigureName::Auc,
    FigureName::BrierScore,
    FigureName::MeanAbsoluteError,
    FigureName::RootMeanSquareError,
    FigureName::Bias,
    FigureName::RSquared,
    FigureName::OutOfSpecification,
];

impl PlanPage {
    fn read(
        visitor: &Visitor,
        (model, version): (&str, &str),
        (typed, notice): (Typed, Option<Notice>),
    ) -> Result<Self> {
        let registration =
            version_registration(&visitor.store, &visitor.acting(), (model, version))?;
        let title = format!("Fix acceptance criteria of {model} {version}");
        let frame = visitor.frame(&title, Place::Models).with_notice(notice);
        let columns: Vec<String> =
            registration.schema.columns.iter().map(|column| column.name.clone()).collect();
        let chosen = typed.get("test_set").cloned().unwrap_or_default();
        let test_sets = registration.datasets.iter().filter(|d| d.role == DatasetRole::Test);
        let lines = typed.get("lines").and_then(|lines| lines.parse().ok()).unwrap_or(LINES);
        let lines = lines.clamp(1, LINES_MAX);
        Ok(Self {
            may_fix: frame.may(Action::FixAcceptance),
            frame,
            path: format!("/models/{model}/versions/{version}"),
            model: model.to_owned(),
            version: version.to_owned(),
            test_sets: test_sets
                .map(|dataset| {
                    let table = dataset.fingerprint.table.table.clone();
                    let rows = counted(dataset.fingerprint.rows, "row", "rows");
                    Choice {
                        chosen: table == chosen,
                        words: format!("{}, {rows}", dataset.fingerprint.name),
                        word: table,
                    }
                })
                .collect(),
            lines: (1..=lines).map(|number| line(number, &typed, &columns)).collect(),
            more: (lines + LINES).min(LINES_MAX),
            typed,
        })
    }

    /// What stands in a field; on an empty form, the default.
    fn value<'a>(&'a self, field: &str, default: &'a str) -> &'a str {
        self.typed.get(field).map_or(default, String::as_str)
    }
}

fn line(number: usize, typed: &Typed, columns: &[String]) -> Line {
    let text = |field: &str| typed.get(&format!("{field}-{number}")).cloned().unwrap_or_default();
    let (metric, over) = (text("metric"), text("over"));
    let figure = |figure: FigureName| {
        let word = word_of(figure);
        Choice { chosen: word == metric, words: figure.words().to_owned(), word }
    };
    let column = |name: &String| Choice {
        word: name.clone(),
        words: format!("each {name} by itself"),
        chosen: *name == over,
    };
    Line {
        number,
        metrics: METRICS.map(figure).into(),
        columns: columns.iter().map(column).collect(),
        at_most: text("side") == "at_most",
        by_value: text("by") == "value",
        left_out: text("small") == "left_out",
        limit: text("limit"),
        class: text("class"),
        group_rows: text("group_rows"),
        baseline: text("baseline"),
        source: text("source"),
    }
}

fn not_a(field: &str, text: &str, what: &str) -> Error {
    Error::BadRequest { detail: format!("{field} is `{text:.40}`, expected {what}") }
}

fn number<T: std::str::FromStr>(field: &str, text: &str) -> Result<T> {
    text.trim().parse().map_err(|_not_one| not_a(field, text, "a number like 30 or 0.85"))
}

fn word<T: DeserializeOwned>(field: &str, text: &str) -> Result<T> {
    serde_json::from_value(text.into()).map_err(|_not_one| not_a(field, text, "one of the list"))
}

/// The criterion of a line; nothing where no figure was chosen.
fn criterion(number_of: usize, typed: &Typed) -> Result<Option<Criterion>> {
    let text = |field: &str| {
        typed.get(&format!("{field}-{number_of}")).map_or("", String::as_str).trim().to_owned()
    };
    if text("metric").is_empty() {
        return Ok(None);
    }
    let said = |field: &str| format!("criterion {number_of}: {field}");
    let some = |field: &str| Some(text(field)).filter(|text| !text.is_empty());
    let scope = match some("over") {
        None => CriterionScope::Overall,
        Some(column) => CriterionScope::Subgroups {
            column,
            rows_min: match some("group_rows") {
                Some(rows) => number(&said("rows of a group"), &rows)?,
                None => 30,
            },
            small_groups: match text("small").as_str() {
                "left_out" => SmallGroups::LeftOut,
                _ => SmallGroups::Needed,
            },
        },
    };
    let baseline = match some("baseline") {
        None => None,
        Some(value) => Some(Baseline {
            value: number(&said("the process replaced"), &value)?,
            source: text("source"),
        }),
    };
    Ok(Some(Criterion {
        metric: word(&said("figure"), &text("metric"))?,
        class: some("class"),
        scope,
        direction: match text("side").as_str() {
            "at_most" => LimitSide::AtMost,
            _ => LimitSide::AtLeast,
        },
        limit: number(&said("limit"), &text("limit"))?,
        judged_by: match text("by").as_str() {
            "value" => JudgedBy::Value,
            _ => JudgedBy::Bound,
        },
        baseline,
    }))
}

fn plan((model, version): (&str, &str), typed: &Typed) -> Result<AcceptanceCriteria> {
    let text = |field: &str| typed.get(field).map_or("", String::as_str).trim().to_owned();
    let mut criteria = Vec::new();
    for number in 1..=LINES_MAX {
        criteria.extend(criterion(number, typed)?);
    }
    let percent: f64 = number("confidence", &text("confidence"))?;
    Ok(AcceptanceCriteria {
        format: PLAN_FORMAT.to_owned(),
        model: model.to_owned(),
        version: version.to_owned(),
        rationale: text("rationale"),
        test_set: Some(text("test_set"))
            .filter(|table| !table.is_empty())
            .map(|table| TestSet::Registered { table }),
        rows_min: number("rows, at least", &text("rows_min"))?,
        rows_left_out_max: number("rows left out, at most", &text("rows_left_out_max"))?,
        confidence: percent / 100.0,
        label: Some(text("label")).filter(|label| !label.is_empty()),
        criteria,
    })
}

/// The form; `lines` asks for so many lines.
#[get("/models/{model}/versions/{version}/acceptance/new")]
pub(super) async fn show(
    visitor: Visitor,
    path: web::Path<(String, String)>,
    query: web::Query<Typed>,
) -> Answer {
    let typed = query.into_inner();
    visitor.page(move |visitor| PlanPage::read(visitor, (&path.0, &path.1), (typed, None))).await
}

/// Fixes the criteria.
#[post("/models/{model}/versions/{version}/acceptance")]
pub(super) async fn fix(
    visitor: Visitor,
    path: web::Path<(String, String)>,
    form: web::Form<Typed>,
) -> Answer {
    visitor.check_form(form.get("form_token").map_or("", String::as_str))?;
    let (of, typed) = (path.into_inner(), form.into_inner());
    let (asked, sent) = (of.clone(), typed.clone());
    let fixed = visitor
        .act(move |store, acting| {
            acting.permit(Action::FixAcceptance)?;
            let of = (asked.0.as_str(), asked.1.as_str());
            fix_acceptance(store, acting, of, &plan(of, &sent)?)
        })
        .await;
    let Err(error) = fixed else {
        let (model, version) = (percent_encoded(&of.0), percent_encoded(&of.1));
        return Ok(see_other(&format!("/models/{model}/versions/{version}/acceptance")));
    };
    visitor
        .page_again(error, move |visitor, notice| {
            PlanPage::read(visitor, (&of.0, &of.1), (typed, Some(notice)))
        })
        .await
}
