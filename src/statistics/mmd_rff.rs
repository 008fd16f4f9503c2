//! Maximum mean discrepancy with random Fourier features: do two clouds of points differ in any way a Gaussian kernel sees?
//!
//! Shown, never deciding: its size has no plain meaning. The features are drawn from a seed, so the number can be repeated.
//!
//! Source: Gretton et al. 2012, *A kernel two-sample test*, JMLR 13, equation 3 (unbiased form); Rahimi & Recht 2007, *Random
//! features for large-scale kernel machines*, algorithm 1. Vectors: `tests/vectors/statistics.json` (exact form).

use super::draws::Draws;
use super::{Error, Result};

/// Random directions; each gives a cosine and a sine feature.
const DIRECTIONS: usize = 256;
/// Rows on either side up to which the exact form compares every pair.
const ROWS_MAX: usize = 20_000;

/// MMD² of two sets of rows (points of the same dimension), unbiased, with 256 random directions of `seed`. About 0 without
/// drift, either sign; larger is worse.
///
/// ```text
/// k(x, y) = exp(−‖x − y‖²/(2 b²)) ≈ mean over w of cos(w·(x − y)),  w ~ N(0, 1/b²)
/// MMD² = mean k(x, x') + mean k(y, y') − 2 mean k(x, y),  x ≠ x', y ≠ y'
/// ```
///
/// `bandwidth`: b, in the unit of the values (standardise them first). Cost grows with the number of rows, not its square.
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than two rows on one side, or rows without values.
/// - [`Error::BinsDiffer`]: rows of different dimension.
/// - [`Error::NotFinite`]: NaN or an infinity, with the index of its row.
/// - [`Error::OutOfRange`]: a bandwidth that is not positive.
///
/// ```
/// use driftledger::statistics::mmd_rff::mmd_rff;
/// let near: Vec<Vec<f64>> = (0..50).map(|i| vec![f64::from(i % 10)]).collect();
/// let far: Vec<Vec<f64>> = near.iter().map(|row| vec![row[0] + 20.0]).collect();
/// assert!(mmd_rff(&near, &far, 1.0, [0; 32]).unwrap() > mmd_rff(&near, &near, 1.0, [0; 32]).unwrap());
/// ```
pub fn mmd_rff(
    reference: &[Vec<f64>],
    batch: &[Vec<f64>],
    bandwidth: f64,
    seed: [u8; 32],
) -> Result<f64> {
    let dimension = checked(reference, batch, bandwidth)?;
    let mut draws = Draws::new(seed);
    let (m, n) = (reference.len() as f64, batch.len() as f64);
    let mut total = 0.0;
    for _ in 0..DIRECTIONS {
        let direction: Vec<f64> = (0..dimension).map(|_| draws.normal() / bandwidth).collect();
        let (a, b) = (features(reference, &direction), features(batch, &direction));
        let within = |(c, s): (f64, f64), rows: f64| (c * c + s * s - rows) / (rows * (rows - 1.0));
        let between = (a.0 * b.0 + a.1 * b.1) / (m * n);
        total += within(a, m) + within(b, n) - 2.0 * between;
    }
    Ok(total / DIRECTIONS as f64)
}

/// MMD² as [`mmd_rff`], with every pair of rows instead of random features: exact, for small sets.
///
/// # Errors
///
/// As [`mmd_rff`], and [`Error::TooLarge`] beyond 20 000 rows on one side.
///
/// ```
/// use driftledger::statistics::mmd_rff::mmd_exact;
/// let (x, y) = ([vec![0.0], vec![1.0], vec![2.0]], [vec![1.0], vec![2.0], vec![4.0]]);
/// assert!((mmd_exact(&x, &y, 1.0).unwrap() + 0.211_033_264_789_603_94).abs() < 1e-12);
/// ```
pub fn mmd_exact(reference: &[Vec<f64>], batch: &[Vec<f64>], bandwidth: f64) -> Result<f64> {
    checked(reference, batch, bandwidth)?;
    let found = reference.len().max(batch.len());
    if found > ROWS_MAX {
        return Err(Error::TooLarge { found, limit: ROWS_MAX });
    }
    let scale = -0.5 / (bandwidth * bandwidth);
    let kernel = |x: &[f64], y: &[f64]| {
        let square: f64 = x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum();
        libm::exp(scale * square)
    };
    let within = |rows: &[Vec<f64>]| {
        let pairs = rows
            .iter()
            .enumerate()
            .map(|(i, x)| rows[..i].iter().map(|y| kernel(x, y)).sum::<f64>());
        2.0 * pairs.sum::<f64>() / (rows.len() as f64 * (rows.len() - 1) as f64)
    };
    let between: f64 =
        reference.iter().map(|x| batch.iter().map(|y| kernel(x, y)).sum::<f64>()).sum();
    let pairs = reference.len() as f64 * batch.len() as f64;
    Ok(within(reference) + within(batch) - 2.0 * between / pairs)
}

/// Σ cos(w·x) and Σ sin(w·x) over the rows.
fn features(rows: &[Vec<f64>], direction: &[f64]) -> (f64, f64) {
    let angles = rows.iter().map(|row| row.iter().zip(direction).map(|(x, w)| x * w).sum::<f64>());
    angles.fold((0.0, 0.0), |(c, s), angle| (c + libm::cos(angle), s + libm::sin(angle)))
}

fn checked(reference: &[Vec<f64>], batch: &[Vec<f64>], bandwidth: f64) -> Result<usize> {
    if bandwidth.is_nan() || bandwidth <= 0.0 {
        return Err(Error::OutOfRange { name: "bandwidth", value: bandwidth });
    }
    let found = reference.len().min(batch.len());
    if found < 2 {
        return Err(Error::NotEnough { found, needed: 2 });
    }
    let dimension = reference[0].len();
    if dimension == 0 {
        return Err(Error::NotEnough { found: 0, needed: 1 });
    }
    for rows in [reference, batch] {
        if let Some(row) = rows.iter().find(|row| row.len() != dimension) {
            return Err(Error::BinsDiffer { reference: dimension, batch: row.len() });
        }
        if let Some(index) = rows.iter().position(|row| row.iter().any(|x| !x.is_finite())) {
            return Err(Error::NotFinite { index });
        }
    }
    Ok(dimension)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: u32, step: f64) -> Vec<Vec<f64>> {
        (0..rows).map(|i| vec![f64::from(i % 7) * step, f64::from(i % 5)]).collect()
    }

    #[test]
    fn random_features_come_close_to_the_exact_form() {
        let (a, b) = (grid(60, 0.5), grid(45, 0.9));
        let exact = mmd_exact(&a, &b, 1.5).unwrap();
        let seeds = (0..20_u8).map(|seed| mmd_rff(&a, &b, 1.5, [seed; 32]).unwrap());
        let mean = seeds.sum::<f64>() / 20.0;
        assert!((mean - exact).abs() < 0.15 * exact, "{mean} {exact}");
    }

    #[test]
    fn the_same_seed_gives_the_same_number() {
        let (a, b) = (grid(20, 1.0), grid(20, 2.0));
        assert_eq!(mmd_rff(&a, &b, 1.0, [1; 32]), mmd_rff(&a, &b, 1.0, [1; 32]));
        assert_ne!(mmd_rff(&a, &b, 1.0, [1; 32]), mmd_rff(&a, &b, 1.0, [2; 32]));
    }

    #[test]
    fn rows_that_cannot_be_compared_are_refused() {
        let a = grid(5, 1.0);
        assert!(mmd_rff(&a, &a[..1], 1.0, [0; 32]).is_err());
        assert!(mmd_rff(&a, &a, 0.0, [0; 32]).is_err() && mmd_exact(&a, &a, f64::NAN).is_err());
        let narrow = vec![vec![1.0]; 3];
        assert_eq!(mmd_exact(&a, &narrow, 1.0), Err(Error::BinsDiffer { reference: 2, batch: 1 }));
        let bad = vec![vec![1.0, f64::NAN]; 3];
        assert_eq!(mmd_exact(&a, &bad, 1.0), Err(Error::NotFinite { index: 0 }));
        assert!(mmd_exact(&vec![vec![]; 3], &vec![vec![]; 3], 1.0).is_err());
    }
}
