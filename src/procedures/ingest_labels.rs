//! Procedure: take labels that arrive after their rows.
//!
//! 1. check that the sender may send to this version
//! 2. the same content before: return that delivery
//! 3. read the file: one id column of the version's schema and its label column, every cell as declared
//! 4. keep the file and write its record and ledger entry

use super::ingest_batch::{Delivery, Judge, check_source};
use super::{Recorded, actor, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::dataset::infer::infer;
use crate::dataset::reader::TableFile;
use crate::dataset::schema::Role;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::store::batches::{BatchRow, LabelsRow};

/// Takes the labels in `delivery` for a model version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] for a file without the id column.
pub fn ingest_labels(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    delivery: Delivery,
) -> Result<Recorded<LabelsRow>> {
    acting.permit(Action::Ingest)?;
    let judge = store.read(|tx| Judge::read(tx, model, version))?;
    check_source(acting, &judge.version.id)?;
    let known = store.read(|tx| tx.labels(&judge.version.id, 1_000_000))?;
    if let Some(same) = known.into_iter().find(|row| row.sha256 == delivery.content.sha256) {
        let checkpoint = store.read(|tx| tx.head())?.checkpoint;
        return Ok(Recorded { entry: same.entry, value: same, checkpoint });
    }
    let table = TableFile::open(delivery.file.path(), delivery.format)?;
    let schema = infer(&table)?;
    let id_column = judge.registration.schema.first_of(Role::Id).map(|c| c.name.clone());
    let found = || schema.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
    match &id_column {
        None => {
            let detail =
                "the version's schema declares no id column, so labels cannot be joined".to_owned();
            return Err(Error::BadRequest { detail });
        }
        Some(name) if schema.column(name).is_none() => {
            let detail = format!("labels need the id column `{name}`; the file has {}", found());
            return Err(Error::BadRequest { detail });
        }
        Some(_) => {}
    }
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
        row_ids: None,
        received_at: String::new(),
        entry: 0,
    };
    let written = store.write(&actor(acting), EntryType::LabelsIngest, |tx| {
        tx.subject(subject("model_version", &row.version_id));
        tx.insert_labels(&row)?;
        Ok::<_, Error>(tx.at().to_owned())
    })?;
    let value =
        LabelsRow { id: row.id, rows, sha256: row.sha256, at: written.value, entry: written.index };
    Ok(Recorded { value, entry: written.index, checkpoint: written.checkpoint })
}
