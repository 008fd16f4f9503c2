//! `/models/{model}/versions/{version}/acceptance`: criteria fixed before the test, and what the test runs say.

use super::frame::{Frame, Place};
use super::markup::Markup;
use super::page_error::Answer;
use super::visitor::Visitor;
use super::wording::whole;
use crate::access::role::Action;
use crate::drift::acceptance::plan::{Criterion, TestSet};
use crate::drift::acceptance::run::{CriterionOutcome, CriterionVerdict, GroupVerdict};
use crate::drift::acceptance::words::{
    limit_words, metric_words, scope_words, short_limit_words, value_words,
};
use crate::error::Error;
use crate::procedures::read_acceptance::{
    AcceptancePage as View, PlanView, TestRunView, acceptance_page,
};
use crate::store::acceptance::{AcceptancePlanRow, TestRunRow};
use actix_web::{get, web};
use askama::Template;

/// A criterion of the plan.
struct CriterionLine {
    metric: Markup,
    scope: Markup,
    limit: String,
    baseline: String,
}

/// The plan in force.
struct PlanBox {
    rationale: String,
    at: Markup,
    by: String,
    entry: u64,
    sha256: String,
    rows_min: String,
    left_out: String,
    confidence: String,
    test_set: String,
    table: Option<String>,
    criteria: Vec<CriterionLine>,
}

/// One criterion over one group of rows.
struct VerdictLine {
    metric: String,
    group: String,
    limit: String,
    rows: String,
    value: String,
    interval: String,
    class: &'static str,
    sign: &'static str,
    outcome: &'static str,
    reason: String,
}

/// One criterion of a run, with its groups.
struct CriterionBox {
    class: &'static str,
    sign: &'static str,
    outcome: &'static str,
    title: Markup,
    lines: Vec<VerdictLine>,
}

/// A run with its figures.
struct RunBox {
    sentence: Markup,
    at: Markup,
    by: String,
    entry: u64,
    plan_entry: u64,
    is_plan_in_force: bool,
    look: u64,
    look_in_all: u64,
    /// That it is invalid, with the ledger entry of the decision.
    invalid: Option<(Markup, u64)>,
    /// Where this person may mark it as invalid; empty where not.
    mark_path: String,
    matched: String,
    file_sha256: String,
    sha256: String,
    confidence: String,
    criteria: Vec<CriterionBox>,
}

/// A run of the list.
struct RunLine {
    path: String,
    at: Markup,
    by: String,
    rows: String,
    meets: bool,
    is_invalid: bool,
    entry: u64,
    plan_entry: u64,
}

#[derive(Template)]
#[template(path = "acceptance.html")]
struct AcceptancePage {
    frame: Frame,
    model: String,
    version: String,
    plan: Option<PlanBox>,
    run: Option<RunBox>,
    runs: Vec<RunLine>,
    superseded: Vec<(Markup, String, String, u64)>,
    may_fix: bool,
    may_test: bool,
}

impl AcceptancePage {
    fn of(
        (frame, account_id): (Frame, &str),
        (model, version): (String, String),
        view: &View,
    ) -> Self {
        let path = format!("/models/{model}/versions/{version}/test-runs");
        let acceptance = &view.acceptance;
        let may_mark =
            |row: &TestRunRow| frame.may(Action::InvalidateTestRun) && row.account_id != account_id;
        let run = view.run.as_ref();
        let run = run.map(|(run, confidence)| run_box(run, *confidence, may_mark(&run.row)));
        Self {
            may_fix: frame.may(Action::FixAcceptance),
            may_test: frame.may(Action::TestVersion),
            frame,
            plan: acceptance.in_force.as_ref().map(plan_box),
            run,
            runs: acceptance.runs.iter().map(|row| run_line(&path, row)).collect(),
            superseded: acceptance.superseded.iter().map(superseded).collect(),
            model,
            version,
        }
    }
}

fn superseded(row: &AcceptancePlanRow) -> (Markup, String, String, u64) {
    (Markup::time(&row.at), row.fixed_by.clone(), row.sha256.clone(), row.entry)
}

fn run_line(path: &str, row: &TestRunRow) -> RunLine {
    RunLine {
        path: format!("{path}/{}", row.id),
        at: Markup::time(&row.at),
        by: row.sent_by.clone(),
        rows: whole(row.rows),
        meets: row.meets,
        is_invalid: row.invalidated.is_some(),
        entry: row.entry,
        plan_entry: row.plan_entry,
    }
}

fn confidence_words(confidence: f64) -> String {
    let text = format!("{:.2}", 100.0 * confidence);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

fn plan_box(view: &PlanView) -> PlanBox {
    let plan = &view.plan;
    PlanBox {
        rationale: plan.rationale.clone(),
        at: Markup::time(&view.row.at),
        by: view.row.fixed_by.clone(),
        entry: view.row.entry,
        sha256: view.row.sha256.clone(),
        rows_min: whole(plan.rows_min),
        left_out: whole(plan.rows_left_out_max),
        confidence: confidence_words(plan.confidence),
        test_set: match &plan.test_set {
            None => "any labelled rows: the plan names none".to_owned(),
            Some(TestSet::Registered { .. }) => "a test dataset of the registration".to_owned(),
            Some(TestSet::Given { fingerprint }) => {
                format!("{}, {} rows", fingerprint.name, whole(fingerprint.rows))
            }
        },
        table: plan.test_set.as_ref().map(|test_set| match test_set {
            TestSet::Registered { table } => table.clone(),
            TestSet::Given { fingerprint } => fingerprint.table.table.clone(),
        }),
        criteria: plan.criteria.iter().map(criterion_line).collect(),
    }
}

fn criterion_line(criterion: &Criterion) -> CriterionLine {
    let baseline = criterion.baseline.as_ref();
    CriterionLine {
        metric: Markup::sentence(&metric_words(criterion)),
        scope: Markup::sentence(&scope_words(criterion)),
        limit: limit_words(criterion),
        baseline: baseline.map_or_else(
            || "not known".to_owned(),
            |known| format!("{} ({})", value_words(criterion.metric, known.value), known.source),
        ),
    }
}

/// Class, sign and words of an outcome.
fn told(outcome: CriterionOutcome) -> (&'static str, &'static str, &'static str) {
    let (class, sign) = match outcome {
        CriterionOutcome::Met => ("stable", "✓"),
        CriterionOutcome::NotMet => ("drift", "!"),
        CriterionOutcome::NotEvaluated => ("not_evaluated", "–"),
    };
    (class, sign, outcome.words())
}

fn run_box(view: &TestRunView, confidence: f64, may_mark: bool) -> RunBox {
    let context = &view.run.context;
    let invalid = view.row.invalidated.as_ref();
    RunBox {
        sentence: Markup::sentence(&view.run.sentence),
        at: Markup::time(&view.row.at),
        by: view.row.sent_by.clone(),
        entry: view.row.entry,
        plan_entry: view.row.plan_entry,
        is_plan_in_force: view.is_plan_in_force,
        look: context.look,
        look_in_all: context.look_in_all,
        mark_path: match invalid {
            None if may_mark => format!("/test-runs/{}/invalidation", view.row.id),
            _ => String::new(),
        },
        invalid: invalid.map(|found| (Markup::text(&found.sentence()), found.entry)),
        matched: context.matched.join(", "),
        file_sha256: context.file_sha256.clone(),
        sha256: view.row.sha256.clone(),
        confidence: confidence_words(confidence),
        criteria: view.run.criteria.iter().map(criterion_box).collect(),
    }
}

fn criterion_box(verdict: &CriterionVerdict) -> CriterionBox {
    let (class, sign, outcome) = told(verdict.outcome);
    let criterion = &verdict.criterion;
    CriterionBox {
        class,
        sign,
        outcome,
        title: Markup::sentence(&format!(
            "{}, {}: {}",
            metric_words(criterion),
            scope_words(criterion),
            limit_words(criterion)
        )),
        lines: verdict.groups.iter().map(|line| verdict_line(criterion, line)).collect(),
    }
}

fn verdict_line(criterion: &Criterion, line: &GroupVerdict) -> VerdictLine {
    let said = |value: f64| value_words(criterion.metric, value);
    let (class, sign, outcome) = told(line.outcome);
    let figure = line.figure.as_ref();
    let not_counting = if line.counts { "" } else { "does not count: " };
    VerdictLine {
        metric: metric_words(criterion),
        group: line.group_words(criterion),
        limit: short_limit_words(criterion),
        rows: whole(figure.map_or(line.rows, |figure| figure.rows)),
        value: figure.map_or_else(|| "–".to_owned(), |figure| said(figure.value)),
        interval: match figure.and_then(|figure| figure.interval) {
            None => "–".to_owned(),
            Some([lower, upper]) => format!("{} to {}", said(lower), said(upper)),
        },
        class,
        sign,
        outcome,
        reason: line.reason.as_ref().map_or_else(String::new, |r| format!("{not_counting}{r}")),
    }
}

/// The page again, with why a test run was refused.
pub(super) async fn again(visitor: Visitor, version: (String, String), error: Error) -> Answer {
    visitor
        .with_files()
        .page_again(error, move |visitor, notice| {
            let of = (version.0.as_str(), version.1.as_str());
            let view = acceptance_page(&visitor.store, &visitor.acting(), of, None)?;
            let title = format!("Acceptance of {} {}", of.0, of.1);
            let frame = visitor.frame(&title, Place::Models).with_notice(Some(notice));
            let frame = (frame, visitor.account().id.as_str());
            Ok(AcceptancePage::of(frame, version.clone(), &view))
        })
        .await
}

async fn page(visitor: Visitor, version: (String, String), run: Option<String>) -> Answer {
    visitor
        .with_files()
        .page(move |visitor| {
            let (model, number) = &version;
            let of = (model.as_str(), number.as_str());
            let view = acceptance_page(&visitor.store, &visitor.acting(), of, run.as_deref())?;
            let frame = visitor.frame(&format!("Acceptance of {model} {number}"), Place::Models);
            Ok(AcceptancePage::of((frame, &visitor.account().id), version, &view))
        })
        .await
}

/// The criteria in force and the newest test run for them.
#[get("/models/{model}/versions/{version}/acceptance")]
pub(super) async fn show(visitor: Visitor, path: web::Path<(String, String)>) -> Answer {
    page(visitor, path.into_inner(), None).await
}

/// The same with one test run, whichever it is.
#[get("/models/{model}/versions/{version}/test-runs/{id}")]
pub(super) async fn show_run(
    visitor: Visitor,
    path: web::Path<(String, String, String)>,
) -> Answer {
    let (model, version, id) = path.into_inner();
    page(visitor, (model, version), Some(id)).await
}
