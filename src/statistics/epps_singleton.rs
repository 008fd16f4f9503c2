//! Epps–Singleton test: do the two empirical characteristic functions differ? Good for discrete values.
//!
//! Source: Epps & Singleton 1986, J. Stat. Comput. Simul. 26, 177–203; Goerg & Kaiser 2009, Stata Journal 9(3), 454–465
//! (small-sample correction). Vectors: `tests/vectors/statistics.json`.

use super::chi_square::sf;
use super::significance::Significance;
use super::{Error, Result, sample};

/// Points at which the characteristic functions are compared, in half interquartile ranges.
const POINTS: [f64; 2] = [0.4, 0.8];
/// Real and imaginary part at each point.
const PARTS: usize = 4;
/// Eigenvalues below this share of the largest count as zero.
const RANK_TOLERANCE: f64 = PARTS as f64 * f64::EPSILON;
/// Rounds of rotations after which the columns are as far apart as they get; five are usual.
const SWEEPS_MAX: usize = 60;

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
    let (first, second) = (parts(reference, origin, unit), parts(batch, origin, unit));
    let (of_first, of_second) = (means(&first), means(&second));
    let weighed = |parts: Vec<Parts>, mean: Parts, size: f64| {
        let weight = libm::sqrt(m + n) / size;
        parts.into_iter().map(move |part| each(|i| weight * (part[i] - mean[i])))
    };
    // the rows whose squares and products sum to the covariance of the gap
    let rows = weighed(first, of_first, m).chain(weighed(second, of_second, n)).collect();
    let (square, rank) = inverse_square(rows, each(|i| of_first[i] - of_second[i]));
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

/// Cosines and sines of one value at both points, or something of each of them.
type Parts = [f64; PARTS];

fn each(of: impl Fn(usize) -> f64) -> Parts {
    std::array::from_fn(of)
}

fn parts(sample: &[f64], origin: f64, unit: f64) -> Vec<Parts> {
    let of = |value: &f64| {
        let [a, b] = POINTS.map(|point| point * ((value - origin) / unit));
        [libm::cos(a), libm::cos(b), libm::sin(a), libm::sin(b)]
    };
    sample.iter().map(of).collect()
}

fn means(parts: &[Parts]) -> Parts {
    each(|i| parts.iter().map(|part| part[i]).sum::<f64>() / parts.len() as f64)
}

/// gapᵀ · pseudo-inverse(rowsᵀ rows) · gap, and the rank of that matrix.
///
/// The columns of the rows are rotated until they are at right angles (one-sided Jacobi), and the gap with them: small
/// eigenvalues, squares of their lengths, keep the digits that they would lose in the sums of the matrix.
fn inverse_square(mut rows: Vec<Parts>, mut gap: Parts) -> (f64, f64) {
    let product = |rows: &[Parts], p: usize, q: usize| -> f64 {
        rows.iter().map(|row| row[p] * row[q]).sum()
    };
    for _ in 0..SWEEPS_MAX {
        let mut rotated = false;
        for (p, q) in (0..PARTS).flat_map(|p| (p + 1..PARTS).map(move |q| (p, q))) {
            let (own, other) = (product(&rows, p, p), product(&rows, q, q));
            let both = product(&rows, p, q);
            let (small, large) = (libm::sqrt(own.min(other)), libm::sqrt(own.max(other)));
            // at right angles, or one of them no more than the rounding of the other
            if both.abs() <= f64::EPSILON * small * large || small <= f64::EPSILON * large {
                continue;
            }
            rotated = true;
            let theta = (other - own) / (2.0 * both);
            let t = 1.0_f64.copysign(theta) / (theta.abs() + libm::hypot(theta, 1.0));
            let c = 1.0 / libm::hypot(t, 1.0);
            let s = t * c;
            for row in rows.iter_mut().chain([&mut gap]) {
                (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
            }
        }
        if !rotated {
            break;
        }
    }
    let values = each(|i| product(&rows, i, i));
    let largest = values.iter().copied().fold(0.0, f64::max);
    let counted = || (0..PARTS).filter(|&i| values[i] > RANK_TOLERANCE * largest);
    (counted().map(|i| gap[i] * gap[i] / values[i]).sum(), counted().count() as f64)
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
    fn a_nearly_singular_covariance_keeps_its_digits() {
        // mpmath, 60 digits; the eigenvalues of the covariance lie between 5e-9 and 1.1
        let a = [-2.0, 2.0, 2.0, -1.0, -1.0, -1.0, -2.0];
        let b = [
            -3.0, 0.0, 0.0, 7.0, -3.0, 7.0, -3.0, -3.0, 7.0, 7.0, -3.0, 7.0, -3.0, -3.0, -3.0, 7.0,
            7.0, 7.0, 7.0, 7.0,
        ];
        let found = epps_singleton(&a, &b).unwrap();
        assert!((found.statistic / 321.521_162_670_888 - 1.0).abs() < 1e-11, "{found:?}");
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
