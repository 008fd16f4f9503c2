//! Group commit: acts of several threads share one transaction, one signed checkpoint and one flush to disk.
//!
//! 1. an act takes its turn on the one writing connection; where no transaction is open it begins one, and checks that entries,
//!    tree and newest checkpoint still belong together
//! 2. it works inside a savepoint, so that an act that fails takes nothing of the others with it
//! 3. while other acts wait for their turn, it leaves the transaction open to them; else, or when the group is full or old, it
//!    signs the checkpoint and commits for all
//! 4. every act waits until its group is committed, or fails with it
//!
//! An act never waits for company: who comes alone commits alone.

use super::count::Count;
use super::log;
use super::record_table::RECORD_TABLES;
use super::signers::Signers;
use super::{Error, Result, key_changes, trail};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::edge::Edge;
use rusqlite::{Connection, named_params};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// The most acts in a group.
const ACTS_MAX: u64 = 256;
/// How long a group takes in acts, counted from its first.
const AGE_MAX: Duration = Duration::from_millis(5);

/// How long the act at the door stays awake.
const AWAKE_MAX: Duration = Duration::from_micros(200);

/// What became of a group: its signed checkpoint, or why it could not be committed.
pub(super) type Outcome = OnceLock<Result<Signed, Failure>>;

/// The head of a committed group.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) size: u64,
    pub(super) note: String,
}

/// Why a group was not committed, for each of its acts.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    database: Option<rusqlite::ffi::Error>,
    reason: String,
}

impl Failure {
    fn of(error: &Error) -> Self {
        let database = match error {
            Error::Database(source) => source.sqlite_error().copied(),
            _ => None,
        };
        let cause = std::error::Error::source(error).map(ToString::to_string);
        Self { database, reason: cause.unwrap_or_else(|| error.to_string()) }
    }

    /// The error that an act of the group returns.
    pub(super) fn error(&self) -> Error {
        match self.database {
            Some(code) => rusqlite::Error::SqliteFailure(code, Some(self.reason.clone())).into(),
            None => Error::NotCommitted { reason: self.reason.clone() },
        }
    }
}

/// Acts that wait for their turn: one of them awake at the door, so that it goes on the moment the writer is free, the others asleep
/// behind it. Waking a thread takes as long as a small act, and nobody would write meanwhile.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: AtomicUsize,
    door: Mutex<()>,
}

impl Queue {
    fn wait<'store>(&self, writer: &'store Mutex<Writer>) -> MutexGuard<'store, Writer> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = lock_awake(writer);
        drop(door);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        writer
    }

    fn is_empty(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) == 0
    }
}

/// Locks the writer; stays awake while it is not free, but not longer than a few small acts.
fn lock_awake(writer: &Mutex<Writer>) -> MutexGuard<'_, Writer> {
    let since = Instant::now();
    while since.elapsed() < AWAKE_MAX {
        match writer.try_lock() {
            Ok(writer) => return writer,
            // A panic in an act undid what it did, so the writer is as good as before.
            Err(TryLockError::Poisoned(writer)) => return writer.into_inner(),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One act's turn at the writer. When it ends, also by a panic, the open transaction is closed unless somebody waits to go on with it.
pub(super) struct Turn<'store> {
    writer: MutexGuard<'store, Writer>,
    queue: &'store Queue,
    signers: &'store Signers,
}

impl<'store> Turn<'store> {
    /// Waits for a turn in the `queue`.
    pub(super) fn wait(
        writer: &'store Mutex<Writer>,
        queue: &'store Queue,
        signers: &'store Signers,
    ) -> Self {
        Self { writer: queue.wait(writer), queue, signers }
    }

    /// Does `act` in the open transaction, or else in a new one; gives what came of it, and the outcome to wait for once the turn
    /// is over. `act` gets the connection, what to append to and the count of touched record rows.
    pub(super) fn act<T, E: From<Error>>(
        mut self,
        act: impl FnOnce(&Connection, &mut Head, &AtomicU64) -> Result<T, E>,
    ) -> Result<(T, Arc<Outcome>), E> {
        self.writer.act(self.signers, act)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.writer.is_due(self.queue) {
            self.writer.close(self.signers);
        }
    }
}

/// Acts that share the open transaction.
#[derive(Debug)]
struct Group {
    acts: u64,
    since: Instant,
    /// Of this connection, while it keeps all others from committing.
    data_version: i64,
    head: Head,
    outcome: Arc<Outcome>,
}

/// What this connection committed last: while no other connection has written, it need not be read and verified again.
#[derive(Debug)]
struct Committed {
    data_version: i64,
    head: Head,
}

/// What the next entry follows.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    /// The tree.
    pub(super) edge: Edge,
    /// When the newest entry was made; empty before the first.
    pub(super) at: String,
}

/// The one writing connection, and how many rows of record tables the act on it has touched.
#[derive(Debug)]
pub(super) struct Writer {
    connection: Connection,
    touched: Arc<AtomicU64>,
    group: Option<Group>,
    committed: Option<Committed>,
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Result<Self> {
        let touched = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&touched);
        connection.update_hook(Some(move |_act, _database: &str, table: &str, _row| {
            if RECORD_TABLES.contains(&table) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }))?;
        Ok(Self { connection, touched, group: None, committed: None })
    }

    /// For changes of working tables, which no entry vouches for: outside any transaction.
    pub(super) fn alone(&mut self, signers: &Signers) -> &Connection {
        if self.group.is_some() {
            self.close(signers);
        }
        &self.connection
    }

    fn act<T, E: From<Error>>(
        &mut self,
        signers: &Signers,
        act: impl FnOnce(&Connection, &mut Head, &AtomicU64) -> Result<T, E>,
    ) -> Result<(T, Arc<Outcome>), E> {
        let group = match self.group.take() {
            Some(open) => open,
            None => self.begin(signers)?,
        };
        // Back in its place before `act`, which may panic.
        let group = self.group.insert(group);
        let mut head = group.head.clone();
        self.touched.store(0, Ordering::Relaxed);
        let done = savepoint(&self.connection, || act(&self.connection, &mut head, &self.touched))?;
        group.head = head;
        group.acts += 1;
        Ok((done, Arc::clone(&group.outcome)))
    }

    /// Whether the open transaction has to end now; `queue` holds those who wait for their turn.
    fn is_due(&self, queue: &Queue) -> bool {
        self.group.as_ref().is_some_and(|group| {
            queue.is_empty()
                || !self.transaction_stands()
                || group.acts == 0
                || group.acts >= ACTS_MAX
                || group.since.elapsed() >= AGE_MAX
        })
    }

    /// Ends the open transaction: signs and commits for all its acts, and lets them know.
    fn close(&mut self, signers: &Signers) {
        let Some(group) = self.group.take() else { return };
        let signed = if group.acts == 0 { None } else { Some(self.commit(&group, signers)) };
        let committed = signed.as_ref().is_some_and(|signed| signed.is_ok());
        if !committed && self.transaction_stands() {
            let rolled_back = self.connection.execute_batch("ROLLBACK");
            if let Err(error) = rolled_back {
                tracing::error!(%error, "a transaction could not be rolled back");
            }
        }
        let known = committed || group.acts == 0;
        self.committed =
            known.then_some(Committed { data_version: group.data_version, head: group.head });
        if let Some(signed) = signed {
            // Only this sets it.
            let _ = group.outcome.set(signed.map_err(|error| Failure::of(&error)));
        }
    }

    /// SQLite ends a transaction by itself when a disk is full or fails.
    fn transaction_stands(&self) -> bool {
        !self.connection.is_autocommit()
    }

    fn begin(&mut self, signers: &Signers) -> Result<Group> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let begun = data_version(&self.connection)
            .and_then(|version| Ok((version, self.head_to_extend(version, signers)?)));
        match begun {
            Ok((data_version, head)) => {
                let outcome = Arc::new(Outcome::new());
                Ok(Group { acts: 0, since: Instant::now(), data_version, head, outcome })
            }
            Err(error) => {
                self.connection.execute_batch("ROLLBACK")?;
                Err(error)
            }
        }
    }

    /// What to append to. An empty ledger has no checkpoint yet.
    fn head_to_extend(&mut self, data_version: i64, signers: &Signers) -> Result<Head> {
        let connection = &self.connection;
        match self.committed.take() {
            Some(known) if known.data_version == data_version => Ok(known.head),
            _ if log::is_empty(connection)? => Ok(Head::default()),
            _ => {
                let edge = log::verified_edge(connection, signers.in_force())?;
                // Both keys signed the head under which one gave way to the other.
                let history = key_changes::history(connection)?;
                if history.is_some_and(|keys| keys.current() != signers.in_force()) {
                    return Err(Error::KeyGaveWay);
                }
                let at = trail::time_of(connection, edge.size() - 1)?;
                Ok(Head { edge, at })
            }
        }
    }

    fn commit(&self, group: &Group, signers: &Signers) -> Result<Signed> {
        if !self.transaction_stands() {
            let reason = "the database ended the transaction".to_owned();
            return Err(Error::NotCommitted { reason });
        }
        let (origin, size) = (signers.in_force().name().to_owned(), group.head.edge.size());
        let note = signers.sign(&Checkpoint { origin, size, root: group.head.edge.root() })?;
        let sql = "INSERT INTO checkpoint (size, note, entries) VALUES (:size, :note, :entries)";
        let covered = (group.acts > 1).then_some(Count(group.acts));
        self.connection
            .prepare_cached(sql)?
            .execute(named_params! { ":size": Count(size), ":note": note, ":entries": covered })?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(Signed { size, note })
    }
}

/// Changes whenever another connection has committed since this one looked last.
fn data_version(connection: &Connection) -> Result<i64> {
    Ok(connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}

/// Undoes what was done since a savepoint unless it is kept, also when the act panics.
struct Undo<'connection>(Option<&'connection Connection>);

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.0.filter(|connection| !connection.is_autocommit()) else {
            return;
        };
        let undone = connection.execute_batch("ROLLBACK TO act; RELEASE act");
        if undone.is_err() {
            // What cannot be undone alone is undone with everything else of the group, which then fails.
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
}

/// Does `act` so that it leaves nothing when it fails.
fn savepoint<T, E: From<Error>>(
    connection: &Connection,
    act: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let run = |sql| Ok::<_, Error>(connection.prepare_cached(sql)?.execute([])?);
    run("SAVEPOINT act")?;
    let mut undo = Undo(Some(connection));
    let done = act()?;
    run("RELEASE act")?;
    undo.0 = None;
    Ok(done)
}
