//! `driftledger bench`

use super::{done, terminal};
use crate::error::Result;
use crate::procedures::measure_speed::{Work, measure};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub(super) struct BenchArguments {
    /// Do one piece of work on these two files and print what it took as JSON
    #[arg(long, hide = true, requires = "files")]
    work: Option<String>,
    /// Reference and batch of `--work`
    #[arg(hide = true, num_args = 2)]
    files: Vec<PathBuf>,
}

pub(super) fn run(arguments: &BenchArguments) -> Result<ExitCode> {
    if let (Some(work), [reference, batch]) = (&arguments.work, arguments.files.as_slice()) {
        let work: Work = serde_json::from_value(work.as_str().into()).unwrap_or(Work::Scan);
        terminal::say_json(&measure(work, reference, batch)?)?;
    }
    done()
}
