//! The design of a batch: do its rows count as independent, or do they come in clusters?
//!
//! ```text
//! log E = (1/s) Σ_k c_k ℓ_k        s: rows of the largest cluster of the batch
//! ```
//!
//! Still an e-value, exactly: for a cluster of t ≤ s rows E[Π g^{1/s}] ≤ Π E[g^{t/s}]^{1/t} ≤ Π E[g]^{1/s} ≤ 1 (Hölder, then
//! Jensen), however its rows depend on each other; clusters are independent of each other. The learned lane does not bet
//! inside such a batch, because the rows of one cluster may lie in several sub-blocks.

use super::monitor::{Series, total};
use crate::dataset::profile::Profile;
use crate::statistics::e_detector::EDetector;
use std::borrow::Cow;

/// How the rows of one batch count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Design {
    /// Factor on log E; `None`: rows are independent.
    temper: Option<f64>,
    /// Independent rows per row, in (0, 1].
    pub(super) effective_share: f64,
}

impl Design {
    /// The design of the batch behind `profile`.
    pub(super) fn of(profile: &Profile) -> Self {
        match &profile.clusters {
            None => Self { temper: None, effective_share: 1.0 },
            Some(clusters) => Self {
                temper: Some(clusters.temper()),
                effective_share: clusters.effective_share(profile.rows),
            },
        }
    }

    /// Whether rows come in clusters.
    pub(super) fn is_clustered(self) -> bool {
        self.temper.is_some()
    }

    /// The counts as the detector may bet on them.
    pub(super) fn blocks(self, counts: Vec<Vec<u64>>) -> Vec<Vec<u64>> {
        if self.is_clustered() { vec![total(&counts)] } else { counts }
    }

    /// The detector of `series`, tempered for this batch.
    pub(super) fn detector(self, series: &Series) -> Cow<'_, EDetector> {
        match self.temper {
            None => Cow::Borrowed(&series.detector),
            Some(temper) => Cow::Owned(EDetector { temper, ..series.detector.clone() }),
        }
    }
}

/// Independent rows per row over pooled batches: `shares` beside the counts of each; without them every row counts.
pub(super) fn pooled_share(recent: &[Vec<u64>], shares: &[f64]) -> f64 {
    if shares.is_empty() {
        return 1.0;
    }
    let (mut rows, mut effective) = (0.0, 0.0);
    for (counts, share) in recent.iter().zip(shares) {
        let batch = counts.iter().sum::<u64>() as f64;
        rows += batch;
        effective += share * batch;
    }
    if rows > 0.0 { (effective / rows).clamp(f64::MIN_POSITIVE, 1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::clusters::Clusters;

    #[test]
    fn rows_count_in_full_unless_clusters_are_declared() {
        let mut profile = Profile::plain(40, Vec::new());
        assert!(!Design::of(&profile).is_clustered());
        profile.clusters = Some(Clusters {
            column: "plate".to_owned(),
            clusters: 4,
            largest: 10,
            rows_effective: 4.0,
            unassigned: 0,
        });
        let design = Design::of(&profile);
        assert_eq!((design.temper, design.effective_share), (Some(0.1), 0.1));
        assert_eq!(design.blocks(vec![vec![1, 2], vec![3, 4]]), [[4, 6]]);
    }

    #[test]
    fn pooled_rows_are_worth_what_their_batches_are() {
        assert_eq!(pooled_share(&[vec![5, 5]], &[]), 1.0);
        assert!((pooled_share(&[vec![5, 5], vec![10, 20]], &[1.0, 0.2]) - 0.4).abs() < 1e-15);
    }
}
