//! McNemar's exact test: when two raters disagree, does one lean to one side?
//!
//! Source: McNemar 1947, Psychometrika 12, 153–157; exact binomial form (Agresti 2013, *Categorical Data Analysis*, 3rd ed.,
//! section 11.1.2); Edwards 1948, Psychometrika 13 (correction). Vectors: `tests/vectors/statistics.json`.

use super::significance::Significance;
use super::{Error, Result, beta, chi_square};

/// Two-sided exact test of the two kinds of disagreement. `statistic` is the smaller of the two counts.
///
/// ```text
/// p = min(1, 2 · P(Bin(b + c, ½) ≤ min(b, c)))
/// ```
///
/// Without any disagreement the p-value is 1.
///
/// ```
/// use driftledger::statistics::mcnemar::mcnemar;
/// assert!((mcnemar(0, 5).p_value - 0.0625).abs() < 1e-15);
/// ```
pub fn mcnemar(first_only: u64, second_only: u64) -> Significance {
    let (least, most) = (first_only.min(second_only) as f64, first_only.max(second_only) as f64);
    let tail = if most <= 0.0 { 1.0 } else { beta::cdf(most, least + 1.0, 0.5) };
    Significance::exact(least, 2.0 * tail)
}

/// The same by the χ² law of one degree of freedom, for many disagreements; with `correction`, by Edwards' continuity
/// correction.
///
/// ```text
/// X² = (|b − c| − 1)²/(b + c)        or (b − c)²/(b + c) without correction
/// ```
///
/// # Errors
///
/// - [`Error::NotEnough`]: no disagreement.
///
/// ```
/// use driftledger::statistics::mcnemar::mcnemar_asymptotic;
/// assert!((mcnemar_asymptotic(10, 25, true).unwrap().statistic - 5.6).abs() < 1e-12);
/// ```
pub fn mcnemar_asymptotic(
    first_only: u64,
    second_only: u64,
    correction: bool,
) -> Result<Significance> {
    let apart = first_only.abs_diff(second_only) as f64;
    let all = first_only as f64 + second_only as f64;
    if all <= 0.0 {
        return Err(Error::NotEnough { found: 0, needed: 1 });
    }
    let apart = if correction { apart - 1.0 } else { apart };
    let statistic = apart * apart / all;
    Ok(Significance::asymptotic(statistic, chi_square::sf(statistic, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answers() {
        // scipy 1.17.1: binomtest(min, b + c, 0.5).pvalue
        for (b, c, expected) in
            [(0, 0, 1.0), (5, 5, 1.0), (1, 9, 0.021_484_375), (10, 25, 0.016_673_847_800_120_715)]
        {
            assert!((mcnemar(b, c).p_value / expected - 1.0).abs() < 1e-12, "{b} {c}");
            assert_eq!(mcnemar(b, c), mcnemar(c, b));
        }
    }
}
