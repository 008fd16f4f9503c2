//! One server at a time on a data folder.
//!
//! Commands may write beside a server, each act in a transaction of its own; but two servers would send each notice twice and watch
//! the same silence; and while the schema is changed nobody may serve. The lock belongs to the process and ends with it, however it ends: nothing has to be cleaned up after a crash.

use super::folder::Folder;
use super::{Error, Result, Store};
use std::fs::{File, TryLockError};
use std::path::Path;

/// The right to serve a data folder, for as long as it is held.
#[derive(Debug)]
pub struct Claim {
    _locked: File,
}

impl Store {
    /// Claims the data folder for this server.
    ///
    /// # Errors
    ///
    /// [`Error::Served`] while another server has it, [`Error::File`] where the lock file cannot be made or locked.
    pub fn claim(&self) -> Result<Claim> {
        claim(&self.inner.folder)
    }

    /// Claims the data folder `folder` for something that no server may run beside, without opening it.
    ///
    /// # Errors
    ///
    /// Those of [`Self::claim`].
    pub fn claim_folder(folder: &Path) -> Result<Claim> {
        claim(&Folder::new(folder))
    }
}

/// Claims the data folder, whether a server or an upgrade wants it for itself.
pub(super) fn claim(folder: &Folder) -> Result<Claim> {
    let path = folder.served();
    let failed = |source| Error::File { path: path.clone(), source };
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Claim { _locked: file }),
        Err(TryLockError::WouldBlock) => Err(Error::Served { folder: folder.path().to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}
