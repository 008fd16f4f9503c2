//! Procedure: notice batches that never came.
//!
//! 1. for every version whose policy names a cadence: when was the next batch due?
//! 2. where that time is past and no alert says so yet: open one, each in a transaction of its own that looks again
//!
//! The server runs this every minute; running it twice raises nothing twice.

use super::{stored, subject};
use crate::drift::episode::{EpisodeKind, EpisodeOpening};
use crate::drift::policy::Policy;
use crate::drift::silence::{LastBatch, due};
use crate::error::{Error, Result};
use crate::ledger::entry::{Actor, EntryType};
use crate::store::versions::{FrozenKind, VersionRow};
use crate::store::{ReadTx, Store};
use crate::{clock, store};
use jiff::Timestamp;

/// Opens a `missing_batch` alert for every version whose next batch is overdue, and returns their ids.
///
/// # Errors
///
/// Those of the store.
pub fn watch_silence(store: &Store) -> Result<Vec<String>> {
    let now = store.clock().now();
    let versions = store.read(|tx| tx.versions(None))?;
    let mut opened = Vec::new();
    for version in versions {
        if store.read(|tx| overdue(tx, &version, now))?.is_none() {
            continue;
        }
        let system = Actor::new("system", "system", "system");
        let written = store.write(&system, EntryType::SilenceAlert, |tx| {
            // A batch may have come between the two looks; then nothing is recorded.
            let Some(sentence) = overdue(tx, &version, now)? else { return Ok(None) };
            let id = clock::new_id("ep");
            tx.subject(subject("model_version", &version.id));
            tx.subject(subject("episode", &id));
            let opening = EpisodeOpening {
                kind: EpisodeKind::MissingBatch,
                series: Vec::new(),
                sentences: vec![sentence],
            };
            tx.insert_episode((&id, &version.id), None, &opening)?;
            Ok(Some(id))
        });
        match written {
            Ok(written) => opened.extend(written.value),
            Err(Error::Store(store::Error::NothingRecorded { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(opened)
}

/// The sentence of the alert, if the next batch of `version` is overdue at `now` and no alert says so yet.
fn overdue(tx: &ReadTx<'_>, version: &VersionRow, now: Timestamp) -> Result<Option<String>> {
    let Some(policy) = tx.frozen(FrozenKind::Policy, &version.id)? else { return Ok(None) };
    let policy: Policy = stored(&policy.document)?;
    if policy.cadence.is_none() {
        return Ok(None);
    }
    let parse = |text: &str| text.parse::<Timestamp>().ok();
    let last = tx.reports(&version.id, 1)?.pop();
    let (name, end, received, entry) = match &last {
        Some(report) => {
            let end = report.period_end.as_deref();
            (Some(&report.batch), end.and_then(parse), &report.at, report.entry)
        }
        None => (None, None, &version.registered_at, version.entry),
    };
    let Some(received) = parse(received) else { return Ok(None) };
    let Some(due) = due(&policy, LastBatch { covered_until: end, received }) else {
        return Ok(None);
    };
    if now < due || tx.missing_batch_after(&version.id, entry)?.is_some() {
        return Ok(None);
    }
    let since = match (name, end) {
        (None, _) => "no batch has come since the version was registered".to_owned(),
        (Some(name), None) => format!("no batch has come since `{name}`"),
        (Some(name), Some(end)) => {
            format!("no batch has come since `{name}`, which covers until {}", clock::rfc3339(end))
        }
    };
    Ok(Some(format!("{since}; the next was due by {}", clock::rfc3339(due))))
}
