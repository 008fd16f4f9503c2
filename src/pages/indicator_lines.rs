//! Indicators as a person reads them: what stands on the page and on the page of a recorded sheet.

use super::markup::Markup;
use super::wording::{counted, figures, hours, whole};
use crate::review::indicators::{
    Figure, Indicator, IndicatorSheet, Outcome, RowBehind, Statistic, Theme, Warning,
};

/// Rows of an indicator that the page lists; all that are kept are in the JSON document.
const ROWS_SHOWN: usize = 25;

/// A number on top.
pub(super) struct Total {
    pub(super) value: String,
    pub(super) words: &'static str,
    /// `bad`, `wait` or nothing.
    pub(super) class: &'static str,
}

/// A further number of an indicator.
pub(super) struct Number {
    pub(super) of: String,
    pub(super) what: &'static str,
    pub(super) value: String,
    pub(super) counts: String,
}

/// A row behind an indicator.
pub(super) struct Row {
    pub(super) record: String,
    pub(super) path: String,
    pub(super) at: Markup,
    pub(super) says: String,
    pub(super) needs_a_look: bool,
}

/// An indicator, for the page.
pub(super) struct Line {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) value: String,
    pub(super) what: &'static str,
    pub(super) counts: String,
    /// `drift`, `stable`, `undetermined` or nothing of a verdict.
    pub(super) mark: &'static str,
    pub(super) words: &'static str,
    pub(super) because: Markup,
    pub(super) basis: &'static str,
    pub(super) formula: String,
    pub(super) formula_version: u64,
    pub(super) warns_when: String,
    pub(super) numbers: Vec<Number>,
    pub(super) rows: Vec<Row>,
    pub(super) rows_all: u64,
    /// Whether it is unfolded at first.
    pub(super) open: bool,
}

/// The indicators of a theme.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) lines: Vec<Line>,
}

/// What is shown of a sheet.
pub(super) struct Shown {
    pub(super) period: String,
    pub(super) computed_at: Markup,
    pub(super) totals: Vec<Total>,
    pub(super) warnings: Vec<(String, String, String, Markup)>,
    pub(super) sections: Vec<Section>,
}

/// A figure as a person reads it.
fn value(figure: &Figure) -> String {
    let unit = figure.unit.as_str();
    match figure.statistic {
        _ if unit == "share" => format!("{:.1}\u{a0}%", 100.0 * figure.value),
        Statistic::Count => format!("{:.0}\u{a0}{unit}", figure.value),
        _ if unit == "count" || unit == "ratio" => figures(figure.value),
        _ if unit == "per 1,000 sessions" => figures(figure.value),
        _ if unit == "h" => hours(figure.value),
        _ => format!("{}\u{a0}{unit}", figures(figure.value)),
    }
}

fn counts(figure: &Figure) -> String {
    match figure.numerator {
        Some(numerator) => format!("{} of {}", whole(numerator), whole(figure.denominator)),
        None => format!("over {}", counted(figure.denominator, "value", "values")),
    }
}

/// The mark of a verdict, its words, and why, for a warning.
pub(super) fn mark(warning: &Warning) -> (&'static str, &'static str, String) {
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
    pub(super) fn of(sheet: &IndicatorSheet) -> Self {
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
pub(super) fn period_words(from: &str, to: &str) -> String {
    let day = |at: &str| at.strip_suffix("T00:00:00.000Z").map(str::to_owned);
    let words = |at: &str| day(at).unwrap_or_else(|| at.to_owned());
    format!("from {} to before {} (UTC)", words(from), words(to))
}
