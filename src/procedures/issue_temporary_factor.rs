//! Procedure: give somebody a temporary code in place of a lost second factor.
//!
//! 1. check that an administrator asks, for somebody else, with a reason; it must be on record that today somebody checked whose account it is
//! 2. the code is drawn and shown once; in one entry: until when it is good (72 hours at most), and that signing is suspended, because nobody
//!    alone makes a credential and signs with it. The lost factor, the running series and all sessions end at once
//! 3. the owner signs in with password and code, once: an entry of their own. Nothing is possible then but to enrol another factor
//! 4. another person who keeps watch lets the owner sign again (`hold_signing`)

use super::sign_in::in_force;
use super::{Recorded, actor, given, someone_else, subject};
use crate::access::account::{Account, Acting, Way};
use crate::access::role::Action;
use crate::access::second_factor::{FactorState, TEMPORARY_HOURS_MAX};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::{access, clock, digest};
use serde::{Deserialize, Serialize};

/// Hours that a temporary code is good for where nobody says another number.
const HOURS: u32 = 24;

/// What is asked for.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueTemporary {
    /// Why.
    pub reason: String,
    /// Hours that it is good for, 1 to 72; without it, 24.
    #[serde(default)]
    pub hours: Option<u32>,
}

/// A temporary code, shown once.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TemporaryFactor {
    /// User name of whose it is.
    pub user_name: String,
    /// The code.
    pub code: String,
    /// Until when it is good, UTC.
    pub expires_at: String,
}

/// Issues a temporary code for `user_name`.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not, and for one's own account; [`Error::NotFound`]; [`Error::BadRequest`] without a reason and for
/// another number of hours; [`Error::Conflict`] where nobody checked today whose account it is, and for who signs in at the identity
/// provider.
pub fn issue_temporary(
    store: &Store,
    acting: &Acting,
    user_name: &str,
    asked: &IssueTemporary,
) -> Result<Recorded<TemporaryFactor>> {
    acting.permit(Action::ManageAccounts)?;
    let account = someone_else(store, acting, user_name)?;
    let reason = given("reason", &asked.reason)?;
    let hours = asked.hours.unwrap_or(HOURS);
    if !(1..=TEMPORARY_HOURS_MAX).contains(&hours) {
        let detail = format!("`hours` is {hours}, expected 1 to {TEMPORARY_HOURS_MAX}");
        return Err(Error::BadRequest { detail });
    }
    let code = clock::new_secret(8).map_err(access::Error::Random)?;
    let until = store.clock().now() + jiff::SignedDuration::from_hours(i64::from(hours));
    let expires_at = clock::rfc3339(until);
    let today = super::check_identity::today(store).to_string();
    let written = store.write(&actor(acting), EntryType::FactorTemporary, |tx| {
        let conflict = |detail: String| Err(Error::Conflict { detail });
        if tx.linked_identity(&account.id)?.is_some() {
            return conflict(format!("`{user_name}` signs in at the identity provider"));
        }
        if tx.identity_check(&account.id)?.is_none_or(|check| check.checked_on != today) {
            return conflict(format!(
                "nobody recorded today how it was checked whose account `{user_name}` is; do that first"
            ));
        }
        tx.subject(subject("account", &account.id));
        let both = (account.id.as_str(), acting.account.id.as_str());
        tx.insert_temporary_factor(&clock::new_id("sf"), both, (reason, &expires_at))?;
        let held = (true, "a temporary factor was issued by another person");
        tx.insert_hold(&clock::new_id("sh"), both, held)?;
        Ok(())
    })?;
    store.keep_temporary_code(&account.id, &digest_of(&code), &expires_at)?;
    store.forget_factor(&account.id)?;
    store.end_series(&account.id)?;
    store.end_sessions_of(&account.id, None)?;
    let value = TemporaryFactor { user_name: account.user_name, code, expires_at };
    Ok(Recorded { value, entry: written.index, checkpoint: written.checkpoint })
}

fn digest_of(code: &str) -> String {
    digest::sha256_hex(code.trim().to_lowercase().as_bytes())
}

/// Uses the temporary code of an account: whether it is the right one, good still, and not used before. Its use is an entry.
pub(super) fn use_temporary(store: &Store, account: &Account, code: &str) -> Result<bool> {
    let kept = store.read(|tx| tx.temporary_code(&account.id))?;
    let now = store.clock().now_text();
    let is_good = kept.is_some_and(|(sha256, expires_at)| {
        sha256 == digest_of(code) && now.as_str() < expires_at.as_str()
    });
    if !is_good {
        return Ok(false);
    }
    let account = in_force(store, account)?;
    if !store.take_temporary_code(&account.id)? {
        return Ok(false);
    }
    let own = Acting { account, way: Way::Session };
    store.write(&actor(&own), EntryType::FactorTemporaryUse, |tx| {
        let id = own.account.id.as_str();
        tx.subject(subject("account", id));
        let said = (FactorState::ToEnrol, "the temporary code was used");
        tx.insert_second_factor(&clock::new_id("sf"), (id, id), said)?;
        Ok::<_, Error>(())
    })?;
    Ok(true)
}
