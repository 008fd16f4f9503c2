//! Fisher's exact test of a 2 × 2 table: could the two rates be the same, with however few rows?
//!
//! Source: Fisher 1935; two-sided by the sum of all tables at most as probable as the one found (Agresti 2013, *Categorical
//! Data Analysis*, 3rd ed., section 3.5.1). Vectors: `tests/vectors/statistics.json`.

use super::beta::log_binomial_density;
use super::significance::Alternative;
use super::{Error, Result};

/// Tables whose probability exceeds the found one by less than this share count as equally probable.
const SLACK: f64 = 1e-7;
/// Most tables that are summed on one side.
const TABLES_MAX: usize = 200_000_000;

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
/// - [`Error::OutOfRange`]: more than 2⁵³ rows.
/// - [`Error::TooLarge`]: more than 2·10⁸ tables have a probability that counts (from about 10¹⁴ rows).
///
/// ```
/// use driftledger::statistics::fisher_exact::fisher_exact;
/// let test = fisher_exact([[0, 6], [3, 3]]).unwrap();
/// assert!((test.p_value - 2.0 / 11.0).abs() < 1e-12);
/// ```
pub fn fisher_exact(table: [[u64; 2]; 2]) -> Result<FisherTest> {
    let [[a, b], [c, d]] = table;
    let rows = [a, b, c, d].iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
    if rows > 1 << 53 {
        return Err(Error::OutOfRange { name: "rows", value: rows as f64 });
    }
    let odds_ratio = (b > 0 && c > 0).then(|| (a as f64 * d as f64) / (b as f64 * c as f64));
    let law = Law { row: a + b, column: a + c, total: rows };
    let found = law.log_probability(a);
    let limit = found + libm::log1p(SLACK);
    let mode = law.mode();
    // the tables at most as probable: from the found one outwards, and from the first such one on the other side
    let (below, above) = if a <= mode {
        (Some(a), law.nearest_rare(law.highest(), limit))
    } else {
        (law.nearest_rare(law.lowest(), limit), Some(a))
    };
    let p_value = if law.log_probability(mode) <= limit {
        1.0
    } else {
        below.map_or(Ok(0.0), |k| law.tail(k, false))?
            + above.map_or(Ok(0.0), |k| law.tail(k, true))?
    };
    Ok(FisherTest { odds_ratio, p_value: p_value.clamp(0.0, 1.0) })
}

/// One-sided exact test: less = P(an upper left count of at most a), for an odds ratio below 1; greater = of at least a.
///
/// # Errors
///
/// As [`fisher_exact`].
///
/// ```
/// use driftledger::statistics::{fisher_exact::fisher_exact_towards, significance::Alternative};
/// let test = fisher_exact_towards([[0, 6], [3, 3]], Alternative::Less).unwrap();
/// assert!((test.p_value - 1.0 / 11.0).abs() < 1e-12);
/// ```
pub fn fisher_exact_towards(table: [[u64; 2]; 2], alternative: Alternative) -> Result<FisherTest> {
    let two_sided = fisher_exact(table)?;
    let [[a, b], [c, d]] = table;
    let law = Law { row: a + b, column: a + c, total: a + b + c + d };
    // the tail that does not hold the mode keeps its digits; the other one is what is left
    let tail = |upwards: bool| match (upwards, a <= law.mode()) {
        (false, true) | (true, false) => law.tail(a, upwards),
        (false, false) if a == law.highest() => Ok(1.0),
        (false, false) => Ok(1.0 - law.tail(a + 1, true)?),
        (true, true) if a == law.lowest() => Ok(1.0),
        (true, true) => Ok(1.0 - law.tail(a - 1, false)?),
    };
    let p_value = match alternative {
        Alternative::TwoSided => two_sided.p_value,
        Alternative::Less => tail(false)?,
        Alternative::Greater => tail(true)?,
    };
    Ok(FisherTest { p_value: p_value.clamp(0.0, 1.0), ..two_sided })
}

/// The hypergeometric law of the upper left count, given the margins.
struct Law {
    row: u64,
    column: u64,
    total: u64,
}

impl Law {
    fn lowest(&self) -> u64 {
        (self.row + self.column).saturating_sub(self.total)
    }

    fn highest(&self) -> u64 {
        self.row.min(self.column)
    }

    fn mode(&self) -> u64 {
        let middle = u128::from(self.row + 1) * u128::from(self.column + 1);
        let mode = middle / (u128::from(self.total) + 2);
        u64::try_from(mode).unwrap_or(u64::MAX).clamp(self.lowest(), self.highest())
    }

    /// ln P(k), as three binomial probabilities at one rate (Loader 2000): no logarithms of large factorials cancel.
    fn log_probability(&self, k: u64) -> f64 {
        if self.total == 0 {
            return 0.0;
        }
        let rest = self.total - self.row;
        let share = self.column as f64 / self.total as f64;
        let other = (self.total - self.column) as f64 / self.total as f64;
        let log = |k: u64, n: u64| log_binomial_density(k as f64, (n - k) as f64, share, other);
        log(k, self.row) + log(self.column - k, rest) - log(self.column, self.total)
    }

    /// P(k + 1)/P(k).
    fn step(&self, k: u64) -> f64 {
        let stay = (k + 1) as f64 * (self.total + k + 1 - self.row - self.column) as f64;
        (self.row - k) as f64 * (self.column - k) as f64 / stay
    }

    /// P(at most k), or P(at least k) if `upwards`, for a k on that side of the mode.
    fn tail(&self, k: u64, upwards: bool) -> Result<f64> {
        let (mut at, mut term, mut sum) = (k, 1.0, 1.0);
        for _ in 0..TABLES_MAX {
            if upwards && at < self.highest() {
                term *= self.step(at);
                at += 1;
            } else if !upwards && at > self.lowest() {
                at -= 1;
                term /= self.step(at);
            } else {
                term = 0.0;
            }
            sum += term;
            if term < 1e-18 * sum {
                return Ok(sum * libm::exp(self.log_probability(k)));
            }
        }
        Err(Error::TooLarge { found: usize::MAX, limit: TABLES_MAX })
    }

    /// The table nearest to the mode that is at most as probable as `limit`, on the side that ends with `outermost`; `None`
    /// if there is none.
    fn nearest_rare(&self, outermost: u64, limit: f64) -> Option<u64> {
        let (mut probable, mut rare) = (self.mode(), outermost);
        if self.log_probability(rare) > limit {
            return None;
        }
        while probable.abs_diff(rare) > 1 {
            let middle = u64::midpoint(probable, rare);
            if self.log_probability(middle) > limit {
                probable = middle;
            } else {
                rare = middle;
            }
        }
        Some(rare)
    }
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
        // far beyond what can be listed, the test of two rates gives the same
        let table = [[1_000_001_000_000, 999_999_000_000], [1_000_000_000_000, 1_000_000_000_000]];
        let exact = fisher_exact(table).unwrap().p_value;
        let [[a, b], [c, d]] = table;
        let near = crate::statistics::z_proportion::z_proportion((a, a + b), (c, c + d)).unwrap();
        assert!((exact / near.p_value - 1.0).abs() < 1e-4, "{exact} {near:?}");
        assert_eq!(fisher_exact([[1 << 40, 1 << 40], [1 << 40, 1 << 40]]).unwrap().p_value, 1.0);
        assert!(fisher_exact([[u64::MAX, 1], [1, u64::MAX]]).is_err());
    }
}
