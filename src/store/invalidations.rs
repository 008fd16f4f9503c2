//! Batches and test runs that count for nothing any more, and which drift alerts still stand on a report in force.

use super::count::Count;
use super::reports::{NEWEST, VALID};
use super::{ReadTx, Result, WriteTx};
use crate::drift::episode::{EpisodeOpening, OpenEpisode};
use crate::review::batch_invalidation::{counts_for_nothing, invalid_since};
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;

/// That a batch or a test run was marked invalid: by a signed decision, for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Invalidated {
    /// Id of the invalidation.
    pub id: String,
    /// User name of who decided and signed.
    pub by: String,
    /// When, UTC.
    pub at: String,
    /// Why.
    pub reason: String,
    /// Ledger entry.
    pub entry: u64,
}

impl Invalidated {
    /// From five columns of `row`, the first one at `at`; nothing where they hold nothing.
    pub(super) fn of(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Self>> {
        let Some(id) = row.get(at)? else { return Ok(None) };
        Ok(Some(Self {
            id,
            by: row.get(at + 1)?,
            at: row.get(at + 2)?,
            reason: row.get(at + 3)?,
            entry: row.get::<_, Count>(at + 4)?.0,
        }))
    }

    /// What every printed document says of `what` is invalid: a batch, or a test run.
    pub fn printed(&self, what: &str) -> String {
        counts_for_nothing(what, &self.sentence(), (&self.id, self.entry))
    }

    /// The same words on every page and in every export.
    pub fn sentence(&self) -> String {
        invalid_since(&self.at, &self.by, &self.reason)
    }
}

/// What is marked as invalid.
#[derive(Clone, Copy, Debug)]
pub enum Invalid<'a> {
    /// The batch of that id.
    Batch(&'a str),
    /// The test run of that id.
    TestRun(&'a str),
}

/// A stored invalidation to be written.
#[derive(Clone, Copy, Debug)]
pub struct InvalidationRow<'a> {
    /// Id.
    pub id: &'a str,
    /// Version.
    pub version_id: &'a str,
    /// What is invalid.
    pub of: Invalid<'a>,
    /// Account of who decided.
    pub account_id: &'a str,
    /// Why.
    pub reason: &'a str,
    /// SHA-256 of the canonical document.
    pub sha256: &'a str,
    /// Canonical JSON.
    pub document: &'a str,
}

/// A drift alert whose opening stands, with the batch that opened it.
#[derive(Clone, Debug)]
pub struct StandingEpisode {
    /// Id and series.
    pub episode: OpenEpisode,
    /// Batch that opened it.
    pub batch_id: String,
    /// Ledger entry of that batch.
    pub batch_entry: u64,
    /// Ledger entry of the first signed decision on it.
    pub decided: Option<u64>,
}

/// An alert `e` stands where a report in force of the batch that opened it belongs to it; one that no report opened stands by itself.
const STANDS: &str = "(e.report_id IS NULL OR EXISTS (SELECT 1 FROM report o JOIN report r ON r.batch_id = o.batch_id \
                      JOIN episode_batch m ON m.report_id = r.id AND m.episode_id = e.id WHERE o.id = e.report_id";

impl WriteTx<'_> {
    /// Records that a batch or a test run is invalid.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_invalidation(&mut self, row: &InvalidationRow<'_>) -> Result<()> {
        let (table, column, of) = match row.of {
            Invalid::Batch(id) => ("batch_invalidation", "batch_id", id),
            Invalid::TestRun(id) => ("test_run_invalidation", "test_run_id", id),
        };
        self.insert(
            table,
            &[
                ("id", &row.id),
                ("version_id", &row.version_id),
                (column, &of),
                ("account_id", &row.account_id),
                ("reason", &row.reason),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// The name of the batch that an invalidation is about, and the decision.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn invalidation(&self, id: &str) -> Result<Option<(String, Invalidated)>> {
        let sql = "SELECT b.name, i.id, a.user_name, i.at, i.reason, i.entry FROM batch_invalidation i \
                   JOIN batch b ON b.id = i.batch_id JOIN account a ON a.id = i.account_id WHERE i.id = :id ORDER BY i.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row(named_params! {":id": id}, |row| {
            Ok((row.get::<_, String>(0)?, Invalidated::of(row, 1)?))
        });
        let found = found.optional()?;
        Ok(found.and_then(|(batch, invalidated)| Some((batch, invalidated?))))
    }

    /// The invalid batches of a version, in the order in which they were marked: id and ledger entry of the decision.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn invalid_batches(&self, version_id: &str) -> Result<Vec<(String, u64)>> {
        let sql = "SELECT batch_id, entry FROM batch_invalidation WHERE version_id = :version_id ORDER BY entry, id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, |row| {
            Ok((row.get(0)?, row.get::<_, Count>(1)?.0))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Rows that a report left out because their ids came before.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn repeated_rows(&self, report_id: &str) -> Result<u64> {
        let sql = "SELECT coalesce(json_extract(document, '$.row_ids.repeated'), 0) FROM report WHERE id = :id ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":id": report_id};
        Ok(statement.query_row(named, |row| row.get::<_, Count>(0))?.0)
    }

    /// Whether an alert stands: a report in force of the batch that opened it belongs to it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn stands(&self, episode_id: &str) -> Result<bool> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM episode e WHERE e.id = :id AND {STANDS} AND {NEWEST} AND {VALID})))"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": episode_id}, |row| row.get(0))?)
    }

    /// The drift alerts of a version that stand, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn standing_drift_episodes(&self, version_id: &str) -> Result<Vec<StandingEpisode>> {
        let sql = format!(
            "SELECT e.id, e.opening, b.id, b.entry, (SELECT min(s.entry) FROM decision d \
             JOIN signature s ON s.decision_id = d.id WHERE d.episode_id = e.id) \
             FROM episode e JOIN report q ON q.id = e.report_id JOIN batch b ON b.id = q.batch_id \
             WHERE e.version_id = :version_id AND e.kind = 'drift' AND {STANDS} AND {NEWEST} AND {VALID})) \
             ORDER BY e.entry, e.id"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, |row| {
            let opening: String = row.get(1)?;
            let opening: EpisodeOpening = serde_json::from_str(&opening).map_err(|e| {
                rusqlite::Error::FromSqlConversionFailure(
                    1,
                    rusqlite::types::Type::Text,
                    Box::new(e),
                )
            })?;
            Ok(StandingEpisode {
                episode: OpenEpisode { id: row.get(0)?, series: opening.series },
                batch_id: row.get(2)?,
                batch_entry: row.get::<_, Count>(3)?.0,
                decided: row.get::<_, Option<Count>>(4)?.map(|entry| entry.0),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
