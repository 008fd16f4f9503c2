//! Groups of features that move together in the reference already: their changes are read as one.

use super::assess::Verdict;
use super::report::FeatureReport;
use crate::statistics::spearman::{centred_ranks, rank_correlation};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rank correlation beyond which two features are one group, whatever its sign.
const CORRELATION_MIN: f64 = 0.8;
/// Reference rows the correlations are computed on, at most: evenly spaced ones.
pub(super) const ROWS_MAX: u64 = 20_000;
/// Rows below which nothing is said about a pair.
const ROWS_MIN: usize = 30;

/// Two features that are correlated in the reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrelatedPair {
    /// The first in schema order.
    pub first: String,
    /// The second.
    pub second: String,
    /// Spearman's rank correlation in the reference.
    pub correlation: f64,
}

/// Features that moved in one batch and belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FeatureGroup {
    /// Their names, in schema order.
    pub features: Vec<String>,
    /// The weakest correlation, without its sign, among the pairs that link them.
    pub correlation: f64,
}

/// The pairs of `columns` (name and values, row by row the same ones) that are correlated beyond 0.8, in their order.
pub(super) fn correlated_pairs(columns: &[(String, Vec<f64>)]) -> Vec<CorrelatedPair> {
    let ranks: Vec<Vec<Option<f64>>> =
        columns.par_iter().map(|(_, values)| centred_ranks(values)).collect();
    let pairs: Vec<(usize, usize)> =
        (0..ranks.len()).flat_map(|a| (a + 1..ranks.len()).map(move |b| (a, b))).collect();
    let found: Vec<Option<CorrelatedPair>> = pairs
        .par_iter()
        .map(|&(a, b)| {
            let correlation = rank_correlation(&ranks[a], &ranks[b], ROWS_MIN)?;
            (correlation.abs() > CORRELATION_MIN).then(|| CorrelatedPair {
                first: columns[a].0.clone(),
                second: columns[b].0.clone(),
                correlation,
            })
        })
        .collect();
    found.into_iter().flatten().collect()
}

/// The groups of two or more features that moved in this batch, linked by `pairs`.
pub(super) fn moved_groups(
    pairs: &[CorrelatedPair],
    features: &[FeatureReport],
) -> Vec<FeatureGroup> {
    let moved = |f: &&FeatureReport| {
        f.verdict == Verdict::Drift || f.series.iter().any(|series| series.alarmed)
    };
    let names: Vec<&str> = features.iter().filter(moved).map(|f| f.feature.as_str()).collect();
    grouped(pairs, &names)
}

fn grouped(pairs: &[CorrelatedPair], names: &[&str]) -> Vec<FeatureGroup> {
    let place = |name: &str| names.iter().position(|other| *other == name);
    let links: Vec<(usize, usize, f64)> = pairs
        .iter()
        .filter_map(|p| Some((place(&p.first)?, place(&p.second)?, p.correlation.abs())))
        .collect();
    let mut group: Vec<usize> = (0..names.len()).collect();
    for &(a, b, _) in &links {
        let (from, to) = (group[a].max(group[b]), group[a].min(group[b]));
        for member in &mut group {
            if *member == from {
                *member = to;
            }
        }
    }
    let mut groups = Vec::new();
    for head in 0..names.len() {
        let members: Vec<usize> = (0..names.len()).filter(|&i| group[i] == head).collect();
        if members.len() >= 2 {
            let inside = links.iter().filter(|link| group[link.0] == head).map(|link| link.2);
            groups.push(FeatureGroup {
                features: members.iter().map(|&i| names[i].to_owned()).collect(),
                correlation: inside.fold(1.0, f64::min),
            });
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_linked_by_a_third_that_moved_are_one_group() {
        let pair = |first: &str, second: &str, correlation| CorrelatedPair {
            first: first.to_owned(),
            second: second.to_owned(),
            correlation,
        };
        let pairs = [pair("a", "b", 0.9), pair("b", "c", -0.85), pair("d", "e", 0.99)];
        let found = grouped(&pairs, &["a", "b", "c", "d"]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].features, ["a", "b", "c"]);
        assert!((found[0].correlation - 0.85).abs() < 1e-15);
        assert!(grouped(&pairs, &["a", "c"]).is_empty(), "what links them did not move");
    }
}
