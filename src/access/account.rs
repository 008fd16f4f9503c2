//! An account: one person, one user name for ever, one role.

use super::role::{Action, Role, permit};
use super::{Error, Result};
use serde::{Deserialize, Serialize};

/// One person's account. Never deleted; its user name is never given to anybody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Account {
    /// Id.
    pub id: String,
    /// What is typed to sign in.
    pub user_name: String,
    /// The name a signature shows.
    pub printed_name: String,
    /// What the account is for.
    pub role: Role,
}

/// Checks that `user_name` can be one.
///
/// # Errors
///
/// [`Error::UserName`].
pub fn check_user_name(user_name: &str) -> Result<()> {
    let fits = (2..=40).contains(&user_name.len())
        && user_name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    if fits { Ok(()) } else { Err(Error::UserName { user_name: user_name.to_owned() }) }
}

/// How somebody came to act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Signed in with a password.
    Session,
    /// Signed in at the identity provider.
    ProviderSession,
    /// With the owner's personal token.
    PersonalToken,
    /// A program with its owner's user name and password; it may do what a personal token may.
    Password,
    /// With a source token for one model version.
    SourceToken {
        /// Id of that version.
        version_id: String,
    },
    /// On the machine of the store, with its data folder.
    Host,
    /// A demo account, acted for while a demonstration is made. Nothing else constructs this.
    Demonstration,
}

impl Way {
    /// Whether somebody is signed in, who can be asked to prove it again.
    pub fn is_session(&self) -> bool {
        matches!(self, Self::Session | Self::ProviderSession)
    }
}

/// Somebody who acts: whose account, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acting {
    /// Whose account.
    pub account: Account,
    /// How.
    pub way: Way,
}

impl Acting {
    /// Checks that this person may do `action` this way.
    ///
    /// # Errors
    ///
    /// [`Error::NotPermitted`].
    pub fn permit(&self, action: Action) -> Result<()> {
        let by_token = match self.way {
            Way::Session | Way::ProviderSession | Way::Host | Way::Demonstration => true,
            Way::PersonalToken | Way::Password => action.by_token(),
            Way::SourceToken { .. } => action == Action::Ingest,
        };
        if by_token {
            return permit(self.account.role, action);
        }
        let needed = "somebody who is signed in".to_owned();
        Err(Error::NotPermitted { role: "token", action: action.words(), needed })
    }

    /// The word of the way, for the ledger.
    pub fn way_word(&self) -> &'static str {
        match self.way {
            Way::Session => "password",
            Way::ProviderSession => "identity_provider",
            Way::PersonalToken => "personal_token",
            Way::Password => "password_of_program",
            Way::SourceToken { .. } => "source_token",
            Way::Host => "host",
            Way::Demonstration => "demonstration",
        }
    }
}
