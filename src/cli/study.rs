//! `driftledger study BATCHES...`

use super::{done, terminal};
use crate::dataset::split::{Period, SplitBy};
use crate::drift::sentence::percent;
use crate::drift::study::Study;
use crate::drift::study::words::{LIMITS, challenge_lines, natural, outlying, replayed, studied};
use crate::error::Result;
use crate::procedures::study_batches::{StudyFiles, study_batches};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;
use tabled::builder::Builder;
use tabled::settings::Style;

/// Arguments of `study`.
#[derive(Debug, Args)]
#[command(
    after_help = "Each file is a batch, in the order given; or one table is split by a column. Without --reference the batches \
    together are the reference.\n\n\
    By default as many sequences are replayed as fit two million steps of one series over one batch (20 to 1000): seconds, \
    whatever the data; more than a thousand million steps are refused. The same seed gives the same study.\n\n\
    Example: driftledger study reference.parquet --split-by taken_on --period week --policy policy.json --policy-out proposed.json"
)]
pub(super) struct StudyArguments {
    /// Reference batches: files, folders or patterns, in order
    #[arg(required = true)]
    batches: Vec<PathBuf>,
    /// Table that the batches are compared with, as it will be registered
    #[arg(long)]
    reference: Option<PathBuf>,
    /// Column that tells the batches of one table apart
    #[arg(long, value_name = "COLUMN")]
    split_by: Option<String>,
    /// Period of a batch, where that column holds dates or times
    #[arg(long, requires = "split_by")]
    period: Option<PeriodArgument>,
    /// Column declaration; without it, kinds are inferred
    #[arg(long)]
    schema: Option<PathBuf>,
    /// Policy to study; without it, one false alarm in 52 batches and standard tolerances
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Write the policy with the proposed tolerances, for `register --policy`
    #[arg(long, value_name = "FILE")]
    policy_out: Option<PathBuf>,
    /// Write the study as JSON, to attach to a version
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Seed of all draws
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Sequences of N batches to replay
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    sequences: Option<u32>,
    /// Sequences that every challenge is put into
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    challenge_sequences: Option<u32>,
    /// Neighbouring batches drawn together; by default the cube root of their number
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    block: Option<u32>,
    /// Print the study as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PeriodArgument {
    Day,
    Week,
    Month,
}

pub(super) fn run(arguments: &StudyArguments) -> Result<ExitCode> {
    let study = study_batches(&files(arguments))?;
    if let Some(path) = &arguments.policy_out {
        let mut text = serde_json::to_vec_pretty(&study.proposed)
            .map_err(|e| crate::error::Error::Render { detail: e.to_string() })?;
        text.push(b'\n');
        terminal::write_file(path, &text)?;
    }
    if let Some(path) = &arguments.output {
        terminal::write_file(path, &study.bytes()?)?;
    }
    if arguments.json {
        terminal::say_json(&study)?;
    } else {
        print(&study);
    }
    done()
}

fn files(arguments: &StudyArguments) -> StudyFiles {
    let period = arguments.period.map(|period| match period {
        PeriodArgument::Day => Period::Day,
        PeriodArgument::Week => Period::Week,
        PeriodArgument::Month => Period::Month,
    });
    StudyFiles {
        batches: arguments.batches.clone(),
        reference: arguments.reference.clone(),
        split: arguments.split_by.clone().map(|column| SplitBy { column, period }),
        schema: arguments.schema.clone(),
        policy: arguments.policy.clone(),
        seed: arguments.seed,
        sequences: arguments.sequences,
        challenge_sequences: arguments.challenge_sequences,
        block: arguments.block,
    }
}

fn print(study: &Study) {
    terminal::say(&studied(study));
    natural(study).iter().for_each(|sentence| terminal::say(sentence));
    terminal::say(&tolerances(study));
    for series in study.series.iter().filter(|series| series.warning.is_some()) {
        let warning = series.warning.as_deref().unwrap_or_default();
        terminal::say(&format!("`{}` {warning}", series.key()));
    }
    outlying(study).iter().for_each(|sentence| terminal::say(sentence));
    terminal::say(&replayed(study));
    terminal::say(&challenges(study));
    let settings = &study.settings;
    terminal::say(&format!(
        "{} sequences a challenge, at most {} batches each; {} steps of one series over one batch; seed {}.",
        settings.challenge_sequences,
        settings.challenge_batches,
        settings.steps(study.series.len()),
        settings.seed
    ));
    LIMITS.iter().for_each(|limit| terminal::say(limit));
}

fn tolerances(study: &Study) -> String {
    let mut table = Builder::default();
    table.push_record([
        "series",
        "natural drift",
        "largest",
        "reference error",
        "policy",
        "proposed",
        "set by",
    ]);
    let share = |of: Option<f64>| of.map_or_else(|| "-".to_owned(), percent);
    for series in &study.series {
        table.push_record([
            series.key(),
            share(series.natural_drift),
            share(series.largest),
            percent(series.reference_error),
            percent(series.floor),
            percent(series.tolerance),
            series.governed_by.words().to_owned(),
        ]);
    }
    table.build().with(Style::sharp()).to_string()
}

fn challenges(study: &Study) -> String {
    let mut table = Builder::default();
    table.push_record([
        "change",
        "features",
        "within tolerance",
        "not measurable",
        "found",
        "median delay",
        "slowest",
    ]);
    let delay =
        |of: Option<u32>| of.map_or_else(|| "rarely found".to_owned(), |d| format!("batch {d}"));
    for line in challenge_lines(study) {
        table.push_record([
            line.change,
            line.features.to_string(),
            line.within.to_string(),
            line.unmeasured.to_string(),
            line.detected.map_or_else(|| "-".to_owned(), percent),
            if line.features > line.within + line.unmeasured {
                delay(line.delay)
            } else {
                "-".to_owned()
            },
            line.slowest.map_or_else(String::new, |(name, of)| format!("{name}: {}", delay(of))),
        ]);
    }
    table.build().with(Style::sharp()).to_string()
}
