//! What the access log holds: who came in, who did not, and who was refused what.

use super::{Error, Result};
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessKind {
    /// Signed in.
    SignedIn,
    /// Tried to sign in and was refused.
    SignInRefused,
    /// Signed out.
    SignedOut,
    /// A session ended because nobody used it.
    IdleEnd,
    /// Asked for something and was refused.
    Refused,
}

impl AccessKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::SignedIn, Self::SignInRefused, Self::SignedOut, Self::IdleEnd, Self::Refused];

    /// The word used in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::SignInRefused => "sign_in_refused",
            Self::SignedOut => "signed_out",
            Self::IdleEnd => "idle_end",
            Self::Refused => "refused",
        }
    }

    /// The kind of that word.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownAccessKind`].
    pub fn parse(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(|| {
            Error::UnknownAccessKind {
                kind: word.to_owned(),
                expected: Self::ALL.map(Self::word).join(", "),
            }
        })
    }
}

/// One line of the access log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AccessEvent {
    /// Number, in the order of the log.
    pub id: i64,
    /// When, UTC.
    pub at: String,
    /// Whose account; empty for a name that nobody has, which may be a password typed in the wrong field.
    pub user_name: String,
    /// The role in force then; empty where nobody was signed in.
    pub role: String,
    /// What happened.
    pub kind: AccessKind,
    /// Why it was refused, as error codes say it; empty where it was not.
    pub code: String,
    /// Method and path that were asked for.
    pub asked: String,
    /// From where, as far as the network knows.
    pub address: String,
}
