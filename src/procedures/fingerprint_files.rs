//! Procedure: fingerprint files, offline, where the data are.
//!
//! 1. read the column declaration, or infer one
//! 2. digest the bytes in one read and the values in one decode
//! 3. freeze the reference a later step may need, because the rows stay here

use super::compare_files::read_schema;
use crate::dataset::fingerprint::{Fingerprint, digest_file, fingerprint};
use crate::dataset::infer::infer;
use crate::dataset::reader::TableFile;
use crate::dataset::schema::TableSchema;
use crate::drift::policy::Policy;
use crate::drift::reference::Reference;
use crate::error::{Error, Result};
use crate::provenance::registration::{
    Dataset, DatasetRole, NamedFile, REGISTRATION_FORMAT, Registration,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What one file was found to be.
#[derive(Clone, Debug, Serialize)]
pub struct FingerprintedFile {
    /// Digests of bytes and values.
    pub fingerprint: Fingerprint,
    /// The declaration it was read under.
    pub schema: TableSchema,
    /// The frozen reference.
    pub reference: Reference,
}

/// Fingerprints the table at `path`; `progress` is called with bytes as they are read.
///
/// # Errors
///
/// [`Error::Dataset`], [`Error::File`].
pub fn fingerprint_file(
    path: &Path,
    schema: Option<&Path>,
    progress: impl FnMut(u64),
) -> Result<FingerprintedFile> {
    let file = TableFile::open(path, None)?;
    let schema = match schema {
        Some(path) => read_schema(path)?,
        None => infer(&file)?,
    };
    let fingerprint = fingerprint(&file, &schema, progress)?;
    let reference = Reference::learn(&file, &schema)?;
    Ok(FingerprintedFile { fingerprint, schema, reference })
}

/// The inferred declaration of the table at `path`, to edit.
///
/// # Errors
///
/// [`Error::Dataset`].
pub fn describe_schema(path: &Path) -> Result<TableSchema> {
    Ok(infer(&TableFile::open(path, None)?)?)
}

/// What a registration is made from: paths on this machine.
#[derive(Debug, Default)]
pub struct RegistrationSources {
    /// Model name.
    pub model: String,
    /// Model version.
    pub version: String,
    /// Training table.
    pub train: PathBuf,
    /// Reference table.
    pub reference: PathBuf,
    /// Files of the model; folders are walked.
    pub artifacts: Vec<PathBuf>,
    /// Column declaration.
    pub schema: Option<PathBuf>,
    /// Monitoring policy, as JSON.
    pub policy: Option<PathBuf>,
    /// Parameters.
    pub parameters: BTreeMap<String, String>,
    /// Code revision.
    pub code_revision: Option<String>,
    /// Preparation code.
    pub preparation_code: Vec<PathBuf>,
    /// Environment lock file.
    pub environment_lock: Option<PathBuf>,
    /// Intended use.
    pub intended_use: Option<String>,
    /// Version this one follows.
    pub parent_version: Option<String>,
}

/// Makes the registration document: digests, counts and declarations, never rows.
///
/// # Errors
///
/// [`Error::Dataset`], [`Error::File`].
pub fn make_registration(
    sources: &RegistrationSources,
    mut progress: impl FnMut(u64),
) -> Result<Registration> {
    let reference_file = TableFile::open(&sources.reference, None)?;
    let schema = match &sources.schema {
        Some(path) => read_schema(path)?,
        None => infer(&reference_file)?,
    };
    let train = TableFile::open(&sources.train, None)?;
    let print_train = fingerprint(&train, &schema, &mut progress)?;
    let print_reference = fingerprint(&reference_file, &schema, &mut progress)?;
    let reference = Reference::learn(&reference_file, &schema)?;
    let policy = match &sources.policy {
        Some(path) => read_policy(path)?,
        None => Policy::default(),
    };
    let dataset = |role, fingerprint| Dataset { role, fingerprint, parents: Vec::new() };
    let mut artifacts = Vec::new();
    for path in &sources.artifacts {
        artifacts.extend(named_files(path, "", &mut progress)?);
    }
    let mut preparation_code = Vec::new();
    for path in &sources.preparation_code {
        preparation_code.extend(named_files(path, "", &mut progress)?);
    }
    let environment_lock = sources
        .environment_lock
        .as_ref()
        .map(|path| named_files(path, "", &mut progress))
        .transpose()?;
    Ok(Registration {
        format: REGISTRATION_FORMAT.to_owned(),
        model: sources.model.clone(),
        version: sources.version.clone(),
        intended_use: sources.intended_use.clone(),
        parent_version: sources.parent_version.clone(),
        code_revision: sources.code_revision.clone(),
        preparation_code,
        environment_lock: environment_lock.and_then(|mut files| files.pop()),
        parameters: sources.parameters.clone(),
        draft: None,
        artifacts,
        datasets: vec![
            dataset(DatasetRole::Train, print_train),
            dataset(DatasetRole::Reference, print_reference),
        ],
        schema,
        reference: as_json(&reference)?,
        policy: as_json(&policy)?,
    })
}

fn read_policy(path: &Path) -> Result<Policy> {
    let text = std::fs::read(path).map_err(|source| file_error("reading", path, source))?;
    serde_json::from_slice(&text).map_err(|e| {
        Error::Drift(crate::drift::Error::Mismatch {
            what: "policy",
            detail: format!("{}: {e}", path.display()),
        })
    })
}

fn as_json<T: Serialize>(value: &T) -> Result<serde_json::Value> {
    let bytes = crate::digest::canonical_json(value)?;
    serde_json::from_slice(&bytes).map_err(|e| Error::Render { detail: e.to_string() })
}

/// The file at `path` with its digests, or every file below the folder `path`, by name.
fn named_files(
    path: &Path,
    prefix: &str,
    progress: &mut impl FnMut(u64),
) -> Result<Vec<NamedFile>> {
    let own = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let name = if prefix.is_empty() { own } else { format!("{prefix}/{own}") };
    if !path.is_dir() {
        return Ok(vec![NamedFile { name, content: digest_file(path, progress)? }]);
    }
    let mut children: Vec<PathBuf> = std::fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect())
        .map_err(|source| file_error("listing", path, source))?;
    children.sort();
    let mut files = Vec::new();
    for child in children {
        files.extend(named_files(&child, &name, progress)?);
    }
    Ok(files)
}

fn file_error(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::File { doing, path: path.display().to_string(), source }
}
