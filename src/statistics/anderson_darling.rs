//! k-sample Anderson–Darling test: do all samples come from one distribution, tails weighted most?
//!
//! Source: Scholz & Stephens 1987, *K-sample Anderson–Darling tests*, JASA 82, 918–924: equation 7 (middle ranks),
//! equation 4 (variance), table 1 (critical values). Vectors: `tests/vectors/statistics.json`.

use super::significance::Significance;
use super::{Error, Result, sample};

/// Levels of the critical values.
const LEVELS: [f64; 7] = [0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001];
/// Critical value at each level: b₀ + b₁/√(k−1) + b₂/(k−1).
const CRITICAL: [(f64, f64, f64); 7] = [
    (0.675, -0.245, -0.105),
    (1.281, 0.25, -0.305),
    (1.645, 0.678, -0.362),
    (1.96, 1.149, -0.391),
    (2.326, 1.822, -0.396),
    (2.573, 2.364, -0.345),
    (3.085, 3.615, -0.154),
];

/// The test of two or more samples of finite values, in any order.
///
/// `statistic` is the standardised A² (mean 0, variance 1 without drift; larger is worse). `p_value` is interpolated from
/// the published critical values and cut off at 0.001 and 0.25.
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than two samples, an empty one, or fewer than four values in all.
/// - [`Error::NotFinite`]: NaN or an infinity.
/// - [`Error::NoSpread`]: all values are equal.
///
/// ```
/// use driftledger::statistics::anderson_darling::anderson_darling;
/// let test = anderson_darling(&[&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0]]).unwrap();
/// assert!(test.p_value < 0.025);
/// ```
pub fn anderson_darling(samples: &[&[f64]]) -> Result<Significance> {
    if samples.len() < 2 {
        return Err(Error::NotEnough { found: samples.len(), needed: 2 });
    }
    let sorted: Vec<Vec<f64>> =
        samples.iter().map(|sample| sample::sorted(sample, 1)).collect::<Result<_>>()?;
    let mut all: Vec<f64> = sorted.iter().flatten().copied().collect();
    all.sort_unstable_by(f64::total_cmp);
    if all.len() < 4 {
        return Err(Error::NotEnough { found: all.len(), needed: 4 });
    }
    if sample::is_constant(&all) {
        return Err(Error::NoSpread);
    }
    let groups = (samples.len() - 1) as f64;
    let sizes: Vec<f64> = sorted.iter().map(|sample| sample.len() as f64).collect();
    let criterion = middle_ranks(&sorted, &all);
    let statistic = (criterion - groups) / libm::sqrt(variance(&sizes));
    Ok(Significance::asymptotic(statistic, interpolated(statistic, groups)))
}

/// A² with middle ranks, equation 7.
fn middle_ranks(sorted: &[Vec<f64>], all: &[f64]) -> f64 {
    let total = all.len() as f64;
    let mut distinct = all.to_vec();
    distinct.dedup();
    let span = |sample: &[f64], value: f64| {
        let below = sample.partition_point(|x| *x < value) as f64;
        (below, sample.partition_point(|x| *x <= value) as f64 - below)
    };
    let mut criterion = 0.0;
    for sample in sorted {
        let size = sample.len() as f64;
        let mut inner = 0.0;
        for &value in &distinct {
            let (below, ties) = span(all, value);
            let middle = below + 0.5 * ties;
            let (own_below, own_ties) = span(sample, value);
            let gap = total * (own_below + 0.5 * own_ties) - middle * size;
            inner += ties / total * gap * gap / (middle * (total - middle) - 0.25 * total * ties);
        }
        criterion += inner / size;
    }
    criterion * (total - 1.0) / total
}

/// Variance of A² without drift, equation 4.
fn variance(sizes: &[f64]) -> f64 {
    let k = sizes.len() as f64;
    let n: f64 = sizes.iter().sum();
    let reciprocals: f64 = sizes.iter().map(|size| 1.0 / size).sum();
    // h = Σ_{i=1}^{n−1} 1/i;  g = Σ_{i=1}^{n−2} Σ_{j=i+1}^{n−1} 1/((n−i) j)
    let (mut tail, mut g) = (0.0, 0.0);
    let mut i = 1.0;
    while i <= n - 2.0 {
        tail += 1.0 / (n - i);
        g += tail / (i + 1.0);
        i += 1.0;
    }
    let h = tail + 1.0;
    let a = (4.0 * g - 6.0) * (k - 1.0) + (10.0 - 6.0 * g) * reciprocals;
    let b = (2.0 * g - 4.0) * k * k + 8.0 * h * k + (2.0 * g - 14.0 * h - 4.0) * reciprocals
        - 8.0 * h
        + 4.0 * g
        - 6.0;
    let c = (6.0 * h + 2.0 * g - 2.0) * k * k
        + (4.0 * h - 4.0 * g + 6.0) * k
        + (2.0 * h - 6.0) * reciprocals
        + 4.0 * h;
    let d = (2.0 * h + 6.0) * k * k - 4.0 * h * k;
    (((a * n + b) * n + c) * n + d) / ((n - 1.0) * (n - 2.0) * (n - 3.0))
}

/// The level of `statistic` by a quadratic through the logarithms of the published levels (least squares).
fn interpolated(statistic: f64, groups: f64) -> f64 {
    let root = libm::sqrt(groups);
    let critical = CRITICAL.map(|(b0, b1, b2)| b0 + b1 / root + b2 / groups);
    if statistic < critical[0] {
        return LEVELS[0];
    }
    if statistic > critical[6] {
        return LEVELS[6];
    }
    let center = critical.iter().sum::<f64>() / 7.0;
    let x = critical.map(|value| value - center);
    let y = LEVELS.map(libm::log);
    let power = |order: i32| x.iter().map(|x| x.powi(order)).sum::<f64>();
    let moment = |order: i32| x.iter().zip(&y).map(|(x, y)| x.powi(order) * y).sum::<f64>();
    let rows = [
        [power(0), power(1), power(2), moment(0)],
        [power(1), power(2), power(3), moment(1)],
        [power(2), power(3), power(4), moment(2)],
    ];
    let [c0, c1, c2] = solved(rows);
    let at = statistic - center;
    libm::exp(c0 + c1 * at + c2 * at * at)
}

/// Solves three linear equations; each row holds its right-hand side last.
fn solved(mut rows: [[f64; 4]; 3]) -> [f64; 3] {
    for pivot in 0..3 {
        let largest =
            (pivot..3).max_by(|&i, &j| rows[i][pivot].abs().total_cmp(&rows[j][pivot].abs()));
        rows.swap(pivot, largest.unwrap_or(pivot));
        for row in 0..3 {
            if row != pivot {
                let factor = rows[row][pivot] / rows[pivot][pivot];
                let from = rows[pivot];
                for (cell, from) in rows[row].iter_mut().zip(from) {
                    *cell -= factor * from;
                }
            }
        }
    }
    [0, 1, 2].map(|row| rows[row][3] / rows[row][row])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answer() {
        // scipy 1.17.1: scipy.stats.anderson_ksamp([a, b], midrank=True)
        let a = [38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0];
        let b = [39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8];
        let found = anderson_darling(&[&a, &b]).unwrap();
        assert!((found.statistic / 1.718_309_674_436_089_3 - 1.0).abs() < 1e-11, "{found:?}");
        assert!((found.p_value / 0.063_514_677_287_608_3 - 1.0).abs() < 1e-9, "{found:?}");
        assert_eq!(anderson_darling(&[&a, &a]).unwrap().p_value, 0.25);
    }

    #[test]
    fn samples_that_cannot_be_compared_are_refused() {
        assert_eq!(anderson_darling(&[&[1.0, 2.0]]), Err(Error::NotEnough { found: 1, needed: 2 }));
        assert_eq!(anderson_darling(&[&[1.0], &[]]), Err(Error::NotEnough { found: 0, needed: 1 }));
        assert_eq!(anderson_darling(&[&[1.0, 1.0], &[1.0, 1.0]]), Err(Error::NoSpread));
        assert!(anderson_darling(&[&[1.0], &[2.0, 3.0]]).is_err());
    }
}
