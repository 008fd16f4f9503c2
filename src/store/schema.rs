//! The schema: every migration in order, and the settings of a connection.

use super::{Error, Result, trail};
use rusqlite::{Connection, TransactionBehavior};
use rusqlite_migration::{M, Migrations, SchemaVersion};
use std::time::Duration;

/// Every migration, oldest first. Append here; never change one that was released.
const STEPS: &[M<'_>] = &[
    M::up(include_str!("migrations/0001_ledger.sql")),
    M::up(include_str!("migrations/0002_records.sql")),
    M::up(include_str!("migrations/0003_row_ids.sql")),
    M::up(include_str!("migrations/0004_performance.sql")),
    M::up(include_str!("migrations/0005_study.sql")),
    M::up(include_str!("migrations/0006_mlflow.sql")),
    M::up(include_str!("migrations/0007_life_cycle.sql")),
    M::up(include_str!("migrations/0008_acceptance.sql")),
    M::up(include_str!("migrations/0009_lineage.sql")),
    M::up(include_str!("migrations/0010_people.sql")),
    M::up(include_str!("migrations/0011_recovery.sql")),
    M::up(include_str!("migrations/0012_change.sql")),
    M::up(include_str!("migrations/0012_groups.sql")),
    M::up(include_str!("migrations/0013_episode_steps.sql")),
    M::up(include_str!("migrations/0013_trail.sql")),
    M::up(include_str!("migrations/0014_lists.sql")),
    M::up(include_str!("migrations/0014_witness.sql")),
    M::up(include_str!("migrations/0015_notices.sql")),
    M::up(include_str!("migrations/0016_second_factor.sql")),
    M::up(include_str!("migrations/0019_qualification.sql")),
    M::up(include_str!("migrations/0020_rows_of_entry.sql")),
    M::up(include_str!("migrations/0021_provider.sql")),
    M::up(include_str!("migrations/0022_passkey.sql")),
    M::up(include_str!("migrations/0023_clock.sql")),
    M::up(include_str!("migrations/0024_misuse.sql")),
    M::up(include_str!("migrations/0030_evidence_export.sql")),
    M::up(include_str!("migrations/0031_accountability.sql")),
    M::up(include_str!("migrations/0032_training.sql")),
    M::up(include_str!("migrations/0033_backup.sql")),
    M::up(include_str!("migrations/0034_restore_test.sql")),
    M::up(include_str!("migrations/0036_periodic_review.sql")),
    M::up(include_str!("migrations/0037_review_sample.sql")),
    M::up(include_str!("migrations/0038_time_stamp.sql")),
    M::up(include_str!("migrations/0039_batch_correction.sql")),
    M::up(include_str!("migrations/0040_batch_invalidation.sql")),
    M::up(include_str!("migrations/0041_reference.sql")),
    M::up(include_str!("migrations/0042_incident.sql")),
    M::up(include_str!("migrations/0043_drill.sql")),
    M::up(include_str!("migrations/0044_disposal.sql")),
    M::up(include_str!("migrations/0045_retention.sql")),
    M::up(include_str!("migrations/0046_key_change.sql")),
    // Last, so that it never stands between two real ones.
    #[cfg(test)]
    M::up(super::specimen::MIGRATION),
];

const MIGRATIONS: Migrations<'_> = Migrations::from_slice(STEPS);

/// How long a connection waits for another process's write.
const BUSY: Duration = Duration::from_secs(10);

/// Prepared statements that a connection keeps: an act uses a few dozen.
const STATEMENTS_KEPT: usize = 256;

/// Refuses a database whose schema is newer than this program; gives the schema version, 0 for an empty database.
pub(super) fn version(connection: &Connection) -> Result<usize> {
    match MIGRATIONS.current_version(connection)? {
        SchemaVersion::NoneSet => Ok(0),
        SchemaVersion::Inside(found) => Ok(found.get()),
        SchemaVersion::Outside(found) => {
            Err(Error::NewerSchema { found: found.get(), known: STEPS.len() })
        }
    }
}

/// The schema version of this program.
pub(super) fn known() -> usize {
    STEPS.len()
}

/// Brings the schema up to date, and what follows from the ledger with it.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    MIGRATIONS.to_latest(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    trail::index_if_empty(&transaction)?;
    Ok(transaction.commit()?)
}

/// An empty database in memory with the schema of `version`.
pub(super) fn pristine(version: usize) -> Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    MIGRATIONS.to_version(&mut connection, version)?;
    Ok(connection)
}

/// The settings of the writing connection. Recursive triggers make `REPLACE` fire the triggers that forbid deletion.
pub(super) fn configure_writer(connection: &Connection) -> Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_row| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "recursive_triggers", true)?;
    // What an act that fails has to undo is kept in memory, not in a temporary file.
    connection.pragma_update(None, "temp_store", "memory")?;
    configure_reader(connection)
}

/// The settings of a reading connection.
pub(super) fn configure_reader(connection: &Connection) -> Result<()> {
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection.busy_timeout(BUSY)?)
}
