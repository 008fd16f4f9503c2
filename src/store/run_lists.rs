//! What all runs of an experiment reported, by run: one question a table however many runs there are.

use super::{ReadTx, Result};
use crate::provenance::run::{NamedValue, RunDataset, RunModel};
use rusqlite::{Row, named_params};
use std::collections::HashMap;

/// Rows by the id of their run.
pub type ByRun<T> = HashMap<String, Vec<T>>;

fn named_value(row: &Row<'_>) -> rusqlite::Result<NamedValue> {
    Ok(NamedValue { key: row.get(1)?, value: row.get(2)? })
}

impl ReadTx<'_> {
    /// The rows of `sql`, whose first column is the run, for one experiment.
    fn by_run<T>(
        &self,
        sql: &str,
        experiment_id: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<ByRun<T>> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(named_params! {":id": experiment_id})?;
        let mut found = ByRun::new();
        while let Some(row) = rows.next()? {
            found.entry(row.get(0)?).or_default().push(read(row)?);
        }
        Ok(found)
    }

    /// The parameters of the runs of an experiment, by name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn params_by_run(&self, experiment_id: &str) -> Result<ByRun<NamedValue>> {
        let sql = "SELECT p.owner_id, p.name, p.value FROM run r JOIN run_param p ON p.owner_id = r.id \
                   WHERE r.experiment_id = :id ORDER BY p.owner_id, p.name";
        self.by_run(sql, experiment_id, named_value)
    }

    /// The tags in force of the runs of an experiment, by name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn tags_by_run(&self, experiment_id: &str) -> Result<ByRun<NamedValue>> {
        let sql = "SELECT t.owner_id, t.name, t.value FROM run r JOIN tag t ON t.owner_id = r.id \
                   WHERE r.experiment_id = :id AND t.value IS NOT NULL AND NOT EXISTS \
                   (SELECT 1 FROM tag n WHERE n.owner_id = t.owner_id AND n.name = t.name AND n.rowid > t.rowid) \
                   ORDER BY t.owner_id, t.name, t.id";
        self.by_run(sql, experiment_id, named_value)
    }

    /// The datasets of the runs of an experiment, in the order of arrival.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn datasets_by_run(&self, experiment_id: &str) -> Result<ByRun<RunDataset>> {
        let sql = "SELECT d.run_id, d.name, d.digest, d.source_type, d.source, d.schema, d.profile, d.tags \
                   FROM run r JOIN run_dataset d ON d.run_id = r.id \
                   WHERE r.experiment_id = :id ORDER BY d.run_id, d.entry, d.rowid";
        self.by_run(sql, experiment_id, |row| {
            Ok(RunDataset {
                name: row.get(1)?,
                digest: row.get(2)?,
                source_type: row.get(3)?,
                source: row.get(4)?,
                schema: row.get(5)?,
                profile: row.get(6)?,
                tags: row.get(7)?,
            })
        })
    }

    /// The logged models that the runs of an experiment made or used, in the order of arrival.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn models_by_run(&self, experiment_id: &str) -> Result<ByRun<RunModel>> {
        let sql = "SELECT m.run_id, m.logged_model_id, m.direction, m.step FROM run r JOIN run_model m ON m.run_id = r.id \
                   WHERE r.experiment_id = :id ORDER BY m.run_id, m.entry, m.rowid";
        self.by_run(sql, experiment_id, |row| {
            Ok(RunModel { model_id: row.get(1)?, direction: row.get(2)?, step: row.get(3)? })
        })
    }
}
