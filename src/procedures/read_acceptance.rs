//! Procedure: read the acceptance criteria of a version and the test runs against them.
//!
//! 1. check that the person may read
//! 2. plan in force, plans before it, test runs; one test run with its document

use super::read_records::missing;
use super::{ingest_batch::Judge, stored};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::drift::acceptance::plan::AcceptanceCriteria;
use crate::drift::acceptance::run::TestRun;
use crate::error::Result;
use crate::store::acceptance::{AcceptancePlanRow, TestRunRow};
use crate::store::{ReadTx, Store};
use serde::Serialize;

/// A plan with its document.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PlanView {
    /// Its row.
    #[serde(flatten)]
    pub row: AcceptancePlanRow,
    /// What it says.
    pub plan: AcceptanceCriteria,
}

/// The acceptance of a version.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AcceptanceView {
    /// The plan in force, if criteria were fixed.
    pub in_force: Option<PlanView>,
    /// The newest test run for it that counts, if there is one.
    pub newest: Option<TestRunRow>,
    /// Whether that run meets every criterion; false without one.
    pub meets: bool,
    /// Plans that others took the place of, newest first.
    pub superseded: Vec<AcceptancePlanRow>,
    /// All test runs, newest first, those for superseded plans and those marked as invalid among them.
    pub runs: Vec<TestRunRow>,
}

/// A test run with its document and the plan it was for.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TestRunView {
    /// Its row.
    #[serde(flatten)]
    pub row: TestRunRow,
    /// Whether the plan it was for is in force.
    pub is_plan_in_force: bool,
    /// The document.
    pub run: TestRun,
}

/// The acceptance of a version.
///
/// # Errors
///
/// [`Error::Access`](crate::error::Error::Access), [`Error::NotFound`](crate::error::Error::NotFound).
pub fn acceptance(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<AcceptanceView> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let judge = Judge::read(tx, model, version)?;
        view(tx, &judge.version.id)
    })
}

/// What the page of a version's acceptance shows.
#[derive(Clone, Debug)]
pub struct AcceptancePage {
    /// Criteria and test runs.
    pub acceptance: AcceptanceView,
    /// The run asked for, else the newest for the criteria in force, and the confidence of its intervals.
    pub run: Option<(TestRunView, f64)>,
}

/// Criteria, test runs and one run with its figures: `run`, else the newest for the criteria in force.
///
/// # Errors
///
/// [`Error::Access`](crate::error::Error::Access), [`Error::NotFound`](crate::error::Error::NotFound).
pub fn acceptance_page(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    run: Option<&str>,
) -> Result<AcceptancePage> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let judge = Judge::read(tx, model, version)?;
        let acceptance = view(tx, &judge.version.id)?;
        let row = match run {
            None => acceptance.newest.clone(),
            Some(id) => {
                let found = acceptance.runs.iter().find(|row| row.id == id);
                Some(found.cloned().ok_or_else(|| missing("test run", id))?)
            }
        };
        let Some(row) = row else { return Ok(AcceptancePage { acceptance, run: None }) };
        let plans = tx.acceptance_plans(&row.version_id)?;
        let plan = plans.into_iter().find(|plan| plan.id == row.plan_id);
        let plan = plan.ok_or_else(|| missing("acceptance plan", &row.plan_id))?;
        let plan: AcceptanceCriteria = stored(&plan.document)?;
        let run = Some((run_view(tx, row)?, plan.confidence));
        Ok(AcceptancePage { acceptance, run })
    })
}

fn run_view(tx: &ReadTx<'_>, row: TestRunRow) -> Result<TestRunView> {
    let document = tx.test_run_document(&row.id)?.ok_or_else(|| missing("test run", &row.id))?;
    let plan = tx.acceptance_plan(&row.version_id)?;
    let is_plan_in_force = plan.is_some_and(|plan| plan.id == row.plan_id);
    Ok(TestRunView { run: stored(&document)?, row, is_plan_in_force })
}

pub(super) fn view(tx: &ReadTx<'_>, version_id: &str) -> Result<AcceptanceView> {
    let mut plans = tx.acceptance_plans(version_id)?.into_iter();
    let in_force = match plans.next() {
        None => None,
        Some(row) => Some(PlanView { plan: stored(&row.document)?, row }),
    };
    let runs = tx.test_runs(version_id)?;
    let plan_id = in_force.as_ref().map(|plan| plan.row.id.as_str());
    let counts =
        |run: &&TestRunRow| Some(run.plan_id.as_str()) == plan_id && run.invalidated.is_none();
    let newest = runs.iter().find(counts).cloned();
    let meets = newest.as_ref().is_some_and(|run| run.meets);
    Ok(AcceptanceView { in_force, newest, meets, superseded: plans.collect(), runs })
}

/// One test run with its document.
///
/// # Errors
///
/// [`Error::Access`](crate::error::Error::Access), [`Error::NotFound`](crate::error::Error::NotFound).
pub fn test_run(store: &Store, acting: &Acting, id: &str) -> Result<TestRunView> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let row = tx.test_run(id)?.ok_or_else(|| missing("test run", id))?;
        run_view(tx, row)
    })
}
