//! What the database is and how it is set, for whoever qualifies an installation.

use super::{Result, Store, schema};

/// The database and its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// SQLite's version.
    pub sqlite: &'static str,
    /// Journal mode of the writing connection.
    pub journal: String,
    /// `synchronous` of the writing connection; 2 is full.
    pub synchronous: i64,
    /// Schema version of the database.
    pub schema: usize,
    /// Schema version that this program writes.
    pub schema_known: usize,
}

impl Store {
    /// Reads the facts from the writing connection.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn facts(&self) -> Result<DatabaseFacts> {
        self.work(|connection| {
            let journal =
                connection.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0))?;
            let synchronous = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
            let (schema, schema_known) = (schema::version(connection)?, schema::known());
            Ok(DatabaseFacts {
                sqlite: rusqlite::version(),
                journal,
                synchronous,
                schema,
                schema_known,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::store::specimen::fresh;

    #[test]
    fn a_fresh_store_is_set_as_it_must_be() {
        let (_folder, store) = fresh();
        let facts = store.facts().unwrap();
        assert_eq!((facts.journal.as_str(), facts.synchronous), ("wal", 2));
        assert_eq!(facts.schema, facts.schema_known);
    }
}
