//! Wasserstein-1 distance from bin counts: for tables too large to sort, with the error that binning can have made.
//!
//! ```text
//! W1 = ∫ |F(x) − G(x)| dx          F, G: cumulative shares of reference and batch
//! ```
//!
//! F − G is known at every edge. Between two edges it is taken as linear, and cannot lie farther from that line than the
//! smaller of the two shares in the bin plus the change of F − G across it; the sum of these times the widths bounds the error.
//! Source: the area form of W1 (Vallender, 1974, *Calculation of the Wasserstein distance between probability
//! distributions on the line*).

use super::{Error, Result};

/// The bins of both tables: inner edges, and the smallest and largest value of either.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    /// Inner edges, ascending.
    pub edges: &'a [f64],
    /// Smallest value of either table.
    pub low: f64,
    /// Largest value of either table.
    pub high: f64,
}

/// A distance from counts, and how far the distance of the rows themselves may lie from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinnedDistance {
    /// The distance, in the unit of the values.
    pub value: f64,
    /// Bound on its error, in the same unit.
    pub error_max: f64,
}

/// W1 between two tables counted on the same bins.
///
/// # Errors
///
/// [`Error::BinsDiffer`], [`Error::NotEnough`] when a table has no rows.
///
/// ```
/// use driftledger::statistics::wasserstein_binned::{Span, wasserstein_binned};
/// let span = Span { edges: &[1.0, 2.0], low: 0.0, high: 3.0 };
/// let moved = wasserstein_binned(&[10, 0, 0], &[0, 0, 10], &span).unwrap();
/// assert!((moved.value - 2.0).abs() <= moved.error_max);
/// ```
pub fn wasserstein_binned(
    reference: &[u64],
    batch: &[u64],
    span: &Span<'_>,
) -> Result<BinnedDistance> {
    if reference.len() != batch.len() || reference.len() != span.edges.len() + 1 {
        return Err(Error::BinsDiffer { reference: reference.len(), batch: batch.len() });
    }
    let (m, n) = (reference.iter().sum::<u64>(), batch.iter().sum::<u64>());
    if m == 0 || n == 0 {
        return Err(Error::NotEnough { found: 0, needed: 1 });
    }
    let (mut value, mut error_max, mut before) = (0.0, 0.0, 0.0_f64);
    let mut left = span.low;
    for (index, (&r, &b)) in reference.iter().zip(batch).enumerate() {
        let right =
            span.edges.get(index).copied().unwrap_or(span.high).clamp(left, span.high.max(left));
        let width = right - left;
        let (p, q) = (r as f64 / m as f64, b as f64 / n as f64);
        let after = before + q - p;
        value += width * line_area(before, after);
        error_max += width * (p.min(q) + (q - p).abs() / 2.0);
        before = after;
        left = right;
    }
    Ok(BinnedDistance { value, error_max })
}

/// Mean of |line from a to b| over a unit interval.
fn line_area(a: f64, b: f64) -> f64 {
    if a * b >= 0.0 {
        f64::midpoint(a.abs(), b.abs())
    } else {
        (a * a + b * b) / (2.0 * (a - b).abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::wasserstein::wasserstein;

    #[test]
    fn the_distance_of_the_rows_lies_within_the_bound() {
        let reference: Vec<f64> = (0..1000).map(|i| f64::from(i) / 100.0).collect();
        for shift in [0.0, 0.3, 1.7] {
            let batch: Vec<f64> = reference.iter().map(|x| (x * 0.8 + shift).min(11.0)).collect();
            let edges: Vec<f64> = (1..100).map(|k| f64::from(k) / 10.0).collect();
            let count = |sample: &[f64]| {
                let mut counts = vec![0u64; edges.len() + 1];
                for x in sample {
                    counts[edges.partition_point(|e| e < x)] += 1;
                }
                counts
            };
            let span = Span { edges: &edges, low: 0.0, high: 11.0 };
            let binned = wasserstein_binned(&count(&reference), &count(&batch), &span).unwrap();
            let exact = wasserstein(&reference, &batch).unwrap();
            assert!((binned.value - exact).abs() <= binned.error_max, "{binned:?} {exact}");
            assert!((binned.value - exact).abs() < 0.02, "{binned:?} {exact}");
        }
    }

    #[test]
    fn empty_tables_have_no_distance() {
        let span = Span { edges: &[1.0], low: 0.0, high: 2.0 };
        assert!(wasserstein_binned(&[0, 0], &[1, 1], &span).is_err());
    }
}
