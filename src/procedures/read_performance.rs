//! Procedure: read what the labels say about a version.
//!
//! 1. check that the person may read
//! 2. the newest evaluation, and the newest record of every cohort

use super::ingest_batch::Judge;
use super::stored;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::drift;
use crate::drift::performance::cohort::{CohortReport, Maturity};
use crate::drift::performance::report::PerformanceReport;
use crate::drift::performance::rule::PerformanceRule;
use crate::error::{Error, Result};
use crate::store::performance::PerformanceRow;
use crate::store::{ReadTx, Store};
use serde::Serialize;

/// Cohorts shown at once, the newest ones.
pub const COHORTS_MAX: u64 = 200;

/// What the labels say about a version.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PerformanceView {
    /// The newest evaluation; none before labels came.
    pub recorded: Option<PerformanceRow>,
    /// What it holds.
    pub evaluation: Option<PerformanceReport>,
    /// How labels are evaluated.
    pub rule: PerformanceRule,
    /// The newest cohorts, in the order of their batches.
    pub cohorts: Vec<CohortReport>,
    /// Why labels cannot be evaluated, whatever comes: what the schema of the version lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_evaluated: Option<String>,
}

/// What the labels say about a version.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn performance(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<PerformanceView> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let judge = Judge::read(tx, model, version)?;
        let rule = judge.policy.0.performance;
        let refused = rule.validate(&judge.registration.schema).err().map(|error| match error {
            drift::Error::Mismatch { detail, .. } => detail,
            other => other.to_string(),
        });
        Ok(PerformanceView { not_evaluated: refused, ..view(tx, &judge.version.id, rule)? })
    })
}

/// The cohort of the batch `batch`.
///
/// # Errors
///
/// [`Error::Access`]; [`Error::NotFound`] for a batch without one.
pub fn cohort(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    batch: &str,
) -> Result<CohortReport> {
    acting.permit(Action::Read)?;
    let missing = || Error::NotFound { what: "cohort of batch", id: batch.to_owned() };
    store.read(|tx| {
        let judge = Judge::read(tx, model, version)?;
        let batch = tx.batch_by_name(&judge.version.id, batch)?.ok_or_else(missing)?;
        let (document, _) = tx.last_cohort(&batch.id)?.ok_or_else(missing)?;
        stored(&document)
    })
}

fn view(tx: &ReadTx<'_>, version_id: &str, rule: PerformanceRule) -> Result<PerformanceView> {
    let mut cohorts = Vec::new();
    for document in tx.newest_cohorts(version_id, COHORTS_MAX)? {
        cohorts.push(stored(&document)?);
    }
    let (recorded, document) = tx.last_performance(version_id)?.unzip();
    let evaluation = document.map(|document: String| stored(&document)).transpose()?;
    Ok(PerformanceView { recorded, evaluation, rule, cohorts, not_evaluated: None })
}

/// What the labels say about the newest batch that could be judged by them.
pub(super) fn newest_sentence(tx: &ReadTx<'_>, version_id: &str) -> Result<Option<String>> {
    for document in tx.newest_cohorts(version_id, 60)?.iter().rev() {
        let cohort: CohortReport = stored(document)?;
        if cohort.maturity == Maturity::Mature {
            return Ok(Some(cohort.sentence));
        }
    }
    Ok(None)
}
