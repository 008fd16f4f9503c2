//! Epps–Singleton test: do the two empirical characteristic functions differ? Good for discrete values.
//!
//! Source: Epps & Singleton 1986, J. Stat. Comput. Simul. 26, 177–203; Goerg & Kaiser 2009, Stata Journal 9(3), 454–465
//! (small-sample correction). Vectors: `tests/vectors/statistics.json`.

use super::chi_square::sf;
use super::eigen::eigen;
use super::significance::Significance;
use super::{Error, Result, sample};

/// Points at which the characteristic functions are compared, in half interquartile ranges.
const POINTS: [f64; 2] = [0.4, 0.8];
/// Real and imaginary part at each point.
const PARTS: usize = 4;
/// Eigenvalues below this share of the largest count as zero.
const RANK_TOLERANCE: f64 = 1e-12;

/// The test of two samples of at least five finite values, in any order. Larger W is worse; χ² law with four degrees.
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than five values on one side.
/// - [`Error::NotFinite`]: NaN or an infinity.
/// - [`Error::NoSpread`]: the interquartile range of all values is 0, or both sides are constant.
///
/// ```
/// use driftledger::statistics::epps_singleton::epps_singleton;
/// let sample = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// assert!(epps_singleton(&sample, &sample).unwrap().p_value > 0.999);
/// ```
pub fn epps_singleton(reference: &[f64], batch: &[f64]) -> Result<Significance> {
    let mut all = sample::sorted(reference, 5)?;
    all.extend(sample::sorted(batch, 5)?);
    all.sort_unstable_by(f64::total_cmp);
    if sample::is_constant(reference) && sample::is_constant(batch) {
        return Err(Error::NoSpread);
    }
    let power = sample::excess(&[&all]);
    if power != 0 {
        return epps_singleton(&sample::divided(reference, power), &sample::divided(batch, power));
    }
    // the statistic does not depend on the origin; near the values, no digits are lost to a large offset
    let origin = all[0];
    all.iter_mut().for_each(|value| *value -= origin);
    let unit = 0.5 * (quantile(&all, 0.75) - quantile(&all, 0.25));
    if unit <= 0.0 {
        return Err(Error::NoSpread);
    }
    let (m, n) = (reference.len() as f64, batch.len() as f64);
    let scaled = |sample: &[f64]| sample.iter().map(|x| (x - origin) / unit).collect::<Vec<f64>>();
    let (first, second) = (Transform::of(&scaled(reference)), Transform::of(&scaled(batch)));
    let mut covariance = [[0.0; PARTS]; PARTS];
    for (i, row) in covariance.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell = (m + n) * (first.covariance[i][j] / m + second.covariance[i][j] / n);
        }
    }
    let gap: Vec<f64> = first.mean.iter().zip(&second.mean).map(|(a, b)| a - b).collect();
    let (square, rank) = inverse_square(covariance, &gap);
    let mut statistic = (m + n) * square;
    if m.max(n) < 25.0 {
        let small = libm::pow(m, -1.7) + libm::pow(n, -1.7);
        statistic /= 1.0 + libm::pow(m + n, -0.45) + 10.1 * small;
    }
    Ok(Significance::asymptotic(statistic, sf(statistic, rank)))
}

/// Quantile of a sorted sample by linear interpolation between order statistics (type 7).
fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let mut at = probability * (sorted.len() - 1) as f64;
    for pair in sorted.windows(2) {
        if at < 1.0 {
            return pair[0] + at * (pair[1] - pair[0]);
        }
        at -= 1.0;
    }
    sorted.last().copied().unwrap_or(0.0)
}

/// Mean and covariance (divisor n) of cos and sin of the scaled values.
struct Transform {
    mean: [f64; PARTS],
    covariance: [[f64; PARTS]; PARTS],
}

impl Transform {
    fn of(sample: &[f64]) -> Self {
        let parts: Vec<[f64; PARTS]> = sample
            .iter()
            .map(|value| {
                let [a, b] = POINTS.map(|point| point * value);
                [libm::cos(a), libm::cos(b), libm::sin(a), libm::sin(b)]
            })
            .collect();
        let size = sample.len() as f64;
        let mut mean = [0.0; PARTS];
        for row in &parts {
            for (mean, part) in mean.iter_mut().zip(row) {
                *mean += part / size;
            }
        }
        let mut covariance = [[0.0; PARTS]; PARTS];
        for row in &parts {
            for i in 0..PARTS {
                for j in 0..PARTS {
                    covariance[i][j] += (row[i] - mean[i]) * (row[j] - mean[j]) / size;
                }
            }
        }
        Self { mean, covariance }
    }
}

/// gapᵀ · pseudo-inverse(matrix) · gap, and the rank of the matrix.
fn inverse_square(matrix: [[f64; PARTS]; PARTS], gap: &[f64]) -> (f64, f64) {
    let (values, vectors) = eigen(ndarray::arr2(&matrix));
    let largest = values.iter().copied().fold(0.0, f64::max);
    let (mut square, mut rank) = (0.0, 0.0);
    for (index, value) in values.iter().enumerate() {
        if *value > RANK_TOLERANCE * largest {
            let along: f64 = gap.iter().zip(vectors.column(index)).map(|(g, v)| g * v).sum();
            square += along * along / value;
            rank += 1.0;
        }
    }
    (square, rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answer() {
        // scipy 1.17.1: scipy.stats.epps_singleton_2samp(a, b)
        let a = [38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0];
        let b = [39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8];
        let found = epps_singleton(&a, &b).unwrap();
        assert!((found.statistic / 3.981_988_619_558_072 - 1.0).abs() < 1e-9, "{found:?}");
        assert!((found.p_value / 0.408_448_912_958_155_3 - 1.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn too_few_values_and_no_spread() {
        assert_eq!(
            epps_singleton(&[1.0; 4], &[1.0; 9]),
            Err(Error::NotEnough { found: 4, needed: 5 })
        );
        assert_eq!(epps_singleton(&[1.0; 9], &[1.0; 9]), Err(Error::NoSpread));
        let (a, b) = ([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0, 1.0]);
        assert!(epps_singleton(&a, &b).unwrap().p_value.is_finite());
    }
}
