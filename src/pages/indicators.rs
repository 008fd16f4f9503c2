//! `/indicators`: how ready the installation is for an inspection, for a period, with the rows behind each indicator; as a table to print
//! (CSV); and what was recorded of closed periods.

use super::destination::percent_encoded;
use super::frame::{Frame, Notice, Place, roles_that_may};
use super::indicator_lines::{Shown, mark, period_words};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use crate::access::role::Action;
use crate::error::Result;
use crate::evidence::tables::csv_cell;
use crate::procedures::read_indicators::{indicators, proposed_period, today};
use crate::procedures::record_indicators::{
    RecordIndicators, indicator_sheet, indicator_sheets, record_indicators,
};
use crate::review::indicators::{IndicatorSheet, Outcome};
use crate::store::indicators::IndicatorSheetRow;
use actix_web::{HttpResponse, get, post, web};
use askama::Template;
use serde::Deserialize;
use serde_json::json;

/// Which period, as a form sends it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PeriodForm {
    /// The session's form token.
    pub form_token: String,
    /// Its first day.
    pub from: String,
    /// The day after its last.
    pub to: String,
}

/// A recorded sheet in the list.
struct RecordedLine {
    path: String,
    period: String,
    warnings: u64,
    not_evaluated: u64,
    recorded: Markup,
    by: String,
    sha256: String,
    entry: u64,
}

#[derive(Template)]
#[template(path = "indicators.html")]
struct IndicatorsPage {
    frame: Frame,
    form: PeriodForm,
    shown: Option<Shown>,
    csv: String,
    /// The end that is proposed for a recorded period.
    record_to: String,
    may_record: bool,
    recorders: String,
    recorded: Vec<RecordedLine>,
}

#[derive(Template)]
#[template(path = "indicators_recorded.html")]
struct RecordedPage {
    frame: Frame,
    shown: Shown,
    recorded_at: Markup,
    by: String,
    sha256: String,
    entry: u64,
    program: String,
    id: String,
}

impl RecordedLine {
    fn of(row: IndicatorSheetRow) -> Self {
        Self {
            path: format!("/indicators/{}", row.id),
            period: period_words(&row.period_from, &row.period_to),
            warnings: row.warnings,
            not_evaluated: row.not_evaluated,
            recorded: Markup::time(&row.at),
            by: row.recorded_by,
            sha256: row.sha256,
            entry: row.entry,
        }
    }
}

/// The period that was asked for, or the one proposed.
fn asked(visitor: &Visitor, form: PeriodForm) -> PeriodForm {
    if !form.from.is_empty() || !form.to.is_empty() {
        return form;
    }
    let (from, to) = proposed_period(&visitor.store);
    PeriodForm { from, to, ..form }
}

impl IndicatorsPage {
    fn of(
        visitor: &Visitor,
        form: PeriodForm,
        sheet: Option<&IndicatorSheet>,
        notice: Option<Notice>,
    ) -> Result<Self> {
        let recorded = indicator_sheets(&visitor.store, &visitor.acting())?;
        let frame = visitor.frame("Indicators", Place::Indicators).with_notice(notice);
        let (from, to) = (percent_encoded(&form.from), percent_encoded(&form.to));
        Ok(Self {
            shown: sheet.map(Shown::of),
            csv: format!("/indicators.csv?from={from}&to={to}"),
            // Only what is over is recorded: days of one form are in order as their text is.
            record_to: form.to.clone().min(today(&visitor.store)),
            may_record: frame.may(Action::RecordIndicators),
            recorders: roles_that_may(Action::RecordIndicators),
            recorded: recorded.into_iter().map(RecordedLine::of).collect(),
            form,
            frame,
        })
    }
}

/// The indicators of a period, what was recorded, and the form that records them.
#[get("/indicators")]
pub(super) async fn show(visitor: Visitor, query: web::Query<PeriodForm>) -> Answer {
    let form = asked(&visitor, query.into_inner());
    let asked = form.clone();
    let read = visitor.act(move |store, acting| indicators(store, acting, &asked.from, &asked.to));
    match read.await {
        Ok(sheet) => {
            visitor.page(move |visitor| IndicatorsPage::of(visitor, form, Some(&sheet), None)).await
        }
        Err(error) => {
            let compose = move |visitor: &Visitor, notice| {
                IndicatorsPage::of(visitor, form, None, Some(notice))
            };
            visitor.page_again(error, compose).await
        }
    }
}

/// The same as a table.
#[get("/indicators.csv")]
pub(super) async fn table(visitor: Visitor, query: web::Query<PeriodForm>) -> Answer {
    let form = asked(&visitor, query.into_inner());
    let read = visitor.act(move |store, acting| indicators(store, acting, &form.from, &form.to));
    let sheet = read.await.map_err(|error| visitor.refuse(error))?;
    Ok(csv_answer(&sheet))
}

/// Records the indicators of a period.
#[post("/indicators")]
pub(super) async fn record(visitor: Visitor, form: web::Form<PeriodForm>) -> Answer {
    visitor.check_form(&form.form_token)?;
    let form = form.into_inner();
    let said = RecordIndicators { from: form.from.clone(), to: form.to.clone() };
    let recorded = visitor.act(move |store, acting| record_indicators(store, acting, &said)).await;
    match recorded {
        Ok(recorded) => Ok(see_other(&format!("/indicators/{}", recorded.value.id))),
        Err(error) => {
            let compose = move |visitor: &Visitor, notice| {
                IndicatorsPage::of(visitor, form, None, Some(notice))
            };
            visitor.page_again(error, compose).await
        }
    }
}

/// Recorded indicators.
#[get("/indicators/{id}")]
pub(super) async fn show_recorded(visitor: Visitor, id: web::Path<String>) -> Answer {
    visitor
        .page(move |visitor| {
            let view = indicator_sheet(&visitor.store, &visitor.acting(), &id)?;
            Ok(RecordedPage {
                frame: visitor.frame("Recorded indicators", Place::Indicators),
                shown: Shown::of(&view.sheet),
                recorded_at: Markup::time(&view.row.at),
                by: view.row.recorded_by,
                sha256: view.row.sha256,
                entry: view.row.entry,
                program: view.sheet.program,
                id: view.row.id,
            })
        })
        .await
}

/// Recorded indicators as a table.
#[get("/indicators/{id}/table.csv")]
pub(super) async fn recorded_table(visitor: Visitor, id: web::Path<String>) -> Answer {
    let read = visitor.act(move |store, acting| indicator_sheet(store, acting, &id));
    let view = read.await.map_err(|error| visitor.refuse(error))?;
    Ok(csv_answer(&view.sheet))
}

fn csv_answer(sheet: &IndicatorSheet) -> HttpResponse {
    HttpResponse::Ok().content_type("text/csv; charset=utf-8").body(csv(sheet))
}

/// One line a figure, and one for each indicator without any.
fn csv(sheet: &IndicatorSheet) -> String {
    let mut text = "theme,code,name,period_from,period_to,basis,state,of,statistic,value,unit,numerator,denominator,warning,because,\
                    formula,formula_version,warns_when\n"
        .to_owned();
    for one in &sheet.indicators {
        let about = [json!(one.theme.title()), json!(one.code), json!(one.name)];
        let period = [json!(sheet.period.from), json!(sheet.period.to), json!(one.basis.words())];
        let how = [json!(one.formula), json!(one.formula_version), json!(one.warns_when)];
        let mut line = |parts: Vec<serde_json::Value>| {
            let cells = about.iter().chain(&period).chain(&parts).chain(&how);
            text.push_str(&cells.map(csv_cell).collect::<Vec<_>>().join(","));
            text.push('\n');
        };
        match &one.outcome {
            Outcome::NotEvaluated { reason } => {
                let mut parts = vec![serde_json::Value::Null; 9];
                (parts[0], parts[8]) = (json!("not evaluated"), json!(reason));
                line(parts);
            }
            Outcome::Evaluated { figures, warning, .. } => {
                let (_, words, because) = mark(warning);
                for figure in figures {
                    line(vec![
                        json!("evaluated"),
                        json!(figure.of),
                        json!(figure.statistic.words()),
                        json!(figure.value),
                        json!(figure.unit),
                        json!(figure.numerator),
                        json!(figure.denominator),
                        json!(words),
                        json!(because),
                    ]);
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::indicators::facts::Facts;

    #[test]
    fn every_line_of_the_table_has_as_many_cells_as_its_head() {
        let period = crate::review::indicators::Period::parse("2026-01-01", "2026-04-01").unwrap();
        let facts = Facts {
            computed_at: period.to.clone(),
            began_at: "2026-01-01T00:00:00.000Z".to_owned(),
            period,
            ..Facts::default()
        };
        let text = csv(&IndicatorSheet::compute(&facts));
        let cells = |line: &str| {
            let mut quoted = false;
            let commas = line.chars().filter(|c| {
                quoted ^= *c == '"';
                *c == ',' && !quoted
            });
            commas.count() + 1
        };
        for line in text.lines() {
            assert_eq!(cells(line), 18, "{line}");
        }
        assert!(text.contains("not evaluated"), "{text}");
    }
}
