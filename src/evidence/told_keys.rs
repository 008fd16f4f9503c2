//! The keys of a ledger, as its records tell them: the same for writing, verifying and checking.

use super::records::{Records, Row};
use crate::ledger::key_history::{KeyChange, KeyChangeKind, KeyHistory};
use crate::ledger::note::VerifierKey;

/// What is recorded about the keys of the ledger itself; others sign files for other tools.
pub const OF_LEDGER: &str = "ledger";

/// The keys of the ledger whose records these are; `None` where its own record is not there.
///
/// # Errors
///
/// What is wrong, and the id of the record of a change.
pub fn told_keys(records: &mut dyn Records) -> Result<Option<KeyHistory>, (String, String)> {
    let own = records.keys("ledger").into_iter().next();
    let first = own.and_then(|id| records.row("ledger", &id));
    let Some(first) = first.and_then(|row| row.text("verifier_key").parse::<VerifierKey>().ok())
    else {
        return Ok(None);
    };
    let mut history = KeyHistory::new(first);
    for (id, row) in changes(records) {
        if row.text("purpose") == OF_LEDGER {
            let added = change(&row)
                .and_then(|change| history.add(change).map_err(|error| error.to_string()));
            added.map_err(|detail| (id, detail))?;
        }
    }
    Ok(Some(history))
}

/// The records of all changes, in the order of the ledger.
pub fn changes(records: &mut dyn Records) -> Vec<(String, Row)> {
    let ids = records.keys("key_change");
    let rows = ids.into_iter().filter_map(|id| Some((id.clone(), records.row("key_change", &id)?)));
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|(_, row)| row.number("entry"));
    rows
}

fn change(row: &Row) -> Result<KeyChange, String> {
    let key = |text: &str| text.parse::<VerifierKey>().map_err(|error| error.to_string());
    let kind = KeyChangeKind::of(row.text("kind"));
    Ok(KeyChange {
        entry: row.number("entry").unwrap_or_default(),
        kind: kind.ok_or_else(|| format!("its kind is `{}`", row.text("kind")))?,
        old_key: key(row.text("old_key"))?,
        new_key: row.optional("new_key").map(key).transpose()?,
        trusted_entries: row.number("trusted_entries"),
    })
}
