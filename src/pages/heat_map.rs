//! The heat map of a version: one row a feature, one column a batch, a verdict in every cell.

use super::wording::{verdict_sign, whole, words};
use crate::drift::assess::Verdict;
use crate::drift::report::DriftReport;

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
}

/// A feature.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name of the feature.
    pub feature: String,
    /// Batches of verdict drift.
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
    /// The map of `reports`, oldest first, each with its id.
    pub fn of(reports: &[(String, &DriftReport)]) -> Self {
        let columns = reports.iter().map(|(id, report)| Column {
            batch: report.context.batch.clone(),
            path: format!("/reports/{id}"),
            rows: whole(report.rows),
            state: report.state.word(),
        });
        let features = reports.last().map_or(&[][..], |(_, report)| &report.features);
        let mut rows: Vec<Row> =
            (0..features.len()).map(|i| row(i, &features[i].feature, reports)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.drifts));
        Self { columns: columns.collect(), rows }
    }
}

fn row(index: usize, feature: &str, reports: &[(String, &DriftReport)]) -> Row {
    let verdicts: Vec<Verdict> = reports
        .iter()
        .map(|(_, report)| report.features.get(index).map_or(Verdict::NotEvaluated, |f| f.verdict))
        .collect();
    let cells = reports.iter().zip(&verdicts).map(|((id, report), verdict)| Cell {
        verdict: verdict.word(),
        sign: verdict_sign(*verdict),
        spoken: format!("{feature}, {}: {}", report.context.batch, words(verdict.word())),
        path: format!("/reports/{id}#feature-{index}"),
    });
    Row {
        feature: feature.to_owned(),
        drifts: verdicts.iter().filter(|v| **v == Verdict::Drift).count(),
        cells: cells.collect(),
    }
}
