//! Shapes: whether counts and states fit the bins they are on, before anything is computed from them.
//!
//! A pack may come from anybody. Counts of impossible shape are told as such; computing with them could overflow.

use crate::dataset::bins::FeatureBins;
use crate::dataset::clusters::Clusters;
use crate::dataset::profile::{FeatureProfile, SUB_BLOCKS};
use crate::dataset::scores::FrozenScores;
use crate::dataset::slices::Segment;
use crate::drift::monitor::Monitor;
use crate::drift::performance::cohort::CohortReport;
use crate::drift::performance::report::PerformanceReport;
use crate::drift::performance::rule::PerformanceRule;
use crate::drift::performance::tally::{ErrorSums, Outcomes, Tally};
use crate::drift::reference::{Reference, ReferenceFeature};
use crate::drift::report::DriftReport;
use crate::drift::segments::fit_segments;

/// No table has more rows: sums of a few thousand such counts stay far below 2^64.
const COUNT_MAX: u64 = 1 << 48;
/// No list of a cohort is longer.
const LIST_MAX: usize = 10_000;

/// Why nothing can be computed from `reference`; `None` when its shape is right.
pub fn unfit_reference(reference: &Reference) -> Option<String> {
    let unfit = reference.features.iter().find(|feature| !fits(feature, &feature.profile));
    let slices = small_slices(&reference.segments) && fit_segments(&reference.segments, reference);
    let unfit = unfit.map(|feature| format!("the counts of `{}` are impossible", feature.feature));
    let scores = || reference.derived.scores.iter().find_map(FrozenScores::unfit);
    unfit
        .or_else(|| (!slices).then(|| "its counts per slice are impossible".to_owned()))
        .or_else(scores)
}

/// Why nothing can be computed from `report` and `reference`; `None` when the shape is right.
pub fn unfit_report(report: &DriftReport, reference: &Reference) -> Option<String> {
    if let Some(ids) = &report.row_ids
        && (ids.counted.checked_add(ids.repeated) != Some(report.rows)
            || ids.without_id > ids.counted)
    {
        return Some("its row ids do not add up to its rows".to_owned());
    }
    if let Some(clusters) = &report.clusters
        && !plausible(clusters, report.rows_judged())
    {
        return Some("its clusters are impossible".to_owned());
    }
    if !small_slices(&report.segments) || !fit_segments(&report.segments, reference) {
        return Some("its counts per slice are impossible".to_owned());
    }
    if report.features.len() != reference.features.len() {
        let (found, expected) = (report.features.len(), reference.features.len());
        return Some(format!("it has {found} features, the reference {expected}"));
    }
    let mut pairs = report.features.iter().zip(&reference.features);
    let unfit = pairs.find(|(feature, frozen)| !fits(frozen, &feature.profile));
    unfit.map(|(feature, _)| format!("the counts of `{}` are impossible", feature.feature))
}

/// Why the states of `report` are not of `monitor`; `None` when the shape is right.
pub fn unfit_state(report: &DriftReport, monitor: &Monitor) -> Option<String> {
    let before = &report.state_before;
    let fit = before.batches < COUNT_MAX
        && before.series.len() == monitor.series.len()
        && before.series.iter().zip(&monitor.series).all(|(state, series)| {
            let lanes = series.detector.lanes.len() + 1;
            let bins = series.detector.reference.len();
            state.lanes.log_m.len() == lanes
                && state.rising_since.len() == lanes
                && state.lanes.learned_counts.len() == bins
                && state.recent.len() < 1000
                && [0, state.recent.len()].contains(&state.recent_shares.len())
                && state.recent_shares.iter().all(|share| *share > 0.0 && *share <= 1.0)
                && state.recent.iter().all(|counts| counts.len() == bins && small(counts))
        });
    (!fit).then(|| "its state before the batch is not of this monitor".to_owned())
}

/// Why nothing can be computed from `cohort`; `None` when its shape is right.
pub fn unfit_cohort(cohort: &CohortReport) -> Option<String> {
    unfit_tally(&cohort.tally)
}

/// Why nothing can be computed from `tally`; `None` when its shape is right.
pub fn unfit_tally(tally: &Tally) -> Option<String> {
    let rows = [tally.rows, tally.labelled, tally.without_prediction, tally.repeated];
    let counted = match &tally.outcomes {
        Outcomes::Classes { pairs, further } => {
            pairs.len() <= LIST_MAX
                && pairs.iter().all(|pair| pair.rows < COUNT_MAX)
                && small(further)
        }
        Outcomes::Numbers { origin, groups } => {
            let fit = |group: &ErrorSums| {
                let sums =
                    [group.error, group.absolute, group.square, group.label, group.label_square];
                group.rows < COUNT_MAX
                    && group.out_of_specification <= group.rows
                    && sums.iter().all(|sum| sum.is_finite())
            };
            origin.is_finite() && groups.len() <= LIST_MAX && groups.iter().all(fit)
        }
    };
    let scored = tally.scores.as_ref().is_none_or(|scores| {
        let length = scores.scores.len();
        length <= LIST_MAX
            && [scores.without.len(), scores.with.len()] == [length; 2]
            && scores.scores.iter().all(|score| (0.0..=1.0).contains(score))
            && small(&scores.without)
            && small(&scores.with)
            && small(&scores.predicted)
            && scores.score_sum.iter().chain([&scores.variance_sum]).all(|sum| sum.is_finite())
    });
    let fit = small(&rows) && small(&tally.first) && counted && scored;
    if !fit {
        return Some("its counts are impossible".to_owned());
    }
    (!adds_up(tally)).then(|| "its counts do not add up".to_owned())
}

/// Whether the counts of rows that are known to be small say the same of the same rows.
fn adds_up(tally: &Tally) -> bool {
    let [right, wrong] = tally.right_wrong();
    let [first_right, first_wrong] = tally.first;
    let compared = tally.labelled.checked_sub(tally.without_prediction);
    let corrected = first_wrong.abs_diff(wrong) <= tally.corrected;
    let scores = tally.scores.as_ref().is_none_or(|scores| {
        let all: u64 = scores.predicted.iter().sum();
        let within = |sum: f64, most: f64| (-1e-6..=most + 1e-6).contains(&sum);
        let mut sums = scores.score_sum.iter().zip(scores.predicted);
        scores.rows() <= right + wrong
            && all.checked_add(scores.outside) == Some(tally.rows)
            && sums.all(|(sum, rows)| within(*sum, rows as f64))
            && within(scores.variance_sum, 0.25 * all as f64)
    });
    compared == Some(right + wrong)
        && right + wrong == first_right + first_wrong
        && tally.labelled + tally.repeated <= tally.rows
        && tally.conflicting.max(tally.corrected) <= tally.labelled
        && corrected
        && scores
}

/// Why nothing can be computed from `report` under `rule`; `None` when its shape is right.
pub fn unfit_evaluation(report: &PerformanceReport, rule: &PerformanceRule) -> Option<String> {
    let cohorts = report.cohorts.len() <= LIST_MAX * LIST_MAX
        && report.cohorts.iter().all(|cohort| small(&cohort.counted) && small(&cohort.new));
    let state = match (&rule.alarm, &report.evidence) {
        (Some(alarm), Some(evidence)) => {
            let detector = alarm.detector();
            let before = &evidence.before;
            before.evaluations < COUNT_MAX
                && before.lanes.log_m.len() == detector.rates.len() + 1
                && before.lanes.learned_counts.len() == 2
        }
        (None, None) => true,
        _ => false,
    };
    (!(cohorts && state)).then(|| "its counts or its state before are impossible".to_owned())
}

fn fits(feature: &ReferenceFeature, profile: &FeatureProfile) -> bool {
    let bins = feature.bins.len();
    let quantiles = match &feature.bins {
        FeatureBins::Ordered { quantile_edges, .. } => quantile_edges.len() + 1,
        _ => profile.quantiles.len(),
    };
    let missing = |block: usize| profile.nulls[block].saturating_add(profile.nans[block]);
    profile.values.len() == SUB_BLOCKS
        && profile.values.iter().all(|block| block.len() == bins && small(block))
        && profile.quantiles.len() == quantiles
        && small(&profile.quantiles)
        && small(&profile.rows)
        && (0..SUB_BLOCKS).all(|block| missing(block) <= profile.rows[block])
        && [&profile.low_tail, &profile.high_tail, &profile.unseen].into_iter().all(|c| small(c))
        && small(&profile.infinities)
}

fn small_slices(segments: &[Segment]) -> bool {
    segments.iter().all(|segment| {
        small(&segment.rows)
            && segment.features.iter().all(|sliced| {
                let rates = [&sliced.missing, &sliced.unseen, &sliced.low_tail, &sliced.high_tail];
                sliced.values.iter().chain(rates).all(|counts| small(counts))
            })
    })
}

/// Whether clusters of these sizes can be made of `rows` rows.
fn plausible(clusters: &Clusters, rows: u64) -> bool {
    let limit = rows as f64;
    clusters.clusters <= rows
        && clusters.largest <= rows
        && clusters.largest >= rows.div_ceil(clusters.clusters.max(1))
        && clusters.unassigned <= clusters.largest
        && clusters.rows_effective >= 0.0
        && clusters.rows_effective <= limit
}

fn small(counts: &[u64]) -> bool {
    counts.iter().all(|count| *count < COUNT_MAX)
}
