//! The only place that reads the time or draws an id.
//!
//! Times are UTC, RFC 3339 with exactly three fractional digits and `Z`.

use jiff::Timestamp;
use std::sync::{Arc, Mutex};

/// A source of the current time: the system's, or one that stands still until it is moved.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    fixed: Option<Arc<Mutex<Timestamp>>>,
}

impl Clock {
    /// The system clock.
    pub fn system() -> Self {
        Self { fixed: None }
    }

    /// A clock that always says `at` until [`Clock::set`] moves it: for tests and replays.
    pub fn fixed(at: Timestamp) -> Self {
        Self { fixed: Some(Arc::new(Mutex::new(at))) }
    }

    /// Moves a fixed clock; the system clock is not affected.
    pub fn set(&self, at: Timestamp) {
        if let Some(fixed) = &self.fixed
            && let Ok(mut now) = fixed.lock()
        {
            *now = at;
        }
    }

    /// The current time, in UTC.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the time")]
    pub fn now(&self) -> Timestamp {
        match &self.fixed {
            Some(fixed) => fixed.lock().map_or_else(|poisoned| *poisoned.into_inner(), |now| *now),
            None => Timestamp::now(),
        }
    }

    /// The current time as `2026-11-23T17:48:24.132Z`.
    pub fn now_text(&self) -> String {
        rfc3339(self.now())
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
