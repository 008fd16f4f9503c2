//! Procedure: dispose of stored files by a record that two people sign. Records are never removed, only files that they name.
//!
//! 1. check that the person may, and is signed in (no token signs)
//! 2. compose the sheet: each file with its digests, its length and every record that names it, its class and due day by the retention
//!    policy in force, and why it goes. A file that is not due for one of its uses, is under a legal hold, is gone, or is not whole, is refused
//! 3. propose: verify the password again; compose once more in the transaction, hold it against the sheet that was shown, write disposal and
//!    signature. Nothing goes yet
//! 4. sign: another person of QA; the sheet is composed once more and must have the same bytes, so that whatever came in between (a hold,
//!    another use, another policy) stands in the way. Signature and the list of files are written in one entry
//! 5. only after that is committed are the files removed; what a crash leaves is removed when the store is opened next

use super::identify_signer::{check_to_sign, sign_record};
use super::read_records::missing;
use super::shelve_files::{Shelf, today};
use super::sign_decision::require_session;
use super::withdraw_proposal::{Proposal, check_waits};
use super::{Recorded, actor, same_person, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::disposal::{DISPOSAL_FORMAT, Disposal, DisposedFile};
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;
use crate::store::disposals::DisposalRow;
use crate::store::withdrawals::WithdrawalRow;
use crate::store::{ReadTx, Store, WriteTx};
use crate::{clock, digest, review};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The record table of disposals.
pub const DISPOSALS: &str = "disposal";

/// Which files somebody asks to dispose of, and why.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisposeFiles {
    /// BLAKE3 of each file.
    pub files: Vec<String>,
    /// Why they go.
    pub reason: String,
}

/// What is to be signed: the sheet, its exact bytes, and their digest.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DisposalSheet {
    /// The sheet.
    pub sheet: Disposal,
    /// Its canonical bytes.
    pub document: String,
    /// Their SHA-256: what both signatures name.
    pub sha256: String,
}

/// A signature over a record, and how it is shown.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RecordSigned {
    /// The signature.
    pub signature: RecordSignature,
    /// The words every page and export shows.
    pub manifestation: String,
    /// Its ledger entry.
    pub entry: u64,
}

impl RecordSigned {
    /// The signatures over a record (table and id), oldest first.
    pub(super) fn all(tx: &ReadTx<'_>, (table, id): (&str, &str)) -> Result<Vec<Self>> {
        let mut signatures = Vec::new();
        for (document, entry) in tx.record_signatures(table, id)? {
            let signature: RecordSignature = stored(&document)?;
            let manifestation = signature.manifestation();
            signatures.push(Self { signature, manifestation, entry });
        }
        Ok(signatures)
    }
}

/// A disposal that was proposed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProposedDisposal {
    /// Its row.
    #[serde(flatten)]
    pub row: DisposalRow,
    /// The words of the signature.
    pub manifestation: String,
}

/// Files that went.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct FilesDisposed {
    /// Id of the disposal.
    pub id: String,
    /// Files that went.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// QA's signature.
    pub signature: RecordSignature,
    /// The words every page and export shows.
    pub manifestation: String,
}

/// A disposal with its signatures.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DisposalView {
    /// Its row.
    #[serde(flatten)]
    pub row: DisposalRow,
    /// The sheet.
    pub sheet: Disposal,
    /// The exact bytes that are signed.
    pub document: String,
    /// Signatures, oldest first: who proposed it, then QA.
    pub signatures: Vec<RecordSigned>,
    /// How it was withdrawn; absent where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<WithdrawalRow>,
    /// Why it cannot be signed as it stands; absent while it can, and once it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<String>,
}

fn compose(
    store: &Store,
    tx: &ReadTx<'_>,
    (files, reason): (&[String], &str),
    now: Timestamp,
) -> Result<DisposalSheet> {
    let shelf = Shelf::read(tx)?;
    let policy = shelf.policy.clone().ok_or_else(|| Error::Conflict {
        detail: "no retention policy is in force, so everything is kept for ever; set one first"
            .to_owned(),
    })?;
    // In their order, each once.
    let files: BTreeSet<&String> = files.iter().collect();
    let files: Result<Vec<DisposedFile>> =
        files.into_iter().map(|blake3| shelf.disposed(store.objects(), blake3)).collect();
    let sheet = Disposal {
        format: DISPOSAL_FORMAT.to_owned(),
        policy,
        files: files?,
        reason: reason.trim().to_owned(),
    };
    sheet.validate(today(now))?;
    let bytes = sheet.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let document = String::from_utf8(bytes).unwrap_or_default();
    Ok(DisposalSheet { sheet, document, sha256 })
}

/// The sheet that this person would sign to propose the disposal of `asked`. Every file is hashed first: what is disposed of is what its
/// records say.
///
/// # Errors
///
/// [`Error::Access`] for a role or a token; [`Error::NotFound`] for a file that no record names; [`Error::Conflict`] under a legal hold and
/// without a retention policy; [`Error::Review`] for a file that is not due, and a reason that says nothing; [`Error::Store`] for a file
/// that is gone or damaged.
pub fn prepare_disposal(
    store: &Store,
    acting: &Acting,
    asked: &DisposeFiles,
) -> Result<DisposalSheet> {
    acting.permit(Action::KeepRetention)?;
    require_session(acting)?;
    let now = store.clock().now();
    let sheet = store.read(|tx| compose(store, tx, (&asked.files, &asked.reason), now))?;
    for file in &sheet.sheet.files {
        drop(store.objects().open(&file.blake3)?);
    }
    Ok(sheet)
}

/// Proposes a disposal, signed by who proposes it; `shown_sha256` is the digest of the sheet that was on the screen.
///
/// # Errors
///
/// Those of [`prepare_disposal`]; [`Error::Access`] for a wrong password; [`Error::Review`] when the sheet is another than the one shown.
pub fn propose_disposal(
    store: &Store,
    acting: &Acting,
    asked: &DisposeFiles,
    (shown_sha256, password): (&str, &str),
) -> Result<Recorded<ProposedDisposal>> {
    prepare_disposal(store, acting, asked)?;
    let what = (shown_sha256, Meaning::ProposesDisposal);
    let how = check_to_sign(store, &acting.account, password, what)?;
    let written = store.write(&actor(acting), EntryType::DisposalPropose, |tx| {
        let sheet = compose(store, tx, (&asked.files, &asked.reason), tx.time())?;
        let row = DisposalRow {
            id: clock::new_id("di"),
            proposed_by: acting.account.user_name.clone(),
            account_id: acting.account.id.clone(),
            files: sheet.sheet.files.len() as u64,
            reason: sheet.sheet.reason.clone(),
            sha256: sheet.sha256.clone(),
            at: tx.at().to_owned(),
            entry: tx.index(),
            signed_entry: None,
            withdrawn_entry: None,
            document: sheet.document.clone(),
        };
        let what = (Meaning::ProposesDisposal, shown_sha256, how);
        name_versions(tx, &sheet.sheet);
        tx.subject(subject(DISPOSALS, &row.id));
        tx.refer(sheet.sheet.policy.entry);
        tx.insert_disposal(&row)?;
        let manifestation =
            sign_record(tx, &acting.account, (DISPOSALS, &row.id, &sheet.document), what)?
                .manifestation();
        Ok::<_, Error>(ProposedDisposal { row, manifestation })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Names the versions whose files go as subjects of the entry: by these, evidence about them holds the disposal.
fn name_versions(tx: &mut WriteTx<'_>, disposal: &Disposal) {
    for version in disposal.versions() {
        tx.subject(subject("model_version", version));
    }
}

/// The disposal `id`, if this person may sign it now: it waits, somebody else proposed it, and composed again it says the same.
fn signable(
    store: &Store,
    tx: &ReadTx<'_>,
    acting: &Acting,
    (id, now): (&str, Timestamp),
) -> Result<(DisposalRow, Disposal)> {
    let row = tx.disposal(id)?.ok_or_else(|| missing("disposal", id))?;
    if row.account_id == acting.account.id {
        return Err(same_person(acting, "proposed this disposal", "approve it"));
    }
    check_waits((Proposal::Disposal, id), [row.signed_entry, row.withdrawn_entry])?;
    let sheet = still(store, tx, &row, now)?;
    Ok((row, sheet))
}

/// The sheet of a disposal, if composed again it says the same.
fn still(store: &Store, tx: &ReadTx<'_>, row: &DisposalRow, now: Timestamp) -> Result<Disposal> {
    let proposed: Disposal = stored(&row.document)?;
    let files: Vec<String> = proposed.files.iter().map(|file| file.blake3.clone()).collect();
    let again = compose(store, tx, (&files, &proposed.reason), now)?;
    if again.sha256 == row.sha256 {
        return Ok(proposed);
    }
    let detail = format!(
        "since disposal `{}` was proposed, another retention policy came into force or one of its files is used otherwise; propose it again",
        row.id
    );
    Err(Error::Conflict { detail })
}

/// Signs the disposal `id` that somebody else proposed: its files go. `shown_sha256` is the digest of the sheet that was on the screen.
///
/// # Errors
///
/// [`Error::Access`] for a role, a token, who proposed it, or a wrong password; [`Error::NotFound`]; [`Error::Conflict`] for one that is
/// signed, withdrawn, overtaken or under a legal hold; [`Error::Review`] for other bytes than shown; [`Error::Store`] where a file cannot be removed:
/// the disposal stands, and whatever opens the store next removes it.
pub fn sign_disposal(
    store: &Store,
    acting: &Acting,
    id: &str,
    (shown_sha256, password): (&str, &str),
) -> Result<Recorded<FilesDisposed>> {
    acting.permit(Action::ApproveDisposal)?;
    require_session(acting)?;
    let now = store.clock().now();
    store.read(|tx| signable(store, tx, acting, (id, now)))?;
    let what = (shown_sha256, Meaning::ApprovesDisposal);
    let how = check_to_sign(store, &acting.account, password, what)?;
    let written = store.write(&actor(acting), EntryType::DisposalSign, |tx| {
        let (row, sheet) = signable(store, tx, acting, (id, tx.time()))?;
        if row.sha256 != shown_sha256 {
            return Err(Error::Review(review::Error::Changed));
        }
        name_versions(tx, &sheet);
        tx.subject(subject(DISPOSALS, id));
        tx.refer(row.entry);
        let what = (Meaning::ApprovesDisposal, shown_sha256, how);
        let signature = sign_record(tx, &acting.account, (DISPOSALS, id, &row.document), what)?;
        for file in &sheet.files {
            tx.insert_disposed_object(&clock::new_id("do"), id, file)?;
        }
        let manifestation = signature.manifestation();
        let (files, bytes) = (sheet.files.len() as u64, sheet.bytes_in_all());
        Ok(FilesDisposed { id: id.to_owned(), files, bytes, signature, manifestation })
    })?;
    store.remove_disposed()?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Removes the files of signed disposals that are still stored: those that a crash left, and contents that came again without a record
/// that names them. The server asks for it every minute.
///
/// # Errors
///
/// [`Error::Store`].
pub fn finish_disposals(store: &Store) -> Result<u64> {
    Ok(store.remove_disposed()?)
}

/// The disposals, newest first.
///
/// # Errors
///
/// [`Error::Access`].
pub fn disposals(store: &Store, acting: &Acting) -> Result<Vec<DisposalRow>> {
    acting.permit(Action::Read)?;
    Ok(store.read(|tx| tx.disposals())?)
}

/// One disposal with its signatures.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn disposal_view(store: &Store, acting: &Acting, id: &str) -> Result<DisposalView> {
    acting.permit(Action::Read)?;
    let now = store.clock().now();
    store.read(|tx| {
        let row = tx.disposal(id)?.ok_or_else(|| missing("disposal", id))?;
        let signatures = RecordSigned::all(tx, (DISPOSALS, id))?;
        let withdrawal = tx.withdrawal((DISPOSALS, id))?;
        let overtaken = match row.signed_entry.or(row.withdrawn_entry) {
            Some(_) => None,
            None => still(store, tx, &row, now).err().map(|error| error.to_string()),
        };
        let (sheet, document) = (stored(&row.document)?, row.document.clone());
        Ok(DisposalView { row, sheet, document, signatures, withdrawal, overtaken })
    })
}
