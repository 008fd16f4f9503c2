//! Procedure: print evidence as a PDF.
//!
//! 1. take the pack of what is asked for (`take_evidence`), which records who took it
//! 2. tell from the pack alone what was registered, found, done and signed
//! 3. set it as PDF/A-3 and PDF/UA-1, with who printed it and when, and attach the pack

use super::export_evidence::Progress;
use super::take_evidence::{TakenPack, take_evidence};
use crate::access::account::{Account, Acting};
use crate::error::{Error, Result};
use crate::evidence::manifest::Scope;
use crate::evidence::pdf::evidence_report::{Printing, evidence_report};
use crate::evidence::pdf::typeset::pdf;
use crate::store::Store;
use std::fs::File;
use std::io::{Seek as _, SeekFrom};

/// A report that was printed.
#[derive(Clone, Debug)]
pub struct PrintedEvidence {
    /// The pack it was made from.
    pub taken: TakenPack,
    /// Its bytes.
    pub pdf: Vec<u8>,
}

/// Who prints, in words.
pub(super) fn printed_by(acting: &Acting) -> String {
    let Account { printed_name, user_name, role, .. } = &acting.account;
    format!("{printed_name} ({user_name}, {})", role.word())
}

/// Prints the report of `scope`; its pack is left in `pack`, an empty file.
///
/// # Errors
///
/// Those of [`take_evidence`]; [`Error::Evidence`] when the document cannot be set; [`Error::File`].
pub fn print_evidence(
    store: &Store,
    acting: &Acting,
    scope: &Scope,
    (pack, progress): (&mut File, Progress<'_>),
) -> Result<PrintedEvidence> {
    let failed = |source| Error::File { doing: "reading", path: "the pack".to_owned(), source };
    let taken = take_evidence(store, acting, scope, &mut *pack, progress)?;
    pack.seek(SeekFrom::Start(0)).map_err(failed)?;
    let printing = Printing {
        by: printed_by(acting),
        at: store.clock().now(),
        pack_sha256: taken.sha256.clone(),
        pack_bytes: taken.bytes,
        entry: taken.entry,
    };
    let sheets = evidence_report(pack, &printing)?;
    Ok(PrintedEvidence { taken, pdf: pdf(&sheets, printing.at)? })
}
