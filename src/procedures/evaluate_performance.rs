//! Procedure: evaluate the labels of a version.
//!
//! 1. check that the sender may
//! 2. join all labels to all judged batches (no transaction is open while the files are read)
//! 3. in one transaction: take the rows of batches that were marked as invalid since out of the evidence; judge each cohort; record
//!    those that say something new, the evidence over time, and the alert it opens

use super::ingest_batch::{Judge, check_source};
use super::join_labels::{Counted, Sources, count};
use super::raise_alerts::open_alert;
use super::{Recorded, actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::drift::performance::cohort::{CohortContext, CohortReport};
use crate::drift::performance::expected::{Inputs, Verified};
use crate::drift::performance::report::{
    ErrorState, JudgedCohort, PerformanceContext, PerformanceReport, Watch,
};
use crate::drift::performance::rule::{PerformanceRule, Predicted};
use crate::drift::performance::taken_out::{TakenOut, state_without, to_take_out};
use crate::drift::reference::Reference;
use crate::drift::report::{DriftReport, ENGINE};
use crate::error::{Error, Result};
use crate::ledger::entry::{Actor, EntryType};
use crate::store::performance::{CohortRow, PerformanceRow};
use crate::store::{ReadTx, Store, WriteTx};
use crate::{clock, digest, store};
use std::borrow::Cow;

/// How often an evaluation is begun again because batches or labels came meanwhile.
const TRIES: usize = 5;

/// What came of an evaluation.
#[derive(Debug)]
pub struct Evaluated {
    /// The newest recorded evaluation.
    pub performance: Recorded<PerformanceRow>,
    /// Whether this call recorded it; otherwise the labels say nothing new.
    pub is_new: bool,
}

/// Evaluates the labels of a version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] where no batch was judged, [`Error::Drift`] for a version that
/// cannot have labels, [`Error::Store`] where a file was disposed of: the last evaluation stands.
pub fn evaluate_performance(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<Evaluated> {
    acting.permit(Action::Ingest)?;
    let judge = store.read(|tx| Judge::read(tx, model, version))?;
    check_source(acting, &judge.version.id)?;
    evaluate(store, &actor(acting), &judge)
}

/// Evaluates the labels of the version of `judge` for whoever may.
pub(super) fn evaluate(store: &Store, actor: &Actor, judge: &Judge) -> Result<Evaluated> {
    let rule = judge.policy.0.performance.clone();
    rule.validate(&judge.registration.schema)?;
    for _ in 0..TRIES {
        let sources = store.read(|tx| {
            let sources = Sources::read(tx, &judge.version.id)?;
            sources.refuse_gone(tx)?;
            Ok::<_, Error>(sources)
        })?;
        let counted = count(store.objects(), judge, &sources)?;
        let written = store.write(actor, EntryType::PerformanceEvaluate, |tx| {
            let now = Sources::read(tx, &judge.version.id)?;
            if !sources.are_still(&now) {
                return Ok(None);
            }
            record(tx, judge, &rule, &sources, counted)
        });
        match written {
            Ok(written) => {
                let Some(value) = written.value else { continue };
                let (entry, checkpoint) = (written.index, written.checkpoint);
                let performance = Recorded { value, entry, checkpoint };
                return Ok(Evaluated { performance, is_new: true });
            }
            // Either somebody sent something meanwhile, or there is nothing new to say.
            Err(Error::Store(store::Error::NothingRecorded { .. })) => {
                let now = store.read(|tx| Sources::read(tx, &judge.version.id))?;
                if sources.are_still(&now) {
                    return newest(store, &judge.version.id);
                }
            }
            Err(error) => return Err(error),
        }
    }
    let detail = "batches or labels keep coming; evaluate again when they have".to_owned();
    Err(Error::BadRequest { detail })
}

fn newest(store: &Store, version_id: &str) -> Result<Evaluated> {
    let (found, checkpoint) = store.read(|tx| {
        Ok::<_, store::Error>((tx.last_performance(version_id)?, tx.head()?.checkpoint))
    })?;
    let (value, _) = found.ok_or_else(|| Error::BadRequest {
        detail: "there is nothing to evaluate: no batch was judged yet".to_owned(),
    })?;
    let performance = Recorded { entry: value.entry, value, checkpoint };
    Ok(Evaluated { performance, is_new: false })
}

/// Judges every cohort of `sources`, oldest first.
fn judge_cohorts(
    tx: &ReadTx<'_>,
    judge: &Judge,
    rule: &PerformanceRule,
    (sources, counted): (&Sources, Counted),
    now: &str,
) -> Result<Vec<CohortReport>> {
    let predicted = Predicted::of(&judge.registration.schema, judge.registered_reference(), rule)?;
    let mut verified: Option<Verified> = None;
    let mut cohorts = Vec::with_capacity(sources.batches.len());
    for (batch, tally) in sources.batches.iter().zip(counted.tallies) {
        let document = tx.report_document(&batch.report_id)?.unwrap_or_default();
        let report: DriftReport = stored(&document)?;
        let reference = reference_of(tx, judge, &report)?;
        let context = CohortContext {
            model: judge.version.model.clone(),
            version: judge.version.version.clone(),
            batch_id: batch.id.clone(),
            batch: batch.name.clone(),
            number: batch.number,
            ended_at: batch.ended_at.clone(),
            judged_at: now.to_owned(),
            batch_sha256: batch.sha256.clone(),
            report_sha256: batch.report_sha256.clone(),
            labels_sha256: sources.labels.iter().map(|file| file.sha256.clone()).collect(),
            policy_sha256: judge.policy.1.clone(),
            engine: ENGINE.to_owned(),
            batches_per_false_alarm: judge.policy.0.batches_per_false_alarm,
            task: predicted.task.clone(),
            inputs: Inputs::of(&report, reference.as_ref()),
            verified: verified.clone(),
        };
        let cohort = CohortReport::judge(context, tally, rule);
        verified = cohort.verifies().or(verified);
        cohorts.push(cohort);
    }
    Ok(cohorts)
}

/// The reference that a report was judged against, which may be an earlier one than that in force.
fn reference_of<'judge>(
    tx: &ReadTx<'_>,
    judge: &'judge Judge,
    report: &DriftReport,
) -> Result<Cow<'judge, Reference>> {
    let sha256 = &report.context.reference_sha256;
    if *sha256 == judge.reference.1 {
        return Ok(Cow::Borrowed(&judge.reference.0));
    }
    let document = tx.reference_document(&judge.version.id, sha256)?;
    let document =
        document.ok_or_else(|| Error::NotFound { what: "reference", id: sha256.clone() })?;
    Ok(Cow::Owned(stored(&document)?))
}

/// Records what is new; `None` where nothing is.
fn record(
    tx: &mut WriteTx<'_>,
    judge: &Judge,
    rule: &PerformanceRule,
    sources: &Sources,
    counted: Counted,
) -> Result<Option<PerformanceRow>> {
    let ids = counted.ids;
    let at = tx.at().to_owned();
    let cohorts = judge_cohorts(tx, judge, rule, (sources, counted), &at)?;
    let (mut judged, mut documents) = (Vec::new(), Vec::new());
    for (batch, cohort) in sources.batches.iter().zip(cohorts) {
        let before = counted_before(tx, &batch.id)?;
        if before.as_ref().is_some_and(|(last, _)| last.says_the_same(&cohort)) {
            continue;
        }
        let bytes = digest::canonical_json(&cohort)?;
        let sha256 = digest::sha256_hex(&bytes);
        let counted = before.map_or([0, 0], |(_, counted)| counted);
        judged.push(JudgedCohort::of(&cohort, sha256.clone(), counted));
        documents.push((batch, sha256, String::from_utf8(bytes).unwrap_or_default()));
    }
    let found = Found::read(tx, &judge.version.id)?;
    if documents.is_empty() && found.taken_out.is_empty() {
        return Ok(None);
    }
    let policy_id = &judge.policy_id;
    let before = state_before(tx, judge, rule, &found)?;
    let context = PerformanceContext {
        model: judge.version.model.clone(),
        version: judge.version.version.clone(),
        policy_sha256: judge.policy.1.clone(),
        engine: ENGINE.to_owned(),
        labelled_ids: ids.0,
        matched_ids: ids.1,
        taken_out: found.taken_out,
    };
    let report = PerformanceReport::compose(context, judged, watch(judge, rule), before);
    let number = found.evaluations + 1;
    let row = insert(tx, judge, (&report, number), policy_id)?;
    for (batch, sha256, document) in &documents {
        tx.insert_cohort(&CohortRow {
            id: &clock::new_id("co"),
            performance_id: &row.id,
            version_id: &judge.version.id,
            batch_id: &batch.id,
            report_id: &batch.report_id,
            sha256,
            document,
        })?;
    }
    let judged = documents.last().map(|(batch, ..)| *batch).or(sources.batches.last());
    let newest = judged.map(|batch| batch.report_id.clone());
    // an alert is about the report of the newest batch that this evaluation judged; of the newest of all where it judged none
    if let Some((opening, report_id)) = report.opens().zip(newest) {
        open_alert(tx, &judge.version.id, &report_id, &opening)?;
    }
    Ok(Some(row))
}

fn insert(
    tx: &mut WriteTx<'_>,
    judge: &Judge,
    (report, number): (&PerformanceReport, u64),
    policy_id: &str,
) -> Result<PerformanceRow> {
    let bytes = digest::canonical_json(report)?;
    let row = PerformanceRow {
        id: clock::new_id("pe"),
        version_id: judge.version.id.clone(),
        number,
        sha256: digest::sha256_hex(&bytes),
        at: tx.at().to_owned(),
        entry: tx.index(),
    };
    tx.subject(subject("model_version", &row.version_id));
    tx.insert_performance(&row, policy_id, &String::from_utf8(bytes).unwrap_or_default())?;
    Ok(row)
}

/// N and the declared alarm.
fn watch<'a>(judge: &Judge, rule: &'a PerformanceRule) -> Option<Watch<'a>> {
    let batches_per_false_alarm = judge.policy.0.batches_per_false_alarm;
    rule.alarm.as_ref().map(|alarm| Watch { alarm, batches_per_false_alarm })
}

/// The newest record of a batch's cohort, and which of its rows are evidence already.
fn counted_before(tx: &ReadTx<'_>, batch_id: &str) -> Result<Option<(CohortReport, [u64; 2])>> {
    let Some((cohort, evaluation)) = tx.last_cohort(batch_id)? else { return Ok(None) };
    let evaluation: PerformanceReport = stored(&evaluation)?;
    let listed = evaluation.cohorts.iter().find(|judged| judged.batch_id == batch_id);
    let counted = listed.map_or([0, 0], |judged| judged.counted);
    Ok(Some((stored(&cohort)?, counted)))
}

/// What was evaluated before.
struct Found {
    /// How many evaluations there are.
    evaluations: u64,
    /// Where the evidence stands after them, without the rows that are taken out.
    state: Option<ErrorState>,
    /// Batches that were marked as invalid since the last one, and of which rows had counted.
    taken_out: Vec<TakenOut>,
}

impl Found {
    fn read(tx: &ReadTx<'_>, version_id: &str) -> Result<Self> {
        let Some((row, document)) = tx.last_performance(version_id)? else {
            return Ok(Self { evaluations: 0, state: None, taken_out: Vec::new() });
        };
        let evaluations = row.number;
        let invalid = tx.invalid_batches(version_id)?;
        if invalid.iter().any(|(_, entry)| *entry > row.entry) {
            let documents = tx.performance_documents(version_id)?;
            let all = documents.iter().map(|one| stored(one)).collect::<Result<Vec<_>>>()?;
            let taken_out = to_take_out(&all, &invalid, row.entry);
            if !taken_out.is_empty() {
                let ids = invalid.iter().map(|(id, _)| id.as_str()).collect();
                return Ok(Self { evaluations, state: state_without(&all, &ids), taken_out });
            }
        }
        let last: PerformanceReport = stored(&document)?;
        let state = last.evidence.map(|evidence| evidence.after);
        Ok(Self { evaluations, state, taken_out: Vec::new() })
    }
}

/// Whether a batch was marked as invalid since the version was last evaluated, and of its rows some are evidence still.
pub(super) fn has_to_take_out(tx: &ReadTx<'_>, version_id: &str) -> Result<bool> {
    Ok(!Found::read(tx, version_id)?.taken_out.is_empty())
}

/// Where the evidence stands: as the evaluations before left it, and started anew where its alert was decided.
fn state_before(
    tx: &ReadTx<'_>,
    judge: &Judge,
    rule: &PerformanceRule,
    found: &Found,
) -> Result<Option<ErrorState>> {
    let Some(alarm) = &rule.alarm else { return Ok(None) };
    let detector = alarm.detector();
    let state = found.state.clone().unwrap_or_else(|| ErrorState::start(&detector));
    let is_open = tx.is_performance_alert_open(&judge.version.id)?;
    Ok(Some(state.carried(&detector, is_open)))
}
