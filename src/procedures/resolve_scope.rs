//! A part of exporting evidence: what exactly is asked for, and how far its story goes.
//!
//! - an alert, a batch and a prediction name their model and version; a batch may be asked for by its name where the version is given
//! - a prediction without its batch is looked for in the batches of the version, oldest first: there its row was counted
//! - the story goes to the last act on the alert, on the batch, its alerts and its newest labels, or before the end of the period

use super::ingest_batch::Judge;
use super::join_labels::for_each_label;
use super::read_records::missing;
use super::say_if_disposed;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::dataset;
use crate::dataset::reader::{Format, TableFile};
use crate::dataset::row_ids::{from_bytes, id_digest, id_key};
use crate::dataset::schema::TableSchema;
use crate::error::{Error, Result};
use crate::evidence::manifest::{Scope, period_edge};
use crate::evidence::prediction::{ID_SEPARATOR, Prediction, RowLabel, Wanted, read_row};
use crate::evidence::records::Row;
use crate::evidence::scope::least_until;
use crate::ledger::entry::Entry;
use crate::store::{ReadTx, Store};
use std::collections::BTreeSet;

/// `asked` with everything that it implies, where it can be had.
///
/// # Errors
///
/// [`Error::Access`], and those of an export.
pub fn check_scope(store: &Store, acting: &Acting, asked: &Scope) -> Result<Scope> {
    acting.permit(Action::Read)?;
    let scope = store.read(|tx| {
        let scope =
            resolve(store, tx, asked, &super::export_evidence::leaves(tx, tx.head()?.size)?.1)?;
        super::export_evidence::versions(tx, &scope)?;
        Ok(scope)
    });
    scope.map_err(say_if_disposed(store))
}

/// `asked` with everything that it implies; `entries` are all entries of the ledger.
///
/// # Errors
///
/// [`Error::BadRequest`] for what does not fit together, [`Error::NotFound`] for what is not there.
pub(super) fn resolve(
    store: &Store,
    tx: &ReadTx<'_>,
    asked: &Scope,
    entries: &[Entry],
) -> Result<Scope> {
    asked.check().map_err(|found| Error::BadRequest {
        detail: format!("evidence is asked for with {found}"),
    })?;
    let mut scope = Scope { until: None, ..asked.clone() };
    let (mut episodes, mut least) = (BTreeSet::new(), 0);
    if let Some(alert) = &asked.alert {
        let row = tx.episode(alert)?.ok_or_else(|| missing("alert", alert))?;
        name_version(tx, &mut scope, &row.version_id, ("alert", alert))?;
        least = row.entry + 1;
        for report in tx.episode_reports(alert)? {
            least = least.max(report.entry + 1);
        }
    } else if asked.batch.is_some() || asked.prediction.is_some() {
        let batch = batch(store, tx, asked)?;
        let (id, version_id) = (batch.text("id").to_owned(), batch.text("version_id").to_owned());
        name_version(tx, &mut scope, &version_id, ("batch", &id))?;
        least = last_act_on_batch(tx, &id, &mut episodes)?;
        scope.batch = Some(id);
    } else if asked.from.is_some() || asked.to.is_some() {
        let normal = |edge: &Option<String>, is_end| {
            edge.as_deref().and_then(|edge| period_edge(edge, is_end).ok()).map(clock::rfc3339)
        };
        (scope.from, scope.to) = (normal(&asked.from, false), normal(&asked.to, true));
    } else {
        return Ok(scope);
    }
    scope.until = Some(least_until(&scope, &episodes, entries.iter()).max(least));
    Ok(scope)
}

/// Puts the model and version of `version_id` into `scope`; where it names others, `what` is none of these.
fn name_version(
    tx: &ReadTx<'_>,
    scope: &mut Scope,
    version_id: &str,
    (what, id): (&'static str, &str),
) -> Result<()> {
    let row = tx.version_by_id(version_id)?.ok_or_else(|| missing("model version", version_id))?;
    let is_other =
        |asked: &Option<String>, found: &str| asked.as_ref().is_some_and(|asked| asked != found);
    if is_other(&scope.model, &row.model) || is_other(&scope.version, &row.version) {
        return Err(missing(what, id));
    }
    (scope.model, scope.version) = (Some(row.model), Some(row.version));
    Ok(())
}

fn record(tx: &ReadTx<'_>, table: &str, key: &str) -> Result<Option<Row>> {
    let bytes = tx.record_row(table, key)?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).map(Row))
}

/// The row of the batch that is asked for: by id, by name, or as the one that has the prediction.
fn batch(store: &Store, tx: &ReadTx<'_>, asked: &Scope) -> Result<Row> {
    if let Some(id) = &asked.batch {
        if let Some(row) = record(tx, "batch", id)? {
            return Ok(row);
        }
        let named = version_of(tx, asked)?
            .map(|version| tx.batch_by_name(&version, id))
            .transpose()?
            .flatten();
        let named = named.ok_or_else(|| missing("batch", id))?;
        return record(tx, "batch", &named.id)?.ok_or_else(|| missing("batch", id));
    }
    let wanted = asked.prediction.as_deref().unwrap_or_default();
    if matches!(Wanted::of(wanted), Wanted::Number(_)) {
        let detail = format!("`{wanted}` is the number of a row; name its batch too");
        return Err(Error::BadRequest { detail });
    }
    let (model, version) =
        (asked.model.as_deref().unwrap_or_default(), asked.version.as_deref().unwrap_or_default());
    let judge = Judge::read(tx, model, version)?;
    let digest = digest_of_id(wanted, &judge.version.id);
    let mut lacking = None;
    for judged in tx.judged_batches(&judge.version.id)? {
        let Some(row) = record(tx, "batch", &judged.id)? else { continue };
        let Some(object) = row.optional("row_ids") else { continue };
        let ids = match store.objects().read(object) {
            Ok(bytes) => from_bytes(&bytes),
            // It may be in another batch.
            Err(error @ crate::store::Error::ObjectMissing { .. }) => {
                lacking = lacking.or(Some(error));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if digest.is_some_and(|digest| ids.binary_search(&digest).is_ok())
            && read(store, &row, &judge.registration.schema, wanted)?.is_some()
        {
            return Ok(row);
        }
    }
    Err(lacking.map_or_else(|| missing("prediction", wanted), Error::Store))
}

fn version_of(tx: &ReadTx<'_>, asked: &Scope) -> Result<Option<String>> {
    let (Some(model), Some(version)) = (&asked.model, &asked.version) else { return Ok(None) };
    Ok(tx.version(model, version)?.map(|row| row.id))
}

fn digest_of_id(id: &str, version_id: &str) -> Option<u64> {
    id_digest(id.split(ID_SEPARATOR).map(Some), &id_key(version_id))
}

/// The first number of entries with everything about the batch: its reports, their alerts (put into `episodes`), its newest labels, and
/// the disposal of its files.
/// The entry in which it was marked as invalid names the batch, so that [`least_until`] goes that far.
fn last_act_on_batch(
    tx: &ReadTx<'_>,
    batch_id: &str,
    episodes: &mut BTreeSet<String>,
) -> Result<u64> {
    let mut last = 0;
    for report in tx.reports_of_batch(batch_id)? {
        last = last.max(report.entry);
        episodes.extend(tx.episodes_of_report(&report.id)?);
    }
    for cohort in tx.cohort_entries(batch_id)? {
        last = last.max(cohort);
    }
    for disposal in tx.disposal_entries(batch_id)? {
        last = last.max(disposal);
    }
    Ok(last + 1)
}

/// The row of the batch's file that is wanted.
fn read(
    store: &Store,
    batch: &Row,
    schema: &TableSchema,
    wanted: &str,
) -> Result<Option<crate::evidence::prediction::ReadRow>> {
    let table = open(store, batch.text("blake3"), batch.text("format"))?;
    Ok(read_row(&table, schema, &Wanted::of(wanted))?)
}

fn open(store: &Store, blake3: &str, format: &str) -> Result<TableFile> {
    drop(store.objects().open(blake3)?);
    let opened: dataset::Result<TableFile> =
        TableFile::open(&store.objects().path(blake3)?, Format::of_word(format));
    Ok(opened?)
}

/// The prediction `wanted` in the batch of that id, with the labels that came for it in the first `until` entries, and the digests of
/// the batch's row ids.
///
/// # Errors
///
/// [`Error::NotFound`] when the batch has no such row.
pub(super) fn find_prediction(
    store: &Store,
    tx: &ReadTx<'_>,
    (batch_id, wanted): (&str, &str),
    until: u64,
) -> Result<(Prediction, Option<Vec<u8>>)> {
    let batch = record(tx, "batch", batch_id)?.ok_or_else(|| missing("batch", batch_id))?;
    let version_id = batch.text("version_id").to_owned();
    let version =
        tx.version_by_id(&version_id)?.ok_or_else(|| missing("model version", &version_id))?;
    let judge = Judge::read(tx, &version.model, &version.version)?;
    let schema = &judge.registration.schema;
    let row = read(store, &batch, schema, wanted)?.ok_or_else(|| missing("prediction", wanted))?;
    let of = ((version_id.as_str(), schema), (batch_id, batch.text("sha256")));
    let mut prediction = Prediction::of(of.0, of.1, row, Vec::new())?;
    if let Some(id) = prediction.id() {
        let digest = digest_of_id(&id, &version_id);
        for file in tx.label_files(&version_id)? {
            let delivered = record(tx, "labels", &file.id)?.and_then(|row| row.number("entry"));
            if delivered.is_none_or(|entry| entry >= until) {
                continue;
            }
            let table = open(store, &file.blake3, &file.format)?;
            for_each_label(&table, schema, |ids, values| {
                for (place, value) in values.iter().enumerate() {
                    let cells = ids.iter().map(|column| column[place].as_deref());
                    if let Some(value) = value
                        && id_digest(cells, &id_key(&version_id)) == digest
                    {
                        let (labels_id, value) = (file.id.clone(), value.clone());
                        prediction.labels.push(RowLabel { labels_id, value });
                    }
                }
            })?;
        }
    }
    let row_ids =
        batch.optional("row_ids").map(|object| store.objects().read(object)).transpose()?;
    Ok((prediction, row_ids))
}
