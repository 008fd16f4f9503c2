//! The schema: every migration in order, and the settings of a connection.

use super::{Error, Result, trail};
use rusqlite::{Connection, TransactionBehavior};
use std::collections::BTreeMap;
use std::time::Duration;

/// A migration: the SQL that makes a schema out of the one before it.
struct M(&'static str);

impl M {
    const fn up(sql: &'static str) -> Self {
        Self(sql)
    }
}

/// Every migration, oldest first. Append here; never change one that was released.
const STEPS: &[M] = &[
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
    M::up(include_str!("migrations/0047_store_upgrade.sql")),
    M::up(include_str!("migrations/0048_reading.sql")),
    M::up(include_str!("migrations/0049_temporary_factor.sql")),
    M::up(include_str!("migrations/0051_redaction.sql")),
    M::up(include_str!("migrations/0052_withdrawal.sql")),
    M::up(include_str!("migrations/0053_inbox.sql")),
    M::up(include_str!("migrations/0054_test_run_invalidation.sql")),
    M::up(include_str!("migrations/0055_indicator_sheet.sql")),
    // Last, so that it never stands between two real ones.
    #[cfg(test)]
    M::up(super::specimen::MIGRATION),
];

/// How long a connection waits for another process's write.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// Prepared statements that a connection keeps: an act uses a few dozen.
const STATEMENTS_KEPT: usize = 256;

/// Orders that the migrations stood in for a while before the first release: how many are as today, and the places in [`STEPS`] of
/// those that followed. A database says how many it has; which they are is seen from its tables.
const OTHER_ORDERS: &[(usize, &[usize])] = &[
    (7, &[8, 9, 10]),
    (11, &[12]),
    (11, &[12, 14]),
    (11, &[12, 14, 15]),
    (26, &[30]),
    (28, &[30]),
    (33, &[35]),
];

/// Refuses a database whose schema is newer than this program; gives the schema version, 0 for an empty database.
pub(super) fn version(connection: &Connection) -> Result<usize> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    if found > STEPS.len() {
        return Err(Error::NewerSchema { found, known: STEPS.len() });
    }
    Ok(found)
}

/// The schema version of this program.
pub(super) fn known() -> usize {
    STEPS.len()
}

/// Makes the schema in an empty database.
pub(super) fn make(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    run(&transaction, 0..STEPS.len())?;
    Ok(transaction.commit()?)
}

/// Brings a database of schema `version` up to date, and what follows from the ledger with it, inside the transaction that is open.
///
/// # Errors
///
/// [`Error::SchemaDiffers`] for a database that does not have the tables of `version`.
pub(super) fn migrate(connection: &Connection, version: usize) -> Result<()> {
    let there = order(connection, version)?;
    run(connection, (0..STEPS.len()).filter(|step| !there.contains(step)))?;
    if let Some(what) = difference(connection, &pristine(STEPS.len())?)? {
        return Err(Error::SchemaDiffers { version: STEPS.len(), what });
    }
    trail::index_if_empty(connection)
}

/// An empty database in memory with the tables that `connection`, of schema `version`, is expected to have.
pub(super) fn expected(connection: &Connection, version: usize) -> Result<Connection> {
    match order(connection, version) {
        Ok(there) => made_of(&there),
        Err(Error::SchemaDiffers { .. }) => pristine(version),
        Err(other) => Err(other),
    }
}

/// Every table, index, trigger and view with its SQL. SQLite's own tables and automatic indexes have none.
pub(super) fn objects(connection: &Connection) -> Result<BTreeMap<String, String>> {
    let sql = "SELECT type || ' ' || name, sql FROM sqlite_schema
               WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// An empty database in memory with the schema of `version`.
pub(super) fn pristine(version: usize) -> Result<Connection> {
    made_of(&(0..version).collect::<Vec<_>>())
}

/// An empty database in memory that these migrations made.
fn made_of(steps: &[usize]) -> Result<Connection> {
    let connection = Connection::open_in_memory()?;
    run(&connection, steps.iter().copied())?;
    Ok(connection)
}

/// Runs migrations by their places in [`STEPS`], and counts them.
fn run(connection: &Connection, steps: impl IntoIterator<Item = usize>) -> Result<()> {
    for step in steps {
        connection.execute_batch(STEPS[step].0)?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        connection.pragma_update(None, "user_version", version + 1)?;
    }
    Ok(())
}

/// The migrations that made `connection`, which says that it has `version` of them.
fn order(connection: &Connection, version: usize) -> Result<Vec<usize>> {
    let usual: Vec<usize> = (0..version).collect();
    let Some(what) = difference(connection, &made_of(&usual)?)? else { return Ok(usual) };
    for (same, others) in OTHER_ORDERS.iter().filter(|(same, rest)| same + rest.len() == version) {
        let order: Vec<usize> = (0..*same).chain(others.iter().copied()).collect();
        if difference(connection, &made_of(&order)?)?.is_none() {
            return Ok(order);
        }
    }
    Err(Error::SchemaDiffers { version, what })
}

/// The first thing in which the tables, indexes and triggers of `found` are not those of `expected`, in words.
fn difference(found: &Connection, expected: &Connection) -> Result<Option<String>> {
    let (mut found, expected) = (objects(found)?, objects(expected)?);
    for (name, sql) in expected {
        match found.remove(&name) {
            None => return Ok(Some(format!("{name} is missing"))),
            Some(other) if other != sql => return Ok(Some(format!("{name} is another"))),
            Some(_) => {}
        }
    }
    Ok(found.into_keys().next().map(|name| format!("{name} is not of it")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_made_in_another_order_becomes_the_one_that_is_known() {
        for (same, others) in OTHER_ORDERS {
            let order: Vec<usize> = (0..*same).chain(others.iter().copied()).collect();
            let connection = made_of(&order).unwrap();
            let version = version(&connection).unwrap();
            assert_eq!(version, order.len());
            assert!(difference(&connection, &pristine(version).unwrap()).unwrap().is_some());
            assert!(
                difference(&connection, &expected(&connection, version).unwrap())
                    .unwrap()
                    .is_none()
            );
            migrate(&connection, version).unwrap_or_else(|error| panic!("{order:?}: {error}"));
            assert_eq!(super::version(&connection).unwrap(), known());
        }
    }

    #[test]
    fn every_earlier_schema_becomes_the_one_that_is_known_and_another_is_refused() {
        for version in 1..known() {
            migrate(&pristine(version).unwrap(), version).unwrap();
        }
        let connection = pristine(20).unwrap();
        connection.execute_batch("CREATE TABLE other (id TEXT) STRICT").unwrap();
        let refused = migrate(&connection, 20).unwrap_err().to_string();
        assert!(refused.contains("table other is not of it"), "{refused}");
        connection.execute_batch("DROP TABLE other; DROP TRIGGER batch_no_update").unwrap();
        let refused = migrate(&connection, 20).unwrap_err().to_string();
        assert!(refused.contains("trigger batch_no_update is missing"), "{refused}");
    }
}
