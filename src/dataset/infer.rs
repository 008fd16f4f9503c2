//! A column declaration to start from: types by fixed rules over every value, kinds by the number of distinct values.
//!
//! Types are tried in the order boolean, whole number, number, date, timestamp, instant; a text column is one where some
//! value fits none of them. Of a typed format only what can still change the answer is read. A whole-number column of more than 20 distinct values is continuous; text that never repeats in
//! the first 100 000 rows (at least 20) is an id. Whole numbers beyond ±2⁵³ are told apart by no 64-bit float, so that they are
//! treated as text is: an id where they never repeat, else categories; those of more than 64 bits are left out.

use super::cells::{
    parse_bool, parse_date, parse_float, parse_instant, parse_int, parse_timestamp,
};
use super::error::{Error, Result};
use super::reader::{TableFile, Wanted};
use super::schema::{Column, CsvContract, Kind, Role, TableSchema, ValueType};
use ahash::{AHashSet, RandomState};
use polars::prelude::{DataType, Series};
use rayon::prelude::*;
use std::hash::Hash;

/// Distinct whole numbers up to which a column is a count and not continuous.
pub const COUNT_VALUES_MAX: usize = 20;
/// Whole numbers up to this one, of either sign, are 64-bit floats without rounding.
const WHOLE_MAX: u64 = 1 << 53;
const DISTINCT_MAX: usize = 100_000;
const ID_ROWS_MIN: usize = 20;
/// First rows of a typed format, which settle most columns.
const HEAD_ROWS: u32 = 1 << 17;
const TEXT_TYPES: [ValueType; 6] = [
    ValueType::Bool,
    ValueType::Int,
    ValueType::Float,
    ValueType::Date,
    ValueType::Timestamp,
    ValueType::Instant,
];

/// What has been seen of one column.
#[derive(Debug)]
struct Seen {
    name: String,
    value_type: Option<ValueType>,
    /// Whether text may stand for another type, as in CSV.
    parse_text: bool,
    possible: Vec<ValueType>,
    sizes: Sizes,
    values: u64,
    repeated: bool,
    distinct: AHashSet<u64>,
}

/// What sizes the numbers of a column have.
#[derive(Debug, Default)]
struct Sizes {
    /// Whether a value is a whole number beyond ±2⁵³.
    beyond: bool,
    /// Whether a value is beyond 64 bits with a sign.
    unsigned: bool,
    /// Whether a value is other than a whole number, if it had to be known.
    fractions: bool,
}

impl Seen {
    fn new(name: String, dtype: &DataType, parse_text: bool) -> Self {
        let value_type = match dtype {
            DataType::String | DataType::Null | DataType::Categorical(..) | DataType::Enum(..) => {
                None
            }
            DataType::Boolean => Some(ValueType::Bool),
            DataType::Date => Some(ValueType::Date),
            DataType::Datetime(_, None) => Some(ValueType::Timestamp),
            DataType::Datetime(_, Some(_)) => Some(ValueType::Instant),
            d if d.is_integer() => Some(ValueType::Int),
            d if d.is_float() => Some(ValueType::Float),
            _ => Some(ValueType::Other),
        };
        let possible = if parse_text { TEXT_TYPES.to_vec() } else { Vec::new() };
        Self {
            name,
            value_type,
            parse_text,
            possible,
            sizes: Sizes::default(),
            values: 0,
            repeated: false,
            distinct: AHashSet::new(),
        }
    }

    /// Whether more values of a typed format cannot change the declaration.
    fn is_settled(&self) -> bool {
        let distinct = self.distinct.len();
        match self.value_type {
            _ if self.parse_text => false,
            None => distinct >= DISTINCT_MAX || (self.repeated && distinct > 2),
            Some(ValueType::Int) => distinct > COUNT_VALUES_MAX,
            Some(_) => true,
        }
    }

    fn start_again(&mut self) {
        (self.values, self.repeated) = (0, false);
        self.distinct.clear();
    }

    fn count(&mut self, value: &impl Hash) {
        self.values += 1;
        if self.distinct.len() < DISTINCT_MAX {
            let hash = RandomState::with_seeds(1, 2, 3, 4).hash_one(value);
            self.repeated |= !self.distinct.insert(hash);
        }
    }

    fn visit(&mut self, series: &Series) -> Result<()> {
        match series.dtype() {
            DataType::String => {
                for text in series.str()?.iter().flatten() {
                    self.count(&text);
                    self.possible.retain(|&t| fits(t, text));
                    self.see_size(text);
                }
            }
            DataType::Categorical(..) | DataType::Enum(..) => {
                self.visit(&series.cast(&DataType::String)?)?;
            }
            d if d.is_integer() => {
                let signed = series.cast(&DataType::Int64)?;
                self.sizes.unsigned |= signed.null_count() > series.null_count();
                for value in signed.i64()?.iter().flatten() {
                    self.count(&value);
                    self.sizes.beyond |= value.unsigned_abs() > WHOLE_MAX;
                }
            }
            _ => self.values += (series.len() - series.null_count()) as u64,
        }
        Ok(())
    }

    /// Sees whether the text is a whole number that is too large, as long as numbers are possible.
    fn see_size(&mut self, text: &str) {
        let digits = || text.strip_prefix('-').unwrap_or(text);
        let is_whole = || digits().bytes().all(|byte| byte.is_ascii_digit());
        match self.possible.first() {
            Some(ValueType::Int) if text.len() >= 16 => {
                self.sizes.beyond |= parse_int(text).is_some_and(|n| n.unsigned_abs() > WHOLE_MAX);
            }
            Some(ValueType::Float) if !self.sizes.fractions => {
                self.sizes.fractions = !is_whole();
                self.sizes.beyond |= digits().len() > 18;
            }
            _ => {}
        }
    }

    fn declare(&self) -> Column {
        let value_type = self.value_type.unwrap_or(match (self.values, self.possible.first()) {
            (0, _) => ValueType::Null,
            (_, Some(&first)) => first,
            (_, None) => ValueType::Text,
        });
        let value_type = if self.sizes.unsigned { ValueType::Other } else { value_type };
        let all_distinct = !self.repeated && self.values as usize >= ID_ROWS_MIN;
        let distinct = self.distinct.len();
        let (role, kind) = match value_type {
            ValueType::Date | ValueType::Timestamp | ValueType::Instant => (Role::Time, None),
            ValueType::Vector(_) | ValueType::Other => (Role::Ignore, None),
            ValueType::Text if all_distinct => (Role::Id, None),
            ValueType::Int if self.sizes.beyond && all_distinct => (Role::Id, None),
            ValueType::Int if self.sizes.beyond => {
                (Role::Feature, Some(few(distinct, Kind::Categorical)))
            }
            ValueType::Text => (Role::Feature, Some(few(distinct, Kind::Categorical))),
            ValueType::Bool => (Role::Feature, Some(Kind::Binary)),
            ValueType::Int if distinct > COUNT_VALUES_MAX => {
                (Role::Feature, Some(Kind::Continuous))
            }
            ValueType::Int => (Role::Feature, Some(few(distinct, Kind::Count))),
            // whole numbers of more than 64 bits
            ValueType::Float if self.sizes.beyond && !self.sizes.fractions => (Role::Ignore, None),
            ValueType::Float | ValueType::Null => (Role::Feature, Some(Kind::Continuous)),
        };
        let name = self.name.clone();
        Column { name, role, value_type, kind, unit: None, range: None, null_tokens: Vec::new() }
    }
}

fn few(distinct: usize, otherwise: Kind) -> Kind {
    if distinct == 2 { Kind::Binary } else { otherwise }
}

fn fits(value_type: ValueType, text: &str) -> bool {
    match value_type {
        ValueType::Bool => parse_bool(text).is_some(),
        ValueType::Int => parse_int(text).is_some(),
        ValueType::Float => parse_float(text).is_some(),
        ValueType::Date => parse_date(text).is_some(),
        ValueType::Timestamp => parse_timestamp(text).is_some(),
        ValueType::Instant => parse_instant(text).is_some(),
        ValueType::Text | ValueType::Null | ValueType::Vector(_) | ValueType::Other => true,
    }
}

/// Infers the declaration of the table in `file`.
///
/// # Errors
///
/// Those of [`TableFile::for_each_chunk`]; [`Error::NoRows`] for a table without rows.
pub fn infer(file: &TableFile) -> Result<TableSchema> {
    let mut seen = seen_of(file)?;
    let rows = if let Some(rows) = file.rows()? {
        for rows_max in [Some(HEAD_ROWS), None] {
            let open = seen.iter_mut().filter(|seen| !seen.is_settled()).collect();
            see(file, open, rows_max)?;
        }
        rows
    } else {
        see(file, seen.iter_mut().collect(), None)?
    };
    if rows == 0 {
        return Err(Error::NoRows { path: file.path().display().to_string() });
    }
    Ok(TableSchema::new(seen.iter().map(Seen::declare).collect()))
}

/// The declaration that the first rows alone suggest; what is declared may not fit later rows.
///
/// # Errors
///
/// Those of [`TableFile::for_each_chunk`].
pub(super) fn infer_head(file: &TableFile) -> Result<TableSchema> {
    let mut seen = seen_of(file)?;
    see(file, seen.iter_mut().collect(), Some(HEAD_ROWS))?;
    Ok(TableSchema::new(seen.iter().map(Seen::declare).collect()))
}

fn seen_of(file: &TableFile) -> Result<Vec<Seen>> {
    let physical = file.physical_columns(&CsvContract::default())?;
    let columns = physical.into_iter().map(|(name, dtype)| {
        // Text of CSV, of JSON and of folder names may stand for another type; text of a typed format is text.
        let parse_text = file.is_text(&name);
        Seen::new(name, &dtype, parse_text)
    });
    Ok(columns.collect())
}

/// Sees the values of the columns `open`, in a pass of their own; the rows read.
fn see(file: &TableFile, mut open: Vec<&mut Seen>, rows_max: Option<u32>) -> Result<u64> {
    if open.is_empty() {
        return Ok(0);
    }
    let names: Vec<String> = open.iter().map(|seen| seen.name.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    open.iter_mut().for_each(|seen| seen.start_again());
    let wanted = Wanted { columns: Some(&names), rows_max };
    file.for_each_chunk_of(&CsvContract::default(), &wanted, |_, frame| {
        open.par_iter_mut()
            .zip(frame.columns())
            .try_for_each(|(seen, column)| seen.visit(column.as_materialized_series()))
    })
}

/// One declaration under which two tables with inferred schemas can both be read: `reference` decides roles and kinds.
///
/// Where types differ the wider one is taken (null → any, whole number → number); otherwise text. A column of the batch alone
/// has nothing to be compared with and is declared `ignore`.
pub fn unify(reference: &TableSchema, batch: &TableSchema) -> TableSchema {
    let mut unified = reference.clone();
    for column in &mut unified.columns {
        let Some(other) = batch.column(&column.name) else { continue };
        let wider = match (column.value_type, other.value_type) {
            (a, b) if a == b => continue,
            (a, ValueType::Null) => a,
            (ValueType::Null, b) => {
                (column.role, column.kind) = (other.role, other.kind);
                b
            }
            (ValueType::Int, ValueType::Float) | (ValueType::Float, ValueType::Int) => {
                ValueType::Float
            }
            _ => ValueType::Text,
        };
        column.value_type = wider;
        if wider == ValueType::Text && column.role.is_monitored() {
            column.kind = Some(Kind::Categorical);
        }
    }
    let only_in_batch = batch.columns.iter().filter(|c| reference.column(&c.name).is_none());
    unified.columns.extend(only_in_batch.map(|column| Column {
        role: Role::Ignore,
        kind: None,
        ..column.clone()
    }));
    unified
}
