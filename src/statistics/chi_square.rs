//! χ² test of homogeneity on two count vectors: could both come from the same shares?
//!
//! Shown, never deciding. Two-sample form: the reference is a sample too, so its counts are not taken as the truth.
//!
//! Source: Pearson 1900; Agresti 2013, *Categorical Data Analysis*, 3rd ed., section 3.2. Vectors:
//! `tests/vectors/statistics.json`.

use statrs::function::gamma::gamma_ur;

use super::{Error, Result, bins};

/// Outcome of the test.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ChiSquareTest {
    /// X²: 0 = equal shares; larger is worse.
    pub statistic: f64,
    /// Degrees of freedom: bins with rows − 1.
    pub degrees: usize,
    /// P(X² at least as large | same shares).
    pub p_value: f64,
    /// Smallest expected cell: below 5 the p-value is not to be relied on.
    pub smallest_expected: f64,
}

/// Test of homogeneity of the 2 × K table of `reference` and `batch`, without continuity correction.
///
/// ```text
/// X² = Σ (observed − expected)²/expected,  expected = row total × column total / grand total,  df = K − 1
/// ```
///
/// Bins without rows on either side are left out.
///
/// # Errors
///
/// - [`Error::BinsDiffer`]: different numbers of bins.
/// - [`Error::NotEnough`]: a side without rows, or fewer than two bins with rows.
///
/// ```
/// use driftledger::statistics::chi_square::chi_square;
/// let test = chi_square(&[40, 60], &[60, 40]).unwrap();
/// assert!((test.statistic - 8.0).abs() < 1e-12);
/// ```
pub fn chi_square(reference: &[u64], batch: &[u64]) -> Result<ChiSquareTest> {
    chi_square_of_table(&[reference, batch])
}

/// As [`chi_square`] of two bins, with Yates' continuity correction: every cell is brought up to ½ nearer to what is expected.
///
/// # Errors
///
/// As [`chi_square`], and [`Error::BinsDiffer`] where other than two bins have rows.
///
/// ```
/// use driftledger::statistics::chi_square::chi_square_corrected;
/// assert!((chi_square_corrected(&[40, 60], &[60, 40]).unwrap().statistic - 7.22).abs() < 1e-12);
/// ```
pub fn chi_square_corrected(reference: &[u64], batch: &[u64]) -> Result<ChiSquareTest> {
    let plain = chi_square(reference, batch)?;
    if plain.degrees != 1 {
        return Err(Error::BinsDiffer { reference: 2, batch: plain.degrees + 1 });
    }
    let square = |cell: Cell| {
        let gap = cell.gap.abs();
        let gap = gap - gap.min(0.5);
        gap * gap / cell.expected
    };
    let statistic = Table::of(&[reference, batch])?.cells().into_iter().map(square).sum();
    Ok(ChiSquareTest { statistic, p_value: sf(statistic, 1.0), ..plain })
}

/// The same for a table of any number of rows: do all rows have the same shares? df = (rows − 1)(columns − 1).
///
/// # Errors
///
/// - [`Error::BinsDiffer`]: rows of different length.
/// - [`Error::NotEnough`]: fewer than two rows, a row without counts, or fewer than two columns with counts.
///
/// ```
/// use driftledger::statistics::chi_square::chi_square_of_table;
/// let test = chi_square_of_table(&[&[10, 20], &[20, 10], &[15, 15]]).unwrap();
/// assert_eq!(test.degrees, 2);
/// ```
pub fn chi_square_of_table(rows: &[&[u64]]) -> Result<ChiSquareTest> {
    let table = Table::of(rows)?;
    let (mut statistic, mut smallest_expected) = (0.0, f64::INFINITY);
    for cell in table.cells() {
        statistic += cell.gap * cell.gap / cell.expected;
        smallest_expected = cell.expected.min(smallest_expected);
    }
    let degrees = table.degrees();
    Ok(ChiSquareTest {
        statistic,
        degrees,
        p_value: sf(statistic, degrees as f64),
        smallest_expected,
    })
}

/// Merges the bins with an expected cell below `smallest` into one, so that the test may be used on what is left.
///
/// Rule: all bins with an expected cell below `smallest` on either side are pooled; if the pool is still too small, the bin
/// with the fewest rows joins it, until it is large enough. The pool is the last bin of the answer. At least one bin remains.
///
/// # Errors
///
/// As [`chi_square`].
///
/// ```
/// use driftledger::statistics::chi_square::merge_small;
/// let (reference, batch) = merge_small(&[50, 40, 3, 2, 1], &[50, 40, 3, 2, 1], 5.0).unwrap();
/// assert_eq!((reference, batch), (vec![50, 40, 6], vec![50, 40, 6]));
/// ```
pub fn merge_small(
    reference: &[u64],
    batch: &[u64],
    smallest: f64,
) -> Result<(Vec<u64>, Vec<u64>)> {
    let rows = bins::totals(reference, batch)?;
    let pairs = reference.iter().copied().zip(batch.iter().copied());
    let columns: Vec<(u64, u64)> = pairs.filter(|(r, b)| *r > 0 || *b > 0).collect();
    if columns.len() < 2 {
        return Err(Error::NotEnough { found: columns.len(), needed: 2 });
    }
    let (m, n) = (rows.reference as f64, rows.batch as f64);
    let expected = |column: (u64, u64)| (column.0 + column.1) as f64 * m.min(n) / (m + n);
    let (small, mut large): (Vec<_>, Vec<_>) =
        columns.into_iter().partition(|column| expected(*column) < smallest);
    if !small.is_empty() {
        let mut pool =
            small.iter().fold((0, 0), |pool, column| (pool.0 + column.0, pool.1 + column.1));
        while expected(pool) < smallest && !large.is_empty() {
            let fewest =
                (0..large.len()).min_by_key(|&bin| large[bin].0 + large[bin].1).unwrap_or(0);
            let column = large.remove(fewest);
            pool = (pool.0 + column.0, pool.1 + column.1);
        }
        large.push(pool);
    }
    Ok(large.into_iter().unzip())
}

/// A cell of a table of counts: what was found, what its margins let expect, and the difference, which is not rounded before it is
/// taken.
pub(super) struct Cell {
    pub(super) observed: f64,
    pub(super) expected: f64,
    pub(super) gap: f64,
}

/// A table of counts without its empty columns.
pub(super) struct Table {
    rows: Vec<Vec<i128>>,
}

impl Table {
    /// At least two rows, none of them empty, and at least two columns that are not empty.
    pub(super) fn of(rows: &[&[u64]]) -> Result<Self> {
        let [first, others @ ..] = rows else {
            return Err(Error::NotEnough { found: 0, needed: 2 });
        };
        if others.is_empty() {
            return Err(Error::NotEnough { found: 1, needed: 2 });
        }
        for row in others {
            bins::totals(first, row)?;
        }
        let used = |column: &usize| rows.iter().any(|row| row[*column] > 0);
        let used: Vec<usize> = (0..first.len()).filter(used).collect();
        if used.len() < 2 {
            return Err(Error::NotEnough { found: used.len(), needed: 2 });
        }
        let kept = |row: &&[u64]| used.iter().map(|&column| i128::from(row[column])).collect();
        Ok(Self { rows: rows.iter().map(kept).collect() })
    }

    pub(super) fn degrees(&self) -> usize {
        (self.rows.len() - 1) * (self.rows[0].len() - 1)
    }

    pub(super) fn cells(&self) -> Vec<Cell> {
        let sums: Vec<i128> = self.rows.iter().map(|row| row.iter().sum()).collect();
        let total: i128 = sums.iter().sum();
        let column = |k: usize| self.rows.iter().map(|row| row[k]).sum::<i128>();
        let columns: Vec<i128> = (0..self.rows[0].len()).map(column).collect();
        let mut cells = Vec::with_capacity(sums.len() * columns.len());
        for (row, sum) in self.rows.iter().zip(&sums) {
            for (&observed, column) in row.iter().zip(&columns) {
                // a row holds at most 2⁵³, so that the products are whole numbers within i128
                let (found, margins) = (observed * total, sum * column);
                cells.push(Cell {
                    observed: observed as f64,
                    expected: margins as f64 / total as f64,
                    gap: (found - margins) as f64 / total as f64,
                });
            }
        }
        cells
    }
}

/// P(X > x) for X central χ² with `degrees` degrees of freedom.
pub(super) fn sf(x: f64, degrees: f64) -> f64 {
    // half of the least number there is, is 0, which the function does not take
    if 0.5 * x <= 0.0 {
        1.0
    } else if x < f64::INFINITY {
        gamma_ur(0.5 * degrees, 0.5 * x)
    } else {
        0.0
    }
}

/// The x with P(X > x) = `level`, `level` in (0, 1): doubling, then halving.
pub(super) fn upper_quantile(level: f64, degrees: f64) -> f64 {
    let (mut low, mut high) = (0.0, degrees.max(1.0));
    for _ in 0..60 {
        if sf(high, degrees) <= level {
            break;
        }
        low = high;
        high *= 2.0;
    }
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if sf(middle, degrees) > level {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answers() {
        // scipy 1.17.1: chi2_contingency([r, c], correction=False)
        let test = chi_square(&[16, 18, 16, 14, 12, 12], &[16, 16, 16, 16, 16, 8]).unwrap();
        assert!((test.statistic / 1.622_408_963_585_434_2 - 1.0).abs() < 1e-12);
        assert!((test.p_value / 0.898_526_239_402_660_7 - 1.0).abs() < 1e-9);
        assert_eq!((test.degrees, test.smallest_expected), (5, 10.0));
    }

    #[test]
    fn bins_without_rows_do_not_count() {
        let with = chi_square(&[40, 0, 60], &[60, 0, 40]).unwrap();
        assert_eq!(with, chi_square(&[40, 60], &[60, 40]).unwrap());
        assert_eq!(chi_square(&[3, 0], &[4, 0]), Err(Error::NotEnough { found: 1, needed: 2 }));
        assert!(chi_square(&[], &[]).is_err());
        assert_eq!(chi_square(&[5, 5], &[50, 50]).unwrap().p_value, 1.0);
    }

    #[test]
    fn small_bins_merge_by_the_stated_rule() {
        let merged = merge_small(&[50, 2, 30, 1], &[50, 2, 30, 0], 5.0).unwrap();
        assert_eq!(merged, (vec![50, 33], vec![50, 32]));
        assert_eq!(merge_small(&[9, 9], &[9, 9], 5.0).unwrap(), (vec![9, 9], vec![9, 9]));
        assert_eq!(merge_small(&[1, 1], &[1, 1], 5.0).unwrap(), (vec![2], vec![2]));
    }

    #[test]
    fn quantiles_invert_the_tail() {
        for level in [0.999, 0.5, 0.05, 1e-9] {
            for degrees in [1.0, 9.0, 40.0] {
                let x = upper_quantile(level, degrees);
                assert!((sf(x, degrees) / level - 1.0).abs() < 1e-9, "{level} {degrees}");
            }
        }
    }
}
