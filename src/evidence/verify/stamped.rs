//! Time stamps: every one in the pack is about a head of this ledger, is the one that its record holds, and, where roots are given, was
//! signed under one of them.

use super::ledger::error_chain;
use super::witnessed::head_in_place;
use super::{PackedRecords, Stamped, Walk};
use crate::evidence::manifest::{
    CHECKPOINT, STAMPED, index_of, record_file, stamped_checkpoint_file, stamped_file,
};
use crate::evidence::records::{Records as _, Row};
use crate::ledger::key_history::KeyHistory;
use crate::ledger::time_stamp::{TimeStamp, TrustedRoots};
use crate::ledger::tree::Hash;
use base64ct::{Base64, Encoding as _};
use std::collections::BTreeSet;
use std::io::{Read, Seek};

const ENDINGS: [&str; 2] = [".checkpoint", ".tsr"];

impl<R: Read + Seek> Walk<'_, R> {
    /// What authorities state about heads in the pack, oldest head first. `levels` are the subtrees over all `entries` leaves.
    pub(super) fn stamped(
        &mut self,
        (entries, levels): (u64, &[Vec<Hash>]),
        keys: Option<&KeyHistory>,
        roots: Option<&TrustedRoots>,
    ) -> Vec<Stamped> {
        let kept = self.kept_stamps();
        let mut sizes = BTreeSet::new();
        for name in self.names_in(STAMPED) {
            match ENDINGS.iter().find_map(|ending| index_of(&name, STAMPED, ending)) {
                Some(size) => {
                    sizes.insert(size);
                }
                None => self.find("stamp_invalid", &name, "its name is not that of a time stamp"),
            }
        }
        for (name, row) in &kept {
            let file = stamped_file(row.number("entries").unwrap_or_default());
            if !self.pack.names().contains(&file) {
                let detail = format!("the time stamp inside `{name}` has no copy here");
                self.find("copy_missing", &file, detail);
            }
        }
        let mut stamped = Vec::new();
        for size in sizes {
            let Some(stamp) = self.stamp(size, (entries, levels), keys, &kept) else { continue };
            self.checked.stamped += 1;
            let refused = roots.and_then(|roots| roots.check(&stamp).err());
            if let Some(error) = &refused {
                self.find("stamp_untrusted", &stamped_file(size), error.to_string());
            }
            let stated = stamp.stated().clone();
            stamped.push(Stamped {
                size,
                time: stated.time,
                authority: stated.authority,
                serial: stated.serial,
                policy: stated.policy,
                is_trusted: roots.is_some() && refused.is_none(),
            });
        }
        if roots.is_some() && stamped.is_empty() {
            self.find("not_stamped", CHECKPOINT, "the pack has no time stamp that is one");
        }
        stamped
    }

    /// The records of time stamps that were kept, with their files.
    fn kept_stamps(&mut self) -> Vec<(String, Row)> {
        let mut records = PackedRecords(&mut self.pack);
        let rows = records.keys("time_stamp").into_iter().filter_map(|key| {
            let row = records.row("time_stamp", &key)?;
            (row.text("kind") == "kept").then(|| (record_file("time_stamp", &key), row))
        });
        rows.collect()
    }

    /// The time stamp of the head of `size` entries, once it is what it should be.
    fn stamp(
        &mut self,
        size: u64,
        (entries, levels): (u64, &[Vec<Hash>]),
        keys: Option<&KeyHistory>,
        kept: &[(String, Row)],
    ) -> Option<TimeStamp> {
        let (note_file, file) = (stamped_checkpoint_file(size), stamped_file(size));
        let (note, response) = (self.read(&note_file), self.read(&file));
        let encoded = response.as_deref().map(Base64::encode_string);
        let held = |column: &str, found: Option<&[u8]>| {
            let of_head = kept.iter().filter(|(_, row)| row.number("entries") == Some(size));
            let mut held = of_head.map(|(_, row)| row.text(column).as_bytes());
            found.is_some_and(|found| held.any(|bytes| bytes == found))
        };
        let encoded = encoded.as_ref().map(|text| text.as_bytes());
        for (name, column, found) in
            [(&note_file, "checkpoint", note.as_deref()), (&file, "response", encoded)]
        {
            if found.is_none() {
                self.find("stamp_invalid", name, "a head and its time stamp belong together");
            } else if !held(column, found) {
                self.find("copy_differs", name, "no record in the pack holds this time stamp");
            }
        }
        let (note, response) = (String::from_utf8(note?).ok()?, response?);
        if let Err(detail) = head_in_place((&note_file, STAMPED), &note, keys?, (entries, levels)) {
            self.find("stamp_invalid", &note_file, detail);
            return None;
        }
        let opened = TimeStamp::open(&response, note.as_bytes());
        if let Err(error) = &opened {
            self.find("stamp_invalid", &file, error_chain(error));
        }
        opened.ok()
    }
}
