//! What bytes are hashed: the file's two digests in one read, the table's logical digest in one decode.
//!
//! `b3sum` and `sha256sum` confirm the file digests; `docs/TDH1.md` specifies the table digest.

use super::error::{Error, Result};
use super::files::find_files;
use super::reader::{Format, TableFile};
use super::schema::TableSchema;
use super::tdh1::{LogicalType, TableDigest, TableHasher};
use crate::digest::{self, ContentDigest, ContentHasher};
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A named file and its digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedFile {
    /// File name; `/` between the folders below the one that was named.
    pub name: String,
    /// Its digests.
    pub content: ContentDigest,
}

/// The identity of one table: its bytes and its values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// Name of the file or folder, without the folders above it.
    pub name: String,
    /// File format.
    pub format: Format,
    /// Digests of the file's bytes; of many files, the sum of their lengths and the digests of the canonical JSON of `files`.
    pub content: ContentDigest,
    /// The files of a folder or pattern by name; left out for a table in one file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<NamedFile>,
    /// Rows.
    pub rows: u64,
    /// Digest of the table's values.
    pub table: TableDigest,
}

/// Digests the bytes of the file at `path` in one read; `progress` is called with the number of bytes of each step.
///
/// # Errors
///
/// [`Error::Open`].
pub fn digest_file(path: &Path, progress: impl FnMut(u64)) -> Result<ContentDigest> {
    let open = |source| Error::Open { path: path.display().to_string(), source };
    let file = std::fs::File::open(path).map_err(open)?;
    let mut hasher = ContentHasher::new();
    hasher.read(file, progress).map_err(open)?;
    Ok(hasher.finish())
}

/// Digests every file that `path` means (a file, a folder or a pattern), by name.
///
/// # Errors
///
/// Those of [`find_files`] and [`digest_file`].
pub fn digest_files(path: &Path, mut progress: impl FnMut(u64)) -> Result<Vec<NamedFile>> {
    find_files(path)?
        .into_iter()
        .map(|found| {
            Ok(NamedFile { name: found.name, content: digest_file(&found.path, &mut progress)? })
        })
        .collect()
}

/// One digest of many files, names included: of the canonical JSON of `files`, beside the sum of their lengths.
///
/// # Errors
///
/// [`Error::Digest`].
pub fn digest_list(files: &[NamedFile]) -> Result<ContentDigest> {
    let list =
        digest::canonical_json(files).map_err(|e| Error::Digest { detail: e.to_string() })?;
    let bytes = files.iter().map(|file| file.content.bytes).sum();
    Ok(ContentDigest { bytes, ..ContentDigest::of(&list) })
}

/// What is hashed besides bytes, columns and blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowSet {
    /// Nothing.
    #[default]
    No,
    /// The rows in any order ([`TableDigest::row_set`]): 2 KiB of hash output for each.
    Yes,
}

/// Fingerprints the table in `file` under `schema`.
///
/// # Errors
///
/// Those of [`TableFile::for_each_typed_chunk`].
pub fn fingerprint(
    file: &TableFile,
    schema: &TableSchema,
    progress: impl FnMut(u64),
) -> Result<Fingerprint> {
    fingerprint_with(file, schema, RowSet::No, progress)
}

/// The same, with the digest of the rows in any order where `row_set` asks for it.
///
/// # Errors
///
/// Those of [`TableFile::for_each_typed_chunk`].
pub fn fingerprint_with(
    file: &TableFile,
    schema: &TableSchema,
    row_set: RowSet,
    progress: impl FnMut(u64),
) -> Result<Fingerprint> {
    let (content, files) = digest_bytes(file, progress)?;
    Ok(Fingerprint::new(file, (content, files), digest_table(file, schema, row_set)?))
}

/// The digests of the bytes of `file`, and of each of its files where they are many.
///
/// # Errors
///
/// [`Error::Open`].
pub fn digest_bytes(
    file: &TableFile,
    mut progress: impl FnMut(u64),
) -> Result<(ContentDigest, Vec<NamedFile>)> {
    let files = file
        .parts()
        .iter()
        .map(|part| {
            let content = digest_file(&part.path, &mut progress)?;
            Ok(NamedFile { name: part.name.clone(), content })
        })
        .collect::<Result<Vec<_>>>()?;
    let content =
        if files.is_empty() { digest_file(file.path(), progress)? } else { digest_list(&files)? };
    Ok((content, files))
}

impl Fingerprint {
    /// The identity of the table in `file` with the digests of its bytes and of its values.
    pub fn new(
        file: &TableFile,
        (content, files): (ContentDigest, Vec<NamedFile>),
        table: TableDigest,
    ) -> Self {
        let path = file.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Self {
            name: name.unwrap_or_else(|| path.display().to_string()),
            format: file.format(),
            content,
            files,
            rows: table.rows,
            table,
        }
    }
}

/// The digest of a table whose columns are read group by group, each group with all its rows.
#[derive(Default)]
pub struct GroupedDigest {
    groups: Vec<TableHasher>,
}

impl GroupedDigest {
    /// Adds the next rows of the columns of group `group`, counted from 0.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn visit(&mut self, group: usize, frame: &DataFrame) -> Result<()> {
        if group == self.groups.len() {
            self.groups.push(TableHasher::new(&logical_columns(frame)?));
        }
        let failed = |e: super::tdh1::Error| Error::Digest { detail: e.to_string() };
        self.groups.last_mut().map_or(Ok(()), |hasher| hasher.update(frame)).map_err(failed)
    }

    /// The digest of all columns in the order in which `schema` declares them.
    ///
    /// # Errors
    ///
    /// [`Error::NoRows`].
    pub fn finish(self, file: &TableFile, schema: &TableSchema) -> Result<TableDigest> {
        if self.groups.is_empty() {
            return Err(Error::NoRows { path: file.path().display().to_string() });
        }
        let order: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
        Ok(TableHasher::joined(self.groups, &order).finish())
    }
}

/// The digest of the table's values under `schema`, in one decode.
///
/// # Errors
///
/// Those of [`TableFile::for_each_typed_chunk`].
pub fn digest_table(
    file: &TableFile,
    schema: &TableSchema,
    row_set: RowSet,
) -> Result<TableDigest> {
    let mut hasher: Option<TableHasher> = None;
    file.for_each_typed_chunk(schema, |_, frame| {
        let hasher = match &mut hasher {
            Some(hasher) => hasher,
            None => hasher.insert(match row_set {
                RowSet::No => TableHasher::new(&logical_columns(frame)?),
                RowSet::Yes => TableHasher::with_row_set(&logical_columns(frame)?),
            }),
        };
        hasher.update(frame).map_err(|e| Error::Digest { detail: e.to_string() })
    })?;
    let hasher = hasher.ok_or_else(|| Error::NoRows { path: file.path().display().to_string() })?;
    Ok(hasher.finish())
}

/// Names and logical types of the columns of a typed chunk.
pub(super) fn logical_columns(frame: &DataFrame) -> Result<Vec<(String, LogicalType)>> {
    frame
        .columns()
        .iter()
        .map(|column| {
            let logical = LogicalType::of(column.dtype())
                .map_err(|e| Error::Digest { detail: e.to_string() })?;
            Ok((column.name().to_string(), logical))
        })
        .collect()
}
