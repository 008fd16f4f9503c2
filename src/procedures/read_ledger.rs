//! Procedure: read the ledger, each time as one consistent snapshot.
//!
//! 1. check that the person may read
//! 2. read entries, their bodies and their proof in one read transaction

use super::read_records::{PAGE_ROWS_MAX, missing};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::Result;
use crate::ledger::entry::Entry;
use crate::store::Store;

/// A page of the audit trail, newest first, with the bodies of the entries; and the signed head.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn audit_trail(
    store: &Store,
    acting: &Acting,
    before: Option<u64>,
    limit: u64,
) -> Result<(Vec<(Entry, serde_json::Value)>, String)> {
    acting.permit(Action::Read)?;
    let limit = usize::try_from(limit.clamp(1, PAGE_ROWS_MAX)).unwrap_or(1);
    store.read(|tx| {
        let mut page = Vec::new();
        for stored in tx.entries_before(before, limit)? {
            let body = tx.body(stored.entry.idx)?.unwrap_or_default();
            page.push((stored.entry, serde_json::from_slice(&body).unwrap_or_default()));
        }
        Ok((page, tx.head()?.checkpoint))
    })
}

/// One ledger entry, its body, and its proof under the newest checkpoint.
///
/// # Errors
///
/// [`crate::error::Error::Access`], [`crate::error::Error::NotFound`].
pub fn ledger_entry(
    store: &Store,
    acting: &Acting,
    index: u64,
) -> Result<(Entry, serde_json::Value, String)> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let stored = tx.entry(index)?.ok_or_else(|| missing("ledger entry", &index.to_string()))?;
        let body = tx.body(index)?.unwrap_or_default();
        Ok((
            stored.entry,
            serde_json::from_slice(&body).unwrap_or_default(),
            tx.log_proof(index)?.to_text(),
        ))
    })
}

/// The newest signed head of the ledger, with the lines of the witnesses that have cosigned it so far.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn checkpoint(store: &Store, acting: &Acting) -> Result<String> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let head = tx.head()?;
        Ok(head.checkpoint + &tx.cosignatures(head.size)?)
    })
}
