//! Procedure: study reference batches, offline, where the data are (Phase I).
//!
//! 1. list the files; read the column declaration, or infer one
//! 2. freeze the reference: the table named, else all batches together
//! 3. count each batch on its bins, in one pass over each file
//! 4. natural drift, proposed tolerances, replay, challenges

use super::compare_files::read_schema;
use super::fingerprint_files::read_policy;
use crate::dataset::files::{FoundFile, find_table_files};
use crate::dataset::fingerprint::digest_file;
use crate::dataset::infer::infer;
use crate::dataset::profile::{Profile, profile};
use crate::dataset::reader::TableFile;
use crate::dataset::schema::TableSchema;
use crate::dataset::split::{SplitBy, profile_split};
use crate::digest;
use crate::drift::monitor::Monitor;
use crate::drift::policy::Policy;
use crate::drift::reference::Reference;
use crate::drift::report::ENGINE;
use crate::drift::study::{Origin, Settings, Study, StudyAbout, StudyBatch, StudySource};
use crate::error::Result;
use std::path::{Path, PathBuf};

/// What a study is made from: paths on this machine.
#[derive(Debug, Default)]
pub struct StudyFiles {
    /// Files, folders or patterns, in order: each file is a batch, or all are one table to split.
    pub batches: Vec<PathBuf>,
    /// The reference; without it the batches together are it.
    pub reference: Option<PathBuf>,
    /// The column that tells batches apart.
    pub split: Option<SplitBy>,
    /// Column declaration.
    pub schema: Option<PathBuf>,
    /// Policy to study.
    pub policy: Option<PathBuf>,
    /// Seed of all draws.
    pub seed: u64,
    /// Sequences to replay, instead of the default.
    pub sequences: Option<u32>,
    /// Sequences to challenge, instead of the default.
    pub challenge_sequences: Option<u32>,
    /// Batches drawn together, instead of the default.
    pub block: Option<u32>,
}

/// Studies the batches in `files`.
///
/// # Errors
///
/// [`crate::error::Error::Dataset`], [`crate::error::Error::File`]; [`crate::error::Error::Drift`] for too few batches or a policy that
/// does not fit.
pub fn study_batches(files: &StudyFiles) -> Result<Study> {
    let found = listed(&files.batches)?;
    let table = one_table(&files.batches, &found)?;
    let reference = match &files.reference {
        Some(path) => TableFile::open(path, None)?,
        None => table.clone(),
    };
    let schema = match &files.schema {
        Some(path) => read_schema(path)?,
        None => infer(&reference)?,
    };
    let reference = Reference::learn(&reference, &schema)?;
    let policy = match &files.policy {
        Some(path) => read_policy(path)?,
        None => Policy::default(),
    };
    policy.validate(&reference.features.iter().map(|f| f.feature.as_str()).collect::<Vec<_>>())?;
    let monitor = Monitor::freeze(&reference, &policy);
    monitor.refuse_unsupported(&policy)?;
    let (counted, left_out) = counted(files, (&table, &found), &schema, &reference)?;
    let batches: Vec<StudyBatch> =
        counted.iter().map(|(name, profile)| StudyBatch::of(name, &monitor, profile)).collect();
    let origin = if files.reference.is_some() { Origin::Apart } else { Origin::OfReference };
    let about = StudyAbout {
        engine: ENGINE.to_owned(),
        reference_sha256: digest::sha256_hex(&digest::canonical_json(&reference)?),
        origin,
        sources: sources(&found)?,
        split: files.split.clone(),
        rows_left_out: left_out,
    };
    let version = (monitor.series.len(), policy.batches_per_false_alarm);
    let mut settings = Settings::default_for(files.seed, batches.len(), version);
    settings.sequences = files.sequences.unwrap_or(settings.sequences);
    settings.challenge_sequences =
        files.challenge_sequences.unwrap_or(settings.challenge_sequences);
    settings.block = files.block.unwrap_or(settings.block);
    Ok(Study::compose(about, &reference, &policy, batches, settings)?)
}

/// The files that the paths mean, in the order of the paths.
fn listed(paths: &[PathBuf]) -> Result<Vec<FoundFile>> {
    let mut found = Vec::new();
    for path in paths {
        found.extend(find_table_files(path)?);
    }
    Ok(found)
}

fn one_table(paths: &[PathBuf], found: &[FoundFile]) -> Result<TableFile> {
    Ok(match paths {
        [path] => TableFile::open(path, None)?,
        _ => TableFile::of_files(Path::new("the batches"), found.to_vec(), None)?,
    })
}

/// Name and counts of each batch, and the rows that are in none.
fn counted(
    files: &StudyFiles,
    (table, found): (&TableFile, &[FoundFile]),
    schema: &TableSchema,
    reference: &Reference,
) -> Result<(Vec<(String, Profile)>, u64)> {
    let bins = reference.bins();
    if let Some(by) = &files.split {
        let split = profile_split(table, schema, &bins, by)?;
        return Ok((split.batches, split.left_out));
    }
    let mut batches = Vec::with_capacity(found.len());
    for file in found {
        let counts = profile(&TableFile::open(&file.path, None)?, schema, &bins)?;
        batches.push((file.name.clone(), counts));
    }
    Ok((batches, 0))
}

fn sources(found: &[FoundFile]) -> Result<Vec<StudySource>> {
    let mut sources = Vec::with_capacity(found.len());
    for file in found {
        let content = digest_file(&file.path, |_| ())?;
        sources.push(StudySource { name: file.name.clone(), sha256: content.sha256 });
    }
    Ok(sources)
}
