//! Procedure: take labels that arrive after their rows.
//!
//! 1. check that the sender may send to this version
//! 2. the same content before: return that delivery
//! 3. read the file: the id of the version's schema and one label column
//! 4. keep the file and write its record and ledger entry
//! 5. evaluate all labels (an entry of its own), where batches were judged and the version has predictions
//!
//! Files are kept as they come; nothing is overwritten. A second value for a row is a conflict and does not count, unless the
//! delivery says that it corrects earlier labels, and why.

use super::evaluate_performance::evaluate_performance;
use super::ingest_batch::{Delivery, Judge, check_source};
use super::join_labels::{Sources, for_each_label};
use super::{Recorded, actor, of_sent, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::dataset::reader::TableFile;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::store::batches::{BatchRow, LabelsRow};

/// Takes the labels in `delivery` for a model version; `corrects` says why they correct earlier ones, if they do.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] for a file without id or label column, an empty reason, or a
/// correction that came before; [`Error::Dataset`] for ids that are not as declared; [`Error::Store`] for a version of which files were
/// disposed of.
pub fn ingest_labels(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    corrects: Option<&str>,
    delivery: Delivery,
) -> Result<Recorded<LabelsRow>> {
    acting.permit(Action::Ingest)?;
    let judge = store.read(|tx| Judge::read(tx, model, version))?;
    check_source(acting, &judge.version.id)?;
    let known = store.read(|tx| tx.labels(&judge.version.id, 1_000_000))?;
    let kept = store.read(|tx| Sources::read(tx, &judge.version.id)?.refuse_gone(tx));
    let is_kept = kept.is_ok();
    let same = known.into_iter().find(|row| row.sha256 == delivery.content.sha256);
    let recorded = match same {
        Some(same) if corrects.is_some() => {
            let entry = same.entry;
            let detail = format!(
                "the same file came before, in ledger entry {entry}; send the corrected rows only"
            );
            return Err(Error::BadRequest { detail });
        }
        Some(same) => {
            let checkpoint = store.read(|tx| tx.head())?.checkpoint;
            Recorded { entry: same.entry, value: same, checkpoint }
        }
        None => {
            // Labels of rows that are not kept any more could not be joined.
            kept?;
            keep(store, acting, &judge, corrects, delivery)?
        }
    };
    let has_batches = !store.read(|tx| tx.reports(&judge.version.id, 1))?.is_empty();
    let rule = &judge.policy.0.performance;
    if has_batches && is_kept && rule.validate(&judge.registration.schema).is_ok() {
        evaluate_performance(store, acting, (model, version))?;
    }
    Ok(recorded)
}

/// Keeps a new delivery.
fn keep(
    store: &Store,
    acting: &Acting,
    judge: &Judge,
    corrects: Option<&str>,
    delivery: Delivery,
) -> Result<Recorded<LabelsRow>> {
    if corrects.is_some_and(|reason| reason.trim().is_empty()) {
        let detail = "`corrects` is empty; say why the earlier labels are wrong".to_owned();
        return Err(Error::BadRequest { detail });
    }
    let place = delivery.file.path().to_path_buf();
    let table = TableFile::open(&place, delivery.format).map_err(|e| e.of_sent(&place))?;
    let rows = for_each_label(&table, &judge.registration.schema, |_, _| ())
        .map_err(|error| of_sent(error, &place))?;
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
        row_ids: None,
        configuration: None,
        corrects: None,
        correction_reason: None,
        corrected_by: None,
        invalidated: None,
        received_at: String::new(),
        entry: 0,
    };
    let written = store.write(&actor(acting), EntryType::LabelsIngest, |tx| {
        tx.subject(subject("model_version", &row.version_id));
        tx.insert_labels(&row, corrects)?;
        Ok::<_, Error>(tx.at().to_owned())
    })?;
    let value =
        LabelsRow { id: row.id, rows, sha256: row.sha256, at: written.value, entry: written.index };
    Ok(Recorded { value, entry: written.index, checkpoint: written.checkpoint })
}
