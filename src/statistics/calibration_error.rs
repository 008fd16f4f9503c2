//! Expected calibration error: how far are the observed shares per score bin from the scores themselves, beyond what chance
//! alone would show?
//!
//! The plain figure is biased upwards: perfect scores give about Σ w_b √(2 v_b/π), never 0. Hence the debiased figure and
//! the band in which the plain one falls when the scores are right.
//!
//! Source: Naeini, Cooper & Hauskrecht 2015, *Obtaining well calibrated probabilities using Bayesian binning*, AAAI;
//! bias by the mean of a half-normal (`docs/STATISTICS.md`, section on calibration).

use super::draws::Draws;
use super::{Error, Result};
use serde::{Deserialize, Serialize};

/// Draws behind the band.
const DRAWS: usize = 4_000;

/// The rows of one score bin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScoreBin {
    /// Rows.
    pub rows: u64,
    /// Rows with the event.
    pub events: u64,
    /// Σ s.
    pub score_sum: f64,
    /// Σ s (1 − s): the variance of the number of events when the scores are right.
    pub variance_sum: f64,
}

/// The calibration error and what chance alone would show.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CalibrationError {
    /// Σ w_b |observed − mean score|.
    pub estimate: f64,
    /// Its mean when the scores are right.
    pub by_chance: f64,
    /// The band that holds it with 95 % when the scores are right.
    #[schema(value_type = Vec<f64>)]
    pub null_band: [f64; 2],
    /// max(0, estimate − by_chance).
    pub debiased: f64,
}

/// The calibration error over `bins`; empty bins are skipped.
///
/// ```text
/// ECE = Σ_b (n_b/n) |k_b/n_b − s̄_b|;   by chance: Σ_b (n_b/n) √(2 v_b/π),  v_b = Σ s(1 − s)/n_b²
/// ```
///
/// 0 = calibrated, at most 1. The band comes from 4 000 seeded draws of half-normals.
///
/// # Errors
///
/// - [`Error::NotEnough`]: no rows.
/// - [`Error::NotFinite`]: a sum that is not finite.
///
/// ```
/// use driftledger::statistics::calibration_error::{ScoreBin, calibration_error};
/// let bin = ScoreBin { rows: 100, events: 30, score_sum: 20.0, variance_sum: 16.0 };
/// assert!((calibration_error(&[bin]).unwrap().estimate - 0.1).abs() < 1e-12);
/// ```
pub fn calibration_error(bins: &[ScoreBin]) -> Result<CalibrationError> {
    let finite = |bin: &ScoreBin| bin.score_sum.is_finite() && bin.variance_sum.is_finite();
    if let Some(index) = bins.iter().position(|bin| !finite(bin)) {
        return Err(Error::NotFinite { index });
    }
    let rows: u64 = bins.iter().map(|bin| bin.rows).sum();
    if rows == 0 {
        return Err(Error::NotEnough { found: 0, needed: 1 });
    }
    let total = rows as f64;
    let off = |bin: &ScoreBin| (bin.events as f64 - bin.score_sum).abs() / total;
    let estimate: f64 = bins.iter().map(off).sum();
    let spreads: Vec<f64> =
        bins.iter().map(|bin| libm::sqrt(bin.variance_sum.max(0.0)) / total).collect();
    let mean_of_half_normal = libm::sqrt(2.0 / std::f64::consts::PI);
    let by_chance = mean_of_half_normal * spreads.iter().sum::<f64>();
    let null_band = band(&spreads);
    Ok(CalibrationError {
        estimate,
        by_chance,
        null_band,
        debiased: (estimate - by_chance).max(0.0),
    })
}

/// The central 95 % of Σ |N(0, spread²)|.
fn band(spreads: &[f64]) -> [f64; 2] {
    let mut draws = Draws::new([11; 32]);
    let mut sums: Vec<f64> = (0..DRAWS)
        .map(|_| spreads.iter().map(|spread| spread * draws.normal().abs()).sum())
        .collect();
    sums.sort_by(f64::total_cmp);
    [sums[DRAWS / 40], sums[DRAWS - 1 - DRAWS / 40]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(rows: u64, events: u64, score: f64) -> ScoreBin {
        let n = rows as f64;
        ScoreBin { rows, events, score_sum: n * score, variance_sum: n * score * (1.0 - score) }
    }

    #[test]
    fn the_plain_figure_and_its_bias() {
        let bins = [bin(400, 60, 0.1), bin(0, 0, 0.0), bin(600, 300, 0.5)];
        let found = calibration_error(&bins).unwrap();
        assert!((found.estimate - 0.02).abs() < 1e-12);
        // Σ w_b √(2 p(1 − p)/(π n_b)) of the formula
        let expected = 0.4 * (2.0 * 0.09 / (std::f64::consts::PI * 400.0_f64)).sqrt()
            + 0.6 * (2.0 * 0.25 / (std::f64::consts::PI * 600.0_f64)).sqrt();
        assert!((found.by_chance - expected).abs() < 1e-12, "{found:?}");
        assert!((found.debiased - (0.02 - expected)).abs() < 1e-12);
    }

    #[test]
    fn right_scores_stay_in_the_band() {
        // 200 samples of 1 000 rows whose scores are right: about 95 % lie in the band
        let mut draws = Draws::new([1; 32]);
        let mut inside = 0;
        for _ in 0..200 {
            let mut bins = [bin(0, 0, 0.0); 10];
            for _ in 0..1_000 {
                let score = draws.uniform();
                let bin = &mut bins[((10.0 * score) as usize).min(9)];
                bin.rows += 1;
                bin.events += u64::from(draws.uniform() < score);
                bin.score_sum += score;
                bin.variance_sum += score * (1.0 - score);
            }
            let found = calibration_error(&bins).unwrap();
            inside += u32::from(
                found.null_band[0] <= found.estimate && found.estimate <= found.null_band[1],
            );
        }
        assert!((180..=198).contains(&inside), "{inside}");
    }

    #[test]
    fn without_rows_or_with_certain_scores() {
        assert!(calibration_error(&[]).is_err() && calibration_error(&[bin(0, 0, 0.5)]).is_err());
        let certain = calibration_error(&[bin(10, 10, 1.0), bin(10, 0, 0.0)]).unwrap();
        assert_eq!((certain.estimate, certain.by_chance, certain.null_band), (0.0, 0.0, [0.0; 2]));
    }
}
