//! Mann–Whitney test: is a value of one side larger than a value of the other more often than not?
//!
//! Source: Mann & Whitney 1947, Ann. Math. Statist. 18, 50–60; tie correction and continuity as in Lehmann 1975,
//! *Nonparametrics*, section 1.3–1.4; exact counts from the Gaussian binomial. Vectors: `tests/vectors/statistics.json`.

use super::significance::{Alternative, Method, Significance};
use super::{Error, Result, normal, sample};

/// Size of the smaller sample up to which the automatic choice is the exact method.
const EXACT_MAX: usize = 8;
/// Products of the sizes up to which shares are found by recursion where counts would not fit.
const RECURSION_MAX: usize = 40_000;
/// Products of the sizes beyond which arrangements are not counted.
const PAIRS_MAX: usize = 4_000_000;

/// Two-sided test with the method chosen by size: exact without ties if a sample has at most 8 values, else asymptotic.
///
/// `statistic` is U of the reference: pairs in which the reference value is larger, ties counting ½, from 0 to nm.
///
/// # Errors
///
/// - [`Error::NotEnough`]: a sample without values.
/// - [`Error::NotFinite`]: NaN or an infinity.
///
/// ```
/// use driftledger::statistics::mann_whitney::mann_whitney;
/// let test = mann_whitney(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]).unwrap();
/// assert_eq!((test.statistic, test.p_value), (0.0, 0.1));
/// ```
pub fn mann_whitney(reference: &[f64], batch: &[f64]) -> Result<Significance> {
    mann_whitney_towards(reference, batch, None, Alternative::TwoSided)
}

/// Two-sided test by counting all arrangements; with ties the p-value is only approximate.
///
/// # Errors
///
/// As [`mann_whitney`], and [`Error::TooLarge`] where the counts would not fit.
///
/// ```
/// use driftledger::statistics::mann_whitney::mann_whitney_exact;
/// assert_eq!(mann_whitney_exact(&[1.0], &[2.0]).unwrap().p_value, 1.0);
/// ```
pub fn mann_whitney_exact(reference: &[f64], batch: &[f64]) -> Result<Significance> {
    mann_whitney_towards(reference, batch, Some(Method::Exact), Alternative::TwoSided)
}

/// Two-sided test by the normal law, corrected for ties and continuity.
///
/// # Errors
///
/// As [`mann_whitney`].
///
/// ```
/// use driftledger::statistics::mann_whitney::mann_whitney_asymptotic;
/// assert_eq!(mann_whitney_asymptotic(&[1.0, 1.0], &[1.0]).unwrap().p_value, 1.0);
/// ```
pub fn mann_whitney_asymptotic(reference: &[f64], batch: &[f64]) -> Result<Significance> {
    mann_whitney_towards(reference, batch, Some(Method::Asymptotic), Alternative::TwoSided)
}

/// The test towards one side, by the `method` asked for or the one chosen by size: greater = reference values are the larger ones more
/// often, so U of the reference is large.
///
/// # Errors
///
/// As [`mann_whitney_exact`].
///
/// ```
/// use driftledger::statistics::{mann_whitney::mann_whitney_towards, significance::Alternative};
/// let test = mann_whitney_towards(&[1.0, 2.0], &[3.0, 4.0], None, Alternative::Less).unwrap();
/// assert!((test.p_value - 1.0 / 6.0).abs() < 1e-15);
/// ```
pub fn mann_whitney_towards(
    reference: &[f64],
    batch: &[f64],
    method: Option<Method>,
    alternative: Alternative,
) -> Result<Significance> {
    let ranks = Ranks::of(reference, batch)?;
    match method {
        Some(Method::Exact) => ranks.exact(alternative),
        Some(_) => Ok(ranks.asymptotic(alternative)),
        None => ranks.chosen(alternative),
    }
}

struct Ranks {
    n: usize,
    m: usize,
    /// Twice U of the reference, so that it is whole.
    twice_u: usize,
    /// Σ (t³ − t) over groups of equal values.
    ties: f64,
}

impl Ranks {
    fn of(reference: &[f64], batch: &[f64]) -> Result<Self> {
        let reference = sample::sorted(reference, 1)?;
        let batch = sample::sorted(batch, 1)?;
        let (n, m) = (reference.len(), batch.len());
        let (mut i, mut j, mut twice_u, mut ties) = (0, 0, 0, 0.0);
        while i < n || j < m {
            let value = match (reference.get(i), batch.get(j)) {
                (Some(&r), Some(&b)) => r.min(b),
                (Some(&only), None) | (None, Some(&only)) => only,
                (None, None) => break,
            };
            let (from_i, from_j) = (i, j);
            while i < n && reference[i] <= value {
                i += 1;
            }
            while j < m && batch[j] <= value {
                j += 1;
            }
            twice_u += (i - from_i) * (from_j + j);
            let tied = (i - from_i + j - from_j) as f64;
            ties += tied * tied * tied - tied;
        }
        Ok(Self { n, m, twice_u, ties })
    }

    fn statistic(&self) -> f64 {
        0.5 * self.twice_u as f64
    }

    /// Exact without ties if a sample has at most 8 values, else asymptotic.
    fn chosen(&self, alternative: Alternative) -> Result<Significance> {
        if self.n.min(self.m) <= EXACT_MAX && self.ties <= 0.0 {
            return self.exact(alternative).or_else(|_| Ok(self.asymptotic(alternative)));
        }
        Ok(self.asymptotic(alternative))
    }

    /// U of the side that is asked about, or of the one that has more, and how many such tails count.
    fn asked<T: PartialOrd>(alternative: Alternative, [own, other]: [T; 2]) -> (T, f64) {
        match alternative {
            Alternative::Greater => (own, 1.0),
            Alternative::Less => (other, 1.0),
            Alternative::TwoSided if own < other => (other, 2.0),
            Alternative::TwoSided => (own, 2.0),
        }
    }

    fn asymptotic(&self, alternative: Alternative) -> Significance {
        let (n, m) = (self.n as f64, self.m as f64);
        let all = n + m;
        let variance = n * m / 12.0 * (all + 1.0 - self.ties / (all * (all - 1.0)));
        let spread = libm::sqrt(variance.max(0.0));
        if spread <= 0.0 {
            return Significance::asymptotic(self.statistic(), 1.0);
        }
        let both = [self.statistic(), n * m - self.statistic()];
        let (larger, tails) = Self::asked(alternative, both);
        let z = (larger - 0.5 * n * m - 0.5) / spread;
        Significance::asymptotic(self.statistic(), tails * normal::sf(z))
    }

    fn exact(&self, alternative: Alternative) -> Result<Significance> {
        let pairs = self.n.saturating_mul(self.m);
        let both = [self.twice_u, 2 * pairs - self.twice_u];
        let (larger, tails) = Self::asked(alternative, both);
        // by symmetry P(U ≥ larger) = P(U ≤ rest); a half pair counts against the finding
        let rest = pairs - larger / 2;
        let tail = if rest >= pairs {
            1.0
        } else if rest <= pairs / 2 {
            self.share_upto(rest)?
        } else {
            1.0 - self.share_upto(pairs - rest - 1)?
        };
        Ok(Significance::exact(self.statistic(), tails * tail))
    }

    /// Share of the arrangements with at most `most` pairs.
    fn share_upto(&self, most: usize) -> Result<f64> {
        let (small, large) = (self.n.min(self.m), self.n.max(self.m));
        let pairs = small.saturating_mul(large);
        match arrangements(small, large) {
            Some(counts) => {
                let all: f64 = counts.iter().map(|&count| count as f64).sum();
                Ok(counts[..=most].iter().map(|&count| count as f64).sum::<f64>() / all)
            }
            None if pairs <= RECURSION_MAX => Ok(share_upto(small, large, most)),
            None => Err(Error::TooLarge { found: pairs, limit: RECURSION_MAX }),
        }
    }
}

/// Number of arrangements with each U = 0..=nm: the coefficients of the Gaussian binomial, Π (1 − x^{m+i})/(1 − x^i).
///
/// `None` where a count does not fit into 127 bits or there are too many of them.
fn arrangements(small: usize, large: usize) -> Option<Vec<i128>> {
    let pairs = small.saturating_mul(large);
    let choose: f64 =
        (1..=small).map(|i| libm::log2((large + i) as f64) - libm::log2(i as f64)).sum();
    if pairs > PAIRS_MAX || choose > 124.0 {
        return None;
    }
    let mut counts = vec![0_i128; pairs + 1];
    counts[0] = 1;
    for i in 1..=small {
        for u in (large + i..=pairs).rev() {
            counts[u] -= counts[u - large - i];
        }
        for u in i..=pairs {
            counts[u] += counts[u - i];
        }
    }
    Some(counts)
}

/// Share of the arrangements with at most `most` pairs, by taking away the largest value, which is of either side (Mann &
/// Whitney 1947, section 3): only sums of positive numbers.
fn share_upto(small: usize, large: usize, most: usize) -> f64 {
    // shares[j][u]: of arrangements of i of one side and j of the other with u pairs
    let mut shares = vec![vec![0.0; most + 1]; large + 1];
    for row in &mut shares {
        row[0] = 1.0;
    }
    for i in 1..=small {
        for j in 1..=large {
            let (done, rest) = shares.split_at_mut(j);
            let all = (i + j) as f64;
            let (own, other) = (i as f64 / all, j as f64 / all);
            // the largest is of the first side: it is above all j of the other
            for u in (0..=most).rev() {
                let with = if u >= j { own * rest[0][u - j] } else { 0.0 };
                rest[0][u] = with + other * done[j - 1][u];
            }
        }
    }
    shares[large].iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f64; 8] = [38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0];
    const B: [f64; 8] = [39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8];

    #[test]
    fn the_known_answers() {
        // scipy 1.17.1: scipy.stats.mannwhitneyu(a, b), and method="asymptotic"
        let exact = mann_whitney(&A, &B).unwrap();
        assert_eq!(exact.statistic, 49.0);
        assert!((exact.p_value / 0.082_983_682_983_682_97 - 1.0).abs() < 1e-12);
        let limit = mann_whitney_asymptotic(&A, &B).unwrap().p_value;
        assert!((limit / 0.083_122_936_959_903_3 - 1.0).abs() < 1e-10);
    }

    #[test]
    fn arrangements_are_all_counted() {
        assert_eq!(arrangements(2, 3).unwrap(), [1, 1, 2, 2, 2, 1, 1]);
        assert_eq!(arrangements(8, 8).unwrap().iter().sum::<i128>(), 12_870);
        assert!(arrangements(100, 100).is_none());
        let counted: i128 = arrangements(6, 9).unwrap()[..=17].iter().sum();
        assert!((share_upto(6, 9, 17) * 5_005.0 / counted as f64 - 1.0).abs() < 1e-13);
    }

    #[test]
    fn ties_equal_samples_and_one_value() {
        assert_eq!(mann_whitney(&[2.0; 5], &[2.0; 3]).unwrap().p_value, 1.0);
        assert_eq!(mann_whitney(&A, &A).unwrap().statistic, 32.0);
        assert_eq!(mann_whitney(&[1.0], &[2.0]).unwrap().p_value, 1.0);
        assert_eq!(mann_whitney(&[], &[2.0]), Err(Error::NotEnough { found: 0, needed: 1 }));
    }
}
