//! Procedure: hold two judged batches of a version beside each other.
//!
//! 1. check that the person may read
//! 2. the batches asked for, or the last two
//! 3. compare the counts that their reports hold; no file is read again

use super::ingest_batch::Judge;
use super::read_records::{PAGE_ROWS_MAX, missing};
use super::stored;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::drift::batch_pair::{BatchPair, pair};
use crate::drift::reference::Reference;
use crate::drift::report::DriftReport;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::reports::ReportRow;

/// Two batches beside each other, with what a page needs to draw them.
#[derive(Debug)]
pub struct ComparedBatches {
    /// Names of all batches that can be chosen, oldest first.
    pub names: Vec<String>,
    /// The reports: of the one, of the other.
    pub rows: [ReportRow; 2],
    /// Their documents.
    pub reports: [DriftReport; 2],
    /// The reference both were judged against.
    pub reference: Reference,
    /// What differs.
    pub pair: BatchPair,
}

/// Holds the batch named `after` beside the one named `before`; without names, the last two.
///
/// # Errors
///
/// [`Error::Access`]; [`Error::NotFound`] for a version or a batch; [`Error::BadRequest`] where fewer than two were judged.
pub fn compare_batches(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    (before, after): (Option<&str>, Option<&str>),
) -> Result<ComparedBatches> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let judge = Judge::read(tx, model, version)?;
        let rows = tx.reports(&judge.version.id, PAGE_ROWS_MAX)?;
        let names: Vec<String> = rows.iter().map(|row| row.batch.clone()).collect();
        if rows.len() < 2 {
            let detail = format!(
                "{} of `{model}` `{version}` {} judged; two are needed to compare them",
                rows.len(),
                if rows.len() == 1 { "batch was" } else { "batches were" }
            );
            return Err(Error::BadRequest { detail });
        }
        let take = |name: Option<&str>, otherwise: usize| {
            let at = match name {
                Some(name) => rows
                    .iter()
                    .position(|row| row.batch == name)
                    .ok_or_else(|| missing("judged batch", name))?,
                None => otherwise,
            };
            Ok::<_, Error>(rows.get(at).cloned())
        };
        let last = names.len() - 1;
        let none = || missing("judged batch", "the last");
        let one = take(before, last - 1)?.ok_or_else(none)?;
        let other = take(after, last)?.ok_or_else(none)?;
        let read = |row: &ReportRow| -> Result<DriftReport> {
            let document = tx.report_document(&row.id)?;
            stored(&document.ok_or_else(|| missing("report", &row.id))?)
        };
        let reports = [read(&one)?, read(&other)?];
        let of = |report: &DriftReport| report.context.reference_sha256.clone();
        if of(&reports[0]) != of(&reports[1]) {
            let detail = format!(
                "batch `{}` and batch `{}` were judged against different references, so their counts are on different bins; \
                 choose two that were judged against the same one",
                one.batch, other.batch
            );
            return Err(Error::BadRequest { detail });
        }
        let with = tx.report_judged_with(&one.id)?.ok_or_else(|| missing("report", &one.id))?;
        let reference = stored(&with.reference.document)?;
        let pair = pair(&reference, &reports[0], &reports[1])?;
        Ok(ComparedBatches { names, rows: [one, other], reports, reference, pair })
    })
}
