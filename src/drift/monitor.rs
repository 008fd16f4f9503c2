//! The monitor: reference and policy together, frozen as score cards a person can check in a spreadsheet.
//!
//! A feature is watched as one or more *series*: its values on frozen bins, its missing values, and, by kind, its unseen
//! values or its two tails. Every series has a tolerance δ and an e-detector, and a share of
//! the evidence budget: 1/d, or by role.

use super::policy::{Criticality, Policy};
use super::reference::{Reference, ReferenceFeature};
use super::report::ENGINE;
use super::{Error, Result};
use crate::dataset::bins::FeatureBins;
use crate::dataset::profile::{BlockCounts, FeatureProfile};
use crate::dataset::schema::Role;
use crate::dataset::scores::FrozenScores;
use crate::digest;
use crate::statistics::binning::floored_shares;
use crate::statistics::e_detector::EDetector;
use crate::statistics::tolerance::{cohens_h_tolerance, reference_error, reference_error_limit};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Identifies the format of a monitor record.
pub const MONITOR_FORMAT: &str = "driftledger/monitor/v1";
/// Tolerance of a tail's share.
const TAIL_TOLERANCE: f64 = 0.01;
/// A stated tolerance is rounded up to four digits: within that of the reference error it is the reference's.
const ROUNDED: f64 = 1e-4;
/// Largest tolerance: everything may move.
const LARGEST: f64 = 0.999;
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
    /// ε_m: the 99.8 % quantile of the reference's own error; δ = max(floor, ε_m) unless the policy states δ.
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
        self.reference_error > self.floor && self.tolerance() <= self.reference_error + ROUNDED
    }
}

/// All frozen series of a model version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    /// Always [`MONITOR_FORMAT`].
    pub format: String,
    /// Program that froze it, with its build; only the same build is held to the same bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
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
        let error = |shares: &[f64], rows, seed, _floor| reference_error(shares, rows, seed);
        Self::freeze_with(reference, policy, error)
    }

    /// The same tolerances and score cards, for a comparison that nobody keeps: an error of the reference that cannot reach the floor
    /// of its tolerance is given by its limit ([`reference_error_limit`]) and not drawn.
    pub fn freeze_for_once(reference: &Reference, policy: &Policy) -> Self {
        Self::freeze_with(reference, policy, |shares, rows, seed, floor| {
            let limit = reference_error_limit(shares.len(), rows);
            if shares.len() > 2 && limit <= floor {
                limit
            } else {
                reference_error(shares, rows, seed)
            }
        })
    }

    /// `error` gets shares, rows, the seed and the floor of the tolerance.
    fn freeze_with(
        reference: &Reference,
        policy: &Policy,
        error: impl Fn(&[f64], u64, [u8; 32], f64) -> f64 + Sync,
    ) -> Self {
        let planned: Vec<(usize, SeriesName)> = reference
            .features
            .iter()
            .enumerate()
            .flat_map(|(index, feature)| {
                names_of(reference, index, feature).into_iter().map(move |name| (index, name))
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
            .map(|(&(index, name), weight)| {
                freeze_series(reference, (index, name), (policy, weight), &error)
            })
            .collect();
        Self {
            format: MONITOR_FORMAT.to_owned(),
            engine: Some(ENGINE.to_owned()),
            batches_per_false_alarm: policy.batches_per_false_alarm,
            rows_min: policy.rows_min,
            series,
        }
    }

    /// Refuses a policy that states a tolerance for a series that is not there, or one that the reference cannot support: below
    /// its own error the monitor would alarm about nothing, sooner or later.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] naming the series.
    pub fn refuse_unsupported(&self, policy: &Policy) -> Result<()> {
        for (key, stated) in &policy.tolerances {
            let Some(series) = self.series.iter().find(|series| series.key() == *key) else {
                let detail = format!(
                    "tolerances names `{key}`, which is no series of a monitored feature; write feature/series, with one of \
                     values, nulls, unseen, low_tail, high_tail"
                );
                return Err(Error::Mismatch { what: "policy", detail });
            };
            if stated.tolerance < series.reference_error.min(LARGEST) {
                let detail = format!(
                    "the tolerance of `{key}` is {}, below the reference's own error of {:.4} ({} rows): such a monitor would \
                     alarm although nothing moved; state {:.4} or more, or take a larger reference",
                    stated.tolerance,
                    series.reference_error,
                    series.reference_rows,
                    rounded_up(series.reference_error)
                );
                return Err(Error::Mismatch { what: "policy", detail });
            }
        }
        Ok(())
    }
}

/// The next tolerance of four digits: 0.08613 is stated as 0.0862.
pub fn rounded_up(tolerance: f64) -> f64 {
    let nearest = libm::round(tolerance * 1e4) / 1e4;
    let up = if nearest < tolerance { libm::round(nearest * 1e4 + 1.0) / 1e4 } else { nearest };
    up.clamp(1e-4, LARGEST)
}

/// The series a feature is watched by. A values series needs two bins, so that something can move.
///
/// What is missing in columns that are watched themselves is told once, by them: of derived features only the first score of a
/// group has a series of missing values, because the columns of an embedding have none.
fn names_of(reference: &Reference, index: usize, feature: &ReferenceFeature) -> Vec<SeriesName> {
    let mut names = Vec::new();
    if feature.bins.len() >= 2 {
        names.push(SeriesName::Values);
    }
    let derived = index >= reference.declared().len();
    let first = |scores: &FrozenScores| scores.names().first() == Some(&feature.feature);
    if !derived || reference.derived.scores.iter().any(first) {
        names.push(SeriesName::Nulls);
    }
    match feature.bins {
        FeatureBins::Levels { .. } if derived => {}
        FeatureBins::Levels { .. } => names.push(SeriesName::Unseen),
        FeatureBins::Ordered { .. } => names.extend([SeriesName::LowTail, SeriesName::HighTail]),
        FeatureBins::NoValues | FeatureBins::Constant { .. } => {}
    }
    names
}

fn freeze_series(
    reference: &Reference,
    (feature_index, name): (usize, SeriesName),
    (policy, weight): (&Policy, f64),
    error: &impl Fn(&[f64], u64, [u8; 32], f64) -> f64,
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
    let key = format!("{}/{}", feature.feature, name.word());
    let stated = policy.tolerances.get(&key).map(|stated| stated.tolerance);
    let floor_or_stated = stated.unwrap_or(floor);
    let reference_error = error(&shares, reference_rows, seed, floor_or_stated);
    let tolerance = floor_or_stated.max(reference_error).min(LARGEST);
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
