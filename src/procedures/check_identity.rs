//! Procedure: record how it was checked whose account it is, before its owner signs for the first time.
//!
//! 1. an administrator (or the host, for the first accounts) looks at who the person is, never at their own account
//! 2. what was seen, how and on which day is recorded; no copy and no number of a document
//! 3. the newest record counts; a later doubt suspends signing (`hold_signing`)

use super::{Recorded, actor, someone_else, subject};
use crate::access::account::Acting;
use crate::access::accountability::{IdentityMethod, check_seen};
use crate::access::role::Action;
use crate::clock;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::store::accountability::IdentityCheckRow;
use jiff::civil::Date;
use serde::Deserialize;

/// What is recorded about an identity check.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentitySeen {
    /// How it was checked.
    pub method: IdentityMethod,
    /// What was seen, without numbers of documents.
    pub seen: String,
    /// The day of the check, `2026-01-31`; without it, today.
    #[schema(value_type = Option<String>)]
    pub checked_on: Option<Date>,
}

/// Today, UTC.
pub(super) fn today(store: &Store) -> Date {
    jiff::tz::TimeZone::UTC.to_datetime(store.clock().now()).date()
}

/// Records how it was checked whose account `user_name` is.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not, for one's own account, and for a text that says nothing or holds a number of a document;
/// [`Error::NotFound`]; [`Error::BadRequest`] for a day that is not over.
pub fn record_identity_check(
    store: &Store,
    acting: &Acting,
    user_name: &str,
    found: &IdentitySeen,
) -> Result<Recorded<IdentityCheckRow>> {
    acting.permit(Action::ManageAccounts)?;
    let account = someone_else(store, acting, user_name)?;
    let seen = check_seen(&found.seen)?;
    let (today, checked_on) = (today(store), found.checked_on);
    let checked_on = checked_on.unwrap_or(today);
    if checked_on > today {
        let detail = format!("`checked_on` is {checked_on}, which is not over yet");
        return Err(Error::BadRequest { detail });
    }
    let written = store.write(&actor(acting), EntryType::IdentityCheck, |tx| {
        tx.subject(subject("account", &account.id));
        let both = (account.id.as_str(), acting.account.id.as_str());
        let said = (found.method.word(), seen, checked_on.to_string());
        tx.insert_identity_check(&clock::new_id("ic"), both, (said.0, said.1, &said.2))?;
        let missing = || Error::NotFound { what: "identity check of", id: user_name.to_owned() };
        tx.identity_check(&account.id)?.ok_or_else(missing)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
