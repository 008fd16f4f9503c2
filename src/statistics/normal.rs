//! The standard normal distribution, on `libm` only.

use std::f64::consts::{PI, SQRT_2};

/// P(Z ≤ z).
pub(super) fn cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// P(Z > z), without the loss of digits of `1 − cdf`.
pub(super) fn sf(z: f64) -> f64 {
    0.5 * libm::erfc(z / SQRT_2)
}

/// Density at `z`.
pub(super) fn density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / libm::sqrt(2.0 * PI)
}

/// The z with P(Z ≤ z) = `probability`; ∓∞ at 0 and 1.
///
/// A start from the tail expansion z ≈ √(−2 ln p), then Newton steps in the logarithm of the smaller tail, where the
/// function is concave and the steps cannot overshoot for long; bounded to 40 steps.
pub(super) fn quantile(probability: f64) -> f64 {
    if probability <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if probability >= 1.0 {
        return f64::INFINITY;
    }
    if probability > 0.5 {
        return -lower_quantile(1.0 - probability);
    }
    lower_quantile(probability)
}

fn lower_quantile(probability: f64) -> f64 {
    let target = libm::log(probability);
    let mut z = -libm::sqrt((-2.0 * (target + 0.693)).max(0.0));
    for _ in 0..40 {
        let tail = cdf(z);
        let step = (libm::log(tail) - target) * tail / density(z);
        z -= step;
        if step.abs() <= 1e-15 * z.abs().max(1e-3) {
            break;
        }
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_invert_the_distribution_function() {
        for probability in [1e-300, 1e-100, 1e-12, 1e-6, 0.025, 0.25, 0.5, 0.75, 0.975, 1.0 - 1e-12]
        {
            let back = cdf(quantile(probability));
            assert!((back / probability - 1.0).abs() < 1e-12, "{probability}: {back}");
        }
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
        assert_eq!(quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(quantile(1.0), f64::INFINITY);
    }

    #[test]
    fn the_upper_tail_keeps_its_digits() {
        assert!((sf(10.0) / 7.619_853_024_160_527e-24 - 1.0).abs() < 1e-13);
    }
}
