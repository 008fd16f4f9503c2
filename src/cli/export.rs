//! `driftledger export DATA_DIR --output PACK.zip`, or with `--as` a document for another tool

use super::{done, terminal};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::evidence::manifest::Scope;
use crate::evidence::standards::StandardKind;
use crate::procedures::administer::host;
use crate::procedures::export_evidence::export_evidence;
use crate::procedures::export_standard::{export_decision, export_standard};
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
    /// Write the version for another tool instead: `cyclonedx`, `in-toto`, `prov`, `croissant` or `model-signature`; or
    /// `decision` with `--alert`
    #[arg(long = "as", value_name = "KIND", value_parser = kind, conflicts_with = "json")]
    standard: Option<Kind>,
    /// Alert whose signed decision is written, with `--as decision`
    #[arg(long, value_name = "ID", requires = "standard", conflicts_with = "model")]
    alert: Option<String>,
    /// Print what was exported as JSON
    #[arg(long)]
    json: bool,
}

/// A document for another tool.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Version(StandardKind),
    Decision,
}

fn kind(word: &str) -> std::result::Result<Kind, String> {
    if word == "decision" {
        return Ok(Kind::Decision);
    }
    let known = StandardKind::ALL.map(StandardKind::word).join("`, `");
    let found = StandardKind::of_word(word).map(Kind::Version);
    found.ok_or_else(|| format!("expected `{known}` or `decision`"))
}

fn run_standard(arguments: &ExportArguments, store: &Store, kind: Kind) -> Result<ExitCode> {
    let ExportArguments { model, version, alert, output, .. } = arguments;
    let (document, word) = match (kind, model, version, alert) {
        (Kind::Version(kind), Some(model), Some(version), None) => {
            (export_standard(store, &host(), (model, version), kind)?, kind.word())
        }
        (Kind::Decision, None, None, Some(alert)) => {
            (export_decision(store, &host(), alert)?, "decision")
        }
        _ => {
            let detail =
                "`--as decision` needs `--alert`, any other kind `--model` and `--version`";
            return Err(Error::BadRequest { detail: detail.to_owned() });
        }
    };
    terminal::write_file(output, &document)?;
    terminal::say(&format!("wrote {}: {word}", output.display()));
    done()
}

pub(super) fn run(arguments: &ExportArguments) -> Result<ExitCode> {
    let store = Store::open(&arguments.data_dir, Clock::system())?;
    if let Some(kind) = arguments.standard {
        return run_standard(arguments, &store, kind);
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
