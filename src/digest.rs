//! BLAKE3, SHA-256 and its longer kin, and canonical JSON (RFC 8785): the only place that hashes.

use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::io::Read;
use std::sync::mpsc::sync_channel;

/// Bytes that are read at once: enough that threads meet rarely, little enough to stay in the processor's cache.
const PIECE_BYTES: usize = 512 * 1024;
/// Pieces in memory: one being read, one waiting, one being hashed.
const PIECES: usize = 3;

/// HMAC-SHA256 (RFC 2104) of `bytes` under `key`.
pub fn hmac_sha256(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&sha256(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = sha256(&[padded(0x36).as_slice(), bytes].concat());
    sha256(&[padded(0x5c).as_slice(), inner.as_slice()].concat())
}

/// The SHA-256 of `bytes`, raw.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(bytes).into()
}

/// The SHA-384 of `bytes`, raw.
pub fn sha384(bytes: &[u8]) -> [u8; 48] {
    sha2::Sha384::digest(bytes).into()
}

/// The SHA-512 of `bytes`, raw.
pub fn sha512(bytes: &[u8]) -> [u8; 64] {
    sha2::Sha512::digest(bytes).into()
}

/// The SHA-1 of `bytes`, raw: by which older time stamps name a certificate. It proves nothing.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    sha1::Sha1::digest(bytes).into()
}

/// The SHA-256 of `bytes`, as 64 lowercase hexadecimal digits.
///
/// ```
/// assert!(driftledger::digest::sha256_hex(b"").starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
/// ```
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(sha256(bytes))
}

/// The hash of a Merkle leaf: SHA-256 of `0x00` and the leaf's bytes (RFC 6962 §2.1).
///
/// ```
/// assert!(hex::encode(driftledger::digest::leaf_hash(b"")).starts_with("6e340b9cffb37a98"));
/// ```
pub fn leaf_hash(leaf: &[u8]) -> [u8; 32] {
    let mut hasher = sha2::Sha256::new();
    hasher.update([0x00]);
    hasher.update(leaf);
    hasher.finalize().into()
}

/// The hash of an inner Merkle node: SHA-256 of `0x01` and both children (RFC 6962 §2.1).
pub fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut hasher = sha2::Sha256::new();
    hasher.update([0x01]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// The BLAKE3 of `bytes`, as 64 lowercase hexadecimal digits.
pub fn blake3_hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// 64 bits of the BLAKE3 of `bytes` under `key`: compact, the same on every machine, and under another key another number.
pub fn keyed_u64(key: &[u8; 32], bytes: &[u8]) -> u64 {
    let digest = blake3::keyed_hash(key, bytes);
    let [a, b, c, d, e, f, g, h, ..] = *digest.as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Both digests and the length of one run of bytes: what `b3sum` and `sha256sum` print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContentDigest {
    /// Length in bytes.
    pub bytes: u64,
    /// BLAKE3, 64 lowercase hexadecimal digits.
    pub blake3: String,
    /// SHA-256, 64 lowercase hexadecimal digits.
    pub sha256: String,
}

impl ContentDigest {
    /// Digests `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = ContentHasher::new();
        hasher.update(bytes);
        hasher.finish()
    }
}

/// Bytes from which the two digests of one piece are computed side by side.
const SIDE_BY_SIDE_MIN: usize = 128 * 1024;

/// Computes both digests of a stream in one read.
#[derive(Clone, Debug, Default)]
pub struct ContentHasher {
    bytes: u64,
    blake3: blake3::Hasher,
    sha256: sha2::Sha256,
}

impl ContentHasher {
    /// An empty hasher.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next bytes of the stream.
    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let (blake3, sha256) = (&mut self.blake3, &mut self.sha256);
        if bytes.len() < SIDE_BY_SIDE_MIN {
            blake3.update(bytes);
            sha256.update(bytes);
        } else {
            rayon::join(|| sha256.update(bytes), || blake3.update(bytes).count());
        }
    }

    /// Adds everything `source` holds, read by a thread of its own while the last piece is hashed; `progress` is called with the
    /// number of bytes of each piece.
    ///
    /// # Errors
    ///
    /// Those of reading `source`.
    pub fn read(
        &mut self,
        mut source: impl Read + Send,
        mut progress: impl FnMut(u64),
    ) -> std::io::Result<()> {
        std::thread::scope(|scope| {
            let (send, pieces) = sync_channel::<std::io::Result<Vec<u8>>>(1);
            let (give_back, used) = sync_channel::<Vec<u8>>(PIECES);
            scope.spawn(move || {
                for number in 0_usize.. {
                    let fresh = (number < PIECES).then(|| vec![0; PIECE_BYTES]);
                    let Some(buffer) = fresh.or_else(|| used.recv().ok()) else { return };
                    let piece = fill(&mut source, buffer);
                    let is_last = piece.as_ref().map_or(true, Vec::is_empty);
                    if send.send(piece).is_err() || is_last {
                        return;
                    }
                }
            });
            for piece in pieces {
                let piece = piece?;
                if !piece.is_empty() {
                    self.update(&piece);
                    progress(piece.len() as u64);
                }
                // After the last piece nobody takes buffers back.
                let _ = give_back.send(piece);
            }
            Ok(())
        })
    }

    /// The digests of all bytes given so far.
    pub fn finish(self) -> ContentDigest {
        ContentDigest {
            bytes: self.bytes,
            blake3: self.blake3.finalize().to_hex().to_string(),
            sha256: hex::encode(self.sha256.finalize()),
        }
    }
}

/// The next bytes of `source` in `buffer`, as many as fit; none at the end.
fn fill(source: &mut impl Read, mut buffer: Vec<u8>) -> std::io::Result<Vec<u8>> {
    buffer.resize(PIECE_BYTES, 0);
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    buffer.truncate(filled);
    Ok(buffer)
}

/// BLAKE3 in `derive_key` mode: digests under one context never meet digests under another.
///
/// `context` is a constant of the program, unique in the world and never built from data.
#[derive(Clone, Debug)]
pub struct ContextHasher(blake3::Hasher);

impl ContextHasher {
    /// An empty hasher under `context`.
    pub fn new(context: &str) -> Self {
        Self(blake3::Hasher::new_derive_key(context))
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(bytes);
        self
    }

    /// The 32-byte digest of all bytes given so far.
    pub fn finish(&self) -> [u8; 32] {
        self.0.finalize().into()
    }

    /// The extended output of all bytes given so far as an endless row of 64-bit numbers, lowest byte first.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        let mut output = self.0.finalize_xof();
        std::iter::repeat_with(move || {
            let mut number = [0; 8];
            output.fill(&mut number);
            u64::from_le_bytes(number)
        })
    }

    /// Fills `output` with the extended output of all bytes given so far; it starts with the digest.
    pub fn fill(&self, output: &mut [u8]) {
        self.0.finalize_xof().fill(output);
    }
}

/// Why a value has no canonical JSON.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not representable: for example a number that is not finite, or a map whose keys are not text.
    #[error("value has no canonical JSON form")]
    NotCanonical(#[source] serde_json::Error),
}

/// The canonical JSON (RFC 8785) bytes of `value`: written once, hashed, stored, never re-serialised.
///
/// # Errors
///
/// [`Error::NotCanonical`] when the value holds a number that is not finite or cannot be serialised.
///
/// ```
/// let bytes = driftledger::digest::canonical_json(&serde_json::json!({"b": 1.0, "a": "x"})).unwrap();
/// assert_eq!(bytes, br#"{"a":"x","b":1}"#);
/// ```
pub fn canonical_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    serde_json_canonicalizer::to_vec(&value).map_err(Error::NotCanonical)
}

/// What a reader of JSON says, in words of JSON: what it calls a struct is an object, and what it counts is a list.
///
/// ```
/// let error = serde_json::from_str::<Vec<bool>>("{").unwrap_err();
/// assert!(driftledger::digest::json_error(&error).starts_with("invalid type: map, expected a list"));
/// ```
pub fn json_error(error: &impl std::fmt::Display) -> String {
    let said = error.to_string();
    let Some((found, rest)) = said.split_once(", expected struct ") else {
        return said.replace("expected a sequence", "expected a list");
    };
    let found = if found.contains("invalid length") { "found a list" } else { found };
    let place = rest.find(" at line ").map_or("", |at| &rest[at..]);
    format!("{}, expected an object `{{…}}`{place}", found.replace("invalid type: ", "found "))
}

/// The canonical JSON of a `value` whose type already has it: fields in the order of their names, texts, and integers within ±2^53.
///
/// A tenth of the work of [`canonical_json`], which sorts every object; a type that uses it has a test that both agree.
///
/// # Errors
///
/// [`Error::NotCanonical`] when the value cannot be serialised.
///
/// ```
/// use driftledger::digest::{canonical_json, ordered_json};
/// assert_eq!(ordered_json(&[1, 2]).unwrap(), canonical_json(&[1, 2]).unwrap());
/// ```
pub fn ordered_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(Error::NotCanonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 2 and 6.
    #[test]
    fn an_hmac_is_that_of_rfc_4231() {
        let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex::encode(mac), expected);
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        assert_eq!(hex::encode(hmac_sha256(&[0xaa; 131], text)), expected);
    }
}
