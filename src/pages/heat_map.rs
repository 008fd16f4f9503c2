//! The heat map of a version: one row a feature, one column a batch, a verdict in every cell.

use super::wording::{verdict_sign, whole, words};
use crate::drift::assess::Verdict;
use crate::drift::report::DriftReport;
use crate::store::reports::ReportRow;

/// A report with its document.
pub type Judged = (ReportRow, DriftReport);

/// A batch at the head of its column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Name of the batch.
    pub batch: String,
    /// Page of its report.
    pub path: String,
    /// Rows.
    pub rows: String,
    /// Monitor state.
    pub state: &'static str,
    /// Whether the batch was marked as invalid.
    pub invalid: bool,
}

/// One verdict.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Word of the verdict: class of the cell.
    pub verdict: &'static str,
    /// The sign shown.
    pub sign: &'static str,
    /// What it says to those who do not see it.
    pub spoken: String,
    /// The feature in the report.
    pub path: String,
    /// Whether the batch was marked as invalid.
    pub invalid: bool,
}

/// A feature.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name of the feature.
    pub feature: String,
    /// Batches of verdict drift, invalid ones left out.
    pub drifts: usize,
    /// A cell a batch.
    pub cells: Vec<Cell>,
}

/// The whole map.
#[derive(Clone, Debug)]
pub struct HeatMap {
    /// Batches, oldest first.
    pub columns: Vec<Column>,
    /// Features, those that drifted most often first.
    pub rows: Vec<Row>,
}

impl HeatMap {
    /// The map of `reports`, those of invalid batches among them, oldest first.
    pub fn of(reports: &[&Judged]) -> Self {
        let columns = reports.iter().map(|(row, report)| Column {
            batch: report.context.batch.clone(),
            path: format!("/reports/{}", row.id),
            rows: whole(report.rows),
            state: report.state.word(),
            invalid: row.invalidated.is_some(),
        });
        let valid = reports.iter().rev().find(|(row, _)| row.invalidated.is_none());
        let newest = valid.or(reports.last());
        let features = newest.map_or(&[][..], |(_, report)| &report.features);
        let mut rows: Vec<Row> =
            (0..features.len()).map(|i| row(i, &features[i].feature, reports)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.drifts));
        Self { columns: columns.collect(), rows }
    }
}

fn row(index: usize, feature: &str, reports: &[&Judged]) -> Row {
    let verdicts: Vec<Verdict> = reports
        .iter()
        .map(|(_, report)| report.features.get(index).map_or(Verdict::NotEvaluated, |f| f.verdict))
        .collect();
    let cells = reports.iter().zip(&verdicts).map(|((row, report), verdict)| {
        let invalid = row.invalidated.is_some();
        let batch = &report.context.batch;
        let which = if invalid { format!("invalid batch {batch}") } else { batch.clone() };
        Cell {
            verdict: verdict.word(),
            sign: verdict_sign(*verdict),
            spoken: format!("{feature}, {which}: {}", words(verdict.word())),
            path: format!("/reports/{}#feature-{index}", row.id),
            invalid,
        }
    });
    let cells: Vec<Cell> = cells.collect();
    let drifts = cells.iter().filter(|cell| !cell.invalid && cell.verdict == Verdict::Drift.word());
    Row { feature: feature.to_owned(), drifts: drifts.count(), cells }
}
