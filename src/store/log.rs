//! The ledger as it is stored: head, entries, bodies, checkpoints and proofs.

use super::count::Count;
use super::read::ReadTx;
use super::record_table::RECORD_TABLES;
use super::row::canonical_row;
use super::{Error, Result};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::edge::Edge;
use crate::ledger::entry::Entry;
use crate::ledger::note::VerifierKey;
use crate::ledger::proof::LogProof;
use crate::ledger::tree::{self, Hash};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

/// The most entries in one page.
pub const PAGE_MAX: usize = 1000;

/// The newest checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of entries.
    pub size: u64,
    /// The signed note.
    pub checkpoint: String,
}

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// What the leaf says.
    pub entry: Entry,
    /// The leaf: the bytes that are hashed.
    pub leaf: Vec<u8>,
    /// The leaf's hash.
    pub leaf_hash: Hash,
}

/// The signed checkpoint of the tree of `size` entries, if one was made.
pub(super) fn checkpoint_of_size(connection: &Connection, size: u64) -> Result<Option<String>> {
    let sql = "SELECT note FROM checkpoint WHERE size = :size";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(named_params! { ":size": Count(size) }, |row| row.get(0)).optional()?)
}

impl ReadTx<'_> {
    /// Size and signed checkpoint of the ledger.
    ///
    /// # Errors
    ///
    /// [`Error::TreeBroken`] when there is no checkpoint; [`Error::Database`].
    pub fn head(&self) -> Result<Head> {
        let newest = newest_checkpoint(self.connection())?;
        newest.ok_or(Error::TreeBroken { size: 0, reason: "there is no checkpoint" })
    }

    /// The signed checkpoint of the tree of `size` entries, if one was made.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub fn checkpoint(&self, size: u64) -> Result<Option<String>> {
        checkpoint_of_size(self.connection(), size)
    }

    /// The entry at `index`.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] when the leaf is not valid; [`Error::Database`].
    pub fn entry(&self, index: u64) -> Result<Option<StoredEntry>> {
        let sql = "SELECT leaf, leaf_hash FROM entry WHERE idx = :idx";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement
            .query_row(named_params! { ":idx": Count::sought(index) }, raw_entry)
            .optional()?;
        found.map(parse_entry).transpose()
    }

    /// The body of the entry at `index`: the canonical JSON bytes that its leaf digests.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub fn body(&self, index: u64) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT body FROM entry WHERE idx = :idx";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement
            .query_row(named_params! { ":idx": Count(index) }, |row| row.get(0))
            .optional()?)
    }

    /// At most `limit` entries (never more than [`PAGE_MAX`]) from index `from` on, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] when a leaf is not valid; [`Error::Database`].
    pub fn entries(&self, from: u64, limit: usize) -> Result<Vec<StoredEntry>> {
        let sql = "SELECT leaf, leaf_hash FROM entry WHERE idx >= :edge ORDER BY idx LIMIT :limit";
        self.page(sql, from, limit)
    }

    /// At most `limit` entries (never more than [`PAGE_MAX`]) with an index below `before`, newest first. `None` starts
    /// at the newest; the last index of a page is the cursor of the next.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] when a leaf is not valid; [`Error::Database`].
    pub fn entries_before(&self, before: Option<u64>, limit: usize) -> Result<Vec<StoredEntry>> {
        let sql =
            "SELECT leaf, leaf_hash FROM entry WHERE idx < :edge ORDER BY idx DESC LIMIT :limit";
        self.page(sql, before.unwrap_or(crate::ledger::INTEGER_MAX), limit)
    }

    /// The hashes from entry `index` to the root of the tree of `size` entries.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] when `index` is not below `size` or the ledger is smaller than `size`.
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>> {
        self.refuse_beyond(size)?;
        tree::inclusion_proof(index, size, &mut stored_node(self.connection()))
    }

    /// The hashes that show that the first `from` entries are unchanged in the tree of `to` entries.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] when `from` is more than `to` or the ledger is smaller than `to`.
    pub fn consistency_proof(&self, from: u64, to: u64) -> Result<Vec<Hash>> {
        self.refuse_beyond(to)?;
        tree::consistency_proof(from, to, &mut stored_node(self.connection()))
    }

    /// The proof that entry `index` is under the newest checkpoint.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] when there is no such entry.
    pub fn log_proof(&self, index: u64) -> Result<LogProof> {
        let Head { size, checkpoint } = self.head()?;
        let hashes = self.inclusion_proof(index, size)?;
        Ok(LogProof { index, hashes, checkpoint, extra: None })
    }

    /// The canonical JSON of the row `key` of a record table: the bytes whose SHA-256 its entry's body lists.
    ///
    /// # Errors
    ///
    /// [`Error::NotARecordTable`]; [`Error::RowNotCanonical`] for a row that was not written by this store.
    pub fn record_row(&self, table: &str, key: &str) -> Result<Option<Vec<u8>>> {
        if !RECORD_TABLES.contains(&table) {
            return Err(Error::NotARecordTable { table: table.to_owned() });
        }
        let sql = format!("SELECT * FROM \"{table}\" WHERE id = :id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let found = statement
            .query_row(named_params! { ":id": key }, |row| Ok(canonical_row(table, row)))
            .optional()?;
        Ok(found.transpose()?.map(|(_, bytes)| bytes))
    }

    /// The ids of the rows of a record table that hold `values` (column, text), in the order they were written.
    ///
    /// # Errors
    ///
    /// [`Error::NotARecordTable`]; [`Error::Database`], also for a column that the table does not have.
    pub fn record_ids_where(&self, table: &str, values: &[(&str, &str)]) -> Result<Vec<String>> {
        if !RECORD_TABLES.contains(&table) {
            return Err(Error::NotARecordTable { table: table.to_owned() });
        }
        let mut sql = format!("SELECT id FROM \"{table}\" WHERE TRUE");
        for (column, _) in values {
            sql.push_str(&format!(" AND \"{column}\" = ?"));
        }
        sql.push_str(" ORDER BY entry, rowid");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let sought = rusqlite::params_from_iter(values.iter().map(|(_, value)| *value));
        let ids = statement.query_map(sought, |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// The ids of the rows of a record table, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::NotARecordTable`]; [`Error::Database`].
    pub fn record_ids(&self, table: &str) -> Result<Vec<String>> {
        if !RECORD_TABLES.contains(&table) {
            return Err(Error::NotARecordTable { table: table.to_owned() });
        }
        let sql = format!("SELECT id FROM \"{table}\" ORDER BY id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let ids = statement.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// Rows of every record table.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub fn record_counts(&self) -> Result<Vec<(&'static str, u64)>> {
        let mut counts = Vec::new();
        for table in RECORD_TABLES {
            let sql = format!("SELECT count(*) FROM \"{table}\"");
            let mut statement = self.connection().prepare_cached(&sql)?;
            let Count(rows) = statement.query_row([], |row| row.get(0))?;
            counts.push((*table, rows));
        }
        Ok(counts)
    }

    fn page(&self, sql: &str, edge: u64, limit: usize) -> Result<Vec<StoredEntry>> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let bounds =
            named_params! { ":edge": Count(edge), ":limit": Count(limit.min(PAGE_MAX) as u64) };
        let found: Vec<_> =
            statement.query_map(bounds, raw_entry)?.collect::<rusqlite::Result<_>>()?;
        found.into_iter().map(parse_entry).collect()
    }

    fn refuse_beyond(&self, position: u64) -> Result<()> {
        let size = self.head()?.size;
        if position > size {
            return Err(crate::ledger::Error::OutOfRange { position, size }.into());
        }
        Ok(())
    }
}

/// The stored hashes of perfect subtrees.
pub(super) fn stored_node(connection: &Connection) -> impl FnMut(u8, u64) -> Result<Hash> + '_ {
    |level, index| {
        let found = if level == 0 {
            let sql = "SELECT leaf_hash FROM entry WHERE idx = :idx";
            let mut statement = connection.prepare_cached(sql)?;
            statement
                .query_row(named_params! { ":idx": Count(index) }, |row| row.get(0))
                .optional()?
        } else {
            let sql = "SELECT hash FROM tree_node WHERE level = :level AND idx = :idx";
            let mut statement = connection.prepare_cached(sql)?;
            let place = named_params! { ":level": level, ":idx": Count(index) };
            statement.query_row(place, |row| row.get(0)).optional()?
        };
        found.ok_or(Error::NodeMissing { level, index })
    }
}

/// Whether nothing was ever entered: no entry and no checkpoint.
pub(super) fn is_empty(connection: &Connection) -> Result<bool> {
    Ok(stored_size(connection)? == 0 && newest_checkpoint(connection)?.is_none())
}

/// The right edge of the stored tree, once the newest checkpoint's signature verifies, its size is the number of entries, and
/// its root is the root of the stored tree.
pub(super) fn verified_edge(connection: &Connection, key: &VerifierKey) -> Result<Edge> {
    let size = stored_size(connection)?;
    let broken = |reason| Error::TreeBroken { size, reason };
    let newest = newest_checkpoint(connection)?.ok_or(broken("there is no checkpoint"))?;
    let head = Checkpoint::open(&newest.checkpoint, key)?;
    if head.size != newest.size || head.size != size {
        return Err(broken("the newest checkpoint is of another size"));
    }
    let edge = Edge::of(size, &mut stored_node(connection))?;
    if edge.root() != head.root {
        return Err(broken("the root of the stored tree is not the one that was signed"));
    }
    Ok(edge)
}

fn stored_size(connection: &Connection) -> Result<u64> {
    let sql = "SELECT coalesce(max(idx) + 1, 0) FROM entry";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, Count>(0))?.0)
}

fn newest_checkpoint(connection: &Connection) -> Result<Option<Head>> {
    let sql = "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1";
    let head =
        |row: &Row<'_>| Ok(Head { size: row.get::<_, Count>(0)?.0, checkpoint: row.get(1)? });
    Ok(connection.prepare_cached(sql)?.query_row([], head).optional()?)
}

pub(super) fn raw_entry(row: &Row<'_>) -> rusqlite::Result<(Vec<u8>, Hash)> {
    Ok((row.get(0)?, row.get(1)?))
}

pub(super) fn parse_entry((leaf, leaf_hash): (Vec<u8>, Hash)) -> Result<StoredEntry> {
    Ok(StoredEntry { entry: Entry::parse(&leaf)?, leaf, leaf_hash })
}
