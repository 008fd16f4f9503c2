//! Intervals of a share and of a difference of two shares.
//!
//! Source: Clopper & Pearson 1934, Biometrika 26, 404–413; Wilson 1927, JASA 22, 209–212; Newcombe 1998, *Interval
//! estimation for the difference between independent proportions*, Statistics in Medicine 17, 873–890, method 10.
//! Vectors: `tests/vectors/statistics.json`.

use super::{Error, Result, beta, normal};

/// Two limits with the estimate between them.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Interval {
    /// The lower limit.
    pub lower: f64,
    /// The observed value.
    pub estimate: f64,
    /// The upper limit.
    pub upper: f64,
}

fn checked(successes: u64, trials: u64, confidence: f64) -> Result<(f64, f64, f64)> {
    if trials == 0 {
        return Err(Error::NotEnough { found: 0, needed: 1 });
    }
    if successes > trials {
        return Err(Error::OutOfRange { name: "successes", value: successes as f64 });
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(Error::OutOfRange { name: "confidence", value: confidence });
    }
    Ok((successes as f64, trials as f64, successes as f64 / trials as f64))
}

/// Exact two-sided interval of a share: covers with at least `confidence`, for claims.
///
/// ```text
/// lower = Beta⁻¹(α/2; x, n − x + 1),  upper = Beta⁻¹(1 − α/2; x + 1, n − x),  α = 1 − confidence
/// ```
///
/// Each limit alone is a one-sided limit at 1 − α/2: confidence 0.90 gives one-sided 95 % limits.
///
/// # Errors
///
/// - [`Error::NotEnough`]: no trials.
/// - [`Error::OutOfRange`]: more successes than trials, or a confidence outside (0, 1).
///
/// ```
/// use driftledger::statistics::intervals::clopper_pearson;
/// let interval = clopper_pearson(0, 149, 0.90).unwrap();
/// assert!((interval.upper - 0.0199).abs() < 1e-4);
/// ```
pub fn clopper_pearson(successes: u64, trials: u64, confidence: f64) -> Result<Interval> {
    let (x, n, estimate) = checked(successes, trials, confidence)?;
    let tail = 0.5 * (1.0 - confidence);
    Ok(Interval { lower: lower_share(x, n, tail), estimate, upper: upper_share(x, n, tail) })
}

/// The largest share under which `x` or fewer of `n` still have probability `tail`; `x` need not be whole.
pub(super) fn upper_share(x: f64, n: f64, tail: f64) -> f64 {
    if x >= n { 1.0 } else { beta::upper_quantile(x + 1.0, n - x, tail) }
}

/// The smallest share under which `x` or more of `n` still have probability `tail`; `x` need not be whole.
pub(super) fn lower_share(x: f64, n: f64, tail: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { beta::quantile(x, n - x + 1.0, tail) }
}

/// Whether [`upper_share`] is at most `limit`, without finding it.
pub(super) fn upper_share_is_within(x: f64, n: f64, tail: f64, limit: f64) -> bool {
    if x >= n { limit >= 1.0 } else { beta::cdf(x + 1.0, n - x, limit) >= 1.0 - tail }
}

/// Whether [`lower_share`] is at least `limit`, without finding it.
pub(super) fn lower_share_is_within(x: f64, n: f64, tail: f64, limit: f64) -> bool {
    if x <= 0.0 { limit <= 0.0 } else { beta::cdf(x, n - x + 1.0, limit) <= tail }
}

/// Score interval of a share: close to `confidence` on average, for charts.
///
/// ```text
/// ( p̂ + z²/2n ± z √( p̂(1−p̂)/n + z²/4n² ) ) / (1 + z²/n)
/// ```
///
/// # Errors
///
/// As [`clopper_pearson`].
///
/// ```
/// use driftledger::statistics::intervals::wilson;
/// assert!((wilson(0, 30, 0.90).unwrap().upper - 0.083).abs() < 1e-3);
/// ```
pub fn wilson(successes: u64, trials: u64, confidence: f64) -> Result<Interval> {
    let (x, n, estimate) = checked(successes, trials, confidence)?;
    let z = -normal::quantile(0.5 * (1.0 - confidence));
    let square = z * z;
    let center = estimate + square / (2.0 * n);
    let failed = (trials - successes) as f64 / n;
    let half = z * libm::sqrt(estimate * failed / n + square / (4.0 * n * n));
    let scale = 1.0 + square / n;
    let lower = if x <= 0.0 { 0.0 } else { ((center - half) / scale).max(0.0) };
    let upper = if x >= n { 1.0 } else { ((center + half) / scale).min(1.0) };
    Ok(Interval { lower, estimate, upper })
}

/// Interval of the difference of two shares, batch − reference, built from their Wilson intervals.
///
/// ```text
/// d = p̂₁ − p̂₂;  lower = d − √((p̂₁ − l₁)² + (u₂ − p̂₂)²),  upper = d + √((u₁ − p̂₁)² + (p̂₂ − l₂)²)
/// ```
///
/// Each pair is (successes, trials).
///
/// # Errors
///
/// As [`clopper_pearson`].
///
/// ```
/// use driftledger::statistics::intervals::newcombe;
/// let interval = newcombe((56, 70), (48, 80), 0.95).unwrap();
/// assert!((interval.lower - 0.0524).abs() < 1e-4 && (interval.upper - 0.3339).abs() < 1e-4);
/// ```
pub fn newcombe(batch: (u64, u64), reference: (u64, u64), confidence: f64) -> Result<Interval> {
    let first = wilson(batch.0, batch.1, confidence)?;
    let second = wilson(reference.0, reference.1, confidence)?;
    let estimate = first.estimate - second.estimate;
    let down = libm::hypot(first.estimate - first.lower, second.upper - second.estimate);
    let up = libm::hypot(first.upper - first.estimate, second.estimate - second.lower);
    Ok(Interval { lower: estimate - down, estimate, upper: estimate + up })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: Interval, lower: f64, upper: f64) {
        let exact = (found.lower - lower).abs() < 1e-10 && (found.upper - upper).abs() < 1e-10;
        assert!(exact, "{found:?} instead of {lower} to {upper}");
        assert!(found.lower <= found.estimate && found.estimate <= found.upper);
    }

    #[test]
    fn exact_and_score_intervals_agree_with_scipy() {
        // scipy 1.17.1: binomtest(x, n).proportion_ci(0.95, "exact" and "wilson")
        close(clopper_pearson(0, 10, 0.95).unwrap(), 0.0, 0.308_497_107_818_762_94);
        close(
            clopper_pearson(3, 10, 0.95).unwrap(),
            0.066_739_511_177_734_47,
            0.652_452_850_060_008,
        );
        close(clopper_pearson(10, 10, 0.95).unwrap(), 0.691_502_892_181_237_1, 1.0);
        close(
            clopper_pearson(500, 1_000, 0.95).unwrap(),
            0.468_549_172_971_791_94,
            0.531_450_827_028_208,
        );
        close(wilson(0, 10, 0.95).unwrap(), 0.0, 0.277_532_799_862_889_26);
        close(wilson(3, 10, 0.95).unwrap(), 0.107_791_267_406_301_02, 0.603_221_852_538_854_6);
        close(wilson(500, 1_000, 0.95).unwrap(), 0.469_069_600_368_104_2, 0.530_930_399_631_895_8);
    }

    #[test]
    fn the_difference_of_equal_shares_covers_zero() {
        let found = newcombe((5, 100), (5, 100), 0.95).unwrap();
        assert_eq!(found.estimate, 0.0);
        assert!((found.lower + found.upper).abs() < 1e-15 && found.upper > 0.0);
        let extreme = newcombe((10, 10), (0, 10), 0.95).unwrap();
        assert!(extreme.upper <= 1.0 && extreme.lower > 0.5);
    }

    #[test]
    fn impossible_counts_are_refused() {
        assert_eq!(wilson(0, 0, 0.95), Err(Error::NotEnough { found: 0, needed: 1 }));
        assert!(clopper_pearson(3, 2, 0.95).is_err());
        assert!(clopper_pearson(1, 2, 1.0).is_err());
        assert!(clopper_pearson(1, 2, f64::NAN).is_err());
        assert!(newcombe((1, 2), (0, 0), 0.95).is_err());
    }
}
