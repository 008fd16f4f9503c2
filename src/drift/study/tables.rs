//! The tables of a study, every number as it is printed: the same on the page and in print.

use super::Study;
use super::natural::StudiedSeries;
use super::words::{ChallengeLine, challenge_lines};
use crate::drift::sentence::percent;

/// Series drawn: those whose batches come nearest to the tolerance.
const DRAWN: usize = 12;

/// One series of the table of tolerances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesLine {
    /// Feature name.
    pub feature: String,
    /// Which aspect, in words.
    pub series: String,
    /// ν.
    pub natural: String,
    /// Ppk of the tolerance.
    pub capability: String,
    /// Largest distance of a batch.
    pub largest: String,
    /// ε_m.
    pub error: String,
    /// Tolerance by policy alone.
    pub floor: String,
    /// δ proposed.
    pub tolerance: String,
    /// What sets it.
    pub by: &'static str,
}

/// One change of the challenge table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeLine {
    /// The change.
    pub change: String,
    /// Features it was put into.
    pub features: usize,
    /// Features whose tolerance covers it.
    pub within: usize,
    /// Features that could not be measured.
    pub unmeasured: usize,
    /// Share of the sequences it was found in.
    pub found: String,
    /// Median batch of the alarm.
    pub delay: String,
    /// The feature that takes longest.
    pub slowest: String,
}

/// The series whose batches come nearest to their tolerance, or leave it; at most twelve.
pub fn nearest(study: &Study) -> Vec<&StudiedSeries> {
    let nearness = |series: &StudiedSeries| {
        let farthest = series.used().map(|(_, distance)| distance.drift).fold(0.0, f64::max);
        farthest / series.tolerance
    };
    let mut order: Vec<&StudiedSeries> =
        study.series.iter().filter(|series| nearness(series) > 0.0).collect();
    order.sort_by(|a, b| nearness(b).total_cmp(&nearness(a)));
    order.truncate(DRAWN);
    order
}

/// One line a series.
pub fn series_lines(study: &Study) -> Vec<SeriesLine> {
    let share = |of: Option<f64>| of.map_or_else(|| "not estimable".to_owned(), percent);
    let line = |series: &StudiedSeries| SeriesLine {
        feature: series.feature.clone(),
        series: series.series.word().replace('_', " "),
        natural: share(series.natural_drift),
        capability: series.capability.map_or_else(dash, |ppk| format!("{ppk:.2}")),
        largest: series.largest.map_or_else(dash, percent),
        error: percent(series.reference_error),
        floor: percent(series.floor),
        tolerance: percent(series.tolerance),
        by: series.governed_by.words(),
    };
    study.series.iter().map(line).collect()
}

/// One line a challenge.
pub fn change_lines(study: &Study) -> Vec<ChangeLine> {
    challenge_lines(study).into_iter().map(change_line).collect()
}

fn change_line(line: ChallengeLine) -> ChangeLine {
    let delay = |of: Option<u32>| match of {
        Some(1) => "first batch".to_owned(),
        Some(batch) => format!("batch {batch}"),
        None => "found in fewer than half of the sequences".to_owned(),
    };
    let open = line.features > line.within + line.unmeasured;
    ChangeLine {
        change: line.change,
        features: line.features,
        within: line.within,
        unmeasured: line.unmeasured,
        found: line.detected.map_or_else(dash, percent),
        delay: if open { delay(line.delay) } else { dash() },
        slowest: line
            .slowest
            .map_or_else(String::new, |(name, of)| format!("{name}: {}", delay(of))),
    }
}

fn dash() -> String {
    "–".to_owned()
}
