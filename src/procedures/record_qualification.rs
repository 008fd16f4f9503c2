//! Procedure: record a qualification run, and let somebody sign it.
//!
//! 1. a run is recorded whatever came of it, and never changed: failed attempts stay. One of the installation or its operation that failed opens an
//!    incident in the same transaction, unless one about such runs is not closed
//! 2. QA reads it and signs its bytes with the password again; a run that failed is signed by nobody, a run is signed once

use super::identify_signer::{check_to_sign, sign_record};
use super::open_incident::open_by_itself;
use super::read_records::missing;
use super::sign_decision::require_session;
use super::{Recorded, actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::digest;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::decision::Severity;
use crate::review::incident::NoticedBy;
use crate::review::qualification::{
    CheckOutcome, Part, QUALIFICATION_FORMAT, Qualification, QualificationCheck,
};
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;
use crate::store::Store;
use crate::store::qualifications::QualificationRow;
use std::path::Path;

const TABLE: &str = "qualification";
/// Runs in a list.
const LIST_MAX: u32 = 500;

/// A run with its signature.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct QualificationView {
    /// Its row.
    #[serde(flatten)]
    pub row: QualificationRow,
    /// The run.
    pub run: Qualification,
    /// The exact bytes that are signed.
    pub document: String,
    /// The words of its signature, and the ledger entry of that.
    pub signed: Option<(String, u64)>,
}

/// Composes the run of `part` that began at `started_at` and records it.
///
/// # Errors
///
/// [`Error::Access`], [`Error::Review`] for a run without checks, those of the store.
pub fn record_qualification(
    store: &Store,
    acting: &Acting,
    (part, about): (Part, Option<String>),
    started_at: String,
    checks: Vec<QualificationCheck>,
) -> Result<Recorded<Qualification>> {
    acting.permit(Action::ManageAccounts)?;
    let passed = checks.iter().all(|check| check.outcome != CheckOutcome::Failed);
    let run = Qualification {
        format: QUALIFICATION_FORMAT.to_owned(),
        part,
        about,
        program: crate::evidence::printable::PROGRAM.to_owned(),
        program_sha256: program_sha256(),
        ledger: store.verifier_key().name().to_owned(),
        started_at,
        finished_at: store.clock().now_text(),
        checks,
        passed,
    };
    run.validate()?;
    let bytes = run.bytes()?;
    let written = store.write(&actor(acting), EntryType::QualificationRun, |tx| {
        let row = QualificationRow {
            id: clock::new_id("qu"),
            part: part.word().to_owned(),
            passed: run.passed,
            sha256: digest::sha256_hex(&bytes),
            at: tx.at().to_owned(),
            entry: tx.index(),
            document: String::from_utf8(bytes.clone()).unwrap_or_default(),
        };
        tx.subject(subject(TABLE, &row.id));
        tx.insert_qualification(&row, &acting.account.id)?;
        if !run.passed && part != Part::Performance {
            let what = failed_in_words(&run);
            open_by_itself(tx, (NoticedBy::Qualification, Severity::Major), &what, Vec::new())?;
        }
        Ok::<_, Error>(())
    })?;
    Ok(Recorded { value: run, entry: written.index, checkpoint: written.checkpoint })
}

/// Which checks of a run failed, in a sentence.
fn failed_in_words(run: &Qualification) -> String {
    let failed = run.checks.iter().filter(|check| check.outcome == CheckOutcome::Failed);
    let names: Vec<&str> = failed.map(|check| check.id.as_str()).collect();
    format!("checks of the {} failed: {}", run.part.words(), names.join(", "))
}

fn program_sha256() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    let content = crate::dataset::fingerprint::digest_file(Path::new(&path), |_| {}).ok()?;
    Some(content.sha256)
}

/// All runs, newest first.
///
/// # Errors
///
/// [`Error::Access`].
pub fn qualifications(store: &Store, acting: &Acting) -> Result<Vec<QualificationView>> {
    acting.permit(Action::Read)?;
    let rows = store.read(|tx| tx.qualifications(LIST_MAX))?;
    rows.into_iter().map(|row| view(store, row)).collect()
}

/// One run.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn qualification(store: &Store, acting: &Acting, id: &str) -> Result<QualificationView> {
    acting.permit(Action::Read)?;
    let row = store.read(|tx| tx.qualification(id))?;
    view(store, row.ok_or_else(|| missing("qualification", id))?)
}

fn view(store: &Store, row: QualificationRow) -> Result<QualificationView> {
    let signed = store.read(|tx| tx.record_signatures(TABLE, &row.id))?.into_iter().next();
    let signed = match signed {
        None => None,
        Some((document, entry)) => {
            Some((stored::<RecordSignature>(&document)?.manifestation(), entry))
        }
    };
    let (run, document) = (stored(&row.document)?, row.document.clone());
    Ok(QualificationView { row, run, document, signed })
}

/// Signs a run that passed; `shown_sha256` is the digest of the run that was on the screen.
///
/// # Errors
///
/// [`Error::Access`] for a role, a token or a wrong password; [`Error::Conflict`] for a run that failed or is signed; [`Error::Review`]
/// for other bytes than shown.
pub fn sign_qualification(
    store: &Store,
    acting: &Acting,
    id: &str,
    (shown_sha256, password): (&str, &str),
) -> Result<Recorded<RecordSignature>> {
    acting.permit(Action::ApproveQualification)?;
    require_session(acting)?;
    let run = qualification(store, acting, id)?;
    if !run.row.passed {
        let detail =
            "this run failed; mend what failed and run it again, the failed one stays".to_owned();
        return Err(Error::Conflict { detail });
    }
    let what = (shown_sha256, Meaning::ApprovesQualification);
    let how = check_to_sign(store, &acting.account, password, what)?;
    let written = store.write(&actor(acting), EntryType::QualificationSign, |tx| {
        if !tx.record_signatures(TABLE, id)?.is_empty() {
            let detail = format!("qualification `{id}` is signed already; a run is signed once");
            return Err(Error::Conflict { detail });
        }
        tx.subject(subject(TABLE, id));
        tx.refer(run.row.entry);
        let what = (Meaning::ApprovesQualification, shown_sha256, how);
        let signature = sign_record(tx, &acting.account, (TABLE, id, &run.document), what)?;
        Ok::<_, Error>(signature)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
