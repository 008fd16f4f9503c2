//! The full examination of a data folder: everything that is stored is hashed again and held against the ledger.
//!
//! 1. schema: tables and triggers are those that the migrations made, and the database is sound
//! 2. entries: every leaf, body, node and checkpoint belongs to the others and is signed
//! 3. rows: every record row is listed in an entry with its digest, and every listed row exists
//! 4. terms: the index of the audit trail is the one that the leaves give
//! 5. objects: every stored content has the digest it is named by
//!
//! The ledger is examined in parts, by several threads, and walked through in order; the memory does not grow with it.
//!
//! It only reads, and it never refuses a broken store: what is wrong is a [`Finding`].

mod contents;
mod entries;
mod keys;
mod layout;
mod parts;
mod rows;
mod terms;

use super::count::Count;
use super::folder::Folder;
use super::found::connect;
use super::high_water;
use super::key_files::load_verifier_key;
use super::objects::Objects;
use super::redactions::read_redactions;
use super::{Error, ReadTx, Result, schema};
use rusqlite::{Connection, OpenFlags, ffi};
use serde::Serialize;
use std::path::Path;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The record is not what was written.
    Error,
    /// Worth looking into; the record stands.
    Warning,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of finding, for example `row_changed`; stable.
    pub code: &'static str,
    /// The table, or `objects`.
    pub table: String,
    /// The row, entry, node (`level/index`), checkpoint size or object.
    pub id: String,
    /// What was found and what was expected.
    pub detail: String,
}

/// Where the examination is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `entries`, `rows` or `objects`.
    pub stage: &'static str,
    /// How many of them are done.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// What all parts of the examination write to.
struct Report<'caller> {
    findings: Vec<Finding>,
    progress: &'caller mut dyn FnMut(Progress),
}

impl Report<'_> {
    fn error(
        &mut self,
        code: &'static str,
        table: &str,
        id: impl ToString,
        detail: impl Into<String>,
    ) {
        self.add(Severity::Error, code, table, id, detail.into());
    }

    fn warning(
        &mut self,
        code: &'static str,
        table: &str,
        id: impl ToString,
        detail: impl Into<String>,
    ) {
        self.add(Severity::Warning, code, table, id, detail.into());
    }

    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts are named alike")]
    fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        table: &str,
        id: impl ToString,
        detail: String,
    ) {
        let (table, id) = (table.to_owned(), id.to_string());
        self.findings.push(Finding { severity, code, table, id, detail });
    }

    fn progress(&mut self, stage: &'static str, done: u64, total: u64) {
        (self.progress)(Progress { stage, done, total });
    }
}

/// Examines the data folder and names everything that is wrong; nothing when it is whole. `progress` is called before
/// the first entry, row and object, and as they are done.
///
/// Truncation to an older state that was whole, by somebody who also removed its newer checkpoints, cannot be seen from
/// inside: hold a checkpoint kept elsewhere against [`super::ReadTx::consistency_proof`].
///
/// # Errors
///
/// Only when there is nothing to examine: [`Error::NoDatabase`], [`Error::File`] or [`Error::Ledger`] (no public key),
/// [`Error::Database`] (not a database at all).
pub fn check(folder: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Vec<Finding>> {
    let folder = Folder::new(folder);
    if !folder.database().exists() {
        return Err(Error::NoDatabase { folder: folder.path().to_owned() });
    }
    let named = load_verifier_key(&folder)?;
    let note = high_water::note(&folder);
    let connection = open_for_reading(&folder)?;
    let snapshot = connection.unchecked_transaction()?;
    let mut report = Report { findings: Vec::new(), progress };
    layout::check(&snapshot, &mut report)?;
    let keys = keys::read(&folder, &snapshot, named, &mut report);
    let checked = check_ledger(&snapshot, (&folder, &keys), &mut report);
    tolerate(checked, &mut report)?;
    let seen = note.and_then(|note| high_water::seen(&folder, note, &keys.known));
    tolerate(check_high_water(&snapshot, seen, &mut report), &mut report)?;
    let objects = Objects::new(folder.objects(), folder.spool());
    contents::check(&snapshot, &objects, &folder.objects(), &mut report)?;
    Ok(report.findings)
}

/// Entries, their rows and their terms, part by part.
fn check_ledger(
    connection: &Connection,
    (folder, keys): (&Folder, &keys::Trusted),
    report: &mut Report<'_>,
) -> Result<()> {
    let count = "SELECT count(*) FROM entry";
    let Count(total) = connection.query_row(count, [], |row| row.get(0))?;
    let tables = rows::tables(connection)?;
    let ranges = parts::ranges(connection)?;
    let sums = terms::Sums::default();
    let names: Vec<&str> = tables.keys().copied().collect();
    let history = &keys.history;
    let redactions = &read_redactions(connection)?;
    let examiner = parts::Examiner { keys: history, tables: &names, terms: &sums, redactions };
    let connect = || open_for_reading(folder);
    let (mut walk, mut found) = (entries::Walk::new(), rows::PartRows::default());
    let mut of_leaves = vec![0_u64; ranges.len()];
    report.progress("entries", 0, total);
    let mut done = 0;
    let of_index = std::thread::scope(|scope| {
        let of_index = scope.spawn(|| sums.of_index(&connect()?, &ranges));
        let examined = examiner.examine(&ranges, connect, |number, mut part| {
            done += part.seen.len() as u64;
            let mut terms = part.terms;
            walk.take(&mut part, report, |index| {
                terms = terms.wrapping_add(sums.of_backwards(index));
            });
            of_leaves[number] = terms;
            found.append(part.rows);
            report.progress("entries", done, total);
        });
        examined?;
        of_index.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    walk.finish(connection, report)?;
    keys.check(connection, report)?;
    let rows = tables.values().sum();
    report.progress("rows", found.read(), rows);
    found.add_strays(connection, &tables, &ranges)?;
    found.report(connection, report)?;
    report.progress("rows", rows, rows);
    let Some((of_index, others)) = of_index else { return Ok(()) };
    let sums = ranges.iter().zip(of_leaves.iter().zip(&of_index));
    let differing: Vec<_> = sums.filter(|(_, (a, b))| a != b).map(|(range, _)| range).collect();
    terms::report(connection, (&differing, others), report)
}

/// The ledger goes on from the newest head that was seen in this folder.
fn check_high_water(
    connection: &Connection,
    seen: Result<Option<high_water::HighWater>>,
    report: &mut Report<'_>,
) -> Result<()> {
    let sql = "SELECT count(*) FROM entry";
    let size = connection.query_row(sql, [], |row| row.get::<_, Count>(0))?.0;
    match seen {
        Ok(seen) => {
            if let Some(seen) = &seen
                && !high_water::goes_on(connection, Some(seen))?
            {
                let detail = Error::RolledBack { found: size, seen: seen.size }.to_string();
                report.error("rolled_back", "checkpoint", seen.size, detail);
            }
        }
        Err(error) => report.error("high_water_unreadable", "checkpoint", "log", error.to_string()),
    }
    Ok(())
}

/// Asks `question` of the data folder as [`check`] reads it: without writing, and whether or not the ledger is whole.
///
/// # Errors
///
/// Whatever `question` returns, [`Error::NoDatabase`] and [`Error::Database`].
pub fn read<T, E: From<Error>>(
    folder: &Path,
    question: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let folder = Folder::new(folder);
    if !folder.database().exists() {
        return Err(Error::NoDatabase { folder: folder.path().to_owned() }.into());
    }
    let mut connection = open_for_reading(&folder)?;
    let transaction = connection.transaction().map_err(Error::from)?;
    question(&ReadTx::new(&transaction))
}

/// The objects of the data folder.
pub fn objects(folder: &Path) -> Objects {
    let folder = Folder::new(folder);
    Objects::new(folder.objects(), folder.spool())
}

/// A part that the database could not answer is a finding, not the end.
fn tolerate<T>(outcome: Result<T>, report: &mut Report<'_>) -> Result<Option<T>> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(Error::Database(error)) => {
            report.error("database_unreadable", "", "", error.to_string());
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

/// A read-only connection. A folder that cannot be written has no room for the files that reading beside a writer needs;
/// then, and only when no writer left any, the database is read as a file that nobody changes.
fn open_for_reading(folder: &Folder) -> Result<Connection> {
    let connection = connect(folder, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    schema::configure_reader(&connection)?;
    let tried = connection.query_row("PRAGMA schema_version", [], |_row| Ok(()));
    let refused = tried.as_ref().err().and_then(rusqlite::Error::sqlite_error);
    let cannot_open = refused.is_some_and(|error| {
        matches!(error.extended_code & 0xff, ffi::SQLITE_CANTOPEN | ffi::SQLITE_READONLY)
    });
    let left = folder.database().with_extension("db-wal");
    if !cannot_open || left.metadata().is_ok_and(|about| about.len() > 0) {
        tried?;
        return Ok(connection);
    }
    let path = folder.database().canonicalize().map_err(|source| {
        let path = folder.database();
        Error::File { path, source }
    })?;
    let escaped =
        path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
    schema::configure_reader(&connection)?;
    Ok(connection)
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests;
