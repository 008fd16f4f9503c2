//! Procedure: have checkpoints stamped on a schedule, and let nobody believe in a stamp that is not there.
//!
//! 1. a schedule that begins, changes or ends is a ledger entry
//! 2. when one is due, the authority is asked (`stamp_checkpoint`); no act waits for it
//! 3. a stamp that was kept and one that was not to be had are ledger entries; what failed is tried again after an hour, or earlier where
//!    the schedule is denser
//! 4. the first failure in a row is told, and so is a last stamp that is older than a schedule and a quarter; both wait in the inbox of
//!    administrators until one is kept

use super::stamp_checkpoint::{Send, ask_authority, record};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock::rfc3339;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::ledger::time_stamp::TrustedRoots;
use crate::store::time_stamps::{StampEvent, StampKind, StampRow};
use crate::store::{ReadTx, Store};
use jiff::{SignedDuration, Timestamp};

/// Densest schedule, in seconds.
pub const EVERY_SECONDS_MIN: u64 = 60;
/// Sparsest schedule, in seconds: 31 days.
pub const EVERY_SECONDS_MAX: u64 = 31 * 24 * 3600;
/// After how many seconds an authority that failed is asked again, at the latest.
const AGAIN_SECONDS: u64 = 3600;
/// Most events in one answer: each that was kept holds some kilobytes.
const EVENTS_MAX: u32 = 50;

/// Who is asked, whom his certificate must lead to, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampSchedule {
    authority: String,
    roots: TrustedRoots,
    every_seconds: u64,
}

/// How it stands with the time stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StampState {
    /// No schedule is in force.
    NotScheduled,
    /// The last one is young enough, or the first one is not due yet.
    Good,
    /// The authority did not give the last one that was asked for.
    Failed,
    /// The last one is older than the schedule allows.
    Late,
}

/// How it stands with the time stamps, and since when.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct StampStanding {
    /// How.
    pub state: StampState,
    /// The schedule in force.
    pub schedule: Option<StampRow>,
    /// The last one that was kept.
    pub last_kept: Option<StampRow>,
    /// The newest failure since then.
    pub failed: Option<StampRow>,
    /// When the next one is expected at the latest, UTC.
    pub expected_by: Option<String>,
}

/// How it stands, and what was noticed.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct StampsView {
    /// How it stands.
    #[serde(flatten)]
    pub standing: StampStanding,
    /// What was noticed, newest first.
    pub events: Vec<StampRow>,
}

impl StampSchedule {
    /// One stamp every `every_seconds` from the authority at the address `authority`, whose certificate leads to `roots`.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] for a schedule that is too dense or too sparse, and for an address that is none.
    pub fn new(authority: &str, roots: TrustedRoots, every_seconds: u64) -> Result<Self> {
        let refuse = |detail: String| Err(Error::BadRequest { detail });
        if !(EVERY_SECONDS_MIN..=EVERY_SECONDS_MAX).contains(&every_seconds) {
            return refuse(format!(
                "time stamps every {every_seconds} s; expected at least every 31 days and at most once a minute"
            ));
        }
        if !(authority.starts_with("https://") || authority.starts_with("http://")) {
            return refuse(format!(
                "the time-stamp authority is `{authority}`; expected an address that begins with https:// or http://"
            ));
        }
        Ok(Self { authority: authority.to_owned(), roots, every_seconds })
    }

    fn event(&self, kind: StampKind, detail: &str) -> StampEvent {
        StampEvent {
            kind,
            authority: self.authority.clone(),
            detail: detail.to_owned(),
            every_seconds: Some(self.every_seconds),
            content: None,
        }
    }
}

/// Records the schedule that the server was started with, where it is another one than was in force.
///
/// # Errors
///
/// Those of the store.
pub fn record_schedule(store: &Store, schedule: Option<&StampSchedule>) -> Result<()> {
    let known = store.read(in_force)?.map(|row| row.event);
    let event = match (known, schedule) {
        (None, None) => return Ok(()),
        (Some(known), None) => StampEvent { kind: StampKind::Ended, ..known },
        (known, Some(schedule)) => {
            let event = schedule.event(StampKind::Scheduled, "");
            if known.as_ref() == Some(&event) {
                return Ok(());
            }
            event
        }
    };
    record(store, EntryType::TimeStampSchedule, &event, None)
}

/// The schedule in force.
fn in_force(tx: &ReadTx<'_>) -> crate::store::Result<Option<StampRow>> {
    let scheduled = tx.newest_time_stamp(StampKind::Scheduled)?;
    let ended = tx.newest_time_stamp(StampKind::Ended)?.map_or(0, |row| row.entry);
    Ok(scheduled.filter(|row| row.entry > ended))
}

fn seconds(count: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(count).unwrap_or(i64::MAX))
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// How it stands with the time stamps at `now`.
///
/// # Errors
///
/// Those of the database.
pub(super) fn standing(tx: &ReadTx<'_>, now: Timestamp) -> crate::store::Result<StampStanding> {
    let schedule = in_force(tx)?;
    let last_kept = tx.newest_time_stamp(StampKind::Kept)?;
    let kept = last_kept.as_ref().map_or(0, |row| row.entry);
    let failed = tx.newest_time_stamp(StampKind::Failed)?.filter(|row| row.entry > kept);
    let expected = schedule.as_ref().map(|schedule| {
        let every = schedule.event.every_seconds.unwrap_or(EVERY_SECONDS_MAX);
        let from = last_kept.as_ref().map_or(&schedule.at, |kept| (&kept.at).max(&schedule.at));
        time(from) + seconds(every + every / 4)
    });
    let state = match (expected, &failed) {
        (None, _) => StampState::NotScheduled,
        (Some(by), _) if now > by => StampState::Late,
        (_, Some(_)) => StampState::Failed,
        _ => StampState::Good,
    };
    let expected_by = expected.map(rfc3339);
    Ok(StampStanding { state, schedule, last_kept, failed, expected_by })
}

/// Records and tells that the last time stamp is too old, once for each.
///
/// # Errors
///
/// Those of the store.
pub fn watch_lateness(store: &Store) -> Result<()> {
    let now = store.clock().now();
    let (found, late) = store.read(|tx| {
        Ok::<_, crate::store::Error>((standing(tx, now)?, tx.newest_time_stamp(StampKind::Late)?))
    })?;
    let (StampState::Late, Some(schedule)) = (found.state, &found.schedule) else { return Ok(()) };
    let since = found.last_kept.as_ref().map_or(0, |kept| kept.entry).max(schedule.entry);
    if late.is_some_and(|row| row.entry > since) {
        return Ok(());
    }
    let last = found
        .last_kept
        .map_or_else(|| "there is none".to_owned(), |row| format!("it is of {}", row.at));
    let by = found.expected_by.unwrap_or_default();
    let detail = format!("a time stamp was expected by {by}; {last}");
    let event = StampEvent { kind: StampKind::Late, detail, ..schedule.event.clone() };
    let told = format!("no time stamp in time: {}", event.detail);
    record(store, EntryType::TimeStampLate, &event, Some(told))
}

/// Whether the authority is to be asked now.
///
/// # Errors
///
/// Those of the store.
pub fn is_due(store: &Store, schedule: &StampSchedule) -> Result<bool> {
    let now = store.clock().now();
    let (kept, failed) = store.read(|tx| {
        let kept = tx.newest_time_stamp(StampKind::Kept)?;
        Ok::<_, crate::store::Error>((kept, tx.newest_time_stamp(StampKind::Failed)?))
    })?;
    let last = kept.as_ref().map_or(0, |row| row.entry);
    let after = |row: &StampRow, wait: u64| now >= time(&row.at) + seconds(wait);
    // Another authority, or the same at another address, does not wait for what this one did.
    let waited = failed.filter(|row| row.entry > last && row.event.authority == schedule.authority);
    let again = waited.is_none_or(|row| after(&row, AGAIN_SECONDS.min(schedule.every_seconds)));
    Ok(again && kept.is_none_or(|row| after(&row, schedule.every_seconds)))
}

/// Asks as `schedule` says and records what came of it; one that is not to be had is recorded too, and is no error.
///
/// # Errors
///
/// Those of the store, where not even a record can be written.
pub fn stamp_scheduled(store: &Store, schedule: &StampSchedule, send: Send<'_>) -> Result<bool> {
    match ask_authority(store, (&schedule.authority, &schedule.roots), send)? {
        Ok(content) => {
            let event = schedule.event(StampKind::Kept, "");
            let event = StampEvent { content: Some(content), ..event };
            record(store, EntryType::TimeStampRun, &event, None)?;
            Ok(true)
        }
        Err(why) => {
            let known = store.read(|tx| standing(tx, store.clock().now()))?.failed;
            let event = schedule.event(StampKind::Failed, &why);
            let told = format!("a time stamp was not to be had: {why}");
            record(store, EntryType::TimeStampRun, &event, Some(told).filter(|_| known.is_none()))?;
            Ok(false)
        }
    }
}

/// How it stands with the time stamps, and what was noticed.
///
/// # Errors
///
/// [`Error::Access`].
pub fn time_stamps(store: &Store, acting: &Acting) -> Result<StampsView> {
    acting.permit(Action::Read)?;
    let now = store.clock().now();
    store.read(|tx| {
        Ok(StampsView { standing: standing(tx, now)?, events: tx.time_stamps(EVENTS_MAX)? })
    })
}
