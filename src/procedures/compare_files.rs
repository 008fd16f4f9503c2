//! Procedure: compare two files, offline.
//!
//! 1. read the column declaration, or infer one from both files
//! 2. freeze the reference with the default tolerances
//! 3. judge the batch as if it were the first one

use crate::dataset;
use crate::dataset::infer::unify;
use crate::dataset::prepared::PreparedTable;
use crate::dataset::samples::HELD_VALUES_MAX;
use crate::dataset::schema::{Role, TableSchema, ValueType};
use crate::drift::compare::{Compared, compare};
use crate::drift::policy::Policy;
use crate::error::{Error, Result};
use std::path::Path;

/// What two files were compared as.
#[derive(Debug)]
pub struct ComparedFiles {
    /// The comparison.
    pub compared: Compared,
    /// The declaration both were read under.
    pub schema: TableSchema,
    /// What a reader of an inferred declaration should know, one sentence each.
    pub notes: Vec<String>,
}

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
) -> Result<ComparedFiles> {
    let declared = schema.map(read_schema).transpose()?;
    let open = |path| PreparedTable::open(path, declared.as_ref());
    let (reference, batch) = std::thread::scope(|scope| {
        let batch = scope.spawn(|| open(batch));
        let reference = open(reference);
        (reference, batch.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let (reference, batch) = (reference?, batch?);
    let mut notes = said_once(&reference, &batch);
    let schema = match declared {
        Some(schema) => schema,
        None => unified(&reference, &batch, &mut notes)?,
    };
    let (reference, batch) = (reference.under(&schema)?, batch.under(&schema)?);
    let held_max = if exact { usize::MAX } else { HELD_VALUES_MAX };
    let policy = Policy::default();
    let compared = compare(reference.table(), batch.table(), &schema, &policy, held_max)?;
    Ok(ComparedFiles { compared, schema, notes })
}

/// What a reader should know of both tables: what is the same of both is said once, with both names.
fn said_once(reference: &PreparedTable, batch: &PreparedTable) -> Vec<String> {
    let path = |table: &PreparedTable| table.original().path().display().to_string();
    let (one, other) = (path(reference), path(batch));
    let of_reference = reference.notes().iter().map(|note| {
        let both = batch.notes().contains(note);
        if both { format!("`{one}` and `{other}`: {note}") } else { format!("`{one}`: {note}") }
    });
    let only = batch.notes().iter().filter(|note| !reference.notes().contains(note));
    of_reference.chain(only.map(|note| format!("`{other}`: {note}"))).collect()
}

/// Refuses a batch without a column that is to be compared, and tables of which nothing is.
fn refuse_missing(
    unified: &TableSchema,
    reference: &PreparedTable,
    batch: &PreparedTable,
) -> Result<()> {
    let shown = |table: &PreparedTable| table.original().path().display().to_string();
    let of_reference =
        || unified.columns.iter().filter(|c| reference.schema().column(&c.name).is_some());
    if unified.monitored().next().is_none() {
        let left_out = of_reference().map(|c| format!("`{}` ({})", c.name, c.role.word()));
        let mut left_out: Vec<String> = left_out.chain(reference.notes().iter().cloned()).collect();
        left_out.truncate(20);
        let nothing = dataset::Error::NothingToCompare { reference: shown(reference), left_out };
        return Err(Error::Dataset(nothing));
    }
    let missing: Vec<String> = of_reference()
        .filter(|c| !c.role.is_optional() && batch.schema().column(&c.name).is_none())
        .map(|c| format!("`{}`", c.name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    Err(Error::Dataset(dataset::Error::MissingInBatch { batch: shown(batch), missing }))
}

/// One declaration for both tables, where nobody wrote one.
fn unified(
    reference: &PreparedTable,
    batch: &PreparedTable,
    notes: &mut Vec<String>,
) -> Result<TableSchema> {
    let mut unified = unify(reference.schema(), batch.schema());
    refuse_missing(&unified, reference, batch)?;
    let only =
        unified.columns.iter().filter(|column| reference.schema().column(&column.name).is_none());
    notes.extend(only.map(|column| {
        let path = batch.original().path().display();
        format!("`{path}`: column `{}` is not in the reference and is not compared", column.name)
    }));
    let mut disagreeing = Vec::new();
    for column in &mut unified.columns {
        let found = |table: &PreparedTable| {
            let value_type = table.schema().column(&column.name)?.value_type;
            // Text that stands for a value can be compared as text, a stored value cannot.
            let is_text = table.original().is_text(&column.name) || value_type == ValueType::Text;
            Some((value_type, is_text))
        };
        let (Some((old, old_is_text)), Some((new, new_is_text))) = (found(reference), found(batch))
        else {
            continue;
        };
        if column.value_type != ValueType::Text || old == new {
            continue;
        }
        let told = format!(
            "column `{}` is {} in the reference and {} in the batch",
            column.name,
            old.word(),
            new.word()
        );
        if column.role.is_monitored() && old_is_text && new_is_text {
            notes.push(format!("{told}; it is compared as text"));
        } else if column.role.is_monitored() {
            disagreeing.push(told);
        } else {
            column.role = Role::Ignore;
            column.value_type = ValueType::Other;
        }
    }
    if disagreeing.is_empty() {
        return Ok(unified);
    }
    Err(Error::Dataset(dataset::Error::TypesDisagree { found: disagreeing.join("; ") }))
}

/// The column declaration in the file at `path`.
///
/// # Errors
///
/// [`Error::File`], [`Error::Dataset`].
pub fn read_schema(path: &Path) -> Result<TableSchema> {
    let text = std::fs::read(path).map_err(Error::file("reading", path))?;
    Ok(TableSchema::parse(&text).map_err(|error| error.of_file(path))?)
}
