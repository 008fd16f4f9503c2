//! Tags and descriptions of anything that training code reports: the newest holds.

use super::{ReadTx, Result, WriteTx};
use crate::clock;
use crate::provenance::run::NamedValue;
use rusqlite::{OptionalExtension, named_params};

impl WriteTx<'_> {
    /// Records a tag of anything; without a value it is removed.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_tag(&mut self, owner_id: &str, key: &str, value: Option<&str>) -> Result<()> {
        self.insert(
            "tag",
            &[
                ("id", &clock::new_id("tg")),
                ("owner_id", &owner_id),
                ("name", &key),
                ("value", &value),
            ],
        )
    }

    /// Records the description of anything.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_description(&mut self, owner_id: &str, text: &str) -> Result<()> {
        self.insert(
            "description",
            &[("id", &clock::new_id("ds")), ("owner_id", &owner_id), ("text", &text)],
        )
    }
}

impl ReadTx<'_> {
    /// The tags in force of anything, by name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn tags(&self, owner_id: &str) -> Result<Vec<NamedValue>> {
        let sql = "SELECT t.name, t.value FROM tag t WHERE t.owner_id = :id AND t.value IS NOT NULL AND NOT EXISTS \
                   (SELECT 1 FROM tag n WHERE n.owner_id = t.owner_id AND n.name = t.name AND n.rowid > t.rowid) \
                   ORDER BY t.name, t.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":id": owner_id}, |row| {
            Ok(NamedValue { key: row.get(0)?, value: row.get(1)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest description of anything, and when it was given.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn description(&self, owner_id: &str) -> Result<Option<(String, String)>> {
        let sql =
            "SELECT text, at FROM description WHERE owner_id = :id ORDER BY rowid DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement
            .query_row(named_params! {":id": owner_id}, |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found.optional()?)
    }
}
