//! Ledger: leaves, tree, checkpoint, proofs.

use super::keys::Keys;
use super::{Progress, Walk};
use crate::digest::{leaf_hash, node_hash};
use crate::evidence::manifest::{
    CHECKPOINT, ENTRIES, MANIFEST, Manifest, PROOFS, index_of, record_file,
};
use crate::evidence::records::Records as _;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::entry::{Entry, EntryType};
use crate::ledger::note::VerifierKey;
use crate::ledger::proof::LogProof;
use crate::ledger::tree::{self, Hash};
use std::convert::Infallible;
use std::io::{Read, Seek};

/// One line of the entries.
pub(super) struct Line {
    /// The bytes that are hashed.
    pub(super) leaf: Vec<u8>,
    /// What they say, if they are valid.
    pub(super) entry: Option<Entry>,
}

impl<R: Read + Seek> Walk<'_, R> {
    /// Every leaf, in order: the lines, and the subtrees over them, level by level.
    pub(super) fn entries(&mut self) -> (Vec<Line>, Vec<Vec<Hash>>) {
        let (mut lines, mut hashes) = (Vec::new(), Vec::new());
        let Some(bytes) = self.required(ENTRIES) else { return (lines, hashes) };
        let Some(bytes) = bytes.strip_suffix(b"\n") else {
            self.find("entry_invalid", ENTRIES, "it does not end with a newline");
            return (lines, hashes);
        };
        let mut last_time = String::new();
        for (index, leaf) in (0..).zip(bytes.split(|byte| *byte == b'\n')) {
            grow(&mut hashes, leaf_hash(leaf));
            let entry = match Entry::parse(leaf) {
                Ok(entry) => Some(entry),
                Err(error) => {
                    let detail = format!("line {}: {}", index + 1, error_chain(&error));
                    self.find("entry_invalid", ENTRIES, detail);
                    None
                }
            };
            if let Some(entry) = &entry {
                self.place(index, entry, &last_time);
                last_time.clone_from(&entry.ts);
            }
            lines.push(Line { leaf: leaf.to_vec(), entry });
        }
        self.checked.entries = lines.len() as u64;
        (lines, hashes)
    }

    fn place(&mut self, index: u64, entry: &Entry, last_time: &str) {
        let line = index + 1;
        if entry.idx != index {
            self.find(
                "entry_misplaced",
                ENTRIES,
                format!("line {line} says it is entry {}", entry.idx),
            );
        }
        if (entry.kind == EntryType::LogCreate) != (index == 0) {
            self.find(
                "entry_misplaced",
                ENTRIES,
                format!("line {line} is a `{}` entry", entry.kind),
            );
        }
        if entry.ts.as_str() < last_time {
            let detail = format!("line {line}: {} follows {last_time}", entry.ts);
            self.find("time_backwards", ENTRIES, detail);
        }
    }

    /// The root over the leaves is the one that was signed.
    pub(super) fn root(&mut self, head: &Checkpoint, (size, hashes): (u64, &[Vec<Hash>])) {
        if size != head.size {
            let detail = format!("it has {size} entries, the checkpoint signs {}", head.size);
            self.find("entries_incomplete", ENTRIES, detail);
            return;
        }
        let root = root_over(size, hashes);
        if root != head.root {
            let (found, signed) = (hex::encode(root), hex::encode(head.root));
            let detail = format!("the entries have root {found}, the checkpoint signs {signed}");
            self.find("root_differs", ENTRIES, detail);
        }
    }

    /// Every proof leads from its leaf to the root of the packed checkpoint.
    pub(super) fn proofs(&mut self, lines: &[Line], key: Option<&VerifierKey>) {
        let checkpoint = self.text(CHECKPOINT);
        for name in self.names_in(PROOFS) {
            let Some(index) = index_of(&name, PROOFS, ".tlog-proof") else {
                self.find("file_unknown", &name, "its name is not that of a proof");
                continue;
            };
            let line = usize::try_from(index).ok().and_then(|index| lines.get(index));
            let Some(line) = line else {
                self.find("proof_invalid", &name, "there is no such entry");
                continue;
            };
            let Some(text) = self.text(&name) else { continue };
            let Some(key) = key else { continue };
            match LogProof::parse(&text)
                .and_then(|proof| Ok((proof.verify(&line.leaf, key)?, proof)))
            {
                Err(error) => self.find("proof_invalid", &name, error_chain(&error)),
                Ok((_, proof)) if proof.index != index || proof.extra.is_some() => {
                    let detail =
                        format!("it is a proof of entry {}, or holds more than that", proof.index);
                    self.find("proof_invalid", &name, detail);
                }
                Ok((_, proof)) if Some(&proof.checkpoint) != checkpoint.as_ref() => {
                    self.find(
                        "proof_invalid",
                        &name,
                        format!("it is under another note than `{CHECKPOINT}`"),
                    );
                }
                Ok(_) => self.checked.proofs += 1,
            }
        }
    }

    /// Manifest, checkpoint, key and the ledger's own record name the same ledger.
    pub(super) fn identity(
        &mut self,
        manifest: Option<&Manifest>,
        head: Option<&Checkpoint>,
        keys: Option<&Keys>,
    ) {
        if let (Some(manifest), Some(head)) = (manifest, head)
            && (manifest.origin != head.origin || manifest.size != head.size)
        {
            let (origin, size) = (&manifest.origin, manifest.size);
            let detail = format!(
                "it is about {size} entries of `{origin}`, the checkpoint about {} of `{}`",
                head.size, head.origin
            );
            self.find("manifest_invalid", MANIFEST, detail);
        }
        let Some(key) = keys.map(|keys| keys.history.first()) else { return };
        let own = super::PackedRecords(&mut self.pack).row("ledger", key.name());
        let file = record_file("ledger", key.name());
        match own {
            None => self.find("record_missing", &file, "the ledger's own record"),
            Some(row) if row.text("verifier_key") != key.to_string() => {
                let detail = format!(
                    "it names the key `{}`, verified was `{key}`",
                    row.text("verifier_key")
                );
                self.find("key_differs", &file, detail);
            }
            Some(_) => {}
        }
    }

    /// A file that every pack has.
    pub(super) fn required(&mut self, name: &str) -> Option<Vec<u8>> {
        let found = self.read(name);
        if found.is_none() && !self.findings.iter().any(|finding| finding.file == name) {
            self.find("file_missing", name, "every pack has one");
        }
        found
    }

    /// The text of a file that must be there.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let bytes = self.required(name)?;
        let text = String::from_utf8(bytes).ok();
        if text.is_none() {
            self.find("file_unreadable", name, "it is not UTF-8 text");
        }
        text
    }

    /// Tells the caller how far the bodies are.
    pub(super) fn bodies_done(&mut self, done: u64, total: u64) {
        (self.progress)(Progress { stage: "bodies", done, total });
    }
}

/// Adds a leaf and every subtree it completes.
pub(super) fn grow(levels: &mut Vec<Vec<Hash>>, mut hash: Hash) {
    for level in 0.. {
        if levels.len() == level {
            levels.push(Vec::new());
        }
        levels[level].push(hash);
        let [.., left, right] = levels[level].as_slice() else { return };
        if levels[level].len() % 2 == 1 {
            return;
        }
        hash = node_hash(left, right);
    }
}

/// The root over the first `size` leaves, of which there are as many or more.
pub(super) fn root_over(size: u64, levels: &[Vec<Hash>]) -> Hash {
    let mut node = |level: u8, index: u64| {
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let found = levels.get(usize::from(level)).and_then(|level| level.get(place));
        Ok::<_, Infallible>(found.copied().unwrap_or_default())
    };
    let Ok(root) = tree::root(size, &mut node);
    root
}

/// An error with its causes.
pub(super) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(found) = cause {
        text = format!("{text}: {found}");
        cause = found.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grown_tree_has_the_root_of_the_definition() {
        let mut levels = Vec::new();
        let leaves: Vec<Hash> = (0..21_u8).map(|n| leaf_hash(&[n])).collect();
        for (size, leaf) in (1..).zip(&leaves) {
            grow(&mut levels, *leaf);
            assert_eq!(
                root_over(size, &levels),
                defined(&leaves[..usize::try_from(size).unwrap()]),
                "{size}"
            );
        }
    }

    /// RFC 6962 §2.1, word for word.
    fn defined(leaves: &[Hash]) -> Hash {
        if let [only] = leaves {
            return *only;
        }
        let split = 1 << (leaves.len() - 1).ilog2();
        node_hash(&defined(&leaves[..split]), &defined(&leaves[split..]))
    }
}
