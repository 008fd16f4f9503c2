//! Procedure: measure the false-alarm guarantee by simulation.
//!
//! 1. runs without any change: every alarm is false
//! 2. runs in which three of 25 columns move with batch 101: is it found, and how soon
//! 3. runs at the worst point the tolerance allows, and with a shape no named lane describes

use crate::drift::policy::Criticality;
use crate::drift::simulation::{
    BATCHES, BATCHES_PER_FALSE_ALARM, Scenario, Tally, WORST_POINT, rules, simulate, worst_point,
    zig_zag,
};
use crate::statistics::intervals::clopper_pearson;
use rayon::prelude::*;
use serde::Serialize;

/// What the simulation measured.
#[derive(Clone, Debug, Serialize)]
pub struct GuaranteeCheck {
    /// Seed of all draws.
    pub seed: u64,
    /// Runs of each scenario.
    pub runs: u32,
    /// Batches of a run.
    pub batches: u32,
    /// False alarms a run of a monitor may have on average.
    pub bound: f64,
    /// One line a rule.
    pub rules: Vec<RuleMeasured>,
    /// At the worst point the tolerance allows.
    pub worst_point: WorstPoint,
    /// Zig-zag with tolerance 0.03 and 0.05.
    pub zig_zag: Vec<Delay>,
}

/// What was measured of one rule.
#[derive(Clone, Debug, Serialize)]
pub struct RuleMeasured {
    /// The rule.
    pub rule: String,
    /// Nothing changes, independent columns.
    pub quiet: FalseAlarms,
    /// Nothing changes, columns correlated 0.6.
    pub quiet_correlated: FalseAlarms,
    /// Three columns move by 0.25 standard deviations.
    pub small_shift: Delay,
    /// Mean number of alarms in the 100 batches before that move.
    pub before: f64,
    /// Three columns move by 0.5 standard deviations.
    pub large_shift: Delay,
}

/// Alarms while nothing changes.
#[derive(Clone, Debug, Serialize)]
pub struct FalseAlarms {
    /// Batches with an alarm, all runs together.
    pub alarms: u64,
    /// Batches in all.
    pub batches: u64,
    /// Mean per run.
    pub mean: f64,
    /// Most in one run.
    pub max: u32,
    /// 95 % upper limit of the mean per run (Clopper–Pearson, batches taken as independent trials).
    pub upper: f64,
}

/// How soon a change was found.
#[derive(Clone, Debug, Serialize)]
pub struct Delay {
    /// Runs in which it was found.
    pub detected: u32,
    /// Runs.
    pub runs: u32,
    /// Mean batches to the alarm, where found.
    pub mean: Option<f64>,
    /// 90 % of those found were found within so many batches.
    pub p90: Option<u32>,
}

/// Alarms at the worst point.
#[derive(Clone, Debug, Serialize)]
pub struct WorstPoint {
    /// Mean per run of 400 batches at N = 20.
    pub mean: f64,
    /// The bound.
    pub bound: f64,
}

/// Runs the suite, `runs` runs a scenario; deterministic in `seed` on any number of threads.
pub fn check_guarantee(runs: u32, seed: u64) -> GuaranteeCheck {
    let each = |correlation, shift| -> Vec<Vec<Tally>> {
        let scenario = Scenario { correlation, shift };
        (0..runs).into_par_iter().map(|run| simulate(scenario, seed, run)).collect()
    };
    let (quiet, correlated) = (each(0.0, 0.0), each(0.6, 0.0));
    let (small, large) = (each(0.0, 0.25), each(0.0, 0.5));
    let of = |all: &[Vec<Tally>], rule: usize| all.iter().map(|run| run[rule]).collect::<Vec<_>>();
    let rules = rules().into_iter().enumerate().map(|(index, rule)| {
        let moved = of(&small, index);
        RuleMeasured {
            rule: rule.to_owned(),
            quiet: false_alarms(&of(&quiet, index)),
            quiet_correlated: false_alarms(&of(&correlated, index)),
            small_shift: delay(&moved.iter().map(|tally| tally.delay).collect::<Vec<_>>()),
            before: moved.iter().map(|tally| f64::from(tally.before)).sum::<f64>()
                / f64::from(runs.max(1)),
            large_shift: delay(
                &of(&large, index).iter().map(|tally| tally.delay).collect::<Vec<_>>(),
            ),
        }
    });
    GuaranteeCheck {
        seed,
        runs,
        batches: BATCHES,
        bound: f64::from(BATCHES) / BATCHES_PER_FALSE_ALARM,
        rules: rules.collect(),
        worst_point: at_worst(runs, seed),
        zig_zag: [Criticality::Critical, Criticality::Standard]
            .into_iter()
            .map(|criticality| {
                let first = |run| zig_zag(criticality, seed, run).first;
                let first: Vec<Option<u32>> = (0..runs).into_par_iter().map(first).collect();
                delay(&first)
            })
            .collect(),
    }
}

fn at_worst(runs: u32, seed: u64) -> WorstPoint {
    let alarms: u64 =
        (0..runs).into_par_iter().map(|run| u64::from(worst_point(seed, run).alarms)).sum();
    let (batches, n) = WORST_POINT;
    WorstPoint { mean: alarms as f64 / f64::from(runs.max(1)), bound: f64::from(batches) / n }
}

fn false_alarms(tallies: &[Tally]) -> FalseAlarms {
    let alarms: u64 = tallies.iter().map(|tally| u64::from(tally.alarms)).sum();
    let batches = tallies.len() as u64 * u64::from(BATCHES);
    let upper = clopper_pearson(alarms, batches, 0.90).map_or(1.0, |interval| interval.upper);
    FalseAlarms {
        alarms,
        batches,
        mean: alarms as f64 / tallies.len().max(1) as f64,
        max: tallies.iter().map(|tally| tally.alarms).max().unwrap_or(0),
        upper: upper * f64::from(BATCHES),
    }
}

fn delay(delays: &[Option<u32>]) -> Delay {
    let mut found: Vec<u32> = delays.iter().flatten().copied().collect();
    found.sort_unstable();
    let mean =
        found.iter().map(|&batches| f64::from(batches)).sum::<f64>() / found.len().max(1) as f64;
    let rank = (9 * found.len()).div_ceil(10).saturating_sub(1);
    Delay {
        detected: found.len() as u32,
        runs: delays.len() as u32,
        mean: (!found.is_empty()).then_some(mean),
        p90: found.get(rank).copied(),
    }
}
