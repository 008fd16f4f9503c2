//! Procedure: evaluate labels when they fall due. On the wall clock:
//!
//! 1. for every version to which labels were sent: did those of a batch fall due after it was last evaluated, or was a batch whose labels
//!    count marked as invalid?
//! 2. evaluate that version, and no other: an evaluation reads all files of its version
//!
//! The server runs this every minute. A batch whose labels fell due always says something new once (its figures, or that too
//! few labels have come), and one that was marked as invalid is taken out once, so nothing is evaluated twice for the same reason.

use super::evaluate_performance::{evaluate, has_to_take_out};
use super::ingest_batch::Judge;
use super::{stored, system};
use crate::drift::policy::Policy;
use crate::error::{Error, Result};
use crate::store::performance::PerformanceRow;
use crate::store::versions::{FrozenKind, VersionRow};
use crate::store::{self, ReadTx, Store};
use jiff::Timestamp;

/// Evaluates every version with a batch whose labels fell due, or that was marked as invalid, since it was last evaluated, and returns
/// what that recorded.
///
/// # Errors
///
/// The first one, after every version had its turn: those of reading its files, those of the store.
pub fn watch_labels(store: &Store) -> Result<Vec<PerformanceRow>> {
    let now = store.clock().now();
    let versions = store.read(|tx| tx.versions(None))?;
    let (mut recorded, mut failed) = (Vec::new(), None);
    for version in versions {
        match evaluate_due(store, &version, now) {
            Ok(row) => recorded.extend(row),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(recorded), Err)
}

fn evaluate_due(
    store: &Store,
    version: &VersionRow,
    now: Timestamp,
) -> Result<Option<PerformanceRow>> {
    let is_due = |tx: &ReadTx<'_>| {
        Ok::<_, Error>(fell_due(tx, version, now)? || has_to_take_out(tx, &version.id)?)
    };
    if !store.read(is_due)? {
        return Ok(None);
    }
    let judge = store.read(|tx| Judge::read(tx, &version.model, &version.version))?;
    if judge.policy.0.performance.validate(&judge.registration.schema).is_err() {
        return Ok(None);
    }
    let evaluated = match evaluate(store, &system(), &judge) {
        // Its files went by a signed disposal: the last evaluation stands.
        Err(Error::Store(store::Error::ObjectDisposed { .. })) => return Ok(None),
        evaluated => evaluated?,
    };
    Ok(evaluated.is_new.then_some(evaluated.performance.value))
}

/// Whether labels of a batch of `version` fell due after it was last evaluated, and not later than `now`.
fn fell_due(tx: &ReadTx<'_>, version: &VersionRow, now: Timestamp) -> Result<bool> {
    let batches = tx.last_looks(&version.id)?;
    if batches.is_empty() {
        return Ok(false);
    }
    let Some(policy) = tx.frozen(FrozenKind::Policy, &version.id)? else { return Ok(false) };
    let rule = stored::<Policy>(&policy.document)?.performance;
    Ok::<_, Error>(batches.iter().any(|(ended, looked)| {
        let times = ended.parse().ok().zip(looked.parse::<Timestamp>().ok());
        let due = times.and_then(|(end, looked)| Some((rule.due(end)?, looked)));
        due.is_some_and(|(due, looked)| looked < due && due <= now)
    }))
}
