//! Cramér's V at equal weights: how strongly does the side (reference or batch) go with the bin?
//!
//! The usual V of the pooled table shrinks as the reference grows, for one and the same change; here both sides weigh the
//! same, so it measures the change only.
//!
//! Source: Cramér 1946, *Mathematical Methods of Statistics*, section 21.9, at weights ½ and ½.
//! Vectors: `tests/vectors/statistics.json`.

use super::{Result, bins};

/// Cramér's V of two count vectors over the same bins, each side at weight ½: 0 = equal shares, 1 = no row in common.
///
/// ```text
/// V = √( ½ Σ_k (q_k − p_k)² / (q_k + p_k) )
/// ```
///
/// # Errors
///
/// - [`super::Error::BinsDiffer`]: different numbers of bins.
/// - [`super::Error::NotEnough`]: a side without rows.
///
/// ```
/// use driftledger::statistics::cramers_v::cramers_v;
/// assert_eq!(cramers_v(&[10, 30], &[100, 300]), Ok(0.0));
/// ```
pub fn cramers_v(reference: &[u64], batch: &[u64]) -> Result<f64> {
    let rows = bins::totals(reference, batch)?;
    let p = bins::shares(reference, rows.reference);
    let q = bins::shares(batch, rows.batch);
    let used = p.iter().zip(&q).filter(|(p, q)| **p + **q > 0.0);
    let sum: f64 = used.map(|(p, q)| (q - p) * (q - p) / (q + p)).sum();
    Ok(libm::sqrt(0.5 * sum).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::super::chi_square::chi_square;
    use super::*;

    #[test]
    fn at_equal_sizes_it_is_the_usual_one() {
        let (r, b) = ([40, 0, 60], [55, 0, 45]);
        let usual = (chi_square(&r, &b).unwrap().statistic / 200.0).sqrt();
        assert!((cramers_v(&r, &b).unwrap() - usual).abs() < 1e-15);
    }

    #[test]
    fn the_size_of_the_reference_does_not_change_it() {
        let small = cramers_v(&[40, 60], &[60, 40]).unwrap();
        assert!((small - cramers_v(&[40_000, 60_000], &[60, 40]).unwrap()).abs() < 1e-15);
        assert_eq!(cramers_v(&[1, 0], &[0, 1]), Ok(1.0));
        assert!(cramers_v(&[1], &[0]).is_err());
    }
}
