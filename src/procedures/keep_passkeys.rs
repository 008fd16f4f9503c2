//! Procedure: keep passkeys: register one, let it say something about a record before its owner signs, and end it.
//!
//! 1. register: the password again, or a new login at the identity provider; the browser makes a key whose other half never leaves its
//!    owner's authenticator. The public key is a record. From then on every signature of the account carries its word
//! 2. sign: the challenge is the digest of record, meaning and signer (`review::identified`); what the authenticator answers is checked
//!    here, kept for the signature that follows, and checked again by whoever verifies it. One that does not fit is told
//! 3. end: by its owner, with a reason; for somebody else a loss is reported, which suspends signing (`hold_signing`)

use super::hold_signing::check_not_held;
use super::sign_in::check_owner;
use super::watch_misuse::record_misuse;
use super::{actor, given, subject};
use crate::access::account::{Account, Acting};
use crate::access::misuse::Misuse;
use crate::access::passkey::{Assertion, PASSKEY_OFFER_SECONDS_MAX, Site, offer, take};
use crate::access::session::Session;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::identified::{PasskeyProof, PasskeyStatement};
use crate::review::signature::Meaning;
use crate::store::Store;
use crate::store::passkeys::PasskeyRow;
use crate::{access, clock};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::Value;

/// Most passkeys of one account that are in force.
const PASSKEYS_MAX: usize = 10;

/// What a passkey is asked to sign.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct PasskeyQuestion {
    /// What it signs.
    pub statement: PasskeyStatement,
    /// SHA-256 of the statement's canonical JSON: the challenge, base64url.
    pub challenge: String,
    /// The host name that passkeys here are bound to.
    pub rp_id: String,
    /// The passkeys that may answer, base64url; none where the account has none.
    pub credential_ids: Vec<String>,
}

/// One's own passkeys, those that ended too.
///
/// # Errors
///
/// Those of the store.
pub fn own_passkeys(store: &Store, account: &Account) -> Result<Vec<PasskeyRow>> {
    Ok(store.read(|tx| tx.passkeys(&account.id))?)
}

/// Begins to register a passkey of whose session it is: what the browser's `navigator.credentials.create` takes.
///
/// # Errors
///
/// [`Error::Access`] for a wrong password, an address that browsers keep no passkeys for, and while signing is suspended;
/// [`Error::Conflict`] for one too many.
pub fn offer_passkey(
    store: &Store,
    site: &Site,
    session: &Session,
    password: &str,
) -> Result<Value> {
    let account = &session.account;
    session.check_password_kept()?;
    store.read(|tx| check_not_held(tx, account))?;
    check_owner(store, account, password)?;
    let known = store.read(|tx| tx.passkeys_in_force(&account.id))?;
    if known.len() >= PASSKEYS_MAX {
        let detail = format!("{PASSKEYS_MAX} passkeys are registered; end one first");
        return Err(Error::Conflict { detail });
    }
    let known: Vec<_> = known.into_iter().map(|row| row.key.credential_id).collect();
    let (options, state) = offer(site, account, &known)?;
    store.keep_passkey_offer(&account.id, &state, store.clock().now().as_second())?;
    Ok(options)
}

/// Registers the passkey that the browser made.
///
/// # Errors
///
/// [`Error::Conflict`] without a registration that was begun within 10 minutes; [`access::Error::Passkey`].
pub fn register_passkey(
    store: &Store,
    site: &Site,
    session: &Session,
    (name, answer): (&str, Value),
) -> Result<PasskeyRow> {
    let account = &session.account;
    let name = given("name", name)?;
    let now = store.clock().now().as_second();
    let begun = store.read(|tx| tx.passkey_offer(&account.id))?;
    let fresh = |(_, at): &(String, i64)| now - at <= PASSKEY_OFFER_SECONDS_MAX;
    let Some((state, _)) = begun.filter(fresh) else {
        let detail = "no registration was begun within 10 minutes; begin again".to_owned();
        return Err(Error::Conflict { detail });
    };
    let key = take(site, &state, answer)?;
    let id = clock::new_id("pk");
    let written = store.write(&actor(&session.acting()), EntryType::PasskeyRegister, |tx| {
        tx.subject(subject("account", &account.id));
        tx.subject(subject("passkey", &id));
        tx.insert_passkey(&id, (&account.id, name), &key)?;
        let at = tx.at().to_owned();
        Ok::<_, Error>(PasskeyRow { id: id.clone(), name: name.to_owned(), key, at, revoked: None })
    })?;
    store.forget_passkey_offer(&account.id)?;
    Ok(written.value)
}

/// Ends a passkey of one's own.
///
/// # Errors
///
/// [`Error::Access`] for a wrong password; [`Error::NotFound`] for another's, and for one that ended.
pub fn end_passkey(
    store: &Store,
    session: &Session,
    id: &str,
    (password, reason): (&str, &str),
) -> Result<()> {
    let account = &session.account;
    let reason = given("reason", reason)?;
    check_owner(store, account, password)?;
    store.write(&actor(&session.acting()), EntryType::PasskeyRevoke, |tx| {
        let missing = || Error::NotFound { what: "passkey", id: id.to_owned() };
        let own = tx.passkeys_in_force(&account.id)?;
        own.iter().find(|row| row.id == id).ok_or_else(missing)?;
        tx.subject(subject("account", &account.id));
        tx.subject(subject("passkey", id));
        let both = (id, account.id.as_str());
        tx.insert_passkey_revocation(&clock::new_id("pr"), both, reason)?;
        Ok::<_, Error>(())
    })?;
    Ok(())
}

/// What the passkeys of who acts are asked about a record.
///
/// # Errors
///
/// [`Error::Access`] for a token; [`Error::BadRequest`] for something that is no digest.
pub fn ask_passkey(
    store: &Store,
    site: &Site,
    acting: &Acting,
    (record_sha256, meaning): (&str, Meaning),
) -> Result<PasskeyQuestion> {
    super::sign_decision::require_session(acting)?;
    if record_sha256.len() != 64 || !record_sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
        let detail = format!("`{record_sha256}` is no SHA-256 in hexadecimal");
        return Err(Error::BadRequest { detail });
    }
    let statement = PasskeyStatement::new(record_sha256, meaning, &acting.account.id);
    let challenge = Base64UrlUnpadded::encode_string(&statement.challenge()?);
    let known = store.read(|tx| tx.passkeys_in_force(&acting.account.id))?;
    let credential_ids = known.into_iter().map(|row| row.key.credential_id).collect();
    Ok(PasskeyQuestion { statement, challenge, rp_id: site.rp_id.clone(), credential_ids })
}

/// Takes what a passkey says about a record; it is good for one signature of that record within 2 minutes.
///
/// # Errors
///
/// [`access::Error::Passkey`] for what no passkey of who acts made about this record.
pub fn prove_passkey(
    store: &Store,
    acting: &Acting,
    (record_sha256, meaning): (&str, Meaning),
    assertion: Assertion,
) -> Result<()> {
    super::sign_decision::require_session(acting)?;
    let account = &acting.account;
    let statement = PasskeyStatement::new(record_sha256, meaning, &account.id);
    let known = store.read(|tx| tx.passkeys_in_force(&account.id))?;
    let named = known.into_iter().find(|row| row.key.credential_id == assertion.credential_id);
    let checked =
        match named {
            None => Err(access::Error::Passkey { detail: "it is not one of yours".to_owned() }),
            Some(row) => assertion
                .check(&row.key, &statement.challenge()?)
                .map(|()| PasskeyProof { passkey: row.id, key: row.key, statement, assertion }),
        };
    match checked {
        Ok(proof) => {
            let now = store.clock().now().as_second();
            Ok(store.keep_passkey_proof(&account.id, &proof, now)?)
        }
        Err(error) => {
            let detail = format!("{}: {error}", store.clock().now_text());
            record_misuse(store, account, Misuse::ForgedAssertion, &detail)?;
            Err(Error::Access(error))
        }
    }
}
