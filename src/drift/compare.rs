//! Two files, one report: the judgement of a batch against a reference without a server, an account or a history.

use super::Result;
use super::assess::{MonitorState, Verdict, assess};
use super::monitor::Monitor;
use super::policy::Policy;
use super::reference::{Reference, ReferenceFeature, learn_columns};
use super::report::{FeatureReport, Frozen, counted, feature_reports, from_profile, worst};
use super::segments::explain;
use super::sentence::BatchNames;
use super::shown::{self, Statistics};
use crate::dataset::clusters::Clusters;
use crate::dataset::columns::{for_each_group, groups};
use crate::dataset::levels::LevelCounts;
use crate::dataset::profile::{FeatureProfile, Profile, profile};
use crate::dataset::reader::TableFile;
use crate::dataset::samples::{Sample, count_and_sample};
use crate::dataset::schema::{TableSchema, ValueType};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Identifies the format of a comparison.
pub const COMPARISON_FORMAT: &str = "driftledger/comparison/v1";

/// Rows of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rows {
    /// Rows.
    pub rows: u64,
}

/// The judgement of two files. A feature is `drift` where e-BH at 0.05 over all series' e-values names one of its series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Comparison {
    /// Always [`COMPARISON_FORMAT`].
    pub schema: String,
    /// The reference file.
    pub reference: Rows,
    /// The batch file.
    pub batch: Rows,
    /// How the rows of the batch are clustered, where the schema declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<Clusters>,
    /// The worst verdict of the features.
    pub verdict: Verdict,
    /// One report a feature.
    pub features: Vec<FeatureReport>,
}

/// A comparison together with the reference it froze, for drawing.
#[derive(Debug)]
pub struct Compared {
    /// The result.
    pub comparison: Comparison,
    /// Bins and counts of the reference.
    pub reference: Reference,
}

/// Compares the table in `batch` with the table in `reference`, both read under `schema`, with the tolerances of `policy`.
///
/// KS, Wasserstein and the like are exact for numeric columns of at most `held_max` values in both files; beyond that they come
/// from the counts per quantile bin.
///
/// # Errors
///
/// [`super::Error::Dataset`] when a table is not as declared.
pub fn compare(
    reference: &TableFile,
    batch: &TableFile,
    schema: &TableSchema,
    policy: &Policy,
    held_max: usize,
) -> Result<Compared> {
    let mut found = Found::default();
    let (mut learned, mut rows) = (Vec::new(), [0; 2]);
    for_each_group(reference, schema, groups(&[reference, batch], schema)?, None, |columns| {
        let (features, samples) = learn_columns(&columns, held_max)?;
        rows[0] = columns.rows();
        let group = columns.schema().clone();
        drop(columns);
        let bins: Vec<_> = features.iter().map(|feature| feature.bins.clone()).collect();
        let (read, counts) = count_and_sample(batch, (schema, &group), &bins, held_max)?;
        rows[1] = read;
        found.add((&features, &samples), counts, &group);
        learned.extend(features);
        Ok(())
    })?;
    let frozen = Reference::of_features(reference, schema, (rows[0], learned))?;
    let monitor = Monitor::freeze_for_once(&frozen, policy);
    let mut counts = Profile::plain(rows[1], found.profiles);
    if schema.goes_across_columns() {
        let across = profile(batch, schema, &frozen.bins())?;
        counts.features.extend(across.features.into_iter().skip(frozen.declared().len()));
        (counts.clusters, counts.segments, counts.scores) =
            (across.clusters, across.segments, across.scores);
    }
    let mut assessment = assess(&monitor, &MonitorState::start(&monitor), &counts);
    explain((&frozen, &monitor), &counts, &mut assessment.series);
    let both = Frozen { reference: &frozen, monitor: &monitor };
    let mut shown = found.shown.into_iter();
    let sides = (counts.features, counts.scores.as_slice());
    let names = BatchNames::new();
    let judged = (assessment.series, &names);
    let mut features = feature_reports(&both, sides, judged, |feature, profile| {
        shown.next().unwrap_or_else(|| from_profile(feature, profile))
    });
    shown::adjust(&mut features.iter_mut().map(|f| &mut f.statistics).collect::<Vec<_>>());
    let comparison = Comparison {
        schema: COMPARISON_FORMAT.to_owned(),
        reference: Rows { rows: rows[0] },
        batch: Rows { rows: rows[1] },
        clusters: counts.clusters,
        verdict: worst(&features),
        features,
    };
    Ok(Compared { comparison, reference: frozen })
}

/// What was found of the batch, feature by feature.
#[derive(Default)]
struct Found {
    profiles: Vec<FeatureProfile>,
    shown: Vec<Statistics>,
}

impl Found {
    /// Adds what was counted of the columns of a group, whose `features` and samples were learned from the reference.
    fn add(
        &mut self,
        (features, samples): (&[ReferenceFeature], &[Sample]),
        counts: Vec<(FeatureProfile, Sample)>,
        schema: &TableSchema,
    ) {
        let shown: Vec<Statistics> = (features, samples, &counts)
            .into_par_iter()
            .map(|(feature, a, (profile, b))| match (a, b) {
                (Sample::Parted(runs, a), Sample::Numbers(b)) => {
                    let mut shown = counted(feature, profile);
                    let deviation = feature.profile.moments.deviation(0);
                    let (reference, batch) = (runs.slices(), b.slices());
                    shown.extend(if is_rounded(schema, (feature, profile)) {
                        shown::rounded()
                    } else {
                        shown::from_samples((a, &reference), &batch, deviation)
                    });
                    shown
                }
                (Sample::Levels(a), Sample::Levels(b)) => from_levels(a, b),
                _ => from_profile(feature, profile),
            })
            .collect();
        self.profiles.extend(counts.into_iter().map(|(profile, _)| profile));
        self.shown.extend(shown);
    }
}

/// Whether both sides of a column of whole numbers have some beyond ±2⁵³, which the numbers here need not tell apart.
fn is_rounded(
    schema: &TableSchema,
    (feature, batch): (&ReferenceFeature, &FeatureProfile),
) -> bool {
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    let whole = schema.column(&feature.feature).map(|column| column.value_type);
    let beyond = |profile: &FeatureProfile| {
        let ends = [profile.moments.min, profile.moments.max];
        ends.into_iter().flatten().any(|end| end.abs() >= WHOLE_MAX)
    };
    whole == Some(ValueType::Int) && beyond(&feature.profile) && beyond(batch)
}

/// Statistics over the union of all levels, none pooled.
fn from_levels(reference: &LevelCounts, batch: &LevelCounts) -> Statistics {
    let mut levels: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for (side, counts) in [reference, batch].into_iter().enumerate() {
        for (level, rows) in counts.iter() {
            levels.entry(level).or_default()[side] = rows;
        }
    }
    let side = |side: usize| levels.values().map(|rows| rows[side]).collect::<Vec<u64>>();
    shown::from_counts(&side(0), &side(1))
}

/// The features of `compared` with the frozen side each is drawn against.
pub fn drawn(compared: &Compared) -> impl Iterator<Item = (&FeatureReport, &ReferenceFeature)> {
    compared.comparison.features.iter().zip(&compared.reference.features)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The thyroid laboratory's June against its reference, holding at most `held_max` values of a column.
    fn june(held_max: usize) -> Comparison {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/thyroid_garvan");
        let open = |name: &str| TableFile::open(&folder.join(name), None).unwrap();
        let schema = std::fs::read(folder.join("schema.json")).unwrap();
        let schema = TableSchema::parse(&schema).unwrap();
        let (reference, batch) = (open("reference.csv"), open("batches/1985-06.csv"));
        compare(&reference, &batch, &schema, &Policy::default(), held_max).unwrap().comparison
    }

    #[test]
    fn columns_too_long_to_hold_are_judged_alike_and_shown_from_their_quantile_bins() {
        let (held, selected) = (june(usize::MAX), june(10));
        let mut binned = 0;
        for (held, selected) in held.features.iter().zip(&selected.features) {
            assert_eq!(held.series, selected.series, "{}", held.feature);
            let Some(exact) = held.statistics.get("ks") else { continue };
            let ks = &selected.statistics["ks"];
            let (Some(value), Some(exact)) = (ks.value, exact.value) else { continue };
            assert_eq!(ks.method.as_deref(), Some("binned"), "{}", held.feature);
            assert!(value <= exact + 1e-12 && exact <= value + ks.error_max.unwrap() + 1e-12);
            binned += 1;
        }
        assert!(binned >= 5, "{binned}");
    }

    #[test]
    fn a_comparison_has_the_tolerances_and_score_cards_of_a_frozen_monitor() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/thyroid_garvan");
        let schema =
            TableSchema::parse(&std::fs::read(folder.join("schema.json")).unwrap()).unwrap();
        let table = TableFile::open(&folder.join("reference.csv"), None).unwrap();
        let mut reference = Reference::learn(&table, &schema).unwrap();
        let small = reference.clone();
        for feature in &mut reference.features {
            feature.profile.values.iter_mut().flatten().for_each(|count| *count *= 1_000);
        }
        let mut spared = 0;
        for reference in [small, reference] {
            let frozen = Monitor::freeze(&reference, &Policy::default());
            let once = Monitor::freeze_for_once(&reference, &Policy::default());
            for (frozen, once) in frozen.series.iter().zip(&once.series) {
                assert_eq!(frozen.detector, once.detector, "{}", once.key());
                assert_eq!(frozen.is_limited_by_reference(), once.is_limited_by_reference());
                assert!(frozen.reference_error <= once.reference_error);
                spared += usize::from(frozen.reference_error < once.reference_error);
            }
        }
        assert!(spared >= 5, "{spared}");
    }
}
