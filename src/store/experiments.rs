//! Experiments: names that runs are filed under.

use super::{ReadTx, Result, WriteTx};
use crate::clock;
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;

/// An experiment with its newest state.
#[derive(Clone, Debug, Serialize)]
pub struct ExperimentRow {
    /// Id, a whole number as text.
    pub id: String,
    /// Name.
    pub name: String,
    /// Whether it was deleted; its runs stay.
    pub deleted: bool,
    /// When it was created, UTC.
    pub created_at: String,
    /// When its state changed last, UTC.
    pub changed_at: String,
}

impl WriteTx<'_> {
    /// Records an experiment with its first state.
    ///
    /// # Errors
    ///
    /// [`super::Error::AlreadyExists`], those of the database.
    pub fn insert_experiment(&mut self, id: &str, name: &str) -> Result<()> {
        self.insert("experiment", &[("id", &id), ("name", &name)])?;
        self.insert_experiment_state(id, name, false)
    }

    /// Records a new state of an experiment.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_experiment_state(&mut self, id: &str, name: &str, deleted: bool) -> Result<()> {
        self.insert(
            "experiment_state",
            &[
                ("id", &clock::new_id("es")),
                ("experiment_id", &id),
                ("name", &name),
                ("deleted", &i64::from(deleted)),
            ],
        )
    }
}

const EXPERIMENT: &str = "SELECT e.id, s.name, s.deleted, e.at, s.at FROM experiment e JOIN experiment_state s ON s.experiment_id = e.id \
     AND s.rowid = (SELECT max(rowid) FROM experiment_state WHERE experiment_id = e.id)";

fn experiment_of(row: &Row<'_>) -> rusqlite::Result<ExperimentRow> {
    Ok(ExperimentRow {
        id: row.get(0)?,
        name: row.get(1)?,
        deleted: row.get::<_, i64>(2)? != 0,
        created_at: row.get(3)?,
        changed_at: row.get(4)?,
    })
}

impl ReadTx<'_> {
    /// All experiments, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn experiments(&self) -> Result<Vec<ExperimentRow>> {
        let mut statement =
            self.connection().prepare_cached(&format!("{EXPERIMENT} ORDER BY e.entry, e.id"))?;
        let rows = statement.query_map([], experiment_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One experiment.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn experiment(&self, id: &str) -> Result<Option<ExperimentRow>> {
        let sql = format!("{EXPERIMENT} WHERE e.id = :id ORDER BY e.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, experiment_of).optional()?)
    }
}
