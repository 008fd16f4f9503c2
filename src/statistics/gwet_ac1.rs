//! Gwet's AC1: agreement of two raters beyond chance that does not collapse when one class dominates.
//!
//! Source: Gwet 2008, *Computing inter-rater reliability and its variance in the presence of high agreement*, Br. J. Math.
//! Stat. Psychol. 61, equations 4 and 5; interval by jackknife over cases. Vectors: `tests/vectors/statistics.json`.

use super::intervals::Interval;
use super::{Result, jackknife};

/// AC1 of a square table (rows: first rater's class, columns: second rater's) with its jackknife interval. 1 = always agree.
///
/// ```text
/// AC1 = (p_o − p_γ)/(1 − p_γ),  p_γ = Σ_k π_k (1 − π_k)/(K − 1),  π_k = mean share of class k of the two raters
/// ```
///
/// # Errors
///
/// - [`super::Error::NotEnough`]: fewer than two classes or cases.
/// - [`super::Error::BinsDiffer`]: the table is not square.
/// - [`super::Error::OutOfRange`]: a confidence outside (0, 1).
///
/// ```
/// use driftledger::statistics::gwet_ac1::gwet_ac1;
/// let found = gwet_ac1(&[vec![118, 5], vec![2, 0]], 0.95).unwrap();
/// assert!((found.estimate - 0.9408).abs() < 1e-4);
/// ```
pub fn gwet_ac1(table: &[Vec<u64>], confidence: f64) -> Result<Interval> {
    jackknife::interval(table, confidence, |table| Some(ac1(table)))
}

/// AC1 without an interval: also of a single case.
///
/// # Errors
///
/// As [`gwet_ac1`], but [`super::Error::NotEnough`] only without a case.
///
/// ```
/// use driftledger::statistics::gwet_ac1::estimate;
/// assert_eq!(estimate(&[vec![0, 0], vec![1, 0]]).unwrap(), -1.0);
/// ```
pub fn estimate(table: &[Vec<u64>]) -> Result<f64> {
    jackknife::estimate(table, |table| Some(ac1(table)))
}

fn ac1(table: &[Vec<f64>]) -> f64 {
    let (agreed, first, second) = jackknife::shares(table);
    let means = first.iter().zip(&second).map(|(a, b)| 0.5 * (a + b));
    let chance = means.map(|mean| mean * (1.0 - mean)).sum::<f64>() / (table.len() - 1) as f64;
    // chance is at most 1/K, so the denominator is never 0
    (agreed - chance) / (1.0 - chance)
}

#[cfg(test)]
mod tests {
    use super::super::cohen_kappa::cohen_kappa;
    use super::*;

    #[test]
    fn a_dominating_class_does_not_collapse_it() {
        let table = [vec![118, 5], vec![2, 0]];
        assert!(gwet_ac1(&table, 0.95).unwrap().estimate > 0.9);
        assert!(cohen_kappa(&table, 0.95).unwrap().estimate < 0.0);
    }

    #[test]
    fn the_ends_and_the_impossible() {
        assert_eq!(gwet_ac1(&[vec![9, 0], vec![0, 0]], 0.95).unwrap().estimate, 1.0);
        assert_eq!(gwet_ac1(&[vec![0, 5], vec![5, 0]], 0.95).unwrap().estimate, -1.0);
        assert!(gwet_ac1(&[vec![1, 0], vec![0, 0]], 0.95).is_err());
        assert!(gwet_ac1(&[vec![1, 0, 1], vec![0, 0]], 0.95).is_err());
    }
}
