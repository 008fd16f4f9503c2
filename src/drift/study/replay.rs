//! Replay: the user's own batches, drawn again in blocks, through the monitor that is proposed. Does it stay quiet?
//!
//! Whole batches are drawn, so everything inside a batch stays together; blocks of neighbours are drawn, so slow waves stay
//! together. Blocks run around the end (circular block bootstrap: Politis & Romano 1992). Every sequence has its own seed.

use super::{Settings, StudyBatch};
use crate::digest;
use crate::drift::accumulate::{BatchCounts, accumulate, start_lanes};
use crate::drift::monitor::{Monitor, Series};
use crate::statistics::draws::Draws;
use crate::statistics::intervals::clopper_pearson;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What came of the replay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Batches of a sequence: N, in whole batches.
    pub batches: u32,
    /// Alarms in each sequence.
    pub alarms: Vec<u32>,
    /// Mean number of alarms in N batches; the promise is at most 1.
    pub mean: f64,
    /// Sequences with any alarm.
    pub with_alarm: u32,
    /// 95 % upper limit (Clopper–Pearson, exact) of the probability that N such batches raise any alarm.
    pub upper: f64,
    /// The series that held most of the evidence at these alarms, with how many; most first.
    pub led_by: Vec<LedBy>,
    /// Highest meter reached in any sequence; 1 is the alarm.
    pub highest_meter: f64,
}

/// A series that led alarms of the replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LedBy {
    /// `feature/series`.
    pub series: String,
    /// Alarms.
    pub alarms: u32,
}

/// What came of one sequence.
#[derive(Default)]
struct Run {
    alarms: u32,
    highest: f64,
    /// The leading series of each alarm.
    led_by: Vec<usize>,
}

/// The stream of one sequence.
pub(super) fn stream(seed: u64, what: &str, sequence: u32) -> Draws {
    Draws::new(digest::sha256(format!("study/{seed}/{what}/{sequence}").as_bytes()))
}

/// `length` batches of `batches`, drawn in blocks of `block` neighbours.
pub(super) fn resampled(draws: &mut Draws, batches: usize, block: u32, length: u32) -> Vec<usize> {
    let mut drawn = Vec::with_capacity(length as usize);
    while drawn.len() < length as usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share in (0, 1) of a number of batches"
        )]
        let first = (draws.uniform() * batches as f64) as usize;
        let left = (length as usize - drawn.len()).min(block as usize);
        drawn.extend((0..left).map(|offset| (first + offset) % batches));
    }
    drawn
}

/// The batches as the evidence takes them.
pub(super) fn counts_of(batches: &[StudyBatch]) -> Vec<BatchCounts> {
    let of = |batch: &StudyBatch| {
        BatchCounts::new((batch.clusters.as_ref(), batch.rows), batch.counts.clone())
    };
    batches.iter().map(of).collect()
}

/// Replays `batches` through `monitor`; the same on any number of threads.
pub fn replay(monitor: &Monitor, batches: &[StudyBatch], settings: &Settings) -> Replay {
    let counts = counts_of(batches);
    let runs: Vec<Run> = (0..settings.sequences)
        .into_par_iter()
        .map(|sequence| run(monitor, &counts, settings, sequence))
        .collect();
    let alarms: Vec<u32> = runs.iter().map(|run| run.alarms).collect();
    let with_alarm = alarms.iter().filter(|alarms| **alarms > 0).count() as u32;
    let trials = u64::from(settings.sequences);
    Replay {
        batches: settings.batches,
        mean: alarms.iter().map(|&n| f64::from(n)).sum::<f64>() / alarms.len().max(1) as f64,
        upper: clopper_pearson(u64::from(with_alarm), trials, 0.90).map_or(1.0, |i| i.upper),
        with_alarm,
        led_by: led_by(monitor, &runs),
        highest_meter: runs.iter().map(|run| run.highest).fold(0.0, f64::max),
        alarms,
    }
}

fn led_by(monitor: &Monitor, runs: &[Run]) -> Vec<LedBy> {
    let mut alarms = vec![0; monitor.series.len()];
    runs.iter().flat_map(|run| &run.led_by).for_each(|&series| alarms[series] += 1);
    let of = |(series, &alarms): (&Series, &u32)| LedBy { series: series.key(), alarms };
    let mut led: Vec<LedBy> = monitor.series.iter().zip(&alarms).map(of).collect();
    led.retain(|series| series.alarms > 0);
    led.sort_by_key(|series| std::cmp::Reverse(series.alarms));
    led
}

fn run(monitor: &Monitor, counts: &[BatchCounts], settings: &Settings, sequence: u32) -> Run {
    let mut draws = stream(settings.seed, "replay", sequence);
    let log_n = libm::log(monitor.batches_per_false_alarm);
    let mut lanes = start_lanes(monitor);
    let mut found = Run::default();
    for batch in resampled(&mut draws, counts.len(), settings.block, settings.batches) {
        let step = accumulate(monitor, &mut lanes, &counts[batch], &[]);
        found.highest = found.highest.max(step.log_m / log_n);
        if step.log_m >= log_n {
            found.alarms += 1;
            let parts = step.weighted.iter().enumerate();
            found.led_by.extend(parts.max_by(|a, b| a.1.total_cmp(b.1)).map(|part| part.0));
            lanes = start_lanes(monitor);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_neighbours_run_around_the_end() {
        let mut draws = stream(1, "test", 0);
        let drawn = resampled(&mut draws, 5, 3, 3_001);
        assert_eq!(drawn.len(), 3_001);
        for block in drawn.chunks(3) {
            assert!(block.windows(2).all(|pair| pair[1] == (pair[0] + 1) % 5), "{block:?}");
        }
        for batch in 0..5 {
            // Each of 1 001 blocks starts there with probability 1/5: 200, four binomial deviations either way.
            let starts = drawn.chunks(3).filter(|block| block[0] == batch).count();
            assert!((149..=251).contains(&starts), "{batch}: {starts}");
        }
    }
}
