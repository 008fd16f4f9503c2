//! `driftledger verify PACK`

use super::{done, found, terminal};
use crate::error::{Error, Result};
use crate::evidence::verify::{Progress, Verification};
use crate::ledger::note::VerifierKey;
use crate::procedures::verify_pack::verify_pack;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 0: nothing wrong. 1: findings, each with the file it is about. 2: not an evidence pack.\n\n\
    Without --key, the pack is verified under the key it brings, and then only agrees with itself.\n\n\
    Example: driftledger verify pack.zip --key log.vkey"
)]
pub(super) struct VerifyArguments {
    /// Evidence pack
    pack: PathBuf,
    /// Key of the ledger, as text or as a file that holds it
    #[arg(long, value_name = "VKEY_OR_FILE")]
    key: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &VerifyArguments) -> Result<ExitCode> {
    let trusted = arguments.key.as_deref().map(key_of).transpose()?;
    let bar = terminal::progress(0, false);
    let verification = verify_pack(&arguments.pack, trusted.as_ref(), &mut |now: Progress| {
        bar.set_message(now.stage);
        bar.set_length(now.total);
        bar.set_position(now.done);
    })?;
    bar.finish_and_clear();
    if arguments.json {
        terminal::say_json(&verification)?;
    } else {
        tell(&verification);
    }
    if verification.findings.is_empty() { done() } else { found() }
}

/// A key as it is written, or in the file of that name.
fn key_of(given: &str) -> Result<VerifierKey> {
    if let Ok(key) = given.parse() {
        return Ok(key);
    }
    let text = if Path::new(given).is_file() {
        std::fs::read_to_string(given).map_err(Error::file("reading", Path::new(given)))?
    } else {
        given.to_owned()
    };
    Ok(text.trim().parse::<VerifierKey>()?)
}

fn tell(verification: &Verification) {
    let Verification { findings, checked, scope, origin, size, key, .. } = verification;
    for finding in findings {
        terminal::say(&format!("{}: {} ({})", finding.file, finding.detail, finding.code));
    }
    if let (Some(origin), Some(size)) = (origin, size) {
        terminal::say(&format!(
            "evidence about {} in ledger {origin}, {size} entries",
            scope.words()
        ));
    }
    terminal::say(&format!(
        "checked: {} files, {} ledger entries and their tree, {} proofs, {} bodies, {} record rows, {} documents",
        checked.files,
        checked.entries,
        checked.proofs,
        checked.bodies,
        checked.records,
        checked.copies
    ));
    terminal::say_examined(checked.examined);
    if !verification.pages_compared {
        terminal::say(
            "HTML documents were written by another program version and were not compared with their records",
        );
    }
    if let Some(key) = key {
        let whose = if verification.key_is_trusted {
            "the key you gave"
        } else {
            "the key in the pack, so it only agrees with itself; give the key you trust with --key"
        };
        terminal::say(&format!("verified under {whose}: {key}"));
    }
    match findings.len() {
        0 => terminal::say("nothing wrong"),
        1 => terminal::say("1 finding"),
        many => terminal::say(&format!("{many} findings")),
    }
}
