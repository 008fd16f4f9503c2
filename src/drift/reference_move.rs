//! What another reference accepts: how far its rows lie from the reference in force, series by series, and whether it holds the rows it says.

use super::monitor::{Monitor, series_counts, total};
use super::reference::Reference;
use super::report::DriftReport;
use crate::statistics::total_variation::total_variation;
use serde::{Deserialize, Serialize};

/// One series before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesMove {
    /// `feature/series`.
    pub series: String,
    /// TV (0 to 1) of the rows that the new reference was learnt from, from the shares of the reference in force: what is accepted by
    /// taking it; absent where the reference stays, or where that series is new or had no rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<f64>,
    /// Tolerance δ in force; absent for a series that is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance_before: Option<f64>,
    /// Tolerance δ proposed.
    pub tolerance: f64,
}

impl SeriesMove {
    /// Whether more rows moved than was tolerated.
    pub fn is_beyond(&self) -> bool {
        self.moved.zip(self.tolerance_before).is_some_and(|(moved, tolerance)| moved > tolerance)
    }
}

/// Every series of the monitor `after`, held against the monitor `before`; `learnt_from` are the reports, judged with `before`, on the batches
/// that the new reference was learnt from.
pub fn series_moves(
    before: &Monitor,
    after: &Monitor,
    learnt_from: &[DriftReport],
) -> Vec<SeriesMove> {
    let moved = |series: &super::monitor::Series| {
        let mut counts = vec![0_u64; series.detector.reference.len()];
        for report in learnt_from {
            let feature = report.features.get(series.feature_index)?;
            let found = total(&series_counts(&feature.profile, series.name));
            counts.iter_mut().zip(found).for_each(|(sum, count)| *sum += count);
        }
        let rows: u64 = counts.iter().sum();
        let shares: Vec<f64> = counts.iter().map(|&count| count as f64 / rows as f64).collect();
        (rows > 0).then(|| total_variation(&series.detector.reference, &shares))
    };
    let line = |series: &super::monitor::Series| {
        let known = before.series.iter().find(|known| known.key() == series.key());
        SeriesMove {
            series: series.key(),
            moved: known.and_then(moved),
            tolerance_before: known.map(super::monitor::Series::tolerance),
            tolerance: series.tolerance(),
        }
    };
    after.series.iter().map(line).collect()
}

/// Why `reference` cannot be that of the rows which `reports` counted; `None` where it can: rows, missing values and infinities of every
/// column add up. Bins differ, so nothing else can be compared without the files.
pub fn unlike_rows(reference: &Reference, reports: &[DriftReport]) -> Option<String> {
    let rows: u64 = reports.iter().map(|report| report.rows).sum();
    if reference.rows != rows {
        return Some(format!("it has {} rows, its batches have {rows}", reference.rows));
    }
    reference.declared().iter().find_map(|feature| {
        let sums = |of: &dyn Fn(&crate::dataset::profile::FeatureProfile) -> u64| -> (u64, u64) {
            let profiles = reports.iter().flat_map(|report| &report.features);
            let its = profiles.filter(|other| other.feature == feature.feature);
            (of(&feature.profile), its.map(|other| of(&other.profile)).sum())
        };
        let counted = [
            ("missing values", sums(&|profile| profile.missing().iter().sum())),
            ("infinite values", sums(&|profile| profile.infinities.iter().sum())),
        ];
        counted.into_iter().find(|(_, (found, expected))| found != expected).map(
            |(what, (found, expected))| {
                format!("`{}` has {found} {what} in it, {expected} in its batches", feature.feature)
            },
        )
    })
}
