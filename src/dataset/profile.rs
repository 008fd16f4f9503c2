//! A table into counts: one streaming pass over a batch, on bins frozen with the reference.
//!
//! Everything that decides is a whole number, so profiles of parts add up exactly, in any order. Moments are summed a block
//! of [`CHUNK_ROWS`](super::reader::CHUNK_ROWS) rows at a time and merged in block order, so they are the same bits on any
//! number of threads.

use super::bins::{FeatureBins, numbers, texts};
use super::clusters::{ClusterCounter, Clusters};
use super::columns::Columns;
use super::error::Result;
use super::reader::TableFile;
use super::row_ids::CountedRows;
use super::schema::{Column, TableSchema};
use super::slices::{Segment, SliceCounter};
use crate::statistics::bin_search::BinSearch;
use crate::statistics::binning::bin_of;
use crate::statistics::moments::Moments;
use ahash::AHashMap;
use polars::prelude::{DataFrame, Series};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Parts of a batch, by row index modulo this, that let the learned lane bet on the later parts of the same batch.
pub const SUB_BLOCKS: usize = 4;
/// Unseen values kept as examples.
const UNSEEN_EXAMPLES_MAX: usize = 5;

/// Rows of each sub-block.
pub type BlockCounts = [u64; SUB_BLOCKS];

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
}

impl Profile {
    /// A profile of `rows` rows without ids, clusters and segments.
    pub fn plain(rows: u64, features: Vec<FeatureProfile>) -> Self {
        Self { rows, features, row_ids: None, clusters: None, segments: Vec::new() }
    }
}

/// How one feature's cells are found in its bins.
enum Counter {
    /// Constant, ordered: one search over all edges of interest, folded into the counts at the end.
    Ordered {
        search: BinSearch,
        fine: Vec<BlockCounts>,
    },
    Levels {
        index: AHashMap<String, usize>,
    },
    /// Nothing but nulls is counted.
    None,
}

/// Counts the chunks of one feature.
struct FeatureCounter<'a> {
    column: &'a Column,
    bins: &'a FeatureBins,
    counter: Counter,
    profile: FeatureProfile,
}

impl<'a> FeatureCounter<'a> {
    fn new(column: &'a Column, bins: &'a FeatureBins) -> Self {
        let counter = match bins {
            FeatureBins::NoValues => Counter::None,
            FeatureBins::Constant { value } => Counter::ordered(vec![value.next_down(), *value]),
            FeatureBins::Ordered { edges, quantile_edges, low_tail, high_tail, .. } => {
                let tails = [low_tail.next_down(), *high_tail];
                Counter::ordered([edges.as_slice(), quantile_edges.as_slice(), &tails].concat())
            }
            FeatureBins::Levels { levels, rare, .. } => {
                let own = levels.iter().enumerate().map(|(i, level)| (level.clone(), i));
                let pooled = rare.iter().map(|level| (level.clone(), levels.len()));
                Counter::Levels { index: own.chain(pooled).collect() }
            }
        };
        let values = vec![vec![0; bins.len()]; SUB_BLOCKS];
        Self {
            column,
            bins,
            counter,
            profile: FeatureProfile { values, ..FeatureProfile::default() },
        }
    }

    /// Adds a chunk whose first row has index `offset` (from 0) in the table.
    fn visit(&mut self, series: &Series, offset: u64) -> Result<()> {
        for block in 0..SUB_BLOCKS.min(series.len()) {
            let rows = (series.len() - block).div_ceil(SUB_BLOCKS) as u64;
            self.profile.rows[block_of(offset, block)] += rows;
        }
        match &mut self.counter {
            Counter::None => {
                for (index, null) in series.is_null().iter().enumerate() {
                    self.profile.nulls[block_of(offset, index)] += u64::from(null.unwrap_or(true));
                }
            }
            Counter::Ordered { search, fine } => {
                count_numbers(&numbers(series)?, offset, (search, fine), &mut self.profile)?;
            }
            Counter::Levels { index } => {
                count_texts(&texts(series)?, offset, index, &mut self.profile)?;
            }
        }
        Ok(())
    }

    fn finish(self) -> FeatureProfile {
        let mut profile = self.profile;
        if let Counter::Ordered { search, fine } = &self.counter {
            fold(self.bins, search.edges(), fine, &mut profile);
        }
        profile
    }
}

impl Counter {
    fn ordered(mut edges: Vec<f64>) -> Self {
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        let fine = vec![[0; SUB_BLOCKS]; edges.len() + 1];
        Self::Ordered { search: BinSearch::new(edges), fine }
    }
}

fn block_of(offset: u64, index: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "the remainder is below SUB_BLOCKS")]
    let block = ((offset + index as u64) % SUB_BLOCKS as u64) as usize;
    block
}

fn count_numbers(
    series: &Series,
    offset: u64,
    (search, fine): (&BinSearch, &mut [BlockCounts]),
    profile: &mut FeatureProfile,
) -> Result<()> {
    let mut count = |index: usize, value: f64| {
        let block = block_of(offset, index);
        if value.is_finite() {
            fine[search.bin_of(value)][block] += 1;
        } else if value.is_nan() {
            profile.nans[block] += 1;
        } else if value > 0.0 {
            profile.infinities[1] += 1;
            profile.high_tail[block] += 1;
        } else {
            profile.infinities[0] += 1;
            profile.low_tail[block] += 1;
        }
    };
    let column = series.f64()?;
    let moments = if let Ok(values) = column.cont_slice() {
        values.iter().enumerate().for_each(|(index, &value)| count(index, value));
        Moments::of(values)
    } else {
        let mut present = Vec::with_capacity(series.len());
        let mut nulls = BlockCounts::default();
        for (index, value) in column.iter().enumerate() {
            if let Some(value) = value {
                count(index, value);
                present.push(value);
            } else {
                nulls[block_of(offset, index)] += 1;
            }
        }
        profile.nulls = std::array::from_fn(|block| profile.nulls[block] + nulls[block]);
        Moments::of(&present)
    };
    profile.moments = profile.moments.merge(&moments);
    Ok(())
}

fn count_texts(
    series: &Series,
    offset: u64,
    index: &AHashMap<String, usize>,
    profile: &mut FeatureProfile,
) -> Result<()> {
    for (row, text) in series.str()?.iter().enumerate() {
        let block = block_of(offset, row);
        match text.map(|text| (text, index.get(text))) {
            None => profile.nulls[block] += 1,
            Some((_, Some(&bin))) => profile.values[block][bin] += 1,
            Some((text, None)) => {
                profile.unseen[block] += 1;
                let examples = &mut profile.unseen_examples;
                if examples.len() < UNSEEN_EXAMPLES_MAX && !examples.iter().any(|e| e == text) {
                    examples.push(text.to_owned());
                }
            }
        }
    }
    Ok(())
}

/// Folds counts on all edges of interest into deciding bins, quantile bins and tails.
fn fold(
    bins: &FeatureBins,
    fine_edges: &[f64],
    fine: &[[u64; SUB_BLOCKS]],
    profile: &mut FeatureProfile,
) {
    // A fine bin ends at its upper edge; the last one ends at infinity.
    let upper = |index: usize| fine_edges.get(index).copied().unwrap_or(f64::INFINITY);
    if let FeatureBins::Ordered { quantile_edges, .. } = bins {
        profile.quantiles = vec![0; quantile_edges.len() + 1];
    }
    for (index, counts) in fine.iter().enumerate() {
        let value = upper(index);
        for (block, &rows) in counts.iter().enumerate() {
            match bins {
                FeatureBins::Constant { value: constant } => {
                    profile.values[block][usize::from(value.total_cmp(constant).is_ne())] += rows;
                }
                FeatureBins::Ordered { edges, quantile_edges, low_tail, high_tail, .. } => {
                    profile.values[block][bin_of(edges, value)] += rows;
                    profile.quantiles[bin_of(quantile_edges, value)] += rows;
                    profile.low_tail[block] += if value < *low_tail { rows } else { 0 };
                    profile.high_tail[block] += if value > *high_tail { rows } else { 0 };
                }
                FeatureBins::NoValues | FeatureBins::Levels { .. } => {}
            }
        }
    }
}

/// Counts typed chunks of one table on the frozen `bins` of its monitored columns.
pub struct Profiler<'a> {
    counters: Vec<FeatureCounter<'a>>,
    clusters: Option<ClusterCounter>,
    slices: SliceCounter<'a>,
    rows: u64,
}

impl<'a> Profiler<'a> {
    /// A profiler for the monitored columns of `schema`, with their bins in the same order.
    pub fn new(schema: &'a TableSchema, bins: &'a [FeatureBins]) -> Self {
        let counters =
            schema.monitored().zip(bins).map(|(c, b)| FeatureCounter::new(c, b)).collect();
        Self {
            counters,
            clusters: ClusterCounter::of(schema),
            slices: SliceCounter::new(schema, bins),
            rows: 0,
        }
    }

    /// Adds the next chunk, features in parallel.
    ///
    /// # Errors
    ///
    /// [`super::Error::Engine`] when a column cannot be read as its kind.
    pub fn visit(&mut self, frame: &DataFrame) -> Result<()> {
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
        let features = self.counters.into_iter().map(FeatureCounter::finish).collect();
        Profile {
            rows: self.rows,
            features,
            row_ids: None,
            clusters: self.clusters.map(ClusterCounter::finish),
            segments: self.slices.finish(),
        }
    }
}

/// Profiles the columns of `group` on their frozen `bins`; clusters and segments go across columns and are not counted.
///
/// # Errors
///
/// Those of [`Columns::for_each_chunk`].
pub fn profile_columns(group: &Columns<'_>, bins: &[FeatureBins]) -> Result<Vec<FeatureProfile>> {
    let columns = group.schema().monitored().zip(bins);
    let mut counters: Vec<FeatureCounter<'_>> =
        columns.map(|(column, bins)| FeatureCounter::new(column, bins)).collect();
    let mut offset = 0;
    group.for_each_chunk(|frame| {
        counters.par_iter_mut().try_for_each(|counter| {
            let column = frame.column(&counter.column.name)?;
            counter.visit(column.as_materialized_series(), offset)
        })?;
        offset += frame.height() as u64;
        Ok(())
    })?;
    Ok(counters.into_iter().map(FeatureCounter::finish).collect())
}

/// Profiles the table in `file` on the frozen `bins` of the monitored columns of `schema`.
///
/// # Errors
///
/// Those of [`TableFile::for_each_typed_chunk`].
pub fn profile(file: &TableFile, schema: &TableSchema, bins: &[FeatureBins]) -> Result<Profile> {
    let mut profiler = Profiler::new(schema, bins);
    file.for_each_typed_chunk(schema, |_, frame| profiler.visit(frame))?;
    Ok(profiler.finish())
}
