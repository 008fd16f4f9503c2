//! `driftledger inbox`, `driftledger fleet` and `driftledger indicators`: what waits, how every monitored version is, and how ready the
//! installation is for an inspection.

use super::client::ServerArguments;
use super::{done, found, terminal};
use crate::error::Result;
use crate::evidence::manifest::encode;
use clap::Args;
use serde_json::Value;
use std::process::ExitCode;
use tabled::builder::Builder;
use tabled::settings::Style;

/// Arguments of `inbox` and `fleet`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code of `inbox`: 0 nothing waits for you, 1 something does. Of `fleet`: 0 no version is silent or in alarm, 1 one is."
)]
pub(super) struct OverviewArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

/// Arguments of `indicators`.
#[derive(Debug, Args)]
#[command(after_help = "Exit code: 0 no early warning is given, 1 one is.")]
pub(super) struct IndicatorsArguments {
    /// First day of the period (UTC), for example 2026-01-01
    #[arg(long)]
    from: String,
    /// The day after its last: it is not in the period
    #[arg(long)]
    to: String,
    /// Print JSON, with the rows behind each indicator
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("–").replace('_', " ")
}

fn say(answer: &Value, header: &[&str], rows: Vec<Vec<String>>, json: bool) -> Result<()> {
    if json {
        return terminal::say_json(answer);
    }
    let mut table = Builder::default();
    table.push_record(header.iter().copied());
    for row in rows {
        table.push_record(row);
    }
    terminal::say(&table.build().with(Style::sharp()).to_string());
    Ok(())
}

pub(super) fn inbox(arguments: &OverviewArguments) -> Result<ExitCode> {
    let server = &arguments.server;
    let (_, answer) = server.send(server.get("/api/v1/inbox")?)?;
    let mine = |one: &Value| one["is_mine"] == true;
    let row = |one: &Value| {
        let due = if one["is_overdue"] == true { "overdue: " } else { "" };
        let whose = if mine(one) { "you" } else { "others" };
        let what = one["what"].as_str().unwrap_or_default().to_owned();
        let version = one["version"].as_str().unwrap_or_default().to_owned();
        let due = format!("{due}{}", one["due_on"].as_str().unwrap_or("–"));
        vec![whose.to_owned(), version, what, due]
    };
    let pending = list(&answer["pending"]);
    let rows = pending.iter().map(row).collect();
    say(&answer, &["for", "version", "what", "expected by"], rows, arguments.json)?;
    let waits = pending.iter().any(mine) || !list(&answer["alerts"]).is_empty();
    if waits { found() } else { done() }
}

pub(super) fn fleet(arguments: &OverviewArguments) -> Result<ExitCode> {
    let server = &arguments.server;
    let (_, answer) = server.send(server.get("/api/v1/fleet")?)?;
    let row = |line: &Value| {
        let version = format!("{} {}", text(&line["model"]), text(&line["version"]));
        let alarms = format!("{} raised", line["budget"]["raised"]);
        let alerts = format!("{} open", line["alerts"]["open"]);
        let (state, level, feed) = (&line["state"], &line["level"], &line["feed"]);
        vec![version, text(state), text(level), text(feed), alerts, alarms]
    };
    let rows = list(&answer["versions"]).iter().map(row).collect();
    let header = ["version", "state", "monitor", "batches", "alerts", "alarms"];
    say(&answer, &header, rows, arguments.json)?;
    let bad = |name: &str| answer["totals"][name].as_u64().unwrap_or_default() > 0;
    if bad("silent") || bad("alarm") { found() } else { done() }
}

pub(super) fn indicators(arguments: &IndicatorsArguments) -> Result<ExitCode> {
    let server = &arguments.server;
    let (from, to) = (encode(&arguments.from), encode(&arguments.to));
    let path = format!("/api/v1/indicators?from={from}&to={to}");
    let (_, answer) = server.send(server.get(&path)?)?;
    let indicators = list(&answer["indicators"]);
    let row = |one: &Value| {
        let outcome = &one["outcome"];
        let figure = &outcome["figures"][0];
        let value = figure["value"].as_f64().map_or_else(
            || "–".to_owned(),
            |value| match figure["unit"].as_str() {
                Some("share") => format!("{:.1} %", 100.0 * value),
                unit => format!("{value:.2} {}", unit.unwrap_or_default()),
            },
        );
        let warning = &outcome["warning"];
        let (found, why) = match (outcome["state"].as_str(), warning["given"].as_str()) {
            (Some("not_evaluated"), _) => ("not evaluated", &outcome["reason"]),
            (_, Some("yes")) => ("warning", &warning["because"]),
            (_, Some("no")) => ("no warning", &warning["because"]),
            _ => ("no limit to judge by", &warning["reason"]),
        };
        let why = why.as_str().unwrap_or_default().to_owned();
        vec![text(&one["code"]), value, found.to_owned(), why]
    };
    let rows = indicators.iter().map(row).collect();
    say(&answer, &["indicator", "value", "early warning", "why"], rows, arguments.json)?;
    let warns = |one: &Value| one["outcome"]["warning"]["given"] == "yes";
    if indicators.iter().any(warns) { found() } else { done() }
}
