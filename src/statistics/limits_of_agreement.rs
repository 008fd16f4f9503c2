//! Limits of agreement: between which differences do nine in ten (or 95 %) of the pairs of two methods of measurement lie?
//!
//! Source: Bland & Altman 1986, *Statistical methods for assessing agreement between two methods of clinical measurement*, Lancet 327,
//! 307–310; standard error of the limits from Bland & Altman 1999, *Measuring agreement in method comparison studies*, Stat. Methods Med.
//! Res. 8, section 3.2.

use super::group_jackknife::student_quantile;
use super::intervals::Interval;
use super::normal;
use super::{Error, Result};

/// Mean difference and limits of agreement, each with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitsOfAgreement {
    /// Mean difference.
    pub mean: Interval,
    /// Standard deviation of the differences.
    pub standard_deviation: f64,
    /// The lower limit.
    pub lower: Interval,
    /// The upper limit.
    pub upper: Interval,
}

/// The limits between which a share `share` of the `differences` would lie if these were normal, with intervals of `confidence`.
///
/// ```text
/// limits = d̄ ∓ z·s        s² = Σ (d_i − d̄)²/(n − 1),  z = Φ⁻¹(½ + share/2)
/// intervals: d̄ ± t·s/√n,   limit ± t·s·√(1/n + z²/(2(n − 1)))        t with n − 1 degrees of freedom
/// ```
///
/// Symmetric around the mean; in the unit of the differences. Assumes differences that are about normal and do not grow with what is
/// measured; three or more of them.
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than three differences.
/// - [`Error::NotFinite`]: one is NaN or infinite.
/// - [`Error::OutOfRange`]: a share or confidence outside (0, 1).
///
/// ```
/// use driftledger::statistics::limits_of_agreement::limits_of_agreement;
/// let found = limits_of_agreement(&[-1.0, 0.0, 1.0], 0.95, 0.95).unwrap();
/// assert!((found.upper.estimate - 1.959_964).abs() < 1e-6 && found.mean.estimate == 0.0);
/// ```
pub fn limits_of_agreement(
    differences: &[f64],
    share: f64,
    confidence: f64,
) -> Result<LimitsOfAgreement> {
    if differences.len() < 3 {
        return Err(Error::NotEnough { found: differences.len(), needed: 3 });
    }
    if let Some(index) = differences.iter().position(|difference| !difference.is_finite()) {
        return Err(Error::NotFinite { index });
    }
    for (name, value) in [("share", share), ("confidence", confidence)] {
        if !(value > 0.0 && value < 1.0) {
            return Err(Error::OutOfRange { name, value });
        }
    }
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let squares: f64 = differences.iter().map(|one| (one - mean) * (one - mean)).sum();
    let deviation = libm::sqrt(squares / (n - 1.0));
    let z = normal::quantile(0.5 + 0.5 * share);
    let t = student_quantile(n - 1.0, confidence);
    let around = |estimate: f64, half: f64| Interval {
        lower: estimate - half,
        estimate,
        upper: estimate + half,
    };
    let half = t * deviation * libm::sqrt(1.0 / n + z * z / (2.0 * (n - 1.0)));
    Ok(LimitsOfAgreement {
        mean: around(mean, t * deviation / libm::sqrt(n)),
        standard_deviation: deviation,
        lower: around(mean - z * deviation, half),
        upper: around(mean + z * deviation, half),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_those_of_another_tool() {
        // numpy 2.4.6, scipy 1.17.1: d.mean(), d.std(ddof=1), norm.ppf(0.975), t.ppf(0.975, 11)
        let differences = [-7.0, 8.0, 3.0, 5.0, -2.0, 0.5, 6.0, -4.0, 1.0, 2.5, -3.5, 4.0];
        let found = limits_of_agreement(&differences, 0.95, 0.95).unwrap();
        let expected = [
            1.125,
            -1.739_373_370_482_126_8,
            3.989_373_370_482_127,
            4.508_199_600_324_239_5,
            -7.710_908_851_753_375,
            -12.750_367_546_768_473,
            -2.671_450_156_738_277_6,
            9.960_908_851_753_375,
            4.921_450_156_738_278,
            15.000_367_546_768_473,
        ];
        let values = [
            found.mean.estimate,
            found.mean.lower,
            found.mean.upper,
            found.standard_deviation,
            found.lower.estimate,
            found.lower.lower,
            found.lower.upper,
            found.upper.estimate,
            found.upper.lower,
            found.upper.upper,
        ];
        for (value, expected) in values.into_iter().zip(expected) {
            assert!((value - expected).abs() < 1e-9, "{value} {expected}");
        }
    }

    #[test]
    fn what_cannot_be_computed_says_why() {
        let refused = |differences: &[f64]| limits_of_agreement(differences, 0.95, 0.95);
        assert_eq!(refused(&[]), Err(Error::NotEnough { found: 0, needed: 3 }));
        assert_eq!(refused(&[1.0, 2.0]), Err(Error::NotEnough { found: 2, needed: 3 }));
        assert_eq!(refused(&[1.0, f64::NAN, 2.0]), Err(Error::NotFinite { index: 1 }));
        assert!(limits_of_agreement(&[1.0; 4], 1.0, 0.95).is_err());
        assert!(limits_of_agreement(&[1.0; 4], 0.95, 0.0).is_err());
        let same = refused(&[0.5; 4]).unwrap();
        assert_eq!((same.lower.estimate, same.upper.upper), (0.5, 0.5), "equal differences");
    }
}
