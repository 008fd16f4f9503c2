//! Laney p′ chart: has a rate left its natural variation between batches? The right chart for large batches, where a plain p
//! chart calls every batch out of control.
//!
//! Source: Laney 2002, *Improved control charts for attributes*, Quality Engineering 14(4), 531–537. Vectors:
//! `tests/vectors/statistics.json`.

use super::{Point, RANGE_OF_TWO};
use crate::statistics::{Error, Result};

/// Frozen centre and variation between batches.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// p̄: all successes over all trials.
    pub center: f64,
    /// σ_z: 1 = as binomial; larger = natural variation between batches.
    pub sigma_z: f64,
}

/// Learns centre and variation from retrospective batches, (successes, trials) in order of time.
///
/// ```text
/// z_i = (p_i − p̄)/√(p̄(1 − p̄)/n_i),  σ_z = mean |z_i − z_{i−1}| / 1.128
/// ```
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than two batches, or one without trials.
/// - [`Error::OutOfRange`]: more successes than trials.
/// - [`Error::NoSpread`]: only successes, only failures, or all standardised rates equal.
///
/// ```
/// use driftledger::statistics::control_charts::laney_p::limits;
/// let limits = limits(&[(10, 100), (20, 100), (10, 100)]).unwrap();
/// assert!((limits.center - 0.1333).abs() < 1e-4 && limits.sigma_z > 2.0);
/// ```
pub fn limits(batches: &[(u64, u64)]) -> Result<Limits> {
    if batches.len() < 2 {
        return Err(Error::NotEnough { found: batches.len(), needed: 2 });
    }
    checked(batches)?;
    let successes: u64 = batches.iter().map(|batch| batch.0).sum();
    let trials: u64 = batches.iter().map(|batch| batch.1).sum();
    if successes == 0 || successes == trials {
        return Err(Error::NoSpread);
    }
    let center = successes as f64 / trials as f64;
    let standard = |&(successes, trials): &(u64, u64)| {
        (successes as f64 / trials as f64 - center) / binomial_error(center, trials)
    };
    let scores: Vec<f64> = batches.iter().map(standard).collect();
    let ranges = scores.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum::<f64>();
    let sigma_z = ranges / (scores.len() - 1) as f64 / RANGE_OF_TWO;
    if sigma_z > 0.0 { Ok(Limits { center, sigma_z }) } else { Err(Error::NoSpread) }
}

/// The rates against p̄ ± 3 σ_z √(p̄(1 − p̄)/n), cut off at 0 and 1.
///
/// # Errors
///
/// - [`Error::NotEnough`]: a batch without trials.
/// - [`Error::OutOfRange`]: more successes than trials.
///
/// ```
/// use driftledger::statistics::control_charts::laney_p::{Limits, chart};
/// let limits = Limits { center: 0.1, sigma_z: 1.0 };
/// assert!(chart(&[(20, 100)], &limits).unwrap()[0].is_signal());
/// ```
pub fn chart(batches: &[(u64, u64)], limits: &Limits) -> Result<Vec<Point>> {
    checked(batches)?;
    let point = |&(successes, trials): &(u64, u64)| {
        let half = 3.0 * limits.sigma_z * binomial_error(limits.center, trials);
        Point {
            value: successes as f64 / trials as f64,
            lower: (limits.center - half).max(0.0),
            upper: (limits.center + half).min(1.0),
        }
    };
    Ok(batches.iter().map(point).collect())
}

fn binomial_error(share: f64, trials: u64) -> f64 {
    libm::sqrt(share * (1.0 - share) / trials as f64)
}

fn checked(batches: &[(u64, u64)]) -> Result<()> {
    for &(successes, trials) in batches {
        if trials == 0 {
            return Err(Error::NotEnough { found: 0, needed: 1 });
        }
        if successes > trials {
            return Err(Error::OutOfRange { name: "successes", value: successes as f64 });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn natural_variation_widens_the_limits() {
        let batches = [(1_000, 10_000), (1_300, 10_000), (900, 10_000), (1_250, 10_000)];
        let limits = limits(&batches).unwrap();
        let plain = Limits { sigma_z: 1.0, ..limits };
        assert!(chart(&batches, &plain).unwrap().iter().any(Point::is_signal));
        assert!(!chart(&batches, &limits).unwrap().iter().any(Point::is_signal));
        // by hand: mean moving range of the four standardised rates
        let error = (0.11125_f64 * (1.0 - 0.11125) / 1e4).sqrt();
        let expected = (0.03 + 0.04 + 0.035) / 3.0 / error / std::f64::consts::FRAC_2_SQRT_PI;
        assert!((limits.sigma_z / expected - 1.0).abs() < 1e-12);
    }

    #[test]
    fn batches_that_cannot_be_charted_are_refused() {
        assert!(limits(&[(1, 2)]).is_err() && limits(&[(1, 2), (1, 0)]).is_err());
        assert_eq!(limits(&[(0, 5), (0, 9)]), Err(Error::NoSpread));
        assert_eq!(limits(&[(1, 10), (1, 10)]), Err(Error::NoSpread));
        assert!(limits(&[(3, 2), (1, 2)]).is_err());
        assert!(chart(&[(0, 0)], &Limits { center: 0.1, sigma_z: 1.0 }).is_err());
    }
}
