//! CUSUM chart: how much has the series drifted from its centre, net of an allowance, since it last touched it?
//!
//! Source: Page 1954, *Continuous inspection schemes*, Biometrika 41; Montgomery 2019, section 9.1. Vectors:
//! `tests/vectors/statistics.json`.

use crate::statistics::{Error, Result, sample};

/// Allowance and decision interval of a CUSUM chart, in standard deviations.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Settings {
    /// k: half the shift to be found.
    pub allowance: f64,
    /// h: the sum that signals.
    pub decision: f64,
}

impl Default for Settings {
    /// k = ½, h = 5: one false signal in 465 values on average, a shift of one standard deviation in 10.
    fn default() -> Self {
        Self { allowance: 0.5, decision: 5.0 }
    }
}

/// Both sums after one value, in standard deviations.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Sums {
    /// C⁺: evidence of a shift upwards.
    pub high: f64,
    /// C⁻: evidence of a shift downwards.
    pub low: f64,
    /// Whether one of them exceeds the decision interval.
    pub signal: bool,
}

/// The sums of `series`; they go on after a signal.
///
/// ```text
/// C⁺ ← max(0, C⁺ + (x − μ)/σ − k),  C⁻ ← max(0, C⁻ − (x − μ)/σ − k)
/// ```
///
/// `center`: μ, `sigma`: σ (positive), both learned before.
///
/// # Errors
///
/// - [`Error::NotFinite`]: NaN or an infinity in the series.
/// - [`Error::OutOfRange`]: a negative allowance, or a decision interval or sigma that is not positive.
///
/// ```
/// use driftledger::statistics::control_charts::cusum::{Settings, chart};
/// let sums = chart(&[1.5; 6], 0.0, 1.0, Settings::default()).unwrap();
/// assert!(!sums[4].signal && sums[5].signal);
/// ```
pub fn chart(series: &[f64], center: f64, sigma: f64, settings: Settings) -> Result<Vec<Sums>> {
    sample::check(series, 0)?;
    let Settings { allowance, decision } = settings;
    if !(allowance >= 0.0 && allowance.is_finite()) {
        return Err(Error::OutOfRange { name: "allowance", value: allowance });
    }
    for (name, value) in [("decision", decision), ("sigma", sigma)] {
        if !(value > 0.0 && value.is_finite()) {
            return Err(Error::OutOfRange { name, value });
        }
    }
    let (mut high, mut low) = (0.0_f64, 0.0_f64);
    let sums = series.iter().map(|value| {
        let standard = (value - center) / sigma;
        high = (high + standard - allowance).max(0.0);
        low = (low - standard - allowance).max(0.0);
        Sums { high, low, signal: high > decision || low > decision }
    });
    Ok(sums.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_add_up_and_fall_back_to_zero() {
        let sums = chart(&[2.0, 2.0, -5.0, -5.0], 0.0, 1.0, Settings::default()).unwrap();
        let pairs: Vec<_> = sums.iter().map(|sums| (sums.high, sums.low)).collect();
        assert_eq!(pairs, [(1.5, 0.0), (3.0, 0.0), (0.0, 4.5), (0.0, 9.0)]);
        assert!(sums[3].signal && !sums[2].signal);
    }

    #[test]
    fn impossible_settings_are_refused() {
        assert_eq!(chart(&[], 0.0, 1.0, Settings::default()), Ok(vec![]));
        assert!(chart(&[1.0], 0.0, -1.0, Settings::default()).is_err());
        assert!(chart(&[1.0], 0.0, 1.0, Settings { allowance: -0.1, decision: 4.0 }).is_err());
        assert!(chart(&[f64::INFINITY], 0.0, 1.0, Settings::default()).is_err());
    }
}
