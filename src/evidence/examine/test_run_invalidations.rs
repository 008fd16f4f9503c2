//! Invalid test runs: each decision is canonical, says what the records say, is signed once over its bytes by somebody who may and who did
//! not make the run; and no step of a version rests on a run that was invalid before.

use super::changes::Signatures;
use super::{Examiner, Row, is_canonical};
use crate::access::role::Action;
use crate::review::completeness::{Cited, TestRunFact};
use crate::review::life_cycle::{Rule, Step, VersionState, state_after};
use crate::review::signature::Meaning;
use crate::review::step_sheet::StepSheet;
use crate::review::test_run_invalidation::{
    RestingStep, TestRunInvalidation, is_tested_again, relies_on_approval,
};

/// The record table of invalidations of test runs.
const INVALIDATIONS: &str = "test_run_invalidation";

fn entry(row: &Row) -> u64 {
    row.number("entry").unwrap_or(u64::MAX)
}

impl Examiner<'_> {
    /// All invalidations and their signatures.
    pub(super) fn test_run_invalidations(&mut self, signatures: &mut Signatures) {
        for (key, row) in self.rows(INVALIDATIONS) {
            let signed = signatures.remove(key.as_str()).unwrap_or_default();
            let of = (INVALIDATIONS, key.as_str());
            let meaning = Meaning::InvalidatedTestRun;
            if let Some(signer) = self.signature_over(of, &row, meaning, &signed)
                && !Action::InvalidateTestRun.roles().contains(&signer.role)
            {
                let detail = format!("a {} may not mark a test run as invalid", signer.role.word());
                self.trouble("step_not_permitted", of, detail);
            }
            let columns = ("document", "sha256");
            if let Some(sheet) = self.document::<TestRunInvalidation>((of.0, of.1, &row), columns) {
                self.examined.invalidations += 1;
                self.run_invalidation(of, &row, &sheet);
            }
        }
    }

    fn run_invalidation(&mut self, of: (&str, &str), row: &Row, sheet: &TestRunInvalidation) {
        if !is_canonical(sheet, row.text("document")) {
            self.trouble("document_invalid", of, "the invalidation is not canonical JSON");
        }
        if let Err(error) = sheet.validate() {
            self.trouble("invalidation_not_valid", of, error.to_string());
        }
        self.same(of, "version", &sheet.version_id, row.text("version_id"));
        self.same(of, "test run", &sheet.test_run.id, row.text("test_run_id"));
        self.same(of, "reason", &sheet.reason, row.text("reason"));
        if let Some(version) = self.named((of.0, of.1, row), "version_id", "model_version") {
            self.same(of, "name of the model", &sheet.model, version.text("model"));
            self.same(of, "name of the version", &sheet.version, version.text("version"));
        }
        let Some(run) = self.named((of.0, of.1, row), "test_run_id", "test_run") else { return };
        if run.text("account_id") == row.text("account_id") {
            let detail = "who made the test run marked it as invalid";
            self.trouble("step_not_permitted", of, detail);
        }
        self.same(of, "version of the test run", run.text("version_id"), &sheet.version_id);
        self.same(of, "digest of the test run", &sheet.test_run.sha256, run.text("sha256"));
        self.same(of, "digest of its file", &sheet.test_run.file_sha256, run.text("file_sha256"));
        self.same(of, "plan of the test run", &sheet.plan.id, run.text("plan_id"));
        let meets = run.number("meets") == Some(1);
        if let Some(plan) = self.records.row("acceptance_plan", &sheet.plan.id) {
            self.same(of, "digest of the plan", &sheet.plan.sha256, plan.text("sha256"));
            let (stated, recorded) = (sheet.plan.entry.to_string(), entry(&plan).to_string());
            self.same(of, "ledger entry of the plan", &stated, &recorded);
        }
        let (rows, at) = (run.number("rows").unwrap_or_default(), entry(&run));
        let stated = (sheet.test_run.rows, sheet.test_run.entry, sheet.meets_plan);
        if stated != (rows, at, meets) {
            let detail = "it states other rows, another entry or another outcome than the test run";
            self.trouble("record_disagrees", of, detail);
        }
        self.what_rests_on_it(of, entry(row), sheet);
    }

    /// The steps that rest on the run, where the version stands, and which run counts instead, as of ledger entry `before`.
    fn what_rests_on_it(&mut self, of: (&str, &str), before: u64, sheet: &TestRunInvalidation) {
        let (mut taken, mut resting) = (Vec::new(), Vec::new());
        for (key, row) in self.in_order("version_step") {
            if row.text("version_id") != sheet.version_id || entry(&row) >= before {
                continue;
            }
            let Some(step) = Step::of_word(row.text("step")) else { continue };
            taken.push(step);
            let document: Option<StepSheet> = serde_json::from_str(row.text("document")).ok();
            let its = document.and_then(|step| step.acceptance.test_run);
            if its.is_some_and(|found| found.run.id == sheet.test_run.id) {
                resting.push(RestingStep { id: key, step, entry: entry(&row) });
            }
        }
        if sheet.steps != resting {
            let detail = "it names other steps than those that rest on the test run";
            self.trouble("record_disagrees", of, detail);
        }
        let state: VersionState = state_after(taken).unwrap_or_else(|(state, _)| state);
        self.same(of, "state of the version", sheet.state.word(), state.word());
        let instead = self.counts_instead(sheet, before);
        if sheet.counts_instead != instead {
            let said = |fact: Option<&TestRunFact>| {
                fact.map_or("none".to_owned(), |fact| fact.run.id.clone())
            };
            let (found, expected) = (said(sheet.counts_instead.as_ref()), said(instead.as_ref()));
            self.same(of, "the test run that counts instead", &found, &expected);
        }
    }

    /// The newest test run for the plan in force that was not invalid at `before`, but for the one of `sheet`.
    fn counts_instead(&mut self, sheet: &TestRunInvalidation, before: u64) -> Option<TestRunFact> {
        let its = |row: &Row| row.text("version_id") == sheet.version_id && entry(row) < before;
        let plans = self.in_order("acceptance_plan");
        let plan = plans.into_iter().rev().find(|(_, row)| its(row))?.0;
        for (key, row) in self.in_order("test_run").into_iter().rev() {
            let counts = its(&row) && row.text("plan_id") == plan && key != sheet.test_run.id;
            if counts && self.run_invalid_at(&key).is_none_or(|at| at > before) {
                let (sha256, at) = (row.text("sha256").to_owned(), entry(&row));
                let run = Cited { id: key, sha256, entry: at };
                return Some(TestRunFact { run, meets_plan: row.number("meets") == Some(1) });
            }
        }
        None
    }

    /// Ledger entry in which a test run was marked as invalid.
    fn run_invalid_at(&mut self, run: &str) -> Option<u64> {
        let rows = self.kept(INVALIDATIONS);
        let marked = rows.iter().find(|(_, row)| row.text("test_run_id") == run);
        marked.map(|(_, row)| entry(row))
    }

    /// No step rests on a test run that was invalid before it; and nothing relies on an approval whose test run is, before the version was
    /// tested again. `approved_on` is the run of the approval before.
    pub(super) fn rests_on_valid_runs(
        &mut self,
        of: (&str, &str),
        (at, sheet): (u64, &StepSheet),
        approved_on: Option<&str>,
    ) {
        let cited = sheet.acceptance.test_run.as_ref().map(|found| found.run.id.clone());
        if let Some(run) = cited
            && self.run_invalid_at(&run).is_some_and(|marked| marked < at)
        {
            let detail = format!("it rests on test run `{run}`, which was invalid before");
            self.trouble("step_not_allowed", of, detail);
        }
        let Some(rule) = Rule::of(sheet.from, sheet.step) else { return };
        let Some(run) = approved_on.filter(|_| relies_on_approval(rule)) else { return };
        let is_invalid = self.run_invalid_at(run).is_some_and(|marked| marked < at);
        if is_invalid && !is_tested_again(&sheet.acceptance) {
            let detail = format!(
                "the approval rests on test run `{run}`, which was invalid before, and the version was not tested again"
            );
            self.trouble("step_not_allowed", of, detail);
        }
    }
}
