//! Procedure: accept the statement of accountability, before the first signature.
//!
//! 1. a statement is in force in every store, from its first entry on; an administrator may put another one in force, with a reason
//! 2. somebody whose identity was checked reads it and signs it, word for word, with the password again
//! 3. nobody signs anything else before that, and nobody signs after another statement came into force before they accepted it too

use super::identify_signer::{check_to_sign, demonstrated};
use super::sign_decision::require_session;
use super::take_step::insert_signature;
use super::{Recorded, actor, given, subject};
use crate::access::account::{Account, Acting};
use crate::access::accountability::check_statement;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::accountability::AccountabilityAcceptance;
use crate::review::identified::Identified;
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;
use crate::store::accountability::{AcceptanceRow, StatementRow};
use crate::store::{ReadTx, Store};
use crate::{access, clock, digest};

/// The record table of acceptances.
const TABLE: &str = "accountability_acceptance";

/// The statement in force, earlier ones, and what this person signs to accept it.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct AccountabilityView {
    /// Every statement, the one in force first.
    pub statements: Vec<StatementRow>,
    /// The acceptance of the one in force by who asks, where it was accepted.
    pub accepted: Option<AcceptanceRow>,
    /// The exact bytes that this person signs to accept it.
    pub document: String,
    /// Their SHA-256: what the signature is to name.
    pub sha256: String,
}

fn in_force(tx: &ReadTx<'_>) -> Result<StatementRow> {
    let newest = tx.statements()?.into_iter().next();
    Ok(newest.ok_or(access::Error::NoStatement)?)
}

/// What `account` signs to accept `statement`: the canonical bytes and their SHA-256.
fn to_sign(account: &Account, statement: &StatementRow) -> Result<(String, String)> {
    let bytes = AccountabilityAcceptance::new(account.clone(), &statement.text).bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    Ok((String::from_utf8(bytes).unwrap_or_default(), sha256))
}

/// The statement in force, and whether who asks accepted it.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not read, and where no statement is in force.
pub fn accountability(store: &Store, acting: &Acting) -> Result<AccountabilityView> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let statements = tx.statements()?;
        let statement = statements.first().ok_or(access::Error::NoStatement)?;
        let accepted = tx.acceptance(&acting.account.id)?;
        let (document, sha256) = to_sign(&acting.account, statement)?;
        let accepted = accepted.filter(|row| row.statement_id == statement.id);
        Ok(AccountabilityView { statements, accepted, document, sha256 })
    })
}

/// Accepts the statement in force; `shown_sha256` is the digest of what was on the screen.
///
/// # Errors
///
/// [`Error::Access`] for a role that signs nothing, for a token, before the identity was checked, and for a wrong password;
/// [`Error::Conflict`] where it is accepted already; [`Error::Review`] for other bytes than shown.
pub fn accept_statement(
    store: &Store,
    acting: &Acting,
    (shown_sha256, password): (&str, &str),
) -> Result<Recorded<RecordSignature>> {
    acting.permit(Action::AcceptAccountability)?;
    require_session(acting)?;
    let what = (shown_sha256, Meaning::AcceptsAccountability);
    let how = check_to_sign(store, &acting.account, password, what)?;
    write(store, acting, (shown_sha256, how))
}

/// Accepts it for a demo account, which has no password to enter: the ledger says `demonstration`.
pub(super) fn accept_statement_shown(store: &Store, acting: &Acting) -> Result<()> {
    acting.permit(Action::AcceptAccountability)?;
    let shown = accountability(store, acting)?.sha256;
    let how = demonstrated(store, acting, Meaning::AcceptsAccountability)?;
    write(store, acting, (&shown, how))?;
    Ok(())
}

fn write(
    store: &Store,
    acting: &Acting,
    (shown_sha256, how): (&str, Identified),
) -> Result<Recorded<RecordSignature>> {
    let account = &acting.account;
    let written = store.write(&actor(acting), EntryType::AccountabilityAccept, |tx| {
        let statement = in_force(tx)?;
        if tx.acceptance(&account.id)?.is_some_and(|row| row.statement_id == statement.id) {
            let detail = "you accepted this statement already".to_owned();
            return Err(Error::Conflict { detail });
        }
        let (document, sha256) = to_sign(account, &statement)?;
        let id = clock::new_id("aa");
        let signature = RecordSignature::over(
            (TABLE, &id, document.as_bytes()),
            shown_sha256,
            (account.clone(), Meaning::AcceptsAccountability),
            (clock::new_id("rs"), tx.at().to_owned(), how),
        )?;
        tx.subject(subject("account", &account.id));
        tx.refer(statement.entry);
        tx.insert_acceptance(&id, (&account.id, &statement.id), (&sha256, &document))?;
        insert_signature(tx, &signature, (TABLE, &id))?;
        Ok(signature)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Puts another statement in force; everybody accepts it before the next signature.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not, and for a text that is too short or too long; [`Error::BadRequest`] without a reason;
/// [`Error::Conflict`] where this text is in force.
pub fn set_statement(
    store: &Store,
    acting: &Acting,
    (text, reason): (&str, &str),
) -> Result<Recorded<StatementRow>> {
    acting.permit(Action::ManageAccounts)?;
    let text = check_statement(text)?;
    let reason = given("reason", reason)?;
    let written = store.write(&actor(acting), EntryType::AccountabilitySet, |tx| {
        let statements = tx.statements()?;
        if statements.first().is_some_and(|row| row.text == text) {
            let detail = "this statement is in force already".to_owned();
            return Err(Error::Conflict { detail });
        }
        let id = clock::new_id("st");
        tx.subject(subject("accountability_statement", &id));
        tx.insert_statement(&id, &acting.account.id, (text, reason))?;
        in_force(tx)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Refuses somebody of whom nothing is recorded that a signature with this meaning rests on.
///
/// # Errors
///
/// [`access::Error::IdentityNotChecked`], [`access::Error::NoStatement`], [`access::Error::AccountabilityNotAccepted`].
pub(super) fn check_accountable(store: &Store, account: &Account, meaning: Meaning) -> Result<()> {
    store.read(|tx| {
        let user_name = || account.user_name.clone();
        if tx.identity_check(&account.id)?.is_none() {
            return Err(access::Error::IdentityNotChecked { user_name: user_name() }.into());
        }
        let statement = in_force(tx)?;
        let accepted = tx.acceptance(&account.id)?;
        let is_accepted = accepted.is_some_and(|row| row.statement_id == statement.id);
        if is_accepted || meaning == Meaning::AcceptsAccountability {
            return Ok(());
        }
        Err(access::Error::AccountabilityNotAccepted { user_name: user_name() }.into())
    })
}
