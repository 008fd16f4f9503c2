//! Seeded simulation of batches, judged by the monitor itself and by the rules of [`super::peer_rules`].
//!
//! The monitor is frozen by [`Monitor::freeze`] and every batch judged by [`assess`]: what is measured is what runs.

use super::assess::{MonitorLevel, MonitorState, assess};
use super::monitor::{Monitor, SeriesName};
use super::peer_rules::{PEER_RULES, PeerReference};
use super::policy::{Criticality, Policy};
use super::reference::{Reference, ReferenceFeature};
use crate::dataset::bins::FeatureBins;
use crate::dataset::profile::{FeatureProfile, Profile, SUB_BLOCKS};
use crate::dataset::schema::{Kind, Role};
use crate::digest;
use crate::statistics::binning::{bin_of, deciding_edges, quantile};
use crate::statistics::draws::Draws;
use serde::Serialize;

/// Columns of every simulated table.
pub const COLUMNS: usize = 25;
/// Batches of a run.
pub const BATCHES: u32 = 200;
/// The batch with which a change begins.
pub const CHANGE_AT: u32 = 101;
/// Rows of a batch.
pub const ROWS: usize = 500;
/// Rows of the reference.
pub const REFERENCE_ROWS: usize = 5_000;
/// Columns that change.
pub const CHANGED_COLUMNS: usize = 3;
/// N of the monitors.
pub const BATCHES_PER_FALSE_ALARM: f64 = 200.0;

/// The monitors of a run: criticality (so the tolerance floor), and whether only the values series are watched.
pub const MONITORS: [(&str, Criticality, bool); 3] = [
    ("monitor, tolerance 0.03, values only", Criticality::Critical, true),
    ("monitor, tolerance 0.05, values only", Criticality::Standard, true),
    ("monitor, tolerance 0.05, all series", Criticality::Standard, false),
];

/// The rules of a run, in the order of its tallies.
pub fn rules() -> Vec<&'static str> {
    PEER_RULES.into_iter().chain(MONITORS.iter().map(|monitor| monitor.0)).collect()
}

/// What is drawn: normal columns with a common `correlation`, of which three move by `shift` standard deviations.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Scenario {
    /// Correlation of any two columns.
    pub correlation: f64,
    /// Shift from batch [`CHANGE_AT`] on, in standard deviations; 0 = nothing changes.
    pub shift: f64,
}

/// What one rule did in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Batches with an alarm before the change.
    pub before: u32,
    /// Batches with an alarm in all.
    pub alarms: u32,
    /// Batches from the change to the first alarm, the first changed one counted as 1.
    pub delay: Option<u32>,
}

impl Tally {
    fn note(&mut self, batch: u32, alarm: bool) {
        self.alarms += u32::from(alarm);
        if batch < CHANGE_AT {
            self.before += u32::from(alarm);
        } else if alarm && self.delay.is_none() {
            self.delay = Some(batch + 1 - CHANGE_AT);
        }
    }
}

/// The stream of one run: other runs and scenarios draw other numbers.
fn stream(seed: u64, what: &str, run: u32) -> Draws {
    Draws::new(digest::sha256(format!("simulation/{seed}/{what}/{run}").as_bytes()))
}

/// One run of `scenario`: a reference, then [`BATCHES`] batches; one tally a rule of [`rules`].
pub fn simulate(scenario: Scenario, seed: u64, run: u32) -> Vec<Tally> {
    let name = format!("{}/{}", scenario.correlation, scenario.shift);
    let mut draws = stream(seed, &name, run);
    let rows = drawn(&mut draws, scenario.correlation, 0.0, REFERENCE_ROWS);
    let peers = PeerReference::learn(&rows, ROWS, BATCHES);
    let reference = learn(&rows);
    let monitors: Vec<Monitor> =
        MONITORS.iter().map(|&(_, floor, only)| freeze(&reference, floor, only)).collect();
    let mut states: Vec<MonitorState> = monitors.iter().map(MonitorState::start).collect();
    let mut tallies = vec![Tally::default(); PEER_RULES.len() + MONITORS.len()];
    for batch in 1..=BATCHES {
        let shift = if batch < CHANGE_AT { 0.0 } else { scenario.shift };
        let mut columns = drawn(&mut draws, scenario.correlation, shift, ROWS);
        let profile = counted(&reference, &columns);
        for column in &mut columns {
            column.sort_by(f64::total_cmp);
        }
        let mut alarms = peers.flags(&columns).to_vec();
        for (monitor, state) in monitors.iter().zip(&mut states) {
            alarms.push(step(monitor, state, &profile));
        }
        for (tally, alarm) in tallies.iter_mut().zip(alarms) {
            tally.note(batch, alarm);
        }
    }
    tallies
}

fn step(monitor: &Monitor, state: &mut MonitorState, profile: &Profile) -> bool {
    let assessment = assess(monitor, state, profile);
    *state = assessment.after;
    assessment.level == MonitorLevel::Alarm
}

/// Columns of values; the first [`CHANGED_COLUMNS`] are shifted.
fn drawn(draws: &mut Draws, correlation: f64, shift: f64, rows: usize) -> Vec<Vec<f64>> {
    let (common, own) = (libm::sqrt(correlation), libm::sqrt(1.0 - correlation));
    let shared: Vec<f64> =
        (0..rows).map(|_| if common > 0.0 { common * draws.normal() } else { 0.0 }).collect();
    (0..COLUMNS)
        .map(|column| {
            let moved = if column < CHANGED_COLUMNS { shift } else { 0.0 };
            shared.iter().map(|part| part + own * draws.normal() + moved).collect()
        })
        .collect()
}

fn learn(columns: &[Vec<f64>]) -> Reference {
    let bins = |values: &Vec<f64>| {
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        FeatureBins::Ordered {
            edges: deciding_edges(sorted.as_slice(), 10),
            quantile_edges: Vec::new(),
            low_tail: quantile(sorted.as_slice(), 0.005),
            high_tail: quantile(sorted.as_slice(), 0.995),
            range: [sorted[0], sorted[sorted.len() - 1]],
        }
    };
    let features = columns.iter().enumerate().map(|(index, values)| {
        let bins = bins(values);
        feature(index, profile_of(&bins, values), bins)
    });
    let rows = columns.first().map_or(0, Vec::len) as u64;
    Reference::plain(rows, features.collect())
}

fn feature(index: usize, profile: FeatureProfile, bins: FeatureBins) -> ReferenceFeature {
    ReferenceFeature {
        feature: format!("column {}", index + 1),
        role: Role::Feature,
        kind: Kind::Continuous,
        unit: None,
        bins,
        profile,
    }
}

fn freeze(reference: &Reference, criticality: Criticality, values_only: bool) -> Monitor {
    let names = reference.features.iter().map(|f| (f.feature.clone(), criticality));
    let policy = Policy {
        batches_per_false_alarm: BATCHES_PER_FALSE_ALARM,
        criticality: names.collect(),
        ..Policy::default()
    };
    let mut monitor = Monitor::freeze(reference, &policy);
    if values_only {
        monitor.series.retain(|series| series.name == SeriesName::Values);
        let weight = 1.0 / monitor.series.len().max(1) as f64;
        monitor.series.iter_mut().for_each(|series| series.weight = weight);
    }
    monitor
}

fn counted(reference: &Reference, columns: &[Vec<f64>]) -> Profile {
    let features: Vec<FeatureProfile> = reference
        .features
        .iter()
        .zip(columns)
        .map(|(feature, values)| profile_of(&feature.bins, values))
        .collect();
    Profile::plain(columns.first().map_or(0, Vec::len) as u64, features)
}

/// Counts of `values` in row order on ordered bins.
fn profile_of(bins: &FeatureBins, values: &[f64]) -> FeatureProfile {
    let mut profile = FeatureProfile {
        values: vec![vec![0; bins.len()]; SUB_BLOCKS],
        ..FeatureProfile::default()
    };
    let FeatureBins::Ordered { edges, low_tail, high_tail, .. } = bins else { return profile };
    for (row, &value) in values.iter().enumerate() {
        let block = row % SUB_BLOCKS;
        profile.rows[block] += 1;
        profile.values[block][bin_of(edges, value)] += 1;
        profile.low_tail[block] += u64::from(value < *low_tail);
        profile.high_tail[block] += u64::from(value > *high_tail);
    }
    profile
}

/// What one run of [`worst_point`] or [`zig_zag`] did.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Outcome {
    /// Batches with an alarm.
    pub alarms: u32,
    /// The first of them.
    pub first: Option<u32>,
}

/// `batches` batches of [`ROWS`] rows from `shares` in the first `changed` of `columns` columns, on ten bins whose
/// reference shares are exactly one tenth.
fn on_bins(
    draws: &mut Draws,
    (columns, changed): (usize, usize),
    shares: &[f64; 10],
    (criticality, n, batches): (Criticality, f64, u32),
) -> Outcome {
    // The edges have no meaning here; only counts are drawn. Rows in plenty, so that the reference has no error.
    let bins = FeatureBins::Ordered {
        edges: (1_u32..10).map(f64::from).collect(),
        quantile_edges: Vec::new(),
        low_tail: 0.0,
        high_tail: 10.0,
        range: [0.0, 10.0],
    };
    let exact = FeatureProfile {
        rows: [25_000_000; SUB_BLOCKS],
        values: vec![vec![2_500_000; 10]; SUB_BLOCKS],
        ..FeatureProfile::default()
    };
    let features = (0..columns).map(|index| feature(index, exact.clone(), bins.clone()));
    let reference = Reference::plain(100_000_000, features.collect());
    let mut monitor = freeze(&reference, criticality, true);
    monitor.batches_per_false_alarm = n;
    let mut state = MonitorState::start(&monitor);
    let mut outcome = Outcome { alarms: 0, first: None };
    for batch in 1..=batches {
        let values: Vec<Vec<f64>> = (0..columns)
            .map(|column| {
                let from = if column < changed { *shares } else { [0.1; 10] };
                (0..ROWS).map(|_| bin_drawn(draws, &from)).collect()
            })
            .collect();
        if step(&monitor, &mut state, &counted(&reference, &values)) {
            outcome.alarms += 1;
            outcome.first = outcome.first.or(Some(batch));
        }
    }
    outcome
}

/// A value inside a bin drawn with these shares.
fn bin_drawn(draws: &mut Draws, shares: &[f64; 10]) -> f64 {
    let mut left = draws.uniform();
    for (bin, share) in (0_u32..).zip(shares) {
        if left < *share {
            return f64::from(bin) + 0.5;
        }
        left -= share;
    }
    9.5
}

/// Batches of a run at the worst point, and N there: the bound is 20 alarms.
pub const WORST_POINT: (u32, f64) = (400, 20.0);

/// A run of 400 batches at the worst point the tolerance allows: TV exactly 0.05, all moved from the lowest bin to the
/// highest, N = 20, one column.
pub fn worst_point(seed: u64, run: u32) -> Outcome {
    let mut shares = [0.1; 10];
    shares[0] -= 0.05;
    shares[9] += 0.05;
    let (batches, n) = WORST_POINT;
    let mut draws = stream(seed, "worst point", run);
    on_bins(&mut draws, (1, 1), &shares, (Criticality::Standard, n, batches))
}

/// Longest wait for a zig-zag to be found.
pub const ZIG_ZAG_BATCHES: u32 = 40;

/// A run of batches in which three columns have a shape no named lane describes: every second bin gains 0.02 and every
/// other loses it, TV 0.1.
pub fn zig_zag(criticality: Criticality, seed: u64, run: u32) -> Outcome {
    let shares: [f64; 10] = std::array::from_fn(|bin| if bin % 2 == 0 { 0.12 } else { 0.08 });
    let mut draws = stream(seed, "zig-zag", run);
    let policy = (criticality, BATCHES_PER_FALSE_ALARM, ZIG_ZAG_BATCHES);
    on_bins(&mut draws, (COLUMNS, CHANGED_COLUMNS), &shares, policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_half_a_deviation_is_found_and_nothing_alarms_before_it() {
        let run = simulate(Scenario { correlation: 0.0, shift: 0.5 }, 1, 0);
        for tally in &run[PEER_RULES.len()..] {
            assert!(tally.before == 0 && tally.delay.is_some_and(|delay| delay <= 2), "{run:?}");
        }
        // 25 tests at 0.05 flag a batch with probability 1 - 0.95^25 = 0.72: 72 of 100, four binomial deviations either way.
        assert!((54..=90).contains(&run[0].before), "{run:?}");
    }

    #[test]
    fn alarms_at_the_worst_point_stay_far_below_their_bound() {
        let alarms: u32 = (0..3).map(|run| worst_point(1, run).alarms).sum();
        // Three times 400 batches at N = 20: at most 60 on average.
        assert!(alarms <= 20, "{alarms}");
    }

    #[test]
    fn a_shape_no_named_lane_describes_is_found() {
        let delays: Vec<u32> =
            (0..3).filter_map(|run| zig_zag(Criticality::Critical, 1, run).first).collect();
        assert!(delays.len() == 3 && delays.iter().all(|delay| *delay <= 9), "{delays:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_run() {
        let run =
            |seed| worst_point(seed, 0).alarms + 1_000 * zig_zag(Criticality::Low, seed, 0).alarms;
        assert_eq!(run(5), run(5));
    }
}
