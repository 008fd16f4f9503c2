//! Cliff's δ: how much more often is a batch value above a reference value than below it?
//!
//! Source: Cliff 1993, *Dominance statistics: ordinal analyses to answer ordinal questions*, Psychological Bulletin 114,
//! 494–509. Vectors: `tests/vectors/statistics.json`.

use super::{Result, bins, sample};

/// P(batch > reference) − P(batch < reference) over all pairs. 0 = neither; 1 = every batch value is above; −1 = below.
///
/// # Errors
///
/// - [`super::Error::NotEnough`]: a sample without values.
/// - [`super::Error::NotFinite`]: NaN or an infinity.
///
/// ```
/// use driftledger::statistics::cliffs_delta::cliffs_delta;
/// assert_eq!(cliffs_delta(&[1.0, 2.0], &[2.0, 3.0]), Ok(0.75));
/// ```
pub fn cliffs_delta(reference: &[f64], batch: &[f64]) -> Result<f64> {
    let reference = sample::sorted(reference, 1)?;
    sample::check(batch, 1)?;
    let mut balance = 0.0;
    for value in batch.iter().map(|value| value + 0.0) {
        let below = reference.partition_point(|r| *r < value);
        let above = reference.len() - reference.partition_point(|r| *r <= value);
        balance += below as f64 - above as f64;
    }
    Ok(balance / (reference.len() as f64 * batch.len() as f64))
}

/// As [`cliffs_delta`] on counts of the same ordered bins; pairs within a bin count as ties.
///
/// ```text
/// δ = Σ_{i<k} (q_k p_i − p_k q_i)
/// ```
///
/// # Errors
///
/// - [`super::Error::BinsDiffer`]: different numbers of bins.
/// - [`super::Error::NotEnough`]: a side without rows.
///
/// ```
/// use driftledger::statistics::cliffs_delta::cliffs_delta_binned;
/// assert_eq!(cliffs_delta_binned(&[1, 1, 0], &[0, 1, 1]), Ok(0.75));
/// ```
pub fn cliffs_delta_binned(reference: &[u64], batch: &[u64]) -> Result<f64> {
    let rows = bins::totals(reference, batch)?;
    let p = bins::shares(reference, rows.reference);
    let q = bins::shares(batch, rows.batch);
    let (mut below_p, mut below_q, mut delta) = (0.0, 0.0, 0.0);
    for (p, q) in p.iter().zip(&q) {
        delta += q * below_p - p * below_q;
        below_p += p;
        below_q += q;
    }
    Ok(delta.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::Error;
    use super::*;

    #[test]
    fn equal_samples_and_the_ends() {
        assert_eq!(cliffs_delta(&[1.0, 2.0, 2.0], &[1.0, 2.0, 2.0]), Ok(0.0));
        assert_eq!(cliffs_delta(&[1.0], &[5.0, 6.0]), Ok(1.0));
        assert_eq!(cliffs_delta(&[7.0], &[5.0, 6.0]), Ok(-1.0));
        assert_eq!(cliffs_delta(&[0.0], &[-0.0]), Ok(0.0));
        assert_eq!(cliffs_delta(&[], &[1.0]), Err(Error::NotEnough { found: 0, needed: 1 }));
        assert_eq!(cliffs_delta_binned(&[4, 4], &[1, 1]), Ok(0.0));
    }
}
