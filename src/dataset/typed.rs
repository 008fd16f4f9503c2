//! A table under its declaration: the declared columns, each cell as declared.

use super::cells::{CellErrors, Place, cast};
use super::error::{Error, Result};
use super::reader::{TableFile, Wanted};
use super::schema::{Column, TableSchema};
use polars::prelude::{Column as PolarsColumn, DataFrame};
use rayon::prelude::*;

impl TableFile {
    /// Calls `visit` with typed chunks: the declared columns in declared order, each cell as declared or an error.
    ///
    /// Returns the number of rows. Optional columns (label, time, ignore) may be absent and are then left out.
    ///
    /// # Errors
    ///
    /// [`Error::MissingColumn`], [`Error::UndeclaredColumn`], [`Error::TypeDiffers`], [`Error::Cells`], and those of
    /// [`TableFile::for_each_chunk`]. When cells do not fit, `visit` has been called with their places null: drop its results.
    pub fn for_each_typed_chunk(
        &self,
        schema: &TableSchema,
        visit: impl FnMut(u64, &DataFrame) -> Result<()>,
    ) -> Result<u64> {
        self.for_each_typed_chunk_of(schema, |_| true, visit)
    }

    /// The same with the `wanted` ones of the declared columns only; all of them must be there all the same.
    ///
    /// # Errors
    ///
    /// Those of [`TableFile::for_each_typed_chunk`], cell by cell in the wanted columns.
    pub fn for_each_typed_chunk_of(
        &self,
        schema: &TableSchema,
        wanted: impl Fn(&Column) -> bool,
        mut visit: impl FnMut(u64, &DataFrame) -> Result<()>,
    ) -> Result<u64> {
        let found: Vec<String> =
            self.physical_columns(&schema.csv)?.into_iter().map(|(name, _)| name).collect();
        let mut present = match_columns(schema, &found)?;
        present.retain(|column| wanted(column));
        let names: Vec<&str> = present.iter().map(|column| column.name.as_str()).collect();
        let mut errors = CellErrors::default();
        let decimal = self.contract(&schema.csv).decimal;
        let is_part = !names.is_empty() && names.len() < found.len();
        let columns = is_part.then_some(names.as_slice());
        let wanted = Wanted { columns, rows_max: None };
        let rows = self.for_each_chunk_of(&schema.csv, &wanted, |first_row, frame| {
            let cast = |column: &&Column| -> Result<(PolarsColumn, CellErrors)> {
                let mut errors = CellErrors::default();
                let physical = frame.column(&column.name)?.as_materialized_series();
                Ok((
                    cast(physical, column, Place { first_row, decimal }, &mut errors)?.into(),
                    errors,
                ))
            };
            let cast: Vec<_> = present.par_iter().map(cast).collect::<Result<_>>()?;
            let mut columns = Vec::with_capacity(present.len());
            for (column, found) in cast {
                columns.push(column);
                errors.append(found);
            }
            let typed = DataFrame::new(frame.height(), columns)?;
            visit(first_row, &typed)
        })?;
        errors.into_result()?;
        Ok(rows)
    }
}

/// The declared columns that are in the file, in declared order.
fn match_columns<'a>(schema: &'a TableSchema, found: &[String]) -> Result<Vec<&'a Column>> {
    let mut present = Vec::new();
    for column in &schema.columns {
        if found.contains(&column.name) {
            present.push(column);
        } else if !column.role.is_optional() || schema.cluster_by.as_ref() == Some(&column.name) {
            let undeclared = found.iter().filter(|name| schema.column(name).is_none());
            let nearest = undeclared
                .min_by_key(|name| edit_distance(name, &column.name))
                .filter(|name| edit_distance(name, &column.name) <= 2 + column.name.len() / 4)
                .cloned();
            return Err(Error::MissingColumn {
                name: column.name.clone(),
                role: column.role.word().to_owned(),
                nearest,
                found: found.to_vec(),
            });
        }
    }
    if let Some(name) = found.iter().find(|name| schema.column(name).is_none()) {
        return Err(Error::UndeclaredColumn { name: name.clone() });
    }
    Ok(present)
}

/// Levenshtein distance over lower-case characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
