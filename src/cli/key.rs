//! `driftledger key`: rotate, revoke and list the keys of a data folder, while no server runs on it.

use super::{done, terminal};
use crate::clock::Clock;
use crate::error::Result;
use crate::ledger::note::VerifierKey;
use crate::procedures::change_key::{
    Believed, KeyChanged, KeyLine, Revocation, list_keys, revoke_key, revoke_model_key, rotate_key,
};
use crate::store::key_changes::KeyPurpose;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `key`.
#[derive(Debug, Args)]
#[command(
    after_help = "Stop the server first. Rotating is for a key that nobody else has: the old key signs the entry that names the new one, and \
    whoever trusts the old key follows by what the next evidence pack holds. Revoking is for a key that is lost or known to others: it signs \
    nothing any more, and everybody pins the new key anew, by another way.\n\n\
    Examples:\n  driftledger key rotate data --reason \"yearly, SOP 14\"\n  \
    driftledger key revoke data --since 2026-05-03T08:00:00Z --reason \"laptop stolen, incident 77\"\n  \
    driftledger key list data"
)]
pub(super) struct KeyArguments {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Put a new key in the place of the one in force, signed by both
    Rotate {
        /// Data folder
        data: PathBuf,
        /// Why
        #[arg(long)]
        reason: String,
        /// The key that signs model files for other tools, not that of the ledger
        #[arg(long)]
        model_files: bool,
        /// Print what was recorded as JSON
        #[arg(long)]
        json: bool,
    },
    /// Record that a key is lost, or not to be believed any more; if it is in force, a new one takes its place
    Revoke(RevokeArguments),
    /// List all keys: in force, retired, revoked
    List {
        /// Data folder
        data: PathBuf,
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Arguments of `key revoke`.
#[derive(Debug, Args)]
struct RevokeArguments {
    /// Data folder
    data: PathBuf,
    /// Why
    #[arg(long)]
    reason: String,
    /// Which key: its line (vkey) or its id of 8 digits; without it, the key in force
    #[arg(long, value_name = "VKEY_OR_ID")]
    key: Option<String>,
    /// Do not believe heads of the key that cover this entry or a later one
    #[arg(long, value_name = "ENTRY", conflicts_with = "since")]
    from_entry: Option<u64>,
    /// Do not believe heads of the key that cover entries made at this time or later, RFC 3339: since when others may have it
    #[arg(long, value_name = "TIME")]
    since: Option<jiff::Timestamp>,
    /// The key that signs model files for other tools, not that of the ledger
    #[arg(long, conflicts_with_all = ["key", "from_entry"])]
    model_files: bool,
    /// Print what was recorded as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &KeyArguments) -> Result<ExitCode> {
    let clock = Clock::system();
    match &arguments.command {
        KeyCommand::Rotate { data, reason, model_files, json } => {
            let purpose = purpose(*model_files);
            tell(&rotate_key(data, &clock, purpose, reason)?, *json)
        }
        KeyCommand::Revoke(arguments) => {
            let RevokeArguments { data, reason, key, from_entry, since, model_files, json } =
                arguments;
            let believed = match (from_entry, since) {
                (Some(entry), _) => Believed::Entries(*entry),
                (None, Some(time)) => Believed::Before(*time),
                (None, None) => Believed::UntilNow,
            };
            let changed = if *model_files {
                revoke_model_key(data, &clock, (believed, reason))?
            } else {
                revoke_key(data, &clock, &Revocation { key: key.as_deref(), believed, reason })?
            };
            tell(&changed, *json)
        }
        KeyCommand::List { data, json } => list(&list_keys(data, &clock)?, *json),
    }
}

fn purpose(model_files: bool) -> KeyPurpose {
    if model_files { KeyPurpose::ModelFiles } else { KeyPurpose::Ledger }
}

fn tell(changed: &KeyChanged, json: bool) -> Result<ExitCode> {
    if json {
        terminal::say_json(changed)?;
        return done();
    }
    let entry = changed.entry;
    terminal::say(&format!("ended, by ledger entry {entry}: {}", changed.old_key.trim_end()));
    if let Some(trusted) = changed.trusted_entries {
        terminal::say(&format!(
            "heads of more than {trusted} entries that it signed are not to be believed"
        ));
    }
    let Some(new_key) = &changed.new_key else { return done() };
    terminal::say(&format!("in force from there on: {}", new_key.trim_end()));
    match (changed.purpose, changed.trusted_entries) {
        (KeyPurpose::ModelFiles, _) => {
            terminal::say(
                "give the new public key (`keys/model.pub`) to whoever verifies model files",
            );
        }
        (KeyPurpose::Ledger, None) => terminal::say(
            "whoever trusts the old key follows by the next evidence pack; witnesses need the new line beside the old one",
        ),
        (KeyPurpose::Ledger, Some(_)) => terminal::say(
            "nobody follows by a program: give the new line to inspectors and witnesses by a way that does not lead over this machine",
        ),
    }
    terminal::say(
        "the old private key is still in `keys/`, named retired: move it to where you keep the copies of keys; a backup from before is \
         restored with it",
    );
    done()
}

fn list(lines: &[KeyLine], json: bool) -> Result<ExitCode> {
    if json {
        terminal::say_json(&lines)?;
        return done();
    }
    for line in lines {
        let id = line.key.parse::<VerifierKey>().map(|key| hex::encode(key.key_id()));
        terminal::say(&format!(
            "{:<11} {:<8} {:<8} from entry {}",
            line.purpose,
            line.state,
            id.unwrap_or_default(),
            line.since_entry
        ));
        terminal::say(&format!("  {}", line.key.trim_end().replace('\n', "\n  ")));
        for by in &line.ended_by {
            let believed = by.trusted_entries.map_or_else(String::new, |entries| {
                format!(", not to be believed for more than {entries} entries")
            });
            terminal::say(&format!(
                "  {} by entry {} at {}{believed}: {}",
                by.kind, by.entry, by.at, by.reason
            ));
        }
    }
    done()
}
