//! Hellinger distance: a metric between share vectors that stays finite where logarithms do not.
//!
//! Source: Le Cam & Yang 2000, *Asymptotics in Statistics*, 2nd ed., section 3.1. Vectors: `tests/vectors/statistics.json`.

use super::{Result, bins};

/// Hellinger distance of two count vectors over the same bins: 0 = equal shares, 1 = no row in common.
///
/// ```text
/// H = √( ½ Σ_k (√p_k − √q_k)² )
/// ```
///
/// # Errors
///
/// - [`super::Error::BinsDiffer`]: different numbers of bins.
/// - [`super::Error::NotEnough`]: a side without rows.
///
/// ```
/// use driftledger::statistics::hellinger::hellinger;
/// assert_eq!(hellinger(&[4, 0], &[0, 9]), Ok(1.0));
/// ```
pub fn hellinger(reference: &[u64], batch: &[u64]) -> Result<f64> {
    let rows = bins::totals(reference, batch)?;
    let p = bins::shares(reference, rows.reference);
    let q = bins::shares(batch, rows.batch);
    let roots = p.iter().zip(&q).map(|(p, q)| libm::sqrt(*p) - libm::sqrt(*q));
    Ok(libm::sqrt(0.5 * roots.map(|gap| gap * gap).sum::<f64>()).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answer_and_the_ends() {
        let found = hellinger(&[16, 18, 16, 14, 12, 12], &[16, 16, 16, 16, 16, 8]).unwrap();
        assert!((found / 0.068_127_743_709_833_45 - 1.0).abs() < 1e-12, "{found}");
        assert_eq!(hellinger(&[1, 2], &[2, 4]), Ok(0.0));
        assert_eq!(hellinger(&[5], &[1]), Ok(0.0));
        assert!(hellinger(&[], &[]).is_err() && hellinger(&[1], &[1, 2]).is_err());
    }
}
