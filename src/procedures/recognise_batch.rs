//! Part of taking a batch: whether it came before, and which invalid batch it corrects.
//!
//! 1. a correction names a batch that QA marked as invalid and that nothing corrects yet, and says why
//! 2. the same bytes as those of a batch that counts: that one's report is the answer
//! 3. another content under the name of a batch that counts is refused
//! 4. the name or the bytes of an invalid batch are taken only for a correction

use super::Recorded;
use super::invalidate_batch::find_batch;
use crate::error::{Error, Result};
use crate::review::batch_invalidation::check_reason;
use crate::store::batches::BatchRow;
use crate::store::reports::ReportRow;
use crate::store::{ReadTx, Store};

/// That a batch corrects another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Name or id of the invalid batch.
    pub batch: String,
    /// What was wrong with it, and what is right now.
    pub reason: String,
}

/// The id of the batch that `correction` is about; nothing without one.
pub(super) fn corrected(
    store: &Store,
    version_id: &str,
    correction: Option<&Correction>,
) -> Result<Option<String>> {
    let Some(correction) = correction else { return Ok(None) };
    check_reason(&correction.reason)?;
    store.read(|tx| Ok(Some(find_batch(tx, version_id, &correction.batch)?.id)))
}

/// The report of the batch with the same bytes that came before.
pub(super) fn judged_before(
    store: &Store,
    batch: &BatchRow,
) -> Result<Option<Recorded<ReportRow>>> {
    store.read(|tx| {
        let before = tx.batch_by_content(&batch.version_id, &batch.sha256)?;
        let before = before.filter(|before| before.invalidated.is_none());
        if let Some(before) = before.filter(|b| b.configuration != batch.configuration) {
            return Err(other_configuration(&before, batch.configuration.as_deref()));
        }
        find_before(tx, batch)
    })
}

/// The same file was taken with another statement about what produced it; nothing of that is changed afterwards.
fn other_configuration(before: &BatchRow, stated: Option<&str>) -> Error {
    let said = |stated: Option<&str>| stated.map_or("none".to_owned(), |s| format!("`{s}`"));
    let detail = format!(
        "batch `{}` with this content came before, with configuration {}; now {} is stated. A record is never edited: decide \
         about the batch on its alert, or send the rows of another run",
        before.name,
        said(before.configuration.as_deref()),
        said(stated)
    );
    Error::Conflict { detail }
}

/// The report of the batch that counts and has the same bytes; refuses what cannot come beside those that are there.
pub(super) fn find_before(
    tx: &ReadTx<'_>,
    batch: &BatchRow,
) -> Result<Option<Recorded<ReportRow>>> {
    let (same, named) = (
        tx.batch_by_content(&batch.version_id, &batch.sha256)?,
        tx.batch_by_name(&batch.version_id, &batch.name)?,
    );
    if let Some(same) = same.as_ref().filter(|same| same.invalidated.is_none()) {
        let report = tx.report_of_batch(&same.id)?;
        let checkpoint = tx.head()?.checkpoint;
        return Ok(report.map(|value| Recorded { entry: value.entry, value, checkpoint }));
    }
    match &batch.corrects {
        Some(id) => refuse_correction(tx, id)?,
        None => same.iter().chain(&named).try_for_each(refuse_invalid)?,
    }
    match named.filter(|named| named.invalidated.is_none()) {
        Some(other) => {
            Err(Error::BatchNameTaken { name: batch.name.clone(), existing: other.sha256 })
        }
        None => Ok(None),
    }
}

/// A batch is corrected once, and only after it was marked as invalid.
fn refuse_correction(tx: &ReadTx<'_>, id: &str) -> Result<()> {
    let Some(batch) = tx.batch(id)? else { return Ok(()) };
    let detail = match (&batch.invalidated, &batch.corrected_by) {
        (None, _) => format!(
            "batch `{}` counts; somebody of QA who did not send it has to mark it as invalid first, then send the correction again",
            batch.name
        ),
        (_, Some(by)) => format!(
            "batch `{}` was corrected by batch `{by}` already; have that one marked as invalid and correct it",
            batch.name
        ),
        _ => return Ok(()),
    };
    Err(Error::Conflict { detail })
}

/// What was marked as invalid is not judged again under the same name, nor the same bytes under another one, but as a correction.
fn refuse_invalid(batch: &BatchRow) -> Result<()> {
    let Some(invalid) = &batch.invalidated else { return Ok(()) };
    let detail = format!(
        "batch `{}` is {}; send what is right as its correction (`corrects` and a reason), or under another name",
        batch.name,
        invalid.sentence()
    );
    Err(Error::Conflict { detail })
}
