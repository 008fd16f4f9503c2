//! `driftledger export DATA_DIR --output PACK.zip`, or with `--as` a document for another tool

use super::{done, terminal};
use crate::clock::Clock;
use crate::error::Result;
use crate::evidence::manifest::Scope;
use crate::evidence::standards::StandardKind;
use crate::procedures::administer::host;
use crate::procedures::export_evidence::export_evidence;
use crate::procedures::export_standard::export_standard;
use crate::store::Store;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `export`.
#[derive(Debug, Args)]
#[command(
    after_help = "The pack holds every ledger entry, the record rows that concern what is asked for, and documents \
    to read. Credentials and tokens stay at home. With `--as` it is one document that other tools read.\n\n\
    Example: driftledger export data --model triage --version 1.0.0 --output triage-1.0.0.zip"
)]
pub(super) struct ExportArguments {
    /// Data folder
    data_dir: PathBuf,
    /// Where to write the pack
    #[arg(long, short, value_name = "PACK.zip")]
    output: PathBuf,
    /// Only this model
    #[arg(long)]
    model: Option<String>,
    /// Only this version of it
    #[arg(long, requires = "model")]
    version: Option<String>,
    /// Write the version for another tool instead: `cyclonedx`, `in-toto` or `prov`
    #[arg(long = "as", value_name = "KIND", value_parser = kind, requires = "version", conflicts_with = "json")]
    standard: Option<StandardKind>,
    /// Print what was exported as JSON
    #[arg(long)]
    json: bool,
}

fn kind(word: &str) -> std::result::Result<StandardKind, String> {
    let known = StandardKind::ALL.map(StandardKind::word).join("`, `");
    StandardKind::of_word(word).ok_or_else(|| format!("expected `{known}`"))
}

pub(super) fn run(arguments: &ExportArguments) -> Result<ExitCode> {
    let store = Store::open(&arguments.data_dir, Clock::system())?;
    if let (Some(kind), Some(model), Some(version)) =
        (arguments.standard, &arguments.model, &arguments.version)
    {
        let document = export_standard(&store, &host(), (model, version), kind)?;
        let path = &arguments.output;
        terminal::write_file(path, &document)?;
        terminal::say(&format!("wrote {}: {}", path.display(), kind.word()));
        return done();
    }
    let scope = Scope { model: arguments.model.clone(), version: arguments.version.clone() };
    let bar = terminal::progress(0, false);
    bar.set_message("entries");
    let exported = terminal::write_whole(&arguments.output, |file| {
        export_evidence(&store, &host(), &scope, file, &mut |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        })
    })?;
    bar.finish_and_clear();
    if arguments.json {
        terminal::say_json(&exported)?;
    } else {
        let path = arguments.output.display();
        terminal::say(&format!(
            "wrote {path}: {}, {} of {} ledger entries in full, {} record rows, {} files",
            exported.scope.words(),
            exported.concerned,
            exported.entries,
            exported.records,
            exported.files
        ));
        terminal::say(&format!(
            "verify it with: driftledger verify {path} --key '{}'",
            store.verifier_key()
        ));
    }
    done()
}
