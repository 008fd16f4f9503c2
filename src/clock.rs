//! The only place that reads the time or draws an id.
//!
//! Times are UTC, RFC 3339 with exactly three fractional digits and `Z`. A [`Clock`] also watches itself: what the wall clock says
//! is held against a clock that nobody can set ([`Clock::step`]).

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// By how much wall clock and monotonic clock may move apart between two looks, in milliseconds. A time service that slews
/// (at most 500 ppm, 30 ms a minute) stays far below.
pub const STEP_MS_MAX: i64 = 500;
/// Wall and monotonic clock are held against each other since a mark that is at least this old, in seconds.
const MARK_SECONDS: u64 = 60;

/// Since when the monotonic clock of this process counts.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What a wall clock says at a time of the monotonic clock.
#[derive(Clone, Copy, Debug)]
struct Mark {
    wall: Timestamp,
    monotonic: Duration,
}

/// A source of the current time: the system's, or one that stands still until it is moved.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    fixed: Option<Arc<Mutex<Mark>>>,
    mark: Arc<Mutex<Option<Mark>>>,
}

/// What the time should be, and what the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockState {
    /// What it should be.
    pub expected: Timestamp,
    /// What the clock says.
    pub found: Timestamp,
}

impl ClockState {
    /// By how much the clock is ahead, in milliseconds.
    pub fn offset_ms(&self) -> i64 {
        self.found.as_millisecond() - self.expected.as_millisecond()
    }
}

impl Clock {
    /// The system clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that always says `at` until [`Clock::set`] moves it: for tests and replays.
    pub fn fixed(at: Timestamp) -> Self {
        let mark = Mark { wall: at, monotonic: Duration::ZERO };
        Self { fixed: Some(Arc::new(Mutex::new(mark))), mark: Arc::default() }
    }

    /// Moves a fixed clock, as time that passes does; the system clock is not affected.
    pub fn set(&self, at: Timestamp) {
        self.change(|mark| {
            let passed = at.as_millisecond() - mark.wall.as_millisecond();
            mark.monotonic += Duration::from_millis(passed.unsigned_abs());
            mark.wall = at;
        });
    }

    /// Sets a fixed clock to another time without any time passing, as an operator may set a computer's; the system clock is not
    /// affected.
    pub fn adjust(&self, at: Timestamp) {
        self.change(|mark| mark.wall = at);
    }

    fn change(&self, change: impl FnOnce(&mut Mark)) {
        if let Some(fixed) = &self.fixed {
            change(&mut fixed.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Both clocks, now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the time")]
    fn look(&self) -> Mark {
        match &self.fixed {
            Some(fixed) => *fixed.lock().unwrap_or_else(PoisonError::into_inner),
            None => Mark { monotonic: STARTED.elapsed(), wall: Timestamp::now() },
        }
    }

    /// The current time, in UTC.
    pub fn now(&self) -> Timestamp {
        self.look().wall
    }

    /// The current time as `2026-11-23T17:48:24.132Z`.
    pub fn now_text(&self) -> String {
        rfc3339(self.now())
    }

    /// Whether somebody set the clock since the last look: by more than [`STEP_MS_MAX`], wall and monotonic clock moved apart. Each step
    /// is found once.
    ///
    /// ```
    /// use driftledger::clock::Clock;
    /// let at = |text: &str| text.parse().unwrap();
    /// let clock = Clock::fixed(at("2026-06-01T08:00:00Z"));
    /// assert_eq!(clock.step(), None);
    /// clock.set(at("2026-06-01T09:00:00Z"));
    /// assert_eq!(clock.step(), None, "an hour passed");
    /// clock.adjust(at("2026-06-01T08:00:00Z"));
    /// assert_eq!(clock.step().unwrap().offset_ms(), -3_600_000);
    /// assert_eq!(clock.step(), None);
    /// ```
    pub fn step(&self) -> Option<ClockState> {
        let now = self.look();
        let mut mark = self.mark.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = *mark else {
            *mark = Some(now);
            return None;
        };
        let passed = now.monotonic.saturating_sub(before.monotonic);
        let passed_ms = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        let expected =
            before.wall.checked_add(SignedDuration::from_millis(passed_ms)).unwrap_or(before.wall);
        let state = ClockState { expected, found: now.wall };
        let stepped = state.offset_ms().abs() > STEP_MS_MAX;
        if stepped || passed.as_secs() >= MARK_SECONDS {
            *mark = Some(now);
        }
        stepped.then_some(state)
    }
}

/// `at` as RFC 3339 UTC with exactly three fractional digits, for example `2026-11-23T17:48:24.132Z`.
///
/// ```
/// let at: jiff::Timestamp = "2026-11-23T17:48:24.1329Z".parse().unwrap();
/// assert_eq!(driftledger::clock::rfc3339(at), "2026-11-23T17:48:24.132Z");
/// ```
pub fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Milliseconds from `from` to `until`, both RFC 3339; 0 where `until` is not later; none where one of them is no time.
///
/// ```
/// use driftledger::clock::milliseconds_between;
/// let (from, until) = ("2026-11-23T17:48:24.132Z", "2026-11-23T17:48:26.000Z");
/// assert_eq!(milliseconds_between(from, until), Some(1868));
/// assert_eq!(milliseconds_between(until, from), Some(0));
/// assert_eq!(milliseconds_between(from, ""), None);
/// ```
pub fn milliseconds_between(from: &str, until: &str) -> Option<u64> {
    let (from, until): (Timestamp, Timestamp) = (from.parse().ok()?, until.parse().ok()?);
    Some(u64::try_from(until.duration_since(from).as_millis()).unwrap_or_default())
}

/// A new id: `prefix`, an underscore, and a time-ordered UUID (version 7) in hexadecimal.
pub fn new_id(prefix: &str) -> String {
    format!("{prefix}_{}", uuid::Uuid::now_v7().simple())
}

/// A new secret of `bytes` random bytes, in lowercase hexadecimal.
///
/// # Errors
///
/// When the operating system's random source fails.
pub fn new_secret(bytes: usize) -> Result<String, getrandom::Error> {
    let mut buffer = vec![0u8; bytes];
    getrandom::fill(&mut buffer)?;
    Ok(hex::encode(buffer))
}
