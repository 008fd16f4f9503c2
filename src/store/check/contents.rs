//! Objects: every stored content has the digest it is named by, and every content that a record names is stored, or went by a disposal that
//! two people signed.

use super::Report;
use crate::store::disposals::{Gone, gone};
use crate::store::objects::Objects;
use crate::store::record_table::OBJECT_COLUMNS;
use crate::store::upgrade::columns_of;
use crate::store::{Error, Result};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn check(
    connection: &Connection,
    objects: &Objects,
    folder: &Path,
    report: &mut Report<'_>,
) -> Result<()> {
    let mut names = Vec::new();
    for path in files(folder, report) {
        match name(folder, &path) {
            Some(name) => names.push(name),
            None => report.warning("object_stray", "objects", path.display(), "not an object"),
        }
    }
    names.sort_unstable();
    let gone = super::tolerate(gone(connection), report)?.unwrap_or_default();
    let total = names.len() as u64;
    report.progress("objects", 0, total);
    for (done, name) in (1..).zip(&names) {
        if let Some(Gone { disposal, at, .. }) = gone.get(name) {
            let detail = format!(
                "it was disposed of at {at} by record {disposal} and is still stored; whatever opens the folder next removes it"
            );
            report.warning("object_not_removed", "objects", name, detail);
        }
        match objects.open(name) {
            Ok(_intact) => {}
            Err(error @ Error::File { .. }) => {
                report.error("object_unreadable", "objects", name, error.to_string());
            }
            Err(error) => report.error("object_changed", "objects", name, error.to_string()),
        }
        report.progress("objects", done, total);
    }
    for &(table, column) in OBJECT_COLUMNS {
        let missing = check_named(connection, (table, column), (objects, &gone), report);
        super::tolerate(missing, report)?;
    }
    Ok(())
}

/// Every content that `column` of `table` names is stored, or went by a disposal.
fn check_named(
    connection: &Connection,
    (table, column): (&'static str, &str),
    (objects, gone): (&Objects, &BTreeMap<String, Gone>),
    report: &mut Report<'_>,
) -> Result<()> {
    // An earlier schema may not have it yet; what its own schema misses was named before.
    if !columns_of(connection, table)?.iter().any(|found| found == column) {
        return Ok(());
    }
    let sql = format!(
        "SELECT id, \"{column}\" FROM \"{table}\" WHERE \"{column}\" IS NOT NULL ORDER BY id"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, blake3): (String, String) = (row.get(0)?, row.get(1)?);
        if !objects.contains(&blake3).unwrap_or(false) && !gone.contains_key(&blake3) {
            let detail = format!("`{column}` names {blake3}, which is not stored");
            report.error("object_missing", table, id, detail);
        }
    }
    Ok(())
}

/// Every file below `folder`, two levels deep.
fn files(folder: &Path, report: &mut Report<'_>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in list(folder, report) {
        if path.is_dir() {
            found.extend(list(&path, report));
        } else {
            found.push(path);
        }
    }
    found
}

fn list(folder: &Path, report: &mut Report<'_>) -> Vec<PathBuf> {
    let read = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|found| found.path())).collect());
    read.unwrap_or_else(|error| {
        report.error("object_unreadable", "objects", folder.display(), error.to_string());
        Vec::new()
    })
}

/// The digest by which a file is named: its folder's name and its own.
fn name(folder: &Path, path: &Path) -> Option<String> {
    let name: String =
        path.strip_prefix(folder).ok()?.iter().filter_map(|part| part.to_str()).collect();
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_name = name.len() == 64 && name.bytes().all(is_digit);
    let two_levels = path.parent().and_then(Path::parent) == Some(folder);
    (is_name && two_levels && path.is_file()).then_some(name)
}
