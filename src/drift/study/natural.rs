//! Natural drift of each series between the batches, and the tolerance proposed from it.
//!
//! ```text
//! T_r² = TV_r² − E₀[TV_r²]           batch r against the rest of the reference, without what chance explains
//! ν    = √ max(0, mean_r T_r²)       from 30 batches of 30 rows on; below that a person decides
//! δ    = max(floor, ε_m, 3 ν)        rounded up to four digits
//! ```

use super::{Origin, StudyBatch};
use crate::drift::monitor::{Monitor, Series, SeriesName, rounded_up, total};
use crate::drift::policy::{Policy, StatedTolerance};
use crate::drift::sentence::percent;
use crate::statistics::capability::ppk;
use crate::statistics::natural_drift::{WILKS_BATCHES, chance_square, natural_drift};
use crate::statistics::total_variation::total_variation;
use serde::{Deserialize, Serialize};

/// Batches from which natural drift is estimated.
pub const BATCHES_MIN: usize = 30;
/// Rows from which a batch takes part in that.
pub const ROWS_MIN: u64 = 30;
/// A tolerance is at least this many times the natural drift.
pub const TIMES: f64 = 3.0;

/// How far one batch lies from the rest of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchDistance {
    /// Rows behind it.
    pub rows: u64,
    /// Total variation distance as it is.
    pub tv: f64,
    /// What chance alone makes of it, as a root mean square.
    pub chance: f64,
    /// √ max(0, TV² − chance²): what is left.
    pub drift: f64,
}

/// What sets a tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GovernedBy {
    /// The policy: a floor by criticality, or a tolerance it states.
    Policy,
    /// The reference's own error.
    ReferenceError,
    /// Natural drift between batches.
    NaturalDrift,
}

impl GovernedBy {
    /// The words used on pages and in the terminal.
    pub fn words(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::ReferenceError => "reference error",
            Self::NaturalDrift => "natural drift",
        }
    }
}

/// One series: what was found, and the tolerance proposed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StudiedSeries {
    /// Feature name.
    pub feature: String,
    /// Which aspect.
    pub series: SeriesName,
    /// Each batch in order; absent where it has no row of this series.
    pub distances: Vec<Option<BatchDistance>>,
    /// Batches of enough rows.
    pub batches_used: u64,
    /// ν; absent where it cannot be estimated.
    pub natural_drift: Option<f64>,
    /// Ppk of the tolerance over what is left of the distances; absent where ν is, or where they are all alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<f64>,
    /// Why ν cannot be estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_estimable: Option<String>,
    /// Largest distance among the batches of enough rows.
    pub largest: Option<f64>,
    /// Whether that is a limit: with 95 % confidence at least 95 % of such batches lie below it (59 batches or more).
    pub largest_is_limit: bool,
    /// Tolerance by the policy alone.
    pub floor: f64,
    /// ε_m.
    pub reference_error: f64,
    /// δ proposed.
    pub tolerance: f64,
    /// What sets it.
    pub governed_by: GovernedBy,
    /// Why, in a sentence.
    pub rationale: String,
    /// What a person should look at before signing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

impl StudiedSeries {
    /// `feature/series`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.feature, self.series.word())
    }

    /// The distances of batches of enough rows, each with the position of its batch.
    pub fn used(&self) -> impl Iterator<Item = (usize, BatchDistance)> {
        let known = self.distances.iter().enumerate();
        known
            .filter_map(|(index, distance)| Some((index, (*distance)?)))
            .filter(|d| d.1.rows >= ROWS_MIN)
    }
}

/// Studies every series of `monitor`, which is the reference frozen under `policy`.
pub fn study_series(
    monitor: &Monitor,
    policy: &Policy,
    batches: &[StudyBatch],
    origin: Origin,
) -> Vec<StudiedSeries> {
    let each = |(index, series): (usize, &Series)| {
        let distances = distances(series, batches, index, origin);
        propose(series, policy, distances, origin)
    };
    monitor.series.iter().enumerate().map(each).collect()
}

/// Each batch against the reference, or against the rest of it where the batches are the reference.
fn distances(
    series: &Series,
    batches: &[StudyBatch],
    index: usize,
    origin: Origin,
) -> Vec<Option<BatchDistance>> {
    let counts: Vec<Vec<u64>> = batches.iter().map(|batch| total(&batch.counts[index])).collect();
    let whole: Vec<u64> = (0..series.detector.reference.len())
        .map(|bin| counts.iter().map(|counts| counts[bin]).sum())
        .collect();
    let one = |(batch, counts): (&StudyBatch, &Vec<u64>)| {
        let rows: u64 = counts.iter().sum();
        let (other, other_rows) = match origin {
            Origin::Apart => (series.detector.reference.clone(), series.reference_rows as f64),
            Origin::OfReference => {
                let rest: Vec<u64> = whole.iter().zip(counts).map(|(all, own)| all - own).collect();
                let left: u64 = rest.iter().sum();
                let share = series.reference_rows as f64 / (left + rows).max(1) as f64;
                (shares(&rest), left as f64 * share.min(1.0))
            }
        };
        if rows == 0 || other_rows <= 0.0 {
            return None;
        }
        let tv = total_variation(&other, &shares(counts));
        let square = chance_square(&series.detector.reference, batch.effective(rows), other_rows);
        Some(BatchDistance {
            rows,
            tv,
            chance: libm::sqrt(square),
            drift: libm::sqrt((tv * tv - square).max(0.0)),
        })
    };
    batches.iter().zip(&counts).map(one).collect()
}

fn shares(counts: &[u64]) -> Vec<f64> {
    let rows = counts.iter().sum::<u64>().max(1) as f64;
    counts.iter().map(|&count| count as f64 / rows).collect()
}

fn propose(
    series: &Series,
    policy: &Policy,
    distances: Vec<Option<BatchDistance>>,
    origin: Origin,
) -> StudiedSeries {
    let used: Vec<BatchDistance> =
        distances.iter().flatten().filter(|d| d.rows >= ROWS_MIN).copied().collect();
    let not_estimable = why_not(series.name, used.len(), origin);
    let excess: Vec<f64> = used.iter().map(|d| d.tv * d.tv - d.chance * d.chance).collect();
    let natural = not_estimable.is_none().then(|| natural_drift(&excess));
    let floor =
        policy.tolerances.get(&series.key()).map_or(series.floor, |stated| stated.tolerance);
    let wanted = natural.map_or(0.0, |natural| TIMES * natural);
    let (governed_by, tolerance) = if wanted > floor.max(series.reference_error) {
        (GovernedBy::NaturalDrift, wanted)
    } else if series.reference_error > floor {
        (GovernedBy::ReferenceError, series.reference_error)
    } else {
        (GovernedBy::Policy, floor)
    };
    let tolerance = rounded_up(tolerance);
    let largest = used.iter().map(|d| d.tv).reduce(f64::max);
    let drifts: Vec<f64> = used.iter().map(|d| d.drift).collect();
    let capability = natural.and_then(|_| ppk(&drifts, (f64::NEG_INFINITY, tolerance)).ok());
    let mut studied = StudiedSeries {
        feature: series.feature.clone(),
        series: series.name,
        batches_used: used.len() as u64,
        natural_drift: natural,
        capability,
        not_estimable,
        largest,
        largest_is_limit: used.len() >= WILKS_BATCHES,
        floor,
        reference_error: series.reference_error,
        tolerance,
        governed_by,
        rationale: String::new(),
        warning: None,
        distances,
    };
    studied.rationale = rationale(&studied, series.reference_rows);
    studied.warning = warning(&studied);
    studied
}

fn why_not(name: SeriesName, batches: usize, origin: Origin) -> Option<String> {
    if name == SeriesName::Unseen && origin == Origin::OfReference {
        return Some("the batches are the reference, so they hold no unseen value".to_owned());
    }
    (batches < BATCHES_MIN).then(|| {
        format!("{batches} batches have {ROWS_MIN} rows or more of it, {BATCHES_MIN} are needed")
    })
}

fn rationale(studied: &StudiedSeries, reference_rows: u64) -> String {
    let batches = studied.batches_used;
    let natural = match (studied.natural_drift, &studied.not_estimable) {
        (Some(natural), _) => format!(
            "natural drift between {batches} batches is {}, three times that {}",
            percent(natural),
            percent(TIMES * natural)
        ),
        (None, Some(why)) => format!("natural drift is not estimable ({why}), so people judge it"),
        (None, None) => String::new(),
    };
    let (floor, error) = (percent(studied.floor), percent(studied.reference_error));
    match studied.governed_by {
        GovernedBy::Policy => format!(
            "{floor} by policy; the reference of {reference_rows} rows may itself be off by {error}, which is less; {natural}"
        ),
        GovernedBy::ReferenceError => format!(
            "{} because the reference of {reference_rows} rows may itself be off by that much (99.8 %); the policy alone would \
             say {floor}; {natural}",
            percent(studied.tolerance)
        ),
        GovernedBy::NaturalDrift => format!(
            "{} because {natural}: batches that nobody objects to differ that much; the policy alone would say {floor}, the \
             reference error is {error}",
            percent(studied.tolerance)
        ),
    }
}

fn warning(studied: &StudiedSeries) -> Option<String> {
    studied.natural_drift.filter(|natural| TIMES * natural > 3.0 * studied.floor).map(|_| {
        "varies too much between batches to be monitored at the wanted tolerance: give the reference strata (site, instrument), \
         or accept that only large changes are found"
            .to_owned()
    })
}

/// `policy` with the tolerances of `series`, each with its reason. Series without any reference row state none.
pub fn proposed(policy: &Policy, series: &[StudiedSeries]) -> Policy {
    let stated = |studied: &StudiedSeries| {
        let (tolerance, rationale) = (studied.tolerance, studied.rationale.clone());
        (studied.key(), StatedTolerance { tolerance, rationale })
    };
    let tolerances = series.iter().filter(|s| s.reference_error < 1.0).map(stated).collect();
    Policy { tolerances, ..policy.clone() }
}
