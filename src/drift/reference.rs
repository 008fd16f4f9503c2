//! The reference: the frozen profile of the agreed data that every batch is judged against.

use super::groups::{self, CorrelatedPair, correlated_pairs};
use super::segments::fit_segments;
use super::{Error, Result};
use crate::dataset::bins::{FeatureBins, freeze_bins};
use crate::dataset::clusters::Clusters;
use crate::dataset::columns::{self, Beside, Columns, for_each_group};
use crate::dataset::derived::{Derived, FrozenBins};
use crate::dataset::fingerprint::GroupedDigest;
use crate::dataset::profile::{FeatureProfile, profile};
use crate::dataset::reader::TableFile;
use crate::dataset::samples::{
    Beyond, HELD_VALUES_MAX, Held, Sample, collect_samples, profile_columns,
};
use crate::dataset::schema::{Column, Kind, Role, TableSchema};
use crate::dataset::scores::learn_scores;
use crate::dataset::slices::Segment;
use crate::dataset::tdh1::TableDigest;
use crate::dataset::thinned::thinned;
use serde::{Deserialize, Serialize};

/// Identifies the format of a reference record.
pub const REFERENCE_FORMAT: &str = "driftledger/reference/v1";

/// One monitored feature of the reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReferenceFeature {
    /// Column name.
    pub feature: String,
    /// Column role.
    pub role: Role,
    /// How it is judged.
    pub kind: Kind,
    /// Unit, for reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Frozen bins.
    pub bins: FeatureBins,
    /// Counts of the reference itself on these bins.
    pub profile: FeatureProfile,
}

impl ReferenceFeature {
    fn new(column: &Column, (bins, profile): (FeatureBins, FeatureProfile)) -> Self {
        Self {
            feature: column.name.clone(),
            role: column.role,
            kind: column.kind.unwrap_or(Kind::Categorical),
            unit: column.unit.clone(),
            bins,
            profile,
        }
    }
}

/// The frozen reference. Holds counts only: the rows stay where they were fingerprinted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reference {
    /// Always [`REFERENCE_FORMAT`].
    pub format: String,
    /// Rows of the reference table.
    pub rows: u64,
    /// Monitored features in schema order.
    pub features: Vec<ReferenceFeature>,
    /// How its rows are clustered, where the schema declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<Clusters>,
    /// Its counts per slice of each segment column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    /// Pairs of features that are correlated beyond 0.8 in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub correlated: Vec<CorrelatedPair>,
    /// How the last features are computed from columns: scores of groups, undecided zones.
    #[serde(default, skip_serializing_if = "Derived::is_none")]
    pub derived: Derived,
}

impl Reference {
    /// A reference of `rows` rows without clusters, segments and correlated pairs.
    pub fn plain(rows: u64, features: Vec<ReferenceFeature>) -> Self {
        Self {
            format: REFERENCE_FORMAT.to_owned(),
            rows,
            features,
            clusters: None,
            segments: Vec::new(),
            correlated: Vec::new(),
            derived: Derived::default(),
        }
    }

    /// Learns the reference from `file`: bins first, then counts; the memory does not grow with the rows.
    ///
    /// # Errors
    ///
    /// [`Error::Dataset`] when the table is not as `schema` declares it.
    pub fn learn(file: &TableFile, schema: &TableSchema) -> Result<Self> {
        Self::learn_beside(file, schema, None)
    }

    /// Learns the reference from `file` and digests its values, in one decode.
    ///
    /// # Errors
    ///
    /// [`Error::Dataset`] when the table is not as `schema` declares it.
    pub fn learn_and_digest(file: &TableFile, schema: &TableSchema) -> Result<(Self, TableDigest)> {
        let mut digest = GroupedDigest::default();
        let learned =
            Self::learn_beside(file, schema, Some(&mut |group, frame| digest.visit(group, frame)))?;
        Ok((learned, digest.finish(file, schema)?))
    }

    fn learn_beside(
        file: &TableFile,
        schema: &TableSchema,
        beside: Option<Beside<'_>>,
    ) -> Result<Self> {
        let (mut rows, mut features, mut kept) = (0, Vec::new(), Vec::new());
        for_each_group(file, schema, columns::groups(&[file], schema)?, beside, |group| {
            features.extend(learn_columns(&group, HELD_VALUES_MAX)?.0);
            kept.extend(thinned(&group, groups::ROWS_MAX)?);
            rows = group.rows();
            Ok(())
        })?;
        let mut reference = Self::of_features(file, schema, (rows, features))?;
        reference.correlated = correlated_pairs(&kept);
        Ok(reference)
    }

    /// The reference of the learned `features` of all `rows` of `file`, with what goes across columns: clusters and segments.
    ///
    /// # Errors
    ///
    /// [`Error::Dataset`] when the table is not as `schema` declares it.
    pub(super) fn of_features(
        file: &TableFile,
        schema: &TableSchema,
        (rows, features): (u64, Vec<ReferenceFeature>),
    ) -> Result<Self> {
        let mut reference = Self::plain(rows, features);
        if schema.goes_across_columns() {
            let (scores, scored) = learn_scores(file, schema)?;
            let declared = reference.features.len();
            reference.derived.undecided.clone_from(&schema.undecided);
            let zones = schema.undecided.iter().map(|_| FeatureBins::decided_or_not());
            let own = reference.features.iter().map(|feature| feature.bins.clone());
            let bins = FrozenBins::new(own.chain(zones).collect(), reference.derived.clone());
            let mut counted = profile(file, schema, &bins)?;
            (reference.clusters, reference.segments) = (counted.clusters, counted.segments);
            let zones = counted.features.split_off(declared);
            let zones = bins.features[declared..].iter().cloned().zip(zones);
            reference.derived.scores = scores;
            let columns = reference.derived.columns();
            let derived = columns.iter().zip(scored.into_iter().chain(zones));
            reference.features.extend(derived.map(|(c, found)| ReferenceFeature::new(c, found)));
        }
        Ok(reference)
    }

    /// The bins of all features, in order, and how those that are derived are computed.
    pub fn bins(&self) -> FrozenBins {
        let bins = self.features.iter().map(|f| f.bins.clone()).collect();
        FrozenBins::new(bins, self.derived.clone())
    }

    /// The features that are columns of the table; those derived from them come after.
    pub fn declared(&self) -> &[ReferenceFeature] {
        let derived = self.derived.columns().len().min(self.features.len());
        &self.features[..self.features.len() - derived]
    }

    /// Checks a reference that came from outside: its counts must agree with its bins and with its rows, and its features
    /// with the monitored columns of `schema`.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] naming the first feature that does not fit.
    pub fn validate(&self, schema: &TableSchema) -> Result<()> {
        let refuse = |detail: String| Err(Error::Mismatch { what: "reference", detail });
        if self.format != REFERENCE_FORMAT {
            return refuse(format!(
                "found format `{}`, expected `{REFERENCE_FORMAT}`",
                self.format
            ));
        }
        if let Some(detail) = self.unfit_derived(schema) {
            return refuse(detail);
        }
        let derived = self.derived.columns();
        let declared: Vec<&str> =
            schema.monitored().chain(&derived).map(|c| c.name.as_str()).collect();
        let found: Vec<&str> = self.features.iter().map(|f| f.feature.as_str()).collect();
        if declared != found {
            return refuse(format!("it holds {found:?}, the schema monitors {declared:?}"));
        }
        let counted = self.clusters.as_ref().map(|clusters| &clusters.column);
        if counted != schema.cluster_by.as_ref() {
            return refuse(format!(
                "its clusters are of {counted:?}, the schema declares {:?}",
                schema.cluster_by
            ));
        }
        if !fit_segments(&self.segments, self) {
            return refuse("its counts per slice are not on its slices and bins".to_owned());
        }
        for feature in &self.features {
            let profile = &feature.profile;
            if profile.rows() != self.rows_of(&feature.feature)
                || profile.values.iter().any(|block| block.len() != feature.bins.len())
            {
                return refuse(format!("the counts of `{}` are not on its bins", feature.feature));
            }
            if let FeatureBins::Levels { rare, .. } = &feature.bins
                && !rare.windows(2).all(|pair| pair[0] < pair[1])
            {
                return refuse(format!("the rare levels of `{}` do not ascend", feature.feature));
            }
            if let FeatureBins::Ordered { edges, quantile_edges, .. } = &feature.bins
                && !(ascending(edges) && ascending(quantile_edges))
            {
                return refuse(format!("the edges of `{}` are not ascending", feature.feature));
            }
        }
        Ok(())
    }
}

impl Reference {
    /// Rows that the counts of a feature are of: of a score only the held half.
    fn rows_of(&self, feature: &str) -> u64 {
        let mut groups = self.derived.scores.iter();
        let group = groups.find(|scores| scores.names().iter().any(|name| name == feature));
        group.map_or(self.rows, |scores| scores.rows_held)
    }

    /// Why what is derived does not fit what `schema` declares; `None` where it does.
    fn unfit_derived(&self, schema: &TableSchema) -> Option<String> {
        let found: Vec<&str> = self.derived.scores.iter().map(|s| s.name.as_str()).collect();
        let declared: Vec<&str> = schema.scores.iter().map(|group| group.name.as_str()).collect();
        if found != declared || self.derived.undecided != schema.undecided {
            return Some(format!(
                "it scores the groups {found:?}, the schema declares {declared:?}, or their undecided zones differ"
            ));
        }
        self.derived.scores.iter().zip(&schema.scores).find_map(|(scores, group)| {
            let members = schema.member_names(group);
            let known = |name: &String| members.contains(name);
            let strange = scores.columns.iter().find(|name| !known(name));
            let strange =
                strange.map(|name| format!("`{name}` is not a column of group `{}`", group.name));
            let split = scores.rows_fitted.checked_add(scores.rows_held) == Some(self.rows);
            let halves = || format!("the halves of group `{}` are not its rows", group.name);
            scores.unfit().or(strange).or_else(|| (!split).then(halves))
        })
    }
}

fn ascending(edges: &[f64]) -> bool {
    edges.windows(2).all(|pair| pair[0] < pair[1])
}

/// Learns the features of a group of columns; beside them their samples, of at most `held_max` numbers.
///
/// # Errors
///
/// [`Error::Dataset`] when the table is not as declared.
pub(super) fn learn_columns(
    group: &Columns<'_>,
    held_max: usize,
) -> crate::dataset::Result<(Vec<ReferenceFeature>, Vec<Sample>)> {
    let held = Held { max: held_max, beyond: Beyond::Select };
    let samples = collect_samples(group, held)?;
    let bins = freeze_bins(group.schema(), &samples);
    let counted = profile_columns(group, &bins, samples)?;
    let columns = group.schema().monitored().zip(bins);
    let learned = columns.zip(counted).map(|((column, bins), (profile, sample))| {
        (ReferenceFeature::new(column, (bins, profile)), sample)
    });
    Ok(learned.unzip())
}
