//! z-test of two proportions: could the two rates be the same?
//!
//! Source: Fleiss, Levin & Paik 2003, *Statistical Methods for Rates and Proportions*, 3rd ed., equation 3.5 without
//! correction. Vectors: `tests/vectors/statistics.json`.

use super::significance::Significance;
use super::{Error, Result, normal};

/// Pooled two-sided z-test of batch − reference; each pair is (successes, trials). Positive = the batch's rate is higher.
///
/// ```text
/// z = (p̂_b − p̂_r) / √( p̂ (1 − p̂) (1/n_b + 1/n_r) ),  p̂ = pooled rate
/// ```
///
/// Needs some successes and failures in both for the normal law to hold; use `fisher_exact` otherwise.
///
/// # Errors
///
/// - [`Error::NotEnough`]: no trials on one side.
/// - [`Error::OutOfRange`]: more successes than trials.
/// - [`Error::NoSpread`]: only successes or only failures.
///
/// ```
/// use driftledger::statistics::z_proportion::z_proportion;
/// assert!(z_proportion((40, 100), (60, 100)).unwrap().statistic > 2.8);
/// ```
pub fn z_proportion(reference: (u64, u64), batch: (u64, u64)) -> Result<Significance> {
    for (successes, trials) in [reference, batch] {
        if trials == 0 {
            return Err(Error::NotEnough { found: 0, needed: 1 });
        }
        if successes > trials {
            return Err(Error::OutOfRange { name: "successes", value: successes as f64 });
        }
    }
    let (n, m) = (batch.1 as f64, reference.1 as f64);
    let pooled = (batch.0 + reference.0) as f64 / (n + m);
    if batch.0 + reference.0 == 0 || batch.0 + reference.0 == batch.1 + reference.1 {
        return Err(Error::NoSpread);
    }
    let error = libm::sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m));
    let z = (batch.0 as f64 / n - reference.0 as f64 / m) / error;
    Ok(Significance::asymptotic(z, 2.0 * normal::sf(z.abs())))
}

#[cfg(test)]
mod tests {
    use super::super::chi_square::chi_square;
    use super::*;

    #[test]
    fn its_square_is_the_chi_square_of_the_table() {
        let z = z_proportion((40, 100), (60, 100)).unwrap();
        let x = chi_square(&[40, 60], &[60, 40]).unwrap();
        assert!((z.statistic * z.statistic - x.statistic).abs() < 1e-12);
        assert!((z.p_value / x.p_value - 1.0).abs() < 1e-10);
    }

    #[test]
    fn rates_without_spread_and_equal_ones() {
        assert_eq!(z_proportion((0, 10), (0, 5)), Err(Error::NoSpread));
        assert_eq!(z_proportion((10, 10), (5, 5)), Err(Error::NoSpread));
        assert_eq!(z_proportion((5, 10), (50, 100)).unwrap().p_value, 1.0);
        assert!(z_proportion((1, 0), (1, 2)).is_err() && z_proportion((3, 2), (1, 2)).is_err());
    }
}
