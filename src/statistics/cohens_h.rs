//! Cohen's h: how far has a rate moved, on a scale where a point is worth the same at 1 % and at 50 %?
//!
//! Source: Cohen 1988, *Statistical Power Analysis*, 2nd ed., equation 6.2.1. Vectors: `tests/vectors/statistics.json`.

use super::{Error, Result};

/// 2 asin √p_batch − 2 asin √p_reference; each pair is (successes, trials). In [−π, π]; 0 = equal; positive = up.
///
/// # Errors
///
/// - [`Error::NotEnough`]: no trials on one side.
/// - [`Error::OutOfRange`]: more successes than trials.
///
/// ```
/// use driftledger::statistics::cohens_h::cohens_h;
/// assert!((cohens_h((50, 100), (55, 100)).unwrap() - 0.1).abs() < 1e-3);
/// ```
pub fn cohens_h(reference: (u64, u64), batch: (u64, u64)) -> Result<f64> {
    Ok(angle(batch)? - angle(reference)?)
}

fn angle((successes, trials): (u64, u64)) -> Result<f64> {
    if trials == 0 {
        return Err(Error::NotEnough { found: 0, needed: 1 });
    }
    if successes > trials {
        return Err(Error::OutOfRange { name: "successes", value: successes as f64 });
    }
    Ok(2.0 * libm::asin(libm::sqrt(successes as f64 / trials as f64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_and_the_impossible() {
        assert_eq!(cohens_h((3, 10), (30, 100)), Ok(0.0));
        assert!((cohens_h((0, 5), (5, 5)).unwrap() - std::f64::consts::PI).abs() < 1e-15);
        assert!(cohens_h((0, 0), (1, 2)).is_err() && cohens_h((3, 2), (1, 2)).is_err());
    }
}
