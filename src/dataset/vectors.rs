//! Columns that hold a vector in every cell: read as declared, and spread into one column a dimension where they are scored.

use super::cells::CellErrors;
use super::derived::ScoreGroup;
use super::error::{Error, Result};
use super::schema::{Column, TableSchema, ValueType};
use polars::prelude::{
    ArrayChunked, DataFrame, DataType, Float64Type, IntoSeries, ListBuilderTrait,
    ListPrimitiveChunkedBuilder, NamedFrom, PlSmallStr, Series,
};
use std::collections::HashMap;

/// The name of dimension `index` (from 1) of the vectors in `column`: `image[7]`.
fn dimension(column: &str, index: u32) -> String {
    format!("{column}[{index}]")
}

/// The column and place (from 0) that a dimension's name stands for.
fn place(name: &str) -> Option<(&str, usize)> {
    let (column, index) = name.strip_suffix(']')?.rsplit_once('[')?;
    Some((column, index.parse::<usize>().ok()?.checked_sub(1)?))
}

impl TableSchema {
    /// The numbers that a group is scored on, by name: its columns, and every dimension of its vectors.
    pub fn member_names(&self, group: &ScoreGroup) -> Vec<String> {
        let names = |column: &&Column| match column.value_type {
            ValueType::Vector(length) => {
                (1..=length).map(|index| dimension(&column.name, index)).collect()
            }
            _ => vec![column.name.clone()],
        };
        self.members(group).iter().flat_map(names).collect()
    }
}

/// The cells of `series`, lists of numbers or their JSON, as vectors of `length` numbers; a missing cell stays missing. A cell of
/// another length, or with a missing number, goes to `errors`.
pub(super) fn cast_vectors(
    series: &Series,
    column: &Column,
    length: u32,
    (first_row, errors): (u64, &mut CellErrors),
) -> Result<Series> {
    let length = length as usize;
    let name = PlSmallStr::from(column.name.as_str());
    let mut builder = ListPrimitiveChunkedBuilder::<Float64Type>::new(
        name,
        series.len(),
        series.len() * length,
        DataType::Float64,
    );
    let cells: Vec<Option<Found>> = match series.dtype() {
        DataType::String => {
            let is_null =
                |text: &str| text.is_empty() || column.null_tokens.iter().any(|t| t == text);
            let known = series.str()?.iter().map(|cell| cell.filter(|text| !is_null(text)));
            known.map(|cell| cell.map(Found::of_text)).collect()
        }
        DataType::List(item) | DataType::Array(item, _) if is_number(item) => {
            let lists = series.cast(&DataType::List(Box::new(DataType::Float64)))?;
            let cells = lists.list()?.amortized_iter();
            let found =
                cells.map(|cell| cell.map(|list| Found::of_list(list.as_ref())).transpose());
            found.collect::<Result<_>>()?
        }
        found => {
            return Err(Error::TypeDiffers {
                column: column.name.clone(),
                found: found.to_string(),
                declared: column.value_type.written().into_owned(),
            });
        }
    };
    for (row, cell) in (first_row..).zip(cells) {
        match cell {
            Some(Found::Numbers(numbers)) if numbers.len() == length => {
                builder.append_slice(&numbers);
            }
            None => builder.append_null(),
            Some(other) => {
                let expected = format!("{length} numbers, or null for the whole vector");
                errors.push(&column.name, row, &other.in_words(), expected);
                builder.append_null();
            }
        }
    }
    Ok(builder.finish().into_series().cast(&physical(length))?)
}

/// The polars type of vectors.
pub(super) fn physical(length: usize) -> DataType {
    DataType::Array(Box::new(DataType::Float64), length)
}

/// Whether a list of `item` is one of numbers; a list without any item says nothing else.
fn is_number(item: &DataType) -> bool {
    item.is_float() || item.is_integer() || *item == DataType::Null
}

/// What a cell holds.
enum Found {
    Numbers(Vec<f64>),
    Strange(String),
}

impl Found {
    fn of_list(numbers: &Series) -> Result<Self> {
        let known: Vec<f64> = numbers.f64()?.iter().flatten().collect();
        if known.len() < numbers.len() {
            return Ok(Self::Strange(format!("{} numbers and null", known.len())));
        }
        Ok(Self::Numbers(known))
    }

    fn of_text(text: &str) -> Self {
        serde_json::from_str(text).map_or_else(|_| Self::Strange(text.to_owned()), Self::Numbers)
    }

    fn in_words(&self) -> String {
        match self {
            Self::Numbers(numbers) => format!("{} numbers", numbers.len()),
            Self::Strange(text) => text.clone(),
        }
    }
}

/// The columns `names` of `frame`, in their order: those it has, and dimensions of its vectors as numbers, NaN where the vector is
/// missing.
pub(super) fn spread(frame: &DataFrame, names: &[String]) -> Result<DataFrame> {
    let mut vectors: HashMap<&str, Vec<f64>> = HashMap::new();
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        let (column, index) = match (frame.column(name), place(name)) {
            (Err(_), Some(found)) if frame.column(found.0).is_ok() => found,
            (column, _) => {
                columns.push(column?.clone());
                continue;
            }
        };
        let numbers = if let Some(numbers) = vectors.get(column) {
            numbers
        } else {
            let array = frame.column(column)?.as_materialized_series().rechunk();
            vectors.entry(column).or_insert(flat(array.array()?)?)
        };
        let length = numbers.len() / frame.height().max(1);
        let one: Vec<f64> = numbers.iter().skip(index).step_by(length.max(1)).copied().collect();
        columns.push(Series::new(name.as_str().into(), one).into());
    }
    Ok(DataFrame::new(frame.height(), columns)?)
}

/// All numbers, row after row; NaN for those of a missing vector.
fn flat(array: &ArrayChunked) -> Result<Vec<f64>> {
    let missing = array.is_null();
    let numbers = array.get_inner();
    let mut numbers: Vec<f64> =
        numbers.f64()?.iter().map(|number| number.unwrap_or(f64::NAN)).collect();
    let length = array.width();
    for (row, _) in missing.iter().enumerate().filter(|(_, missing)| *missing == Some(true)) {
        numbers[row * length..(row + 1) * length].fill(f64::NAN);
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::cells::cast;
    use crate::dataset::schema::Role;

    fn column(length: u32) -> Column {
        let value_type = ValueType::Vector(length);
        let (kind, unit, range, null_tokens) = (None, None, None, vec!["none".to_owned()]);
        let name = "e".to_owned();
        Column { name, role: Role::Embedding, value_type, kind, unit, range, null_tokens }
    }

    fn texts(cells: &[Option<&str>]) -> Series {
        Series::new("e".into(), cells)
    }

    #[test]
    fn vectors_are_spread_into_their_dimensions() {
        let mut errors = CellErrors::default();
        let series = texts(&[Some("[1, 2.5]"), None, Some("[3,4]"), Some("none"), Some("")]);
        let vectors = cast(&series, &column(2), 1, &mut errors).unwrap();
        errors.into_result().unwrap();
        assert_eq!(vectors.null_count(), 3);
        let frame = DataFrame::new(5, vec![vectors.into()]).unwrap();
        let names = ["e[2]".to_owned(), "e[1]".to_owned()];
        let found = spread(&frame, &names).unwrap();
        let values = |name: &str| -> Vec<f64> {
            found.column(name).unwrap().f64().unwrap().iter().flatten().collect()
        };
        assert_eq!((values("e[2]")[0], values("e[1]")[2], values("e[2]")[2]), (2.5, 3.0, 4.0));
        assert!(values("e[1]")[1].is_nan() && values("e[2]")[4].is_nan());
        assert!(spread(&frame, &["f[1]".to_owned()]).is_err());
    }

    #[test]
    fn another_length_and_a_missing_number_are_told_with_their_row() {
        let mut errors = CellErrors::default();
        let series = texts(&[Some("[1,2]"), Some("[1]"), Some("[1,null]"), Some("x")]);
        let _ = cast(&series, &column(2), 11, &mut errors).unwrap();
        let said = errors.into_result().unwrap_err().to_string();
        assert!(said.contains("row 12") && said.contains("1 numbers"), "{said}");
        let numbers = Series::new("e".into(), [1.0, 2.0]);
        let said =
            cast(&numbers, &column(2), 1, &mut CellErrors::default()).unwrap_err().to_string();
        assert!(said.contains("vector(2)"), "{said}");
    }
}
