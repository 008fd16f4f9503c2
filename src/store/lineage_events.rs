//! Lineage that other tools reported: their events, and the datasets these name.

use super::{ReadTx, Result, WriteTx};
use crate::provenance::openlineage::{EventDataset, LineageEvent};
use rusqlite::{OptionalExtension, Row, named_params};

/// A dataset by the names another tool gave it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedDataset {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// What is known of a process that read or wrote datasets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessRow {
    /// Name of its job.
    pub job: String,
    /// The state it was in last, if it is a run.
    pub state: Option<String>,
}

impl WriteTx<'_> {
    /// Records an event of id `id`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_lineage_event(
        &mut self,
        id: &str,
        account_id: &str,
        (event, sha256): (&LineageEvent, &str),
    ) -> Result<()> {
        let (namespace, name) = event.job.clone().unzip();
        self.insert(
            "lineage_event",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("kind", &event.kind),
                ("state", &event.state),
                ("event_time", &event.time),
                ("process_id", &event.process),
                ("job_namespace", &namespace),
                ("job_name", &name),
                ("sha256", &sha256),
                ("document", &event.document),
            ],
        )
    }

    /// Records a dataset that the event `event_id` of `process` names.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_lineage_dataset(
        &mut self,
        id: &str,
        (event_id, process): (&str, Option<&str>),
        dataset: &EventDataset,
    ) -> Result<()> {
        self.insert(
            "lineage_dataset",
            &[
                ("id", &id),
                ("event_id", &event_id),
                ("process_id", &process),
                ("direction", &dataset.direction.word()),
                ("namespace", &dataset.namespace),
                ("name", &dataset.name),
                ("version", &dataset.version),
                ("tdh1", &dataset.digests.tdh1),
                ("sha256", &dataset.digests.sha256),
                ("blake3", &dataset.digests.blake3),
            ],
        )
    }
}

fn named(row: &Row<'_>) -> rusqlite::Result<NamedDataset> {
    Ok(NamedDataset { namespace: row.get(0)?, name: row.get(1)? })
}

impl ReadTx<'_> {
    /// The ledger entry of the event whose document has this digest.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn lineage_event_entry(&self, sha256: &str) -> Result<Option<u64>> {
        let sql = "SELECT entry FROM lineage_event WHERE sha256 = :sha256 ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row(named_params! {":sha256": sha256}, |row| {
            Ok(row.get::<_, i64>(0)?.unsigned_abs())
        });
        Ok(found.optional()?)
    }

    /// The document of the event whose document has this digest, byte for byte as it was sent.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn lineage_event_document(&self, sha256: &str) -> Result<Option<String>> {
        let sql = "SELECT document FROM lineage_event WHERE sha256 = :sha256 ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":sha256": sha256}, |row| row.get(0)).optional()?)
    }

    /// The names under which events state one of these digests, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn lineage_names(
        &self,
        (tdh1, sha256, blake3): (&str, &str, &str),
        limit: u64,
    ) -> Result<Vec<NamedDataset>> {
        let sql = "SELECT namespace, name FROM lineage_dataset WHERE tdh1 = :tdh1 \
                   UNION SELECT namespace, name FROM lineage_dataset WHERE sha256 = :sha256 \
                   UNION SELECT namespace, name FROM lineage_dataset WHERE blake3 = :blake3 \
                   ORDER BY namespace, name LIMIT :limit";
        let mut statement = self.connection().prepare_cached(sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(
            named_params! {":tdh1": tdh1, ":sha256": sha256, ":blake3": blake3, ":limit": limit},
            named,
        )?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The processes that read or wrote `dataset`, each with the direction, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn lineage_processes(
        &self,
        dataset: &NamedDataset,
        limit: u64,
    ) -> Result<Vec<(String, String)>> {
        let sql = "SELECT DISTINCT process_id, direction FROM lineage_dataset \
                   WHERE namespace = :namespace AND name = :name AND process_id IS NOT NULL \
                   ORDER BY process_id, direction LIMIT :limit";
        let mut statement = self.connection().prepare_cached(sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(
            named_params! {":namespace": dataset.namespace, ":name": dataset.name, ":limit": limit},
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The datasets that a process read or wrote, each with the direction, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn lineage_datasets(
        &self,
        process: &str,
        limit: u64,
    ) -> Result<Vec<(NamedDataset, String)>> {
        let sql = "SELECT DISTINCT namespace, name, direction FROM lineage_dataset WHERE process_id = :process_id \
                   ORDER BY direction, namespace, name LIMIT :limit";
        let mut statement = self.connection().prepare_cached(sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement
            .query_map(named_params! {":process_id": process, ":limit": limit}, |row| {
                Ok((named(row)?, row.get(2)?))
            })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What is known of a process.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn lineage_process(&self, process: &str) -> Result<Option<ProcessRow>> {
        let sql = "SELECT job_name, state FROM lineage_event WHERE process_id = :process_id \
                   ORDER BY entry DESC, rowid DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row(named_params! {":process_id": process}, |row| {
            let job: Option<String> = row.get(0)?;
            Ok(ProcessRow { job: job.unwrap_or_default(), state: row.get(1)? })
        });
        Ok(found.optional()?)
    }
}
