//! Review of a sample whose strata were drawn unequally: how often is the model wrong over all rows, and may "the error rate is
//! below p" be said?
//!
//! A case of stratum h stands for w_h rows where an average case stands for one: w_h = (N_h/N)/(n_h/n), with N_h of N rows and n_h
//! of n drawn cases in the stratum. Without strata, and where every stratum is drawn in proportion, all weights are 1 and the
//! evidence is that of [`review_plan`](super::review_plan).
//!
//! Source: Horvitz & Thompson 1952, JASA 47 (estimate); Korn & Graubard 1998, *Confidence intervals for proportions with small
//! expected number of positive counts estimated from survey data*, Survey Methodology 24 (interval on the effective number of cases),
//! with the effective number of Kish 1965; Waudby-Smith & Ramdas 2024, *Estimating means of bounded random variables by betting*,
//! JRSS B 86 (evidence). Known answers in the tests below.

use super::intervals::{Interval, lower_share, upper_share};
use super::review_plan::{BETS, CASES_MAX, checked};
use super::{Error, Result};

/// Reviewed cases of one stratum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReviewedStratum {
    /// Rows that the stratum has, N_h.
    pub rows: u64,
    /// Rows that a case stands for, where an average case of the plan stands for one: w_h.
    pub weight: f64,
    /// Cases that were judged right.
    pub right: u64,
    /// Cases that were judged wrong.
    pub wrong: u64,
}

/// Share of all rows that are wrong, with its interval at `confidence`.
///
/// ```text
/// ê = Σ_h W_h wrong_h/m_h,  W_h = N_h/N,  m_h = right_h + wrong_h      (Horvitz–Thompson, with π_h = m_h/N_h)
/// n* = 1/Σ_h W_h²/m_h                                                 the effective number of cases
/// limits: those of Clopper and Pearson for ê·n* wrong ones of n*
/// ```
///
/// In [0, 1]; smaller is better. The random choice within a stratum is assumed; what is gained by stratifying is not counted, so that
/// the interval is rather too wide.
///
/// # Errors
///
/// - [`Error::NotEnough`]: a stratum with rows has no judged case.
/// - [`Error::OutOfRange`]: a confidence outside (0, 1).
///
/// ```
/// use driftledger::statistics::weighted_review::{ReviewedStratum, error_rate};
/// let one = |rows, right, wrong| ReviewedStratum { rows, weight: 1.0, right, wrong };
/// let found = error_rate(&[one(900, 9, 1), one(100, 5, 5)], 0.95).unwrap();
/// assert!((found.estimate - 0.14).abs() < 1e-12);
/// ```
pub fn error_rate(strata: &[ReviewedStratum], confidence: f64) -> Result<Interval> {
    checked(confidence, confidence)?;
    let all: u64 = strata.iter().map(|stratum| stratum.rows).sum();
    let there = strata.iter().filter(|stratum| stratum.rows > 0);
    let (mut estimate, mut spread) = (0.0, 0.0);
    for stratum in there {
        let judged = stratum.right + stratum.wrong;
        if judged == 0 {
            return Err(Error::NotEnough { found: 0, needed: 1 });
        }
        let share = stratum.rows as f64 / all as f64;
        estimate += share * stratum.wrong as f64 / judged as f64;
        spread += share * share / judged as f64;
    }
    if all == 0 {
        return Err(Error::NotEnough { found: 0, needed: 1 });
    }
    let (effective, tail) = (1.0 / spread, 0.5 * (1.0 - confidence));
    let wrong = (estimate * effective).min(effective);
    Ok(Interval {
        lower: lower_share(wrong, effective, tail).min(estimate),
        estimate,
        upper: upper_share(wrong, effective, tail).max(estimate),
    })
}

/// ln of the evidence against "the error rate over all rows is `claim` or more"; `right_to_come` further right cases of weight 1 are
/// taken for granted.
///
/// ```text
/// E = ¼ Σ_s Π_i (1 + λ_s (p − w_i e_i)),  λ_s = (1 − s)/(max w − p),  s ∈ {0, 1/10, 1/4, 1/2};  e_i = 1 for a wrong case, else 0
/// ```
///
/// From −∞ upwards, 0 without cases. A case gains nothing on average as long as Σ_h W_h × (error rate of stratum h) is `claim` or more,
/// so that it reaches −ln(1 − confidence) at any time with probability at most 1 − confidence (Ville's inequality): exactly so where
/// each case is drawn anew; drawn in random order from a sample of fixed sizes per stratum, a simulation in the tests holds it.
///
/// # Errors
///
/// [`Error::OutOfRange`]: a claim outside (0, 1).
///
/// ```
/// use driftledger::statistics::review_plan::stop_any_time_evidence;
/// use driftledger::statistics::weighted_review::{ReviewedStratum, log_evidence};
/// let all = ReviewedStratum { rows: 5_000, weight: 1.0, right: 200, wrong: 1 };
/// let found = log_evidence(0.02, &[all], 0).unwrap();
/// assert!((found - stop_any_time_evidence(0.02, 201, 1).unwrap().ln()).abs() < 1e-9);
/// ```
pub fn log_evidence(claim: f64, strata: &[ReviewedStratum], right_to_come: u64) -> Result<f64> {
    checked(claim, 0.5)?;
    let largest = strata.iter().map(|stratum| stratum.weight).fold(1.0, f64::max);
    let right: u64 = strata.iter().map(|stratum| stratum.right).sum::<u64>() + right_to_come;
    let bets = BETS.map(|share| {
        let stake = (1.0 - share) / (largest - claim);
        let wrong = strata.iter().filter(|stratum| stratum.wrong > 0).map(|stratum| {
            let factor = 1.0 + stake * (claim - stratum.weight);
            // The boldest bet is lost for good by a wrong case of the largest weight.
            let log = if factor > 1e-12 { libm::log(factor) } else { f64::NEG_INFINITY };
            stratum.wrong as f64 * log
        });
        wrong.sum::<f64>() + right as f64 * libm::log1p(stake * claim)
    });
    let best = bets.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = bets.iter().map(|log| libm::exp(log - best)).sum();
    Ok(best + libm::log(sum / BETS.len() as f64))
}

/// How many further cases, all of them right, would support the claim; 0 where it is supported already.
///
/// # Errors
///
/// - [`Error::OutOfRange`]: a claim or confidence outside (0, 1).
/// - [`Error::TooLarge`]: more than 10⁹ cases.
///
/// ```
/// use driftledger::statistics::weighted_review::right_cases_to_go;
/// assert_eq!(right_cases_to_go(0.02, 0.95, &[]).unwrap(), 176);
/// ```
pub fn right_cases_to_go(claim: f64, confidence: f64, strata: &[ReviewedStratum]) -> Result<u64> {
    checked(claim, confidence)?;
    let limit = -libm::log1p(-confidence) - 1e-12;
    let (mut low, mut high) = (0, 1);
    if log_evidence(claim, strata, 0)? >= limit {
        return Ok(0);
    }
    while log_evidence(claim, strata, high)? < limit {
        if high >= CASES_MAX {
            return Err(Error::TooLarge { found: high as usize, limit: CASES_MAX as usize });
        }
        (low, high) = (high, (high * 2).min(CASES_MAX));
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if log_evidence(claim, strata, middle)? >= limit {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(high)
}

#[cfg(test)]
mod tests {
    use super::super::draws::Draws;
    use super::super::intervals::clopper_pearson;
    use super::super::review_plan::{stop_any_time_evidence, stop_any_time_plan};
    use super::*;

    fn stratum(rows: u64, weight: f64, right: u64, wrong: u64) -> ReviewedStratum {
        ReviewedStratum { rows, weight, right, wrong }
    }

    #[test]
    fn without_strata_it_is_the_plan_of_equal_cases() {
        for (claim, right, wrong) in [(0.02, 175, 0), (0.05, 60, 3), (0.3, 2, 9), (0.01, 0, 0)] {
            let found = log_evidence(claim, &[stratum(900, 1.0, right, wrong)], 0).unwrap();
            let plain = stop_any_time_evidence(claim, right + wrong, wrong).unwrap();
            assert!((found - plain.ln()).abs() < 1e-9, "{claim}: {found} {}", plain.ln());
        }
        for errors in [0, 1, 2, 3] {
            let all = stop_any_time_plan(0.05, 0.95, errors).unwrap();
            let so_far = [stratum(900, 1.0, 0, errors)];
            assert_eq!(right_cases_to_go(0.05, 0.95, &so_far).unwrap() + errors, all);
        }
        let done = [stratum(900, 1.0, 70, 0)];
        assert_eq!(right_cases_to_go(0.05, 0.95, &done).unwrap(), 0);
    }

    #[test]
    fn proportional_strata_have_the_interval_of_the_whole_sample() {
        let strata = [stratum(800, 1.0, 78, 2), stratum(200, 1.0, 17, 3)];
        let found = error_rate(&strata, 0.95).unwrap();
        let plain = clopper_pearson(5, 100, 0.95).unwrap();
        for (one, other) in [
            (found.estimate, plain.estimate),
            (found.lower, plain.lower),
            (found.upper, plain.upper),
        ] {
            assert!((one - other).abs() < 1e-9, "{found:?} {plain:?}");
        }
    }

    #[test]
    fn unequal_strata_are_weighted_and_their_interval_is_wider() {
        // by hand: 0.95 · 1/50 + 0.05 · 10/50 = 0.029; n* = 1/(0.95²/50 + 0.05²/50) = 55.2486
        let strata = [stratum(9_500, 1.9, 49, 1), stratum(500, 0.1, 40, 10)];
        let found = error_rate(&strata, 0.95).unwrap();
        assert!((found.estimate - 0.029).abs() < 1e-12);
        // scipy 1.17.1: beta.ppf(0.025, x, n - x + 1) and beta.ppf(0.975, x + 1, n - x) with x = 0.029 n, n = 1/(0.95**2/50 + 0.05**2/50)
        assert!((found.lower - 0.002_392_064_238_025_261_6).abs() < 1e-10, "{found:?}");
        assert!((found.upper - 0.113_924_301_415_077_85).abs() < 1e-10, "{found:?}");
        let empty = error_rate(&[stratum(10, 1.0, 1, 0), stratum(10, 1.0, 0, 0)], 0.95);
        assert_eq!(empty, Err(Error::NotEnough { found: 0, needed: 1 }));
        assert!(error_rate(&[], 0.95).is_err() && error_rate(&strata, 1.0).is_err());
        let without_rows = [stratum(10, 1.0, 1, 0), stratum(0, 1.0, 0, 0)];
        assert_eq!(error_rate(&without_rows, 0.95).unwrap().estimate, 0.0);
    }

    #[test]
    fn a_case_gains_nothing_on_average_at_the_claimed_rate() {
        // strata of 90 % and 10 % of the rows, drawn half and half: weights 1.8 and 0.2; error rates 1 % and 11 %, together 2 %
        let single = |weight: f64, wrong: u64| {
            let mut strata = [stratum(900, 1.8, 0, 0), stratum(100, 0.2, 0, 0)];
            let place = usize::from(weight < 1.0);
            strata[place].wrong = wrong;
            strata[place].right = 1 - wrong;
            libm::exp(log_evidence(0.02, &strata, 0).unwrap())
        };
        let mean = 0.5 * (0.01 * single(1.8, 1) + 0.99 * single(1.8, 0))
            + 0.5 * (0.11 * single(0.2, 1) + 0.89 * single(0.2, 0));
        assert!((mean - 1.0).abs() < 1e-12, "{mean}");
    }

    #[test]
    fn watching_an_unequal_sample_is_safe_at_the_claimed_rate() {
        // 10 % of rows, all errors in one of two strata that are drawn 150 each in random order; error rate 5 % in all
        let mut draws = Draws::new([9; 32]);
        for (weights, rates) in [([1.8, 0.2], [0.0, 0.5]), ([1.8, 0.2], [0.05 / 0.9, 0.0])] {
            let mut said = 0;
            for _ in 0..2_000 {
                let mut left = [150_u64, 150];
                let mut strata = [stratum(900, weights[0], 0, 0), stratum(100, weights[1], 0, 0)];
                while left[0] + left[1] > 0 {
                    let first = draws.uniform() * ((left[0] + left[1]) as f64) < left[0] as f64;
                    let place = usize::from(!first);
                    left[place] -= 1;
                    if draws.uniform() < rates[place] {
                        strata[place].wrong += 1;
                    } else {
                        strata[place].right += 1;
                    }
                    if log_evidence(0.05, &strata, 0).unwrap() >= 20.0_f64.ln() {
                        said += 1;
                        break;
                    }
                }
            }
            assert!(said <= 120, "{rates:?}: {said} of 2000, 100 are expected at most");
        }
    }
}
