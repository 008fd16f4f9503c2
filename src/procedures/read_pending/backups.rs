//! What waits because of the backups: one that failed, or none in time.

use super::{Pending, PendingKind};
use crate::access::role::Action;
use crate::error::Result;
use crate::procedures::watch_backups::{BackupStanding, BackupState, standing};
use crate::store::ReadTx;

/// What administrators are waited for because of the backups.
pub(super) fn backups(
    tx: &ReadTx<'_>,
    now: jiff::Timestamp,
    found: &mut Vec<Pending>,
) -> Result<()> {
    let BackupStanding { state, last_good, failed, schedule, expected_by } = standing(tx, now)?;
    let what = match state {
        BackupState::Failed => "Find out why the last backup failed",
        BackupState::Late => "Find out why there is no backup: the last good one is too old",
        BackupState::NotScheduled | BackupState::Good => return Ok(()),
    };
    let good = last_good.as_ref().map_or("never", |good| &good.at);
    let why = match &failed {
        Some(row) => format!("last good one: {good}; {}", row.event.detail),
        None => format!(
            "last good one: {good}; one was expected by {}",
            expected_by.unwrap_or_default()
        ),
    };
    let since = failed.or(last_good).or(schedule).map(|row| row.at).unwrap_or_default();
    found.push(on_system(what, why, since));
    Ok(())
}

/// What the administrators look after at the page System.
pub(super) fn on_system(what: &str, why: String, since: String) -> Pending {
    Pending {
        kind: PendingKind::Watch,
        what: what.to_owned(),
        why,
        version: None,
        who: Action::ManageNotices.roles().to_vec(),
        is_mine: true,
        path: "/system".to_owned(),
        since,
        due_on: None,
        is_overdue: false,
    }
}
