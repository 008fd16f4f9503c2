//! Procedure: read what the labels say about a version.
//!
//! 1. check that the person may read
//! 2. where evaluations are recorded: the newest one, and the newest record of every cohort
//! 3. where the policy does not declare them: join the kept files now, and record nothing

use super::evaluate_performance::{Sources, count, judge_cohorts};
use super::ingest_batch::Judge;
use super::stored;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::drift::performance::cohort::CohortReport;
use crate::drift::performance::report::PerformanceReport;
use crate::drift::performance::rule::PerformanceRule;
use crate::error::{Error, Result};
use crate::store::performance::PerformanceRow;
use crate::store::{ReadTx, Store};
use serde::Serialize;

/// Cohorts shown at once, the newest ones.
pub const COHORTS_MAX: u64 = 200;
/// Rows joined on request where nothing is recorded.
const ROWS_AT_ONCE: u64 = 1_000_000;

/// What the labels say about a version.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PerformanceView {
    /// The newest recorded evaluation; none where the policy does not declare any: then everything here was computed on
    /// request, is not recorded and raises no alert.
    pub recorded: Option<PerformanceRow>,
    /// What it holds.
    pub evaluation: Option<PerformanceReport>,
    /// How labels are evaluated.
    pub rule: PerformanceRule,
    /// The newest cohorts, in the order of their batches.
    pub cohorts: Vec<CohortReport>,
}

/// What the labels say about a version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] where nothing is recorded and there are too many rows to join
/// them on request, or the version cannot have labels.
pub fn performance(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<PerformanceView> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let judge = Judge::read(tx, model, version)?;
        match judge.policy.0.performance.clone() {
            Some(rule) => recorded(tx, &judge.version.id, rule),
            None => computed(store, tx, &judge),
        }
    })
}

/// The cohort of the batch `batch`.
///
/// # Errors
///
/// Those of [`performance`]; [`Error::NotFound`] for a batch without one.
pub fn cohort(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    batch: &str,
) -> Result<CohortReport> {
    let view = performance(store, acting, (model, version))?;
    let found = view.cohorts.into_iter().find(|cohort| cohort.context.batch == batch);
    found.ok_or_else(|| Error::NotFound { what: "cohort of batch", id: batch.to_owned() })
}

/// The newest recorded cohort of a batch by its id; none where none is recorded.
pub(super) fn recorded_cohort(tx: &ReadTx<'_>, batch_id: &str) -> Result<Option<CohortReport>> {
    tx.last_cohort(batch_id)?.map(|(document, _)| stored(&document)).transpose()
}

fn recorded(tx: &ReadTx<'_>, version_id: &str, rule: PerformanceRule) -> Result<PerformanceView> {
    let last = tx.last_performance(version_id)?;
    let mut cohorts = Vec::new();
    for document in tx.newest_cohorts(version_id, COHORTS_MAX)? {
        cohorts.push(stored(&document)?);
    }
    let (recorded, document) = last.unzip();
    let evaluation = document.map(|document: String| stored(&document)).transpose()?;
    Ok(PerformanceView { recorded, evaluation, rule, cohorts })
}

fn computed(store: &Store, tx: &ReadTx<'_>, judge: &Judge) -> Result<PerformanceView> {
    let rule = PerformanceRule::default();
    let sources = Sources::read(tx, &judge.version.id)?;
    let rows: u64 = sources.batches.iter().map(|batch| batch.rows).sum();
    if rows > ROWS_AT_ONCE {
        let detail = format!(
            "{rows} rows are too many to join on request; declare `performance` in the policy of the version"
        );
        return Err(Error::BadRequest { detail });
    }
    let counted = count(store.objects(), judge, &rule, &sources)?;
    let now = store.clock().now_text();
    let mut cohorts = judge_cohorts(tx, judge, &rule, (&sources, counted), &now)?;
    let shown = usize::try_from(COHORTS_MAX).unwrap_or(usize::MAX);
    cohorts.drain(..cohorts.len().saturating_sub(shown));
    Ok(PerformanceView { recorded: None, evaluation: None, rule, cohorts })
}
