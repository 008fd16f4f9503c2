//! Which batches are invalid, in the words that every printed document shows: since when, by whom, why, and by which record.

use super::records::Records;
use crate::review::batch_invalidation::{counts_for_nothing, invalid_since};
use std::collections::HashMap;

/// The record table of invalidations.
const INVALIDATIONS: &str = "batch_invalidation";

/// What is said of every invalid batch, by the id of the batch.
#[derive(Clone, Debug, Default)]
pub(super) struct InvalidBatches(HashMap<String, String>);

impl InvalidBatches {
    /// Reads them from the records.
    pub(super) fn read(records: &mut dyn Records) -> Self {
        let mut said = HashMap::new();
        for key in records.keys(INVALIDATIONS) {
            let Some(row) = records.row(INVALIDATIONS, &key) else { continue };
            let account = row.text("account_id");
            let name = records.row("account", account).map(|row| row.text("user_name").to_owned());
            let by = name.unwrap_or_else(|| account.to_owned());
            let since = invalid_since(row.text("at"), &by, row.text("reason"));
            let entry = row.number("entry").unwrap_or_default();
            let sentence = counts_for_nothing("batch", &since, (&key, entry));
            said.insert(row.text("batch_id").to_owned(), sentence);
        }
        Self(said)
    }

    /// What is said of the batch; empty where it counts.
    pub(super) fn of(&self, batch_id: &str) -> &str {
        self.0.get(batch_id).map_or("", String::as_str)
    }
}
