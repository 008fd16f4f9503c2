//! Procedure: attach a Phase I study to a version, as validation evidence.
//!
//! 1. check that the person may, and that the study is of the version's reference
//! 2. compute it again from the counts it holds (no transaction is open while the CPU works): the same bytes, or it is refused
//! 3. the same content before: return that study
//! 4. write it and its ledger entry
//!
//! The service can make a study itself, of batches it judged: their counts are in the reports.

use super::ingest_batch::Judge;
use super::invalidate_batch::refuse_invalid;
use super::read_records::{PAGE_ROWS_MAX, missing};
use super::{Recorded, actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::dataset::profile::Profile;
use crate::drift::report::{DriftReport, ENGINE};
use crate::drift::study::{
    Origin, RECOMPUTED_STEPS_MAX, Settings, Study, StudyAbout, StudyBatch, StudySource,
};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::study_signature::StudySignature;
use crate::store::reports::ReportRow;
use crate::store::studies::StudyRow;
use crate::store::{ReadTx, Store};
use crate::{clock, digest};
use serde::{Deserialize, Serialize};

/// A study, and whether this call attached it.
#[derive(Debug)]
pub struct Attached {
    /// Its row and ledger entry.
    pub study: Recorded<StudyRow>,
    /// Whether it is new.
    pub is_new: bool,
}

/// Which judged batches to study.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgedBatches {
    /// Names of batches of the version, in order.
    pub batches: Vec<String>,
    /// Seed of all draws.
    #[serde(default = "first_seed")]
    pub seed: u64,
    /// Sequences to replay, instead of the default.
    #[serde(default)]
    pub sequences: Option<u32>,
    /// Sequences to challenge, instead of the default.
    #[serde(default)]
    pub challenge_sequences: Option<u32>,
}

fn first_seed() -> u64 {
    1
}

/// Attaches `study` to a version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`]; [`Error::Drift`] for a study of another reference, one that is not what its counts say,
/// or one that takes too long to compute again.
pub fn attach_study(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    study: &Study,
) -> Result<Attached> {
    acting.permit(Action::Register)?;
    let judge = store.read(|tx| Judge::read(tx, model, version))?;
    let steps = study.settings.steps(study.series.len());
    if steps > RECOMPUTED_STEPS_MAX {
        return Err(refused(format!(
            "it takes {steps} steps to compute again, at most {RECOMPUTED_STEPS_MAX} are taken; study with fewer sequences"
        )));
    }
    let bytes = study.bytes()?;
    if study.recompute(&judge.reference.0)?.bytes()? != bytes {
        return Err(refused(
            "computed again from its own counts it says something else; attach it as `driftledger study --output` of the same \
             program version wrote it"
                .to_owned(),
        ));
    }
    write(store, acting, &judge, bytes)
}

/// Studies batches that the service judged, and attaches the study.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`] for a version or a batch; [`Error::Drift`] for too few batches.
pub fn study_judged(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    asked: &JudgedBatches,
) -> Result<Attached> {
    acting.permit(Action::Register)?;
    let judge = store.read(|tx| Judge::read(tx, model, version))?;
    let mut sources = Vec::with_capacity(asked.batches.len());
    let mut batches = Vec::with_capacity(asked.batches.len());
    for name in &asked.batches {
        let report = store.read(|tx| judged(tx, &judge, name))?;
        if report.context.reference_sha256 != judge.reference.1 {
            return Err(refused(format!(
                "batch `{name}` was judged against an earlier reference, so its counts are on other bins; name batches that came after \
                 the reference in force"
            )));
        }
        let sha256 = report.context.batch_sha256.clone();
        sources.push(StudySource { name: name.clone(), sha256 });
        batches.push(StudyBatch::of(name, &judge.monitor.0, &profile_of(report)));
    }
    let about = StudyAbout {
        engine: ENGINE.to_owned(),
        reference_sha256: judge.reference.1.clone(),
        origin: Origin::Apart,
        sources,
        split: None,
        rows_left_out: 0,
    };
    let (policy, series) = (&judge.policy.0, judge.monitor.0.series.len());
    let version = (series, policy.batches_per_false_alarm);
    let mut settings = Settings::default_for(asked.seed, batches.len(), version);
    settings.sequences = asked.sequences.unwrap_or(settings.sequences);
    settings.challenge_sequences =
        asked.challenge_sequences.unwrap_or(settings.challenge_sequences);
    let steps = settings.steps(series);
    if steps > RECOMPUTED_STEPS_MAX {
        let detail = format!(
            "it would take {steps} steps, at most {RECOMPUTED_STEPS_MAX} are taken here; ask for fewer sequences"
        );
        return Err(refused(detail));
    }
    let study = Study::compose(about, &judge.reference.0, policy, batches, settings)?;
    write(store, acting, &judge, study.bytes()?)
}

/// The newest report of the batch `name`.
fn judged(tx: &ReadTx<'_>, judge: &Judge, name: &str) -> Result<DriftReport> {
    let batch = tx.batch_by_name(&judge.version.id, name)?.ok_or_else(|| missing("batch", name))?;
    if let Some(invalid) = &batch.invalidated {
        refuse_invalid(invalid, name, ("the study", "name batches that count"))?;
    }
    let row = tx.report_of_batch(&batch.id)?.ok_or_else(|| missing("report of batch", name))?;
    let document = tx.report_document(&row.id)?.ok_or_else(|| missing("report", &row.id))?;
    stored(&document)
}

/// The counts that a report was made from.
fn profile_of(report: DriftReport) -> Profile {
    let rows = report.rows_judged();
    let features = report.features.into_iter().map(|feature| feature.profile).collect();
    Profile { clusters: report.clusters, ..Profile::plain(rows, features) }
}

fn refused(detail: String) -> Error {
    Error::Drift(crate::drift::Error::Mismatch { what: "study", detail })
}

fn write(store: &Store, acting: &Acting, judge: &Judge, bytes: Vec<u8>) -> Result<Attached> {
    let sha256 = digest::sha256_hex(&bytes);
    let version_id = &judge.version.id;
    let same = |tx: &ReadTx<'_>| -> Result<Option<Recorded<StudyRow>>> {
        let found = tx.studies(version_id)?.into_iter().find(|row| row.sha256 == sha256);
        let checkpoint = tx.head()?.checkpoint;
        Ok(found.map(|value| Recorded { entry: value.entry, value, checkpoint }))
    };
    if let Some(study) = store.read(same)? {
        return Ok(Attached { study, is_new: false });
    }
    let document = String::from_utf8(bytes).unwrap_or_default();
    let written = store.write(&actor(acting), EntryType::StudyAttach, |tx| {
        let row = StudyRow {
            id: clock::new_id("st"),
            version_id: version_id.clone(),
            attached_by: acting.account.user_name.clone(),
            sha256: sha256.clone(),
            at: tx.at().to_owned(),
            entry: tx.index(),
        };
        tx.subject(subject("model_version", version_id));
        tx.subject(subject("study", &row.id));
        tx.refer(judge.version.entry);
        tx.insert_study(&row.id, (version_id, &acting.account.id), (&sha256, &document))?;
        Ok::<_, Error>(row)
    })?;
    let study =
        Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint };
    Ok(Attached { study, is_new: true })
}

/// Everything the page of a study shows.
#[derive(Debug)]
pub struct StudyView {
    /// Its row.
    pub row: StudyRow,
    /// Model and version.
    pub version: (String, String),
    /// Its document.
    pub study: Study,
    /// Whether the policy in force states the tolerances proposed.
    pub is_in_force: bool,
    /// Its signature, if there is one, and the ledger entry of that.
    pub signature: Option<(StudySignature, u64)>,
}

/// One study.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn study_view(store: &Store, acting: &Acting, id: &str) -> Result<StudyView> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let row = tx.study(id)?.ok_or_else(|| missing("study", id))?;
        let document = tx.study_document(id)?.ok_or_else(|| missing("study", id))?;
        let version = tx
            .version_by_id(&row.version_id)?
            .ok_or_else(|| missing("model version", &row.version_id))?;
        let judge = Judge::read(tx, &version.model, &version.version)?;
        let study: Study = stored(&document)?;
        let is_in_force = judge.policy.0.tolerances == study.proposed.tolerances;
        let signature = match tx.study_signature(id)? {
            Some((document, entry)) => Some((stored(&document)?, entry)),
            None => None,
        };
        let version = (version.model, version.version);
        Ok(StudyView { row, version, study, is_in_force, signature })
    })
}

/// The newest judged batches of a version, in the order they were judged: what a study can be made of.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn judged_batches(
    store: &Store,
    acting: &Acting,
    model: &str,
    version: &str,
) -> Result<Vec<ReportRow>> {
    let row = super::read_records::version(store, acting, model, version)?;
    let mut reports = store.read(|tx| tx.reports(&row.id, PAGE_ROWS_MAX))?;
    reports.sort_by_key(|report| report.number);
    Ok(reports)
}

/// The studies of a version, newest first.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn studies(
    store: &Store,
    acting: &Acting,
    model: &str,
    version: &str,
) -> Result<Vec<StudyRow>> {
    let row = super::read_records::version(store, acting, model, version)?;
    Ok(store.read(|tx| tx.studies(&row.id))?)
}
