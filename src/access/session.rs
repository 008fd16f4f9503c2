//! A signed-in browser: a random secret in a cookie, everything else on the server.

use super::account::{Account, Acting, Way};
use super::password_policy::PasswordDue;
use super::{Error, Result};
use crate::{clock, digest};

/// Idle time after which a session ends, in seconds.
pub const IDLE_SECONDS_MAX: i64 = 15 * 60;

/// A session as the server keeps it: the secret itself is only in the cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the secret.
    pub secret_sha256: String,
    /// Who.
    pub account: Account,
    /// How this person signed in.
    pub way: Way,
    /// What a form of this session must send back.
    pub form_token: String,
    /// When it was last used, UTC seconds.
    pub used_at: i64,
    /// Why the password has to be changed before this session can do anything else.
    pub password_due: Option<PasswordDue>,
}

/// A new secret for a session or a token, with its digest.
#[derive(Debug)]
pub struct Secret {
    /// What is given away once.
    pub plain: String,
    /// What is stored.
    pub sha256: String,
}

impl Secret {
    /// Draws a secret of 256 bits that starts with `prefix`.
    ///
    /// # Errors
    ///
    /// [`Error::Random`].
    pub fn draw(prefix: &str) -> Result<Self> {
        let plain = format!("{prefix}{}", clock::new_secret(32).map_err(Error::Random)?);
        Ok(Self { sha256: digest::sha256_hex(plain.as_bytes()), plain })
    }
}

impl Session {
    /// This person, acting in this session.
    pub fn acting(&self) -> Acting {
        Acting { account: self.account.clone(), way: self.way.clone() }
    }

    /// Checks that the session is not idle for too long at `now` (UTC seconds).
    ///
    /// # Errors
    ///
    /// [`Error::SessionOver`].
    pub fn check(&self, now: i64) -> Result<()> {
        if now - self.used_at > IDLE_SECONDS_MAX { Err(Error::SessionOver) } else { Ok(()) }
    }

    /// Checks that this session may do more than change the password.
    ///
    /// # Errors
    ///
    /// [`Error::PasswordDue`].
    pub fn check_password_kept(&self) -> Result<()> {
        self.password_due.map_or(Ok(()), |due| Err(Error::PasswordDue(due)))
    }

    /// Checks that a form was sent from a page of this session.
    ///
    /// # Errors
    ///
    /// [`Error::Forged`].
    pub fn check_form(&self, form_token: &str) -> Result<()> {
        let same = subtle::ConstantTimeEq::ct_eq(form_token.as_bytes(), self.form_token.as_bytes());
        if bool::from(same) { Ok(()) } else { Err(Error::Forged) }
    }
}
