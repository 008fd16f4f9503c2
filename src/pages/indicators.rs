//! `/indicators`: how ready the installation is for an inspection, for a period, with the rows behind each indicator; as a table to print
//! (CSV); and what was recorded of closed periods.

use super::destination::percent_encoded;
use super::frame::{Frame, Notice, Place, roles_that_may};
use super::markup::Markup;
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use super::wording::{counted, figures, whole};
use crate::access::role::Action;
use crate::error::Result;
use crate::evidence::tables::csv_cell;
use crate::procedures::read_indicators::{indicators, proposed_period, today};
use crate::procedures::record_indicators::{
    RecordIndicators, indicator_sheet, indicator_sheets, record_indicators,
};
use crate::review::indicators::{
    Figure, Indicator, IndicatorSheet, Outcome, RowBehind, Statistic, Theme, Warning,
};
use crate::store::indicators::IndicatorSheetRow;
use actix_web::{HttpResponse, get, post, web};
use askama::Template;
use serde::Deserialize;
use serde_json::json;

/// Rows of an indicator that the page lists; all that are kept are in the JSON document.
const ROWS_SHOWN: usize = 25;

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

/// A number on top.
struct Total {
    value: String,
    words: &'static str,
    /// `bad`, `wait` or nothing.
    class: &'static str,
}

/// A further number of an indicator.
struct Number {
    of: String,
    what: &'static str,
    value: String,
    counts: String,
}

/// A row behind an indicator.
struct Row {
    record: String,
    path: String,
    at: Markup,
    says: String,
    needs_a_look: bool,
}

/// An indicator, for the page.
struct Line {
    code: String,
    name: String,
    value: String,
    what: &'static str,
    counts: String,
    /// `drift`, `stable`, `undetermined` or nothing of a verdict.
    mark: &'static str,
    words: &'static str,
    because: Markup,
    basis: &'static str,
    formula: String,
    formula_version: u64,
    warns_when: String,
    numbers: Vec<Number>,
    rows: Vec<Row>,
    rows_all: u64,
    /// Whether it is unfolded at first.
    open: bool,
}

/// The indicators of a theme.
struct Section {
    title: &'static str,
    lines: Vec<Line>,
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

/// What is shown of a sheet.
struct Shown {
    period: String,
    computed_at: Markup,
    totals: Vec<Total>,
    warnings: Vec<(String, String, String, Markup)>,
    sections: Vec<Section>,
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

/// A figure as a person reads it.
fn value(figure: &Figure) -> String {
    let unit = figure.unit.as_str();
    match figure.statistic {
        _ if unit == "share" => format!("{:.1}\u{a0}%", 100.0 * figure.value),
        Statistic::Count => format!("{:.0}\u{a0}{unit}", figure.value),
        _ if unit == "count" || unit == "ratio" => figures(figure.value),
        _ if unit == "per 1,000 sessions" => figures(figure.value),
        _ => format!("{}\u{a0}{unit}", figures(figure.value)),
    }
}

fn counts(figure: &Figure) -> String {
    match figure.numerator {
        Some(numerator) => format!("{} of {}", whole(numerator), whole(figure.denominator)),
        None => format!("over {}", counted(figure.denominator, "value", "values")),
    }
}

fn mark(warning: &Warning) -> (&'static str, &'static str, String) {
    match warning {
        Warning::Yes { because } => ("drift", "warning", because.clone()),
        Warning::No => ("stable", "no warning", String::new()),
        Warning::NotEvaluated { reason } => {
            ("undetermined", "no limit to judge by", reason.clone())
        }
    }
}

impl Line {
    fn of(one: &Indicator) -> Self {
        let mut line = Self {
            code: one.code.clone(),
            name: one.name.clone(),
            value: "–".to_owned(),
            what: "",
            counts: String::new(),
            mark: "",
            words: "not evaluated",
            because: Markup::text(""),
            basis: one.basis.words(),
            formula: one.formula.clone(),
            formula_version: one.formula_version,
            warns_when: one.warns_when.clone(),
            numbers: Vec::new(),
            rows: Vec::new(),
            rows_all: 0,
            open: one.warns(),
        };
        match &one.outcome {
            Outcome::NotEvaluated { reason } => line.because = Markup::sentence(reason),
            Outcome::Evaluated { figures, warning, rows, rows_left_out } => {
                if let Some(first) = figures.first() {
                    (line.value, line.what) = (value(first), first.statistic.words());
                    line.counts = counts(first);
                }
                line.numbers = figures.iter().map(number).collect();
                line.rows = rows.iter().take(ROWS_SHOWN).map(|row| Row::of(one, row)).collect();
                line.rows_all = rows.len() as u64 + rows_left_out;
                let because;
                (line.mark, line.words, because) = mark(warning);
                line.because = Markup::sentence(&because);
            }
        }
        line
    }
}

fn number(figure: &Figure) -> Number {
    Number {
        of: figure.of.clone(),
        what: figure.statistic.words(),
        value: value(figure),
        counts: counts(figure),
    }
}

impl Row {
    fn of(one: &Indicator, row: &RowBehind) -> Self {
        Self {
            record: row.record.clone(),
            path: row.path.clone(),
            at: if row.at.is_empty() { Markup::text("") } else { Markup::time(&row.at) },
            says: row.says.clone(),
            needs_a_look: one.needs_a_look(row),
        }
    }
}

impl Shown {
    fn of(sheet: &IndicatorSheet) -> Self {
        let lines = |theme: Theme| {
            let its = sheet.indicators.iter().filter(move |one| one.theme == theme);
            its.map(Line::of).collect::<Vec<_>>()
        };
        let sections =
            Theme::ALL.map(|theme| Section { title: theme.title(), lines: lines(theme) });
        let (warnings, not_evaluated) = sheet.counts();
        let all = sheet.indicators.len() as u64;
        let is_quiet = |one: &&Indicator| {
            matches!(&one.outcome, Outcome::Evaluated { warning: Warning::No, .. })
        };
        let quiet = sheet.indicators.iter().filter(is_quiet).count() as u64;
        let total = |number: u64, words, class| Total { value: number.to_string(), words, class };
        let warned = sheet.indicators.iter().filter(|one| one.warns()).map(Line::of);
        Self {
            period: period_words(&sheet.period.from, &sheet.period.to),
            computed_at: Markup::time(&sheet.computed_at),
            totals: vec![
                total(warnings, "warnings", if warnings > 0 { "bad" } else { "" }),
                total(quiet, "without a warning", ""),
                total(all - warnings - not_evaluated - quiet, "without a limit to judge by", ""),
                total(not_evaluated, "not evaluated, each with its reason", ""),
            ],
            warnings: warned.map(|line| (line.code, line.name, line.value, line.because)).collect(),
            sections: sections.into_iter().filter(|one| !one.lines.is_empty()).collect(),
        }
    }
}

/// A period as a person reads it: days where it begins and ends with one.
fn period_words(from: &str, to: &str) -> String {
    let day = |at: &str| at.strip_suffix("T00:00:00.000Z").map(str::to_owned);
    let words = |at: &str| day(at).unwrap_or_else(|| at.to_owned());
    format!("from {} to before {} (UTC)", words(from), words(to))
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
