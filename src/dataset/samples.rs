//! The values of columns, for freezing bins and for exact statistics.

use super::bins::{FeatureBins, numbers, wanted_probabilities};
use super::columns::{Columns, for_each_chunk_of};
use super::counter::FeatureCounter;
use super::error::Result;
use super::levels::LevelCounts;
use super::profile::FeatureProfile;
use super::reader::TableFile;
use super::schema::{Column, TableSchema};
use crate::statistics::parted::Parted;
use crate::statistics::selection::Selection;
use polars::prelude::{Float64Chunked, PlSmallStr, Series};
use rayon::prelude::*;
use std::borrow::Cow;

/// Values of a numeric column that are held, at most; of a longer column only the wanted order statistics are found.
pub const HELD_VALUES_MAX: usize = 1 << 20;
/// The values of one monitored column.
#[derive(Clone, Debug)]
pub enum Sample {
    /// Finite numbers in row order.
    Numbers(Runs),
    /// Finite numbers, with their order as far as bins need it.
    Parted(Runs, Parted),
    /// Of more numbers than are held: the order statistics that bins need.
    Selected(Selection),
    /// Of more numbers than are held: nothing.
    Dropped,
    /// Rows per level.
    Levels(LevelCounts),
}

/// Finite numbers in runs, which share the memory they were decoded into where nothing had to be left out.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    runs: Vec<Float64Chunked>,
    rows: usize,
}

impl Runs {
    fn extend(&mut self, numbers: &Float64Chunked) {
        for array in numbers.downcast_iter() {
            let is_whole = array.validity().is_none_or(|valid| valid.unset_bits() == 0)
                && are_finite(array.values());
            let run = if is_whole {
                Float64Chunked::with_chunk(PlSmallStr::EMPTY, array.clone().with_validity(None))
            } else {
                let finite = |value: &&f64| value.is_finite();
                let values = array.iter().flatten().filter(finite).copied().collect();
                Float64Chunked::from_vec(PlSmallStr::EMPTY, values)
            };
            self.rows += run.len();
            self.runs.push(run);
        }
    }

    /// The numbers, in row order.
    pub fn slices(&self) -> Vec<&[f64]> {
        // Every run is one array without nulls.
        self.runs.iter().filter_map(|run| run.cont_slice().ok()).collect()
    }
}

/// Whether all `values` are finite; looks at all of them, so that it needs no branch.
fn are_finite(values: &[f64]) -> bool {
    values.iter().fold(true, |all, value| all & value.is_finite())
}

/// How many numbers of a column are held, and what becomes of a column of more.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Numbers held at most: [`HELD_VALUES_MAX`], or `usize::MAX` for all of them.
    pub max: usize,
    /// What becomes of a column of more.
    pub beyond: Beyond,
}

/// What becomes of a column of more numbers than are held.
#[derive(Clone, Copy, Debug)]
pub enum Beyond {
    /// A selection, which needs further passes.
    Select,
    /// Nothing: its counts will do.
    Drop,
}

impl Beyond {
    fn sample(self) -> Sample {
        match self {
            Self::Select => Sample::Selected(Selection::default()),
            Self::Drop => Sample::Dropped,
        }
    }
}

impl Sample {
    pub(super) fn empty(column: &Column) -> Self {
        match column.kind {
            Some(kind) if kind.is_ordered() => Self::Numbers(Runs::default()),
            _ => Self::Levels(LevelCounts::default()),
        }
    }

    /// The same where the column is known to hold `finite` numbers.
    fn of_finite(column: &Column, finite: Option<u64>, held: Held) -> Self {
        match (Self::empty(column), finite) {
            (Self::Numbers(_), Some(finite)) if finite > held.max as u64 => match held.beyond {
                Beyond::Select => Self::Selected(Selection::remembering()),
                Beyond::Drop => Self::Dropped,
            },
            (empty, _) => empty,
        }
    }

    pub(super) fn visit(&mut self, series: &Series, held: Held) -> Result<()> {
        match self {
            Self::Dropped | Self::Parted(..) => {}
            Self::Levels(levels) => levels.visit(series)?,
            Self::Selected(selection) => selection.extend(&with_nan(numbers(series)?.f64()?)),
            Self::Numbers(runs) => {
                runs.extend(numbers(series)?.f64()?);
                if runs.rows > held.max {
                    let runs = std::mem::take(runs);
                    *self = held.beyond.sample();
                    if let Self::Selected(selection) = self {
                        runs.slices().iter().for_each(|run| selection.extend(run));
                    }
                }
            }
        }
        Ok(())
    }

    fn selection(&self) -> Option<&Selection> {
        match self {
            Self::Selected(selection) => Some(selection),
            _ => None,
        }
    }

    /// After a pass: counts what is held in buckets, and says whether a selection needs another pass over the same values.
    pub(super) fn is_open(&mut self) -> bool {
        match self {
            Self::Numbers(runs) => {
                let parted = Parted::of(&runs.slices(), &wanted_probabilities());
                *self = Self::Parted(std::mem::take(runs), parted);
            }
            Self::Selected(selection) => return selection.narrow(&wanted_probabilities()),
            Self::Parted(..) | Self::Levels(_) | Self::Dropped => {}
        }
        false
    }
}

/// Numbers as one run, NaN in the place of nulls.
pub(super) fn with_nan(numbers: &Float64Chunked) -> Cow<'_, [f64]> {
    if let Ok(values) = numbers.cont_slice() {
        return Cow::Borrowed(values);
    }
    let mut all = Vec::with_capacity(numbers.len());
    for array in numbers.downcast_iter() {
        match array.validity() {
            None => all.extend_from_slice(array.values()),
            Some(valid) => all.extend(
                array
                    .values()
                    .iter()
                    .zip(valid)
                    .map(|(&v, valid)| if valid { v } else { f64::NAN }),
            ),
        }
    }
    Cow::Owned(all)
}

/// Collects the values of every column of a group, in one pass and a few more for selections.
///
/// # Errors
///
/// Those of [`TableFile::for_each_typed_chunk`] where the columns are not held.
pub fn collect_samples(group: &Columns<'_>, held: Held) -> Result<Vec<Sample>> {
    let columns: Vec<&Column> = group.schema().monitored().collect();
    let empty = |column: &&Column| {
        let finite = group.finite_beyond(&column.name, held.max as u64)?;
        Ok(Sample::of_finite(column, finite, held))
    };
    let mut samples: Vec<Sample> = columns.iter().map(empty).collect::<Result<_>>()?;
    let mut open: Vec<(&Column, &mut Sample)> = columns.into_iter().zip(&mut samples).collect();
    while !open.is_empty() {
        group.for_each_series(
            &mut open,
            |(column, _)| column.name.as_str(),
            |(_, sample), series, _| sample.visit(series, held),
        )?;
        open = open.into_par_iter().filter_map(|(c, s)| s.is_open().then_some((c, s))).collect();
    }
    Ok(samples)
}

/// One column on its way: its values and its counts on `bins`, which levels need not be counted for twice.
struct Counted<'a> {
    bins: &'a FeatureBins,
    sample: Sample,
    counter: FeatureCounter<'a>,
}

impl<'a> Counted<'a> {
    fn new(column: &'a Column, bins: &'a FeatureBins, sample: Sample) -> Self {
        let counter = FeatureCounter::new(column, bins);
        let is_counted = sample.selection().is_some_and(Selection::remembers);
        let counter = if is_counted { counter.selected() } else { counter };
        Self { bins, sample, counter }
    }

    fn count(&mut self, series: &Series, offset: u64) -> Result<()> {
        match self.sample {
            Sample::Levels(_) => Ok(()),
            _ => self.counter.visit(series, offset),
        }
    }

    fn finish(self) -> (FeatureProfile, Sample) {
        let profile = match &self.sample {
            Sample::Levels(levels) => levels.profile(self.bins),
            sample => self.counter.finish(sample.selection()),
        };
        (profile, self.sample)
    }
}

/// Profiles the columns of `group` on their frozen `bins`, beside their samples; clusters and segments go across columns and are
/// not counted.
///
/// # Errors
///
/// Those of [`TableFile::for_each_typed_chunk`] where the columns are not held.
pub fn profile_columns(
    group: &Columns<'_>,
    bins: &[FeatureBins],
    samples: Vec<Sample>,
) -> Result<Vec<(FeatureProfile, Sample)>> {
    let columns = group.schema().monitored().zip(bins).zip(samples);
    let mut counted: Vec<Counted<'_>> =
        columns.map(|((column, bins), sample)| Counted::new(column, bins, sample)).collect();
    let mut open: Vec<&mut Counted<'_>> =
        counted.iter_mut().filter(|column| !matches!(column.sample, Sample::Levels(_))).collect();
    group.for_each_series(
        &mut open,
        |counted| counted.counter.column.name.as_str(),
        |counted, series, offset| counted.counter.visit(series, offset),
    )?;
    Ok(counted.into_iter().map(Counted::finish).collect())
}

/// Profiles the columns of `group`, a group of the columns of `whole`, on their frozen `bins` and samples them, at most
/// `held_max` numbers, in one pass over `file` that holds nothing else. Gives the rows too.
///
/// # Errors
///
/// Those of [`TableFile::for_each_typed_chunk`].
pub fn count_and_sample(
    file: &TableFile,
    (whole, group): (&TableSchema, &TableSchema),
    bins: &[FeatureBins],
    held_max: usize,
) -> Result<(u64, Vec<(FeatureProfile, Sample)>)> {
    let held = Held { max: held_max, beyond: Beyond::Drop };
    let columns = group.monitored().zip(bins);
    let mut counted: Vec<Counted<'_>> =
        columns.map(|(column, bins)| Counted::new(column, bins, Sample::empty(column))).collect();
    let mut offset = 0;
    let rows = for_each_chunk_of(file, (whole, group), |frame| {
        counted.par_iter_mut().try_for_each(|counted| {
            let column = frame.column(&counted.counter.column.name)?.as_materialized_series();
            counted.sample.visit(column, held)?;
            counted.count(column, offset)
        })?;
        offset += frame.height() as u64;
        Ok(())
    })?;
    Ok((rows, counted.into_par_iter().map(Counted::finish).collect()))
}
