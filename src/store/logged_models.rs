//! Logged models and the files of runs and logged models.

use super::count::Count;
use super::{ReadTx, Result, WriteTx};
use crate::clock;
use crate::digest::ContentDigest;
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;

/// A model that a run announced, with its newest state.
#[derive(Clone, Debug, Serialize)]
pub struct LoggedModelRow {
    /// Id, `m-…`.
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
    /// When it was announced, UTC.
    pub created_at: String,
}

/// A kept file, the newest of its path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArtifactRow {
    /// Path below the root of all artifacts.
    pub path: String,
    /// Length.
    pub bytes: u64,
    /// BLAKE3.
    pub blake3: String,
    /// SHA-256.
    pub sha256: String,
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
        self.insert_logged_model_state(&model.id, &model.status)
    }

    /// Records a new state of a logged model.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_logged_model_state(&mut self, id: &str, status: &str) -> Result<()> {
        self.insert(
            "logged_model_state",
            &[("id", &clock::new_id("ls")), ("logged_model_id", &id), ("status", &status)],
        )
    }

    /// Records a kept file.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_artifact(&mut self, path: &str, bytes: u64, content: &ContentDigest) -> Result<()> {
        self.insert(
            "artifact",
            &[
                ("id", &clock::new_id("af")),
                ("path", &path),
                ("bytes", &Count(bytes)),
                ("blake3", &content.blake3),
                ("sha256", &content.sha256),
            ],
        )
    }
}

const LOGGED_MODEL: &str =
    "SELECT m.id, m.experiment_id, m.run_id, m.name, m.kind, s.status, m.at FROM logged_model m \
     JOIN logged_model_state s ON s.logged_model_id = m.id \
     AND s.entry = (SELECT max(entry) FROM logged_model_state WHERE logged_model_id = m.id)";

fn logged_model_of(row: &Row<'_>) -> rusqlite::Result<LoggedModelRow> {
    Ok(LoggedModelRow {
        id: row.get(0)?,
        experiment_id: row.get(1)?,
        run_id: row.get(2)?,
        name: row.get(3)?,
        kind: row.get(4)?,
        status: row.get(5)?,
        created_at: row.get(6)?,
    })
}

const ARTIFACT: &str = "SELECT a.path, a.bytes, a.blake3, a.sha256 FROM artifact a WHERE NOT EXISTS \
                        (SELECT 1 FROM artifact n WHERE n.path = a.path AND n.rowid > a.rowid)";

fn artifact_of(row: &Row<'_>) -> rusqlite::Result<ArtifactRow> {
    Ok(ArtifactRow {
        path: row.get(0)?,
        bytes: row.get::<_, Count>(1)?.0,
        blake3: row.get(2)?,
        sha256: row.get(3)?,
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

    /// The newest file of a path.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn artifact(&self, path: &str) -> Result<Option<ArtifactRow>> {
        let sql = format!("{ARTIFACT} AND a.path = :path ORDER BY a.path");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":path": path}, artifact_of).optional()?)
    }

    /// The newest files below a folder, by path.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn artifacts(&self, folder: &str) -> Result<Vec<ArtifactRow>> {
        let sql = format!("{ARTIFACT} AND a.path >= :from AND a.path < :to ORDER BY a.path");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let (from, to) = (format!("{folder}/"), format!("{folder}0"));
        let rows = statement.query_map(named_params! {":from": from, ":to": to}, artifact_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
