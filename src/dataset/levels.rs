//! Rows per level of a text column, all levels in one pass.

use super::bins::{FeatureBins, texts};
use super::counter::block_of;
use super::error::Result;
use super::profile::{BlockCounts, FeatureProfile, SUB_BLOCKS, UNSEEN_EXAMPLES_MAX};
use ahash::AHashMap;
use polars::prelude::Series;

/// A number for each of many texts.
///
/// A text of at most twelve bytes stands in the column as one 128-bit word: that is looked up, and its bytes only the first time.
#[derive(Clone, Debug, Default)]
pub(super) struct TextIndex {
    short: AHashMap<u128, u32>,
    numbers: AHashMap<String, u32>,
}

impl TextIndex {
    /// Calls `visit` with every row of the text column `series` that is not null: its index, the number of its text if it has
    /// one already, and the text. What `visit` returns is the number from then on.
    pub(super) fn for_each(
        &mut self,
        series: &Series,
        mut visit: impl FnMut(usize, Option<u32>, &str) -> Option<u32>,
    ) -> Result<()> {
        let mut first = 0;
        let column = series.str()?;
        for (array, valid) in column.downcast_iter().zip(column.iter_validities()) {
            for (place, view) in array.views().iter().enumerate() {
                if valid.is_some_and(|bits| !bits.get_bit(place)) {
                    continue;
                }
                let word = view.is_inline().then(|| view.as_u128());
                if let Some(&number) = word.and_then(|word| self.short.get(&word)) {
                    visit(first + place, Some(number), "");
                    continue;
                }
                let text = array.value(place);
                let known = self.numbers.get(text).copied();
                let number = visit(first + place, known, text);
                if let (None, Some(number)) = (known, number) {
                    self.numbers.insert(text.to_owned(), number);
                }
                if let (Some(word), Some(number)) = (word, number) {
                    self.short.insert(word, number);
                }
            }
            first += array.views().len();
        }
        Ok(())
    }
}

/// Rows of every level of a column, in the order in which the levels first appear.
#[derive(Clone, Debug, Default)]
pub struct LevelCounts {
    index: TextIndex,
    levels: Vec<(String, BlockCounts)>,
    rows: u64,
    present: BlockCounts,
}

impl LevelCounts {
    /// Adds the next rows of the column.
    pub(super) fn visit(&mut self, series: &Series) -> Result<()> {
        let (levels, present, offset) = (&mut self.levels, &mut self.present, self.rows);
        self.index.for_each(&texts(series)?, |row, number, text| {
            let number = number.unwrap_or_else(|| {
                levels.push((text.to_owned(), BlockCounts::default()));
                levels.len() as u32 - 1
            });
            let block = block_of(offset, row);
            levels[number as usize].1[block] += 1;
            present[block] += 1;
            Some(number)
        })?;
        self.rows += series.len() as u64;
        Ok(())
    }

    /// Every level with its rows.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.levels.iter().map(|(level, rows)| (level.as_str(), rows.iter().sum()))
    }

    /// The counts on `bins`: the same as those of the column itself.
    pub(super) fn profile(&self, bins: &FeatureBins) -> FeatureProfile {
        let rows = blocks_of(self.rows);
        let mut profile = FeatureProfile {
            rows,
            nulls: std::array::from_fn(|block| rows[block] - self.present[block]),
            values: vec![vec![0; bins.len()]; SUB_BLOCKS],
            ..FeatureProfile::default()
        };
        let FeatureBins::Levels { .. } = bins else { return profile };
        for (level, rows) in &self.levels {
            let place = bins.place(level).map(|bin| bin as usize);
            for block in 0..SUB_BLOCKS {
                match place {
                    Some(bin) => profile.values[block][bin] += rows[block],
                    None => profile.unseen[block] += rows[block],
                }
            }
            if place.is_none() && profile.unseen_examples.len() < UNSEEN_EXAMPLES_MAX {
                profile.unseen_examples.push(level.clone());
            }
        }
        profile
    }
}

/// How the first `rows` rows of a table fall into sub-blocks.
fn blocks_of(rows: u64) -> BlockCounts {
    let blocks = SUB_BLOCKS as u64;
    std::array::from_fn(|block| (rows + blocks - 1 - block as u64) / blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::bins::freeze_bins;
    use crate::dataset::profile::Profiler;
    use crate::dataset::samples::Sample;
    use crate::dataset::schema::TableSchema;
    use polars::prelude::{DataFrame, NamedFrom};

    fn column(texts: &[Option<&str>]) -> Series {
        Series::new("word".into(), texts)
    }

    #[test]
    fn counts_of_all_levels_tell_the_profile_on_any_bins() {
        let schema = TableSchema::parse(
            br#"{"schema":"driftledger/schema/v1","columns":[
                {"name":"word","role":"feature","type":"text","kind":"categorical"}]}"#,
        )
        .unwrap();
        let long = "longer than twelve bytes";
        let learned: Vec<Option<&str>> = ["a", "", long, "ä"].map(Some).repeat(20);
        let mut reference = LevelCounts::default();
        reference.visit(&column(&learned)).unwrap();
        let bins = freeze_bins(&schema, &[Sample::Levels(reference)]);
        let others = "bcdefgh".split("").filter(|text| !text.is_empty()).map(Some);
        let mut seen = vec![Some(long), None, Some("a"), None, Some(""), Some("another long text")];
        seen.extend(others.chain([Some("a"), None, Some("b"), Some(long)]));
        let (mut counts, whole) = (LevelCounts::default(), column(&seen));
        for (first, length) in [(0, 3), (3, 0), (3, 8), (11, seen.len() - 11)] {
            counts.visit(&whole.slice(first, length)).unwrap();
        }
        let frozen = bins.clone().into();
        let mut profiler = Profiler::new(&schema, &frozen);
        profiler.visit(&DataFrame::new(whole.len(), vec![whole.into()]).unwrap()).unwrap();
        assert_eq!(counts.profile(&bins[0]), profiler.finish().features[0]);
        assert_eq!(counts.iter().map(|(_, rows)| rows).sum::<u64>(), seen.len() as u64 - 3);
    }
}
