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

    /// A private key that is to take the place of the log's, before the ledger says so.
    pub(super) fn next_key(&self) -> PathBuf {
        self.keys().join("next.pem")
    }

    /// A private key that was to take a place and never did.
    pub(super) fn unused_key(&self, id: &str) -> PathBuf {
        self.keys().join(format!("unused-{id}.pem"))
    }

    /// The private key that gave way, of the key `id` (hexadecimal).
    pub(super) fn retired_key(&self, id: &str) -> PathBuf {
        self.keys().join(format!("retired-{id}.pem"))
    }

    /// Its public half.
    pub(super) fn retired_verifier_key(&self, id: &str) -> PathBuf {
        self.keys().join(format!("retired-{id}.vkey"))
    }

    /// The private key that signs model files.
    pub(super) fn model_key(&self) -> PathBuf {
        self.keys().join("model.pem")
    }

    /// Its public half.
    pub(super) fn model_public_key(&self) -> PathBuf {
        self.keys().join("model.pub")
    }

    /// A private key that is to take its place, before the ledger says so.
    pub(super) fn next_model_key(&self) -> PathBuf {
        self.keys().join("model-next.pem")
    }

    /// The private key for model files that gave way; `id` are hexadecimal digits of the digest of its public half.
    pub(super) fn retired_model_key(&self, id: &str) -> PathBuf {
        self.keys().join(format!("model-retired-{id}.pem"))
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
