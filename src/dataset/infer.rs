//! A column declaration to start from: types by fixed rules over every value, kinds by the number of distinct values.
//!
//! Types are tried in the order boolean, whole number, number, date, timestamp, instant; a text column is one where some
//! value fits none of them. Of a typed format only what can still change the answer is read. A whole-number column of more
//! than 20 distinct values is continuous; text that never repeats in the first 100 000 rows (at least 20) is an id. Whole
//! numbers beyond ±2⁵³ are told apart by no 64-bit float, so that they are treated as text is: an id where they never repeat,
//! else categories. Beside values of another type, the words of [`MISSING_WORDS`](super::dialect::MISSING_WORDS) are declared as
//! null tokens. A column called `prediction` or `probability` is the model's answer. Left out are what only says which row it is
//! (an index, an id that repeats) and dates in another form than ISO 8601.

use super::cells::parse_float;
use super::dialect::detect;
use super::error::{Error, Result};
use super::looks::names_an_id;
use super::reader::{Format, TableFile, Wanted};
use super::schema::{Column, CsvContract, Kind, Role, TableSchema, ValueType};
use super::seen::Seen;
use rayon::prelude::*;

/// First rows of a typed format, which settle most columns.
const HEAD_ROWS: u32 = 1 << 17;

/// A declaration that nobody wrote, and what a reader of it should know.
#[derive(Clone, Debug, PartialEq)]
pub struct Inferred {
    /// The declaration.
    pub schema: TableSchema,
    /// One sentence each: words read as missing, columns left out, columns that are text though they look like something else.
    pub notes: Vec<String>,
}

/// What to say about a header that looks like a row of values.
fn about_header(file: &TableFile, seen: &[Seen]) -> Option<String> {
    let numbered = |(place, seen): (usize, &Seen)| seen.name == place.to_string();
    if file.format() != Format::Csv || seen.iter().enumerate().all(numbered) {
        return None;
    }
    let value = seen.iter().find(|seen| parse_float(&seen.name).is_some())?;
    Some(format!(
        "`{}` stands in the first line, which is taken for the names of the columns: is the header missing?",
        value.name
    ))
}

/// Infers the declaration of the table in `file`.
///
/// # Errors
///
/// Those of [`TableFile::for_each_chunk`]; [`Error::NoRows`] for a table without rows.
pub fn infer(file: &TableFile) -> Result<TableSchema> {
    Ok(infer_noted(file)?.schema)
}

/// The same, with what a reader of it should know.
///
/// # Errors
///
/// Those of [`infer`].
pub fn infer_noted(file: &TableFile) -> Result<Inferred> {
    let file = &as_found(file)?;
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
    Ok(declared(file, &seen))
}

/// The declaration that the first rows alone suggest; what is declared may not fit later rows.
///
/// # Errors
///
/// Those of [`TableFile::for_each_chunk`].
pub(super) fn infer_head(file: &TableFile) -> Result<Inferred> {
    let file = &as_found(file)?;
    let mut seen = seen_of(file)?;
    see(file, seen.iter_mut().collect(), Some(HEAD_ROWS))?;
    Ok(declared(file, &seen))
}

/// `file`, read as its text is found to be written.
fn as_found(file: &TableFile) -> Result<TableFile> {
    Ok(file.clone().written_as(detect(file)?))
}

fn declared(file: &TableFile, seen: &[Seen]) -> Inferred {
    let found = file.contract(&CsvContract::default()).clone();
    let mut notes = Vec::new();
    if found != CsvContract::default() {
        let decimals = if found.decimal == ',' { ", and decimals by a comma" } else { "" };
        let between = CsvContract::word_of(found.delimiter);
        notes.push(format!("fields are separated by {between}{decimals}"));
    }
    notes.extend(about_header(file, seen));
    let mut columns: Vec<Column> = seen.iter().map(|seen| seen.declare(&mut notes)).collect();
    keep_one_id(&mut columns, &mut notes);
    take_answers(&mut columns, &mut notes);
    Inferred { schema: TableSchema { csv: found, ..TableSchema::new(columns) }, notes }
}

/// Rows are told by one column: the first that is called an id, else the first whose texts never repeat. The others are left out.
fn keep_one_id(columns: &mut [Column], notes: &mut Vec<String>) {
    let ids = || columns.iter().enumerate().filter(|(_, column)| column.role == Role::Id);
    let Some(first) = ids().find(|(_, id)| names_an_id(&id.name)).or_else(|| ids().next()) else {
        return;
    };
    let kept = first.0;
    for (place, column) in columns.iter_mut().enumerate() {
        if column.role == Role::Id && place != kept {
            column.role = Role::Ignore;
            notes.push(format!("column `{}` has no value twice and is not compared", column.name));
        }
    }
}

/// The first column that is called as answers of a model are called is its prediction, the first called as probabilities its score.
fn take_answers(columns: &mut [Column], notes: &mut Vec<String>) {
    const ANSWERS: [(Role, &[&str], &str); 2] = [
        (Role::Prediction, &["prediction", "predicted", "y_pred"], "answer"),
        (Role::Score, &["probability", "y_proba", "y_score"], "probability"),
    ];
    for (role, names, what) in ANSWERS {
        let is_one = |column: &&mut Column| {
            let fits = role == Role::Prediction || column.value_type == ValueType::Float;
            column.role == Role::Feature && fits && names.contains(&column.name.as_str())
        };
        if let Some(column) = columns.iter_mut().find(is_one) {
            column.role = role;
            notes.push(format!(
                "column `{}` is taken for the model's {what} by its name (role {})",
                column.name,
                role.word()
            ));
        }
    }
}

fn seen_of(file: &TableFile) -> Result<Vec<Seen>> {
    let declared = CsvContract::default();
    let decimal = file.contract(&declared).decimal;
    let physical = file.physical_columns(&declared)?;
    let columns = physical.into_iter().map(|(name, dtype)| {
        // Text of CSV, of JSON and of folder names may stand for another type; text of a typed format is text.
        let parse_text = file.is_text(&name);
        Seen::new(name, &dtype, parse_text, decimal)
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
        let tokens = other.null_tokens.iter().filter(|token| !column.null_tokens.contains(token));
        let tokens: Vec<String> = tokens.cloned().collect();
        column.null_tokens.extend(tokens);
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
