//! Spearman's rank correlation: do two features rise and fall together?
//!
//! Ranks, so that neither outliers nor the scale matter. Missing values are left out pair by pair.
//!
//! Source: Spearman 1904, *The proof and measurement of association between two things*, Am. J. Psychol. 15 (midranks for ties,
//! Pearson's formula on the ranks). Checked against SciPy 1.17.1, `scipy.stats.spearmanr`.

/// Midranks of `values`, centred at 0; `NaN` has none.
pub fn centred_ranks(values: &[f64]) -> Vec<Option<f64>> {
    let mut order: Vec<usize> = (0..values.len()).filter(|&i| !values[i].is_nan()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let middle = 0.5 * (order.len() as f64 - 1.0);
    let mut ranks = vec![None; values.len()];
    let mut start = 0;
    while start < order.len() {
        let value = values[order[start]];
        let same = order[start..].iter().take_while(|&&i| values[i].total_cmp(&value).is_eq());
        let end = start + same.count();
        let midrank = 0.5 * (start as f64 + end as f64 - 1.0) - middle;
        for &index in &order[start..end] {
            ranks[index] = Some(midrank);
        }
        start = end;
    }
    ranks
}

/// Correlation of two lists of [`centred_ranks`] over the rows where both have one: −1 to 1, 0 = unrelated. `None` with fewer
/// than `rows_min` such rows, or where one list is constant on them.
///
/// Without missing values this is Spearman's ρ. With some, each feature keeps its ranks among its own values.
///
/// ```
/// use driftledger::statistics::spearman::{centred_ranks, rank_correlation};
/// let (a, b) = (centred_ranks(&[1.0, 2.0, 3.0, 4.0]), centred_ranks(&[10.0, 30.0, 20.0, 90.0]));
/// assert!((rank_correlation(&a, &b, 3).unwrap() - 0.8).abs() < 1e-12);
/// ```
pub fn rank_correlation(a: &[Option<f64>], b: &[Option<f64>], rows_min: usize) -> Option<f64> {
    let both: Vec<(f64, f64)> = a.iter().zip(b).filter_map(|(a, b)| Some(((*a)?, (*b)?))).collect();
    if both.len() < rows_min.max(2) {
        return None;
    }
    let rows = both.len() as f64;
    let mean_a = both.iter().map(|pair| pair.0).sum::<f64>() / rows;
    let mean_b = both.iter().map(|pair| pair.1).sum::<f64>() / rows;
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in both {
        let (a, b) = (a - mean_a, b - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    let scale = libm::sqrt(aa) * libm::sqrt(bb);
    (scale > 0.0).then(|| (ab / scale).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(a: &[f64], b: &[f64]) -> Option<f64> {
        rank_correlation(&centred_ranks(a), &centred_ranks(b), 2)
    }

    #[test]
    fn agrees_with_scipy_also_with_ties() {
        let a = [38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0];
        let b = [39.2, 39.3, 39.7, 41.4, 41.4, 42.9, 43.3, 40.0];
        // scipy 1.17.1: spearmanr(a, b).statistic
        assert!((of(&a, &b).unwrap() - 0.754_504_545_005_353_1).abs() < 1e-12, "{:?}", of(&a, &b));
    }

    #[test]
    fn constants_and_missing_values_have_an_answer_too() {
        assert_eq!(of(&[1.0; 5], &[1.0, 2.0, 3.0, 4.0, 5.0]), None);
        assert_eq!(of(&[], &[]), None);
        let paired = of(&[f64::NAN, 1.0, 2.0], &[9.0, 1.0, 2.0]).unwrap();
        assert!((paired - 1.0).abs() < 1e-15);
        assert!((of(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]).unwrap() + 1.0).abs() < 1e-15);
    }
}
