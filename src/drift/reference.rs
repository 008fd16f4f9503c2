//! The reference: the frozen profile of the agreed data that every batch is judged against.

use super::groups::{self, CorrelatedPair, correlated_pairs};
use super::segments::fit_segments;
use super::{Error, Result};
use crate::dataset::bins::{
    Beyond, FeatureBins, HELD_VALUES_MAX, Held, Sample, collect_samples, freeze_bins,
    narrow_samples,
};
use crate::dataset::clusters::Clusters;
use crate::dataset::columns::{self, Columns};
use crate::dataset::profile::{FeatureProfile, profile, profile_columns};
use crate::dataset::reader::TableFile;
use crate::dataset::schema::{Kind, Role, TableSchema};
use crate::dataset::slices::Segment;
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
        }
    }

    /// Learns the reference from `file`: bins first, then counts; the memory does not grow with the rows.
    ///
    /// # Errors
    ///
    /// [`Error::Dataset`] when the table is not as `schema` declares it.
    pub fn learn(file: &TableFile, schema: &TableSchema) -> Result<Self> {
        let (mut rows, mut features, mut kept) = (0, Vec::new(), Vec::new());
        for group in columns::groups(&[file], schema)? {
            let group = Columns::read(file, schema, group)?;
            features.extend(learn_columns(&group, HELD_VALUES_MAX)?.0);
            kept.extend(thinned(&group, groups::ROWS_MAX)?);
            rows = group.rows();
        }
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
            let counted = profile(file, schema, &reference.bins())?;
            (reference.clusters, reference.segments) = (counted.clusters, counted.segments);
        }
        Ok(reference)
    }

    /// The bins of all features, in order.
    pub fn bins(&self) -> Vec<FeatureBins> {
        self.features.iter().map(|f| f.bins.clone()).collect()
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
        let declared: Vec<&str> = schema.monitored().map(|c| c.name.as_str()).collect();
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
            if profile.rows() != self.rows
                || profile.values.iter().any(|block| block.len() != feature.bins.len())
            {
                return refuse(format!("the counts of `{}` are not on its bins", feature.feature));
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
) -> Result<(Vec<ReferenceFeature>, Vec<Sample>)> {
    let held = Held { max: held_max, beyond: Beyond::Select };
    let mut samples = collect_samples(group, held)?;
    narrow_samples(group, &mut samples)?;
    let bins = freeze_bins(group.schema(), &samples);
    let profiles = profile_columns(group, &bins)?;
    let columns = group.schema().monitored();
    let features = columns.zip(bins).zip(profiles).map(|((column, bins), profile)| {
        let kind = column.kind.unwrap_or(Kind::Categorical);
        let (feature, unit) = (column.name.clone(), column.unit.clone());
        ReferenceFeature { feature, role: column.role, kind, unit, bins, profile }
    });
    Ok((features.collect(), samples))
}
