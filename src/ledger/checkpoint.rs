//! A checkpoint: the log's name, how many entries it has, and the root over them, as a signed note.
//!
//! Three lines (origin, size in decimal, root in base64), a blank line, the signatures. No extension lines.
//!
//! Source: <https://c2sp.org/tlog-checkpoint>.

use super::key::LogKey;
use super::note::{SignedNote, VerifierKey, decode_base64};
use super::tree::Hash;
use super::{Error, INTEGER_MAX, Result};
use base64ct::{Base64, Encoding as _};

/// The head of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: a schema-less URL such as `example.org/driftledger/<id>`.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the Merkle tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The signed note for this head.
    ///
    /// # Errors
    ///
    /// [`Error::OtherOrigin`] when `key` is of another log.
    pub fn sign(&self, key: &LogKey) -> Result<String> {
        let expected = key.verifier().name();
        if self.origin != expected {
            let (found, expected) = (self.origin.clone(), expected.to_owned());
            return Err(Error::OtherOrigin { found, expected });
        }
        Ok(key.sign_note(&self.text()))
    }

    /// The signed note for this head, signed by the key that gives way as well as by the one that follows it.
    ///
    /// # Errors
    ///
    /// [`Error::OtherOrigin`] when one of them is of another log.
    pub fn sign_by_both(&self, old: &LogKey, new: &LogKey) -> Result<String> {
        self.sign(new)?;
        Ok(self.sign(old)? + &new.signature_line(&self.text()))
    }

    /// The head that `note` states, once its signature by `key` verifies and its origin is the key's name.
    ///
    /// # Errors
    ///
    /// - [`Error::Format`], [`Error::TooLong`]: not a checkpoint.
    /// - [`Error::NotSigned`], [`Error::BadSignature`]: not signed by `key`.
    /// - [`Error::OtherOrigin`]: of another log.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self> {
        let note = SignedNote::parse(note)?;
        let head = Self::from_text(note.verify(key)?)?;
        if head.origin != key.name() {
            let expected = key.name().to_owned();
            return Err(Error::OtherOrigin { found: head.origin, expected });
        }
        Ok(head)
    }

    /// The head that `note` states. Nobody has verified who signed it.
    ///
    /// # Errors
    ///
    /// [`Error::Format`], [`Error::TooLong`]: not a checkpoint.
    pub fn stated(note: &str) -> Result<Self> {
        Self::from_text(SignedNote::parse(note)?.stated())
    }

    /// The text that is signed: origin, size and root, each on a line.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, Base64::encode_string(&self.root))
    }

    fn from_text(text: &str) -> Result<Self> {
        let malformed = |reason| Error::Format { document: "checkpoint", reason };
        let lines: Vec<_> = text.split('\n').collect();
        let [origin, size, root, ""] = lines[..] else {
            return Err(malformed("expected three lines: origin, size, root"));
        };
        if origin.is_empty() {
            return Err(malformed("the origin is empty"));
        }
        let size = parse_decimal(size).ok_or_else(|| malformed("the size is not a decimal"))?;
        let root =
            parse_hash(root).ok_or_else(|| malformed("the root is not 32 bytes in base64"))?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

/// A decimal without sign or leading zero, at most 2^53 − 1.
pub(super) fn parse_decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text && number <= INTEGER_MAX).then_some(number)
}

/// 32 bytes in base64.
pub(super) fn parse_hash(text: &str) -> Option<Hash> {
    decode_base64(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Checkpoint {
        let origin = "example.org/driftledger/test".to_owned();
        Checkpoint { origin, size: 20_852_163, root: [7; 32] }
    }

    #[test]
    fn a_checkpoint_opens_with_its_own_key_only() {
        let key = LogKey::generate("example.org/driftledger/test").unwrap();
        let note = head().sign(&key).unwrap();
        assert_eq!(Checkpoint::open(&note, key.verifier()).unwrap(), head());
        let same_name = LogKey::generate("example.org/driftledger/test").unwrap();
        let other = LogKey::generate("example.org/driftledger/other").unwrap();
        assert!(Checkpoint::open(&note, same_name.verifier()).is_err());
        assert!(Checkpoint::open(&note, other.verifier()).is_err());
        assert!(head().sign(&other).is_err());
    }

    #[test]
    fn a_checkpoint_that_both_keys_signed_opens_with_either() {
        let [old, new] =
            [(); 2].map(|()| LogKey::generate("example.org/driftledger/test").unwrap());
        let note = head().sign_by_both(&old, &new).unwrap();
        for key in [&old, &new] {
            assert_eq!(Checkpoint::open(&note, key.verifier()).unwrap(), head());
        }
        assert!(note.starts_with(&head().sign(&old).unwrap()), "the old one signs first");
        let other = LogKey::generate("example.org/driftledger/other").unwrap();
        assert!(head().sign_by_both(&old, &other).is_err());
        assert!(head().sign_by_both(&other, &new).is_err());
    }

    #[test]
    fn a_signed_text_that_is_not_a_checkpoint_is_refused() {
        let key = LogKey::generate("example.org/log").unwrap();
        let root = Base64::encode_string(&[7; 32]);
        let open = |text: &str| Checkpoint::open(&key.sign_note(text), key.verifier());
        open(&format!("example.org/log\n0\n{root}\n")).unwrap();
        for text in [
            format!("example.org/other\n1\n{root}\n"),
            format!("\n1\n{root}\n"),
            format!("example.org/log\n01\n{root}\n"),
            format!("example.org/log\n+1\n{root}\n"),
            format!("example.org/log\n\n{root}\n"),
            format!("example.org/log\n9007199254740992\n{root}\n"),
            format!("example.org/log\n1\n{}\n", &root[4..]),
            format!("example.org/log\n1\n{}\n", root.trim_end_matches('=')),
            format!("example.org/log\n1\n{root}\nextension\n"),
            "example.org/log\n1\n".to_owned(),
        ] {
            assert!(open(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_note_of_an_independent_signer_opens() {
        // Made by `tests/vectors/checkpoint.py` which signs by the formulas of RFC 8032 in plain Python.
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/checkpoint.json")).unwrap();
        let text = |field: &str| vector[field].as_str().unwrap().to_owned();
        let key: VerifierKey = text("vkey").parse().unwrap();
        let head = Checkpoint::open(&text("note"), &key).unwrap();
        assert_eq!(head.origin, text("origin"));
        assert_eq!(head.size, vector["size"].as_u64().unwrap());
        assert_eq!(hex::encode(head.root), text("root"));
    }
}
