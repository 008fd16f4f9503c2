//! The reference: the frozen profile of the agreed data that every batch is judged against.

use super::groups::{CorrelatedPair, correlated_pairs};
use super::segments::fit_segments;
use super::{Error, Result};
use crate::dataset::bins::{
    FeatureBins, HELD_VALUES_MAX, Sample, collect_samples, freeze_bins, narrow_samples,
};
use crate::dataset::clusters::Clusters;
use crate::dataset::profile::{FeatureProfile, profile};
use crate::dataset::reader::TableFile;
use crate::dataset::schema::{Kind, Role, TableSchema};
use crate::dataset::slices::Segment;
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
        let mut samples = collect_samples(file, schema, HELD_VALUES_MAX)?;
        let mut reference = Self::learn_from(file, schema, &mut samples)?;
        reference.correlated = correlated_pairs(file, schema, reference.rows)?;
        Ok(reference)
    }

    /// The same with the samples of `file` already collected.
    ///
    /// # Errors
    ///
    /// [`Error::Dataset`] when the table is not as `schema` declares it.
    pub fn learn_from(
        file: &TableFile,
        schema: &TableSchema,
        samples: &mut [Sample],
    ) -> Result<Self> {
        narrow_samples(file, schema, samples)?;
        let bins = freeze_bins(schema, samples);
        let counted = profile(file, schema, &bins)?;
        let features = schema
            .monitored()
            .zip(bins)
            .zip(counted.features)
            .map(|((column, bins), profile)| ReferenceFeature {
                feature: column.name.clone(),
                role: column.role,
                kind: column.kind.unwrap_or(Kind::Categorical),
                unit: column.unit.clone(),
                bins,
                profile,
            })
            .collect();
        let (rows, clusters, segments) = (counted.rows, counted.clusters, counted.segments);
        Ok(Self {
            format: REFERENCE_FORMAT.to_owned(),
            rows,
            features,
            clusters,
            segments,
            correlated: Vec::new(),
        })
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
