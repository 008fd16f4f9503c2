//! k-means: a few centres that rows gather around; which centre is a row nearest to?
//!
//! A batch whose rows gather elsewhere, or around one centre only, shows in the shares of the nearest centres although every
//! single direction keeps its distribution.
//!
//! Source: Arthur & Vassilvitskii 2007, *k-means++: the advantages of careful seeding*, SODA, section 2.2 (first centres);
//! Lloyd 1982, *Least squares quantization in PCM*, IEEE Trans. Inf. Theory 28(2), 129–137 (the steps after).

use super::draws::Draws;
use super::{Error, Result};

/// Lloyd steps at most; what has not settled by then is used as it is: any fixed centres make valid bins.
const STEPS_MAX: usize = 50;

/// Centres of `rows`, at most `count` (fewer where fewer rows differ), the one with most rows first.
///
/// `rows`: points of equal length. The same rows and seed give the same bits: sums run in the order of the rows.
///
/// # Errors
///
/// - [`Error::NotEnough`]: no rows, or no centres asked for.
/// - [`Error::BinsDiffer`]: points of different lengths.
/// - [`Error::NotFinite`]: NaN or an infinity; the index is the row's.
///
/// ```
/// use driftledger::statistics::k_means::k_means;
/// let rows = [vec![0.0], vec![0.2], vec![9.0], vec![9.2], vec![9.4]];
/// let centres = k_means(&rows, 2, [7; 32]).unwrap();
/// assert!((centres[0][0] - 9.2).abs() < 1e-12 && (centres[1][0] - 0.1).abs() < 1e-12);
/// ```
pub fn k_means(rows: &[Vec<f64>], count: usize, seed: [u8; 32]) -> Result<Vec<Vec<f64>>> {
    if rows.is_empty() || count == 0 {
        return Err(Error::NotEnough { found: rows.len().min(count), needed: 1 });
    }
    let size = rows[0].len();
    if let Some(row) = rows.iter().find(|row| row.len() != size) {
        return Err(Error::BinsDiffer { reference: size, batch: row.len() });
    }
    if let Some(index) = rows.iter().position(|row| row.iter().any(|x| !x.is_finite())) {
        return Err(Error::NotFinite { index });
    }
    let mut centres = first_centres(rows, count, &mut Draws::new(seed));
    let mut members: Vec<usize> = Vec::new();
    for _ in 0..STEPS_MAX {
        let found: Vec<usize> = rows.iter().map(|row| nearest(row, &centres)).collect();
        if found == members {
            break;
        }
        members = found;
        means(rows, &members, &mut centres);
    }
    let mut sizes = vec![0_usize; centres.len()];
    rows.iter().for_each(|row| sizes[nearest(row, &centres)] += 1);
    let mut order: Vec<usize> = (0..centres.len()).filter(|&k| sizes[k] > 0).collect();
    order.sort_by_key(|&k| std::cmp::Reverse(sizes[k]));
    Ok(order.into_iter().map(|k| std::mem::take(&mut centres[k])).collect())
}

/// Index of the centre nearest to `point`, the first of equally near ones.
///
/// ```
/// use driftledger::statistics::k_means::nearest;
/// assert_eq!(nearest(&[2.0], &[vec![0.0], vec![3.0], vec![4.0]]), 1);
/// ```
pub fn nearest(point: &[f64], centres: &[Vec<f64>]) -> usize {
    let mut best = (0, f64::INFINITY);
    for (index, centre) in centres.iter().enumerate() {
        let far = distance(point, centre);
        if far < best.1 {
            best = (index, far);
        }
    }
    best.0
}

/// Squared Euclidean distance.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// The first centre is any row, each next one a row drawn with probability proportional to its squared distance from the nearest
/// centre so far; ends when every row is a centre.
fn first_centres(rows: &[Vec<f64>], count: usize, draws: &mut Draws) -> Vec<Vec<f64>> {
    let any = ((draws.uniform() * rows.len() as f64) as usize).min(rows.len() - 1);
    let mut centres = vec![rows[any].clone()];
    let mut far: Vec<f64> = rows.iter().map(|row| distance(row, &centres[0])).collect();
    while centres.len() < count {
        let all: f64 = far.iter().sum();
        let mut left = draws.uniform() * all;
        let drawn = far.iter().position(|&weight| {
            left -= weight;
            weight > 0.0 && left <= 0.0
        });
        // rounding may leave a little at the end: then the last row that is no centre
        let Some(drawn) = drawn.or_else(|| far.iter().rposition(|&weight| weight > 0.0)) else {
            break;
        };
        let centre = rows[drawn].clone();
        far.iter_mut().zip(rows).for_each(|(far, row)| *far = far.min(distance(row, &centre)));
        centres.push(centre);
    }
    centres
}

/// Moves every centre to the mean of its rows; a centre without rows stays.
fn means(rows: &[Vec<f64>], members: &[usize], centres: &mut [Vec<f64>]) {
    let mut counts = vec![0_u64; centres.len()];
    let mut sums: Vec<Vec<f64>> = centres.iter().map(|centre| vec![0.0; centre.len()]).collect();
    for (row, &member) in rows.iter().zip(members) {
        counts[member] += 1;
        sums[member].iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    for ((centre, sum), count) in centres.iter_mut().zip(sums).zip(counts) {
        if count > 0 {
            centre.iter_mut().zip(sum).for_each(|(x, sum)| *x = sum / count as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `each` rows around every one of `middles`, in the plane.
    fn clouds(middles: &[[f64; 2]], each: usize) -> Vec<Vec<f64>> {
        let mut draws = Draws::new([3; 32]);
        let mut rows = Vec::new();
        for _ in 0..each {
            for middle in middles {
                rows.push(middle.iter().map(|m| m + 0.1 * draws.normal()).collect());
            }
        }
        rows
    }

    #[test]
    fn clouds_that_lie_apart_get_a_centre_each_whatever_the_seed() {
        let middles = [[0.0, 0.0], [5.0, 0.0], [0.0, 5.0], [5.0, 5.0]];
        let rows = clouds(&middles, 200);
        for seed in 0..20 {
            let centres = k_means(&rows, 4, [seed; 32]).unwrap();
            for middle in middles {
                let near = &centres[nearest(&middle, &centres)];
                assert!(distance(&middle, near) < 0.01, "seed {seed}: {middle:?} {centres:?}");
            }
        }
    }

    #[test]
    fn every_row_is_nearest_to_the_mean_of_its_own() {
        let rows = clouds(&[[0.0, 0.0], [0.3, 0.1]], 300);
        let centres = k_means(&rows, 20, [1; 32]).unwrap();
        assert_eq!(centres.len(), 20);
        let members: Vec<usize> = rows.iter().map(|row| nearest(row, &centres)).collect();
        let mut moved = centres.clone();
        means(&rows, &members, &mut moved);
        for (centre, mean) in centres.iter().zip(&moved) {
            assert!(distance(centre, mean) < 1e-3, "{centre:?} {mean:?}");
        }
        let sizes: Vec<usize> =
            (0..20).map(|k| members.iter().filter(|member| **member == k).count()).collect();
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
    }

    #[test]
    fn equal_rows_give_one_centre_and_bad_input_says_why() {
        let same = vec![vec![1.5, -2.0]; 50];
        assert_eq!(k_means(&same, 20, [0; 32]).unwrap(), [[1.5, -2.0]]);
        assert_eq!(k_means(&[], 3, [0; 32]), Err(Error::NotEnough { found: 0, needed: 1 }));
        let odd = [vec![1.0], vec![f64::NAN]];
        assert_eq!(k_means(&odd, 2, [0; 32]), Err(Error::NotFinite { index: 1 }));
        let lengths = [vec![1.0], vec![1.0, 2.0]];
        assert!(matches!(k_means(&lengths, 2, [0; 32]), Err(Error::BinsDiffer { .. })));
    }
}
