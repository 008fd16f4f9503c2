//! `driftledger check DATA_DIR`

use super::{done, found, terminal};
use crate::error::Result;
use crate::procedures::check_store::{CheckedStore, check_store};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 0: nothing wrong. 1: findings, each with its table and id. 2: not checked.\n\n\
    Reads only; a server may run meanwhile.\n\n\
    Example: driftledger check data"
)]
pub(super) struct CheckArguments {
    /// Data folder
    data_dir: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &CheckArguments) -> Result<ExitCode> {
    let bar = terminal::progress(0, false);
    let checked = check_store(&arguments.data_dir, &mut terminal::stages(&bar))?;
    bar.finish_and_clear();
    if arguments.json {
        terminal::say_json(&checked)?;
    } else {
        tell(&checked);
    }
    if checked.findings.is_empty() { done() } else { found() }
}

fn tell(checked: &CheckedStore) {
    for finding in &checked.findings {
        let place = [finding.table.as_str(), finding.id.as_str()].join(" ");
        terminal::say(&format!("{}: {} ({})", place.trim(), finding.detail, finding.code));
    }
    terminal::say(&format!(
        "checked: {} ledger entries and their tree, {} record rows, {} stored files",
        checked.entries, checked.rows, checked.objects
    ));
    terminal::say_examined(&checked.examined);
    for one in &checked.disposed {
        terminal::say(&one.sentence());
    }
    for one in &checked.redacted {
        terminal::say(&one.sentence());
    }
    for one in &checked.not_computed_again {
        let place = [one.table.as_str(), one.id.as_str()].join(" ");
        terminal::say(&format!("{place}: not computed again, because {}", one.because));
    }
    match checked.findings.len() {
        0 => terminal::say("nothing wrong"),
        1 => terminal::say("1 finding"),
        many => terminal::say(&format!("{many} findings")),
    }
}
