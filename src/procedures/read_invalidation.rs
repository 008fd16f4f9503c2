//! Part of reading records: what a report says about its batch besides drift: who sent it, and why it was judged again.

use super::invalidate_batch::{BatchOf, sender};
use super::read_records::missing;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::Result;
use crate::store::invalidations::Invalidated;
use crate::store::reports::ReportRow;
use crate::store::{ReadTx, Store};

/// Why a batch was judged again: another batch was marked as invalid.
#[derive(Clone, Debug)]
pub struct JudgedAgain {
    /// Name of the batch that was marked as invalid.
    pub batch: String,
    /// The decision.
    pub because: Invalidated,
}

/// What is known of the batch of a report besides drift.
#[derive(Clone, Debug)]
pub struct BatchStanding {
    /// Id of the account that sent it, by its own hand or by a token: whoever that is does not mark it as invalid.
    pub sent_by: String,
    /// Why the report was made; absent in the first report of a batch.
    pub judged_again: Option<JudgedAgain>,
}

/// The batch of a report, with the version that it was sent to.
#[derive(Clone, Debug)]
pub struct BatchOfReport {
    /// Model name.
    pub model: String,
    /// Version.
    pub version: String,
    /// The report.
    pub row: ReportRow,
    /// Its batch.
    pub standing: BatchStanding,
}

impl BatchOfReport {
    /// The batch, as the decision names it.
    pub fn of(&self) -> BatchOf<'_> {
        BatchOf { model: &self.model, version: &self.version, batch: &self.row.batch_id }
    }
}

/// What is known of the batch of a report.
///
/// # Errors
///
/// [`crate::error::Error::NotFound`].
pub(super) fn standing(tx: &ReadTx<'_>, row: &ReportRow) -> Result<BatchStanding> {
    let batch = tx.batch(&row.batch_id)?.ok_or_else(|| missing("batch", &row.batch_id))?;
    let judged_again = match &row.recomputed_for {
        Some(id) => {
            let found = tx.invalidation(id)?.ok_or_else(|| missing("invalidation", id))?;
            Some(JudgedAgain { batch: found.0, because: found.1 })
        }
        None => None,
    };
    Ok(BatchStanding { sent_by: sender(tx, &batch)?, judged_again })
}

/// The batch of the report of that id.
///
/// # Errors
///
/// [`crate::error::Error::Access`], [`crate::error::Error::NotFound`].
pub fn batch_of_report(store: &Store, acting: &Acting, id: &str) -> Result<BatchOfReport> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let row = tx.report(id)?.ok_or_else(|| missing("report", id))?;
        let version = tx
            .version_by_id(&row.version_id)?
            .ok_or_else(|| missing("model version", &row.version_id))?;
        let standing = standing(tx, &row)?;
        Ok(BatchOfReport { model: version.model, version: version.version, row, standing })
    })
}
