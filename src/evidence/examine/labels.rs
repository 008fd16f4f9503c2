//! Performance: cohorts are computed again from their counts, evaluations from their cohorts.

use super::agreement::{Build, disagreement};
use super::invalidations::INVALIDATIONS;
use super::{Examiner, Row};
use crate::digest;
use crate::drift::episode::EpisodeOpening;
use crate::drift::performance::cohort::{COHORT_FORMAT, CohortReport};
use crate::drift::performance::expected::Inputs;
use crate::drift::performance::report::{
    ErrorState, JudgedCohort, PERFORMANCE_FORMAT, PerformanceReport, Watch,
};
use crate::drift::performance::rule::{PerformanceRule, Predicted};
use crate::drift::performance::taken_out::{state_without, to_take_out};
use crate::drift::policy::Policy;
use crate::drift::report::DriftReport;
use crate::evidence::shape::{unfit_cohort, unfit_evaluation};
use crate::provenance::registration::Registration;
use std::collections::HashMap;

/// What the next evaluation of a version must follow.
#[derive(Default)]
struct Story {
    number: u64,
    /// Ledger entry of the evaluation before.
    entry: u64,
    state: Option<ErrorState>,
    /// The evaluations so far, oldest first.
    evaluations: Vec<PerformanceReport>,
    /// Rows of each batch that are evidence already.
    counted: HashMap<String, [u64; 2]>,
}

impl Examiner<'_> {
    /// Evaluations, oldest first, each with the cohorts it recorded.
    pub(super) fn performance(&mut self) {
        let mut cohorts: HashMap<String, Vec<(String, Row)>> = HashMap::new();
        for (key, row) in self.rows("cohort") {
            cohorts.entry(row.text("performance_id").to_owned()).or_default().push((key, row));
        }
        let mut evaluations = self.rows("performance");
        evaluations
            .sort_by_key(|(_, row)| (row.text("version_id").to_owned(), row.number("number")));
        let mut stories: HashMap<String, Story> = HashMap::new();
        for (key, row) in evaluations {
            let story = stories.entry(row.text("version_id").to_owned()).or_default();
            let recorded = cohorts.remove(&key).unwrap_or_default();
            self.evaluation((&key, &row), recorded, story);
        }
        for (key, _) in cohorts.into_values().flatten() {
            self.trouble("record_dangling", ("cohort", &key), "its evaluation is not there");
        }
    }

    fn evaluation(
        &mut self,
        (key, row): (&str, &Row),
        recorded: Vec<(String, Row)>,
        story: &mut Story,
    ) {
        let of = ("performance", key);
        let columns = ("document", "sha256");
        let Some(report) = self.document::<PerformanceReport>((of.0, of.1, row), columns) else {
            return;
        };
        self.examined.evaluations += 1;
        self.same(of, "format", &report.format, PERFORMANCE_FORMAT);
        let Some(policy_row) = self.named((of.0, of.1, row), "policy_id", "policy") else { return };
        self.same(
            of,
            "digest of the policy",
            &report.context.policy_sha256,
            policy_row.text("sha256"),
        );
        self.same(
            of,
            "version of the policy",
            policy_row.text("version_id"),
            row.text("version_id"),
        );
        self.about_version(of, row, (&report.context.model, &report.context.version));
        let Ok(policy) = serde_json::from_str::<Policy>(policy_row.text("document")) else {
            return;
        };
        let mut again = Vec::new();
        for (key, row) in recorded {
            if let Some(cohort) = self.cohort((&key, &row), &policy.performance) {
                let (found, expected) =
                    (&cohort.context.policy_sha256, &report.context.policy_sha256);
                self.same(("cohort", &key), "digest of the policy", found, expected);
                let before = story.counted.get(row.text("batch_id")).copied().unwrap_or_default();
                again.push((
                    cohort.context.number,
                    JudgedCohort::of(&cohort, row.text("sha256").to_owned(), before),
                ));
            }
        }
        again.sort_by_key(|(number, _)| *number);
        let again: Vec<JudgedCohort> = again.into_iter().map(|(_, judged)| judged).collect();
        if again != report.cohorts {
            let detail = "the cohorts it lists are not those recorded with it, with the rows that are new in them";
            self.trouble("performance_not_reproduced", of, detail);
        }
        self.take_out((key, row), &report, story);
        self.reproduce_evaluation((key, row), &report, &policy, story);
        story.counted.extend(report.cohorts.iter().map(|c| (c.batch_id.clone(), c.counted)));
        story.number = row.number("number").unwrap_or_default();
        story.entry = row.number("entry").unwrap_or_default();
        story.state = report.evidence.as_ref().map(|evidence| evidence.after.clone());
        story.evaluations.push(report);
    }

    /// The rows of batches that were marked as invalid since the evaluation before are evidence no more, and it says so.
    fn take_out(
        &mut self,
        (key, row): (&str, &Row),
        report: &PerformanceReport,
        story: &mut Story,
    ) {
        let entry = row.number("entry").unwrap_or_default();
        let version = row.text("version_id");
        let mut invalid = Vec::new();
        for (_, marked) in self.kept(INVALIDATIONS).iter() {
            let at = marked.number("entry").unwrap_or(u64::MAX);
            if marked.text("version_id") == version && at < entry {
                invalid.push((marked.text("batch_id").to_owned(), at));
            }
        }
        let expected = to_take_out(&story.evaluations, &invalid, story.entry);
        if expected != report.context.taken_out {
            let names: Vec<&str> = expected.iter().map(|one| one.batch.as_str()).collect();
            let detail = format!(
                "batches marked as invalid since the evaluation before, and counted by then, are [{}]; it takes out others",
                names.join(", ")
            );
            self.trouble("performance_not_reproduced", ("performance", key), detail);
        }
        if !expected.is_empty() {
            let ids = invalid.iter().map(|(id, _)| id.as_str()).collect();
            story.state = state_without(&story.evaluations, &ids);
        }
    }

    fn reproduce_evaluation(
        &mut self,
        (key, row): (&str, &Row),
        report: &PerformanceReport,
        policy: &Policy,
        story: &Story,
    ) {
        let rule = &policy.performance;
        let of = ("performance", key);
        if row.number("number") != Some(story.number + 1) {
            let (found, expected) = (row.number("number"), story.number + 1);
            self.trouble(
                "report_out_of_order",
                of,
                format!("it is number {found:?}, expected {expected}"),
            );
        }
        let watch = rule
            .alarm
            .as_ref()
            .map(|alarm| Watch { alarm, batches_per_false_alarm: policy.batches_per_false_alarm });
        if let Some(detail) = unfit_evaluation(report, rule) {
            self.trouble("performance_not_reproduced", of, detail);
            return;
        }
        let by = Build::of(Some(&report.context.engine));
        self.examined.other_build += u64::from(by == Build::Other);
        if let Some(place) = disagreement(row.text("document"), &report.recompute(watch), by) {
            let detail = format!("computed again from its own counts it differs in {place}");
            self.trouble("performance_not_reproduced", of, detail);
        }
        let Some((alarm, evidence)) = rule.alarm.as_ref().zip(report.evidence.as_ref()) else {
            return;
        };
        let detector = alarm.detector();
        let last = story.state.clone().unwrap_or_else(|| ErrorState::start(&detector));
        let before = evidence.before.clone();
        if last.carried(&detector, before.muted) != before {
            let detail = "the evidence does not start where the evaluation before it ended";
            self.trouble("report_out_of_order", of, detail);
        }
    }

    /// One cohort, computed again.
    fn cohort(&mut self, (key, row): (&str, &Row), rule: &PerformanceRule) -> Option<CohortReport> {
        let of = ("cohort", key);
        let cohort: CohortReport = self.document((of.0, of.1, row), ("document", "sha256"))?;
        self.examined.cohorts += 1;
        self.same(of, "format", &cohort.format, COHORT_FORMAT);
        let context = &cohort.context;
        self.same(of, "batch id", &context.batch_id, row.text("batch_id"));
        self.same(of, "time of judging", &context.judged_at, row.text("at"));
        self.about_version(of, row, (&context.model, &context.version));
        if let Some(batch) = self.named((of.0, of.1, row), "batch_id", "batch") {
            let ended = batch.optional("period_end").unwrap_or(batch.text("at"));
            self.same(of, "batch name", &context.batch, batch.text("name"));
            self.same(of, "digest of the batch", &context.batch_sha256, batch.text("sha256"));
            self.same(of, "end of the batch", &context.ended_at, ended);
            self.same(of, "version of the batch", batch.text("version_id"), row.text("version_id"));
            if batch.number("rows") != Some(cohort.tally.rows) {
                let (found, expected) = (cohort.tally.rows, batch.number("rows"));
                self.trouble(
                    "record_disagrees",
                    of,
                    format!("it counts {found} rows, the batch has {expected:?}"),
                );
            }
        }
        self.label_files(of, row, &cohort);
        self.cohort_inputs(of, row, &cohort, rule);
        if let Some(detail) = unfit_cohort(&cohort) {
            self.trouble("cohort_not_reproduced", of, detail);
            return None;
        }
        let by = Build::of(Some(&cohort.context.engine));
        self.examined.other_build += u64::from(by == Build::Other);
        if let Some(place) = disagreement(row.text("document"), &cohort.recompute(rule), by) {
            let detail = format!("computed again from its own counts it differs in {place}");
            self.trouble("cohort_not_reproduced", of, detail);
        }
        Some(cohort)
    }

    /// It names the model and the version of its row.
    fn about_version(&mut self, of: (&str, &str), row: &Row, (model, version): (&str, &str)) {
        let Some(registered) = self.named((of.0, of.1, row), "version_id", "model_version") else {
            return;
        };
        self.same(of, "model", model, registered.text("model"));
        self.same(of, "version", version, registered.text("version"));
    }

    /// The label files it was computed from were recorded by then.
    fn label_files(&mut self, of: (&str, &str), row: &Row, cohort: &CohortReport) {
        let recorded: Vec<String> = self
            .rows("labels")
            .into_iter()
            .filter(|(_, labels)| labels.text("version_id") == row.text("version_id"))
            .filter(|(_, labels)| labels.number("entry") <= row.number("entry"))
            .map(|(_, labels)| labels.text("sha256").to_owned())
            .collect();
        if let Some(missing) =
            cohort.context.labels_sha256.iter().find(|file| !recorded.contains(file))
        {
            self.trouble("record_dangling", of, format!("label file {missing} is not recorded"));
        }
    }

    /// What it says of its inputs and of what is predicted is what drift report, reference and schema say.
    fn cohort_inputs(
        &mut self,
        of: (&str, &str),
        row: &Row,
        cohort: &CohortReport,
        rule: &PerformanceRule,
    ) {
        let Some(report_row) = self.named((of.0, of.1, row), "report_id", "report") else { return };
        let context = &cohort.context;
        self.same(of, "batch of the report", report_row.text("batch_id"), row.text("batch_id"));
        let found = digest::sha256_hex(report_row.text("document").as_bytes());
        self.same(of, "digest of the report", &context.report_sha256, &found);
        let Some(judge) = self.frozen.get(report_row.text("monitor_id")).cloned() else { return };
        let Ok(report) = serde_json::from_str::<DriftReport>(report_row.text("document")) else {
            return;
        };
        let reference = &judge.reference.0;
        if crate::evidence::shape::unfit_report(&report, reference).is_some() {
            return;
        }
        if Inputs::of(&report, reference) != context.inputs {
            let detail = "what it says of the inputs is not what the drift report says";
            self.trouble("record_disagrees", of, detail);
        }
        let registration = self
            .records
            .row("model_version", row.text("version_id"))
            .and_then(|row| serde_json::from_str::<Registration>(row.text("registration")).ok());
        let predicted = registration.and_then(|r| {
            let registered = serde_json::from_value(r.reference).ok()?;
            Predicted::of(&r.schema, &registered, rule).ok()
        });
        if predicted.map(|predicted| predicted.task).as_ref() != Some(&context.task) {
            let detail = "what it says is predicted is not what schema and reference say";
            self.trouble("record_disagrees", of, detail);
        }
    }

    /// A performance episode says what the evaluation that opened it, in the same ledger entry, alarmed about.
    pub(super) fn performance_episode(
        &mut self,
        (key, row): (&str, &Row),
        opening: &EpisodeOpening,
    ) {
        let evaluations = self.rows("performance");
        let opened =
            evaluations.iter().find(|(_, other)| other.number("entry") == row.number("entry"));
        let alarmed = opened
            .and_then(|(_, row)| {
                serde_json::from_str::<PerformanceReport>(row.text("document")).ok()
            })
            .and_then(|report| report.opens());
        if alarmed.as_ref() != Some(opening) {
            let detail = "no evaluation in its ledger entry alarmed about what it says";
            self.trouble("record_disagrees", ("episode", key), detail);
        }
    }
}
