//! G-test of homogeneity: the likelihood-ratio twin of the χ² test.
//!
//! Source: Wilks 1938; Sokal & Rohlf 2012, *Biometry*, 4th ed., section 17.2. Vectors: `tests/vectors/statistics.json`.

use super::chi_square::{Cell, Table, sf};
use super::significance::Significance;
use super::{Result, beta};

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
    g_test_of_table(&[reference, batch])
}

/// The same for a table of any number of rows; df = (rows − 1)(columns − 1).
///
/// # Errors
///
/// - [`super::Error::BinsDiffer`]: rows of different length.
/// - [`super::Error::NotEnough`]: fewer than two rows, a row without counts, or fewer than two columns with counts.
///
/// ```
/// use driftledger::statistics::g_test::g_test_of_table;
/// assert!(g_test_of_table(&[&[10, 20], &[20, 10], &[15, 15]]).unwrap().p_value < 0.05);
/// ```
pub fn g_test_of_table(rows: &[&[u64]]) -> Result<Significance> {
    let table = Table::of(rows)?;
    // o ln(o/e) + e − o, never negative, cell by cell: nothing cancels where the two are close
    let term = |cell: Cell| {
        if cell.observed > 0.0 {
            beta::deviance_by(cell.observed, cell.expected, cell.gap)
        } else {
            cell.expected
        }
    };
    let statistic = 2.0 * table.cells().into_iter().map(term).sum::<f64>();
    Ok(Significance::asymptotic(statistic, sf(statistic, table.degrees() as f64)))
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
