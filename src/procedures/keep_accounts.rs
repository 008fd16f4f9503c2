//! Procedure: keep accounts: unlock, disable, enable again, and reset a password. Nobody does any of it to the own account.
//!
//! 1. check that the person keeps accounts, that the account is another's, and that there is a reason
//! 2. write one row and its ledger entry: state is the newest row; an account is never deleted, a name never given away again
//! 3. disabling and resetting end the open sessions at once; a disabled account's tokens are refused from then on
//! 4. whoever resets a password suspends signing too, until another person has checked whose account it is (`hold_signing`)

use super::administer::NewAccount;
use super::{Recorded, actor, given, subject};
use crate::access::account::{Account, Acting};
use crate::access::password;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::{access, clock};
use serde_json::json;

/// The account that `acting` may do something to.
fn others(store: &Store, acting: &Acting, user_name: &str) -> Result<Account> {
    acting.permit(Action::ManageAccounts)?;
    if acting.account.user_name == user_name {
        return Err(Error::Access(access::Error::SamePerson {
            user_name: user_name.to_owned(),
            did: "owns this account",
            must: "do this",
        }));
    }
    let missing = || Error::NotFound { what: "account", id: user_name.to_owned() };
    store.read(|tx| tx.account_by_name(user_name))?.ok_or_else(missing)
}

/// Unlocks an account after wrong passwords.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] without a reason.
pub fn unlock_account(store: &Store, acting: &Acting, user_name: &str, reason: &str) -> Result<()> {
    let account = others(store, acting, user_name)?;
    let reason = given("reason", reason)?;
    store.write(&actor(acting), EntryType::AccountUnlock, |tx| {
        tx.subject(subject("account", &account.id));
        tx.insert_lock(&clock::new_id("lo"), &account.id, false, reason)?;
        Ok::<_, Error>(())
    })?;
    Ok(store.clear_wrong_passwords(&account.id)?)
}

/// Disables the account of somebody who left: sessions and tokens end at once.
///
/// # Errors
///
/// As for [`unlock_account`]; [`Error::Conflict`] when it is disabled already.
pub fn disable_account(
    store: &Store,
    acting: &Acting,
    user_name: &str,
    reason: &str,
) -> Result<()> {
    let id = set_state(store, acting, (user_name, false), reason)?;
    Ok(store.end_sessions_of(&id, None)?)
}

/// Enables a disabled account again.
///
/// # Errors
///
/// As for [`unlock_account`]; [`Error::Conflict`] when it is not disabled.
pub fn enable_account(store: &Store, acting: &Acting, user_name: &str, reason: &str) -> Result<()> {
    set_state(store, acting, (user_name, true), reason)?;
    Ok(())
}

fn set_state(
    store: &Store,
    acting: &Acting,
    (user_name, enabled): (&str, bool),
    reason: &str,
) -> Result<String> {
    let account = others(store, acting, user_name)?;
    let reason = given("reason", reason)?;
    let kind = if enabled { EntryType::AccountEnable } else { EntryType::AccountDisable };
    store.write(&actor(acting), kind, |tx| {
        if tx.is_enabled(&account.id)? == enabled {
            let state = if enabled { "enabled" } else { "disabled" };
            let detail = format!("the account of `{user_name}` is {state} already");
            return Err(Error::Conflict { detail });
        }
        tx.subject(subject("account", &account.id));
        tx.insert_account_state(&clock::new_id("as"), &account.id, enabled, reason)?;
        Ok(())
    })?;
    Ok(account.id)
}

/// Gives somebody who forgot the password a one-time one; the open sessions end.
///
/// # Errors
///
/// As for [`unlock_account`].
pub fn reset_password(
    store: &Store,
    acting: &Acting,
    user_name: &str,
    reason: &str,
) -> Result<Recorded<NewAccount>> {
    let account = others(store, acting, user_name)?;
    let reason = given("reason", reason)?;
    let password = clock::new_secret(9).map_err(access::Error::Random)?;
    let phc = password::digest(&password)?;
    let written = store.write(&actor(acting), EntryType::AccountCredential, |tx| {
        tx.subject(subject("account", &account.id));
        tx.detail(json!({ "reason": reason }));
        tx.insert_credential(&clock::new_id("cr"), &account.id, (&phc, true))?;
        let both = (account.id.as_str(), acting.account.id.as_str());
        let held = (true, "the password was replaced by another person");
        tx.insert_hold(&clock::new_id("sh"), both, held)?;
        Ok::<_, Error>(())
    })?;
    store.end_sessions_of(&account.id, None)?;
    let value = NewAccount { account, password };
    Ok(Recorded { value, entry: written.index, checkpoint: written.checkpoint })
}
