//! The seal of an evidence pack: which files it holds, each by its SHA-256, as a signed note of the ledger's key.
//!
//! The list of files that a pack brings along is rewritten by whoever changes the pack; this one is not. Its lines are those of
//! `sha256sum`. The first line is no origin and the text has more lines than a checkpoint, so that no program takes the one for the other.
//!
//! Source: <https://c2sp.org/signed-note>.

use super::checkpoint::parse_decimal;
use super::key::LogKey;
use super::note::{SignedNote, VerifierKey};
use super::{Error, Result, is_lower_hex};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// First line of every seal.
pub const FIRST_LINE: &str = "driftledger/evidence-seal/v1";

/// Kind of the subject by which an entry says that packs have a seal from it on.
pub const SUBJECT: &str = "evidence_seal";

/// The longest seal, in bytes: some hundred thousand files.
const SEAL_MAX: usize = 64 * 1024 * 1024;

/// Which files a pack holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Name of the ledger.
    pub origin: String,
    /// Number of entries under the checkpoint of the pack.
    pub size: u64,
    /// SHA-256 of every file but the seal itself, by name: 64 lowercase hexadecimal digits.
    pub files: BTreeMap<String, String>,
}

impl Seal {
    /// The signed note.
    ///
    /// ```
    /// use driftledger::ledger::{key::LogKey, seal::Seal};
    /// let key = LogKey::generate("example.org/log").unwrap();
    /// let files = [("README.txt".to_owned(), "0".repeat(64))].into();
    /// let seal = Seal { origin: "example.org/log".to_owned(), size: 3, files };
    /// assert_eq!(Seal::open(&seal.sign(&key), key.verifier()).unwrap(), seal);
    /// ```
    pub fn sign(&self, key: &LogKey) -> String {
        key.sign_note(&self.text())
    }

    /// What `note` lists, once its signature by `key` verifies.
    ///
    /// # Errors
    ///
    /// [`Error::Format`], [`Error::TooLong`]: no seal. [`Error::NotSigned`], [`Error::BadSignature`]: not signed by `key`.
    /// [`Error::OtherOrigin`]: of another ledger.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self> {
        let note = SignedNote::parse_up_to(note, SEAL_MAX)?;
        let text = note.verify(key)?;
        let seal = Self::from_text(text)
            .filter(|seal| seal.text() == text)
            .ok_or(Error::Format { document: "seal", reason: "expected digests and names" })?;
        if seal.origin != key.name() {
            let expected = key.name().to_owned();
            return Err(Error::OtherOrigin { found: seal.origin, expected });
        }
        Ok(seal)
    }

    fn text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n{}\n{}\n", self.origin, self.size);
        for (name, sha256) in &self.files {
            let _infallible = writeln!(text, "{sha256}  {name}");
        }
        text
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next()? != FIRST_LINE {
            return None;
        }
        let (origin, size) = (lines.next()?.to_owned(), parse_decimal(lines.next()?)?);
        let file = |line: &str| {
            let (sha256, name) = line.split_once("  ")?;
            is_lower_hex(sha256, 64).then(|| (name.to_owned(), sha256.to_owned()))
        };
        Some(Self { origin, size, files: lines.map(file).collect::<Option<_>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::checkpoint::Checkpoint;

    const ORIGIN: &str = "example.org/log";

    fn seal() -> Seal {
        let files = ["MANIFEST.json", "entries.jsonl", "records/a/b c.json"];
        let files = files.into_iter().zip(["1", "2", "3"]);
        let files = files.map(|(name, digit)| (name.to_owned(), digit.repeat(64))).collect();
        Seal { origin: ORIGIN.to_owned(), size: 7, files }
    }

    #[test]
    fn no_changed_byte_of_a_seal_is_believed() {
        let key = LogKey::generate(ORIGIN).unwrap();
        let note = seal().sign(&key);
        for place in 0..note.len() {
            let mut changed = note.clone().into_bytes();
            changed[place] ^= 1;
            let Ok(changed) = String::from_utf8(changed) else { continue };
            assert!(Seal::open(&changed, key.verifier()).is_err(), "byte {place}");
        }
        let other = LogKey::generate(ORIGIN).unwrap();
        assert!(Seal::open(&note, other.verifier()).is_err());
    }

    #[test]
    fn a_seal_is_no_checkpoint_and_a_checkpoint_no_seal() {
        let key = LogKey::generate(ORIGIN).unwrap();
        for files in [seal().files, BTreeMap::new()] {
            let note = Seal { files, ..seal() }.sign(&key);
            assert!(Checkpoint::open(&note, key.verifier()).is_err());
            assert!(Checkpoint::stated(&note).is_err());
        }
        let head = Checkpoint { origin: ORIGIN.to_owned(), size: 7, root: [7; 32] };
        assert!(Seal::open(&head.sign(&key).unwrap(), key.verifier()).is_err());
    }

    #[test]
    fn a_signed_text_that_lists_no_files_is_refused() {
        let key = LogKey::generate(ORIGIN).unwrap();
        let (digest, good) = ("1".repeat(64), seal().text());
        for text in [
            good.replace("v1", "v2"),
            good.replace("\n7\n", "\n07\n"),
            good.replace("example.org/log", "example.org/other"),
            good.replace(&digest, "11"),
            good.clone() + &format!("{digest}  MANIFEST.json\n"),
            good.clone() + &format!("{digest}  A\n"),
            good.replace("  entries", " entries"),
        ] {
            assert!(Seal::open(&key.sign_note(&text), key.verifier()).is_err(), "{text}");
        }
        assert_eq!(Seal::open(&key.sign_note(&good), key.verifier()).unwrap(), seal());
    }
}
