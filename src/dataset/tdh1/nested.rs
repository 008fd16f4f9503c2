//! Lists, vectors, structs and maps: cells made of cells.

use super::cell::{CellError, CellProblem, Cells};
use super::logical_type::{LogicalType, StructField};
use super::source::{Source, source};
use polars::prelude::*;
use std::ops::Range;

/// Runs `encode`, reporting its errors at `row` of the outer column.
fn at_row(row: usize, encode: impl FnOnce() -> Result<(), CellError>) -> Result<(), CellError> {
    encode().map_err(|inner| CellError { row, problem: inner.problem })
}

/// Where the items of each row stand among all items of the column.
enum Extents {
    Ragged(ListChunked),
    Even(ArrayChunked),
}

impl Extents {
    /// The extents and the items of a list or fixed-size list column of one chunk.
    fn of(stored: &Series) -> Option<(Self, Series)> {
        if let Some(lists) = stored.try_list() {
            return Some((Self::Ragged(lists.clone()), lists.get_inner()));
        }
        let arrays = stored.try_array()?;
        Some((Self::Even(arrays.clone()), arrays.get_inner()))
    }

    /// The items of `row`, or `None` when the row is null.
    fn get(&self, row: usize) -> Option<Range<usize>> {
        match self {
            Self::Ragged(lists) => {
                let array = lists.downcast_as_array();
                let valid = array.validity().is_none_or(|bits| bits.get_bit(row));
                let (start, end) = array.offsets().start_end(row);
                valid.then_some(start..end)
            }
            Self::Even(arrays) => {
                let array = arrays.downcast_as_array();
                let valid = array.validity().is_none_or(|bits| bits.get_bit(row));
                valid.then(|| row * arrays.width()..(row + 1) * arrays.width())
            }
        }
    }
}

struct List {
    extents: Extents,
    items: Box<dyn Source>,
}

impl Source for List {
    fn encode(&self, rows: Range<usize>, out: &mut Cells) -> Result<(), CellError> {
        for row in rows {
            let Some(items) = self.extents.get(row) else {
                out.null();
                continue;
            };
            out.some();
            out.length(items.len());
            at_row(row, || self.items.encode(items, out))?;
        }
        Ok(())
    }
}

/// A list column; a fixed-size list is covered too.
pub(super) fn list(stored: &Series, item: &LogicalType) -> Option<Box<dyn Source>> {
    let (extents, items) = Extents::of(stored)?;
    Some(Box::new(List { extents, items: source(&items, item)? }))
}

struct Vector {
    width: u32,
    extents: Extents,
    items: Box<dyn Source>,
}

impl Source for Vector {
    fn encode(&self, rows: Range<usize>, out: &mut Cells) -> Result<(), CellError> {
        for row in rows {
            let Some(items) = self.extents.get(row) else {
                out.null();
                continue;
            };
            if items.len() != self.width as usize {
                let problem = CellProblem::Width { found: items.len(), declared: self.width };
                return Err(CellError { row, problem });
            }
            out.some();
            at_row(row, || self.items.encode(items, out))?;
        }
        Ok(())
    }
}

/// A fixed-size list column; a list whose rows all have the declared width is covered too.
pub(super) fn vector(stored: &Series, width: u32, item: &LogicalType) -> Option<Box<dyn Source>> {
    let (extents, items) = Extents::of(stored)?;
    Some(Box::new(Vector { width, extents, items: source(&items, item)? }))
}

struct Record {
    rows: StructChunked,
    fields: Vec<Box<dyn Source>>,
}

impl Source for Record {
    fn encode(&self, rows: Range<usize>, out: &mut Cells) -> Result<(), CellError> {
        let array = self.rows.downcast_as_array();
        for row in rows {
            if array.validity().is_some_and(|bits| !bits.get_bit(row)) {
                out.null();
                continue;
            }
            out.some();
            for field in &self.fields {
                field.encode(row..row + 1, out)?;
            }
        }
        Ok(())
    }
}

/// A struct column with exactly the declared fields, in any stored order.
pub(super) fn record(stored: &Series, declared: &[StructField]) -> Option<Box<dyn Source>> {
    let rows = stored.try_struct()?;
    let found = rows.fields_as_series();
    if found.len() != declared.len() {
        return None;
    }
    let fields = declared
        .iter()
        .map(|field| {
            let values = found.iter().find(|values| values.name() == field.name.as_str())?;
            source(values, &field.logical_type)
        })
        .collect::<Option<_>>()?;
    Some(Box::new(Record { rows: rows.clone(), fields }))
}

struct Map {
    extents: Extents,
    keys: Box<dyn Source>,
    values: Box<dyn Source>,
}

impl Map {
    /// Appends the entries of one row, ordered by the bytes of their keys.
    fn entries(&self, row: usize, items: Range<usize>, out: &mut Cells) -> Result<(), CellError> {
        let mut keys = Cells::default();
        let mut entries = Vec::with_capacity(items.len());
        for item in items {
            let start = keys.bytes.len();
            at_row(row, || self.keys.encode(item..item + 1, &mut keys))?;
            entries.push((start..keys.bytes.len(), item));
        }
        entries.sort_by(|left, right| keys.bytes[left.0.clone()].cmp(&keys.bytes[right.0.clone()]));
        let twice = |pair: &[(Range<usize>, usize)]| match pair {
            [left, right] => keys.bytes[left.0.clone()] == keys.bytes[right.0.clone()],
            _ => false,
        };
        if entries.windows(2).any(twice) {
            return Err(CellError { row, problem: CellProblem::KeyTwice });
        }
        out.nans += keys.nans;
        out.negative_zeros += keys.negative_zeros;
        for (key, item) in entries {
            out.bytes.extend_from_slice(&keys.bytes[key]);
            at_row(row, || self.values.encode(item..item + 1, out))?;
        }
        Ok(())
    }
}

impl Source for Map {
    fn encode(&self, rows: Range<usize>, out: &mut Cells) -> Result<(), CellError> {
        for row in rows {
            let Some(items) = self.extents.get(row) else {
                out.null();
                continue;
            };
            out.some();
            out.length(items.len());
            self.entries(row, items, out)?;
        }
        Ok(())
    }
}

/// A map column, which tables hold as a list of structs of two fields: the key, then the value.
pub(super) fn map(
    stored: &Series,
    key: &LogicalType,
    value: &LogicalType,
) -> Option<Box<dyn Source>> {
    let (extents, items) = Extents::of(stored)?;
    let fields = items.try_struct()?.fields_as_series();
    let [keys, values] = fields.as_slice() else {
        return None;
    };
    Some(Box::new(Map { extents, keys: source(keys, key)?, values: source(values, value)? }))
}
