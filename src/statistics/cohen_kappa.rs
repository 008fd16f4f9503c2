//! Cohen's κ: how much do two raters agree beyond what their own class shares would give by chance?
//!
//! Collapses when one class dominates; show Gwet's AC1 beside it.
//!
//! Source: Cohen 1960, *A coefficient of agreement for nominal scales*, Educ. Psychol. Meas. 20, equation 1; interval by
//! jackknife over cases. Vectors: `tests/vectors/statistics.json`.

use super::intervals::Interval;
use super::{Result, jackknife};

/// κ of a square table (rows: first rater's class, columns: second rater's) with its jackknife interval. 1 = always agree, 0 =
/// as by chance.
///
/// ```text
/// κ = (p_o − p_e)/(1 − p_e),  p_e = Σ_k p_k· p_·k
/// ```
///
/// # Errors
///
/// - [`super::Error::NotEnough`]: fewer than two classes or cases.
/// - [`super::Error::BinsDiffer`]: the table is not square.
/// - [`super::Error::OutOfRange`]: a confidence outside (0, 1).
/// - [`super::Error::NoSpread`]: both raters used one class only (or would, without one of the cases).
///
/// ```
/// use driftledger::statistics::cohen_kappa::cohen_kappa;
/// let found = cohen_kappa(&[vec![20, 5], vec![10, 15]], 0.95).unwrap();
/// assert!((found.estimate - 0.4).abs() < 1e-12);
/// ```
pub fn cohen_kappa(table: &[Vec<u64>], confidence: f64) -> Result<Interval> {
    jackknife::interval(table, confidence, kappa)
}

/// κ without an interval: also where leaving one case out leaves one class, or none.
///
/// # Errors
///
/// As [`cohen_kappa`], but [`super::Error::NoSpread`] only where both raters used one class, and one case is enough.
///
/// ```
/// use driftledger::statistics::cohen_kappa::estimate;
/// assert_eq!(estimate(&[vec![2, 0], vec![1, 0]]).unwrap(), 0.0);
/// ```
pub fn estimate(table: &[Vec<u64>]) -> Result<f64> {
    jackknife::estimate(table, kappa)
}

fn kappa(table: &[Vec<f64>]) -> Option<f64> {
    let (agreed, first, second) = jackknife::shares(table);
    let chance: f64 = first.iter().zip(&second).map(|(a, b)| a * b).sum();
    (chance < 1.0 - 1e-12).then(|| (agreed - chance) / (1.0 - chance))
}

#[cfg(test)]
mod tests {
    use super::super::Error;
    use super::*;

    #[test]
    fn the_interval_is_close_to_the_large_sample_one() {
        // Fleiss, Cohen & Everitt 1969: SE of κ for this table is 0.1266 with n = 50
        let found = cohen_kappa(&[vec![20, 5], vec![10, 15]], 0.95).unwrap();
        let error = (found.upper - found.lower) / (2.0 * 1.959_964);
        assert!((error - 0.1266).abs() < 0.008, "{error}");
    }

    #[test]
    fn perfect_agreement_and_one_class() {
        let perfect = cohen_kappa(&[vec![5, 0], vec![0, 5]], 0.95).unwrap();
        assert_eq!((perfect.lower, perfect.estimate, perfect.upper), (1.0, 1.0, 1.0));
        assert_eq!(cohen_kappa(&[vec![9, 0], vec![0, 0]], 0.95), Err(Error::NoSpread));
        assert!(cohen_kappa(&[vec![1]], 0.95).is_err() && cohen_kappa(&[], 0.95).is_err());
        assert!(cohen_kappa(&[vec![1, 2], vec![3]], 0.95).is_err());
        assert!(cohen_kappa(&[vec![0, 0], vec![0, 0]], 0.95).is_err());
    }
}
