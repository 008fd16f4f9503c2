//! Frozen bins: where to cut an ordered feature so that later batches can be compared with the reference by counts alone.
//!
//! Bins are half-open, `(a, b]`, cut at inverted-CDF quantiles of the reference (type 1 of Hyndman and Fan, 1996, *Sample
//! quantiles in statistical packages*): the edge of probability `u` is the smallest reference value `x` with
//! `F(x) ≥ u`. Coarse data therefore never straddle an edge.

use super::selection::{Ranks, rank_of};

/// The inverted-CDF quantile: the smallest value whose cumulative share is at least `probability`.
///
/// `values` (if a slice, ascending) must not be empty; `probability` lies in `[0, 1]`.
///
/// ```
/// use driftledger::statistics::binning::quantile;
/// assert_eq!(quantile([1.0, 2.0, 3.0, 4.0].as_slice(), 0.5), 2.0);
/// assert_eq!(quantile([1.0, 2.0, 3.0, 4.0].as_slice(), 0.51), 3.0);
/// ```
pub fn quantile(values: &(impl Ranks + ?Sized), probability: f64) -> f64 {
    values.at(rank_of(probability, values.rows()))
}

/// The inner edges of `bins` quantile bins of finite `values` (not empty); equal edges are merged.
///
/// `k` edges make `k + 1` bins: `(−∞, e₁], (e₁, e₂], …, (e_k, ∞)`. No bin is empty in the reference itself.
pub fn quantile_edges(values: &(impl Ranks + ?Sized), bins: usize) -> Vec<f64> {
    let mut edges: Vec<f64> = (1..bins).map(|k| quantile(values, k as f64 / bins as f64)).collect();
    edges.dedup();
    drop_empty_last(&mut edges, values);
    edges
}

/// Like [`quantile_edges`], and every single value holding a share of at least `1 / bins` (an atom) has a bin of its own.
///
/// ```
/// use driftledger::statistics::binning::{bin_of, deciding_edges};
/// let mut values: Vec<f64> = (0..60).map(f64::from).collect();
/// values.extend([60.0; 50]); // nearly half of all rows
/// let edges = deciding_edges(values.as_slice(), 10);
/// assert_ne!(bin_of(&edges, 59.9), bin_of(&edges, 60.0));
/// ```
pub fn deciding_edges(values: &(impl Ranks + ?Sized), bins: usize) -> Vec<f64> {
    let mut edges: Vec<f64> = (1..bins).map(|k| quantile(values, k as f64 / bins as f64)).collect();
    edges.dedup();
    let atom_rows = values.rows().div_ceil(bins as u64).max(2);
    let mut with_atoms = Vec::with_capacity(edges.len() * 2);
    let mut before = 0;
    for edge in edges {
        let (first, end) = (values.below(edge), values.up_to(edge));
        if end - first >= atom_rows && first > before {
            with_atoms.push(edge.next_down());
        }
        with_atoms.push(edge);
        before = end;
    }
    drop_empty_last(&mut with_atoms, values);
    with_atoms
}

/// Edges that give every value of share at least `share` a bin of its own; rarer values join the next such value above.
///
/// For counts with few distinct values, where quantiles collapse. At most `bins` bins, the most frequent values first. A
/// value of share `share` fills the whole step between two quantiles half that far apart, so it is one of these.
pub fn value_edges(values: &(impl Ranks + ?Sized), share: f64, bins: usize) -> Vec<f64> {
    let mut found: Vec<f64> = value_probabilities(share).map(|p| quantile(values, p)).collect();
    found.dedup();
    let mut runs: Vec<(f64, u64)> =
        found.into_iter().map(|value| (value, values.up_to(value) - values.below(value))).collect();
    runs.retain(|&(_, rows)| rows as f64 >= share * values.rows() as f64);
    runs.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.total_cmp(&b.0)));
    runs.truncate(bins);
    let mut edges: Vec<f64> = runs.into_iter().map(|(value, _)| value).collect();
    edges.sort_by(f64::total_cmp);
    drop_empty_last(&mut edges, values);
    edges
}

/// The probabilities of the quantiles that [`value_edges`] asks for.
pub fn value_probabilities(share: f64) -> impl Iterator<Item = f64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "share > 0")]
    let steps = (2.0 / share).ceil() as u32;
    (1..=steps).map(move |step| f64::from(step) / f64::from(steps))
}

/// Takes edges away from the end while no value lies above the last one.
fn drop_empty_last(edges: &mut Vec<f64>, values: &(impl Ranks + ?Sized)) {
    let top = values.rows().checked_sub(1).map_or(f64::NEG_INFINITY, |last| values.at(last));
    while edges.last().is_some_and(|&edge| edge >= top) {
        edges.pop();
    }
}

/// The bin of `value` for ascending inner `edges`: the number of edges below it.
///
/// ```
/// use driftledger::statistics::binning::bin_of;
/// assert_eq!(bin_of(&[1.0, 2.0], 1.0), 0); // bins are (a, b]
/// assert_eq!(bin_of(&[1.0, 2.0], 1.1), 1);
/// assert_eq!(bin_of(&[1.0, 2.0], 9.0), 2);
/// ```
pub fn bin_of(edges: &[f64], value: f64) -> usize {
    edges.partition_point(|&edge| edge < value)
}

/// Rows of `values` in each of the bins `(a, b]` between the inner `edges`.
pub fn rows_per_bin(edges: &[f64], values: &[f64]) -> Vec<u64> {
    let mut rows = vec![0; edges.len() + 1];
    for &value in values {
        rows[bin_of(edges, value)] += 1;
    }
    rows
}

/// Shares of `counts` with no share below `1 / (2m)`, renormalised, `m` being the total: frozen reference shares.
///
/// A category never seen in `m` rows is rare, not impossible. Source: half a row, Jeffreys' prior for a multinomial.
pub fn floored_shares(counts: &[u64]) -> Vec<f64> {
    let rows: u64 = counts.iter().sum();
    if rows == 0 {
        return vec![1.0 / counts.len() as f64; counts.len()];
    }
    let m = rows as f64;
    let floored: Vec<f64> = counts.iter().map(|&c| (c as f64 / m).max(0.5 / m)).collect();
    let total: f64 = floored.iter().sum();
    floored.into_iter().map(|share| share / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_reference_values() {
        let sorted: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(quantile(sorted.as_slice(), 0.1), 1.0);
        assert_eq!(quantile(sorted.as_slice(), 0.9), 9.0);
        assert_eq!(quantile(sorted.as_slice(), 1.0), 10.0);
        assert_eq!(quantile([7.0].as_slice(), 0.5), 7.0);
    }

    #[test]
    fn no_reference_bin_is_empty() {
        for sorted in [vec![1.0; 30], (0..7).map(f64::from).collect(), {
            let mut v = vec![0.0; 40];
            v.extend((1..60).map(f64::from));
            v
        }] {
            for edges in
                [deciding_edges(sorted.as_slice(), 10), quantile_edges(sorted.as_slice(), 10)]
            {
                let mut counts = vec![0; edges.len() + 1];
                for &v in &sorted {
                    counts[bin_of(&edges, v)] += 1;
                }
                assert!(counts.iter().all(|&c| c > 0), "{edges:?} {counts:?}");
                assert!(edges.windows(2).all(|w| w[0] < w[1]));
            }
        }
    }

    #[test]
    fn constant_values_have_no_edges() {
        assert!(deciding_edges([3.0; 12].as_slice(), 10).is_empty());
        assert!(value_edges([3.0; 12].as_slice(), 0.02, 10).is_empty());
    }

    #[test]
    fn rare_counts_join_the_next_value_above() {
        let mut sorted = vec![0.0; 50];
        sorted.extend([1.0; 1]);
        sorted.extend([2.0; 49]);
        let edges = value_edges(sorted.as_slice(), 0.02, 10);
        assert_eq!(edges, vec![0.0]);
        assert_eq!(bin_of(&edges, 1.0), bin_of(&edges, 2.0));
    }

    #[test]
    fn shares_have_a_floor_of_half_a_row() {
        let shares = floored_shares(&[0, 778]);
        assert!((shares[0] - 0.5 / 778.5).abs() < 1e-12);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }
}
