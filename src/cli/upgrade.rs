//! `driftledger upgrade DATA_DIR`

use super::{done, terminal};
use crate::clock::Clock;
use crate::error::Result;
use crate::procedures::upgrade_store::{Upgraded, back_up_and_upgrade, upgrade_store, words};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `upgrade`.
#[derive(Debug, Args)]
#[command(
    after_help = "Stop the server first. Every table is counted and digested before and after, in one transaction: a record that would not be \
    what it was undoes the upgrade. What was found is the next ledger entry. Nothing is done to a folder that is up to date.\n\n\
    There is no way back but a backup: the earlier program refuses the folder afterwards.\n\n\
    Example: driftledger upgrade data --backup /mnt/safe/before-upgrade"
)]
pub(super) struct UpgradeArguments {
    /// Data folder
    data_dir: PathBuf,
    /// Make a backup here first, and check it: empty, or a folder with an earlier backup of the same ledger
    #[arg(long, value_name = "DIR")]
    backup: Option<PathBuf>,
    /// Print what was found before and after as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &UpgradeArguments) -> Result<ExitCode> {
    let (folder, clock) = (&arguments.data_dir, Clock::system());
    let bar = terminal::progress(0, false);
    let mut progress = terminal::stages(&bar);
    let upgraded = if let Some(to) = &arguments.backup {
        back_up_and_upgrade(folder, to, &clock, &mut progress)?
    } else {
        let upgrade = upgrade_store(folder, &clock, false, &mut progress)?;
        Upgraded { upgrade, backup: None }
    };
    bar.finish_and_clear();
    if arguments.json {
        terminal::say_json(&upgraded)?;
        return done();
    }
    if let (Some(made), Some(to)) = (&upgraded.backup, &arguments.backup) {
        terminal::say(&format!(
            "backed up to {}: {} ledger entries, {} files; checked, nothing wrong",
            to.display(),
            made.manifest.entries,
            made.manifest.objects
        ));
    }
    match &upgraded.upgrade {
        Some(row) => terminal::say(&format!("upgraded {}: {}", folder.display(), words(row))),
        None => terminal::say(&format!("{} is up to date; nothing was changed", folder.display())),
    }
    done()
}
