//! Procedure: notice labels that never came. On the wall clock:
//!
//! 1. for every version whose policy says how labels are evaluated, and that is neither suspended nor over: of which batches did
//!    the labels fall due, while too few of their rows have one?
//! 2. where no alert says so yet: open one for the version, each in a transaction of its own that looks again; while it is open,
//!    later batches join it
//!
//! The server runs this every minute, after labels that fell due were evaluated; running it twice raises nothing twice. A batch
//! that was received after its labels were due is history, and nobody is late with it.

use super::raise_alerts::open_alert;
use super::{stored, subject, system};
use crate::clock;
use crate::drift::episode::{EpisodeKind, EpisodeOpening};
use crate::drift::performance::rule::PerformanceRule;
use crate::drift::policy::Policy;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::life_cycle::VersionState;
use crate::store::performance::UnlabelledBatch;
use crate::store::versions::{FrozenKind, VersionRow};
use crate::store::{self, ReadTx, Store, WriteTx};
use jiff::Timestamp;

/// Batches that an alert tells of one by one, at most.
const TOLD_MAX: usize = 5;

/// Opens or extends a `missing_labels` alert for every version with batches whose labels are overdue; returns the ids of these
/// alerts.
///
/// # Errors
///
/// Those of the store.
pub fn watch_missing_labels(store: &Store) -> Result<Vec<String>> {
    let now = store.clock().now();
    let versions = store.read(|tx| tx.versions(None))?;
    let mut told = Vec::new();
    for version in versions {
        if store.read(|tx| overdue(tx, &version, now))?.is_empty() {
            continue;
        }
        let written = store.write(&system(), EntryType::SilenceAlert, |tx| {
            // Labels may have come between the two looks; then nothing is recorded.
            let batches = overdue(tx, &version, now)?;
            tell(tx, &version.id, &batches)
        });
        match written {
            Ok(written) => told.extend(written.value),
            Err(Error::Store(store::Error::NothingRecorded { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(told)
}

/// The batches of `version` whose labels were due before `now` and are missing, and the day they were due; none where the policy
/// declares nothing about labels.
fn overdue(
    tx: &ReadTx<'_>,
    version: &VersionRow,
    now: Timestamp,
) -> Result<Vec<(UnlabelledBatch, Timestamp)>> {
    let Some(policy) = tx.frozen(FrozenKind::Policy, &version.id)? else { return Ok(Vec::new()) };
    let rule = stored::<Policy>(&policy.document)?.performance;
    let state = tx.version_state(&version.id)?;
    if rule.is_default() || state.is_over() || state == VersionState::Suspended {
        return Ok(Vec::new());
    }
    let unlabelled = tx.unlabelled(&version.id, rule.completeness_min)?;
    let late = |batch: UnlabelledBatch| {
        let due = due(&rule, &batch)?;
        (due <= now).then_some((batch, due))
    };
    Ok(unlabelled.into_iter().filter_map(late).collect())
}

/// When the labels of `batch` are due; `None` for a batch that came later than that.
fn due(rule: &PerformanceRule, batch: &UnlabelledBatch) -> Option<Timestamp> {
    let due = rule.due(batch.ended_at.parse().ok()?)?;
    let received: Timestamp = batch.received_at.parse().ok()?;
    (received < due).then_some(due)
}

/// Adds `batches` to the open alert of the version, or opens one; gives its id.
fn tell(
    tx: &mut WriteTx<'_>,
    version_id: &str,
    batches: &[(UnlabelledBatch, Timestamp)],
) -> Result<Option<String>> {
    let Some((first, _)) = batches.first() else { return Ok(None) };
    let kind = EpisodeKind::MissingLabels;
    let mut left = batches;
    let id = if let Some(open) = tx.open_episode_of_kind(version_id, kind.word())? {
        open
    } else {
        let mut sentences: Vec<String> = batches.iter().take(TOLD_MAX).map(sentence).collect();
        if batches.len() > TOLD_MAX {
            sentences.push(format!("and {} more batches", batches.len() - TOLD_MAX));
        }
        left = &batches[1..];
        let opening = EpisodeOpening { kind, series: Vec::new(), sentences };
        open_alert(tx, version_id, &first.report_id, &opening)?
    };
    tx.subject(subject("model_version", version_id));
    for (batch, _) in left {
        tx.insert_episode_batch(&clock::new_id("eb"), &id, &batch.report_id)?;
    }
    Ok(Some(id))
}

fn sentence((batch, due): &(UnlabelledBatch, Timestamp)) -> String {
    let UnlabelledBatch { name, rows, completeness, .. } = batch;
    let share = match *completeness {
        0.0 => "none".to_owned(),
        share => format!("{:.1} %", 100.0 * share),
    };
    format!(
        "{share} of the {rows} rows of batch `{name}` have a label; they were due by {}",
        clock::rfc3339(*due)
    )
}
