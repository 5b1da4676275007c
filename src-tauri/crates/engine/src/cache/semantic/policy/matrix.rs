//! Small symmetric matrices: solving and inverting by Cholesky's factors.

use crate::cache::semantic::features::COUNT;

/// A square matrix as wide as the features.
pub(super) type Matrix = [[f64; COUNT]; COUNT];
/// A vector as long as the features.
pub(super) type Vector = [f64; COUNT];

/// The inner product.
#[must_use]
pub(super) fn dot(one: &Vector, other: &Vector) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// Lower factor of a positive definite matrix; none when it is not one.
#[must_use]
pub(super) fn cholesky(matrix: &Matrix) -> Option<Matrix> {
    let mut lower = [[0.0; COUNT]; COUNT];
    for row in 0..COUNT {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
            let rest = matrix[row][column] - known;
            if row == column {
                if !rest.is_finite() || rest <= 0.0 {
                    return None;
                }
                lower[row][row] = rest.sqrt();
            } else {
                lower[row][column] = rest / lower[column][column];
            }
        }
    }
    Some(lower)
}

/// Solves `matrix · x = right` from the lower factor.
#[must_use]
pub(super) fn solve(lower: &Matrix, right: &Vector) -> Vector {
    let mut x = *right;
    for row in 0..COUNT {
        let known: f64 = (0..row).map(|k| lower[row][k] * x[k]).sum();
        x[row] = (x[row] - known) / lower[row][row];
    }
    for row in (0..COUNT).rev() {
        let known: f64 = (row + 1..COUNT).map(|k| lower[k][row] * x[k]).sum();
        x[row] = (x[row] - known) / lower[row][row];
    }
    x
}

/// The quadratic form `x' · matrix⁻¹ · x`, from the lower factor of the matrix: a variance when the matrix is a precision.
#[must_use]
pub(super) fn inverse_form(lower: &Matrix, x: &Vector) -> f64 {
    let mut y = *x;
    for row in 0..COUNT {
        let known: f64 = (0..row).map(|k| lower[row][k] * y[k]).sum();
        y[row] = (y[row] - known) / lower[row][row];
    }
    dot(&y, &y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_solves_what_it_factored() {
        let mut matrix = [[0.0; COUNT]; COUNT];
        for (row, line) in matrix.iter_mut().enumerate() {
            for (column, value) in line.iter_mut().enumerate() {
                *value = if row == column {
                    3.0
                } else {
                    1.0 / (1.0 + row.abs_diff(column) as f64).powi(2)
                };
            }
        }
        let lower = cholesky(&matrix).unwrap();
        let mut right = [1.0; COUNT];
        right[3] = -2.0;
        let x = solve(&lower, &right);
        for (row, expected) in matrix.iter().zip(right) {
            assert!((dot(row, &x) - expected).abs() < 1e-9);
        }
        assert!((inverse_form(&lower, &right) - dot(&right, &x)).abs() < 1e-9);
        matrix[2][2] = -1.0;
        assert!(cholesky(&matrix).is_none());
    }
}
