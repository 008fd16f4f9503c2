//! Fisher's exact test of a 2 × 2 table: could the two rates be the same, with however few rows?
//!
//! Source: Fisher 1935; two-sided by the sum of all tables at most as probable as the one found (Agresti 2013, *Categorical
//! Data Analysis*, 3rd ed., section 3.5.1). Vectors: `tests/vectors/statistics.json`.

use super::{Error, Result};

/// Tables whose probability exceeds the found one by less than this count as equally probable.
const SLACK: f64 = 1e-7;
/// Largest smaller margin: the number of tables that are summed.
const TABLES_MAX: u64 = 50_000_000;

/// Outcome of the test.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct FisherTest {
    /// Sample odds ratio a·d/(b·c); `None` where b·c is 0.
    pub odds_ratio: Option<f64>,
    /// P(a table at most as probable as this one | independence).
    pub p_value: f64,
}

/// Two-sided exact test of the table `[[a, b], [c, d]]`. A table with an empty row or column has p-value 1.
///
/// # Errors
///
/// - [`Error::TooLarge`]: more than 5·10⁷ tables have the same margins.
///
/// ```
/// use driftledger::statistics::fisher_exact::fisher_exact;
/// let test = fisher_exact([[0, 6], [3, 3]]).unwrap();
/// assert!((test.p_value - 2.0 / 11.0).abs() < 1e-12);
/// ```
pub fn fisher_exact(table: [[u64; 2]; 2]) -> Result<FisherTest> {
    let [[a, b], [c, d]] = table;
    let odds_ratio = (b > 0 && c > 0).then(|| (a as f64 * d as f64) / (b as f64 * c as f64));
    let (row, column) = (a + b, a + c);
    let lowest = column.saturating_sub(c + d);
    let highest = row.min(column);
    if highest - lowest > TABLES_MAX {
        let found = usize::try_from(highest - lowest).unwrap_or(usize::MAX);
        return Err(Error::TooLarge { found, limit: 50_000_000 });
    }
    let total = (a + b + c + d) as f64;
    let middle = (row as f64 + 1.0) * (column as f64 + 1.0) / (total + 2.0);
    let mode = nearest(middle, lowest, highest);
    let weights = weights(mode, (lowest, highest), row, column, a + b + c + d);
    let found = weights[usize::try_from(a - lowest).unwrap_or(0)];
    let all: f64 = weights.iter().sum();
    let extreme: f64 = weights.iter().filter(|weight| **weight <= found * (1.0 + SLACK)).sum();
    Ok(FisherTest { odds_ratio, p_value: (extreme / all).clamp(0.0, 1.0) })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and clamped to the range of the margins"
)]
fn nearest(value: f64, lowest: u64, highest: u64) -> u64 {
    (value as u64).clamp(lowest, highest)
}

/// Probability of every table relative to that of `mode`, from the lowest a upwards, by the ratio of neighbours.
fn weights(mode: u64, range: (u64, u64), row: u64, column: u64, total: u64) -> Vec<f64> {
    // P(k + 1)/P(k) = (row − k)(column − k) / ((k + 1)(total − row − column + k + 1))
    let up = |k: u64| {
        let stay = (k + 1) as f64 * (total + k + 1 - row - column) as f64;
        (row - k) as f64 * (column - k) as f64 / stay
    };
    let mut below = Vec::new();
    let mut weight = 1.0;
    for k in (range.0..mode).rev() {
        weight /= up(k);
        below.push(weight);
    }
    below.reverse();
    below.push(1.0);
    weight = 1.0;
    for k in mode..range.1 {
        weight *= up(k);
        below.push(weight);
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answers() {
        // scipy 1.17.1: scipy.stats.fisher_exact(table)
        for (table, expected) in [
            ([[60, 30], [45, 45]], 0.033_972_274_322_700_745),
            ([[0, 6], [3, 3]], 0.181_818_181_818_181_85),
            ([[4, 2], [4, 2]], 1.0),
            ([[6, 0], [0, 6]], 0.002_164_502_164_502_164_5),
            ([[90, 60], [60, 90]], 0.000_784_398_714_957_924_7),
        ] {
            let found = fisher_exact(table).unwrap().p_value;
            assert!((found / expected - 1.0).abs() < 1e-11, "{table:?}: {found}");
        }
    }

    #[test]
    fn empty_rows_columns_and_tables() {
        for table in [[[0, 0], [0, 0]], [[0, 0], [3, 4]], [[0, 5], [0, 4]], [[1, 0], [0, 0]]] {
            assert_eq!(fisher_exact(table).unwrap().p_value, 1.0, "{table:?}");
        }
        assert_eq!(fisher_exact([[6, 0], [0, 6]]).unwrap().odds_ratio, None);
        assert_eq!(fisher_exact([[1, 2], [3, 4]]).unwrap().odds_ratio, Some(4.0 / 6.0));
    }

    #[test]
    fn transposing_or_swapping_rows_changes_nothing() {
        let p = |table| fisher_exact(table).unwrap().p_value;
        let first = p([[12, 5], [7, 19]]);
        for table in [[[12, 7], [5, 19]], [[7, 19], [12, 5]], [[5, 12], [19, 7]]] {
            assert!((p(table) / first - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn many_rows_take_no_more_than_they_need() {
        let p = fisher_exact([[500_100, 499_900], [500_000, 500_000]]).unwrap().p_value;
        assert!(p > 0.85 && p < 0.95, "{p}");
        assert!(matches!(
            fisher_exact([[1 << 40, 1 << 40], [1 << 40, 1 << 40]]),
            Err(Error::TooLarge { .. })
        ));
    }
}
