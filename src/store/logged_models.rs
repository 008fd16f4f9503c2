//! Logged models: models that training code announced, and which runs made or used them.

use super::{ReadTx, Result, WriteTx};
use crate::clock;
use crate::provenance::run::RunModel;
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;

/// A model that training code announced, with its newest state.
#[derive(Clone, Debug, Serialize)]
pub struct LoggedModelRow {
    /// Id, `m-` and 32 hexadecimal digits.
    pub id: String,
    /// Its experiment.
    pub experiment_id: String,
    /// The run it came out of.
    pub run_id: Option<String>,
    /// Name.
    pub name: String,
    /// What kind of model, as the client said.
    pub kind: String,
    /// `LOGGED_MODEL_PENDING`, `LOGGED_MODEL_READY` or `LOGGED_MODEL_UPLOAD_FAILED`.
    pub status: String,
    /// Whether it was deleted; its files stay.
    pub deleted: bool,
    /// When it was announced, UTC.
    pub created_at: String,
    /// When its state changed last, UTC.
    pub changed_at: String,
    /// Ledger entry of its announcement.
    pub entry: u64,
}

impl WriteTx<'_> {
    /// Records a logged model with its first state.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_logged_model(&mut self, model: &LoggedModelRow) -> Result<()> {
        self.insert(
            "logged_model",
            &[
                ("id", &model.id),
                ("experiment_id", &model.experiment_id),
                ("run_id", &model.run_id),
                ("name", &model.name),
                ("kind", &model.kind),
            ],
        )?;
        self.insert_logged_model_state(&model.id, &model.status, false)
    }

    /// Records a new state of a logged model.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_logged_model_state(
        &mut self,
        id: &str,
        status: &str,
        deleted: bool,
    ) -> Result<()> {
        self.insert(
            "logged_model_state",
            &[
                ("id", &clock::new_id("ls")),
                ("logged_model_id", &id),
                ("status", &status),
                ("deleted", &i64::from(deleted)),
            ],
        )
    }

    /// Records that a run made or used a logged model.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_run_model(&mut self, run_id: &str, model: &RunModel) -> Result<()> {
        self.insert(
            "run_model",
            &[
                ("id", &clock::new_id("rm")),
                ("run_id", &run_id),
                ("logged_model_id", &model.model_id),
                ("direction", &model.direction),
                ("step", &model.step),
            ],
        )
    }
}

const LOGGED_MODEL: &str = "SELECT m.id, m.experiment_id, m.run_id, m.name, m.kind, s.status, s.deleted, m.at, s.at, m.entry \
     FROM logged_model m JOIN logged_model_state s ON s.logged_model_id = m.id \
     AND s.rowid = (SELECT max(rowid) FROM logged_model_state WHERE logged_model_id = m.id)";

fn logged_model_of(row: &Row<'_>) -> rusqlite::Result<LoggedModelRow> {
    Ok(LoggedModelRow {
        id: row.get(0)?,
        experiment_id: row.get(1)?,
        run_id: row.get(2)?,
        name: row.get(3)?,
        kind: row.get(4)?,
        status: row.get(5)?,
        deleted: row.get::<_, i64>(6)? != 0,
        created_at: row.get(7)?,
        changed_at: row.get(8)?,
        entry: row.get::<_, i64>(9)?.unsigned_abs(),
    })
}

impl ReadTx<'_> {
    /// One logged model.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn logged_model(&self, id: &str) -> Result<Option<LoggedModelRow>> {
        let sql = format!("{LOGGED_MODEL} WHERE m.id = :id ORDER BY m.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, logged_model_of).optional()?)
    }

    /// The logged models of an experiment, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn logged_models(&self, experiment_id: &str) -> Result<Vec<LoggedModelRow>> {
        let sql = format!("{LOGGED_MODEL} WHERE m.experiment_id = :id ORDER BY m.entry DESC, m.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":id": experiment_id}, logged_model_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The logged models that a run made or used, in the order of arrival.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn run_models(&self, run_id: &str) -> Result<Vec<RunModel>> {
        let sql = "SELECT logged_model_id, direction, step FROM run_model WHERE run_id = :id ORDER BY entry, rowid";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":id": run_id}, |row| {
            Ok(RunModel { model_id: row.get(0)?, direction: row.get(1)?, step: row.get(2)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
