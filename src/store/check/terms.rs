//! Terms: the index of the audit trail holds the terms of every entry, and no others.
//!
//! Terms are hashed under a key drawn for this examination, and summed up for each part of the ledger, once from the leaves and once
//! from the index. Only where the sums differ are terms held against each other one by one.

use super::Report;
use super::parts::PART_ENTRIES;
use crate::digest::leaf_hash;
use crate::ledger::entry::Entry;
use crate::store::Result;
use crate::store::count::Count;
use crate::store::trail::{BACKWARDS, terms};
use rusqlite::{Connection, named_params};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;

/// Parts whose terms are held against each other, at most; of the others it is only said that they differ.
const PARTS_NAMED: usize = 8;

/// Sums of terms under one key.
#[derive(Debug, Default)]
pub(super) struct Sums {
    key: RandomState,
}

impl Sums {
    fn of(&self, index: u64, term: &str) -> u64 {
        self.key.hash_one((index, term))
    }

    /// Of the terms of `entry`, but for the one that says it is dated before another.
    pub(super) fn of_entry(&self, entry: &Entry) -> u64 {
        let sums = terms(entry, "").into_iter().map(|term| self.of(entry.idx, &term));
        sums.fold(0, u64::wrapping_add)
    }

    /// Of the term of an entry that is dated before the one it follows.
    pub(super) fn of_backwards(&self, index: u64) -> u64 {
        self.of(index, BACKWARDS)
    }

    /// Of the whole index: a sum for each of `ranges`, and one for what is in none. Nothing where there is no index yet.
    pub(super) fn of_index(
        &self,
        connection: &Connection,
        ranges: &[Range<u64>],
    ) -> Result<Option<(Vec<u64>, u64)>> {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'entry_term'";
        let Count(there) = connection.query_row(sql, [], |row| row.get(0))?;
        if there == 0 {
            return Ok(None);
        }
        let mut statement = connection.prepare("SELECT term, idx FROM entry_term")?;
        let mut rows = statement.query([])?;
        let (mut sums, mut others) = (vec![0_u64; ranges.len()], 0_u64);
        while let Some(row) = rows.next()? {
            let index = row.get_ref(1)?.as_i64().ok().and_then(|index| u64::try_from(index).ok());
            let term = row.get_ref(0)?.as_str().unwrap_or_default();
            let place = index.and_then(|index| {
                // Where nothing is missing, every part starts at a multiple of its size.
                let likely = (index / PART_ENTRIES) as usize;
                let is_in = |place: &usize| ranges.get(*place).is_some_and(|r| r.contains(&index));
                Some(likely)
                    .filter(is_in)
                    .or_else(|| Some(ranges.partition_point(|r| r.end <= index)).filter(is_in))
            });
            match (place, index) {
                (Some(place), Some(index)) => {
                    sums[place] = sums[place].wrapping_add(self.of(index, term));
                }
                _ => others += 1,
            }
        }
        Ok(Some((sums, others)))
    }
}

/// Names the terms of `differing` ranges that are missing or too many, beside `others` that are of no entry.
pub(super) fn report(
    connection: &Connection,
    (differing, others): (&[&Range<u64>], u64),
    report: &mut Report<'_>,
) -> Result<()> {
    for range in differing.iter().take(PARTS_NAMED) {
        let (expected, unreadable) = expected(connection, range)?;
        let stored = stored(connection, range)?;
        let indices: BTreeSet<&u64> = expected.keys().chain(stored.keys()).collect();
        for index in indices.into_iter().filter(|index| !unreadable.contains(index)) {
            let none = BTreeSet::new();
            let (of_leaf, of_index) =
                (expected.get(index).unwrap_or(&none), stored.get(index).unwrap_or(&none));
            let list = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
                let terms: Vec<_> = a.difference(b).map(|term| format!("`{term}`")).collect();
                terms.join(", ")
            };
            let (missing, unexpected) = (list(of_leaf, of_index), list(of_index, of_leaf));
            if !missing.is_empty() {
                report.error(
                    "term_missing",
                    "entry_term",
                    index,
                    format!("{missing}: not in the index"),
                );
            }
            if !unexpected.is_empty() {
                let detail = format!("{unexpected}: not what the entry says");
                report.error("term_unexpected", "entry_term", index, detail);
            }
        }
    }
    if let Some(range) = differing.get(PARTS_NAMED) {
        let more = differing.len() - PARTS_NAMED;
        let detail = format!("{more} more stretches of {PART_ENTRIES} entries from here on differ");
        report.error("terms_differ", "entry_term", range.start, detail);
    }
    if others > 0 {
        let detail = format!("{others} terms are of no entry that is there");
        report.error("term_unexpected", "entry_term", "", detail);
    }
    Ok(())
}

type Terms = BTreeMap<u64, BTreeSet<String>>;

/// The terms that the leaves of `range` give, and the entries whose leaf was changed or cannot be read.
fn expected(connection: &Connection, range: &Range<u64>) -> Result<(Terms, BTreeSet<u64>)> {
    let sql =
        "SELECT idx, leaf, leaf_hash FROM entry WHERE idx >= :start AND idx < :end ORDER BY idx";
    let mut statement = connection.prepare(sql)?;
    let start = Count(range.start.saturating_sub(1));
    let mut rows = statement.query(named_params! { ":start": start, ":end": Count(range.end) })?;
    let (mut found, mut unreadable, mut last) = (Terms::new(), BTreeSet::new(), String::new());
    while let Some(row) = rows.next()? {
        let Count(index) = row.get(0)?;
        let [leaf, hash] = [1, 2].map(|at| row.get_ref(at).and_then(|v| Ok(v.as_bytes()?)));
        let (leaf, hash) = (leaf.unwrap_or_default(), hash.unwrap_or_default());
        let entry = Entry::parse(leaf);
        if entry.is_err() || leaf_hash(leaf)[..] != *hash {
            unreadable.insert(index);
        } else if let (Ok(entry), true) = (&entry, range.contains(&index)) {
            found.insert(index, terms(entry, &last));
        }
        if let Ok(entry) = entry {
            last = entry.ts;
        }
    }
    Ok((found, unreadable))
}

fn stored(connection: &Connection, range: &Range<u64>) -> Result<Terms> {
    let sql = "SELECT idx, term FROM entry_term WHERE idx >= :start AND idx < :end";
    let mut statement = connection.prepare(sql)?;
    let between = named_params! { ":start": Count(range.start), ":end": Count(range.end) };
    let mut rows = statement.query(between)?;
    let mut found = Terms::new();
    while let Some(row) = rows.next()? {
        let (Count(index), term): (Count, String) = (row.get(0)?, row.get(1)?);
        found.entry(index).or_default().insert(term);
    }
    Ok(found)
}
