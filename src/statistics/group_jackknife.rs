//! Delete-a-group jackknife: an interval for a figure of sums (mean error, root mean square error, R²) from a few groups of
//! rows, when the rows themselves are not kept.
//!
//! Source: Kott 2001, *The delete-a-group jackknife*, Journal of Official Statistics 17(4), equations 1 and 2; quantile of
//! Student's t with G − 1 degrees of freedom.

use super::intervals::Interval;
use super::{Error, Result, beta};

/// Fewer groups give no interval.
pub const GROUPS_MIN: usize = 10;

/// The interval of `whole` from the same figure computed without each group.
///
/// ```text
/// SE² = (G − 1)/G · Σ_g (θ₋g − θ)²,   θ ± t_{G−1, 1 − α/2} · SE
/// ```
///
/// `without`: the figure without group g, for every group that holds rows; groups drawn at random (by row id).
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than [`GROUPS_MIN`] groups.
/// - [`Error::NotFinite`]: a figure without a group has no value.
/// - [`Error::OutOfRange`]: a confidence outside (0, 1).
///
/// ```
/// use driftledger::statistics::group_jackknife::group_jackknife;
/// let without: Vec<f64> = (0..10).map(|g| 1.0 + f64::from(g) / 100.0).collect();
/// assert!(group_jackknife(1.045, &without, 0.95).unwrap().upper > 1.045);
/// ```
pub fn group_jackknife(whole: f64, without: &[f64], confidence: f64) -> Result<Interval> {
    if without.len() < GROUPS_MIN {
        return Err(Error::NotEnough { found: without.len(), needed: GROUPS_MIN });
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(Error::OutOfRange { name: "confidence", value: confidence });
    }
    let all = without.iter().chain([&whole]);
    if let Some(index) = all.clone().position(|value| !value.is_finite()) {
        return Err(Error::NotFinite { index });
    }
    let groups = without.len() as f64;
    let squares: f64 = without.iter().map(|value| (value - whole) * (value - whole)).sum();
    let half =
        student_quantile(groups - 1.0, confidence) * libm::sqrt(squares * (groups - 1.0) / groups);
    Ok(Interval { lower: whole - half, estimate: whole, upper: whole + half })
}

/// The t with P(|T| ≤ t) = `confidence` at `freedom` degrees: from T²'s beta distribution.
pub(super) fn student_quantile(freedom: f64, confidence: f64) -> f64 {
    let x = beta::quantile(0.5 * freedom, 0.5, 1.0 - confidence);
    libm::sqrt(freedom * (1.0 - x) / x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_student_agree_with_scipy() {
        // scipy 1.17.1: t.ppf(0.975, df)
        for (freedom, expected) in [(9.0, 2.262_157_162_740_991_5), (31.0, 2.039_513_446_396_408)] {
            assert!((student_quantile(freedom, 0.95) - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn the_mean_of_equal_groups_has_its_usual_standard_error() {
        let groups: Vec<f64> = (0..20).map(|g| f64::from(g * g % 7)).collect();
        let mean = groups.iter().sum::<f64>() / 20.0;
        let without: Vec<f64> = groups.iter().map(|g| (20.0 * mean - g) / 19.0).collect();
        let squares: f64 = groups.iter().map(|g| (g - mean) * (g - mean)).sum();
        let error = (squares / 19.0 / 20.0_f64).sqrt();
        let found = group_jackknife(mean, &without, 0.95).unwrap();
        let half = student_quantile(19.0, 0.95) * error;
        assert!((found.upper - mean - half).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn too_few_groups_and_missing_figures_are_refused() {
        assert!(group_jackknife(1.0, &[1.0; 9], 0.95).is_err());
        assert!(group_jackknife(f64::NAN, &[1.0; 10], 0.95).is_err());
        assert!(group_jackknife(1.0, &[1.0; 10], 1.5).is_err());
    }
}
