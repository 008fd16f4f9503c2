//! `driftledger fingerprint FILE…`

use super::{done, terminal};
use crate::error::Result;
use crate::procedures::fingerprint_files::{FingerprintedFile, fingerprint_file};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `fingerprint`.
#[derive(Debug, Args)]
#[command(
    after_help = "The file digests are what `b3sum` and `sha256sum` print; docs/TDH1.md specifies the table digest.\n\n\
    Example: driftledger fingerprint train.parquet reference.parquet --json"
)]
pub(super) struct FingerprintArguments {
    /// Tables (Parquet, CSV, Arrow, NDJSON, JSON)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Column declaration; without it, types are inferred and printed
    #[arg(long)]
    schema: Option<PathBuf>,
    /// Print JSON: digests, declaration and frozen reference of each file
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &FingerprintArguments) -> Result<ExitCode> {
    let total = arguments.files.iter().map(|path| terminal::length_of(path)).sum();
    let bar = terminal::progress(total, true);
    bar.set_message("hashing");
    let mut all = Vec::new();
    for path in &arguments.files {
        all.push(fingerprint_file(path, arguments.schema.as_deref(), |bytes| bar.inc(bytes))?);
    }
    bar.finish_and_clear();
    if arguments.json {
        terminal::say_json(&all)?;
    } else {
        all.iter().for_each(print);
    }
    done()
}

fn print(file: &FingerprintedFile) {
    let print = &file.fingerprint;
    terminal::say(&format!(
        "{} ({}, {} rows, {} bytes)",
        print.name,
        print.format.word(),
        print.rows,
        print.content.bytes
    ));
    terminal::say(&format!("  blake3  {}", print.content.blake3));
    terminal::say(&format!("  sha256  {}", print.content.sha256));
    terminal::say(&format!("  tdh1    {}", print.table.table));
    for (column, digest) in file.schema.columns.iter().zip(&print.table.columns) {
        let kind = column.kind.map_or("-", crate::dataset::schema::Kind::word);
        let (name, role) = (&column.name, column.role.word());
        let short = digest.digest.get(..16).unwrap_or_default();
        terminal::say(&format!(
            "  {name:<24} {role:<10} {kind:<12} {:>7} missing  {short}…",
            digest.nulls
        ));
    }
}
