//! A legal hold: while it is in force, nothing under it is disposed of, whatever its retention class says.

use super::disposal::{FileUse, check_reason};
use super::file_kind::FileKind;
use super::redaction::RedactedRow;
use super::{Error, Result};
use crate::digest;
use serde::{Deserialize, Serialize};

/// Identifies the format of the record that lifts a hold.
pub const HOLD_LIFT_FORMAT: &str = "driftledger/hold-lift/v1";

/// What a hold covers: the whole store, a model, a version of it, or a batch of that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldScope {
    /// Model; absent for the whole store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Id of the version; absent for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Id of the batch; absent for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<String>,
}

impl HoldScope {
    /// Whether a file in this use is under the hold. One on a batch covers its rows, the digests of its row ids, and all labels of its
    /// version: which of them belong to the batch is known only from the files.
    pub fn covers(&self, of: &FileUse) -> bool {
        let is_of = |asked: &Option<String>, found: &Option<String>| {
            asked.is_none() || asked.as_deref() == found.as_deref()
        };
        if !is_of(&self.model, &of.model) || !is_of(&self.version_id, &of.version_id) {
            return false;
        }
        match (&self.batch_id, of.kind) {
            (None, _) | (Some(_), FileKind::Labels) => true,
            (Some(batch), FileKind::Batch | FileKind::RowIds) => *batch == of.record,
            (Some(_), _) => false,
        }
    }

    /// Whether a row of a record table is under the hold: it is about what the hold is about.
    pub fn covers_row(&self, row: &RedactedRow) -> bool {
        let is_of = |asked: &Option<String>, found: &Option<String>| {
            asked.is_none() || asked.as_deref() == found.as_deref()
        };
        is_of(&self.model, &row.model)
            && is_of(&self.version_id, &row.version_id)
            && is_of(&self.batch_id, &row.batch_id)
    }
}

/// What is signed to lift a hold. It holds no time and no signer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldLift {
    /// Always [`HOLD_LIFT_FORMAT`].
    pub format: String,
    /// Id of the hold.
    pub hold: String,
    /// Ledger entry of the hold.
    pub hold_entry: u64,
    /// What it covered.
    pub scope: HoldScope,
    /// Why it was placed.
    pub placed_because: String,
    /// Why it is lifted.
    pub reason: String,
}

impl HoldLift {
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
    /// [`Error::Empty`], [`Error::Disposal`].
    pub fn validate(&self) -> Result<()> {
        if self.format != HOLD_LIFT_FORMAT {
            let reason = format!("its format is `{}`, expected `{HOLD_LIFT_FORMAT}`", self.format);
            return Err(Error::Disposal { reason });
        }
        check_reason(&self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::super::disposal::tests::file_use;
    use super::*;

    #[test] // P11-10c1
    fn a_hold_covers_what_its_scope_names_and_nothing_else() {
        let some = |text: &str| Some(text.to_owned());
        let scope = |model, version_id, batch_id| HoldScope { model, version_id, batch_id };
        let batch = file_use(FileKind::Batch);
        let other = FileUse { record: "ba_2".to_owned(), ..batch.clone() };
        let labels = FileUse { record: "la_1".to_owned(), ..file_use(FileKind::Labels) };
        let artifact = FileUse {
            model: None,
            version: None,
            version_id: None,
            ..file_use(FileKind::Artifact)
        };
        let whole = HoldScope::default();
        let on_batch = scope(some("m"), some("mv_1"), some("ba_1"));
        for (scope, expected) in [
            (whole, [true, true, true, true]),
            (scope(some("m"), None, None), [true, true, true, false]),
            (scope(some("n"), None, None), [false; 4]),
            (scope(some("m"), some("mv_1"), None), [true, true, true, false]),
            (scope(some("m"), some("mv_2"), None), [false; 4]),
            (on_batch, [true, false, true, false]),
        ] {
            let found = [&batch, &other, &labels, &artifact].map(|one| scope.covers(one));
            assert_eq!(found, expected, "{scope:?}");
        }
    }
}
