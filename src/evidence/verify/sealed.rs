//! The seal: every file is one that the key of the ledger signed, and none that it signed is missing. Whoever changes a pack can make its
//! manifest fit, and not the seal; that there must be one is said by an entry.

use super::Walk;
use super::ledger::{Line, error_chain};
use crate::evidence::manifest::SEAL;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::note::VerifierKey;
use crate::ledger::seal::{self, Seal};
use std::io::{Read, Seek};

impl<R: Read + Seek> Walk<'_, R> {
    /// Holds all files against the seal; gives whether there is one that `key` signed, about this `head`.
    pub(super) fn sealed(
        &mut self,
        (head, key): (Option<&Checkpoint>, Option<&VerifierKey>),
        lines: &[Line],
    ) -> bool {
        if !self.pack.names().contains(SEAL) {
            let mut entries = lines.iter().filter_map(|line| line.entry.as_ref());
            let says = entries.find(|entry| entry.subj.iter().any(|s| s.kind == seal::SUBJECT));
            if let Some(entry) = says {
                let detail = format!("entry {} says that packs of this ledger have one", entry.idx);
                self.find("file_missing", SEAL, detail);
            }
            return false;
        }
        let (Some(note), Some(key)) = (self.text(SEAL), key) else { return false };
        let seal = match Seal::open(&note, key) {
            Ok(seal) => seal,
            Err(error) => {
                // Under a key that did not sign the checkpoint either, that was said.
                if head.is_some() {
                    self.find("seal_invalid", SEAL, error_chain(&error));
                }
                return false;
            }
        };
        if let Some(head) = head.filter(|head| head.size != seal.size) {
            let (found, signed) = (seal.size, head.size);
            let detail = format!("it is about {found} entries, the checkpoint signs {signed}");
            self.find("seal_invalid", SEAL, detail);
            return false;
        }
        self.held_by_seal(&seal);
        true
    }

    fn held_by_seal(&mut self, seal: &Seal) {
        for (name, signed) in &seal.files {
            match self.digests.get(name) {
                Some(found) if found == signed => {}
                Some(found) => {
                    let detail = format!("it has SHA-256 {found}, `{SEAL}` signs {signed}");
                    self.find("seal_differs", name, detail);
                }
                // One that is there and cannot be read was named.
                None if self.pack.names().contains(name) => {}
                None => self.find("seal_differs", name, format!("`{SEAL}` signs it")),
            }
        }
        let more = |name: &&String| *name != SEAL && !seal.files.contains_key(*name);
        let more: Vec<String> = self.digests.keys().filter(more).cloned().collect();
        for name in more {
            self.find("seal_differs", &name, format!("`{SEAL}` does not sign it"));
        }
    }
}
