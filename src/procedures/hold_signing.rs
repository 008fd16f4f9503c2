//! Procedure: a credential is lost or known to others: end it at once, and let its owner sign again after another look.
//!
//! 1. the owner, or somebody who keeps watch, reports the loss with a reason: passkeys and second factor end, sessions end, signing is
//!    suspended; one ledger entry, and whoever is told of misuse is told
//! 2. signing is suspended as well by whoever gives somebody a new password: nobody alone makes a credential and signs with it
//! 3. another person who keeps watch, neither the owner nor who suspended it, checks whose account it is and says how; from then
//!    on its owner signs again, with credentials of their own

use super::{actor, given, same_person, someone_else, subject};
use crate::access::account::{Account, Acting};
use crate::access::misuse::Misuse;
use crate::access::role::Action;
use crate::access::second_factor::FactorState;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::{ReadTx, Store};
use crate::{access, clock};

/// Reports that credentials of `user_name` are lost or known to others.
///
/// # Errors
///
/// [`Error::Access`] for somebody else who does not keep watch, [`Error::NotFound`], [`Error::BadRequest`] without a reason.
pub fn report_loss(store: &Store, acting: &Acting, user_name: &str, reason: &str) -> Result<()> {
    let account = if acting.account.user_name == user_name {
        super::sign_decision::require_session(acting)?;
        acting.account.clone()
    } else {
        acting.permit(Action::KeepWatch)?;
        someone_else(store, acting, user_name)?
    };
    let reason = given("reason", reason)?;
    store.write(&actor(acting), EntryType::SigningHold, |tx| {
        let (owner, by) = (account.id.as_str(), acting.account.id.as_str());
        tx.subject(subject("account", owner));
        for passkey in tx.passkeys_in_force(owner)? {
            let id = clock::new_id("pr");
            tx.insert_passkey_revocation(&id, (&passkey.id, by), reason)?;
        }
        if tx.second_factor(owner)?.0.is_enrolled() {
            let id = clock::new_id("sf");
            tx.insert_second_factor(&id, (owner, by), (FactorState::None, reason))?;
        }
        tx.insert_hold(&clock::new_id("sh"), (owner, by), (true, reason))?;
        let rule = (Misuse::LossReported, reason);
        tx.insert_misuse(&clock::new_id("mi"), &account, rule)?;
        Ok::<_, Error>(())
    })?;
    store.forget_factor(&account.id)?;
    store.end_series(&account.id)?;
    Ok(store.end_sessions_of(&account.id, None)?)
}

/// Lets somebody sign again, whose signing was suspended; `reason` says how it was checked whose account it is.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not, for the owner and for who suspended it; [`Error::Conflict`] where it is not suspended.
pub fn release_signing(
    store: &Store,
    acting: &Acting,
    user_name: &str,
    reason: &str,
) -> Result<()> {
    acting.permit(Action::KeepWatch)?;
    let account = someone_else(store, acting, user_name)?;
    let reason = given("reason", reason)?;
    store.write(&actor(acting), EntryType::SigningRelease, |tx| {
        let Some(hold) = tx.signing_hold(&account.id)?.filter(|hold| hold.held) else {
            let detail = format!("signing is not suspended for `{user_name}`");
            return Err(Error::Conflict { detail });
        };
        if hold.by == acting.account.id {
            return Err(same_person(acting, "suspended it", "check whose account it is"));
        }
        tx.subject(subject("account", &account.id));
        let both = (account.id.as_str(), acting.account.id.as_str());
        tx.insert_hold(&clock::new_id("sh"), both, (false, reason))?;
        Ok(())
    })?;
    Ok(())
}

/// Refuses somebody whose signing is suspended.
///
/// # Errors
///
/// [`access::Error::SigningHeld`].
pub(super) fn check_not_held(tx: &ReadTx<'_>, account: &Account) -> Result<()> {
    match tx.signing_hold(&account.id)?.filter(|hold| hold.held) {
        None => Ok(()),
        Some(hold) => Err(Error::Access(access::Error::SigningHeld {
            user_name: account.user_name.clone(),
            reason: hold.reason,
        })),
    }
}
