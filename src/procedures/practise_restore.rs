//! Procedure: practise a restore, and keep in the store itself how that went.
//!
//! 1. open the store that the backup is of; it goes on serving
//! 2. restore the backup into another folder as `restore` does, with every check
//! 3. the signed head of the backup must be one that the store has
//! 4. record in the store how long it took from start to the end of all checks, and the time between the newest entries of backup and store:
//!    what would have been lost; one that failed is recorded too, told, and opens an incident in the same transaction, unless one about
//!    practised restores is not closed

use super::open_incident::open_by_itself;
use super::restore::{Restored, restore};
use super::{actor, administer::host, subject};
use crate::clock::{self, Clock};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::decision::Severity;
use crate::review::incident::{Affected, AffectedKind, NoticedBy};
use crate::store::Store;
use crate::store::check::Progress;
use crate::store::restore_tests::{RestoreTest, RestoreTestRow, RestoredContent};
use serde::Serialize;
use std::path::Path;

/// A restore that was practised.
#[derive(Clone, Debug, Serialize)]
pub struct Practised {
    /// What was restored.
    #[serde(flatten)]
    pub restored: Restored,
    /// Seconds between the newest entries of backup and store: what would have been lost.
    pub lost_seconds: f64,
    /// The entry that says so, in the store.
    pub recorded_in: u64,
}

/// The time to restore, over the restores that were practised and passed, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TimeToRestore {
    /// Of the newest.
    pub newest_ms: u64,
    /// Of the middle one (the later of two).
    pub median_ms: u64,
    /// How many there are.
    pub tests: u64,
}

/// The time to restore over `rows`, newest first; none where none passed.
pub fn time_to_restore(rows: &[RestoreTestRow]) -> Option<TimeToRestore> {
    let mut durations: Vec<u64> =
        rows.iter().filter(|row| row.test.passed).map(|row| row.test.duration_ms).collect();
    let newest_ms = *durations.first()?;
    durations.sort_unstable();
    let median_ms = durations[durations.len() / 2];
    Some(TimeToRestore { newest_ms, median_ms, tests: durations.len() as u64 })
}

/// Restores the backup at `backup` into `folder` with `key`, and records in the data folder `live` how that went.
///
/// # Errors
///
/// Those of [`restore`] and of the store at `live`; [`Error::Conflict`] for a backup of another history. A failure is recorded first.
pub fn practise_restore(
    (backup, live): (&Path, &Path),
    place: (&Path, &Path),
    reason: &str,
    clock: &Clock,
    progress: &mut dyn FnMut(Progress),
) -> Result<Practised> {
    let store = Store::open(live, clock.clone())?;
    let started = std::time::Instant::now();
    let restored = restore(backup, place, reason, clock, progress);
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let held = restored.and_then(|restored| {
        let content = hold_against(&store, &restored)?;
        Ok((restored, content))
    });
    let detail = held.as_ref().err().map(Error::chain).unwrap_or_default();
    let absolute = std::path::absolute(backup).unwrap_or_else(|_| backup.to_owned());
    let test = RestoreTest {
        place: absolute.display().to_string(),
        passed: held.is_ok(),
        detail,
        reason: reason.to_owned(),
        duration_ms,
        content: held.as_ref().ok().map(|(_, content)| content.clone()),
    };
    let recorded_in = record(&store, &test)?;
    let (restored, content) = held?;
    Ok(Practised { restored, lost_seconds: content.lost_ms as f64 / 1e3, recorded_in })
}

/// What was restored beside what the store holds.
fn hold_against(store: &Store, restored: &Restored) -> Result<RestoredContent> {
    let manifest = &restored.manifest;
    let (head, known) = store
        .read(|tx| Ok::<_, crate::store::Error>((tx.head()?, tx.checkpoint(manifest.entries)?)))?;
    if known.as_deref() != Some(manifest.checkpoint.as_str()) {
        let detail = format!(
            "the backup holds {} entries of `{}` whose signed head the store at `{}` does not have: it is of another history",
            manifest.entries,
            manifest.log,
            store.folder().display()
        );
        return Err(Error::Conflict { detail });
    }
    let newest = store.read(|tx| tx.entry(head.size.saturating_sub(1)))?;
    let live_newest_entry_at = newest.map(|stored| stored.entry.ts).unwrap_or_default();
    Ok(RestoredContent {
        entries: manifest.entries,
        checkpoint: manifest.checkpoint.clone(),
        backed_up_at: manifest.made_at.clone(),
        newest_entry_at: manifest.newest_entry_at.clone(),
        live_entries: head.size,
        lost_ms: clock::milliseconds_between(&manifest.newest_entry_at, &live_newest_entry_at)
            .unwrap_or_default(),
        live_newest_entry_at,
    })
}

fn record(store: &Store, test: &RestoreTest) -> Result<u64> {
    let written = store.write(&actor(&host()), EntryType::RestoreTest, |tx| {
        let id = clock::new_id("rt");
        tx.subject(subject("restore_test", &id));
        tx.insert_restore_test(&id, test)?;
        if !test.passed {
            let what = format!("a backup could not be restored: {}", test.detail);
            let affected = vec![Affected { kind: AffectedKind::RestoreTest, id }];
            open_by_itself(tx, (NoticedBy::RestoreTest, Severity::Major), &what, affected)?;
            tx.tell_backup(what)?;
        }
        Ok::<_, Error>(())
    })?;
    Ok(written.index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(duration_ms: u64, passed: bool) -> RestoreTestRow {
        let (place, detail, reason) = (String::new(), String::new(), String::new());
        let test = RestoreTest { place, passed, detail, reason, duration_ms, content: None };
        RestoreTestRow { id: String::new(), test, at: String::new(), entry: 0 }
    }

    #[test]
    fn the_time_to_restore_is_of_those_that_passed() {
        assert_eq!(time_to_restore(&[]), None);
        assert_eq!(time_to_restore(&[row(5, false)]), None);
        let rows = [row(1, false), row(30, true), row(10, true), row(20, true)];
        let expected = TimeToRestore { newest_ms: 30, median_ms: 20, tests: 3 };
        assert_eq!(time_to_restore(&rows), Some(expected));
    }
}
