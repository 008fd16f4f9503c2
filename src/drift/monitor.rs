//! The monitor: reference and policy together, frozen as score cards a person can check in a spreadsheet.
//!
//! A feature is watched as one or more *series*: its values on frozen bins, its missing values, and, by kind, its unseen
//! values or its two tails. Every series has a tolerance δ and an e-detector, and a share of
//! the evidence budget: 1/d, or by role.

use super::policy::{Criticality, Policy};
use super::reference::{Reference, ReferenceFeature};
use crate::dataset::bins::FeatureBins;
use crate::dataset::profile::{BlockCounts, FeatureProfile};
use crate::dataset::schema::Role;
use crate::digest;
use crate::statistics::binning::floored_shares;
use crate::statistics::e_detector::EDetector;
use crate::statistics::tolerance::{cohens_h_tolerance, reference_error};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Identifies the format of a monitor record.
pub const MONITOR_FORMAT: &str = "driftledger/monitor/v1";
/// Tolerance of a tail's share.
const TAIL_TOLERANCE: f64 = 0.01;
/// Smallest tolerance of the share of unseen values.
const UNSEEN_TOLERANCE: f64 = 0.01;

/// Which aspect of a feature a series counts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SeriesName {
    /// Non-null values on frozen bins.
    Values,
    /// Share of missing values.
    Nulls,
    /// Share of values of no known level.
    Unseen,
    /// Share of values below the low-tail mark.
    LowTail,
    /// Share of values above the high-tail mark.
    HighTail,
}

impl SeriesName {
    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Values => "values",
            Self::Nulls => "nulls",
            Self::Unseen => "unseen",
            Self::LowTail => "low_tail",
            Self::HighTail => "high_tail",
        }
    }
}

/// One frozen series of one feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Feature name.
    pub feature: String,
    /// Position of the feature in the reference.
    pub feature_index: usize,
    /// Which aspect.
    pub name: SeriesName,
    /// Role of the feature.
    pub role: Role,
    /// Share of the evidence budget.
    pub weight: f64,
    /// Tolerance by policy alone.
    pub floor: f64,
    /// ε_m: the 99.8 % quantile of the reference's own error; δ = max(floor, ε_m).
    pub reference_error: f64,
    /// Reference rows behind the shares; where clusters are declared, the independent rows that they are worth.
    pub reference_rows: u64,
    /// Reference shares, tolerance δ and score cards.
    pub detector: EDetector,
}

impl Series {
    /// `feature/series`, the key of this series within its version.
    pub fn key(&self) -> String {
        format!("{}/{}", self.feature, self.name.word())
    }

    /// The tolerance δ.
    pub fn tolerance(&self) -> f64 {
        self.detector.tolerance
    }

    /// Whether the reference's own error, and not the policy, sets the tolerance.
    pub fn is_limited_by_reference(&self) -> bool {
        self.reference_error > self.floor
    }
}

/// All frozen series of a model version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    /// Always [`MONITOR_FORMAT`].
    pub format: String,
    /// N: the alarm threshold, and the number of batches per false alarm it promises.
    pub batches_per_false_alarm: f64,
    /// Batches below this are too small to judge alone.
    pub rows_min: u64,
    /// Series in feature order.
    pub series: Vec<Series>,
}

impl Monitor {
    /// Freezes `reference` under `policy`. Deterministic: the seed of every draw is a digest of what it is drawn for.
    pub fn freeze(reference: &Reference, policy: &Policy) -> Self {
        let planned: Vec<(usize, SeriesName)> = reference
            .features
            .iter()
            .enumerate()
            .flat_map(|(index, feature)| {
                names_of(feature).into_iter().map(move |name| (index, name))
            })
            .collect();
        let stakes: Vec<(Role, Criticality)> = planned
            .iter()
            .map(|&(index, _)| &reference.features[index])
            .map(|feature| (feature.role, policy.criticality_of(&feature.feature)))
            .collect();
        let shares = policy.budget.shares(&stakes);
        let weights: Vec<f64> = shares.iter().map(|share| policy.batch_share() * share).collect();
        let series = planned
            .par_iter()
            .zip(weights)
            .map(|(&(index, name), weight)| freeze_series(reference, index, name, policy, weight))
            .collect();
        Self {
            format: MONITOR_FORMAT.to_owned(),
            batches_per_false_alarm: policy.batches_per_false_alarm,
            rows_min: policy.rows_min,
            series,
        }
    }
}

/// The series a feature is watched by. A values series needs two bins, so that something can move.
fn names_of(feature: &ReferenceFeature) -> Vec<SeriesName> {
    let mut names = Vec::new();
    if feature.bins.len() >= 2 {
        names.push(SeriesName::Values);
    }
    names.push(SeriesName::Nulls);
    match feature.bins {
        FeatureBins::Levels { .. } => names.push(SeriesName::Unseen),
        FeatureBins::Ordered { .. } => names.extend([SeriesName::LowTail, SeriesName::HighTail]),
        FeatureBins::NoValues | FeatureBins::Constant { .. } => {}
    }
    names
}

fn freeze_series(
    reference: &Reference,
    feature_index: usize,
    name: SeriesName,
    policy: &Policy,
    weight: f64,
) -> Series {
    let feature = &reference.features[feature_index];
    let counts = total(&series_counts(&feature.profile, name));
    let rows: u64 = counts.iter().sum();
    let m = rows.max(1) as f64;
    let reference_rows = independent_rows(reference, rows);
    let criticality = policy.criticality_of(&feature.feature);
    let shares = match (&feature.bins, name) {
        // Good and Turing: a value never seen before is due at rate f₁/m.
        (FeatureBins::Levels { singletons, .. }, SeriesName::Unseen) => {
            let rate = ((*singletons as f64).max(0.5) / m).min(0.5);
            vec![1.0 - rate, rate]
        }
        _ => floored_shares(&counts),
    };
    let rarer = shares.iter().copied().fold(f64::INFINITY, f64::min);
    let floor = match name {
        SeriesName::Values if shares.len() > 2 => criticality.floor(),
        SeriesName::Values | SeriesName::Nulls => {
            cohens_h_tolerance(rarer, criticality.rate_effect())
        }
        SeriesName::Unseen if rarer * m >= 1.0 => (2.0 * rarer).max(UNSEEN_TOLERANCE),
        SeriesName::Unseen => UNSEEN_TOLERANCE,
        SeriesName::LowTail | SeriesName::HighTail => TAIL_TOLERANCE,
    };
    let seed =
        digest::sha256(format!("reference error/{}/{}", feature.feature, name.word()).as_bytes());
    let reference_error = reference_error(&shares, reference_rows, seed);
    let tolerance = floor.max(reference_error).min(0.999);
    let ordered = name == SeriesName::Values && feature.bins.is_ordered();
    Series {
        feature: feature.feature.clone(),
        feature_index,
        name,
        role: feature.role,
        weight,
        floor,
        reference_error,
        reference_rows,
        detector: EDetector::freeze(&shares, tolerance, ordered, 1.0),
    }
}

/// The independent rows that `rows` reference rows are worth: fewer where they come in clusters.
fn independent_rows(reference: &Reference, rows: u64) -> u64 {
    let Some(clusters) = &reference.clusters else { return rows };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share in (0, 1] of a number of rows"
    )]
    let effective = (clusters.effective_share(reference.rows) * rows as f64).floor() as u64;
    effective.max(1).min(rows)
}

/// The counts of one series of a feature, per sub-block and bin. Rates have two bins: the rest, and the thing counted.
pub fn series_counts(profile: &FeatureProfile, name: SeriesName) -> Vec<Vec<u64>> {
    let missing = profile.missing();
    let present = |b: usize| profile.rows[b] - missing[b];
    let rate = |hits: &BlockCounts, of: &dyn Fn(usize) -> u64| -> Vec<Vec<u64>> {
        (0..hits.len()).map(|b| vec![of(b).saturating_sub(hits[b]), hits[b]]).collect()
    };
    match name {
        SeriesName::Values => profile.values.clone(),
        SeriesName::Nulls => rate(&missing, &|b| profile.rows[b]),
        SeriesName::Unseen => rate(&profile.unseen, &present),
        SeriesName::LowTail => rate(&profile.low_tail, &present),
        SeriesName::HighTail => rate(&profile.high_tail, &present),
    }
}

/// Sums counts over sub-blocks.
pub fn total(counts: &[Vec<u64>]) -> Vec<u64> {
    let bins = counts.first().map_or(0, Vec::len);
    (0..bins).map(|k| counts.iter().map(|block| block[k]).sum()).collect()
}
