//! The newest signed head beside the database, in `log/checkpoint`: a database that was put back to an earlier state, or replaced by one
//! with another history, is noticed before it serves.
//!
//! It is written after a commit, at most 10 ms later, and never before, so that a crash leaves it older than the database, never
//! newer. Whoever puts back the whole folder puts it back too: against that, checkpoints have to be kept elsewhere.

use super::folder::Folder;
use super::log::checkpoint_of_size;
use super::{Error, Result};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::note::VerifierKey;
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A signed head that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HighWater {
    /// Entries.
    pub(super) size: u64,
    /// The signed note.
    pub(super) note: String,
}

/// How long a head may wait for newer ones before it is written.
const PAUSE: Duration = Duration::from_millis(10);

/// Keeps the newest head of a folder, from a thread of its own, so that no act waits for it. Dropped, it has kept the newest.
#[derive(Debug)]
pub(super) struct Keeper {
    /// Where; nothing while what was seen stays as it is.
    path: Option<PathBuf>,
    newest: Arc<(Mutex<Newest>, Condvar)>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What the thread is told.
#[derive(Debug, Default)]
struct Newest {
    size: u64,
    unwritten: Option<String>,
    ended: bool,
}

impl Keeper {
    /// Keeps it at `path`.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path: Some(path), newest: Arc::default(), writer: Mutex::new(None) }
    }

    /// Keeps none: what was seen in the folder stays as it is.
    pub(super) fn idle() -> Self {
        Self { path: None, newest: Arc::default(), writer: Mutex::new(None) }
    }

    /// Keeps `note`, of `size` entries, unless a newer one came first. Where it cannot be written the guard is weaker, and what
    /// was committed stays committed.
    pub(super) fn keep(&self, size: u64, note: &str) {
        let Some(path) = &self.path else { return };
        let (newest, told) = &*self.newest;
        let mut newest = newest.lock().unwrap_or_else(PoisonError::into_inner);
        if size <= newest.size {
            return;
        }
        newest.size = size;
        newest.unwritten = Some(note.to_owned());
        told.notify_one();
        drop(newest);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.is_none() {
            let (path, newest) = (path.clone(), Arc::clone(&self.newest));
            *writer = Some(std::thread::spawn(move || write_until_ended(&path, &newest)));
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let (newest, told) = &*self.newest;
        newest.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        told.notify_one();
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the thread that keeps the newest signed head panicked");
        }
    }
}

fn write_until_ended(path: &Path, (newest, told): &(Mutex<Newest>, Condvar)) {
    loop {
        let waiting = newest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = told
            .wait_while(waiting, |newest| newest.unwritten.is_none() && !newest.ended)
            .unwrap_or_else(PoisonError::into_inner);
        if !found.ended {
            // Heads that come meanwhile take its place.
            (found, _) = told
                .wait_timeout_while(found, PAUSE, |newest| !newest.ended)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let (note, ended) = (found.unwritten.take(), found.ended);
        drop(found);
        if let Some(note) = note {
            write(path, &note);
        }
        if ended {
            return;
        }
    }
}

fn write(path: &Path, note: &str) {
    let unfinished = path.with_extension("unfinished");
    let kept = fs::write(&unfinished, note).and_then(|()| fs::rename(&unfinished, path));
    if let Err(error) = kept {
        tracing::warn!(%error, "the newest signed head could not be kept in `log/checkpoint`");
    }
}

/// The note of the newest head that was seen; nothing where none was kept. Read it before the database, which may go on meanwhile.
///
/// # Errors
///
/// [`Error::File`].
pub(super) fn note(folder: &Folder) -> Result<Option<String>> {
    let path = folder.high_water();
    match fs::read_to_string(&path) {
        Ok(note) => Ok(Some(note)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File { path, source }),
    }
}

/// The head that `note` states, once one of `keys`, the newest first, has signed it.
///
/// # Errors
///
/// [`Error::HighWater`] for a note that none of them signed.
pub(super) fn seen(
    folder: &Folder,
    note: Option<String>,
    keys: &[VerifierKey],
) -> Result<Option<HighWater>> {
    let Some(note) = note else { return Ok(None) };
    let mut refused = None;
    for key in keys {
        match Checkpoint::open(&note, key) {
            Ok(head) => return Ok(Some(HighWater { size: head.size, note })),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    let refused = refused.map(|source| Error::HighWater { path: folder.high_water(), source });
    refused.map_or(Ok(None), Err)
}

/// Whether the ledger in the database goes on from `seen`: it has the same signed head of that size.
///
/// # Errors
///
/// [`Error::Database`].
pub(super) fn goes_on(connection: &Connection, seen: Option<&HighWater>) -> Result<bool> {
    let Some(seen) = seen else { return Ok(true) };
    let there = checkpoint_of_size(connection, seen.size)?;
    Ok(there.as_deref() == Some(seen.note.as_str()))
}
