//! `driftledger describe` and `driftledger status`: what a version is for, and what is missing for its next step.

use super::client::ServerArguments;
use super::{done, found, terminal};
use crate::error::{Error, Result};
use clap::Args;
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `describe`.
#[derive(Debug, Args)]
#[command(
    after_help = "A model record says what a version is for, how risky that is, and who watches it. While the version is a draft, \
    sending another one supersedes it; nothing is edited.\n\n\
    Examples:\n  driftledger describe --model triage --version 1.0.0 --template > record.json\n  \
    driftledger describe --model triage --version 1.0.0 record.json"
)]
pub(super) struct DescribeArguments {
    /// Model name
    #[arg(long)]
    model: String,
    /// Version of the model
    #[arg(long)]
    version: String,
    /// The filled record
    #[arg(required_unless_present = "template")]
    record: Option<PathBuf>,
    /// Print a record to fill: the newest revision, or what the registration says with hints what to write
    #[arg(long, conflicts_with = "record")]
    template: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 0: a next step can be taken, or none is left. 1: something is missing for every next step.\n\n\
    Example: driftledger status --model triage --version 1.0.0"
)]
pub(super) struct StatusArguments {
    /// Model name
    #[arg(long)]
    model: String,
    /// Version of the model
    #[arg(long)]
    version: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

pub(super) fn run(arguments: &DescribeArguments) -> Result<ExitCode> {
    let server = &arguments.server;
    let path = format!("/api/v1/models/{}/versions/{}/record", arguments.model, arguments.version);
    let Some(file) = &arguments.record else {
        let (_, template) = server.send(server.get(&format!("{path}/template"))?)?;
        terminal::say_json(&template)?;
        return done();
    };
    let bytes = std::fs::read(file).map_err(Error::file("reading", file))?;
    let request = server.put(&path)?.header("content-type", "application/json").body(bytes);
    let (status, row) = server.send(request)?;
    if arguments.json {
        terminal::say_json(&row)?;
    } else {
        let what = if status == 201 { "recorded" } else { "recorded before" };
        terminal::say(&format!(
            "{what}: revision {} of the model record, SHA-256 {}, ledger entry {}",
            row["revision"],
            row["sha256"].as_str().unwrap_or_default(),
            row["entry"]
        ));
    }
    done()
}

pub(super) fn status(arguments: &StatusArguments) -> Result<ExitCode> {
    let server = &arguments.server;
    let StatusArguments { model, version, .. } = arguments;
    let path = format!("/api/v1/models/{model}/versions/{version}/life-cycle");
    let (_, life) = server.send(server.get(&path)?)?;
    if arguments.json {
        terminal::say_json(&life)?;
    } else {
        tell(&life);
    }
    let next = list(&life["next"]);
    let ready = next.iter().any(|step| list(&step["gaps"]).is_empty());
    if next.is_empty() || ready { done() } else { found() }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn tell(life: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().replace('_', " ");
    let tier = life["tier"].as_str().map(|tier| format!(", risk tier {tier}")).unwrap_or_default();
    terminal::say(&format!(
        "{} {} is {}{tier}",
        life["model"].as_str().unwrap_or_default(),
        life["version"].as_str().unwrap_or_default(),
        text(&life["state"])
    ));
    for step in list(&life["next"]) {
        let who: Vec<String> = list(&step["who"]).iter().map(text).collect();
        let gaps = list(&step["gaps"]);
        let ready = if gaps.is_empty() { "can be taken" } else { "needs first" };
        terminal::say(&format!("{} by {}: {ready}", text(&step["step"]), who.join(" or ")));
        for gap in gaps {
            let (missing, todo) = (gap["missing"].as_str(), gap["todo"].as_str());
            terminal::say(&format!(
                "  - {}: {}",
                missing.unwrap_or_default(),
                todo.unwrap_or_default()
            ));
        }
    }
}
