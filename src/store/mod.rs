//! The only SQL: the store, its transactions and one file per table family.
//!
//! Nothing is written without a witness. [`Store::write`] is the only way to write: its [`WriteTx`] carries one actor and
//! one time, every record row that goes through it is digested into the body of one ledger entry, and a commit without
//! one is refused. [`Store::read`] sees one consistent snapshot.
//!
//! This room must not know what a model or a batch means: families store what other rooms hand them. Start reading at
//! [`Store`]; to add a table family, add a migration (`schema.rs`), its tables (`record_table.rs`), and a file with
//! `impl WriteTx<'_>` and `impl ReadTx<'_>` (a [`WriteTx`] can do all that a [`ReadTx`] can).

pub mod acceptance;
pub mod access_log;
pub mod accountability;
pub mod accounts;
pub mod artifacts;
pub mod backup;
pub mod backup_events;
pub mod batches;
pub mod changes;
pub mod check;
pub mod clock_events;
mod cosignatures;
mod count;
mod counted_ids;
pub mod disposals;
pub mod drafts;
pub mod drills;
pub mod episode_steps;
pub mod episodes;
pub mod experiments;
pub mod exports;
pub mod factors;
mod facts;
pub mod floor;
mod folder;
mod found;
mod group;
mod high_water;
pub mod incidents;
pub mod indicator_facts;
pub mod indicators;
pub mod invalidations;
pub mod key_changes;
mod key_files;
pub mod life_cycle;
pub mod lineage_events;
pub mod log;
pub mod logged_models;
pub mod misuse;
mod new_key;
pub mod objects;
pub mod open;
pub mod outbox;
pub mod passkeys;
pub mod performance;
pub mod periodic_reviews;
pub mod providers;
pub mod qualifications;
pub mod read;
pub mod record_table;
pub mod redactions;
pub mod references;
pub mod reports;
pub mod restore_tests;
pub mod retention;
pub mod review_samples;
pub mod roles;
mod row;
pub mod run_lists;
pub mod runs;
mod schema;
mod serving;
mod signers;
#[cfg(test)]
mod specimen;
pub mod studies;
pub mod tags;
pub mod tiles;
pub mod time_stamps;
pub mod trail;
pub mod trainings;
pub mod upgrade;
pub mod versions;
pub mod withdrawals;
mod working;
pub mod write;

pub use new_key::NewKey;
pub use open::Store;
pub use read::ReadTx;
pub use serving::Claim;
pub use write::{WriteTx, Written};

use crate::{digest, ledger};
use rusqlite::ErrorCode;
use std::path::PathBuf;

/// What can go wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder holds no database.
    #[error("no database in `{}`; create one with `init` or `demo`", folder.display())]
    NoDatabase {
        /// The data folder.
        folder: PathBuf,
    },
    /// The folder already holds a database.
    #[error("`{}` already holds a database", folder.display())]
    DatabaseExists {
        /// The data folder.
        folder: PathBuf,
    },
    /// The database was written by a newer program.
    #[error(
        "the database has schema {found}, this program knows up to {known}: a newer program wrote it. Start that program, or restore \
         the backup that was made before the upgrade; nothing was changed"
    )]
    NewerSchema {
        /// The database's schema version.
        found: usize,
        /// The newest this program knows.
        known: usize,
    },
    /// The database was written by an earlier program, and this command does not change its schema.
    #[error(
        "the database has schema {found}, this program works with {known}: make a backup, then run `driftledger upgrade` on the \
         folder, or start `serve` on it; either is recorded"
    )]
    OlderSchema {
        /// The database's schema version.
        found: usize,
        /// The one this program works with.
        known: usize,
    },
    /// The database does not have the tables that its schema version has.
    #[error(
        "the database says it has schema {version}, but {what}: no build of this program made it so. Nothing was changed; run \
         `check` for every difference and put it right, or restore a backup"
    )]
    SchemaDiffers {
        /// The version it says.
        version: usize,
        /// What is missing, different or more.
        what: String,
    },
    /// An upgrade was undone: a table did not hold afterwards what it held before.
    #[error(
        "the upgrade from schema {from} to {to} was undone and nothing was changed: `{table}` held {before} before and would hold \
         {after}. Go on with the program that wrote this folder, and report this"
    )]
    UpgradeChanges {
        /// The schema before.
        from: usize,
        /// The schema after.
        to: usize,
        /// The table.
        table: String,
        /// Rows and digest before.
        before: String,
        /// Rows and digest after.
        after: String,
    },
    /// Entries, tree and newest checkpoint do not belong together.
    #[error("the ledger is broken at size {size}: {reason}; run `check` for every finding")]
    TreeBroken {
        /// Number of entries stored.
        size: u64,
        /// What does not match.
        reason: &'static str,
    },
    /// A hash of the tree is not stored.
    #[error("tree node {index} of level {level} is missing")]
    NodeMissing {
        /// Height above the leaves.
        level: u8,
        /// Position in its level.
        index: u64,
    },
    /// The private key of the folder is not the one its public key file names.
    #[error("private and public key in `{}` do not belong together", folder.display())]
    KeysDiffer {
        /// The key folder.
        folder: PathBuf,
    },
    /// The folder has no private half of the key that the ledger names.
    #[error(
        "the ledger is signed by `{key}`, of which `{}` has no private half; put it there as `next.pem`, or take a copy of the folder          that has it; if it is lost, `driftledger key revoke` puts another key in its place", folder.display()
    )]
    KeyMissing {
        /// The key that the ledger names.
        key: String,
        /// The key folder.
        folder: PathBuf,
    },
    /// Another process gave the ledger another key while this one had it open.
    #[error("the ledger got another key since it was opened here; start this program again")]
    KeyGaveWay,
    /// The database is from before the ledger got the key of this folder, and nothing else says what was seen.
    #[error(
        "the newest head is signed by `{key}`, which gave way to another key in this folder: the database was put back. Put the newest          one in place, or restore a backup into another folder"
    )]
    KeyRetired {
        /// The key that signed it.
        key: String,
    },
    /// The database holds an earlier state, or another history, than one that was seen in this folder.
    #[error(
        "the ledger has {found} entries and does not go on from the {seen} that were seen here (`log/checkpoint`): the database was put \
         back or replaced. Put the newest one in place; if it is lost, start with `serve --accept-rollback REASON`, which is recorded"
    )]
    RolledBack {
        /// Entries found.
        found: u64,
        /// Entries seen before.
        seen: u64,
    },
    /// The newest head that was seen is none of this ledger.
    #[error(
        "`{}` is no signed head of this ledger ({source}); find out who changed it before you remove it", path.display()
    )]
    HighWater {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ledger::Error,
    },
    /// Another server serves the data folder.
    #[error("another server is running on `{}`; stop it first, or use the running one", folder.display())]
    Served {
        /// The data folder.
        folder: PathBuf,
    },
    /// A write recorded nothing.
    #[error("a `{kind}` entry needs at least one record row")]
    NothingRecorded {
        /// The entry's type.
        kind: ledger::entry::EntryType,
    },
    /// Rows of record tables changed without going through the entry.
    #[error("{touched} record rows changed but the entry lists {listed}")]
    Unwitnessed {
        /// Rows of record tables that the transaction changed.
        touched: u64,
        /// Rows that the entry lists.
        listed: u64,
    },
    /// A row of a record table is not what the ledger says of it.
    #[error("row `{id}` of {table} is not what the ledger lists; run `check` to find what changed")]
    RowChanged {
        /// The table.
        table: String,
        /// Id of the row.
        id: String,
    },
    /// The table is not in the list of record tables.
    #[error("`{table}` is not a record table")]
    NotARecordTable {
        /// The table.
        table: String,
    },
    /// A row with this id, or another value that must be unique, exists already.
    #[error("`{table}` already has such a row")]
    AlreadyExists {
        /// The table.
        table: &'static str,
    },
    /// The transaction that an act shared with others could not be committed.
    #[error("nothing was written: the shared transaction could not be committed ({reason})")]
    NotCommitted {
        /// Why.
        reason: String,
    },
    /// A value of a row has no exact JSON form.
    #[error("column `{column}` of `{table}` holds {found}, which has no exact JSON form")]
    RowNotCanonical {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The value.
        found: String,
    },
    /// A stored document is not what it was written as.
    #[error("a stored {kind} cannot be read ({detail}); run `check` to find what is damaged")]
    DocumentBroken {
        /// What it should be.
        kind: &'static str,
        /// Why it cannot be read.
        detail: String,
    },
    /// The name of an object is not 64 lowercase hexadecimal digits.
    #[error("`{0}` is not a BLAKE3 digest of 64 lowercase hexadecimal digits")]
    ObjectName(String),
    /// No object has this digest.
    #[error("no stored object has the BLAKE3 digest {blake3}")]
    ObjectMissing {
        /// The digest asked for.
        blake3: String,
    },
    /// The file of this digest went by a signed disposal.
    #[error(
        "the file with the BLAKE3 digest {blake3} is not kept any more: it was disposed of at {at} by record {disposal}, signed by two people"
    )]
    ObjectDisposed {
        /// The digest asked for.
        blake3: String,
        /// Id of the disposal.
        disposal: String,
        /// When it was signed, UTC.
        at: String,
    },
    /// The object's bytes are not those it was stored under.
    #[error("stored object {expected} has the digest {found}")]
    ObjectChanged {
        /// The digest it is stored under.
        expected: String,
        /// The digest of its bytes.
        found: String,
    },
    /// A file or folder cannot be used.
    #[error("cannot use `{}`", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// A value has no canonical JSON form.
    #[error(transparent)]
    Canonical(#[from] digest::Error),
    /// The database failed.
    #[error("database failed")]
    Database(#[from] rusqlite::Error),
}

impl Error {
    /// Whether a private key is not there, or not the one that it should be.
    pub fn is_of_private_key(&self) -> bool {
        use ledger::Error::{KeyExposed, KeyFile, KeyMalformed};
        let Self::Ledger(cause) = self else {
            return matches!(self, Self::KeysDiffer { .. } | Self::KeyMissing { .. });
        };
        matches!(cause, KeyFile { .. } | KeyExposed { .. } | KeyMalformed { .. })
    }

    /// Whether there was no room on the disk, or no more was allowed to be used.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Database(source) => source.sqlite_error_code() == Some(ErrorCode::DiskFull),
            Self::File { source, .. } => is_disk_full(source),
            _ => false,
        }
    }
}

/// Whether a file could not be written because there was no room for it, or because it may not be that large.
pub fn is_disk_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// Shorthand for results of this room.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn a_database_without_room_is_a_full_disk_and_a_wrong_statement_is_none() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("PRAGMA max_page_count = 4; CREATE TABLE t (x BLOB)").unwrap();
        let full = connection.execute("INSERT INTO t VALUES (zeroblob(100000))", []);
        assert!(Error::from(full.unwrap_err()).is_disk_full());
        let wrong = connection.execute("INSERT INTO u VALUES (1)", []);
        assert!(!Error::from(wrong.unwrap_err()).is_disk_full());
    }

    #[test]
    fn a_file_that_may_not_grow_is_a_full_disk_and_a_missing_one_is_none() {
        use std::io::ErrorKind;
        for (kind, full) in [
            (ErrorKind::StorageFull, true),
            (ErrorKind::QuotaExceeded, true),
            (ErrorKind::FileTooLarge, true),
            (ErrorKind::NotFound, false),
        ] {
            let path = PathBuf::from("objects/ab/c");
            assert_eq!(Error::File { path, source: kind.into() }.is_disk_full(), full, "{kind}");
        }
    }
}
