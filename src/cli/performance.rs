//! `driftledger performance`

use super::client::ServerArguments;
use super::{done, terminal};
use crate::error::Result;
use clap::Args;
use serde_json::Value;
use std::process::ExitCode;
use tabled::builder::Builder;
use tabled::settings::Style;

/// Arguments of `performance`.
#[derive(Debug, Args)]
#[command(
    after_help = "A cohort is one batch, as far as its labels have come. Below 90 % labels it is provisional; one that \
    is immature has no figures.\n\n\
    Example: driftledger performance --model triage --version 1.0.0 --token $TOKEN"
)]
pub(super) struct PerformanceArguments {
    /// Model name
    #[arg(long)]
    model: String,
    /// Version of the model
    #[arg(long)]
    version: String,
    /// Only this batch
    #[arg(long)]
    batch: Option<String>,
    /// Evaluate first: for cohorts that have become due since the last labels came
    #[arg(long)]
    evaluate: bool,
    #[command(flatten)]
    server: ServerArguments,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &PerformanceArguments) -> Result<ExitCode> {
    let (model, version) = (&arguments.model, &arguments.version);
    let path = format!("/api/v1/models/{model}/versions/{version}/performance");
    let server = &arguments.server;
    if arguments.evaluate {
        server.send(server.post(&path)?)?;
    }
    let path = match &arguments.batch {
        None => path,
        Some(batch) => format!("{path}/{batch}"),
    };
    let (_, answer) = server.send(server.get(&path)?)?;
    if arguments.json {
        terminal::say_json(&answer)?;
        return done();
    }
    match answer["cohorts"].as_array() {
        Some(cohorts) => tell(cohorts, &answer),
        None => tell(std::slice::from_ref(&answer), &Value::Null),
    }
    done()
}

fn tell(cohorts: &[Value], answer: &Value) {
    let mut table = Builder::default();
    table.push_record([
        "batch",
        "rows",
        "labelled",
        "right",
        "95 % limits",
        "AUC or R²",
        "calibration",
        "remark",
    ]);
    for cohort in cohorts {
        table.push_record(line(cohort));
    }
    terminal::say(&table.build().with(Style::sharp()).to_string());
    if let Some(evidence) = answer["evaluation"]["evidence"].as_object() {
        let meter = evidence["meter"].as_f64().unwrap_or_default();
        let level = evidence["level"].as_str().unwrap_or_default();
        terminal::say(&format!(
            "error rate: {level} (evidence {:.0} % of the alarm limit)",
            100.0 * meter
        ));
    }
}

fn line(cohort: &Value) -> Vec<String> {
    let figure = |names: &[&str]| {
        let figures = cohort["figures"]["figures"].as_array().into_iter().flatten();
        figures.into_iter().find(|figure| {
            figure["class"].is_null() && figure["name"].as_str().is_some_and(|n| names.contains(&n))
        })
    };
    let percent = |value: &Value| {
        value.as_f64().map_or_else(|| "-".to_owned(), |v| format!("{:.1} %", 100.0 * v))
    };
    let number =
        |value: &Value| value.as_f64().map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
    let right = figure(&["accuracy"]);
    let wrong = figure(&["out_of_specification"]);
    let limits = match (right, wrong) {
        (Some(figure), _) => (percent(&figure["value"]), limits(&figure["interval"], percent)),
        (None, Some(figure)) => {
            (format!("{} out", percent(&figure["value"])), limits(&figure["interval"], percent))
        }
        _ => ("-".to_owned(), "-".to_owned()),
    };
    let shape = figure(&["auc", "r_squared"]).map_or(Value::Null, |figure| figure["value"].clone());
    let remark = match (cohort["reason"].as_str(), cohort["maturity"]["reason"].as_str()) {
        (Some(reason), _) | (None, Some(reason)) => reason.to_owned(),
        _ if cohort["provisional"] == true => "provisional".to_owned(),
        _ => String::new(),
    };
    vec![
        cohort["context"]["batch"].as_str().unwrap_or_default().to_owned(),
        cohort["tally"]["rows"].to_string(),
        percent(&cohort["completeness"]),
        limits.0,
        limits.1,
        number(&shape),
        number(&cohort["calibration"]["error"]["debiased"]),
        remark,
    ]
}

fn limits(interval: &Value, said: impl Fn(&Value) -> String) -> String {
    match interval.as_array().map(Vec::as_slice) {
        Some([lower, upper]) => format!("{} – {}", said(lower), said(upper)),
        _ => "-".to_owned(),
    }
}
