//! Procedure: copy a data folder to a safe place, while a server may be writing to it.
//!
//! 1. an earlier backup in the same place must be one of this ledger, and its signed head one that this ledger still has
//! 2. copy the database from one consistent snapshot, then every object it names that the backup does not hold
//! 3. check the copy as `check` checks a data folder; a copy with a finding is no backup
//! 4. write `backup.json`, last: without it there is no backup
//!
//! The private key stays where it is: keep it apart.

use super::check_store::{CheckedStore, check_store};
use crate::clock::Clock;
use crate::dataset::fingerprint::digest_file;
use crate::digest::ContentDigest;
use crate::error::{Error, Result};
use crate::store::backup::{copy_database, copy_objects, copy_verifier_key, log_name};
use crate::store::check::{Finding, Progress};
use crate::store::{self};
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Identifies the format of `backup.json`.
pub const BACKUP_FORMAT: &str = "driftledger/backup/v1";

/// What a backup holds: the file `backup.json` beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupManifest {
    /// Always [`BACKUP_FORMAT`].
    pub format: String,
    /// Name of the log.
    pub log: String,
    /// Entries of the ledger.
    pub entries: u64,
    /// The signed head.
    pub checkpoint: String,
    /// Time of the newest entry.
    pub newest_entry_at: String,
    /// When the backup was made, UTC.
    pub made_at: String,
    /// The program that made it.
    pub program: String,
    /// Digests of the database file.
    pub database: ContentDigest,
    /// Objects that the database names.
    pub objects: u64,
}

/// What was backed up.
#[derive(Clone, Debug, Serialize)]
pub struct BackedUp {
    /// What the backup holds.
    #[serde(flatten)]
    pub manifest: BackupManifest,
    /// Objects that were not in the backup before.
    pub new_objects: u64,
    /// Their bytes.
    pub new_bytes: u64,
    /// Entries since the backup that was there.
    pub entries_since: u64,
}

/// Backs the data folder at `folder` up into the folder `to`.
///
/// # Errors
///
/// [`Error::Conflict`] where `to` holds a backup of another ledger or of another history, or is a data folder in use;
/// [`Error::Store`], [`Error::File`]; [`Error::BadRequest`] with the first findings where the copy is not whole.
pub fn back_up(
    folder: &Path,
    to: &Path,
    clock: &Clock,
    progress: &mut dyn FnMut(Progress),
) -> Result<BackedUp> {
    let earlier = read_manifest(to)?;
    check_place(folder, to, earlier.as_ref())?;
    fill((folder, to), (None, earlier), clock, progress)
}

/// Makes a backup in `to`, which may hold an earlier one; files that the backup in the folder `linked` has are not copied.
pub(super) fn fill(
    (folder, to): (&Path, &Path),
    (linked, earlier): (Option<&Path>, Option<BackupManifest>),
    clock: &Clock,
    progress: &mut dyn FnMut(Progress),
) -> Result<BackedUp> {
    let mut pages = |done, total| progress(Progress { stage: "database pages", done, total });
    copy_database(folder, to, &mut pages)?;
    let mut objects = |done, total| progress(Progress { stage: "files", done, total });
    let copied = copy_objects(folder, to, linked, &mut objects)?;
    copy_verifier_key(folder, to)?;
    let checked = check_store(to, progress)?;
    refuse_findings("the copy is no backup", &checked.findings)?;
    let manifest = manifest_of(to, &checked, clock)?;
    write_manifest(to, &manifest)?;
    let entries_since = manifest.entries - earlier.map_or(0, |earlier| earlier.entries);
    let (new_objects, new_bytes) = (copied.new, copied.new_bytes);
    Ok(BackedUp { manifest, new_objects, new_bytes, entries_since })
}

/// The manifest of the backup at `folder`; nothing where there is none.
///
/// # Errors
///
/// [`Error::File`], [`Error::BadRequest`] for a file that is none.
pub fn read_manifest(folder: &Path) -> Result<Option<BackupManifest>> {
    let path = manifest_path(folder);
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read(&path).map_err(Error::file("reading", &path))?;
    let refuse = |detail: String| Error::BadRequest { detail };
    let manifest: BackupManifest = serde_json::from_slice(&text)
        .map_err(|e| refuse(format!("`{}` cannot be read: {e}", path.display())))?;
    if manifest.format != BACKUP_FORMAT {
        let found = &manifest.format;
        return Err(refuse(format!("format is `{found}`, expected `{BACKUP_FORMAT}`")));
    }
    Ok(Some(manifest))
}

/// The first findings as an error; nothing where there are none.
///
/// # Errors
///
/// [`Error::BadRequest`].
pub(super) fn refuse_findings(what: &str, findings: &[Finding]) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = findings
        .iter()
        .take(3)
        .map(|found| format!("{} {}: {} ({})", found.table, found.id, found.detail, found.code))
        .collect();
    let detail =
        format!("{what}: `check` finds {} things wrong: {}", findings.len(), shown.join("; "));
    Err(Error::BadRequest { detail })
}

fn manifest_path(folder: &Path) -> PathBuf {
    folder.join("backup.json")
}

/// Refuses to write over anything but an earlier backup of the same history.
fn check_place(folder: &Path, to: &Path, earlier: Option<&BackupManifest>) -> Result<()> {
    let refuse = |detail: String| Err(Error::Conflict { detail });
    let shown = to.display();
    let Some(earlier) = earlier else {
        let is_empty = std::fs::read_dir(to).map_or(true, |mut found| found.next().is_none());
        if is_empty {
            return Ok(());
        }
        return refuse(format!("`{shown}` is not empty and holds no backup; name another folder"));
    };
    check_history(folder, to, earlier)
}

/// Refuses unless the backup `earlier` in the folder `to` is one of this ledger, and its signed head one that this ledger still has.
pub(super) fn check_history(folder: &Path, to: &Path, earlier: &BackupManifest) -> Result<()> {
    let refuse = |detail: String| Err(Error::Conflict { detail });
    let shown = to.display();
    let log = log_name(folder)?;
    if earlier.log != log {
        let found = &earlier.log;
        return refuse(format!("`{shown}` holds a backup of `{found}`, not of `{log}`"));
    }
    let now = store::check::read(folder, |tx| tx.checkpoint(earlier.entries))?;
    if now.as_deref() != Some(earlier.checkpoint.as_str()) {
        let (entries, made) = (earlier.entries, &earlier.made_at);
        return refuse(format!(
            "`{shown}` holds a backup of {made} with {entries} entries whose signed head this ledger does not have: the ledger was \
             rolled back or replaced; keep that backup and name another folder"
        ));
    }
    Ok(())
}

fn manifest_of(to: &Path, checked: &CheckedStore, clock: &Clock) -> Result<BackupManifest> {
    let (head, newest) = store::check::read(to, |tx| {
        let head = tx.head()?;
        let newest = tx.entry(head.size.saturating_sub(1))?;
        Ok::<_, store::Error>((head, newest))
    })?;
    let database = to.join("driftledger.db");
    Ok(BackupManifest {
        format: BACKUP_FORMAT.to_owned(),
        log: log_name(to)?,
        entries: head.size,
        checkpoint: head.checkpoint,
        newest_entry_at: newest.map(|stored| stored.entry.ts).unwrap_or_default(),
        made_at: clock.now_text(),
        program: format!("driftledger {}", env!("CARGO_PKG_VERSION")),
        database: digest_file(&database, |_| {})?,
        objects: checked.objects,
    })
}

fn write_manifest(to: &Path, manifest: &BackupManifest) -> Result<()> {
    let path = manifest_path(to);
    let write = || -> std::io::Result<()> {
        let mut file = NamedTempFile::new_in(to)?;
        file.write_all(&serde_json::to_vec_pretty(manifest)?)?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        std::fs::File::open(to)?.sync_all()
    };
    write().map_err(Error::file("writing", &path))
}
