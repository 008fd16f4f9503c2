//! Brier score: how far are the scores from what happened, on average, squared?
//!
//! Source: Brier 1950, *Verification of forecasts expressed in terms of probability*, Monthly Weather Review 78, 1–3 (two
//! classes, one of them counted). Checked against scikit-learn in the tests of `src/drift/performance/calibration.rs`.

use super::intervals::Interval;
use super::{Error, Result, normal};

/// Mean of (score − event)² with its normal interval, cut off at 0 and 1. 0 is best; 0.25 is what a constant ½ gives.
///
/// `without` and `with`: rows without and with the event per score.
///
/// # Errors
///
/// - [`Error::BinsDiffer`]: slices of different lengths.
/// - [`Error::NotEnough`]: no rows.
/// - [`Error::OutOfRange`]: a confidence outside (0, 1).
///
/// ```
/// use driftledger::statistics::brier_score::brier_score;
/// assert_eq!(brier_score(&[0.5], &[3], &[1], 0.95).unwrap().estimate, 0.25);
/// ```
pub fn brier_score(
    scores: &[f64],
    without: &[u64],
    with: &[u64],
    confidence: f64,
) -> Result<Interval> {
    if scores.len() != without.len() || scores.len() != with.len() {
        return Err(Error::BinsDiffer { reference: scores.len(), batch: with.len() });
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(Error::OutOfRange { name: "confidence", value: confidence });
    }
    let (mut rows, mut sum, mut square) = (0.0, 0.0, 0.0);
    for ((score, without), with) in scores.iter().zip(without).zip(with) {
        let (without, with) = (*without as f64, *with as f64);
        let (missed, hit) = (score * score, (1.0 - score) * (1.0 - score));
        rows += without + with;
        sum += without * missed + with * hit;
        square += without * missed * missed + with * hit * hit;
    }
    if rows <= 0.0 {
        return Err(Error::NotEnough { found: 0, needed: 1 });
    }
    let estimate = sum / rows;
    let variance = (square / rows - estimate * estimate).max(0.0) / (rows - 1.0).max(1.0);
    let half = -normal::quantile(0.5 * (1.0 - confidence)) * libm::sqrt(variance);
    Ok(Interval { lower: (estimate - half).max(0.0), estimate, upper: (estimate + half).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_a_mean() {
        let found = brier_score(&[0.2, 0.8], &[3, 1], &[1, 3], 0.95).unwrap();
        // NumPy: losses 0.04 six times and 0.64 twice; mean 0.19, sd (n − 1) 0.277746
        assert!((found.estimate - 0.19).abs() < 1e-15);
        let half = 1.959_963_984_540_054 * 0.277_746_0 / 8.0_f64.sqrt();
        assert!((found.upper - 0.19 - half).abs() < 1e-5 && found.lower == 0.0, "{found:?}");
        assert!(brier_score(&[], &[], &[], 0.95).is_err());
        assert!(brier_score(&[0.5], &[1], &[], 0.95).is_err());
    }
}
