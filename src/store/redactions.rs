//! Redactions of personal data in record rows: their records, the rows as they are and as they will be, and the change itself.
//!
//! Rows of record tables are never changed but here: a redaction that two people signed puts a marker in place of values, in the
//! transaction whose entry lists what was left of each row ([`Redactions`]). The triggers against it are off for that one statement.

use super::count::Count;
use super::record_table::RECORD_TABLES;
use super::row::row_digest;
use super::{Error, ReadTx, Result, Store, WriteTx, schema};
use crate::digest;
use crate::ledger::body::Body;
use crate::review::redaction::{BLIND, RedactedRow, Redactions, redactable};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// How long the emptying of the write-ahead log waits for readers.
const READER_WAIT: Duration = Duration::from_millis(500);

/// A redaction without its document.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RedactionRow {
    /// Id.
    pub id: String,
    /// User name of who proposed it.
    pub proposed_by: String,
    /// Id of their account.
    #[serde(skip)]
    pub account_id: String,
    /// Rows of which it names fields.
    pub rows: u64,
    /// Why.
    pub reason: String,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When it was proposed, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// Ledger entry of QA's signature, with which the values went; absent while it waits.
    pub signed_entry: Option<u64>,
    /// Ledger entry in which it was withdrawn; absent where it was not.
    pub withdrawn_entry: Option<u64>,
    /// The canonical document.
    #[serde(skip)]
    pub document: String,
}

/// A row as it is stored, and what the ledger says of it.
#[derive(Clone, Debug)]
pub struct FoundRow {
    /// Its columns that hold a value.
    pub columns: Map<String, Value>,
    /// Ledger entry of the row.
    pub entry: u64,
    /// SHA-256 of the row as the body of that entry lists it.
    pub listed_sha256: String,
    /// SHA-256 of the row as it is.
    pub found_sha256: String,
}

/// What redactions found and left of rows; nothing in a database that is older than redactions.
pub(super) fn read_redactions(connection: &Connection) -> Result<Redactions> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'redacted_row')";
    let mut found = Redactions::default();
    if !connection.query_row(sql, [], |row| row.get::<_, bool>(0))? {
        return Ok(found);
    }
    let sql = "SELECT record_table, record_id, found_sha256, left_sha256 FROM redacted_row ORDER BY entry, rowid";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        found.add((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?));
    }
    Ok(found)
}

const REDACTION: &str = "SELECT r.id, a.user_name, r.account_id, r.rows, r.reason, r.sha256, r.at, r.entry, \
                         (SELECT min(o.entry) FROM redacted_row o WHERE o.redaction_id = r.id), \
                         (SELECT w.entry FROM withdrawal w WHERE w.record_table = 'redaction' AND w.record_id = r.id), \
                         r.document FROM redaction r JOIN account a ON a.id = r.account_id";

fn redaction_of(row: &Row<'_>) -> rusqlite::Result<RedactionRow> {
    let entry =
        |at: usize| row.get::<_, Option<Count>>(at).map(|entry| entry.map(|Count(entry)| entry));
    Ok(RedactionRow {
        id: row.get(0)?,
        proposed_by: row.get(1)?,
        account_id: row.get(2)?,
        rows: row.get::<_, Count>(3)?.0,
        reason: row.get(4)?,
        sha256: row.get(5)?,
        at: row.get(6)?,
        entry: row.get::<_, Count>(7)?.0,
        signed_entry: entry(8)?,
        withdrawn_entry: entry(9)?,
        document: row.get(10)?,
    })
}

impl ReadTx<'_> {
    /// The redactions, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn redactions(&self) -> Result<Vec<RedactionRow>> {
        let sql = format!("{REDACTION} ORDER BY r.entry DESC, r.id DESC");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map([], redaction_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One redaction.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn redaction(&self, id: &str) -> Result<Option<RedactionRow>> {
        let sql = format!("{REDACTION} WHERE r.id = :id ORDER BY r.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, redaction_of).optional()?)
    }

    /// The row `id` of the record table `table`, if it is what the ledger and earlier redactions say of it.
    ///
    /// # Errors
    ///
    /// [`Error::NotARecordTable`], [`Error::RowChanged`], those of the database.
    pub fn row_to_redact(&self, table: &str, id: &str) -> Result<Option<FoundRow>> {
        let Some(bytes) = self.record_row(table, id)? else { return Ok(None) };
        let columns: Map<String, Value> = serde_json::from_slice(&bytes).unwrap_or_default();
        let entry = columns.get("entry").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let body = self.body(entry)?.map(|bytes| Body::parse(&bytes)).transpose()?;
        let rows = body.map(|body| body.rows).unwrap_or_default();
        let listed = rows.into_iter().find(|row| row.table == table && row.key == id);
        let changed = || Error::RowChanged { table: table.to_owned(), id: id.to_owned() };
        let listed_sha256 = listed.ok_or_else(changed)?.sha256;
        let found_sha256 = digest::sha256_hex(&bytes);
        let redactions = read_redactions(self.connection())?;
        if redactions.now(table, id, &listed_sha256) != found_sha256 {
            return Err(changed());
        }
        Ok(Some(FoundRow { columns, entry, listed_sha256, found_sha256 }))
    }

    /// The version that an alert is about.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn version_of_alert(&self, episode_id: &str) -> Result<Option<String>> {
        let sql = "SELECT version_id FROM episode WHERE id = :id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":id": episode_id}, |row| row.get(0)).optional()?)
    }
}

impl WriteTx<'_> {
    /// Records a proposed redaction.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_redaction(&mut self, row: &RedactionRow) -> Result<()> {
        self.insert(
            "redaction",
            &[
                ("id", &row.id),
                ("account_id", &row.account_id),
                ("rows", &Count(row.rows)),
                ("reason", &row.reason),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }

    /// Redacts a row, and records what was found and left of it: `values` are the columns with what stands in them from now on.
    ///
    /// # Errors
    ///
    /// [`Error::NotARecordTable`] for a column that is not to be redacted; [`Error::RowChanged`] where the row would not become what
    /// `row` says; those of the database.
    pub fn redact(
        &mut self,
        (id, redaction_id): (&str, &str),
        row: &RedactedRow,
        values: &[(String, String)],
    ) -> Result<()> {
        let is_redactable =
            |column: &str| redactable().any(|one| one == (row.table.as_str(), column));
        let table = RECORD_TABLES.iter().find(|table| **table == row.table);
        let Some(table) = table.filter(|_| values.iter().all(|(column, _)| is_redactable(column)))
        else {
            return Err(Error::NotARecordTable { table: row.table.clone() });
        };
        self.replace((table, &row.record), values)?;
        let sql = format!("SELECT * FROM \"{table}\" WHERE id = :id");
        let left = self
            .connection()
            .prepare_cached(&sql)?
            .query_row(named_params! {":id": row.record}, |row| Ok(row_digest(table, row)))??;
        if left.sha256 != row.left_sha256 {
            return Err(Error::RowChanged { table: row.table.clone(), id: row.record.clone() });
        }
        self.insert(
            "redacted_row",
            &[
                ("id", &id),
                ("redaction_id", &redaction_id),
                ("record_table", &row.table),
                ("record_id", &row.record),
                ("listed_sha256", &row.listed_sha256),
                ("found_sha256", &row.found_sha256),
                ("left_sha256", &row.left_sha256),
            ],
        )
    }

    /// Puts `values` into the row, and nothing into the column that blinds its digest. What SQLite frees is overwritten.
    fn replace(&mut self, (table, id): (&str, &str), values: &[(String, String)]) -> Result<()> {
        let trigger = format!("{table}_no_update");
        let connection = self.connection();
        let sql = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = :name";
        let forbids: String =
            connection.query_row(sql, named_params! {":name": trigger}, |row| row.get(0))?;
        connection.pragma_update(None, "secure_delete", true)?;
        connection.execute_batch(&format!("DROP TRIGGER \"{trigger}\""))?;
        let mut sets: Vec<String> =
            (1..).zip(values).map(|(at, (column, _))| format!("\"{column}\" = ?{at}")).collect();
        sets.push(format!("{BLIND} = NULL"));
        let last = values.len() + 1;
        let sql = format!("UPDATE \"{table}\" SET {} WHERE id = ?{last}", sets.join(", "));
        let texts = values.iter().map(|(_, value)| value.as_str()).chain([id]);
        let changed = connection.execute(&sql, rusqlite::params_from_iter(texts))?;
        connection.execute_batch(&forbids)?;
        connection.pragma_update(None, "secure_delete", false)?;
        self.witnessed(changed as u64);
        Ok(())
    }

    /// Notices about an alert that are still in the outbox, or were sent from it, go: they quote what its opening says.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn forget_notices(&self, path: &str) -> Result<u64> {
        let sql = "DELETE FROM outbox WHERE json_extract(notice, '$.path') = :path";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.execute(named_params! {":path": path})? as u64)
    }
}

impl Store {
    /// Writes what was committed from the write-ahead log into the database and empties the log, so that it holds no earlier value of a
    /// redacted row; gives whether nobody was reading from it, else the log is written over later.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn empty_write_ahead_log(&self) -> Result<bool> {
        self.work(|connection| {
            // Whoever reads for long does not keep the writer.
            connection.busy_timeout(READER_WAIT)?;
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            let busy = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
            connection.busy_timeout(schema::BUSY)?;
            Ok(busy? == 0)
        })
    }
}

#[cfg(test)]
mod tests;
