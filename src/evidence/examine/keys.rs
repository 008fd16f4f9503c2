//! Keys: each took the place of the one that was in force, in an entry that says just that. That the old key signed the head of such an entry
//! is for whoever has the heads.

use super::{Examiner, Row};
use crate::evidence::told_keys::{OF_LEDGER, changes, told_keys};
use crate::ledger::entry::EntryType;
use crate::ledger::key_history::KeyChangeKind;

impl Examiner<'_> {
    /// All changes of keys; gives those of the ledger to what comes later.
    pub(super) fn keys(&mut self) {
        match told_keys(self.records) {
            Ok(keys) => self.keys = keys,
            Err((id, detail)) => self.trouble("key_history_invalid", ("key_change", &id), detail),
        }
        let mut of_files: Option<String> = None;
        for (id, row) in changes(self.records) {
            self.examined.key_changes += 1;
            self.kind_of_entry(&id, &row);
            if row.text("purpose") == OF_LEDGER {
                continue;
            }
            let (old_key, new_key) = (row.text("old_key"), row.optional("new_key"));
            self.same(("key_change", &id), "purpose", row.text("purpose"), "model_files");
            if let Some(before) = &of_files {
                self.same(("key_change", &id), "old key", old_key, before);
            }
            of_files = new_key.map(str::to_owned);
        }
    }

    fn kind_of_entry(&mut self, id: &str, row: &Row) {
        let expected = match KeyChangeKind::of(row.text("kind")) {
            Some(KeyChangeKind::Rotated) => Some(EntryType::KeyRotate),
            Some(KeyChangeKind::Revoked) => Some(EntryType::KeyRevoke),
            None => None,
        };
        let at = row.number("entry").unwrap_or_default();
        let mut found = None;
        (self.entries)(at..at.saturating_add(1), &mut |entry| found = Some(entry.kind));
        if expected.is_none() || found != expected {
            let found = found.map_or("not there", EntryType::as_str);
            let detail = format!("entry {at} is {found}, the row says `{}`", row.text("kind"));
            self.trouble("record_disagrees", ("key_change", id), detail);
        }
    }
}
