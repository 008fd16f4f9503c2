//! Copies of a data folder: its database, while a server may be writing to it, and every object that the copy names.

use super::count::Count;
use super::disposals::{gone, remove_gone};
use super::folder::{Folder, sync_folder};
use super::found::connect;
use super::key_files::{Keys, Relation, load_verifier_key, replace_verifier_key};
use super::objects::Objects;
use super::record_table::OBJECT_COLUMNS;
use super::upgrade::columns_of;
use super::{Error, Result, WriteTx, schema};
use crate::digest::ContentDigest;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Pages copied between two calls of the progress.
const PAGES: i32 = 1024;

/// Objects of a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopiedObjects {
    /// Objects that the database names.
    pub all: u64,
    /// Objects that were not there before.
    pub new: u64,
    /// Bytes of the new ones.
    pub new_bytes: u64,
}

/// What a restore records.
#[derive(Clone, Copy, Debug)]
pub struct RestoreRow<'a> {
    /// Id.
    pub id: &'a str,
    /// Entries that the backup held.
    pub entries: u64,
    /// The signed head it held.
    pub checkpoint: &'a str,
    /// When the backup was made.
    pub backed_up_at: &'a str,
    /// Time of the newest entry it held: what was recorded later is lost.
    pub newest_entry_at: &'a str,
    /// Why it was restored.
    pub reason: &'a str,
}

/// Copies the database of the data folder `from` into the folder `to`, in the place of one that is there, from one consistent snapshot.
/// `progress` gets the pages done and the pages in all.
///
/// # Errors
///
/// [`Error::NoDatabase`], [`Error::Database`], [`Error::File`].
pub fn copy_database(from: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
    let (from, to) = (Folder::new(from), Folder::new(to));
    if !from.database().exists() {
        return Err(Error::NoDatabase { folder: from.path().to_owned() });
    }
    to.make()?;
    let unfinished = to.database().with_extension("db-unfinished");
    let file_error = |source| Error::File { path: unfinished.clone(), source };
    if unfinished.exists() {
        fs::remove_file(&unfinished).map_err(file_error)?;
    }
    let source = connect(&from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    schema::configure_reader(&source)?;
    // A read transaction keeps the snapshot, so that no write of a server makes the copy begin again.
    let snapshot = source.unchecked_transaction()?;
    snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |_row| Ok(()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut copy = Connection::open_with_flags(&unfinished, flags)?;
    {
        let backup = Backup::new(&snapshot, &mut copy)?;
        loop {
            let step = backup.step(PAGES)?;
            let now = backup.progress();
            let pages = |count: i32| u64::from(count.unsigned_abs());
            progress(pages(now.pagecount - now.remaining), pages(now.pagecount));
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(std::time::Duration::from_millis(20)),
            }
        }
    }
    // One file by itself, which reading does not change.
    copy.pragma_update_and_check(None, "journal_mode", "delete", |_row| Ok(()))?;
    copy.close().map_err(|(_, error)| error)?;
    fs::File::open(&unfinished).and_then(|file| file.sync_all()).map_err(file_error)?;
    for left in ["db-wal", "db-shm"] {
        let path = to.database().with_extension(left);
        if path.exists() {
            fs::remove_file(&path).map_err(|source| Error::File { path, source })?;
        }
    }
    fs::rename(&unfinished, to.database()).map_err(file_error)?;
    sync_folder(to.path())
}

/// Fills `to` with every object that its database names, that was not disposed of, and that it does not hold: as another name of the file in the backup `earlier`, where
/// that has it and the disk can; else as a copy that is hashed while it is made. `progress` gets the objects done and the objects in all.
///
/// # Errors
///
/// [`Error::ObjectMissing`], [`Error::ObjectChanged`], [`Error::Database`], [`Error::File`].
pub fn copy_objects(
    from: &Path,
    to: &Path,
    earlier: Option<&Path>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<CopiedObjects> {
    let (from, to) = (Folder::new(from), Folder::new(to));
    let copy = connect(&to, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut names = named_objects(&copy)?;
    let source = Objects::new(from.objects(), from.spool());
    let target = Objects::new(to.objects(), to.spool());
    // What was disposed of is not copied, and goes where an earlier backup in this folder had it.
    let gone = gone(&copy)?;
    names.retain(|name| !gone.contains_key(name));
    remove_gone(&copy, &target)?;
    let earlier = earlier.map(Folder::new).map(|it| Objects::new(it.objects(), it.spool()));
    let mut copied = CopiedObjects { all: names.len() as u64, ..CopiedObjects::default() };
    for (done, name) in (1..).zip(&names) {
        let is_there = target.contains(name)?;
        if !is_there && !link(earlier.as_ref(), &target, name)? {
            let mut file = target.spool_file()?;
            let path = file.path().to_owned();
            copied.new_bytes += std::io::copy(&mut source.open(name)?, &mut file)
                .map_err(|source| Error::File { path, source })?;
            let ContentDigest { blake3: found, .. } = target.put_file(file)?;
            if found != *name {
                return Err(Error::ObjectChanged { expected: name.clone(), found });
            }
            copied.new += 1;
        }
        progress(done, copied.all);
    }
    Ok(copied)
}

/// Gives the object `name` of `earlier` another name in `target`; false where `earlier` has none or the disk cannot.
fn link(earlier: Option<&Objects>, target: &Objects, name: &str) -> Result<bool> {
    let Some(earlier) = earlier else { return Ok(false) };
    let (from, to) = (earlier.path(name)?, target.path(name)?);
    if let Some(folder) = to.parent() {
        let path = folder.to_owned();
        fs::create_dir_all(folder).map_err(|source| Error::File { path, source })?;
    }
    Ok(from.is_file() && fs::hard_link(from, to).is_ok())
}

/// Writes the public key of the log into `to`, a copy of the data folder `from`: the one in force as the copied records say, where these
/// know the key of `from`; else that one, under which the copy is then no good.
///
/// # Errors
///
/// [`Error::File`], [`Error::Database`], [`Error::Ledger`] for a file that is none, or records that do not follow each other.
pub fn copy_verifier_key(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (Folder::new(from), Folder::new(to));
    to.make()?;
    replace_verifier_key(&to, &load_verifier_key(&from)?)?;
    let keys = Keys::read(&to, &connect(&to, OpenFlags::SQLITE_OPEN_READ_ONLY)?)?;
    if keys.relation == Relation::LedgerAhead {
        replace_verifier_key(&to, keys.in_force())?;
    }
    Ok(())
}

/// Name of the log whose folder this is.
///
/// # Errors
///
/// [`Error::File`], [`Error::Ledger`].
pub fn log_name(folder: &Path) -> Result<String> {
    Ok(load_verifier_key(&Folder::new(folder))?.name().to_owned())
}

fn named_objects(connection: &Connection) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for (table, column) in OBJECT_COLUMNS {
        // An earlier schema may not have it yet.
        if !columns_of(connection, table)?.iter().any(|found| found == column) {
            continue;
        }
        let sql = format!("SELECT \"{column}\" FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
        let mut statement = connection.prepare(&sql)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        for name in rows {
            names.insert(name?);
        }
    }
    Ok(names)
}

impl WriteTx<'_> {
    /// Records that the ledger goes on from `entries` although `(seen, note)`, entries and signed head, was seen before.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_rollback(
        &mut self,
        id: &str,
        (entries, seen, note): (u64, u64, &str),
        reason: &str,
    ) -> Result<()> {
        let (entries, seen) = (Count(entries), Count(seen));
        self.insert(
            "rollback",
            &[
                ("id", &id),
                ("entries", &entries),
                ("entries_seen", &seen),
                ("checkpoint_seen", &note),
                ("reason", &reason),
            ],
        )
    }

    /// Records that the store was restored from a backup.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_restore(&mut self, row: &RestoreRow<'_>) -> Result<()> {
        self.insert(
            "restore",
            &[
                ("id", &row.id),
                ("entries", &Count(row.entries)),
                ("checkpoint", &row.checkpoint),
                ("backed_up_at", &row.backed_up_at),
                ("newest_entry_at", &row.newest_entry_at),
                ("reason", &row.reason),
            ],
        )
    }
}
