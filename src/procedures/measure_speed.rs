//! Procedure: measure one piece of work on two tables, once, in a process of its own.
//!
//! 1. do the work
//! 2. say how long it took, what it cost and how much memory it held

use super::compare_files::compare_files;
use super::fingerprint_files::fingerprint_file;
use crate::dataset::fingerprint::{RowSet, digest_file};
use crate::dataset::infer::infer;
use crate::dataset::profile::profile;
use crate::dataset::reader::TableFile;
use crate::digest;
use crate::drift::assess::{MonitorState, assess};
use crate::drift::monitor::Monitor;
use crate::drift::policy::Policy;
use crate::drift::reference::Reference;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// The floor: polars' own streaming minimum, maximum and null count of every column of the batch.
    Scan,
    /// Counting the batch on the frozen bins of the reference, and judging it.
    Judge,
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
}

/// What one run of a piece of work took.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Measurement {
    /// Wall-clock time, seconds.
    pub seconds: f64,
    /// CPU time of all threads, seconds.
    pub cpu_seconds: f64,
    /// Most anonymous memory held at a time above that held before, bytes; 0 where the system does not tell.
    pub anonymous_bytes: u64,
}

/// Does `work` once on `reference` and `batch`.
///
/// # Errors
///
/// Those of the work.
pub fn measure(work: Work, reference: &Path, batch: &Path) -> Result<Measurement> {
    // What a service has at hand before a batch arrives is not measured.
    let frozen = match work {
        Work::Judge => Some(frozen(reference)?),
        _ => None,
    };
    let before = (anonymous_bytes(), cpu_seconds());
    let (most, stop) = (AtomicU64::new(before.0), AtomicBool::new(false));
    let started = Instant::now();
    let done = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                most.fetch_max(anonymous_bytes(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let done = perform(work, reference, batch, frozen.as_ref());
        stop.store(true, Ordering::Relaxed);
        done
    });
    done?;
    Ok(Measurement {
        seconds: started.elapsed().as_secs_f64(),
        cpu_seconds: cpu_seconds() - before.1,
        anonymous_bytes: most.load(Ordering::Relaxed).saturating_sub(before.0),
    })
}

/// A reference with its schema and monitor, as a registered version has them.
struct Version {
    schema: crate::dataset::schema::TableSchema,
    reference: Reference,
    monitor: Monitor,
}

fn frozen(reference: &Path) -> Result<Version> {
    let file = TableFile::open(reference, None)?;
    let schema = infer(&file)?;
    let reference = Reference::learn(&file, &schema)?;
    let monitor = Monitor::freeze(&reference, &Policy::default());
    Ok(Version { schema, reference, monitor })
}

fn perform(work: Work, reference: &Path, batch: &Path, version: Option<&Version>) -> Result<()> {
    match (work, version) {
        (Work::Scan, _) => TableFile::open(batch, None)?.scan_extremes()?,
        (Work::Decode, _) => TableFile::open(batch, None)?.decode()?,
        (Work::Judge, Some(version)) => {
            let file = TableFile::open(batch, None)?;
            let counts = profile(&file, &version.schema, &version.reference.bins())?;
            let state = MonitorState::start(&version.monitor);
            std::hint::black_box(assess(&version.monitor, &state, &counts));
        }
        (Work::Judge, None) => {}
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
    }
    Ok(())
}

fn sha256(path: &Path) -> Result<()> {
    let failed =
        |source| Error::File { doing: "reading", path: path.display().to_string(), source };
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
