//! How figures are made of rows: shares and quantiles.

use super::facts::Source;
use super::{Counted, Figure, Outcome, ROWS_MAX, RowBehind, Statistic, Warning};
use crate::statistics::binning::quantile;

impl Source {
    /// The row of this record.
    pub(super) fn row(&self, at: &str, says: impl Into<String>, counts: bool) -> RowBehind {
        RowBehind {
            record: self.record.clone(),
            path: self.path.clone(),
            at: at.to_owned(),
            says: says.into(),
            counts,
        }
    }
}

impl Outcome {
    /// There is no figure, for this reason.
    pub(super) fn none(reason: impl Into<String>) -> Self {
        Self::NotEvaluated { reason: reason.into() }
    }

    /// These figures with the rows behind them.
    pub(super) fn of(figures: Vec<Figure>, warning: Warning, rows: Vec<RowBehind>) -> Self {
        Self::Evaluated { figures, warning, rows, rows_left_out: 0 }
    }

    /// The same with its rows in order, those that are not as they should be first, and at most [`ROWS_MAX`] of them.
    pub(super) fn in_order(mut self, counted: Counted) -> Self {
        if let Self::Evaluated { rows, rows_left_out, .. } = &mut self {
            let is_well = |row: &RowBehind| row.counts == (counted == Counted::AsItShouldBe);
            rows.sort_by(|a, b| {
                (is_well(a), &a.at, &a.record).cmp(&(is_well(b), &b.at, &b.record))
            });
            *rows_left_out = rows.len().saturating_sub(ROWS_MAX) as u64;
            rows.truncate(ROWS_MAX);
        }
        self
    }
}

impl Warning {
    /// It is given where `is` holds.
    pub(super) fn when(is: bool, because: impl Into<String>) -> Self {
        if is { Self::Yes { because: because.into() } } else { Self::No }
    }

    /// Nobody can say.
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        Self::NotEvaluated { reason: reason.into() }
    }
}

/// `numerator` by `denominator`; none where the latter is 0.
pub(super) fn share(of: &str, numerator: u64, denominator: u64) -> Option<Figure> {
    (denominator > 0).then(|| Figure {
        of: of.to_owned(),
        statistic: Statistic::Share,
        value: numerator as f64 / denominator as f64,
        unit: "share".to_owned(),
        numerator: Some(numerator),
        denominator,
    })
}

/// The share of rows that count.
pub(super) fn share_of(of: &str, rows: &[RowBehind]) -> Option<Figure> {
    let counted = rows.iter().filter(|row| row.counts).count() as u64;
    share(of, counted, rows.len() as u64)
}

/// A share over `rows` that warns where `warns` says so of numerator and denominator; `empty` says why there is none.
pub(super) fn share_outcome(
    rows: Vec<RowBehind>,
    empty: &str,
    warns: impl Fn(u64, u64) -> Warning,
) -> Outcome {
    match share_of("all", &rows) {
        None => Outcome::none(empty),
        Some(figure) => {
            let warning = warns(figure.numerator.unwrap_or_default(), figure.denominator);
            Outcome::of(vec![figure], warning, rows)
        }
    }
}

/// A single number that is no share.
pub(super) fn number(
    (of, statistic, unit): (&str, Statistic, &str),
    value: f64,
    denominator: u64,
) -> Figure {
    Figure {
        of: of.to_owned(),
        statistic,
        value,
        unit: unit.to_owned(),
        numerator: None,
        denominator,
    }
}

/// Quantiles of `values`, by the inverted CDF; nothing of no values.
pub(super) fn quantiles(
    (of, unit): (&str, &str),
    mut values: Vec<f64>,
    which: &[Statistic],
) -> Vec<Figure> {
    if values.is_empty() {
        return Vec::new();
    }
    values.sort_by(f64::total_cmp);
    let at = |statistic: &Statistic| match statistic {
        Statistic::Median => 0.5,
        Statistic::P90 => 0.9,
        Statistic::P95 => 0.95,
        _ => 1.0,
    };
    let figure = |statistic: &Statistic| {
        let value = quantile(values.as_slice(), at(statistic));
        number((of, *statistic, unit), value, values.len() as u64)
    };
    which.iter().map(figure).collect()
}

/// A number as a person reads it: three digits where it is small, none after the point where it is large.
pub(super) fn read(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
