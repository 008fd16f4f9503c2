//! A table into counts: one streaming pass over a batch, on bins frozen with the reference.
//!
//! Everything that decides is a whole number, so profiles of parts add up exactly, in any order. Moments are summed a block
//! of [`CHUNK_ROWS`](super::reader::CHUNK_ROWS) rows at a time and merged in block order, so they are the same bits on any
//! number of threads.

use super::clusters::{ClusterCounter, Clusters};
use super::counter::FeatureCounter;
use super::derived::{Derived, FrozenBins};
use super::error::Result;
use super::reader::TableFile;
use super::row_ids::CountedRows;
use super::schema::{Column, TableSchema};
use super::scores::ScoreSums;
use super::slices::{Segment, SliceCounter};
use crate::statistics::moments::Moments;
use crate::statistics::selection::{PHASES, PhaseCounts};
use polars::prelude::DataFrame;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Parts of a batch, by row index modulo this, that let the learned lane bet on the later parts of the same batch.
pub const SUB_BLOCKS: usize = PHASES;
/// Unseen values kept as examples.
pub(super) const UNSEEN_EXAMPLES_MAX: usize = 5;

/// Bytes of a columnar file from which its columns are counted in groups, so that less is decoded ahead at a time.
const GROUPED_BYTES_MIN: u64 = 64 << 20;
/// Columns of such a group, at most.
const GROUP_COLUMNS: usize = 16;

/// Rows of each sub-block.
pub type BlockCounts = PhaseCounts;

/// The counts of one feature of one table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FeatureProfile {
    /// Rows of the table, per sub-block.
    #[schema(value_type = Vec<u64>)]
    pub rows: BlockCounts,
    /// Missing values (null), per sub-block.
    #[schema(value_type = Vec<u64>)]
    pub nulls: BlockCounts,
    /// Values that are not a number (NaN), per sub-block; judged together with the nulls.
    #[schema(value_type = Vec<u64>)]
    pub nans: BlockCounts,
    /// −∞ and ∞, counted as low and high tail and nowhere else.
    #[schema(value_type = Vec<u64>)]
    pub infinities: [u64; 2],
    /// Values per sub-block and deciding bin.
    pub values: Vec<Vec<u64>>,
    /// Values below the reference's low-tail mark, per sub-block.
    #[schema(value_type = Vec<u64>)]
    pub low_tail: BlockCounts,
    /// Values above the reference's high-tail mark, per sub-block.
    #[schema(value_type = Vec<u64>)]
    pub high_tail: BlockCounts,
    /// Values of no known level, per sub-block.
    #[schema(value_type = Vec<u64>)]
    pub unseen: BlockCounts,
    /// The first few unseen values, for reading.
    pub unseen_examples: Vec<String>,
    /// Finite values per quantile bin.
    pub quantiles: Vec<u64>,
    /// Moments of the finite values.
    #[schema(value_type = Object)]
    pub moments: Moments,
}

impl FeatureProfile {
    /// Rows of the table.
    pub fn rows(&self) -> u64 {
        self.rows.iter().sum()
    }

    /// Nulls and NaN.
    pub fn missing(&self) -> BlockCounts {
        std::array::from_fn(|b| self.nulls[b] + self.nans[b])
    }

    /// Values per deciding bin, over all sub-blocks.
    pub fn values_total(&self) -> Vec<u64> {
        let bins = self.values.first().map_or(0, Vec::len);
        (0..bins).map(|k| self.values.iter().map(|block| block[k]).sum()).collect()
    }
}

/// The profile of a table: one [`FeatureProfile`] a monitored column, in schema order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Profile {
    /// Rows of the table.
    pub rows: u64,
    /// Profiles in the order of the monitored columns.
    pub features: Vec<FeatureProfile>,
    /// What became of the rows of the file by their ids, if some of them may be left out of `rows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_ids: Option<CountedRows>,
    /// How its rows are clustered, where the schema declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<Clusters>,
    /// The same counts per slice of each segment column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    /// What columns contribute to the scores of each group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<ScoreSums>,
}

impl Profile {
    /// A profile of `rows` rows without ids, clusters and segments.
    pub fn plain(rows: u64, features: Vec<FeatureProfile>) -> Self {
        Self {
            rows,
            features,
            row_ids: None,
            clusters: None,
            segments: Vec::new(),
            scores: Vec::new(),
        }
    }
}

/// Counts typed chunks of one table on the frozen `bins` of its monitored columns.
pub struct Profiler<'a> {
    counters: Vec<FeatureCounter<'a>>,
    clusters: Option<ClusterCounter>,
    slices: SliceCounter<'a>,
    derived: &'a Derived,
    scores: Vec<ScoreSums>,
    rows: u64,
}

impl<'a> Profiler<'a> {
    /// A profiler for the monitored columns of `schema` and those derived from them, with their bins in the same order.
    pub fn new(schema: &'a TableSchema, bins: &'a FrozenBins) -> Self {
        let columns = schema.monitored().chain(&bins.columns);
        let counters = columns.zip(&bins.features).map(|(c, b)| FeatureCounter::new(c, b));
        Self {
            counters: counters.collect(),
            clusters: ClusterCounter::of(schema),
            slices: SliceCounter::new(schema, bins.declared()),
            derived: &bins.derived,
            scores: bins.derived.scores.iter().map(ScoreSums::of).collect(),
            rows: 0,
        }
    }

    /// Adds the next chunk, features in parallel.
    ///
    /// # Errors
    ///
    /// [`super::Error::Engine`] when a column cannot be read as its kind.
    pub fn visit(&mut self, frame: &DataFrame) -> Result<()> {
        let extended = if self.derived.is_none() {
            None
        } else {
            Some(self.derived.extend(frame, &mut self.scores)?)
        };
        let frame = extended.as_ref().unwrap_or(frame);
        let offset = self.rows;
        self.counters.par_iter_mut().try_for_each(|counter| {
            let column = frame.column(&counter.column.name)?;
            counter.visit(column.as_materialized_series(), offset)
        })?;
        if let Some(clusters) = &mut self.clusters {
            clusters.visit(frame)?;
        }
        self.slices.visit(frame)?;
        self.rows += frame.height() as u64;
        Ok(())
    }

    /// The counts of all chunks given.
    pub fn finish(self) -> Profile {
        let features = self.counters.into_iter().map(|counter| counter.finish(None)).collect();
        Profile {
            rows: self.rows,
            features,
            row_ids: None,
            clusters: self.clusters.map(ClusterCounter::finish),
            segments: self.slices.finish(),
            scores: self.scores,
        }
    }
}

/// Profiles the table in `file` on the frozen `bins` of the monitored columns of `schema`.
///
/// # Errors
///
/// Those of [`TableFile::for_each_typed_chunk`].
pub fn profile(file: &TableFile, schema: &TableSchema, bins: &FrozenBins) -> Result<Profile> {
    let is_large = file.is_columnar() && file.bytes() >= GROUPED_BYTES_MIN;
    if is_large && !schema.goes_across_columns() {
        return profile_in_groups(file, schema, bins);
    }
    let mut profiler = Profiler::new(schema, bins);
    file.for_each_typed_chunk(schema, |_, frame| profiler.visit(frame))?;
    Ok(profiler.finish())
}

/// The same, group by group; the last group is read with the columns that are not monitored, so that every cell is checked.
fn profile_in_groups(file: &TableFile, schema: &TableSchema, bins: &FrozenBins) -> Result<Profile> {
    let monitored: Vec<&Column> = schema.monitored().collect();
    let groups = monitored.len().div_ceil(GROUP_COLUMNS).max(1);
    let size = monitored.len().div_ceil(groups).max(1);
    let mut whole = Profile::plain(0, Vec::new());
    for (columns, features) in monitored.chunks(size).zip(bins.declared().chunks(size)) {
        let others = schema.columns.iter().filter(|column| !monitored.contains(column));
        let is_last = whole.features.len() + size >= monitored.len();
        let others = others.filter(|_| is_last);
        let columns: Vec<Column> = columns.iter().copied().chain(others).cloned().collect();
        let group = TableSchema { columns, ..schema.clone() };
        let bins = FrozenBins::new(features.to_vec(), Derived::default());
        let mut profiler = Profiler::new(&group, &bins);
        let wanted = |column: &Column| group.column(&column.name).is_some();
        file.for_each_typed_chunk_of(schema, wanted, |_, frame| profiler.visit(frame))?;
        let counted = profiler.finish();
        whole.rows = counted.rows;
        whole.features.extend(counted.features);
    }
    Ok(whole)
}
