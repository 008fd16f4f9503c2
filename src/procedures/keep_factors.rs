//! Procedure: keep second factors: enrol one, prove it before signing, and remove a lost one.
//!
//! 1. enrol: the password again; a secret is offered as a QR code for ten minutes; one code of it confirms that the authenticator has
//!    it. The ledger says that a factor was enrolled; the secret is in no entry
//! 2. sign: one code begins a series of signatures, in which the password is enough; it ends after 5 minutes without a signature,
//!    after 30 minutes in any case, with a failed proof and with the session. A code that was used is refused
//! 3. remove: an administrator asks with a reason, another person confirms; secret and sessions end at once

use super::identify_signer::check_typed_name;
use super::sign_in::{check_password, count_wrong, is_right_code};
use super::{actor, given, same_person, someone_else, subject};
use crate::access::account::{Account, Acting};
use crate::access::password_policy::PasswordDue;
use crate::access::role::Action;
use crate::access::second_factor::{FactorState, OFFER_SECONDS_MAX, address, draw_secret, step_of};
use crate::access::session::Session;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::{access, clock};

/// A secret that is offered, shown once.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct OfferedFactor {
    /// The secret, base 32, to be typed where no QR code can be read.
    pub secret: String,
    /// The address that an authenticator reads from the QR code.
    pub address: String,
    /// The QR code, SVG.
    pub qr_svg: String,
}

fn state_of(store: &Store, account_id: &str) -> Result<(FactorState, Option<String>)> {
    Ok(store.read(|tx| tx.second_factor(account_id))?)
}

fn conflict<T>(detail: impl Into<String>) -> Result<T> {
    Err(Error::Conflict { detail: detail.into() })
}

/// Where the second factor of whose session it is stands.
///
/// # Errors
///
/// Those of the store.
pub fn own_factor(store: &Store, account: &Account) -> Result<FactorState> {
    Ok(state_of(store, &account.id)?.0)
}

/// What the next signature of an account needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not exclude each other")]
pub struct SigningNeeds {
    /// The user name: all components are asked for, not only the password.
    pub name: bool,
    /// A code of the second factor.
    pub code: bool,
    /// The word of a passkey.
    pub passkey: bool,
    /// A login anew at the identity provider, in place of name, password and code.
    pub login: bool,
}

/// What the next signature of an account needs.
///
/// # Errors
///
/// Those of the store.
pub fn signing_needs(store: &Store, account: &Account) -> Result<SigningNeeds> {
    let now = store.clock().now().as_second();
    store.read(|tx| {
        let login = tx.linked_identity(&account.id)?.is_some();
        let passkey = !tx.passkeys_in_force(&account.id)?.is_empty();
        let is_enrolled = tx.second_factor(&account.id)?.0.is_enrolled();
        let in_series = is_enrolled && tx.series(&account.id, now)?.is_some();
        let code = is_enrolled && !in_series && !passkey && !login;
        Ok(SigningNeeds { name: !in_series && !login, code, passkey, login })
    })
}

/// Proves by what a form holds who signs: the user name, where it was typed, is that of the session; a code, where it was typed, begins a
/// series.
///
/// # Errors
///
/// As for [`prove_factor`]; [`access::Error::OtherUserName`].
pub fn prove_typed(store: &Store, acting: &Acting, (user_name, code): (&str, &str)) -> Result<()> {
    check_typed_name(store, acting, user_name)?;
    if code.trim().is_empty() { Ok(()) } else { prove_factor(store, acting, code) }
}

/// Offers a secret to whose session it is.
///
/// # Errors
///
/// [`Error::Access`] for a wrong password; [`Error::Conflict`] where a factor is enrolled already.
pub fn offer_factor(store: &Store, session: &Session, password: &str) -> Result<OfferedFactor> {
    let account = &session.account;
    if session.password_due.is_some_and(|due| due != PasswordDue::NoSecondFactor) {
        session.check_password_kept()?;
    }
    check_password(store, account, password)?;
    if !state_of(store, &account.id)?.0.may_enrol() {
        return conflict(
            "a second factor is enrolled; an administrator asks for its removal first",
        );
    }
    let secret = draw_secret()?;
    store.offer_factor(&account.id, &secret, store.clock().now().as_second())?;
    let address = address(&secret, &account.user_name);
    let failed = |e: qrcode::types::QrError| Error::Render { detail: format!("QR code: {e}") };
    let code = qrcode::QrCode::new(address.as_bytes()).map_err(failed)?;
    let qr_svg = code.render::<qrcode::render::svg::Color<'_>>().min_dimensions(200, 200).build();
    Ok(OfferedFactor { secret, address, qr_svg })
}

/// Confirms an offered secret with one code of it: from now on, codes are asked for.
///
/// # Errors
///
/// [`Error::Conflict`] without an offer that is still good; [`access::Error::WrongCredentials`] for another code.
pub fn confirm_factor(store: &Store, session: &Session, code: &str) -> Result<()> {
    let account = &session.account;
    let now = store.clock().now().as_second();
    let offer = store.read(|tx| tx.factor_offer(&account.id))?;
    let Some((secret, _)) = offer.filter(|(_, at)| now - at <= OFFER_SECONDS_MAX) else {
        return conflict("no secret is offered, or it is older than 10 minutes; begin again");
    };
    let Some(step) = step_of(&secret, code, now)? else {
        return Err(Error::Access(access::Error::WrongCredentials));
    };
    let acting = session.acting();
    store.write(&actor(&acting), EntryType::FactorEnrol, |tx| {
        if !tx.second_factor(&account.id)?.0.may_enrol() {
            return conflict("a second factor is enrolled already");
        }
        tx.subject(subject("account", &account.id));
        let both = (account.id.as_str(), account.id.as_str());
        let said = (FactorState::Enrolled, "enrolled by its owner");
        tx.insert_second_factor(&clock::new_id("sf"), both, said)?;
        Ok(())
    })?;
    store.take_up_factor(&account.id, &secret, step)?;
    Ok(store.end_sessions_of(&account.id, Some(&session.secret_sha256))?)
}

/// Proves the second factor: a series of signatures begins.
///
/// # Errors
///
/// [`Error::Conflict`] where none is enrolled; [`Error::Access`] for a token, and for a code that is wrong or was used.
pub fn prove_factor(store: &Store, acting: &Acting, code: &str) -> Result<()> {
    super::sign_decision::require_session(acting)?;
    let account = &acting.account;
    if !state_of(store, &account.id)?.0.is_enrolled() {
        return conflict("no second factor is enrolled for this account");
    }
    store.end_series(&account.id)?;
    if store.read(|tx| tx.is_locked(&account.id))? {
        let (user_name, attempts) =
            (account.user_name.clone(), access::password::WRONG_PASSWORDS_MAX);
        return Err(Error::Access(access::Error::Locked { user_name, attempts }));
    }
    if !is_right_code(store, account, Some(code))? {
        return Err(count_wrong(store, account)?);
    }
    Ok(store.begin_series(&account.id, store.clock().now().as_second())?)
}

/// Asks for the removal of somebody's second factor; another person confirms it.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::Conflict`], [`Error::BadRequest`] without a reason.
pub fn ask_removal(store: &Store, acting: &Acting, user_name: &str, reason: &str) -> Result<()> {
    acting.permit(Action::ManageAccounts)?;
    let account = someone_else(store, acting, user_name)?;
    let reason = given("reason", reason)?;
    store.write(&actor(acting), EntryType::FactorRemovalAsk, |tx| {
        if tx.second_factor(&account.id)?.0 != FactorState::Enrolled {
            return conflict(format!(
                "`{user_name}` has no second factor, or its removal is asked for"
            ));
        }
        tx.subject(subject("account", &account.id));
        let both = (account.id.as_str(), acting.account.id.as_str());
        tx.insert_second_factor(&clock::new_id("sf"), both, (FactorState::RemovalAsked, reason))?;
        Ok(())
    })?;
    Ok(())
}

/// Confirms or refuses a removal that another person asked for.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not, for who asked and for the owner; [`Error::Conflict`] where nobody asked.
pub fn answer_removal(
    store: &Store,
    acting: &Acting,
    user_name: &str,
    (granted, reason): (bool, &str),
) -> Result<()> {
    acting.permit(Action::ApproveRoles)?;
    let account = someone_else(store, acting, user_name)?;
    let reason = given("reason", reason)?;
    store.write(&actor(acting), EntryType::FactorRemove, |tx| {
        let (state, asked_by) = tx.second_factor(&account.id)?;
        if state != FactorState::RemovalAsked {
            return conflict(format!(
                "nobody asked for the removal of the second factor of `{user_name}`"
            ));
        }
        if asked_by.as_deref() == Some(acting.account.id.as_str()) {
            return Err(same_person(acting, "asked for it", "confirm it"));
        }
        tx.subject(subject("account", &account.id));
        let both = (account.id.as_str(), acting.account.id.as_str());
        let state = if granted { FactorState::None } else { FactorState::Enrolled };
        tx.insert_second_factor(&clock::new_id("sf"), both, (state, reason))?;
        Ok(())
    })?;
    if granted {
        store.forget_factor(&account.id)?;
        store.end_series(&account.id)?;
        store.end_sessions_of(&account.id, None)?;
    }
    Ok(())
}
