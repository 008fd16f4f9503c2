//! One batch into one verdict: evidence per series, the monitor's state, the features that moved.
//!
//! ```text
//! M[j,a]_t = E[j,a]_t · max(1, M[j,a]_{t−1})        one lane a of one series j, CUSUM form
//! M_t      = Σ_j w_j Σ_a v_a M[j,a]_t               all series of the version
//! alarm    when M_t ≥ N; then every M starts again at 0
//! ```
//!
//! The expected number of false alarms in any T batches is at most T / N, whatever the dependence between series and the
//! sizes of the batches (Shin, Ramdas and Rinaldo, 2024, *E-detectors*; proof in `docs/STATISTICS.md`).
//!
//! Pure: the same monitor, state and profile give the same bits.

use super::accumulate::{Accumulated, BatchCounts, accumulate};
use super::judged::{Judged, judge};
use super::monitor::{Monitor, Series, SeriesName};
use super::segments::SegmentSplit;
use crate::dataset::profile::Profile;
use crate::statistics::adjust::e_bh;
use crate::statistics::e_detector::LaneState;
use crate::statistics::lanes::LaneKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Level at which e-BH names the series that drifted in one batch.
pub const NAMING_LEVEL: f64 = 0.05;
/// Batches pooled to show stability, at most.
pub const POOLED_BATCHES_MAX: usize = 12;
/// Share of the evidence from which a series is covered by an alert that e-BH names nothing for.
const EVIDENCE_SHARE_MIN: f64 = 0.05;

/// The outcome for one series or feature of one batch.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Shown to be within tolerance.
    Stable,
    /// Could not be judged; the reason says why.
    NotEvaluated,
    /// Not shown either way.
    Undetermined,
    /// Beyond tolerance.
    Drift,
}

impl Verdict {
    /// The word used in records and on pages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::NotEvaluated => "not_evaluated",
            Self::Undetermined => "undetermined",
            Self::Drift => "drift",
        }
    }
}

/// Where the evidence over time stands after a batch.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MonitorLevel {
    /// M < N / 10.
    Quiet,
    /// N / 10 ≤ M < N.
    Watch,
    /// M ≥ N.
    Alarm,
}

impl MonitorLevel {
    /// The word used in records and on pages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Watch => "watch",
            Self::Alarm => "alarm",
        }
    }
}

/// What is carried from batch to batch for one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesState {
    /// Evidence and learned counts per lane.
    pub lanes: LaneState,
    /// Per lane, the number of the batch since which its log M has been above 0; 0 where it is not.
    pub rising_since: Vec<u64>,
    /// Counts per bin of the last batches since the last reset, at most [`POOLED_BATCHES_MAX`].
    pub recent: Vec<Vec<u64>>,
    /// Independent rows per row of each of them; empty where no clusters are declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent_shares: Vec<f64>,
}

/// What is carried from batch to batch for a model version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonitorState {
    /// Batches judged so far.
    pub batches: u64,
    /// Keys of the series under an open alert: they keep recording, with weight 0.
    pub muted: Vec<String>,
    /// In the order of the monitor's series.
    pub series: Vec<SeriesState>,
}

impl MonitorState {
    /// The state before any batch.
    pub fn start(monitor: &Monitor) -> Self {
        Self {
            batches: 0,
            muted: Vec::new(),
            series: monitor.series.iter().map(start_series).collect(),
        }
    }
}

impl MonitorState {
    /// Numbers of the batches at which evidence began that is still there.
    pub fn began_at(&self) -> BTreeSet<u64> {
        let since = self.series.iter().flat_map(|series| &series.rising_since);
        since.copied().filter(|number| *number > 0).collect()
    }
}

fn start_series(series: &Series) -> SeriesState {
    let lanes = series.detector.start();
    SeriesState {
        rising_since: vec![0; lanes.log_m.len()],
        lanes,
        recent: Vec::new(),
        recent_shares: Vec::new(),
    }
}

/// The lane that holds most of a series' evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LeadingLane {
    /// What it watches for, for example `"down"` or `{"gains":{"bin":1}}`; `"learned"` for a shape no named lane describes.
    #[schema(value_type = serde_json::Value)]
    pub kind: LaneKind,
    /// First batch (counted from 1) since which its evidence has not been gone: the estimated change point.
    pub since_batch: u64,
    /// Batches since then, this one included.
    pub batches: u64,
}

/// The outcome for one series of one batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SeriesOutcome {
    /// Which aspect of the feature.
    pub name: SeriesName,
    /// Rows of this batch behind it.
    pub rows: u64,
    /// δ: the share of rows that may move.
    pub tolerance: f64,
    /// Whether the reference is too small for the tolerance the policy asks for.
    pub limited_by_reference: bool,
    /// Total variation distance of this batch from the reference; absent without rows.
    pub tv: Option<f64>,
    /// 95 % lower limit: the largest tolerance this batch alone refutes.
    pub tv_lower: Option<f64>,
    /// 95 % upper limit.
    pub tv_upper: Option<f64>,
    /// e-value of this batch alone against "within tolerance".
    pub e_value: Option<f64>,
    /// Its natural logarithm.
    pub log_e: f64,
    /// log M after this batch: evidence up to and with it; absent where there is none.
    pub log_m: Option<f64>,
    /// This series' share of all evidence after this batch.
    pub evidence_share: f64,
    /// The lane that holds most of it, where log M is above 0.
    pub lane: Option<LeadingLane>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, where it is `not_evaluated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Rows pooled to judge stability.
    pub pooled_rows: u64,
    /// Batches pooled to judge stability.
    pub pooled_batches: u64,
    /// 95 % upper limit over the pooled rows.
    pub pooled_tv_upper: Option<f64>,
    /// Pooled rows at which an unmoved feature is expected to be shown stable; absent when no number of rows would do,
    /// because the reference is too small.
    pub rows_to_settle: Option<u64>,
    /// Whether the series is under an open alert (weight 0).
    pub muted: bool,
    /// Whether the alarm of this batch covers the series.
    pub alarmed: bool,
    /// How its change splits over each segment, where it moved; exploratory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentSplit>,
}

/// The series an alarm is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Alarm {
    /// Keys of the series the alert covers.
    pub covers: Vec<String>,
    /// One sentence a feature about the series covered.
    pub sentences: Vec<String>,
    /// Whether e-BH established them on the accumulated evidence; else they hold at least 5 % of it each.
    pub established: bool,
}

/// The judgement of one batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// In the order of the monitor's series.
    pub series: Vec<SeriesOutcome>,
    /// log M_t over all series that are not muted, before any reset; −∞ without evidence.
    pub log_m: f64,
    /// max(0, ln M) / ln N: 1 raises an alarm.
    pub meter: f64,
    /// Where the evidence stands.
    pub level: MonitorLevel,
    /// With an alarm: whether e-BH established the series it covers.
    pub established: Option<bool>,
    /// The state after the batch (and after the reset, if there was an alarm).
    pub after: MonitorState,
}

/// Judges one batch: takes its evidence into the state and gives every series a verdict.
///
/// `profile` must hold the features of the monitor's reference in the same order.
pub fn assess(monitor: &Monitor, before: &MonitorState, profile: &Profile) -> Assessment {
    let mut after = before.clone();
    after.batches += 1;
    let counts = BatchCounts::of(monitor, profile);
    let muted: Vec<bool> = monitor.series.iter().map(|s| before.muted.contains(&s.key())).collect();
    let lanes = after.series.iter_mut().map(|state| &mut state.lanes);
    let Accumulated { steps, weighted, log_m } = accumulate(monitor, lanes, &counts, &muted);
    let batch = (after.batches, counts.design);
    let states = after.series.iter_mut().zip(&before.series);
    let judged: Vec<Judged> = monitor
        .series
        .iter()
        .zip(steps.into_iter().zip(counts.series))
        .zip(states)
        .map(|((series, taken), (state, before))| {
            judge((series, &before.lanes.learned_counts), state, taken, batch)
        })
        .collect();
    let named = e_bh(&judged.iter().map(|j| j.step.series_log_e).collect::<Vec<_>>(), NAMING_LEVEL);
    let level = level_of(log_m, monitor.batches_per_false_alarm);
    let mut series: Vec<SeriesOutcome> = judged
        .into_iter()
        .enumerate()
        .map(|(i, j)| {
            let share = if muted[i] { 0.0 } else { share_of(weighted[i], log_m) };
            j.outcome(&monitor.series[i], named[i], share, muted[i])
        })
        .collect();
    let established = (level == MonitorLevel::Alarm).then(|| cover(&weighted, &mut series));
    if established.is_some() {
        after.series = monitor.series.iter().map(start_series).collect();
    }
    let meter = (log_m / libm::log(monitor.batches_per_false_alarm)).max(0.0);
    Assessment { series, log_m, meter, level, established, after }
}

fn level_of(log_m: f64, batches_per_false_alarm: f64) -> MonitorLevel {
    let log_n = libm::log(batches_per_false_alarm);
    if log_m >= log_n {
        MonitorLevel::Alarm
    } else if log_m >= log_n - libm::log(10.0) {
        MonitorLevel::Watch
    } else {
        MonitorLevel::Quiet
    }
}

fn share_of(log_part: f64, log_total: f64) -> f64 {
    if log_total.is_finite() { libm::exp(log_part - log_total).min(1.0) } else { 0.0 }
}

/// Marks what an alarm covers: the series e-BH names on the accumulated evidence d · w_j · M_j, else those holding at least
/// 5 % of the evidence. Muted series are in neither. Returns whether e-BH established them.
fn cover(weighted: &[f64], outcomes: &mut [SeriesOutcome]) -> bool {
    let log_d = libm::log(outcomes.len() as f64);
    let named = e_bh(&weighted.iter().map(|log_m| log_d + log_m).collect::<Vec<_>>(), NAMING_LEVEL);
    let established = named.contains(&true);
    for (outcome, named) in outcomes.iter_mut().zip(named) {
        outcome.alarmed = named || (!established && outcome.evidence_share >= EVIDENCE_SHARE_MIN);
    }
    established
}
