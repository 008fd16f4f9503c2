//! Two-sample Kolmogorov–Smirnov test: what is the largest gap between the two distribution functions?
//!
//! Shown beside the verdict, never deciding: its p-value asks for exact equality, which large batches always refute.
//!
//! Source: Hodges 1957, *The significance probability of the Smirnov two-sample test*, Arkiv för Matematik 3, 469–486
//! (exact, by lattice paths); Simard & L'Ecuyer 2011 (the law of D_n at n = nm/(n+m)). Ties make the exact p-value
//! conservative. Vectors: `tests/vectors/statistics.json`.

pub use super::significance::Method;
use super::{Error, Result, bins, kolmogorov, sample};

/// Larger sample up to which the automatic choice is the exact method.
pub(super) const EXACT_MAX: usize = 10_000;
/// Lattice points the exact method may visit.
pub(super) const CELLS_MAX: usize = 400_000_000;

/// Outcome of the test.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct KsTest {
    /// D: 0 = the same distribution function, 1 = no overlap.
    pub statistic: f64,
    /// P(D at least as large | same distribution).
    pub p_value: f64,
    /// How the p-value was found.
    pub method: Method,
}

/// Outcome on frozen bins, where D is only known to lie between two numbers.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct BinnedKs {
    /// The largest gap at a bin limit: D is at least this.
    pub statistic: f64,
    /// D is at most this: the gap plus the largest share two bins have in common.
    pub upper: f64,
    /// Limit-law p-value of `statistic`.
    pub p_value: f64,
    /// Always [`Method::Binned`].
    pub method: Method,
}

/// D of two samples of finite values, in any order.
///
/// ```text
/// D = max_x |F_batch(x) − F_reference(x)|
/// ```
///
/// Unchanged by every strictly increasing transform. 0 = equal, 1 = no overlap.
///
/// # Errors
///
/// - [`Error::NotEnough`]: a sample without values.
/// - [`Error::NotFinite`]: NaN or an infinity.
///
/// ```
/// use driftledger::statistics::ks::ks_statistic;
/// assert_eq!(ks_statistic(&[0.0, 1.0, 2.0, 3.0], &[4.0, 5.0]), Ok(1.0));
/// ```
pub fn ks_statistic(reference: &[f64], batch: &[f64]) -> Result<f64> {
    let gap = Gap::of(reference, batch)?;
    Ok(gap.distance())
}

/// The test with the method chosen by size: exact up to 10 000 values in the larger sample, asymptotic beyond.
///
/// # Errors
///
/// As [`ks_statistic`].
///
/// ```
/// use driftledger::statistics::ks::{Method, ks};
/// let test = ks(&[0.0, 1.0, 2.0, 3.0], &[4.0, 5.0, 6.0, 7.0]).unwrap();
/// assert_eq!(test.method, Method::Exact);
/// assert!((test.p_value - 2.0 / 70.0).abs() < 1e-12);
/// ```
pub fn ks(reference: &[f64], batch: &[f64]) -> Result<KsTest> {
    ks_sorted(&sample::sorted(reference, 1)?, &sample::sorted(batch, 1)?)
}

/// As [`ks`], for samples already checked and in increasing order.
///
/// # Errors
///
/// [`Error::NotEnough`]: a sample without values.
///
/// ```
/// use driftledger::statistics::ks::{ks, ks_sorted};
/// let (reference, batch) = ([0.0, 1.0, 2.0, 3.0], [0.5, 5.0]);
/// assert_eq!(ks_sorted(&reference, &batch), ks(&reference, &batch));
/// ```
pub fn ks_sorted(reference: &[f64], batch: &[f64]) -> Result<KsTest> {
    if reference.is_empty() || batch.is_empty() {
        return Err(Error::NotEnough { found: 0, needed: 1 });
    }
    let Gap { n, m, steps } = Gap::of_sorted(reference, batch);
    of_steps([n, m], steps)
}

/// As [`ks`], for samples of `n` and `m` values whose largest gap is that many steps of 1/(nm).
pub(super) fn of_steps([n, m]: [usize; 2], steps: u128) -> Result<KsTest> {
    let gap = Gap { n, m, steps };
    if n.max(m) <= EXACT_MAX { gap.exact() } else { Ok(gap.asymptotic()) }
}

/// The test with the exact p-value: the share of all arrangements of the two samples with D at least as large.
///
/// # Errors
///
/// As [`ks_statistic`], and [`Error::TooLarge`] beyond 4·10⁸ pairs of values.
///
/// ```
/// use driftledger::statistics::ks::ks_exact;
/// assert_eq!(ks_exact(&[1.0, 2.0], &[1.0, 2.0]).unwrap().p_value, 1.0);
/// ```
pub fn ks_exact(reference: &[f64], batch: &[f64]) -> Result<KsTest> {
    Gap::of(reference, batch)?.exact()
}

/// The test with the p-value of the two-sided Kolmogorov law at n = nm/(n+m), rounded half to even.
///
/// # Errors
///
/// As [`ks_statistic`].
///
/// ```
/// use driftledger::statistics::ks::ks_asymptotic;
/// assert!(ks_asymptotic(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]).unwrap().p_value > 0.99);
/// ```
pub fn ks_asymptotic(reference: &[f64], batch: &[f64]) -> Result<KsTest> {
    Ok(Gap::of(reference, batch)?.asymptotic())
}

/// The test on counts of the same ordered bins.
///
/// ```text
/// D_grid = max_k |F_batch(k) − F_reference(k)| ≤ D ≤ D_grid + max_k min(p_k, q_k)
/// ```
///
/// # Errors
///
/// - [`Error::BinsDiffer`]: different numbers of bins.
/// - [`Error::NotEnough`]: a side without rows.
///
/// ```
/// use driftledger::statistics::ks::ks_binned;
/// let test = ks_binned(&[10, 10, 10, 10], &[5, 5, 10, 20]).unwrap();
/// assert_eq!((test.statistic, test.upper), (0.25, 0.5));
/// ```
pub fn ks_binned(reference_counts: &[u64], batch_counts: &[u64]) -> Result<BinnedKs> {
    let rows = bins::totals(reference_counts, batch_counts)?;
    let (m, n) = (rows.reference as f64, rows.batch as f64);
    let (mut below_m, mut below_n) = (0_u64, 0_u64);
    let (mut statistic, mut common) = (0.0_f64, 0.0_f64);
    for (&reference, &batch) in reference_counts.iter().zip(batch_counts) {
        below_m += reference;
        below_n += batch;
        statistic = statistic.max((below_n as f64 / n - below_m as f64 / m).abs());
        common = common.max((reference as f64 / m).min(batch as f64 / n));
    }
    Ok(BinnedKs {
        statistic,
        upper: (statistic + common).min(1.0),
        p_value: limit_p_value(statistic, m, n),
        method: Method::Binned,
    })
}

fn limit_p_value(statistic: f64, n: f64, m: f64) -> f64 {
    let effective = libm::rint(n * m / (n + m));
    if effective < 1.0 {
        1.0
    } else {
        kolmogorov::two_sided_sf(effective, statistic).clamp(0.0, 1.0)
    }
}

/// D as a whole number of steps of 1/(nm), so that no rounding decides a tie.
struct Gap {
    n: usize,
    m: usize,
    steps: u128,
}

impl Gap {
    fn of(reference: &[f64], batch: &[f64]) -> Result<Self> {
        Ok(Self::of_sorted(&sample::sorted(reference, 1)?, &sample::sorted(batch, 1)?))
    }

    fn of_sorted(reference: &[f64], batch: &[f64]) -> Self {
        let (n, m) = (reference.len(), batch.len());
        let (mut i, mut j, mut steps) = (0, 0, 0);
        while i < n && j < m {
            let value = reference[i].min(batch[j]);
            while i < n && reference[i] <= value {
                i += 1;
            }
            while j < m && batch[j] <= value {
                j += 1;
            }
            steps = steps.max((i as u128 * m as u128).abs_diff(j as u128 * n as u128));
        }
        Self { n, m, steps }
    }

    fn exact(&self) -> Result<KsTest> {
        let cells = self.n.saturating_mul(self.m);
        if cells > CELLS_MAX && self.n != self.m {
            return Err(Error::TooLarge { found: cells, limit: CELLS_MAX });
        }
        let p_value = self.exact_p_value();
        Ok(KsTest { statistic: self.distance(), p_value, method: Method::Exact })
    }

    fn asymptotic(&self) -> KsTest {
        let statistic = self.distance();
        let p_value = limit_p_value(statistic, self.n as f64, self.m as f64);
        KsTest { statistic, p_value, method: Method::Asymptotic }
    }

    fn distance(&self) -> f64 {
        self.steps as f64 / (self.n as f64 * self.m as f64)
    }

    fn exact_p_value(&self) -> f64 {
        if self.steps == 0 {
            1.0
        } else if self.n == self.m {
            equal_sizes(self.n, self.steps / self.n as u128)
        } else {
            paths_outside(self.n.max(self.m), self.n.min(self.m), self.steps)
        }
    }
}

/// 2 Σ_{k≥1} (−1)^{k−1} C(2n, n − kh)/C(2n, n): equal sizes, D = h/n (reflection principle).
fn equal_sizes(n: usize, h: u128) -> f64 {
    let (mut ratio, mut p_value, mut sign) = (1.0, 0.0, 2.0);
    for step in 1..=n {
        ratio *= (n - step + 1) as f64 / (n + step) as f64;
        if (step as u128).is_multiple_of(h) {
            p_value += sign * ratio;
            sign = -sign;
        }
        if ratio < f64::MIN_POSITIVE {
            break;
        }
    }
    p_value.clamp(0.0, 1.0)
}

/// Share of the lattice paths from (0, 0) to (n, m) that leave |i/n − j/m| < steps/(nm).
///
/// f(i, j) = i/(i+j) f(i−1, j) + j/(i+j) f(i, j−1) inside, 1 outside: only positive terms, so small shares keep their
/// digits. Only points inside the band are visited.
fn paths_outside(n: usize, m: usize, steps: u128) -> f64 {
    let (wide, long) = (m as u128, n as u128);
    let mut outside = vec![1.0; m + 1];
    outside[0] = 0.0;
    for i in 0..=n {
        let at = i as u128 * wide;
        // inside: |i m − j n| < steps
        let low = if at < steps { 0 } else { (at - steps) / long + 1 };
        let high = ((at + steps - 1) / long).min(wide);
        let (Ok(low), Ok(high)) = (usize::try_from(low), usize::try_from(high)) else {
            return 1.0;
        };
        let mut left = if low == 0 { 0.0 } else { 1.0 };
        for (j, cell) in outside.iter_mut().enumerate().take(high + 1).skip(low) {
            if i + j > 0 {
                *cell = (i as f64 * *cell + j as f64 * left) / (i + j) as f64;
            }
            left = *cell;
        }
    }
    outside[m]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, relative: f64) {
        assert!(
            (found - expected).abs() <= relative * expected,
            "{found:e} instead of {expected:e}"
        );
    }

    fn line(rows: u32, slope: f64, start: f64) -> Vec<f64> {
        (0..rows).map(|i| f64::from(i) * slope + start).collect()
    }

    #[test]
    fn both_p_values_agree_with_scipy() {
        // scipy 1.17.1: ks_2samp(a, b, method="exact" and "asymp")
        let a = [38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0];
        let b = [39.2, 39.3, 39.7, 41.4, 41.8];
        close(ks_exact(&a, &b).unwrap().p_value, 0.041_958_041_958_041_97, 1e-12);
        close(ks_asymptotic(&a, &b).unwrap().p_value, 0.031_25, 1e-12);
        let (a, b) = (line(300, 1.0, 0.0), line(250, 1.3, 20.0));
        close(ks_exact(&a, &b).unwrap().p_value, 0.008_146_424_065_889_817, 1e-10);
        close(ks_asymptotic(&a, &b).unwrap().p_value, 0.008_244_111_247_175_97, 1e-9);
        let b = line(170, 1.3, 120.0);
        close(ks_exact(&a, &b).unwrap().p_value, 4.045_637_023_723_999e-16, 1e-9);
        close(ks_exact(&b, &a).unwrap().p_value, 4.045_637_023_723_999e-16, 1e-9);
        close(ks_asymptotic(&a, &b).unwrap().p_value, 2.572_496_739_829_337_6e-16, 1e-9);
    }

    #[test]
    fn ties_are_looked_at_only_between_values() {
        let test =
            ks_exact(&[1.0, 1.0, 2.0, 3.0, 3.0], &[2.0, 2.0, 3.0, 4.0, 4.0, 4.0, 7.0]).unwrap();
        close(test.statistic, 4.0 / 7.0, 1e-15);
        close(test.p_value, 0.237_373_737_373_737_38, 1e-12);
    }

    #[test]
    fn equal_samples_return_and_have_p_value_one() {
        for sample in [line(1, 1.0, 0.0), line(40, 1.0, 0.0), vec![7.0; 30]] {
            for test in [ks_exact(&sample, &sample), ks_asymptotic(&sample, &sample)] {
                let test = test.unwrap();
                assert_eq!((test.statistic, test.p_value), (0.0, 1.0));
            }
        }
        assert_eq!(ks_exact(&[1.0, 2.0], &[1.0, 1.0, 2.0, 2.0]).unwrap().p_value, 1.0);
    }

    #[test]
    fn the_two_exact_forms_agree_where_both_apply() {
        for h in 1..=12_u128 {
            let (reflected, counted) = (equal_sizes(12, h), paths_outside(12, 12, h * 12));
            close(reflected, counted, 1e-12);
        }
    }

    #[test]
    fn a_strictly_increasing_transform_changes_nothing() {
        let (a, b) = (line(20, 0.3, -2.0), line(15, 0.45, -3.0));
        let exp = |sample: &[f64]| sample.iter().map(|x| x.exp()).collect::<Vec<_>>();
        assert_eq!(ks(&a, &b), ks(&exp(&a), &exp(&b)));
    }

    #[test]
    fn the_binned_gap_brackets_the_exact_one() {
        let (a, b) = (line(100, 1.0, 0.0), line(80, 1.0, 30.0));
        let bin = |sample: &[f64]| {
            let tens = (0..12_u32).map(|ten| f64::from(ten) * 10.0);
            let inside =
                |from: f64| sample.iter().filter(move |x| **x >= from && **x < from + 10.0);
            tens.map(|from| inside(from).count() as u64).collect::<Vec<_>>()
        };
        let (exact, binned) =
            (ks_statistic(&a, &b).unwrap(), ks_binned(&bin(&a), &bin(&b)).unwrap());
        assert!(binned.statistic <= exact && exact <= binned.upper, "{exact} {binned:?}");
        assert_eq!(ks_binned(&[5, 5], &[1, 1]).unwrap().p_value, 1.0);
    }

    #[test]
    fn samples_that_cannot_be_compared_are_refused() {
        assert_eq!(ks(&[], &[1.0]), Err(Error::NotEnough { found: 0, needed: 1 }));
        assert_eq!(ks(&[f64::INFINITY], &[1.0]), Err(Error::NotFinite { index: 0 }));
        assert!(ks_binned(&[0], &[1]).is_err() && ks_binned(&[1], &[1, 2]).is_err());
        let many = vec![0.0; 50_001];
        assert!(matches!(ks_exact(&many, &many[1..]), Err(Error::TooLarge { .. })));
    }
}
