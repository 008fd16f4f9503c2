//! Procedure: take labels that arrive after their rows.
//!
//! 1. check that the sender may send to this version
//! 2. the same content before: return that delivery
//! 3. read the file: the id column of the version's schema and one label column
//! 4. keep the file and write its record and ledger entry
//! 5. where the policy declares how: evaluate all labels (an entry of its own)
//!
//! Files are kept as they come; nothing is overwritten. A second value for a row is a conflict and does not count, unless the
//! delivery says that it corrects earlier labels, and why.

use super::evaluate_performance::{evaluate_performance, label_column};
use super::ingest_batch::{Delivery, Judge, check_source};
use super::{Recorded, actor, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::dataset::infer::infer;
use crate::dataset::reader::TableFile;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::store::batches::{BatchRow, LabelsRow};

/// What a delivery of labels says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelsAbout {
    /// Name of the batch it is about; without it, a row id belongs to the first batch that brought it.
    pub batch: Option<String>,
    /// Why it corrects earlier labels, if it does.
    pub corrects: Option<String>,
}

/// Takes the labels in `delivery` for a model version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] for a file without id or label column, or an empty reason.
pub fn ingest_labels(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    about: &LabelsAbout,
    delivery: Delivery,
) -> Result<Recorded<LabelsRow>> {
    acting.permit(Action::Ingest)?;
    let judge = store.read(|tx| Judge::read(tx, model, version))?;
    check_source(acting, &judge.version.id)?;
    let known = store.read(|tx| tx.labels(&judge.version.id, 1_000_000))?;
    let same = known.into_iter().find(|row| row.sha256 == delivery.content.sha256);
    let recorded = match same {
        Some(same) => {
            let checkpoint = store.read(|tx| tx.head())?.checkpoint;
            Recorded { entry: same.entry, value: same, checkpoint }
        }
        None => keep(store, acting, &judge, about, delivery)?,
    };
    let has_batches = !store.read(|tx| tx.reports(&judge.version.id, 1))?.is_empty();
    if judge.policy.0.performance.is_some() && has_batches {
        evaluate_performance(store, acting, (model, version))?;
    }
    Ok(recorded)
}

/// Keeps a new delivery.
fn keep(
    store: &Store,
    acting: &Acting,
    judge: &Judge,
    about: &LabelsAbout,
    delivery: Delivery,
) -> Result<Recorded<LabelsRow>> {
    let batch_id = batch_about(store, judge, about)?;
    if about.corrects.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
        let detail = "`corrects` is empty; say why the earlier labels are wrong".to_owned();
        return Err(Error::BadRequest { detail });
    }
    let table = TableFile::open(delivery.file.path(), delivery.format)?;
    let schema = infer(&table)?;
    let found: Vec<String> = schema.columns.iter().map(|column| column.name.clone()).collect();
    label_column(&judge.registration.schema, &found)?;
    let rows = table.for_each_typed_chunk(&schema, |_, _| Ok(()))?;
    store.objects().put_file(delivery.file)?;
    let row = BatchRow {
        id: clock::new_id("la"),
        version_id: judge.version.id.clone(),
        name: String::new(),
        period_start: None,
        period_end: None,
        format: table.format().word().to_owned(),
        rows,
        bytes: delivery.content.bytes,
        blake3: delivery.content.blake3.clone(),
        sha256: delivery.content.sha256.clone(),
        received_at: String::new(),
        entry: 0,
    };
    let written = store.write(&actor(acting), EntryType::LabelsIngest, |tx| {
        tx.subject(subject("model_version", &row.version_id));
        tx.insert_labels(&row, (batch_id.as_deref(), about.corrects.as_deref()))?;
        Ok::<_, Error>(tx.at().to_owned())
    })?;
    let value =
        LabelsRow { id: row.id, rows, sha256: row.sha256, at: written.value, entry: written.index };
    Ok(Recorded { value, entry: written.index, checkpoint: written.checkpoint })
}

/// The id of the batch that a delivery names.
fn batch_about(store: &Store, judge: &Judge, about: &LabelsAbout) -> Result<Option<String>> {
    let Some(name) = &about.batch else { return Ok(None) };
    let found = store.read(|tx| tx.batch_by_name(&judge.version.id, name))?;
    let missing = || Error::NotFound { what: "batch", id: name.clone() };
    Ok(Some(found.ok_or_else(missing)?.id))
}
