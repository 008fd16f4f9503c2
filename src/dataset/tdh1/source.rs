//! From one stored column to encoded cells, without a value object per cell.

use super::LogicalType;
use super::cell::{CellError, CellProblem, Cells};
use super::nested;
use polars::prelude::*;
use std::ops::Range;

/// A stored column that can write any range of its rows as cells of its declared type.
pub(super) trait Source: Send + Sync {
    /// Appends the cells of `rows` to `out`; on an error `out` is left with an unfinished cell.
    fn encode(&self, rows: Range<usize>, out: &mut Cells) -> Result<(), CellError>;
}

/// Reads `stored` as `declared`, or `None` when its stored type is not covered by the declared one.
///
/// `stored` must be one chunk. A column stored without any type (all null) is covered by every declared type.
pub(super) fn source(stored: &Series, declared: &LogicalType) -> Option<Box<dyn Source>> {
    if *stored.dtype() == DataType::Null {
        return Some(Box::new(Nulls));
    }
    Some(match declared {
        LogicalType::Null if stored.null_count() == stored.len() => Box::new(Nulls),
        LogicalType::Null => return None,
        LogicalType::Bool => Box::new(Bools { values: stored.try_bool()?.clone() }),
        LogicalType::Int => return ints(stored),
        LogicalType::Float => return floats(stored),
        LogicalType::Decimal { scale } => decimals(stored, *scale)?,
        LogicalType::Utf8 => return texts(stored),
        LogicalType::Bytes => Box::new(Blobs { values: stored.try_binary()?.clone() }),
        LogicalType::Date => scaled(stored.try_date()?.physical(), 1),
        LogicalType::Time => scaled(stored.try_time()?.physical(), 1),
        LogicalType::TimestampLocal | LogicalType::TimestampInstant => {
            let values = stored.try_datetime()?;
            let zoned = values.time_zone().is_some();
            if zoned != (*declared == LogicalType::TimestampInstant) {
                return None;
            }
            scaled(values.physical(), nanoseconds(values.time_unit()))
        }
        LogicalType::Duration => {
            let values = stored.try_duration()?;
            scaled(values.physical(), nanoseconds(values.time_unit()))
        }
        LogicalType::List(item) => nested::list(stored, item)?,
        LogicalType::Struct(fields) => nested::record(stored, fields)?,
        LogicalType::Map { key, value } => nested::map(stored, key, value)?,
        LogicalType::Vector { width, item } => nested::vector(stored, *width, item)?,
    })
}

/// Nanoseconds in one stored unit of time.
fn nanoseconds(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Nanoseconds => 1,
        TimeUnit::Microseconds => 1_000,
        TimeUnit::Milliseconds => 1_000_000,
    }
}

struct Nulls;

impl Source for Nulls {
    fn encode(&self, rows: Range<usize>, out: &mut Cells) -> Result<(), CellError> {
        rows.for_each(|_row| out.null());
        Ok(())
    }
}

/// Numbers of one stored width, with what writes one of them.
struct Numbers<T: PolarsNumericType, W> {
    values: ChunkedArray<T>,
    write: W,
}

impl<T, W> Source for Numbers<T, W>
where
    T: PolarsNumericType,
    W: Fn(T::Native, &mut Cells) -> Result<(), CellProblem> + Send + Sync,
{
    fn encode(&self, rows: Range<usize>, out: &mut Cells) -> Result<(), CellError> {
        let array = self.values.downcast_as_array();
        let valid = array.validity().filter(|bits| bits.unset_bits() > 0);
        let values = &array.values()[rows.clone()];
        for (row, value) in rows.zip(values) {
            if valid.is_some_and(|bits| !bits.get_bit(row)) {
                out.null();
            } else {
                (self.write)(*value, out).map_err(|problem| CellError { row, problem })?;
            }
        }
        Ok(())
    }
}

fn numbers<T, W>(values: &ChunkedArray<T>, write: W) -> Box<dyn Source>
where
    T: PolarsNumericType,
    W: Fn(T::Native, &mut Cells) -> Result<(), CellProblem> + Send + Sync + 'static,
{
    Box::new(Numbers { values: values.clone(), write })
}

/// Whole numbers, times and dates: the stored number times `factor`.
fn scaled<T>(values: &ChunkedArray<T>, factor: i128) -> Box<dyn Source>
where
    T: PolarsNumericType<Native: Into<i128>>,
{
    if factor == 1 {
        return numbers(values, |value, out| {
            out.int(value.into());
            Ok(())
        });
    }
    // 64-bit counts of milliseconds times a million stay far below 128 bits.
    numbers(values, move |value, out| {
        out.int(value.into() * factor);
        Ok(())
    })
}

fn ints(stored: &Series) -> Option<Box<dyn Source>> {
    Some(match stored.dtype() {
        DataType::Int8 => scaled(stored.try_i8()?, 1),
        DataType::Int16 => scaled(stored.try_i16()?, 1),
        DataType::Int32 => scaled(stored.try_i32()?, 1),
        DataType::Int64 => scaled(stored.try_i64()?, 1),
        DataType::Int128 => scaled(stored.try_i128()?, 1),
        DataType::UInt8 => scaled(stored.try_u8()?, 1),
        DataType::UInt16 => scaled(stored.try_u16()?, 1),
        DataType::UInt32 => scaled(stored.try_u32()?, 1),
        DataType::UInt64 => scaled(stored.try_u64()?, 1),
        _ => return None,
    })
}

fn floats(stored: &Series) -> Option<Box<dyn Source>> {
    if let Some(values) = stored.try_f64() {
        return Some(Box::new(Floats { values: values.clone() }));
    }
    Some(numbers(stored.try_f32()?, |value, out| {
        out.float(f64::from(value));
        Ok(())
    }))
}

struct Floats {
    values: Float64Chunked,
}

impl Source for Floats {
    fn encode(&self, rows: Range<usize>, out: &mut Cells) -> Result<(), CellError> {
        let array = self.values.downcast_as_array();
        let (values, mut from) = (array.values(), rows.start);
        if let Some(valid) = array.validity().filter(|bits| bits.unset_bits() > 0) {
            for null in rows.clone().filter(|&row| !valid.get_bit(row)) {
                out.floats(&values[from..null]);
                out.null();
                from = null + 1;
            }
        }
        out.floats(&values[from..rows.end]);
        Ok(())
    }
}

fn decimals(stored: &Series, declared: u8) -> Option<Box<dyn Source>> {
    let values = stored.try_decimal()?;
    let found = u8::try_from(values.scale()).ok()?;
    Some(numbers(values.physical(), move |value, out| out.decimal(value, found, declared)))
}

struct Bools {
    values: BooleanChunked,
}

impl Source for Bools {
    fn encode(&self, rows: Range<usize>, out: &mut Cells) -> Result<(), CellError> {
        let array = self.values.downcast_as_array();
        for row in rows {
            match array.get(row) {
                Some(value) => out.bool(value),
                None => out.null(),
            }
        }
        Ok(())
    }
}

struct Texts {
    values: StringChunked,
}

impl Source for Texts {
    fn encode(&self, rows: Range<usize>, out: &mut Cells) -> Result<(), CellError> {
        let array = self.values.downcast_as_array();
        let valid = self.values.iter_validities().next().flatten();
        let valid = valid.filter(|bits| bits.unset_bits() > 0);
        for (row, view) in rows.clone().zip(&array.views()[rows]) {
            if valid.is_some_and(|bits| !bits.get_bit(row)) {
                out.null();
            } else if view.is_inline() {
                out.short_text(view.as_u128());
            } else {
                out.bytes(array.value(row).as_bytes());
            }
        }
        Ok(())
    }
}

struct Blobs {
    values: BinaryChunked,
}

impl Source for Blobs {
    fn encode(&self, rows: Range<usize>, out: &mut Cells) -> Result<(), CellError> {
        let array = self.values.downcast_as_array();
        for row in rows {
            match array.get(row) {
                Some(value) => out.bytes(value),
                None => out.null(),
            }
        }
        Ok(())
    }
}

/// Text, or the text of each category code.
fn texts(stored: &Series) -> Option<Box<dyn Source>> {
    if let Some(values) = stored.try_str() {
        return Some(Box::new(Texts { values: values.clone() }));
    }
    if let Some(values) = stored.try_cat8() {
        return Some(categories(values));
    }
    if let Some(values) = stored.try_cat16() {
        return Some(categories(values));
    }
    stored.try_cat32().map(categories)
}

fn categories<T>(values: &CategoricalChunked<T>) -> Box<dyn Source>
where
    T: PolarsCategoricalType<Native: Into<u32>>,
{
    let mapping = Arc::clone(values.get_mapping());
    numbers(values.physical(), move |code, out| {
        let code = code.into();
        let text = mapping.cat_to_str(code).ok_or(CellProblem::CategoryUnknown { code })?;
        out.bytes(text.as_bytes());
        Ok(())
    })
}
