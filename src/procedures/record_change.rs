//! Procedure: record what changed between two versions, and let author and QA sign it.
//!
//! 1. check that the person may register; find the approved version that the new one comes after
//! 2. compute what differs from the two registrations, and check what is stated about it
//! 3. the same content as the newest revision: return that one
//! 4. only a draft's change is recorded anew; write the revision and its ledger entry, nothing is edited
//!
//! Signing: somebody who is signed in reads the record, enters the password again, and signs its bytes: an author first, then QA.

use super::describe_version::registration;
use super::identify_signer::{check_to_sign, sign_record};
use super::read_life_cycle::require_version;
use super::read_records::missing;
use super::sign_decision::require_session;
use super::{Recorded, actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::provenance::version_difference::VersionDifference;
use crate::review::change_record::{
    CHANGE_RECORD_FORMAT, ChangeFact, ChangeRecord, ChangeStatement, Followed, next_signature,
};
use crate::review::identified::Identified;
use crate::review::life_cycle::{Step, VersionState};
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;
use crate::store::changes::ChangeRecordRow;
use crate::store::versions::VersionRow;
use crate::store::{ReadTx, Store};
use crate::{clock, digest, review};

/// The record table of change records.
const TABLE: &str = "change_record";

/// A change record, and whether this call wrote it.
#[derive(Debug)]
pub struct ChangeRecorded {
    /// Its row and ledger entry.
    pub change: Recorded<ChangeRecordRow>,
    /// Whether it is new.
    pub is_new: bool,
}

/// A signature over a change record, and how it is shown.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ChangeSignature {
    /// The signature.
    pub signature: RecordSignature,
    /// The words every page and export shows.
    pub manifestation: String,
    /// Ledger entry.
    pub entry: u64,
}

/// A change record with its signatures.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ChangeView {
    /// Its row.
    #[serde(flatten)]
    pub row: ChangeRecordRow,
    /// The record.
    pub record: ChangeRecord,
    /// The exact bytes that are signed.
    pub document: String,
    /// Signatures, oldest first: author, then QA.
    pub signatures: Vec<ChangeSignature>,
}

/// What is known about the change that a version brings.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ChangePage {
    /// Model name.
    pub model: String,
    /// Version.
    pub version: String,
    /// Where the version stands.
    pub state: VersionState,
    /// The approved version it comes after; nothing where none was approved.
    pub follows: Option<Followed>,
    /// What differs from that version, computed now.
    pub difference: Option<VersionDifference>,
    /// Parts that changed what is computed: where there is one, the version is tested again.
    pub retest_because: Vec<&'static str>,
    /// The newest revision.
    pub change: Option<ChangeView>,
    /// Rows of the earlier revisions, newest first.
    pub superseded: Vec<ChangeRecordRow>,
}

/// The approved version that `version` comes after: the one its registration follows, else the one approved last.
pub(super) fn followed(
    tx: &ReadTx<'_>,
    version: &VersionRow,
    parent: Option<&str>,
) -> Result<Option<Followed>> {
    let mut approved = Vec::new();
    for other in tx.versions(Some(&version.model))? {
        if other.id == version.id || tx.version_state(&other.id)? == VersionState::Withdrawn {
            continue;
        }
        let steps = tx.version_steps(&other.id)?;
        let approval = steps.iter().rev().find(|step| step.taken.step == Step::Approve);
        approved.extend(approval.map(|step| (step.taken.entry, other)));
    }
    let of_parent = approved.iter().position(|(_, other)| Some(other.version.as_str()) == parent);
    let newest = || approved.iter().enumerate().max_by_key(|(_, (entry, _))| *entry);
    let at = of_parent.or_else(|| newest().map(|(at, _)| at));
    Ok(at.map(|at| {
        let (_, VersionRow { id, version, content_sha256, .. }) = approved.swap_remove(at);
        Followed { version_id: id, version, registration_sha256: content_sha256 }
    }))
}

/// What the newest revision says and who signed it.
pub(super) fn change_fact(tx: &ReadTx<'_>, version_id: &str) -> Result<Option<ChangeFact>> {
    let Some(row) = tx.change_records(version_id)?.into_iter().next() else { return Ok(None) };
    let record: ChangeRecord = stored(&row.document)?;
    let (authored, approved) = signed(tx, &row.id)?;
    let ChangeRecordRow { id, sha256, entry, .. } = row;
    let retest = record.statement.retest;
    Ok(Some(ChangeFact { id, sha256, entry, retest, authored, approved }))
}

/// Whether an author and QA signed it.
fn signed(tx: &ReadTx<'_>, id: &str) -> Result<(bool, bool)> {
    let mut found = (false, false);
    for (document, _) in tx.record_signatures(TABLE, id)? {
        let signature: RecordSignature = stored(&document)?;
        found.0 |= signature.meaning == Meaning::AuthoredChange;
        found.1 |= signature.meaning == Meaning::ApprovesChange;
    }
    Ok(found)
}

fn compose(tx: &ReadTx<'_>, row: &VersionRow, statement: &ChangeStatement) -> Result<ChangeRecord> {
    let after = registration(tx, row)?;
    let Some(follows) = followed(tx, row, after.parent_version.as_deref())? else {
        let (model, version) = (&row.model, &row.version);
        let detail = format!(
            "no other version of `{model}` is approved, so `{version}` changes nothing that was: no change record is needed"
        );
        return Err(Error::Conflict { detail });
    };
    let before = require_version(tx, &row.model, &follows.version)?;
    let difference = VersionDifference::between(&registration(tx, &before)?, &after);
    let record = ChangeRecord {
        format: CHANGE_RECORD_FORMAT.to_owned(),
        version_id: row.id.clone(),
        model: row.model.clone(),
        version: row.version.clone(),
        registration_sha256: row.content_sha256.clone(),
        follows,
        difference,
        statement: statement.clone(),
    };
    record.validate()?;
    Ok(record)
}

/// Records what an author states about the change that a draft version brings.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`]; [`Error::Conflict`] where no other version is approved; [`Error::Review`] for what is not
/// said, for a test that has to be repeated, and for a version that is no draft.
pub fn record_change(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    statement: &ChangeStatement,
) -> Result<ChangeRecorded> {
    acting.permit(Action::Register)?;
    let same = store.read(|tx| {
        let row = require_version(tx, model, version)?;
        let sha256 = digest::sha256_hex(&compose(tx, &row, statement)?.bytes()?);
        let newest = tx.change_records(&row.id)?.into_iter().next();
        let Some(value) = newest.filter(|row| row.sha256 == sha256) else { return Ok(None) };
        let checkpoint = tx.head()?.checkpoint;
        Ok::<_, Error>(Some(Recorded { entry: value.entry, value, checkpoint }))
    })?;
    if let Some(change) = same {
        return Ok(ChangeRecorded { change, is_new: false });
    }
    let written = store.write(&actor(acting), EntryType::ChangeRecord, |tx| {
        let row = require_version(tx, model, version)?;
        require_draft(tx, &row)?;
        let record = compose(tx, &row, statement)?;
        let bytes = record.bytes()?;
        let newest = tx.change_records(&row.id)?.into_iter().next();
        let new = ChangeRecordRow {
            id: clock::new_id("cr"),
            version_id: row.id.clone(),
            written_by: acting.account.user_name.clone(),
            revision: newest.as_ref().map_or(1, |newest| newest.revision + 1),
            sha256: digest::sha256_hex(&bytes),
            at: tx.at().to_owned(),
            entry: tx.index(),
            document: String::from_utf8(bytes).unwrap_or_default(),
        };
        tx.subject(subject("model_version", &row.id));
        tx.subject(subject(TABLE, &new.id));
        tx.refer(newest.map_or(row.entry, |newest| newest.entry));
        tx.insert_change_record(&new, (&acting.account.id, &record.follows.version_id))?;
        Ok::<_, Error>(new)
    })?;
    let change =
        Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint };
    Ok(ChangeRecorded { change, is_new: true })
}

fn require_draft(tx: &ReadTx<'_>, row: &VersionRow) -> Result<()> {
    let state = tx.version_state(&row.id)?;
    if state == VersionState::Draft {
        return Ok(());
    }
    Err(Error::Review(review::Error::VersionState {
        model: row.model.clone(),
        version: row.version.clone(),
        found: state.word(),
        action: "record its change anew",
        expected: VersionState::Draft.word().to_owned(),
    }))
}

/// Signs the change record of a version: an author first, then QA. `shown_sha256` is the digest of the record on the screen.
///
/// # Errors
///
/// [`Error::Access`] for a token, a role, a hand or a wrong password; [`Error::NotFound`]; [`Error::Review`] for other bytes than
/// shown, and for a version that is approved already or over.
pub fn sign_change(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    (shown_sha256, password): (&str, &str),
) -> Result<Recorded<ChangeSignature>> {
    acting.permit(Action::Read)?;
    require_session(acting)?;
    let (_, _, meaning) = store.read(|tx| next(tx, acting, (model, version)))?;
    let how = check_to_sign(store, &acting.account, password, (shown_sha256, meaning))?;
    write_signature(store, acting, (model, version), (shown_sha256, how))
}

/// The record to sign, and what this person's signature over it means.
fn next(
    tx: &ReadTx<'_>,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<(VersionRow, ChangeRecordRow, Meaning)> {
    let row = require_version(tx, model, version)?;
    let none = || missing("change record of", &format!("{model}/{version}"));
    let change = tx.change_records(&row.id)?.into_iter().next().ok_or_else(none)?;
    let authors = tx.version_authors(&row.id)?;
    let meaning = next_signature(&acting.account, &authors, signed(tx, &change.id)?)?;
    let state = tx.version_state(&row.id)?;
    if !matches!(state, VersionState::Draft | VersionState::Submitted) {
        return Err(Error::Review(review::Error::VersionState {
            model: row.model,
            version: row.version,
            found: state.word(),
            action: "sign its change record",
            expected: "draft or submitted".to_owned(),
        }));
    }
    Ok((row, change, meaning))
}

fn write_signature(
    store: &Store,
    acting: &Acting,
    of: (&str, &str),
    (shown_sha256, how): (&str, Identified),
) -> Result<Recorded<ChangeSignature>> {
    let written = store.write(&actor(acting), EntryType::ChangeSign, |tx| {
        let (version, change, meaning) = next(tx, acting, of)?;
        tx.subject(subject("model_version", &version.id));
        tx.subject(subject(TABLE, &change.id));
        tx.refer(change.entry);
        let what = (meaning, shown_sha256, how);
        let signature =
            sign_record(tx, &acting.account, (TABLE, &change.id, &change.document), what)?;
        let manifestation = signature.manifestation();
        Ok::<_, Error>(ChangeSignature { signature, manifestation, entry: tx.index() })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// What is known about the change that a version brings: the computed difference, the record, its signatures.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn change_page(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<ChangePage> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let row = require_version(tx, model, version)?;
        let after = registration(tx, &row)?;
        let mut revisions = tx.change_records(&row.id)?.into_iter();
        let change = revisions.next().map(|row| view(tx, row)).transpose()?;
        let follows = match &change {
            Some(change) => Some(change.record.follows.clone()),
            None => followed(tx, &row, after.parent_version.as_deref())?,
        };
        let difference = match &follows {
            None => None,
            Some(follows) => {
                let before = require_version(tx, model, &follows.version)?;
                Some(VersionDifference::between(&registration(tx, &before)?, &after))
            }
        };
        let because = difference.as_ref().map(VersionDifference::changes_what_is_computed);
        Ok(ChangePage {
            model: row.model,
            version: row.version,
            state: tx.version_state(&row.id)?,
            follows,
            retest_because: because.unwrap_or_default(),
            difference,
            change,
            superseded: revisions.collect(),
        })
    })
}

fn view(tx: &ReadTx<'_>, row: ChangeRecordRow) -> Result<ChangeView> {
    let mut signatures = Vec::new();
    for (document, entry) in tx.record_signatures(TABLE, &row.id)? {
        let signature: RecordSignature = stored(&document)?;
        let manifestation = signature.manifestation();
        signatures.push(ChangeSignature { signature, manifestation, entry });
    }
    let (record, document) = (stored(&row.document)?, row.document.clone());
    Ok(ChangeView { row, record, document, signatures })
}
