//! The audit trail by who, what, when and record.
//!
//! Each entry has a few terms, which stand in an index: every question is answered from the rarest term that it names. Times need no
//! index, because entries are in the order of time but where the clock was set back; those entries have a term of their own.

use super::count::Count;
use super::log::{PAGE_MAX, StoredEntry, parse_entry, raw_entry};
use super::read::ReadTx;
use super::{Error, Result};
use crate::ledger::entry::{Entry, EntryType};
use rusqlite::{Connection, OptionalExtension as _, named_params};
use std::collections::BTreeSet;
use std::ops::Range;

/// The term of an entry that is dated before the one it follows.
pub(super) const BACKWARDS: &str = "backwards";
/// How many entries of a term are counted to find the rarest.
const COUNTED_MAX: u64 = 5_000;

/// Which entries are asked for; what is not named may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailFilter {
    /// Only entries with an index below this one.
    pub before: Option<u64>,
    /// Who: the id of an account or of a part of the program.
    pub actor: Option<String>,
    /// What.
    pub kind: Option<EntryType>,
    /// The id of a thing that the entry is about.
    pub subject: Option<String>,
    /// Not before this time, `2026-11-23T17:48:24.132Z`.
    pub from: Option<String>,
    /// Before this time.
    pub until: Option<String>,
}

impl TrailFilter {
    /// The terms that an entry must have.
    fn terms(&self) -> Vec<String> {
        let act = match (&self.actor, self.kind) {
            (Some(actor), Some(kind)) => Some(act_term(actor, kind)),
            (Some(actor), None) => Some(actor_term(actor)),
            (None, Some(kind)) => Some(kind_term(kind)),
            (None, None) => None,
        };
        act.into_iter().chain(self.subject.as_deref().map(subject_term)).collect()
    }

    fn is_in_time(&self, at: &str) -> bool {
        self.from.as_deref().is_none_or(|from| at >= from)
            && self.until.as_deref().is_none_or(|until| at < until)
    }
}

fn actor_term(actor: &str) -> String {
    format!("actor {actor}")
}

pub(super) fn kind_term(kind: EntryType) -> String {
    format!("type {kind}")
}

pub(super) fn act_term(actor: &str, kind: EntryType) -> String {
    format!("act {kind} {actor}")
}

fn subject_term(id: &str) -> String {
    format!("about {id}")
}

/// The terms of `entry`, which follows an entry dated `last`.
pub(super) fn terms(entry: &Entry, last: &str) -> BTreeSet<String> {
    let actor = entry.actor.id.as_str();
    let act = [kind_term(entry.kind), actor_term(actor), act_term(actor, entry.kind)];
    let subjects = entry.subj.iter().map(|subject| subject_term(&subject.id));
    let backwards = (entry.ts.as_str() < last).then(|| BACKWARDS.to_owned());
    act.into_iter().chain(subjects).chain(backwards).collect()
}

/// Puts the terms of `entry` into the index.
pub(super) fn insert_terms(connection: &Connection, entry: &Entry, last: &str) -> Result<()> {
    let sql = "INSERT INTO entry_term (term, idx) VALUES (:term, :idx)";
    let mut statement = connection.prepare_cached(sql)?;
    for term in terms(entry, last) {
        statement.execute(named_params! { ":term": term, ":idx": Count(entry.idx) })?;
    }
    Ok(())
}

/// Puts the terms of all entries into the index where it holds none, as it does when it was just made. An entry that cannot be read gets
/// none; `check` names it.
pub(super) fn index_if_empty(connection: &Connection) -> Result<()> {
    let Count(terms) = connection.query_row(
        "SELECT count(*) FROM (SELECT 1 FROM entry_term LIMIT 1)",
        [],
        |row| row.get(0),
    )?;
    if terms > 0 {
        return Ok(());
    }
    let mut statement = connection.prepare("SELECT leaf, leaf_hash FROM entry ORDER BY idx")?;
    let mut rows = statement.query([])?;
    let mut last = String::new();
    while let Some(row) = rows.next()? {
        if let Ok(stored) = parse_entry(raw_entry(row)?) {
            insert_terms(connection, &stored.entry, &last)?;
            last = stored.entry.ts;
        }
    }
    Ok(())
}

/// When entry `index` was made.
pub(super) fn time_of(connection: &Connection, index: u64) -> Result<String> {
    let sql = "SELECT leaf, leaf_hash FROM entry WHERE idx = :idx";
    let mut statement = connection.prepare_cached(sql)?;
    let found =
        statement.query_row(named_params! { ":idx": Count(index) }, raw_entry).optional()?;
    let found = found.ok_or(Error::NodeMissing { level: 0, index })?;
    Ok(parse_entry(found)?.entry.ts)
}

impl ReadTx<'_> {
    /// The newest entries that `filter` asks for, newest first, at most `limit` (never more than [`PAGE_MAX`]). The last index of a
    /// page is `before` of the next.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] when a leaf is not valid; [`Error::Database`].
    pub fn trail(&self, filter: &TrailFilter, limit: usize) -> Result<Vec<StoredEntry>> {
        let limit = limit.min(PAGE_MAX);
        let size = self.head()?.size;
        let end = filter.before.map_or(size, |before| before.min(size));
        let terms = self.rarest_first(filter.terms())?;
        let mut found = Vec::new();
        for range in self.ranges(filter, end)?.into_iter().rev() {
            let wanted = limit - found.len();
            if wanted == 0 {
                break;
            }
            found.extend(self.in_range(&terms, range, wanted)?);
        }
        // The ranges are exact; this holds them to it.
        found.retain(|stored| filter.is_in_time(&stored.entry.ts));
        Ok(found)
    }

    fn in_range(
        &self,
        terms: &[String],
        range: Range<u64>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>> {
        let sql = match terms {
            [] => {
                "SELECT leaf, leaf_hash FROM entry WHERE idx >= ?1 AND idx < ?2 ORDER BY idx DESC LIMIT ?3"
            }
            [_] => {
                "SELECT leaf, leaf_hash FROM entry_term t JOIN entry e ON e.idx = t.idx
                 WHERE t.term = ?4 AND t.idx >= ?1 AND t.idx < ?2 ORDER BY t.idx DESC LIMIT ?3"
            }
            _ => {
                "SELECT leaf, leaf_hash FROM entry_term t JOIN entry e ON e.idx = t.idx
                 WHERE t.term = ?4 AND t.idx >= ?1 AND t.idx < ?2
                 AND EXISTS (SELECT 1 FROM entry_term o WHERE o.term = ?5 AND o.idx = t.idx)
                 ORDER BY t.idx DESC LIMIT ?3"
            }
        };
        let mut statement = self.connection().prepare_cached(sql)?;
        let numbers = [range.start, range.end, limit as u64].map(Count);
        for (position, number) in (1..).zip(&numbers) {
            statement.raw_bind_parameter(position, number)?;
        }
        for (position, term) in (4..).zip(terms) {
            statement.raw_bind_parameter(position, term)?;
        }
        let found: Vec<_> =
            statement.raw_query().mapped(raw_entry).collect::<rusqlite::Result<_>>()?;
        found.into_iter().map(parse_entry).collect()
    }

    /// `terms`, at most two, the one with fewer entries first.
    fn rarest_first(&self, mut terms: Vec<String>) -> Result<Vec<String>> {
        if let [first, second] = &terms[..] {
            let sql =
                "SELECT count(*) FROM (SELECT 1 FROM entry_term WHERE term = :term LIMIT :most)";
            let mut statement = self.connection().prepare_cached(sql)?;
            let mut count = |term: &str| {
                let named = named_params! { ":term": term, ":most": Count(COUNTED_MAX) };
                statement.query_row(named, |row| Ok(row.get::<_, Count>(0)?.0))
            };
            if count(second)? < count(first)? {
                terms.reverse();
            }
        }
        Ok(terms)
    }

    /// The indices below `end` whose entries are in the time that is asked for: one range for each time that the clock was set back,
    /// and one more. Oldest first.
    fn ranges(&self, filter: &TrailFilter, end: u64) -> Result<Vec<Range<u64>>> {
        if filter.from.is_none() && filter.until.is_none() {
            return Ok(std::iter::once(0..end).collect());
        }
        let sql = "SELECT idx FROM entry_term WHERE term = :term AND idx < :end ORDER BY idx";
        let mut statement = self.connection().prepare_cached(sql)?;
        let backwards = statement
            .query_map(named_params! { ":term": BACKWARDS, ":end": Count(end) }, |row| {
                Ok(row.get::<_, Count>(0)?.0)
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let starts = std::iter::once(0).chain(backwards.iter().copied());
        let ends = backwards.iter().copied().chain([end]);
        let mut ranges = Vec::new();
        for (start, end) in starts.zip(ends) {
            let first = |time: Option<&String>, otherwise| match time {
                Some(time) => self.first_at(time, start..end),
                None => Ok(otherwise),
            };
            let range = first(filter.from.as_ref(), start)?..first(filter.until.as_ref(), end)?;
            if !range.is_empty() {
                ranges.push(range);
            }
        }
        Ok(ranges)
    }

    /// The first entry of `range` that is not dated before `time`, or the end of the range. The times in it do not fall.
    fn first_at(&self, time: &str, Range { mut start, mut end }: Range<u64>) -> Result<u64> {
        while start < end {
            let middle = start + (end - start) / 2;
            if time_of(self.connection(), middle)?.as_str() < time {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        Ok(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::entry::{Actor, Subject};
    use crate::store::Store;
    use crate::store::specimen::fresh;

    /// Sixty entries by three actors of two types about seven things; the clock is set back twice.
    fn filled() -> (tempfile::TempDir, Store) {
        let (folder, store) = fresh();
        for number in 0..60_u64 {
            let minute = if number < 20 { number } else { number % 23 + 5 };
            let at = format!("2026-11-24T00:{minute:02}:00Z");
            store.clock().set(at.parse().unwrap());
            let kind =
                if number % 4 == 0 { EntryType::PolicySet } else { EntryType::ModelRegister };
            let actor = Actor::new(format!("u_{}", number % 3), "scientist", "password");
            store
                .write(&actor, kind, |tx| {
                    tx.subject(Subject::new("thing", format!("t_{}", number % 7)));
                    tx.insert_specimen(&format!("s_{number}"), "x", None)
                })
                .unwrap();
        }
        (folder, store)
    }

    #[test]
    fn every_question_gets_what_a_search_of_all_entries_finds() {
        let (_folder, store) = filled();
        store
            .read(|tx| -> Result<()> {
                let all = tx.entries(0, PAGE_MAX)?;
                let texts = |options: &[&str]| -> Vec<Option<String>> {
                    std::iter::once(None)
                        .chain(options.iter().map(|o| Some((*o).to_owned())))
                        .collect()
                };
                let times = texts(&["2026-11-24T00:07:00.000Z", "2026-11-24T00:15:30.000Z"]);
                for actor in texts(&["u_1", "nobody"]) {
                    for subject in texts(&["t_3", "s_12", "nothing"]) {
                        for kind in
                            [None, Some(EntryType::ModelRegister), Some(EntryType::LogCreate)]
                        {
                            for from in &times {
                                for until in &times {
                                    let filter = TrailFilter {
                                        before: None,
                                        actor: actor.clone(),
                                        kind,
                                        subject: subject.clone(),
                                        from: from.clone(),
                                        until: until.clone(),
                                    };
                                    let fits = |stored: &&StoredEntry| {
                                        let entry = &stored.entry;
                                        actor.as_ref().is_none_or(|actor| *actor == entry.actor.id)
                                            && kind.is_none_or(|kind| kind == entry.kind)
                                            && subject.as_ref().is_none_or(|id| {
                                                entry.subj.iter().any(|s| s.id == *id)
                                            })
                                            && filter.is_in_time(&entry.ts)
                                    };
                                    let expected: Vec<_> =
                                        all.iter().rev().filter(fits).cloned().collect();
                                    assert_eq!(
                                        tx.trail(&filter, PAGE_MAX)?,
                                        expected,
                                        "{filter:?}"
                                    );
                                    let mut paged = Vec::new();
                                    let mut next = filter.clone();
                                    loop {
                                        let page = tx.trail(&next, 4)?;
                                        next.before = page.last().map(|last| last.entry.idx);
                                        if page.is_empty() {
                                            break;
                                        }
                                        paged.extend(page);
                                    }
                                    assert_eq!(paged, expected, "{filter:?}");
                                }
                            }
                        }
                    }
                }
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn the_index_made_by_the_migration_is_the_one_that_writes_make() {
        let (folder, store) = filled();
        drop(store);
        let path = folder.path().join("driftledger.db");
        let connection =
            Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        let terms = || -> Vec<(String, i64)> {
            let mut statement =
                connection.prepare("SELECT term, idx FROM entry_term ORDER BY term, idx").unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.map(|row| row.unwrap()).collect()
        };
        let written = terms();
        assert!(written.iter().filter(|(term, _)| term == BACKWARDS).count() >= 2);
        connection.execute("DELETE FROM entry_term", []).unwrap();
        index_if_empty(&connection).unwrap();
        assert_eq!(terms(), written);
    }
}
