//! The policy of a version in words: the promise, its conditions, and the tolerance of every series.

use super::wording::{whole, words};
use crate::drift::monitor::Monitor;
use crate::drift::policy::Policy;
use crate::drift::sentence::percent;
use crate::statistics::tolerance::joint_coverage;

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

/// What the monitor promises.
pub fn guarantee(policy: &Policy) -> String {
    format!(
        "As long as every monitored feature stays within its tolerance of the frozen reference, this monitor raises on average \
         at most one false alarm per {} batches, whatever the number of features, however they are related, and whatever the \
         size of the batches. This is a proved upper limit, not an estimate.",
        policy.batches_per_false_alarm
    )
}

/// What the promise rests on.
pub fn conditions(monitor: &Monitor) -> Vec<String> {
    vec![
        "Every row is counted once: a row whose id came before is left out; without an id column only the same file is recognised.".to_owned(),
        "Rows are independent given what came before; rows of one batch that belong together (one patient, one plate) are declared with cluster_by.".to_owned(),
        reference_condition(monitor),
        "The tolerances cover the natural variation between batches; that is a judgement of people, stated in the rationale.".to_owned(),
        "A false alarm is an alarm while no batch has been outside tolerance; an alarm about a real move beyond tolerance is a true alarm, even if the move is harmless.".to_owned(),
    ]
}

/// How surely the reference lies within the tolerances: of one series, and of all of them together.
fn reference_condition(monitor: &Monitor) -> String {
    let series = monitor.series.len();
    let together = percent(joint_coverage(series));
    format!(
        "The reference is large enough: each tolerance covers the reference's own sampling error with 99.8 % confidence. For all \
         {series} series together that is at least {together} (sum of the risks); a series whose reference is further off than \
         that can alarm although nothing moved."
    )
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
