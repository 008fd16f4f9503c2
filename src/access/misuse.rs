//! What may be misuse of an account or a signature: the rules, one a line.

use serde::{Deserialize, Serialize};

/// Wrong secrets in a row on signing sheets that are told.
pub const WRONG_TO_SIGN_MAX: u32 = 3;
/// Hours after a credential was replaced in which a signature is told.
pub const HOURS_AFTER_RESET: i64 = 24;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Misuse {
    /// Three wrong secrets in a row on signing sheets.
    WrongSecrets,
    /// Another person's user name was typed to sign in a session.
    OtherUserName,
    /// The identity provider knows who is at a session as somebody else.
    OtherIdentity,
    /// An assertion that no passkey of the person made.
    ForgedAssertion,
    /// A disabled account was used with its right password.
    DisabledAccount,
    /// A signature within a day after a password or a factor was replaced by somebody else.
    SignedAfterReset,
    /// A signature from an address that the person never came from, with a factor that is used for the first time.
    NewAddress,
    /// A first signature in a session while another session of the account is open elsewhere.
    OtherSession,
    /// Somebody reported that a password, a factor or a passkey is lost or known to others.
    LossReported,
}

impl Misuse {
    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::WrongSecrets => "wrong_secrets",
            Self::OtherUserName => "other_user_name",
            Self::OtherIdentity => "other_identity",
            Self::ForgedAssertion => "forged_assertion",
            Self::DisabledAccount => "disabled_account",
            Self::SignedAfterReset => "signed_after_reset",
            Self::NewAddress => "new_address",
            Self::OtherSession => "other_session",
            Self::LossReported => "loss_reported",
        }
    }

    /// What happened to the account of `user_name`, as a sentence without its full stop.
    pub fn sentence(self, user_name: &str) -> String {
        match self {
            Self::WrongSecrets => {
                format!("three wrong secrets in a row were typed to sign as {user_name}")
            }
            Self::OtherUserName => {
                format!(
                    "another person's user name was typed to sign in the session of {user_name}"
                )
            }
            Self::OtherIdentity => {
                format!(
                    "somebody else than {user_name} logged in to sign in the session of {user_name}"
                )
            }
            Self::ForgedAssertion => {
                format!("an assertion that no passkey of {user_name} made was sent to sign")
            }
            Self::DisabledAccount => format!("somebody tried the disabled account of {user_name}"),
            Self::SignedAfterReset => {
                format!("{user_name} signed within a day after a credential was replaced")
            }
            Self::NewAddress => {
                format!("{user_name} signed from a new address with a factor never used before")
            }
            Self::OtherSession => {
                format!("{user_name} signs while another session of the account is open elsewhere")
            }
            Self::LossReported => format!("{user_name}: a credential is reported as lost"),
        }
    }
}
