//! The drift report: everything that is stored of one judged batch, enough to compute it again from its own numbers.

use super::assess::{Alarm, MonitorLevel, MonitorState, SeriesOutcome, Verdict, assess};
use super::attribution::{AttributionShift, attribution_shift};
use super::contributions::{Contribution, contributions, told};
use super::groups::{FeatureGroup, moved_groups};
use super::monitor::Monitor;
use super::reference::Reference;
use super::segments::{explain, fit_segments};
use super::sentence::{BatchNames, moved, sentence};
use super::shown::{self, Statistics};
use super::{Error, Result};
use crate::dataset::bins::FeatureBins;
use crate::dataset::clusters::Clusters;
use crate::dataset::profile::{FeatureProfile, Profile};
use crate::dataset::row_ids::CountedRows;
use crate::dataset::schema::{Kind, Role};
use crate::dataset::scores::{FrozenScores, ScoreSums};
use crate::dataset::slices::Segment;
use crate::provenance::configuration::ConfigurationCheck;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Identifies the format of a report record.
pub const REPORT_FORMAT: &str = "driftledger/report/v1";

/// The program and its build: version, and a digest of sources, locked dependencies, compiler and target. Only the same build is
/// held to the same bits.
pub const ENGINE: &str =
    concat!("driftledger ", env!("CARGO_PKG_VERSION"), "+", env!("DRIFTLEDGER_BUILD"));

/// Rows and missing values of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RowCount {
    /// Rows.
    pub rows: u64,
    /// Missing values: null or NaN.
    pub nulls: u64,
}

impl RowCount {
    /// The counts of `profile`.
    pub fn of(profile: &FeatureProfile) -> Self {
        Self { rows: profile.rows(), nulls: profile.missing().iter().sum() }
    }
}

/// The judgement of one feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FeatureReport {
    /// Column name.
    pub feature: String,
    /// Column role.
    pub role: Role,
    /// How it is judged.
    pub kind: Kind,
    /// The verdict of its worst series.
    pub verdict: Verdict,
    /// What happened, in one sentence.
    pub sentence: String,
    /// Reference side.
    pub reference: RowCount,
    /// Batch side.
    pub batch: RowCount,
    /// Outcomes of its series.
    pub series: Vec<SeriesOutcome>,
    /// Of T² and SPE: the columns whose contribution to it has grown most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contributions: Vec<Contribution>,
    /// Statistics shown beside them.
    pub statistics: Statistics,
    /// The counts of the batch, from which all of the above is computed.
    pub profile: FeatureProfile,
}

/// What the report is about and what it was computed with: digests are SHA-256 of canonical JSON, in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReportContext {
    /// Model name.
    pub model: String,
    /// Version of the model.
    pub version: String,
    /// Id of the batch record.
    pub batch_id: String,
    /// Name of the batch.
    pub batch: String,
    /// Start of the event period, UTC, included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_start: Option<String>,
    /// End of the event period, UTC, not included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_end: Option<String>,
    /// SHA-256 of the batch file.
    pub batch_sha256: String,
    /// Digest of the reference record.
    pub reference_sha256: String,
    /// Digest of the policy record.
    pub policy_sha256: String,
    /// Digest of the monitor record.
    pub monitor_sha256: String,
    /// Program that judged: name, version and build, as [`ENGINE`].
    pub engine: String,
    /// The configuration that produced the batch, held against the registered one; absent in reports of before it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<ConfigurationCheck>,
    /// Number of the reference revision it was judged with: 1 for what was registered; absent in reports of before there were others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_revision: Option<u64>,
    /// Names of the earlier batches at which evidence began that is still there, by their number among those of the version; absent in
    /// reports of before they were called by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub earlier_batches: BatchNames,
}

/// The stored judgement of one batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DriftReport {
    /// Always [`REPORT_FORMAT`].
    pub format: String,
    /// What it is about and computed with.
    pub context: ReportContext,
    /// Rows of the batch.
    pub rows: u64,
    /// How they are clustered, where the schema declares it: the evidence is divided by the size of the largest cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<Clusters>,
    /// What became of its rows by their ids, where the schema has an id column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_ids: Option<CountedRows>,
    /// Its counts per slice of each segment column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    /// What columns contribute to the scores of each group, in sum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<ScoreSums>,
    /// How the ranking of the attribution columns changed, where there are two or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<AttributionShift>,
    /// The worst verdict of its features.
    pub verdict: Verdict,
    /// Where the evidence over time stands.
    pub state: MonitorLevel,
    /// max(0, ln M) / ln N; an alarm is at 1.
    pub meter: f64,
    /// ln M over all series that are not muted; absent where there is no evidence.
    pub log_m: Option<f64>,
    /// N.
    pub batches_per_false_alarm: f64,
    /// Rows below which a batch is too small to judge alone.
    pub rows_min: u64,
    /// What the alarm is about, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<Alarm>,
    /// Features that moved and are correlated in the reference: read each group as one change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<FeatureGroup>,
    /// One report a feature, in schema order.
    pub features: Vec<FeatureReport>,
    /// The monitor's state before this batch.
    #[schema(value_type = Object)]
    pub state_before: MonitorState,
    /// The monitor's state after it.
    #[schema(value_type = Object)]
    pub state_after: MonitorState,
}

impl DriftReport {
    /// Judges `profile` and composes the report. Pure: called again with what a stored report holds, it gives the same bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] when the profile has not the reference's features or the state not the monitor's series.
    pub fn compose(
        context: ReportContext,
        frozen: &Frozen<'_>,
        before: MonitorState,
        profile: Profile,
    ) -> Result<Self> {
        frozen.check(&before, &profile)?;
        let mut assessment = assess(frozen.monitor, &before, &profile);
        let judged_by = (frozen.reference, frozen.monitor);
        explain(judged_by, &profile, &mut assessment.series);
        let established = assessment.established;
        let attribution = attribution_shift(frozen.reference, &profile.features);
        let counted = (profile.features, profile.scores.as_slice());
        let judged = (assessment.series, &context.earlier_batches);
        let mut features = feature_reports(frozen, counted, judged, from_profile);
        shown::adjust(&mut features.iter_mut().map(|f| &mut f.statistics).collect::<Vec<_>>());
        let names = &context.earlier_batches;
        let alarm = established.map(|established| alarm(frozen, &features, (established, names)));
        Ok(Self {
            format: REPORT_FORMAT.to_owned(),
            context,
            rows: profile.rows + profile.row_ids.as_ref().map_or(0, |ids| ids.repeated),
            clusters: profile.clusters,
            row_ids: profile.row_ids,
            segments: profile.segments,
            scores: profile.scores,
            attribution,
            verdict: worst(&features),
            state: assessment.level,
            meter: assessment.meter,
            log_m: assessment.log_m.is_finite().then_some(assessment.log_m),
            batches_per_false_alarm: frozen.monitor.batches_per_false_alarm,
            rows_min: frozen.monitor.rows_min,
            alarm,
            groups: moved_groups(&frozen.reference.correlated, &features),
            features,
            state_before: before,
            state_after: assessment.after,
        })
    }

    /// Rows that were judged: those of the batch without the repeated ones.
    pub fn rows_judged(&self) -> u64 {
        self.rows.saturating_sub(self.row_ids.as_ref().map_or(0, |ids| ids.repeated))
    }

    /// Computes the report again from its own stored counts and state.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] when the stored counts do not fit `frozen`.
    pub fn recompute(&self, frozen: &Frozen<'_>) -> Result<Self> {
        let features = self.features.iter().map(|f| f.profile.clone()).collect();
        let profile = Profile {
            rows: self.rows_judged(),
            features,
            row_ids: self.row_ids.clone(),
            clusters: self.clusters.clone(),
            segments: self.segments.clone(),
            scores: self.scores.clone(),
        };
        Self::compose(self.context.clone(), frozen, self.state_before.clone(), profile)
    }
}

/// What an alarm is about, from the series marked as covered by it.
fn alarm(
    frozen: &Frozen<'_>,
    features: &[FeatureReport],
    (established, names): (bool, &BatchNames),
) -> Alarm {
    let mut alarm = Alarm { covers: Vec::new(), sentences: Vec::new(), established };
    for (report, reference) in features.iter().zip(&frozen.reference.features) {
        let covered: Vec<&SeriesOutcome> = report.series.iter().filter(|s| s.alarmed).collect();
        if covered.is_empty() {
            continue;
        }
        alarm
            .covers
            .extend(covered.iter().map(|s| format!("{}/{}", report.feature, s.name.word())));
        let said = moved(reference, &report.profile, covered.into_iter(), names);
        alarm.sentences.push(with_contributions(said, &report.contributions));
    }
    alarm
}

/// The worst verdict of `features`.
pub fn worst(features: &[FeatureReport]) -> Verdict {
    features.iter().map(|f| f.verdict).max().unwrap_or(Verdict::NotEvaluated)
}

/// What a batch is judged against.
#[derive(Clone, Copy, Debug)]
pub struct Frozen<'a> {
    /// Bins and counts of the reference.
    pub reference: &'a Reference,
    /// Score cards.
    pub monitor: &'a Monitor,
}

impl Frozen<'_> {
    fn check(&self, before: &MonitorState, profile: &Profile) -> Result<()> {
        let refuse = |what, detail: String| Err(Error::Mismatch { what, detail });
        if profile.features.len() != self.reference.features.len() {
            let (found, expected) = (profile.features.len(), self.reference.features.len());
            return refuse("profile", format!("it has {found} features, the reference {expected}"));
        }
        for (feature, counts) in self.reference.features.iter().zip(&profile.features) {
            if counts.values.iter().any(|block| block.len() != feature.bins.len()) {
                return refuse(
                    "profile",
                    format!("the counts of `{}` are not on its bins", feature.feature),
                );
            }
        }
        if profile.clusters.is_some() != self.reference.clusters.is_some() {
            let detail = "one of it and the reference has clusters, the other has none";
            return refuse("profile", detail.to_owned());
        }
        let groups = &self.reference.derived.scores;
        let alike = |(scores, sums): (&FrozenScores, &ScoreSums)| {
            sums.t2.len() == scores.held.t2.len() && sums.spe.len() == scores.held.spe.len()
        };
        if groups.len() != profile.scores.len() || !groups.iter().zip(&profile.scores).all(alike) {
            return refuse(
                "profile",
                "its scores are not of the groups of the reference".to_owned(),
            );
        }
        if !fit_segments(&profile.segments, self.reference) {
            return refuse("profile", "its slices are not those of the reference".to_owned());
        }
        if before.series.len() != self.monitor.series.len() {
            let (found, expected) = (before.series.len(), self.monitor.series.len());
            return refuse(
                "monitor state",
                format!("it has {found} series, the monitor {expected}"),
            );
        }
        Ok(())
    }
}

/// Groups outcomes by feature and words them.
pub(super) fn feature_reports(
    frozen: &Frozen<'_>,
    (profiles, scores): (Vec<FeatureProfile>, &[ScoreSums]),
    (outcomes, names): (Vec<SeriesOutcome>, &BatchNames),
    mut statistics: impl FnMut(&super::reference::ReferenceFeature, &FeatureProfile) -> Statistics,
) -> Vec<FeatureReport> {
    let mut grouped: Vec<Vec<SeriesOutcome>> = vec![Vec::new(); frozen.reference.features.len()];
    for (series, outcome) in frozen.monitor.series.iter().zip(outcomes) {
        grouped[series.feature_index].push(outcome);
    }
    let parts = frozen.reference.features.iter().zip(profiles).zip(grouped);
    parts
        .map(|((feature, profile), series)| {
            let contributions = contributions(frozen.reference, scores, &feature.feature);
            let worded = (frozen.monitor.rows_min, names);
            let said = sentence(feature, &profile, &series, worded);
            let moved = series.iter().any(|o| o.alarmed || o.verdict == Verdict::Drift);
            let told = if moved { contributions.as_slice() } else { &[] };
            let sentence = with_contributions(said, told);
            FeatureReport {
                feature: feature.feature.clone(),
                role: feature.role,
                kind: feature.kind,
                verdict: series.iter().map(|o| o.verdict).max().unwrap_or(Verdict::NotEvaluated),
                sentence,
                contributions,
                reference: RowCount::of(&feature.profile),
                batch: RowCount::of(&profile),
                statistics: statistics(feature, &profile),
                series,
                profile,
            }
        })
        .collect()
}

fn with_contributions(sentence: String, contributions: &[Contribution]) -> String {
    match told(contributions) {
        Some(told) => format!("{}; {told}", sentence.trim_end_matches('.')),
        None => sentence,
    }
}

/// The statistics that a profile alone gives: those of counts, and those of the quantile bins with their bounds.
pub(super) fn from_profile(
    feature: &super::reference::ReferenceFeature,
    batch: &FeatureProfile,
) -> Statistics {
    let mut shown = counted(feature, batch);
    shown.extend(shown::from_quantiles(feature, batch));
    shown
}

/// Statistics on deciding bins; unseen values are a bin of their own here, because they are values of the batch.
pub(super) fn counted(
    feature: &super::reference::ReferenceFeature,
    batch: &FeatureProfile,
) -> Statistics {
    let mut reference = feature.profile.values_total();
    let mut counts = batch.values_total();
    if matches!(feature.bins, FeatureBins::Levels { .. }) {
        reference.push(feature.profile.unseen.iter().sum());
        counts.push(batch.unseen.iter().sum());
    }
    let used: Vec<usize> = (0..reference.len()).filter(|&k| reference[k] + counts[k] > 0).collect();
    let pick = |counts: &[u64]| used.iter().map(|&k| counts[k]).collect::<Vec<u64>>();
    shown::from_counts(&pick(&reference), &pick(&counts))
}
