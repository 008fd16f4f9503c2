//! What a sample of numbers must satisfy before a statistic is computed on it.

use super::{Error, Result};

/// Checks that `sample` has at least `needed` values and that all of them are finite.
pub(super) fn check(sample: &[f64], needed: usize) -> Result<()> {
    if let Some(index) = sample.iter().position(|value| !value.is_finite()) {
        return Err(Error::NotFinite { index });
    }
    if sample.len() < needed {
        return Err(Error::NotEnough { found: sample.len(), needed });
    }
    Ok(())
}

/// A checked copy of `sample` in increasing order; −0.0 counts as 0.0.
pub(super) fn sorted(sample: &[f64], needed: usize) -> Result<Vec<f64>> {
    check(sample, needed)?;
    let mut sorted: Vec<f64> = sample.iter().map(|&value| value + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(sorted)
}

/// Whether all values are equal; true for an empty sample.
pub(super) fn is_constant(sample: &[f64]) -> bool {
    sample.windows(2).all(|pair| (pair[0] + 0.0).total_cmp(&(pair[1] + 0.0)).is_eq())
}

/// Arithmetic mean; the caller has checked that the sample is not empty.
pub(super) fn mean(sample: &[f64]) -> f64 {
    sample.iter().sum::<f64>() / sample.len() as f64
}

/// Σ(x − mean)²; the caller has checked that the sample is not empty.
pub(super) fn squares(sample: &[f64]) -> f64 {
    // around a value of the sample, so that a large common offset costs no digits; then the mean is off by a rounding error only
    let origin = sample[0];
    let center = sample.iter().map(|value| value - origin).sum::<f64>() / sample.len() as f64;
    let gaps = || sample.iter().map(|value| value - origin - center);
    let rest = gaps().sum::<f64>();
    gaps().map(|gap| gap * gap).sum::<f64>() - rest * rest / sample.len() as f64
}

/// The power of two by which samples are divided so that squares and differences of their values stay within f64: 0 unless
/// the largest value is beyond 2^±400.
pub(super) fn excess(samples: &[&[f64]]) -> i32 {
    excess_beyond(samples, 400)
}

/// The same for fourth powers.
pub(super) fn excess_of_fourths(sample: &[f64]) -> i32 {
    excess_beyond(&[sample], 200)
}

fn excess_beyond(samples: &[&[f64]], limit: i32) -> i32 {
    let largest =
        samples.iter().flat_map(|sample| sample.iter()).fold(0.0_f64, |m, x| m.max(x.abs()));
    let power = if largest > 0.0 && largest.is_finite() { libm::ilogb(largest) } else { 0 };
    if power.abs() > limit { power } else { 0 }
}

/// `sample` divided by 2^`power`: exact, but for values 2^1000 times smaller than the largest.
pub(super) fn divided(sample: &[f64], power: i32) -> Vec<f64> {
    sample.iter().map(|value| libm::scalbn(*value, -power)).collect()
}
