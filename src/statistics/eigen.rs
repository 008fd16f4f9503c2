//! Eigenvalues and eigenvectors of a symmetric matrix, by cyclic Jacobi rotations.
//!
//! Small and slow to grow (d³ a sweep), but each rotation is orthogonal to rounding, and the order of the rotations is fixed: the
//! same matrix gives the same bits.
//!
//! Source: Jacobi 1846; Golub & Van Loan 2013, *Matrix Computations*, 4th ed., section 8.5. Known answers: unit tests, and
//! those of [`super::principal`].

use ndarray::Array2;

/// Sweeps after which the matrix is as diagonal as it gets; ten are usual.
const SWEEPS_MAX: usize = 60;
/// What is left beside the diagonal, as a share of the largest element, when it counts as diagonal.
const REST: f64 = 1e-300;

/// Eigenvalues in no order, and the eigenvectors as the columns beside them, of a symmetric `matrix`.
pub(super) fn eigen(mut matrix: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let size = matrix.nrows();
    let mut vectors = Array2::eye(size);
    for _ in 0..SWEEPS_MAX {
        let mut rotated = false;
        for p in 0..size {
            for q in p + 1..size {
                rotated |= rotate(&mut matrix, &mut vectors, p, q);
            }
        }
        if !rotated {
            break;
        }
    }
    (matrix.diag().to_vec(), vectors)
}

/// Makes element (p, q) zero; whether there was anything to do.
fn rotate(matrix: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) -> bool {
    let (beside, scale) = (matrix[[p, q]], matrix[[p, p]].abs().max(matrix[[q, q]].abs()));
    if beside.abs() <= REST.max(f64::EPSILON * f64::EPSILON * scale) {
        return false;
    }
    let theta = (matrix[[q, q]] - matrix[[p, p]]) / (2.0 * beside);
    let t = theta.signum() / (theta.abs() + libm::hypot(theta, 1.0));
    let c = 1.0 / libm::hypot(t, 1.0);
    let s = t * c;
    for k in 0..matrix.nrows() {
        let (a, b) = (matrix[[k, p]], matrix[[k, q]]);
        (matrix[[k, p]], matrix[[k, q]]) = (c * a - s * b, s * a + c * b);
    }
    for k in 0..matrix.nrows() {
        let (a, b) = (matrix[[p, k]], matrix[[q, k]]);
        (matrix[[p, k]], matrix[[q, k]]) = (c * a - s * b, s * a + c * b);
        let (a, b) = (vectors[[k, p]], vectors[[k, q]]);
        (vectors[[k, p]], vectors[[k, q]]) = (c * a - s * b, s * a + c * b);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_put_together_again_from_its_parts() {
        let size = 12;
        let matrix = Array2::from_shape_fn((size, size), |(i, j)| {
            1.0 / (1.0 + i as f64 + j as f64) + if i == j { 0.1 * i as f64 } else { 0.0 }
        });
        let (values, vectors) = eigen(matrix.clone());
        let again = Array2::from_shape_fn((size, size), |(i, j)| {
            (0..size).map(|k| values[k] * vectors[[i, k]] * vectors[[j, k]]).sum::<f64>()
        });
        assert!((&again - &matrix).iter().all(|gap| gap.abs() < 1e-14));
        let identity = vectors.t().dot(&vectors);
        assert!((&identity - &Array2::<f64>::eye(size)).iter().all(|gap| gap.abs() < 1e-14));
    }

    #[test]
    fn a_diagonal_and_an_empty_matrix_are_left_alone() {
        let (values, vectors) = eigen(Array2::from_diag(&ndarray::arr1(&[3.0, 0.0, -2.0])));
        assert_eq!((values, vectors), (vec![3.0, 0.0, -2.0], Array2::eye(3)));
        assert!(eigen(Array2::zeros((0, 0))).0.is_empty());
    }
}
