//! What two count vectors over the same frozen bins must satisfy before they are compared.

use super::{Error, Result};

/// Rows of both sides after checking that they describe the same bins and are not empty.
pub(super) struct Totals {
    /// Rows of the reference.
    pub(super) reference: u64,
    /// Rows of the batch.
    pub(super) batch: u64,
}

/// Checks a pair of count vectors: same length, at least one bin, at least one row on each side.
pub(super) fn totals(reference: &[u64], batch: &[u64]) -> Result<Totals> {
    if reference.len() != batch.len() {
        return Err(Error::BinsDiffer { reference: reference.len(), batch: batch.len() });
    }
    let (m, n) = (rows(reference)?, rows(batch)?);
    if m == 0 || n == 0 {
        return Err(Error::NotEnough { found: 0, needed: 1 });
    }
    Ok(Totals { reference: m, batch: n })
}

/// Sum of `counts`, which must be at most 2⁵³: beyond that an f64 does not hold it.
fn rows(counts: &[u64]) -> Result<u64> {
    const MOST: u64 = 1 << 53;
    let rows = counts.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
    if rows > MOST {
        return Err(Error::OutOfRange { name: "rows", value: rows as f64 });
    }
    Ok(rows)
}

/// Shares of `counts`; the caller has checked that `rows` is their sum and not 0.
pub(super) fn shares(counts: &[u64], rows: u64) -> Vec<f64> {
    counts.iter().map(|&count| count as f64 / rows as f64).collect()
}

/// Shares with half a row added to every bin.
pub(super) fn smoothed(counts: &[u64]) -> Vec<f64> {
    let rows = counts.iter().sum::<u64>() as f64 + 0.5 * counts.len() as f64;
    counts.iter().map(|&count| (count as f64 + 0.5) / rows).collect()
}
