//! Procedure: register a version from files that were sent.
//!
//! 1. check that the person may register
//! 2. lay the files out under their names in a folder that nobody else sees
//! 3. make the registration from them: digests, counts and declarations, as `driftledger register` does on one's own machine
//! 4. register it; the folder with the rows is removed, whatever came of it

use super::fingerprint_files::{RegistrationSources, make_registration};
use super::ingest_batch::Delivery;
use super::register_version::{Registered, register_version};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::provenance::registration::DatasetRole;
use crate::store::Store;
use std::path::{Path, PathBuf};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A dataset of that role.
    Dataset(DatasetRole),
    /// Column declaration.
    Schema,
    /// Monitoring policy.
    Policy,
    /// File of the model.
    Artifact,
    /// Code that prepared the data.
    PreparationCode,
    /// Lock file of the environment.
    EnvironmentLock,
}

/// A file that was sent.
#[derive(Debug)]
pub struct SentFile {
    /// What it is.
    pub kind: FileKind,
    /// Its name.
    pub name: String,
    /// The spooled file.
    pub delivery: Delivery,
}

/// Registers a version from `files` and from what `sources` says besides; the rows are not kept.
///
/// # Errors
///
/// [`Error::Access`]; [`Error::BadRequest`] without training data, reference or model files; otherwise those of
/// [`make_registration`] and [`register_version`].
pub fn register_files(
    store: &Store,
    acting: &Acting,
    mut sources: RegistrationSources,
    files: Vec<SentFile>,
) -> Result<Registered> {
    acting.permit(Action::Register)?;
    let folder = store.objects().spool_folder()?;
    let (mut train, mut reference) = (None, None);
    for (number, file) in files.into_iter().enumerate() {
        let kind = file.kind;
        let path = lay(folder.path(), number, file)?;
        match kind {
            FileKind::Dataset(DatasetRole::Train) => train = Some(path),
            FileKind::Dataset(DatasetRole::Reference) => reference = Some(path),
            FileKind::Dataset(role) => sources.others.push((role, path)),
            FileKind::Schema => sources.schema = Some(path),
            FileKind::Policy => sources.policy = Some(path),
            FileKind::Artifact => sources.artifacts.push(path),
            FileKind::PreparationCode => sources.preparation_code.push(path),
            FileKind::EnvironmentLock => sources.environment_lock = Some(path),
        }
    }
    let needed = |path: Option<PathBuf>, what: &str| {
        path.ok_or_else(|| Error::BadRequest { detail: format!("no file was sent for {what}") })
    };
    sources.train = needed(train, "the training data")?;
    sources.reference = needed(reference, "the reference")?;
    register_version(store, acting, &make_registration(&sources, |_| ())?)
}

/// Puts a file under its name into a folder of its own.
fn lay(folder: &Path, number: usize, file: SentFile) -> Result<PathBuf> {
    let is_name = !file.name.is_empty()
        && !file.name.starts_with('.')
        && !file.name.contains(['/', '\\', '\0']);
    if !is_name {
        let detail = format!("`{:.100}` cannot be the name of a file here; rename it", file.name);
        return Err(Error::BadRequest { detail });
    }
    let own = folder.join(number.to_string());
    std::fs::create_dir(&own).map_err(Error::file("making", &own))?;
    let path = own.join(&file.name);
    let moved = file.delivery.file.persist(&path);
    moved.map_err(|e| Error::file("moving to", &path)(e.error))?;
    Ok(path)
}
