//! The step of the evidence alone: what one batch does to log M of every series, without limits, verdicts or sentences.
//!
//! [`assess`](super::assess::assess) takes this very step and judges around it; long replays take it and nothing else, so what
//! a study or a simulation measures is what runs.

use super::design::Design;
use super::monitor::{Monitor, Series, series_counts};
use crate::dataset::clusters::Clusters;
use crate::dataset::profile::Profile;
use crate::statistics::e_detector::{LaneState, Step, log_sum_exp};

/// The counts of one batch as the evidence takes them: per series, sub-block and bin.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchCounts {
    pub(super) design: Design,
    /// In the order of the monitor's series: rows per sub-block and bin.
    pub series: Vec<Vec<Vec<u64>>>,
}

impl BatchCounts {
    /// The counts of `profile`, which must hold the features of the monitor's reference in the same order.
    pub fn of(monitor: &Monitor, profile: &Profile) -> Self {
        let counts = monitor
            .series
            .iter()
            .map(|series| series_counts(&profile.features[series.feature_index], series.name))
            .collect();
        Self::new((profile.clusters.as_ref(), profile.rows), counts)
    }

    /// Counts that were kept: per series, sub-block and bin, of a batch with these clusters and rows.
    pub fn new((clusters, rows): (Option<&Clusters>, u64), counts: Vec<Vec<Vec<u64>>>) -> Self {
        let design = Design::of(clusters, rows);
        Self { design, series: counts.into_iter().map(|blocks| design.blocks(blocks)).collect() }
    }

    /// Takes other `counts` of one series of this batch into its `lanes`: log (w_j · M_j) after it.
    pub(super) fn weighted_step(
        &self,
        series: &Series,
        lanes: &mut LaneState,
        counts: &[Vec<u64>],
    ) -> f64 {
        let step = self.design.detector(series).step(lanes, counts);
        libm::log(series.weight) + step.series_log_m
    }
}

/// What one batch did to the evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Accumulated {
    /// In the order of the monitor's series.
    pub steps: Vec<Step>,
    /// log (w_j · M_j) a series; −∞ where it is muted.
    pub weighted: Vec<f64>,
    /// log M over all series; −∞ without evidence.
    pub log_m: f64,
}

/// Takes the evidence of one batch into `lanes`, the lanes of every series in order. `muted`: series that weigh nothing; a
/// series beyond its end weighs.
///
/// # Panics
///
/// If `counts` or `lanes` were made for another monitor.
pub fn accumulate<'l>(
    monitor: &Monitor,
    lanes: impl IntoIterator<Item = &'l mut LaneState>,
    counts: &BatchCounts,
    muted: &[bool],
) -> Accumulated {
    let steps: Vec<Step> = monitor
        .series
        .iter()
        .zip(lanes)
        .zip(&counts.series)
        .map(|((series, lanes), blocks)| counts.design.detector(series).step(lanes, blocks))
        .collect();
    let weighted: Vec<f64> = monitor
        .series
        .iter()
        .zip(&steps)
        .enumerate()
        .map(|(index, (series, step))| {
            let silent = muted.get(index).copied().unwrap_or(false);
            if silent { f64::NEG_INFINITY } else { libm::log(series.weight) + step.series_log_m }
        })
        .collect();
    let log_m = log_sum_exp(&weighted);
    Accumulated { steps, weighted, log_m }
}

/// The lanes of every series before the first batch, and after an alarm.
pub fn start_lanes(monitor: &Monitor) -> Vec<LaneState> {
    monitor.series.iter().map(|series| series.detector.start()).collect()
}
