//! `driftledger ingest` and `driftledger labels`

use super::client::ServerArguments;
use super::{done, terminal};
use crate::clock::Clock;
use crate::dataset::reader::TableFile;
use crate::drift::assess::Verdict;
use crate::drift::notices::notices;
use crate::drift::report::DriftReport;
use crate::error::{Error, Result};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Which version a file is for.
#[derive(Debug, Args)]
struct Target {
    /// Model name
    #[arg(long)]
    model: String,
    /// Version of the model
    #[arg(long)]
    version: String,
    #[command(flatten)]
    server: ServerArguments,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `ingest`.
#[derive(Debug, Args)]
#[command(after_help = "Sending the same file again returns the first report.\n\n\
    Example: driftledger ingest june.parquet --model assay --version 1.0.0 --name 2026-06 \\\n\
      --period 2026-06-01T00:00:00Z/2026-07-01T00:00:00Z --token $TOKEN")]
pub(super) struct IngestArguments {
    /// Table of one batch
    file: PathBuf,
    /// Name of the batch; without it, the file name
    #[arg(long)]
    name: Option<String>,
    /// Event period, UTC, START/END, the end not included; a day stands for its beginning
    #[arg(long, value_name = "START/END")]
    period: Option<String>,
    /// Fingerprint of the configuration that produced it (`driftledger configuration`); another one than the registered one
    /// raises a critical alert
    #[arg(long, value_name = "SHA256")]
    configuration: Option<String>,
    /// Name or id of the batch that it corrects, which QA marked as invalid
    #[arg(long, value_name = "BATCH", requires = "reason")]
    corrects: Option<String>,
    /// What was wrong with the batch that it corrects, and what is right now
    #[arg(long, requires = "corrects")]
    reason: Option<String>,
    #[command(flatten)]
    target: Target,
}

/// Arguments of `labels`.
#[derive(Debug, Args)]
pub(super) struct LabelsArguments {
    /// Table with the id column and the label
    file: PathBuf,
    /// Say why these labels correct earlier ones; without it, the first label of a row stands
    #[arg(long, value_name = "REASON")]
    corrects: Option<String>,
    #[command(flatten)]
    target: Target,
}

pub(super) fn run(arguments: &IngestArguments) -> Result<ExitCode> {
    let name = arguments
        .name
        .clone()
        .or_else(|| arguments.file.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    let name = name.unwrap_or_default();
    let mut query = vec![("name", name.clone())];
    if let Some(period) = &arguments.period {
        let (start, end) = period.split_once('/').ok_or_else(|| Error::BadRequest {
            detail: format!(
                "period `{period}` has no `/`; write START/END, for example 2026-06-01/2026-07-01"
            ),
        })?;
        let now = Clock::system().now_text();
        // Days and times of RFC 3339 are in the order of their texts.
        if start > now.as_str() {
            terminal::warn(&format!(
                "the period begins at {start}, and it is {now} now: is that the year of these rows? The next batch is expected after it"
            ));
        }
        query.extend([("period_start", start.to_owned()), ("period_end", end.to_owned())]);
    }
    if let Some(configuration) = &arguments.configuration {
        query.push(("configuration", configuration.trim().to_owned()));
    }
    let correction = [("corrects", &arguments.corrects), ("reason", &arguments.reason)];
    query.extend(correction.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    let (status, answer) = send(&arguments.target, "batches", &arguments.file, &query)?;
    if arguments.target.json {
        terminal::say_json(&answer)?;
        return done();
    }
    let text =
        |name: &str| answer.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    let again = if status == 200 { " (judged before)" } else { "" };
    let meter = answer.get("meter").and_then(serde_json::Value::as_f64).unwrap_or_default();
    terminal::say(&format!(
        "{}: {}, monitor {} (evidence {:.0} % of the alarm limit), report {}{again}",
        text("batch"),
        text("verdict"),
        text("state"),
        100.0 * meter,
        text("id"),
    ));
    if status == 200 && text("batch") != name {
        terminal::note(&format!(
            "the same bytes were sent before as batch `{}`, which is what was answered; name `{name}` and period of now were not taken",
            text("batch")
        ));
    }
    tell_why(&arguments.target.server, &text("id"));
    done()
}

/// Says what a reader of the verdict must know, where the token may read the report: rows that do not count, what drifted.
fn tell_why(server: &ServerArguments, id: &str) {
    let read = server.get(&format!("/api/v1/reports/{id}")).and_then(|asked| server.send(asked));
    let report = read.ok().and_then(|(_, body)| serde_json::from_value::<DriftReport>(body).ok());
    let Some(report) = report else { return };
    notices(&report).iter().for_each(|notice| terminal::note(notice));
    if report.rows_judged() < report.rows_min {
        terminal::note(&format!(
            "too small to judge alone: {} of {} rows count, {} are needed; its evidence is added to that of the other batches",
            report.rows_judged(),
            report.rows,
            report.rows_min
        ));
    }
    let drifted = report.features.iter().filter(|feature| feature.verdict == Verdict::Drift);
    drifted.for_each(|feature| terminal::say(&feature.sentence));
}

pub(super) fn run_labels(arguments: &LabelsArguments) -> Result<ExitCode> {
    let query: Vec<(&str, String)> =
        arguments.corrects.iter().map(|reason| ("corrects", reason.clone())).collect();
    let (_, answer) = send(&arguments.target, "labels", &arguments.file, &query)?;
    terminal::say_json(&answer)?;
    done()
}

fn send(
    target: &Target,
    what: &str,
    path: &Path,
    query: &[(&str, String)],
) -> Result<(u16, serde_json::Value)> {
    let (model, version) = (&target.model, &target.version);
    let url = format!("/api/v1/models/{model}/versions/{version}/{what}?{}", encode(query));
    send_file(&target.server, &url, path)
}

/// Sends the table at `path` to `url`.
pub(super) fn send_file(
    server: &ServerArguments,
    url: &str,
    path: &Path,
) -> Result<(u16, serde_json::Value)> {
    let format = TableFile::open(path, None)?.format();
    let file = std::fs::File::open(path).map_err(Error::file("opening", path))?;
    let bar = terminal::progress(terminal::length_of(path), true);
    bar.set_message("sending");
    let request = server
        .post(url)?
        .header("content-type", format.media_type())
        .body(reqwest::blocking::Body::new(bar.wrap_read(file)));
    let answer = server.send(request);
    bar.finish_and_clear();
    answer
}

/// A query string; everything but unreserved characters is percent-encoded.
fn encode(query: &[(&str, String)]) -> String {
    let one = |text: &str| -> String {
        text.bytes()
            .map(|b| match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(b).to_string()
                }
                _ => format!("%{b:02X}"),
            })
            .collect()
    };
    query.iter().map(|(name, value)| format!("{name}={}", one(value))).collect::<Vec<_>>().join("&")
}
