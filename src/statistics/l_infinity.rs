//! L-infinity distance: which single bin moved most, and by how much?
//!
//! Source: the maximum norm; as used for categorical columns by feature stores. Vectors: `tests/vectors/statistics.json`.

use super::{Result, bins};

/// Largest change of any bin's share: 0 = equal shares, 1 = all rows left one bin for another.
///
/// ```text
/// L∞ = max_k |q_k − p_k|
/// ```
///
/// # Errors
///
/// - [`super::Error::BinsDiffer`]: different numbers of bins.
/// - [`super::Error::NotEnough`]: a side without rows.
///
/// ```
/// use driftledger::statistics::l_infinity::l_infinity;
/// assert_eq!(l_infinity(&[50, 25, 25], &[25, 50, 25]), Ok(0.25));
/// ```
pub fn l_infinity(reference: &[u64], batch: &[u64]) -> Result<f64> {
    let rows = bins::totals(reference, batch)?;
    let p = bins::shares(reference, rows.reference);
    let q = bins::shares(batch, rows.batch);
    Ok(p.iter().zip(&q).map(|(p, q)| (q - p).abs()).fold(0.0, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answer_and_the_ends() {
        let found = l_infinity(&[16, 18, 16, 14, 12, 12], &[16, 16, 16, 16, 16, 8]).unwrap();
        assert!((found / 0.045_454_545_454_545_47 - 1.0).abs() < 1e-12, "{found}");
        assert_eq!(l_infinity(&[1, 1], &[9, 9]), Ok(0.0));
        assert_eq!(l_infinity(&[1, 0], &[0, 9]), Ok(1.0));
        assert!(l_infinity(&[0, 0], &[1, 1]).is_err());
    }
}
