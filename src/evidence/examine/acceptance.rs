//! Acceptance: every plan fits its version, every test run is computed again from its counts, and no criteria came after it.

use super::agreement::{Build, disagreement};
use super::{Examiner, Row, is_canonical};
use crate::drift::acceptance::plan::{AcceptanceCriteria, Registered};
use crate::drift::acceptance::run::{RUN_FORMAT, RunContext, TestRun};
use crate::drift::performance::rule::PerformanceRule;
use crate::drift::policy::Policy;
use crate::drift::reference::Reference;
use crate::evidence::shape::unfit_tally;
use crate::provenance::registration::Registration;
use std::collections::BTreeMap;

/// No test run holds more groups, nor more criteria.
const LIST_MAX: usize = 5_000;

/// A plan of a version, in the order of the ledger.
struct Fixed {
    id: String,
    version: String,
    entry: u64,
    sha256: String,
    plan: Option<AcceptanceCriteria>,
}

/// What a version's plans and runs are held against.
struct Version {
    registration: Registration,
    reference: Reference,
    rules: Vec<PerformanceRule>,
}

impl Examiner<'_> {
    /// Plans, then the test runs against them, each in the order of the ledger.
    pub(super) fn acceptance(&mut self) {
        let mut versions: BTreeMap<String, Option<Version>> = BTreeMap::new();
        let mut plans: Vec<Fixed> = Vec::new();
        for (key, row) in self.in_order("acceptance_plan") {
            let id = row.text("version_id").to_owned();
            if !versions.contains_key(&id) {
                let found = self.version(&id);
                versions.insert(id.clone(), found);
            }
            let version = versions.get(&id).and_then(Option::as_ref);
            let fixed = self.plan((&key, &row), version, &plans);
            plans.push(fixed);
        }
        let mut tested: Vec<(String, String, String)> = Vec::new();
        for (key, row) in self.in_order("test_run") {
            let version = versions.get(row.text("version_id")).and_then(Option::as_ref);
            self.test_run((&key, &row), version, &plans, &tested);
            let text = |column: &str| row.text(column).to_owned();
            tested.push((text("version_id"), text("plan_id"), text("rows_sha256")));
        }
    }

    /// The rows of a table in the order of the ledger.
    pub(super) fn in_order(&mut self, table: &str) -> Vec<(String, Row)> {
        let mut rows = self.rows(table);
        rows.sort_by_key(|(key, row)| (row.number("entry"), key.clone()));
        rows
    }

    fn version(&mut self, id: &str) -> Option<Version> {
        let row = self.records.row("model_version", id)?;
        let registration: Registration = serde_json::from_str(row.text("registration")).ok()?;
        let reference: Reference = serde_json::from_value(registration.reference.clone()).ok()?;
        let of_version = |(_, row): &(String, Row)| row.text("version_id") == id;
        let policies = self.rows("policy").into_iter().filter(of_version);
        let rules = policies
            .filter_map(|(_, row)| serde_json::from_str::<Policy>(row.text("document")).ok())
            .map(|policy| policy.performance)
            .collect();
        Some(Version { registration, reference, rules })
    }

    fn plan(
        &mut self,
        (key, row): (&str, &Row),
        version: Option<&Version>,
        earlier: &[Fixed],
    ) -> Fixed {
        let of = ("acceptance_plan", key);
        let plan = self.document::<AcceptanceCriteria>((of.0, of.1, row), ("document", "sha256"));
        let id = row.text("version_id");
        let before = earlier.iter().rev().find(|plan| plan.version == id);
        let expected = before.map(|plan| plan.id.as_str()).unwrap_or_default();
        self.same(of, "the plan it takes the place of", row.text("supersedes"), expected);
        if let Some(plan) = &plan {
            self.examined.acceptance_plans += 1;
            if !is_canonical(plan, row.text("document")) {
                self.trouble("document_invalid", of, "the plan is not canonical JSON");
            }
            let fits = version.map(|version| {
                version.rules.iter().any(|rule| plan.validate(version.with(rule)).is_ok())
            });
            if fits != Some(true) {
                let detail = "it does not fit the registration and the policy of its version";
                self.trouble("record_disagrees", of, detail);
            }
        }
        Fixed {
            id: key.to_owned(),
            version: id.to_owned(),
            entry: row.number("entry").unwrap_or_default(),
            sha256: row.text("sha256").to_owned(),
            plan,
        }
    }

    fn test_run(
        &mut self,
        (key, row): (&str, &Row),
        version: Option<&Version>,
        plans: &[Fixed],
        tested: &[(String, String, String)],
    ) {
        let of = ("test_run", key);
        let Some(run) = self.document::<TestRun>((of.0, of.1, row), ("document", "sha256")) else {
            return;
        };
        self.same(of, "format", &run.format, RUN_FORMAT);
        let entry = row.number("entry").unwrap_or_default();
        let before = plans
            .iter()
            .rev()
            .find(|plan| plan.version == row.text("version_id") && plan.entry < entry);
        let Some(fixed) = before.filter(|plan| plan.id == row.text("plan_id")) else {
            let detail =
                "the plan it was for is not the one in force before it: criteria come first";
            self.trouble("criteria_after_test", of, detail);
            return;
        };
        self.run_row(of, row, &run);
        self.run_context(of, &run.context, fixed, version);
        let same = tested.iter().filter(|(version, _, rows)| {
            version == row.text("version_id") && rows == row.text("rows_sha256")
        });
        let (mut under_plan, mut in_all) = (1, 1);
        for (_, plan, _) in same {
            in_all += 1;
            under_plan += u64::from(*plan == fixed.id);
        }
        if (run.context.look, run.context.look_in_all) != (under_plan, in_all) {
            let found = (run.context.look, run.context.look_in_all);
            let detail = format!(
                "it says the rows were tested {} times under its plan and {} in all, the records say {under_plan} and {in_all}",
                found.0, found.1
            );
            self.trouble("record_disagrees", of, detail);
        }
        let Some(plan) = &fixed.plan else { return };
        self.reproduce_run((key, row), &run, plan);
    }

    fn reproduce_run(
        &mut self,
        (key, row): (&str, &Row),
        run: &TestRun,
        plan: &AcceptanceCriteria,
    ) {
        let of = ("test_run", key);
        let unfit = (run.groups.len() > LIST_MAX)
            .then(|| "it holds too many groups".to_owned())
            .or_else(|| run.groups.iter().find_map(|group| unfit_tally(&group.counts.tally)));
        let by = Build::of(Some(&run.context.engine));
        let unlike = unfit.or_else(|| {
            disagreement(row.text("document"), &run.recompute(plan), by)
                .map(|place| format!("computed again from its counts it differs in {place}"))
        });
        if let Some(detail) = unlike {
            self.trouble("test_run_not_reproduced", of, detail);
        } else {
            self.examined.test_runs += 1;
            self.examined.other_build += u64::from(by == Build::Other);
        }
    }

    /// The row says what the document says.
    fn run_row(&mut self, of: (&str, &str), row: &Row, run: &TestRun) {
        let context = &run.context;
        self.same(of, "digest of the file", &context.file_sha256, row.text("file_sha256"));
        self.same(of, "digest of the rows", &context.rows_sha256, row.text("rows_sha256"));
        for (what, found, expected) in [
            ("number of rows", Some(context.rows), row.number("rows")),
            ("verdict", Some(u64::from(run.meets)), row.number("meets")),
            ("rows counted", run.groups.first().map(|g| g.counts.tally.rows), row.number("rows")),
        ] {
            if found != expected {
                let detail = format!("{what} is {found:?}, expected {expected:?}");
                self.trouble("record_disagrees", of, detail);
            }
        }
    }

    /// What it says of its plan and of what is predicted is what the records say.
    fn run_context(
        &mut self,
        of: (&str, &str),
        context: &RunContext,
        fixed: &Fixed,
        version: Option<&Version>,
    ) {
        self.same(of, "plan", &context.plan_id, &fixed.id);
        self.same(of, "digest of the plan", &context.plan_sha256, &fixed.sha256);
        self.same(
            of,
            "entry of the plan",
            &context.plan_entry.to_string(),
            &fixed.entry.to_string(),
        );
        let Some(version) = version else { return };
        self.same(of, "model", &context.model, &version.registration.model);
        self.same(of, "version", &context.version, &version.registration.version);
        let is_declared = version.rules.iter().any(|rule| {
            let predicted = version.with(rule).predicted();
            predicted.is_ok_and(|predicted| predicted.task == context.task)
                && rule.error_limit == context.error_limit
        });
        if !is_declared {
            let detail = "what it says is predicted is not what schema, reference and policy say";
            self.trouble("record_disagrees", of, detail);
        }
        let test_set =
            fixed.plan.as_ref().map(|plan| plan.test_set(&version.registration.datasets));
        if let Some(Ok(Some(test_set))) = test_set
            && (context.matched.is_empty() || context.rows != test_set.rows)
        {
            let detail = "its rows are not shown to be those of the test set that its plan names";
            self.trouble("record_disagrees", of, detail);
        }
    }
}

impl Version {
    fn with<'a>(&'a self, rule: &'a PerformanceRule) -> Registered<'a> {
        Registered { registration: &self.registration, reference: &self.reference, rule }
    }
}
