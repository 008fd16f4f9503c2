//! Challenges: changes of stated sizes put into the user's own batches. Is each found, and after how many batches?
//!
//! The change is put into the counts: of the rows of a bin the share goes to other bins that the change would send there
//! ([`crate::statistics::challenges`]), in every batch from the first one on. All other features stay as they were drawn. A
//! sequence whose unchanged batches alarm by themselves before is left out, and counted.

use super::replay::{counts_of, resampled, stream};
use super::{Settings, StudyBatch};
use crate::drift::accumulate::{Accumulated, BatchCounts, accumulate, start_lanes};
use crate::drift::monitor::{Monitor, Series, SeriesName};
use crate::drift::sentence::percent;
use crate::statistics::challenges::{
    Moves, mixed, moved_counts, moved_shares, moves, shifted, spread, tail, zig_zag,
};
use crate::statistics::draws::Draws;
use crate::statistics::e_detector::LaneState;
use crate::statistics::total_variation::total_variation;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A change of a stated size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Challenge {
    /// All values move up by so many standard deviations of a normal feature.
    Shift {
        /// Standard deviations.
        deviations: f64,
    },
    /// The values spread from their median by this factor.
    Spread {
        /// Factor.
        factor: f64,
    },
    /// So many rows move from the most frequent value to the second most frequent one.
    Mix {
        /// Share of the rows.
        share: f64,
    },
    /// So many of the rows that hold a value lose it.
    Nulls {
        /// Share of the values.
        share: f64,
    },
    /// So many of the values are replaced by one never seen.
    Unseen {
        /// Share of the values.
        share: f64,
    },
    /// Every second bin takes rows from its neighbour: a shape no named lane describes.
    ZigZag {
        /// Share of the rows that move.
        share: f64,
    },
}

/// The challenges of every study.
pub const CHALLENGES: [Challenge; 8] = [
    Challenge::Shift { deviations: 0.25 },
    Challenge::Shift { deviations: 0.5 },
    Challenge::Shift { deviations: 1.0 },
    Challenge::Spread { factor: 1.5 },
    Challenge::Mix { share: 0.1 },
    Challenge::Nulls { share: 0.05 },
    Challenge::Unseen { share: 0.03 },
    Challenge::ZigZag { share: 0.1 },
];

impl Challenge {
    /// What is changed, in words.
    pub fn words(self) -> String {
        match self {
            Self::Shift { deviations } => format!("values shift up by {deviations} s.d."),
            Self::Spread { factor } => format!("values spread by a factor of {factor}"),
            Self::Mix { share } => {
                format!("{} of rows move to the next frequent value", percent(share))
            }
            Self::Nulls { share } => format!("{} of values go missing", percent(share)),
            Self::Unseen { share } => format!("{} of values are of no known level", percent(share)),
            Self::ZigZag { share } => format!("zig-zag over the bins, {} of rows", percent(share)),
        }
    }

    /// What it does to the rows of `series`; `None` where it does nothing.
    fn on(self, series: &Series, ordered: bool) -> Option<Moves> {
        let shares = &series.detector.reference;
        let gained = |part: f64| vec![vec![(0, 1.0 - part), (1, part)], vec![(1, 1.0)]];
        let tail_moves = |deviations: f64, factor: f64| {
            let after = tail(shares[1], deviations, factor);
            moves(shares, &[1.0 - after, after])
        };
        match (self, series.name) {
            (Self::Shift { deviations }, SeriesName::Values) if ordered => {
                Some(moves(shares, &shifted(shares, deviations)))
            }
            (Self::Spread { factor }, SeriesName::Values) if ordered => {
                Some(moves(shares, &spread(shares, factor)))
            }
            (Self::Shift { deviations }, SeriesName::HighTail) => Some(tail_moves(deviations, 1.0)),
            (Self::Shift { deviations }, SeriesName::LowTail) => Some(tail_moves(-deviations, 1.0)),
            (Self::Spread { factor }, SeriesName::HighTail | SeriesName::LowTail) => {
                Some(tail_moves(0.0, factor))
            }
            (Self::Mix { share }, SeriesName::Values) if !ordered => mixed(shares, share),
            (Self::ZigZag { share }, SeriesName::Values) => zig_zag(shares, share),
            (Self::Nulls { share }, SeriesName::Nulls)
            | (Self::Unseen { share }, SeriesName::Unseen) => Some(gained(share)),
            _ => None,
        }
    }

    /// Whether it is about this series, and not only about its tails.
    fn is_about(self, name: SeriesName) -> bool {
        match self {
            Self::Nulls { .. } => name == SeriesName::Nulls,
            Self::Unseen { .. } => name == SeriesName::Unseen,
            _ => name == SeriesName::Values,
        }
    }
}

/// How one change of one feature is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Challenged {
    /// Feature that is changed.
    pub feature: String,
    /// The change.
    pub challenge: Challenge,
    /// Distance it moves the series it is about.
    pub tv: f64,
    /// Tolerance of that series.
    pub tolerance: f64,
    /// Sequences measured.
    pub sequences: u32,
    /// Sequences left out, because the unchanged batches alarmed by themselves.
    pub left_out: u32,
    /// Sequences in which an alarm came.
    pub detected: u32,
    /// Median number of batches to the alarm, the first changed batch counted as 1; absent where fewer than half were found.
    pub median_delay: Option<u32>,
}

impl Challenged {
    /// Whether the change is inside the tolerance: not to be found, by design.
    pub fn is_within_tolerance(&self) -> bool {
        self.tv <= self.tolerance
    }

    /// Whether most sequences could be measured, because their unchanged batches stayed quiet.
    pub fn is_measured(&self) -> bool {
        self.sequences > self.left_out
    }
}

/// One change of one feature, ready to be put in.
struct Planned {
    feature: String,
    challenge: Challenge,
    about: (f64, f64),
    /// Which series change, and how.
    series: Vec<(usize, Moves)>,
}

/// Puts every challenge into every feature it applies to; the same on any number of threads.
pub fn challenge(
    monitor: &Monitor,
    ordered: &[bool],
    batches: &[StudyBatch],
    settings: &Settings,
) -> Vec<Challenged> {
    let planned = plan(monitor, ordered);
    let counts = counts_of(batches);
    let runs: Vec<Vec<Outcome>> = (0..settings.challenge_sequences)
        .into_par_iter()
        .map(|sequence| run((monitor, &planned), &counts, settings, sequence))
        .collect();
    let found = |(index, planned): (usize, Planned)| {
        let outcomes: Vec<Outcome> = runs.iter().map(|run| run[index]).collect();
        summed(planned, &outcomes)
    };
    planned.into_iter().enumerate().map(found).collect()
}

fn plan(monitor: &Monitor, ordered: &[bool]) -> Vec<Planned> {
    let mut planned = Vec::new();
    for (feature, &ordered) in ordered.iter().enumerate() {
        let own = || monitor.series.iter().enumerate().filter(|(_, s)| s.feature_index == feature);
        for challenge in CHALLENGES {
            let series: Vec<(usize, Moves)> =
                own().filter_map(|(i, s)| Some((i, challenge.on(s, ordered)?))).collect();
            let about = series.iter().find(|(i, _)| challenge.is_about(monitor.series[*i].name));
            let Some((index, moves)) = about else { continue };
            let changed = &monitor.series[*index];
            let shares = &changed.detector.reference;
            let tv = total_variation(shares, &moved_shares(shares, moves));
            planned.push(Planned {
                feature: changed.feature.clone(),
                challenge,
                about: (tv, changed.tolerance()),
                series,
            });
        }
    }
    planned
}

/// What came of one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Found(u32),
    NotFound,
    LeftOut,
}

fn summed(planned: Planned, outcomes: &[Outcome]) -> Challenged {
    let mut delays: Vec<u32> = outcomes
        .iter()
        .filter_map(|outcome| if let Outcome::Found(delay) = outcome { Some(*delay) } else { None })
        .collect();
    delays.sort_unstable();
    let left_out = outcomes.iter().filter(|outcome| **outcome == Outcome::LeftOut).count();
    let measured = outcomes.len() - left_out;
    Challenged {
        feature: planned.feature,
        challenge: planned.challenge,
        tv: planned.about.0,
        tolerance: planned.about.1,
        sequences: measured as u32,
        left_out: left_out as u32,
        detected: delays.len() as u32,
        // The lower median of all measured sequences, those never found being last.
        median_delay: measured.checked_sub(1).and_then(|last| delays.get(last / 2).copied()),
    }
}

/// One sequence: first unchanged, then once a planned change, with the same batches.
fn run(
    (monitor, planned): (&Monitor, &[Planned]),
    counts: &[BatchCounts],
    settings: &Settings,
    sequence: u32,
) -> Vec<Outcome> {
    let mut draws = stream(settings.seed, "challenge", sequence);
    let drawn = resampled(&mut draws, counts.len(), settings.block, settings.challenge_batches);
    let log_n = libm::log(monitor.batches_per_false_alarm);
    let mut lanes = start_lanes(monitor);
    let mut quiet: Vec<Accumulated> = Vec::new();
    for &batch in &drawn {
        let step = accumulate(monitor, &mut lanes, &counts[batch], &[]);
        if step.log_m >= log_n {
            break;
        }
        quiet.push(step);
    }
    let alarmed = quiet.len() < drawn.len();
    planned
        .iter()
        .map(|planned| {
            let what = format!("{}/{}", planned.feature, planned.challenge.words());
            let mut draws = stream(settings.seed, &what, sequence);
            let batches = drawn.iter().map(|&batch| &counts[batch]).zip(&quiet);
            match delay(monitor, planned, batches, &mut draws) {
                Some(delay) => Outcome::Found(delay),
                None if alarmed => Outcome::LeftOut,
                None => Outcome::NotFound,
            }
        })
        .collect()
}

/// Batches until the monitor alarms; beside each batch stands what it does unchanged.
///
/// M of the version is that of the unchanged batches, less the M of the series that change, plus theirs as changed.
fn delay<'b>(
    monitor: &Monitor,
    planned: &Planned,
    batches: impl Iterator<Item = (&'b BatchCounts, &'b Accumulated)>,
    draws: &mut Draws,
) -> Option<u32> {
    let start = |(index, _): &(usize, Moves)| monitor.series[*index].detector.start();
    let mut lanes: Vec<LaneState> = planned.series.iter().map(start).collect();
    for ((batch, quiet), number) in batches.zip(1..) {
        let (mut others, mut changed) = (libm::exp(quiet.log_m), 0.0);
        for ((index, moves), lanes) in planned.series.iter().zip(&mut lanes) {
            let counts: Vec<Vec<u64>> = batch.series[*index]
                .iter()
                .map(|block| moved_counts(block, moves, || draws.uniform()))
                .collect();
            others -= libm::exp(quiet.weighted[*index]);
            changed += libm::exp(batch.weighted_step(&monitor.series[*index], lanes, &counts));
        }
        if others.max(0.0) + changed >= monitor.batches_per_false_alarm {
            return Some(number);
        }
    }
    None
}
