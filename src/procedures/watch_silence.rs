//! Procedure: notice batches that never came. On the wall clock:
//!
//! 1. for every version whose policy names a cadence, and that is neither suspended nor over: when was the next batch due?
//! 2. where that time is past and no alert says so yet: open one, each in a transaction of its own that looks again
//!
//! The server runs this every minute; running it twice raises nothing twice. On the event clock, `insert_silence` is a step
//! of taking a batch.

use super::raise_alerts::open_alert;
use super::{stored, subject, system};
use crate::drift::episode::{EpisodeKind, EpisodeOpening};
use crate::drift::policy::Policy;
use crate::drift::silence::{LastBatch, due, gap_days};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::life_cycle::VersionState;
use crate::store::batches::BatchRow;
use crate::store::reports::ReportRow;
use crate::store::versions::{FrozenKind, VersionRow};
use crate::store::{ReadTx, Store, WriteTx};
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
        let written = store.write(&system(), EntryType::SilenceAlert, |tx| {
            // A batch may have come between the two looks; then nothing is recorded.
            let Some(sentence) = overdue(tx, &version, now)? else { return Ok(None) };
            let id = clock::new_id("ep");
            tx.subject(subject("model_version", &version.id));
            tx.subject(subject("episode", &id));
            let opening = EpisodeOpening::told(EpisodeKind::MissingBatch, sentence);
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
    let state = tx.version_state(&version.id)?;
    if policy.cadence.is_none() || state.is_over() || state == VersionState::Suspended {
        return Ok(None);
    }
    let last = tx.latest_covering(&version.id)?;
    let Some(due) = due_after(&policy, version, last.as_ref()) else { return Ok(None) };
    let (name, end, entry) = match &last {
        Some(report) => {
            let end = report.period_end.as_deref();
            (Some(&report.batch), end.and_then(parsed), report.batch_entry)
        }
        None => (None, None, version.entry),
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

/// When the batch after `last`, or the first one, is due; `None` without a cadence.
pub(super) fn due_after(
    policy: &Policy,
    version: &VersionRow,
    last: Option<&ReportRow>,
) -> Option<Timestamp> {
    let covered_until = last.and_then(|report| parsed(report.period_end.as_deref()?));
    let received = parsed(last.map_or(&version.registered_at, |report| &report.received_at))?;
    due(policy, LastBatch { covered_until, received })
}

fn parsed(time: &str) -> Option<Timestamp> {
    time.parse().ok()
}

/// Silence on the event clock: a gap before this batch's period, or too few rows in it. A gap that the wall clock told of
/// already is not told twice: this batch joins its alert.
pub(super) fn insert_silence(
    tx: &mut WriteTx<'_>,
    policy: &Policy,
    batch: &BatchRow,
    previous: Option<&ReportRow>,
    report_id: &str,
) -> Result<()> {
    if policy.cadence.is_none() {
        return Ok(());
    }
    if batch.rows < policy.rows_min {
        let (name, rows, needed) = (&batch.name, batch.rows, policy.rows_min);
        let noun = if rows == 1 { "row" } else { "rows" };
        let sentence = format!("batch `{name}` has {rows} {noun}, at least {needed} are expected");
        open_alert(
            tx,
            &batch.version_id,
            report_id,
            &EpisodeOpening::told(EpisodeKind::TooFewRows, sentence),
        )?;
    }
    let Some(previous) = previous else { return Ok(()) };
    if let Some(told) = tx.missing_batch_after(&batch.version_id, previous.batch_entry)? {
        return Ok(tx.insert_episode_batch(&clock::new_id("eb"), &told, report_id)?);
    }
    let times = previous.period_end.as_deref().zip(batch.period_start.as_deref());
    let times = times.and_then(|(end, start)| Some((parsed(end)?, parsed(start)?)));
    if let Some(days) = times.and_then(|(end, start)| gap_days(policy, end, start)) {
        let sentence = format!("no batch covers the {days} days before `{}`", batch.name);
        open_alert(
            tx,
            &batch.version_id,
            report_id,
            &EpisodeOpening::told(EpisodeKind::MissingBatch, sentence),
        )?;
    }
    Ok(())
}
