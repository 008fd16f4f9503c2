//! Segments: in which slice (site, instrument, line) did a series move? Exploratory, and said only of series that moved.
//!
//! ```text
//! share of slice g = max(0, Σ_k c_{g,k} ℓ_k) / Σ_g max(0, Σ_k c_{g,k} ℓ_k)       ℓ: scores of the leading lane
//! q̂ − p = Σ_g (w'_g − w_g)(q_g + p_g)/2  +  Σ_g (w'_g + w_g)(q_g − p_g)/2         w: share of the rows in slice g
//!         mix of slices changed             values inside slices changed
//! ```
//!
//! Source: Kitagawa 1955, *Components of a difference between two rates*, J. Am. Stat. Assoc. 50. The evidence is a sum over
//! rows, so its shares are exact for the leading lane; for the learned lane the scores are those of a bet on the batch itself.

use super::assess::{SeriesOutcome, Verdict};
use super::monitor::{Monitor, Series, SeriesName};
use super::reference::Reference;
use super::sentence::percent;
use crate::dataset::profile::Profile;
use crate::dataset::slices::{Segment, SlicedFeature};
use crate::statistics::lanes::LaneKind;
use crate::statistics::score_card::score_card;
use serde::{Deserialize, Serialize};

/// Slices told of a segment, at most.
const SLICES_TOLD: usize = 3;
/// Rows below which nothing is said about a slice.
const SLICE_ROWS_MIN: u64 = 30;

/// One slice of a segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SliceShare {
    /// Which slice: a level of the segment column.
    pub slice: String,
    /// Rows of the series in it, in this batch.
    pub rows: u64,
    /// Its share of the evidence of the leading lane in this batch.
    pub evidence_share: f64,
}

/// How the change of a series splits over the slices of one segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SegmentSplit {
    /// The segment column.
    pub segment: String,
    /// Share of rows moved because the mix of slices changed.
    pub mix: f64,
    /// Share of rows moved because values inside slices changed.
    pub inside: f64,
    /// The slices with most of the evidence, at least thirty rows each.
    pub slices: Vec<SliceShare>,
}

impl SegmentSplit {
    /// The split in words.
    pub fn told(&self) -> String {
        let slice = |s: &SliceShare| {
            format!("{} from {} ({} rows)", percent(s.evidence_share), s.slice, s.rows)
        };
        let slices: Vec<String> = self.slices.iter().map(slice).collect();
        let most = if slices.is_empty() {
            "no slice of 30 rows holds evidence".to_owned()
        } else {
            format!("evidence {}", slices.join(", "))
        };
        format!(
            "by {}: {most}; {} of rows moved because the mix changed, {} inside slices (exploratory)",
            self.segment,
            percent(self.mix),
            percent(self.inside)
        )
    }
}

/// Splits the change of every series of `outcomes` that moved over the segments of `profile`.
pub(super) fn explain(
    (reference, monitor): (&Reference, &Monitor),
    profile: &Profile,
    outcomes: &mut [SeriesOutcome],
) {
    for (series, outcome) in monitor.series.iter().zip(outcomes) {
        if outcome.rows == 0 || !(outcome.alarmed || outcome.verdict == Verdict::Drift) {
            continue;
        }
        let scores = scores_of(series, profile, outcome);
        let own = &reference.features[series.feature_index].feature;
        outcome.segments = reference
            .segments
            .iter()
            .zip(&profile.segments)
            .filter(|(segment, _)| segment.column != *own)
            .map(|(before, after)| split(series, (before, after), &scores))
            .collect();
    }
}

/// Whether counts per slice lie on the slices and bins of `reference`.
pub fn fit_segments(segments: &[Segment], reference: &Reference) -> bool {
    segments.len() == reference.segments.len()
        && segments.iter().zip(&reference.segments).all(|(segment, own)| {
            segment.column == own.column
                && segment.slices == own.slices
                && segment.rows.len() == segment.slices.len()
                && segment.features.len() == reference.features.len()
                && segment.features.iter().zip(&reference.features).all(|(sliced, feature)| {
                    let rates =
                        [&sliced.missing, &sliced.unseen, &sliced.low_tail, &sliced.high_tail];
                    sliced.values.len() == segment.slices.len()
                        && sliced.values.iter().all(|bins| bins.len() == feature.bins.len())
                        && rates.iter().all(|rate| rate.len() == segment.slices.len())
                })
        })
}

/// The scores of the leading lane at its strongest step; of a bet on the batch itself for the learned lane.
fn scores_of(series: &Series, profile: &Profile, outcome: &SeriesOutcome) -> Vec<f64> {
    let detector = &series.detector;
    let kind = outcome.lane.as_ref().map(|lane| lane.kind);
    let counts = super::monitor::total(&super::monitor::series_counts(
        &profile.features[series.feature_index],
        series.name,
    ));
    let evidence = |scores: &[f64]| {
        scores.iter().zip(&counts).map(|(score, &count)| score * count as f64).sum::<f64>()
    };
    let named = detector
        .lanes
        .iter()
        .filter(|lane| kind.is_some_and(|kind| kind != LaneKind::Learned && kind == lane.kind))
        .max_by(|a, b| evidence(&a.scores).total_cmp(&evidence(&b.scores)));
    match named {
        Some(lane) => lane.scores.clone(),
        None => score_card(&shares(&counts), &detector.reference, detector.tolerance),
    }
}

fn split(series: &Series, (before, after): (&Segment, &Segment), scores: &[f64]) -> SegmentSplit {
    let counts = |segment: &Segment| -> Vec<Vec<u64>> {
        let feature = &segment.features[series.feature_index];
        (0..segment.slices.len()).map(|g| sliced(segment, feature, g, series.name)).collect()
    };
    let (reference, batch) = (counts(before), counts(after));
    let (mix, inside) = kitagawa(&reference, &batch);
    let evidence: Vec<f64> = batch
        .iter()
        .map(|counts| counts.iter().zip(scores).map(|(&c, s)| c as f64 * s).sum::<f64>().max(0.0))
        .collect();
    let all: f64 = evidence.iter().sum();
    let mut slices: Vec<SliceShare> = after
        .slices
        .iter()
        .zip(&batch)
        .zip(&evidence)
        .map(|((slice, counts), &evidence)| SliceShare {
            slice: slice.clone(),
            rows: counts.iter().sum(),
            evidence_share: if all > 0.0 { evidence / all } else { 0.0 },
        })
        .filter(|slice| slice.rows >= SLICE_ROWS_MIN && slice.evidence_share > 0.0)
        .collect();
    slices.sort_by(|a, b| b.evidence_share.total_cmp(&a.evidence_share));
    slices.truncate(SLICES_TOLD);
    SegmentSplit { segment: after.column.clone(), mix, inside, slices }
}

/// The counts of one series in one slice, per bin.
fn sliced(segment: &Segment, feature: &SlicedFeature, slice: usize, name: SeriesName) -> Vec<u64> {
    let rows = segment.rows[slice];
    let present = rows.saturating_sub(feature.missing[slice]);
    let rate = |hits: u64, of: u64| vec![of.saturating_sub(hits), hits];
    match name {
        SeriesName::Values => feature.values[slice].clone(),
        SeriesName::Nulls => rate(feature.missing[slice], rows),
        SeriesName::Unseen => rate(feature.unseen[slice], present),
        SeriesName::LowTail => rate(feature.low_tail[slice], present),
        SeriesName::HighTail => rate(feature.high_tail[slice], present),
    }
}

/// Total variation of both parts of the change: (mix of slices, inside slices). A slice that one side does not have counts
/// as a change of the mix.
fn kitagawa(reference: &[Vec<u64>], batch: &[Vec<u64>]) -> (f64, f64) {
    let total = |side: &[Vec<u64>]| side.iter().flatten().sum::<u64>().max(1) as f64;
    let (all_before, all_after) = (total(reference), total(batch));
    let bins = batch.first().map_or(0, Vec::len);
    let (mut mix, mut inside) = (vec![0.0; bins], vec![0.0; bins]);
    for (before, after) in reference.iter().zip(batch) {
        let rows = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
        let (w, w_new) = (rows(before) / all_before, rows(after) / all_after);
        let p = if rows(before) > 0.0 { shares(before) } else { shares(after) };
        let q = if rows(after) > 0.0 { shares(after) } else { p.clone() };
        for k in 0..bins {
            mix[k] += (w_new - w) * 0.5 * (q[k] + p[k]);
            inside[k] += 0.5 * (w_new + w) * (q[k] - p[k]);
        }
    }
    let variation = |change: &[f64]| 0.5 * change.iter().map(|c| c.abs()).sum::<f64>();
    (variation(&mix), variation(&inside))
}

fn shares(counts: &[u64]) -> Vec<f64> {
    let rows = counts.iter().sum::<u64>().max(1) as f64;
    counts.iter().map(|&count| count as f64 / rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_mix_alone_and_one_inside_alone_are_told_apart() {
        let reference = [vec![80, 20], vec![20, 80]];
        let (mix, inside) = kitagawa(&reference, &[vec![160, 40], vec![10, 40]]);
        assert!(inside.abs() < 1e-15 && (mix - 0.18).abs() < 1e-12, "{mix} {inside}");
        let (mix, inside) = kitagawa(&reference, &[vec![50, 50], vec![20, 80]]);
        assert!(mix.abs() < 1e-15 && (inside - 0.15).abs() < 1e-12, "{mix} {inside}");
    }

    #[test]
    fn both_parts_add_up_to_the_change_and_new_slices_belong_to_the_mix() {
        let (mix, inside) = kitagawa(&[vec![50, 50], vec![0, 0]], &[vec![50, 50], vec![0, 100]]);
        assert!(inside.abs() < 1e-15 && (mix - 0.25).abs() < 1e-12, "{mix} {inside}");
    }
}
