//! Another key for the ledger: made beside the one in force, and named by an act whose head it signs.

use super::folder::Folder;
use super::found::{Opening, connect};
use super::key_files::{self, Keys, load_key};
use super::signers::Signers;
use super::{Error, Result, Store};
use crate::clock::Clock;
use crate::ledger::key::LogKey;
use crate::ledger::model_key::ModelKey;
use rusqlite::OpenFlags;
use std::path::Path;

/// A key that the ledger is to get.
#[derive(Clone, Copy, Debug)]
pub enum NewKey<'a> {
    /// The key in force signs the head that names it too, so that it can be followed.
    SignedByOld(&'a LogKey),
    /// The key in force is lost, or not to be believed: it signs nothing any more.
    Instead(&'a LogKey),
}

impl Store {
    /// Opens the data folder for the one act that gives its ledger the key `new`, which signs the head of this act: with the key in force
    /// beside it, or without, where that is lost or not to be believed. Drop it afterwards; whoever opens the folder next puts the new key
    /// in its place.
    ///
    /// # Errors
    ///
    /// Those of [`Self::open`].
    pub fn open_for(folder: &Path, clock: Clock, new: NewKey<'_>) -> Result<Self> {
        Self::open_any(Folder::new(folder), clock, Opening::For(new))?.refuse_rolled_back()
    }

    /// A new key of the ledger, in a file that only its owner may read, which no entry names yet. One that was made before and never came
    /// to its entry is put aside.
    ///
    /// # Errors
    ///
    /// [`Error::NoDatabase`], [`Error::KeysDiffer`], [`Error::Ledger`], [`Error::File`], [`Error::Database`].
    pub fn prepare_key(folder: &Path) -> Result<LogKey> {
        let folder = Folder::new(folder);
        if !folder.database().exists() {
            return Err(Error::NoDatabase { folder: folder.path().to_owned() });
        }
        let connection = connect(&folder, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let keys = Keys::read(&folder, &connection)?;
        key_files::prepare(&folder, &keys.history)
    }

    /// A new key for model files, in a file that only its owner may read, which no entry names yet.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`], [`Error::File`].
    pub fn prepare_model_key(&self) -> Result<ModelKey> {
        key_files::prepare_model_key(&self.inner.folder)
    }
}

/// Who signs the head that gives the ledger another key.
pub(super) fn signers_for(folder: &Folder, keys: &Keys, new: NewKey<'_>) -> Result<Signers> {
    let in_force = keys.in_force().clone();
    Ok(match new {
        NewKey::SignedByOld(new) => Signers::both(load_key(folder, &in_force)?, new.clone()),
        NewKey::Instead(new) => Signers::instead(in_force, new.clone()),
    })
}
