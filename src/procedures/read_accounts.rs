//! Procedure: read accounts and tokens.
//!
//! 1. check that the person may read them
//! 2. read them in one read transaction

use crate::access::account::{Account, Acting};
use crate::access::role::Action;
use crate::error::Result;
use crate::store::Store;
use crate::store::accounts::TokenRow;

/// All accounts.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn accounts(store: &Store, acting: &Acting) -> Result<Vec<Account>> {
    acting.permit(Action::Read)?;
    Ok(store.read(|tx| tx.accounts())?)
}

/// All accounts, and before each whether it is locked.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn accounts_and_locks(store: &Store, acting: &Acting) -> Result<Vec<(bool, Account)>> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let accounts = tx.accounts()?.into_iter();
        accounts.map(|account| Ok((tx.is_locked(&account.id)?, account))).collect()
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
