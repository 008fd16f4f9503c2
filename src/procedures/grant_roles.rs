//! Procedure: grant roles, by two people.
//!
//! 1. an administrator asks for a role for another person's account, with a reason and, if it ends, until when
//! 2. another person (QA or a second administrator), whose own role it is not, grants or refuses it, with a reason; a role that needs a
//!    training is granted only to who has a current one
//! 3. the newest grant in force is the account's one role, so nobody ever holds two; when it ends, the role from before counts
//!    again, or none

use super::keep_trainings::{check_trained, day_of};
use super::{Recorded, actor, given, subject};
use crate::access::account::Acting;
use crate::access::role::{Action, Role};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::store::roles::{NewRoleRequest, RoleRequestRow};
use crate::{access, clock};
use serde::Deserialize;

/// A role to ask for.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskForRole {
    /// User name of the account.
    pub user_name: String,
    /// The role.
    pub role: Role,
    /// From when, RFC 3339; without it, from the request on.
    #[schema(value_type = Option<String>)]
    pub valid_from: Option<jiff::Timestamp>,
    /// Until when, RFC 3339; without it, without end.
    #[schema(value_type = Option<String>)]
    pub valid_until: Option<jiff::Timestamp>,
    /// Why.
    pub reason: String,
}

fn same_person(acting: &Acting, did: &'static str, must: &'static str) -> Error {
    let user_name = acting.account.user_name.clone();
    Error::Access(access::Error::SamePerson { user_name, did, must })
}

/// Asks for a role for another person's account.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] without a reason or with an end that is over,
/// [`Error::Conflict`] while another request for the account waits.
pub fn request_role(
    store: &Store,
    acting: &Acting,
    asked: &AskForRole,
) -> Result<Recorded<RoleRequestRow>> {
    acting.permit(Action::ManageAccounts)?;
    if acting.account.user_name == asked.user_name {
        return Err(same_person(acting, "owns this account", "ask for its role"));
    }
    let reason = given("reason", &asked.reason)?;
    let missing = || Error::NotFound { what: "account", id: asked.user_name.clone() };
    let account = store.read(|tx| tx.account_by_name(&asked.user_name))?.ok_or_else(missing)?;
    let written = store.write(&actor(acting), EntryType::RoleRequest, |tx| {
        let from = asked.valid_from.unwrap_or_else(|| tx.time());
        if asked.valid_until.is_some_and(|until| until <= from.max(tx.time())) {
            let detail = "the role would end before it begins; choose a later end".to_owned();
            return Err(Error::BadRequest { detail });
        }
        let waits = |row: &RoleRequestRow| row.user_name == asked.user_name && row.answer.is_none();
        if tx.role_requests()?.iter().any(waits) {
            let detail = format!("a request for `{}` waits for an answer already", asked.user_name);
            return Err(Error::Conflict { detail });
        }
        let id = clock::new_id("rr");
        tx.subject(subject("account", &account.id));
        tx.subject(subject("role_request", &id));
        tx.insert_role_request(&NewRoleRequest {
            id: &id,
            account_id: &account.id,
            role: asked.role,
            valid_from: &clock::rfc3339(from),
            valid_until: asked.valid_until.map(clock::rfc3339).as_deref(),
            reason,
            requested_by: &acting.account.id,
            creates: false,
        })?;
        tx.role_request(&id)?.ok_or(Error::NotFound { what: "role request", id })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Grants or refuses what another person asked for, for an account that is not one's own.
///
/// # Errors
///
/// [`Error::Access`], also for a role whose training the person lacks; [`Error::NotFound`], [`Error::BadRequest`] without a reason,
/// [`Error::Conflict`] for a second answer.
pub fn answer_role(
    store: &Store,
    acting: &Acting,
    id: &str,
    (granted, reason): (bool, &str),
) -> Result<Recorded<RoleRequestRow>> {
    acting.permit(Action::ApproveRoles)?;
    let reason = given("reason", reason)?;
    let missing = || Error::NotFound { what: "role request", id: id.to_owned() };
    let written = store.write(&actor(acting), EntryType::RoleAnswer, |tx| {
        let request = tx.role_request(id)?.ok_or_else(missing)?;
        let by = &acting.account;
        if request.requested_by == by.user_name {
            return Err(same_person(acting, "asked for this role", "grant or refuse it"));
        }
        if request.user_name == by.user_name {
            return Err(same_person(acting, "would get this role", "grant or refuse it"));
        }
        if request.answer.is_some() {
            let detail = format!("role request `{id}` is answered already");
            return Err(Error::Conflict { detail });
        }
        let account = tx.account_by_name(&request.user_name)?.ok_or_else(missing)?;
        if granted {
            check_trained(tx, &account, request.role, day_of(tx))?;
        }
        tx.subject(subject("account", &account.id));
        tx.subject(subject("role_request", id));
        tx.refer(request.request_entry);
        tx.insert_role_answer((&clock::new_id("ra"), id), granted, (reason, &by.id))?;
        tx.role_request(id)?.ok_or_else(missing)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// All requests with their answers, newest first.
///
/// # Errors
///
/// [`Error::Access`].
pub fn role_requests(store: &Store, acting: &Acting) -> Result<Vec<RoleRequestRow>> {
    acting.permit(Action::Read)?;
    Ok(store.read(|tx| tx.role_requests())?)
}
