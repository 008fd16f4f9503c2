//! Procedure: review drawn predictions, one case at a time.
//!
//! 1. show the next case: its inputs; of a blind one, nothing that the model answered. The time from which it is shown is noted. Where the
//!    plan asks for two readings, another person reads the case without being told what the first said; where the two differ, a third
//!    person, or QA, is shown both answers and settles it with a reason
//! 2. record the answer, with the time that passed since; from then on the model's answer is told
//! 3. who wants to correct an answer adds another with a reason: the first stays, and counts
//!
//! Who made the version does not review its predictions. A case that somebody was shown is shown to nobody else for half an hour.

use super::close_review_sample::answers_of;
use super::ingest_batch::Judge;
use super::read_case::{CaseReader, CaseRow, SampleFound};
use super::read_records::missing;
use super::sign_decision::require_session;
use super::{Recorded, actor, same_person, say_if_disposed, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::dataset::schema::Role;
use crate::drift::performance::rule::class_name;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::reading::{CaseReadings, Reading, ReadingTask, left};
use crate::review::review_answer::{REVIEW_ANSWER_FORMAT, ReviewAnswer};
use crate::review::review_sample::ReviewSample;
use crate::store::review_samples::{ReviewAnswerRow, ShownCase};
use crate::store::{ReadTx, Store};
use crate::{clock, digest};
use std::collections::BTreeSet;

/// The record table of answers.
const ANSWERS: &str = "review_answer";
/// How long a case is kept for whom it was shown to.
const KEPT_MS: u64 = 30 * 60 * 1_000;

/// A value that the model was given.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct CaseInput {
    /// Its column.
    pub column: String,
    /// Its unit, as declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The value; absent where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What a reader said of a case that is to be settled.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ReadingShown {
    /// Which reading it is.
    pub reading: Reading,
    /// What was said.
    pub said: String,
    /// Why it cannot be judged, if it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What else was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl ReadingShown {
    fn of(answer: &ReviewAnswer) -> Self {
        Self {
            reading: answer.reading,
            said: answer.words(),
            reason: answer.reason.clone(),
            comment: answer.comment.clone(),
        }
    }
}

/// A case to be reviewed.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct CaseView {
    /// Id of the sample.
    pub sample_id: String,
    /// Number of the case, from 1.
    pub case: u64,
    /// Cases of the sample, and how many of them were answered.
    pub cases: u64,
    /// Cases that were answered.
    pub answered: u64,
    /// Model name.
    pub model: String,
    /// Version.
    pub version: String,
    /// Name of the batch.
    pub batch: String,
    /// Number of the row in its file, from 1.
    pub row: u64,
    /// The row's id; absent where the version declares none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_id: Option<String>,
    /// Whether the model's answer is hidden.
    pub blind: bool,
    /// What the model was given.
    pub inputs: Vec<CaseInput>,
    /// Which reading of the case it is.
    pub reading: Reading,
    /// What the two readers said who differ, without their names; nothing for a first or second reading.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<ReadingShown>,
    /// The answers to choose from; none where numbers are predicted.
    pub classes: Vec<String>,
    /// Where numbers are predicted: how far the reviewer's may be from the predicted one and agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// Unit of the predicted number, as declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What the model answered; absent for a blind case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_answer: Option<String>,
    /// The model's score; absent for a blind case, and where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
}

/// What a reviewer says.
#[derive(Clone, Debug, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveAnswer {
    /// One of the classes, or a number; absent where the case cannot be judged.
    #[serde(default)]
    pub answer: Option<String>,
    /// Whether the predicted number, which was in sight, is accepted as it is; in place of a number of one's own.
    #[serde(default)]
    pub accepts: Option<bool>,
    /// Which reading the case was shown for; without it, the one that is to be given next.
    #[serde(default)]
    pub reading: Option<Reading>,
    /// Why it cannot be judged, why the answer before is corrected, or why it holds of what two readers said.
    #[serde(default)]
    pub reason: Option<String>,
    /// What else there is to say.
    #[serde(default)]
    pub comment: Option<String>,
}

/// An answer, which tells what the model answered.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct AnswerView {
    /// Its row.
    #[serde(flatten)]
    pub row: ReviewAnswerRow,
    /// The answer.
    pub said: ReviewAnswer,
}

/// Why this person cannot review predictions of the version; `None` when they can.
pub(super) fn barred(tx: &ReadTx<'_>, acting: &Acting, version_id: &str) -> Result<Option<Error>> {
    let authors = tx.version_authors(version_id)?;
    let is_author = authors.iter().any(|author| author.id == acting.account.id);
    Ok(is_author.then(|| same_person(acting, "made this version", "review its predictions")))
}

/// The sample, if this person may answer about it now.
fn to_review(tx: &ReadTx<'_>, acting: &Acting, sample_id: &str) -> Result<SampleFound> {
    let found = SampleFound::read(tx, sample_id)?;
    if let Some(error) = barred(tx, acting, &found.row.version_id)? {
        return Err(error);
    }
    if found.row.is_closed {
        let detail = format!("review sample `{sample_id}` is closed");
        return Err(Error::Conflict { detail });
    }
    Ok(found)
}

/// What this person may be asked about: the readings that are left, without those of cases that they read already.
pub(super) fn tasks_of(
    (acting, sample): (&Acting, &ReviewSample),
    answers: &[ReviewAnswer],
) -> Vec<ReadingTask> {
    let role = acting.account.role;
    let may = |task: &ReadingTask| {
        action_of(task.reading).roles().contains(&role)
            && !CaseReadings::of(answers, task.case).is_by(&acting.account.user_name)
    };
    left(sample, answers).into_iter().filter(may).collect()
}

/// The permission that a reading takes.
pub(super) fn action_of(reading: Reading) -> Action {
    match reading {
        Reading::First | Reading::Second => Action::ReviewPredictions,
        Reading::Adjudication => Action::AdjudicateReadings,
    }
}

/// The next case of a sample for this person; `None` when none is left, or others are looking at the last ones.
///
/// # Errors
///
/// [`Error::Access`] for a role, a token or somebody who made the version; [`Error::NotFound`]; [`Error::Conflict`] for a closed sample;
/// those of reading the file.
pub fn next_case(store: &Store, acting: &Acting, sample_id: &str) -> Result<Option<CaseView>> {
    acting.permit(Action::AdjudicateReadings)?;
    require_session(acting)?;
    let now = store.clock().now_text();
    let looked = store.read(|tx| {
        let found = to_review(tx, acting, sample_id)?;
        let answers = answers_of(tx, sample_id)?;
        let Some(task) = next_task(tx, (acting, &found), &answers, &now)? else {
            return Ok::<_, Error>(None);
        };
        let judge = Judge::read(tx, &found.version.model, &found.version.version)?;
        let reader = CaseReader::of(store.objects(), judge, &found.sample)?;
        let number = task.case;
        let case = found.sample.case(number).ok_or_else(|| missing("case", &number.to_string()))?;
        let row = reader.read(tx, &found.sample, case)?;
        let readings = CaseReadings::of(&answers, number);
        let shown = match task.reading {
            Reading::First | Reading::Second => Vec::new(),
            Reading::Adjudication => [readings.first, readings.second]
                .into_iter()
                .flatten()
                .map(ReadingShown::of)
                .collect(),
        };
        Ok(Some(CaseView { readings: shown, ..view(&found, task, row, &reader) }))
    });
    let looked = looked.map_err(say_if_disposed(store))?;
    if let Some(case) = &looked {
        let account_id = acting.account.id.clone();
        store.show_case(sample_id, &ShownCase { case_number: case.case, account_id, at: now })?;
    }
    Ok(looked)
}

/// The case that this person was shown last and has not answered, or the first that nobody is looking at.
fn next_task(
    tx: &ReadTx<'_>,
    (acting, found): (&Acting, &SampleFound),
    answers: &[ReviewAnswer],
    now: &str,
) -> Result<Option<ReadingTask>> {
    let tasks = tasks_of((acting, &found.sample), answers);
    let rows = tx.review_answers(&found.row.id)?;
    let answered: BTreeSet<(u64, &str)> =
        rows.iter().map(|row| (row.case_number, row.account_id.as_str())).collect();
    let mut shown = tx.shown_cases(&found.row.id)?;
    shown.retain(|shown| !answered.contains(&(shown.case_number, shown.account_id.as_str())));
    let is_mine = |case| {
        shown.iter().any(|one| one.case_number == case && one.account_id == acting.account.id)
    };
    if let Some(mine) = tasks.iter().find(|task| is_mine(task.case)) {
        return Ok(Some(*mine));
    }
    let is_kept =
        |one: &&ShownCase| clock::milliseconds_between(&one.at, now).is_some_and(|ms| ms < KEPT_MS);
    let kept: BTreeSet<u64> = shown.iter().filter(is_kept).map(|one| one.case_number).collect();
    Ok(tasks.into_iter().find(|task| !kept.contains(&task.case)))
}

fn view(
    found: &SampleFound,
    ReadingTask { case: number, reading }: ReadingTask,
    row: CaseRow,
    reader: &CaseReader<'_>,
) -> CaseView {
    let schema = &reader.judge().registration.schema;
    let CaseRow { prediction, model_answer, score, .. } = row;
    let case = found.sample.case(number);
    let tolerance = found.sample.plan.tolerance;
    let predicted = schema.first_of(Role::Prediction).filter(|_| tolerance.is_some());
    let blind = case.is_none_or(|case| case.blind);
    let batch = case.and_then(|case| found.sample.batch_of(case));
    let is_input = |role: Role| matches!(role, Role::Feature | Role::Segment | Role::Time);
    let input = |cell: &crate::evidence::prediction::Cell| CaseInput {
        column: cell.column.clone(),
        unit: schema.column(&cell.column).and_then(|column| column.unit.clone()),
        value: cell.value.clone(),
    };
    CaseView {
        sample_id: found.row.id.clone(),
        case: number,
        cases: found.row.cases,
        answered: found.row.answered,
        model: found.sample.model.clone(),
        version: found.sample.version.clone(),
        batch: batch.map(|batch| batch.name.clone()).unwrap_or_default(),
        row: prediction.row,
        row_id: prediction.id(),
        blind,
        inputs: prediction.cells.iter().filter(|cell| is_input(cell.role)).map(input).collect(),
        reading,
        readings: Vec::new(),
        classes: found.sample.classes.clone(),
        tolerance,
        unit: predicted.and_then(|column| column.unit.clone()),
        model_answer: Some(model_answer).filter(|_| !blind),
        score: score.filter(|_| !blind),
    }
}

fn text(typed: Option<&str>) -> Option<String> {
    typed.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// What was typed as an answer: a class by its one spelling, or a number as it stands.
fn answer_text(sample: &ReviewSample, typed: Option<&str>) -> Option<String> {
    let typed = text(typed)?;
    Some(if sample.plan.tolerance.is_some() { typed } else { class_name(&typed) })
}

/// The reading of a case that this person may give now.
fn reading_of(
    (acting, sample): (&Acting, &ReviewSample),
    answers: &[ReviewAnswer],
    (number, shown_for): (u64, Option<Reading>),
) -> Result<Reading> {
    let readings = CaseReadings::of(answers, number);
    let is_double = sample.case(number).is_some_and(|case| case.second);
    let conflict = |detail: String| Err(Error::Conflict { detail });
    let Some(next) = readings.next(sample, is_double) else {
        let last = readings.adjudication.or(readings.second).or(readings.first);
        let by = last.map_or("somebody", |one| one.answered_by.as_str());
        return conflict(format!("{by} answered case {number} already"));
    };
    if readings.is_by(&acting.account.user_name) {
        return conflict(format!("you answered case {number} already; another person reads it"));
    }
    if shown_for.is_some_and(|shown_for| shown_for != next) {
        let word = next.word();
        return conflict(format!(
            "case {number} was answered meanwhile, and its {word} reading is left; ask for the next one"
        ));
    }
    acting.permit(action_of(next))?;
    Ok(next)
}

/// Records the answer of one reading of a case.
///
/// # Errors
///
/// As [`next_case`]; [`Error::Review`] for what the answer must say and does not; [`Error::Conflict`] for a case that was not shown to this
/// person, or was answered already.
pub fn give_answer(
    store: &Store,
    acting: &Acting,
    (sample_id, number): (&str, u64),
    said: &GiveAnswer,
) -> Result<Recorded<AnswerView>> {
    acting.permit(Action::AdjudicateReadings)?;
    require_session(acting)?;
    let read = store.read(|tx| {
        let found = to_review(tx, acting, sample_id)?;
        let judge = Judge::read(tx, &found.version.model, &found.version.version)?;
        let reader = CaseReader::of(store.objects(), judge, &found.sample)?;
        let case = found.sample.case(number).ok_or_else(|| missing("case", &number.to_string()))?;
        let row = reader.read(tx, &found.sample, case)?;
        let answers = answers_of(tx, sample_id)?;
        let reading = reading_of((acting, &found.sample), &answers, (number, said.reading))?;
        Ok::<_, Error>((found, row, reading))
    });
    let (found, row, reading) = read.map_err(say_if_disposed(store))?;
    let blind = found.sample.case(number).is_some_and(|case| case.blind);
    let mut answer = ReviewAnswer {
        format: REVIEW_ANSWER_FORMAT.to_owned(),
        sample_id: sample_id.to_owned(),
        sample_sha256: found.row.sha256.clone(),
        case: number,
        reading,
        batch_id: row.prediction.batch_id.clone(),
        row: row.prediction.row,
        row_sha256: row.prediction.row_sha256.clone(),
        blind,
        stratum: row.stratum,
        model_answer: row.model_answer,
        answer: answer_text(&found.sample, said.answer.as_deref()),
        accepts: said.accepts,
        reason: text(said.reason.as_deref()),
        comment: text(said.comment.as_deref()),
        corrects: None,
        dwell_ms: Some(0),
        answered_by: acting.account.user_name.clone(),
    };
    answer.validate(&found.sample)?;
    let written = store.write(&actor(acting), EntryType::SampleAnswer, |tx| {
        to_review(tx, acting, sample_id)?;
        let answers = answers_of(tx, sample_id)?;
        reading_of((acting, &found.sample), &answers, (number, Some(reading)))?;
        let mine =
            |one: &&ShownCase| one.case_number == number && one.account_id == acting.account.id;
        let shown = tx.shown_cases(sample_id)?;
        let Some(shown) = shown.iter().find(mine) else {
            let detail = format!("case {number} was not shown to you; ask for the next one");
            return Err(Error::Conflict { detail });
        };
        answer.dwell_ms = clock::milliseconds_between(&shown.at, tx.at()).or(Some(0));
        insert(tx, acting, &found, answer)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Corrects an answer of one's own: adds another with a reason; the first stays and counts.
///
/// # Errors
///
/// As [`give_answer`]; [`Error::Conflict`] for a case that somebody else answered, or nobody.
pub fn correct_answer(
    store: &Store,
    acting: &Acting,
    (sample_id, number): (&str, u64),
    said: &GiveAnswer,
) -> Result<Recorded<AnswerView>> {
    acting.permit(Action::AdjudicateReadings)?;
    require_session(acting)?;
    let written = store.write(&actor(acting), EntryType::SampleAnswer, |tx| {
        let found = to_review(tx, acting, sample_id)?;
        let answers = tx.review_answers(sample_id)?;
        let mut mine = answers.iter().rev().filter(|one| one.account_id == acting.account.id);
        let Some(last) = mine.find(|one| one.case_number == number) else {
            let detail = format!("you did not answer case {number}; who did corrects it");
            return Err(Error::Conflict { detail });
        };
        let answer = ReviewAnswer {
            answer: answer_text(&found.sample, said.answer.as_deref()),
            accepts: said.accepts,
            reason: text(said.reason.as_deref()),
            comment: text(said.comment.as_deref()),
            corrects: Some(last.id.clone()),
            dwell_ms: None,
            ..stored(&last.document)?
        };
        acting.permit(action_of(answer.reading))?;
        answer.validate(&found.sample)?;
        tx.refer(last.entry);
        insert(tx, acting, &found, answer)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

fn insert(
    tx: &mut crate::store::WriteTx<'_>,
    acting: &Acting,
    found: &SampleFound,
    said: ReviewAnswer,
) -> Result<AnswerView> {
    let bytes = said.bytes()?;
    let row = ReviewAnswerRow {
        id: clock::new_id("an"),
        sample_id: found.row.id.clone(),
        case_number: said.case,
        corrects: said.corrects.clone(),
        reading: Some(said.reading.word().to_owned()).filter(|_| !said.reading.is_first()),
        answered_by: said.answered_by.clone(),
        account_id: acting.account.id.clone(),
        sha256: digest::sha256_hex(&bytes),
        at: tx.at().to_owned(),
        entry: tx.index(),
        document: String::from_utf8_lossy(&bytes).into_owned(),
    };
    tx.subject(subject("model_version", &found.row.version_id));
    tx.subject(subject(super::draw_review_sample::SAMPLES, &found.row.id));
    tx.subject(subject(ANSWERS, &row.id));
    tx.refer(found.row.entry);
    tx.insert_review_answer(&row, &acting.account.id)?;
    Ok(AnswerView { row, said })
}
