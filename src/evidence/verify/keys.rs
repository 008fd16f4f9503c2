//! Keys: the way from the key that is trusted to the one that signed the checkpoint.
//!
//! The records of the pack tell which key took the place of which. That a program may go from one to the next is shown by the head that
//! first covers the entry that says so: the old key signed it, and its root is the one over the entries of the pack.

use super::ledger::{error_chain, root_over};
use super::{PackedRecords, Trust, Walk};
use crate::evidence::manifest::{CHECKPOINT, KEYS, VERIFIER_KEY, index_of, key_checkpoint_file};
use crate::evidence::told_keys::told_keys;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::key_history::{KeyChange, KeyHistory, Unfollowed};
use crate::ledger::note::VerifierKey;
use crate::ledger::tree::Hash;
use std::collections::BTreeMap;
use std::io::{Read, Seek};

/// The keys that a pack is verified under.
pub(super) struct Keys {
    /// Which key signs which heads.
    pub(super) history: KeyHistory,
    /// The keys that were followed from the one that is trusted to the one in force.
    pub(super) followed: Vec<VerifierKey>,
    /// Whether the key in force is one that is trusted, or was followed from one.
    pub(super) is_trusted: bool,
}

impl Keys {
    /// The key that signed the checkpoint.
    pub(super) fn in_force(&self) -> &VerifierKey {
        self.history.current()
    }
}

impl<R: Read + Seek> Walk<'_, R> {
    /// The keys to verify the pack under; none where nobody says which. `tree` are the number of entries and the subtrees over them.
    pub(super) fn keys(&mut self, trust: Trust<'_>, tree: (u64, &[Vec<Hash>])) -> Option<Keys> {
        let packed = self.packed_key();
        let told = self.told_keys();
        let signed = told.as_ref().map(|told| self.key_heads(told, tree)).unwrap_or_default();
        let trusted = match trust {
            Trust::Packed => return packed.map(|packed| under_packed(packed, told)),
            Trust::Key(key) => vec![key.clone()],
            Trust::Policy(policy) => {
                let packed = packed.as_ref()?;
                let logs = policy.logs.iter().map(|log| &log.key);
                logs.filter(|key| key.name() == packed.name()).cloned().collect()
            }
        };
        let Some(newest) = trusted.last() else {
            let name = packed.as_ref().map_or("", |packed| packed.name());
            self.find(
                "key_differs",
                VERIFIER_KEY,
                format!("the policy does not name the log `{name}`"),
            );
            return None;
        };
        let keys = match told {
            Some(told) => self.followed(told, &trusted, &signed),
            None => Keys::only(newest.clone()),
        };
        if let Some(packed) = packed.filter(|packed| packed != keys.in_force()) {
            let in_force = keys.in_force();
            let which = if trusted.contains(in_force) { "trusted key" } else { "key in force" };
            let detail = format!("it is `{packed}`, the {which} is `{in_force}`");
            self.find("key_differs", VERIFIER_KEY, detail);
        }
        Some(keys)
    }

    /// The way from one of the `trusted` keys to the one in force.
    fn followed(
        &mut self,
        told: KeyHistory,
        trusted: &[VerifierKey],
        signed: &BTreeMap<u64, Result<(), String>>,
    ) -> Keys {
        let known = told.keys().filter(|key| trusted.contains(key)).last().cloned();
        let Some(from) = known else {
            // Not a key of this ledger: it is as if there were no other.
            return Keys::only(trusted.last().unwrap_or(told.current()).clone());
        };
        let of_change = |change: &KeyChange| {
            signed.get(&change.entry).cloned().unwrap_or_else(|| Err("it is not there".to_owned()))
        };
        match told.follow(&from, of_change) {
            Ok(followed) => Keys { history: told, followed, is_trusted: true },
            Err(refused) => {
                // That a head is not signed was said of its own file.
                if !matches!(refused, Unfollowed::NotSigned { .. }) {
                    self.find(refused.code(), VERIFIER_KEY, refused.to_string());
                }
                Keys { history: told, followed: Vec::new(), is_trusted: false }
            }
        }
    }

    fn packed_key(&mut self) -> Option<VerifierKey> {
        let text = self.text(VERIFIER_KEY)?;
        match text.strip_suffix('\n').unwrap_or(&text).parse() {
            Ok(key) => Some(key),
            Err(error) => {
                self.find("key_invalid", VERIFIER_KEY, error_chain(&error));
                None
            }
        }
    }

    /// The keys that the records tell; where these do not follow each other, the examination of the records says so.
    fn told_keys(&mut self) -> Option<KeyHistory> {
        told_keys(&mut PackedRecords(&mut self.pack)).unwrap_or_default()
    }

    /// For every rotation, whether the head that first covers its entry is here, of these entries, and signed by both keys.
    fn key_heads(
        &mut self,
        told: &KeyHistory,
        tree: (u64, &[Vec<Hash>]),
    ) -> BTreeMap<u64, Result<(), String>> {
        let mut signed = BTreeMap::new();
        for change in told.rotations() {
            let name = key_checkpoint_file(change.size());
            let note = self.read(&name).and_then(|bytes| String::from_utf8(bytes).ok());
            let found = match note {
                None => Err("the head is not in the pack".to_owned()),
                Some(note) => signed_by_both(change, &note, tree),
            };
            if let Err(reason) = &found {
                let (entry, old_key, reason) =
                    (change.entry, change.old_key.to_string(), reason.clone());
                let unfollowed = Unfollowed::NotSigned { entry, old_key, reason };
                self.find(unfollowed.code(), &name, unfollowed.to_string());
            }
            signed.insert(change.entry, found);
        }
        for name in self.names_in(KEYS) {
            let size = index_of(&name, KEYS, ".checkpoint");
            if !told.rotations().any(|change| Some(change.size()) == size) {
                self.find(
                    "file_unknown",
                    &name,
                    "no record in the pack says that a key gave way under this head",
                );
            }
        }
        signed
    }

    /// The head that the checkpoint signs, under the key in force; its root is the one over the entries.
    pub(super) fn checkpoint(
        &mut self,
        keys: Option<&Keys>,
        tree: (u64, &[Vec<Hash>]),
    ) -> Option<Checkpoint> {
        let (note, keys) = (self.text(CHECKPOINT)?, keys?);
        match Checkpoint::open(&note, keys.in_force()) {
            Ok(head) => {
                self.root(&head, tree);
                Some(head)
            }
            Err(error) => {
                match revoked(&note, &keys.history) {
                    Some(detail) => self.find("key_revoked", CHECKPOINT, detail),
                    None => self.find("checkpoint_invalid", CHECKPOINT, error_chain(&error)),
                }
                None
            }
        }
    }
}

impl Keys {
    /// One key that is trusted, and no other.
    fn only(key: VerifierKey) -> Self {
        Self { history: KeyHistory::new(key), followed: Vec::new(), is_trusted: true }
    }
}

/// Without a trusted key: the one that came with the pack, with those before it that its records tell.
fn under_packed(packed: VerifierKey, told: Option<KeyHistory>) -> Keys {
    let history = told.filter(|told| *told.current() == packed);
    let history = history.unwrap_or_else(|| KeyHistory::new(packed));
    Keys { history, followed: Vec::new(), is_trusted: false }
}

/// What is wrong with the head under which a key gave way.
fn signed_by_both(
    change: &KeyChange,
    note: &str,
    (entries, levels): (u64, &[Vec<Hash>]),
) -> Result<(), String> {
    let size = change.size();
    let open = |key| Checkpoint::open(note, key).map_err(|error| error_chain(&error));
    let head = open(&change.old_key)?;
    change.new_key.as_ref().map_or(Ok(head.clone()), open)?;
    if head.size != size || size > entries {
        return Err(format!("it is of {} entries, of which {entries} are here", head.size));
    }
    let root = root_over(size, levels);
    if root != head.root {
        let (found, signed) = (hex::encode(root), hex::encode(head.root));
        return Err(format!("the first {size} entries have root {found}, it signs {signed}"));
    }
    Ok(())
}

/// What is to be said about a note that a revoked key signed beyond what is believed of it.
pub(super) fn revoked(note: &str, history: &KeyHistory) -> Option<String> {
    history.keys().find_map(|key| {
        let head = Checkpoint::open(note, key).ok()?;
        let trusted = history.trusted_entries(key).filter(|trusted| *trusted < head.size)?;
        Some(format!(
            "it signs {} entries by `{key}`, which is revoked for heads of more than {trusted} entries",
            head.size
        ))
    })
}
