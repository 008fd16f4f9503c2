//! Wasserstein distance (first order): how far must the values be carried, on average, to turn one sample into the other?
//!
//! Shown, never deciding: it grows with the unit and with outliers, so it is also given in reference standard deviations.
//!
//! Source: Vallender 1974, *Calculation of the Wasserstein distance between probability distributions on the line*, Theory
//! Probab. Appl. 18(4), 784–786. Vectors: `tests/vectors/statistics.json`.

use super::{Error, Result, sample};

/// Wasserstein-1 distance of two samples in any order, in the unit of the values. 0 = the same distribution.
///
/// ```text
/// W₁ = ∫ |F_batch(x) − F_reference(x)| dx
/// ```
///
/// # Errors
///
/// - [`Error::NotEnough`]: a sample without values.
/// - [`Error::NotFinite`]: NaN or an infinity.
///
/// ```
/// use driftledger::statistics::wasserstein::wasserstein;
/// assert_eq!(wasserstein(&[1.0, 2.0, 3.0], &[3.5, 1.5, 2.5]), Ok(0.5));
/// ```
pub fn wasserstein(reference: &[f64], batch: &[f64]) -> Result<f64> {
    Ok(wasserstein_sorted(&sample::sorted(reference, 1)?, &sample::sorted(batch, 1)?))
}

/// As [`wasserstein`], for samples already checked and in increasing order; 0 if one of them is empty.
///
/// ```
/// use driftledger::statistics::wasserstein::wasserstein_sorted;
/// assert_eq!(wasserstein_sorted(&[0.0], &[5.0, 7.0]), 6.0);
/// ```
pub fn wasserstein_sorted(reference: &[f64], batch: &[f64]) -> f64 {
    if reference.is_empty() || batch.is_empty() {
        return 0.0;
    }
    let ends = [reference[0], batch[0], reference[reference.len() - 1], batch[batch.len() - 1]];
    let power = sample::excess(&[&ends]);
    if power == 0 {
        return carried(reference, batch);
    }
    let (reference, batch) = (sample::divided(reference, power), sample::divided(batch, power));
    libm::scalbn(carried(&reference, &batch), power)
}

/// The integral for samples in increasing order, not empty, whose differences stay within f64.
fn carried(reference: &[f64], batch: &[f64]) -> f64 {
    let (n, m) = (reference.len(), batch.len());
    let rows = n as f64 * m as f64;
    let (mut i, mut j) = (0, 0);
    let mut at = reference[0].min(batch[0]);
    let mut distance = 0.0;
    while i < n || j < m {
        let next = match (reference.get(i), batch.get(j)) {
            (Some(&r), Some(&b)) => r.min(b),
            (Some(&only), None) | (None, Some(&only)) => only,
            (None, None) => break,
        };
        // The gap in steps of 1/(nm), a whole number: no rounding where the samples agree.
        let steps = (i as u128 * m as u128).abs_diff(j as u128 * n as u128);
        if steps > 0 {
            distance += steps as f64 / rows * (next - at);
        }
        at = next;
        while i < n && reference[i] <= next {
            i += 1;
        }
        while j < m && batch[j] <= next {
            j += 1;
        }
    }
    distance
}

/// Wasserstein-1 distance in standard deviations of the reference (divisor n). A mean shift of d standard deviations gives d.
///
/// # Errors
///
/// As [`wasserstein`], and [`Error::NoSpread`] when all reference values are equal.
///
/// ```
/// use driftledger::statistics::wasserstein::wasserstein_normed;
/// assert_eq!(wasserstein_normed(&[-1.0, 1.0], &[0.0, 2.0]), Ok(1.0));
/// ```
pub fn wasserstein_normed(reference: &[f64], batch: &[f64]) -> Result<f64> {
    wasserstein_normed_sorted(&sample::sorted(reference, 1)?, &sample::sorted(batch, 1)?)
}

/// As [`wasserstein_normed`], for samples already checked and in increasing order, not empty.
fn wasserstein_normed_sorted(reference: &[f64], batch: &[f64]) -> Result<f64> {
    // each by its own size: values that are small beside one outlier of the other side still have a spread
    let (power, unit) = (sample::excess(&[reference, batch]), sample::excess(&[reference]));
    if (power, unit) == (0, 0) {
        return normed(wasserstein_sorted(reference, batch), reference);
    }
    let distance = carried(&sample::divided(reference, power), &sample::divided(batch, power));
    let value = libm::scalbn(normed(distance, &sample::divided(reference, unit))?, power - unit);
    if value.is_finite() {
        Ok(value)
    } else {
        Err(Error::OutOfRange { name: "wasserstein_normed", value })
    }
}

fn normed(distance: f64, reference: &[f64]) -> Result<f64> {
    let deviation = libm::sqrt(sample::squares(reference) / reference.len() as f64);
    if sample::is_constant(reference) || deviation <= 0.0 {
        Err(Error::NoSpread)
    } else {
        Ok(distance / deviation)
    }
}

/// [`wasserstein`] and [`wasserstein_normed`] of samples already checked and in increasing order, from one integral.
///
/// ```
/// use driftledger::statistics::wasserstein::wasserstein_both;
/// assert_eq!(wasserstein_both(&[-1.0, 1.0], &[1.0, 3.0]), (Ok(2.0), Ok(2.0)));
/// ```
pub fn wasserstein_both(reference: &[f64], batch: &[f64]) -> (Result<f64>, Result<f64>) {
    if reference.is_empty() || batch.is_empty() {
        let none = Error::NotEnough { found: 0, needed: 1 };
        return (Err(none.clone()), Err(none));
    }
    let distance = wasserstein_sorted(reference, batch);
    let normed = if sample::excess(&[reference, batch]) == 0 {
        normed(distance, reference)
    } else {
        wasserstein_normed_sorted(reference, batch)
    };
    (Ok(distance), normed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_samples_are_at_zero_and_a_shift_is_carried_in_full() {
        assert_eq!(wasserstein(&[2.0, 1.0, 2.0], &[1.0, 2.0, 2.0]), Ok(0.0));
        assert_eq!(wasserstein(&[1.0], &[1.0, 1.0, 1.0]), Ok(0.0));
        assert_eq!(wasserstein(&[-0.0], &[0.0]), Ok(0.0));
        assert_eq!(wasserstein(&[1.0, 5.0], &[11.0, 15.0]), Ok(10.0));
        let least = f64::from_bits(1);
        assert_eq!(wasserstein(&[0.0, 2.0 * least], &[3.0 * least]), Ok(2.0 * least));
    }

    #[test]
    fn the_known_answer_of_two_samples() {
        // scipy 1.17.1: scipy.stats.wasserstein_distance
        let a = [38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0];
        let b = [39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8];
        assert!((wasserstein(&a, &b).unwrap() / 4.162_5 - 1.0).abs() < 1e-12);
        assert!((wasserstein_normed(&a, &b).unwrap() / 0.781_236_105_789_365 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn samples_that_cannot_be_compared_are_refused() {
        assert_eq!(wasserstein(&[], &[1.0]), Err(Error::NotEnough { found: 0, needed: 1 }));
        assert_eq!(wasserstein(&[1.0, f64::NAN], &[1.0]), Err(Error::NotFinite { index: 1 }));
        assert_eq!(wasserstein_normed(&[0.1, 0.1, 0.1], &[1.0]), Err(Error::NoSpread));
    }
}
