//! A proof file: one entry's index, the hashes from its leaf to the root, and the checkpoint that states the root.
//!
//! Together with the leaf's bytes and the log's public key it proves, without any server, that the entry is in the log.
//!
//! Source: <https://c2sp.org/tlog-proof>.

use super::checkpoint::{Checkpoint, parse_decimal, parse_hash};
use super::note::{VerifierKey, decode_base64};
use super::tree::{self, Hash};
use super::{Error, Result};
use crate::digest::leaf_hash;
use base64ct::{Base64, Encoding as _};
use std::fmt::Write as _;

/// First line of every proof file.
pub const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// No tree of fewer than 2^64 entries needs more hashes.
const HASHES_MAX: usize = 64;

/// A proof that one entry is under one checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogProof {
    /// Position of the entry, from 0.
    pub index: u64,
    /// Hashes from the leaf's sibling to the root's child.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
    /// Bytes another program put along; nothing vouches for them.
    pub extra: Option<Vec<u8>>,
}

impl LogProof {
    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        if let Some(extra) = &self.extra {
            let _infallible = writeln!(text, "extra {}", Base64::encode_string(extra));
        }
        let _infallible = writeln!(text, "index {}", self.index);
        for hash in &self.hashes {
            let _infallible = writeln!(text, "{}", Base64::encode_string(hash));
        }
        text + "\n" + &self.checkpoint
    }

    /// Reads a proof file, strictly. Nothing is verified yet.
    ///
    /// # Errors
    ///
    /// [`Error::Format`].
    pub fn parse(text: &str) -> Result<Self> {
        let malformed = |reason| Error::Format { document: "proof", reason };
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or_else(|| malformed("no blank line before the checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(malformed("the first line is not `c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.map(|line| decode_base64(&line["extra ".len()..]));
        let extra = match extra {
            Some(None) => return Err(malformed("the extra data are not base64")),
            Some(found) => found,
            None => None,
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(parse_decimal).ok_or_else(|| malformed("no index line"))?;
        let hashes: Vec<Hash> = lines
            .map(|line| {
                parse_hash(line).ok_or_else(|| malformed("a hash is not 32 bytes in base64"))
            })
            .collect::<Result<_>>()?;
        if hashes.len() > HASHES_MAX {
            return Err(malformed("more hashes than any tree needs"));
        }
        Ok(Self { index, hashes, checkpoint: checkpoint.to_owned(), extra })
    }

    /// Verifies that `leaf` is the entry at [`Self::index`] of the log whose public key is `key`; gives the checkpoint it
    /// is under.
    ///
    /// # Errors
    ///
    /// Those of [`Checkpoint::open`] and [`tree::verify_inclusion`].
    pub fn verify(&self, leaf: &[u8], key: &VerifierKey) -> Result<Checkpoint> {
        let head = Checkpoint::open(&self.checkpoint, key)?;
        tree::verify_inclusion(&leaf_hash(leaf), self.index, head.size, &self.hashes, &head.root)?;
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::key::LogKey;

    fn example() -> (LogProof, LogKey) {
        let key = LogKey::generate("example.org/log").unwrap();
        let hashes: Vec<_> = [&b"a"[..], b"b", b"c"].map(leaf_hash).to_vec();
        let left = crate::digest::node_hash(&hashes[0], &hashes[1]);
        let root = crate::digest::node_hash(&left, &hashes[2]);
        let head = Checkpoint { origin: "example.org/log".into(), size: 3, root };
        let checkpoint = head.sign(&key).unwrap();
        (LogProof { index: 1, hashes: vec![hashes[0], hashes[2]], checkpoint, extra: None }, key)
    }

    #[test]
    fn a_proof_survives_its_file_and_verifies() {
        let (mut proof, key) = example();
        assert_eq!(LogProof::parse(&proof.to_text()).unwrap(), proof);
        assert_eq!(proof.verify(b"b", key.verifier()).unwrap().size, 3);
        assert!(proof.verify(b"a", key.verifier()).is_err());
        proof.extra = Some(b"hello".to_vec());
        let text = proof.to_text();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra aGVsbG8=\nindex 1\n"));
        assert_eq!(LogProof::parse(&text).unwrap(), proof);
    }

    #[test]
    fn no_flipped_byte_verifies() {
        let (proof, key) = example();
        let text = proof.to_text();
        for position in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] ^= 1;
            let Ok(changed) = String::from_utf8(changed) else { continue };
            let verified =
                LogProof::parse(&changed).and_then(|proof| proof.verify(b"b", key.verifier()));
            assert!(verified.is_err(), "byte {position}");
        }
    }

    #[test]
    fn malformed_files_are_refused() {
        let text = example().0.to_text();
        for (from, to) in [
            ("@v1", "@v2"),
            ("index 1", "index 01"),
            ("index 1", "Index 1"),
            ("index 1\n", ""),
            ("index 1", "extra ?\nindex 1"),
            ("index 1\n", "index 1\nAAAA\n"),
            ("\n\n", "\n"),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text);
            let parsed = LogProof::parse(&changed);
            assert!(parsed.is_err(), "{changed}");
        }
    }
}
