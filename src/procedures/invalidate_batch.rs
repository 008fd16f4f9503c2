//! Procedure: mark a batch as invalid: it counts for nothing any more, and nothing of it is deleted.
//!
//! 1. check that the person may, is signed in (no token signs), and is not the one who sent the batch
//! 2. compose the sheet: which batch, what it was judged to be, which alerts it belongs to, how many later batches are judged again,
//!    and why. A batch that is invalid already is refused
//! 3. verify the password again; five wrong ones lock the account
//! 4. in one transaction: compose the sheet once more, hold it against the one that was shown, write invalidation and signature, judge
//!    every later batch again without it (`recompute_reports`), open and join the alerts of that. From then on the new reports are in
//!    force, and the row ids of the batch are free for the batch that corrects it

use super::identify_signer::{check_to_sign, sign_record};
use super::ingest_batch::Judge;
use super::read_records::missing;
use super::recompute_reports::Later;
use super::sign_decision::require_session;
use super::{Recorded, actor, same_person, say_if_disposed, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::dataset::row_ids::{from_bytes, in_both};
use crate::drift::report::DriftReport;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::batch_invalidation::{
    BATCH_INVALIDATION_FORMAT, BatchInvalidation, InvalidBatch, check_reason,
};
use crate::review::completeness::Cited;
use crate::review::identified::Identified;
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;
use crate::store::batches::BatchRow;
use crate::store::invalidations::{Invalid, Invalidated, InvalidationRow};
use crate::store::reports::ReportRow;
use crate::store::{ReadTx, Store};
use crate::{clock, digest};

/// The record table of invalidations.
pub const TABLE: &str = "batch_invalidation";

/// A batch of a version, by its id or by its name.
#[derive(Clone, Copy, Debug)]
pub struct BatchOf<'a> {
    /// Model name.
    pub model: &'a str,
    /// Version.
    pub version: &'a str,
    /// Id or name; of several with this name, the one that counts.
    pub batch: &'a str,
}

/// What is to be signed: the sheet, its exact bytes, and their digest.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct InvalidationSheet {
    /// The sheet.
    pub sheet: BatchInvalidation,
    /// Its canonical bytes.
    pub document: String,
    /// Their SHA-256: what the signature is to name.
    pub sha256: String,
    /// User name of who sent the batch, who may not sign.
    pub sent_by: String,
}

/// A batch that was marked invalid.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct BatchInvalidated {
    /// Id of the invalidation.
    pub id: String,
    /// Id of the batch.
    pub batch_id: String,
    /// The reports that are in force instead of older ones, in the order of the batches.
    pub reports: Vec<ReportRow>,
    /// The signature.
    pub signature: RecordSignature,
    /// The words every page and export shows.
    pub manifestation: String,
}

/// The batch of a version, by its id or its name.
///
/// # Errors
///
/// [`Error::NotFound`].
pub(super) fn find_batch(tx: &ReadTx<'_>, version_id: &str, batch: &str) -> Result<BatchRow> {
    let by_id = tx.batch(batch)?.filter(|found| found.version_id == version_id);
    let found = match by_id {
        Some(found) => Some(found),
        None => tx.batch_by_name(version_id, batch)?,
    };
    found.ok_or_else(|| missing("batch", batch))
}

/// The sheet that this person would sign to mark a batch as invalid.
///
/// # Errors
///
/// [`Error::Access`] for a role, a token, and who sent the batch; [`Error::NotFound`]; [`Error::Review`] for a reason that says
/// nothing; [`Error::Conflict`] for a batch that is invalid already.
pub fn prepare_invalidation(
    store: &Store,
    acting: &Acting,
    of: BatchOf<'_>,
    reason: &str,
) -> Result<InvalidationSheet> {
    acting.permit(Action::InvalidateBatch)?;
    require_session(acting)?;
    let composed = store.read(|tx| compose(store, tx, acting, (of, reason)));
    Ok(composed.map_err(say_if_disposed(store))?.0)
}

/// Marks a batch as invalid; `shown_sha256` is the digest of the sheet that was on the screen.
///
/// # Errors
///
/// Those of [`prepare_invalidation`]; [`Error::Access`] for a wrong password; [`Error::Review`] when the sheet is another than the
/// one shown, because something came in between.
pub fn invalidate_batch(
    store: &Store,
    acting: &Acting,
    of: BatchOf<'_>,
    (reason, shown_sha256, password): (&str, &str, &str),
) -> Result<Recorded<BatchInvalidated>> {
    prepare_invalidation(store, acting, of, reason)?;
    let what = (shown_sha256, Meaning::InvalidatedBatch);
    let how = check_to_sign(store, &acting.account, password, what)?;
    write(store, acting, of, (reason, shown_sha256, how))
}

fn compose(
    store: &Store,
    tx: &ReadTx<'_>,
    acting: &Acting,
    (of, reason): (BatchOf<'_>, &str),
) -> Result<(InvalidationSheet, Later)> {
    let judge = Judge::read(tx, of.model, of.version)?;
    let batch = find_batch(tx, &judge.version.id, of.batch)?;
    let sent_by = sender(tx, &batch)?;
    if sent_by == acting.account.id {
        return Err(same_person(acting, "sent this batch", "mark it as invalid"));
    }
    if let Some(invalid) = &batch.invalidated {
        let detail = format!("batch `{}` is {} already", batch.name, invalid.sentence());
        return Err(Error::Conflict { detail });
    }
    check_reason(reason)?;
    let row = tx.report_of_batch(&batch.id)?.ok_or_else(|| missing("report", &batch.name))?;
    let report: DriftReport = stored(&tx.report_document(&row.id)?.unwrap_or_default())?;
    let later = Later::read(tx, &batch)?;
    let sheet = BatchInvalidation {
        format: BATCH_INVALIDATION_FORMAT.to_owned(),
        model: judge.version.model.clone(),
        version: judge.version.version.clone(),
        version_id: judge.version.id.clone(),
        verdict: report.verdict,
        state: report.state,
        alerts: tx.episodes_of_report(&row.id)?,
        judged_again: later.reports.len() as u64,
        left_out: left_out(store, tx, &batch, &later)?,
        reason: reason.trim().to_owned(),
        report: Cited { id: row.id, sha256: row.sha256, entry: row.entry },
        batch: InvalidBatch {
            id: batch.id,
            name: batch.name,
            sha256: batch.sha256,
            rows: batch.rows,
            entry: batch.entry,
        },
    };
    let bytes = sheet.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let document = String::from_utf8(bytes).unwrap_or_default();
    let sent_by = tx.account_by_id(&sent_by)?.map_or(sent_by, |account| account.user_name);
    Ok((InvalidationSheet { sheet, document, sha256, sent_by }, later))
}

/// Refuses what rests on a batch that is invalid: `what` names it, `instead` says what to do.
pub(super) fn refuse_invalid(
    invalid: &Invalidated,
    batch: &str,
    (what, instead): (&str, &str),
) -> Result<()> {
    let since = invalid.sentence();
    Err(Error::Conflict {
        detail: format!("{what} rests on batch `{batch}`, which is {since}; {instead}"),
    })
}

/// The account that sent a batch, by its own hand or by a token.
pub(super) fn sender(tx: &ReadTx<'_>, batch: &BatchRow) -> Result<String> {
    let entry = tx.entry(batch.entry)?.ok_or_else(|| missing("ledger entry of", &batch.name))?;
    Ok(entry.entry.actor.id)
}

/// Rows of later batches that were left out because `batch` had rows of the same ids, and no batch before it.
fn left_out(store: &Store, tx: &ReadTx<'_>, batch: &BatchRow, later: &Later) -> Result<u64> {
    let Some(object) = &batch.row_ids else { return Ok(0) };
    let mut own: Option<Vec<u64>> = None;
    let mut rows = 0;
    for report in &later.reports {
        if tx.repeated_rows(&report.id)? == 0 {
            continue;
        }
        let Some(other) = tx.batch(&report.batch_id)?.and_then(|found| found.row_ids) else {
            continue;
        };
        if own.is_none() {
            own = Some(first_brought(store, tx, batch, object)?);
        }
        let other = from_bytes(&store.objects().read(&other)?);
        rows += in_both(own.as_deref().unwrap_or_default(), &other).len() as u64;
    }
    Ok(rows)
}

/// The row ids that `batch` was the first to bring, ascending.
fn first_brought(
    store: &Store,
    tx: &ReadTx<'_>,
    batch: &BatchRow,
    object: &str,
) -> Result<Vec<u64>> {
    let mut ids = from_bytes(&store.objects().read(object)?);
    let all = tx.row_ids(&batch.version_id)?;
    for earlier in all.iter().take_while(|earlier| *earlier != object) {
        let earlier = from_bytes(&store.objects().read(earlier)?);
        ids.retain(|id| earlier.binary_search(id).is_err());
    }
    Ok(ids)
}

fn write(
    store: &Store,
    acting: &Acting,
    of: BatchOf<'_>,
    (reason, shown_sha256, how): (&str, &str, Identified),
) -> Result<Recorded<BatchInvalidated>> {
    let written = store.write(&actor(acting), EntryType::BatchInvalidate, |tx| {
        let (InvalidationSheet { sheet, document, sha256, .. }, later) =
            compose(store, tx, acting, (of, reason))?;
        let id = clock::new_id("bi");
        tx.subject(subject("model_version", &sheet.version_id));
        tx.subject(subject("batch", &sheet.batch.id));
        tx.subject(subject(TABLE, &id));
        for alert in &sheet.alerts {
            tx.subject(subject("episode", alert));
        }
        tx.refer(sheet.batch.entry);
        tx.insert_invalidation(&InvalidationRow {
            id: &id,
            version_id: &sheet.version_id,
            of: Invalid::Batch(&sheet.batch.id),
            account_id: &acting.account.id,
            reason: &sheet.reason,
            sha256: &sha256,
            document: &document,
        })?;
        let what = (Meaning::InvalidatedBatch, shown_sha256, how);
        let signature = sign_record(tx, &acting.account, (TABLE, &id, &document), what)?;
        let reports = later.recompute(tx, &id)?;
        let manifestation = signature.manifestation();
        Ok::<_, Error>(BatchInvalidated {
            id,
            batch_id: sheet.batch.id,
            reports,
            signature,
            manifestation,
        })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
