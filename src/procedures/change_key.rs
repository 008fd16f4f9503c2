//! Procedure: give the ledger, or the files it signs, another key; or record that a key is not to be believed any more.
//!
//! 1. no server may run on the data folder meanwhile; what an earlier attempt left unfinished is finished first
//! 2. write the new private key to a file of its own
//! 3. record which key takes the place of which, and why. To rotate, the old key signs the head of this entry as well, so that whoever
//!    trusts it can follow; to revoke, it signs nothing any more
//! 4. put the new key in its place; the old private key stays in the folder under another name, for as long as backups from before may be
//!    restored
//!
//! Killed at any moment, the folder opens with either the old key or the new one.

use super::administer::host;
use super::{actor, given, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock::{self, Clock};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::ledger::key_history::{KeyChangeKind, KeyHistory};
use crate::ledger::note::VerifierKey;
use crate::store::key_changes::{KeyChangeRow, KeyPurpose, NewKeyChange};
use crate::store::log::PAGE_MAX;
use crate::store::{self, NewKey, ReadTx, Store};
use jiff::Timestamp;
use serde::Serialize;
use std::path::Path;

/// A key that ended, and what is in its place.
#[derive(Clone, Debug, Serialize)]
pub struct KeyChanged {
    /// What the key signs: `ledger` or `model_files`.
    pub purpose: KeyPurpose,
    /// The key that ended.
    pub old_key: String,
    /// The key in its place.
    pub new_key: Option<String>,
    /// Heads of more entries than these, signed by the old key, are not to be believed; only of a revoked key.
    pub trusted_entries: Option<u64>,
    /// The ledger entry that says so.
    pub entry: u64,
    /// The first signed head that covers it.
    pub checkpoint: String,
}

/// Up to where heads of a revoked key are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Believed {
    /// All that there are: the key is lost, and nobody else has it.
    UntilNow,
    /// Heads of no more entries than these.
    Entries(u64),
    /// Heads whose entries are all from before this time.
    Before(Timestamp),
}

/// A key to be revoked.
#[derive(Clone, Copy, Debug)]
pub struct Revocation<'a> {
    /// Which one: a vkey, or its id; the one in force where nothing is said.
    pub key: Option<&'a str>,
    /// Up to where its heads are believed.
    pub believed: Believed,
    /// Why.
    pub reason: &'a str,
}

/// One key, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyLine {
    /// What it signs: `ledger` or `model_files`.
    pub purpose: String,
    /// `in_force`, `retired` or `revoked`.
    pub state: &'static str,
    /// The key: a vkey, or PEM.
    pub key: String,
    /// Ledger entry since which it is in force; 0 for the first one.
    pub since_entry: u64,
    /// The changes that ended it or say that it is not to be believed, oldest first.
    pub ended_by: Vec<KeyChangeRow>,
}

impl KeyLine {
    /// What it signs, in words.
    pub fn signs(&self) -> &'static str {
        if self.purpose == KeyPurpose::Ledger.word() { "the ledger" } else { "model files" }
    }

    /// What became of it, in words.
    pub fn state_words(&self) -> &'static str {
        match self.state {
            "in_force" => "in force",
            other => other,
        }
    }
}

/// Gives the ledger of the data folder, or the files it signs, a new key that takes the place of the one in force.
///
/// # Errors
///
/// [`Error::BadRequest`] without a reason, [`Error::Store`]: a server runs on the folder, or a key file cannot be read or written.
pub fn rotate_key(
    folder: &Path,
    clock: &Clock,
    purpose: KeyPurpose,
    reason: &str,
) -> Result<KeyChanged> {
    let reason = given("reason", reason)?;
    let _claim = Store::claim_folder(existing(folder)?)?;
    let change = (KeyChangeKind::Rotated, Believed::UntilNow, reason);
    match purpose {
        KeyPurpose::ModelFiles => change_model_key(folder, clock, change),
        KeyPurpose::Ledger => {
            // Finishes what an earlier attempt left.
            drop(Store::open(folder, clock.clone())?);
            let new = Store::prepare_key(folder)?;
            let store = Store::open_for(folder, clock.clone(), NewKey::SignedByOld(&new))?;
            replace(store, clock, new.verifier(), change)
        }
    }
}

/// Records that a key of the ledger is not to be believed any more; where it is the one in force, whether or not its private half is still
/// there, a new one takes its place.
///
/// # Errors
///
/// [`Error::BadRequest`] without a reason, or where the heads to be believed are more than there are; [`Error::NotFound`] for a key that was
/// never one of this ledger; [`Error::Conflict`] for one that was revoked so far already; [`Error::Store`].
pub fn revoke_key(folder: &Path, clock: &Clock, revocation: &Revocation<'_>) -> Result<KeyChanged> {
    let reason = given("reason", revocation.reason)?;
    let _claim = Store::claim_folder(existing(folder)?)?;
    finish_earlier(folder, clock)?;
    let history = store::check::read(folder, |tx| tx.key_history())?;
    let old = sought(&history, revocation.key)?;
    let change = (KeyChangeKind::Revoked, revocation.believed, reason);
    if old != *history.current() {
        let store = Store::open(folder, clock.clone())?;
        return record(&store, (&old, None), change);
    }
    let new = Store::prepare_key(folder)?;
    let store = Store::open_for(folder, clock.clone(), NewKey::Instead(&new))?;
    replace(store, clock, new.verifier(), change)
}

/// Records that the key for model files is not to be believed any more; a new one takes its place.
///
/// # Errors
///
/// [`Error::BadRequest`] without a reason, [`Error::Store`].
pub fn revoke_model_key(
    folder: &Path,
    clock: &Clock,
    (believed, reason): (Believed, &str),
) -> Result<KeyChanged> {
    let reason = given("reason", reason)?;
    let _claim = Store::claim_folder(existing(folder)?)?;
    change_model_key(folder, clock, (KeyChangeKind::Revoked, believed, reason))
}

/// Every key, oldest first: those of the ledger, then those for model files.
///
/// # Errors
///
/// [`Error::Store`].
pub fn list_keys(folder: &Path, clock: &Clock) -> Result<Vec<KeyLine>> {
    finish_earlier(folder, clock)?;
    Ok(store::check::read(folder, told)?)
}

/// The same, for who may read.
///
/// # Errors
///
/// [`Error::Access`], [`Error::Store`].
pub fn read_keys(store: &Store, acting: &Acting) -> Result<Vec<KeyLine>> {
    acting.permit(Action::Read)?;
    Ok(store.read(told)?)
}

/// What the records tell about keys. Of the key for model files they tell once it has changed.
fn told(tx: &ReadTx<'_>) -> store::Result<Vec<KeyLine>> {
    let (history, changes) = (tx.key_history()?, tx.key_changes()?);
    let mut told = lines(KeyPurpose::Ledger, &history.first().to_string(), &changes);
    let of_files = |change: &&KeyChangeRow| change.purpose == KeyPurpose::ModelFiles.word();
    if let Some(first) = changes.iter().find(of_files) {
        told.extend(lines(KeyPurpose::ModelFiles, &first.old_key, &changes));
    }
    Ok(told)
}

fn lines(purpose: KeyPurpose, first: &str, changes: &[KeyChangeRow]) -> Vec<KeyLine> {
    let changes = || changes.iter().filter(move |change| change.purpose == purpose.word());
    let began = changes().filter_map(|change| Some((change.new_key.clone()?, change.entry)));
    let keys: Vec<_> = std::iter::once((first.to_owned(), 0)).chain(began).collect();
    let in_force = keys.len() - 1;
    let line = |(place, (key, since_entry)): (usize, (String, u64))| {
        let ended = changes().filter(|change| change.old_key == key);
        let ended_by: Vec<_> = ended.cloned().collect();
        let is_revoked = ended_by.iter().any(|by| by.kind == KeyChangeKind::Revoked.word());
        let state = match (is_revoked, place == in_force) {
            (true, _) => "revoked",
            (false, true) => "in_force",
            (false, false) => "retired",
        };
        KeyLine { purpose: purpose.word().to_owned(), state, key, since_entry, ended_by }
    };
    keys.into_iter().enumerate().map(line).collect()
}

/// The folder, once there is a store in it: nothing is written into any other.
fn existing(folder: &Path) -> Result<&Path> {
    if folder.join("driftledger.db").exists() {
        return Ok(folder);
    }
    Err(store::Error::NoDatabase { folder: folder.to_owned() }.into())
}

/// Puts a key in its place that the ledger has already. A private key that is lost stays lost.
fn finish_earlier(folder: &Path, clock: &Clock) -> Result<()> {
    match Store::open(folder, clock.clone()) {
        Err(error) if !error.is_of_private_key() => Err(error.into()),
        _ => Ok(()),
    }
}

/// The key that is meant.
fn sought(history: &KeyHistory, key: Option<&str>) -> Result<VerifierKey> {
    let Some(key) = key else { return Ok(history.current().clone()) };
    let is_it =
        |known: &&VerifierKey| known.to_string() == key || hex::encode(known.key_id()) == key;
    let found = history.keys().find(is_it).cloned();
    found.ok_or_else(|| Error::NotFound { what: "key of this ledger", id: key.to_owned() })
}

/// Records the change in `store`, which was opened for it, and puts the new key in its place.
fn replace(
    store: Store,
    clock: &Clock,
    new: &VerifierKey,
    change: (KeyChangeKind, Believed, &str),
) -> Result<KeyChanged> {
    let old = store.read(|tx| tx.key_history())?.current().clone();
    let folder = store.folder().to_owned();
    let changed = record(&store, (&old, Some(new)), change)?;
    drop(store);
    drop(Store::open(&folder, clock.clone())?);
    Ok(changed)
}

fn record(
    store: &Store,
    (old, new): (&VerifierKey, Option<&VerifierKey>),
    (kind, believed, reason): (KeyChangeKind, Believed, &str),
) -> Result<KeyChanged> {
    let trusted_entries = match kind {
        KeyChangeKind::Rotated => None,
        KeyChangeKind::Revoked => Some(store.read(|tx| trusted(tx, old, believed))?),
    };
    let change = NewKeyChange {
        purpose: KeyPurpose::Ledger,
        kind,
        old_key: old.to_string(),
        new_key: new.map(ToString::to_string),
        trusted_entries,
        since: since(believed),
        reason: reason.to_owned(),
    };
    let ids = [Some(old), new].into_iter().flatten();
    let ids: Vec<_> = ids.map(|key| hex::encode(key.key_id())).collect();
    write(store, change, &ids)
}

/// Gives model files another key.
fn change_model_key(
    folder: &Path,
    clock: &Clock,
    (kind, believed, reason): (KeyChangeKind, Believed, &str),
) -> Result<KeyChanged> {
    let store = Store::open(folder, clock.clone())?;
    let new = store.prepare_model_key()?;
    let change = NewKeyChange {
        purpose: KeyPurpose::ModelFiles,
        kind,
        old_key: store.model_public_key().to_owned(),
        new_key: Some(new.public_pem().to_owned()),
        trusted_entries: None,
        since: since(believed),
        reason: reason.to_owned(),
    };
    let changed = write(&store, change, &[KeyPurpose::ModelFiles.word().to_owned()])?;
    drop(store);
    drop(Store::open(folder, clock.clone())?);
    Ok(changed)
}

fn write(store: &Store, change: NewKeyChange, subjects: &[String]) -> Result<KeyChanged> {
    let kind = match change.kind {
        KeyChangeKind::Rotated => EntryType::KeyRotate,
        KeyChangeKind::Revoked => EntryType::KeyRevoke,
    };
    let written = store.write(&actor(&host()), kind, |tx| {
        for id in subjects {
            tx.subject(subject("key", id));
        }
        tx.insert_key_change(&clock::new_id("kc"), &change)?;
        Ok::<_, Error>(())
    })?;
    let NewKeyChange { purpose, old_key, new_key, trusted_entries, .. } = change;
    let (entry, checkpoint) = (written.index, written.checkpoint);
    Ok(KeyChanged { purpose, old_key, new_key, trusted_entries, entry, checkpoint })
}

fn since(believed: Believed) -> Option<String> {
    match believed {
        Believed::Before(time) => Some(clock::rfc3339(time)),
        Believed::UntilNow | Believed::Entries(_) => None,
    }
}

/// Entries up to which heads of `key` are believed.
fn trusted(tx: &ReadTx<'_>, key: &VerifierKey, believed: Believed) -> Result<u64> {
    let size = tx.head()?.size;
    let entries = match believed {
        Believed::UntilNow => size,
        Believed::Entries(entries) if entries > size => {
            let detail = format!(
                "heads of up to {entries} entries were to be believed, and the ledger has {size}"
            );
            return Err(Error::BadRequest { detail });
        }
        Believed::Entries(entries) => entries,
        Believed::Before(time) => entries_before(tx, &clock::rfc3339(time))?,
    };
    match tx.key_history()?.trusted_entries(key) {
        Some(known) if known <= entries => {
            let detail = format!(
                "the key is revoked already, for heads of more than {known} entries; say an earlier entry or time"
            );
            Err(Error::Conflict { detail })
        }
        _ => Ok(entries),
    }
}

/// The number of entries up to the last one before the first that was made at `time` or later.
fn entries_before(tx: &ReadTx<'_>, time: &str) -> Result<u64> {
    let mut next = 0;
    loop {
        let page = tx.entries(next, PAGE_MAX)?;
        if let Some(first) = page.iter().find(|stored| stored.entry.ts.as_str() >= time) {
            return Ok(first.entry.idx);
        }
        match page.last() {
            Some(last) => next = last.entry.idx + 1,
            None => return Ok(next),
        }
    }
}
