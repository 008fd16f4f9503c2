//! Procedure: read review samples, their answers and what they come to.
//!
//! 1. check that the person may read
//! 2. read in one snapshot; of cases that nobody answered yet, nothing is told that the model answered, and of a case that a second person
//!    is to read, nothing that the first said, except to themselves

use super::close_review_sample::answers_of;
use super::read_case::SampleFound;
use super::review_prediction::{AnswerView, barred, tasks_of};
use super::stored;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::dataset::schema::{Column, Kind, Role};
use crate::error::{Error, Result};
use crate::review::plan::{PlannedCases, review_plan};
use crate::review::reading::{CaseReadings, left};
use crate::review::review_answer::ReviewAnswer;
use crate::review::review_figures::ReviewFigures;
use crate::review::review_result::ReviewResult;
use crate::review::review_sample::ReviewSample;
use crate::store::review_samples::{ReviewResultRow, ReviewSampleRow};
use crate::store::versions::VersionRow;
use crate::store::{ReadTx, Store};

/// Samples in a list.
const LIST_MAX: u32 = 500;

/// A sample in a list.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ReviewSampleLine {
    /// Its row.
    #[serde(flatten)]
    pub row: ReviewSampleRow,
    /// Model name.
    pub model: String,
    /// Version.
    pub version: String,
    /// Names of the batches.
    pub batches: Vec<String>,
    /// What the review is for.
    pub purpose: String,
    /// Whether this person may answer about it now.
    pub is_mine: bool,
}

/// A sample with everything about it.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ReviewSampleView {
    /// Its row.
    #[serde(flatten)]
    pub row: ReviewSampleRow,
    /// The sample.
    pub sample: ReviewSample,
    /// What its answers say so far, those that are hidden left out.
    pub figures: ReviewFigures,
    /// Cases after which the stop-any-time plan may stop, by wrong ones met, where all cases weigh the same.
    pub stop_any_time: Vec<PlannedCases>,
    /// Answers, in the order in which they were recorded.
    pub answers: Vec<AnswerView>,
    /// Answers that are not told yet, because somebody else is to read their cases without knowing them.
    pub hidden: u64,
    /// Readings that are left: first ones, second ones and adjudications.
    pub left: u64,
    /// The end of it, once it is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ReviewResultView>,
    /// Whether this person may answer about it now.
    pub is_mine: bool,
}

/// The end of a sample.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ReviewResultView {
    /// Its row.
    #[serde(flatten)]
    pub row: ReviewResultRow,
    /// The result.
    pub result: ReviewResult,
}

/// What a sample of a version can be drawn from.
#[derive(Clone, Debug)]
pub struct DrawChoices {
    /// The version.
    pub version: VersionRow,
    /// Names of its judged batches with their rows, newest first.
    pub batches: Vec<(String, u64)>,
    /// Columns that may make strata.
    pub columns: Vec<String>,
    /// Whether there is a score to make bands of.
    pub has_score: bool,
    /// Whether numbers are predicted, so that bands are made of them and a tolerance is needed; with the unit, as declared.
    pub numbers: Option<String>,
}

fn is_mine(
    tx: &ReadTx<'_>,
    acting: &Acting,
    (row, sample): (&ReviewSampleRow, &ReviewSample),
) -> Result<bool> {
    let may = acting.permit(Action::AdjudicateReadings).is_ok();
    if !may || row.is_closed || barred(tx, acting, &row.version_id)?.is_some() {
        return Ok(false);
    }
    Ok(!tasks_of((acting, sample), &answers_of(tx, &row.id)?).is_empty())
}

/// Whether somebody may be told this answer now: it is their own, or nobody is to read its case any more without knowing it.
fn is_told(
    acting: &Acting,
    sample: &ReviewSample,
    (one, all): (&ReviewAnswer, &[ReviewAnswer]),
) -> bool {
    let is_double = sample.case(one.case).is_some_and(|case| case.second);
    one.answered_by == acting.account.user_name
        || CaseReadings::of(all, one.case).next(sample, is_double).is_none()
}

/// Samples, newest first, of one version or of all.
///
/// # Errors
///
/// [`Error::Access`]; [`Error::NotFound`] for a version.
pub fn review_samples(
    store: &Store,
    acting: &Acting,
    version: Option<(&str, &str)>,
) -> Result<Vec<ReviewSampleLine>> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let version = match version {
            None => None,
            Some((model, version)) => {
                let id = format!("{model}/{version}");
                let found = tx.version(model, version)?;
                Some(found.ok_or(Error::NotFound { what: "model version", id })?.id)
            }
        };
        let rows = tx.review_samples(version.as_deref(), LIST_MAX)?;
        rows.into_iter().map(|row| line(tx, acting, row)).collect()
    })
}

fn line(tx: &ReadTx<'_>, acting: &Acting, row: ReviewSampleRow) -> Result<ReviewSampleLine> {
    let sample: ReviewSample = stored(&row.document)?;
    let is_mine = is_mine(tx, acting, (&row, &sample))?;
    let batches = sample.batches.into_iter().map(|batch| batch.name).collect();
    let ReviewSample { model, version, purpose, .. } = sample;
    Ok(ReviewSampleLine { row, model, version, batches, purpose, is_mine })
}

/// One sample.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn review_sample(store: &Store, acting: &Acting, id: &str) -> Result<ReviewSampleView> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let SampleFound { row, sample, .. } = SampleFound::read(tx, id)?;
        let all = answers_of(tx, id)?;
        let rows = tx.review_answers(id)?.into_iter().zip(&all);
        let told = rows.filter(|(_, said)| row.is_closed || is_told(acting, &sample, (said, &all)));
        let answers: Vec<AnswerView> =
            told.map(|(row, said)| AnswerView { row, said: said.clone() }).collect();
        let said: Vec<ReviewAnswer> = answers.iter().map(|one| one.said.clone()).collect();
        let figures = ReviewFigures::of(&sample, &said)?;
        let hidden = (all.len() - answers.len()) as u64;
        let result = match tx.review_result(id)? {
            None => None,
            Some(row) => {
                let result = stored(&row.document)?;
                Some(ReviewResultView { row, result })
            }
        };
        let plan = review_plan(sample.plan.claim, sample.plan.confidence, None)?;
        let is_mine = is_mine(tx, acting, (&row, &sample))?;
        let stop_any_time = plan.stop_any_time;
        let left = left(&sample, &all).len() as u64;
        Ok(ReviewSampleView {
            row,
            sample,
            figures,
            stop_any_time,
            answers,
            hidden,
            left,
            result,
            is_mine,
        })
    })
}

/// What a sample of a version can be drawn from.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn draw_choices(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<DrawChoices> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let judge = super::ingest_batch::Judge::read(tx, model, version)?;
        let judged = tx.judged_batches(&judge.version.id)?;
        let batches = judged.into_iter().rev().map(|batch| (batch.name, batch.rows)).collect();
        let schema = &judge.registration.schema;
        let few = |column: &&Column| {
            let is_category = matches!(column.kind, Some(Kind::Binary | Kind::Categorical));
            is_category && matches!(column.role, Role::Feature | Role::Segment)
        };
        let columns = schema.columns.iter().filter(few).map(|column| column.name.clone());
        let columns = columns.collect();
        let has_score = schema.first_of(Role::Score).is_some();
        let predicted = schema.first_of(Role::Prediction);
        let number = predicted.filter(|column| column.kind.is_some_and(Kind::is_ordered));
        let numbers = number.map(|column| column.unit.clone().unwrap_or_default());
        Ok(DrawChoices { version: judge.version, batches, columns, has_score, numbers })
    })
}
