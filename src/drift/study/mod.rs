//! The Phase I study: what the user's own batches say about the tolerances, before a policy is signed.
//!
//! From batches that nobody objects to, in order: natural drift of every series ([`natural`]), the tolerances proposed from it, a
//! replay of these batches through the monitor that is proposed ([`replay`](mod@replay)), and changes of stated sizes put into
//! them ([`challenge`](mod@challenge)). The document holds the counts of every batch, so that everything in it can be computed
//! again from the document and the reference; rows stay where they are.

pub mod challenge;
pub mod drawing;
pub mod natural;
pub mod replay;
pub mod tables;
pub mod words;

use super::monitor::{Monitor, series_counts};
use super::policy::Policy;
use super::reference::Reference;
use super::{Error, Result};
use crate::dataset::clusters::Clusters;
use crate::dataset::profile::Profile;
use crate::dataset::split::{BATCHES_MAX, SplitBy};
use crate::digest;
use challenge::{Challenged, challenge};
use natural::{StudiedSeries, proposed, study_series};
use replay::{Replay, replay};
use serde::{Deserialize, Serialize};

/// Identifies the format of a study.
pub const STUDY_FORMAT: &str = "driftledger/study/v1";
/// Steps of one series over one batch that the replay may take by default.
const STEPS: u64 = 2_000_000;
/// The same for the unchanged batches of the challenges.
const CHALLENGE_STEPS: u64 = 200_000;
/// Steps that a study may take at all.
pub const STEPS_MAX: u64 = 1_000_000_000;
/// Steps that somebody else's study may take to be computed again.
pub const RECOMPUTED_STEPS_MAX: u64 = 20_000_000;
/// A count of rows, at most: sums of them stay far below 2⁶⁴.
const COUNT_MAX: u64 = 1 << 48;
/// Batches of a challenge, at most: one that takes longer counts as not found.
const CHALLENGE_BATCHES: u32 = 52;

/// Whether the batches are the reference themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The reference is made of them: each is compared with the rest.
    OfReference,
    /// They came beside it or after it.
    Apart,
}

/// What the counts were taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StudySource {
    /// Name of a file, or of a batch the service judged.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// What the study is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyAbout {
    /// Version of the program that studied.
    pub engine: String,
    /// SHA-256 of the canonical reference record.
    pub reference_sha256: String,
    /// Whether the batches are the reference.
    pub origin: Origin,
    /// The files or judged batches they came from, in order.
    pub sources: Vec<StudySource>,
    /// How one table was split into batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitBy>,
    /// Rows in no batch, because they had no value to tell it by.
    #[serde(default)]
    pub rows_left_out: u64,
}

/// One batch: its counts, of every series of the monitor in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyBatch {
    /// Name.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// How they are clustered, where the schema declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<Clusters>,
    /// Per series, sub-block and bin.
    pub counts: Vec<Vec<Vec<u64>>>,
}

impl StudyBatch {
    /// The counts of `profile`.
    pub fn of(name: &str, monitor: &Monitor, profile: &Profile) -> Self {
        let counts = monitor
            .series
            .iter()
            .map(|series| series_counts(&profile.features[series.feature_index], series.name));
        Self {
            name: name.to_owned(),
            rows: profile.rows,
            clusters: profile.clusters.clone(),
            counts: counts.collect(),
        }
    }

    /// Independent rows that `rows` of its rows are worth.
    fn effective(&self, rows: u64) -> f64 {
        let share = self.clusters.as_ref().map_or(1.0, |c| c.effective_share(self.rows));
        share * rows as f64
    }
}

/// How much is replayed, and with which draws.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Seed of all draws.
    pub seed: u64,
    /// Neighbouring batches that are drawn together.
    pub block: u32,
    /// Sequences replayed.
    pub sequences: u32,
    /// Batches of each: N in whole batches.
    pub batches: u32,
    /// Sequences that every challenge is put into.
    pub challenge_sequences: u32,
    /// Batches of each.
    pub challenge_batches: u32,
}

impl Settings {
    /// The default for a version of `series` series and N = `batches_per_false_alarm`, from `batches` batches: as many sequences
    /// as fit two million steps of one series over one batch (20 to 1 000), blocks of the cube root of the batches.
    pub fn default_for(
        seed: u64,
        batches: usize,
        (series, batches_per_false_alarm): (usize, f64),
    ) -> Self {
        let length = whole(batches_per_false_alarm.ceil(), 1.0, 1e6);
        let challenge_batches = length.min(CHALLENGE_BATCHES);
        let fit = |steps: u64, batches: u32, most: f64| {
            let each = u64::from(batches) * series.max(1) as u64;
            whole(steps as f64 / each as f64, 10.0, most)
        };
        Self {
            seed,
            block: whole(libm::cbrt(batches as f64).round(), 1.0, 1e3),
            sequences: fit(STEPS, length, 1_000.0).max(20),
            batches: length,
            challenge_sequences: fit(CHALLENGE_STEPS, challenge_batches, 100.0),
            challenge_batches,
        }
    }

    /// Steps of one series over one batch that the replay and the unchanged batches of the challenges take.
    pub fn steps(&self, series: usize) -> u64 {
        let of = |sequences: u32, batches: u32| u64::from(sequences) * u64::from(batches);
        (of(self.sequences, self.batches) + of(self.challenge_sequences, self.challenge_batches))
            * series as u64
    }

    fn check(&self, series: usize) -> Result<()> {
        let least = [self.block, self.sequences, self.batches, self.challenge_batches];
        if least.contains(&0) || self.challenge_sequences == 0 {
            return refuse("a replay of no batches says nothing; ask for at least one".to_owned());
        }
        if self.steps(series) > STEPS_MAX {
            return refuse(format!(
                "it would take {} steps of one series over one batch, at most {STEPS_MAX} are taken; ask for fewer sequences",
                self.steps(series)
            ));
        }
        Ok(())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a range of whole numbers that u32 holds"
)]
fn whole(value: f64, low: f64, high: f64) -> u32 {
    value.clamp(low, high) as u32
}

fn refuse<T>(detail: String) -> Result<T> {
    Err(Error::Mismatch { what: "study", detail })
}

/// A Phase I study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// Always [`STUDY_FORMAT`].
    pub format: String,
    /// What it is about.
    pub about: StudyAbout,
    /// How much was replayed.
    pub settings: Settings,
    /// The policy that was studied.
    pub policy: Policy,
    /// The same with the tolerances proposed, each with its rationale.
    pub proposed: Policy,
    /// What was found of each series, in the order of the monitor.
    pub series: Vec<StudiedSeries>,
    /// The batches replayed through the monitor that is proposed.
    pub replay: Replay,
    /// Changes of stated sizes put into them.
    pub challenges: Vec<Challenged>,
    /// The counts that all of this is computed from.
    pub batches: Vec<StudyBatch>,
}

impl Study {
    /// Studies `batches` against `reference` under `policy`. Pure: the same input gives the same bytes on any number of threads.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] for fewer than two batches or more than [`BATCHES_MAX`], counts that are not on the bins of the
    /// reference, or more steps than are taken.
    pub fn compose(
        about: StudyAbout,
        reference: &Reference,
        policy: &Policy,
        batches: Vec<StudyBatch>,
        settings: Settings,
    ) -> Result<Self> {
        let studied = Monitor::freeze(reference, policy);
        check_batches(&studied, &batches)?;
        settings.check(studied.series.len())?;
        let series = study_series(&studied, policy, &batches, about.origin);
        let proposed = proposed(policy, &series);
        let monitor = Monitor::freeze(reference, &proposed);
        let ordered: Vec<bool> = reference.features.iter().map(|f| f.bins.is_ordered()).collect();
        Ok(Self {
            format: STUDY_FORMAT.to_owned(),
            replay: replay(&monitor, &batches, &settings),
            challenges: challenge(&monitor, &ordered, &batches, &settings),
            about,
            settings,
            policy: policy.clone(),
            proposed,
            series,
            batches,
        })
    }

    /// Computes everything again from the counts in the document.
    ///
    /// # Errors
    ///
    /// Those of [`Study::compose`]; [`Error::Mismatch`] for another format or another reference.
    pub fn recompute(&self, reference: &Reference) -> Result<Self> {
        self.check(reference)?;
        Self::compose(
            self.about.clone(),
            reference,
            &self.policy,
            self.batches.clone(),
            self.settings.clone(),
        )
    }

    /// Checks a study that came from outside against the `reference` it should be of.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] saying what differs.
    pub fn check(&self, reference: &Reference) -> Result<()> {
        if self.format != STUDY_FORMAT {
            return refuse(format!("found format `{}`, expected `{STUDY_FORMAT}`", self.format));
        }
        let found = digest::sha256_hex(&digest::canonical_json(reference)?);
        if found != self.about.reference_sha256 {
            return refuse(format!(
                "it is of the reference {}, this one is {found}; study the batches against the reference that is registered",
                self.about.reference_sha256
            ));
        }
        Ok(())
    }

    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }
}

fn check_batches(monitor: &Monitor, batches: &[StudyBatch]) -> Result<()> {
    if batches.len() < 2 {
        let found = batches.len();
        return refuse(format!(
            "found {found} batches, needed at least 2; name more files or a column to split by"
        ));
    }
    if batches.len() > BATCHES_MAX {
        return refuse(format!(
            "found {} batches, at most {BATCHES_MAX} are studied",
            batches.len()
        ));
    }
    let fits = |batch: &StudyBatch| {
        batch.counts.len() == monitor.series.len()
            && batch.counts.iter().zip(&monitor.series).all(|(blocks, series)| {
                let bins = series.detector.reference.len();
                !blocks.is_empty()
                    && blocks.iter().all(|block| {
                        block.len() == bins && block.iter().all(|&rows| rows < COUNT_MAX)
                    })
            })
    };
    match batches.iter().find(|batch| !fits(batch)) {
        Some(batch) => refuse(format!(
            "the counts of batch `{}` are not on the bins of the reference",
            batch.name
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
