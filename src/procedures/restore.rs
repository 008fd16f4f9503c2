//! Procedure: make a data folder again from a backup.
//!
//! 1. the database must be the one that `backup.json` names, byte for byte
//! 2. copy database, objects and keys into a folder beside the place where the data folder will be
//! 3. check that copy as `check` does; with a finding nothing is put in place
//! 4. a backup of an earlier version is upgraded as `upgrade` does; record the restore as the next ledger entry, signed by the log's key, then
//!    move the folder into its place
//!
//! What was recorded after the backup is lost; the entry says since when.

use super::back_up::{BackupManifest, read_manifest, refuse_findings};
use super::check_store::check_store;
use super::subject;
use super::upgrade_store::upgrade_store;
use crate::clock::{self, Clock};
use crate::dataset::fingerprint::digest_file;
use crate::error::{Error, Result};
use crate::ledger::entry::{Actor, EntryType};
use crate::store::Store;
use crate::store::backup::{RestoreRow, copy_database, copy_objects, copy_verifier_key};
use crate::store::check::Progress;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What was restored.
#[derive(Clone, Debug, Serialize)]
pub struct Restored {
    /// What the backup held.
    #[serde(flatten)]
    pub manifest: BackupManifest,
    /// When it was restored, UTC.
    pub restored_at: String,
    /// The ledger entry that says so.
    pub entry: u64,
    /// Seconds it took.
    pub seconds: f64,
}

/// Restores the backup at `backup` as the data folder `folder`, which must not exist; `key` is the log's private key.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no backup, [`Error::Conflict`] where `folder` holds something, [`Error::BadRequest`] for a
/// backup that is not what its manifest says, [`Error::Store`] for another key, [`Error::File`].
pub fn restore(
    backup: &Path,
    (folder, key): (&Path, &Path),
    reason: &str,
    clock: &Clock,
    progress: &mut dyn FnMut(Progress),
) -> Result<Restored> {
    let started = std::time::Instant::now();
    let missing = || Error::NotFound { what: "backup", id: backup.display().to_string() };
    let manifest = read_manifest(backup)?.ok_or_else(missing)?;
    check_backup(backup, &manifest)?;
    let parent = empty_place(folder)?;
    let made = tempfile::Builder::new().prefix(".restoring-").tempdir_in(&parent);
    let beside = made.map_err(Error::file("writing", &parent))?;
    let entry = fill((backup, beside.path(), key), &manifest, (reason, clock), progress)?;
    put_in_place(beside, folder, &parent)?;
    let seconds = started.elapsed().as_secs_f64();
    Ok(Restored { manifest, restored_at: clock.now_text(), entry, seconds })
}

/// The database must be the one that was backed up.
fn check_backup(backup: &Path, manifest: &BackupManifest) -> Result<()> {
    let found = digest_file(&backup.join("driftledger.db"), |_| {})?;
    if found == manifest.database {
        return Ok(());
    }
    let detail = format!(
        "the database of the backup has SHA-256 {}, `backup.json` says {}: it is not what was backed up",
        found.sha256, manifest.database.sha256
    );
    Err(Error::BadRequest { detail })
}

/// The folder above `folder`, which itself is empty or not there.
fn empty_place(folder: &Path) -> Result<PathBuf> {
    if std::fs::read_dir(folder).is_ok_and(|mut found| found.next().is_some()) || folder.is_file() {
        let detail = format!(
            "`{}` is not empty; restore beside it, compare, then move: nothing is written over",
            folder.display()
        );
        return Err(Error::Conflict { detail });
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or_else(|| Path::new(".")).to_owned();
    std::fs::create_dir_all(&parent).map_err(Error::file("writing", &parent))?;
    Ok(parent)
}

/// Fills the folder `beside` and records the restore in it; gives the index of the entry.
fn fill(
    (backup, beside, key): (&Path, &Path, &Path),
    manifest: &BackupManifest,
    (reason, clock): (&str, &Clock),
    progress: &mut dyn FnMut(Progress),
) -> Result<u64> {
    let mut pages = |done, total| progress(Progress { stage: "database pages", done, total });
    copy_database(backup, beside, &mut pages)?;
    let mut objects = |done, total| progress(Progress { stage: "files", done, total });
    copy_objects(backup, beside, None, &mut objects)?;
    copy_verifier_key(backup, beside)?;
    let checked = check_store(beside, progress)?;
    refuse_findings("the backup is not whole", &checked.findings)?;
    let private = beside.join("keys/log.pem");
    std::fs::copy(key, &private).map_err(Error::file("reading", key))?;
    upgrade_store(beside, clock, false, progress)?;
    let store = Store::open(beside, clock.clone())?;
    let id = clock::new_id("rs");
    let actor = Actor::new("driftledger", "system", "local");
    let written = store.write(&actor, EntryType::BackupRestore, |tx| {
        tx.subject(subject("restore", &id));
        tx.insert_restore(&RestoreRow {
            id: &id,
            entries: manifest.entries,
            checkpoint: &manifest.checkpoint,
            backed_up_at: &manifest.made_at,
            newest_entry_at: &manifest.newest_entry_at,
            reason,
        })
    });
    Ok(written.map_err(Error::Store)?.index)
}

/// Moves the filled folder to its place.
fn put_in_place(beside: tempfile::TempDir, folder: &Path, parent: &Path) -> Result<()> {
    let put = || -> std::io::Result<()> {
        if folder.exists() {
            std::fs::remove_dir(folder)?;
        }
        std::fs::rename(beside.path(), folder)?;
        std::fs::File::open(parent)?.sync_all()
    };
    put().map_err(Error::file("writing", folder))?;
    // The folder has moved: there is nothing left to remove.
    let _moved = beside.keep();
    Ok(())
}
