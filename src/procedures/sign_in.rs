//! Procedure: sign in, stay signed in, sign out; and who a request comes from.
//!
//! 1. find the account; refuse a locked one
//! 2. verify the password; the fifth wrong one in a row locks the account, which is a ledger entry
//! 3. refuse a disabled account, and one without a role in force; their sessions and tokens have ended too
//! 4. where the password was issued for one sign-in, or is too old, nothing but changing it is possible
//! 5. keep a session: its secret goes into the cookie, its digest into the store

use super::watch_access::{self, Asked};
use super::{subject, system};
use crate::access;
use crate::access::account::{Account, Acting, Way};
use crate::access::event::AccessKind;
use crate::access::password::{self, KnownPasswords, WRONG_PASSWORDS_MAX};
use crate::access::password_policy::PasswordDue;
use crate::access::session::{Secret, Session};
use crate::access::token::TokenScope;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::store::accounts::Credential;
use crate::{clock, digest};

/// Signs in and returns the cookie's secret with the session.
///
/// # Errors
///
/// [`access::Error::WrongCredentials`], [`access::Error::Locked`].
pub fn sign_in(store: &Store, user_name: &str, password: &str) -> Result<(String, Session)> {
    let Some(account) = store.read(|tx| tx.account_by_name(user_name))? else {
        // The same work as for a real account, so that the time tells nothing.
        let _ = password::digest("a password nobody has");
        return Err(Error::Access(access::Error::WrongCredentials));
    };
    let credential = check_password(store, &account, password)?;
    let secret = Secret::draw("")?;
    let session = Session {
        secret_sha256: secret.sha256,
        account: in_force(store, &account)?,
        form_token: clock::new_secret(16).map_err(access::Error::Random)?,
        used_at: store.clock().now().as_second(),
        password_due: password_due(store, &credential)?,
    };
    store.start_session(&session)?;
    Ok((secret.plain, session))
}

/// Verifies the password of an account and counts wrong ones.
///
/// # Errors
///
/// [`access::Error::WrongCredentials`], [`access::Error::Locked`].
pub(super) fn check_password(
    store: &Store,
    account: &Account,
    password: &str,
) -> Result<Credential> {
    let locked = |attempts| {
        Error::Access(access::Error::Locked { user_name: account.user_name.clone(), attempts })
    };
    let (is_locked, credential, wrong) = store.read(|tx| {
        let state = (
            tx.is_locked(&account.id)?,
            tx.credential(&account.id)?,
            tx.wrong_passwords(&account.id)?,
        );
        Ok::<_, crate::store::Error>(state)
    })?;
    if is_locked {
        return Err(locked(WRONG_PASSWORDS_MAX));
    }
    let credential = credential.ok_or(access::Error::WrongCredentials)?;
    if password::verify(password, &credential.phc)? {
        in_force(store, account)?;
        if wrong > 0 {
            store.clear_wrong_passwords(&account.id)?;
        }
        return Ok(credential);
    }
    let attempts = store.count_wrong_password(&account.id)?;
    if attempts < WRONG_PASSWORDS_MAX {
        return Err(Error::Access(access::Error::WrongCredentials));
    }
    let reason = format!("{attempts} wrong passwords in a row");
    store.write(&system(), EntryType::AccountLock, |tx| {
        tx.subject(subject("account", &account.id));
        tx.insert_lock(&clock::new_id("lo"), &account.id, true, &reason)?;
        Ok::<_, Error>(())
    })?;
    Err(locked(attempts))
}

/// Verifies a password that does more than sign in: one that has to be changed does not sign, and lets no program in.
///
/// # Errors
///
/// As for [`check_password`]; [`access::Error::PasswordDue`].
pub(super) fn check_kept_password(
    store: &Store,
    account: &Account,
    password: &str,
) -> Result<Credential> {
    let credential = check_password(store, account, password)?;
    match password_due(store, &credential)? {
        Some(due) => Err(Error::Access(access::Error::PasswordDue(due))),
        None => Ok(credential),
    }
}

/// The account with the role in force now.
///
/// # Errors
///
/// [`access::Error::Disabled`], [`access::Error::NoRole`].
pub(super) fn in_force(store: &Store, account: &Account) -> Result<Account> {
    let now = store.clock().now_text();
    let user_name = || account.user_name.clone();
    let (is_enabled, role) = store.read(|tx| {
        let state = (tx.is_enabled(&account.id)?, tx.role_in_force(account, &now)?);
        Ok::<_, crate::store::Error>(state)
    })?;
    if !is_enabled {
        return Err(Error::Access(access::Error::Disabled { user_name: user_name() }));
    }
    let role = role.ok_or_else(|| access::Error::NoRole { user_name: user_name() })?;
    Ok(Account { role, ..account.clone() })
}

/// Why this password has to be changed now, if it has to.
fn password_due(store: &Store, credential: &Credential) -> Result<Option<PasswordDue>> {
    let policy = store.read(|tx| tx.password_policy())?;
    let set_at: jiff::Timestamp = credential.at.parse().map_err(|e: jiff::Error| {
        let detail = format!("time of a credential: {e}");
        Error::Access(access::Error::Digest { detail })
    })?;
    let now = store.clock().now().as_second();
    Ok(policy.due(credential.one_time, set_at.as_second(), now))
}

/// Who sends a user name with a password that was right a moment ago, or with a personal token of that person in its place;
/// `None` when the password is not known.
///
/// # Errors
///
/// [`access::Error::TokenNotValid`], [`access::Error::WrongCredentials`] for somebody else's token.
pub fn acting_by_known_password(
    store: &Store,
    (user_name, password): (&str, &str),
    known: &KnownPasswords,
) -> Result<Option<Acting>> {
    if password.starts_with(TokenScope::Personal.prefix()) {
        let acting = acting_by_token(store, password)?;
        if acting.account.user_name == user_name {
            return Ok(Some(acting));
        }
        return Err(Error::Access(access::Error::WrongCredentials));
    }
    let found = store.read(|tx| {
        let Some(account) = tx.account_by_name(user_name)? else { return Ok(None) };
        let (credential, is_locked) = (tx.credential(&account.id)?, tx.is_locked(&account.id)?);
        Ok::<_, crate::store::Error>(Some((account, credential, is_locked)))
    })?;
    let Some((account, Some(credential), false)) = found else { return Ok(None) };
    let Ok(account) = in_force(store, &account) else { return Ok(None) };
    if password_due(store, &credential)?.is_some() {
        return Ok(None);
    }
    let now = store.clock().now().as_second();
    Ok(known
        .knows(password, &credential.phc, now)
        .then_some(Acting { account, way: Way::Password }))
}

/// Who sends a user name with a password.
///
/// # Errors
///
/// [`access::Error::WrongCredentials`], [`access::Error::Locked`], [`access::Error::PasswordDue`].
pub fn acting_by_password(
    store: &Store,
    (user_name, password): (&str, &str),
    known: &KnownPasswords,
) -> Result<Acting> {
    let Some(account) = store.read(|tx| tx.account_by_name(user_name))? else {
        let _ = password::digest("a password nobody has");
        return Err(Error::Access(access::Error::WrongCredentials));
    };
    let credential = check_kept_password(store, &account, password)?;
    known.remember(password, &credential.phc, store.clock().now().as_second());
    let account = in_force(store, &account)?;
    Ok(Acting { account, way: Way::Password })
}

/// The session behind a cookie; using it keeps it alive.
///
/// # Errors
///
/// [`access::Error::SessionOver`].
pub fn session_of(store: &Store, secret: &str) -> Result<Session> {
    let sha256 = digest::sha256_hex(secret.as_bytes());
    let mut session = store.read(|tx| tx.session(&sha256))?.ok_or(access::Error::SessionOver)?;
    let now = store.clock().now().as_second();
    let account = in_force(store, &session.account);
    let idle = session.check(now);
    if idle.is_err() {
        let kind = (AccessKind::IdleEnd, None);
        watch_access::note(store, account.as_ref().ok(), kind, &Asked::default());
    }
    let (Ok(()), Ok(account)) = (idle, account) else {
        store.end_session(&sha256)?;
        return Err(Error::Access(access::Error::SessionOver));
    };
    session.account = account;
    if now > session.used_at {
        store.touch_session(&sha256, now)?;
    }
    if let Some(credential) = store.read(|tx| tx.credential(&session.account.id))? {
        session.password_due = password_due(store, &credential)?;
    }
    Ok(session)
}

/// Ends the session behind a cookie.
///
/// # Errors
///
/// Those of the store.
pub fn sign_out(store: &Store, secret: &str) -> Result<()> {
    Ok(store.end_session(&digest::sha256_hex(secret.as_bytes()))?)
}

/// Who sends a request with a bearer token.
///
/// # Errors
///
/// [`access::Error::TokenNotValid`].
pub fn acting_by_token(store: &Store, secret: &str) -> Result<Acting> {
    let sha256 = digest::sha256_hex(secret.as_bytes());
    let not_valid = access::Error::TokenNotValid;
    let token =
        store.read(|tx| tx.token_by_secret(&sha256))?.ok_or(access::Error::TokenNotValid)?;
    let now = store.clock().now_text();
    if token.revoked || token.expires_at.as_ref().is_some_and(|end| *end <= now) {
        return Err(not_valid.into());
    }
    let Ok(account) = in_force(store, &token.account) else { return Err(not_valid.into()) };
    let scope: TokenScope = serde_json::from_value(token.scope).map_err(|e| {
        Error::Access(access::Error::Digest { detail: format!("token scope: {e}") })
    })?;
    let way = match scope {
        TokenScope::Source { version_id } => Way::SourceToken { version_id },
        TokenScope::Personal => Way::PersonalToken,
    };
    Ok(Acting { account, way })
}
