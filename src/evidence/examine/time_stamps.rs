//! Time stamps: each is about a signed head of this ledger, of as many entries as it says, and comes after them; what the row says was
//! stated is what the authority signed, at a time that fits those of the entries. Whether the authority is to be believed is for whoever holds its root.

use super::{Examiner, Row};
use crate::clock::rfc3339;
use crate::ledger::time_stamp::TimeStamp;
use base64ct::{Base64, Encoding as _};

impl Examiner<'_> {
    /// All time stamps that were kept.
    pub(super) fn time_stamps(&mut self) {
        for (key, row) in self.rows("time_stamp") {
            if row.text("kind") == "kept" {
                self.examined.time_stamps += 1;
                self.head_of(("time_stamp", &key), &row);
                self.stated(("time_stamp", &key), &row);
            }
        }
    }

    fn stated(&mut self, of: (&str, &str), row: &Row) {
        let response = Base64::decode_vec(row.text("response")).unwrap_or_default();
        let stamp = match TimeStamp::open(&response, row.text("checkpoint").as_bytes()) {
            Ok(stamp) => stamp,
            Err(error) => {
                let detail = format!("its time stamp does not stand: {error}");
                return self.trouble("record_disagrees", of, detail);
            }
        };
        let stated = stamp.stated();
        self.same(of, "time stated", row.text("stated_at"), &rfc3339(stated.time));
        self.same(of, "serial number", row.text("serial"), &stated.serial);
        self.same(of, "policy", row.text("policy"), &stated.policy);
        self.same(of, "signer", row.text("signer"), &stated.authority);
        let entries = row.number("entries").unwrap_or_default();
        let newest = self.time_of(entries.saturating_sub(1));
        let recorded = row.number("entry").and_then(|entry| self.time_of(entry));
        if let (Some(newest), Some(recorded)) = (newest, recorded)
            && let Err(detail) = stated.check_between(&newest, &recorded)
        {
            self.trouble("stamp_time_differs", of, detail);
        }
    }

    /// When an entry was written, if it is there.
    fn time_of(&mut self, index: u64) -> Option<String> {
        let mut found = None;
        (self.entries)(index..index.saturating_add(1), &mut |entry| found = Some(entry.ts.clone()));
        found
    }
}
