//! Review plans: how many predictions must a person check before "the error rate is below p" may be said?
//!
//! Three answers: a *fixed* plan (n cases, at most c errors), the same for a *lot* of N cases, and the *stop-any-time*
//! plan, whose evidence may be looked at after every case. A fixed plan loses its meaning when somebody looks earlier or
//! goes on after a failure; the stop-any-time plan does not, and costs about 18 % more cases.
//!
//! Source: Clopper & Pearson 1934 (fixed); hypergeometric distribution (lot); Ville 1939 and Waudby-Smith & Ramdas 2024,
//! *Estimating means of bounded random variables by betting*, JRSS B 86 (stop-any-time). Vectors: the table in
//! `docs/STATISTICS.md`, computed by scipy, in the tests below.

use super::{Error, Result, beta};

/// Shares of the claimed rate that the stop-any-time plan bets on, with equal stakes.
pub(super) const BETS: [f64; 4] = [0.0, 0.1, 0.25, 0.5];
/// No plan asks for more cases than this.
pub(super) const CASES_MAX: u64 = 1_000_000_000;

pub(super) fn checked(claim: f64, confidence: f64) -> Result<()> {
    for (name, value) in [("claim", claim), ("confidence", confidence)] {
        if !(value > 0.0 && value < 1.0) {
            return Err(Error::OutOfRange { name, value });
        }
    }
    Ok(())
}

/// P(at most `allowed` errors among `cases`) where each case is wrong with probability `rate`: how often a plan passes.
///
/// In [0, 1]. For a large lot; 1 where as many errors are allowed as there are cases.
///
/// ```
/// use driftledger::statistics::review_plan::pass_probability;
/// assert!((pass_probability(50, 1, 0.02) - 0.736).abs() < 1e-3);
/// ```
pub fn pass_probability(cases: u64, allowed: u64, rate: f64) -> f64 {
    if allowed >= cases {
        return 1.0;
    }
    beta::cdf((cases - allowed) as f64, allowed as f64 + 1.0, 1.0 - rate)
}

/// The smallest number of cases of which at most `allowed` wrong ones show an error rate below `claim`.
///
/// ```text
/// n = min { n : P(Bin(n, p) ≤ c) ≤ 1 − confidence }
/// ```
///
/// The plan is decided before the first case and carried out once.
///
/// # Errors
///
/// - [`Error::OutOfRange`]: a claim or confidence outside (0, 1).
/// - [`Error::TooLarge`]: more than 10⁹ cases would be needed.
///
/// ```
/// use driftledger::statistics::review_plan::fixed_plan;
/// assert_eq!(fixed_plan(0.02, 0.95, 0).unwrap(), 149);
/// ```
pub fn fixed_plan(claim: f64, confidence: f64, allowed: u64) -> Result<u64> {
    checked(claim, confidence)?;
    let risk = 1.0 - confidence;
    smallest(CASES_MAX, |cases| pass_probability(cases, allowed, claim) <= risk)
}

/// The smallest number of cases to draw from a lot of `lot` cases so that none wrong among them shows fewer than
/// ⌈claim · lot⌉ wrong ones in the lot.
///
/// ```text
/// n = min { n : C(N − D, n) / C(N, n) ≤ 1 − confidence },  D = ⌈p N⌉
/// ```
///
/// Drawn at random, without replacement.
///
/// # Errors
///
/// - [`Error::OutOfRange`]: a claim or confidence outside (0, 1).
/// - [`Error::NotEnough`]: an empty lot.
///
/// ```
/// use driftledger::statistics::review_plan::lot_plan;
/// assert_eq!(lot_plan(0.02, 0.95, 200).unwrap(), 105);
/// ```
pub fn lot_plan(claim: f64, confidence: f64, lot: u64) -> Result<u64> {
    checked(claim, confidence)?;
    if lot == 0 {
        return Err(Error::NotEnough { found: 0, needed: 1 });
    }
    let size = lot as f64;
    // 0.02 · 50 is a little more than 1 in binary; that is one wrong case, not two.
    let wrong = libm::ceil(claim * size - 1e-9 * size).max(1.0);
    let log_risk = libm::log1p(-confidence);
    smallest(lot, |cases| log_none_drawn(size, wrong, cases as f64) <= log_risk + 1e-12)
}

/// ln of the chance that `cases` of `size` miss all `wrong` ones; −∞ where that is impossible.
fn log_none_drawn(size: f64, wrong: f64, cases: f64) -> f64 {
    if cases > size - wrong {
        return f64::NEG_INFINITY;
    }
    // C(N − D, n)/C(N, n) = Π_{i<D} (1 − n/(N − i)): the shorter of the two equal products.
    let (factors, drawn) = if wrong <= cases { (wrong, cases) } else { (cases, wrong) };
    let mut sum = 0.0;
    let mut index = 0.0;
    while index < factors {
        sum += libm::log1p(-drawn / (size - index));
        index += 1.0;
    }
    sum
}

/// The evidence against "the error rate is `claim` or more" after `cases` of which `errors` were wrong.
///
/// ```text
/// E = ¼ Σ_θ (θ/p)^errors · ((1 − θ)/(1 − p))^(cases − errors),   θ ∈ {0, p/10, p/4, p/2}
/// ```
///
/// Starts at 1, from 0 upwards. As long as the true rate is p or more, it reaches 1/(1 − confidence) at *any* time with
/// probability at most 1 − confidence (Ville's inequality), so it may be watched after every case.
///
/// # Errors
///
/// - [`Error::OutOfRange`]: a claim outside (0, 1), or more errors than cases.
///
/// ```
/// use driftledger::statistics::review_plan::stop_any_time_evidence;
/// assert!(stop_any_time_evidence(0.02, 175, 0).unwrap() < 20.0);
/// assert!(stop_any_time_evidence(0.02, 176, 0).unwrap() >= 20.0);
/// ```
pub fn stop_any_time_evidence(claim: f64, cases: u64, errors: u64) -> Result<f64> {
    checked(claim, 0.5)?;
    if errors > cases {
        return Err(Error::OutOfRange { name: "errors", value: errors as f64 });
    }
    Ok(libm::exp(log_evidence(claim, cases, errors).min(700.0)))
}

fn log_evidence(claim: f64, cases: u64, errors: u64) -> f64 {
    let right = (cases - errors) as f64;
    let bets = BETS.map(|share| {
        let rate = share * claim;
        let wrong = match (errors, share > 0.0) {
            (0, _) => 0.0,
            (_, true) => errors as f64 * libm::log(share),
            (_, false) => f64::NEG_INFINITY,
        };
        wrong + right * (libm::log1p(-rate) - libm::log1p(-claim))
    });
    let largest = bets.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = bets.iter().map(|log| libm::exp(log - largest)).sum();
    largest + libm::log(sum / BETS.len() as f64)
}

/// The number of cases after which the stop-any-time plan may stop when `errors` of them were wrong.
///
/// # Errors
///
/// As [`fixed_plan`].
///
/// ```
/// use driftledger::statistics::review_plan::stop_any_time_plan;
/// assert_eq!(stop_any_time_plan(0.02, 0.95, 0).unwrap(), 176);
/// ```
pub fn stop_any_time_plan(claim: f64, confidence: f64, errors: u64) -> Result<u64> {
    checked(claim, confidence)?;
    let log_limit = -libm::log1p(-confidence);
    smallest(CASES_MAX, |cases| {
        cases >= errors && log_evidence(claim, cases, errors) >= log_limit - 1e-12
    })
}

/// The smallest number from 1 to `limit` from which `holds` is true; `holds` stays true once it is.
fn smallest(limit: u64, holds: impl Fn(u64) -> bool) -> Result<u64> {
    let mut high = 1;
    while !holds(high) {
        if high >= limit {
            return Err(Error::TooLarge { found: high as usize, limit: limit as usize });
        }
        high = (high * 2).min(limit);
    }
    let mut low = 0;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(high)
}

#[cfg(test)]
mod tests {
    use super::super::intervals::clopper_pearson;
    use super::*;

    #[test]
    fn the_fixed_plans_of_the_table() {
        // scipy 1.17.1: first n with binom.cdf(c, n, p) <= 1 - confidence
        for (claim, expected) in [
            (0.005, [598, 947, 1_258, 2_100]),
            (0.01, [299, 473, 628, 1_049]),
            (0.02, [149, 236, 313, 523]),
            (0.05, [59, 93, 124, 208]),
            (0.10, [29, 46, 61, 103]),
        ] {
            let found = [0, 1, 2, 5].map(|c| fixed_plan(claim, 0.95, c).unwrap());
            assert_eq!(found, expected, "{claim}");
        }
        for (confidence, expected) in [(0.90, [114, 194, 265]), (0.99, [228, 330, 418])] {
            let found = [0, 1, 2].map(|c| fixed_plan(0.02, confidence, c).unwrap());
            assert_eq!(found, expected, "{confidence}");
        }
    }

    #[test]
    fn the_lot_plans_of_the_table() {
        // scipy 1.17.1: first n with hypergeom.cdf(0, N, ceil(p N), n) <= 0.05
        for (claim, expected) in [
            (0.005, [190, 316, 517]),
            (0.01, [155, 225, 277]),
            (0.02, [105, 129, 143]),
            (0.05, [51, 56, 58]),
            (0.10, [27, 28, 29]),
        ] {
            let found = [200, 500, 2_000].map(|lot| lot_plan(claim, 0.95, lot).unwrap());
            assert_eq!(found, expected, "{claim}");
        }
        assert_eq!(lot_plan(0.01, 0.95, 1).unwrap(), 1);
        assert_eq!(
            lot_plan(0.02, 0.95, 1_000_000_000).unwrap(),
            fixed_plan(0.02, 0.95, 0).unwrap()
        );
        assert!(lot_plan(0.02, 0.95, 0).is_err());
    }

    #[test]
    fn the_stop_any_time_plans_of_the_table() {
        for (claim, expected) in [
            (0.01, [354, 647, 856, 1_051]),
            (0.02, [176, 322, 426, 524]),
            (0.05, [70, 127, 169, 208]),
        ] {
            let found = [0, 1, 2, 3].map(|k| stop_any_time_plan(claim, 0.95, k).unwrap());
            assert_eq!(found, expected, "{claim}");
        }
    }

    #[test]
    fn what_an_accepted_quality_lot_shows() {
        // (n, Ac) of the usual AQL 1 % plans: upper 95 % limit after acceptance, and how often 2 % errors pass
        for ((cases, allowed), (shown, passed)) in
            [((50, 1), (0.0914, 0.736)), ((125, 3), (0.0609, 0.759)), ((500, 10), (0.0337, 0.583))]
        {
            let upper = clopper_pearson(allowed, cases, 0.90).unwrap().upper;
            assert!((upper - shown).abs() < 5e-5, "{cases}: {upper}");
            let found = pass_probability(cases, allowed, 0.02);
            assert!((found - passed).abs() < 5e-4, "{cases}: {found}");
        }
    }

    #[test]
    fn a_case_gains_nothing_on_average_at_the_claimed_rate() {
        for claim in [0.005, 0.02, 0.3] {
            let right = stop_any_time_evidence(claim, 1, 0).unwrap();
            let wrong = stop_any_time_evidence(claim, 1, 1).unwrap();
            assert!((claim * wrong + (1.0 - claim) * right - 1.0).abs() < 1e-12, "{claim}");
            assert!(wrong < 1.0 && right > 1.0);
        }
    }

    #[test]
    fn watching_after_every_case_is_safe_at_the_claimed_rate() {
        // the exact chance of ever stopping within 2 000 cases at exactly 5 % errors, case by case
        let limit = |errors: u64| stop_any_time_plan(0.05, 0.95, errors).unwrap();
        let limits: Vec<u64> = (0..=200).map(limit).collect();
        let mut going_on = vec![0.0; limits.len()];
        going_on[0] = 1.0;
        let mut stopped = 0.0;
        for cases in 1..=2_000 {
            for errors in (0..limits.len()).rev() {
                let from_wrong = if errors > 0 { 0.05 * going_on[errors - 1] } else { 0.0 };
                going_on[errors] = 0.95 * going_on[errors] + from_wrong;
                if cases >= limits[errors] {
                    stopped += going_on[errors];
                    going_on[errors] = 0.0;
                }
            }
        }
        assert!(stopped <= 0.05 && stopped > 0.04, "{stopped}");
    }

    #[test]
    fn impossible_claims_are_refused() {
        for claim in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(fixed_plan(claim, 0.95, 0).is_err());
            assert!(stop_any_time_plan(claim, 0.95, 0).is_err());
        }
        assert!(fixed_plan(0.01, 1.0, 0).is_err());
        assert!(stop_any_time_evidence(0.01, 1, 2).is_err());
        assert!(matches!(fixed_plan(1e-9, 0.99, 0), Err(Error::TooLarge { .. })));
        assert_eq!(pass_probability(3, 3, 0.5), 1.0);
    }
}
