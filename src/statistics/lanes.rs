//! Lanes: which shapes of change does a series watch for?
//!
//! Frozen, named alternatives to the reference. The lane that gains most is also the explanation ("shifted upwards").
//!
//! Source: `docs/STATISTICS.md` section 4.2; normal-score shifts as in van der Waerden's test.
//! Vectors: `tests/vectors/e_detector.json` (the named lanes enter every e-detector vector).

use serde::{Deserialize, Serialize};

use super::normal;
use super::total_variation::total_variation;

/// Strengths of the alternatives, in multiples of the tolerance.
const STRENGTHS: [f64; 3] = [1.6, 3.0, 6.0];
/// Alternatives are never closer to the reference than this base times the strength.
const SMALLEST_BASE: f64 = 0.02;
/// No alternative asks for a larger total variation distance than this.
const LARGEST_TARGET: f64 = 0.9;
/// Scale changes beyond this distance are not used.
const LARGEST_SCALE_TARGET: f64 = 0.45;
/// No bin of an alternative is emptier than this.
const SMALLEST_SHARE: f64 = 1e-9;

/// What a lane watches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneKind {
    /// The values shift upwards.
    Up,
    /// The values shift downwards.
    Down,
    /// The values spread wider.
    Wider,
    /// The values draw closer together.
    Narrower,
    /// One bin gains rows from all others.
    Gains {
        /// Index of the bin.
        bin: usize,
    },
    /// One bin loses rows to all others.
    Loses {
        /// Index of the bin.
        bin: usize,
    },
    /// Whatever the earlier batches looked like.
    Learned,
}

/// One alternative to the reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// What it watches for.
    pub kind: LaneKind,
    /// Its distance, in multiples of the tolerance.
    pub strength: f64,
    /// Its share of the stake; the weights of the lanes of one series sum to 1.
    pub weight: f64,
    /// Its shares per bin.
    pub alternative: Vec<f64>,
}

/// The named lanes of a series with these reference shares.
///
/// Ordered series with more than two bins: location up and down and scale wider and narrower in normal-score units
/// (weights 1 : ½). All others: each bin gains or loses. Target distances are max(`tolerance`, 0.02) × {1.6, 3, 6}, at
/// most 0.9, scale lanes only below 0.45. A bin that cannot gain or lose so much has no such lane; with fewer than two
/// bins there is none at all.
///
/// ```
/// use driftledger::statistics::lanes::named_lanes;
/// assert_eq!(named_lanes(&[0.1; 10], 0.05, true).len(), 12);
/// assert_eq!(named_lanes(&[0.999, 0.001], 0.01, false).len(), 6);
/// ```
pub fn named_lanes(reference: &[f64], tolerance: f64, ordered: bool) -> Vec<Lane> {
    if reference.len() < 2 {
        return Vec::new();
    }
    let mut lanes = Vec::new();
    for strength in STRENGTHS {
        let target = (strength * tolerance.max(SMALLEST_BASE)).min(LARGEST_TARGET);
        let found = if ordered && reference.len() > 2 {
            ordered_alternatives(reference, target)
        } else {
            bin_alternatives(reference, target)
        };
        lanes.extend(found.into_iter().map(|(kind, weight, alternative)| Lane {
            kind,
            strength,
            weight,
            alternative: floored(&alternative),
        }));
    }
    let total: f64 = lanes.iter().map(|lane| lane.weight).sum();
    for lane in &mut lanes {
        lane.weight /= total;
    }
    lanes
}

type Alternative = (LaneKind, f64, Vec<f64>);

fn ordered_alternatives(reference: &[f64], target: f64) -> Vec<Alternative> {
    let cuts = normal_scores(reference);
    let shift = |by: f64| regrouped(&cuts, |z| z - by);
    let scale = |by: f64| regrouped(&cuts, |z| z / by);
    let mut found = vec![
        (LaneKind::Up, 1.0, solve(reference, target, (0.0, 12.0), shift)),
        (LaneKind::Down, 1.0, solve(reference, target, (0.0, 12.0), |by| shift(-by))),
    ];
    if target < LARGEST_SCALE_TARGET {
        found.push((LaneKind::Wider, 0.5, solve(reference, target, (1.0, 50.0), scale)));
        let narrower = solve(reference, target, (1.0, 50.0), |by| scale(1.0 / by));
        found.push((LaneKind::Narrower, 0.5, narrower));
    }
    found
}

fn bin_alternatives(reference: &[f64], target: f64) -> Vec<Alternative> {
    let weight = 1.0 / reference.len() as f64;
    let mut found = Vec::new();
    for (bin, &share) in reference.iter().enumerate() {
        if share >= 1.0 {
            continue;
        }
        if share + target < 1.0 {
            found.push((LaneKind::Gains { bin }, weight, spiked(reference, bin, target)));
        }
        if share - target > 0.0 {
            found.push((LaneKind::Loses { bin }, weight, spiked(reference, bin, -target)));
        }
    }
    found
}

/// Inner bin limits of the reference in normal-score units.
pub(super) fn normal_scores(reference: &[f64]) -> Vec<f64> {
    let mut below = 0.0;
    let inner = &reference[..reference.len() - 1];
    let cumulated = inner.iter().map(|share| {
        below += share;
        below
    });
    cumulated.map(|share| normal::quantile(share.clamp(1e-12, 1.0 - 1e-12))).collect()
}

/// Bin shares of a standard normal whose inner limits were moved.
pub(super) fn regrouped(cuts: &[f64], moved: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut shares = Vec::with_capacity(cuts.len() + 1);
    let mut below = 0.0;
    for &cut in cuts {
        let cumulated = normal::cdf(moved(cut));
        shares.push(cumulated - below);
        below = cumulated;
    }
    shares.push(1.0 - below);
    shares
}

/// The member of a one-parameter family at distance `target` from the reference (the farthest one, if none is).
fn solve(
    reference: &[f64],
    target: f64,
    range: (f64, f64),
    family: impl Fn(f64) -> Vec<f64>,
) -> Vec<f64> {
    let (mut low, mut high) = range;
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if total_variation(&family(middle), reference) < target {
            low = middle;
        } else {
            high = middle;
        }
    }
    family(0.5 * (low + high))
}

/// One bin gains `gain`, all others give in proportion to what they have.
fn spiked(reference: &[f64], bin: usize, gain: f64) -> Vec<f64> {
    let left = (1.0 - reference[bin] - gain) / (1.0 - reference[bin]);
    let mut shares: Vec<f64> = reference.iter().map(|share| share * left).collect();
    shares[bin] = reference[bin] + gain;
    shares
}

fn floored(shares: &[f64]) -> Vec<f64> {
    let floored: Vec<f64> = shares.iter().map(|share| share.max(SMALLEST_SHARE)).collect();
    let total: f64 = floored.iter().sum();
    floored.iter().map(|share| share / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordered_lanes_lie_at_their_target_and_weights_sum_to_one() {
        let reference = [0.1; 10];
        let lanes = named_lanes(&reference, 0.05, true);
        assert!((lanes.iter().map(|lane| lane.weight).sum::<f64>() - 1.0).abs() < 1e-14);
        for lane in &lanes {
            let distance = total_variation(&reference, &lane.alternative);
            assert!((distance - 0.05 * lane.strength).abs() < 1e-6, "{lane:?}: {distance}");
        }
        assert!(lanes[0].alternative[9] > 0.1 && lanes[1].alternative[0] > 0.1);
        assert!((lanes[0].weight / lanes[2].weight - 2.0).abs() < 1e-12);
    }

    #[test]
    fn wide_tolerances_have_no_scale_lane() {
        let kinds: Vec<_> =
            named_lanes(&[0.25; 4], 0.2, true).iter().map(|lane| lane.kind).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == LaneKind::Wider).count(), 1);
        assert_eq!(kinds.iter().filter(|kind| **kind == LaneKind::Up).count(), 3);
    }

    #[test]
    fn lanes_that_cannot_be_reached_are_dropped() {
        let kinds: Vec<_> = named_lanes(&[0.99, 0.01], 0.1, false).iter().map(|l| l.kind).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == LaneKind::Gains { bin: 0 }).count(), 0);
        assert_eq!(kinds.iter().filter(|kind| **kind == LaneKind::Gains { bin: 1 }).count(), 3);
        assert_eq!(kinds.iter().filter(|kind| **kind == LaneKind::Loses { bin: 1 }).count(), 0);
        assert!(named_lanes(&[0.05, 0.95], 0.95, false).iter().all(|lane| lane.strength > 0.0));
    }

    #[test]
    fn no_reference_makes_a_share_that_is_no_number() {
        let references: [&[f64]; 6] =
            [&[], &[1.0], &[1.0, 0.0], &[0.0, 1.0], &[0.0, 0.5, 0.5], &[0.5, 0.5, 0.0]];
        for reference in references {
            for ordered in [true, false] {
                for lane in named_lanes(reference, 0.05, ordered) {
                    assert!(lane.alternative.iter().all(|share| share.is_finite() && *share > 0.0));
                    assert!(lane.weight.is_finite());
                }
            }
        }
    }

    #[test]
    fn kinds_are_written_in_snake_case() {
        assert_eq!(
            serde_json::to_string(&LaneKind::Gains { bin: 2 }).unwrap(),
            r#"{"gains":{"bin":2}}"#
        );
        assert_eq!(serde_json::to_string(&LaneKind::Narrower).unwrap(), r#""narrower""#);
    }
}
