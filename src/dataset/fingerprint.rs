//! What bytes are hashed: the file's two digests in one read, the table's logical digest in one decode.
//!
//! `b3sum` and `sha256sum` confirm the file digests; `docs/TDH1.md` specifies the table digest.

use super::error::{Error, Result};
use super::reader::{Format, TableFile};
use super::schema::TableSchema;
use super::tdh1::{LogicalType, TableDigest, TableHasher};
use crate::digest::{ContentDigest, ContentHasher};
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::Path;

/// The identity of one table: its bytes and its values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// File name, without folders.
    pub name: String,
    /// File format.
    pub format: Format,
    /// Digests of the file's bytes.
    pub content: ContentDigest,
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
pub fn digest_file(path: &Path, mut progress: impl FnMut(u64)) -> Result<ContentDigest> {
    let open = |source| Error::Open { path: path.display().to_string(), source };
    let mut file = std::fs::File::open(path).map_err(open)?;
    let mut hasher = ContentHasher::new();
    let mut buffer = vec![0u8; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(open)?;
        if read == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(&buffer[..read]);
        progress(read as u64);
    }
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
    let content = digest_file(file.path(), progress)?;
    let mut hasher: Option<TableHasher> = None;
    let rows = file.for_each_typed_chunk(schema, |_, frame| {
        if hasher.is_none() {
            hasher = Some(hasher_for(frame)?);
        }
        match &mut hasher {
            Some(hasher) => {
                hasher.update(frame).map_err(|e| Error::Digest { detail: e.to_string() })
            }
            None => Ok(()),
        }
    })?;
    let path = file.path();
    let hasher = hasher.ok_or_else(|| Error::NoRows { path: path.display().to_string() })?;
    Ok(Fingerprint {
        name: path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
        format: file.format(),
        content,
        rows,
        table: hasher.finish(),
    })
}

fn hasher_for(frame: &DataFrame) -> Result<TableHasher> {
    let columns = frame
        .columns()
        .iter()
        .map(|column| {
            let logical = LogicalType::of(column.dtype())
                .map_err(|e| Error::Digest { detail: e.to_string() })?;
            Ok((column.name().to_string(), logical))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(TableHasher::new(&columns))
}
