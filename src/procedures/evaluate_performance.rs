//! Procedure: evaluate the labels of a version.
//!
//! 1. check that the sender may, and that the policy declares how labels are evaluated
//! 2. read every kept label file in the order in which they came, and every judged batch file, and join them by row id (no
//!    transaction is open while the files are read)
//! 3. in one transaction: judge each cohort; record those that say something new, the evidence over time, and the alert it
//!    opens
//!
//! The files are read once for every 2²⁰ labelled rows, so memory does not grow with them.

use super::ingest_batch::{Judge, check_source};
use super::{Recorded, actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::dataset::reader::{Format, TableFile};
use crate::dataset::rows::{TextCells, as_it_stands, for_each_text_chunk};
use crate::dataset::schema::{Column, Role, TableSchema};
use crate::drift::performance::cohort::{CohortContext, CohortReport};
use crate::drift::performance::expected::{Inputs, Verified};
use crate::drift::performance::label_book::{BOOK_ROWS, Delivered, LabelBook, RowKeys};
use crate::drift::performance::report::{
    ErrorState, JudgedCohort, PerformanceContext, PerformanceReport, Watch,
};
use crate::drift::performance::rule::{PerformanceRule, Predicted};
use crate::drift::performance::tally::{BatchRow, Tally, Teller};
use crate::drift::report::DriftReport;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::objects::Objects;
use crate::store::performance::{CohortRow, JudgedBatch, LabelFile, PerformanceRow};
use crate::store::versions::FrozenKind;
use crate::store::{ReadTx, Store, WriteTx};
use crate::{clock, dataset, digest, store};

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

/// What an evaluation reads.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) batches: Vec<JudgedBatch>,
    labels: Vec<LabelFile>,
}

impl Sources {
    pub(super) fn read(tx: &ReadTx<'_>, version_id: &str) -> store::Result<Self> {
        Ok(Self { batches: tx.judged_batches(version_id)?, labels: tx.label_files(version_id)? })
    }

    fn are_still(&self, now: &Self) -> bool {
        self.batches.len() == now.batches.len() && self.labels.len() == now.labels.len()
    }
}

/// The counts of every batch, and how many labelled row ids there are and found a row.
#[derive(Debug)]
pub(super) struct Counted {
    tallies: Vec<Tally>,
    ids: (u64, u64),
}

/// Evaluates the labels of a version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] where the policy does not say how or no batch was judged,
/// [`Error::Dataset`] for a label file that cannot be read.
pub fn evaluate_performance(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<Evaluated> {
    acting.permit(Action::Ingest)?;
    let judge = store.read(|tx| Judge::read(tx, model, version))?;
    check_source(acting, &judge.version.id)?;
    let rule = judge.policy.0.performance.clone().ok_or_else(|| Error::BadRequest {
        detail: "the policy of the version does not declare `performance`, so labels are only kept"
            .to_owned(),
    })?;
    for _ in 0..TRIES {
        let sources = store.read(|tx| Sources::read(tx, &judge.version.id))?;
        let counted = count(store.objects(), &judge, &rule, &sources)?;
        let written = store.write(&actor(acting), EntryType::PerformanceEvaluate, |tx| {
            let now = Sources::read(tx, &judge.version.id)?;
            if !sources.are_still(&now) {
                return Ok(None);
            }
            record(tx, &judge, &rule, &sources, counted)
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

/// Which column of a label file holds the label: the declared one, the one called `label`, or the only other one.
pub(super) fn label_column(schema: &TableSchema, found: &[String]) -> Result<Column> {
    let refuse = |detail: String| Err(Error::BadRequest { detail });
    let Some(id) = schema.first_of(Role::Id) else {
        return refuse(
            "the version's schema declares no id column, so labels cannot be joined".to_owned(),
        );
    };
    let names = || found.join(", ");
    if !found.contains(&id.name) {
        return refuse(format!(
            "labels need the id column `{}`; the file has {}",
            id.name,
            names()
        ));
    }
    let declared = schema.first_of(Role::Label);
    let others: Vec<&String> = found.iter().filter(|name| **name != id.name).collect();
    let name = match (declared, others.as_slice()) {
        (Some(column), _) if found.contains(&column.name) => column.name.clone(),
        (_, [only]) => (*only).clone(),
        _ if found.iter().any(|name| name == "label") => "label".to_owned(),
        _ => {
            return refuse(format!(
                "labels need one more column than `{}`, or one called `label`; the file has {}",
                id.name,
                names()
            ));
        }
    };
    let tokens = declared.map(|column| column.null_tokens.clone()).unwrap_or_default();
    Ok(as_it_stands(&name, Role::Label, &tokens))
}

/// Joins all labels to all batches of `sources`.
pub(super) fn count(
    objects: &Objects,
    judge: &Judge,
    rule: &PerformanceRule,
    sources: &Sources,
) -> Result<Counted> {
    let schema = &judge.registration.schema;
    let predicted = Predicted::of(schema, &judge.reference.0, rule)?;
    let mut tellers: Vec<Teller<'_>> = sources
        .batches
        .iter()
        .map(|_| Teller::new(&predicted.task, rule.error_limit, predicted.score.is_some()))
        .collect();
    let rows: u64 = sources.labels.iter().map(|file| file.rows).sum();
    let parts = rows.div_ceil(BOOK_ROWS).max(1);
    let (keys, mut ids) = (RowKeys::default(), (0, 0));
    for part in 0..parts {
        let part = Part { keys: &keys, part, parts };
        let mut book = LabelBook::default();
        for (order, file) in (0..).zip(&sources.labels) {
            part.enter(&mut book, objects, schema, (order, file))?;
        }
        for (batch, teller) in sources.batches.iter().zip(&mut tellers) {
            part.tell(&mut book, objects, (schema, &predicted), batch, teller)?;
        }
        let (labelled, taken) = book.counts();
        ids = (ids.0 + labelled, ids.1 + taken);
    }
    Ok(Counted { tallies: tellers.into_iter().map(Teller::finish).collect(), ids })
}

/// One part of all row ids.
struct Part<'a> {
    keys: &'a RowKeys,
    part: u64,
    parts: u64,
}

impl Part<'_> {
    /// Enters the labels of this part that `file` holds.
    fn enter(
        &self,
        book: &mut LabelBook,
        objects: &Objects,
        schema: &TableSchema,
        (order, file): (u64, &LabelFile),
    ) -> Result<()> {
        let table = open(objects, &file.blake3, &file.format)?;
        let found: Vec<String> =
            table.physical_columns(&schema.csv)?.into_iter().map(|(name, _)| name).collect();
        let label = label_column(schema, &found)?;
        let id_name =
            schema.first_of(Role::Id).map(|column| column.name.clone()).unwrap_or_default();
        let id = as_it_stands(&id_name, Role::Id, &[]);
        let corrects = file.corrects.is_some();
        let delivered = Delivered { batch_id: file.batch_id.as_deref(), corrects, order };
        for_each_text_chunk(&table, &schema.csv, &[&id, &label], |cells| {
            for (id, value) in cells[0].iter().zip(&cells[1]) {
                let (Some(id), Some(value)) = (id, value) else { continue };
                let key = self.keys.key(id);
                if key.part_of(self.parts) == self.part {
                    book.enter(&delivered, key, value);
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Tells the rows of this part that `batch` holds; in the first part, every row as far as it needs no label.
    fn tell(
        &self,
        book: &mut LabelBook,
        objects: &Objects,
        (schema, predicted): (&TableSchema, &Predicted),
        batch: &JudgedBatch,
        teller: &mut Teller<'_>,
    ) -> Result<()> {
        let table = open(objects, &batch.blake3, &batch.format)?;
        let mut columns = vec![&predicted.id, &predicted.prediction];
        columns.extend(&predicted.score);
        for_each_text_chunk(&table, &schema.csv, &columns, |cells| {
            self.tell_chunk(book, batch, cells, teller);
            Ok(())
        })?;
        Ok(())
    }

    fn tell_chunk(
        &self,
        book: &mut LabelBook,
        batch: &JudgedBatch,
        cells: &[TextCells],
        teller: &mut Teller<'_>,
    ) {
        for (index, id) in cells[0].iter().enumerate() {
            let row = BatchRow {
                prediction: cells[1][index].as_deref(),
                score: cells.get(2).and_then(|scores| scores[index].as_deref()),
            };
            if self.part == 0 {
                teller.row(row);
            }
            let Some(key) = id.as_ref().map(|id| self.keys.key(id)) else { continue };
            if key.part_of(self.parts) != self.part {
                continue;
            }
            match book.take(&batch.id, key) {
                None => {}
                Some(None) => teller.repeated(),
                Some(Some(label)) => teller.label(row, &label),
            }
        }
    }
}

fn open(objects: &Objects, blake3: &str, format: &str) -> Result<TableFile> {
    drop(objects.open(blake3)?);
    let opened: dataset::Result<TableFile> =
        TableFile::open(&objects.path(blake3)?, Format::of_word(format));
    Ok(opened?)
}

/// Judges every cohort of `sources`, oldest first.
pub(super) fn judge_cohorts(
    tx: &ReadTx<'_>,
    judge: &Judge,
    rule: &PerformanceRule,
    (sources, counted): (&Sources, Counted),
    now: &str,
) -> Result<Vec<CohortReport>> {
    let predicted = Predicted::of(&judge.registration.schema, &judge.reference.0, rule)?;
    let mut verified: Option<Verified> = None;
    let mut cohorts = Vec::with_capacity(sources.batches.len());
    for (batch, tally) in sources.batches.iter().zip(counted.tallies) {
        let document = tx.report_document(&batch.report_id)?.unwrap_or_default();
        let report: DriftReport = stored(&document)?;
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
            engine: format!("driftledger {}", env!("CARGO_PKG_VERSION")),
            batches_per_false_alarm: judge.policy.0.batches_per_false_alarm,
            task: predicted.task.clone(),
            inputs: Inputs::of(&report, &judge.reference.0),
            verified: verified.clone(),
        };
        let cohort = CohortReport::judge(context, tally, rule);
        verified = cohort.verifies().or(verified);
        cohorts.push(cohort);
    }
    Ok(cohorts)
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
    if documents.is_empty() {
        return Ok(None);
    }
    let policy = tx.frozen(FrozenKind::Policy, &judge.version.id)?;
    let (policy_id, last) =
        (policy.map(|row| row.id).unwrap_or_default(), tx.last_performance(&judge.version.id)?);
    let before =
        state_before(tx, judge, rule, last.as_ref().map(|(_, document)| document.as_str()))?;
    let context = PerformanceContext {
        model: judge.version.model.clone(),
        version: judge.version.version.clone(),
        policy_sha256: judge.policy.1.clone(),
        engine: format!("driftledger {}", env!("CARGO_PKG_VERSION")),
        labelled_ids: ids.0,
        matched_ids: ids.1,
    };
    let report = PerformanceReport::compose(context, judged, watch(judge, rule), before);
    let number = last.map_or(0, |(row, _)| row.number) + 1;
    let row = insert(tx, judge, (&report, number), &policy_id)?;
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
    let newest = documents.last().map(|(batch, ..)| batch.report_id.clone());
    open_alert(tx, judge, &report, newest.as_deref())?;
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

/// The alert, about the report of the newest batch that this evaluation judged.
fn open_alert(
    tx: &mut WriteTx<'_>,
    judge: &Judge,
    report: &PerformanceReport,
    report_id: Option<&str>,
) -> Result<()> {
    let (Some(opening), Some(report_id)) = (report.opens(), report_id) else { return Ok(()) };
    let id = clock::new_id("ep");
    tx.subject(subject("episode", &id));
    tx.insert_episode((&id, &judge.version.id), Some(report_id), &opening)?;
    tx.insert_episode_batch(&clock::new_id("eb"), &id, report_id)?;
    Ok(())
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

/// Where the evidence stands: as the last evaluation left it, and started anew where its alert was decided.
fn state_before(
    tx: &ReadTx<'_>,
    judge: &Judge,
    rule: &PerformanceRule,
    last: Option<&str>,
) -> Result<Option<ErrorState>> {
    let Some(alarm) = &rule.alarm else { return Ok(None) };
    let detector = alarm.detector();
    let last = last.map(stored::<PerformanceReport>).transpose()?;
    let state = last
        .and_then(|report| report.evidence)
        .map_or_else(|| ErrorState::start(&detector), |evidence| evidence.after);
    let is_open = tx.is_performance_alert_open(&judge.version.id)?;
    Ok(Some(state.carried(&detector, is_open)))
}
