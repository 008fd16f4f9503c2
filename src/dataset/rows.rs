//! A few columns of a table as texts, row by row: what joining two tables by row id needs.

use super::bins::texts;
use super::cells::{CellErrors, Place, cast};
use super::error::{Error, Result};
use super::fingerprint::logical_columns;
use super::reader::{TableFile, Wanted};
use super::schema::{Column, CsvContract, Role, ValueType};
use super::tdh1::{TableDigest, TableHasher};
use polars::prelude::{Column as PolarsColumn, DataFrame};

/// Cells of one column of one chunk, `None` for a null.
pub type TextCells = Vec<Option<String>>;

/// Calls `visit` with chunks of the cells of `columns` as texts, in row order; one list a column, all of one length.
///
/// Numbers are written as short as they read back; a text column keeps its texts. Other columns of the file are left out.
///
/// # Errors
///
/// [`Error::MissingColumn`], [`Error::Cells`] and those of [`TableFile::for_each_chunk`]; any error of `visit`.
pub fn for_each_text_chunk(
    file: &TableFile,
    csv: &CsvContract,
    columns: &[&Column],
    mut visit: impl FnMut(&[TextCells]) -> Result<()>,
) -> Result<u64> {
    let mut errors = CellErrors::default();
    let decimal = file.contract(csv).decimal;
    let rows = file.for_each_chunk(csv, |first_row, frame| {
        let mut cells = Vec::with_capacity(columns.len());
        for column in columns {
            let Ok(found) = frame.column(&column.name) else {
                return Err(Error::MissingColumn {
                    name: column.name.clone(),
                    role: column.role.word().to_owned(),
                    nearest: None,
                    found: frame.get_column_names().iter().map(|n| n.to_string()).collect(),
                });
            };
            let typed = cast(
                found.as_materialized_series(),
                column,
                Place { first_row, decimal },
                &mut errors,
            )?;
            let typed = texts(&typed)?;
            cells.push(typed.str()?.iter().map(|cell| cell.map(str::to_owned)).collect());
        }
        visit(&cells)
    })?;
    errors.into_result()?;
    Ok(rows)
}

/// A column that is read, and what for.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedColumn {
    /// Its declaration.
    pub column: Column,
    /// Whether its cells are told as texts.
    pub is_told: bool,
    /// Whether it is part of the digest.
    pub is_hashed: bool,
}

/// Calls `visit` with chunks of the told columns as texts, in the order of `wanted`, and digests the hashed ones in the same
/// pass. Other columns of the file are not read.
///
/// # Errors
///
/// [`Error::MissingColumn`], [`Error::Cells`], [`Error::NoRows`], [`Error::Digest`] and those of [`TableFile::for_each_chunk`];
/// any error of `visit`.
pub fn digest_text_chunks(
    file: &TableFile,
    csv: &CsvContract,
    wanted: &[WantedColumn],
    mut visit: impl FnMut(&[TextCells]) -> Result<()>,
) -> Result<TableDigest> {
    let names: Vec<&str> = wanted.iter().map(|wanted| wanted.column.name.as_str()).collect();
    let found: Vec<String> =
        file.physical_columns(csv)?.into_iter().map(|(name, _)| name).collect();
    if let Some(missing) = wanted.iter().find(|wanted| !found.contains(&wanted.column.name)) {
        return Err(Error::MissingColumn {
            name: missing.column.name.clone(),
            role: missing.column.role.word().to_owned(),
            nearest: None,
            found,
        });
    }
    let mut errors = CellErrors::default();
    let decimal = file.contract(csv).decimal;
    let mut hasher: Option<TableHasher> = None;
    let part = Wanted { columns: Some(&names), rows_max: None };
    file.for_each_chunk_of(csv, &part, |first_row, frame| {
        let mut cells = Vec::new();
        let mut hashed: Vec<PolarsColumn> = Vec::new();
        for one in wanted {
            let physical = frame.column(&one.column.name)?.as_materialized_series();
            let typed = cast(physical, &one.column, Place { first_row, decimal }, &mut errors)?;
            if one.is_told {
                let text = texts(&typed)?;
                cells.push(text.str()?.iter().map(|cell| cell.map(str::to_owned)).collect());
            }
            if one.is_hashed {
                hashed.push(typed.into());
            }
        }
        let hashed = DataFrame::new(frame.height(), hashed)?;
        let hasher = match &mut hasher {
            Some(hasher) => hasher,
            None => hasher.insert(TableHasher::new(&logical_columns(&hashed)?)),
        };
        hasher.update(&hashed).map_err(|e| Error::Digest { detail: e.to_string() })?;
        visit(&cells)
    })?;
    errors.into_result()?;
    let hasher = hasher.ok_or_else(|| Error::NoRows { path: file.path().display().to_string() })?;
    Ok(hasher.finish())
}

/// A column of `name` read as it stands, whatever its type; `null_tokens` stand for a missing value.
pub fn as_it_stands(name: &str, role: Role, null_tokens: &[String]) -> Column {
    Column {
        name: name.to_owned(),
        role,
        value_type: ValueType::Other,
        kind: None,
        unit: None,
        range: None,
        null_tokens: null_tokens.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> (tempfile::NamedTempFile, TableFile) {
        let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let table = TableFile::open(file.path(), None).unwrap();
        (file, table)
    }

    fn read(text: &str, columns: &[&Column]) -> Result<Vec<TextCells>> {
        let (_kept, file) = table(text);
        let mut all = vec![Vec::new(); columns.len()];
        for_each_text_chunk(&file, &CsvContract::default(), columns, |cells| {
            all.iter_mut().zip(cells).for_each(|(all, cells)| all.extend(cells.iter().cloned()));
            Ok(())
        })?;
        Ok(all)
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn cells_are_texts_and_nulls_are_none() {
        let id = as_it_stands("id", Role::Id, &[]);
        let label = as_it_stands("label", Role::Label, &["?".to_owned()]);
        let found = read("id,more,label\n007,x,1\n8,y,?\n,z,\n", &[&id, &label]).unwrap();
        assert_eq!(found[0], [some("007"), some("8"), None]);
        assert_eq!(found[1], [some("1"), None, None]);
        let float = Column { value_type: ValueType::Float, ..label };
        let found = read("id,label\na,1.50\nb,2\n", &[&float]).unwrap();
        assert_eq!(found[0], [some("1.5"), some("2")]);
    }

    #[test]
    fn a_column_that_is_not_there_is_named() {
        let missing = as_it_stands("row", Role::Id, &[]);
        let said = read("id\n1\n", &[&missing]).unwrap_err().to_string();
        assert!(said.contains("`row`"), "{said}");
    }
}
