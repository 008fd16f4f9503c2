//! The decision that a batch counts for nothing any more: what is signed, and what has to be known when it is.
//!
//! An invalidation can hide an alarm. So it states what the batch was judged to be and which alerts it belongs to, somebody else than who
//! sent the batch signs it, and nothing is deleted: the batch, its file and its reports stay, and the later batches get new reports
//! beside the old ones.

use super::completeness::Cited;
use super::{Error, Result};
use crate::digest;
use crate::drift::assess::{MonitorLevel, Verdict};
use serde::{Deserialize, Serialize};

/// Identifies the format of an invalidation.
pub const BATCH_INVALIDATION_FORMAT: &str = "driftledger/batch-invalidation/v1";
/// Characters of a reason, at least.
pub const REASON_MIN: usize = 20;
/// Characters of a reason, at most.
pub const REASON_MAX: usize = 4_000;

/// The batch that is marked invalid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvalidBatch {
    /// Id of its record.
    pub id: String,
    /// Its name.
    pub name: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// Rows of its file.
    pub rows: u64,
    /// Ledger entry in which it came.
    pub entry: u64,
}

/// What is signed: which batch, what it was judged to be, what follows, and why. It holds no time and no signer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchInvalidation {
    /// Always [`BATCH_INVALIDATION_FORMAT`].
    pub format: String,
    /// Model name.
    pub model: String,
    /// Version of the model.
    pub version: String,
    /// Id of the version.
    pub version_id: String,
    /// The batch.
    pub batch: InvalidBatch,
    /// Its report in force.
    pub report: Cited,
    /// The worst verdict of that report.
    pub verdict: Verdict,
    /// Where the monitor stood after it.
    pub state: MonitorLevel,
    /// The alerts that the report belongs to.
    pub alerts: Vec<String>,
    /// Batches that came later and count: each is judged again without this one.
    pub judged_again: u64,
    /// Rows of these later batches that were left out because this batch had rows of the same ids: they stay left out.
    pub left_out: u64,
    /// Why the batch is invalid.
    pub reason: String,
}

impl BatchInvalidation {
    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// Whether it says what it must.
    ///
    /// # Errors
    ///
    /// [`Error::Invalidation`], saying what is wrong.
    pub fn validate(&self) -> Result<()> {
        if self.format != BATCH_INVALIDATION_FORMAT {
            return Err(Error::Invalidation { reason: "its format is another".to_owned() });
        }
        check_reason(&self.reason)
    }
}

/// Whether a text says why a batch or a test run is invalid.
///
/// # Errors
///
/// [`Error::Empty`], [`Error::Invalidation`] for one that is too short or too long to say it.
pub fn check_reason(reason: &str) -> Result<()> {
    let found = reason.trim().chars().count();
    if found == 0 {
        let hint = "say what is wrong, how it was found, and what follows";
        return Err(Error::Empty { field: "reason", hint });
    }
    if !(REASON_MIN..=REASON_MAX).contains(&found) {
        let reason = format!(
            "its reason has {found} characters, expected {REASON_MIN} to {REASON_MAX}: say what is wrong and how it was found"
        );
        return Err(Error::Invalidation { reason });
    }
    Ok(())
}

/// The same words on every page and in every export.
pub fn invalid_since(at: &str, by: &str, reason: &str) -> String {
    let reason = reason.trim().trim_end_matches('.');
    format!("invalid since {at}, by {by}, because: {reason}")
}

/// What every printed document says of `what` is invalid, a batch or a test run; `since` is what [`invalid_since`] gives, `id` that of the
/// record in ledger entry `entry`.
pub fn counts_for_nothing(what: &str, since: &str, (id, entry): (&str, u64)) -> String {
    format!(
        "This {what} counts for nothing any more. It is {since} (record {id}, ledger entry {entry})."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something() {
        for blank in ["", "   ", "\n\t"] {
            assert!(matches!(check_reason(blank), Err(Error::Empty { .. })), "{blank:?}");
        }
        for other in ["wrong file", &"x".repeat(REASON_MIN - 1), &"x".repeat(REASON_MAX + 1)] {
            assert!(matches!(check_reason(other), Err(Error::Invalidation { .. })), "{other}");
        }
        check_reason("the file of another line was sent").unwrap();
        check_reason(&format!("  {}  ", "x".repeat(REASON_MIN))).unwrap();
        assert_eq!(
            invalid_since("T", "ada", " wrong line. "),
            "invalid since T, by ada, because: wrong line"
        );
    }
}
