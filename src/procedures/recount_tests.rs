//! A part of checking a store: count every test run again from its kept file.
//!
//! 1. open the file by its digest
//! 2. count it as its plan asks, with what the run says is predicted, and hold the counts against those of the run

use super::fix_acceptance::registered;
use super::ingest_batch::Judge;
use super::read_records::missing;
use super::stored;
use crate::dataset::reader::{Format, TableFile};
use crate::dataset::row_ids::id_key;
use crate::drift::acceptance::count::count;
use crate::drift::acceptance::plan::{AcceptanceCriteria, Registered};
use crate::drift::acceptance::run::TestRun;
use crate::drift::performance::rule::{PerformanceRule, Task};
use crate::error::Result;
use crate::store::ReadTx;
use crate::store::acceptance::TestRunRow;
use crate::store::objects::Objects;

/// What differs between the test run `id` and its file; `None` where they say the same.
///
/// # Errors
///
/// Those of reading the records and the file.
pub(super) fn recount(tx: &ReadTx<'_>, objects: &Objects, id: &str) -> Result<Option<String>> {
    let row: TestRunRow = tx.test_run(id)?.ok_or_else(|| missing("test run", id))?;
    let document = tx.test_run_document(id)?.ok_or_else(|| missing("test run", id))?;
    let run: TestRun = stored(&document)?;
    let plans = tx.acceptance_plans(&row.version_id)?;
    let plan = plans.into_iter().find(|plan| plan.id == row.plan_id);
    let plan = plan.ok_or_else(|| missing("acceptance plan", &row.plan_id))?;
    let plan: AcceptanceCriteria = stored(&plan.document)?;
    let version = tx.version_by_id(&row.version_id)?;
    let version = version.ok_or_else(|| missing("model version", &row.version_id))?;
    let judge = Judge::read(tx, &version.model, &version.version)?;
    drop(objects.open(&row.blake3)?);
    let table = TableFile::open(&objects.path(&row.blake3)?, Format::of_word(&row.format))?;
    let rule = rule_then(&judge.policy.0.performance, &run);
    let against = Registered { rule: &rule, ..registered(&judge) };
    let counts = count(&table, &plan, against, &id_key(&row.version_id))?;
    let unlike = run.unlike(&counts);
    Ok(unlike.map(|what| format!("counted again from its file, {what} differ")))
}

/// What the policy said when the run was made, as far as counts depend on it.
fn rule_then(now: &PerformanceRule, run: &TestRun) -> PerformanceRule {
    let positive = match &run.context.task {
        Task::Binary { positive, .. } => Some(positive.clone()),
        _ => now.positive.clone(),
    };
    PerformanceRule { positive, error_limit: run.context.error_limit, ..now.clone() }
}
