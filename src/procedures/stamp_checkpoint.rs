//! Procedure: have the newest checkpoint stamped with the time by an authority outside (RFC 3161).
//!
//! 1. in one snapshot: take the newest checkpoint; ask for its SHA-256, with a nonce
//! 2. hold the answer against the query and the checkpoint, its certificate against the trusted roots, and its time against those of the
//!    newest entry and of now
//! 3. keep it, with what it states, as a ledger entry; it vouches for the entries under its checkpoint, which came before
//!
//! Without a network the query goes out in a file and its answer comes back in one: `prepare_query`, `attach_answer`.

use super::{given, subject, system};
use crate::clock::{self, rfc3339};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::ledger::time_stamp::{Query, Stated, TimeStamp, TrustedRoots};
use crate::store::time_stamps::{StampContent, StampEvent, StampKind};
use crate::store::{ReadTx, Store};
use base64ct::{Base64, Encoding as _};

/// What stands in place of an address where an answer was brought by hand.
const BY_HAND: &str = "by hand";

/// How a query gets to the authority at an address, and its answer back; or why it does not.
pub type Send<'a> = &'a dyn Fn(&str, &[u8]) -> std::result::Result<Vec<u8>, String>;

/// A query for an authority that cannot be reached from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Entries under the checkpoint that it is about.
    pub entries: u64,
    /// The query (`TimeStampReq`).
    pub query: Vec<u8>,
}

/// Asks the authority at `address` about the newest checkpoint; gives what it stated, or why that is not to be had.
///
/// # Errors
///
/// Those of the store.
pub fn ask_authority(
    store: &Store,
    (address, roots): (&str, &TrustedRoots),
    send: Send<'_>,
) -> Result<std::result::Result<StampContent, String>> {
    let head = store.read(|tx| tx.head())?;
    let query = Query::new(head.checkpoint.as_bytes())?;
    let answered = send(address, &query.to_der()).and_then(|response| {
        let stated = hold(&response, &query, (&head.checkpoint, roots));
        stated.map(|stated| (response, stated)).map_err(|error| error.to_string())
    });
    let newest = store.read(|tx| time_of_newest(tx, head.size))?;
    let answered = answered.and_then(|(response, stated)| {
        stated.check_between(&newest, &rfc3339(store.clock().now()))?;
        Ok((response, stated))
    });
    Ok(answered.map(|(response, stated)| {
        let response = Base64::encode_string(&response);
        StampContent::of((head.size, head.checkpoint), response, &stated)
    }))
}

/// A query about the newest checkpoint, to carry to an authority.
///
/// # Errors
///
/// Those of the store.
pub fn prepare_query(store: &Store) -> Result<Prepared> {
    let head = store.read(|tx| tx.head())?;
    let query = Query::new(head.checkpoint.as_bytes())?.to_der();
    Ok(Prepared { entries: head.size, query })
}

/// Keeps the answer that was brought to `query`, about whichever checkpoint of this ledger that was.
///
/// # Errors
///
/// [`Error::BadRequest`] when it is not an answer to this query by an authority that `roots` vouch for, or states a time that cannot be; [`Error::NotFound`] when the query
/// is about no checkpoint of this ledger; those of the store.
pub fn attach_answer(
    store: &Store,
    (query, response): (&[u8], &[u8]),
    roots: &TrustedRoots,
    reason: &str,
) -> Result<StampContent> {
    let reason = given("reason", reason)?;
    let refused = |error: crate::ledger::Error| Error::BadRequest { detail: error.to_string() };
    let query = Query::parse(query).map_err(refused)?;
    let found = store.read(|tx| tx.find_checkpoint(&|note| query.is_about(note.as_bytes())))?;
    let id = "that the query is about".to_owned();
    let (entries, note) = found.ok_or(Error::NotFound { what: "checkpoint", id })?;
    let stated = hold(response, &query, (&note, roots)).map_err(refused)?;
    let newest = store.read(|tx| time_of_newest(tx, entries))?;
    stated
        .check_between(&newest, &rfc3339(store.clock().now()))
        .map_err(|detail| Error::BadRequest { detail })?;
    let content = StampContent::of((entries, note), Base64::encode_string(response), &stated);
    let event = StampEvent {
        kind: StampKind::Kept,
        authority: BY_HAND.to_owned(),
        detail: reason.to_owned(),
        every_seconds: None,
        content: Some(content.clone()),
    };
    record(store, EntryType::TimeStampRun, &event, None)?;
    Ok(content)
}

/// When the newest of the first `entries` entries was written, RFC 3339.
fn time_of_newest(tx: &ReadTx<'_>, entries: u64) -> Result<String> {
    let newest = tx.entry(entries.saturating_sub(1))?;
    Ok(newest.map(|stored| stored.entry.ts).unwrap_or_default())
}

/// What an answer states, once it is one to `query`, about `note`, and its certificate leads to `roots`.
fn hold(
    response: &[u8],
    query: &Query,
    (note, roots): (&str, &TrustedRoots),
) -> crate::ledger::Result<Stated> {
    let stamp = TimeStamp::open(response, note.as_bytes())?;
    stamp.check_answers(query)?;
    roots.check(&stamp)?;
    Ok(stamp.stated().clone())
}

/// Records something about time stamps, and tells it where there is something to tell.
pub(super) fn record(
    store: &Store,
    kind: EntryType,
    event: &StampEvent,
    told: Option<String>,
) -> Result<()> {
    store.write(&system(), kind, |tx| {
        let id = clock::new_id("ts");
        tx.subject(subject("time_stamp", &id));
        tx.insert_time_stamp(&id, event)?;
        match told {
            Some(told) => Ok::<_, Error>(tx.tell_time_stamp(told)?),
            None => Ok(()),
        }
    })?;
    Ok(())
}
