//! Counts the cells of one column on its frozen bins.

use super::bins::{FeatureBins, numbers, texts};
use super::error::Result;
use super::levels::TextIndex;
use super::profile::{BlockCounts, FeatureProfile, SUB_BLOCKS, UNSEEN_EXAMPLES_MAX};
use super::schema::Column;
use crate::statistics::bin_search::BinSearch;
use crate::statistics::binning::bin_of;
use crate::statistics::moments::Moments;
use crate::statistics::selection::{Ranks as _, Selection};
use polars::prelude::Series;

/// How one feature's cells are found in its bins.
enum Counter {
    /// Constant, ordered: one search over all edges of interest, folded into the counts at the end.
    Ordered {
        search: BinSearch,
        fine: Vec<BlockCounts>,
    },
    /// Ordered, and a selection has counted the finite values: they are asked for by these edges of interest at the end.
    Selected {
        edges: Vec<f64>,
    },
    Levels {
        index: TextIndex,
    },
    /// Nothing but nulls is counted.
    None,
}

/// Counts the chunks of one feature.
pub(super) struct FeatureCounter<'a> {
    pub(super) column: &'a Column,
    bins: &'a FeatureBins,
    counter: Counter,
    profile: FeatureProfile,
}

impl<'a> FeatureCounter<'a> {
    pub(super) fn new(column: &'a Column, bins: &'a FeatureBins) -> Self {
        let counter = match bins {
            FeatureBins::NoValues => Counter::None,
            FeatureBins::Constant { value } => Counter::ordered(vec![value.next_down(), *value]),
            FeatureBins::Ordered { edges, quantile_edges, low_tail, high_tail, .. } => {
                let tails = [low_tail.next_down(), *high_tail];
                Counter::ordered([edges.as_slice(), quantile_edges.as_slice(), &tails].concat())
            }
            FeatureBins::Levels { .. } => Counter::Levels { index: TextIndex::default() },
        };
        let values = vec![vec![0; bins.len()]; SUB_BLOCKS];
        Self {
            column,
            bins,
            counter,
            profile: FeatureProfile { values, ..FeatureProfile::default() },
        }
    }

    /// The same for a column whose finite values a selection has counted by their rows.
    pub(super) fn selected(mut self) -> Self {
        if let Counter::Ordered { search, .. } = self.counter {
            self.counter = Counter::Selected { edges: search.edges().to_vec() };
        }
        self
    }

    /// Adds a chunk whose first row has index `offset` (from 0) in the table.
    pub(super) fn visit(&mut self, series: &Series, offset: u64) -> Result<()> {
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
                let count = |block: usize, v: f64| fine[search.bin_of(v)][block] += 1;
                count_numbers(&numbers(series)?, offset, count, &mut self.profile)?;
            }
            Counter::Selected { .. } => {
                count_numbers(&numbers(series)?, offset, |_, _| (), &mut self.profile)?;
            }
            Counter::Levels { index } => {
                count_texts(&texts(series)?, offset, (self.bins, index), &mut self.profile)?;
            }
        }
        Ok(())
    }

    /// The counts; `selection` is the one of a column that was [`FeatureCounter::selected`].
    pub(super) fn finish(self, selection: Option<&Selection>) -> FeatureProfile {
        let mut profile = self.profile;
        match (&self.counter, selection) {
            (Counter::Ordered { search, fine }, _) => {
                fold(self.bins, search.edges(), fine, &mut profile);
            }
            (Counter::Selected { edges }, Some(selection)) => {
                fold(self.bins, edges, &between(edges, selection), &mut profile);
            }
            _ => {}
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

/// Finite values between neighbouring `edges`, by their rows.
fn between(edges: &[f64], selection: &Selection) -> Vec<BlockCounts> {
    let largest = selection.at(selection.rows().saturating_sub(1));
    let ends = edges.iter().copied().chain([largest]);
    let mut below = BlockCounts::default();
    let rows = |end| {
        let up_to = selection.phases_up_to(end);
        let rows = std::array::from_fn(|block| up_to[block] - below[block]);
        below = up_to;
        rows
    };
    ends.map(rows).collect()
}

/// The sub-block of the row `index` rows after row `offset` (from 0).
pub(super) fn block_of(offset: u64, index: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "the remainder is below SUB_BLOCKS")]
    let block = ((offset + index as u64) % SUB_BLOCKS as u64) as usize;
    block
}

fn count_numbers(
    series: &Series,
    offset: u64,
    mut finite: impl FnMut(usize, f64),
    profile: &mut FeatureProfile,
) -> Result<()> {
    let mut count = |index: usize, value: f64| {
        let block = block_of(offset, index);
        if value.is_finite() {
            finite(block, value);
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
        let mut index = 0;
        for array in column.downcast_iter() {
            let valid = array.validity();
            for (place, &value) in array.values().iter().enumerate() {
                if valid.is_none_or(|bits| bits.get_bit(place)) {
                    count(index, value);
                    present.push(value);
                } else {
                    nulls[block_of(offset, index)] += 1;
                }
                index += 1;
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
    (bins, index): (&FeatureBins, &mut TextIndex),
    profile: &mut FeatureProfile,
) -> Result<()> {
    let mut present = BlockCounts::default();
    index.for_each(series, |row, bin, text| {
        let block = block_of(offset, row);
        present[block] += 1;
        if let Some(bin) = bin.or_else(|| bins.place(text)) {
            profile.values[block][bin as usize] += 1;
            return Some(bin);
        }
        profile.unseen[block] += 1;
        let examples = &mut profile.unseen_examples;
        if examples.len() < UNSEEN_EXAMPLES_MAX && !examples.iter().any(|e| e == text) {
            examples.push(text.to_owned());
        }
        None
    })?;
    for (row, block) in (0..SUB_BLOCKS).map(|row| (row, block_of(offset, row))) {
        let rows = (series.len() + SUB_BLOCKS - 1 - row) / SUB_BLOCKS;
        profile.nulls[block] += rows as u64 - present[block];
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
