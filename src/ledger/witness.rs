//! What a log and a witness say to each other: `POST <prefix>/add-checkpoint`.
//!
//! The log sends `old N`, the hashes that show that its first N entries are unchanged, a blank line, and its checkpoint; the
//! witness holds that against the newest checkpoint it cosigned and cosigns, or says by its status why not.
//!
//! Source: <https://c2sp.org/tlog-witness>.

use super::checkpoint::{Checkpoint, parse_decimal, parse_hash};
use super::note::VerifierKey;
use super::tree::{self, Hash};
use super::{Error, Result};
use base64ct::{Base64, Encoding as _};
use std::fmt::Write as _;

/// No proof has more hashes.
const HASHES_MAX: usize = 63;

/// A checkpoint on its way to a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Entries of the newest checkpoint that the witness is believed to have cosigned; 0 for none.
    pub old_size: u64,
    /// From those entries to the checkpoint's.
    pub proof: Vec<Hash>,
    /// The signed note.
    pub checkpoint: String,
}

/// Why a witness does not cosign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 400: not a submission, or the old size is above the checkpoint's.
    Malformed(String),
    /// 403: not signed by the key that is trusted for this log.
    NotSigned,
    /// 404: a log this witness does not know.
    UnknownLog,
    /// 409: the witness cosigned another checkpoint last; it has this many entries.
    Conflict(u64),
    /// 422: the hashes do not show that the log only grew.
    NotConsistent,
}

impl Submission {
    /// The body of the request.
    pub fn to_text(&self) -> String {
        let mut text = format!("old {}\n", self.old_size);
        for hash in &self.proof {
            let _infallible = writeln!(text, "{}", Base64::encode_string(hash));
        }
        text + "\n" + &self.checkpoint
    }

    /// Reads the body of a request, strictly. Nothing is verified yet.
    ///
    /// # Errors
    ///
    /// [`Error::Format`].
    ///
    /// ```
    /// use driftledger::ledger::witness::Submission;
    /// let read = Submission::parse("old 0\n\nexample.org/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— a AAAAAAE=\n").unwrap();
    /// assert_eq!(read.old_size, 0);
    /// assert!(Submission::parse("old 00\n\n").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let malformed = |reason| Error::Format { document: "submission", reason };
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or_else(|| malformed("no blank line"))?;
        let mut lines = head.split('\n');
        let old_size = lines.next().and_then(|line| line.strip_prefix("old "));
        let old_size = old_size.and_then(parse_decimal);
        let old_size = old_size.ok_or_else(|| malformed("the first line is not `old N`"))?;
        let proof: Option<Vec<Hash>> = lines.map(parse_hash).collect();
        let proof = proof.ok_or_else(|| malformed("a hash is not 32 bytes in base64"))?;
        if proof.len() > HASHES_MAX {
            return Err(malformed("more than 63 hashes"));
        }
        Ok(Self { old_size, proof, checkpoint: checkpoint.to_owned() })
    }

    /// The head to cosign, if this submission goes on from `newest`, the newest head that was cosigned of the log of `key`.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that the protocol demands.
    pub fn judge(
        &self,
        key: &VerifierKey,
        newest: Option<&Checkpoint>,
    ) -> std::result::Result<Checkpoint, Refusal> {
        let head = match Checkpoint::open(&self.checkpoint, key) {
            Ok(head) => head,
            Err(Error::NotSigned { .. } | Error::BadSignature { .. }) => {
                return Err(Refusal::NotSigned);
            }
            Err(error) => return Err(Refusal::Malformed(error.to_string())),
        };
        if self.old_size > head.size {
            let detail = format!("the old size {} is above the checkpoint's", self.old_size);
            return Err(Refusal::Malformed(detail));
        }
        let known = newest.map_or(0, |newest| newest.size);
        if self.old_size != known {
            return Err(Refusal::Conflict(known));
        }
        let Some(newest) = newest else {
            return if self.proof.is_empty() { Ok(head) } else { Err(Refusal::NotConsistent) };
        };
        if newest.size == head.size && newest.root != head.root {
            return Err(Refusal::Conflict(known));
        }
        let shown =
            tree::verify_consistency(newest.size, head.size, &self.proof, &newest.root, &head.root);
        shown.map_err(|_not_shown| Refusal::NotConsistent)?;
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{leaf_hash, node_hash};
    use crate::ledger::key::LogKey;

    /// Heads of two and of three entries, and the proof between them.
    fn heads(key: &LogKey) -> (Checkpoint, Checkpoint, Vec<Hash>) {
        let [a, b, c] = [&b"a"[..], b"b", b"c"].map(leaf_hash);
        let left = node_hash(&a, &b);
        let origin = key.verifier().name().to_owned();
        let two = Checkpoint { origin: origin.clone(), size: 2, root: left };
        let three = Checkpoint { origin, size: 3, root: node_hash(&left, &c) };
        (two, three, vec![c])
    }

    #[test]
    fn a_log_that_grew_is_cosigned_and_nothing_else() {
        let key = LogKey::generate("example.org/log").unwrap();
        let (two, three, proof) = heads(&key);
        let checkpoint = three.sign(&key).unwrap();
        let sent = Submission { old_size: 2, proof, checkpoint };
        assert_eq!(Submission::parse(&sent.to_text()).unwrap(), sent);
        let judge = |sent: &Submission, newest| sent.judge(key.verifier(), newest);
        assert_eq!(judge(&sent, Some(&two)), Ok(three.clone()));
        assert_eq!(judge(&sent, None), Err(Refusal::Conflict(0)));
        assert_eq!(judge(&sent, Some(&three)), Err(Refusal::Conflict(3)));
        let rewritten = Checkpoint { root: [9; 32], ..two.clone() };
        assert_eq!(judge(&sent, Some(&rewritten)), Err(Refusal::NotConsistent));
        let unproved = Submission { proof: Vec::new(), ..sent.clone() };
        assert_eq!(judge(&unproved, Some(&two)), Err(Refusal::NotConsistent));
        let first = Submission { old_size: 0, proof: Vec::new(), ..sent.clone() };
        assert_eq!(judge(&first, None), Ok(three.clone()));
        let again = Submission { old_size: 3, proof: Vec::new(), ..sent.clone() };
        assert_eq!(judge(&again, Some(&three)), Ok(three.clone()));
        let other = Checkpoint { root: [9; 32], ..three.clone() };
        let split = Submission { checkpoint: other.sign(&key).unwrap(), ..again };
        assert_eq!(judge(&split, Some(&three)), Err(Refusal::Conflict(3)));
        let above = Submission { old_size: 4, ..sent.clone() };
        assert!(matches!(judge(&above, Some(&two)), Err(Refusal::Malformed(_))));
        let stranger = LogKey::generate("example.org/log").unwrap();
        assert_eq!(sent.judge(stranger.verifier(), Some(&two)), Err(Refusal::NotSigned));
    }

    #[test]
    fn malformed_submissions_are_refused() {
        let key = LogKey::generate("example.org/log").unwrap();
        let (_, three, proof) = heads(&key);
        let checkpoint = three.sign(&key).unwrap();
        let text = Submission { old_size: 2, proof, checkpoint }.to_text();
        let hash = format!("{}\n", Base64::encode_string(&[1; 32]));
        for changed in [
            text.replacen("old 2", "old 02", 1),
            text.replacen("old 2", "old -2", 1),
            text.replacen("old 2", "Old 2", 1),
            text.replacen("old 2\n", "", 1),
            text.replacen("old 2\n", "old 2\nAAAA\n", 1),
            text.replacen("old 2\n", &format!("old 2\n{}", hash.repeat(63)), 1),
            "old 2".to_owned(),
        ] {
            assert!(Submission::parse(&changed).is_err(), "{changed}");
        }
    }
}
