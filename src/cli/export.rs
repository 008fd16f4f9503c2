//! `driftledger export DATA_DIR --output PACK.zip`, with `--pdf REPORT.pdf` for paper, or with `--as` a document for another tool

use super::{done, terminal};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::evidence::manifest::Scope;
use crate::evidence::standards::StandardKind;
use crate::procedures::administer::host;
use crate::procedures::export_evidence::Progress;
use crate::procedures::export_standard::{export_decision, export_standard};
use crate::procedures::print_evidence::print_evidence;
use crate::procedures::take_evidence::{TakenPack, take_evidence};
use crate::store::Store;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `export`.
#[derive(Debug, Args)]
#[command(
    after_help = "The pack holds every ledger entry, the record rows that concern what is asked for, and documents \
    to read, as pages and as tables. Credentials and tokens stay at home. An alert, a batch, a prediction and a period bring everything \
    that their story rests on, and nothing that came later. With `--as` it is one document that other tools read. Who took what is \
    recorded.\n\n\
    Examples:\n  driftledger export data --model triage --version 1.0.0 --output triage-1.0.0.zip\n  \
    driftledger export data --model triage --version 1.0.0 --prediction S-1017 --output one.zip\n  \
    driftledger export data --from 2026-01-01 --to 2026-03-31 --output quarter.zip\n  \
    driftledger export data --model triage --version 1.0.0 --pdf triage-1.0.0.pdf"
)]
pub(super) struct ExportArguments {
    /// Data folder
    data_dir: PathBuf,
    /// Where to write the pack
    #[arg(long, short, value_name = "PACK.zip", required_unless_present = "pdf")]
    output: Option<PathBuf>,
    /// Where to write the report: PDF/A-3 and PDF/UA-1, with the pack attached
    #[arg(long, value_name = "REPORT.pdf", conflicts_with = "standard")]
    pdf: Option<PathBuf>,
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
    /// The story of this alert, up to the last act on it; with `--as decision`, its signed decision
    #[arg(long, value_name = "ID", conflicts_with_all = ["batch", "prediction", "from", "to"])]
    alert: Option<String>,
    /// The story of this batch, its alerts and its labels: its id, or its name with --model and --version
    #[arg(long, value_name = "ID", conflicts_with_all = ["from", "to"])]
    batch: Option<String>,
    /// The story of one prediction, by its row id with --batch, or with --model and --version (of several id columns: values with a
    /// comma between them); or #N, the Nth row of the batch
    #[arg(long, value_name = "ID", conflicts_with_all = ["from", "to"])]
    prediction: Option<String>,
    /// What happened from this day or time on (UTC)
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// What happened up to this day, or before this time (UTC)
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
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
    let Some(output) = output else {
        let detail = "`--as` needs `--output`".to_owned();
        return Err(Error::BadRequest { detail });
    };
    terminal::write_file(output, &document)?;
    terminal::say(&format!("wrote {}: {word}", output.display()));
    done()
}

/// Writes the pack, the report with the pack attached, or both from one pack.
fn write(
    arguments: &ExportArguments,
    store: &Store,
    scope: &Scope,
    progress: Progress<'_>,
) -> Result<TakenPack> {
    let (output, pdf) = (arguments.output.as_deref(), arguments.pdf.as_deref());
    match (output, pdf) {
        (Some(output), None) => terminal::write_whole(output, |file| {
            take_evidence(store, &host(), scope, file, progress)
        }),
        (output, pdf) => {
            let mut pack = store.objects().spool_file()?;
            let printed = print_evidence(store, &host(), scope, (pack.as_file_mut(), progress))?;
            if let Some(pdf) = pdf {
                terminal::write_file(pdf, &printed.pdf)?;
            }
            if let Some(output) = output {
                let failed = || Error::file("writing", output);
                let mut made = pack.reopen().map_err(failed())?;
                terminal::write_whole(output, |file| {
                    std::io::copy(&mut made, file).map_err(failed())
                })?;
            }
            Ok(printed.taken)
        }
    }
}

pub(super) fn run(arguments: &ExportArguments) -> Result<ExitCode> {
    let store = Store::open(&arguments.data_dir, Clock::system())?;
    if let Some(kind) = arguments.standard {
        return run_standard(arguments, &store, kind);
    }
    let scope = Scope {
        model: arguments.model.clone(),
        version: arguments.version.clone(),
        alert: arguments.alert.clone(),
        batch: arguments.batch.clone(),
        prediction: arguments.prediction.clone(),
        from: arguments.from.clone(),
        to: arguments.to.clone(),
        until: None,
    };
    let bar = terminal::progress(0, false);
    bar.set_message("entries");
    let mut progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let taken = write(arguments, &store, &scope, &mut progress)?;
    bar.finish_and_clear();
    if arguments.json {
        terminal::say_json(&taken)?;
    } else {
        let exported = &taken.exported;
        let path = arguments.output.as_ref().or(arguments.pdf.as_ref());
        let path = path.map(|path| path.display().to_string()).unwrap_or_default();
        terminal::say(&format!(
            "wrote {path}: {}, {} of {} ledger entries in full, {} record rows, {} files",
            exported.scope.words(),
            exported.concerned,
            exported.entries,
            exported.records,
            exported.files
        ));
        terminal::say(&format!("SHA-256 {}, recorded in entry {}", taken.sha256, taken.entry));
        let key = store.verifier_key();
        match (&arguments.output, &arguments.pdf) {
            (None, _) => terminal::say(&format!(
                "the pack is attached to it as evidence.zip; verify that with: driftledger verify evidence.zip --key '{key}'"
            )),
            (Some(pack), report) => {
                if let Some(report) = report {
                    terminal::say(&format!("wrote {}: the report of it", report.display()));
                }
                let pack = pack.display();
                terminal::say(&format!("verify it with: driftledger verify {pack} --key '{key}'"));
            }
        }
    }
    done()
}
