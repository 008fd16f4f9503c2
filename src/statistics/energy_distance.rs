//! Energy distance: how much farther apart are values of different sides than values of the same side?
//!
//! Source: Székely & Rizzo 2013, *Energy statistics: a class of statistics based on distances*, J. Stat. Plan. Inference
//! 143, equation 2.5, by way of 2 ∫ (F − G)². Vectors: `tests/vectors/statistics.json`.

use super::{Result, sample};

/// Energy distance of two samples in any order, in the square root of their unit. 0 = the same distribution.
///
/// ```text
/// √( 2 E|X − Y| − E|X − X'| − E|Y − Y'| ) = √( 2 ∫ (F_batch(x) − F_reference(x))² dx )
/// ```
///
/// # Errors
///
/// - [`super::Error::NotEnough`]: a sample without values.
/// - [`super::Error::NotFinite`]: NaN or an infinity.
///
/// ```
/// use driftledger::statistics::energy_distance::energy_distance;
/// assert_eq!(energy_distance(&[0.0], &[2.0]), Ok(2.0));
/// ```
pub fn energy_distance(reference: &[f64], batch: &[f64]) -> Result<f64> {
    let reference = sample::sorted(reference, 1)?;
    let batch = sample::sorted(batch, 1)?;
    let power = sample::excess(&[&reference, &batch]);
    if power > 0 {
        // the distance is the root of a length, so an even power of two comes out whole
        let power = power & !1;
        let (reference, batch) =
            (sample::divided(&reference, power), sample::divided(&batch, power));
        return Ok(libm::scalbn(energy_distance(&reference, &batch)?, power / 2));
    }
    let (n, m) = (reference.len() as f64, batch.len() as f64);
    let mut merged: Vec<f64> = reference.iter().chain(&batch).copied().collect();
    merged.sort_unstable_by(f64::total_cmp);
    let (mut i, mut j, mut area) = (0, 0, 0.0);
    for pair in merged.windows(2) {
        while i < reference.len() && reference[i] <= pair[0] {
            i += 1;
        }
        while j < batch.len() && batch[j] <= pair[0] {
            j += 1;
        }
        let gap = i as f64 / n - j as f64 / m;
        area += gap * gap * (pair[1] - pair[0]);
    }
    Ok(libm::sqrt(2.0 * area))
}

#[cfg(test)]
mod tests {
    use super::super::Error;
    use super::*;

    #[test]
    fn the_known_answer_and_equal_samples() {
        // scipy 1.17.1: scipy.stats.energy_distance
        let a = [38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0];
        let b = [39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8];
        assert!((energy_distance(&a, &b).unwrap() / 1.570_230_874_744_221 - 1.0).abs() < 1e-12);
        assert_eq!(energy_distance(&a, &a), Ok(0.0));
        assert_eq!(energy_distance(&[1.0], &[1.0, 1.0]), Ok(0.0));
        assert_eq!(energy_distance(&[], &[1.0]), Err(Error::NotEnough { found: 0, needed: 1 }));
    }
}
