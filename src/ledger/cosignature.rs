//! Cosignatures: a witness's signature on a checkpoint, with the time at which it saw it.
//!
//! It says: as of that time, the largest tree that this witness has seen of that log, and found consistent with everything it saw
//! before, has this root. One line of the note, `— name base64(key id ‖ time ‖ Ed25519 signature)`; what is signed is
//! `cosignature/v1`, `time T` and the text of the checkpoint. Ed25519 (type 0x04) only.
//!
//! Source: <https://c2sp.org/tlog-cosignature>.

use super::checkpoint::Checkpoint;
use super::key::{read_private_key, save_private_key};
use super::note::{SignedNote, is_key_name, key_id, key_text, parse_key, signature_line};
use super::{Error, Result};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jiff::Timestamp;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

const COSIGNATURE: u8 = 0x04;
const TIME_BYTES: usize = 8;

/// The public half of a witness's key with the witness's name.
///
/// Its text form is `name+keyid+base64(0x04 ‖ public key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessVerifier {
    name: String,
    key: VerifyingKey,
}

impl WitnessVerifier {
    /// The witness's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key itself.
    pub(super) fn public_key(&self) -> &VerifyingKey {
        &self.key
    }

    /// When this witness cosigned `note`; the latest time if it did so more than once, `None` if it did not.
    ///
    /// # Errors
    ///
    /// [`Error::Format`], [`Error::TooLong`]: not a note. [`Error::BadSignature`]: a line that claims to be this witness's does not
    /// verify.
    pub fn cosigned_at(&self, note: &str) -> Result<Option<Timestamp>> {
        let note = SignedNote::parse(note)?;
        let mut newest = None;
        for line in note.signatures_by(&self.name, key_id(&self.name, COSIGNATURE, &self.key)) {
            let seconds = self.verify_line(note.stated(), line);
            let bad = || Error::BadSignature { name: self.name.clone() };
            let time = Timestamp::from_second(seconds.ok_or_else(bad)?);
            newest = newest.max(Some(time.map_err(|_beyond_the_calendar| bad())?));
        }
        Ok(newest)
    }

    /// The time inside of a line that verifies, in seconds since 1970.
    fn verify_line(&self, text: &str, line: &[u8]) -> Option<i64> {
        let (time, signature) = line.split_first_chunk::<TIME_BYTES>()?;
        let seconds = i64::try_from(u64::from_be_bytes(*time)).ok()?;
        let signature = Signature::from_slice(signature).ok()?;
        let verified = self.key.verify_strict(signed_text(seconds, text).as_bytes(), &signature);
        verified.is_ok().then_some(seconds)
    }
}

impl fmt::Display for WitnessVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&key_text(&self.name, COSIGNATURE, &self.key))
    }
}

impl FromStr for WitnessVerifier {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let other = "the key is not of type 0x04 (Ed25519 cosignature)";
        let (name, key) = parse_key(text, COSIGNATURE, other)?;
        Ok(Self { name, key })
    }
}

/// A witness's private key with its name. Debug output shows the public half only.
#[derive(Clone)]
pub struct WitnessKey {
    key: SigningKey,
    verifier: WitnessVerifier,
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WitnessKey")
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

impl WitnessKey {
    /// A new key for the witness called `name`.
    ///
    /// # Errors
    ///
    /// [`Error::Random`], and [`Error::Format`] when `name` is not a key name.
    pub fn generate(name: &str) -> Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(Error::Random)?;
        Self::new(name, SigningKey::from_bytes(&seed))
    }

    /// Reads the key of the witness called `name` from a PKCS#8 PEM file that only its owner may read.
    ///
    /// # Errors
    ///
    /// Those of [`super::key::LogKey::load`].
    pub fn load(path: &Path, name: &str) -> Result<Self> {
        Self::new(name, read_private_key(path)?)
    }

    /// Writes the key to a new file that only its owner may read.
    ///
    /// # Errors
    ///
    /// [`Error::KeyFile`]: the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        save_private_key(&self.key, path)
    }

    /// The public half.
    pub fn verifier(&self) -> &WitnessVerifier {
        &self.verifier
    }

    /// The line to add to the note of `checkpoint`, with a newline at its end. Times before 1970 count as 1970.
    pub fn cosign(&self, checkpoint: &Checkpoint, now: Timestamp) -> String {
        let seconds = now.as_second().max(0);
        let signature = self.key.sign(signed_text(seconds, &checkpoint.text()).as_bytes());
        let line = [&seconds.to_be_bytes()[..], &signature.to_bytes()].concat();
        let WitnessVerifier { name, key } = &self.verifier;
        signature_line(name, key_id(name, COSIGNATURE, key), &line)
    }

    fn new(name: &str, key: SigningKey) -> Result<Self> {
        if !is_key_name(name) {
            let reason = "the name is empty or holds a space, a control character or `+`";
            return Err(Error::Format { document: "witness key", reason });
        }
        let verifier = WitnessVerifier { name: name.to_owned(), key: key.verifying_key() };
        Ok(Self { key, verifier })
    }
}

fn signed_text(seconds: i64, text: &str) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::key::LogKey;

    fn example() -> (String, WitnessKey, Checkpoint) {
        let log = LogKey::generate("example.org/log").unwrap();
        let head = Checkpoint { origin: "example.org/log".into(), size: 3, root: [7; 32] };
        (head.sign(&log).unwrap(), WitnessKey::generate("witness.example/w1").unwrap(), head)
    }

    #[test]
    fn a_cosigned_note_still_opens_and_tells_the_time() {
        let (note, witness, head) = example();
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let cosigned = note.clone() + &witness.cosign(&head, now);
        assert_eq!(witness.verifier().cosigned_at(&cosigned).unwrap(), Some(now));
        assert_eq!(witness.verifier().cosigned_at(&note).unwrap(), None);
        let other = WitnessKey::generate("witness.example/w1").unwrap();
        assert_eq!(other.verifier().cosigned_at(&cosigned).unwrap(), None);
        let later = now + jiff::SignedDuration::from_mins(1);
        let twice = cosigned + &witness.cosign(&head, later);
        assert_eq!(witness.verifier().cosigned_at(&twice).unwrap(), Some(later));
    }

    #[test]
    fn a_cosignature_is_for_one_text_and_one_time() {
        let (note, witness, head) = example();
        let line = witness.cosign(&head, Timestamp::UNIX_EPOCH);
        let elsewhere = Checkpoint { size: 4, ..head };
        let wrong = note.clone() + &witness.cosign(&elsewhere, Timestamp::UNIX_EPOCH);
        let refused = witness.verifier().cosigned_at(&wrong);
        assert!(matches!(refused, Err(Error::BadSignature { .. })));
        // The first 4 bytes are the key id, the next 8 the time.
        let encoded = line.trim_end().rsplit(' ').next().unwrap();
        let mut bytes = super::super::note::decode_base64(encoded).unwrap();
        assert_eq!(bytes.len(), 4 + 8 + 64);
        bytes[11] ^= 1;
        let id = [bytes[0], bytes[1], bytes[2], bytes[3]];
        let altered = note + &signature_line("witness.example/w1", id, &bytes[4..]);
        assert!(witness.verifier().cosigned_at(&altered).is_err());
    }

    #[test]
    fn a_witness_key_has_its_own_type_and_survives_its_forms() {
        let (_, witness, _) = example();
        let text = witness.verifier().to_string();
        assert_eq!(text.parse::<WitnessVerifier>().unwrap(), *witness.verifier());
        assert!(text.parse::<super::super::note::VerifierKey>().is_err());
        let log = LogKey::generate("example.org/log").unwrap();
        assert!(log.verifier().to_string().parse::<WitnessVerifier>().is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("witness.pem");
        witness.save(&path).unwrap();
        let loaded = WitnessKey::load(&path, "witness.example/w1").unwrap();
        assert_eq!(loaded.verifier(), witness.verifier());
        assert!(WitnessKey::generate("two words").is_err());
    }
}
