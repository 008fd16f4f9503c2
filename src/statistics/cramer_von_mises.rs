//! Two-sample Cramér–von Mises test: how large is the squared gap between the two distribution functions, all along?
//!
//! Source: Anderson 1962, *On the distribution of the two-sample Cramér–von Mises criterion*, Ann. Math. Statist. 33,
//! 1148–1159; Xiao, Gordon & Yakovlev 2007, J. Stat. Softw. 17(8) (exact recursion); Csörgő & Faraway 1996, JRSS B 58,
//! equation 1.3 (limit law). Vectors: `tests/vectors/statistics.json`.

use super::significance::Significance;
use super::{Error, Result, sample};

/// Size of the larger sample up to which the automatic choice is the exact method.
const EXACT_MAX: usize = 20;
/// Sums that the exact method goes through, at most: a second or two.
const SUMS_MAX: usize = 1 << 28;

/// The test with the method chosen by size: exact up to 20 values in the larger sample, asymptotic beyond.
///
/// ```text
/// T = U/(nm(n+m)) − (4nm − 1)/(6(n+m)),  U = n Σ_i (r_i − i)² + m Σ_j (s_j − j)²,  r, s: ranks in the joint sample
/// ```
///
/// Larger T is worse. Ties get middle ranks, and the p-values are then approximate.
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than two values on one side.
/// - [`Error::NotFinite`]: NaN or an infinity.
///
/// ```
/// use driftledger::statistics::cramer_von_mises::cramer_von_mises;
/// assert!(cramer_von_mises(&[1.0, 2.0, 3.0], &[7.0, 8.0, 9.0]).unwrap().p_value <= 0.1);
/// ```
pub fn cramer_von_mises(reference: &[f64], batch: &[f64]) -> Result<Significance> {
    if reference.len().max(batch.len()) <= EXACT_MAX {
        cramer_von_mises_exact(reference, batch)
    } else {
        cramer_von_mises_asymptotic(reference, batch)
    }
}

/// The test by counting all arrangements.
///
/// # Errors
///
/// As [`cramer_von_mises`], and [`Error::TooLarge`] where more than 2²⁸ sums would have to be gone through: two samples of 100 values
/// are counted, and mostly larger ones where the statistic is small; of sizes without a common divisor, two of about 60.
///
/// ```
/// use driftledger::statistics::cramer_von_mises::cramer_von_mises_exact;
/// assert_eq!(cramer_von_mises_exact(&[1.0, 4.0], &[2.0, 3.0]).unwrap().p_value, 1.0);
/// ```
pub fn cramer_von_mises_exact(reference: &[f64], batch: &[f64]) -> Result<Significance> {
    let criterion = Criterion::of(reference, batch)?;
    Ok(Significance::exact(criterion.statistic(), criterion.counted()?))
}

/// The test by the limit law, with mean and variance of T matched.
///
/// # Errors
///
/// As [`cramer_von_mises`].
///
/// ```
/// use driftledger::statistics::cramer_von_mises::cramer_von_mises_asymptotic;
/// assert_eq!(cramer_von_mises_asymptotic(&[1.0, 2.0], &[1.0, 2.0]).unwrap().p_value, 1.0);
/// ```
pub fn cramer_von_mises_asymptotic(reference: &[f64], batch: &[f64]) -> Result<Significance> {
    let criterion = Criterion::of(reference, batch)?;
    let statistic = criterion.statistic();
    let (n, m) = (criterion.n as f64, criterion.m as f64);
    let (all, pairs) = (n + m, n * m);
    let mean = (1.0 + 1.0 / all) / 6.0;
    let variance = (all + 1.0) * (4.0 * pairs * all - 3.0 * (n * n + m * m) - 2.0 * pairs)
        / (45.0 * all * all * 4.0 * pairs);
    let matched = 1.0 / 6.0 + (statistic - mean) / libm::sqrt(45.0 * variance);
    // below 0.003 the survival function is 1 to all digits
    let p_value = if matched < 0.003 {
        1.0
    } else if matched < 1.0 {
        1.0 - limit_cdf(matched)
    } else {
        limit_sf(matched)
    };
    Ok(Significance::asymptotic(statistic, p_value))
}

struct Criterion {
    n: usize,
    m: usize,
    u: f64,
}

impl Criterion {
    fn of(reference: &[f64], batch: &[f64]) -> Result<Self> {
        let reference = sample::sorted(reference, 2)?;
        let batch = sample::sorted(batch, 2)?;
        let (n, m) = (reference.len() as f64, batch.len() as f64);
        let u = n * rank_squares(&reference, &batch) + m * rank_squares(&batch, &reference);
        Ok(Self { n: reference.len(), m: batch.len(), u })
    }

    fn statistic(&self) -> f64 {
        let (n, m) = (self.n as f64, self.m as f64);
        self.u / (n * m * (n + m)) - (4.0 * n * m - 1.0) / (6.0 * (n + m))
    }

    /// P(at least this U) by the recursion of Xiao, Gordon & Yakovlev, equation 11, over lattice points (u, v): the whole
    /// number Σ (a v − b u)² with a = L/n, b = L/m, L the least common multiple, stands for U. Sums only grow along a path, so that
    /// all that have reached what is asked for are one.
    fn counted(&self) -> Result<f64> {
        let common = least_common_multiple(self.n as u64, self.m as u64);
        let (a, b) = (common / self.n as u64, common / self.m as u64);
        let pairs = self.n as f64 * self.m as f64;
        let scale = common as f64 * common as f64 * (self.n + self.m) as f64;
        let bound = scale * (6.0 * self.u - pairs * (4.0 * pairs - 1.0)) / (6.0 * pairs * pairs);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let needed = libm::floor(bound + 1e-9).max(0.0) as u64;
        let mut rows: Vec<Ways> = vec![Ways::new(); self.n + 1];
        let mut sums = 0;
        for u in 0..=self.m as u64 {
            let mut left = Ways::new();
            for (v, row) in (0_u64..).zip(&mut rows) {
                let square = (a * v).abs_diff(b * u).pow(2);
                left = match (u, v) {
                    (0, 0) => vec![(0, 1.0)],
                    _ => merged(&left, row, (square, needed)),
                };
                row.clone_from(&left);
                sums += left.len();
                if sums > SUMS_MAX {
                    return Err(Error::TooLarge { found: sums, limit: SUMS_MAX });
                }
            }
        }
        let last = rows.pop().unwrap_or_default();
        let ways: f64 = last.iter().map(|(_, ways)| ways).sum();
        let extreme = last.iter().filter(|(value, _)| *value >= needed);
        Ok(extreme.map(|(_, ways)| ways).sum::<f64>() / ways)
    }
}

/// Sums of squares in ascending order, with the number of paths that lead to each.
type Ways = Vec<(u64, f64)>;

/// The paths of both neighbours, each longer by `square`; those of at least `needed` as one.
fn merged(left: &Ways, below: &Ways, (square, needed): (u64, u64)) -> Ways {
    let mut all = Ways::with_capacity(left.len() + below.len());
    let (mut i, mut j) = (0, 0);
    while i < left.len() || j < below.len() {
        let (first, second) = (left.get(i), below.get(j));
        let value = match (first, second) {
            (Some(a), Some(b)) => a.0.min(b.0),
            (Some(only), None) | (None, Some(only)) => only.0,
            (None, None) => break,
        };
        let mut ways = 0.0;
        if let Some(path) = first.filter(|path| path.0 == value) {
            ways += path.1;
            i += 1;
        }
        if let Some(path) = second.filter(|path| path.0 == value) {
            ways += path.1;
            j += 1;
        }
        let sum = value.saturating_add(square).min(needed);
        match all.last_mut() {
            Some(last) if last.0 == sum => last.1 += ways,
            _ => all.push((sum, ways)),
        }
    }
    all
}

fn least_common_multiple(n: u64, m: u64) -> u64 {
    let (mut a, mut b) = (n, m);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    n / a * m
}

/// Σ (rank in the joint sample − rank in the own sample)², ties at their middle rank; both samples sorted.
fn rank_squares(own: &[f64], other: &[f64]) -> f64 {
    let count = |sample: &[f64], value: f64| {
        let below = sample.partition_point(|x| *x < value);
        below + sample.partition_point(|x| *x <= value)
    };
    let gaps = own.iter().zip(1_u32..).map(|(&value, place)| {
        let rank = 0.5 * (count(own, value) + count(other, value) + 1) as f64;
        rank - f64::from(place)
    });
    gaps.map(|gap| gap * gap).sum()
}

/// Limit law of the criterion: Σ_k Γ(k+½)/(Γ(k+1) π^{3/2} √x) √(4k+1) e^{−q} K_{1/4}(q), q = (4k+1)²/(16x).
fn limit_cdf(x: f64) -> f64 {
    let mut total = 0.0;
    // Γ(k + ½)/Γ(k + 1), starting at √π
    let mut ratio = libm::sqrt(std::f64::consts::PI);
    for k in 0..1_000_u32 {
        let y = f64::from(4 * k + 1);
        let q = y * y / (16.0 * x);
        let term = ratio * libm::sqrt(y) * scaled_bessel(q);
        total += term;
        if term < 1e-18 {
            break;
        }
        ratio *= (f64::from(k) + 0.5) / (f64::from(k) + 1.0);
    }
    let pi = std::f64::consts::PI;
    (total / (pi * libm::sqrt(pi) * libm::sqrt(x))).clamp(0.0, 1.0)
}

/// Upper tail of the limit law, without the loss of digits of 1 − cdf, by Smirnov's integrals over ((2j−1)π, 2jπ):
///
/// 1 − F(x) = 2/π Σ_j (−1)^{j−1} ∫ √(−u/sin u) e^{−xu²/2}/u du,  u = (2j−1)π + π sin²θ, midpoint rule in θ
fn limit_sf(x: f64) -> f64 {
    const NODES: u32 = 400;
    let pi = std::f64::consts::PI;
    let step = 0.5 * pi / f64::from(NODES);
    let (mut total, mut sign) = (0.0, 1.0);
    for j in 1..=3_u32 {
        let start = f64::from(2 * j - 1) * pi;
        for node in 0..NODES {
            let theta = (f64::from(node) + 0.5) * step;
            let (sine, cosine) = (libm::sin(theta), libm::cos(theta));
            let past = pi * sine * sine;
            let u = start + past;
            let root = libm::sqrt(u / libm::sin(past));
            total +=
                sign * root * libm::exp(-0.5 * x * u * u) / u * 2.0 * pi * sine * cosine * step;
        }
        sign = -sign;
    }
    (2.0 / pi * total).max(0.0)
}

/// e^{−q} K_{1/4}(q) = ∫_0^∞ e^{−q(1 + cosh t)} cosh(t/4) dt by the trapezoidal rule, which converges exponentially here.
fn scaled_bessel(q: f64) -> f64 {
    const STEP: f64 = 1.0 / 32.0;
    let mut sum = 0.5 * libm::exp(-2.0 * q);
    for node in 1..2_000_u32 {
        let t = f64::from(node) * STEP;
        let weight = libm::exp(-q * (1.0 + libm::cosh(t))) * libm::cosh(0.25 * t);
        sum += weight;
        if weight < 1e-18 * sum {
            break;
        }
    }
    STEP * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f64; 8] = [38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0];
    const B: [f64; 8] = [39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8];

    #[test]
    fn the_known_answers() {
        // scipy 1.17.1: scipy.stats.cramervonmises_2samp(a, b), method="exact" and "asymptotic"
        let exact = cramer_von_mises(&A, &B).unwrap();
        assert!((exact.statistic - 0.4375).abs() < 1e-13);
        assert!((exact.p_value / 0.064_335_664_335_664_33 - 1.0).abs() < 1e-12, "{exact:?}");
        let limit = cramer_von_mises_asymptotic(&A, &B).unwrap().p_value;
        assert!((limit / 0.057_887_003_645_009_43 - 1.0).abs() < 1e-10, "{limit}");
    }

    fn shifted(rows: u32, by: f64) -> Vec<f64> {
        (0..rows).map(|k| f64::from(k) + by).collect()
    }

    #[test]
    fn large_samples_are_counted_as_long_as_it_takes_a_second() {
        // scipy 1.17.1: cramervonmises_2samp(range(60), range(60) + 8.3, method="exact"), and 100 values, 12.3 (200 s)
        for (rows, by, expected) in
            [(60, 8.3, 0.030_326_470_464_721_794), (100, 12.3, 0.011_474_962_981_346_686)]
        {
            let found = cramer_von_mises_exact(&shifted(rows, 0.0), &shifted(rows, by)).unwrap();
            assert!((found.p_value / expected - 1.0).abs() < 1e-10, "{found:?}");
        }
        let distant = cramer_von_mises_exact(&shifted(300, 0.0), &shifted(299, 150.0));
        assert!(matches!(distant, Err(Error::TooLarge { .. })));
    }

    #[test]
    fn both_forms_of_the_limit_law_agree_and_the_tail_keeps_its_digits() {
        for x in [0.3, 0.7, 1.0, 2.0] {
            let (below, above) = (1.0 - limit_cdf(x), limit_sf(x));
            assert!((below - above).abs() < 1e-13, "{x}: {below:e} {above:e}");
        }
        // falls as e^{−π²x/2}
        let ratio = limit_sf(20.0) / limit_sf(21.0);
        assert!((ratio.ln() - 0.5 * std::f64::consts::PI.powi(2)).abs() < 0.03, "{ratio}");
    }

    #[test]
    fn equal_samples_and_too_few_values() {
        assert_eq!(cramer_von_mises(&A, &A).unwrap().p_value, 1.0);
        assert!(cramer_von_mises(&[1.0; 25], &[1.0; 25]).unwrap().p_value > 0.99);
        // scipy 1.17.1: cramervonmises_2samp([1] * 25, [1] * 30)
        let tied = cramer_von_mises(&[1.0; 25], &[1.0; 30]).unwrap();
        assert!((tied.p_value / 0.391_008_667_451_810_95 - 1.0).abs() < 1e-9, "{tied:?}");
        assert_eq!(cramer_von_mises(&[1.0], &B), Err(Error::NotEnough { found: 1, needed: 2 }));
    }
}
