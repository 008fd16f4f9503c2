//! The policy of a version in words: the promise, its conditions, and the tolerance of every series.

use super::wording::{whole, words};
use crate::drift::monitor::Monitor;
use crate::drift::policy::Policy;
use crate::drift::sentence::percent;

/// The frozen tolerance of one series.
#[derive(Clone, Debug)]
pub struct ToleranceLine {
    /// Feature.
    pub feature: String,
    /// Series.
    pub series: String,
    /// δ: share of rows that may move.
    pub tolerance: String,
    /// What the policy alone would ask for.
    pub floor: String,
    /// ε: the reference's own error.
    pub reference_error: String,
    /// Reference rows behind it.
    pub reference_rows: String,
    /// Whether the reference, and not the policy, sets the tolerance.
    pub limited: bool,
}

/// The tolerances of all series, in feature order.
pub fn tolerance_lines(monitor: &Monitor) -> Vec<ToleranceLine> {
    let line = |series: &crate::drift::monitor::Series| ToleranceLine {
        feature: series.feature.clone(),
        series: words(series.name.word()),
        tolerance: percent(series.tolerance()),
        floor: percent(series.floor),
        reference_error: percent(series.reference_error),
        reference_rows: whole(series.reference_rows),
        limited: series.is_limited_by_reference(),
    };
    monitor.series.iter().map(line).collect()
}

/// Criticalities that differ from the standard: `critical: TSH, FTI`.
pub fn criticalities(policy: &Policy) -> Vec<String> {
    policy
        .criticality
        .iter()
        .map(|(feature, criticality)| {
            format!(
                "{feature}: {} ({} floor)",
                format!("{criticality:?}").to_lowercase(),
                percent(criticality.floor())
            )
        })
        .collect()
}
