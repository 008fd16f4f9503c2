//! Reading: one consistent snapshot on a connection that cannot write.

use super::found::connect;
use super::open::Store;
use super::{Error, Result, schema};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::sync::PoisonError;

/// Idle read connections that are kept; more are opened when needed and closed afterwards.
const IDLE_MAX: usize = 4;

/// One consistent snapshot of the store. Table families add their questions with `impl ReadTx<'_>`.
#[derive(Debug)]
pub struct ReadTx<'connection> {
    connection: &'connection Connection,
}

impl<'connection> ReadTx<'connection> {
    /// What `connection` sees: a transaction must be open on it.
    pub(super) fn new(connection: &'connection Connection) -> Self {
        Self { connection }
    }

    /// For SELECT in the store's table families.
    pub(super) fn connection(&self) -> &Connection {
        self.connection
    }
}

impl Store {
    /// Asks `question` of one consistent snapshot.
    ///
    /// # Errors
    ///
    /// Whatever `question` returns, and [`Error::Database`] when there is no connection.
    pub fn read<T, E: From<Error>>(
        &self,
        question: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.reader()?;
        let answer = {
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Deferred)
                .map_err(Error::from)?;
            question(&ReadTx::new(&transaction))
        };
        let mut idle = self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
        answer
    }

    fn reader(&self) -> Result<Connection> {
        let idle = self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(connection) = idle {
            return Ok(connection);
        }
        let connection = connect(&self.inner.folder, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::configure_reader(&connection)?;
        Ok(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::specimen::{actor, fresh};

    #[test]
    fn a_reader_sees_one_snapshot_and_cannot_write() {
        let (_folder, store) = fresh();
        store
            .read(|tx| -> Result<()> {
                assert!(tx.specimen("s_1")?.is_none());
                store.write(&actor(), crate::store::specimen::KIND, |tx| {
                    tx.insert_specimen("s_1", "first", None)
                })?;
                assert!(tx.specimen("s_1")?.is_none(), "written after the snapshot began");
                assert!(tx.connection().execute("DELETE FROM specimen_note", []).is_err());
                Ok(())
            })
            .unwrap();
        assert_eq!(store.read(|tx| tx.specimen("s_1")).unwrap().as_deref(), Some("first"));
    }
}
