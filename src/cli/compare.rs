//! `driftledger compare REFERENCE BATCH`

use super::{done, found, terminal};
use crate::dataset::schema::Role;
use crate::drift::assess::Verdict;
use crate::drift::report::FeatureReport;
use crate::error::Result;
use crate::evidence::printable;
use crate::procedures::compare_files::{ComparedFiles, compare_files};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use tabled::builder::Builder;
use tabled::settings::Style;

/// Arguments of `compare`.
#[derive(Debug, Args)]
#[command(after_help = "Exit code 0: no drift shown. 1: drift. 2: not compared.\n\n\
    Example: driftledger compare reference.parquet june.csv --html june.html")]
pub(super) struct CompareArguments {
    /// Table that was agreed on (Parquet, CSV, Arrow, NDJSON, JSON)
    reference: PathBuf,
    /// Table to judge
    batch: PathBuf,
    /// Column declaration; without it, kinds are inferred and printed
    #[arg(long)]
    schema: Option<PathBuf>,
    /// Exact KS and Wasserstein even for columns of more than 1 048 576 values, which then are all held in memory
    #[arg(long)]
    exact: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Write the report as one HTML file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn run(arguments: &CompareArguments) -> Result<ExitCode> {
    let ComparedFiles { compared, schema, notes } = compare_files(
        &arguments.reference,
        &arguments.batch,
        arguments.schema.as_deref(),
        arguments.exact,
    )?;
    notes.iter().for_each(|note| terminal::note(note));
    if let Some(path) = &arguments.html {
        terminal::write_file(path, printable::comparison(&compared)?.as_bytes())?;
    }
    if arguments.json {
        terminal::say_json(&compared.comparison)?;
    } else {
        let comparison = &compared.comparison;
        terminal::say(&table(&comparison.features));
        let left_out: Vec<String> = schema
            .columns
            .iter()
            // an embedding is compared through its scores
            .filter(|column| !column.role.is_monitored() && column.role != Role::Embedding)
            .map(|column| format!("`{}` ({})", column.name, column.role.word()))
            .collect();
        if !left_out.is_empty() {
            terminal::say(&format!("not compared: {}", left_out.join(", ")));
        }
        let of = |verdict| comparison.features.iter().filter(move |f| f.verdict == verdict);
        of(Verdict::Drift)
            .chain(of(Verdict::NotEvaluated))
            .for_each(|f| terminal::say(&f.sentence));
        let (drift, open, stable) = (
            of(Verdict::Drift).count(),
            of(Verdict::Undetermined).count(),
            of(Verdict::Stable).count(),
        );
        terminal::say(&format!(
            "\n{} rows against {} reference rows: {drift} {} drifted, {open} not shown either way, {stable} stable \
             (a sentence for each: --json or --html)",
            comparison.batch.rows,
            comparison.reference.rows,
            if drift == 1 { "feature" } else { "features" },
        ));
        terminal::say(&format!("verdict: {}", comparison.verdict.word()));
    }
    if compared.comparison.verdict == Verdict::Drift { found() } else { done() }
}

/// One line a feature: verdict, TV with limits, tolerance, missing values.
fn table(features: &[FeatureReport]) -> String {
    let mut table = Builder::default();
    table.push_record([
        "feature",
        "kind",
        "verdict",
        "moved (TV)",
        "95 % limits",
        "tolerated",
        "missing",
        "was",
    ]);
    for feature in features {
        let values = feature.series.first();
        let share =
            |of: Option<f64>| of.map_or_else(|| "-".to_owned(), |v| format!("{:.1} %", 100.0 * v));
        let missing =
            |rows: u64, nulls: u64| format!("{:.1} %", 100.0 * nulls as f64 / rows.max(1) as f64);
        table.push_record([
            feature.feature.clone(),
            feature.kind.word().to_owned(),
            feature.verdict.word().to_owned(),
            share(values.and_then(|s| s.tv)),
            values.map_or_else(String::new, |s| {
                format!("{} – {}", share(s.tv_lower), share(s.tv_upper))
            }),
            share(values.map(|s| s.tolerance)),
            missing(feature.batch.rows, feature.batch.nulls),
            missing(feature.reference.rows, feature.reference.nulls),
        ]);
    }
    table.build().with(Style::sharp()).to_string()
}
