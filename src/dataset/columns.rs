//! A group of columns of a table, gone through several times: held in memory where it fits, read again where it does not.
//!
//! Columns of Parquet and Arrow are read group by group, each of them once, so that the memory grows neither with the columns
//! nor, beyond a group, with the rows. A text file has to be read whole every time, so that all its columns are one group.

use super::bins::numbers;
use super::error::Result;
use super::reader::TableFile;
use super::schema::{Column, Kind, TableSchema, ValueType};
use polars::prelude::{DataFrame, Series};
use rayon::prelude::*;
use std::sync::mpsc::sync_channel;

/// Bytes of the values of one group, at most.
const HELD_BYTES_MAX: u64 = 320 << 20;
/// Bytes of the values of a group of more than two columns, at most: few, as memory that is used again costs less than new one.
const GROUP_BYTES: u64 = 80 << 20;
/// Bytes of the values of a group of two columns, at most: columns are learned beside each other, and one alone leaves a core waiting.
const PAIR_BYTES: u64 = 2 * GROUP_BYTES;

/// A group of declared columns of a table.
#[derive(Debug)]
pub struct Columns<'a> {
    file: &'a TableFile,
    whole: &'a TableSchema,
    group: TableSchema,
    rows: u64,
    held: Option<Vec<DataFrame>>,
}

/// The monitored columns of `schema` in groups, in its order, for going through all `files` together; at least one group.
///
/// # Errors
///
/// Those of [`TableFile::rows`].
pub fn groups(files: &[&TableFile], schema: &TableSchema) -> Result<Vec<TableSchema>> {
    let mut longest = 0;
    for file in files {
        longest = match file.rows()? {
            Some(rows) if file.is_columnar() => longest.max(rows),
            _ => return Ok(vec![part(schema, schema.monitored())]),
        };
    }
    let mut groups = Vec::new();
    let (mut group, mut bytes) = (Vec::new(), 0);
    for column in schema.monitored() {
        let more = longest * least_bytes_of(column);
        let most = if group.len() < 2 { PAIR_BYTES } else { GROUP_BYTES };
        if !group.is_empty() && bytes + more > most {
            groups.push(part(schema, std::mem::take(&mut group).into_iter()));
            bytes = 0;
        }
        group.push(column);
        bytes += more;
    }
    groups.push(part(schema, group.into_iter()));
    Ok(groups)
}

/// The declaration of some `columns` of `schema`.
fn part<'a>(schema: &TableSchema, columns: impl Iterator<Item = &'a Column>) -> TableSchema {
    TableSchema { columns: columns.cloned().collect(), cluster_by: None, ..schema.clone() }
}

/// Calls `visit` with the chunks of the columns of `group`, one of the [`groups`] of `whole`, and possibly more; gives the rows.
///
/// A group of all monitored columns is read with the rest, so that every cell of the table is checked.
///
/// # Errors
///
/// Those of [`TableFile::for_each_typed_chunk`].
pub(super) fn for_each_chunk_of(
    file: &TableFile,
    (whole, group): (&TableSchema, &TableSchema),
    mut visit: impl FnMut(&DataFrame) -> Result<()>,
) -> Result<u64> {
    let all = group.monitored().count() == whole.monitored().count();
    let wanted = |column: &Column| all || group.column(&column.name).is_some();
    file.for_each_typed_chunk_of(whole, wanted, |_, frame| visit(frame))
}

/// What also sees every chunk of a group as it is read, once: the number of the group and the chunk.
pub type Beside<'a> = &'a mut (dyn FnMut(usize, &DataFrame) -> Result<()> + Send);

/// The same for one group.
type See<'a> = &'a mut dyn FnMut(&DataFrame) -> Result<()>;

/// Calls `visit` with each of the `groups` of `whole` in turn, while the next one is read; `beside` sees what is read, and of the
/// first group also the columns that are not monitored.
///
/// # Errors
///
/// Those of [`Columns::read`], and any error of `visit`, after which reading stops.
pub fn for_each_group(
    file: &TableFile,
    whole: &TableSchema,
    mut groups: Vec<TableSchema>,
    mut beside: Option<Beside<'_>>,
    mut visit: impl FnMut(Columns<'_>) -> Result<()>,
) -> Result<()> {
    if let (Some(_), Some(first)) = (&beside, groups.first_mut()) {
        let monitored: Vec<&Column> = whole.monitored().collect();
        let others = whole.columns.iter().filter(|column| !monitored.contains(column));
        first.columns.extend(others.cloned());
    }
    let rows = file.rows()?;
    std::thread::scope(|scope| {
        let (send, ready) = sync_channel(0);
        scope.spawn(move || {
            for (number, group) in groups.into_iter().enumerate() {
                let mut see = beside.as_mut().map(|see| |frame: &DataFrame| see(number, frame));
                let see = see.as_mut().map(|see| see as See<'_>);
                let columns = Columns::read_beside((file, rows), (whole, group), see);
                let failed = columns.is_err();
                if send.send(columns).is_err() || failed {
                    return;
                }
            }
        });
        ready.into_iter().try_for_each(|columns| visit(columns?))
    })
}

impl<'a> Columns<'a> {
    /// Reads the columns of `group`, one of the [`groups`] of `whole`, once, and holds them; if they are too many bytes, they are
    /// read again for every pass instead.
    ///
    /// # Errors
    ///
    /// Those of [`TableFile::for_each_typed_chunk`].
    pub fn read(file: &'a TableFile, whole: &'a TableSchema, group: TableSchema) -> Result<Self> {
        Self::read_beside((file, file.rows()?), (whole, group), None)
    }

    fn read_beside(
        (file, rows): (&'a TableFile, Option<u64>),
        (whole, group): (&'a TableSchema, TableSchema),
        mut beside: Option<See<'_>>,
    ) -> Result<Self> {
        let is_long = rows.is_some_and(|rows| rows * least_bytes(&group) > HELD_BYTES_MAX);
        if let (Some(rows), true, None) = (rows, is_long, &beside) {
            return Ok(Self { file, whole, group, rows, held: None });
        }
        let (mut held, mut bytes) = ((!is_long).then(Vec::new), 0);
        let rows = for_each_chunk_of(file, (whole, &group), |frame| {
            if let Some(see) = &mut beside {
                see(frame)?;
            }
            let frame = frame.select(group.monitored().map(|column| column.name.as_str()))?;
            bytes += frame.estimated_size() as u64;
            match &mut held {
                Some(frames) if bytes <= HELD_BYTES_MAX => frames.push(frame),
                _ => held = None,
            }
            Ok(())
        })?;
        Ok(Self { file, whole, group, rows, held })
    }

    /// The declaration of the columns of the group.
    pub fn schema(&self) -> &TableSchema {
        &self.group
    }

    /// Rows of the table.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Finite numbers of the column `name`, if it is held and there can be more than `most`.
    ///
    /// # Errors
    ///
    /// When the column cannot be taken as numbers.
    pub(super) fn finite_beyond(&self, name: &str, most: u64) -> Result<Option<u64>> {
        let column = self.group.column(name).and_then(|column| column.kind);
        let Some(held) = &self.held else { return Ok(None) };
        if self.rows <= most || !column.is_some_and(Kind::is_ordered) {
            return Ok(None);
        }
        let mut finite = 0;
        for frame in held {
            finite += finite_of(frame.column(name)?.as_materialized_series())?;
        }
        Ok(Some(finite))
    }

    /// Calls `visit` for each of `tasks` with the chunks of the column that `name` says it is about, in row order, and the index
    /// of the first row of each chunk; tasks in parallel.
    ///
    /// # Errors
    ///
    /// Those of [`TableFile::for_each_typed_chunk`] where the columns are not held; any error of `visit`.
    pub(super) fn for_each_series<T: Send>(
        &self,
        tasks: &mut [T],
        name: impl Fn(&T) -> &str + Sync,
        visit: impl Fn(&mut T, &Series, u64) -> Result<()> + Sync,
    ) -> Result<()> {
        let each = |task: &mut T, frame: &DataFrame, offset: u64| -> Result<()> {
            let column = frame.column(name(task))?.as_materialized_series();
            visit(task, column, offset)
        };
        if tasks.is_empty() {
            return Ok(());
        }
        if let Some(held) = &self.held {
            return tasks.par_iter_mut().try_for_each(|task| {
                let mut offset = 0;
                held.iter().try_for_each(|frame| {
                    each(task, frame, offset)?;
                    offset += frame.height() as u64;
                    Ok(())
                })
            });
        }
        let mut offset = 0;
        for_each_chunk_of(self.file, (self.whole, &self.group), |frame| {
            tasks.par_iter_mut().try_for_each(|task| each(task, frame, offset))?;
            offset += frame.height() as u64;
            Ok(())
        })?;
        Ok(())
    }
}

/// Bytes of one row of the columns of `group`, at least.
fn least_bytes(group: &TableSchema) -> u64 {
    group.monitored().map(least_bytes_of).sum()
}

/// Bytes of one value of `column`, at least: a number takes 8, the view of a text 16.
fn least_bytes_of(column: &Column) -> u64 {
    match column.value_type {
        ValueType::Text => 16,
        ValueType::Int | ValueType::Float => 8,
        _ => 0,
    }
}

fn finite_of(series: &Series) -> Result<u64> {
    let numbers = numbers(series)?;
    let finite = numbers.f64()?.downcast_iter().map(|array| match array.validity() {
        None => array.values().iter().filter(|value| value.is_finite()).count(),
        Some(valid) => {
            let rows = array.values().iter().zip(valid);
            rows.filter(|(value, valid)| *valid && value.is_finite()).count()
        }
    });
    Ok(finite.sum::<usize>() as u64)
}
