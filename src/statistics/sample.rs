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
    let center = mean(sample);
    sample.iter().map(|value| (value - center) * (value - center)).sum()
}
