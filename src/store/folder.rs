//! Where everything lies in the data folder.

use super::{Error, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The data folder's layout.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The database.
    pub(super) fn database(&self) -> PathBuf {
        self.0.join("driftledger.db")
    }

    /// Objects by BLAKE3.
    pub(super) fn objects(&self) -> PathBuf {
        self.0.join("objects")
    }

    /// Files that are still being received.
    pub(super) fn spool(&self) -> PathBuf {
        self.0.join("spool")
    }

    /// What was seen of the log.
    pub(super) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    /// The newest signed head that was seen.
    pub(super) fn high_water(&self) -> PathBuf {
        self.log().join("checkpoint")
    }

    /// Locked by the server that serves the folder.
    pub(super) fn served(&self) -> PathBuf {
        self.0.join("served.lock")
    }

    /// Both halves of the log key.
    pub(super) fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The log's private key.
    pub(super) fn private_key(&self) -> PathBuf {
        self.keys().join("log.pem")
    }

    /// The log's name and public key, one line.
    pub(super) fn verifier_key(&self) -> PathBuf {
        self.keys().join("log.vkey")
    }

    /// The private key that signs model files.
    pub(super) fn model_key(&self) -> PathBuf {
        self.keys().join("model.pem")
    }

    /// Its public half.
    pub(super) fn model_public_key(&self) -> PathBuf {
        self.keys().join("model.pub")
    }

    /// Makes every folder that is missing.
    pub(super) fn make(&self) -> Result<()> {
        for path in [self.objects(), self.spool(), self.keys(), self.log()] {
            fs::create_dir_all(&path).map_err(|source| Error::File { path, source })?;
        }
        Ok(())
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<()> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(|source| Error::File { path: path.to_owned(), source })
}
