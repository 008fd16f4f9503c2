//! Runs: what training code reports while it works.

use super::count::Count;
use super::{ReadTx, Result, WriteTx};
use crate::clock;
use crate::provenance::run::{Metric, NamedValue, RunDataset};
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;

/// A run with its newest state.
#[derive(Clone, Debug, Serialize)]
pub struct RunRow {
    /// Id.
    pub id: String,
    /// Its experiment.
    pub experiment_id: String,
    /// Name.
    pub name: String,
    /// The user name that the training code gave.
    pub user_name: String,
    /// When it began, by the client's clock, in ms since 1970.
    pub started_ms: i64,
    /// `RUNNING`, `SCHEDULED`, `FINISHED`, `FAILED` or `KILLED`.
    pub status: String,
    /// When it ended, by the client's clock, in ms since 1970.
    pub ended_ms: Option<i64>,
    /// Whether it was deleted; what it reported stays.
    pub deleted: bool,
    /// SHA-256 over parameters, metrics and datasets when it ended.
    pub content_sha256: Option<String>,
    /// Ledger entry of its beginning.
    pub entry: u64,
}

/// The parts of a run's state that change.
#[derive(Clone, Copy, Debug)]
pub struct RunState<'a> {
    /// Name.
    pub name: &'a str,
    /// Status.
    pub status: &'a str,
    /// End, in ms since 1970.
    pub ended_ms: Option<i64>,
    /// Whether it is deleted.
    pub deleted: bool,
    /// SHA-256 of what it reported, when it ended.
    pub content_sha256: Option<&'a str>,
}

impl<'a> RunState<'a> {
    /// The state that `run` is in.
    pub fn of(run: &'a RunRow) -> Self {
        Self {
            name: &run.name,
            status: &run.status,
            ended_ms: run.ended_ms,
            deleted: run.deleted,
            content_sha256: run.content_sha256.as_deref(),
        }
    }
}

impl WriteTx<'_> {
    /// Records that a run began.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_run(&mut self, run: &RunRow, account_id: &str) -> Result<()> {
        self.insert(
            "run",
            &[
                ("id", &run.id),
                ("experiment_id", &run.experiment_id),
                ("account_id", &account_id),
                ("user_name", &run.user_name),
                ("started_ms", &run.started_ms),
            ],
        )
    }

    /// Records a new state of a run.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_run_state(&mut self, run_id: &str, state: &RunState<'_>) -> Result<()> {
        self.insert(
            "run_state",
            &[
                ("id", &clock::new_id("rs")),
                ("run_id", &run_id),
                ("name", &state.name),
                ("status", &state.status),
                ("ended_ms", &state.ended_ms),
                ("deleted", &i64::from(state.deleted)),
                ("content_sha256", &state.content_sha256),
            ],
        )
    }

    /// Records a parameter of a run or a logged model.
    ///
    /// # Errors
    ///
    /// [`super::Error::AlreadyExists`], those of the database.
    pub fn insert_param(&mut self, owner_id: &str, param: &NamedValue) -> Result<()> {
        self.insert(
            "run_param",
            &[
                ("id", &clock::new_id("rp")),
                ("owner_id", &owner_id),
                ("name", &param.key),
                ("value", &param.value),
            ],
        )
    }

    /// Records one value of a metric.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_metric(&mut self, run_id: &str, metric: &Metric) -> Result<()> {
        self.insert(
            "run_metric",
            &[
                ("id", &clock::new_id("me")),
                ("run_id", &run_id),
                ("name", &metric.key),
                ("value", &metric.value),
                ("step", &metric.step),
                ("timestamp_ms", &metric.timestamp),
                ("logged_model_id", &metric.model_id),
                ("dataset_name", &metric.dataset_name),
                ("dataset_digest", &metric.dataset_digest),
            ],
        )
    }

    /// Records a dataset that a run used.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_run_dataset(&mut self, run_id: &str, dataset: &RunDataset) -> Result<()> {
        self.insert(
            "run_dataset",
            &[
                ("id", &clock::new_id("rd")),
                ("run_id", &run_id),
                ("name", &dataset.name),
                ("digest", &dataset.digest),
                ("source_type", &dataset.source_type),
                ("source", &dataset.source),
                ("schema", &dataset.schema),
                ("profile", &dataset.profile),
                ("tags", &dataset.tags),
            ],
        )
    }
}

const RUN: &str = "SELECT r.id, r.experiment_id, s.name, r.user_name, r.started_ms, s.status, s.ended_ms, s.deleted, \
                   s.content_sha256, r.entry FROM run r JOIN run_state s ON s.run_id = r.id \
                   AND s.entry = (SELECT max(entry) FROM run_state WHERE run_id = r.id)";

fn run_of(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: row.get(0)?,
        experiment_id: row.get(1)?,
        name: row.get(2)?,
        user_name: row.get(3)?,
        started_ms: row.get(4)?,
        status: row.get(5)?,
        ended_ms: row.get(6)?,
        deleted: row.get::<_, i64>(7)? != 0,
        content_sha256: row.get(8)?,
        entry: row.get::<_, i64>(9)?.unsigned_abs(),
    })
}

const METRIC: &str = "SELECT name, value, step, timestamp_ms, logged_model_id, dataset_name, dataset_digest FROM run_metric";

fn metric_of(row: &Row<'_>) -> rusqlite::Result<Metric> {
    Ok(Metric {
        key: row.get(0)?,
        value: row.get(1)?,
        step: row.get(2)?,
        timestamp: row.get(3)?,
        model_id: row.get(4)?,
        dataset_name: row.get(5)?,
        dataset_digest: row.get(6)?,
    })
}

impl ReadTx<'_> {
    /// One run.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn run(&self, id: &str) -> Result<Option<RunRow>> {
        let mut statement =
            self.connection().prepare_cached(&format!("{RUN} WHERE r.id = :id ORDER BY r.id"))?;
        Ok(statement.query_row(named_params! {":id": id}, run_of).optional()?)
    }

    /// The runs of an experiment, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn runs(&self, experiment_id: &str) -> Result<Vec<RunRow>> {
        let sql = format!("{RUN} WHERE r.experiment_id = :id ORDER BY r.entry DESC, r.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":id": experiment_id}, run_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The parameters of a run or a logged model, by name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn params(&self, owner_id: &str) -> Result<Vec<NamedValue>> {
        let sql = "SELECT name, value FROM run_param WHERE owner_id = :id ORDER BY name, id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":id": owner_id}, |row| {
            Ok(NamedValue { key: row.get(0)?, value: row.get(1)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Every value of every metric of a run, in the order of arrival.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn metrics(&self, run_id: &str) -> Result<Vec<Metric>> {
        let sql = format!("{METRIC} WHERE run_id = :id ORDER BY entry, rowid");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":id": run_id}, metric_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The values of one metric of a run in the order of arrival, after the first `skip`, at most `most`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn metric_history(
        &self,
        run_id: &str,
        name: &str,
        (skip, most): (u64, u64),
    ) -> Result<Vec<Metric>> {
        let sql = format!(
            "{METRIC} WHERE run_id = :id AND name = :name ORDER BY entry, rowid LIMIT :most OFFSET :skip"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let parameters = named_params! {":id": run_id, ":name": name, ":most": Count(most), ":skip": Count(skip)};
        let rows = statement.query_map(parameters, metric_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest value of every metric of a run: the one of the largest step, then time, then arrival.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn newest_metrics(&self, run_id: &str) -> Result<Vec<Metric>> {
        // One step of the index a name, however many values a name has.
        let sql = "WITH RECURSIVE names(n) AS (SELECT min(name) FROM run_metric WHERE run_id = :id UNION ALL \
                   SELECT (SELECT min(name) FROM run_metric WHERE run_id = :id AND name > n) FROM names WHERE n IS NOT NULL) \
                   SELECT m.name, m.value, m.step, m.timestamp_ms, m.logged_model_id, m.dataset_name, m.dataset_digest \
                   FROM names JOIN run_metric m ON m.rowid = (SELECT rowid FROM run_metric WHERE run_id = :id AND name = n \
                   ORDER BY step DESC, timestamp_ms DESC, rowid DESC LIMIT 1) WHERE n IS NOT NULL ORDER BY m.name";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":id": run_id}, metric_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether a run reported exactly this value before.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn has_metric(&self, run_id: &str, metric: &Metric) -> Result<bool> {
        let sql = format!(
            "{METRIC} WHERE run_id = :id AND name = :name AND step = :step AND timestamp_ms = :timestamp ORDER BY rowid"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let parameters = named_params! {
            ":id": run_id, ":name": metric.key, ":step": metric.step, ":timestamp": metric.timestamp
        };
        for found in statement.query_map(parameters, metric_of)? {
            if found? == *metric {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The values of metrics that are about a logged model, in the order of arrival.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn metrics_of_model(&self, logged_model_id: &str) -> Result<Vec<(String, Metric)>> {
        let sql = "SELECT name, value, step, timestamp_ms, logged_model_id, dataset_name, dataset_digest, run_id \
                   FROM run_metric WHERE logged_model_id = :id ORDER BY entry, rowid";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":id": logged_model_id}, |row| {
            Ok((row.get(7)?, metric_of(row)?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The datasets that a run used, in the order of arrival.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn run_datasets(&self, run_id: &str) -> Result<Vec<RunDataset>> {
        let sql = "SELECT name, digest, source_type, source, schema, profile, tags FROM run_dataset \
                   WHERE run_id = :id ORDER BY entry, rowid";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":id": run_id}, |row| {
            Ok(RunDataset {
                name: row.get(0)?,
                digest: row.get(1)?,
                source_type: row.get(2)?,
                source: row.get(3)?,
                schema: row.get(4)?,
                profile: row.get(5)?,
                tags: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
