//! Kullback–Leibler divergence: how surprising is the batch to someone who believes the reference?
//!
//! Shown, never deciding. Not symmetric; infinite as soon as the batch has rows where the reference has none, hence the
//! smoothed form.
//!
//! Source: Kullback & Leibler 1951, *On information and sufficiency*, equation 2.4. Vectors: `tests/vectors/statistics.json`.

use super::{Error, Result, beta, bins};

/// KL(batch ‖ reference) of two count vectors over the same bins, in nats. 0 = equal shares; larger is worse.
///
/// ```text
/// KL = Σ_k q_k ln(q_k / p_k),  0 · ln 0 = 0          p: reference, q: batch
/// ```
///
/// # Errors
///
/// - [`Error::BinsDiffer`]: different numbers of bins.
/// - [`Error::NotEnough`]: a side without rows.
/// - [`Error::Infinite`]: the batch has rows in a bin where the reference has none.
///
/// ```
/// use driftledger::statistics::kl_divergence::kl_divergence;
/// let nats = kl_divergence(&[50, 50], &[100, 0]).unwrap();
/// assert!((nats - 2.0_f64.ln()).abs() < 1e-15);
/// assert!(kl_divergence(&[100, 0], &[50, 50]).is_err());
/// ```
pub fn kl_divergence(reference: &[u64], batch: &[u64]) -> Result<f64> {
    let rows = bins::totals(reference, batch)?;
    let lost = |(_, (r, b)): &(usize, (&u64, &u64))| **b > 0 && **r == 0;
    if let Some((bin, _)) = reference.iter().zip(batch).enumerate().find(lost) {
        return Err(Error::Infinite { bin });
    }
    let p = bins::shares(reference, rows.reference);
    let q = bins::shares(batch, rows.batch);
    // q ln(q/p) + p − q, never negative, term by term: nothing cancels where the two are close
    let term = |(&p, &q): (&f64, &f64)| if q > 0.0 { beta::deviance(q, p) } else { p };
    Ok(p.iter().zip(&q).map(term).sum())
}

/// As [`kl_divergence`] with half a row added to every bin of either side: always finite.
///
/// # Errors
///
/// - [`Error::BinsDiffer`]: different numbers of bins.
/// - [`Error::NotEnough`]: a side without rows.
///
/// ```
/// use driftledger::statistics::kl_divergence::kl_divergence_smoothed;
/// assert!(kl_divergence_smoothed(&[100, 0], &[50, 50]).unwrap() > 1.0);
/// ```
pub fn kl_divergence_smoothed(reference: &[u64], batch: &[u64]) -> Result<f64> {
    bins::totals(reference, batch)?;
    let (p, q) = (bins::smoothed(reference), bins::smoothed(batch));
    Ok(p.iter().zip(&q).map(|(p, q)| beta::deviance(*q, *p)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answer_in_both_directions() {
        // scipy 1.17.1: scipy.stats.entropy(c, r) and entropy(r, c)
        let (r, c) = ([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8]);
        assert!((kl_divergence(&r, &c).unwrap() / 0.018_308_704_611_970_4 - 1.0).abs() < 1e-12);
        assert!((kl_divergence(&c, &r).unwrap() / 0.018_909_676_965_320_45 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn equal_shares_and_empty_bins() {
        assert_eq!(kl_divergence(&[1, 2, 0], &[10, 20, 0]), Ok(0.0));
        assert_eq!(kl_divergence(&[1, 0], &[1, 1]), Err(Error::Infinite { bin: 1 }));
        assert_eq!(kl_divergence_smoothed(&[3, 4], &[3, 4]), Ok(0.0));
        assert!(kl_divergence(&[0], &[1]).is_err() && kl_divergence_smoothed(&[1], &[0]).is_err());
    }
}
