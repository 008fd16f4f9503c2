//! The tamper-evident ledger: entry, Merkle tree, checkpoint, proof. Sees stored bytes and digests only.
//!
//! - An [`entry`] says who did what to which thing at what time, and holds the digest of its [`body`].
//! - The [`tree`] (RFC 6962) hashes all entries into one root; a [`checkpoint`] is that root, signed.
//! - A [`proof`] shows that one entry is under a checkpoint; it needs no server.
//! - A [`key_history`] says which key signs which checkpoints, where the log has had more than one.
//! - A [`cosignature`] is what a [`witness`] adds to a checkpoint; a [`trust_policy`] says whose count.
//! - A [`seal`] says which files an evidence pack holds.
//! - A [`time_stamp`] is what an authority outside states about a checkpoint: that it saw it at that time.
//! - An [`upgrade`] says what the tables of a store held before and after its schema changed.
//! - An [`envelope`] carries a document to other tools under the same key.
//!
//! This room must not know what is recorded: no models, no batches, no SQL. Start reading at [`entry::Entry`].

pub mod body;
pub mod checkpoint;
pub mod cosignature;
pub mod edge;
pub mod entry;
pub mod envelope;
pub mod key;
pub mod key_history;
pub mod model_key;
pub mod note;
pub mod proof;
pub mod seal;
pub mod tile;
pub mod time_stamp;
pub mod tree;
pub mod trust_policy;
pub mod upgrade;
pub mod witness;

use crate::digest;
use std::path::PathBuf;

/// The largest integer that every JSON reader holds exactly: 2^53 − 1 (RFC 7493 §2.2).
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// What can go wrong while something is entered into the ledger or verified.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value has no canonical JSON form.
    #[error(transparent)]
    Canonical(#[from] digest::Error),
    /// An entry's or a body's bytes are not the JSON that is expected.
    #[error("ledger {part} is not valid")]
    Malformed {
        /// `entry` or `body`.
        part: &'static str,
        /// What the JSON reader found.
        source: serde_json::Error,
    },
    /// The bytes differ from the canonical JSON of their own content.
    #[error("ledger {part} is not canonical JSON (RFC 8785)")]
    NotCanonical {
        /// `entry` or `body`.
        part: &'static str,
    },
    /// An entry or a body is longer than allowed.
    #[error("ledger {part} has {found} bytes, expected at most {allowed}")]
    TooLong {
        /// `entry`, `body` or `note`.
        part: &'static str,
        /// Its length in bytes.
        found: usize,
        /// The longest allowed, in bytes.
        allowed: usize,
    },
    /// One field of an entry or a body holds a value that is not allowed there.
    #[error("ledger field `{field}` holds `{found}`, expected {expected}")]
    Field {
        /// The field.
        field: &'static str,
        /// What it holds.
        found: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// The entry type is not one this program knows.
    #[error("unknown entry type `{0}`")]
    UnknownType(String),
    /// A tree does not have this entry or this size.
    #[error("position {position} is beyond the tree's size {size}")]
    OutOfRange {
        /// The entry's index or the smaller size that was asked for.
        position: u64,
        /// The size of the tree.
        size: u64,
    },
    /// A proof's hashes do not lead to the root.
    #[error("{proof} proof does not lead to the root")]
    ProofFails {
        /// `inclusion` or `consistency`.
        proof: &'static str,
    },
    /// A signed note, a key or a proof file breaks its format.
    #[error("malformed {document}: {reason}")]
    Format {
        /// `note`, `checkpoint`, `verifier key` or `proof`.
        document: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The note has no signature by the expected key.
    #[error("note is not signed by `{name}` with key id {key_id}")]
    NotSigned {
        /// The key's name.
        name: String,
        /// The key's id, eight hexadecimal digits.
        key_id: String,
    },
    /// The note has a signature by the expected key that does not verify.
    #[error("signature of `{name}` does not verify")]
    BadSignature {
        /// The key's name.
        name: String,
    },
    /// A checkpoint belongs to another log.
    #[error("checkpoint is of `{found}`, expected `{expected}`")]
    OtherOrigin {
        /// The origin it names.
        found: String,
        /// The origin that was expected.
        expected: String,
    },
    /// What an entry says about the keys of the log does not follow what was said before.
    #[error("entry {entry} does not follow the keys before it: {reason}")]
    KeyChange {
        /// Index of the entry.
        entry: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A policy file breaks its format.
    #[error("trust policy, line {line}: {reason}")]
    TrustPolicy {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Too few of the witnesses that a policy names have cosigned.
    #[error(
        "the checkpoint of {size} entries was cosigned by {by}, which is not the quorum `{quorum}`"
    )]
    QuorumNotMet {
        /// Entries under the checkpoint.
        size: u64,
        /// The quorum's name.
        quorum: String,
        /// Who did cosign.
        by: String,
    },
    /// A time stamp, its query or the roots it is held against are not as they must be.
    #[error("{0}")]
    TimeStamp(String),
    /// The operating system's random source failed.
    #[error("no random bytes from the operating system")]
    Random(#[source] getrandom::Error),
    /// The key file cannot be read or written.
    #[error("cannot use key file `{}`", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The key file may be read by others than its owner.
    #[error("key file `{}` has mode {mode:o}, expected 600; run chmod 600 on it", path.display())]
    KeyExposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file holds no P-256 private key in PKCS#8 PEM.
    #[error("key file `{}` holds no P-256 private key (PKCS#8 PEM)", path.display())]
    ModelKeyMalformed {
        /// The file.
        path: PathBuf,
    },
    /// The key file holds no Ed25519 private key in PKCS#8 PEM.
    #[error("key file `{}` holds no Ed25519 private key (PKCS#8 PEM)", path.display())]
    KeyMalformed {
        /// The file.
        path: PathBuf,
    },
}

/// Shorthand for results of this room.
pub type Result<T> = std::result::Result<T, Error>;

/// Whether `text` is `digits` lowercase hexadecimal digits.
fn is_lower_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
