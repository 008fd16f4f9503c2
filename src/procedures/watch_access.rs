//! Procedure: watch access: note who came in and who was refused what, and read it back.
//!
//! 1. a door notes what happened, with the address it came from and what was asked for; failing to note stops nobody and is
//!    logged as a fault
//! 2. a name that nobody has is not kept: it may be a password typed in the wrong field
//! 3. QA, inspectors and administrators read the log, filtered

use super::watch_misuse::record_misuse;
use crate::access::account::{Account, Acting};
use crate::access::event::{AccessEvent, AccessKind};
use crate::access::misuse::Misuse;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::access_log::AccessFilter;

/// Most events in one answer.
pub const EVENTS_MAX: u32 = 1000;

/// Where a request came from and what it asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Method and path.
    pub what: String,
    /// From where, as far as the network knows.
    pub address: String,
}

/// Notes that somebody signed in, or tried to.
pub fn note_sign_in(store: &Store, user_name: &str, error: Option<&Error>, asked: &Asked) {
    let account = store.read(|tx| tx.account_by_name(user_name)).ok().flatten();
    let kind = if error.is_some() { AccessKind::SignInRefused } else { AccessKind::SignedIn };
    note(store, account.as_ref(), (kind, error), asked);
}

/// Notes something that happened to somebody: why it was refused, if it was.
pub fn note(
    store: &Store,
    account: Option<&Account>,
    (kind, error): (AccessKind, Option<&Error>),
    asked: &Asked,
) {
    let event = AccessEvent {
        id: 0,
        at: store.clock().now_text(),
        user_name: account.map(|account| account.user_name.clone()).unwrap_or_default(),
        role: account.map(|account| account.role.word().to_owned()).unwrap_or_default(),
        kind,
        code: error.map(|error| error.code().to_owned()).unwrap_or_default(),
        asked: asked.what.clone(),
        address: asked.address.clone(),
    };
    if let Err(error) = store.note_access(&event) {
        let error = Error::from(error);
        tracing::error!(code = error.code(), chain = error.chain(), "access is not noted");
    }
    if let (Some(account), "account_disabled") = (account, event.code.as_str())
        && let Err(error) = record_misuse(store, account, Misuse::DisabledAccount, &event.at)
    {
        tracing::error!(code = error.code(), chain = error.chain(), "misuse is not recorded");
    }
}

/// Notes a refusal, if `error` is about who may do what.
pub fn note_refusal(store: &Store, account: &Account, error: &Error, asked: &Asked) {
    if matches!(error, Error::Access(_)) && matches!(error.status(), 401 | 403 | 423) {
        note(store, Some(account), (AccessKind::Refused, Some(error)), asked);
    }
}

/// The newest events that fit, newest first.
///
/// # Errors
///
/// [`Error::Access`].
pub fn access_events(
    store: &Store,
    acting: &Acting,
    filter: &AccessFilter,
    limit: u32,
) -> Result<Vec<AccessEvent>> {
    acting.permit(Action::ReadAccessLog)?;
    Ok(store.read(|tx| tx.access_events(filter, limit.min(EVENTS_MAX)))?)
}
