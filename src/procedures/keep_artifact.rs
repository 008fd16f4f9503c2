//! Procedure: keep the files of runs and logged models.
//!
//! 1. check that the person may register, and that the run or logged model exists
//! 2. keep the content under its digest; it is never opened, only hashed
//! 3. refuse what would change a file that a draft version froze
//! 4. write the name with its digests and the ledger entry; the same file again changes nothing
//!
//! Removing a file removes its name; the content stays with the entry that named it.

use super::log_run::written;
use super::{actor, say_if_disposed, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::digest::ContentDigest;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::provenance::artifact::{ArtifactOwner, ArtifactPlace};
use crate::store::artifacts::ArtifactRow;
use crate::store::{ReadTx, Store};
use std::collections::BTreeMap;
use std::fs::File;
use tempfile::NamedTempFile;

/// One line of a folder's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Name within the folder.
    pub name: String,
    /// Length of a file in bytes; `None` for a folder.
    pub bytes: Option<u64>,
}

/// The owner exists and is of the experiment that the place names.
fn check_owner(tx: &ReadTx<'_>, place: &ArtifactPlace) -> Result<()> {
    let experiment = match &place.owner {
        ArtifactOwner::Run(id) => tx.run(id)?.map(|run| run.experiment_id),
        ArtifactOwner::LoggedModel(id) => tx.logged_model(id)?.map(|model| model.experiment_id),
    };
    if experiment.as_ref() == Some(&place.experiment_id) {
        return Ok(());
    }
    Err(Error::NotFound { what: "run or logged model with files at", id: place.text() })
}

/// Whether `path` lies in `folder` or is it; the empty folder holds everything.
fn is_within(folder: &str, path: &str) -> bool {
    let below = path.strip_prefix(folder);
    folder.is_empty() || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Refuses a change of what a draft version froze.
fn check_not_frozen(tx: &ReadTx<'_>, place: &ArtifactPlace) -> Result<()> {
    let drafts = tx.drafts_from(place.owner.id())?;
    let over = drafts.iter().find(|draft| {
        is_within(&draft.folder, &place.path) || is_within(&place.path, &draft.folder)
    });
    let Some(draft) = over else { return Ok(()) };
    let (text, number, model) = (place.text(), draft.number, &draft.model);
    let detail = format!(
        "`{text}` is frozen: draft {number} of `{model}` was registered with it; log the model again and register that"
    );
    Err(Error::Conflict { detail })
}

/// A name is a file or a folder, not both.
fn check_kind(tx: &ReadTx<'_>, place: &ArtifactPlace) -> Result<()> {
    let owner = place.owner.id();
    let mut above = place.path.as_str();
    while let Some((folder, _)) = above.rsplit_once('/') {
        above = folder;
        if tx.artifact(owner, above)?.is_some() {
            let detail = format!("`{above}` is a file, so nothing can lie below it");
            return Err(Error::Conflict { detail });
        }
    }
    if !tx.artifacts(owner, &place.path)?.is_empty() {
        let detail = format!("`{}` is a folder, so it cannot be a file", place.path);
        return Err(Error::Conflict { detail });
    }
    Ok(())
}

/// Keeps `file`, whose digests are `content`, at `place`.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`] for a run or logged model that does not exist, [`Error::Conflict`] for a frozen place,
/// [`Error::Store`] for the file that was there and was disposed of.
pub fn keep_artifact(
    store: &Store,
    acting: &Acting,
    place: &ArtifactPlace,
    (file, content): (NamedTempFile, &ContentDigest),
) -> Result<()> {
    acting.permit(Action::Register)?;
    let is_kept = store.read(|tx| {
        check_owner(tx, place)?;
        let old = tx.artifact(place.owner.id(), &place.path)?;
        let is_kept = old.is_some_and(|old| old.content == *content);
        // Asked again when it is written; here so that what is refused is not stored first.
        if !is_kept {
            check_not_frozen(tx, place)?;
        }
        Ok::<_, Error>(is_kept)
    })?;
    if is_kept {
        // Named by the same record as before, it would go again.
        store.read(|tx| tx.refuse_gone(&content.blake3))?;
    }
    if is_kept && store.objects().open(&content.blake3).is_ok() {
        return Ok(());
    }
    if place.path.is_empty() {
        let detail = format!("`{}` names a folder, expected a file", place.text());
        return Err(Error::BadRequest { detail });
    }
    let kept = store.objects().put_file(file)?;
    if kept != *content {
        let detail = "the file changed while it was received; send it again".to_owned();
        return Err(Error::Conflict { detail });
    }
    written(store.write(&actor(acting), EntryType::ArtifactKeep, |tx| {
        let owner = place.owner.id();
        if tx.artifact(owner, &place.path)?.is_some_and(|old| old.content == *content) {
            return Ok(());
        }
        check_not_frozen(tx, place)?;
        check_kind(tx, place)?;
        let mut about = subject(owner_kind(&place.owner), owner);
        about = about.with_digest(content);
        tx.subject(about);
        Ok(tx.insert_artifact(owner, &place.path, Some(content))?)
    }))
}

fn owner_kind(owner: &ArtifactOwner) -> &'static str {
    match owner {
        ArtifactOwner::Run(_) => "run",
        ArtifactOwner::LoggedModel(_) => "logged_model",
    }
}

/// The file at `place`, at its start; all its bytes were hashed first.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`] when there is no such file, those of the store when its bytes are not what they were.
pub fn open_artifact(
    store: &Store,
    acting: &Acting,
    place: &ArtifactPlace,
) -> Result<(ArtifactRow, File)> {
    acting.permit(Action::Read)?;
    let row = store.read(|tx| tx.artifact(place.owner.id(), &place.path))?;
    let row = row.ok_or_else(|| Error::NotFound { what: "file", id: place.text() })?;
    let file = store.objects().open(&row.content.blake3).map_err(Error::Store);
    Ok((row, file.map_err(say_if_disposed(store))?))
}

/// What lies directly in the folder `place`, by name; nothing when there is no such folder.
///
/// # Errors
///
/// [`Error::Access`], those of the store.
pub fn list_artifacts(
    store: &Store,
    acting: &Acting,
    place: &ArtifactPlace,
) -> Result<Vec<Listed>> {
    acting.permit(Action::Read)?;
    let rows = store.read(|tx| tx.artifacts(place.owner.id(), &place.path))?;
    let skip = if place.path.is_empty() { 0 } else { place.path.len() + 1 };
    let mut names: BTreeMap<String, Option<u64>> = BTreeMap::new();
    for row in rows {
        match row.path[skip..].split_once('/') {
            Some((folder, _)) => names.insert(folder.to_owned(), None),
            None => names.insert(row.path[skip..].to_owned(), Some(row.content.bytes)),
        };
    }
    Ok(names.into_iter().map(|(name, bytes)| Listed { name, bytes }).collect())
}

/// Removes the file at `place`, or every file below it.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`] when there is none, [`Error::Conflict`] for a frozen place.
pub fn remove_artifacts(store: &Store, acting: &Acting, place: &ArtifactPlace) -> Result<()> {
    acting.permit(Action::Register)?;
    store.write(&actor(acting), EntryType::ArtifactRemove, |tx| {
        check_owner(tx, place)?;
        check_not_frozen(tx, place)?;
        let owner = place.owner.id();
        let mut rows = tx.artifacts(owner, &place.path)?;
        rows.extend(tx.artifact(owner, &place.path)?);
        if rows.is_empty() {
            return Err(Error::NotFound { what: "file", id: place.text() });
        }
        tx.subject(subject(owner_kind(&place.owner), owner));
        for row in rows {
            tx.insert_artifact(owner, &row.path, None)?;
        }
        Ok(())
    })?;
    Ok(())
}
