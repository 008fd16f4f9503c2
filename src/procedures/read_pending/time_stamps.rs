//! What waits because of the time stamps: one that was not to be had, or none in time.

use super::Pending;
use super::backups::on_system;
use crate::error::Result;
use crate::procedures::watch_time_stamps::{StampStanding, StampState, standing};
use crate::store::ReadTx;

/// What administrators are waited for because of the time stamps.
pub(super) fn time_stamps(
    tx: &ReadTx<'_>,
    now: jiff::Timestamp,
    found: &mut Vec<Pending>,
) -> Result<()> {
    let StampStanding { state, last_kept, failed, schedule, expected_by } = standing(tx, now)?;
    let what = match state {
        StampState::Failed => "Find out why the time-stamp authority gave no stamp",
        StampState::Late => "Find out why there is no time stamp: the last one is too old",
        StampState::NotScheduled | StampState::Good => return Ok(()),
    };
    let kept = last_kept.as_ref().map_or("never", |kept| &kept.at);
    let why = match &failed {
        Some(row) => format!("last one: {kept}; {}", row.event.detail),
        None => {
            format!("last one: {kept}; one was expected by {}", expected_by.unwrap_or_default())
        }
    };
    let since = failed.or(last_kept).or(schedule).map(|row| row.at).unwrap_or_default();
    found.push(on_system(what, why, since));
    Ok(())
}
