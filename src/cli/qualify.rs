//! `driftledger qualify iq|oq|pq DATA_DIR`

use super::{done, found, terminal};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::procedures::administer::host;
use crate::procedures::print_records::print_qualification;
use crate::procedures::qualify_installation::qualify_installation;
use crate::procedures::qualify_operation::qualify_operation;
use crate::procedures::qualify_performance::{Detection, qualify_performance};
use crate::procedures::record_qualification::{qualifications, record_qualification};
use crate::review::qualification::{CheckOutcome, Part, Qualification};
use crate::statistics::selftest::{VectorFile, embedded};
use crate::store::Store;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What to qualify.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Asked {
    /// Installation: program, host, database, keys, accounts
    Iq,
    /// Operation: every function and its refusals, in a scratch store
    Oq,
    /// Performance: one model version on its own data
    Pq,
}

/// Arguments of `qualify`.
#[derive(Debug, Args)]
#[command(
    after_help = "Every run is recorded in the data folder, whatever came of it; QA signs one that passed on its page (/qualifications). \
    What the program cannot see is left to a person and said so. Software is not validated by a run: that is the user's decision, \
    for the intended use.\n\nExit code 0: no check failed. 1: some did. 2: not done.\n\n\
    Examples:\n  driftledger qualify iq data\n  driftledger qualify oq data\n  \
    driftledger qualify pq data --model thyroid --version 1.0.0 --shift 0.3 --within 10\n  driftledger qualify iq data --pdf iq.pdf"
)]
pub(super) struct QualifyArguments {
    /// What to qualify
    #[arg(value_enum)]
    part: Asked,
    /// Data folder that keeps the run
    #[arg(env = "DRIFTLEDGER_DATA")]
    data: PathBuf,
    /// Model of a performance qualification
    #[arg(long, requires = "version")]
    model: Option<String>,
    /// Its version
    #[arg(long, requires = "model")]
    version: Option<String>,
    /// Smallest injected shift (total variation) that has to be found
    #[arg(long, default_value_t = Detection::default().tv)]
    shift: f64,
    /// Within how many batches
    #[arg(long, default_value_t = Detection::default().within)]
    within: u32,
    /// In what share of the sequences
    #[arg(long, default_value_t = Detection::default().share)]
    share: f64,
    /// Known answers to hold the statistics against instead of those in the binary
    #[arg(long, value_name = "FILE")]
    vectors: Option<PathBuf>,
    /// Write the report of the run: PDF/A-3 and PDF/UA-1, with the run attached
    #[arg(long, value_name = "REPORT.pdf")]
    pdf: Option<PathBuf>,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &QualifyArguments) -> Result<ExitCode> {
    let store = Store::open(&arguments.data, Clock::system())?;
    let started_at = store.clock().now_text();
    let bar = terminal::progress(0, false);
    let (part, about, checks) = match arguments.part {
        Asked::Iq => (Part::Installation, None, qualify_installation(&store)?),
        Asked::Oq => {
            let vectors =
                arguments.vectors.as_deref().map_or_else(|| Ok(embedded()), read_vectors)?;
            let checks =
                qualify_operation(vectors, &mut |question| bar.set_message(question.to_owned()))?;
            (Part::Operation, None, checks)
        }
        Asked::Pq => {
            let (Some(model), Some(version)) = (&arguments.model, &arguments.version) else {
                let detail = "say which version: `--model NAME --version VERSION`".to_owned();
                return Err(Error::BadRequest { detail });
            };
            let detection =
                Detection { within: arguments.within, share: arguments.share, tv: arguments.shift };
            let checks = qualify_performance(&store, (model, version), detection)?;
            (Part::Performance, Some(format!("{model} {version}")), checks)
        }
    };
    bar.finish_and_clear();
    let recorded = record_qualification(&store, &host(), (part, about), started_at, checks)?;
    if let Some(path) = &arguments.pdf {
        print(&store, recorded.entry, path)?;
    }
    if arguments.json {
        terminal::say_json(&recorded)?;
    } else {
        tell(&recorded.value);
        terminal::say(&format!("recorded as ledger entry {}", recorded.entry));
    }
    if recorded.value.passed { done() } else { found() }
}

/// Writes the report of the run in that ledger entry.
fn print(store: &Store, entry: u64, path: &Path) -> Result<()> {
    let runs = qualifications(store, &host())?;
    let id = runs.into_iter().find(|view| view.row.entry == entry).map(|view| view.row.id);
    let id = id.ok_or_else(|| Error::NotFound { what: "qualification", id: entry.to_string() })?;
    terminal::write_file(path, &print_qualification(store, &host(), &id)?)
}

fn read_vectors(path: &Path) -> Result<VectorFile> {
    let text = std::fs::read(path).map_err(Error::file("reading", path))?;
    serde_json::from_slice(&text).map_err(|e| Error::BadRequest {
        detail: format!("`{}` is not a vector file: {e}", path.display()),
    })
}

fn tell(run: &Qualification) {
    for check in &run.checks {
        let mark = match check.outcome {
            CheckOutcome::Passed => "passed",
            CheckOutcome::Failed => "FAILED",
            CheckOutcome::ForAPerson => "person",
        };
        terminal::say(&format!("{} {mark}  {}", check.id, check.question));
        if check.outcome != CheckOutcome::Passed {
            terminal::say(&format!("             expected: {}", check.expected));
        }
        terminal::say(&format!("             {}", check.found));
    }
    terminal::say(&format!("{}: {}", run.part.words(), run.sentence()));
}
