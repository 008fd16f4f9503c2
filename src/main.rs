//! The one binary: parse arguments, run, turn an error into an exit code.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    driftledger::cli::run(driftledger::cli::Arguments::parse())
}
