//! Checkpoints that were seen before and kept elsewhere: scanned off a printed report, or taken from an older pack. The entries under
//! each must still be the same.

use super::Walk;
use super::ledger::error_chain;
use super::witnessed::has_root;
use crate::ledger::key_history::KeyHistory;
use crate::ledger::tree::Hash;
use std::io::{Read, Seek};

/// A checkpoint that the verifier was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierHead {
    /// Where it came from, for findings: its file.
    pub name: String,
    /// The signed note.
    pub note: String,
}

impl EarlierHead {
    /// A signed note as it was typed or scanned: the ends of its lines and its last line end may have been lost on the way.
    pub fn new(name: &str, text: &str) -> Self {
        let lines = text.trim().lines().map(str::trim_end);
        let note = lines.flat_map(|line| [line, "\n"]).collect();
        Self { name: name.to_owned(), note }
    }
}

impl<R: Read + Seek> Walk<'_, R> {
    /// The sizes of those of `heads` that are heads of this ledger; `levels` are the subtrees over all `entries` leaves.
    pub(super) fn earlier(
        &mut self,
        (entries, levels): (u64, &[Vec<Hash>]),
        keys: Option<&KeyHistory>,
        heads: &[EarlierHead],
    ) -> Vec<u64> {
        let mut sizes = Vec::new();
        for EarlierHead { name, note } in heads {
            let opened = match keys {
                Some(keys) => keys.open(note).map_err(|error| error_chain(&error)),
                None => Err("the key of the ledger is not known".to_owned()),
            };
            let in_place = opened.and_then(|head| {
                if head.size > entries {
                    return Err(format!(
                        "it signs {} entries, of which {entries} are here: the pack is older, or entries were removed",
                        head.size
                    ));
                }
                has_root(&head, levels).map(|()| head.size)
            });
            match in_place {
                Ok(size) => sizes.push(size),
                Err(detail) => self.find("earlier_head_differs", name, detail),
            }
        }
        sizes.sort_unstable();
        sizes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_that_was_scanned_is_read_as_it_was_signed() {
        let note = "example.org/log\n3\nAAAA\n\n\u{2014} example.org/log AAAA\n";
        for scanned in [note.to_owned(), note.trim_end().to_owned(), note.replace('\n', "\r\n")] {
            assert_eq!(EarlierHead::new("scan", &scanned).note, note);
        }
    }
}
