//! `driftledger diff BEFORE AFTER`

use super::{done, found, terminal};
use crate::dataset::difference::ExactDifference;
use crate::error::Result;
use crate::procedures::compare_datasets::compare_datasets;
use crate::provenance::registration::DatasetRole;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(
    after_help = "Each side is a manifest (`fingerprint --manifest`), a registration (`register --output`) or the data: a file, a \
    folder or a pattern. From manifests alone: the columns and the blocks of 65 536 rows that changed. With the data of both: the \
    rows and cells too. Rows are counted from 1.\n\n\
    Exit code 0: the same values, rows and columns. 1: they differ. 2: not compared.\n\n\
    Examples:\n  driftledger diff train.manifest.json train.parquet\n  driftledger diff old/ new/ --json"
)]
pub(super) struct DiffArguments {
    /// The earlier dataset
    before: PathBuf,
    /// The later dataset
    after: PathBuf,
    /// Column declaration for data; without it, that of the other side's manifest, or types are inferred
    #[arg(long)]
    schema: Option<PathBuf>,
    /// Dataset of a registration that is meant
    #[arg(long, value_parser = role, default_value = "train")]
    role: DatasetRole,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A dataset role by its word.
pub(super) fn role(word: &str) -> std::result::Result<DatasetRole, String> {
    DatasetRole::ALL
        .into_iter()
        .find(|role| role.word() == word)
        .ok_or_else(|| format!("expected one of {}", DatasetRole::ALL.map(|r| r.word()).join(", ")))
}

pub(super) fn run(arguments: &DiffArguments) -> Result<ExitCode> {
    let sides = (arguments.before.as_path(), arguments.after.as_path());
    let compared = compare_datasets(sides, arguments.schema.as_deref(), arguments.role)?;
    if arguments.json {
        terminal::say_json(&compared)?;
    } else {
        compared.difference.sentences().iter().for_each(|line| terminal::say(line));
        if let Some(exact) = &compared.exact {
            exact_lines(exact).iter().for_each(|line| terminal::say(line));
        }
    }
    if compared.difference.same { done() } else { found() }
}

/// What the rows say.
fn exact_lines(exact: &ExactDifference) -> Vec<String> {
    let rows = |count: u64, numbers: &[u64]| {
        let listed: Vec<String> = numbers.iter().take(10).map(ToString::to_string).collect();
        let more = if count > listed.len() as u64 { ", …" } else { "" };
        match count {
            0 => "no row".to_owned(),
            1 => format!("1 row (number {})", listed.join(", ")),
            _ => format!("{count} rows (numbers {}{more})", listed.join(", ")),
        }
    };
    let mut lines = vec![
        format!("only before: {}", rows(exact.rows_only_before, &exact.first_only_before)),
        format!("only after: {}", rows(exact.rows_only_after, &exact.first_only_after)),
        format!("cells that differ in rows of the same number: {}", exact.cells),
    ];
    lines.extend(exact.first_cells.iter().take(20).map(|cell| {
        format!("  row {} `{}`: {} → {}", cell.row, cell.column, cell.before, cell.after)
    }));
    if exact.cells > 20 {
        lines.push(format!("  … ({} are listed with --json)", exact.first_cells.len()));
    }
    if exact.blocks_left_out > 0 {
        lines.push(format!(
            "{} changed blocks were not compared cell by cell",
            exact.blocks_left_out
        ));
    }
    lines
}
