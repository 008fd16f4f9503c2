//! Individuals chart: is one value per batch beyond what its neighbours let expect?
//!
//! Source: Montgomery 2019, *Introduction to Statistical Quality Control*, 8th ed., section 6.4 (moving range of two).
//! Vectors: `tests/vectors/statistics.json`.

use super::{Point, RANGE_OF_TWO};
use crate::statistics::{Error, Result, sample};

/// Frozen limits of a series of single values.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Mean of the values.
    pub center: f64,
    /// Standard deviation from the mean moving range.
    pub sigma: f64,
    /// center − 3 sigma.
    pub lower: f64,
    /// center + 3 sigma.
    pub upper: f64,
}

/// Learns the limits from retrospective values in order of time.
///
/// ```text
/// x̄ ± 3 · MR̄/d₂,  MR̄ = mean |x_i − x_{i−1}|,  d₂ = 2/√π = 1.128
/// ```
///
/// Provisional below 100 values: with 20, the true distance between false alarms is anything from 34 to 5 665 values.
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than two values.
/// - [`Error::NotFinite`]: NaN or an infinity.
/// - [`Error::NoSpread`]: all values are equal.
///
/// ```
/// use driftledger::statistics::control_charts::individuals::limits;
/// let limits = limits(&[10.0, 12.0, 10.0, 12.0]).unwrap();
/// assert!((limits.center - 11.0).abs() < 1e-12 && (limits.upper - 16.317).abs() < 1e-3);
/// ```
pub fn limits(series: &[f64]) -> Result<Limits> {
    sample::check(series, 2)?;
    let ranges = series.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum::<f64>();
    let sigma = ranges / (series.len() - 1) as f64 / RANGE_OF_TWO;
    if sigma <= 0.0 {
        return Err(Error::NoSpread);
    }
    let center = sample::mean(series);
    Ok(Limits { center, sigma, lower: center - 3.0 * sigma, upper: center + 3.0 * sigma })
}

/// The values against their limits.
///
/// # Errors
///
/// - [`Error::NotFinite`]: NaN or an infinity.
///
/// ```
/// use driftledger::statistics::control_charts::individuals::{chart, limits};
/// let limits = limits(&[10.0, 12.0, 10.0, 12.0]).unwrap();
/// assert!(chart(&[11.0, 17.0], &limits).unwrap()[1].is_signal());
/// ```
pub fn chart(series: &[f64], limits: &Limits) -> Result<Vec<Point>> {
    sample::check(series, 0)?;
    let point = |&value: &f64| Point { value, lower: limits.lower, upper: limits.upper };
    Ok(series.iter().map(point).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_one_value_and_equal_values() {
        assert_eq!(limits(&[]), Err(Error::NotEnough { found: 0, needed: 2 }));
        assert_eq!(limits(&[1.0]), Err(Error::NotEnough { found: 1, needed: 2 }));
        assert_eq!(limits(&[1.0; 9]), Err(Error::NoSpread));
        assert_eq!(limits(&[1.0, f64::NAN]), Err(Error::NotFinite { index: 1 }));
        let known = limits(&[1.0, 2.0, 4.0]).unwrap();
        assert!((known.sigma - 1.5 / std::f64::consts::FRAC_2_SQRT_PI).abs() < 1e-15);
        assert_eq!(chart(&[], &known), Ok(vec![]));
    }
}
