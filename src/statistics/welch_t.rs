//! Welch's t-test: could the two means be the same, whatever the two spreads?
//!
//! Source: Welch 1947, *The generalization of "Student's" problem when several different population variances are involved*,
//! Biometrika 34, 28–35. Vectors: `tests/vectors/statistics.json`.

use super::moments::Moments;
use super::{Error, Result, beta, sample};

/// Outcome of the test.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WelchTest {
    /// t: positive = the reference's mean is larger.
    pub statistic: f64,
    /// Satterthwaite's degrees of freedom.
    pub degrees: f64,
    /// Two-sided p-value.
    pub p_value: f64,
}

/// Two-sided test of equal means.
///
/// ```text
/// t = (x̄_r − x̄_b) / √(s_r²/m + s_b²/n),  df = (s_r²/m + s_b²/n)² / ( (s_r²/m)²/(m−1) + (s_b²/n)²/(n−1) )
/// ```
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than two values on one side.
/// - [`Error::NotFinite`]: NaN or an infinity.
/// - [`Error::NoSpread`]: neither side has any spread.
///
/// ```
/// use driftledger::statistics::welch_t::welch_t;
/// assert_eq!(welch_t(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]).unwrap().p_value, 1.0);
/// ```
pub fn welch_t(reference: &[f64], batch: &[f64]) -> Result<WelchTest> {
    sample::check(reference, 2)?;
    sample::check(batch, 2)?;
    if sample::is_constant(reference) && sample::is_constant(batch) {
        return Err(Error::NoSpread);
    }
    let power = sample::excess(&[reference, batch]);
    if power != 0 {
        return welch_t(&sample::divided(reference, power), &sample::divided(batch, power));
    }
    // each side around a value of its own, so that its spread keeps its digits, and both means from one value, so that a large
    // common offset cancels here and not in their difference
    let around = |sample: &[f64]| {
        let mut moments = Moments::around(sample, sample[0]);
        moments.mean += sample[0] - reference[0];
        moments
    };
    welch_t_of_moments(&around(reference), &around(batch))
}

/// As [`welch_t`], from moments.
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than two values on one side.
/// - [`Error::NoSpread`]: neither side has any spread.
///
/// ```
/// use driftledger::statistics::{moments::Moments, welch_t::welch_t_of_moments};
/// let moments = Moments::of(&[1.0, 2.0, 3.0]);
/// assert_eq!(welch_t_of_moments(&moments, &moments).unwrap().statistic, 0.0);
/// ```
pub fn welch_t_of_moments(reference: &Moments, batch: &Moments) -> Result<WelchTest> {
    let found = usize::try_from(reference.count.min(batch.count)).unwrap_or(usize::MAX);
    let variances = reference.variance(1).zip(batch.variance(1));
    let (r, b) = variances.ok_or(Error::NotEnough { found, needed: 2 })?;
    let (m, n) = (reference.count as f64, batch.count as f64);
    let (r, b) = (r / m, b / n);
    if r + b <= 0.0 {
        return Err(Error::NoSpread);
    }
    let statistic = (reference.mean - batch.mean) / libm::sqrt(r + b);
    // by shares, because the squares of variances leave the range of f64 long before the variances do
    let (of_r, of_b) = (r / (r + b), b / (r + b));
    let degrees = 1.0 / (of_r * of_r / (m - 1.0) + of_b * of_b / (n - 1.0));
    Ok(WelchTest { statistic, degrees, p_value: two_sided(statistic, degrees) })
}

/// P(|T| ≥ |t|) of Student's law: I_x(df/2, ½) at x = df/(df + t²).
fn two_sided(t: f64, degrees: f64) -> f64 {
    let square = t * t;
    if square <= 0.0 {
        return 1.0;
    }
    let (x, y) = (degrees / (degrees + square), square / (degrees + square));
    if x < (0.5 * degrees + 1.0) / (0.5 * degrees + 2.5) {
        beta::lower_tail(0.5 * degrees, 0.5, x, y)
    } else {
        1.0 - beta::lower_tail(0.5, 0.5 * degrees, y, x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answer() {
        // scipy 1.17.1: scipy.stats.ttest_ind(a, b, equal_var=False)
        let a = [38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0];
        let b = [39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8];
        let found = welch_t(&a, &b).unwrap();
        assert!((found.statistic / 1.859_452_339_622_691_9 - 1.0).abs() < 1e-11);
        assert!((found.degrees / 9.217_031_184_611_528 - 1.0).abs() < 1e-11);
        assert!((found.p_value / 0.095_120_564_723_438_4 - 1.0).abs() < 1e-10);
        let back = welch_t(&b, &a).unwrap();
        assert_eq!((back.statistic, back.p_value), (-found.statistic, found.p_value));
    }

    #[test]
    fn too_few_values_and_no_spread() {
        assert_eq!(welch_t(&[1.0], &[1.0, 2.0]), Err(Error::NotEnough { found: 1, needed: 2 }));
        assert_eq!(welch_t(&[0.1, 0.1, 0.1], &[2.0, 2.0]), Err(Error::NoSpread));
        assert!(welch_t(&[1.0, 1.0], &[2.0, 3.0]).unwrap().p_value > 0.0);
        assert!(welch_t(&[1.0, f64::NAN], &[2.0, 3.0]).is_err());
    }
}
