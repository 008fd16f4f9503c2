//! Stored files and the records that name them; disposals of files, and their removal.
//!
//! 1. a disposal that two people signed is committed with the files it removes (`disposed_object`)
//! 2. only then are the files removed, while nobody else writes; what a crash leaves is removed when the store is opened next
//!
//! A file is gone for good only while no record came later that names the same content: then it was received again.

use super::count::Count;
use super::objects::Objects;
use super::record_table::OBJECT_COLUMNS;
use super::{Error, ReadTx, Result, Store, WriteTx};
use crate::review::disposal::{DisposedFile, FileUse};
use crate::review::file_kind::FileKind;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;
use std::collections::BTreeMap;

/// A disposal without its document.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DisposalRow {
    /// Id.
    pub id: String,
    /// User name of who proposed it.
    pub proposed_by: String,
    /// Id of their account.
    #[serde(skip)]
    pub account_id: String,
    /// Files that it names.
    pub files: u64,
    /// Why.
    pub reason: String,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When it was proposed, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// Ledger entry of QA's signature, with which its files went; absent while it waits.
    pub signed_entry: Option<u64>,
    /// Ledger entry in which it was withdrawn; absent where it was not.
    pub withdrawn_entry: Option<u64>,
    /// The canonical document.
    #[serde(skip)]
    pub document: String,
}

/// One record that names a stored file, for one version, with what the record knows of the file.
#[derive(Clone, Debug)]
pub struct StoredUse {
    /// The BLAKE3 by which it is named.
    pub blake3: String,
    /// SHA-256 of the file; absent for digests of row ids.
    pub sha256: Option<String>,
    /// Length in bytes; absent for digests of row ids.
    pub bytes: Option<u64>,
    /// The use, without class and due day.
    pub of: FileUse,
}

/// A stored file that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Id of the disposal.
    pub disposal: String,
    /// When it was signed by QA, UTC.
    pub at: String,
    /// Length in bytes.
    pub bytes: u64,
}

/// A version with its model, and the day its life ended.
const OF_VERSION: &str = "v.model, v.version, v.id, (SELECT max(s.at) FROM version_step s WHERE s.version_id = v.id \
                          AND s.step IN ('retire', 'withdraw'))";

/// Every use of a file, by the columns of [`use_of`].
fn uses_sql() -> String {
    format!(
        "SELECT f.blake3, 'batch' AS kind, f.id, f.entry AS entry, f.at, f.name, f.bytes, f.sha256, {OF_VERSION} \
         FROM batch f JOIN model_version v ON v.id = f.version_id \
         UNION ALL SELECT f.row_ids, 'row_ids', f.id, f.entry, f.at, f.name, NULL, NULL, {OF_VERSION} \
         FROM batch f JOIN model_version v ON v.id = f.version_id WHERE f.row_ids IS NOT NULL \
         UNION ALL SELECT f.blake3, 'quarantine', f.id, f.entry, f.at, f.name, f.bytes, f.sha256, {OF_VERSION} \
         FROM quarantine f JOIN model_version v ON v.id = f.version_id \
         UNION ALL SELECT f.blake3, 'labels', f.id, f.entry, f.at, f.id, f.bytes, f.sha256, {OF_VERSION} \
         FROM labels f JOIN model_version v ON v.id = f.version_id \
         UNION ALL SELECT f.blake3, 'test_run', f.id, f.entry, f.at, f.id, f.bytes, f.file_sha256, {OF_VERSION} \
         FROM test_run f JOIN model_version v ON v.id = f.version_id \
         UNION ALL SELECT f.blake3, 'artifact', f.id, f.entry, f.at, f.path, f.bytes, f.sha256, \
         coalesce(v.model, d.model), v.version, v.id, (SELECT max(s.at) FROM version_step s WHERE s.version_id = v.id \
         AND s.step IN ('retire', 'withdraw')) FROM artifact f \
         LEFT JOIN draft_version d ON d.owner_id = f.owner_id OR d.run_id = f.owner_id OR d.logged_model_id = f.owner_id \
         LEFT JOIN model_version v ON v.draft_id = d.id WHERE f.blake3 IS NOT NULL \
         ORDER BY entry, kind"
    )
}

fn use_of(row: &Row<'_>) -> rusqlite::Result<StoredUse> {
    let word: String = row.get(1)?;
    let kind = FileKind::of_word(&word).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(1, Type::Text, format!("`{word}`").into())
    })?;
    let day = |at: String| at.get(..10).unwrap_or(&at).to_owned();
    Ok(StoredUse {
        blake3: row.get(0)?,
        bytes: row.get::<_, Option<Count>>(6)?.map(|count| count.0),
        sha256: row.get(7)?,
        of: FileUse {
            kind,
            record: row.get(2)?,
            entry: row.get::<_, Count>(3)?.0,
            came_on: day(row.get(4)?),
            name: row.get(5)?,
            model: row.get(8)?,
            version: row.get(9)?,
            version_id: row.get(10)?,
            ended_on: row.get::<_, Option<String>>(11)?.map(day),
            class: None,
            due_on: None,
        },
    })
}

/// Whether a record that came after the ledger entry `entry`, that of a disposal, names the content again.
fn received_again(connection: &Connection, blake3: &str, entry: u64) -> Result<bool> {
    for (table, column) in OBJECT_COLUMNS {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM \"{table}\" WHERE \"{column}\" = :blake3 AND entry > :entry)"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let sought = named_params! {":blake3": blake3, ":entry": Count::sought(entry)};
        if statement.query_row(sought, |row| row.get::<_, bool>(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every stored file that is gone, by its BLAKE3; nothing in a database that is older than disposals.
pub(super) fn gone(connection: &Connection) -> Result<BTreeMap<String, Gone>> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'disposed_object')";
    let mut found = BTreeMap::new();
    if !connection.query_row(sql, [], |row| row.get::<_, bool>(0))? {
        return Ok(found);
    }
    let sql =
        "SELECT blake3, disposal_id, at, bytes, entry FROM disposed_object ORDER BY entry, id";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let blake3: String = row.get(0)?;
        let Count(bytes) = row.get(3)?;
        let Count(entry) = row.get(4)?;
        if !received_again(connection, &blake3, entry)? {
            found.insert(blake3, Gone { disposal: row.get(1)?, at: row.get(2)?, bytes });
        }
    }
    Ok(found)
}

/// Removes what is gone from `objects`; gives the number of files that were still there.
pub(super) fn remove_gone(connection: &Connection, objects: &Objects) -> Result<u64> {
    let mut removed = 0;
    for name in gone(connection)?.keys() {
        removed += u64::from(objects.remove(name)?);
    }
    Ok(removed)
}

impl Store {
    /// Removes the files of signed disposals that are still stored, while nobody else writes; gives how many there were.
    ///
    /// # Errors
    ///
    /// [`Error::File`], those of the database.
    pub fn remove_disposed(&self) -> Result<u64> {
        let gone = self.read(|tx| tx.gone_files())?;
        if !gone.keys().any(|name| self.objects().contains(name).unwrap_or(true)) {
            return Ok(0);
        }
        self.work(|connection| {
            // Keeps every other process from committing a record that names one of these files.
            connection.execute_batch("BEGIN IMMEDIATE")?;
            let removed = remove_gone(connection, self.objects());
            connection.execute_batch("ROLLBACK")?;
            removed
        })
    }
}

impl WriteTx<'_> {
    /// Records a proposed disposal.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_disposal(&mut self, row: &DisposalRow) -> Result<()> {
        self.insert(
            "disposal",
            &[
                ("id", &row.id),
                ("account_id", &row.account_id),
                ("files", &Count(row.files)),
                ("reason", &row.reason),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }

    /// Records that a file goes.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_disposed_object(
        &mut self,
        id: &str,
        disposal_id: &str,
        file: &DisposedFile,
    ) -> Result<()> {
        self.insert(
            "disposed_object",
            &[
                ("id", &id),
                ("disposal_id", &disposal_id),
                ("bytes", &Count(file.bytes)),
                ("blake3", &file.blake3),
                ("sha256", &file.sha256),
            ],
        )
    }
}

const DISPOSAL: &str = "SELECT d.id, a.user_name, d.account_id, d.files, d.reason, d.sha256, d.at, d.entry, \
                        (SELECT min(o.entry) FROM disposed_object o WHERE o.disposal_id = d.id), d.document, \
                        (SELECT w.entry FROM withdrawal w WHERE w.record_table = 'disposal' AND w.record_id = d.id) \
                        FROM disposal d JOIN account a ON a.id = d.account_id";

fn disposal_of(row: &Row<'_>) -> rusqlite::Result<DisposalRow> {
    Ok(DisposalRow {
        id: row.get(0)?,
        proposed_by: row.get(1)?,
        account_id: row.get(2)?,
        files: row.get::<_, Count>(3)?.0,
        reason: row.get(4)?,
        sha256: row.get(5)?,
        at: row.get(6)?,
        entry: row.get::<_, Count>(7)?.0,
        signed_entry: row.get::<_, Option<Count>>(8)?.map(|entry| entry.0),
        document: row.get(9)?,
        withdrawn_entry: row.get::<_, Option<Count>>(10)?.map(|entry| entry.0),
    })
}

impl ReadTx<'_> {
    /// Every use of every stored file, in the order of the ledger.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn file_uses(&self) -> Result<Vec<StoredUse>> {
        let mut statement = self.connection().prepare_cached(&uses_sql())?;
        let rows = statement.query_map([], use_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Every stored file that is gone, by its BLAKE3.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn gone_files(&self) -> Result<BTreeMap<String, Gone>> {
        gone(self.connection())
    }

    /// How the stored file of that BLAKE3 went; nothing for one that did not.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn gone_file(&self, blake3: &str) -> Result<Option<Gone>> {
        let sql = "SELECT disposal_id, at, bytes, entry FROM disposed_object WHERE blake3 = :blake3 \
                   ORDER BY entry DESC, id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row(named_params! {":blake3": blake3}, |row| {
            let Count(bytes) = row.get(2)?;
            let Count(entry) = row.get(3)?;
            Ok((Gone { disposal: row.get(0)?, at: row.get(1)?, bytes }, entry))
        });
        match found.optional()? {
            Some((gone, entry)) if !received_again(self.connection(), blake3, entry)? => {
                Ok(Some(gone))
            }
            _ => Ok(None),
        }
    }

    /// The error that says how the file of that BLAKE3 went.
    ///
    /// # Errors
    ///
    /// [`Error::ObjectDisposed`] where it did; those of the database.
    pub fn refuse_gone(&self, blake3: &str) -> Result<()> {
        match self.gone_file(blake3)? {
            None => Ok(()),
            Some(Gone { disposal, at, .. }) => {
                Err(Error::ObjectDisposed { blake3: blake3.to_owned(), disposal, at })
            }
        }
    }

    /// Whether a disposal ever removed the file of that BLAKE3, received again or not.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub(super) fn was_disposed(&self, blake3: &str) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM disposed_object WHERE blake3 = :blake3)";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":blake3": blake3}, |row| row.get(0))?)
    }

    /// The disposals, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn disposals(&self) -> Result<Vec<DisposalRow>> {
        let sql = format!("{DISPOSAL} ORDER BY d.entry DESC, d.id DESC");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map([], disposal_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One disposal.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn disposal(&self, id: &str) -> Result<Option<DisposalRow>> {
        let sql = format!("{DISPOSAL} WHERE d.id = :id ORDER BY d.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, disposal_of).optional()?)
    }

    /// Ledger entries of the disposals that removed files of a batch, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn disposal_entries(&self, batch_id: &str) -> Result<Vec<u64>> {
        let sql = "SELECT DISTINCT o.entry FROM disposed_object o JOIN batch b ON o.blake3 IN (b.blake3, b.row_ids) \
                   AND o.entry > b.entry WHERE b.id = :batch_id ORDER BY o.entry";
        let mut statement = self.connection().prepare_cached(sql)?;
        let entries = statement
            .query_map(named_params! {":batch_id": batch_id}, |row| row.get::<_, Count>(0))?;
        Ok(entries.map(|entry| Ok(entry?.0)).collect::<rusqlite::Result<_>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::specimen;
    use std::collections::BTreeSet;

    #[test] // P11-10c1
    fn every_column_that_names_a_file_is_a_kind_of_file() {
        let kinds: BTreeSet<_> = FileKind::ALL.map(FileKind::column).into_iter().collect();
        let columns: BTreeSet<_> =
            OBJECT_COLUMNS.iter().copied().filter(|column| column.0 != "specimen").collect();
        assert_eq!(kinds, columns);
    }

    #[test]
    fn an_empty_store_uses_no_file_and_lacks_none() {
        let (_folder, store) = specimen::fresh();
        store
            .read(|tx| {
                assert!(tx.file_uses()?.is_empty() && tx.gone_files()?.is_empty());
                assert_eq!(tx.gone_file(&"0".repeat(64))?, None);
                Ok::<_, Error>(())
            })
            .unwrap();
        assert_eq!(store.remove_disposed().unwrap(), 0);
    }
}
