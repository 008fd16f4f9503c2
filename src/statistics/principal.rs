//! Principal components: is a row unusual as a whole, although each of its values is usual?
//!
//! T² tells how far a row lies along the directions in which rows usually differ, SPE (Q) how far beside them: a correlation that
//! breaks shows in SPE first. Values are standardised (z), so units do not matter.
//!
//! Source: Jackson & Mudholkar 1979, *Control procedures for residuals associated with principal component analysis*,
//! Technometrics 21, equations 1.1 to 2.2; Jolliffe 2002, *Principal Component Analysis*, section 6.1.1 (share of variance).
//! Vectors: unit tests below, from NumPy.

use super::eigen::eigen;
use super::{Error, Result};
use ndarray::Array2;

/// Share of the variance that the components kept explain.
const EXPLAINED: f64 = 0.9;
/// Components with a smaller share of the largest variance are directions in which rows do not differ.
const VARIANCE_MIN: f64 = 1e-9;
/// A residual below this share of the row is rounding, and 0.
const ROUNDING: f64 = 1e-24;

/// Components kept of a matrix of covariances.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    /// One row a component: its loading on each column; the largest loading is positive. By falling variance.
    pub loadings: Vec<Vec<f64>>,
    /// Variance along each component.
    pub variances: Vec<f64>,
}

/// T² and SPE of one row, and what each column adds to them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowScore {
    /// Σ s_i²/λ_i over the components kept; 0 = the middle, larger = farther along usual directions.
    pub t2: f64,
    /// Σ e_j²: what the components kept do not explain; 0 = none.
    pub spe: f64,
    /// What each column adds to T²: z_j Σ_i p_ij s_i/λ_i; may be negative.
    pub t2_parts: Vec<f64>,
    /// What each column adds to SPE: e_j².
    pub spe_parts: Vec<f64>,
}

/// The components of `covariance` (symmetric, of standardised columns) that explain 90 % of the variance: at least one, and one
/// fewer than there are columns at most, so that something is left for SPE.
///
/// # Errors
///
/// - [`Error::BinsDiffer`]: rows of other lengths than there are.
/// - [`Error::NotEnough`]: fewer than two columns.
/// - [`Error::NotFinite`]: NaN or an infinity.
/// - [`Error::NoSpread`]: no variance at all.
///
/// ```
/// use driftledger::statistics::principal::principal;
/// let found = principal(&[vec![1.0, 0.8], vec![0.8, 1.0]]).unwrap();
/// assert!((found.variances[0] - 1.8).abs() < 1e-12);
/// ```
pub fn principal(covariance: &[Vec<f64>]) -> Result<Principal> {
    let size = covariance.len();
    if size < 2 {
        return Err(Error::NotEnough { found: size, needed: 2 });
    }
    if let Some(row) = covariance.iter().find(|row| row.len() != size) {
        return Err(Error::BinsDiffer { reference: size, batch: row.len() });
    }
    if let Some(index) = covariance.iter().flatten().position(|value| !value.is_finite()) {
        return Err(Error::NotFinite { index });
    }
    let (values, vectors) = eigen(Array2::from_shape_fn((size, size), |(i, j)| covariance[i][j]));
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let largest = values[order[0]];
    let all: f64 = order.iter().map(|&i| values[i].max(0.0)).sum();
    if largest <= 0.0 {
        return Err(Error::NoSpread);
    }
    let (mut kept, mut explained) = (0, 0.0);
    while kept < size - 1
        && explained < EXPLAINED * all
        && values[order[kept]] > VARIANCE_MIN * largest
    {
        explained += values[order[kept]];
        kept += 1;
    }
    let loading = |&index: &usize| {
        let column: Vec<f64> = vectors.column(index).to_vec();
        let mut largest = 0.0_f64;
        for value in &column {
            if value.abs() > largest.abs() * (1.0 + 1e-9) {
                largest = *value;
            }
        }
        let sign = if largest < 0.0 { -1.0 } else { 1.0 };
        column.into_iter().map(|value| sign * value).collect()
    };
    let order = &order[..kept];
    Ok(Principal {
        loadings: order.iter().map(loading).collect(),
        variances: order.iter().map(|&index| values[index]).collect(),
    })
}

/// T² and SPE of the standardised row `z`, by `loadings` (one row a component) and the `variances` beside them.
///
/// ```
/// use driftledger::statistics::principal::score;
/// let found = score(&[3.0, 4.0], &[vec![1.0, 0.0]], &[2.0]);
/// assert_eq!((found.t2, found.spe), (4.5, 16.0));
/// ```
pub fn score(z: &[f64], loadings: &[Vec<f64>], variances: &[f64]) -> RowScore {
    let mut residual = z.to_vec();
    let mut pull = vec![0.0; z.len()];
    let mut t2 = 0.0;
    for (loading, variance) in loadings.iter().zip(variances) {
        let along: f64 = loading.iter().zip(z).map(|(p, z)| p * z).sum();
        t2 += along * along / variance;
        for ((rest, pull), p) in residual.iter_mut().zip(&mut pull).zip(loading) {
            *rest -= p * along;
            *pull += p * along / variance;
        }
    }
    let mut spe_parts: Vec<f64> = residual.iter().map(|rest| rest * rest).collect();
    let mut spe: f64 = spe_parts.iter().sum();
    let length: f64 = z.iter().map(|z| z * z).sum();
    if spe <= ROUNDING * z.len() as f64 * length {
        spe = 0.0;
        spe_parts.fill(0.0);
    }
    let t2_parts = z.iter().zip(&pull).map(|(z, pull)| z * pull).collect();
    RowScore { t2, spe, t2_parts, spe_parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answer_of_numpy() {
        let found = principal(&covariance()).unwrap();
        assert_eq!(found.variances.len(), 2);
        for (found, expected) in found.variances.iter().zip(EIGENVALUES) {
            assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
        }
        let row = score(&[1.5, -0.5, 2.0], &found.loadings, &found.variances);
        assert!((row.t2 / T2 - 1.0).abs() < 1e-11, "{}", row.t2);
        assert!((row.spe / SPE - 1.0).abs() < 1e-10, "{}", row.spe);
        assert!((row.t2_parts.iter().sum::<f64>() / row.t2 - 1.0).abs() < 1e-12);
        assert!((row.spe_parts.iter().sum::<f64>() / row.spe - 1.0).abs() < 1e-12);
    }

    // numpy 2.4.6: values, vectors = numpy.linalg.eigh(c); p = vectors[:, ::-1][:, :2]; s = p.T @ z
    const EIGENVALUES: [f64; 2] = [1.608_748_599_994_453_7, 1.059_038_490_784_267_8];
    const T2: f64 = 5.297_833_732_463_324_5;
    const SPE: f64 = 0.562_840_339_003_793_3;

    fn covariance() -> Vec<Vec<f64>> {
        vec![vec![1.0, 0.6, 0.2], vec![0.6, 1.0, -0.1], vec![0.2, -0.1, 1.0]]
    }

    fn diagonal(size: usize, value: f64) -> Vec<Vec<f64>> {
        let row = |i| (0..size).map(|j| if i == j { value } else { 0.0 }).collect();
        (0..size).map(row).collect()
    }

    #[test]
    fn equal_columns_leave_no_residual_until_they_come_apart() {
        let found = principal(&[vec![1.0, 1.0], vec![1.0, 1.0]]).unwrap();
        let score = |z: [f64; 2]| score(&z, &found.loadings, &found.variances).spe;
        assert_eq!((score([0.3, 0.3]), score([-1e5, -1e5])), (0.0, 0.0));
        assert!((score([1.0, -1.0]) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn what_has_no_components_is_refused() {
        assert_eq!(principal(&diagonal(3, 0.0)), Err(Error::NoSpread));
        assert_eq!(principal(&diagonal(1, 1.0)), Err(Error::NotEnough { found: 1, needed: 2 }));
        assert!(principal(&diagonal(2, f64::NAN)).is_err());
        assert_eq!(principal(&diagonal(4, 1.0)).unwrap().variances.len(), 3);
    }
}
