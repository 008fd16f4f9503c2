//! The handle: a data folder that was created or opened, and found whole.

use super::counted_ids::CountedIds;
use super::folder::{Folder, sync_folder};
use super::found::{Found, Opening, connect, find};
use super::group::{Queue, Writer};
use super::high_water::{HighWater, Keeper};
use super::key_files::{load_model_key, save_verifier_key};
use super::objects::Objects;
use super::signers::Signers;
use super::{Error, Result, key_changes, schema};
use crate::access::accountability::SHIPPED_STATEMENT;
use crate::clock::{self, Clock};
use crate::ledger::entry::{Actor, EntryType, Subject};
use crate::ledger::envelope::{Envelope, bundle};
use crate::ledger::key::LogKey;
use crate::ledger::model_key::ModelKey;
use crate::ledger::note::VerifierKey;
use crate::ledger::seal::{self, Seal};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The store of one data folder. Cheap to clone; all clones share one writer.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) folder: Folder,
    pub(super) clock: Clock,
    pub(super) signers: Signers,
    pub(super) model_key: ModelKey,
    pub(super) objects: Objects,
    /// Before the writer, so that they are closed before it: a reader that is closed last leaves the write-ahead log beside the database.
    pub(super) readers: Mutex<Vec<Connection>>,
    pub(super) writer: Mutex<Writer>,
    /// Acts that wait for the writer.
    pub(super) waiting: Queue,
    pub(super) keeper: Keeper,
    pub(super) counted_ids: CountedIds,
}

/// A store that was opened.
#[derive(Debug)]
pub(super) struct Opened {
    store: Store,
    /// The head that was seen here, where the ledger does not go on from it.
    rolled_back: Option<HighWater>,
}

impl Opened {
    /// The store, if its ledger goes on from what was seen.
    pub(super) fn refuse_rolled_back(self) -> Result<Store> {
        let Some(seen) = self.rolled_back else { return Ok(self.store) };
        let found = self.store.read(|tx| tx.head())?.size;
        Err(Error::RolledBack { found, seen: seen.size })
    }
}

impl Store {
    /// Makes a new data folder for the log named `origin` (a schema-less URL such as `example.org/driftledger/<id>`):
    /// key, database, and entry 0, which records both.
    ///
    /// # Errors
    ///
    /// - [`Error::DatabaseExists`]: the folder is in use; an existing key is not overwritten either.
    /// - [`Error::Ledger`]: `origin` is no key name, or the key cannot be made or saved.
    /// - [`Error::File`], [`Error::Database`]: the folder cannot be written.
    pub fn create(folder: &Path, origin: &str, clock: Clock) -> Result<Self> {
        // In force before anybody can sign, so that no signature is older than what its signer accepted.
        let said = (SHIPPED_STATEMENT, "the statement that a new store begins with");
        Self::begin(folder, origin, (clock, Some(said)))
    }

    /// Makes a store as versions before there were statements of accountability did.
    #[cfg(test)]
    pub(crate) fn create_as_before(folder: &Path, origin: &str, clock: Clock) -> Result<Self> {
        Self::begin(folder, origin, (clock, None))
    }

    fn begin(
        folder: &Path,
        origin: &str,
        (clock, statement): (Clock, Option<(&str, &str)>),
    ) -> Result<Self> {
        let folder = Folder::new(folder);
        if folder.database().exists() {
            return Err(Error::DatabaseExists { folder: folder.path().to_owned() });
        }
        let key = LogKey::generate(origin)?;
        folder.make()?;
        key.save(&folder.private_key())?;
        save_verifier_key(&folder, key.verifier())?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut connection = connect(&folder, flags)?;
        schema::configure_writer(&connection)?;
        schema::make(&mut connection)?;
        sync_folder(folder.path())?;
        let keeper = Keeper::new(folder.high_water());
        let store = Self::assemble(folder, (clock, Signers::one(key)), connection, keeper)?;
        store.record_creation(origin, statement)?;
        Ok(store)
    }

    /// Opens the data folder. The newest checkpoint must be signed by the folder's key, and the root recomputed from the
    /// stored tree must be the checkpoint's.
    ///
    /// # Errors
    ///
    /// - [`Error::NoDatabase`]: there is none; this never creates one.
    /// - [`Error::NewerSchema`]: a newer program wrote it.
    /// - [`Error::OlderSchema`]: an earlier one did; [`Self::upgrade`] brings it up to date.
    /// - [`Error::TreeBroken`], [`Error::NodeMissing`], [`Error::Ledger`], [`Error::KeysDiffer`]: the ledger is not whole.
    /// - [`Error::RolledBack`]: it does not go on from the one that was seen here.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self> {
        let opened = Self::open_any(Folder::new(folder), clock, Opening::Ordinary)?;
        let store = opened.refuse_rolled_back()?;
        store.remove_disposed()?;
        Ok(store)
    }

    /// Opens the data folder although its ledger does not go on from the one that was seen here, and records that, with the reason; one
    /// that does go on is opened as by [`Self::open`]. Where the ledger got another key since, the key from before is put back.
    ///
    /// # Errors
    ///
    /// Those of [`Self::open`] but [`Error::RolledBack`].
    pub fn open_rolled_back(folder: &Path, clock: Clock, reason: &str) -> Result<Self> {
        let opened = Self::open_any(Folder::new(folder), clock, Opening::RolledBack)?;
        if let Some(seen) = opened.rolled_back {
            opened.store.record_rollback(&seen, reason)?;
        }
        opened.store.remove_disposed()?;
        Ok(opened.store)
    }

    /// Opens the folder for what `opening` says.
    pub(super) fn open_any(folder: Folder, clock: Clock, opening: Opening<'_>) -> Result<Opened> {
        let found = find(&folder)?;
        if found.version < schema::known() {
            return Err(Error::OlderSchema { found: found.version, known: schema::known() });
        }
        let signers = found.signers(&folder, opening)?;
        let Found { connection, rolled_back, .. } = found;
        folder.make()?;
        schema::configure_writer(&connection)?;
        let keeper = Keeper::new(folder.high_water());
        let store = Self::assemble(folder, (clock, signers), connection, keeper)?;
        Ok(Opened { store, rolled_back })
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.inner.folder.path()
    }

    /// The clock that dates every entry.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The log's name and public key: what an offline verifier must hold. Its text form is a `vkey`.
    pub fn verifier_key(&self) -> &VerifierKey {
        self.inner.signers.key().verifier()
    }

    /// `payload` in a DSSE envelope signed by the log's key.
    pub fn sign_envelope(&self, payload_type: &str, payload: &[u8]) -> Envelope {
        Envelope::sign(payload_type, payload, self.inner.signers.key())
    }

    /// The seal of an evidence pack, signed by the log's key.
    pub fn sign_seal(&self, seal: &Seal) -> String {
        seal.sign(self.inner.signers.key())
    }

    /// `payload` in a Sigstore bundle signed by the key for model files.
    pub fn sign_bundle(&self, payload_type: &str, payload: &[u8]) -> serde_json::Value {
        bundle(payload_type, payload, &self.inner.model_key)
    }

    /// The public half of the key for model files: PEM.
    pub fn model_public_key(&self) -> &str {
        self.inner.model_key.public_pem()
    }

    /// Stored contents, addressed by their BLAKE3.
    pub fn objects(&self) -> &Objects {
        &self.inner.objects
    }

    pub(super) fn assemble(
        folder: Folder,
        (clock, signers): (Clock, Signers),
        writer: Connection,
        keeper: Keeper,
    ) -> Result<Self> {
        let model_key = key_changes::model_key_in_force(&writer)?;
        let model_key = load_model_key(&folder, model_key.as_deref())?;
        let objects = Objects::new(folder.objects(), folder.spool());
        let writer = Mutex::new(Writer::new(writer)?);
        let readers = Mutex::new(Vec::new());
        let counted_ids = CountedIds::default();
        let inner = Inner {
            keeper,
            waiting: Queue::default(),
            folder,
            clock,
            signers,
            model_key,
            objects,
            writer,
            readers,
            counted_ids,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    fn record_rollback(&self, seen: &HighWater, reason: &str) -> Result<()> {
        let actor = Actor::new("driftledger", "system", "local");
        let id = clock::new_id("rb");
        self.write(&actor, EntryType::LogRollback, |tx| {
            tx.subject(Subject::new("rollback", &id));
            let entries = tx.head()?.size;
            tx.insert_rollback(&id, (entries, seen.size, &seen.note), reason)
        })?;
        Ok(())
    }

    fn record_creation(&self, origin: &str, statement: Option<(&str, &str)>) -> Result<()> {
        let actor = Actor::new("driftledger", "system", "local");
        let verifier = self.verifier_key().to_string();
        self.write(&actor, EntryType::LogCreate, |tx| {
            tx.subject(Subject::new("ledger", origin));
            tx.subject(Subject::new(seal::SUBJECT, seal::FIRST_LINE));
            tx.insert("ledger", &[("id", &origin), ("verifier_key", &verifier)])?;
            match statement {
                Some(said) => tx.insert_statement(&clock::new_id("st"), "driftledger", said),
                None => Ok(()),
            }
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::check::check;
    use crate::store::specimen::{KIND, actor, fresh, tamper};
    use std::fs;

    #[test]
    fn a_created_store_opens_again_with_the_same_key() {
        let (folder, store) = fresh();
        let key = store.verifier_key().clone();
        drop(store);
        let again = Store::open(folder.path(), Clock::system()).unwrap();
        assert_eq!(*again.verifier_key(), key);
        assert_eq!(again.read(|tx| tx.head()).unwrap().size, 1);
        let refused = Store::create(folder.path(), "example.org/other", Clock::system());
        assert!(matches!(refused, Err(Error::DatabaseExists { .. })));
    }

    #[test]
    fn a_store_that_was_closed_is_one_file() {
        let (folder, store) = fresh();
        let log = folder.path().join("driftledger.db-wal");
        assert_eq!(store.read(|tx| tx.head()).unwrap().size, 1);
        assert!(log.exists());
        drop(store);
        assert!(!log.exists());
    }

    #[test]
    fn a_key_for_model_files_stays_is_made_where_there_is_none_and_never_replaced() {
        let (folder, store) = fresh();
        let keys = folder.path().join("keys");
        let public = store.model_public_key().to_owned();
        assert_eq!(fs::read_to_string(keys.join("model.pub")).unwrap(), public);
        drop(store);
        let open = || Store::open(folder.path(), Clock::system());
        assert_eq!(open().unwrap().model_public_key(), public);
        fs::remove_file(keys.join("model.pem")).unwrap();
        assert!(matches!(open(), Err(Error::KeysDiffer { .. })));
        fs::remove_file(keys.join("model.pub")).unwrap();
        assert_ne!(open().unwrap().model_public_key(), public);
        fs::write(keys.join("model.pub"), public).unwrap();
        assert!(matches!(open(), Err(Error::KeysDiffer { .. })));
    }

    #[test]
    fn a_missing_database_and_a_newer_schema_are_refused() {
        let empty = tempfile::tempdir().unwrap();
        let refused = Store::open(empty.path(), Clock::system());
        assert!(matches!(refused, Err(Error::NoDatabase { .. })));
        assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0, "nothing was created");
        let (folder, store) = fresh();
        drop(store);
        tamper(folder.path(), "PRAGMA user_version = 99");
        let refused = Store::open(folder.path(), Clock::system());
        assert!(matches!(refused, Err(Error::NewerSchema { found: 99, .. })));
    }

    #[test]
    fn a_broken_tree_and_a_foreign_key_are_refused() {
        for change in [
            "UPDATE entry SET leaf_hash = zeroblob(32) WHERE idx = 0",
            "DELETE FROM checkpoint",
            "DELETE FROM entry",
            "UPDATE checkpoint SET note = replace(note, '.org', '.net')",
        ] {
            let (folder, store) = fresh();
            drop(store);
            Store::open(folder.path(), Clock::system()).unwrap();
            tamper(folder.path(), change);
            assert!(Store::open(folder.path(), Clock::system()).is_err(), "{change}");
        }
        let (folder, store) = fresh();
        let pem = folder.path().join("keys/log.pem");
        fs::remove_file(&pem).unwrap();
        LogKey::generate(store.verifier_key().name()).unwrap().save(&pem).unwrap();
        let refused = Store::open(folder.path(), Clock::system());
        assert!(matches!(refused, Err(Error::KeysDiffer { .. })));
    }

    #[test]
    fn a_database_that_was_put_back_is_refused_until_somebody_says_why() {
        let (folder, store) = fresh();
        let record = |store: &Store, id: &str| {
            store.write(&actor(), KIND, |tx| tx.insert_specimen(id, "x", None)).unwrap()
        };
        record(&store, "sp_1");
        drop(store);
        let database = folder.path().join("driftledger.db");
        let earlier = fs::read(&database).unwrap();
        let store = Store::open(folder.path(), Clock::system()).unwrap();
        let lost = record(&store, "sp_2");
        drop(store);
        assert_eq!(check(folder.path(), &mut |_| ()).unwrap(), []);

        fs::write(&database, &earlier).unwrap();
        let refused = Store::open(folder.path(), Clock::system());
        assert!(matches!(refused, Err(Error::RolledBack { found: 2, seen: 3 })), "{refused:?}");
        let found = check(folder.path(), &mut |_| ()).unwrap();
        assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), ["rolled_back"]);

        // Going on behind its back makes another history, which is noticed as well.
        let seen = fs::read(folder.path().join("log/checkpoint")).unwrap();
        assert_eq!(String::from_utf8(seen.clone()).unwrap(), lost.checkpoint);
        fs::remove_file(folder.path().join("log/checkpoint")).unwrap();
        let store = Store::open(folder.path(), Clock::system()).unwrap();
        record(&store, "sp_3");
        record(&store, "sp_4");
        drop(store);
        fs::write(folder.path().join("log/checkpoint"), &seen).unwrap();
        let refused = Store::open(folder.path(), Clock::system());
        assert!(matches!(refused, Err(Error::RolledBack { found: 4, seen: 3 })), "{refused:?}");

        let accept = || Store::open_rolled_back(folder.path(), Clock::system(), "a disk failed");
        let entry = accept().unwrap().read(|tx| tx.entry(4)).unwrap().unwrap().entry;
        assert_eq!(entry.kind, EntryType::LogRollback);
        assert_eq!(check(folder.path(), &mut |_| ()).unwrap(), []);
        let store = accept().unwrap();
        assert_eq!(store.read(|tx| tx.head()).unwrap().size, 5, "nothing to accept any more");
    }

    #[test]
    fn a_head_that_nobody_signed_is_refused() {
        let (folder, store) = fresh();
        drop(store);
        let path = folder.path().join("log/checkpoint");
        let note = fs::read_to_string(&path).unwrap();
        fs::write(&path, note.replace("example.org", "example.net")).unwrap();
        let refused = Store::open(folder.path(), Clock::system());
        assert!(matches!(refused, Err(Error::HighWater { .. })), "{refused:?}");
        let found = check(folder.path(), &mut |_| ()).unwrap();
        assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), ["high_water_unreadable"]);
    }
}
