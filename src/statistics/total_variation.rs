//! Total variation distance: what share of the rows would have to move to another bin to look like the reference again?
//!
//! The one effect size that decides. Bounded, the same meaning for numbers and categories, no logarithm of zero.
//!
//! Source: Levin, Peres, Wilmer, *Markov Chains and Mixing Times*, 2nd ed., Proposition 4.2.
//! Vectors: `tests/vectors/statistics.json`.

use super::{Result, bins};

/// Total variation distance of two share vectors over the same bins: 0 = equal, 1 = no row in common.
///
/// ```text
/// TV(p, q) = ½ Σ_k |q_k − p_k|
/// ```
///
/// Bins beyond the shorter vector are compared with share 0.
///
/// ```
/// use driftledger::statistics::total_variation::total_variation;
/// assert!((total_variation(&[0.5, 0.3, 0.2], &[0.4, 0.3, 0.3]) - 0.1).abs() < 1e-15);
/// ```
pub fn total_variation(p: &[f64], q: &[f64]) -> f64 {
    let share = |shares: &[f64], k: usize| shares.get(k).copied().unwrap_or(0.0);
    0.5 * (0..p.len().max(q.len())).map(|k| (share(q, k) - share(p, k)).abs()).sum::<f64>()
}

/// Total variation distance of two count vectors over the same bins: 0 = equal shares, 1 = no row in common.
///
/// # Errors
///
/// - [`super::Error::BinsDiffer`]: different lengths.
/// - [`super::Error::NotEnough`]: no row on one side.
///
/// ```
/// use driftledger::statistics::total_variation::total_variation_counts;
/// assert_eq!(total_variation_counts(&[5, 5], &[10, 0]), Ok(0.5));
/// ```
pub fn total_variation_counts(reference: &[u64], batch: &[u64]) -> Result<f64> {
    let rows = bins::totals(reference, batch)?;
    Ok(total_variation(&bins::shares(reference, rows.reference), &bins::shares(batch, rows.batch)))
}

#[cfg(test)]
mod tests {
    use super::super::Error;
    use super::*;

    #[test]
    fn equal_shares_are_at_distance_zero_and_disjoint_ones_at_one() {
        assert_eq!(total_variation_counts(&[3, 7], &[30, 70]), Ok(0.0));
        assert_eq!(total_variation_counts(&[3, 0], &[0, 9]), Ok(1.0));
        assert_eq!(total_variation_counts(&[4], &[9]), Ok(0.0));
    }

    #[test]
    fn counts_that_cannot_be_compared_are_refused() {
        assert_eq!(total_variation_counts(&[], &[]), Err(Error::NotEnough { found: 0, needed: 1 }));
        assert_eq!(
            total_variation_counts(&[1, 2], &[0, 0]),
            Err(Error::NotEnough { found: 0, needed: 1 })
        );
        assert_eq!(
            total_variation_counts(&[1], &[1, 2]),
            Err(Error::BinsDiffer { reference: 1, batch: 2 })
        );
    }

    #[test]
    fn the_known_answer_of_six_bins() {
        let found =
            total_variation_counts(&[16, 18, 16, 14, 12, 12], &[16, 16, 16, 16, 16, 8]).unwrap();
        assert!((found - 0.068_181_818_181_818_19).abs() < 1e-15);
    }
}
