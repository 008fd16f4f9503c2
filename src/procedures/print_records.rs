//! Procedure: print a qualification run or a copy of a record as a PDF.
//!
//! 1. check that the person may read it, and read it with its signatures
//! 2. set it as PDF/A-3 and PDF/UA-1, with who printed it and when, and attach the record

use super::copy_record::copy_record;
use super::print_evidence::printed_by;
use super::record_qualification::qualification;
use super::stored;
use crate::access::account::Acting;
use crate::error::Result;
use crate::evidence::pdf::evidence_report::at_words;
use crate::evidence::pdf::qualification_report::{KeptRun, qualification_report};
use crate::evidence::pdf::record_report::record_report;
use crate::evidence::pdf::typeset::pdf;
use crate::review::record_signature::RecordSignature;
use crate::store::Store;

/// A qualification run as PDF.
///
/// # Errors
///
/// Those of [`qualification`]; [`crate::error::Error::Evidence`] when the document cannot be set.
pub fn print_qualification(store: &Store, acting: &Acting, id: &str) -> Result<Vec<u8>> {
    let view = qualification(store, acting, id)?;
    let signed = store.read(|tx| tx.record_signatures("qualification", id))?.into_iter().next();
    let signature: Option<RecordSignature> =
        signed.map(|(document, _)| stored(&document)).transpose()?;
    let kept = KeptRun {
        id: &view.row.id,
        entry: view.row.entry,
        sha256: &view.row.sha256,
        document: &view.document,
        run: &view.run,
        signature: signature.as_ref(),
    };
    let at = store.clock().now();
    Ok(pdf(&qualification_report(&kept, &printed_by(acting), at), at)?)
}

/// A copy of the record in the row `id` of a record table as PDF.
///
/// # Errors
///
/// Those of [`copy_record`]; [`crate::error::Error::Evidence`] when the document cannot be set.
pub fn print_record(store: &Store, acting: &Acting, (table, id): (&str, &str)) -> Result<Vec<u8>> {
    let at = store.clock().now();
    let copy = copy_record(store, acting, (table, id))?;
    let ledger = store.verifier_key().name().to_owned();
    Ok(pdf(&record_report(&copy, &ledger, &at_words(at))?, at)?)
}
