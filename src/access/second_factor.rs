//! The second factor: a code of six digits that changes every half minute (TOTP, RFC 6238, SHA-1 as authenticators expect).

use super::{Error, Result};
use crate::clock;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use totp_rs::{Algorithm, Secret, TOTP};

/// Seconds that a code is shown for.
const STEP_SECONDS: i64 = 30;
/// Steps before and after now whose codes are taken too, for clocks that differ.
const SKEW_STEPS: i64 = 1;
/// Seconds without a signature after which a series of signatures ends.
pub const SERIES_IDLE_SECONDS_MAX: i64 = 5 * 60;
/// Seconds after which a series of signatures ends in any case.
pub const SERIES_SECONDS_MAX: i64 = 30 * 60;
/// Seconds in which an offered secret can be confirmed.
pub const OFFER_SECONDS_MAX: i64 = 10 * 60;

/// Hours that a temporary code in place of a lost factor is good for, at most.
pub const TEMPORARY_HOURS_MAX: u32 = 72;

/// Where the second factor of an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactorState {
    /// There is none.
    None,
    /// One is enrolled.
    Enrolled,
    /// One is enrolled, and somebody asked for its removal.
    RemovalAsked,
    /// It is lost; a temporary code stands in for it, once.
    Temporary,
    /// The temporary code was used: another one has to be enrolled before anything else.
    ToEnrol,
}

impl FactorState {
    /// The word used in records; `None` is written as `removed`.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "removed",
            Self::Enrolled => "enrolled",
            Self::RemovalAsked => "removal_asked",
            Self::Temporary => "temporary",
            Self::ToEnrol => "to_enrol",
        }
    }

    /// The state of that word; a word that is none is no factor.
    pub fn of_word(word: &str) -> Self {
        [Self::Enrolled, Self::RemovalAsked, Self::Temporary, Self::ToEnrol]
            .into_iter()
            .find(|state| state.word() == word)
            .unwrap_or(Self::None)
    }

    /// Whether codes are asked for.
    pub fn is_enrolled(self) -> bool {
        self != Self::None
    }

    /// Whether the owner may enrol one now.
    pub fn may_enrol(self) -> bool {
        matches!(self, Self::None | Self::ToEnrol)
    }
}

/// A new secret of 160 bits, base 32.
///
/// # Errors
///
/// [`Error::Random`].
pub fn draw_secret() -> Result<String> {
    let random = clock::new_secret(20).map_err(Error::Random)?;
    let bytes = hex::decode(random).map_err(|e| Error::Digest { detail: e.to_string() })?;
    Ok(Secret::Raw(bytes).to_encoded().to_string())
}

/// The address that an authenticator reads from a QR code.
pub fn address(secret: &str, user_name: &str) -> String {
    format!("otpauth://totp/driftledger:{user_name}?secret={secret}&issuer=driftledger")
}

/// The code of the step `step` (Unix seconds divided by 30).
///
/// # Errors
///
/// [`Error::Digest`] for a secret that is not base 32.
pub fn code_of(secret: &str, step: i64) -> Result<String> {
    let bytes = Secret::Encoded(secret.to_owned()).to_bytes();
    let bytes = bytes.map_err(|e| Error::Digest { detail: format!("second factor: {e:?}") })?;
    let seconds = u64::try_from(step * STEP_SECONDS).unwrap_or(0);
    let name = String::new();
    let totp = TOTP::new_unchecked(Algorithm::SHA1, 6, 0, 30, bytes, None, name);
    Ok(totp.generate(seconds))
}

/// The step whose code `code` is, if it is one of those taken at `now` (UTC seconds).
///
/// # Errors
///
/// As for [`code_of`].
pub fn step_of(secret: &str, code: &str, now: i64) -> Result<Option<i64>> {
    let current = now / STEP_SECONDS;
    let mut found = None;
    for step in current - SKEW_STEPS..=current + SKEW_STEPS {
        if bool::from(code_of(secret, step)?.as_bytes().ct_eq(code.trim().as_bytes())) {
            found = Some(step);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // A11d-11.6
    fn codes_are_those_of_rfc_6238_and_hold_for_one_step_each_way() {
        // RFC 6238, appendix B: the secret is `12345678901234567890`; six of the eight digits there.
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")]
        {
            assert_eq!(code_of(secret, time / 30).unwrap(), code);
            for now in [time - 30, time, time + 30] {
                assert_eq!(step_of(secret, code, now).unwrap(), Some(time / 30), "{now}");
            }
            assert_eq!(step_of(secret, code, time + 90).unwrap(), None);
        }
        assert_eq!(step_of(secret, "", 59).unwrap(), None);
        assert!(code_of("not base 32!", 1).is_err());
    }

    #[test]
    fn a_drawn_secret_makes_codes_and_stands_in_its_address() {
        let secret = draw_secret().unwrap();
        assert_eq!((secret.len(), code_of(&secret, 1).unwrap().len()), (32, 6));
        assert_ne!(secret, draw_secret().unwrap());
        assert!(address(&secret, "rosa").contains(&secret));
    }

    #[test]
    fn words_read_back() {
        for state in [
            FactorState::None,
            FactorState::Enrolled,
            FactorState::RemovalAsked,
            FactorState::Temporary,
            FactorState::ToEnrol,
        ] {
            assert_eq!(FactorState::of_word(state.word()), state);
        }
    }
}
