//! Jackknife over the cases of an agreement table: an interval for any coefficient computed from it.
//!
//! Source: Efron & Tibshirani 1993, *An Introduction to the Bootstrap*, equation 11.5.

use super::intervals::Interval;
use super::{Error, Result, normal};

/// Whether this is a square table of at least two classes and `needed` cases, or why not.
fn checked(table: &[Vec<u64>], confidence: f64, needed: u64) -> Result<()> {
    if table.len() < 2 {
        return Err(Error::NotEnough { found: table.len(), needed: 2 });
    }
    if let Some(row) = table.iter().find(|row| row.len() != table.len()) {
        return Err(Error::BinsDiffer { reference: table.len(), batch: row.len() });
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(Error::OutOfRange { name: "confidence", value: confidence });
    }
    let cases: u64 = table.iter().flatten().sum();
    if cases < needed {
        let whole = |count| usize::try_from(count).unwrap_or(usize::MAX);
        return Err(Error::NotEnough { found: whole(cases), needed: whole(needed) });
    }
    Ok(())
}

/// Shares of agreement, of each class for the first rater, and of each class for the second.
pub(super) fn shares(table: &[Vec<f64>]) -> (f64, Vec<f64>, Vec<f64>) {
    let total: f64 = table.iter().flatten().sum();
    let first = table.iter().map(|row| row.iter().sum::<f64>() / total).collect();
    let second = (0..table.len()).map(|k| table.iter().map(|row| row[k]).sum::<f64>() / total);
    let agreed = (0..table.len()).map(|k| table[k][k]).sum::<f64>() / total;
    (agreed, first, second.collect())
}

/// `coefficient` of the table without an interval.
pub(super) fn estimate(
    table: &[Vec<u64>],
    coefficient: impl Fn(&[Vec<f64>]) -> Option<f64>,
) -> Result<f64> {
    checked(table, 0.5, 1)?;
    let cells: Vec<Vec<f64>> =
        table.iter().map(|row| row.iter().map(|&count| count as f64).collect()).collect();
    coefficient(&cells).ok_or(Error::NoSpread)
}

/// `coefficient` of the table with the jackknife interval over its cases, cut off at −1 and 1.
///
/// SE² = (n − 1)/n · Σ over cases (θ without the case − their mean)²; cases of one cell are alike and computed once. A
/// leave-one-out table without a coefficient leaves the whole without one.
pub(super) fn interval(
    table: &[Vec<u64>],
    confidence: f64,
    coefficient: impl Fn(&[Vec<f64>]) -> Option<f64>,
) -> Result<Interval> {
    checked(table, confidence, 2)?;
    let mut cells: Vec<Vec<f64>> =
        table.iter().map(|row| row.iter().map(|&count| count as f64).collect()).collect();
    let estimate = coefficient(&cells).ok_or(Error::NoSpread)?;
    let mut left_out = Vec::new();
    for (i, row) in table.iter().enumerate() {
        for (j, &count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
            cells[i][j] -= 1.0;
            left_out.push((count as f64, coefficient(&cells).ok_or(Error::NoSpread)?));
            cells[i][j] += 1.0;
        }
    }
    let cases: f64 = left_out.iter().map(|(count, _)| count).sum();
    let mean = left_out.iter().map(|(count, value)| count * value).sum::<f64>() / cases;
    let squares = left_out.iter().map(|(count, value)| count * (value - mean) * (value - mean));
    let error = libm::sqrt((cases - 1.0) / cases * squares.sum::<f64>());
    let half = -normal::quantile(0.5 * (1.0 - confidence)) * error;
    Ok(Interval { lower: (estimate - half).max(-1.0), estimate, upper: (estimate + half).min(1.0) })
}
