//! Rows: every record row is listed in one entry with its digest, and every listed row exists.
//!
//! A row names its entry, so that a part of the ledger is held against the rows of its own entries. What does not meet there is kept
//! until the end: a row may have been moved to another entry. A row that was redacted is held against what the redaction says it left.

use super::Report;
use crate::ledger::body::RowDigest;
use crate::review::redaction::Redactions;
use crate::store::count::Count;
use crate::store::record_table::RECORD_TABLES;
use crate::store::row::row_digest;
use crate::store::{Error, Result};
use rusqlite::{Connection, Row, named_params};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// A row that a sound body lists.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) index: u64,
    pub(super) row: RowDigest,
}

/// What was found of the rows of a part.
#[derive(Debug, Default)]
pub(super) struct PartRows {
    /// Rows read, by table.
    read: BTreeMap<&'static str, u64>,
    /// Rows that are not what the entry in which they are listed says: table, id and both digests in words.
    changed: Vec<(&'static str, String, String)>,
    /// Rows that no entry of the part lists: table, id and digest.
    unlisted: Vec<(&'static str, String, String)>,
    /// Rows that entries of the part list, and that are not of these entries.
    unmet: Vec<Listed>,
}

/// The record tables of `connection`, with the number of their rows.
pub(super) fn tables(connection: &Connection) -> Result<BTreeMap<&'static str, u64>> {
    let mut present = BTreeMap::new();
    for &table in RECORD_TABLES {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = :name";
        let Count(exists) = connection.query_row(sql, [table], |row| row.get(0))?;
        if exists == 1 {
            let count = format!("SELECT count(*) FROM \"{table}\"");
            let Count(rows) = connection.query_row(&count, [], |row| row.get(0))?;
            present.insert(table, rows);
        }
    }
    Ok(present)
}

impl PartRows {
    /// Holds the rows of the entries of `range` in `tables` against those that these entries list.
    pub(super) fn check(
        connection: &Connection,
        (tables, redactions, range): (&[&'static str], &Redactions, &Range<u64>),
        listed: Vec<Listed>,
    ) -> Result<Self> {
        let mut found = Self::default();
        let mut expected: HashMap<&str, HashMap<String, Listed>> = HashMap::new();
        for one in listed {
            // What is not a record table, and what is listed twice, is left for the end.
            let known = tables.iter().find(|&&table| table == one.row.table);
            let Some(table) = known else {
                found.unmet.push(one);
                continue;
            };
            let first = expected.entry(table).or_default();
            if first.contains_key(&one.row.key) {
                found.unmet.push(one);
            } else {
                first.insert(one.row.key.clone(), one);
            }
        }
        for &table in tables {
            let sql = format!("SELECT * FROM \"{table}\" WHERE entry >= :start AND entry < :end");
            let mut statement = connection.prepare_cached(&sql)?;
            let between = named_params! { ":start": Count(range.start), ":end": Count(range.end) };
            let mut rows = statement.query(between)?;
            let mut expected = expected.remove(table).unwrap_or_default();
            while let Some(row) = rows.next()? {
                *found.read.entry(table).or_default() += 1;
                let (id, digest) = id_and_digest(table, row)?;
                match expected.remove(&id) {
                    None => found.unlisted.push((table, id, digest)),
                    Some(one) => {
                        let now = redactions.now(table, &id, &one.row.sha256);
                        if now != digest {
                            let detail = differs((&digest, now), &one);
                            found.changed.push((table, id, detail));
                        }
                    }
                }
            }
            found.unmet.extend(expected.into_values());
        }
        Ok(found)
    }

    /// Rows read.
    pub(super) fn read(&self) -> u64 {
        self.read.values().sum()
    }

    /// Adds those of the next part.
    pub(super) fn append(&mut self, mut other: Self) {
        for (table, rows) in other.read {
            *self.read.entry(table).or_default() += rows;
        }
        self.changed.append(&mut other.changed);
        self.unlisted.append(&mut other.unlisted);
        self.unmet.append(&mut other.unmet);
    }

    /// Takes the rows that are of no entry, if there are any: not all of the rows of `tables` have been read.
    pub(super) fn add_strays(
        &mut self,
        connection: &Connection,
        tables: &BTreeMap<&'static str, u64>,
        ranges: &[Range<u64>],
    ) -> Result<()> {
        for (&table, &rows) in tables {
            if self.read.get(table).copied().unwrap_or_default() == rows {
                continue;
            }
            let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let entry = row.get::<_, Count>("entry").map(|Count(entry)| entry);
                let was_read = |entry: &u64| ranges.iter().any(|range| range.contains(entry));
                if !entry.as_ref().is_ok_and(was_read) {
                    let (id, digest) = id_and_digest(table, row)?;
                    self.unlisted.push((table, id, digest));
                }
            }
        }
        Ok(())
    }

    /// Names everything that is wrong, in the order of the tables.
    pub(super) fn report(mut self, connection: &Connection, report: &mut Report<'_>) -> Result<()> {
        let mut unlisted: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
        for (table, id, digest) in self.unlisted {
            unlisted.entry((place(table), id)).or_default().push(digest);
        }
        let mut missing = BTreeMap::new();
        self.unmet.sort_by_key(|one| one.index);
        for one in self.unmet {
            let place = place(&one.row.table);
            let Some(&table) = RECORD_TABLES.get(place) else {
                let detail = format!("entry {} lists a row of an unknown table", one.index);
                report.error("table_unknown", &one.row.table, one.row.key, detail);
                continue;
            };
            let at = (place, one.row.key.clone());
            // A row that is there, under another entry than the one that lists it.
            if let Some(digest) = unlisted.get_mut(&at).and_then(Vec::pop) {
                self.changed.push((table, at.1, differs((&digest, &one.row.sha256), &one)));
            } else if missing.contains_key(&at) || is_there(connection, table, &at.1)? {
                let detail = format!("entry {} lists a row that an earlier entry lists", one.index);
                report.error("row_listed_twice", table, at.1, detail);
            } else {
                missing.insert(at, one.index);
            }
        }
        self.changed.sort_by_key(|(table, ..)| place(table));
        for (table, id, detail) in self.changed {
            report.error("row_changed", table, id, detail);
        }
        for ((place, id), _) in unlisted
            .into_iter()
            .flat_map(|(at, rows)| rows.into_iter().map(move |row| (at.clone(), row)))
        {
            report.error("row_unwitnessed", RECORD_TABLES[place], id, "no entry lists this row");
        }
        for ((place, id), index) in missing {
            let detail = format!("listed in entry {index}, not in the table");
            report.error("row_missing", RECORD_TABLES[place], id, detail);
        }
        Ok(())
    }
}

/// Where `table` stands in [`RECORD_TABLES`]; beyond its end when it does not.
fn place(table: &str) -> usize {
    RECORD_TABLES.iter().position(|&own| own == table).unwrap_or(RECORD_TABLES.len())
}

fn is_there(connection: &Connection, table: &str, id: &str) -> Result<bool> {
    let there = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = :name";
    let Count(there) = connection.query_row(there, [table], |row| row.get(0))?;
    if there == 0 {
        return Ok(false);
    }
    let sql = format!("SELECT count(*) FROM \"{table}\" WHERE id = :id");
    let Count(rows) = connection.query_row(&sql, [id], |row| row.get(0))?;
    Ok(rows > 0)
}

/// What is wrong with a row of this digest, which `now` is expected of.
fn differs((digest, now): (&str, &str), listed: &Listed) -> String {
    let Listed { index, row } = listed;
    if now == row.sha256 {
        return format!("sha256 {digest}, entry {index} says {now}");
    }
    format!(
        "sha256 {digest}, entry {index} says {}, and the redaction of the row left {now}",
        row.sha256
    )
}

/// The id of a row and its digest, or why it has none.
fn id_and_digest(table: &str, row: &Row<'_>) -> Result<(String, String)> {
    let id = match row.get_ref("id")?.as_str() {
        Ok(id) => id.to_owned(),
        Err(_not_text) => format!("{:?}", row.get_ref("id")?),
    };
    let digest = match row_digest(table, row) {
        Ok(found) => found.sha256,
        Err(error @ (Error::RowNotCanonical { .. } | Error::Canonical(_))) => error.to_string(),
        Err(other) => return Err(other),
    };
    Ok((id, digest))
}
