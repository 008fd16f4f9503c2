//! `driftledger change`: what changed since the approved version before.

use super::client::ServerArguments;
use super::{done, terminal};
use crate::error::{Error, Result};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `change`.
#[derive(Debug, Args)]
#[command(
    after_help = "Without a file, prints what differs and the change record in force. A statement is JSON:\n\
    {\"kinds\": [\"data\"], \"reason\": \"…\", \"impact\": \"…\", \"risk\": \"unchanged\", \"retest\": true, \
    \"retest_rationale\": \"…\", \"external_change\": \"CC-0042\"}\n\
    Author and QA sign it on its page; no token signs.\n\n\
    Example: driftledger change --model triage --version 1.1.0 change.json"
)]
pub(super) struct ChangeArguments {
    /// Model name
    #[arg(long)]
    model: String,
    /// Version of the model
    #[arg(long)]
    version: String,
    /// What is stated about the change, as JSON
    statement: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

pub(super) fn run(arguments: &ChangeArguments) -> Result<ExitCode> {
    let server = &arguments.server;
    let path = format!("/api/v1/models/{}/versions/{}/change", arguments.model, arguments.version);
    let Some(file) = &arguments.statement else {
        let (_, page) = server.send(server.get(&path)?)?;
        terminal::say_json(&page)?;
        return done();
    };
    let bytes = std::fs::read(file).map_err(Error::file("reading", file))?;
    let request = server.post(&path)?.header("content-type", "application/json").body(bytes);
    let (status, row) = server.send(request)?;
    if arguments.json {
        terminal::say_json(&row)?;
    } else {
        let what = if status == 201 { "recorded" } else { "recorded before" };
        terminal::say(&format!(
            "{what}: revision {} of the change record, SHA-256 {}, ledger entry {}",
            row["revision"],
            row["sha256"].as_str().unwrap_or_default(),
            row["entry"]
        ));
    }
    done()
}
