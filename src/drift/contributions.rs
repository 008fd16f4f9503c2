//! Which columns a change of T² or SPE comes from. Shown, never deciding.
//!
//! ```text
//! share of column j = max(0, c_j − c⁰_j) / Σ_j max(0, c_j − c⁰_j)        c: contribution a row in the batch, c⁰: in the reference
//! ```
//!
//! Source: Kourti & MacGregor 1996, *Multivariate SPC methods for process and product monitoring*, J. Qual. Technol. 28, 409–428
//! (contribution plots). A contribution points at where to look; columns that move together share it.

use super::reference::Reference;
use super::sentence::percent;
use crate::dataset::scores::{FrozenScores, ScoreSums};
use serde::{Deserialize, Serialize};

/// Columns told of a score, at most.
const COLUMNS_TOLD: usize = 5;

/// What one column adds to a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Contribution {
    /// The column.
    pub column: String,
    /// Its share of what the score has grown by on average; of all columns whose contribution has grown.
    pub share: f64,
    /// Its mean contribution to the score of a reference row.
    pub reference: f64,
    /// Its mean contribution to the score of a row of the batch.
    pub batch: f64,
}

/// What columns add to `feature`, most first; none where it is not T² or SPE of a group, or where nothing has grown.
pub(super) fn contributions(
    reference: &Reference,
    sums: &[ScoreSums],
    feature: &str,
) -> Vec<Contribution> {
    let groups = reference.derived.scores.iter().zip(sums);
    let found = groups.filter_map(|(scores, sums)| {
        let name = feature.strip_prefix(scores.name.as_str())?;
        match name {
            ".t2" => {
                Some(grown(scores, (&scores.held.t2, scores.held.rows), (&sums.t2, sums.rows)))
            }
            ".spe" => {
                Some(grown(scores, (&scores.held.spe, scores.held.rows), (&sums.spe, sums.rows)))
            }
            _ => None,
        }
    });
    found.into_iter().next().unwrap_or_default()
}

fn grown(
    scores: &FrozenScores,
    (before, held): (&[f64], u64),
    (after, rows): (&[f64], u64),
) -> Vec<Contribution> {
    if held == 0 || rows == 0 {
        return Vec::new();
    }
    let pairs = scores.columns.iter().zip(before.iter().zip(after));
    let mut found: Vec<Contribution> = pairs
        .map(|(column, (before, after))| {
            let (reference, batch) = (before / held as f64, after / rows as f64);
            Contribution {
                column: column.clone(),
                share: (batch - reference).max(0.0),
                reference,
                batch,
            }
        })
        .collect();
    let all: f64 = found.iter().map(|contribution| contribution.share).sum();
    if all <= 0.0 || !all.is_finite() {
        return Vec::new();
    }
    found.sort_by(|a, b| b.share.total_cmp(&a.share));
    found.truncate(COLUMNS_TOLD);
    found.retain(|contribution| contribution.share > 0.0);
    for contribution in &mut found {
        contribution.share /= all;
    }
    found
}

/// The first three in words: ``mostly `a` (41 %), `b` (22 %)``; `None` where there are none.
pub fn told(contributions: &[Contribution]) -> Option<String> {
    let one = |c: &Contribution| format!("`{}` ({})", c.column, percent(c.share));
    let told: Vec<String> = contributions.iter().take(3).map(one).collect();
    (!told.is_empty()).then(|| format!("what it grew by comes mostly from {}", told.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_what_has_grown() {
        let scores = FrozenScores {
            name: "inputs".to_owned(),
            columns: ["a", "b", "c"].map(str::to_owned).to_vec(),
            left_out: Vec::new(),
            rows_fitted: 10,
            rows_held: 10,
            means: vec![0.0; 3],
            deviations: vec![1.0; 3],
            loadings: vec![vec![1.0, 0.0, 0.0]],
            variances: vec![1.0],
            directions: Vec::new(),
            centres: Vec::new(),
            held: ScoreSums { rows: 10, t2: vec![10.0, 0.0, 5.0], spe: vec![0.0; 3] },
        };
        let batch = ScoreSums { rows: 20, t2: vec![80.0, 20.0, 2.0], spe: vec![0.0; 3] };
        let mut reference = Reference::plain(20, Vec::new());
        reference.derived.scores = vec![scores];
        let sums = [batch];
        let found = contributions(&reference, &sums, "inputs.t2");
        let shares: Vec<(&str, f64)> = found.iter().map(|c| (c.column.as_str(), c.share)).collect();
        assert_eq!(shares, [("a", 0.75), ("b", 0.25)]);
        assert!(told(&found).unwrap().contains("`a` (75 %), `b` (25 %)"));
        assert!(contributions(&reference, &sums, "inputs.spe").is_empty(), "nothing has grown");
        assert!(contributions(&reference, &sums, "other.t2").is_empty());
    }
}
