//! Passwords: argon2id, in PHC string form.

use super::{Error, Result};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// Fewest characters of a password.
pub const PASSWORD_CHARACTERS_MIN: usize = 12;
/// Wrong passwords in a row after which sign-in and signing are locked.
pub const WRONG_PASSWORDS_MAX: u32 = 5;

/// The argon2id PHC string of `password`.
///
/// # Errors
///
/// [`Error::PasswordTooShort`], [`Error::Digest`].
pub fn digest(password: &str) -> Result<String> {
    let found = password.chars().count();
    if found < PASSWORD_CHARACTERS_MIN {
        return Err(Error::PasswordTooShort { found, needed: PASSWORD_CHARACTERS_MIN });
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_password_verifies() {
        let stored = digest("correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(verify("correct horse battery", &stored).unwrap());
        assert!(!verify("correct horse batterz", &stored).unwrap());
        assert!(matches!(digest("short"), Err(Error::PasswordTooShort { found: 5, needed: 12 })));
    }
}
