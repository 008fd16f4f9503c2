//! Entries: leaf, body, tree and checkpoints, each hashed again from the first entry to the last.
//!
//! The tree is rebuilt from the stored leaf hashes, so that a changed leaf is named as just that, and not once more by
//! every checkpoint after it.

use super::{ListedRow, Report};
use crate::digest::leaf_hash;
use crate::ledger::body::{self, Body};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::edge::Edge;
use crate::ledger::entry::{Entry, EntryType};
use crate::ledger::note::VerifierKey;
use crate::ledger::tree::{Hash, Node};
use crate::store::Result;
use crate::store::count::Count;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

/// Examines all entries; gives the rows that sound bodies list.
pub(super) fn check(
    connection: &Connection,
    key: &VerifierKey,
    report: &mut Report<'_>,
) -> Result<Vec<ListedRow>> {
    let count = "SELECT count(*) FROM entry";
    let Count(total) = connection.query_row(count, [], |row| row.get(0))?;
    let mut walk = Walk {
        connection,
        key,
        next: 0,
        covered: 0,
        notes: notes(connection)?,
        last_time: String::new(),
        listed: Vec::new(),
    };
    let mut rebuilt = Some(Rebuilt::default());
    let mut statement =
        connection.prepare("SELECT idx, leaf, leaf_hash, body FROM entry ORDER BY idx")?;
    let mut entries = statement.query([])?;
    report.progress("entries", 0, total);
    let mut done = 0;
    while let Some(row) = entries.next()? {
        let index = row.get::<_, i64>(0)?;
        let Ok(index) = u64::try_from(index) else {
            report.error("entry_misplaced", "entry", index, "an index below 0");
            continue;
        };
        if index != walk.next {
            let detail = format!("entries {} to {} are missing", walk.next, index - 1);
            report.error("entry_missing", "entry", walk.next, detail);
            rebuilt = None;
        }
        let stored = walk.entry(index, row, report)?;
        if let Some(tree) = &mut rebuilt {
            tree.grow(&mut walk, index, stored, report)?;
        }
        walk.next = index + 1;
        done += 1;
        report.progress("entries", done, total);
    }
    if let Some(tree) = &rebuilt {
        tree.report_roots(report);
    }
    if rebuilt.is_some() {
        walk.uncovered(walk.next, report);
    }
    walk.leftovers(report)?;
    walk.key_of_entry_0(report)?;
    Ok(walk.listed)
}

/// The way through all entries.
struct Walk<'check> {
    connection: &'check Connection,
    key: &'check VerifierKey,
    next: u64,
    /// Entries up to here are under a checkpoint of their own or of their group.
    covered: u64,
    /// The question for a checkpoint.
    notes: &'static str,
    last_time: String,
    listed: Vec<ListedRow>,
}

impl Walk<'_> {
    /// Examines one entry by itself; gives its stored leaf hash.
    fn entry(&mut self, index: u64, row: &Row<'_>, report: &mut Report<'_>) -> Result<Hash> {
        let (leaf, hash) = (bytes(row.get_ref(1)?), bytes(row.get_ref(2)?));
        let found = leaf_hash(leaf);
        if found[..] != *hash {
            let (stored, found) = (hex::encode(hash), hex::encode(found));
            let detail = format!("the leaf hashes to {found}, stored is {stored}");
            report.error("entry_changed", "entry", index, detail);
        }
        match Entry::parse(leaf) {
            Err(error) => report.error("entry_invalid", "entry", index, chain(&error)),
            Ok(entry) => self.parsed(index, &entry, bytes(row.get_ref(3)?), report),
        }
        Ok(hash.try_into().unwrap_or(found))
    }

    fn parsed(&mut self, index: u64, entry: &Entry, body: &[u8], report: &mut Report<'_>) {
        if entry.idx != index {
            let detail = format!("the leaf says {}", entry.idx);
            report.error("entry_misplaced", "entry", index, detail);
        }
        if (entry.kind == EntryType::LogCreate) != (index == 0) {
            let detail = format!("`{}` at index {index}", entry.kind);
            report.error("entry_misplaced", "entry", index, detail);
        }
        if entry.ts < self.last_time {
            let detail = format!("{} follows {}", entry.ts, self.last_time);
            report.warning("time_backwards", "entry", index, detail);
        }
        self.last_time.clone_from(&entry.ts);
        let found = body::digest_of(body);
        if found != entry.body {
            let detail = format!("sha256 {}, the leaf says {}", found.sha256, entry.body.sha256);
            report.error("body_changed", "entry", index, detail);
            return;
        }
        match Body::parse(body) {
            Err(error) => report.error("body_invalid", "entry", index, chain(&error)),
            Ok(body) => {
                self.listed.extend(body.rows.into_iter().map(|row| ListedRow { index, row }));
            }
        }
    }

    /// The checkpoint of `size` entries, if it is stored and signed.
    fn checkpoint(&mut self, size: u64, report: &mut Report<'_>) -> Result<Option<Checkpoint>> {
        let mut statement = self.connection.prepare_cached(self.notes)?;
        let found = statement
            .query_row(named_params! { ":size": Count(size) }, |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Option<Count>>(1)?))
            })
            .optional()?;
        let Some((note, entries)) = found else { return Ok(None) };
        self.uncovered(size.saturating_sub(entries.map_or(1, |Count(entries)| entries)), report);
        self.covered = size;
        match Checkpoint::open(&note, self.key) {
            Ok(head) if head.size == size => Ok(Some(head)),
            Ok(head) => {
                let detail = format!("the note says size {}", head.size);
                report.error("checkpoint_invalid", "checkpoint", size, detail);
                Ok(None)
            }
            Err(error) => {
                report.error("checkpoint_invalid", "checkpoint", size, chain(&error));
                Ok(None)
            }
        }
    }

    /// No checkpoint is of the entries before `size` that none has covered.
    fn uncovered(&self, size: u64, report: &mut Report<'_>) {
        if self.covered < size {
            let detail = format!("nothing signs the entries from {} on", self.covered);
            report.error("checkpoint_missing", "checkpoint", size, detail);
        }
    }

    /// Nodes and checkpoints beyond the last entry: entries at the end are gone, or these were added.
    fn leftovers(&self, report: &mut Report<'_>) -> Result<()> {
        let sql = "SELECT size FROM checkpoint WHERE size > :size OR size <= 0 ORDER BY size";
        let mut statement = self.connection.prepare(sql)?;
        let mut sizes = statement.query(named_params! { ":size": Count(self.next) })?;
        while let Some(row) = sizes.next()? {
            let detail = format!("there are {} entries", self.next);
            report.error("checkpoint_unexpected", "checkpoint", row.get::<_, i64>(0)?, detail);
        }
        if self.next == 0 {
            report.error("entry_missing", "entry", 0, "there is no entry");
        }
        let sql = "SELECT level, idx FROM tree_node
                   WHERE level NOT BETWEEN 1 AND 62 OR idx < 0 OR idx >= (:size >> level)
                   ORDER BY level, idx";
        let mut statement = self.connection.prepare(sql)?;
        let mut nodes = statement.query(named_params! { ":size": Count(self.next) })?;
        while let Some(row) = nodes.next()? {
            let id = format!("{}/{}", row.get::<_, i64>(0)?, row.get::<_, i64>(1)?);
            let detail = format!("a tree of {} entries has no such node", self.next);
            report.error("node_unexpected", "tree_node", id, detail);
        }
        Ok(())
    }

    /// The key that entry 0 recorded is the key that this examination trusts.
    fn key_of_entry_0(&self, report: &mut Report<'_>) -> Result<()> {
        let sql = "SELECT id, verifier_key FROM ledger ORDER BY id";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, recorded): (String, String) = (row.get(0)?, row.get(1)?);
            if recorded != self.key.to_string() {
                let detail = format!("recorded {recorded}, the key file says {}", self.key);
                report.error("key_changed", "ledger", id, detail);
            }
        }
        Ok(())
    }
}

/// The question for the note of one size and the entries that it covers; before groups, one checkpoint covered one entry.
fn notes(connection: &Connection) -> Result<&'static str> {
    let sql = "SELECT count(*) FROM pragma_table_info('checkpoint') WHERE name = 'entries'";
    let Count(groups) = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(match groups {
        0 => "SELECT note, NULL FROM checkpoint WHERE size = :size",
        _ => "SELECT note, entries FROM checkpoint WHERE size = :size",
    })
}

/// The tree, rebuilt entry by entry.
#[derive(Default)]
struct Rebuilt {
    edge: Edge,
    first_wrong: Option<(u64, String)>,
    wrong: u64,
}

impl Rebuilt {
    fn grow(
        &mut self,
        walk: &mut Walk<'_>,
        index: u64,
        leaf: Hash,
        report: &mut Report<'_>,
    ) -> Result<()> {
        for node in self.edge.append(leaf).iter().filter(|node| node.level > 0) {
            check_node(walk.connection, node, report)?;
        }
        let size = index + 1;
        if let Some(head) = walk.checkpoint(size, report)? {
            let root = self.edge.root();
            if root != head.root {
                let (signed, found) = (hex::encode(head.root), hex::encode(root));
                let detail = format!("signed is {signed}, the stored entries give {found}");
                self.first_wrong.get_or_insert((size, detail));
                self.wrong += 1;
            }
        }
        Ok(())
    }

    /// One finding: where one root is wrong, all later ones are.
    fn report_roots(&self, report: &mut Report<'_>) {
        if let Some((size, detail)) = &self.first_wrong {
            let detail = format!("{detail}; {} checkpoints differ, this is the first", self.wrong);
            report.error("root_differs", "checkpoint", size, detail);
        }
    }
}

fn check_node(connection: &Connection, node: &Node, report: &mut Report<'_>) -> Result<()> {
    let sql = "SELECT hash FROM tree_node WHERE level = :level AND idx = :idx";
    let mut statement = connection.prepare_cached(sql)?;
    let place = named_params! { ":level": node.level, ":idx": Count(node.index) };
    let stored =
        statement.query_row(place, |row| Ok(bytes(row.get_ref(0)?).to_vec())).optional()?;
    let id = format!("{}/{}", node.level, node.index);
    match stored {
        None => report.error("node_missing", "tree_node", id, "no node at this place"),
        Some(found) if found != node.hash => {
            let (found, expected) = (hex::encode(found), hex::encode(node.hash));
            let detail = format!("stored is {found}, its children give {expected}");
            report.error("node_changed", "tree_node", id, detail);
        }
        Some(_) => {}
    }
    Ok(())
}

/// The bytes of a BLOB or TEXT; none for anything else that a tampered column may hold.
fn bytes(value: ValueRef<'_>) -> &[u8] {
    match value {
        ValueRef::Blob(bytes) | ValueRef::Text(bytes) => bytes,
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => &[],
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
