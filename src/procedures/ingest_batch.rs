//! Procedure: take a batch, judge it, raise or join alerts.
//!
//! 1. check that the sender may send to this version
//! 2. the same content before: return its first report; a version that is retired or withdrawn takes no more batches
//! 3. profile the file on the frozen bins (no transaction is open while the CPU works), without the rows whose id came
//!    before (`count_rows`); a file that is not as declared is quarantined with its reasons
//! 4. in one transaction: read the monitor's state, judge, hold the stated configuration against the registered one, and write
//!    batch, report, alerts and the ledger entry

use super::count_rows::{Delivered, deliver};
use super::judge_batch::{insert_report, state_before};
use super::raise_alerts::raise_alerts;
pub use super::recognise_batch::Correction;
use super::recognise_batch::{corrected, find_before, judged_before};
use super::watch_silence::insert_silence;
use super::{Recorded, actor, stored, subject};
use crate::access::account::{Acting, Way};
use crate::access::role::Action;
use crate::dataset::reader::{Format, TableFile};
use crate::digest::ContentDigest;
use crate::drift::episode::{EpisodeKind, EpisodeOpening};
use crate::drift::monitor::Monitor;
use crate::drift::policy::Policy;
use crate::drift::reference::Reference;
use crate::drift::report::{DriftReport, ENGINE, Frozen, ReportContext};
use crate::drift::sentence::BatchNames;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::provenance::configuration::{Configuration, ConfigurationCheck, check_fingerprint};
use crate::provenance::registration::Registration;
use crate::store::batches::BatchRow;
use crate::store::reports::ReportRow;
use crate::store::versions::{FrozenKind, VersionRow};
use crate::store::{ReadTx, Store, WriteTx};
use crate::{access, clock, dataset};
use std::io::Write;
use tempfile::NamedTempFile;

/// A received file, already on disk and digested.
#[derive(Debug)]
pub struct Delivery {
    /// The spooled file.
    pub file: NamedTempFile,
    /// Its digests.
    pub content: ContentDigest,
    /// Its format, if the sender said.
    pub format: Option<Format>,
}

impl Delivery {
    /// Spools `bytes` into `file` while digesting them.
    ///
    /// # Errors
    ///
    /// [`Error::File`] when the spool cannot be written.
    pub fn of_bytes(mut file: NamedTempFile, bytes: &[u8], format: Option<Format>) -> Result<Self> {
        let spooled = file.write_all(bytes).and_then(|()| file.flush());
        spooled.map_err(Error::file("spooling to", file.path()))?;
        Ok(Self { content: ContentDigest::of(bytes), file, format })
    }
}

/// A batch to be taken.
#[derive(Debug)]
pub struct IngestBatch {
    /// Model name.
    pub model: String,
    /// Model version.
    pub version: String,
    /// Name of the batch.
    pub name: String,
    /// Event period, UTC, closed-open.
    pub period: Option<(jiff::Timestamp, jiff::Timestamp)>,
    /// Fingerprint of the configuration that produced it, as its sender states.
    pub configuration: Option<String>,
    /// The invalid batch that it corrects, and why.
    pub corrects: Option<Correction>,
    /// The file.
    pub delivery: Delivery,
}

/// What came of a batch.
#[derive(Debug)]
pub struct Ingested {
    /// The stored report and its ledger entry.
    pub report: Recorded<ReportRow>,
    /// Whether this call judged it; otherwise the same content came before.
    pub is_new: bool,
}

/// What a version's batches are judged with.
#[derive(Debug)]
pub struct Judge {
    /// The version.
    pub version: VersionRow,
    /// Its registration.
    pub registration: Registration,
    /// Frozen reference and its digest.
    pub reference: (Reference, String),
    /// Policy and its digest.
    pub policy: (Policy, String),
    /// Id of the policy record.
    pub policy_id: String,
    /// Frozen monitor, its digest and its id.
    pub monitor: (Monitor, String, String),
    /// Number of the reference revision, from 1: that of the registration.
    pub revision: u64,
    registered: Option<Reference>,
}

impl Judge {
    /// Reads the documents in force for a version.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when there is no such version.
    pub fn read(tx: &ReadTx<'_>, model: &str, version: &str) -> Result<Self> {
        let missing =
            || Error::NotFound { what: "model version", id: format!("{model}/{version}") };
        let version = tx.version(model, version)?.ok_or_else(missing)?;
        let registration = tx.registration(&version.id)?.ok_or_else(missing)?;
        let registration: Registration = stored(&registration)?;
        let with = tx.judged_with(&version.id)?.ok_or_else(missing)?;
        let registered = match with.revision {
            1 => None,
            _ => serde_json::from_value(registration.reference.clone()).ok(),
        };
        Ok(Self {
            registration,
            reference: (stored(&with.reference.document)?, with.reference.sha256),
            policy: (stored(&with.policy.document)?, with.policy.sha256),
            policy_id: with.policy.id,
            monitor: (stored(&with.monitor.document)?, with.monitor.sha256, with.monitor.id),
            revision: with.revision,
            registered,
            version,
        })
    }

    /// The reference that the version was registered with: it says what the model predicts, whichever one is in force.
    pub fn registered_reference(&self) -> &Reference {
        self.registered.as_ref().unwrap_or(&self.reference.0)
    }

    /// Whether another reference or policy came into force since this was read.
    pub(super) fn is_over(&self, tx: &ReadTx<'_>) -> Result<bool> {
        let now = tx.frozen(FrozenKind::Monitor, &self.version.id)?;
        Ok(now.is_none_or(|now| now.id != self.monitor.2))
    }

    /// What a batch is judged against.
    pub fn frozen(&self) -> Frozen<'_> {
        Frozen { reference: &self.reference.0, monitor: &self.monitor.0 }
    }
}

/// Takes a batch.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::Quarantined`] for a file that is not as declared,
/// [`Error::BatchNameTaken`] for other content under the same name.
pub fn ingest_batch(store: &Store, acting: &Acting, request: IngestBatch) -> Result<Ingested> {
    acting.permit(Action::Ingest)?;
    let judge = store.read(|tx| Judge::read(tx, &request.model, &request.version))?;
    check_source(acting, &judge.version.id)?;
    request.configuration.as_deref().map_or(Ok(()), check_fingerprint)?;
    let corrects = corrected(store, &judge.version.id, request.corrects.as_ref())?;
    let batch = batch_row(&judge, &request, corrects);
    if let Some(report) = judged_before(store, &batch)? {
        return Ok(Ingested { report, is_new: false });
    }
    store.read(|tx| refuse_over(tx, &judge.version))?;
    let place = request.delivery.file.path().to_path_buf();
    let table = match TableFile::open(&place, request.delivery.format) {
        Err(error) if is_about_the_file(&error) => {
            store.objects().put_file(request.delivery.file)?;
            return Err(quarantine(store, acting, &batch, error.of_sent(&place))?);
        }
        opened => opened?,
    };
    let batch = BatchRow { format: table.format().word().to_owned(), ..batch };
    let delivered = deliver(&judge, &table);
    store.objects().put_file(request.delivery.file)?;
    match delivered {
        Ok(delivered) => {
            let row_ids = delivered.keep(store)?;
            let row = BatchRow { rows: delivered.rows(), row_ids, ..batch };
            let kept = store.objects().path(&row.blake3)?;
            let table = TableFile::open(&kept, Some(table.format()))?;
            let written = write((store, acting, &judge), row.clone(), (&delivered, &table));
            let report = match written {
                Err(Error::Busy { .. }) if store.read(|tx| judge.is_over(tx))? => {
                    let judge =
                        store.read(|tx| Judge::read(tx, &request.model, &request.version))?;
                    write((store, acting, &judge), row, (&deliver(&judge, &table)?, &table))?
                }
                written => written?,
            };
            Ok(Ingested { report, is_new: true })
        }
        Err(error) if is_about_the_file(&error) => {
            Err(quarantine(store, acting, &batch, error.of_sent(&place))?)
        }
        Err(error) => Err(error.into()),
    }
}

/// A version whose life is over takes no batch; one that is not in use does, and the report says so.
fn refuse_over(tx: &ReadTx<'_>, version: &VersionRow) -> Result<()> {
    let state = tx.version_state(&version.id)?;
    if !state.is_over() {
        return Ok(());
    }
    let VersionRow { model, version, .. } = version;
    let detail = format!(
        "version `{version}` of `{model}` is {}: no batch of it is judged any more; send it to a version in use",
        state.word()
    );
    Err(Error::Conflict { detail })
}

/// A source token sends to its own version only.
pub(super) fn check_source(acting: &Acting, version: &str) -> Result<()> {
    match &acting.way {
        Way::SourceToken { version_id } if version_id != version => {
            Err(Error::Access(access::Error::NotPermitted {
                role: "source token",
                action: "send to this version",
                needed: "a token of this version".to_owned(),
            }))
        }
        _ => Ok(()),
    }
}

fn is_about_the_file(error: &dataset::Error) -> bool {
    !matches!(
        error,
        dataset::Error::Engine(_) | dataset::Error::Open { .. } | dataset::Error::Digest { .. }
    )
}

/// The row of a batch, as far as it is known before its file is read.
fn batch_row(judge: &Judge, request: &IngestBatch, corrects: Option<String>) -> BatchRow {
    let period = request.period.map(|(start, end)| (clock::rfc3339(start), clock::rfc3339(end)));
    let (period_start, period_end) = period.unzip();
    BatchRow {
        id: clock::new_id("ba"),
        version_id: judge.version.id.clone(),
        name: request.name.clone(),
        period_start,
        period_end,
        format: String::new(),
        rows: 0,
        bytes: request.delivery.content.bytes,
        blake3: request.delivery.content.blake3.clone(),
        sha256: request.delivery.content.sha256.clone(),
        row_ids: None,
        configuration: request.configuration.clone(),
        corrects,
        correction_reason: request.corrects.as_ref().map(|one| one.reason.trim().to_owned()),
        corrected_by: None,
        invalidated: None,
        received_at: String::new(),
        entry: 0,
    }
}

fn quarantine(
    store: &Store,
    acting: &Acting,
    batch: &BatchRow,
    error: dataset::Error,
) -> Result<Error> {
    let cells = match &error {
        dataset::Error::Cells { errors, .. } => errors.clone(),
        _ => Vec::new(),
    };
    let reasons = match &error {
        dataset::Error::Cells { errors, more } => dataset::CellError::told(errors, *more),
        other => vec![other.to_string()],
    };
    let sentence = format!("batch `{}` is quarantined: {}", batch.name, reasons.join("; "));
    let opening = EpisodeOpening::told(EpisodeKind::UnreadableFile, sentence);
    store.write(&actor(acting), EntryType::BatchQuarantine, |tx| {
        tx.subject(subject("model_version", &batch.version_id));
        tx.insert_quarantine(batch, &reasons)?;
        let episode = clock::new_id("ep");
        tx.subject(subject("episode", &episode));
        tx.insert_episode((&episode, &batch.version_id), None, &opening)?;
        Ok::<_, Error>(())
    })?;
    Ok(Error::Quarantined {
        name: batch.name.clone(),
        quarantine_id: batch.id.clone(),
        reasons,
        cells,
    })
}

fn write(
    (store, acting, judge): (&Store, &Acting, &Judge),
    batch: BatchRow,
    (delivered, table): (&Delivered, &TableFile),
) -> Result<Recorded<ReportRow>> {
    let earlier = store.read(|tx| tx.row_ids(&batch.version_id))?;
    let rows = delivered.new_rows((store, judge), table, &earlier)?;
    let written = store.write(&actor(acting), EntryType::BatchIngest, |tx| {
        if find_before(tx, &batch)?.is_some() {
            return Err(Error::BatchNameTaken {
                name: batch.name.clone(),
                existing: batch.sha256.clone(),
            });
        }
        refuse_over(tx, &judge.version)?;
        if judge.is_over(tx)? {
            let detail =
                "another reference came into force while the batch was counted; send it again"
                    .to_owned();
            return Err(Error::Busy { detail, seconds: 1 });
        }
        let earlier = tx.row_ids(&batch.version_id)?;
        let counts = delivered.updated(rows, (store, judge), table, &earlier)?.profile;
        let open = tx.open_drift_episodes(&batch.version_id)?;
        let before = state_before(tx, judge, &open)?;
        let names = tx.batches_numbered(&batch.version_id, &before.began_at())?;
        let context = ReportContext { earlier_batches: names, ..context(judge, &batch)? };
        let report = DriftReport::compose(context, &judge.frozen(), before, counts)?;
        tx.subject(subject("model_version", &batch.version_id));
        tx.subject(subject("batch", &batch.id));
        let previous = tx.latest_covering(&batch.version_id)?;
        tx.insert_batch(&batch)?;
        let row = insert_report(tx, &judge.monitor.2, first_report(tx, &batch)?, &report)?;
        raise_alerts(tx, &batch, (&row.id, &report), &open)?;
        insert_silence(tx, &judge.policy.0, &batch, previous.as_ref(), &row.id)?;
        Ok(row)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

fn context(judge: &Judge, batch: &BatchRow) -> Result<ReportContext> {
    let registered = Configuration::of(&judge.registration)?.fingerprint()?;
    Ok(ReportContext {
        model: judge.version.model.clone(),
        version: judge.version.version.clone(),
        batch_id: batch.id.clone(),
        batch: batch.name.clone(),
        period_start: batch.period_start.clone(),
        period_end: batch.period_end.clone(),
        batch_sha256: batch.sha256.clone(),
        reference_sha256: judge.reference.1.clone(),
        policy_sha256: judge.policy.1.clone(),
        monitor_sha256: judge.monitor.1.clone(),
        engine: ENGINE.to_owned(),
        configuration: Some(ConfigurationCheck::of(registered, batch.configuration.clone())),
        reference_revision: Some(judge.revision),
        earlier_batches: BatchNames::new(),
    })
}

/// The row of the first report of `batch`, as far as it is known before the batch is judged.
fn first_report(tx: &WriteTx<'_>, batch: &BatchRow) -> Result<ReportRow> {
    Ok(ReportRow {
        id: String::new(),
        version_id: batch.version_id.clone(),
        batch_id: batch.id.clone(),
        batch: batch.name.clone(),
        rows: batch.rows,
        period_end: batch.period_end.clone(),
        received_at: tx.at().to_owned(),
        batch_entry: tx.index(),
        number: 0,
        verdict: String::new(),
        state: String::new(),
        meter: 0.0,
        version_state: Some(tx.version_state(&batch.version_id)?.word().to_owned()),
        sha256: String::new(),
        at: String::new(),
        entry: 0,
        recomputed_for: None,
        superseded_by: None,
        invalidated: None,
    })
}
