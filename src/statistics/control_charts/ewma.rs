//! EWMA chart: has the mean moved a little and stayed there?
//!
//! Source: Roberts 1959, *Control chart tests based on geometric moving averages*, Technometrics 1; Lucas & Saccucci 1990,
//! Technometrics 32, 1–12 (weights and widths). Vectors: `tests/vectors/statistics.json`.

use super::Point;
use crate::statistics::{Error, Result, sample};

/// Weight and width of an EWMA chart.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Settings {
    /// λ in (0, 1]: weight of the newest value.
    pub weight: f64,
    /// L: half the width of the band, in standard deviations of the average.
    pub width: f64,
}

impl Default for Settings {
    /// λ = 0.2, L = 2.962: one false signal in 500 values on average.
    fn default() -> Self {
        Self { weight: 0.2, width: 2.962 }
    }
}

/// The weighted averages of `series` with their limits.
///
/// ```text
/// z_t = λ x_t + (1 − λ) z_{t−1},  z_0 = μ;  limits μ ± L σ √( λ/(2 − λ) · (1 − (1 − λ)^{2t}) )
/// ```
///
/// `center`: μ, `sigma`: σ (positive), both learned before.
///
/// # Errors
///
/// - [`Error::NotFinite`]: NaN or an infinity in the series.
/// - [`Error::OutOfRange`]: a weight outside (0, 1], or a width or sigma that is not positive.
///
/// ```
/// use driftledger::statistics::control_charts::ewma::{Settings, chart};
/// let points = chart(&[1.0; 8], 0.0, 1.0, Settings::default()).unwrap();
/// assert!((points[0].value - 0.2).abs() < 1e-15 && points[7].value < 1.0);
/// ```
pub fn chart(series: &[f64], center: f64, sigma: f64, settings: Settings) -> Result<Vec<Point>> {
    sample::check(series, 0)?;
    let Settings { weight, width } = settings;
    let positive = |value: f64| value > 0.0 && value.is_finite();
    if !(positive(weight) && weight <= 1.0) {
        return Err(Error::OutOfRange { name: "weight", value: weight });
    }
    for (name, value) in [("width", width), ("sigma", sigma)] {
        if !positive(value) {
            return Err(Error::OutOfRange { name, value });
        }
    }
    let mut average = center;
    let mut faded = 1.0;
    let points = series.iter().map(|value| {
        average = weight * value + (1.0 - weight) * average;
        faded *= (1.0 - weight) * (1.0 - weight);
        let half = width * sigma * libm::sqrt(weight / (2.0 - weight) * (1.0 - faded));
        Point { value: average, lower: center - half, upper: center + half }
    });
    Ok(points.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_signals_and_the_limits_widen_to_their_end() {
        let points = chart(&[1.0; 40], 0.0, 1.0, Settings::default()).unwrap();
        assert!(!points[0].is_signal() && points[39].is_signal());
        assert!((points[39].upper - 2.962 / 3.0).abs() < 1e-6);
        assert!((points[0].upper - 2.962 * 0.2).abs() < 1e-12);
    }

    #[test]
    fn impossible_settings_are_refused() {
        assert_eq!(chart(&[], 0.0, 1.0, Settings::default()), Ok(vec![]));
        assert!(chart(&[1.0], 0.0, 0.0, Settings::default()).is_err());
        assert!(chart(&[1.0], 0.0, 1.0, Settings { weight: 1.5, width: 3.0 }).is_err());
        assert!(chart(&[f64::NAN], 0.0, 1.0, Settings::default()).is_err());
    }
}
