//! Slices of a table by its segment columns (site, instrument, line): which rows of a feature lie in which slice?
//!
//! Counted beside the profile, on the same frozen bins, and only where a column of role `segment` is declared. A slice is a
//! level of the segment's own frozen bins; other known values, unseen values and missing ones are slices of their own.

use super::bins::{FeatureBins, numbers, texts};
use super::error::Result;
use super::schema::{Role, TableSchema};
use crate::statistics::binning::bin_of;
use polars::prelude::{DataFrame, Series};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The rows of one feature, per slice of one segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlicedFeature {
    /// Values per slice and deciding bin.
    pub values: Vec<Vec<u64>>,
    /// Missing values per slice.
    pub missing: Vec<u64>,
    /// Values of no known level per slice.
    pub unseen: Vec<u64>,
    /// Values in the low tail per slice.
    pub low_tail: Vec<u64>,
    /// Values in the high tail per slice.
    pub high_tail: Vec<u64>,
}

impl SlicedFeature {
    fn empty(slices: usize, bins: usize) -> Self {
        let none = vec![0; slices];
        Self {
            values: vec![vec![0; bins]; slices],
            missing: none.clone(),
            unseen: none.clone(),
            low_tail: none.clone(),
            high_tail: none,
        }
    }
}

/// The slices of one segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// The segment column.
    pub column: String,
    /// What each slice holds: a level, `other known values`, `unseen values`, `missing`.
    pub slices: Vec<String>,
    /// Rows per slice.
    pub rows: Vec<u64>,
    /// The monitored features in schema order.
    pub features: Vec<SlicedFeature>,
}

/// Where the cells of one segment column lie.
struct SegmentCounter {
    index: HashMap<String, usize>,
    unseen: usize,
    segment: Segment,
}

/// Counts the slices of all segments of a table.
pub(super) struct SliceCounter<'a> {
    features: Vec<(String, &'a FeatureBins)>,
    segments: Vec<SegmentCounter>,
}

impl<'a> SliceCounter<'a> {
    /// A counter for the segment columns of `schema`; `bins` are those of its monitored columns.
    pub(super) fn new(schema: &TableSchema, bins: &'a [FeatureBins]) -> Self {
        let features: Vec<(String, &FeatureBins)> =
            schema.monitored().map(|column| column.name.clone()).zip(bins).collect();
        let segments = schema
            .monitored()
            .zip(bins)
            .filter(|(column, _)| column.role == Role::Segment)
            .filter_map(|(column, own)| match own {
                FeatureBins::Levels { levels, rare, .. } => Some((column, levels, rare)),
                _ => None,
            })
            .map(|(column, levels, rare)| SegmentCounter::new(&column.name, (levels, rare), bins))
            .collect();
        Self { features, segments }
    }

    /// Adds a chunk, features in parallel.
    pub(super) fn visit(&mut self, frame: &DataFrame) -> Result<()> {
        for counter in &mut self.segments {
            let column = frame.column(&counter.segment.column)?;
            let places = counter.places(column.as_materialized_series())?;
            for &slice in &places {
                counter.segment.rows[slice] += 1;
            }
            let pairs = self.features.par_iter().zip(&mut counter.segment.features);
            pairs.try_for_each(|((name, bins), sliced)| {
                let column = frame.column(name)?.as_materialized_series();
                count(column, bins, &places, sliced)
            })?;
        }
        Ok(())
    }

    /// The counts of all chunks given.
    pub(super) fn finish(self) -> Vec<Segment> {
        self.segments.into_iter().map(|counter| counter.segment).collect()
    }
}

impl SegmentCounter {
    fn new(column: &str, (levels, rare): (&[String], &[String]), features: &[FeatureBins]) -> Self {
        let mut slices = levels.to_vec();
        let own = levels.iter().enumerate().map(|(index, level)| (level.clone(), index));
        let pooled = rare.iter().map(|level| (level.clone(), levels.len()));
        let index: HashMap<String, usize> = own.chain(pooled).collect();
        if !rare.is_empty() {
            slices.push("other known values".to_owned());
        }
        let unseen = slices.len();
        slices.extend(["unseen values".to_owned(), "missing".to_owned()]);
        let count = slices.len();
        let sliced = features.iter().map(|bins| SlicedFeature::empty(count, bins.len()));
        let segment = Segment {
            column: column.to_owned(),
            rows: vec![0; count],
            features: sliced.collect(),
            slices,
        };
        Self { index, unseen, segment }
    }

    /// The slice of every row.
    fn places(&self, column: &Series) -> Result<Vec<usize>> {
        let texts = texts(column)?;
        let place = |text: Option<&str>| match text {
            None => self.unseen + 1,
            Some(text) => self.index.get(text).copied().unwrap_or(self.unseen),
        };
        Ok(texts.str()?.iter().map(place).collect())
    }
}

fn count(
    column: &Series,
    bins: &FeatureBins,
    places: &[usize],
    sliced: &mut SlicedFeature,
) -> Result<()> {
    match bins {
        FeatureBins::NoValues => {
            for (null, &slice) in column.is_null().iter().zip(places) {
                sliced.missing[slice] += u64::from(null.unwrap_or(true));
            }
        }
        FeatureBins::Constant { value: constant } => {
            count_numbers(column, places, sliced, |value, slice, sliced| {
                let differs = usize::from((value + 0.0).total_cmp(&(constant + 0.0)).is_ne());
                sliced.values[slice][differs] += 1;
            })?;
        }
        FeatureBins::Ordered { edges, low_tail, high_tail, .. } => {
            count_numbers(column, places, sliced, |value, slice, sliced| {
                sliced.low_tail[slice] += u64::from(value < *low_tail);
                sliced.high_tail[slice] += u64::from(value > *high_tail);
                if value.is_finite() {
                    sliced.values[slice][bin_of(edges, value)] += 1;
                }
            })?;
        }
        FeatureBins::Levels { levels, rare, .. } => {
            let own = levels.iter().enumerate().map(|(index, level)| (level.as_str(), index));
            let pooled = rare.iter().map(|level| (level.as_str(), levels.len()));
            let index: HashMap<&str, usize> = own.chain(pooled).collect();
            for (text, &slice) in texts(column)?.str()?.iter().zip(places) {
                match text.map(|text| index.get(text)) {
                    None => sliced.missing[slice] += 1,
                    Some(None) => sliced.unseen[slice] += 1,
                    Some(Some(&bin)) => sliced.values[slice][bin] += 1,
                }
            }
        }
    }
    Ok(())
}

fn count_numbers(
    column: &Series,
    places: &[usize],
    sliced: &mut SlicedFeature,
    put: impl Fn(f64, usize, &mut SlicedFeature),
) -> Result<()> {
    for (value, &slice) in numbers(column)?.f64()?.iter().zip(places) {
        match value.filter(|value| !value.is_nan()) {
            None => sliced.missing[slice] += 1,
            Some(value) => put(value, slice, sliced),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::bins::freeze_bins;
    use crate::dataset::columns::{Columns, groups};
    use crate::dataset::profile::profile;
    use crate::dataset::reader::TableFile;
    use crate::dataset::samples::{Beyond, Held, collect_samples};

    #[test]
    fn slices_add_up_to_the_profile_in_every_kind_of_series() {
        let schema = TableSchema::parse(
            br#"{"schema":"driftledger/schema/v1","columns":[
                {"name":"site","role":"segment","type":"text","kind":"categorical"},
                {"name":"weight","role":"feature","type":"float","kind":"continuous"},
                {"name":"grade","role":"feature","type":"text","kind":"categorical"}]}"#,
        )
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            TableFile::open(&path, None).unwrap()
        };
        let mut text = "site,weight,grade\n".to_owned();
        for row in 0..300 {
            let site = ["Basel", "Cork"][usize::from(row % 3 == 0)];
            text += &format!("{site},{},{}\n", row % 50, ["a", "b"][row % 2]);
        }
        let reference = write("reference.csv", &text);
        let all = groups(&[&reference], &schema).unwrap().remove(0);
        let columns = Columns::read(&reference, &schema, all).unwrap();
        let held = Held { max: usize::MAX, beyond: Beyond::Drop };
        let bins = freeze_bins(&schema, &collect_samples(&columns, held).unwrap());
        let bins = bins.into();
        let batch = write(
            "batch.csv",
            "site,weight,grade\nBasel,3,a\nCork,,b\nOslo,999,c\nBasel,inf,a\nCork,NaN,b\nBasel,-4,a\n",
        );
        let found = profile(&batch, &schema, &bins).unwrap();
        let segment = &found.segments[0];
        assert_eq!(segment.slices, ["Basel", "Cork", "unseen values", "missing"]);
        assert_eq!(segment.rows, [3, 2, 1, 0]);
        for (sliced, whole) in segment.features.iter().zip(&found.features) {
            let sum = |parts: &[u64]| parts.iter().sum::<u64>();
            for (bin, rows) in whole.values_total().iter().enumerate() {
                assert_eq!(*rows, sliced.values.iter().map(|slice| slice[bin]).sum::<u64>());
            }
            assert_eq!(sum(&sliced.missing), sum(&whole.missing()));
            assert_eq!(sum(&sliced.unseen), sum(&whole.unseen));
            assert_eq!(sum(&sliced.low_tail), sum(&whole.low_tail));
            assert_eq!(sum(&sliced.high_tail), sum(&whole.high_tail));
        }
    }
}
