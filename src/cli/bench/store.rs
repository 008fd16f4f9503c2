//! `driftledger bench --store`: the store under load, each figure beside its floor or target.

use super::{BenchArguments, done, terminal};
use crate::error::{Error, Result};
use crate::procedures::measure_store::{Throughput, measure_writes};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tabled::builder::Builder;
use tabled::settings::Style;

/// One line of the table.
#[derive(Debug, Serialize)]
struct Figure {
    what: String,
    unit: &'static str,
    found: f64,
    floor: Option<f64>,
    ratio: Option<f64>,
    target: String,
    mebibytes: Option<f64>,
}

pub(super) fn run(arguments: &BenchArguments) -> Result<ExitCode> {
    let temporary = tempfile::tempdir().map_err(Error::file("making a folder", Path::new(".")))?;
    let folder = arguments.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder).map_err(Error::file("making", &folder))?;
    let bench = StoreBench { folder, repeat: arguments.repeat };
    let figures = vec![bench.writes(1, 4_000, 0.6)?, bench.writes(64, 32_000, 0.5)?];
    if arguments.json {
        terminal::say_json(&figures)?;
    } else {
        terminal::say(&table(&figures));
    }
    done()
}

fn table(figures: &[Figure]) -> String {
    let mut table = Builder::default();
    table.push_record(["what", "found", "unit", "floor", "ratio", "target", "memory MiB"]);
    let or_dash = |value: Option<f64>, digits| {
        value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
    };
    for figure in figures {
        let digits = if figure.found < 100.0 { 2 } else { 0 };
        table.push_record([
            figure.what.clone(),
            format!("{:.digits$}", figure.found),
            figure.unit.to_owned(),
            or_dash(figure.floor, digits),
            or_dash(figure.ratio, 2),
            figure.target.clone(),
            or_dash(figure.mebibytes, 0),
        ]);
    }
    table.build().with(Style::sharp()).to_string()
}

/// Where stores are made and how often each measurement is repeated.
struct StoreBench {
    folder: PathBuf,
    repeat: u32,
}

impl StoreBench {
    /// Durable entries a second from so many writers, and by SQLite alone.
    fn writes(&self, writers: u64, entries: u64, target: f64) -> Result<Figure> {
        let mut runs = Vec::new();
        for _ in 0..self.repeat {
            let folder = tempfile::tempdir_in(&self.folder);
            let folder = folder.map_err(Error::file("making a folder in", &self.folder))?;
            runs.push(measure_writes(folder.path(), writers, entries)?);
        }
        runs.sort_by(|a, b| (a.store / a.floor).total_cmp(&(b.store / b.floor)));
        let Throughput { store, floor } = runs[runs.len() / 2];
        let writer = if writers == 1 { "writer" } else { "writers" };
        Ok(Figure {
            what: format!("durable writes, {writers} {writer}"),
            unit: "entries/s",
            found: store,
            floor: Some(floor),
            ratio: Some(store / floor),
            target: format!("ratio >= {target}"),
            mebibytes: None,
        })
    }
}
