//! Procedure: watch the clock, and let nobody sign while it cannot be trusted.
//!
//! 1. hold the wall clock against the monotonic clock of this process: more than half a second apart since the last look is a step,
//!    and a ledger entry with both times
//! 2. hold it against the newest ledger entry: a time before that one is a ledger entry too
//! 3. where a source is named (`--clock-check`), hold it against that every minute; what changes is an entry
//! 4. after a step, and while the clock is behind or not in step with its source, nobody signs; reading and receiving go on
//! 5. that it is not trusted opens an incident in the same transaction, unless one about the clock is not closed
//! 6. it is trusted again when the source says so, or when somebody who keeps watch confirms it with a reason
//!
//! What this cannot see: a clock that was set forward while the program did not run, without a source.

use super::open_incident::open_by_itself;
use super::{actor, given, subject, system};
use crate::access;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock::{self, ClockState, STEP_MS_MAX};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::decision::Severity;
use crate::review::incident::NoticedBy;
use crate::store::Store;
use crate::store::clock_events::ClockRow;

/// By how much the clock may be off its source, in milliseconds.
pub const OFFSET_MS_MAX: i64 = 5_000;
/// Most events in one answer.
const EVENTS_MAX: u32 = 200;

/// What a source says about the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockSample {
    /// What the source says the time is; none where it only says whether the clock is in step.
    pub expected: Option<jiff::Timestamp>,
    /// Whether the source says that the clock is in step with it.
    pub in_step: bool,
    /// The source, and what it said.
    pub detail: String,
}

/// What a clock shows, and since when it is trusted or not.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ClockView {
    /// What the clock says, UTC.
    pub now: String,
    /// Whether anybody may sign.
    pub trusted: bool,
    /// What was noticed, newest first.
    pub events: Vec<ClockRow>,
}

/// Looks at the clock and records what changed; `sample` is what its source says.
///
/// # Errors
///
/// Those of the store.
pub fn watch_clock(store: &Store, sample: Option<&ClockSample>) -> Result<()> {
    if let Some(state) = store.clock().step() {
        record(store, ("step", false), &state, "the clock was set while the program ran")?;
    }
    let found = store.clock().now();
    let (newest, event) =
        store.read(|tx| Ok::<_, crate::store::Error>((tx.newest_time()?, tx.clock_event()?)))?;
    let newest = newest.and_then(|at| at.parse::<jiff::Timestamp>().ok());
    let is_known = |kind: &str| event.as_ref().is_some_and(|event| event.kind == kind);
    if let Some(expected) = newest {
        let state = ClockState { expected, found };
        if state.offset_ms() < -STEP_MS_MAX && !is_known("behind") && !is_known("step") {
            let detail = "the clock is behind the newest ledger entry";
            record(store, ("behind", false), &state, detail)?;
        }
    }
    let Some(sample) = sample else { return Ok(()) };
    let state = ClockState { expected: sample.expected.unwrap_or(found), found };
    let in_step = sample.in_step && state.offset_ms().abs() <= OFFSET_MS_MAX;
    let trusted = store.read(|tx| tx.clock_event())?.is_none_or(|event| event.trusted);
    match (trusted, in_step) {
        (true, false) => record(store, ("unsynchronised", false), &state, &sample.detail),
        (false, true) => record(store, ("synchronised", true), &state, &sample.detail),
        _ => Ok(()),
    }
}

fn record(
    store: &Store,
    (kind, trusted): (&str, bool),
    state: &ClockState,
    detail: &str,
) -> Result<()> {
    store.write(&system(), EntryType::ClockEvent, |tx| {
        let id = clock::new_id("ce");
        tx.subject(subject("clock", &id));
        tx.insert_clock_event(&id, (kind, trusted), state, (detail, None))?;
        if trusted {
            return Ok(());
        }
        let told = format!("{detail} ({} ms); nobody can sign", state.offset_ms());
        let what = format!("the clock cannot be trusted: {told}");
        open_by_itself(tx, (NoticedBy::Clock, Severity::Major), &what, Vec::new())?;
        Ok::<_, Error>(tx.tell_clock(told)?)
    })?;
    Ok(())
}

/// Looks at the clock, and refuses where it is not trusted.
///
/// # Errors
///
/// [`access::Error::ClockNotTrusted`].
pub(super) fn check_clock(store: &Store) -> Result<()> {
    watch_clock(store, None)?;
    match store.read(|tx| tx.clock_event())?.filter(|event| !event.trusted) {
        None => Ok(()),
        Some(ClockRow { detail, expected, found, .. }) => {
            let said = format!("{detail}: it said {found} where {expected} was expected");
            Err(Error::Access(access::Error::ClockNotTrusted(said)))
        }
    }
}

/// What the clock shows.
///
/// # Errors
///
/// [`Error::Access`].
pub fn clock_view(store: &Store, acting: &Acting) -> Result<ClockView> {
    acting.permit(Action::Read)?;
    let events = store.read(|tx| tx.clock_events(EVENTS_MAX))?;
    let trusted = events.first().is_none_or(|event| event.trusted);
    Ok(ClockView { now: store.clock().now_text(), trusted, events })
}

/// Confirms that the clock is right, after somebody compared it.
///
/// # Errors
///
/// [`Error::Access`], [`Error::BadRequest`] without a reason, [`Error::Conflict`] where the clock is trusted, or still behind the newest
/// ledger entry.
pub fn confirm_clock(store: &Store, acting: &Acting, reason: &str) -> Result<()> {
    acting.permit(Action::KeepWatch)?;
    let reason = given("reason", reason)?;
    watch_clock(store, None)?;
    let found = store.clock().now();
    store.write(&actor(acting), EntryType::ClockEvent, |tx| {
        let Some(event) = tx.clock_event()?.filter(|event| !event.trusted) else {
            let detail = "the clock is trusted; there is nothing to confirm".to_owned();
            return Err(Error::Conflict { detail });
        };
        let was: jiff::Timestamp = event.expected.parse().unwrap_or(found);
        if event.kind == "behind" && found < was {
            let detail = format!(
                "the clock says {}, which is before {}: set it right first",
                clock::rfc3339(found),
                event.expected
            );
            return Err(Error::Conflict { detail });
        }
        let id = clock::new_id("ce");
        tx.subject(subject("clock", &id));
        let state = ClockState { expected: found, found };
        let by = Some(acting.account.id.as_str());
        Ok(tx.insert_clock_event(&id, ("confirmed", true), &state, (reason, by))?)
    })?;
    Ok(())
}
