//! Procedure: read accounts and tokens.
//!
//! 1. check that the person may read them
//! 2. read them in one read transaction

use crate::access::account::{Account, Acting};
use crate::access::provider::LinkState;
use crate::access::role::Action;
use crate::access::second_factor::FactorState;
use crate::error::Result;
use crate::store::Store;
use crate::store::accounts::TokenRow;
use crate::store::providers::LinkRow;

/// All accounts.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn accounts(store: &Store, acting: &Acting) -> Result<Vec<Account>> {
    acting.permit(Action::Read)?;
    Ok(store.read(|tx| tx.accounts())?)
}

/// An account as a list shows it.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not exclude each other")]
pub struct AccountLine {
    /// The account, with its role in force; without one, with the role that was asked for.
    #[serde(flatten)]
    pub account: Account,
    /// Whether a role is in force.
    pub has_role: bool,
    /// Whether it is locked after wrong passwords.
    pub locked: bool,
    /// Whether it may be used.
    pub enabled: bool,
    /// Whether its password was issued and not changed yet.
    pub one_time: bool,
    /// Whether somebody asked for the removal of its second factor, and nobody answered.
    pub factor_removal_asked: bool,
    /// The identity at the identity provider it is linked to, or is to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<LinkRow>,
    /// Why its owner cannot sign for now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_held: Option<String>,
}

/// All accounts and where each stands, oldest first.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn account_lines(store: &Store, acting: &Acting) -> Result<Vec<AccountLine>> {
    acting.permit(Action::Read)?;
    let now = store.clock().now_text();
    store.read(|tx| {
        let line = |account: Account| {
            let role = tx.role_in_force(&account, &now)?;
            let account = Account { role: role.unwrap_or(account.role), ..account };
            Ok(AccountLine {
                has_role: role.is_some(),
                locked: tx.is_locked(&account.id)?,
                enabled: tx.is_enabled(&account.id)?,
                factor_removal_asked: tx.second_factor(&account.id)?.0 == FactorState::RemovalAsked,
                identity: tx.provider_link(&account.id)?.filter(|l| l.state != LinkState::None),
                signing_held: tx
                    .signing_hold(&account.id)?
                    .filter(|hold| hold.held)
                    .map(|hold| hold.reason),
                one_time: tx.credential(&account.id)?.is_some_and(|c| c.one_time),
                account,
            })
        };
        tx.accounts()?.into_iter().map(line).collect()
    })
}

/// The tokens of the person who asks.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn own_tokens(store: &Store, acting: &Acting) -> Result<Vec<TokenRow>> {
    acting.permit(Action::ManageOwnTokens)?;
    Ok(store.read(|tx| tx.tokens_of(&acting.account.id))?)
}
