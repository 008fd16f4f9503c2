//! G-test of homogeneity: the likelihood-ratio twin of the χ² test.
//!
//! Source: Wilks 1938; Sokal & Rohlf 2012, *Biometry*, 4th ed., section 17.2. Vectors: `tests/vectors/statistics.json`.

use super::Result;
use super::chi_square::{cells, columns, sf};
use super::significance::Significance;

/// G-test on the 2 × K table of `reference` and `batch`, without continuity correction.
///
/// ```text
/// G = 2 Σ observed · ln(observed / expected),  df = K − 1
/// ```
///
/// Bins without rows on either side are left out. 0 = equal shares; larger is worse.
///
/// # Errors
///
/// - [`super::Error::BinsDiffer`]: different numbers of bins.
/// - [`super::Error::NotEnough`]: a side without rows, or fewer than two bins with rows.
///
/// ```
/// use driftledger::statistics::g_test::g_test;
/// assert_eq!(g_test(&[30, 70], &[30, 70]).unwrap().p_value, 1.0);
/// ```
pub fn g_test(reference: &[u64], batch: &[u64]) -> Result<Significance> {
    let columns = columns(reference, batch)?;
    let found = cells(&columns).filter(|cell| cell.observed > 0.0);
    let terms = found.map(|cell| cell.observed * libm::log(cell.observed / cell.expected));
    let statistic = (2.0 * terms.sum::<f64>()).max(0.0);
    Ok(Significance::asymptotic(statistic, sf(statistic, (columns.len() - 1) as f64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answer_and_empty_bins() {
        // scipy 1.17.1: chi2_contingency([r, c], correction=False, lambda_="log-likelihood")
        let found = g_test(&[16, 18, 16, 14, 12, 12], &[16, 16, 16, 16, 16, 8]).unwrap();
        assert!((found.statistic / 1.629_956_065_037_949_2 - 1.0).abs() < 1e-11, "{found:?}");
        assert!((found.p_value / 0.897_603_239_866_855_9 - 1.0).abs() < 1e-9);
        assert!(g_test(&[5, 0, 3], &[0, 0, 4]).unwrap().statistic > 0.0);
        assert!(g_test(&[5, 0], &[4, 0]).is_err());
    }
}
