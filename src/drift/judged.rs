//! One series of one batch: its numbers, and the verdict once the whole batch has been looked at.

use super::assess::{LeadingLane, POOLED_BATCHES_MAX, SeriesOutcome, SeriesState, Verdict};
use super::design::{Design, pooled_share};
use super::monitor::{Series, SeriesName, total};
use crate::statistics::e_detector::Step;
use crate::statistics::lanes::LaneKind;
use crate::statistics::limits::{rows_min, rows_to_settle, tv_lower, tv_upper_of};
use crate::statistics::total_variation::total_variation;

/// How many rows are worth `independent` rows.
fn in_rows(independent: u64, share: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 10¹⁵: the limit of rows to settle, divided by the smallest share of a batch"
    )]
    let rows = (independent as f64 / share).ceil().min(1e15) as u64;
    rows
}

/// The numbers of one series before its verdict is known.
#[derive(Debug)]
pub(super) struct Judged {
    /// The evidence of this batch, lane by lane.
    pub(super) step: Step,
    counts: Vec<u64>,
    tv: Option<(f64, f64, f64)>,
    lane: Option<LeadingLane>,
    pooled: Vec<u64>,
    pooled_share: f64,
    pooled_batches: u64,
}

/// Takes one series of a batch: its distance with limits, its leading lane, and the rows pooled up to now.
pub(super) fn judge(
    (series, learned_before): (&Series, &[f64]),
    state: &mut SeriesState,
    (step, blocks): (Step, Vec<Vec<u64>>),
    (batch, design): (u64, Design),
) -> Judged {
    let detector = design.detector(series);
    let counts = total(&blocks);
    let rows: u64 = counts.iter().sum();
    for (since, &log_m) in state.rising_since.iter_mut().zip(&step.log_m) {
        *since = match (log_m > 0.0, *since) {
            (true, 0) => batch,
            (true, since) => since,
            (false, _) => 0,
        };
    }
    if rows > 0 {
        remember(state, counts.clone(), design);
    }
    let reference = &series.detector.reference;
    let tv = (rows > 0).then(|| {
        let shares: Vec<f64> = counts.iter().map(|&c| c as f64 / rows as f64).collect();
        let tv = total_variation(reference, &shares);
        let upper = tv_upper_of(&counts, design.effective_share, reference, series.reference_rows);
        let lower = tv_lower(&detector, learned_before, &blocks, tv);
        (tv, lower.min(tv), upper.max(tv))
    });
    let lane = leading_lane(series, state, &step, batch);
    let pooled = total(&state.recent);
    let pooled_share = pooled_share(&state.recent, &state.recent_shares);
    let pooled_batches = state.recent.len() as u64;
    Judged { step, counts, tv, lane, pooled, pooled_share, pooled_batches }
}

/// Keeps the counts of the last batches, with what their rows are worth where clusters are declared.
fn remember(state: &mut SeriesState, counts: Vec<u64>, design: Design) {
    state.recent.push(counts);
    if design.is_clustered() {
        state.recent_shares.push(design.effective_share);
    }
    if state.recent.len() > POOLED_BATCHES_MAX {
        state.recent.remove(0);
        if design.is_clustered() {
            state.recent_shares.remove(0);
        }
    }
}

fn leading_lane(
    series: &Series,
    state: &SeriesState,
    step: &Step,
    batch: u64,
) -> Option<LeadingLane> {
    let lanes = &series.detector.lanes;
    let weight =
        |i: usize| lanes.get(i).map_or(series.detector.learned_weight(), |lane| lane.weight);
    let (index, _) = step
        .log_m
        .iter()
        .enumerate()
        .filter(|(_, log_m)| **log_m > 0.0)
        .map(|(i, log_m)| (i, log_m + libm::log(weight(i))))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let kind = lanes.get(index).map_or(LaneKind::Learned, |lane| lane.kind);
    let since_batch = state.rising_since[index];
    Some(LeadingLane { kind, since_batch, batches: batch + 1 - since_batch })
}

impl Judged {
    /// The outcome, once it is known whether e-BH names the series and how much of all evidence it holds.
    pub(super) fn outcome(
        self,
        series: &Series,
        named: bool,
        evidence_share: f64,
        muted: bool,
    ) -> SeriesOutcome {
        let tolerance = series.tolerance();
        let reference = &series.detector.reference;
        let pooled_rows: u64 = self.pooled.iter().sum();
        let pooled_tv_upper = (pooled_rows > 0).then(|| {
            tv_upper_of(&self.pooled, self.pooled_share, reference, series.reference_rows)
        });
        let rows = self.counts.iter().sum();
        let settled = pooled_tv_upper.is_some_and(|upper| upper <= tolerance)
            && self.pooled_share * pooled_rows as f64
                >= rows_min(tolerance, reference.len()) as f64;
        let (verdict, reason) = match (rows, named, settled) {
            (0, ..) => (Verdict::NotEvaluated, Some(self.no_rows(series.name))),
            (_, true, _) => (Verdict::Drift, None),
            (_, _, true) => (Verdict::Stable, None),
            _ => (Verdict::Undetermined, None),
        };
        let log_e = self.step.series_log_e;
        let log_m = self.step.series_log_m;
        SeriesOutcome {
            name: series.name,
            rows,
            tolerance,
            limited_by_reference: series.is_limited_by_reference(),
            tv: self.tv.map(|t| t.0),
            tv_lower: self.tv.map(|t| t.1),
            tv_upper: self.tv.map(|t| t.2),
            e_value: (rows > 0).then(|| libm::exp(log_e.min(700.0))),
            log_e,
            log_m: log_m.is_finite().then_some(log_m),
            evidence_share,
            lane: self.lane,
            verdict,
            reason,
            pooled_rows,
            pooled_batches: self.pooled_batches,
            pooled_tv_upper,
            rows_to_settle: rows_to_settle(tolerance, reference, series.reference_rows)
                .map(|rows| in_rows(rows, self.pooled_share)),
            muted,
            alarmed: false,
            segments: Vec::new(),
        }
    }

    fn no_rows(&self, name: SeriesName) -> String {
        match name {
            SeriesName::Nulls => "the batch has no row to judge".to_owned(),
            _ => "the batch has no value of this feature".to_owned(),
        }
    }
}
