//! `driftledger fingerprint TABLE…`

use super::{done, terminal};
use crate::dataset::fingerprint::{NamedFile, RowSet};
use crate::dataset::manifest::DatasetManifest;
use crate::error::{Error, Result};
use crate::procedures::fingerprint_files::{
    FingerprintedFile, fingerprint_file, length_of, list_files,
};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `fingerprint`.
#[derive(Debug, Args)]
#[command(
    after_help = "The file digests are what `b3sum` and `sha256sum` print; docs/TDH1.md specifies the table digest.\n\n\
    A folder, or a pattern in quotes, is one table: its files in the order of their names, a column for each `key=value` folder; \
    names that start with `_` or `.` are left out.\n\n\
    Examples:\n  driftledger fingerprint train.parquet reference.parquet --json\n  \
    driftledger fingerprint 'lake/year=*/*.parquet' --manifest train.manifest.json\n  \
    driftledger fingerprint lake --listing sha256sum > lake.sha256 && sha256sum --check lake.sha256"
)]
pub(super) struct FingerprintArguments {
    /// Tables (Parquet, CSV, Arrow, NDJSON, JSON): files, folders, patterns
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<PathBuf>,
    /// Column declaration; without it, types are inferred and printed
    #[arg(long)]
    schema: Option<PathBuf>,
    /// Hash the rows in any order too (2 KiB of hash output a row)
    #[arg(long)]
    row_set: bool,
    /// Write the manifest of the one table, for `diff` and `prove`
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Print only a list of every file, hidden ones included, that the named tool can check
    #[arg(long, value_enum, value_name = "TOOL", conflicts_with_all = ["schema", "row_set", "manifest", "json"])]
    listing: Option<Listing>,
    /// Print JSON: digests, declaration and frozen reference of each table
    #[arg(long)]
    json: bool,
}

/// A tool that checks a list of digests.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Listing {
    B3sum,
    Sha256sum,
}

pub(super) fn run(arguments: &FingerprintArguments) -> Result<ExitCode> {
    let total = arguments.tables.iter().map(|path| length_of(path)).sum();
    let bar = terminal::progress(total, true);
    bar.set_message("hashing");
    if let Some(tool) = arguments.listing {
        for path in &arguments.tables {
            for file in list_files(path, |bytes| bar.inc(bytes))? {
                terminal::say(&listing_line(tool, &file));
            }
        }
        return done();
    }
    if arguments.manifest.is_some() && arguments.tables.len() != 1 {
        let found = arguments.tables.len();
        return Err(Error::BadRequest {
            detail: format!("a manifest is of one table, found {found}; name one, or one folder"),
        });
    }
    let row_set = if arguments.row_set { RowSet::Yes } else { RowSet::No };
    let mut all = Vec::new();
    for path in &arguments.tables {
        let schema = arguments.schema.as_deref();
        all.push(fingerprint_file(path, schema, row_set, |bytes| bar.inc(bytes))?);
    }
    bar.finish_and_clear();
    all.iter().flat_map(|file| &file.notes).for_each(|note| terminal::note(note));
    if let (Some(path), [file]) = (&arguments.manifest, all.as_slice()) {
        let manifest = DatasetManifest::new(file.schema.clone(), file.fingerprint.clone());
        terminal::write_file(path, &manifest.bytes()?)?;
    }
    if arguments.json {
        terminal::say_json(&all)?;
    } else {
        all.iter().for_each(print);
    }
    done()
}

/// A line of `b3sum` or `sha256sum`: a name with a line end or a backslash is escaped, and the line says so.
fn listing_line(tool: Listing, file: &NamedFile) -> String {
    let digest = match tool {
        Listing::B3sum => &file.content.blake3,
        Listing::Sha256sum => &file.content.sha256,
    };
    let name = file.name.replace('\\', r"\\").replace('\n', r"\n").replace('\r', r"\r");
    let mark = if name == file.name { "" } else { r"\" };
    format!("{mark}{digest}  {name}")
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
    let many = print.files.len();
    if many > 0 {
        terminal::say(&format!("  {many} files; blake3 and sha256 are of their list"));
    }
    terminal::say(&format!("  blake3  {}", print.content.blake3));
    terminal::say(&format!("  sha256  {}", print.content.sha256));
    terminal::say(&format!("  tdh1    {}", print.table.table));
    if let Some(row_set) = &print.table.row_set {
        terminal::say(&format!("  rows    {row_set} (in any order)"));
    }
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
