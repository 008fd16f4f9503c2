//! Procedure: sign in, stay signed in, sign out; and who a request comes from.
//!
//! 1. find the account; refuse a locked one
//! 2. verify the password; the fifth wrong one in a row locks the account, which is a ledger entry
//!    an account with a second factor needs a code of it too, and a wrong code counts like a wrong password; where it is lost, a
//!    temporary code takes its place once (`issue_temporary_factor`)
//! 3. refuse a disabled account, one without a role in force, and one whose role needs a training that is not current; their sessions
//!    and tokens have ended too
//! 4. where the password was issued for one sign-in, or is too old, nothing but changing it is possible
//! 5. keep a session: its secret goes into the cookie, its digest into the store

use super::issue_temporary_factor::use_temporary;
use super::watch_access::{self, Asked};
use super::{subject, system};
use crate::access;
use crate::access::account::{Account, Acting, Way};
use crate::access::event::AccessKind;
use crate::access::password::{self, KnownPasswords, WRONG_PASSWORDS_MAX};
use crate::access::password_policy::PasswordDue;
use crate::access::second_factor::{FactorState, step_of};
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
    sign_in_with_code(store, user_name, (password, None))
}

/// Signs in with a code of the second factor, which an account that has one needs.
///
/// # Errors
///
/// As for [`sign_in`]; [`access::Error::SecondFactorNeeded`].
pub fn sign_in_with_code(
    store: &Store,
    user_name: &str,
    (password, code): (&str, Option<&str>),
) -> Result<(String, Session)> {
    let Some(account) = store.read(|tx| tx.account_by_name(user_name))? else {
        // The same work as for a real account, so that the time tells nothing.
        let _ = password::digest("a password nobody has");
        return Err(Error::Access(access::Error::WrongCredentials));
    };
    let credential = check_proof(store, &account, password, Proof::PasswordAndCode(code))?;
    let account = in_force(store, &account)?;
    let due = password_due(store, &account, &credential)?;
    open_session(store, account, (Way::Session, due))
}

/// Opens a session of somebody who proved who they are.
pub(super) fn open_session(
    store: &Store,
    account: Account,
    (way, password_due): (Way, Option<PasswordDue>),
) -> Result<(String, Session)> {
    store.end_series(&account.id)?;
    let secret = Secret::draw("")?;
    let session = Session {
        secret_sha256: secret.sha256,
        way,
        form_token: clock::new_secret(16).map_err(access::Error::Random)?,
        used_at: store.clock().now().as_second(),
        password_due,
        account,
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
    check_proof(store, account, password, Proof::Password)
}

/// What somebody proves besides knowing the user name.
#[derive(Clone, Copy)]
enum Proof<'a> {
    /// The password alone: in an open session, or where a series of signatures goes on.
    Password,
    /// The password, and the code that was sent, for an account that has a second factor.
    PasswordAndCode(Option<&'a str>),
}

/// Verifies the password of an account and, where `proof` is asked for, the code of its second factor; counts wrong ones.
fn check_proof(
    store: &Store,
    account: &Account,
    password: &str,
    proof: Proof<'_>,
) -> Result<Credential> {
    let locked = |attempts| {
        Error::Access(access::Error::Locked { user_name: account.user_name.clone(), attempts })
    };
    let (is_locked, credential, wrong, link) = store.read(|tx| {
        let state = (
            tx.is_locked(&account.id)?,
            tx.credential(&account.id)?,
            tx.wrong_passwords(&account.id)?,
            tx.linked_identity(&account.id)?,
        );
        Ok::<_, crate::store::Error>(state)
    })?;
    if is_locked {
        return Err(locked(WRONG_PASSWORDS_MAX));
    }
    let credential = credential.ok_or(access::Error::WrongCredentials)?;
    let mut is_right = password::verify(password, &credential.phc)?;
    if link.is_some() {
        // The password opens nothing here, so a wrong one locks nobody out; only who knows it learns that.
        let user_name = account.user_name.clone();
        let closed = access::Error::SignsInAtProvider { user_name };
        return Err(Error::Access(if is_right { closed } else { access::Error::WrongCredentials }));
    }
    if let (true, Proof::PasswordAndCode(code)) = (is_right, proof) {
        is_right = is_right_code(store, account, code)?;
    }
    if is_right {
        in_force(store, account)?;
        if wrong > 0 {
            store.clear_wrong_passwords(&account.id)?;
        }
        return Ok(credential);
    }
    Err(count_wrong(store, account)?)
}

/// Whether the code is right and was not used before; without a second factor, none is asked for.
pub(super) fn is_right_code(store: &Store, account: &Account, code: Option<&str>) -> Result<bool> {
    let (state, secret) = store.read(|tx| {
        let state = tx.second_factor(&account.id)?.0;
        Ok::<_, crate::store::Error>((state, tx.factor_secret(&account.id)?))
    })?;
    if !state.is_enrolled() {
        return Ok(true);
    }
    let code = code.map(str::trim).filter(|code| !code.is_empty());
    let code = code.ok_or(access::Error::SecondFactorNeeded)?;
    match state {
        FactorState::Temporary => return use_temporary(store, account, code),
        // The session that the temporary code opened enrols another factor; there is no second one.
        FactorState::ToEnrol => return Ok(false),
        FactorState::None | FactorState::Enrolled | FactorState::RemovalAsked => {}
    }
    // A secret that is lost opens nothing: its removal has to be asked for.
    let Some(secret) = secret else { return Ok(false) };
    match step_of(&secret, code, store.clock().now().as_second())? {
        Some(step) => Ok(store.use_step(&account.id, step)?),
        None => Ok(false),
    }
}

/// Counts a wrong password or code; the fifth in a row locks the account. Gives what to answer.
pub(super) fn count_wrong(store: &Store, account: &Account) -> Result<Error> {
    let attempts = store.count_wrong_password(&account.id)?;
    if attempts < WRONG_PASSWORDS_MAX {
        return Ok(Error::Access(access::Error::WrongCredentials));
    }
    let user_name = account.user_name.clone();
    let reason = format!("{attempts} wrong passwords in a row");
    store.write(&system(), EntryType::AccountLock, |tx| {
        tx.subject(subject("account", &account.id));
        tx.insert_lock(&clock::new_id("lo"), &account.id, true, &reason)?;
        Ok::<_, Error>(())
    })?;
    Ok(Error::Access(access::Error::Locked { user_name, attempts }))
}

/// Verifies in a session that its owner is there: by the password, or by a login anew where the account signs in at the provider.
///
/// # Errors
///
/// As for [`check_password`]; [`access::Error::FreshLoginNeeded`].
pub(super) fn check_owner(store: &Store, account: &Account, password: &str) -> Result<()> {
    if store.read(|tx| tx.linked_identity(&account.id))?.is_none() {
        check_kept_password(store, account, password)?;
        return Ok(());
    }
    let now = store.clock().now().as_second();
    store.take_fresh_login(&account.id, now)?.ok_or(access::Error::FreshLoginNeeded)?;
    Ok(())
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
    match password_due(store, account, &credential)? {
        Some(due) => Err(Error::Access(access::Error::PasswordDue(due))),
        None => Ok(credential),
    }
}

/// The account with the role in force now, for which it is trained where the role needs that.
///
/// # Errors
///
/// [`access::Error::Disabled`], [`access::Error::NoRole`], [`access::Error::TrainingNeeded`].
pub(super) fn in_force(store: &Store, account: &Account) -> Result<Account> {
    let account = with_role(store, account)?;
    let today = super::check_identity::today(store);
    store.read(|tx| super::keep_trainings::check_trained(tx, &account, account.role, today))?;
    Ok(account)
}

/// The account with the role in force now.
///
/// # Errors
///
/// [`access::Error::Disabled`], [`access::Error::NoRole`].
fn with_role(store: &Store, account: &Account) -> Result<Account> {
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
fn password_due(
    store: &Store,
    account: &Account,
    credential: &Credential,
) -> Result<Option<PasswordDue>> {
    let (policy, factor) = store.read(|tx| {
        let factor = tx.second_factor(&account.id)?.0;
        Ok::<_, crate::store::Error>((tx.password_policy()?, factor))
    })?;
    let set_at: jiff::Timestamp = credential.at.parse().map_err(|e: jiff::Error| {
        let detail = format!("time of a credential: {e}");
        Error::Access(access::Error::Digest { detail })
    })?;
    let now = store.clock().now().as_second();
    let lacks = match factor {
        FactorState::None => policy.second_factor_roles.contains(&account.role),
        FactorState::ToEnrol => true,
        FactorState::Enrolled | FactorState::RemovalAsked | FactorState::Temporary => false,
    };
    let due = policy.due(credential.one_time, set_at.as_second(), now);
    Ok(due.or(lacks.then_some(PasswordDue::NoSecondFactor)))
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
        // Locked, or linked to an identity: the password opens nothing.
        let is_locked = tx.is_locked(&account.id)? || tx.linked_identity(&account.id)?.is_some();
        let credential = tx.credential(&account.id)?;
        Ok::<_, crate::store::Error>(Some((account, credential, is_locked)))
    })?;
    let Some((account, Some(credential), false)) = found else { return Ok(None) };
    let Ok(account) = in_force(store, &account) else { return Ok(None) };
    let has_factor = store.read(|tx| tx.second_factor(&account.id))?.0.is_enrolled();
    if has_factor || password_due(store, &account, &credential)?.is_some() {
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
    if store.read(|tx| tx.second_factor(&account.id))?.0.is_enrolled() {
        return Err(Error::Access(access::Error::SecondFactorNeeded));
    }
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
    if session.way == Way::ProviderSession {
        return Ok(session);
    }
    if let Some(credential) = store.read(|tx| tx.credential(&session.account.id))? {
        session.password_due = password_due(store, &session.account, &credential)?;
    }
    Ok(session)
}

/// Ends the session behind a cookie.
///
/// # Errors
///
/// Those of the store.
pub fn sign_out(store: &Store, secret: &str) -> Result<()> {
    let sha256 = digest::sha256_hex(secret.as_bytes());
    if let Some(session) = store.read(|tx| tx.session(&sha256))? {
        store.end_series(&session.account.id)?;
    }
    Ok(store.end_session(&sha256)?)
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
    let scope: TokenScope = serde_json::from_value(token.scope).map_err(|e| {
        Error::Access(access::Error::Digest { detail: format!("token scope: {e}") })
    })?;
    // A program goes on sending what would be lost otherwise, whatever its owner has to learn.
    let (account, way) = match scope {
        TokenScope::Source { version_id } => {
            (with_role(store, &token.account), Way::SourceToken { version_id })
        }
        TokenScope::Personal => (in_force(store, &token.account), Way::PersonalToken),
    };
    let Ok(account) = account else { return Err(not_valid.into()) };
    Ok(Acting { account, way })
}
