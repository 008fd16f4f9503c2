//! Entries: leaf, body, tree and checkpoints, each hashed again from the first entry to the last.
//!
//! The tree is rebuilt from the stored leaf hashes, so that a changed leaf is named as just that, and not once more by
//! every checkpoint after it.

use super::parts::{Head, Part, Seen};
use super::{Report, chain};
use crate::ledger::edge::Edge;
use crate::ledger::entry::EntryType;
use crate::ledger::tree::Node;
use crate::store::Result;
use crate::store::count::Count;
use rusqlite::{Connection, named_params};

/// The way through all entries: takes them part by part, in order.
pub(super) struct Walk {
    next: u64,
    /// Entries up to here are under a checkpoint of their own or of their group.
    covered: u64,
    last_time: String,
    /// The tree, until an entry is missing.
    rebuilt: Option<Rebuilt>,
}

impl Walk {
    pub(super) fn new() -> Self {
        let rebuilt = Some(Rebuilt::default());
        Self { next: 0, covered: 0, last_time: String::new(), rebuilt }
    }

    /// Takes the entries of the next part; `backwards` is called with those that are dated before the one they follow.
    pub(super) fn take(
        &mut self,
        part: &mut Part,
        report: &mut Report<'_>,
        mut backwards: impl FnMut(u64),
    ) {
        for seen in std::mem::take(&mut part.seen) {
            if seen.index != self.next {
                let detail = format!("entries {} to {} are missing", self.next, seen.index - 1);
                report.error("entry_missing", "entry", self.next, detail);
                self.rebuilt = None;
            }
            let (index, hash) = (seen.index, seen.hash);
            if self.entry(seen, report) {
                backwards(index);
            }
            if let Some(mut tree) = self.rebuilt.take() {
                for node in tree.edge.append(hash).iter().filter(|node| node.level > 0) {
                    check_node(part, node, report);
                }
                if let Some(head) = part.heads.remove(&(index + 1)) {
                    self.head(&mut tree, index + 1, head, report);
                }
                self.rebuilt = Some(tree);
            }
            self.next = index + 1;
        }
    }

    /// What an entry by itself was found to be; whether it is dated before the one that it follows.
    fn entry(&mut self, seen: Seen, report: &mut Report<'_>) -> bool {
        report.findings.extend(seen.findings);
        let Some((kind, time)) = seen.parsed else { return false };
        if (kind == EntryType::LogCreate) != (seen.index == 0) {
            let detail = format!("`{kind}` at index {}", seen.index);
            report.error("entry_misplaced", "entry", seen.index, detail);
        }
        let is_backwards = time < self.last_time;
        if is_backwards {
            let detail = format!("{time} follows {}", self.last_time);
            report.warning("time_backwards", "entry", seen.index, detail);
        }
        self.last_time = time;
        is_backwards
    }

    /// The checkpoint of `size` entries.
    fn head(&mut self, tree: &mut Rebuilt, size: u64, head: Head, report: &mut Report<'_>) {
        self.uncovered(size.saturating_sub(head.entries), report);
        self.covered = size;
        match head.opened {
            Ok(head) if head.size == size => {
                let root = tree.edge.root();
                if root != head.root {
                    let (signed, found) = (hex::encode(head.root), hex::encode(root));
                    let detail = format!("signed is {signed}, the stored entries give {found}");
                    tree.first_wrong.get_or_insert((size, detail));
                    tree.wrong += 1;
                }
            }
            Ok(head) => {
                let detail = format!("the note says size {}", head.size);
                report.error("checkpoint_invalid", "checkpoint", size, detail);
            }
            Err(error) => report.error("checkpoint_invalid", "checkpoint", size, chain(&error)),
        }
    }

    /// What can be said once all entries were taken.
    pub(super) fn finish(&self, connection: &Connection, report: &mut Report<'_>) -> Result<()> {
        if let Some(tree) = &self.rebuilt {
            tree.report_roots(report);
            self.uncovered(self.next, report);
        }
        self.leftovers(connection, report)
    }

    /// No checkpoint is of the entries before `size` that none has covered.
    fn uncovered(&self, size: u64, report: &mut Report<'_>) {
        if self.covered < size {
            let detail = format!("nothing signs the entries from {} on", self.covered);
            report.error("checkpoint_missing", "checkpoint", size, detail);
        }
    }

    /// Nodes and checkpoints beyond the last entry: entries at the end are gone, or these were added.
    fn leftovers(&self, connection: &Connection, report: &mut Report<'_>) -> Result<()> {
        let sql = "SELECT idx FROM entry WHERE idx < 0 ORDER BY idx";
        let mut statement = connection.prepare(sql)?;
        let mut indices = statement.query([])?;
        while let Some(row) = indices.next()? {
            let index: i64 = row.get(0)?;
            report.error("entry_misplaced", "entry", index, "an index below 0");
        }
        let sql = "SELECT size FROM checkpoint WHERE size > :size OR size <= 0 ORDER BY size";
        let mut statement = connection.prepare(sql)?;
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
        let mut statement = connection.prepare(sql)?;
        let mut nodes = statement.query(named_params! { ":size": Count(self.next) })?;
        while let Some(row) = nodes.next()? {
            let id = format!("{}/{}", row.get::<_, i64>(0)?, row.get::<_, i64>(1)?);
            let detail = format!("a tree of {} entries has no such node", self.next);
            report.error("node_unexpected", "tree_node", id, detail);
        }
        Ok(())
    }
}

/// The tree, rebuilt entry by entry.
#[derive(Default)]
struct Rebuilt {
    edge: Edge,
    first_wrong: Option<(u64, String)>,
    wrong: u64,
}

impl Rebuilt {
    /// One finding: where one root is wrong, all later ones are.
    fn report_roots(&self, report: &mut Report<'_>) {
        if let Some((size, detail)) = &self.first_wrong {
            let detail = format!("{detail}; {} checkpoints differ, this is the first", self.wrong);
            report.error("root_differs", "checkpoint", size, detail);
        }
    }
}

fn check_node(part: &Part, node: &Node, report: &mut Report<'_>) {
    let id = format!("{}/{}", node.level, node.index);
    match part.nodes.get(&(node.level, node.index)) {
        None => report.error("node_missing", "tree_node", id, "no node at this place"),
        Some(found) if *found != node.hash => {
            let (found, expected) = (hex::encode(found), hex::encode(node.hash));
            let detail = format!("stored is {found}, its children give {expected}");
            report.error("node_changed", "tree_node", id, detail);
        }
        Some(_) => {}
    }
}
