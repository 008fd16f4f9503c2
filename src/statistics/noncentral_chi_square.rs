//! Non-central χ² distribution: how far could the truth be, given a χ² statistic of this size?
//!
//! Source: Johnson, Kotz & Balakrishnan 1995, *Continuous Univariate Distributions* vol. 2, equation 29.3 (Poisson
//! mixture of central χ² laws); beyond its reach Lugannani & Rice 1980, Adv. Appl. Probab. 12, 475–490 (saddlepoint). Vectors:
//! `tests/vectors/statistics.json`.

use super::beta::{deviance_by, log_poisson_density};
use super::normal;
use statrs::function::gamma::gamma_lr;

/// Non-centrality up to which the mixture is summed: 40 000 terms there.
const SUMMED_UPTO: f64 = 1e7;
/// Standard deviations from the mean below which the saddlepoint is taken to be at it.
const AT_THE_MEAN: f64 = 1e-5;
/// Terms beyond the reach of the weights, at most.
const MORE_TERMS_MAX: f64 = 1e6;
/// Share of the sum below which a term no longer matters.
const NEGLIGIBLE: f64 = 1e-17;
/// Newton's steps and halvings, at most.
const STEPS_MAX: usize = 200;
/// A step that is this small for its size is the last one.
const CLOSE: f64 = 1e-9;

/// P(X ≤ x) for X non-central χ² with `degrees` degrees of freedom (> 0) and this `noncentrality` (≥ 0).
///
/// ```text
/// F(x) = Σ_j Poisson(j; λ/2) · F_{ν+2j}(x)
/// ```
///
/// Summed over the j whose Poisson weight matters, downwards, by F_{ν+2j} = F_{ν+2j+2} + (x/2)^{ν/2+j} e^{−x/2}/Γ(ν/2+j+1),
/// so all terms are positive. Beyond λ = 10⁷ by the saddlepoint of the law, whose relative
/// error is below 10⁻¹⁰ from there on.
///
/// ```
/// use driftledger::statistics::noncentral_chi_square::cdf;
/// assert!((cdf(4.0, 2.0, 0.0) - (1.0 - (-2.0_f64).exp())).abs() < 1e-14);
/// ```
pub fn cdf(x: f64, degrees: f64, noncentrality: f64) -> f64 {
    // half of the least number there is, is 0, which the functions below do not take
    if 0.5 * x <= 0.0 {
        return 0.0;
    }
    if 0.5 * noncentrality <= 0.0 {
        return gamma_lr(0.5 * degrees, 0.5 * x);
    }
    cdf_and_slope(x, degrees, noncentrality).0
}

/// The distribution function and its derivative by λ, which is negative; all numbers above 0.
///
/// ```text
/// dF/dλ = ½ (F_{ν+2}(x; λ) − F_ν(x; λ)) = −½ Σ_j Poisson(j; λ/2) · (x/2)^{ν/2+j} e^{−x/2}/Γ(ν/2+j+1)
/// ```
fn cdf_and_slope(x: f64, degrees: f64, noncentrality: f64) -> (f64, f64) {
    if noncentrality > SUMMED_UPTO {
        return by_saddlepoint(x, degrees, noncentrality);
    }
    let (below, steps) = mixture(0.5 * x, 0.5 * degrees, 0.5 * noncentrality);
    (below, -0.5 * steps)
}

/// Lugannani & Rice's formula; the slope is half of the density with ν + 2 degrees, whose difference from this one is of order 1/λ.
///
/// ```text
/// K(s) = −½ν ln(1 − 2s) + λs/(1 − 2s),  K′(s) = x  ⇒  t = 1 − 2s = (ν + √(ν² + 4xλ))/(2x)
/// w = ±√(2 (s x − K(s))),  u = s √K″(s),  F = Φ(w) + φ(w)(1/w − 1/u)
/// ```
fn by_saddlepoint(x: f64, degrees: f64, noncentrality: f64) -> (f64, f64) {
    let root = libm::hypot(degrees, 2.0 * libm::sqrt(x) * libm::sqrt(noncentrality));
    // (1 − t)/2 in a form in which nothing cancels next to the mean
    let s = (x - degrees - noncentrality) / ((2.0 * x - degrees) + root);
    let t = (degrees + root) / (2.0 * x);
    // ln t + (1 − t)/t, also where t is close to 1
    let of_degrees = 0.5 * degrees * deviance_by(1.0, 1.0 / t, -2.0 * s / t);
    let exponent = (of_degrees + 2.0 * s * s * noncentrality / (t * t)).max(0.0);
    let w = libm::sqrt(2.0 * exponent).copysign(s);
    let spread = libm::sqrt(2.0 * degrees + 4.0 * noncentrality / t) / t;
    let density = normal::density(w);
    let correction = if w.abs() < AT_THE_MEAN {
        let variance = 2.0 * degrees + 4.0 * noncentrality;
        (8.0 * degrees + 24.0 * noncentrality) / (6.0 * variance * libm::sqrt(variance))
    } else {
        1.0 / w - 1.0 / (s * spread)
    };
    let below = normal::cdf(w) + density * correction;
    (below.clamp(0.0, 1.0), -density / spread)
}

/// The Poisson mixture of distribution functions, and of their steps from ν + 2j + 2 to ν + 2j; `x`, `shape` and `mean` are half of
/// x, ν and λ.
fn mixture(x: f64, shape: f64, mean: f64) -> (f64, f64) {
    let reach = 9.0 * libm::sqrt(mean) + 30.0;
    let first = libm::floor((mean - reach).max(0.0));
    // the sum starts where F is 0, or where it is 1 still: between them the digits of the library function would be those of the sum
    let of_x = 9.0 * libm::sqrt(x) + 30.0;
    let is_one = x - shape - of_x > mean + reach;
    let beyond = (x - shape + of_x).clamp(mean + reach, mean + reach + MORE_TERMS_MAX);
    let from = if is_one { mean + reach } else { beyond };
    let last = libm::ceil(from);
    let poisson = |count: f64, mean: f64| libm::exp(log_poisson_density(count, mean));
    let mut weight = poisson(last, mean);
    let mut step = poisson(shape + last, x);
    let mut below = gamma_lr(shape + last, x);
    let (mut j, mut total, mut steps) = (last, weight * below, weight * step);
    // a subnormal number has lost digits, so nothing is multiplied up from it
    let is_whole = |number: f64| number >= f64::MIN_POSITIVE;
    let (mut rising_weight, mut rising_step) = (is_whole(weight), is_whole(step));
    // the terms rise and fall once; far below the mean they are largest beyond the reach of the weights
    let matters =
        |weight: f64, below: f64, total: f64| weight > 0.0 && weight * below >= NEGLIGIBLE * total;
    while j > first || j > 0.0 && matters(weight, below, total) {
        weight = if rising_weight { weight * j / mean } else { poisson(j - 1.0, mean) };
        step = if rising_step { step * (shape + j) / x } else { poisson(shape + j - 1.0, x) };
        (rising_weight, rising_step) = (is_whole(weight), is_whole(step));
        below += step;
        j -= 1.0;
        total += weight * below;
        steps += weight * step;
    }
    (total.min(1.0), steps)
}

/// Upper limit of the non-centrality: the λ with P(X ≤ `x`) = `tail`; 0 where even λ = 0 has no larger probability.
///
/// `tail` = 0.05 gives a one-sided 95 % limit. Found by Newton's steps from the limit of the normal law, inside a bracket; a step
/// that would leave it is replaced by a halving.
///
/// ```
/// use driftledger::statistics::noncentral_chi_square::upper_noncentrality;
/// let limit = upper_noncentrality(9.0, 9.0, 0.05);
/// assert!((limit - 11.378).abs() < 1e-3);
/// ```
pub fn upper_noncentrality(x: f64, degrees: f64, tail: f64) -> f64 {
    if !x.is_finite() || cdf(x, degrees, 0.0) <= tail {
        return 0.0;
    }
    // ν + λ − z √(2 (ν + 2λ)) = x, solved for the root
    let z = -std::f64::consts::SQRT_2 * normal::quantile(tail);
    let root = z + libm::sqrt((z * z + 2.0 * x - degrees).max(0.0));
    let guess = 0.5 * (root * root - degrees);
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut limit = if guess > 0.0 && guess.is_finite() { guess } else { x.max(1.0) };
    for _ in 0..STEPS_MAX {
        let (below, slope) = cdf_and_slope(x, degrees, limit);
        if below > tail {
            low = limit;
        } else {
            high = limit;
        }
        let newton = limit - (below - tail) / slope;
        // The next step would square what is left.
        if (newton - limit).abs() <= CLOSE * limit {
            return newton;
        }
        let halved = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * limit };
        let next = if newton > low && newton < high { newton } else { halved };
        if next <= low || next >= high {
            return next;
        }
        limit = next;
    }
    limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_limit_the_probability_is_the_tail() {
        for degrees in [1.0, 2.0, 9.0, 19.0, 200.0] {
            for x in [degrees, 1.2 * degrees + 4.0, 30.0 * degrees, 9e4, 99_500.0, 3e7] {
                for tail in [0.001, 0.05, 0.5, 0.9] {
                    let limit = upper_noncentrality(x, degrees, tail);
                    let (found, slope) = cdf_and_slope(x, degrees, limit.max(1e-9));
                    let off = (found - tail) / (slope * limit);
                    let is_zero = limit <= 0.0 && cdf(x, degrees, 0.0) <= tail;
                    assert!(is_zero || off.abs() < 1e-10, "{degrees} {x} {tail}: {limit} {off:e}");
                }
            }
        }
    }

    #[test]
    fn the_distribution_function_agrees_with_scipy() {
        // scipy 1.17.1: scipy.stats.ncx2.cdf(x, degrees, noncentrality)
        for (x, degrees, noncentrality, expected) in [
            (9.0, 9.0, 5.0, 0.218_307_454_603_704_35),
            (9.0, 9.0, 14.07, 0.025_208_446_477_282_567),
            (100.0, 9.0, 80.0, 0.736_414_566_201_945),
            (5.0, 1.0, 0.3, 0.951_641_143_469_118_9),
            (1e-3, 4.0, 2.0, 4.597_726_647_043_155e-8),
            (60.0, 3.0, 100.0, 0.008_951_769_984_827_721),
            (3_000.0, 9.0, 3_100.0, 0.164_080_553_488_824_53),
            (90_000.0, 9.0, 90_500.0, 0.198_917_532_512_44),
            (20.0, 1.0, 1e-9, 0.999_992_255_783_488),
            (3.0, 0.5, 1e-9, 0.966_583_555_704_804_4),
            // mpmath, where SciPy has 0
            (0.046_881_932_636_112_17, 50.0, 1_000.0, 1.247_040_81e-283),
        ] {
            let found = cdf(x, degrees, noncentrality);
            assert!(
                (found / expected - 1.0).abs() < 1e-8,
                "{x} {degrees} {noncentrality}: {found}"
            );
        }
    }

    #[test]
    fn the_saddlepoint_takes_over_without_a_step() {
        for z in [-30.0, -5.0, -1.0, -1e-3, 0.0, 1e-6, 1e-4, 0.1, 2.0, 6.0] {
            for degrees in [1.0, 9.0, 1_000.0, 1e6] {
                let variance = 2.0 * (degrees + 2.0 * SUMMED_UPTO);
                let x = degrees + SUMMED_UPTO + z * libm::sqrt(variance);
                let summed = cdf_and_slope(x, degrees, SUMMED_UPTO);
                let beyond = by_saddlepoint(x, degrees, SUMMED_UPTO);
                let apart = (summed.0 / beyond.0 - 1.0, summed.1 / beyond.1 - 1.0);
                // the slope only leads Newton's steps
                let is_close = apart.0.abs() < 2e-10 && apart.1.abs() < 0.02;
                assert!(is_close, "{z} {degrees}: {apart:?}");
            }
        }
    }

    #[test]
    fn upper_limits_agree_with_scipy_and_start_at_zero() {
        for (x, degrees, expected) in [
            (9.0, 9.0, 11.378_330_501_702_749),
            (30.0, 9.0, 41.554_496_831_878_35),
            (2.0, 1.0, 9.357_663_565_870_089),
            (500.0, 4.0, 573.156_860_112_319_1),
            (20_000.0, 9.0, 20_459.893_992_179_026),
        ] {
            let found = upper_noncentrality(x, degrees, 0.05);
            assert!((found / expected - 1.0).abs() < 1e-8, "{x} {degrees}: {found}");
        }
        assert_eq!(upper_noncentrality(0.0, 9.0, 0.05), 0.0);
        assert_eq!(upper_noncentrality(2.0, 9.0, 0.05), 0.0);
        assert!(upper_noncentrality(1e9, 9.0, 0.05) > 1e9);
    }
}
