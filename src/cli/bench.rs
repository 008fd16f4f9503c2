//! `driftledger bench`

mod load;
mod site;
mod store;
mod watched;

use super::{done, terminal};
use crate::dataset::generated::GeneratedTable;
use crate::error::{Error, Result};
use crate::procedures::measure_lineage::make_lineage;
use crate::procedures::measure_speed::{Measurement, OFTEN, Version, Work, learn, measure};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use tabled::builder::Builder;
use tabled::settings::Style;

/// Arguments of `bench`.
#[derive(Debug, Args)]
#[command(
    after_help = "Every measurement runs in a process of its own, beside its floor: what polars alone takes to scan or decode the\n\
    same file in the same run. Ratios are of wall-clock time, median of the repetitions. Use a release build on an idle machine.\n\
    Ten million rows need 9 GB of disk and, with CSV, about ten minutes."
)]
pub(super) struct BenchArguments {
    /// Rows of the generated tables of 20 number and 5 text columns
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    rows: u64,
    /// Repetitions of each measurement
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    repeat: u32,
    /// Folder for the generated tables, kept and used again; without it they go to a temporary one
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Measure the store instead of tables: all of it, or only these parts
    #[arg(long, value_enum, num_args = 0.., value_delimiter = ',', value_name = "PART")]
    store: Option<Vec<store::StorePart>>,
    /// Minutes of mixed traffic for `--store load`
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=240), value_name = "N")]
    minutes: u32,
    /// Leave the CSV tables out
    #[arg(long)]
    no_csv: bool,
    /// Print what was measured as JSON
    #[arg(long)]
    json: bool,
    /// Do one piece of work on two files and print what it took as JSON
    #[arg(long, hide = true, requires = "files")]
    work: Option<String>,
    /// The learned version for `--work`
    #[arg(long, hide = true)]
    version_file: Option<PathBuf>,
    /// Reference and batch of `--work`
    #[arg(hide = true, num_args = 2)]
    files: Vec<PathBuf>,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Line {
    what: String,
    seconds: f64,
    cpu_seconds: f64,
    anonymous_mebibytes: f64,
    floor_seconds: Option<f64>,
    ratio: Option<f64>,
    target: String,
}

pub(super) fn run(arguments: &BenchArguments) -> Result<ExitCode> {
    if let (Some(work), [reference, batch]) = (&arguments.work, arguments.files.as_slice()) {
        let work: Work = serde_json::from_value(work.as_str().into()).map_err(unreadable)?;
        let version = arguments.version_file.as_deref().map(read_version).transpose()?;
        terminal::say_json(&measure(work, (reference, batch), version.as_ref())?)?;
        return done();
    }
    if let Some(parts) = &arguments.store {
        return store::run(arguments, parts);
    }
    let temporary = tempfile::tempdir().map_err(Error::file("making a folder", Path::new(".")))?;
    let folder = arguments.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder).map_err(Error::file("making", &folder))?;
    let bench = Bench { folder, repeat: arguments.repeat };
    let mut lines = bench.large("parquet", arguments.rows)?;
    if !arguments.no_csv {
        lines.extend(bench.large("csv", arguments.rows)?);
    }
    lines.extend(bench.hashing(arguments.rows)?);
    lines.extend(bench.medium()?);
    lines.push(bench.small()?);
    lines.push(bench.lineage()?);
    lines.extend(bench.growth(arguments.rows)?);
    if arguments.json {
        terminal::say_json(&lines)?;
    } else {
        terminal::say(&table(&lines));
    }
    done()
}

fn table(lines: &[Line]) -> String {
    let mut table = Builder::default();
    table.push_record(["work", "s", "CPU s", "floor s", "ratio", "target", "memory MiB"]);
    for line in lines {
        let or_dash = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.2}"));
        table.push_record([
            line.what.clone(),
            format!("{:.3}", line.seconds),
            format!("{:.2}", line.cpu_seconds),
            or_dash(line.floor_seconds),
            or_dash(line.ratio),
            line.target.clone(),
            format!("{:.0}", line.anonymous_mebibytes),
        ]);
    }
    table.build().with(Style::sharp()).to_string()
}

/// The slope of the straight line through the points that leaves the smallest squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    points.iter().map(|(a, b)| (a - x) * (b - y)).sum::<f64>()
        / points.iter().map(|(a, _)| (a - x) * (a - x)).sum::<f64>()
}

/// Edges of the large lineage.
const LINEAGE_EDGES: u64 = 100_000;

/// Where tables are and how often each measurement is repeated.
struct Bench {
    folder: PathBuf,
    repeat: u32,
}

impl Bench {
    /// Judging and comparing tables of `rows` rows in `format`, against scans of them.
    fn large(&self, format: &str, rows: u64) -> Result<Vec<Line>> {
        let reference = self.table(format, (rows, 20, 5), "reference")?;
        let batch = self.table(format, (rows, 20, 5), "batch")?;
        let version = self.version(&self.table("parquet", (rows, 20, 5), "reference")?)?;
        let files = (reference.as_path(), batch.as_path());
        let floor = self.measured(Work::Scan, files, None)?;
        let both = floor.seconds + self.measured(Work::Scan, (&batch, &reference), None)?.seconds;
        let judged = self.measured(Work::Judge, files, Some(&version))?;
        let compared = self.measured(Work::Compare, files, None)?;
        let what = |does: &str| format!("{does}, {format}, {rows} x 25");
        Ok(vec![
            line(what("judge"), judged, Some(floor.seconds), "<= 1.5".to_owned()),
            line(what("compare"), compared, Some(both), "<= 2.5".to_owned()),
        ])
    }

    /// Digests of a file, and the whole fingerprint of a table.
    fn hashing(&self, rows: u64) -> Result<Vec<Line>> {
        let batch = self.table("parquet", (rows, 20, 5), "batch")?;
        let files = (batch.as_path(), batch.as_path());
        let sha256 = self.measured(Work::Sha256, files, None)?.seconds;
        let digest = self.measured(Work::Digest, files, None)?;
        let decode = self.measured(Work::Decode, files, None)?.seconds;
        let fingerprint = self.measured(Work::Fingerprint, files, None)?;
        Ok(vec![
            line("both digests of the file".to_owned(), digest, Some(sha256), "<= 1.11".to_owned()),
            line("fingerprint".to_owned(), fingerprint, Some(decode), "<= 3".to_owned()),
        ])
    }

    /// Comparisons of tables people hold in memory.
    fn medium(&self) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        let works = [
            ((1_000_000, 20, 5), Work::Compare, "compare"),
            ((1_000_000, 20, 0), Work::CompareExact, "compare --exact"),
            ((100_000, 450, 50), Work::Compare, "compare"),
        ];
        for (size, work, what) in works {
            let reference = self.table("parquet", size, "reference")?;
            let batch = self.table("parquet", size, "batch")?;
            let took = self.measured(work, (&reference, &batch), None)?;
            let what = format!("{what}, parquet, {} x {}", size.0, size.1 + size.2);
            lines.push(line(what, took, None, "–".to_owned()));
        }
        Ok(lines)
    }

    /// One small batch in a running service, beyond reading it.
    fn small(&self) -> Result<Line> {
        let reference = self.table("parquet", (1_000_000, 20, 5), "reference")?;
        let version = self.version(&reference)?;
        let batch = self.table("parquet", (1_000, 20, 5), "batch")?;
        let read = self.measured(Work::ReadOften, (&batch, &batch), Some(&version))?;
        let judged = self.measured(Work::JudgeOften, (&batch, &batch), Some(&version))?;
        let each = (judged.cpu_seconds - read.cpu_seconds) / f64::from(OFTEN);
        let took =
            Measurement { seconds: judged.seconds / f64::from(OFTEN), cpu_seconds: each, ..judged };
        let what = "judge 1000 x 25; CPU beyond reading".to_owned();
        Ok(line(what, took, None, "CPU <= 0.005".to_owned()))
    }

    /// The lineage of a version in a folder of very many edges, as deep as it may be asked for.
    fn lineage(&self) -> Result<Line> {
        let folder = self.folder.join(format!("lineage_{LINEAGE_EDGES}"));
        if !folder.exists() {
            let unfinished = folder.with_extension("unfinished");
            make_lineage(&unfinished, LINEAGE_EDGES)?;
            std::fs::rename(&unfinished, &folder).map_err(Error::file("renaming", &folder))?;
        }
        let all = self.measured(Work::LineageOften, (&folder, &folder), None)?;
        let each = |seconds: f64| seconds / f64::from(OFTEN);
        let (seconds, cpu_seconds) = (each(all.seconds), each(all.cpu_seconds));
        let what = format!("lineage, {LINEAGE_EDGES} edges kept");
        Ok(line(what, Measurement { seconds, cpu_seconds, ..all }, None, "s < 0.1".to_owned()))
    }

    /// How time grows with the rows: the exponent of a straight line through logarithms.
    fn growth(&self, rows: u64) -> Result<Vec<Line>> {
        let (mut lines, mut points) = (Vec::new(), Vec::new());
        for rows in [rows / 8, rows / 4, rows / 2] {
            let reference = self.table("parquet", (rows, 20, 5), "reference")?;
            let batch = self.table("parquet", (rows, 20, 5), "batch")?;
            let took = self.measured(Work::Compare, (&reference, &batch), None)?;
            points.push((libm::log(rows as f64), libm::log(took.seconds)));
            let what = format!("compare, parquet, {rows} x 25");
            lines.push(line(what, took, None, "–".to_owned()));
        }
        let slope = slope(&points);
        if let Some(last) = lines.last_mut() {
            last.target = format!("time grows as rows^{slope:.2}");
        }
        Ok(lines)
    }

    /// The generated table of this size and seed, made unless it is there.
    fn table(
        &self,
        format: &str,
        (rows, numbers, texts): (u64, usize, usize),
        name: &str,
    ) -> Result<PathBuf> {
        let path = self.folder.join(format!("{name}_{rows}_{numbers}_{texts}.{format}"));
        if !path.exists() {
            let seed = [u8::from(name == "batch"); 32];
            let table = GeneratedTable { rows, numbers, texts, seed };
            let unfinished = path.with_extension("unfinished");
            match format {
                "csv" => table.write_csv(&unfinished)?,
                _ => table.write_parquet(&unfinished)?,
            }
            std::fs::rename(&unfinished, &path).map_err(Error::file("renaming", &path))?;
        }
        Ok(path)
    }

    /// A file with the version learned from `reference`.
    fn version(&self, reference: &Path) -> Result<PathBuf> {
        let path = self.folder.join("version.json");
        let text = serde_json::to_vec(&learn(reference)?).map_err(unreadable)?;
        std::fs::write(&path, text).map_err(Error::file("writing", &path))?;
        Ok(path)
    }

    /// The median run of `work`, each in a process of its own.
    fn measured(
        &self,
        work: Work,
        (reference, batch): (&Path, &Path),
        version: Option<&Path>,
    ) -> Result<Measurement> {
        let program =
            std::env::current_exe().map_err(Error::file("finding", Path::new("driftledger")))?;
        let word = serde_json::to_value(work).map_err(unreadable)?;
        let mut runs = Vec::new();
        for _ in 0..self.repeat {
            let mut command = Command::new(&program);
            command.args(["bench", "--work", word.as_str().unwrap_or_default()]);
            if let Some(version) = version {
                command.arg("--version-file").arg(version);
            }
            let done = command.arg(reference).arg(batch).output();
            let done = done.map_err(Error::file("running", &program))?;
            if !done.status.success() {
                let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
                return Err(Error::file("measuring with", &program)(std::io::Error::other(said)));
            }
            runs.push(serde_json::from_slice::<Measurement>(&done.stdout).map_err(unreadable)?);
        }
        runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        Ok(runs.swap_remove(runs.len() / 2))
    }
}

fn line(what: String, took: Measurement, floor_seconds: Option<f64>, target: String) -> Line {
    Line {
        what,
        seconds: took.seconds,
        cpu_seconds: took.cpu_seconds,
        anonymous_mebibytes: took.anonymous_bytes as f64 / f64::from(1 << 20),
        floor_seconds,
        ratio: floor_seconds.map(|floor| took.seconds / floor),
        target,
    }
}

fn read_version(path: &Path) -> Result<Version> {
    let text = std::fs::read(path).map_err(Error::file("reading", path))?;
    serde_json::from_slice(&text).map_err(unreadable)
}

/// A record of a measurement that does not parse.
fn unreadable(source: serde_json::Error) -> Error {
    Error::file("reading", Path::new("a measurement"))(source.into())
}
