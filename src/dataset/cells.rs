//! Text and physical columns into declared types, strictly: a cell that does not fit is an error with its row, never a null.

use super::decimals;
use super::error::{CellError, Error, Result};
use super::schema::{Column, ValueType};
use super::vectors::{self, cast_vectors};
use polars::prelude::{
    ChunkCompareEq, ChunkedArray, DataType, Int64Chunked, IntoSeries, NamedFrom, NewChunkedArray,
    PlSmallStr, Series, StringChunked, TimeUnit, TimeZone,
};
use std::borrow::Cow;

/// How many cell errors are kept in full; the rest are counted.
pub const CELL_ERRORS_MAX: usize = 20;

/// Gathers cell errors over the chunks of one file.
#[derive(Debug, Default)]
pub struct CellErrors {
    errors: Vec<CellError>,
    more: u64,
}

impl CellErrors {
    /// Adds one; beyond [`CELL_ERRORS_MAX`] it is only counted.
    pub fn push(&mut self, column: &str, row: u64, value: &str, expected: String) {
        if self.errors.len() < CELL_ERRORS_MAX {
            let value = value.chars().take(80).collect();
            self.errors.push(CellError { column: column.to_owned(), row, value, expected });
        } else {
            self.more += 1;
        }
    }

    /// Adds those of another column of the same chunk.
    pub fn append(&mut self, other: Self) {
        let room = CELL_ERRORS_MAX - self.errors.len();
        let over = other.errors.len().saturating_sub(room) as u64;
        self.errors.extend(other.errors.into_iter().take(room));
        self.more += other.more + over;
    }

    /// Fails when any cell did not fit.
    ///
    /// # Errors
    ///
    /// [`Error::Cells`] with the first ones in row order.
    pub fn into_result(mut self) -> Result<()> {
        if self.errors.is_empty() {
            return Ok(());
        }
        self.errors.sort_by_key(|e| e.row);
        Err(Error::Cells { errors: self.errors, more: self.more })
    }
}

/// `YYYY-MM-DD` as days since 1970-01-01.
pub fn parse_date(text: &str) -> Option<i64> {
    if text.len() != 10 {
        return None;
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    let epoch = jiff::civil::date(1970, 1, 1);
    Some(i64::from((date - epoch).get_days()))
}

/// `YYYY-MM-DD[T ]HH:MM[:SS[.f…]]` as microseconds since 1970-01-01T00:00; `None` with an offset or finer than 1 µs.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    if text.len() < 16 || !matches!(text.as_bytes()[10], b'T' | b' ') || has_offset(text) {
        return None;
    }
    let at: jiff::civil::DateTime = text.parse().ok()?;
    micros(jiff::tz::TimeZone::UTC.to_timestamp(at).ok()?)
}

/// The same with `Z` or `±HH:MM`, as microseconds since 1970-01-01T00:00Z.
pub fn parse_instant(text: &str) -> Option<i64> {
    if text.len() < 17 || !matches!(text.as_bytes()[10], b'T' | b' ') || !has_offset(text) {
        return None;
    }
    micros(text.parse().ok()?)
}

fn has_offset(text: &str) -> bool {
    text.ends_with(['Z', 'z']) || text.get(11..).is_some_and(|time| time.contains(['+', '-']))
}

fn micros(at: jiff::Timestamp) -> Option<i64> {
    (at.subsec_nanosecond() % 1_000 == 0).then(|| at.as_microsecond())
}

/// A whole number as text: no leading zeros (those are codes), within 64 bits.
pub fn parse_int(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    text.parse().ok()
}

/// A binary64 number as text; `NaN`, `inf` and `-inf` are numbers here.
pub fn parse_float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit() {
        return None;
    }
    text.parse().ok()
}

/// true or false, in lower, title or upper case.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Where the cells of a chunk stand, and how its numbers are written.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Number of its first row, from 1.
    pub first_row: u64,
    /// What stands before decimals in text.
    pub decimal: char,
}

impl From<u64> for Place {
    fn from(first_row: u64) -> Self {
        Self { first_row, decimal: '.' }
    }
}

/// `text` with a decimal point where it is written with the sign `decimal`; nothing where it has the other sign.
pub(super) fn with_point(text: &str, decimal: char) -> Option<Cow<'_, str>> {
    match decimal {
        '.' => Some(Cow::Borrowed(text)),
        _ if text.contains('.') => None,
        sign => Some(Cow::Owned(text.replacen(sign, ".", 1))),
    }
}

/// A whole number, also one written with a fraction of zeros: a table of whole numbers with missing ones is saved so.
fn parse_whole(text: &str) -> Option<i64> {
    let (whole, zeros) = text.split_once('.').unwrap_or((text, "0"));
    (!zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0')).then(|| parse_int(whole))?
}

/// Where a column's cells stand and where their errors go.
struct Cells<'a> {
    column: &'a Column,
    first_row: u64,
    decimal: char,
    errors: &'a mut CellErrors,
}

impl Cells<'_> {
    /// What to do about a cell that is not of the declared type.
    fn remedy(&self, cell: &str) -> String {
        let is_number = parse_float(cell).is_some();
        match self.column.value_type {
            ValueType::Int if is_number => {
                "declare the column as `float` where it is no whole number, or fix the row"
                    .to_owned()
            }
            ValueType::Int | ValueType::Float
                if self.decimal == '.' && parse_float(&cell.replacen(',', ".", 1)).is_some() =>
            {
                "write a decimal point, or declare `\"decimal\": \",\"` under `csv` in the schema"
                    .to_owned()
            }
            _ => format!("declare `{cell}` as a null token or fix the row"),
        }
    }

    fn is_null(&self, text: &str) -> bool {
        (text.is_empty() && self.column.value_type != ValueType::Text)
            || self.column.null_tokens.iter().any(|token| token == text)
    }

    fn parse<T>(
        &mut self,
        text: &StringChunked,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<Option<T>> {
        let is_text = matches!(self.column.value_type, ValueType::Text | ValueType::Other);
        let mut out = Vec::with_capacity(text.len());
        for (index, cell) in text.iter().enumerate() {
            // Spaces beside a value are no part of it, except of a text.
            let cell = cell.map(|cell| if is_text { cell } else { cell.trim_matches([' ', '\t']) });
            let Some(cell) = cell.filter(|cell| !self.is_null(cell)) else {
                out.push(None);
                continue;
            };
            let value = parse(cell);
            if value.is_none() {
                let what = self.column.value_type.word();
                let hint = format!("{what}; {}", self.remedy(cell));
                self.errors.push(&self.column.name, self.first_row + index as u64, cell, hint);
            }
            out.push(value);
        }
        out
    }
}

/// Casts the physical `series` of a file to its declaration; `place` is the number of its first row (from 1), with the decimal
/// sign where that is not the point.
///
/// # Errors
///
/// [`Error::TypeDiffers`] when the physical type cannot hold the declared values; single cells go to `errors`.
pub fn cast(
    series: &Series,
    column: &Column,
    place: impl Into<Place>,
    errors: &mut CellErrors,
) -> Result<Series> {
    let Place { first_row, decimal } = place.into();
    let name = PlSmallStr::from(column.name.as_str());
    if let ValueType::Vector(length) = column.value_type
        && *series.dtype() != DataType::Null
    {
        return cast_vectors(series, column, length, (first_row, errors));
    }
    let mut cells = Cells { column, first_row, decimal, errors };
    let out = match series.dtype() {
        DataType::String => cast_text(series.str()?, &name, &mut cells)?,
        DataType::Categorical(..) | DataType::Enum(..) => {
            cast_text(series.cast(&DataType::String)?.str()?, &name, &mut cells)?
        }
        DataType::Null => series.cast(&physical(column.value_type))?,
        _ if column.value_type == ValueType::Other => series.clone(),
        found => cast_typed(series, found, &mut cells)?,
    };
    check_range(&out, column, first_row, errors)?;
    Ok(out)
}

fn cast_text(text: &StringChunked, name: &PlSmallStr, cells: &mut Cells<'_>) -> Result<Series> {
    let (name, sign) = (name.clone(), cells.decimal);
    Ok(match cells.column.value_type {
        ValueType::Text | ValueType::Other if cells.column.null_tokens.is_empty() => {
            text.clone().into_series()
        }
        ValueType::Text | ValueType::Other => {
            Series::new(name, cells.parse(text, |t| Some(t.to_owned())))
        }
        ValueType::Bool => Series::new(name, cells.parse(text, parse_bool)),
        ValueType::Int => {
            Series::new(name, cells.parse(text, |t| parse_whole(&with_point(t, sign)?)))
        }
        ValueType::Float => {
            Series::new(name, cells.parse(text, |t| parse_float(&with_point(t, sign)?)))
        }
        ValueType::Null | ValueType::Vector(_) => {
            let none: Vec<Option<bool>> = cells.parse(text, |_| None);
            Series::new(name, none).cast(&DataType::Null)?
        }
        ValueType::Date => {
            let days = cells.parse(text, |t| parse_date(t).and_then(|d| i32::try_from(d).ok()));
            Series::new(name, days).cast(&DataType::Date)?
        }
        ValueType::Timestamp => micros_series(name, cells.parse(text, parse_timestamp), None),
        ValueType::Instant => {
            micros_series(name, cells.parse(text, parse_instant), Some(TimeZone::UTC))
        }
    })
}

fn micros_series(name: PlSmallStr, micros: Vec<Option<i64>>, zone: Option<TimeZone>) -> Series {
    let micros: Int64Chunked = ChunkedArray::from_slice_options(name, &micros);
    micros.into_datetime(TimeUnit::Microseconds, zone).into_series()
}

/// The polars type of declared values.
fn physical(value_type: ValueType) -> DataType {
    match value_type {
        ValueType::Bool => DataType::Boolean,
        ValueType::Int => DataType::Int64,
        ValueType::Float => DataType::Float64,
        ValueType::Text => DataType::String,
        ValueType::Date => DataType::Date,
        ValueType::Timestamp => DataType::Datetime(TimeUnit::Microseconds, None),
        ValueType::Instant => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
        ValueType::Vector(length) => vectors::physical(length as usize),
        ValueType::Null | ValueType::Other => DataType::Null,
    }
}

fn cast_typed(series: &Series, found: &DataType, cells: &mut Cells<'_>) -> Result<Series> {
    let differs = || Error::TypeDiffers {
        column: cells.column.name.clone(),
        found: found.to_string(),
        declared: cells.column.value_type.word().to_owned(),
    };
    match (cells.column.value_type, found) {
        (ValueType::Bool, DataType::Boolean) | (ValueType::Date, DataType::Date) => {
            Ok(series.clone())
        }
        (ValueType::Timestamp, DataType::Datetime(_, None))
        | (ValueType::Instant, DataType::Datetime(_, Some(_))) => Ok(series.clone()),
        (ValueType::Int, _) if found.is_integer() => {
            let out = series.cast(&DataType::Int64)?;
            lossless(series, &out, cells);
            Ok(out)
        }
        (ValueType::Float, DataType::Decimal(_, scale)) => decimals::to_floats(series, *scale),
        (ValueType::Int, DataType::Decimal(_, scale)) => whole_decimals(series, *scale, cells),
        (ValueType::Float, _) if found.is_float() => Ok(series.cast(&DataType::Float64)?),
        (ValueType::Float, _) if found.is_integer() => {
            let out = series.cast(&DataType::Float64)?;
            lossless(series, &out.cast(found)?, cells);
            Ok(out)
        }
        (ValueType::Int, DataType::Float32 | DataType::Float64) => {
            let wide = series.cast(&DataType::Float64)?;
            let out = wide.cast(&DataType::Int64)?;
            lossless(&wide, &out.cast(&DataType::Float64)?, cells);
            Ok(out)
        }
        (ValueType::Null, _) if series.null_count() == series.len() => {
            Ok(series.cast(&DataType::Null)?)
        }
        _ => Err(differs()),
    }
}

/// Decimals whose fraction is zero, as a declared whole number may be written in text.
fn whole_decimals(series: &Series, scale: usize, cells: &mut Cells<'_>) -> Result<Series> {
    let mut out = Vec::with_capacity(series.len());
    for (index, value) in decimals::unscaled(series)?.enumerate() {
        let whole = value.and_then(|value| decimals::whole(value, scale));
        if let (Some(value), None) = (value, whole) {
            let cell = decimals::written(value, scale);
            let what = format!("{}; {}", ValueType::Int.word(), cells.remedy(&cell));
            cells.errors.push(&cells.column.name, cells.first_row + index as u64, &cell, what);
        }
        out.push(whole);
    }
    Ok(Int64Chunked::from_slice_options(series.name().clone(), &out).into_series())
}

/// Records every cell that `after` holds differently from `before`: nothing is coerced silently.
fn lossless(before: &Series, after: &Series, cells: &mut Cells<'_>) {
    let same = before.equal_missing(after);
    if same.as_ref().is_ok_and(|mask| mask.all()) {
        return;
    }
    for index in 0..before.len() {
        let (Ok(old), Ok(new)) = (before.get(index), after.get(index)) else { continue };
        let equal = old.is_null() == new.is_null()
            && (old.is_null()
                || old.to_string() == new.to_string()
                || as_f64(&old) == as_f64(&new));
        if !equal {
            let what = format!("{} that is held exactly", cells.column.value_type.word());
            cells.errors.push(
                &cells.column.name,
                cells.first_row + index as u64,
                &old.to_string(),
                what,
            );
        }
    }
}

fn as_f64(value: &polars::prelude::AnyValue<'_>) -> Option<f64> {
    value.extract::<f64>()
}

fn check_range(
    series: &Series,
    column: &Column,
    first_row: u64,
    errors: &mut CellErrors,
) -> Result<()> {
    let Some([low, high]) = column.range else { return Ok(()) };
    if !matches!(column.value_type, ValueType::Int | ValueType::Float) {
        return Ok(());
    }
    for (index, value) in series.cast(&DataType::Float64)?.f64()?.iter().enumerate() {
        if let Some(value) = value
            && !value.is_nan()
            && !(low..=high).contains(&value)
        {
            let expected =
                format!("a value from {low} to {high}; fix the row or widen the declared range");
            errors.push(&column.name, first_row + index as u64, &value.to_string(), expected);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_parse_by_fixed_rules() {
        assert_eq!(parse_int("-12"), Some(-12));
        assert_eq!(parse_int("007"), None);
        assert_eq!(parse_float("1e-3"), Some(0.001));
        assert_eq!(parse_float("00.5"), None);
        assert_eq!(parse_bool("True"), Some(true));
        assert_eq!(parse_date("1970-01-02"), Some(1));
        assert_eq!(parse_date("1969-12-31"), Some(-1));
        assert_eq!(parse_date("1970-1-2"), None);
        assert_eq!(parse_timestamp("1970-01-01 00:00:01"), Some(1_000_000));
        assert_eq!(parse_timestamp("1970-01-01T00:00:01Z"), None);
        assert_eq!(parse_instant("1970-01-01T01:00:00.5+01:00"), Some(500_000));
        assert_eq!(parse_instant("1970-01-01T00:00:00.0000001Z"), None);
    }

    #[test]
    fn declared_whole_numbers_may_have_zeros_behind_the_sign_and_numbers_spaces_around() {
        let column = |value_type| Column {
            name: "a".to_owned(),
            role: crate::dataset::schema::Role::Feature,
            value_type,
            kind: None,
            unit: None,
            range: None,
            null_tokens: vec!["NA".to_owned()],
        };
        let read = |value_type, decimal, cells: &[&str]| {
            let mut errors = CellErrors::default();
            let series = Series::new("a".into(), cells);
            let place = Place { first_row: 1, decimal };
            let cast = cast(&series, &column(value_type), place, &mut errors).unwrap();
            errors.into_result().map(|()| cast)
        };
        let whole = read(ValueType::Int, '.', &["45.0", " 7", "NA ", "-3.00"]).unwrap();
        let whole: Vec<_> = whole.i64().unwrap().iter().collect();
        assert_eq!(whole, [Some(45), Some(7), None, Some(-3)]);
        let said = read(ValueType::Int, '.', &["45.5"]).unwrap_err().to_string();
        assert!(said.contains("`45.5` in row 1") && said.contains("`float`"), "{said}");
        let number = read(ValueType::Float, ',', &["1,5", "2", ""]).unwrap();
        assert_eq!(number.f64().unwrap().iter().collect::<Vec<_>>(), [Some(1.5), Some(2.0), None]);
        assert!(read(ValueType::Float, ',', &["1.5"]).is_err());
        let said = read(ValueType::Float, '.', &["1,5"]).unwrap_err().to_string();
        assert!(said.contains("decimal"), "{said}");
    }
}
