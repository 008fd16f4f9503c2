//! Clusters of a table: how many rows belong together (visits of one patient, wells of one plate)?
//!
//! Rows of one cluster are not independent. The evidence is divided by the size of the largest cluster, which keeps it valid
//! (Hölder's inequality); limits use the number of independent rows that the clusters are worth.

use super::bins::texts;
use super::error::Result;
use super::schema::TableSchema;
use crate::digest;
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Clusters counted one by one, at most; beyond that several share a count, which can only make clusters look larger.
const CLUSTERS_MAX: usize = 1 << 21;

/// How the rows of one table are clustered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Clusters {
    /// Column whose equal values belong together.
    pub column: String,
    /// Number of clusters; rows without a value are one cluster.
    pub clusters: u64,
    /// Rows of the largest cluster, or an upper limit of it beyond two million clusters.
    pub largest: u64,
    /// n²/Σs² over the cluster sizes s: independent rows that the table is worth if the rows of a cluster are all alike.
    pub rows_effective: f64,
    /// Rows without a value.
    pub unassigned: u64,
}

impl Clusters {
    /// Factor on the logarithm of the evidence: 1 / rows of the largest cluster.
    pub fn temper(&self) -> f64 {
        1.0 / self.largest.max(1) as f64
    }

    /// Effective rows per row, in (0, 1], of a table of `rows` rows.
    pub fn effective_share(&self, rows: u64) -> f64 {
        let share = self.rows_effective / rows.max(1) as f64;
        if share > 0.0 { share.min(1.0) } else { 1.0 }
    }
}

/// Counts clusters over the chunks of one table, in bounded memory.
#[derive(Debug)]
pub(super) struct ClusterCounter {
    column: String,
    sizes: HashMap<u64, u64>,
    shared: bool,
    unassigned: u64,
}

impl ClusterCounter {
    /// A counter of the column that `schema` declares, if it declares one.
    pub(super) fn of(schema: &TableSchema) -> Option<Self> {
        let column = schema.cluster_by.clone()?;
        Some(Self { column, sizes: HashMap::new(), shared: false, unassigned: 0 })
    }

    /// Adds a chunk.
    pub(super) fn visit(&mut self, frame: &DataFrame) -> Result<()> {
        let series = texts(frame.column(&self.column)?.as_materialized_series())?;
        for text in series.str()?.iter() {
            match text {
                None => self.unassigned += 1,
                Some(text) => self.add(digest::keyed_u64(&[0; 32], text.as_bytes())),
            }
        }
        Ok(())
    }

    fn add(&mut self, cluster: u64) {
        let slots = CLUSTERS_MAX as u64;
        let slot = if self.shared { cluster % slots } else { cluster };
        *self.sizes.entry(slot).or_insert(0) += 1;
        if !self.shared && self.sizes.len() > CLUSTERS_MAX {
            self.shared = true;
            let exact = std::mem::take(&mut self.sizes);
            for (cluster, rows) in exact {
                *self.sizes.entry(cluster % slots).or_insert(0) += rows;
            }
        }
    }

    /// What was found.
    pub(super) fn finish(self) -> Clusters {
        let sizes = || self.sizes.values().copied().chain([self.unassigned]).filter(|&s| s > 0);
        let rows: u64 = sizes().sum();
        // Whole numbers: the same in any order.
        let squares: u128 = sizes().map(|size| u128::from(size) * u128::from(size)).sum();
        let effective = (rows as f64) * (rows as f64) / (squares.max(1) as f64);
        Clusters {
            clusters: sizes().count() as u64,
            largest: sizes().max().unwrap_or(0),
            rows_effective: effective,
            unassigned: self.unassigned,
            column: self.column,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::{Column, NamedFrom, Series};

    fn counted(values: &[Option<&str>]) -> Clusters {
        let mut schema = TableSchema::new(Vec::new());
        schema.cluster_by = Some("plate".to_owned());
        let mut counter = ClusterCounter::of(&schema).unwrap();
        let series = Series::new("plate".into(), values);
        let frame = DataFrame::new(values.len(), vec![Column::from(series)]).unwrap();
        counter.visit(&frame).unwrap();
        counter.finish()
    }

    #[test]
    fn clusters_are_counted_and_rows_without_one_are_one_cluster() {
        let found = counted(&[Some("a"), Some("b"), Some("a"), None, None, None]);
        assert_eq!((found.clusters, found.largest, found.unassigned), (3, 3, 3));
        assert!((found.rows_effective - 36.0 / 14.0).abs() < 1e-12);
        assert!((found.temper() - 1.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn rows_that_are_all_different_are_worth_all_rows() {
        let found = counted(&[Some("a"), Some("b"), Some("c")]);
        assert_eq!((found.largest, found.effective_share(3)), (1, 1.0));
        assert_eq!(counted(&[]).effective_share(0), 1.0);
    }

    #[test]
    fn beyond_the_limit_clusters_never_look_smaller() {
        let mut schema = TableSchema::new(Vec::new());
        schema.cluster_by = Some("plate".to_owned());
        let mut counter = ClusterCounter::of(&schema).unwrap();
        for cluster in 0..=CLUSTERS_MAX as u64 {
            counter.add(cluster.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
        for _ in 0..4 {
            counter.add(7);
        }
        assert!(counter.shared && counter.sizes.len() <= CLUSTERS_MAX);
        assert!(counter.finish().largest >= 4);
    }
}
