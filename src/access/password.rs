//! Passwords: argon2id, in PHC string form.

use super::{Error, Result};
use crate::{clock, digest};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Wrong passwords in a row after which sign-in and signing are locked.
pub const WRONG_PASSWORDS_MAX: u32 = 5;

/// The argon2id PHC string of `password`.
///
/// # Errors
///
/// [`Error::Digest`].
pub fn digest(password: &str) -> Result<String> {
    let failed = |e: argon2::password_hash::Error| Error::Digest { detail: e.to_string() };
    Ok(Argon2::default().hash_password(password.as_bytes()).map_err(failed)?.to_string())
}

/// Whether `password` is the one behind the PHC string `stored`.
///
/// # Errors
///
/// [`Error::Digest`] when `stored` is not a PHC string.
pub fn verify(password: &str, stored: &str) -> Result<bool> {
    let parsed = PasswordHash::new(stored).map_err(|e| Error::Digest { detail: e.to_string() })?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// Seconds for which a password that was right is known again without the slow digest.
const KNOWN_SECONDS: i64 = 300;
/// Most passwords remembered at once.
const KNOWN_MAX: usize = 1000;

/// Passwords that were right a moment ago, so that a program which sends one with every request does not wait for the slow
/// digest each time. Holds keyed digests that are worth nothing outside this process; forgets by time, and at once when the
/// stored digest changes.
#[derive(Debug)]
pub struct KnownPasswords {
    key: Option<String>,
    until: Mutex<HashMap<String, i64>>,
}

impl Default for KnownPasswords {
    fn default() -> Self {
        // Without random bytes nothing is ever known, which is slow and safe.
        Self { key: clock::new_secret(32).ok(), until: Mutex::default() }
    }
}

impl KnownPasswords {
    fn digest(&self, password: &str, stored: &str) -> Option<String> {
        let key = self.key.as_ref()?;
        Some(digest::blake3_hex(format!("{key}\0{stored}\0{password}").as_bytes()))
    }

    /// Whether `password` was right for `stored` less than five minutes before `now` (UTC seconds).
    pub fn knows(&self, password: &str, stored: &str, now: i64) -> bool {
        let Some(digest) = self.digest(password, stored) else { return false };
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.get(&digest).is_some_and(|until| now < *until)
    }

    /// Remembers that `password` was right for `stored` at `now` (UTC seconds).
    pub fn remember(&self, password: &str, stored: &str, now: i64) {
        let Some(digest) = self.digest(password, stored) else { return };
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.retain(|_, until| now < *until);
        if until.len() < KNOWN_MAX {
            until.insert(digest, now + KNOWN_SECONDS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_password_verifies() {
        let stored = digest("correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(verify("correct horse battery", &stored).unwrap());
        assert!(!verify("correct horse batterz", &stored).unwrap());
    }
    #[test]
    fn a_password_is_known_for_five_minutes_and_only_with_its_digest() {
        let known = KnownPasswords::default();
        assert!(!known.knows("secret", "phc", 1000));
        known.remember("secret", "phc", 1000);
        assert!(known.knows("secret", "phc", 1299) && !known.knows("secret", "phc", 1300));
        assert!(!known.knows("secret", "other", 1001) && !known.knows("Secret", "phc", 1001));
    }
}
