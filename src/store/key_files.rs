//! The files of the keys: which key the folder holds, and how one takes the place of another.
//!
//! 1. the new private key is written to `keys/next.pem`, for its owner only, and is durable
//! 2. an entry names it, under a head that it signs: from here on the ledger has another key than the folder
//! 3. the old private key becomes `keys/retired-ID.pem`, the new one `keys/log.pem`, and last the public half `keys/log.vkey`
//!
//! Whoever opens the folder after the second step does the third, so that a crash between any two leaves a folder that opens. No private
//! key that was written to its end is ever removed or written over.

use super::folder::{Folder, sync_folder};
use super::{Error, Result, key_changes};
use crate::digest::sha256_hex;
use crate::ledger::Error as LedgerError;
use crate::ledger::key::LogKey;
use crate::ledger::key_history::KeyHistory;
use crate::ledger::model_key::ModelKey;
use crate::ledger::note::VerifierKey;
use rusqlite::Connection;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

/// How the keys of the folder and of its ledger go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// The folder holds the key that the ledger names.
    Same,
    /// The ledger has another key than the folder, which comes after that one.
    LedgerAhead,
    /// The folder gave away the key that the ledger names: the database is an earlier one.
    LedgerBehind,
    /// They have nothing to do with each other.
    Foreign,
}

/// The keys of a folder and of its ledger.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// The key that the folder names.
    pub(super) named: VerifierKey,
    /// The keys that the records name.
    pub(super) history: KeyHistory,
    /// How they go together.
    pub(super) relation: Relation,
    /// Keys that this folder gave away.
    retired: Vec<VerifierKey>,
}

impl Keys {
    /// Reads both. Nothing is verified yet.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::Ledger`]: the public key is missing, or records of keys do not follow each other.
    pub(super) fn read(folder: &Folder, connection: &Connection) -> Result<Self> {
        let named = load_verifier_key(folder)?;
        let history = key_changes::history(connection)?;
        let history = history.unwrap_or_else(|| KeyHistory::new(named.clone()));
        let retired = retired(folder)?;
        let relation = if *history.current() == named {
            Relation::Same
        } else if history.holds(&named) {
            Relation::LedgerAhead
        } else if retired.contains(history.current()) {
            Relation::LedgerBehind
        } else {
            Relation::Foreign
        };
        Ok(Self { named, history, relation, retired })
    }

    /// The key that must have signed the newest head.
    pub(super) fn in_force(&self) -> &VerifierKey {
        if self.relation == Relation::Foreign { &self.named } else { self.history.current() }
    }

    /// Every key that may have signed a head that was seen in this folder.
    pub(super) fn known(&self) -> Vec<VerifierKey> {
        let mut known = vec![self.named.clone()];
        if self.relation != Relation::Foreign {
            known.extend(self.history.keys().cloned());
        }
        known.extend(self.retired.iter().cloned());
        known
    }
}

/// The verifier key that the folder names.
pub(super) fn load_verifier_key(folder: &Folder) -> Result<VerifierKey> {
    let path = folder.verifier_key();
    let text = fs::read_to_string(&path).map_err(|source| Error::File { path, source })?;
    Ok(text.trim_end().parse()?)
}

/// Writes the verifier key of a new folder.
pub(super) fn save_verifier_key(folder: &Folder, key: &VerifierKey) -> Result<()> {
    let path = folder.verifier_key();
    let saved = File::create_new(&path).and_then(|mut file| {
        writeln!(file, "{key}")?;
        file.sync_all()
    });
    saved.map_err(|source| Error::File { path, source })?;
    sync_folder(&folder.keys())
}

/// Puts `key` in the place of the verifier key that the folder names, as a whole.
pub(super) fn replace_verifier_key(folder: &Folder, key: &VerifierKey) -> Result<()> {
    write_whole(&folder.verifier_key(), &format!("{key}\n"))?;
    sync_folder(&folder.keys())
}

/// The private key of the folder, which must be that of `verifier`.
///
/// # Errors
///
/// [`Error::Ledger`], [`Error::KeysDiffer`].
pub(super) fn load_key(folder: &Folder, verifier: &VerifierKey) -> Result<LogKey> {
    let key = LogKey::load(&folder.private_key(), verifier.name())?;
    if *key.verifier() != *verifier {
        return Err(Error::KeysDiffer { folder: folder.keys() });
    }
    Ok(key)
}

/// A new private key in `keys/next.pem`. One that was written there and never came to its entry is put aside, since whoever saw the folder
/// may have seen it; one that was not written to its end is none.
///
/// # Errors
///
/// [`Error::Ledger`], [`Error::File`]; [`Error::KeysDiffer`] where the ledger has that key already.
pub(super) fn prepare(folder: &Folder, history: &KeyHistory) -> Result<LogKey> {
    let (path, origin) = (folder.next_key(), history.first().name());
    if path.exists() {
        match LogKey::load(&path, origin) {
            Ok(key) if history.holds(key.verifier()) => {
                return Err(Error::KeysDiffer { folder: folder.keys() });
            }
            Ok(key) => rename(&path, &folder.unused_key(&hex::encode(key.verifier().key_id())))?,
            Err(LedgerError::KeyMalformed { .. }) => remove(&path)?,
            Err(error) => return Err(error.into()),
        }
    }
    let key = LogKey::generate(origin)?;
    key.save(&path)?;
    sync_folder(&folder.keys())?;
    Ok(key)
}

/// Puts the private key of `new`, which is in this folder, in the place of that of `old`, and names it. May be repeated from wherever it
/// was interrupted.
///
/// # Errors
///
/// [`Error::KeyMissing`] where the folder has no private key of `new`; [`Error::KeysDiffer`], [`Error::Ledger`], [`Error::File`].
pub(super) fn install(folder: &Folder, old: &VerifierKey, new: &VerifierKey) -> Result<()> {
    let (private, old_id) = (folder.private_key(), hex::encode(old.key_id()));
    write_whole(&folder.retired_verifier_key(&old_id), &format!("{old}\n"))?;
    if !holds(&private, new)? {
        let retired = folder.retired_key(&hex::encode(new.key_id()));
        let source = if holds(&folder.next_key(), new)? {
            folder.next_key()
        } else if holds(&retired, new)? {
            retired
        } else {
            return Err(Error::KeyMissing { key: new.to_string(), folder: folder.keys() });
        };
        if private.exists() {
            let kept = folder.retired_key(&old_id);
            if kept.exists() {
                return Err(Error::KeysDiffer { folder: folder.keys() });
            }
            rename(&private, &kept)?;
        }
        rename(&source, &private)?;
        sync_folder(&folder.keys())?;
    }
    replace_verifier_key(folder, new)
}

/// The keys that this folder gave away, by their public halves.
fn retired(folder: &Folder) -> Result<Vec<VerifierKey>> {
    let keys = folder.keys();
    let failed = |source| Error::File { path: keys.clone(), source };
    let mut found = Vec::new();
    for file in fs::read_dir(&keys).map_err(failed)? {
        let path = file.map_err(failed)?.path();
        let is_one = path.extension().is_some_and(|ending| ending == "vkey")
            && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("retired-"));
        if is_one {
            let text = fs::read_to_string(&path).map_err(|source| Error::File { path, source })?;
            found.push(text.trim_end().parse()?);
        }
    }
    Ok(found)
}

/// Whether the file holds the private key of `verifier`. One that was not written to its end holds none.
fn holds(path: &Path, verifier: &VerifierKey) -> Result<bool> {
    if !path.exists() {
        return Ok(false);
    }
    match LogKey::load(path, verifier.name()) {
        Ok(key) => Ok(key.verifier() == verifier),
        Err(LedgerError::KeyMalformed { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|source| Error::File { path: from.to_owned(), source })
}

/// Writes a file so that it is there as a whole or as it was.
fn write_whole(path: &Path, text: &str) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    let written = File::create(&unfinished).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    });
    written.map_err(|source| Error::File { path: path.to_owned(), source })
}

/// The key for model files, made where there is none yet; its public half stands beside it. `in_force` is the public half that the ledger
/// names, where it names one: a key that was written for it and is not in its place yet is put there.
///
/// # Errors
///
/// [`Error::KeysDiffer`], [`Error::KeyMissing`], [`Error::Ledger`], [`Error::File`].
pub(super) fn load_model_key(folder: &Folder, in_force: Option<&str>) -> Result<ModelKey> {
    let (path, public) = (folder.model_key(), folder.model_public_key());
    let differs = || Error::KeysDiffer { folder: folder.keys() };
    if !path.exists() && !folder.next_model_key().exists() {
        if public.exists() {
            return Err(differs());
        }
        ModelKey::generate()?.save(&path)?;
    }
    if let Some(in_force) = in_force {
        install_model_key(folder, in_force)?;
    }
    let key = ModelKey::load(&path)?;
    if public.exists() {
        let kept = fs::read_to_string(&public);
        let kept = kept.map_err(|source| Error::File { path: public.clone(), source })?;
        if kept.trim_end() != key.public_pem().trim_end() {
            return Err(differs());
        }
    } else {
        write_whole(&public, key.public_pem())?;
        sync_folder(&folder.keys())?;
    }
    Ok(key)
}

/// A new private key for model files in `keys/model-next.pem`; one that was written there and never came to its entry is put aside.
///
/// # Errors
///
/// [`Error::Ledger`], [`Error::File`].
pub(super) fn prepare_model_key(folder: &Folder) -> Result<ModelKey> {
    let path = folder.next_model_key();
    if path.exists() {
        match ModelKey::load(&path) {
            Ok(key) => rename(&path, &folder.unused_key(&model_key_id(&key)))?,
            Err(LedgerError::ModelKeyMalformed { .. }) => remove(&path)?,
            Err(error) => return Err(error.into()),
        }
    }
    let key = ModelKey::generate()?;
    key.save(&path)?;
    sync_folder(&folder.keys())?;
    Ok(key)
}

/// What the file of a retired key for model files is called by.
fn model_key_id(key: &ModelKey) -> String {
    let mut digest = sha256_hex(key.public_pem().as_bytes());
    digest.truncate(8);
    digest
}

/// Puts the key for model files that the ledger names in its place, where it waits in `keys/model-next.pem`. One that was put back by
/// hand, or that a restored folder does not have, is as it is: nothing of the ledger is signed by it.
fn install_model_key(folder: &Folder, in_force: &str) -> Result<()> {
    let (path, next) = (folder.model_key(), folder.next_model_key());
    if next.exists() && ModelKey::load(&next)?.public_pem() == in_force {
        if path.exists() {
            let old = ModelKey::load(&path)?;
            rename(&path, &folder.retired_model_key(&model_key_id(&old)))?;
        }
        rename(&next, &path)?;
    }
    // The public half comes last: whatever was interrupted is done again from here.
    if path.exists() && ModelKey::load(&path)?.public_pem() == in_force {
        let public = folder.model_public_key();
        if fs::read_to_string(&public).ok().as_deref() != Some(in_force) {
            write_whole(&public, in_force)?;
        }
        sync_folder(&folder.keys())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
