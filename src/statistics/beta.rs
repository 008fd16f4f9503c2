//! The beta distribution: distribution function and quantile.
//!
//! Written here because the exact limits of rates are needed for batches of up to 10⁹ rows, where the usual library
//! function, limited to 140 terms, silently returns a wrong number.
//!
//! Source: NIST DLMF 8.17.22 (continued fraction); Loader 2000, *Fast and accurate computation of binomial
//! probabilities* (the factor in front, free of cancellation).

use super::normal;
use std::f64::consts::PI;

/// Terms after which the continued fraction is taken as it is: enough for a + b = 10¹⁰.
const TERMS_MAX: u32 = 200_000;

/// P(X ≤ x) for X ~ Beta(a, b); `a` and `b` positive.
pub(super) fn cdf(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        0.0
    } else if x >= 1.0 {
        1.0
    } else if x < (a + 1.0) / (a + b + 2.0) {
        lower_tail(a, b, x, 1.0 - x)
    } else {
        1.0 - lower_tail(b, a, 1.0 - x, x)
    }
}

/// I_x(a, b) by the continued fraction of DLMF 8.17.22 in Lentz's form; `y` = 1 − x.
pub(super) fn lower_tail(a: f64, b: f64, x: f64, y: f64) -> f64 {
    tail_of(a, b, [x, y], binomial_density(a, b, x, y))
}

/// The same where the density of [`binomial_density`] is known.
fn tail_of(a: f64, b: f64, [x, y]: [f64; 2], density: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guarded = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    // 1 − (a + b) x/(a + 1), which is small where x is next to 1
    let first = if x <= y { a + 1.0 - (a + b) * x } else { (a + b) * y - (b - 1.0) } / (a + 1.0);
    let mut d = 1.0 / guarded(first);
    let mut fraction = d;
    for term in 1..=TERMS_MAX {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guarded(1.0 + even * d);
        c = guarded(1.0 + even / c);
        fraction *= c * d;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guarded(1.0 + odd * d);
        c = guarded(1.0 + odd / c);
        let step = c * d;
        fraction *= step;
        if (step - 1.0).abs() < 1e-16 {
            break;
        }
    }
    (b / (a + b) * density * fraction).clamp(0.0, 1.0)
}

/// Γ(a + b + 1)/(Γ(a + 1) Γ(b + 1)) · x^a · y^b: the probability of `a` successes and `b` failures, also for numbers that
/// are not whole.
pub(super) fn binomial_density(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    // what is more than expected on one side is missing on the other; the smaller share tells it to more digits
    let more = if x <= y { a - n * x } else { n * y - b };
    let exponent = stirling_error(n)
        - stirling_error(a)
        - stirling_error(b)
        - deviance_by(a, n * x, more)
        - deviance_by(b, n * y, -more);
    libm::sqrt(n / (2.0 * PI * a * b)) * libm::exp(exponent)
}

/// ln of the binomial probability of `a` successes and `b` failures at rate x = 1 − y; also where one of the counts is 0.
pub(super) fn log_binomial_density(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    if a <= 0.0 {
        return if b <= 0.0 { 0.0 } else { n * log_of(y, x) };
    }
    if b <= 0.0 {
        return n * log_of(x, y);
    }
    let exponent = stirling_error(n)
        - stirling_error(a)
        - stirling_error(b)
        - deviance(a, n * x)
        - deviance(b, n * y);
    exponent + 0.5 * libm::log(n / (2.0 * PI * a * b))
}

/// ln of the Poisson probability of `count` at this mean, also for a count that is not whole (Loader 2000).
pub(super) fn log_poisson_density(count: f64, mean: f64) -> f64 {
    if count <= 0.0 {
        return -mean;
    }
    -stirling_error(count) - deviance(count, mean) - 0.5 * libm::log(2.0 * PI * count)
}

/// ln x, where y = 1 − x is known to more digits if it is small.
fn log_of(x: f64, y: f64) -> f64 {
    if y < 0.5 { libm::log1p(-y) } else { libm::log(x) }
}

/// ln Γ(n + 1) − ( (n + ½) ln n − n + ½ ln 2π ).
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return libm::lgamma(n + 1.0) - (n + 0.5) * libm::log(n) + n - 0.5 * libm::log(2.0 * PI);
    }
    let square = n * n;
    let tail = 1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square;
    (1.0 / 12.0 - (1.0 / 360.0 - tail / square) / square) / n
}

/// x ln(x/m) + m − x, also where x is close to m.
pub(super) fn deviance(x: f64, mean: f64) -> f64 {
    deviance_by(x, mean, x - mean)
}

/// The same where the difference x − m is known to more digits.
pub(super) fn deviance_by(x: f64, mean: f64, difference: f64) -> f64 {
    if difference.abs() >= 0.1 * (x + mean) {
        return x * libm::log(x / mean) - difference;
    }
    let v = difference / (x + mean);
    let mut sum = difference * v;
    let mut power = 2.0 * x * v;
    for j in 1..1000_u32 {
        power *= v * v;
        let term = power / f64::from(2 * j + 1);
        sum += term;
        if term.abs() <= 1e-17 * sum.abs() {
            break;
        }
    }
    sum
}

/// The x with P(X ≤ x) = `probability` for X ~ Beta(a, b).
///
/// Newton's steps inside a bracket; a step that would leave it is replaced by a halving, so that the end is reached from
/// everywhere, also next to 0.
pub(super) fn quantile(a: f64, b: f64, probability: f64) -> f64 {
    quantile_of(a, b, [probability, 1.0 - probability])
}

/// The x with P(X > x) = `tail`, however small.
pub(super) fn upper_quantile(a: f64, b: f64, tail: f64) -> f64 {
    quantile_of(a, b, [1.0 - tail, tail])
}

/// The x at which both probabilities are met, below and above it, which sum to 1.
fn quantile_of(a: f64, b: f64, [probability, tail]: [f64; 2]) -> f64 {
    let share = a / (a + b);
    // The quantile of the normal law with the same mean and spread, if it is inside.
    let spread = libm::sqrt(share * (1.0 - share) / (a + b + 1.0));
    let guess = share + normal::quantile(probability) * spread;
    let (mut low, mut high) = (0.0, 1.0);
    let mut x = if guess > 0.0 && guess < 1.0 { guess } else { share };
    for _ in 0..200 {
        let y = 1.0 - x;
        let binomial = binomial_density(a, b, x, y);
        let error = if x < (a + 1.0) / (a + b + 2.0) {
            tail_of(a, b, [x, y], binomial) - probability
        } else {
            tail - tail_of(b, a, [y, x], binomial)
        };
        if error < 0.0 {
            low = x;
        } else {
            high = x;
        }
        let density = share * b * binomial / (x * y);
        let newton = x - error / density;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        // Beyond this the rounding of the distribution function decides; the last step squares what was left.
        if (next - x).abs() <= 1e-14 * x || next <= low || next >= high {
            return next;
        }
        x = next;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_function_agrees_with_scipy_from_small_to_large() {
        // scipy 1.17.1: scipy.special.betainc(a, b, x)
        for (a, b, x, expected) in VALUES {
            let found = cdf(a, b, x);
            assert!((found / expected - 1.0).abs() < 1e-11, "{a} {b} {x}: {found:e} {expected:e}");
        }
    }

    #[test]
    fn quantiles_invert_the_distribution_function() {
        for (a, b) in [(0.5, 777.5), (1.0, 1.0), (5.0, 2.0), (300.0, 700.0), (3e6, 7e6)] {
            for probability in [0.001, 0.05, 0.5, 0.95, 0.999] {
                let x = quantile(a, b, probability);
                assert!((cdf(a, b, x) - probability).abs() < 1e-10, "{a} {b} {probability}");
            }
        }
    }

    #[test]
    fn beyond_the_ends_nothing_is_left() {
        assert_eq!(cdf(2.0, 3.0, -1.0), 0.0);
        assert_eq!(cdf(2.0, 3.0, 1.5), 1.0);
    }

    const VALUES: [(f64, f64, f64, f64); 12] = [
        (0.5, 777.5, 0.001, 0.787_642_030_492_825_2),
        (5.0, 1000.0, 0.01, 0.972_051_441_580_569_1),
        (50_000.0, 50_000.0, 0.498, 0.102_951_265_244_429_28),
        (1_000_000.0, 10.0, 0.99999, 0.457_917_829_020_609_4),
        (0.5, 0.5, 0.3, 0.369_010_119_565_545_36),
        (300.0, 700.0, 0.2, 3.328_240_872_606_588_6e-14),
        (72.8, 0.5, 0.3, 6.764_564_963_563_376e-40),
        (3.0, 10_000_000.0, 1e-7, 0.080_301_424_662_355_11),
        (5_000_000.0, 5_000_000.0, 0.4999, 0.263_544_631_531_405_45),
        (300_000_000.0, 700_000_000.0, 0.29999, 0.245_077_995_564_955_27),
        (1.0, 149.0, 0.0199, 0.949_963_377_133_674_3),
        (2.5, 0.7, 0.9, 0.623_932_172_900_793_5),
    ];
}
