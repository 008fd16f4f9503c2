//! Signed notes and verifier keys (C2SP signed-note): text, a blank line, one line per signature.
//!
//! Only Ed25519 signatures (type 0x01) are made and verified. Signature lines of other keys are kept and ignored, as the
//! format demands: they may be a witness's, or a later algorithm's.
//!
//! Source: <https://c2sp.org/signed-note>.

use super::{Error, Result, is_lower_hex};
use crate::digest::sha256;
use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use std::fmt;
use std::str::FromStr;

/// The longest note, in bytes: room for more than 16 post-quantum signatures of 5 kB.
pub const NOTE_MAX: usize = 128 * 1024;

const ED25519: u8 = 0x01;
const SIGNATURE_START: &str = "\u{2014} ";

/// The public half of a log's key with the log's name: what a verifier must hold.
///
/// Its text form is `name+keyid+base64(0x01 ‖ public key)`.
///
/// ```
/// let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
/// let key: driftledger::ledger::note::VerifierKey = text.parse().unwrap();
/// assert_eq!(key.to_string(), text);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// A key under a name.
    ///
    /// # Errors
    ///
    /// [`Error::Format`] when the name is empty or holds a space, a control character or `+`.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self> {
        if !is_key_name(name) {
            let reason = "the name is empty or holds a space, a control character or `+`";
            return Err(Error::Format { document: "verifier key", reason });
        }
        Ok(Self { name: name.to_owned(), key })
    }

    /// The key's name; for a log, its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key).
    pub fn key_id(&self) -> [u8; 4] {
        key_id(&self.name, ED25519, &self.key)
    }

    /// The public key itself.
    pub(super) fn public_key(&self) -> &VerifyingKey {
        &self.key
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&key_text(&self.name, ED25519, &self.key))
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, key) = parse_key(text, ED25519, "the key is not of type 0x01 (Ed25519)")?;
        Self::new(&name, key)
    }
}

/// The first four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key).
pub(super) fn key_id(name: &str, kind: u8, key: &VerifyingKey) -> [u8; 4] {
    let named = [name.as_bytes(), b"\n", &[kind], key.as_bytes()].concat();
    let [a, b, c, d, ..] = sha256(&named);
    [a, b, c, d]
}

/// `name+keyid+base64(type ‖ public key)`.
pub(super) fn key_text(name: &str, kind: u8, key: &VerifyingKey) -> String {
    let typed = Base64::encode_string(&[&[kind], &key.as_bytes()[..]].concat());
    format!("{name}+{}+{typed}", hex::encode(key_id(name, kind, key)))
}

/// Name and public key in the text form of a key of type `kind`.
pub(super) fn parse_key(
    text: &str,
    kind: u8,
    other_kind: &'static str,
) -> Result<(String, VerifyingKey)> {
    let malformed = |reason| Error::Format { document: "verifier key", reason };
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(malformed("expected name+keyid+key"));
    };
    if !is_lower_hex(id, 8) {
        return Err(malformed("the key id is not 8 lowercase hexadecimal digits"));
    }
    let bytes = decode_base64(key).ok_or_else(|| malformed("the key is not base64"))?;
    let Some((found, public)) = bytes.split_first() else {
        return Err(malformed("the key is empty"));
    };
    if *found != kind {
        return Err(malformed(other_kind));
    }
    let key = public.try_into().ok().and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
    let key = key.filter(|key| !key.is_weak());
    let key = key.ok_or_else(|| malformed("the key is not an Ed25519 public key"))?;
    if !is_key_name(name) {
        return Err(malformed("the name is empty or holds a space, a control character or `+`"));
    }
    if hex::encode(key_id(name, kind, &key)) != id {
        return Err(malformed("the key id does not belong to this name and key"));
    }
    Ok((name.to_owned(), key))
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SignatureLine {
    name: String,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

/// A note that was read but whose text is not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl SignedNote {
    /// Reads a note, strictly.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] beyond [`NOTE_MAX`]; [`Error::Format`] for everything else.
    pub fn parse(note: &str) -> Result<Self> {
        Self::parse_up_to(note, NOTE_MAX)
    }

    /// Reads a note of at most `allowed` bytes, strictly.
    pub(super) fn parse_up_to(note: &str, allowed: usize) -> Result<Self> {
        let malformed = |reason| Error::Format { document: "note", reason };
        if note.len() > allowed {
            return Err(Error::TooLong { part: "note", found: note.len(), allowed });
        }
        if note.chars().any(|found| found < ' ' && found != '\n') {
            return Err(malformed("a control character other than newline"));
        }
        let blank = note.rfind("\n\n").ok_or_else(|| malformed("no blank line"))?;
        let (text, rest) = (&note[..=blank], &note[blank + 2..]);
        let lines = rest.strip_suffix('\n').ok_or_else(|| malformed("no newline at the end"))?;
        let signatures = lines.split('\n').map(parse_signature).collect::<Option<_>>();
        let signatures = signatures.ok_or_else(|| malformed("a signature line is not valid"))?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text, whoever signed it or nobody.
    pub(super) fn stated(&self) -> &str {
        &self.text
    }

    /// The signatures under `name` and `key_id`, in order, unverified.
    pub(super) fn signatures_by(&self, name: &str, key_id: [u8; 4]) -> impl Iterator<Item = &[u8]> {
        let lines = self.signatures.iter();
        let own = lines.filter(move |line| line.name == name && line.key_id == key_id);
        own.map(|line| line.signature.as_slice())
    }

    /// The text, once a signature by `key` verifies. Every signature that claims to be by `key` must.
    ///
    /// # Errors
    ///
    /// [`Error::NotSigned`] when there is none by `key`; [`Error::BadSignature`] when one does not verify.
    pub fn verify(&self, key: &VerifierKey) -> Result<&str> {
        let (name, key_id) = (key.name(), key.key_id());
        let mut signed = false;
        for signature in self.signatures_by(name, key_id) {
            Signature::from_slice(signature)
                .and_then(|signature| key.key.verify_strict(self.text.as_bytes(), &signature))
                .map_err(|_refused| Error::BadSignature { name: name.to_owned() })?;
            signed = true;
        }
        if !signed {
            let key_id = hex::encode(key_id);
            return Err(Error::NotSigned { name: name.to_owned(), key_id });
        }
        Ok(&self.text)
    }
}

/// `text` with one signature under `name`; `text` ends in a newline.
pub(super) fn sign(text: &str, key: &SigningKey, verifier: &VerifierKey) -> String {
    let signature = key.sign(text.as_bytes()).to_bytes();
    format!("{text}\n{}", signature_line(verifier.name(), verifier.key_id(), &signature))
}

/// `— name base64(key id ‖ signature)` and a newline.
pub(super) fn signature_line(name: &str, key_id: [u8; 4], signature: &[u8]) -> String {
    let encoded = Base64::encode_string(&[&key_id[..], signature].concat());
    format!("{SIGNATURE_START}{name} {encoded}\n")
}

fn parse_signature(line: &str) -> Option<SignatureLine> {
    let (name, encoded) = line.strip_prefix(SIGNATURE_START)?.split_once(' ')?;
    let bytes = decode_base64(encoded)?;
    let (key_id, signature) = bytes.split_first_chunk::<4>()?;
    if !is_key_name(name) || signature.is_empty() {
        return None;
    }
    Some(SignatureLine { name: name.to_owned(), key_id: *key_id, signature: signature.to_vec() })
}

pub(super) fn is_key_name(name: &str) -> bool {
    let excluded = |found: char| found.is_whitespace() || found.is_control() || found == '+';
    !name.is_empty() && !name.contains(excluded)
}

/// Standard base64 with padding; only the one encoding that every byte string has.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = Base64::decode_vec(text).ok()?;
    (Base64::encode_string(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of Go's golang.org/x/mod/sumdb/note documentation: key pair, text and signature.
    const SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                        then you don't know what your problem is.\n";
    const SIGNATURE: &str = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf\
                             qdngotpRZb6KE6RyyBwJnAM=";

    fn example_note() -> String {
        format!("{TEXT}\n\u{2014} PeterNeumann {SIGNATURE}\n")
    }

    #[test]
    fn the_published_example_is_signed_byte_for_byte() {
        let seed = decode_base64(SEED).unwrap();
        let key = SigningKey::from_bytes(seed[1..].try_into().unwrap());
        let verifier = VerifierKey::new("PeterNeumann", key.verifying_key()).unwrap();
        assert_eq!(verifier.to_string(), VERIFIER);
        assert_eq!(sign(TEXT, &key, &verifier), example_note());
    }

    #[test]
    fn the_published_example_verifies_and_no_changed_byte_does() {
        let key: VerifierKey = VERIFIER.parse().unwrap();
        let note = example_note();
        assert_eq!(SignedNote::parse(&note).unwrap().verify(&key).unwrap(), TEXT);
        for position in 0..note.len() {
            let mut changed = note.clone().into_bytes();
            changed[position] ^= 1;
            let Ok(changed) = String::from_utf8(changed) else { continue };
            let opened = SignedNote::parse(&changed).and_then(|note| note.verify(&key).map(drop));
            assert!(opened.is_err(), "byte {position}");
        }
    }

    #[test]
    fn unknown_signatures_are_ignored_and_broken_ones_of_a_known_key_are_not() {
        let key: VerifierKey = VERIFIER.parse().unwrap();
        let other = "\u{2014} witness.example/w1 AAAAAAEC\n";
        let note = example_note() + other;
        SignedNote::parse(&note).unwrap().verify(&key).unwrap();
        let only_other = format!("{TEXT}\n{other}");
        let refused = SignedNote::parse(&only_other).unwrap().verify(&key).map(drop);
        assert!(matches!(refused, Err(Error::NotSigned { .. })));
        let twice = format!("{}\u{2014} PeterNeumann x08gowEC\n", example_note());
        let refused = SignedNote::parse(&twice).unwrap().verify(&key).map(drop);
        assert!(matches!(refused, Err(Error::BadSignature { .. })));
    }

    #[test]
    fn malformed_notes_are_refused() {
        let good = example_note();
        let no_end = good.trim_end().to_owned();
        for note in [
            String::new(),
            TEXT.to_owned(),
            format!("{TEXT}\n"),
            no_end,
            good.replace('\n', "\r\n"),
            good.replace("\u{2014} ", "- "),
            good.replace("\u{2014} Peter", "\u{2014} Pe+ter"),
            good.replace("Neumann ", "Neumann  "),
            format!("{good}\n"),
            format!("{good}text\n"),
            "x".repeat(NOTE_MAX) + &good,
        ] {
            assert!(SignedNote::parse(&note).is_err(), "{note:.200}");
        }
    }

    #[test]
    fn every_mangled_verifier_key_is_refused() {
        for start in 0..VERIFIER.len() {
            for end in start..VERIFIER.len() {
                assert!(VERIFIER[start..end].parse::<VerifierKey>().is_err());
            }
        }
        for position in 0..VERIFIER.len() {
            let mut changed = VERIFIER.as_bytes().to_vec();
            changed[position] += 1;
            let changed = String::from_utf8(changed).unwrap();
            assert!(changed.parse::<VerifierKey>().is_err(), "{changed}");
        }
    }
}
