//! Backups and restores: each names a signed head of this ledger, of as many entries as it says, and comes after them; a restore that was
//! practised lost what lies between the two newest entries.

use super::{Examiner, Row};
use crate::clock::milliseconds_between;

impl Examiner<'_> {
    /// All backups that were made, restores, and restores that were practised.
    pub(super) fn backups(&mut self) {
        for table in ["backup_event", "restore", "restore_test"] {
            for (key, row) in self.rows(table) {
                let is_made = match table {
                    "backup_event" => row.text("kind") == "made",
                    "restore_test" => row.number("passed") == Some(1),
                    _ => true,
                };
                if is_made {
                    self.examined.backups += 1;
                    self.head_of((table, &key), &row);
                }
                if is_made && table == "restore_test" {
                    self.lost((table, &key), &row);
                }
            }
        }
    }

    /// The row names a signed head of this ledger, of as many entries as it says, which came before it.
    pub(super) fn head_of(&mut self, of: (&str, &str), row: &Row) {
        let entries = row.number("entries").unwrap_or_default();
        match self.keys.as_ref().map(|keys| keys.open(row.text("checkpoint"))) {
            Some(Ok(head)) if head.size == entries => {}
            Some(Ok(head)) => {
                let detail = format!("its head signs {} entries, it says {entries}", head.size);
                self.trouble("record_disagrees", of, detail);
            }
            Some(Err(error)) => {
                let detail = format!("its head is not one of this ledger: {error}");
                self.trouble("record_disagrees", of, detail);
            }
            None => self.trouble("record_dangling", of, "the ledger's own record is not there"),
        }
        let entry = row.number("entry").unwrap_or_default();
        if entries == 0 || entries > entry {
            let detail = format!("entry {entry} says that {entries} entries came before it");
            self.trouble("record_disagrees", of, detail);
        }
    }

    fn lost(&mut self, of: (&str, &str), row: &Row) {
        let between =
            milliseconds_between(row.text("newest_entry_at"), row.text("live_newest_entry_at"));
        let words =
            |found: Option<u64>| found.map_or_else(|| "none".to_owned(), |ms| ms.to_string());
        self.same(of, "milliseconds lost", &words(row.number("lost_ms")), &words(between));
        let (live, held) = (row.number("live_entries"), row.number("entries"));
        if live < held || live > row.number("entry") {
            let detail = "the store held fewer entries than its backup, or more than came before this record";
            self.trouble("record_disagrees", of, detail);
        }
    }
}
