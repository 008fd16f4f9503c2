//! Process capability Ppk: how comfortably do values lie within their limits, counted in their own overall standard deviations?
//!
//! Source: Montgomery, *Introduction to Statistical Quality Control*, 7th ed., section 8.3.4 (Ppk); AIAG, *Statistical Process
//! Control*, 2nd ed. Vectors: `tests/vectors/statistics.json`.

use super::{Error, Result, sample};

/// From this on limits are commonly called comfortably wide.
pub const COMFORTABLE: f64 = 1.33;

/// Ppk of `values` within `(lower, upper)`, one of which may be infinite. Larger is better; 1 = the nearer limit is three standard
/// deviations from the mean; negative = the mean is outside.
///
/// ```text
/// Ppk = min( (U − x̄)/(3 s), (x̄ − L)/(3 s) ),  s² = Σ (x − x̄)²/(n − 1)
/// ```
///
/// It says what it seems to say for values that are about normal and in a steady state; from a few values it is very uncertain
/// (its standard error is near Ppk/√(2n)).
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than two values.
/// - [`Error::NotFinite`]: NaN or an infinity among the values.
/// - [`Error::NoSpread`]: all values are equal.
/// - [`Error::OutOfRange`]: no limit, a NaN, or a lower limit that is not below the upper one.
///
/// ```
/// use driftledger::statistics::capability::ppk;
/// let found = ppk(&[1.0, 2.0, 3.0], (f64::NEG_INFINITY, 8.0)).unwrap();
/// assert_eq!(found, 2.0);
/// ```
pub fn ppk(values: &[f64], (lower, upper): (f64, f64)) -> Result<f64> {
    let in_order = lower < upper;
    if !in_order || !(lower.is_finite() || upper.is_finite()) {
        return Err(Error::OutOfRange { name: "upper", value: upper });
    }
    let values = sample::sorted(values, 2)?;
    if values.first() == values.last() {
        return Err(Error::NoSpread);
    }
    let mean = sample::mean(&values);
    let spread = 3.0 * libm::sqrt(sample::squares(&values) / (values.len() as f64 - 1.0));
    let found = ((upper - mean) / spread).min((mean - lower) / spread);
    if found.is_finite() { Ok(found) } else { Err(Error::NoSpread) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_limit_counts() {
        let values = [4.0, 5.0, 6.0];
        assert_eq!(ppk(&values, (2.0, 11.0)).unwrap(), 1.0);
        assert_eq!(ppk(&values, (f64::NEG_INFINITY, 2.0)).unwrap(), -1.0);
    }

    #[test]
    fn what_has_no_answer() {
        let open = (f64::NEG_INFINITY, f64::INFINITY);
        assert!(matches!(ppk(&[1.0, 2.0], open), Err(Error::OutOfRange { .. })));
        assert!(matches!(ppk(&[1.0, 2.0], (3.0, 3.0)), Err(Error::OutOfRange { .. })));
        assert!(matches!(ppk(&[1.0, 2.0], (f64::NAN, 3.0)), Err(Error::OutOfRange { .. })));
        assert_eq!(ppk(&[0.1; 9], (0.0, 1.0)), Err(Error::NoSpread));
        assert!(matches!(ppk(&[1.0], (0.0, 2.0)), Err(Error::NotEnough { .. })));
        assert!(matches!(ppk(&[1.0, f64::NAN], (0.0, 2.0)), Err(Error::NotFinite { .. })));
    }
}
