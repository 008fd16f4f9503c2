//! Procedure: compare two files, offline.
//!
//! 1. read the column declaration, or infer one from both files
//! 2. freeze the reference with the default tolerances
//! 3. judge the batch as if it were the first one

use crate::dataset::infer::unify;
use crate::dataset::prepared::PreparedTable;
use crate::dataset::samples::HELD_VALUES_MAX;
use crate::dataset::schema::TableSchema;
use crate::drift::compare::{Compared, compare};
use crate::drift::policy::Policy;
use crate::error::{Error, Result};
use std::path::Path;

/// Compares the table in `batch` with the table in `reference`; `schema` is the path of a column declaration.
/// `exact` holds all values in memory, however many, so that every statistic is exact.
///
/// # Errors
///
/// [`Error::Dataset`], [`Error::Drift`] when a table is not readable as declared; [`Error::File`] for the schema file.
pub fn compare_files(
    reference: &Path,
    batch: &Path,
    schema: Option<&Path>,
    exact: bool,
) -> Result<(Compared, TableSchema)> {
    let declared = schema.map(read_schema).transpose()?;
    let open = |path| PreparedTable::open(path, declared.as_ref());
    let (reference, batch) = std::thread::scope(|scope| {
        let batch = scope.spawn(|| open(batch));
        let reference = open(reference);
        (reference, batch.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let (reference, batch) = (reference?, batch?);
    let schema = declared.unwrap_or_else(|| unify(reference.schema(), batch.schema()));
    let (reference, batch) = (reference.under(&schema)?, batch.under(&schema)?);
    let held_max = if exact { usize::MAX } else { HELD_VALUES_MAX };
    let policy = Policy::default();
    Ok((compare(reference.table(), batch.table(), &schema, &policy, held_max)?, schema))
}

/// The column declaration in the file at `path`.
///
/// # Errors
///
/// [`Error::File`], [`Error::Dataset`].
pub fn read_schema(path: &Path) -> Result<TableSchema> {
    let text = std::fs::read(path).map_err(Error::file("reading", path))?;
    Ok(TableSchema::parse(&text)?)
}
