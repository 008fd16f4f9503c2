//! The keys of a log over time: which key signs which heads, and how somebody who trusts an earlier key comes to the one in force.
//!
//! - Rotated: the entry that names the new key stands under a head that the old key signed as well, so that whoever trusts the old key
//!   may follow it.
//! - Revoked: a key is not to be believed for heads of more than so many entries. What takes the place of a revoked key has no signature
//!   that counts: nobody follows it by a program, it is pinned anew by hand.
//!
//! What a history says is only as good as the entries it was read from: hold these against a signed head first.

use super::checkpoint::Checkpoint;
use super::note::VerifierKey;
use super::{Error, Result};
use std::fmt;

/// How a key ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyChangeKind {
    /// Another key took its place, which it signed.
    Rotated,
    /// It is not to be believed any more; with the one that took its place, if it was in force.
    Revoked,
}

impl KeyChangeKind {
    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rotated => "rotated",
            Self::Revoked => "revoked",
        }
    }

    /// The kind of that word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Rotated, Self::Revoked].into_iter().find(|kind| kind.word() == word)
    }
}

/// What one entry says about the keys of its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// Index of the entry.
    pub entry: u64,
    /// How the old key ended.
    pub kind: KeyChangeKind,
    /// The key that ended.
    pub old_key: VerifierKey,
    /// The key that signs the head of this entry and all later ones; none where a key was revoked that was not in force.
    pub new_key: Option<VerifierKey>,
    /// Of a revoked key: heads of more entries than these, signed by it, are not to be believed.
    pub trusted_entries: Option<u64>,
}

impl KeyChange {
    /// Entries under the first head that covers this change.
    pub fn size(&self) -> u64 {
        self.entry + 1
    }
}

/// Why nobody comes from one key to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfollowed {
    /// The key was never one of this log.
    Unknown,
    /// A new key took the place of a revoked one, without its signature.
    Replaced {
        /// Entry that says so.
        entry: u64,
        /// The key that ended, a vkey.
        old_key: String,
        /// The one in its place.
        new_key: String,
    },
    /// The key was revoked for heads from before it named the one that followed it.
    Revoked {
        /// Entry that names the key that followed.
        entry: u64,
        /// The key that was revoked, a vkey.
        old_key: String,
        /// Heads of more entries than these are not to be believed.
        trusted_entries: u64,
    },
    /// The head that names a new key is not what it should be.
    NotSigned {
        /// Entry that names the key.
        entry: u64,
        /// The key that should have signed, a vkey.
        old_key: String,
        /// What was found.
        reason: String,
    },
}

impl Unfollowed {
    /// The code of a finding that says so; stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "key_differs",
            Self::Replaced { .. } => "key_replaced",
            Self::Revoked { .. } => "key_revoked",
            Self::NotSigned { .. } => "key_change_unsigned",
        }
    }
}

impl fmt::Display for Unfollowed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => formatter.write_str("the trusted key was never one of this ledger"),
            Self::Replaced { entry, old_key, new_key } => write!(
                formatter,
                "key changed without the old key's signature: entry {entry} puts `{new_key}` in the place of `{old_key}`, which is lost or \
                 known to others; ask the people who keep the ledger, by another way than this file, and pin `{new_key}` by hand"
            ),
            Self::Revoked { entry, old_key, trusted_entries } => write!(
                formatter,
                "`{old_key}` is revoked for heads of more than {trusted_entries} entries, and named its successor in entry {entry}: ask the \
                 people who keep the ledger for the key in force, and pin it by hand"
            ),
            Self::NotSigned { entry, old_key, reason } => write!(
                formatter,
                "entry {entry} names another key, and the head that first covers it is not signed as it should be by `{old_key}`: {reason}"
            ),
        }
    }
}

/// All keys of one log, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHistory {
    first: VerifierKey,
    changes: Vec<KeyChange>,
}

impl KeyHistory {
    /// A log whose key is `first`, until a change is added.
    pub fn new(first: VerifierKey) -> Self {
        Self { first, changes: Vec::new() }
    }

    /// Adds the next change, in the order of the entries.
    ///
    /// # Errors
    ///
    /// [`Error::KeyChange`] for one that does not follow those before it.
    pub fn add(&mut self, change: KeyChange) -> Result<()> {
        let refuse = |reason| Err(Error::KeyChange { entry: change.entry, reason });
        if self.changes.last().is_some_and(|last| last.entry >= change.entry) {
            return refuse("it does not come after the change before it");
        }
        match (change.kind, change.trusted_entries) {
            (KeyChangeKind::Rotated, Some(_)) => {
                return refuse("a rotated key is believed as before");
            }
            (KeyChangeKind::Revoked, None) => return refuse("it does not say from where on"),
            (KeyChangeKind::Revoked, Some(trusted)) if trusted > change.entry => {
                return refuse("it believes heads that come after it");
            }
            _ => {}
        }
        match &change.new_key {
            Some(_) if change.old_key != *self.current() => {
                return refuse("the old key is not the one in force");
            }
            Some(new_key) if new_key.name() != self.first.name() => {
                return refuse("the new key has the name of another log");
            }
            Some(new_key) if self.holds(new_key) => {
                return refuse("the new key was one of this log before");
            }
            None if change.kind == KeyChangeKind::Rotated => {
                return refuse("there is no new key");
            }
            None if change.old_key == *self.current() => {
                return refuse("the key in force ends without another in its place");
            }
            None if !self.holds(&change.old_key) => {
                return refuse("the old key was never one of this log");
            }
            _ => {}
        }
        self.changes.push(change);
        Ok(())
    }

    /// The key that the log was created with.
    pub fn first(&self) -> &VerifierKey {
        &self.first
    }

    /// The key in force.
    pub fn current(&self) -> &VerifierKey {
        self.keys().last().unwrap_or(&self.first)
    }

    /// Every key, in order.
    pub fn keys(&self) -> impl Iterator<Item = &VerifierKey> {
        let later = self.changes.iter().filter_map(|change| change.new_key.as_ref());
        std::iter::once(&self.first).chain(later)
    }

    /// Every change, in order.
    pub fn changes(&self) -> &[KeyChange] {
        &self.changes
    }

    /// The changes by which a key took the place of another that signed it.
    pub fn rotations(&self) -> impl Iterator<Item = &KeyChange> {
        self.changes.iter().filter(|change| change.kind == KeyChangeKind::Rotated)
    }

    /// Whether `key` is or was one of this log.
    pub fn holds(&self, key: &VerifierKey) -> bool {
        self.keys().any(|known| known == key)
    }

    /// The key that signs the head of `size` entries.
    pub fn at(&self, size: u64) -> &VerifierKey {
        let before = self.changes.iter().filter(|change| change.size() <= size);
        before.filter_map(|change| change.new_key.as_ref()).next_back().unwrap_or(&self.first)
    }

    /// Entries up to which heads that `key` signed are believed; none where it was not revoked.
    pub fn trusted_entries(&self, key: &VerifierKey) -> Option<u64> {
        let revoked = self.changes.iter().filter(|change| change.old_key == *key);
        revoked.filter_map(|change| change.trusted_entries).min()
    }

    /// The head that `note` states, once it is signed by the key that signs heads of its size.
    ///
    /// # Errors
    ///
    /// Those of [`Checkpoint::open`].
    pub fn open(&self, note: &str) -> Result<Checkpoint> {
        let stated = Checkpoint::stated(note)?;
        Checkpoint::open(note, self.at(stated.size))
    }

    /// The keys by which somebody who trusts `trusted` comes to the one in force; none where it is in force. `signed` says what is wrong
    /// with the head that first covers a rotation, which the old key must have signed.
    ///
    /// # Errors
    ///
    /// Why nobody comes there.
    pub fn follow(
        &self,
        trusted: &VerifierKey,
        mut signed: impl FnMut(&KeyChange) -> std::result::Result<(), String>,
    ) -> std::result::Result<Vec<VerifierKey>, Unfollowed> {
        if !self.holds(trusted) {
            return Err(Unfollowed::Unknown);
        }
        let (mut at, mut followed) = (trusted, Vec::new());
        for change in &self.changes {
            let Some(new_key) = change.new_key.as_ref().filter(|_| change.old_key == *at) else {
                continue;
            };
            let (entry, old_key) = (change.entry, at.to_string());
            if change.kind == KeyChangeKind::Revoked {
                let new_key = new_key.to_string();
                return Err(Unfollowed::Replaced { entry, old_key, new_key });
            }
            if let Some(trusted_entries) =
                self.trusted_entries(at).filter(|trusted| *trusted < change.size())
            {
                return Err(Unfollowed::Revoked { entry, old_key, trusted_entries });
            }
            signed(change).map_err(|reason| Unfollowed::NotSigned { entry, old_key, reason })?;
            at = new_key;
            followed.push(new_key.clone());
        }
        Ok(followed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::key::LogKey;

    fn keys<const N: usize>() -> [VerifierKey; N] {
        std::array::from_fn(|_| LogKey::generate("example.org/log").unwrap().verifier().clone())
    }

    fn rotated(entry: u64, old: &VerifierKey, new: &VerifierKey) -> KeyChange {
        let (kind, old_key) = (KeyChangeKind::Rotated, old.clone());
        KeyChange { entry, kind, old_key, new_key: Some(new.clone()), trusted_entries: None }
    }

    fn revoked(entry: u64, old: &VerifierKey, new: Option<&VerifierKey>, from: u64) -> KeyChange {
        let (kind, old_key) = (KeyChangeKind::Revoked, old.clone());
        KeyChange { entry, kind, old_key, new_key: new.cloned(), trusted_entries: Some(from) }
    }

    fn history(changes: &[KeyChange], first: &VerifierKey) -> KeyHistory {
        let mut history = KeyHistory::new(first.clone());
        changes.iter().for_each(|change| history.add(change.clone()).unwrap());
        history
    }

    #[test]
    fn every_head_has_the_key_in_force_at_its_size() {
        let [a, b, c] = keys();
        let history = history(&[rotated(4, &a, &b), revoked(9, &b, Some(&c), 7)], &a);
        for (size, key) in [(1, &a), (4, &a), (5, &b), (9, &b), (10, &c), (1000, &c)] {
            assert_eq!(history.at(size), key, "{size}");
        }
        assert_eq!((history.first(), history.current()), (&a, &c));
        assert_eq!(history.keys().collect::<Vec<_>>(), [&a, &b, &c]);
        assert_eq!((history.trusted_entries(&a), history.trusted_entries(&b)), (None, Some(7)));
        assert_eq!(KeyHistory::new(a.clone()).at(7), &a);
    }

    #[test]
    fn a_rotation_is_followed_by_its_signature_and_by_nothing_else() {
        let [a, b, c, other] = keys();
        let twice = history(&[rotated(4, &a, &b), rotated(9, &b, &c)], &a);
        let follow = |from: &VerifierKey| twice.follow(from, |_| Ok(()));
        assert_eq!(follow(&a).unwrap(), [b.clone(), c.clone()]);
        assert_eq!(follow(&b).unwrap(), std::slice::from_ref(&c));
        assert_eq!(follow(&c).unwrap(), []);
        assert_eq!(follow(&other), Err(Unfollowed::Unknown));
        let mut asked = Vec::new();
        let unsigned = twice.follow(&a, |change| {
            asked.push(change.size());
            if change.entry == 9 { Err("nothing".to_owned()) } else { Ok(()) }
        });
        assert!(matches!(unsigned, Err(Unfollowed::NotSigned { entry: 9, .. })), "{unsigned:?}");
        assert_eq!(asked, [5, 10]);
    }

    #[test]
    fn nobody_follows_a_revoked_key() {
        let [a, b] = keys();
        let replaced = history(&[revoked(4, &a, Some(&b), 4)], &a);
        let found = replaced.follow(&a, |_| Ok(())).unwrap_err();
        assert_eq!(found.code(), "key_replaced");
        assert!(found.to_string().contains("without the old key's signature"), "{found}");
        assert_eq!(replaced.follow(&b, |_| Ok(())), Ok(Vec::new()));
        // Revoked later, for heads from before it named its successor, or only for heads after that.
        let late = |from| history(&[rotated(4, &a, &b), revoked(9, &a, None, from)], &a);
        assert_eq!(late(4).follow(&a, |_| Ok(())).unwrap_err().code(), "key_revoked");
        assert_eq!(late(5).follow(&a, |_| Ok(())).unwrap(), std::slice::from_ref(&b));
        assert_eq!(late(4).follow(&b, |_| Ok(())).unwrap(), []);
    }

    #[test]
    fn a_change_that_does_not_follow_is_refused() {
        let [a, b, c] = keys();
        let stranger = LogKey::generate("example.org/other").unwrap().verifier().clone();
        let wrong = [
            rotated(4, &c, &b),
            rotated(4, &a, &a),
            rotated(4, &a, &stranger),
            KeyChange { new_key: None, ..rotated(4, &a, &b) },
            KeyChange { trusted_entries: Some(1), ..rotated(4, &a, &b) },
            KeyChange { trusted_entries: None, ..revoked(4, &a, Some(&b), 1) },
            revoked(4, &a, Some(&b), 5),
            revoked(4, &a, None, 1),
            revoked(4, &c, None, 1),
        ];
        for change in wrong {
            let refused = KeyHistory::new(a.clone()).add(change.clone());
            assert!(matches!(refused, Err(Error::KeyChange { entry: 4, .. })), "{change:?}");
        }
        let mut once = history(&[rotated(4, &a, &b)], &a);
        assert!(once.add(rotated(4, &b, &c)).is_err(), "not after the one before");
        assert!(once.add(rotated(5, &b, &a)).is_err(), "a key never comes back");
        assert!(once.add(rotated(5, &b, &c)).is_ok());
    }

    #[test]
    fn a_head_opens_with_the_key_of_its_size() {
        let origin = "example.org/log";
        let [old, new] = [(); 2].map(|()| LogKey::generate(origin).unwrap());
        let head = |size| Checkpoint { origin: origin.to_owned(), size, root: [7; 32] };
        let changes = [rotated(4, old.verifier(), new.verifier())];
        let history = history(&changes, old.verifier());
        assert!(history.open(&head(4).sign(&old).unwrap()).is_ok());
        assert!(history.open(&head(4).sign(&new).unwrap()).is_err());
        assert!(history.open(&head(6).sign(&old).unwrap()).is_err());
        assert!(history.open(&head(6).sign(&new).unwrap()).is_ok());
        let both = head(5).sign_by_both(&old, &new).unwrap();
        assert!(history.open(&both).is_ok());
        assert!(Checkpoint::open(&both, old.verifier()).is_ok());
    }
}
