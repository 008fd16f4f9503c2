//! The newest signed head beside the database, in `log/checkpoint`: a database that was put back to an earlier state, or replaced by one
//! with another history, is noticed before it serves.
//!
//! It is written after every commit and never before, so that a crash leaves it older than the database, never newer. Whoever puts back
//! the whole folder puts it back too: against that, checkpoints have to be kept elsewhere.

use super::folder::Folder;
use super::log::checkpoint_of_size;
use super::{Error, Result};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::note::VerifierKey;
use rusqlite::Connection;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A signed head that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HighWater {
    /// Entries.
    pub(super) size: u64,
    /// The signed note.
    pub(super) note: String,
}

/// Keeps the newest head of a folder.
#[derive(Debug)]
pub(super) struct Keeper {
    path: PathBuf,
    claimed: AtomicU64,
    kept: Mutex<u64>,
}

impl Keeper {
    /// Keeps it at `path`.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, claimed: AtomicU64::new(0), kept: Mutex::new(0) }
    }

    /// Keeps `note`, of `size` entries, unless a newer one came first. Where it cannot be written the guard is weaker, and what
    /// was committed stays committed.
    pub(super) fn keep(&self, size: u64, note: &str) {
        if self.claimed.fetch_max(size, Ordering::SeqCst) >= size {
            return;
        }
        let mut newest = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if size <= *newest {
            return;
        }
        *newest = size;
        let unfinished = self.path.with_extension("unfinished");
        let kept = fs::write(&unfinished, note).and_then(|()| fs::rename(&unfinished, &self.path));
        if let Err(error) = kept {
            tracing::warn!(%error, "the newest signed head could not be kept in `log/checkpoint`");
        }
    }
}

/// The newest head that was seen; nothing where none was kept. Read it before the database, which may go on meanwhile.
///
/// # Errors
///
/// [`Error::File`], [`Error::HighWater`] for a note that the folder's key did not sign.
pub(super) fn read(folder: &Folder, key: &VerifierKey) -> Result<Option<HighWater>> {
    let path = folder.high_water();
    let note = match fs::read_to_string(&path) {
        Ok(note) => note,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::File { path, source }),
    };
    match Checkpoint::open(&note, key) {
        Ok(head) => Ok(Some(HighWater { size: head.size, note })),
        Err(source) => Err(Error::HighWater { path, source }),
    }
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
