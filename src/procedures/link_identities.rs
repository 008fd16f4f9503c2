//! Procedure: link an account to an identity at the identity provider, and end the link, by two people.
//!
//! 1. an administrator asks, with issuer, subject and a reason; never for the own account
//! 2. another person answers: from then on the account signs in at the provider and only there. Its sessions end, so that nobody is
//!    signed in by the way that is closed
//! 3. ending the link takes two people as well: the account signs in with its password again

use super::{actor, given, same_person, someone_else, subject};
use crate::access::account::Acting;
use crate::access::provider::LinkState;
use crate::access::role::Action;
use crate::clock;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::store::providers::LinkRow;

fn conflict<T>(detail: String) -> Result<T> {
    Err(Error::Conflict { detail })
}

/// Asks to link an account to the identity `(issuer, subject)`.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] for what is empty, [`Error::Conflict`] for an account with a link and an
/// identity that is linked.
pub fn ask_link(
    store: &Store,
    acting: &Acting,
    user_name: &str,
    (issuer, subject_name, reason): (&str, &str, &str),
) -> Result<()> {
    acting.permit(Action::ManageAccounts)?;
    let account = someone_else(store, acting, user_name)?;
    let (issuer, subject_name) = (given("issuer", issuer)?, given("subject", subject_name)?);
    let reason = given("reason", reason)?;
    store.write(&actor(acting), EntryType::IdentityAsk, |tx| {
        if let Some(found) = tx.provider_link(&account.id)?.filter(|l| l.state != LinkState::None) {
            let (state, subject) = (found.state.word().replace('_', " "), found.subject);
            return conflict(format!("the link of `{user_name}` to `{subject}` is {state}"));
        }
        if let Some(other) = tx.account_of_identity(issuer, subject_name)? {
            let taken = other.user_name;
            return conflict(format!("`{subject_name}` is linked to the account of `{taken}`"));
        }
        tx.subject(subject("account", &account.id));
        let link = LinkRow {
            state: LinkState::Asked,
            issuer: issuer.to_owned(),
            subject: subject_name.to_owned(),
            by: acting.account.id.clone(),
            reason: reason.to_owned(),
        };
        tx.insert_provider_link(&clock::new_id("pl"), &account.id, &link)?;
        Ok(())
    })?;
    Ok(())
}

/// Asks to end the link of an account.
///
/// # Errors
///
/// As for [`ask_link`]; [`Error::Conflict`] without a link that is in force.
pub fn ask_unlink(store: &Store, acting: &Acting, user_name: &str, reason: &str) -> Result<()> {
    acting.permit(Action::ManageAccounts)?;
    let account = someone_else(store, acting, user_name)?;
    let reason = given("reason", reason)?;
    store.write(&actor(acting), EntryType::IdentityAsk, |tx| {
        let found = tx.provider_link(&account.id)?;
        let Some(link) = found.filter(|link| link.state == LinkState::Linked) else {
            return conflict(format!(
                "no link of `{user_name}` is in force, or its end is asked for"
            ));
        };
        tx.subject(subject("account", &account.id));
        let (state, by) = (LinkState::RemovalAsked, acting.account.id.clone());
        let link = LinkRow { state, by, reason: reason.to_owned(), ..link };
        tx.insert_provider_link(&clock::new_id("pl"), &account.id, &link)?;
        Ok(())
    })?;
    Ok(())
}

/// Confirms or refuses what another person asked for: a link, or its end.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not, for who asked and for the owner; [`Error::Conflict`] where nobody asked.
pub fn answer_link(
    store: &Store,
    acting: &Acting,
    user_name: &str,
    (granted, reason): (bool, &str),
) -> Result<()> {
    acting.permit(Action::ApproveRoles)?;
    let account = someone_else(store, acting, user_name)?;
    let reason = given("reason", reason)?;
    let changed = store.write(&actor(acting), EntryType::IdentityAnswer, |tx| {
        let asked = [LinkState::Asked, LinkState::RemovalAsked];
        let found = tx.provider_link(&account.id)?.filter(|link| asked.contains(&link.state));
        let Some(link) = found else {
            return conflict(format!("nobody asked for anything about the link of `{user_name}`"));
        };
        if link.by == acting.account.id {
            return Err(same_person(acting, "asked for it", "confirm it"));
        }
        let other = tx.account_of_identity(&link.issuer, &link.subject)?;
        if let Some(other) = other.filter(|other| other.id != account.id && granted) {
            let (subject, taken) = (link.subject, other.user_name);
            return conflict(format!("`{subject}` is linked to the account of `{taken}`"));
        }
        tx.subject(subject("account", &account.id));
        let state = match (link.state, granted) {
            (LinkState::Asked, true) | (LinkState::RemovalAsked, false) => LinkState::Linked,
            _ => LinkState::None,
        };
        let by = acting.account.id.clone();
        let link = LinkRow { state, by, reason: reason.to_owned(), ..link };
        tx.insert_provider_link(&clock::new_id("pl"), &account.id, &link)?;
        Ok(granted)
    })?;
    if changed.value {
        store.end_series(&account.id)?;
        store.end_sessions_of(&account.id, None)?;
    }
    Ok(())
}
