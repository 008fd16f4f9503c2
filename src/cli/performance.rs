//! `driftledger performance`

use super::client::ServerArguments;
use super::{done, terminal};
use crate::drift::performance::cohort::{CohortReport, Maturity};
use crate::drift::performance::figures::FigureName;
use crate::drift::performance::report::ErrorEvidence;
use crate::drift::performance::sentence::evidence_sentence;
use crate::error::{Error, Result};
use clap::Args;
use serde::de::DeserializeOwned;
use std::process::ExitCode;
use tabled::builder::Builder;
use tabled::settings::Style;

/// The figures shown; `--json` has all of them.
const SHOWN: [FigureName; 6] = [
    FigureName::Accuracy,
    FigureName::Sensitivity,
    FigureName::Auc,
    FigureName::MeanAbsoluteError,
    FigureName::Bias,
    FigureName::OutOfSpecification,
];

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
    let cohorts = match &arguments.batch {
        None => answer["cohorts"].clone(),
        Some(_) => serde_json::Value::Array(vec![answer.clone()]),
    };
    if let Some(reason) = answer["not_evaluated"].as_str() {
        terminal::warn(&format!("{reason}; register a version whose schema declares it"));
    }
    if cohorts.as_array().is_some_and(Vec::is_empty) {
        terminal::say("no labels were evaluated yet; `driftledger labels` sends them");
        return done();
    }
    tell(&read::<Vec<CohortReport>>(&cohorts)?);
    if let Some(evidence) = read::<Option<ErrorEvidence>>(&answer["evaluation"]["evidence"])? {
        terminal::say(&evidence_sentence(&evidence));
    }
    done()
}

/// A part of the answer.
fn read<T: DeserializeOwned>(value: &serde_json::Value) -> Result<T> {
    T::deserialize(value).map_err(|e| Error::BadRequest { detail: format!("the answer: {e}") })
}

fn tell(cohorts: &[CohortReport]) {
    let mut table = Builder::default();
    let limits = "95 % interval";
    table.push_record(["batch", "rows", "labelled", "state", "figure", "value", limits]);
    for cohort in cohorts {
        let state = match (&cohort.maturity, cohort.provisional) {
            (Maturity::Immature { reason }, _) => format!("not judged: {reason}"),
            (Maturity::Mature, true) => "provisional".to_owned(),
            (Maturity::Mature, false) => "complete".to_owned(),
        };
        let (rows, labelled) = (cohort.tally.rows.to_string(), percent(cohort.completeness));
        let mut head = [cohort.context.batch.clone(), rows, labelled, state];
        for figure in cohort.figures.figures.iter().filter(|figure| SHOWN.contains(&figure.name)) {
            let said = |value: f64| {
                if figure.name.is_share() { percent(value) } else { format!("{value:.3}") }
            };
            let limits = figure.interval.map_or_else(String::new, |[lower, upper]| {
                format!("{} to {}", said(lower), said(upper))
            });
            let class = figure.class.as_ref().map(|c| format!(", {c}")).unwrap_or_default();
            let name = format!("{}{class}", figure.name.words());
            table.push_record(head.into_iter().chain([name, said(figure.value), limits]));
            head = Default::default();
        }
        if !head[0].is_empty() {
            table.push_record(head.into_iter().chain([
                String::new(),
                String::new(),
                String::new(),
            ]));
        }
    }
    terminal::say(&table.build().with(Style::sharp()).to_string());
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
