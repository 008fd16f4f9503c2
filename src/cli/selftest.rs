//! `driftledger selftest`

use super::{done, found, terminal};
use crate::error::{Error, Result};
use crate::statistics::selftest::{VectorFile, embedded, run as run_vectors};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `selftest`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 0: every known answer was found. 1: those listed were not. 2: the file is no vector file."
)]
pub(super) struct SelftestArguments {
    /// Known answers to run instead of those in the binary
    #[arg(long, value_name = "FILE")]
    vectors: Option<PathBuf>,
    /// Print every outcome as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &SelftestArguments) -> Result<ExitCode> {
    let vectors = match &arguments.vectors {
        None => embedded(),
        Some(path) => {
            let shown = path.display();
            let text = std::fs::read(path).map_err(Error::file("reading", path))?;
            serde_json::from_slice::<VectorFile>(&text).map_err(|e| Error::BadRequest {
                detail: format!(
                    "`{shown}` is not a vector file: {e}; what is no number stands in quotes: `\"NaN\"`, `\"Infinity\"`"
                ),
            })?
        }
    };
    let outcomes = run_vectors(vectors);
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    if arguments.json {
        terminal::say_json(&outcomes)?;
    } else {
        for outcome in outcomes.iter().filter(|outcome| !outcome.passed) {
            terminal::say(&format!(
                "failed: {} ({}): {}",
                outcome.id, outcome.statistic, outcome.detail
            ));
        }
        terminal::say(&format!("{} known answers, {failed} failed", outcomes.len()));
    }
    if failed > 0 { found() } else { done() }
}
