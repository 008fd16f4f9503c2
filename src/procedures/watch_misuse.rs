//! Procedure: watch for misuse of accounts and signatures, and find out about it.
//!
//! 1. what a rule of `access::misuse` notices is a ledger entry and a notice to whoever is told of misuse, in one transaction; the
//!    same is told once
//! 2. it waits in the inbox of those who keep watch until one of them, never whose account it is, says what was found out
//! 3. who signs from a new address with a new factor, or while another session is open elsewhere, is told as well: these may be
//!    harmless, and the person is not stopped

use super::{actor, given, same_person, subject, system};
use crate::access::account::{Account, Acting};
use crate::access::misuse::{HOURS_AFTER_RESET, Misuse, WRONG_TO_SIGN_MAX};
use crate::access::role::Action;
use crate::access::session::IDLE_SECONDS_MAX;
use crate::clock;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::store::misuse::MisuseRow;

/// Most events in one answer.
const EVENTS_MAX: u32 = 500;
/// Sign-ins that are looked at for addresses.
const SIGN_INS_MAX: u32 = 200;

/// Records what may be misuse, once for the same `detail`.
///
/// # Errors
///
/// Those of the store.
pub(super) fn record_misuse(
    store: &Store,
    account: &Account,
    rule: Misuse,
    detail: &str,
) -> Result<()> {
    if store.read(|tx| tx.is_misuse_known(&account.id, rule, detail))? {
        return Ok(());
    }
    store.write(&system(), EntryType::MisuseDetect, |tx| {
        let id = clock::new_id("mi");
        tx.subject(subject("account", &account.id));
        tx.subject(subject("misuse_event", &id));
        tx.insert_misuse(&id, account, (rule, detail))?;
        Ok::<_, Error>(())
    })?;
    Ok(())
}

/// Counts a wrong secret on a signing sheet; the third in a row is told.
pub(super) fn count_wrong_to_sign(store: &Store, account: &Account) -> Result<()> {
    if store.count_wrong_to_sign(&account.id)? == WRONG_TO_SIGN_MAX {
        record_misuse(store, account, Misuse::WrongSecrets, &store.clock().now_text())?;
    }
    Ok(())
}

/// What is told although the signer proved who they are; `factor` names a factor that is used for the first time.
pub(super) fn watch_signer(store: &Store, account: &Account, factor: Option<&str>) -> Result<()> {
    store.clear_wrong_to_sign(&account.id)?;
    let now = store.clock().now();
    let since = now.as_second() - IDLE_SECONDS_MAX;
    let (hold, addresses, sessions) = store.read(|tx| {
        let addresses = tx.sign_in_addresses(&account.user_name, SIGN_INS_MAX)?;
        let hold = tx.signing_hold(&account.id)?;
        Ok::<_, crate::store::Error>((hold, addresses, tx.open_sessions(&account.id, since)?))
    })?;
    if let Some(hold) = hold {
        let at = hold.at.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_second);
        if now.as_second() - at <= HOURS_AFTER_RESET * 3600 {
            record_misuse(store, account, Misuse::SignedAfterReset, &hold.id)?;
        }
    }
    let Some((here, before)) = addresses.split_first() else { return Ok(()) };
    if let Some(factor) = factor
        && !before.is_empty()
        && !before.contains(here)
    {
        record_misuse(store, account, Misuse::NewAddress, &format!("{here}, {factor}"))?;
    }
    let elsewhere = before.first().filter(|other| network(other) != network(here));
    if let Some(other) = elsewhere.filter(|_| sessions > 1) {
        record_misuse(store, account, Misuse::OtherSession, &format!("{here} and {other}"))?;
    }
    Ok(())
}

/// The network of an address: the first half of an IPv4 address, the first three groups of an IPv6 one.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(std::net::IpAddr::V4(v4)) => format!("{}.{}", v4.octets()[0], v4.octets()[1]),
        Ok(std::net::IpAddr::V6(v6)) => {
            let groups = v6.segments();
            format!("{:x}:{:x}:{:x}", groups[0], groups[1], groups[2])
        }
        Err(_) => address.to_owned(),
    }
}

/// What may be misuse, newest first.
///
/// # Errors
///
/// [`Error::Access`].
pub fn misuse_events(store: &Store, acting: &Acting) -> Result<Vec<MisuseRow>> {
    acting.permit(Action::ReadAccessLog)?;
    Ok(store.read(|tx| tx.misuse_events(EVENTS_MAX))?)
}

/// Says what was found out about it.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not, and for whose account it is; [`Error::NotFound`]; [`Error::BadRequest`] without a text;
/// [`Error::Conflict`] where somebody said so before.
pub fn answer_misuse(store: &Store, acting: &Acting, id: &str, found: &str) -> Result<()> {
    acting.permit(Action::KeepWatch)?;
    let found = given("found", found)?;
    store.write(&actor(acting), EntryType::MisuseAnswer, |tx| {
        let missing = || Error::NotFound { what: "event", id: id.to_owned() };
        let events = tx.misuse_events(u32::MAX)?;
        let event = events.into_iter().find(|event| event.id == id).ok_or_else(missing)?;
        if event.user_name == acting.account.user_name {
            return Err(same_person(acting, "owns this account", "find out about it"));
        }
        if event.found.is_some() {
            let detail = "somebody said what was found out about it".to_owned();
            return Err(Error::Conflict { detail });
        }
        tx.subject(subject("misuse_event", id));
        tx.refer(event.entry);
        tx.insert_misuse_answer(&clock::new_id("ma"), (id, &acting.account.id), found)?;
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_told_apart_and_addresses_in_one_are_not() {
        assert_eq!(network("192.0.2.1"), network("192.0.99.2"));
        assert_ne!(network("192.0.2.1"), network("198.51.100.1"));
        assert_eq!(network("2001:db8:1::1"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1::1"), network("2001:db8:2::1"));
        assert_eq!(network("unknown"), "unknown");
    }
}
