//! Procedure: fingerprint files, offline, where the data are.
//!
//! 1. read the column declaration, or infer one
//! 2. digest the bytes in one read and the values in one decode
//! 3. freeze the reference a later step may need, and count training rows in other tables, because the rows stay here

use super::compare_files::read_schema;
use crate::dataset::files::find_files;
use crate::dataset::fingerprint::{
    Fingerprint, RowSet, digest_bytes, digest_file, digest_files, fingerprint, fingerprint_with,
};
use crate::dataset::infer::{Inferred, infer_noted};
use crate::dataset::overlap::{RowKeys, features};
use crate::dataset::prepared::PreparedTable;
use crate::dataset::reader::TableFile;
use crate::dataset::schema::TableSchema;
use crate::drift::policy::Policy;
use crate::drift::reference::Reference;
use crate::error::{Error, Result};
use crate::provenance::configuration::{Configuration, Parts};
use crate::provenance::overlap::{ComparedBy, Overlap};
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
    /// What a reader of an inferred declaration should know.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// Fingerprints the table at `path` (a file, a folder, a pattern); `progress` is called with bytes as they are read.
///
/// # Errors
///
/// [`Error::Dataset`], [`Error::File`].
pub fn fingerprint_file(
    path: &Path,
    schema: Option<&Path>,
    row_set: RowSet,
    progress: impl FnMut(u64),
) -> Result<FingerprintedFile> {
    let declared = schema.map(read_schema).transpose()?;
    let table = PreparedTable::open(path, declared.as_ref())?;
    let (schema, notes) = (table.schema().clone(), table.notes().to_vec());
    if row_set == RowSet::Yes || table.is_copied() {
        let fingerprint = fingerprint_with(table.original(), &schema, row_set, progress)?;
        let reference = Reference::learn(table.table(), &schema)?;
        return Ok(FingerprintedFile { fingerprint, schema, reference, notes });
    }
    let file = table.original();
    let (bytes, learned) = std::thread::scope(|scope| {
        let learning = scope.spawn(|| Reference::learn_and_digest(file, &schema));
        (digest_bytes(file, progress), learning.join())
    });
    let (reference, values) = learned.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let fingerprint = Fingerprint::new(file, bytes?, values);
    Ok(FingerprintedFile { fingerprint, schema, reference, notes })
}

/// The inferred declaration of the table at `path`, to edit, and what to know about it.
///
/// # Errors
///
/// [`Error::Dataset`].
pub fn describe_schema(path: &Path) -> Result<Inferred> {
    Ok(infer_noted(&TableFile::open(path, None)?)?)
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
    /// Other tables: tuned, validated, tested on.
    pub others: Vec<(DatasetRole, PathBuf)>,
    /// Columns that say which rows belong together (patient, batch): no key in the training data may stand elsewhere.
    pub overlap_key: Vec<String>,
    /// Why training rows in other tables may stay.
    pub overlap_justification: Option<String>,
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

/// What a deployed configuration is made of: paths on the machine where the model runs.
#[derive(Debug, Default)]
pub struct ConfigurationSources {
    /// Files of the model; folders are walked.
    pub artifacts: Vec<PathBuf>,
    /// Preparation code.
    pub preparation_code: Vec<PathBuf>,
    /// Environment lock file.
    pub environment_lock: Option<PathBuf>,
    /// Parameters.
    pub parameters: BTreeMap<String, String>,
    /// Column declaration, or the registration that holds it.
    pub schema: PathBuf,
}

/// The configuration that these files are, and its fingerprint.
///
/// # Errors
///
/// [`Error::Dataset`], [`Error::File`].
pub fn fingerprint_configuration(
    sources: &ConfigurationSources,
) -> Result<(Configuration, String)> {
    let files = |paths: &[PathBuf]| -> Result<Vec<NamedFile>> {
        let mut found = Vec::new();
        for path in paths {
            found.extend(named_files(path, &mut |_| ())?);
        }
        Ok(found)
    };
    let bytes = std::fs::read(&sources.schema).map_err(Error::file("reading", &sources.schema))?;
    let schema = match serde_json::from_slice::<Registration>(&bytes) {
        Ok(registration) => registration.schema,
        Err(_) => TableSchema::parse(&bytes).map_err(|error| error.of_file(&sources.schema))?,
    };
    let lock = files(sources.environment_lock.as_slice())?;
    let configuration = Configuration::new(Parts {
        artifacts: &files(&sources.artifacts)?,
        preparation_code: &files(&sources.preparation_code)?,
        environment_lock: lock.first(),
        parameters: &sources.parameters,
        schema: &schema,
    })?;
    let fingerprint = configuration.fingerprint()?;
    Ok((configuration, fingerprint))
}

/// Makes the registration document: digests, counts and declarations, never rows.
///
/// # Errors
///
/// [`Error::Dataset`], [`Error::File`].
pub fn make_registration(
    sources: &RegistrationSources,
    progress: impl FnMut(u64),
) -> Result<Registration> {
    Ok(make_registration_noted(sources, progress)?.0)
}

/// The same, with what a reader of an inferred declaration should know.
///
/// # Errors
///
/// Those of [`make_registration`].
pub fn make_registration_noted(
    sources: &RegistrationSources,
    mut progress: impl FnMut(u64),
) -> Result<(Registration, Vec<String>)> {
    let declared = sources.schema.as_deref().map(read_schema).transpose()?;
    let table = PreparedTable::open(&sources.reference, declared.as_ref())?;
    let schema = table.schema().clone();
    let train = TableFile::open(&sources.train, None)?;
    let reference = Reference::learn(table.table(), &schema)?;
    let mut others = vec![(DatasetRole::Reference, table.original().clone())];
    for (role, path) in &sources.others {
        others.push((*role, TableFile::open(path, None)?));
    }
    let dataset = |role, fingerprint| Dataset { role, fingerprint, parents: Vec::new() };
    let mut datasets = Vec::new();
    datasets.push(dataset(DatasetRole::Train, fingerprint(&train, &schema, &mut progress)?));
    for (role, file) in &others {
        datasets.push(dataset(*role, fingerprint(file, &schema, &mut progress)?));
    }
    let others: Vec<(&Dataset, &TableFile)> =
        datasets[1..].iter().zip(others.iter().map(|(_, file)| file)).collect();
    let overlaps = count_overlaps((&train, &others), &schema, &sources.overlap_key)?;
    let policy = match &sources.policy {
        Some(path) => read_policy(path)?,
        None => Policy::default(),
    };
    let mut artifacts = Vec::new();
    for path in &sources.artifacts {
        artifacts.extend(named_files(path, &mut progress)?);
    }
    let mut preparation_code = Vec::new();
    for path in &sources.preparation_code {
        preparation_code.extend(named_files(path, &mut progress)?);
    }
    let environment_lock = sources
        .environment_lock
        .as_ref()
        .map(|path| named_files(path, &mut progress))
        .transpose()?;
    let mut registration = Registration {
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
        datasets,
        overlaps,
        overlap_justification: sources.overlap_justification.clone(),
        schema,
        reference: as_json(&reference)?,
        policy: as_json(&policy)?,
        warnings: Vec::new(),
    };
    registration.warnings = registration.due_warnings();
    Ok((registration, table.notes().to_vec()))
}

/// Counts the training rows in each of the `others`, by all features and by `key`.
fn count_overlaps(
    (train, others): (&TableFile, &[(&Dataset, &TableFile)]),
    schema: &TableSchema,
    key: &[String],
) -> Result<Vec<Overlap>> {
    let mut overlaps = Vec::new();
    let ways = [(ComparedBy::Features, features(schema)), (ComparedBy::Key, key.to_vec())];
    for (by, columns) in ways.into_iter().filter(|(_, columns)| !columns.is_empty()) {
        let training = RowKeys::of(train, schema, &columns)?;
        for (dataset, file) in others {
            let common = training.common(&RowKeys::of(file, schema, &columns)?);
            let about = (dataset.role, dataset.fingerprint.table.table.as_str());
            overlaps.push(Overlap::new(about, (by, &columns), common));
        }
    }
    Ok(overlaps)
}

pub(super) fn read_policy(path: &Path) -> Result<Policy> {
    let text = std::fs::read(path).map_err(Error::file("reading", path))?;
    serde_json::from_slice(&text).map_err(|e| {
        Error::Drift(crate::drift::Error::Mismatch {
            what: "policy",
            detail: format!("`{}`: {}", path.display(), crate::digest::json_error(&e)),
        })
    })
}

fn as_json<T: Serialize>(value: &T) -> Result<serde_json::Value> {
    let bytes = crate::digest::canonical_json(value)?;
    serde_json::from_slice(&bytes).map_err(|e| Error::Render { detail: e.to_string() })
}

/// The file at `path` with its digests, or every file below the folder `path`, under the folder's name.
fn named_files(path: &Path, progress: &mut impl FnMut(u64)) -> Result<Vec<NamedFile>> {
    let mut files = digest_files(path, progress)?;
    if path.is_dir() {
        let own = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        for file in &mut files {
            file.name = format!("{own}/{}", file.name);
        }
    }
    Ok(files)
}

/// Every file that `path` means (a file, a folder, a pattern) with its digests, by its path from here.
///
/// # Errors
///
/// [`Error::Dataset`].
pub fn list_files(path: &Path, mut progress: impl FnMut(u64)) -> Result<Vec<NamedFile>> {
    let mut listed = Vec::new();
    for found in find_files(path)? {
        let content = digest_file(&found.path, &mut progress)?;
        let name = found.path.to_str().ok_or_else(|| Error::BadRequest {
            detail: format!("`{}` is not UTF-8 and cannot be listed", found.path.display()),
        })?;
        listed.push(NamedFile { name: name.to_owned(), content });
    }
    Ok(listed)
}

/// Bytes of all files that `path` means; 0 where they cannot be listed (reading them will say why).
pub fn length_of(path: &Path) -> u64 {
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |about| about.len());
    find_files(path).map_or(0, |files| files.iter().map(|file| length(&file.path)).sum())
}
