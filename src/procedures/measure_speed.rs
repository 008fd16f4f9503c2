//! Procedure: measure one piece of work on two tables, once, in a process of its own.
//!
//! 1. do the work
//! 2. say how long it took, what it cost and how much memory it held

use super::administer::host;
use super::compare_files::compare_files;
use super::fingerprint_files::fingerprint_file;
use super::measure_lineage::MEASURED_VERSION;
use super::read_lineage::{DEPTH_MAX, lineage_within};
use crate::clock::Clock;
use crate::dataset::fingerprint::{RowSet, digest_file};
use crate::dataset::prepared::PreparedTable;
use crate::dataset::profile::profile;
use crate::dataset::reader::TableFile;
use crate::dataset::schema::TableSchema;
use crate::digest;
use crate::drift::assess::MonitorState;
use crate::drift::monitor::Monitor;
use crate::drift::policy::Policy;
use crate::drift::reference::Reference;
use crate::drift::report::{DriftReport, Frozen, ReportContext};
use crate::error::{Error, Result};
use crate::store::Store;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// The floor: polars' own streaming minimum, maximum and null count of every column of the batch.
    Scan,
    /// Counting the batch on frozen bins, and judging it.
    Judge,
    /// The floor of small batches: reading one, many times.
    ReadOften,
    /// Counting, judging and reporting on a small batch, many times.
    JudgeOften,
    /// Comparing the two files, kinds inferred.
    Compare,
    /// The same with every value held, so that KS and Wasserstein are exact.
    CompareExact,
    /// The floor of hashing: SHA-256 alone over the bytes of the batch.
    Sha256,
    /// BLAKE3 and SHA-256 of the batch in one read.
    Digest,
    /// The floor of fingerprints: polars' own streaming decode of every column of the batch.
    Decode,
    /// Digests of the file and of its values.
    Fingerprint,
    /// Reading the lineage of the version in a data folder, many times.
    LineageOften,
}

/// What one run of a piece of work took.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Measurement {
    /// Wall-clock time, seconds.
    pub seconds: f64,
    /// CPU time of all threads, seconds.
    pub cpu_seconds: f64,
    /// Most anonymous memory of the process at a time, bytes; 0 where the system does not tell.
    pub anonymous_bytes: u64,
}

/// How often a small batch is read or judged in one measurement.
pub const OFTEN: u32 = 200;

/// A reference with its declaration, as a registered version has them before a batch arrives.
#[derive(Debug, Serialize, Deserialize)]
pub struct Version {
    schema: TableSchema,
    reference: Reference,
    monitor: Monitor,
}

/// Learns the version of `reference`.
///
/// # Errors
///
/// [`Error::Dataset`], [`Error::Drift`].
pub fn learn(reference: &Path) -> Result<Version> {
    let table = PreparedTable::open(reference, None)?;
    let reference = Reference::learn(table.table(), table.schema())?;
    let monitor = Monitor::freeze(&reference, &Policy::default());
    Ok(Version { schema: table.schema().clone(), reference, monitor })
}

/// Does `work` once on `reference` and `batch`; judging needs the learned `version`.
///
/// # Errors
///
/// Those of the work.
pub fn measure(
    work: Work,
    (reference, batch): (&Path, &Path),
    version: Option<&Version>,
) -> Result<Measurement> {
    let before = cpu_seconds();
    let most = AtomicU64::new(0);
    let (running, stopped) = std::sync::mpsc::channel::<()>();
    let started = Instant::now();
    std::thread::scope(|scope| {
        let most = &most;
        scope.spawn(move || {
            // Ends when `running` is dropped, however the work ends.
            while stopped.recv_timeout(Duration::from_millis(2)) == Err(RecvTimeoutError::Timeout) {
                most.fetch_max(anonymous_bytes(), Ordering::Relaxed);
            }
        });
        let _running = running;
        perform(work, reference, batch, version)
    })?;
    Ok(Measurement {
        seconds: started.elapsed().as_secs_f64(),
        cpu_seconds: cpu_seconds() - before,
        anonymous_bytes: most.load(Ordering::Relaxed),
    })
}

fn perform(work: Work, reference: &Path, batch: &Path, version: Option<&Version>) -> Result<()> {
    match (work, version) {
        (Work::Scan, _) => TableFile::open(batch, None)?.scan_extremes()?,
        (Work::Decode, _) => TableFile::open(batch, None)?.decode()?,
        (Work::Judge, Some(version)) => judge(batch, version, 1)?,
        (Work::JudgeOften, Some(version)) => judge(batch, version, OFTEN)?,
        (Work::ReadOften, Some(version)) => {
            for _ in 0..OFTEN {
                let file = TableFile::open(batch, None)?;
                file.for_each_typed_chunk(&version.schema, |_, _| Ok(()))?;
            }
        }
        (Work::Judge | Work::JudgeOften | Work::ReadOften, None) => {}
        (Work::Compare | Work::CompareExact, _) => {
            let exact = work == Work::CompareExact;
            std::hint::black_box(compare_files(reference, batch, None, exact)?);
        }
        (Work::Sha256, _) => sha256(batch)?,
        (Work::Digest, _) => {
            digest_file(batch, |_| ())?;
        }
        (Work::Fingerprint, _) => {
            fingerprint_file(batch, None, RowSet::No, |_| ())?;
        }
        (Work::LineageOften, _) => {
            let store = Store::open(batch, Clock::system())?;
            for _ in 0..OFTEN {
                let read = lineage_within(&store, &host(), MEASURED_VERSION, Some(DEPTH_MAX))?;
                std::hint::black_box(read);
            }
        }
    }
    Ok(())
}

/// Judges the batch as often as said, each time as the first one after the reference.
fn judge(batch: &Path, version: &Version, times: u32) -> Result<()> {
    let frozen = Frozen { reference: &version.reference, monitor: &version.monitor };
    let bins = version.reference.bins();
    for _ in 0..times {
        let file = TableFile::open(batch, None)?;
        let counts = profile(&file, &version.schema, &bins)?;
        let context = ReportContext { batch: "measured".to_owned(), ..ReportContext::default() };
        let before = MonitorState::start(&version.monitor);
        std::hint::black_box(DriftReport::compose(context, &frozen, before, counts)?);
    }
    Ok(())
}

fn sha256(path: &Path) -> Result<()> {
    let failed = Error::file("reading", path);
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut buffer = vec![0; 1 << 22];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(()),
            read => std::hint::black_box(digest::sha256(&buffer[..read])),
        };
    }
}

/// Anonymous resident memory of this process; 0 where `/proc` does not tell.
fn anonymous_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
        .map_or(0, |kibibytes| kibibytes * 1024)
}

/// CPU time of all threads of this process so far, to 10 ms; 0 where `/proc` does not tell.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit(") ").next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|t| t.parse::<u32>().ok()).unwrap_or(0);
    f64::from(ticks(11) + ticks(12)) / 100.0
}
