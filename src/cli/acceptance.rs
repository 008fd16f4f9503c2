//! `driftledger acceptance` and `driftledger test`

use super::client::ServerArguments;
use super::{done, found, ingest, terminal};
use crate::dataset::fingerprint::RowSet;
use crate::dataset::schema::{Kind, Role, TableSchema};
use crate::digest::json_error;
use crate::drift::acceptance::plan::{Criterion, PLAN_FORMAT, TestSet};
use crate::drift::acceptance::run::{GroupVerdict, TestRun};
use crate::drift::acceptance::words::{limit_words, metric_words, scope_words, value_words};
use crate::error::{Error, Result};
use crate::procedures::fingerprint_files::{fingerprint_file, length_of};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tabled::builder::Builder;
use tabled::settings::Style;

/// Arguments of `acceptance`.
#[derive(Debug, Args)]
#[command(
    after_help = "A plan is JSON: rationale and criteria, as schemas/acceptance-plan.v1.json describes them. Criteria come before \
    the test: a test run counts for the plan that was in force when it was made.\n\n\
    Example: driftledger acceptance triage 1.0.0 --template > acceptance.json\n\
    Example: driftledger acceptance triage 1.0.0 acceptance.json --test-set test.csv --schema schema.json"
)]
pub(super) struct AcceptanceArguments {
    /// Model name
    model: String,
    /// Version of the model
    version: String,
    /// Plan to fix; without it, the plan in force is shown
    plan: Option<PathBuf>,
    /// Print a plan to fill, for what the version predicts; nothing is fixed
    #[arg(long, conflicts_with_all = ["plan", "json"])]
    template: bool,
    /// Table of the rows the model will be tested on: its digests go into the plan
    #[arg(long, value_name = "TABLE", requires = "plan")]
    test_set: Option<PathBuf>,
    /// Column declaration of that table
    #[arg(long, requires = "test_set")]
    schema: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArguments,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `test`.
#[derive(Debug, Args)]
#[command(
    after_help = "The file has row ids, prediction, label, the subgroup columns of the plan and, where there is one, the score. \
    Figures, intervals and verdicts are computed on the server from the file it keeps.\n\n\
    Exit code 0: every criterion is met. 1: not. 2: not tested.\n\n\
    Example: driftledger test triage 1.0.0 predictions.parquet"
)]
pub(super) struct TestArguments {
    /// Model name
    model: String,
    /// Version of the model
    version: String,
    /// Table with prediction and label of every row of the test set
    file: PathBuf,
    #[command(flatten)]
    server: ServerArguments,
    /// Print the test run as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &AcceptanceArguments) -> Result<ExitCode> {
    let (model, version) = (&arguments.model, &arguments.version);
    let (server, path) =
        (&arguments.server, format!("/api/v1/models/{model}/versions/{version}/acceptance"));
    if arguments.template {
        let version = format!("/api/v1/models/{model}/versions/{version}");
        let (_, answer) = server.send(server.get(&version)?)?;
        terminal::say_json(&template(&read(&answer["registration"]["schema"])?))?;
        return done();
    }
    if let Some(file) = &arguments.plan {
        let plan = plan(arguments, file)?;
        let (status, fixed) = server.send(server.post(&path)?.json(&plan))?;
        if arguments.json {
            terminal::say_json(&fixed)?;
            return done();
        }
        let again = if status == 200 { " (in force before)" } else { "" };
        terminal::say(&format!(
            "acceptance plan {} fixed in ledger entry {}{again}",
            fixed["id"].as_str().unwrap_or_default(),
            fixed["entry"]
        ));
    }
    let (_, answer) = server.send(server.get(&path)?)?;
    if arguments.json {
        terminal::say_json(&answer)?;
        return done();
    }
    let criteria: Option<Vec<Criterion>> = read(&answer["in_force"]["plan"]["criteria"])?;
    let Some(criteria) = criteria else {
        terminal::say("no acceptance criteria are fixed");
        return done();
    };
    let mut table = Builder::default();
    table.push_record(["figure", "over", "limit"]);
    for criterion in &criteria {
        table.push_record([
            metric_words(criterion),
            scope_words(criterion),
            limit_words(criterion),
        ]);
    }
    terminal::say(&table.build().with(Style::sharp()).to_string());
    done()
}

/// A plan to fill for a version of that `schema`: figures that fit what it predicts, limits that are nobody's yet.
fn template(schema: &TableSchema) -> Value {
    let is_number =
        schema.first_of(Role::Prediction).is_some_and(|c| c.kind.is_some_and(Kind::is_ordered));
    let figures: &[(&str, &str, f64)] = if is_number {
        &[("mean_absolute_error", "at_most", 1.0), ("bias", "at_most", 0.5)]
    } else if schema.first_of(Role::Score).is_some() {
        &[
            ("sensitivity", "at_least", 0.9),
            ("specificity", "at_least", 0.9),
            ("auc", "at_least", 0.9),
        ]
    } else {
        &[("accuracy", "at_least", 0.9)]
    };
    let criterion = |(metric, direction, limit): &(&str, &str, f64)| json!({"metric": metric, "direction": direction, "limit": limit, "judged_by": "bound"});
    json!({
        "format": PLAN_FORMAT,
        "rationale": "TODO: why these figures and limits are right for the intended use",
        "label": schema.first_of(Role::Label).map_or("label", |column| column.name.as_str()),
        "rows_min": 30,
        "criteria": figures.iter().map(criterion).collect::<Vec<_>>(),
    })
}

/// The plan in `file`, with model, version and test set filled in.
fn plan(arguments: &AcceptanceArguments, file: &Path) -> Result<Value> {
    let text = std::fs::read(file).map_err(Error::file("reading", file))?;
    let wrong = |e: &dyn std::fmt::Display| Error::BadRequest {
        detail: format!("`{}` is not a plan: {}", file.display(), json_error(&e)),
    };
    let mut plan: Value = serde_json::from_slice(&text).map_err(|e| wrong(&e))?;
    if !plan.is_object() {
        return Err(wrong(&"it is not a JSON object"));
    }
    for (name, value) in [
        ("format", PLAN_FORMAT),
        ("model", arguments.model.as_str()),
        ("version", arguments.version.as_str()),
    ] {
        if plan[name].is_null() {
            plan[name] = json!(value);
        }
    }
    if let Some(test_set) = &arguments.test_set {
        let bar = terminal::progress(length_of(test_set), true);
        bar.set_message("hashing");
        let schema = arguments.schema.as_deref();
        let read = fingerprint_file(test_set, schema, RowSet::No, |bytes| bar.inc(bytes))?;
        bar.finish_and_clear();
        let test_set = TestSet::Given { fingerprint: Box::new(read.fingerprint) };
        plan["test_set"] = serde_json::to_value(test_set).map_err(|e| wrong(&e))?;
    }
    Ok(plan)
}

pub(super) fn run_test(arguments: &TestArguments) -> Result<ExitCode> {
    let (model, version) = (&arguments.model, &arguments.version);
    let path = format!("/api/v1/models/{model}/versions/{version}/test-runs");
    let server = &arguments.server;
    let (status, answer) = ingest::send_file(server, &path, &arguments.file)?;
    let id = answer["id"].as_str().unwrap_or_default();
    let (_, answer) = server.send(server.get(&format!("/api/v1/test-runs/{id}"))?)?;
    let run: TestRun = read(&answer["run"])?;
    if arguments.json {
        terminal::say_json(&answer)?;
    } else {
        tell(&run);
        let again = if status == 200 { ", tested before" } else { "" };
        terminal::say(&format!("test run {id}{again}: {}", run.sentence));
    }
    if run.meets { done() } else { found() }
}

/// A part of the answer.
fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T> {
    T::deserialize(value).map_err(|e| Error::BadRequest { detail: format!("the answer: {e}") })
}

fn tell(run: &TestRun) {
    let mut table = Builder::default();
    table.push_record(["figure", "group", "rows", "value", "interval", "limit", "verdict"]);
    for criterion in &run.criteria {
        for line in &criterion.groups {
            table.push_record(record(&criterion.criterion, line));
        }
    }
    terminal::say(&table.build().with(Style::sharp()).to_string());
}

fn record(criterion: &Criterion, line: &GroupVerdict) -> [String; 7] {
    let said = |value: f64| value_words(criterion.metric, value);
    let figure = line.figure.as_ref();
    let interval = figure.and_then(|figure| figure.interval);
    let reason = line.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    [
        metric_words(criterion),
        line.group_words(criterion),
        line.rows.to_string(),
        figure.map_or_else(|| "-".to_owned(), |figure| said(figure.value)),
        interval.map_or_else(String::new, |[a, b]| format!("{} to {}", said(a), said(b))),
        limit_words(criterion),
        format!("{}{reason}", line.outcome.words()),
    ]
}
