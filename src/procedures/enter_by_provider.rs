//! Procedure: sign in at the identity provider, or log in there anew to sign a record.
//!
//! 1. begin: ask the provider (authorization code, PKCE, nonce, state); the browser keeps a secret of its own, so that nobody finishes
//!    a login that another browser began
//! 2. finish: exchange the code, judge the ID token; a login is finished once, within 10 minutes
//! 3. sign in: the account that two people linked to issuer and subject gets a session; no account is made, and none is found by
//!    its mail address
//! 4. sign out: where the provider ends sessions of its own, the person is sent there too
//! 5. log in anew: what was asked for in a session of the same person proves who signs, for one signature within 2 minutes

use super::sign_in::{in_force, open_session};
use super::watch_misuse::record_misuse;
use crate::access;
use crate::access::account::{Account, Way};
use crate::access::misuse::Misuse;
use crate::access::password::WRONG_PASSWORDS_MAX;
use crate::access::provider::{
    Fetch, LOGIN_SECONDS_MAX, LoginAnswer, ProviderIdentity, ProviderSettings, begin, finish,
    logout_address,
};
use crate::access::session::{Secret, Session};
use crate::digest;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::providers::LoginRow;

/// A login that begins.
#[derive(Debug)]
pub struct Begun {
    /// Where the person goes.
    pub url: String,
    /// What the browser keeps until the person comes back.
    pub browser: String,
}

/// Somebody who comes back from the provider.
#[derive(Debug)]
pub struct Back {
    /// What the browser kept.
    pub browser: String,
    /// The state in the address.
    pub state: String,
    /// The authorization code in the address.
    pub code: String,
}

/// What a login led to.
#[derive(Debug)]
pub enum Entered {
    /// Somebody is signed in.
    SignedIn {
        /// The cookie's secret.
        secret: String,
        /// The session.
        session: Box<Session>,
        /// Where to go on to.
        next: String,
    },
    /// Somebody proved who they are, to sign.
    Proved {
        /// Who.
        account: Account,
        /// Where to go on to.
        next: String,
    },
}

/// Begins a login; with a session, one anew, to sign in it.
///
/// # Errors
///
/// [`access::Error::ProviderDown`], [`access::Error::ProviderAnswer`].
pub fn begin_login(
    store: &Store,
    (settings, fetch): (&ProviderSettings, &Fetch<'_>),
    session: Option<&Session>,
    next: &str,
) -> Result<Begun> {
    let request = begin(settings, fetch, session.is_some())?;
    let browser = Secret::draw("")?;
    store.begin_login(&LoginRow {
        state_sha256: digest::sha256_hex(request.state.as_bytes()),
        browser_sha256: browser.sha256,
        nonce: request.nonce,
        verifier: request.verifier,
        session_sha256: session.map(|session| session.secret_sha256.clone()),
        next: next.to_owned(),
        started_at: store.clock().now().as_second(),
    })?;
    Ok(Begun { url: request.url, browser: browser.plain })
}

/// Finishes a login.
///
/// # Errors
///
/// [`access::Error::LoginUnknown`] for one that nobody began here; [`access::Error::ProviderAnswer`] for a token that is not good;
/// [`access::Error::SubjectUnknown`] for somebody without an account; [`access::Error::LoginNotFresh`].
pub fn finish_login(
    store: &Store,
    (settings, fetch): (&ProviderSettings, &Fetch<'_>),
    back: Back,
) -> Result<Entered> {
    let now = store.clock().now().as_second();
    let login = store.take_login(&digest::sha256_hex(back.state.as_bytes()))?;
    let ours = |login: &LoginRow| {
        login.browser_sha256 == digest::sha256_hex(back.browser.as_bytes())
            && now - login.started_at <= LOGIN_SECONDS_MAX
    };
    let login = login.filter(ours).ok_or(access::Error::LoginUnknown)?;
    let answer = LoginAnswer {
        code: back.code,
        nonce: login.nonce,
        verifier: login.verifier,
        now,
        fresh_since: login.session_sha256.as_ref().map(|_| login.started_at),
    };
    let identity = finish(settings, fetch, answer)?;
    match login.session_sha256 {
        None => enter(store, &identity, login.next),
        Some(session) => prove(store, &session, &identity, login.next),
    }
}

/// Where who signs out of this session ends theirs at the provider as well; `None` for a session that began with a password, and where the
/// provider advertises no such address.
///
/// # Errors
///
/// [`access::Error::ProviderDown`], [`access::Error::ProviderAnswer`].
pub fn leave_provider(
    (settings, fetch): (&ProviderSettings, &Fetch<'_>),
    session: &Session,
) -> Result<Option<String>> {
    if session.way != Way::ProviderSession {
        return Ok(None);
    }
    Ok(logout_address(settings, fetch)?)
}

/// A session for who is linked to this identity.
fn enter(store: &Store, identity: &ProviderIdentity, next: String) -> Result<Entered> {
    let ProviderIdentity { issuer, subject, .. } = identity;
    let found = store.read(|tx| tx.account_of_identity(issuer, subject))?;
    let account = found.ok_or_else(|| access::Error::SubjectUnknown {
        issuer: issuer.clone(),
        subject: subject.clone(),
    })?;
    if store.read(|tx| tx.is_locked(&account.id))? {
        let (user_name, attempts) = (account.user_name, WRONG_PASSWORDS_MAX);
        return Err(Error::Access(access::Error::Locked { user_name, attempts }));
    }
    let account = in_force(store, &account)?;
    let (secret, session) = open_session(store, account, (Way::ProviderSession, None))?;
    Ok(Entered::SignedIn { secret, session: Box::new(session), next })
}

/// What a signature in this session will say about who signs.
fn prove(
    store: &Store,
    session: &str,
    identity: &ProviderIdentity,
    next: String,
) -> Result<Entered> {
    let session = store.read(|tx| tx.session(session))?.ok_or(access::Error::SessionOver)?;
    let account = in_force(store, &session.account)?;
    let link = store.read(|tx| tx.linked_identity(&account.id))?;
    let same = |link: &crate::store::providers::LinkRow| {
        link.issuer == identity.issuer && link.subject == identity.subject
    };
    if !link.as_ref().is_some_and(same) {
        record_misuse(store, &account, Misuse::OtherIdentity, &identity.subject)?;
        return Err(Error::Access(access::Error::SubjectUnknown {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
        }));
    }
    store.keep_fresh_login(&account.id, identity, store.clock().now().as_second())?;
    Ok(Entered::Proved { account, next })
}
