//! Smallest tolerance a reference supports, and the tolerance of a rate.
//!
//! A reference of m rows is itself off by some distance; a monitor with a smaller tolerance would accumulate that error
//! for ever and alarm about nothing. So the tolerance is never below the distance that the reference's own error stays
//! within with probability 99.8 % (which covers 25 series at 95 %).
//!
//! Source: `docs/STATISTICS.md` section 3; Ferguson 1973 (Dirichlet posterior with the counts as weights);
//! Cohen 1988, *Statistical Power Analysis*, 2nd ed., equation 6.2.1 (h). Vectors: `tests/vectors/statistics.json`.

use super::beta;
use super::draws::Draws;

/// Probability with which the reference's own error stays within [`reference_error`].
const COVERAGE: f64 = 0.998;
/// Dirichlet draws behind the quantile.
const DRAWS: usize = 20_000;
/// The draw at the quantile: the smallest rank with at least 99.8 % of the draws at or below it.
const RANK: usize = 19_959;

/// ε_m: the 99.8 % quantile of the total variation distance between reference shares and the truth behind them.
///
/// ```text
/// K = 2:  smallest ε with P(|X − p| ≤ ε) ≥ 0.998,  X ~ Beta(m p, m (1 − p)), exact
/// K ≥ 3:  99.8 % quantile of TV(p, D), D ~ Dirichlet(m p), by 20 000 draws of the stream of `seed`
/// ```
///
/// `reference`: shares of K bins; `rows`: m. In [0, 1], larger = the reference is too small for a tight tolerance. 0 for
/// fewer than two bins, 1 without rows.
///
/// ```
/// use driftledger::statistics::tolerance::reference_error;
/// assert!((reference_error(&[0.5, 0.5], 1_000, [0; 32]) - 0.049).abs() < 0.001);
/// ```
pub fn reference_error(reference: &[f64], rows: u64, seed: [u8; 32]) -> f64 {
    if reference.len() < 2 {
        return 0.0;
    }
    if rows == 0 {
        return 1.0;
    }
    if reference.len() == 2 {
        rate_error(reference[0], rows)
    } else {
        drawn_error(reference, rows, seed)
    }
}

/// A limit that [`reference_error`] of `bins` ≥ 3 bins and `rows` reference rows does not exceed, whatever the shares. It costs nothing, and
/// where it is below a tolerance the error need not be drawn.
///
/// ```text
/// TV(p, D) = max over sets A of bins of D(A) − p(A),  D(A) ~ Beta(m p(A), m (1 − p(A))),
/// which is sub-Gaussian with variance proxy 1 / (4 (m + 1)); over the 2^K sets together
/// P(TV > t) ≤ 2^K exp(−2 (m + 1) t²) = 0.002   at   t = √((K ln 2 − ln 0.002) / (2 (m + 1)))
/// ```
///
/// Source: Marchal and Arbel 2017, *On the sub-Gaussianity of the Beta and Dirichlet distributions*, theorem 2.1; union bound.
///
/// ```
/// use driftledger::statistics::tolerance::{reference_error, reference_error_limit};
/// let limit = reference_error_limit(20, 100_000);
/// assert!(limit < 0.011 && reference_error(&[0.05; 20], 100_000, [0; 32]) < limit);
/// ```
pub fn reference_error_limit(bins: usize, rows: u64) -> f64 {
    let exponent = bins as f64 * std::f64::consts::LN_2 - libm::log(1.0 - COVERAGE);
    libm::sqrt(exponent / (2.0 * (rows as f64 + 1.0))).min(1.0)
}

/// Probability with which *all* of `series` reference shares are within their [`reference_error`] together, at least.
///
/// ```text
/// 1 − d (1 − 0.998), not below 0: the risks of d series added (Bonferroni), whatever their dependence
/// ```
///
/// ```
/// use driftledger::statistics::tolerance::joint_coverage;
/// assert!((joint_coverage(25) - 0.95).abs() < 1e-12);
/// assert_eq!(joint_coverage(600), 0.0);
/// ```
pub fn joint_coverage(series: usize) -> f64 {
    (1.0 - series as f64 * (1.0 - COVERAGE)).max(0.0)
}

fn rate_error(share: f64, rows: u64) -> f64 {
    if !(share > 0.0 && share < 1.0) {
        return 0.0;
    }
    let (a, b) = (rows as f64 * share, rows as f64 * (1.0 - share));
    let within = |error: f64| beta::cdf(a, b, share + error) - beta::cdf(a, b, share - error);
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if within(middle) < COVERAGE {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

fn drawn_error(reference: &[f64], rows: u64, seed: [u8; 32]) -> f64 {
    let mut draws = Draws::new(seed);
    let mut weights = vec![0.0; reference.len()];
    let mut distances = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        for (weight, share) in weights.iter_mut().zip(reference) {
            let shape = rows as f64 * share;
            *weight = if shape > 0.0 { draws.gamma(shape) } else { 0.0 };
        }
        let total: f64 = weights.iter().sum();
        if total > 0.0 {
            let moved: f64 =
                weights.iter().zip(reference).map(|(w, p)| (w / total - p).abs()).sum();
            distances.push(0.5 * moved);
        } else {
            distances.push(1.0);
        }
    }
    *distances.select_nth_unstable_by(RANK, f64::total_cmp).1
}

/// Tolerance of a rate by Cohen's h: how far the share may rise before it has moved by `h` on the arcsine scale.
///
/// ```text
/// δ = sin²( asin √p₀ + h/2 ) − p₀
/// ```
///
/// `p0`: reference share; `h` = 0.1 is the default. Scales with the base rate: 0.05 at 50 %, 0.006 at 0.1 %. Never more
/// than 1 − p₀.
///
/// ```
/// use driftledger::statistics::tolerance::cohens_h_tolerance;
/// assert!((cohens_h_tolerance(0.5, 0.1) - 0.05).abs() < 1e-3);
/// ```
pub fn cohens_h_tolerance(p0: f64, h: f64) -> f64 {
    let p0 = p0.clamp(0.0, 1.0);
    let angle = libm::asin(libm::sqrt(p0)) + 0.5 * h;
    let sine = libm::sin(angle.clamp(0.0, std::f64::consts::FRAC_PI_2));
    sine * sine - p0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equal(bins: usize) -> Vec<f64> {
        vec![1.0 / bins as f64; bins]
    }

    #[test]
    fn a_rate_floored_at_half_a_row_of_the_thyroid_reference() {
        let floored = 1.0 / (2.0 * 778.0);
        let found = reference_error(&[floored, 1.0 - floored], 778, [0; 32]);
        // scipy 1.17.1: beta.ppf(0.998, 0.5, 777.5) - p; the lower side is empty, so one tail holds all of it
        assert!((found - 0.005_481_650_364_474_855).abs() < 1e-12, "{found}");
    }

    #[test]
    fn rates_by_the_exact_beta_quantile() {
        // scipy 1.17.1: brentq(beta(500,500).cdf(.5+e)-beta(500,500).cdf(.5-e)-.998)
        let found = reference_error(&[0.5, 0.5], 1_000, [0; 32]);
        assert!((found - 0.048_756_564_881_599_25).abs() < 1e-12, "{found}");
    }

    #[test]
    fn many_bins_agree_with_the_published_table() {
        for (bins, rows, expected) in [(10, 1_000, 0.068), (20, 5_000, 0.038), (5, 500, 0.082)] {
            let found = reference_error(&equal(bins), rows, [1; 32]);
            assert!((found / expected - 1.0).abs() < 0.05, "{bins} {rows}: {found}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bits() {
        let shares = [0.0005, 0.4, 0.5995];
        let run = |seed| reference_error(&shares, 900, [seed; 32]).to_bits();
        assert_eq!(run(3), run(3));
        assert_ne!(run(3), run(4));
    }

    #[test]
    fn without_rows_or_bins_there_is_an_answer_too() {
        assert_eq!(reference_error(&[], 100, [0; 32]), 0.0);
        assert_eq!(reference_error(&[1.0], 100, [0; 32]), 0.0);
        assert_eq!(reference_error(&equal(4), 0, [0; 32]), 1.0);
        assert_eq!(reference_error(&[1.0, 0.0], 50, [0; 32]), 0.0);
        assert!(reference_error(&[0.5, 0.5, 0.0], 50, [0; 32]) < 0.3);
    }

    #[test]
    fn the_tolerance_of_a_rate_scales_with_its_base() {
        for (p0, expected) in [(0.5, 0.05), (0.01, 0.0125), (0.001, 0.006), (0.0, 0.0025)] {
            let found = cohens_h_tolerance(p0, 0.1);
            assert!((found - expected).abs() < 6e-4, "{p0}: {found}");
        }
        assert_eq!(cohens_h_tolerance(1.0, 0.1), 0.0);
        assert!(cohens_h_tolerance(0.999, 0.2) <= 0.001 + 1e-15);
    }

    #[test]
    fn the_limit_is_above_what_is_drawn_whatever_the_shares() {
        for bins in [3, 10, 20, 40] {
            let skewed: Vec<f64> = (1..=bins).map(|k| 0.5_f64.powi(k.min(30))).collect();
            let total: f64 = skewed.iter().sum();
            let skewed = skewed.iter().map(|share| share / total).collect();
            let equal = equal(usize::try_from(bins).unwrap());
            for shares in [equal, skewed] {
                for rows in [1, 50, 1_000, 100_000] {
                    let drawn = reference_error(&shares, rows, [7; 32]);
                    let limit = reference_error_limit(shares.len(), rows);
                    assert!(
                        drawn <= limit && limit <= 1.0,
                        "{bins} bins, {rows} rows: {drawn} {limit}"
                    );
                }
            }
        }
        assert!(reference_error_limit(20, 1_000_000) < 0.0033);
    }
}
