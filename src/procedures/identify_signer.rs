//! Procedure: find out who signs, just before the signature is written.
//!
//! 1. refuse while the clock is not trusted, for somebody whose signing is suspended, and for somebody whose identity was not checked or
//!    who has not accepted the statement of accountability (`accept_accountability`)
//! 2. an account with a password: the password again; with a second factor, a series of signatures begins with a code of it
//!    (`keep_factors`), and the password is enough until it ends
//! 3. an account that signs in at the identity provider: a login anew, used up by this signature
//! 4. an account with a passkey: its word about this record, with this meaning, by this person; it stands in place of a code
//! 5. in the transaction that writes the signature, ask once more for what is recorded about the signer, whose training is held against the
//!    day of the entry: what is judged later is the entry
//! 6. what failed is counted: three wrong secrets in a row are told, five lock the account

use super::accept_accountability::check_accountable;
use super::hold_signing::check_not_held;
use super::keep_trainings::{check_trained, day_of};
use super::sign_decision::DEMONSTRATION;
use super::sign_in::check_kept_password;
use super::watch_clock::check_clock;
use super::watch_misuse::{count_wrong_to_sign, record_misuse, watch_signer};
use crate::access::account::{Account, Acting};
use crate::access::misuse::Misuse;
use crate::access::password::WRONG_PASSWORDS_MAX;
use crate::access::provider::ProviderIdentity;
use crate::error::{Error, Result};
use crate::review::identified::{Identified, PasskeyProof, PasskeyStatement};
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;
use crate::store::providers::LinkRow;
use crate::store::{Store, WriteTx};
use crate::{access, clock, digest};

/// Verifies who signs the record of this SHA-256 with this meaning, and says how.
///
/// # Errors
///
/// [`access::Error::ClockNotTrusted`], [`access::Error::SigningHeld`], [`access::Error::IdentityNotChecked`],
/// [`access::Error::AccountabilityNotAccepted`]; as for a password; [`access::Error::SecondFactorNeeded`] outside a
/// series, [`access::Error::FreshLoginNeeded`], [`access::Error::PasskeyNeeded`]. Each of them ends the series.
pub(super) fn check_to_sign(
    store: &Store,
    account: &Account,
    password: &str,
    (record_sha256, meaning): (&str, Meaning),
) -> Result<Identified> {
    let identified = identify(store, account, password, (record_sha256, meaning));
    if let Err(error) = &identified {
        store.end_series(&account.id)?;
        if matches!(
            error,
            Error::Access(access::Error::WrongCredentials | access::Error::Locked { .. })
        ) {
            count_wrong_to_sign(store, account)?;
        }
    }
    identified
}

fn identify(
    store: &Store,
    account: &Account,
    password: &str,
    (record_sha256, meaning): (&str, Meaning),
) -> Result<Identified> {
    check_clock(store)?;
    store.read(|tx| {
        check_not_held(tx, account)?;
        check_accountable(tx, account, meaning)
    })?;
    let now = store.clock().now().as_second();
    let (link, state, series, passkeys) = store.read(|tx| {
        let state = tx.second_factor(&account.id)?.0;
        let series = tx.series(&account.id, now)?;
        let passkeys = tx.passkeys_in_force(&account.id)?;
        Ok::<_, crate::store::Error>((tx.linked_identity(&account.id)?, state, series, passkeys))
    })?;
    if link.is_none() && state.is_enrolled() && series.is_none() && passkeys.is_empty() {
        return Err(Error::Access(access::Error::SecondFactorNeeded));
    }
    let statement = PasskeyStatement::new(record_sha256, meaning, &account.id);
    let passkey = if passkeys.is_empty() {
        None
    } else {
        Some(word_of_passkey(store, account, &statement, now)?)
    };
    let (words, provider) = if let Some(link) = link {
        (BY_PROVIDER, Some(login_anew(store, account, &link, now)?))
    } else {
        check_kept_password(store, account, password)?;
        if state.is_enrolled() && series.is_some() {
            store.go_on_with_series(&account.id, now)?;
        }
        let by_code = state.is_enrolled() && passkey.is_none();
        let words = match (by_code, series) {
            (false, _) => BY_PASSWORD,
            (true, Some(0)) => BY_CODE,
            (true, _) => IN_SERIES,
        };
        (words, None)
    };
    let new_factor = first_use(store, account, passkey.as_ref())?;
    watch_signer(store, account, new_factor.as_deref())?;
    let confirmed = if passkey.is_some() { BY_PASSKEY } else { "" };
    Ok(Identified { method: format!("{words}{confirmed}"), passkey, provider })
}

/// Refuses, in the transaction that writes a signature, somebody about whom something was recorded since they were identified that a
/// signature with this meaning may not follow, and somebody whose training ended with the day before.
///
/// # Errors
///
/// [`access::Error::SigningHeld`], [`access::Error::TrainingNeeded`]; as for `check_accountable`.
pub(super) fn check_still(tx: &WriteTx<'_>, account: &Account, meaning: Meaning) -> Result<()> {
    check_not_held(tx, account)?;
    check_accountable(tx, account, meaning)?;
    check_trained(tx, account, account.role, day_of(tx))
}

/// Signs the record `(table, id, document)` at this entry, if it has the digest that was shown and its signer may sign still.
///
/// # Errors
///
/// [`Error::Review`] for other bytes than shown; those of [`check_still`]; [`Error::Store`].
pub(super) fn sign_record(
    tx: &mut WriteTx<'_>,
    signer: &Account,
    (table, id, document): (&str, &str, &str),
    (meaning, shown_sha256, how): (Meaning, &str, Identified),
) -> Result<RecordSignature> {
    let signature = RecordSignature::over(
        (table, id, document.as_bytes()),
        shown_sha256,
        (signer.clone(), meaning),
        (clock::new_id("rs"), tx.at().to_owned(), how),
    )?;
    check_still(tx, signer, meaning)?;
    let bytes = signature.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let document = String::from_utf8(bytes).unwrap_or_default();
    let digested = (sha256.as_str(), document.as_str());
    tx.insert_record_signature(&signature.id, (table, id), &signer.id, digested)?;
    Ok(signature)
}

/// How a demo account signs, which has no password to enter; what is recorded about its person is asked for all the same.
///
/// # Errors
///
/// [`access::Error::IdentityNotChecked`], [`access::Error::AccountabilityNotAccepted`].
pub(super) fn demonstrated(store: &Store, acting: &Acting, meaning: Meaning) -> Result<Identified> {
    store.read(|tx| check_accountable(tx, &acting.account, meaning))?;
    Ok(Identified::by(DEMONSTRATION))
}

const BY_PROVIDER: &str = "new login at the identity provider";
const BY_PASSWORD: &str = "user name and password";
const BY_CODE: &str = "user name, password and authenticator code";
const IN_SERIES: &str =
    "password, in a series that began with user name, password and authenticator code";
const BY_PASSKEY: &str = ", confirmed by a passkey over the record";

/// The login at the identity provider that this signature uses up.
fn login_anew(
    store: &Store,
    account: &Account,
    link: &LinkRow,
    now: i64,
) -> Result<ProviderIdentity> {
    if store.read(|tx| tx.is_locked(&account.id))? {
        let (user_name, attempts) = (account.user_name.clone(), WRONG_PASSWORDS_MAX);
        return Err(Error::Access(access::Error::Locked { user_name, attempts }));
    }
    let login = store.take_fresh_login(&account.id, now)?;
    let same = |l: &ProviderIdentity| l.issuer == link.issuer && l.subject == link.subject;
    Ok(login.filter(same).ok_or(access::Error::FreshLoginNeeded)?)
}

/// The factor that has signed nothing before, where there is one.
fn first_use(
    store: &Store,
    account: &Account,
    passkey: Option<&PasskeyProof>,
) -> Result<Option<String>> {
    let Some(proof) = passkey else { return Ok(None) };
    let detail = format!("passkey {}", proof.passkey);
    let signed = store.read(|tx| tx.has_signed_with(&account.id, &proof.passkey))?;
    Ok((!signed).then_some(detail))
}

/// What a passkey of the account said about this record a moment ago.
fn word_of_passkey(
    store: &Store,
    account: &Account,
    statement: &PasskeyStatement,
    now: i64,
) -> Result<PasskeyProof> {
    let said = store.take_passkey_proof(&account.id, now)?;
    let proof = said.filter(|proof| proof.statement == *statement);
    let proof = proof.ok_or(access::Error::PasskeyNeeded)?;
    proof.check().map_err(|detail| access::Error::Passkey { detail })?;
    Ok(proof)
}

/// Refuses a user name that was typed to sign and is another person's than the session's; nothing where nothing was typed.
///
/// # Errors
///
/// [`access::Error::OtherUserName`].
pub fn check_typed_name(store: &Store, acting: &Acting, typed: &str) -> Result<()> {
    let typed = typed.trim();
    if typed.is_empty() || typed == acting.account.user_name {
        return Ok(());
    }
    store.end_series(&acting.account.id)?;
    if store.read(|tx| tx.account_by_name(typed))?.is_some() {
        let detail = format!("{}: {typed}", store.clock().now_text());
        record_misuse(store, &acting.account, Misuse::OtherUserName, &detail)?;
    }
    Err(Error::Access(access::Error::OtherUserName { typed: typed.to_owned() }))
}
