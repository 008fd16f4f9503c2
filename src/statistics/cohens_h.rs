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
    for (successes, trials) in [reference, batch] {
        if trials == 0 {
            return Err(Error::NotEnough { found: 0, needed: 1 });
        }
        if successes > trials {
            return Err(Error::OutOfRange { name: "successes", value: successes as f64 });
        }
    }
    // asin √p is the angle of (√failures, √successes); the angle between both sides comes from their products, in whole numbers
    // as long as they cancel
    let [x, n, y, m] = [batch.0, batch.1, reference.0, reference.1].map(u128::from);
    let (up, down) = (x * (m - y), y * (n - x));
    let apart = if up >= down { (up - down) as f64 } else { -((down - up) as f64) };
    let both = libm::sqrt(up as f64) + libm::sqrt(down as f64);
    let across = if both > 0.0 { apart / both } else { 0.0 };
    let along = libm::sqrt((x * y) as f64) + libm::sqrt(((n - x) * (m - y)) as f64);
    Ok(2.0 * libm::atan2(across, along))
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
