//! Procedure: keep passwords: change one's own, and set the rules for all of them.
//!
//! 1. change: verify the password so far; hold the new one against the policy in force and against the last ones; a new
//!    credential counts from its ledger entry on, and every other session of the account ends
//! 2. policy: an administrator sets it with a reason; it is in force from its ledger entry on, for passwords set afterwards
//!    (length, names, common ones, reuse) and for all passwords (age)

use super::sign_in::check_password;
use super::{Recorded, actor, subject};
use crate::access::account::{Account, Acting};
use crate::access::password;
use crate::access::password_policy::PasswordPolicy;
use crate::access::role::Action;
use crate::access::session::Session;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::store::accounts::PasswordPolicyRow;
use crate::{access, clock};

/// Changes the password of whose session it is; other sessions of this person end.
///
/// # Errors
///
/// [`Error::Access`] for a wrong old password, and for a new one that the policy refuses.
pub fn change_password(store: &Store, session: &Session, old: &str, new: &str) -> Result<()> {
    let account = &session.account;
    check_password(store, account, old)?;
    let policy = store.read(|tx| tx.password_policy())?;
    policy.check(new, account)?;
    refuse_reused(store, account, &policy, new)?;
    let phc = password::digest(new)?;
    let acting = session.acting();
    store.write(&actor(&acting), EntryType::AccountCredential, |tx| {
        tx.subject(subject("account", &account.id));
        tx.insert_credential(&clock::new_id("cr"), &account.id, (&phc, false))?;
        Ok::<_, Error>(())
    })?;
    Ok(store.end_sessions_of(&account.id, Some(&session.secret_sha256))?)
}

fn refuse_reused(
    store: &Store,
    account: &Account,
    policy: &PasswordPolicy,
    new: &str,
) -> Result<()> {
    let last = policy.reused_last;
    for earlier in store.read(|tx| tx.credentials(&account.id, last))? {
        if password::verify(new, &earlier.phc)? {
            return Err(Error::Access(access::Error::PasswordReused { last }));
        }
    }
    Ok(())
}

/// The policy in force, and the rows that set it and earlier ones, newest first; no row while the built-in one is in force.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct PasswordPolicyView {
    /// The rules in force.
    pub in_force: PasswordPolicy,
    /// Every policy that was set, newest first.
    pub history: Vec<PasswordPolicyRow>,
}

/// The password policy and its history.
///
/// # Errors
///
/// [`Error::Access`].
pub fn password_policy(store: &Store, acting: &Acting) -> Result<PasswordPolicyView> {
    acting.permit(Action::Read)?;
    let history = store.read(|tx| tx.password_policies())?;
    let in_force = history.first().map(|row| row.policy.clone()).unwrap_or_default();
    Ok(PasswordPolicyView { in_force, history })
}

/// Sets the password policy, with a reason.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not and for limits that cannot be; [`Error::BadRequest`] without a reason.
pub fn set_password_policy(
    store: &Store,
    acting: &Acting,
    policy: &PasswordPolicy,
    reason: &str,
) -> Result<Recorded<PasswordPolicy>> {
    acting.permit(Action::ManageAccounts)?;
    policy.validate()?;
    let reason = super::given("reason", reason)?;
    let written = store.write(&actor(acting), EntryType::PasswordPolicySet, |tx| {
        let id = clock::new_id("pp");
        tx.subject(subject("password_policy", &id));
        tx.insert_password_policy(&id, policy, reason)?;
        Ok::<_, Error>(policy.clone())
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
