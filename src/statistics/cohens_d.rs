//! Cohen's d against the reference spread: by how many reference standard deviations has the mean moved?
//!
//! Source: Cohen 1988, *Statistical Power Analysis*, 2nd ed., section 2.2; with the reference's own deviation in the
//! denominator it is Glass's Δ (Glass 1976). Vectors: `tests/vectors/statistics.json`.

use super::moments::Moments;
use super::{Error, Result, sample};

/// (mean of batch − mean of reference) / standard deviation of the reference (divisor n − 1). 0 = no shift; positive = up.
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than two reference values or no batch value.
/// - [`Error::NotFinite`]: NaN or an infinity.
/// - [`Error::NoSpread`]: all reference values are equal.
///
/// ```
/// use driftledger::statistics::cohens_d::cohens_d;
/// assert_eq!(cohens_d(&[1.0, 2.0, 3.0], &[4.0]), Ok(2.0));
/// ```
pub fn cohens_d(reference: &[f64], batch: &[f64]) -> Result<f64> {
    sample::check(reference, 2)?;
    sample::check(batch, 1)?;
    if sample::is_constant(reference) {
        return Err(Error::NoSpread);
    }
    let power = sample::excess(&[reference, batch]);
    if power != 0 {
        return cohens_d(&sample::divided(reference, power), &sample::divided(batch, power));
    }
    // both around one value: a large common offset cancels here and not in the difference of the means
    let origin = reference[0];
    cohens_d_of_moments(&Moments::around(reference, origin), &Moments::around(batch, origin))
}

/// As [`cohens_d`], from moments.
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than two reference values or no batch value.
/// - [`Error::NoSpread`]: no reference spread.
///
/// ```
/// use driftledger::statistics::{cohens_d::cohens_d_of_moments, moments::Moments};
/// let (reference, batch) = (Moments::of(&[1.0, 2.0, 3.0]), Moments::of(&[4.0]));
/// assert_eq!(cohens_d_of_moments(&reference, &batch), Ok(2.0));
/// ```
pub fn cohens_d_of_moments(reference: &Moments, batch: &Moments) -> Result<f64> {
    let found = usize::try_from(reference.count.min(batch.count * 2)).unwrap_or(usize::MAX);
    let deviation = reference.deviation(1).filter(|_| batch.count > 0);
    let deviation = deviation.ok_or(Error::NotEnough { found, needed: 2 })?;
    if deviation > 0.0 {
        Ok((batch.mean - reference.mean) / deviation)
    } else {
        Err(Error::NoSpread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_means_and_missing_spread() {
        assert_eq!(cohens_d(&[1.0, 3.0], &[2.0, 2.0]), Ok(0.0));
        assert_eq!(cohens_d(&[0.1, 0.1, 0.1], &[5.0]), Err(Error::NoSpread));
        assert_eq!(cohens_d(&[1.0], &[5.0]), Err(Error::NotEnough { found: 1, needed: 2 }));
        assert!(cohens_d(&[1.0, 2.0], &[]).is_err());
        assert_eq!(cohens_d(&[1.0, 2.0], &[f64::NAN]), Err(Error::NotFinite { index: 0 }));
    }
}
