//! Procedure: say what a version is for.
//!
//! 1. check that the person may register, and that the record is about this version and its columns
//! 2. the same content as the newest revision: return that one
//! 3. only a draft is described anew: what somebody signed stays as it was signed
//! 4. write the next revision and its ledger entry; nothing is edited

use super::read_life_cycle::require_version;
use super::read_records::missing;
use super::{Recorded, actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::provenance::model_record::ModelRecord;
use crate::provenance::registration::Registration;
use crate::review;
use crate::review::life_cycle::VersionState;
use crate::store::life_cycle::ModelRecordRow;
use crate::store::versions::VersionRow;
use crate::store::{ReadTx, Store};
use crate::{clock, digest};

/// A revision of a model record, and whether this call wrote it.
#[derive(Debug)]
pub struct Described {
    /// Its row and ledger entry.
    pub record: Recorded<ModelRecordRow>,
    /// Whether it is new.
    pub is_new: bool,
}

/// A model record with the row it stands in.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ModelRecordView {
    /// Its row.
    #[serde(flatten)]
    pub row: ModelRecordRow,
    /// The document.
    pub record: ModelRecord,
}

/// Attaches `record` to a draft version; it supersedes the revision before.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`]; [`Error::Provenance`] for a record that does not fit the version; [`Error::Review`] for
/// a version that is no draft.
pub fn describe_version(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    record: &ModelRecord,
) -> Result<Described> {
    acting.permit(Action::Register)?;
    let row = store.read(|tx| {
        let row = require_version(tx, model, version)?;
        record.validate(&registration(tx, &row)?)?;
        Ok::<_, Error>(row)
    })?;
    let bytes = record.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    if let Some(record) = store.read(|tx| same_as_newest(tx, &row.id, &sha256))? {
        return Ok(Described { record, is_new: false });
    }
    let document = String::from_utf8(bytes).unwrap_or_default();
    let written = store.write(&actor(acting), EntryType::ModelRecordAttach, |tx| {
        let state = tx.version_state(&row.id)?;
        if state != VersionState::Draft {
            return Err(Error::Review(review::Error::VersionState {
                model: model.to_owned(),
                version: version.to_owned(),
                found: state.word(),
                action: "describe it anew",
                expected: VersionState::Draft.word().to_owned(),
            }));
        }
        let before = tx.model_records(&row.id)?;
        let newest = before.first();
        let new = ModelRecordRow {
            id: clock::new_id("md"),
            version_id: row.id.clone(),
            written_by: acting.account.user_name.clone(),
            revision: newest.map_or(1, |newest| newest.revision + 1),
            sha256: sha256.clone(),
            at: tx.at().to_owned(),
            entry: tx.index(),
        };
        tx.subject(subject("model_version", &row.id));
        tx.subject(subject("model_record", &new.id));
        tx.refer(newest.map_or(row.entry, |newest| newest.entry));
        tx.insert_model_record(&new, &acting.account.id, &document)?;
        Ok::<_, Error>(new)
    })?;
    let record =
        Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint };
    Ok(Described { record, is_new: true })
}

fn same_as_newest(
    tx: &ReadTx<'_>,
    version_id: &str,
    sha256: &str,
) -> Result<Option<Recorded<ModelRecordRow>>> {
    let newest = tx.model_records(version_id)?.into_iter().next();
    let Some(value) = newest.filter(|row| row.sha256 == sha256) else { return Ok(None) };
    Ok(Some(Recorded { entry: value.entry, value, checkpoint: tx.head()?.checkpoint }))
}

pub(super) fn registration(tx: &ReadTx<'_>, row: &VersionRow) -> Result<Registration> {
    let document = tx.registration(&row.id)?;
    stored(&document.ok_or_else(|| missing("model version", &row.version))?)
}

/// A record to fill for a version: the newest revision, or the template.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn record_to_fill(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<ModelRecord> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let row = require_version(tx, model, version)?;
        match newest_record(tx, &row.id)? {
            Some(view) => Ok(view.record),
            None => Ok(ModelRecord::template(&registration(tx, &row)?)),
        }
    })
}

/// The newest revision of a version's model record.
pub(super) fn newest_record(tx: &ReadTx<'_>, version_id: &str) -> Result<Option<ModelRecordView>> {
    let Some(row) = tx.model_records(version_id)?.into_iter().next() else { return Ok(None) };
    let document = tx.model_record_document(&row.id)?;
    let record = stored(&document.ok_or_else(|| missing("model record", &row.id))?)?;
    Ok(Some(ModelRecordView { row, record }))
}

/// The newest revision of a version's model record, and the rows of all revisions, newest first.
///
/// # Errors
///
/// [`Error::Access`]; [`Error::NotFound`] for a version, or a record that nobody has written.
pub fn model_record(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<(ModelRecordView, Vec<ModelRecordRow>)> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let row = require_version(tx, model, version)?;
        let none = || missing("model record of", &format!("{model}/{version}"));
        let newest = newest_record(tx, &row.id)?.ok_or_else(none)?;
        Ok((newest, tx.model_records(&row.id)?))
    })
}
