//! Procedure: export an evidence pack.
//!
//! 1. check that the person may read
//! 2. find what is asked for, and how far its story goes
//! 3. in one snapshot: write every leaf, the checkpoint, the heads under which a key gave way and those that witnesses cosigned, and find the entries that concern what is asked for,
//!    with the time stamps of the heads they are under
//! 4. write the bodies of these entries, their proofs, and every record row they list, except credentials and tokens
//! 5. write the documents inside these rows once more, for reading, as JSON and as HTML; the rows as tables; the story of it all
//! 6. close the archive with its manifest, and seal it: the key of the ledger signs which files there are

use super::resolve_scope::{find_prediction, resolve};
use super::say_if_disposed;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::digest;
use crate::error::{Error, Result};
use crate::evidence::copies::{self, Pages};
use crate::evidence::manifest::{
    CHECKPOINT, ENTRIES, PREDICTION, README, STORY, Scope, VERIFIER_KEY, WITHHELD, body_file,
    key_checkpoint_file, proof_file, record_file, stamped_checkpoint_file, stamped_file,
    witnessed_file,
};
use crate::evidence::pack::PackWriter;
use crate::evidence::prediction::{Prediction, row_ids_file};
use crate::evidence::readme::readme;
use crate::evidence::records::Records;
use crate::evidence::scope::{Concern, dataset_digests};
use crate::evidence::story::{Cover, story};
use crate::evidence::tables;
use crate::ledger::body::Body;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::entry::Entry;
use crate::ledger::seal::Seal;
use crate::store::log::PAGE_MAX;
use crate::store::record_table::RECORD_TABLES;
use crate::store::{ReadTx, Store};
use base64ct::{Base64, Encoding as _};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Seek, Write};

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Exported {
    /// What the pack is about.
    pub scope: Scope,
    /// Name of the ledger.
    pub origin: String,
    /// Number of its entries, all of which are in the pack.
    pub entries: u64,
    /// Entries whose bodies and rows are in the pack.
    pub concerned: u64,
    /// Record rows.
    pub records: u64,
    /// Files, the manifest included.
    pub files: u64,
}

/// Where the export is: entries done, and how many there are.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Writes the pack of `scope` to `writer`.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`] for a model or version that does not exist, [`Error::Evidence`] when the pack cannot
/// be written.
pub fn export_evidence(
    store: &Store,
    acting: &Acting,
    scope: &Scope,
    writer: impl Write + Seek,
    progress: Progress<'_>,
) -> Result<Exported> {
    acting.permit(Action::Read)?;
    let key = store.verifier_key();
    let exported = store.read(|tx| {
        let checkpoint = tx.head()?.checkpoint;
        let head = Checkpoint::open(&checkpoint, key)?;
        let (leaves, entries) = leaves(tx, head.size)?;
        let scope = &resolve(store, tx, scope, &entries)?;
        let versions = versions(tx, scope)?;
        let mut pack = PackWriter::new()?;
        pack.add(README, readme(scope, &head, key).as_bytes())?;
        pack.add(CHECKPOINT, checkpoint.as_bytes())?;
        pack.add(VERIFIER_KEY, format!("{key}\n").as_bytes())?;
        add_heads(tx, &mut pack)?;
        pack.add(ENTRIES, &leaves)?;
        let origins = origins(tx, &versions)?;
        let mut concern = Concern::new(scope, versions, origins);
        for entry in &entries {
            concern.visit(entry);
        }
        let mut concerned = concern.entries(entries.iter());
        concerned.extend(add_stamps(tx, &mut pack, &concerned)?);
        let mut stored = StoredRecords::empty(tx);
        let total = concerned.len() as u64;
        for (done, index) in (0..).zip(&concerned) {
            progress(done, total);
            add_entry(tx, &mut pack, (*index, scope), &mut stored)?;
        }
        let records = add_copies(&mut pack, &mut stored)?;
        let explained: Vec<&Entry> =
            entries.iter().filter(|entry| concerned.contains(&entry.idx)).collect();
        for (name, bytes) in tables::files(&mut stored, RECORD_TABLES, &explained) {
            pack.add(&name, &bytes)?;
        }
        let prediction = add_prediction(store, tx, &mut pack, scope)?;
        let (note, verifier) = (checkpoint.as_str(), key.to_string());
        let cover = Cover { scope, note, head: &head, key: &verifier, entries: total };
        pack.add(STORY, story(&cover, &mut stored, prediction.as_ref())?.as_bytes())?;
        progress(total, total);
        let files = pack.len() as u64 + 2;
        pack.finish(scope.clone(), (&head, &|seal: &Seal| store.sign_seal(seal)), writer)?;
        let (scope, origin) = (scope.clone(), head.origin);
        Ok(Exported { scope, origin, entries: head.size, concerned: total, records, files })
    });
    exported.map_err(say_if_disposed(store))
}

/// The heads under which a key gave way to another, and those that witnesses cosigned; none that is signed by a key which is not to be
/// believed for it.
fn add_heads(tx: &ReadTx<'_>, pack: &mut PackWriter) -> Result<()> {
    let keys = tx.key_history()?;
    for change in keys.rotations() {
        let note = tx.checkpoint(change.size())?.unwrap_or_default();
        pack.add(&key_checkpoint_file(change.size()), note.as_bytes())?;
    }
    for (size, note) in tx.witnessed_checkpoints()? {
        if keys.trusted_entries(keys.at(size)).is_none_or(|trusted| size <= trusted) {
            pack.add(&witnessed_file(size), note.as_bytes())?;
        }
    }
    Ok(())
}

/// For every entry of these the first time stamp of a head it is under, and the newest of all; gives the entries that record them.
fn add_stamps(
    tx: &ReadTx<'_>,
    pack: &mut PackWriter,
    concerned: &BTreeSet<u64>,
) -> Result<BTreeSet<u64>> {
    let kept = tx.kept_time_stamps()?;
    let first = |index: &u64| kept.get(kept.partition_point(|(size, _)| size <= index));
    let chosen: BTreeSet<u64> =
        concerned.iter().filter_map(first).chain(kept.last()).map(|(_, entry)| *entry).collect();
    for entry in &chosen {
        let row = tx.time_stamp_of_entry(*entry)?;
        let Some(stamp) = row.and_then(|row| row.event.content) else { continue };
        pack.add(&stamped_checkpoint_file(stamp.entries), stamp.checkpoint.as_bytes())?;
        // One that cannot be read any more is named by whoever verifies.
        let response = Base64::decode_vec(&stamp.response).unwrap_or_default();
        pack.add(&stamped_file(stamp.entries), &response)?;
    }
    Ok(chosen)
}

/// The prediction that `scope` asks for, and what shows that it is in its batch.
fn add_prediction(
    store: &Store,
    tx: &ReadTx<'_>,
    pack: &mut PackWriter,
    scope: &Scope,
) -> Result<Option<Prediction>> {
    let (Some(batch), Some(wanted)) = (&scope.batch, &scope.prediction) else { return Ok(None) };
    let (prediction, row_ids) =
        find_prediction(store, tx, (batch, wanted), scope.until.unwrap_or_default())?;
    pack.add(PREDICTION, &digest::canonical_json(&prediction)?)?;
    if let Some(row_ids) = row_ids {
        pack.add(&row_ids_file(batch), &row_ids)?;
    }
    Ok(Some(prediction))
}

/// Ids of the versions that `scope` asks for; there must be what it names.
pub(super) fn versions(tx: &ReadTx<'_>, scope: &Scope) -> Result<BTreeSet<String>> {
    let Some(model) = &scope.model else { return Ok(BTreeSet::new()) };
    let mut versions = tx.versions(Some(model))?;
    if let Some(version) = &scope.version {
        versions.retain(|row| row.version == *version);
    }
    if versions.is_empty() {
        let id =
            scope.version.as_ref().map_or(model.clone(), |version| format!("{model}/{version}"));
        return Err(Error::NotFound { what: "model version", id });
    }
    Ok(versions.into_iter().map(|row| row.id).collect())
}

/// Ids of the drafts that these versions took up, with the runs and logged models behind these.
fn origins(tx: &ReadTx<'_>, versions: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    let mut origins = BTreeSet::new();
    for version in versions {
        origins.extend(dataset_digests(&tx.registration(version)?.unwrap_or_default()));
        let Some(draft) = tx.draft_of_version(version)? else { continue };
        origins.extend([draft.id, draft.owner_id]);
        origins.extend([draft.run_id, draft.logged_model_id].into_iter().flatten());
    }
    Ok(origins)
}

/// Every leaf, one a line, and what they say.
pub(super) fn leaves(tx: &ReadTx<'_>, size: u64) -> Result<(Vec<u8>, Vec<Entry>)> {
    let mut lines = Vec::new();
    let mut entries = Vec::new();
    while (entries.len() as u64) < size {
        let page = tx.entries(entries.len() as u64, PAGE_MAX)?;
        if page.is_empty() {
            break;
        }
        for stored in page {
            lines.extend(stored.leaf);
            lines.push(b'\n');
            entries.push(stored.entry);
        }
    }
    Ok((lines, entries))
}

/// Body, proof and rows of one entry. A row that is not in its table any more is left out: verifying names it.
fn add_entry(
    tx: &ReadTx<'_>,
    pack: &mut PackWriter,
    (index, scope): (u64, &Scope),
    stored: &mut StoredRecords<'_, '_>,
) -> Result<()> {
    let Some(bytes) = tx.body(index)? else { return Ok(()) };
    pack.add(&body_file(index), &bytes)?;
    if !scope.is_whole() {
        pack.add(&proof_file(index), tx.log_proof(index)?.to_text().as_bytes())?;
    }
    for row in Body::parse(&bytes).map(|body| body.rows).unwrap_or_default() {
        if WITHHELD.contains(&row.table.as_str()) {
            continue;
        }
        if let Some(bytes) = tx.record_row(&row.table, &row.key)? {
            pack.add(&record_file(&row.table, &row.key), &bytes)?;
            stored.keys.entry(row.table).or_default().insert(row.key);
        }
    }
    Ok(())
}

/// The documents inside the rows, for reading; gives the number of rows.
fn add_copies(pack: &mut PackWriter, stored: &mut StoredRecords<'_, '_>) -> Result<u64> {
    let mut pages = Pages::default();
    for (table, _, _) in copies::COPIES {
        for key in stored.keys(table) {
            let Some(row) = stored.row(table, &key) else { continue };
            if let Some((name, document)) = copies::document(table, &key, &row) {
                pack.add(&name, document.as_bytes())?;
            }
            if let Some(name) = copies::page_file(table, &key)
                && let Some(page) = pages.render(stored, table, &key)
            {
                pack.add(&name, page.as_bytes())?;
            }
        }
    }
    Ok(stored.keys.values().map(|keys| keys.len() as u64).sum())
}

/// Records of a store: those that bodies were found to list, or all.
pub(super) struct StoredRecords<'tx, 'connection> {
    tx: &'tx ReadTx<'connection>,
    keys: BTreeMap<String, BTreeSet<String>>,
    /// Where all are meant, the rows that no entry lists, by table and id.
    all_but: Option<BTreeSet<(String, String)>>,
}

impl<'tx, 'connection> StoredRecords<'tx, 'connection> {
    fn empty(tx: &'tx ReadTx<'connection>) -> Self {
        Self { tx, keys: BTreeMap::new(), all_but: None }
    }

    /// All rows that are there, but for those that no entry lists.
    pub(super) fn all_but(
        tx: &'tx ReadTx<'connection>,
        unwitnessed: BTreeSet<(String, String)>,
    ) -> Self {
        Self { all_but: Some(unwitnessed), ..Self::empty(tx) }
    }
}

impl Records for StoredRecords<'_, '_> {
    fn keys(&self, table: &str) -> Vec<String> {
        let Some(unwitnessed) = &self.all_but else {
            return self.keys.get(table).into_iter().flatten().cloned().collect();
        };
        // A table that is not there has no rows; the examination of the store names it.
        let mut keys = self.tx.record_ids(table).unwrap_or_default();
        keys.retain(|key| !unwitnessed.contains(&(table.to_owned(), key.clone())));
        keys
    }

    fn bytes(&mut self, table: &str, key: &str) -> Option<Vec<u8>> {
        // What is not in the pack must not be told there: nobody could check it.
        let is_told = |keys: &BTreeSet<String>| keys.contains(key);
        if self.all_but.is_none() && !self.keys.get(table).is_some_and(is_told) {
            return None;
        }
        self.tx.record_row(table, key).ok().flatten()
    }
}
