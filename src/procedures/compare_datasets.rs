//! Procedure: say what differs between two datasets, each a manifest or the data, offline.
//!
//! 1. read both; data beside a manifest are read under the declaration of the manifest
//! 2. compare the digests: schema, columns, blocks of rows
//! 3. where the data of both are at hand, compare rows and cells

use super::compare_files::read_schema;
use crate::dataset::difference::{ExactDifference, TableDifference, exact_difference};
use crate::dataset::fingerprint::{Fingerprint, RowSet, digest_table};
use crate::dataset::infer::{infer, unify};
use crate::dataset::manifest::DatasetManifest;
use crate::dataset::reader::TableFile;
use crate::dataset::schema::{Column, TableSchema, ValueType};
use crate::dataset::tdh1::TableDigest;
use crate::error::{Error, Result};
use crate::provenance::registration::{DatasetRole, REGISTRATION_FORMAT, Registration};
use std::path::Path;

/// Largest document that is read as a manifest, in bytes.
const MANIFEST_BYTES_MAX: u64 = 1 << 30;

/// What was found.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ComparedDatasets {
    /// What the digests say.
    #[serde(flatten)]
    pub difference: TableDifference,
    /// What the rows say; only where both are at hand and differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<ExactDifference>,
}

/// One side of a comparison.
enum Side {
    Manifest(Box<DatasetManifest>),
    Table(TableFile),
}

/// Compares `before` with `after`: each a manifest, a registration (whose dataset of `role` is meant), or a table in a file, a
/// folder or the files of a pattern. `schema` is the path of a column declaration for tables.
///
/// # Errors
///
/// [`Error::Dataset`], [`Error::File`], [`Error::BadRequest`] for a registration without a dataset of `role`.
pub fn compare_datasets(
    (before, after): (&Path, &Path),
    schema: Option<&Path>,
    role: DatasetRole,
) -> Result<ComparedDatasets> {
    let declared = schema.map(read_schema).transpose()?;
    let (before, after) = (Side::open(before, role)?, Side::open(after, role)?);
    let (schema_before, schema_after) = schemas(&before, &after, declared.as_ref())?;
    let digest_before = before.digest(&schema_before)?;
    let digest_after = after.digest(&schema_after)?;
    let difference = TableDifference::between(&digest_before, &digest_after);
    let exact = match (&before, &after) {
        (Side::Table(old), Side::Table(new)) if !difference.same => Some(exact_difference(
            (old, &schema_before, &digest_before),
            (new, &schema_after, &digest_after),
        )?),
        _ => None,
    };
    Ok(ComparedDatasets { difference, exact })
}

/// The manifest in the file at `path`, or that of the dataset of `role` in a registration; `None` for another file.
///
/// # Errors
///
/// [`Error::File`], [`Error::Dataset`] for a manifest whose digests do not fold, [`Error::BadRequest`] for a registration that
/// cannot be read or has no dataset of `role`.
pub fn read_manifest(path: &Path, role: DatasetRole) -> Result<Option<DatasetManifest>> {
    let file = Error::file("reading", path);
    let is_small = |about: std::fs::Metadata| about.is_file() && about.len() < MANIFEST_BYTES_MAX;
    if !std::fs::metadata(path).is_ok_and(is_small) || !starts_with_brace(path).map_err(file)? {
        return Ok(None);
    }
    let text = std::fs::read(path).map_err(file)?;
    let Ok(document) = serde_json::from_slice::<serde_json::Value>(&text) else { return Ok(None) };
    match document.get("format").and_then(|format| format.as_str()) {
        Some(REGISTRATION_FORMAT) => of_registration(document, path, role).map(Some),
        Some(format) if format.starts_with("driftledger/") => {
            Ok(Some(DatasetManifest::parse(&text)?))
        }
        _ => Ok(None),
    }
}

fn starts_with_brace(path: &Path) -> std::io::Result<bool> {
    let mut first = [0; 1];
    let read = std::io::Read::read(&mut std::fs::File::open(path)?, &mut first)?;
    Ok(read == 1 && first[0] == b'{')
}

fn of_registration(
    document: serde_json::Value,
    path: &Path,
    role: DatasetRole,
) -> Result<DatasetManifest> {
    let shown = path.display();
    let refuse = |detail: String| Error::BadRequest { detail };
    let registration: Registration = serde_json::from_value(document)
        .map_err(|e| refuse(format!("registration `{shown}` cannot be read: {e}")))?;
    let found: Vec<&str> = registration.datasets.iter().map(|d| d.role.word()).collect();
    let missing = format!(
        "registration `{shown}` has no {} dataset (it has {}); name one of them with `--role`",
        role.word(),
        found.join(", ")
    );
    let dataset = registration.datasets.into_iter().find(|d| d.role == role);
    let fingerprint: Fingerprint = dataset.ok_or_else(|| refuse(missing))?.fingerprint;
    let manifest = DatasetManifest::new(registration.schema, fingerprint);
    Ok(DatasetManifest::parse(&manifest.bytes()?)?)
}

impl Side {
    fn open(path: &Path, role: DatasetRole) -> Result<Self> {
        Ok(match read_manifest(path, role)? {
            Some(manifest) => Self::Manifest(Box::new(manifest)),
            None => Self::Table(TableFile::open(path, None)?),
        })
    }

    fn digest(&self, schema: &TableSchema) -> Result<TableDigest> {
        match self {
            Self::Manifest(manifest) => Ok(manifest.fingerprint.table.clone()),
            Self::Table(file) => Ok(digest_table(file, schema, RowSet::No)?),
        }
    }
}

/// The declarations both are read under: the given one, else that of the manifest, else one that fits both.
fn schemas(
    before: &Side,
    after: &Side,
    declared: Option<&TableSchema>,
) -> Result<(TableSchema, TableSchema)> {
    let of = |side: &Side| match side {
        Side::Manifest(manifest) => Ok(manifest.schema.clone()),
        Side::Table(file) => match declared {
            Some(schema) => Ok(schema.clone()),
            None => Ok::<_, Error>(infer(file)?),
        },
    };
    let (old, new) = (of(before)?, of(after)?);
    if declared.is_some() {
        return Ok((old, new));
    }
    Ok(match (before, after) {
        (Side::Manifest(_), Side::Table(_)) => {
            let adapted = adapted(&new, &old);
            (old, adapted)
        }
        (Side::Table(_), Side::Manifest(_)) => (adapted(&old, &new), new),
        (Side::Table(_), Side::Table(_)) => {
            let both = unify(&old, &new);
            (adapted(&old, &both), adapted(&new, &both))
        }
        (Side::Manifest(_), Side::Manifest(_)) => (old, new),
    })
}

/// `found`, what a table was seen to hold, each column read as `declared` where it can be: without ranges, which say nothing
/// about what a value is.
fn adapted(found: &TableSchema, declared: &TableSchema) -> TableSchema {
    let read_as = |seen: &Column| {
        let Some(column) = declared.column(&seen.name) else { return seen.clone() };
        let fits = column.value_type == seen.value_type
            || !column.null_tokens.is_empty()
            || matches!(
                (seen.value_type, column.value_type),
                (ValueType::Null, _) | (ValueType::Int, ValueType::Float) | (_, ValueType::Text)
            );
        Column { range: None, ..if fits { column.clone() } else { seen.clone() } }
    };
    let columns = found.columns.iter().map(read_as).collect();
    TableSchema { columns, ..declared.clone() }
}
