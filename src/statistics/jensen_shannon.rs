//! Jensen–Shannon divergence and distance: how well could one tell from one row which side it came from?
//!
//! Shown, never deciding. Peers print five different numbers under this name; here the divergence is in bits and the
//! distance is its square root, both in [0, 1].
//!
//! Source: Lin 1991, *Divergence measures based on the Shannon entropy*, IEEE Trans. Inf. Theory 37(1), equation 4.1 at
//! equal weights; Endres & Schindelin 2003 (the root is a metric). Vectors: `tests/vectors/statistics.json`.

use super::{Result, beta, bins};

/// Jensen–Shannon divergence of two count vectors over the same bins, in bits: 0 = equal shares, 1 = no row in common.
///
/// ```text
/// JSD = ½ Σ p_k log₂(p_k/m_k) + ½ Σ q_k log₂(q_k/m_k),  m = (p + q)/2,  0 · log 0 = 0
/// ```
///
/// # Errors
///
/// - [`super::Error::BinsDiffer`]: different numbers of bins.
/// - [`super::Error::NotEnough`]: a side without rows.
///
/// ```
/// use driftledger::statistics::jensen_shannon::divergence;
/// assert_eq!(divergence(&[1, 0], &[0, 1]), Ok(1.0));
/// ```
pub fn divergence(reference: &[u64], batch: &[u64]) -> Result<f64> {
    let rows = bins::totals(reference, batch)?;
    let p = bins::shares(reference, rows.reference);
    let q = bins::shares(batch, rows.batch);
    // ½ [p ln(p/m) + q ln(q/m)], each with its difference to m added, so that no term is negative and nothing cancels
    let part = |share: f64, middle: f64| {
        if share > 0.0 { beta::deviance(share, middle) } else { middle }
    };
    let term = |(&p, &q): (&f64, &f64)| {
        let middle = 0.5 * (p + q);
        if middle > 0.0 { 0.5 * (part(p, middle) + part(q, middle)) } else { 0.0 }
    };
    let nats: f64 = p.iter().zip(&q).map(term).sum();
    Ok((nats / std::f64::consts::LN_2).clamp(0.0, 1.0))
}

/// Jensen–Shannon distance: the square root of [`divergence`], a metric in [0, 1].
///
/// # Errors
///
/// As [`divergence`].
///
/// ```
/// use driftledger::statistics::jensen_shannon::distance;
/// assert_eq!(distance(&[3, 3], &[5, 5]), Ok(0.0));
/// ```
pub fn distance(reference: &[u64], batch: &[u64]) -> Result<f64> {
    Ok(libm::sqrt(divergence(reference, batch)?))
}

#[cfg(test)]
mod tests {
    use super::super::Error;
    use super::*;

    #[test]
    fn equal_shares_are_at_zero_and_disjoint_ones_at_one() {
        assert_eq!(divergence(&[2, 3, 5], &[20, 30, 50]), Ok(0.0));
        assert_eq!(distance(&[0, 4, 0], &[7, 0, 1]), Ok(1.0));
        assert_eq!(divergence(&[9], &[4]), Ok(0.0));
        assert_eq!(divergence(&[0], &[4]), Err(Error::NotEnough { found: 0, needed: 1 }));
    }

    #[test]
    fn the_known_answer_in_both_forms() {
        // scipy 1.17.1: scipy.spatial.distance.jensenshannon(r, c, base=2)
        let (r, c) = ([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8]);
        let found = distance(&r, &c).unwrap();
        assert!((found / 0.081_734_213_305_735_76 - 1.0).abs() < 1e-12, "{found}");
        assert!((divergence(&r, &c).unwrap() - found * found).abs() < 1e-16);
    }
}
