//! A data folder as it is found, before anything is changed in it: its keys, its schema, and whether its ledger is whole and goes on from the
//! one that was seen here.

use super::folder::Folder;
use super::high_water::{self, HighWater};
use super::key_files::{Keys, Relation, install, load_key};
use super::new_key::{NewKey, signers_for};
use super::signers::Signers;
use super::{Error, Result, log, schema};
use rusqlite::{Connection, OpenFlags};

/// What a folder is opened for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Opening<'a> {
    /// To read and to write.
    Ordinary,
    /// To go on although the database was put back.
    RolledBack,
    /// To give its ledger another key.
    For(NewKey<'a>),
}

/// A data folder as it was found, before anything is changed in it.
pub(super) struct Found {
    /// The keys of the folder and of its ledger.
    keys: Keys,
    pub(super) connection: Connection,
    /// Its schema version.
    pub(super) version: usize,
    /// Entries of the ledger.
    pub(super) entries: u64,
    /// The head that was seen where the ledger does not go on from it.
    pub(super) rolled_back: Option<HighWater>,
}

impl Found {
    /// The keys that sign what is written, for what `opening` says; finishes what a change of the key left to do.
    pub(super) fn signers(&self, folder: &Folder, opening: Opening<'_>) -> Result<Signers> {
        let keys = &self.keys;
        if let Opening::For(new) = opening {
            return signers_for(folder, keys, new);
        }
        if keys.relation == Relation::LedgerBehind {
            let Some(seen) = &self.rolled_back else {
                return Err(Error::KeyRetired { key: keys.in_force().to_string() });
            };
            if matches!(opening, Opening::Ordinary) {
                return Err(Error::RolledBack { found: self.entries, seen: seen.size });
            }
        }
        if matches!(keys.relation, Relation::LedgerAhead | Relation::LedgerBehind) {
            install(folder, &keys.named, keys.in_force())?;
        }
        Ok(Signers::one(load_key(folder, keys.in_force())?))
    }
}

/// Finds what is in the data folder: its newest checkpoint is signed by the key in force and of the stored tree.
pub(super) fn find(folder: &Folder) -> Result<Found> {
    if !folder.database().exists() {
        return Err(Error::NoDatabase { folder: folder.path().to_owned() });
    }
    let note = high_water::note(folder)?;
    let connection = connect(folder, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let version = schema::version(&connection)?;
    if version == 0 {
        return Err(Error::TreeBroken { size: 0, reason: "the database is empty" });
    }
    let keys = Keys::read(folder, &connection)?;
    let seen = high_water::seen(folder, note, &keys.known())?;
    let edge = log::verified_edge(&connection, keys.in_force())?;
    let goes_on = high_water::goes_on(&connection, seen.as_ref())?;
    let rolled_back = seen.filter(|_| !goes_on);
    Ok(Found { keys, connection, version, entries: edge.size(), rolled_back })
}

/// Opens the folder's database with `flags`; no other file is ever opened as one.
pub(super) fn connect(folder: &Folder, flags: OpenFlags) -> Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(folder.database(), flags)?)
}
