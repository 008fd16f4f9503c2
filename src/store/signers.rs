//! Who signs heads: the key in force, and while the ledger gets another key, that one.

use crate::ledger;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::key::LogKey;
use crate::ledger::note::VerifierKey;

/// The keys of an open store.
#[derive(Clone, Debug)]
pub(super) struct Signers {
    /// Signed the newest head.
    in_force: VerifierKey,
    /// Signs the next one.
    key: LogKey,
    /// Signs it too, because it gives way.
    giving_way: Option<LogKey>,
}

impl Signers {
    /// `key` signed the newest head and signs the next one.
    pub(super) fn one(key: LogKey) -> Self {
        Self { in_force: key.verifier().clone(), key, giving_way: None }
    }

    /// `old` signed the newest head; it and `new` sign the next one.
    pub(super) fn both(old: LogKey, new: LogKey) -> Self {
        Self { in_force: old.verifier().clone(), key: new, giving_way: Some(old) }
    }

    /// `old` signed the newest head; `new` alone signs the next one.
    pub(super) fn instead(old: VerifierKey, new: LogKey) -> Self {
        Self { in_force: old, key: new, giving_way: None }
    }

    /// The key that signed the newest head.
    pub(super) fn in_force(&self) -> &VerifierKey {
        &self.in_force
    }

    /// The key that signs the next one.
    pub(super) fn key(&self) -> &LogKey {
        &self.key
    }

    /// The signed note for a head.
    pub(super) fn sign(&self, head: &Checkpoint) -> ledger::Result<String> {
        match &self.giving_way {
            None => head.sign(&self.key),
            Some(old) => head.sign_by_both(old, &self.key),
        }
    }
}
