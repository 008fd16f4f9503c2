//! Procedure: administer a store: create it, its accounts and its tokens.
//!
//! 1. `init`: make the data folder, its keys, its database and its first ledger entry
//! 2. accounts: an administrator (or the host, for the first ones) creates them with a one-time password; what happens to
//!    them later is in `keep_accounts`
//! 3. tokens: a data scientist issues them; the secret is shown once

use super::{Recorded, actor, subject};
use crate::access::account::{Account, Acting, Way, check_user_name};
use crate::access::password;
use crate::access::role::{Action, Role};
use crate::access::session::Secret;
use crate::access::token::TokenScope;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::store::roles::NewRoleRequest;
use crate::{access, clock};
use std::path::Path;

/// An account and the password it was made with, shown once.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct NewAccount {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// Its password; one-time, but for accounts of a demonstration.
    pub password: String,
}

/// A token and its secret, shown once.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct NewToken {
    /// Id.
    pub id: String,
    /// What to send as `Authorization: Bearer`.
    pub token: String,
}

/// Makes a new store in `folder`.
///
/// # Errors
///
/// [`Error::Store`] when there is one already or the folder cannot be written.
pub fn create_store(folder: &Path, clock: Clock) -> Result<Store> {
    let log = clock::new_secret(8).map_err(access::Error::Random)?;
    Ok(Store::create(folder, &format!("driftledger/{log}"), clock)?)
}

/// The host acting with the data folder in hand: for the first accounts and for recovery.
pub fn host() -> Acting {
    let account = Account {
        id: "host".to_owned(),
        user_name: "host".to_owned(),
        printed_name: "host".to_owned(),
        role: Role::Admin,
    };
    Acting { account, way: Way::Host }
}

/// Creates an account with a one-time password, which does nothing but let its owner choose another. The host's accounts have
/// their role at once: the first ones have nobody to approve them. One that an administrator creates waits for the approval
/// of another person.
///
/// # Errors
///
/// [`Error::Access`], [`Error::UserNameTaken`].
pub fn create_account(
    store: &Store,
    acting: &Acting,
    names: (&str, &str),
    role: Role,
) -> Result<Recorded<NewAccount>> {
    create(store, acting, names, role, true)
}

/// Creates an account of a demonstration or a measurement, whose password is printed for visitors and stays as it is. Nothing else may
/// call this.
pub(super) fn create_demo_account(
    store: &Store,
    names: (&str, &str),
    role: Role,
) -> Result<NewAccount> {
    Ok(create(store, &host(), names, role, false)?.value)
}

fn create(
    store: &Store,
    acting: &Acting,
    (user_name, printed_name): (&str, &str),
    role: Role,
    one_time: bool,
) -> Result<Recorded<NewAccount>> {
    acting.permit(Action::ManageAccounts)?;
    check_user_name(user_name)?;
    let password = clock::new_secret(9).map_err(access::Error::Random)?;
    let phc = password::digest(&password)?;
    let written = store.write(&actor(acting), EntryType::AccountCreate, |tx| {
        if tx.account_by_name(user_name)?.is_some() {
            return Err(Error::UserNameTaken { user_name: user_name.to_owned() });
        }
        let account = Account {
            id: clock::new_id("ac"),
            user_name: user_name.to_owned(),
            printed_name: printed_name.to_owned(),
            role,
        };
        tx.subject(subject("account", &account.id));
        tx.insert_account(&account)?;
        tx.insert_credential(&clock::new_id("cr"), &account.id, (&phc, one_time))?;
        if acting.way != Way::Host {
            let at = tx.at().to_owned();
            tx.insert_role_request(&NewRoleRequest {
                id: &clock::new_id("rr"),
                account_id: &account.id,
                role,
                valid_from: &at,
                valid_until: None,
                reason: "new account",
                requested_by: &acting.account.id,
                creates: true,
            })?;
        }
        Ok(account)
    })?;
    let value = NewAccount { account: written.value, password };
    Ok(Recorded { value, entry: written.index, checkpoint: written.checkpoint })
}

/// Issues a token for `owner`: for one version's batches, or for the owner's own draft work.
///
/// # Errors
///
/// [`Error::Access`].
pub fn issue_token(
    store: &Store,
    acting: &Acting,
    (owner, name): (&Account, &str),
    scope: &TokenScope,
    expires_at: Option<&str>,
) -> Result<Recorded<NewToken>> {
    let action = match scope {
        TokenScope::Source { .. } => Action::ManageSourceTokens,
        TokenScope::Personal => Action::ManageOwnTokens,
    };
    if acting.way != Way::Host {
        acting.permit(action)?;
    }
    access::role::permit(super::sign_in::in_force(store, owner)?.role, action)?;
    let secret = Secret::draw(scope.prefix())?;
    let scope_text =
        serde_json::to_string(scope).map_err(|e| Error::Render { detail: e.to_string() })?;
    let written = store.write(&actor(acting), EntryType::TokenCreate, |tx| {
        let id = clock::new_id("to");
        tx.subject(subject("token", &id));
        tx.insert_token((&id, &owner.id), (name, &scope_text), &secret.sha256, expires_at)?;
        Ok::<_, Error>(id)
    })?;
    let value = NewToken { id: written.value, token: secret.plain };
    Ok(Recorded { value, entry: written.index, checkpoint: written.checkpoint })
}

/// Revokes a token of one's own, at once.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn revoke_token(store: &Store, acting: &Acting, token_id: &str, reason: &str) -> Result<()> {
    acting.permit(Action::ManageOwnTokens)?;
    let own = store.read(|tx| tx.tokens_of(&acting.account.id))?;
    if !own.iter().any(|token| token.id == token_id && !token.revoked) {
        return Err(Error::NotFound { what: "token of yours", id: token_id.to_owned() });
    }
    store.write(&actor(acting), EntryType::TokenRevoke, |tx| {
        tx.subject(subject("token", token_id));
        tx.insert_token_revocation(&clock::new_id("tr"), token_id, reason)?;
        Ok::<_, Error>(())
    })?;
    Ok(())
}
