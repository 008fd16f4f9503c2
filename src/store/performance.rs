//! Evaluations of labels: what they are made from, and what they recorded.

use super::reports::{NEWEST, VALID};
use super::{ReadTx, Result, WriteTx};
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;

/// A judged batch as an evaluation needs it.
#[derive(Clone, Debug)]
pub struct JudgedBatch {
    /// Id of the batch.
    pub id: String,
    /// Its name.
    pub name: String,
    /// End of its event period, or when it was received.
    pub ended_at: String,
    /// BLAKE3 of its file.
    pub blake3: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// Format of its file, as its word.
    pub format: String,
    /// Rows.
    pub rows: u64,
    /// Number within the version.
    pub number: u64,
    /// Id of its drift report.
    pub report_id: String,
    /// Digest of its drift report.
    pub report_sha256: String,
}

/// A delivery of labels as an evaluation needs it.
#[derive(Clone, Debug)]
pub struct LabelFile {
    /// Id of the delivery.
    pub id: String,
    /// BLAKE3 of the file.
    pub blake3: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Format of the file, as its word.
    pub format: String,
    /// Rows.
    pub rows: u64,
    /// Why it corrects earlier labels, if it does.
    pub corrects: Option<String>,
}

/// A recorded evaluation without its document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PerformanceRow {
    /// Id.
    pub id: String,
    /// Version.
    pub version_id: String,
    /// Number within the version, from 1.
    pub number: u64,
    /// SHA-256 of the canonical document.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// A recorded cohort to be written.
#[derive(Clone, Debug)]
pub struct CohortRow<'a> {
    /// Id.
    pub id: &'a str,
    /// Evaluation.
    pub performance_id: &'a str,
    /// Version.
    pub version_id: &'a str,
    /// Batch.
    pub batch_id: &'a str,
    /// Its drift report.
    pub report_id: &'a str,
    /// SHA-256 of the canonical document.
    pub sha256: &'a str,
    /// Canonical JSON.
    pub document: &'a str,
}

fn unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(index)?.unsigned_abs())
}

impl WriteTx<'_> {
    /// Records an evaluation.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_performance(
        &mut self,
        row: &PerformanceRow,
        policy_id: &str,
        document: &str,
    ) -> Result<()> {
        self.insert(
            "performance",
            &[
                ("id", &row.id),
                ("version_id", &row.version_id),
                ("policy_id", &policy_id),
                ("number", &i64::try_from(row.number).unwrap_or(i64::MAX)),
                ("sha256", &row.sha256),
                ("document", &document),
            ],
        )
    }

    /// Records a cohort.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_cohort(&mut self, row: &CohortRow<'_>) -> Result<()> {
        self.insert(
            "cohort",
            &[
                ("id", &row.id),
                ("performance_id", &row.performance_id),
                ("version_id", &row.version_id),
                ("batch_id", &row.batch_id),
                ("report_id", &row.report_id),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }
}

/// A batch that lacks labels.
#[derive(Clone, Debug, PartialEq)]
pub struct UnlabelledBatch {
    /// Id of its report.
    pub report_id: String,
    /// Its name.
    pub name: String,
    /// End of its event period; without one, when it was received. UTC.
    pub ended_at: String,
    /// When it was received, UTC.
    pub received_at: String,
    /// Its rows.
    pub rows: u64,
    /// Share of them that had a label when it was last evaluated; 0 where it never was.
    pub completeness: f64,
}

impl ReadTx<'_> {
    /// The judged batches of a version that are not invalid, oldest first, with their reports in force.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn judged_batches(&self, version_id: &str) -> Result<Vec<JudgedBatch>> {
        self.judged(version_id, &format!("{NEWEST} AND {VALID}"))
    }

    /// Every batch of a version that was ever judged, invalid or not, oldest first, with its newest report.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn ever_judged_batches(&self, version_id: &str) -> Result<Vec<JudgedBatch>> {
        self.judged(version_id, NEWEST)
    }

    fn judged(&self, version_id: &str, condition: &str) -> Result<Vec<JudgedBatch>> {
        let sql = format!(
            "SELECT b.id, b.name, coalesce(b.period_end, b.at), b.blake3, b.sha256, b.format, b.rows, \
             coalesce(r.position, r.number), r.id, r.sha256 FROM report r JOIN batch b ON b.id = r.batch_id \
             WHERE r.version_id = :version_id AND {condition} ORDER BY b.entry, b.id"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, |row| {
            Ok(JudgedBatch {
                id: row.get(0)?,
                name: row.get(1)?,
                ended_at: row.get(2)?,
                blake3: row.get(3)?,
                sha256: row.get(4)?,
                format: row.get(5)?,
                rows: unsigned(row, 6)?,
                number: unsigned(row, 7)?,
                report_id: row.get(8)?,
                report_sha256: row.get(9)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Of every judged batch of a version that labels were sent to, oldest first: the end of its event period, or when it was
    /// received; and when it was last evaluated, or received where it never was.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn last_looks(&self, version_id: &str) -> Result<Vec<(String, String)>> {
        let sql = format!(
            "SELECT coalesce(b.period_end, b.at), \
             coalesce((SELECT max(c.at) FROM cohort c WHERE c.batch_id = b.id), b.at) \
             FROM report r JOIN batch b ON b.id = r.batch_id WHERE r.version_id = :version_id AND {NEWEST} AND {VALID} \
             AND EXISTS (SELECT 1 FROM labels l WHERE l.version_id = :version_id) ORDER BY r.number"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The judged batches of a version whose newest evaluation found fewer than `completeness_min` of its rows labelled, or that
    /// were never evaluated, oldest first; without those that an alert told of already.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn unlabelled(
        &self,
        version_id: &str,
        completeness_min: f64,
    ) -> Result<Vec<UnlabelledBatch>> {
        let sql = format!(
            "SELECT r.id, b.name, coalesce(b.period_end, b.at), b.at, b.rows, coalesce((SELECT \
             json_extract(c.document, '$.completeness') FROM cohort c WHERE c.batch_id = b.id \
             ORDER BY c.entry DESC, c.id DESC LIMIT 1), 0.0) AS found \
             FROM report r JOIN batch b ON b.id = r.batch_id WHERE r.version_id = :version_id AND {NEWEST} AND {VALID} \
             AND found < :completeness_min AND NOT EXISTS (SELECT 1 FROM episode_batch m \
             JOIN episode e ON e.id = m.episode_id WHERE m.report_id = r.id AND e.kind = 'missing_labels') \
             ORDER BY r.number"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let parameters =
            named_params! {":version_id": version_id, ":completeness_min": completeness_min};
        let rows = statement.query_map(parameters, |row| {
            Ok(UnlabelledBatch {
                report_id: row.get(0)?,
                name: row.get(1)?,
                ended_at: row.get(2)?,
                received_at: row.get(3)?,
                rows: unsigned(row, 4)?,
                completeness: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The label deliveries of a version, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn label_files(&self, version_id: &str) -> Result<Vec<LabelFile>> {
        let sql = "SELECT id, blake3, sha256, format, rows, corrects FROM labels \
                   WHERE version_id = :version_id ORDER BY entry, id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, |row| {
            Ok(LabelFile {
                id: row.get(0)?,
                blake3: row.get(1)?,
                sha256: row.get(2)?,
                format: row.get(3)?,
                rows: unsigned(row, 4)?,
                corrects: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The ledger entries of the evaluations that looked at a batch, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn cohort_entries(&self, batch_id: &str) -> Result<Vec<u64>> {
        let sql = "SELECT entry FROM cohort WHERE batch_id = :batch_id ORDER BY entry";
        let mut statement = self.connection().prepare_cached(sql)?;
        let entries =
            statement.query_map(named_params! {":batch_id": batch_id}, |row| unsigned(row, 0))?;
        Ok(entries.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest evaluation of a version, with its canonical document.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn last_performance(&self, version_id: &str) -> Result<Option<(PerformanceRow, String)>> {
        let sql = "SELECT id, version_id, number, sha256, at, entry, document FROM performance \
                   WHERE version_id = :version_id ORDER BY number DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row(named_params! {":version_id": version_id}, |row| {
            let found = PerformanceRow {
                id: row.get(0)?,
                version_id: row.get(1)?,
                number: unsigned(row, 2)?,
                sha256: row.get(3)?,
                at: row.get(4)?,
                entry: unsigned(row, 5)?,
            };
            Ok((found, row.get(6)?))
        });
        Ok(found.optional()?)
    }

    /// The canonical documents of the evaluations of a version, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn performance_documents(&self, version_id: &str) -> Result<Vec<String>> {
        let sql = "SELECT document FROM performance WHERE version_id = :version_id ORDER BY number";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, |r| r.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest cohort record of a batch: its canonical document, and the document of the evaluation it is of.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn last_cohort(&self, batch_id: &str) -> Result<Option<(String, String)>> {
        let sql = "SELECT c.document, p.document FROM cohort c JOIN performance p ON p.id = c.performance_id \
                   WHERE c.batch_id = :batch_id ORDER BY c.entry DESC, c.id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement
            .query_row(named_params! {":batch_id": batch_id}, |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found.optional()?)
    }

    /// The newest cohort record of each of the newest `limit` batches of a version that have one, in the order of the batches.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn newest_cohorts(&self, version_id: &str, limit: u64) -> Result<Vec<String>> {
        let sql = format!(
            "SELECT c.document FROM cohort c JOIN batch b ON b.id = c.batch_id JOIN report r ON r.id = c.report_id \
             WHERE c.version_id = :version_id AND {VALID} \
             AND c.entry = (SELECT max(entry) FROM cohort n WHERE n.batch_id = c.batch_id) \
             ORDER BY b.entry DESC, b.id DESC LIMIT :limit"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let parameters = named_params! {":version_id": version_id, ":limit": limit};
        let rows = statement.query_map(parameters, |row| row.get(0))?;
        let mut rows = rows.collect::<rusqlite::Result<Vec<String>>>()?;
        rows.reverse();
        Ok(rows)
    }

    /// Whether an alert about the error rate of a version waits for its decision.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn is_performance_alert_open(&self, version_id: &str) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM episode e WHERE e.version_id = :version_id AND e.kind = 'performance' \
                   AND NOT EXISTS (SELECT 1 FROM decision d JOIN signature s ON s.decision_id = d.id \
                   WHERE d.episode_id = e.id))";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":version_id": version_id}, |row| row.get(0))?)
    }
}
