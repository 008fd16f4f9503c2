//! Procedure: measure how fast entries become durable, beside SQLite alone with the same bytes.
//!
//! 1. write small acts from as many threads as asked, each waiting until its act is durable
//! 2. write the same rows again by SQLite alone, in transactions of as many acts as there were threads

use super::administer::{create_store, host};
use super::{actor, subject};
use crate::clock::{self, Clock};
use crate::error::Result;
use crate::ledger::entry::EntryType;
use crate::store::Store;
use crate::store::floor::write_again;
use std::path::Path;
use std::time::Instant;

/// How fast entries became durable.
#[derive(Clone, Copy, Debug)]
pub struct Throughput {
    /// Entries a second through the store.
    pub store: f64,
    /// Entries a second by SQLite alone.
    pub floor: f64,
}

/// Writes `entries` acts from `writers` threads into a new store in `folder`, then the same by SQLite alone.
///
/// # Errors
///
/// Those of the store.
pub fn measure_writes(folder: &Path, writers: u64, entries: u64) -> Result<Throughput> {
    let (ours, floor) = (folder.join("store"), folder.join("floor"));
    let store = create_store(&ours, Clock::system())?;
    let started = Instant::now();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|_| scope.spawn(|| (0..entries / writers).try_for_each(|_| write_one(&store))))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })?;
    let seconds = started.elapsed().as_secs_f64();
    drop(store);
    let (written, took) = write_again(&ours, &floor, "model", writers as usize)?;
    let each = |seconds: f64| written as f64 / seconds;
    Ok(Throughput { store: each(seconds), floor: each(took.as_secs_f64()) })
}

/// An act of one record row of about 550 bytes.
fn write_one(store: &Store) -> Result<()> {
    let id = clock::new_id("measured");
    store.write(&actor(&host()), EntryType::ModelRegister, |tx| {
        tx.subject(subject("model", &id));
        Ok::<_, crate::error::Error>(tx.insert_model(&id, &"what it is for ".repeat(28))?)
    })?;
    Ok(())
}
