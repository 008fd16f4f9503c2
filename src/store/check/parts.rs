//! A part of the ledger at a time, examined by itself: entries, their rows, and what a later walk over all of them needs.
//!
//! Threads with connections of their own take the parts in turn, so that reading and hashing use all cores while no more than a few
//! parts are in memory. Entries and record rows are never changed once they are written: every connection sees those that the first
//! one saw.

use super::rows::{Listed, PartRows};
use super::{Finding, Severity, chain, terms};
use crate::digest::leaf_hash;
use crate::ledger::body::{self, Body};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::entry::{Entry, EntryType};
use crate::ledger::key_history::KeyHistory;
use crate::ledger::tree::Hash;
use crate::review::redaction::Redactions;
use crate::store::Result;
use crate::store::count::Count;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, named_params};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::mpsc::sync_channel;

/// Entries of one part, at most.
pub(super) const PART_ENTRIES: u64 = 2_048;

/// One entry, examined by itself.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) index: u64,
    /// The stored hash of its leaf.
    pub(super) hash: Hash,
    /// What it records, and when; nothing where its leaf cannot be read.
    pub(super) parsed: Option<(EntryType, String)>,
    pub(super) findings: Vec<Finding>,
}

/// A stored checkpoint.
#[derive(Debug)]
pub(super) struct Head {
    /// Entries that it covers.
    pub(super) entries: u64,
    pub(super) opened: crate::ledger::Result<Checkpoint>,
}

/// A part of the ledger.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) seen: Vec<Seen>,
    /// Checkpoints, by their size.
    pub(super) heads: HashMap<u64, Head>,
    /// Nodes that appear with the entries of this part, by level and index.
    pub(super) nodes: HashMap<(u8, u64), Vec<u8>>,
    pub(super) rows: PartRows,
    /// The terms of the entries, summed up.
    pub(super) terms: u64,
}

/// What every part is examined with.
#[derive(Debug)]
pub(super) struct Examiner<'check> {
    /// The keys that sign the heads.
    pub(super) keys: &'check KeyHistory,
    /// Record tables that are there.
    pub(super) tables: &'check [&'static str],
    pub(super) terms: &'check terms::Sums,
    /// What redactions left of rows.
    pub(super) redactions: &'check Redactions,
}

/// The entries in ranges of indices, so that a part has at most [`PART_ENTRIES`].
pub(super) fn ranges(connection: &Connection) -> Result<Vec<Range<u64>>> {
    let sql = "SELECT min(idx) FROM entry WHERE idx >= :start";
    let mut statement = connection.prepare(sql)?;
    let (mut ranges, mut end) = (Vec::new(), 0);
    loop {
        let first =
            statement.query_row(named_params! { ":start": Count(end) }, |row| row.get(0))?;
        let Some(Count(start)) = first else { return Ok(ranges) };
        end = start.saturating_add(PART_ENTRIES).min(i64::MAX as u64);
        ranges.push(start..end);
        if end == i64::MAX as u64 {
            return Ok(ranges);
        }
    }
}

impl Examiner<'_> {
    /// Calls `take` with all parts, in order, while the next ones are examined by other threads, each with a connection from `connect`.
    pub(super) fn examine(
        &self,
        ranges: &[Range<u64>],
        connect: impl Fn() -> Result<Connection> + Sync,
        mut take: impl FnMut(usize, Part),
    ) -> Result<()> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(ranges.len());
        std::thread::scope(|scope| {
            let receivers: Vec<_> = (0..threads)
                .map(|thread| {
                    let (send, receive) = sync_channel(1);
                    let connect = &connect;
                    scope.spawn(move || {
                        let connection = connect();
                        for range in ranges.iter().skip(thread).step_by(threads) {
                            let part = match &connection {
                                Ok(connection) => self.part(connection, range),
                                Err(_) => break,
                            };
                            let failed = part.is_err();
                            if send.send(part).is_err() || failed {
                                return;
                            }
                        }
                        if let Err(error) = connection {
                            // Whoever takes the parts may have stopped.
                            let _ = send.send(Err(error));
                        }
                    });
                    receive
                })
                .collect();
            for number in 0..ranges.len() {
                // A thread sends a part for each of its ranges, or an error and nothing after it.
                let Ok(part) = receivers[number % threads].recv() else { break };
                take(number, part?);
            }
            Ok(())
        })
    }

    fn part(&self, connection: &Connection, range: &Range<u64>) -> Result<Part> {
        let sql = "SELECT idx, leaf, leaf_hash, body FROM entry
                   WHERE idx >= :start AND idx < :end ORDER BY idx";
        let mut statement = connection.prepare_cached(sql)?;
        let between = named_params! { ":start": Count(range.start), ":end": Count(range.end) };
        let mut entries = statement.query(between)?;
        let (mut seen, mut listed, mut terms) = (Vec::new(), Vec::new(), 0_u64);
        while let Some(row) = entries.next()? {
            seen.push(self.entry(row, &mut listed, &mut terms)?);
        }
        let rows = PartRows::check(connection, (self.tables, self.redactions, range), listed)?;
        let (heads, nodes) = (self.heads(connection, range)?, nodes(connection, range)?);
        Ok(Part { seen, heads, nodes, rows, terms })
    }

    /// Examines one entry by itself; adds the rows that its body lists and its terms.
    fn entry(&self, row: &Row<'_>, listed: &mut Vec<Listed>, terms: &mut u64) -> Result<Seen> {
        let Count(index) = row.get(0)?;
        let (leaf, hash) = (bytes(row.get_ref(1)?), bytes(row.get_ref(2)?));
        let mut findings = Vec::new();
        let mut error = |code, detail: String| {
            let (table, id) = ("entry".to_owned(), index.to_string());
            findings.push(Finding { severity: Severity::Error, code, table, id, detail });
        };
        let found = leaf_hash(leaf);
        if found[..] != *hash {
            let (stored, found) = (hex::encode(hash), hex::encode(found));
            error("entry_changed", format!("the leaf hashes to {found}, stored is {stored}"));
        }
        let entry = Entry::parse(leaf);
        match &entry {
            Err(invalid) => error("entry_invalid", chain(invalid)),
            Ok(entry) => {
                if entry.idx != index {
                    error("entry_misplaced", format!("the leaf says {}", entry.idx));
                }
                // The index is not held against a leaf that was changed.
                if found[..] == *hash {
                    *terms = terms.wrapping_add(self.terms.of_entry(entry));
                }
                let body = bytes(row.get_ref(3)?);
                match sound_rows(entry, body) {
                    Ok(rows) => {
                        listed.extend(rows.into_iter().map(|row| Listed { index, row }));
                    }
                    Err((code, detail)) => error(code, detail),
                }
            }
        }
        let hash = hash.try_into().unwrap_or(found);
        let parsed = entry.ok().map(|entry| (entry.kind, entry.ts));
        Ok(Seen { index, hash, parsed, findings })
    }

    /// The checkpoints of this part, opened. Before groups, one checkpoint covered one entry.
    fn heads(&self, connection: &Connection, range: &Range<u64>) -> Result<HashMap<u64, Head>> {
        let sql = "SELECT * FROM checkpoint WHERE size > :start AND size <= :end ORDER BY size";
        let mut statement = connection.prepare_cached(sql)?;
        let has_entries = statement.column_index("entries").is_ok();
        let between = named_params! { ":start": Count(range.start), ":end": Count(range.end) };
        let mut rows = statement.query(between)?;
        let mut heads = HashMap::new();
        while let Some(row) = rows.next()? {
            let entries = if has_entries { row.get::<_, Option<Count>>("entries")? } else { None };
            let Count(size) = row.get("size")?;
            let note = row.get_ref("note")?.as_str().unwrap_or_default();
            let opened = Checkpoint::open(note, self.keys.at(size));
            heads.insert(
                size,
                Head { entries: entries.map_or(1, |Count(entries)| entries), opened },
            );
        }
        Ok(heads)
    }
}

/// The rows that the body of `entry` lists, if it is the body that its leaf names; else what is wrong with it.
fn sound_rows(
    entry: &Entry,
    body: &[u8],
) -> std::result::Result<Vec<body::RowDigest>, (&'static str, String)> {
    let found = body::digest_of(body);
    if found != entry.body {
        let detail = format!("sha256 {}, the leaf says {}", found.sha256, entry.body.sha256);
        return Err(("body_changed", detail));
    }
    Body::parse(body).map(|body| body.rows).map_err(|error| ("body_invalid", chain(&error)))
}

fn nodes(connection: &Connection, range: &Range<u64>) -> Result<HashMap<(u8, u64), Vec<u8>>> {
    let sql = "SELECT idx, hash FROM tree_node
               WHERE level = :level AND idx >= :start AND idx < :end ORDER BY idx";
    let mut statement = connection.prepare_cached(sql)?;
    let mut nodes = HashMap::new();
    for level in (1..=62_u8).take_while(|level| range.end >> level > 0) {
        let (start, end) = (Count(range.start >> level), Count(range.end >> level));
        let mut rows =
            statement.query(named_params! { ":level": level, ":start": start, ":end": end })?;
        while let Some(row) = rows.next()? {
            let Count(index) = row.get(0)?;
            nodes.insert((level, index), bytes(row.get_ref(1)?).to_vec());
        }
    }
    Ok(nodes)
}

/// The bytes of a BLOB or TEXT; none for anything else that a tampered column may hold.
fn bytes(value: ValueRef<'_>) -> &[u8] {
    match value {
        ValueRef::Blob(bytes) | ValueRef::Text(bytes) => bytes,
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => &[],
    }
}
