//! A group of columns of a table, gone through several times: held in memory where it fits, read again where it does not.
//!
//! Columns of Parquet and Arrow are read group by group, each of them once, so that the memory grows neither with the columns
//! nor, beyond a group, with the rows. A text file has to be read whole every time, so that all its columns are one group.

use super::error::Result;
use super::reader::TableFile;
use super::schema::{Column, TableSchema};
use polars::prelude::DataFrame;

/// Bytes of the values of one group, at most.
const HELD_BYTES_MAX: u64 = 320 << 20;
/// Bytes taken for one value: a number takes 8, the view of a text 16.
const VALUE_BYTES: u64 = 12;

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
    let mut columns = u64::MAX;
    for file in files {
        columns = match file.rows()? {
            Some(rows) => columns.min(HELD_BYTES_MAX / VALUE_BYTES / rows.max(1)).max(1),
            None => u64::MAX,
        };
        if !file.is_columnar() {
            break;
        }
    }
    let part = |columns: &[&Column]| TableSchema {
        columns: columns.iter().map(|column| (*column).clone()).collect(),
        cluster_by: None,
        ..schema.clone()
    };
    let monitored: Vec<&Column> = schema.monitored().collect();
    let columns = usize::try_from(columns).unwrap_or(usize::MAX).min(monitored.len());
    if columns == monitored.len() {
        return Ok(vec![part(&monitored)]);
    }
    Ok(monitored.chunks(columns).map(part).collect())
}

impl<'a> Columns<'a> {
    /// Reads the columns of `group`, one of the [`groups`] of `whole`, once; holds them if they are few enough bytes.
    ///
    /// # Errors
    ///
    /// Those of [`TableFile::for_each_typed_chunk`].
    pub fn read(file: &'a TableFile, whole: &'a TableSchema, group: TableSchema) -> Result<Self> {
        // A group of all monitored columns is read with the rest, so that every cell of the table is checked.
        let all = group.columns.len() == whole.monitored().count();
        let wanted = |column: &Column| all || group.column(&column.name).is_some();
        let (mut held, mut bytes) = (Some(Vec::new()), 0);
        let rows = file.for_each_typed_chunk_of(whole, wanted, |_, frame| {
            let frame = frame.select(group.columns.iter().map(|column| column.name.as_str()))?;
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

    /// Calls `visit` with the chunks of the group in row order.
    ///
    /// # Errors
    ///
    /// Those of [`TableFile::for_each_typed_chunk`] where they are not held; any error of `visit`.
    pub fn for_each_chunk(&self, mut visit: impl FnMut(&DataFrame) -> Result<()>) -> Result<()> {
        if let Some(held) = &self.held {
            return held.iter().try_for_each(visit);
        }
        let wanted = |column: &Column| self.group.column(&column.name).is_some();
        self.file.for_each_typed_chunk_of(self.whole, wanted, |_, frame| visit(frame))?;
        Ok(())
    }
}
