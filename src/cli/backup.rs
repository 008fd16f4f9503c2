//! `driftledger backup DATA_DIR BACKUP` and `driftledger restore BACKUP DATA_DIR`

use super::{done, terminal};
use crate::clock::Clock;
use crate::error::Result;
use crate::procedures::back_up::back_up;
use crate::procedures::practise_restore::{Practised, practise_restore};
use crate::procedures::restore::restore;
use crate::procedures::watch_backups::record_made;
use crate::store::Store;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `backup`.
#[derive(Debug, Args)]
#[command(
    after_help = "A server may run meanwhile. The backup is checked like a data folder before it counts; the next one into the same \
    folder copies only the files that are new.\n\nThe private keys are not in it: keep copies of them apart. Restoring \
    needs `keys/log.pem`; both halves of the key for model files (`keys/model.pem`, `keys/model.pub`) are put back by hand.\n\nExample: driftledger backup data /mnt/safe/driftledger"
)]
pub(super) struct BackupArguments {
    /// Data folder
    data_dir: PathBuf,
    /// Folder for the backup: empty, or one with an earlier backup of the same ledger
    backup: PathBuf,
    /// Record it in the ledger, as a scheduled one is: then it counts for when the next is expected
    #[arg(long)]
    record: bool,
    /// Print what was backed up as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
#[command(
    after_help = "Everything is checked before it is put in place. The restore is the next entry of the ledger, with the reason and the \
    time since when records are lost.\n\n\
    Example: driftledger restore /mnt/safe/driftledger data --key /mnt/vault/log.pem --reason \"disk failed\"\n\n\
    To practise: driftledger restore /mnt/safe/driftledger scratch --key /mnt/vault/log.pem --reason \"SOP 12\" --record-in data\n\
    keeps in `data` how long it took and what would have been lost; remove `scratch` afterwards, and never serve it beside `data`."
)]
pub(super) struct RestoreArguments {
    /// Folder with the backup
    backup: PathBuf,
    /// Data folder to make
    data_dir: PathBuf,
    /// The log's private key: the one that was in force when the backup was made
    #[arg(long, value_name = "log.pem")]
    key: PathBuf,
    /// Why
    #[arg(long)]
    reason: String,
    /// Practise: record in this data folder, of which the backup is, how long it took and what would have been lost
    #[arg(long, value_name = "DATA_DIR")]
    record_in: Option<PathBuf>,
    /// Print what was restored as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &BackupArguments) -> Result<ExitCode> {
    let bar = terminal::progress(0, false);
    let (from, to) = (&arguments.data_dir, &arguments.backup);
    let started = std::time::Instant::now();
    let made = back_up(from, to, &Clock::system(), &mut terminal::stages(&bar))?;
    bar.finish_and_clear();
    if arguments.record {
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        record_made(&Store::open(from, Clock::system())?, to, &made, duration_ms)?;
    }
    if arguments.json {
        terminal::say_json(&made)?;
    } else {
        terminal::say(&format!(
            "backed up to {}: {} ledger entries ({} since the last backup), {} files ({} new, {} bytes); checked, nothing wrong",
            to.display(),
            made.manifest.entries,
            made.entries_since,
            made.manifest.objects,
            made.new_objects,
            made.new_bytes
        ));
        terminal::say(&format!(
            "not in it: {}; keep a copy of it apart",
            from.join("keys/log.pem").display()
        ));
    }
    done()
}

pub(super) fn run_restore(arguments: &RestoreArguments) -> Result<ExitCode> {
    let bar = terminal::progress(0, false);
    let place = (arguments.data_dir.as_path(), arguments.key.as_path());
    let (backup, reason) = (&arguments.backup, &arguments.reason);
    if let Some(live) = &arguments.record_in {
        let places = (backup.as_path(), live.as_path());
        let clock = Clock::system();
        let practised =
            practise_restore(places, place, reason, &clock, &mut terminal::stages(&bar))?;
        bar.finish_and_clear();
        return say_practised(arguments, live, &practised);
    }
    let restored = restore(backup, place, reason, &Clock::system(), &mut terminal::stages(&bar))?;
    bar.finish_and_clear();
    if arguments.json {
        terminal::say_json(&restored)?;
    } else {
        terminal::say(&format!(
            "restored {} in {:.1} s: {} ledger entries, {} files; checked, nothing wrong",
            arguments.data_dir.display(),
            restored.seconds,
            restored.manifest.entries,
            restored.manifest.objects
        ));
        terminal::say(&format!(
            "lost: what was recorded after {}; ledger entry {} says so",
            restored.manifest.newest_entry_at, restored.entry
        ));
    }
    done()
}

fn say_practised(
    arguments: &RestoreArguments,
    live: &Path,
    practised: &Practised,
) -> Result<ExitCode> {
    if arguments.json {
        terminal::say_json(practised)?;
        return done();
    }
    terminal::say(&format!(
        "practised: restored {} in {:.1} s: {} ledger entries, {} files; checked, nothing wrong",
        arguments.data_dir.display(),
        practised.restored.seconds,
        practised.restored.manifest.entries,
        practised.restored.manifest.objects
    ));
    terminal::say(&format!(
        "would have been lost: {:.0} s of records; ledger entry {} of {} says so",
        practised.lost_seconds,
        practised.recorded_in,
        live.display()
    ));
    done()
}
