//! Writing: record rows, entry, tree and signed checkpoint, durable together or not there.
//!
//! 1. take a turn at the one writer
//! 2. run the caller's work; every record row it inserts is read back and digested
//! 3. append the entry that lists these rows, and the new tree nodes
//! 4. sign and commit, alone or with the acts that came meanwhile (`group.rs`); only then does the caller get the index and the
//!    checkpoint

use super::count::Count;
use super::group::{Failure, Head, Turn};
use super::objects::Objects;
use super::open::Store;
use super::read::ReadTx;
use super::record_table::{OBJECT_COLUMNS, RECORD_TABLES};
use super::row::row_digest;
use super::trail::insert_terms;
use super::{Error, Result};
use crate::digest::leaf_hash;
use crate::ledger::body::{self, Body, RowDigest};
use crate::ledger::entry::{Actor, Entry, EntryType, Subject, VERSION};
use crate::ledger::tree::{Hash, Node};
use crate::review::redaction::{BLIND, is_redactable};
use crate::{clock, ledger};
use rusqlite::{Connection, ToSql, named_params, params_from_iter};
use serde_json::Value;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

/// Random bytes that blind the digest of a row.
const BLIND_BYTES: usize = 16;

/// What a committed write gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// The work's own result.
    pub value: T,
    /// Index of the ledger entry.
    pub index: u64,
    /// The signed checkpoint that covers it.
    pub checkpoint: String,
}

/// One act: one actor, one time, one ledger entry. Table families add their writes with `impl WriteTx<'_>`; everything a
/// [`ReadTx`] answers can be asked here too, and sees what this act has written.
#[derive(Debug)]
pub struct WriteTx<'connection> {
    read: ReadTx<'connection>,
    index: u64,
    at: jiff::Timestamp,
    at_text: String,
    kind: EntryType,
    actor: Actor,
    subjects: Vec<Subject>,
    refers: Vec<u64>,
    rows: Vec<RowDigest>,
    detail: Value,
    objects: &'connection Objects,
    touched: &'connection AtomicU64,
}

impl<'connection> Deref for WriteTx<'connection> {
    type Target = ReadTx<'connection>;

    fn deref(&self) -> &ReadTx<'connection> {
        &self.read
    }
}

impl Store {
    /// Does `work` and records it as one ledger entry of type `kind` by `actor`. When this returns, entry, rows and
    /// signed checkpoint are durable; when it fails, nothing was written. Do not call it from inside `work`: there is
    /// one writer.
    ///
    /// # Errors
    ///
    /// - whatever `work` returns
    /// - [`Error::NothingRecorded`]: `work` inserted no record row
    /// - [`Error::Unwitnessed`]: a record table was changed otherwise than by an insert through the transaction
    /// - [`Error::TreeBroken`]: the stored tree is not the one the newest checkpoint signed
    pub fn write<T, E: From<Error>>(
        &self,
        actor: &Actor,
        kind: EntryType,
        work: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E>,
    ) -> Result<Written<T>, E> {
        let inner = &self.inner;
        let turn = Turn::wait(&inner.writer, &inner.waiting, &inner.signers);
        let ((value, index), outcome) = turn.act(|connection, head, touched| {
            let at = inner.clock.now();
            let mut tx = WriteTx {
                read: ReadTx::new(connection),
                index: head.edge.size(),
                at,
                at_text: clock::rfc3339(at),
                kind,
                actor: actor.clone(),
                subjects: Vec::new(),
                refers: Vec::new(),
                rows: Vec::new(),
                detail: Value::Null,
                objects: &inner.objects,
                touched,
            };
            let value = work(&mut tx)?;
            tx.append(head)?;
            Ok::<_, E>((value, tx.index))
        })?;
        let signed = outcome.wait().as_ref().map_err(Failure::error)?;
        inner.keeper.keep(signed.size, &signed.note);
        Ok(Written { value, index, checkpoint: signed.note.clone() })
    }
}

impl WriteTx<'_> {
    /// The act's time as text, `2026-11-23T17:48:24.132Z`.
    pub fn at(&self) -> &str {
        &self.at_text
    }

    /// The act's time.
    pub fn time(&self) -> jiff::Timestamp {
        self.at
    }

    /// The index of the entry this act will get.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Names a thing the act is about.
    pub fn subject(&mut self, subject: Subject) {
        self.subjects.push(subject);
    }

    /// Refers to an earlier entry.
    pub fn refer(&mut self, index: u64) {
        self.refers.push(index);
    }

    /// Adds anything else about the act to the entry's body; replaces what was added before.
    pub fn detail(&mut self, detail: Value) {
        self.detail = detail;
    }

    /// Inserts one row into a record table, with the columns `entry` and `at` of this act, and lists its digest in the
    /// entry. `columns` are literals of the calling family file and hold `id`. A row that can be redacted gets a random text besides, which
    /// blinds its digest.
    pub(super) fn insert(
        &mut self,
        table: &'static str,
        columns: &[(&'static str, &dyn ToSql)],
    ) -> Result<()> {
        if !RECORD_TABLES.contains(&table) {
            return Err(Error::NotARecordTable { table: table.to_owned() });
        }
        let act: [(&'static str, &dyn ToSql); 2] =
            [("entry", &Count(self.index)), ("at", &self.at_text)];
        let blind = is_redactable(table).then(|| clock::new_secret(BLIND_BYTES)).transpose();
        let blind = blind.map_err(ledger::Error::Random)?;
        let blinded: Option<(&'static str, &dyn ToSql)> =
            blind.as_ref().map(|text| (BLIND, text as &dyn ToSql));
        let all = || columns.iter().chain(&act).chain(&blinded);
        let names: Vec<_> = all().map(|(name, _)| format!("\"{name}\"")).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let sql = format!("INSERT INTO \"{table}\" ({}) VALUES ({marks})", names.join(", "));
        let values = params_from_iter(all().map(|(_, value)| *value));
        let connection = self.read.connection();
        let inserted = connection.prepare_cached(&sql)?.execute(values);
        inserted.map_err(|error| conflict_or(error, table))?;
        let sql = format!("SELECT * FROM \"{table}\" WHERE rowid = last_insert_rowid()");
        let row =
            connection.prepare_cached(&sql)?.query_row([], |row| Ok(row_digest(table, row)))??;
        self.rows.push(row);
        self.check_objects(table)
    }

    /// A file that was disposed of once is named anew only when it was received again: a disposal may have been signed between the
    /// receiving and this act.
    fn check_objects(&self, table: &str) -> Result<()> {
        for (_, column) in OBJECT_COLUMNS.iter().filter(|column| column.0 == table) {
            let sql =
                format!("SELECT \"{column}\" FROM \"{table}\" WHERE rowid = last_insert_rowid()");
            let mut statement = self.read.connection().prepare_cached(&sql)?;
            let named: Option<String> = statement.query_row([], |row| row.get(0))?;
            let Some(blake3) = named else { continue };
            if self.read.was_disposed(&blake3)? && !self.objects.contains(&blake3)? {
                return Err(Error::ObjectMissing { blake3 });
            }
        }
        Ok(())
    }

    /// Forgets the rows of record tables that were touched before any was inserted: tables that a migration made again are held
    /// against what they held before.
    pub(super) fn forget_touched(&self) {
        self.touched.store(self.rows.len() as u64, Ordering::Relaxed);
    }

    /// Takes rows of record tables that were touched as witnessed: a row of their own, which the entry lists, says what became of them.
    pub(super) fn witnessed(&self, touched: u64) {
        self.touched.fetch_sub(touched, Ordering::Relaxed);
    }

    #[cfg(test)]
    /// Works on working tables inside the same transaction. Record rows go through [`Self::insert`]: a record table
    /// that is changed here makes the commit fail.
    pub(super) fn work<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        Ok(work(self.read.connection())?)
    }

    /// Entry, nodes and terms.
    fn append(&mut self, head: &mut Head) -> Result<()> {
        let (touched, listed) = (self.touched.load(Ordering::Relaxed), self.rows.len() as u64);
        if listed == 0 {
            return Err(Error::NothingRecorded { kind: self.kind });
        }
        if touched != listed {
            return Err(Error::Unwitnessed { touched, listed });
        }
        let body =
            Body { rows: std::mem::take(&mut self.rows), detail: std::mem::take(&mut self.detail) };
        let body = body.to_bytes()?;
        let entry = Entry {
            v: VERSION,
            idx: self.index,
            ts: self.at_text.clone(),
            kind: self.kind,
            actor: self.actor.clone(),
            subj: std::mem::take(&mut self.subjects),
            body: body::digest_of(&body),
            refs: std::mem::take(&mut self.refers),
        };
        let leaf = entry.to_leaf()?;
        let connection = self.read.connection();
        let hash = leaf_hash(&leaf);
        insert_entry(connection, self.index, &leaf, &hash, &body)?;
        for node in head.edge.append(hash).iter().filter(|node| node.level > 0) {
            insert_node(connection, node)?;
        }
        insert_terms(connection, &entry, &head.at)?;
        head.at = entry.ts;
        Ok(())
    }
}

fn conflict_or(error: rusqlite::Error, table: &'static str) -> Error {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
    let code = error.sqlite_error().map(|found| found.extended_code);
    match code {
        Some(SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE) => {
            Error::AlreadyExists { table }
        }
        _ => error.into(),
    }
}

fn insert_entry(
    connection: &Connection,
    index: u64,
    leaf: &[u8],
    hash: &Hash,
    body: &[u8],
) -> Result<()> {
    let sql =
        "INSERT INTO entry (idx, leaf, leaf_hash, body) VALUES (:idx, :leaf, :leaf_hash, :body)";
    connection.prepare_cached(sql)?.execute(
        named_params! { ":idx": Count(index), ":leaf": leaf, ":leaf_hash": hash, ":body": body },
    )?;
    Ok(())
}

fn insert_node(connection: &Connection, node: &Node) -> Result<()> {
    let sql = "INSERT INTO tree_node (level, idx, hash) VALUES (:level, :idx, :hash)";
    connection.prepare_cached(sql)?.execute(
        named_params! { ":level": node.level, ":idx": Count(node.index), ":hash": node.hash },
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;
