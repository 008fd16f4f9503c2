//! Batches, their reports, labels and the quarantine.

use super::{ReadTx, Result, WriteTx};
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;

/// A delivered batch or quarantined file: name, period, content.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct BatchRow {
    /// Id.
    pub id: String,
    /// Version it was sent to.
    pub version_id: String,
    /// Name.
    pub name: String,
    /// Start of the event period, UTC, included.
    pub period_start: Option<String>,
    /// End of the event period, UTC, not included.
    pub period_end: Option<String>,
    /// File format.
    pub format: String,
    /// Rows.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// BLAKE3 of the file: its name in the object store.
    pub blake3: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// BLAKE3 of the stored digests of its row ids; absent where the schema has no id column.
    pub row_ids: Option<String>,
    /// Fingerprint of the configuration that produced it, as its sender stated; absent where nothing was stated.
    pub configuration: Option<String>,
    /// When it was recorded, UTC.
    pub received_at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// A stored report without its document.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReportRow {
    /// Id.
    pub id: String,
    /// Version judged.
    pub version_id: String,
    /// Batch judged.
    pub batch_id: String,
    /// Name of the batch.
    pub batch: String,
    /// Rows of the batch.
    pub rows: u64,
    /// End of the event period.
    pub period_end: Option<String>,
    /// Number of the batch within the version, from 1.
    pub number: u64,
    /// Worst verdict.
    pub verdict: String,
    /// Monitor state.
    pub state: String,
    /// max(0, ln M) / ln N.
    pub meter: f64,
    /// Where the version stood when the batch was judged; absent in reports of before states were kept.
    pub version_state: Option<String>,
    /// SHA-256 of the canonical report.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// A file that was not taken.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct QuarantineRow {
    /// Id.
    pub id: String,
    /// Name given to the batch.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// What does not fit.
    pub reasons: Vec<String>,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// A delivery of labels.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LabelsRow {
    /// Id.
    pub id: String,
    /// Rows.
    pub rows: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

fn unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(index)?.unsigned_abs())
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl WriteTx<'_> {
    /// Records a batch.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_batch(&mut self, batch: &BatchRow) -> Result<()> {
        self.insert(
            "batch",
            &[
                ("id", &batch.id),
                ("version_id", &batch.version_id),
                ("name", &batch.name),
                ("period_start", &batch.period_start),
                ("period_end", &batch.period_end),
                ("format", &batch.format),
                ("rows", &signed(batch.rows)),
                ("bytes", &signed(batch.bytes)),
                ("blake3", &batch.blake3),
                ("sha256", &batch.sha256),
                ("row_ids", &batch.row_ids),
                ("configuration", &batch.configuration),
            ],
        )
    }

    /// Records a report with its canonical document.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_report(
        &mut self,
        report: &ReportRow,
        monitor_id: &str,
        document: &str,
    ) -> Result<()> {
        self.insert(
            "report",
            &[
                ("id", &report.id),
                ("version_id", &report.version_id),
                ("batch_id", &report.batch_id),
                ("monitor_id", &monitor_id),
                ("number", &signed(report.number)),
                ("verdict", &report.verdict),
                ("state", &report.state),
                ("meter", &report.meter),
                ("version_state", &report.version_state),
                ("sha256", &report.sha256),
                ("document", &document),
            ],
        )
    }

    /// Records a file that was not taken, with its reasons.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_quarantine(&mut self, batch: &BatchRow, reasons: &[String]) -> Result<()> {
        let reasons = serde_json::json!(reasons).to_string();
        self.insert(
            "quarantine",
            &[
                ("id", &batch.id),
                ("version_id", &batch.version_id),
                ("name", &batch.name),
                ("format", &batch.format),
                ("bytes", &signed(batch.bytes)),
                ("blake3", &batch.blake3),
                ("sha256", &batch.sha256),
                ("reasons", &reasons),
            ],
        )
    }

    /// Records a delivery of labels, and why it corrects earlier ones, if it says so.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_labels(&mut self, labels: &BatchRow, corrects: Option<&str>) -> Result<()> {
        self.insert(
            "labels",
            &[
                ("id", &labels.id),
                ("version_id", &labels.version_id),
                ("format", &labels.format),
                ("rows", &signed(labels.rows)),
                ("bytes", &signed(labels.bytes)),
                ("blake3", &labels.blake3),
                ("sha256", &labels.sha256),
                ("corrects", &corrects),
            ],
        )
    }
}

const BATCH: &str = "SELECT id, version_id, name, period_start, period_end, format, rows, bytes, blake3, sha256, \
                     row_ids, configuration, at, entry FROM batch";

fn batch_of(row: &Row<'_>) -> rusqlite::Result<BatchRow> {
    Ok(BatchRow {
        id: row.get(0)?,
        version_id: row.get(1)?,
        name: row.get(2)?,
        period_start: row.get(3)?,
        period_end: row.get(4)?,
        format: row.get(5)?,
        rows: unsigned(row, 6)?,
        bytes: unsigned(row, 7)?,
        blake3: row.get(8)?,
        sha256: row.get(9)?,
        row_ids: row.get(10)?,
        configuration: row.get(11)?,
        received_at: row.get(12)?,
        entry: unsigned(row, 13)?,
    })
}

const REPORT: &str = "SELECT r.id, r.version_id, r.batch_id, b.name, b.rows, b.period_end, r.number, r.verdict, \
                      r.state, r.meter, r.version_state, r.sha256, r.at, r.entry \
                      FROM report r JOIN batch b ON b.id = r.batch_id";

fn report_of(row: &Row<'_>) -> rusqlite::Result<ReportRow> {
    Ok(ReportRow {
        id: row.get(0)?,
        version_id: row.get(1)?,
        batch_id: row.get(2)?,
        batch: row.get(3)?,
        rows: unsigned(row, 4)?,
        period_end: row.get(5)?,
        number: unsigned(row, 6)?,
        verdict: row.get(7)?,
        state: row.get(8)?,
        meter: row.get(9)?,
        version_state: row.get(10)?,
        sha256: row.get(11)?,
        at: row.get(12)?,
        entry: unsigned(row, 13)?,
    })
}

impl ReadTx<'_> {
    /// The batch of a version with that content.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn batch_by_content(&self, version_id: &str, sha256: &str) -> Result<Option<BatchRow>> {
        let sql =
            format!("{BATCH} WHERE version_id = :version_id AND sha256 = :sha256 ORDER BY id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let parameters = named_params! {":version_id": version_id, ":sha256": sha256};
        Ok(statement.query_row(parameters, batch_of).optional()?)
    }

    /// The batch of a version with that name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn batch_by_name(&self, version_id: &str, name: &str) -> Result<Option<BatchRow>> {
        let sql = format!("{BATCH} WHERE version_id = :version_id AND name = :name ORDER BY id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let parameters = named_params! {":version_id": version_id, ":name": name};
        Ok(statement.query_row(parameters, batch_of).optional()?)
    }

    /// The stored row ids of the batches of a version, oldest first: BLAKE3 of each object.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn row_ids(&self, version_id: &str) -> Result<Vec<String>> {
        let sql = "SELECT row_ids FROM batch WHERE version_id = :version_id AND row_ids IS NOT NULL \
                   ORDER BY entry, id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, |r| r.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// A page of the batches of a version, newest first: those recorded before ledger entry `before`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn batches(
        &self,
        version_id: &str,
        before: Option<u64>,
        limit: u64,
    ) -> Result<Vec<BatchRow>> {
        let sql = format!(
            "{BATCH} WHERE version_id = :version_id AND entry < :before ORDER BY entry DESC, id DESC LIMIT :limit"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let before = before.map_or(i64::MAX, signed);
        let parameters =
            named_params! {":version_id": version_id, ":before": before, ":limit": signed(limit)};
        let rows = statement.query_map(parameters, batch_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest report of a batch, with its canonical document.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn report_of_batch(&self, batch_id: &str) -> Result<Option<ReportRow>> {
        let sql = format!(
            "{REPORT} WHERE r.batch_id = :batch_id ORDER BY r.entry DESC, r.id DESC LIMIT 1"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":batch_id": batch_id}, report_of).optional()?)
    }

    /// One report by id.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn report(&self, id: &str) -> Result<Option<ReportRow>> {
        let sql = format!("{REPORT} WHERE r.id = :id ORDER BY r.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, report_of).optional()?)
    }

    /// The canonical document of a report.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn report_document(&self, id: &str) -> Result<Option<String>> {
        let sql = "SELECT document FROM report WHERE id = :id ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":id": id}, |row| row.get(0)).optional()?)
    }

    /// The last `limit` reports of a version, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn reports(&self, version_id: &str, limit: u64) -> Result<Vec<ReportRow>> {
        let sql = format!(
            "{REPORT} WHERE r.version_id = :version_id ORDER BY r.number DESC LIMIT :limit"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let parameters = named_params! {":version_id": version_id, ":limit": signed(limit)};
        let rows = statement.query_map(parameters, report_of)?;
        let mut rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        rows.reverse();
        Ok(rows)
    }

    /// The quarantined files of a version, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn quarantined(&self, version_id: &str, limit: u64) -> Result<Vec<QuarantineRow>> {
        let sql = "SELECT id, name, sha256, bytes, reasons, at, entry FROM quarantine \
                   WHERE version_id = :version_id ORDER BY entry DESC, id DESC LIMIT :limit";
        let mut statement = self.connection().prepare_cached(sql)?;
        let parameters = named_params! {":version_id": version_id, ":limit": signed(limit)};
        let rows = statement.query_map(parameters, |row| {
            let reasons: String = row.get(4)?;
            Ok(QuarantineRow {
                id: row.get(0)?,
                name: row.get(1)?,
                sha256: row.get(2)?,
                bytes: unsigned(row, 3)?,
                reasons: serde_json::from_str(&reasons).unwrap_or_default(),
                at: row.get(5)?,
                entry: unsigned(row, 6)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The label deliveries of a version, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn labels(&self, version_id: &str, limit: u64) -> Result<Vec<LabelsRow>> {
        let sql = "SELECT id, rows, sha256, at, entry FROM labels WHERE version_id = :version_id \
                   ORDER BY entry DESC, id DESC LIMIT :limit";
        let mut statement = self.connection().prepare_cached(sql)?;
        let parameters = named_params! {":version_id": version_id, ":limit": signed(limit)};
        let rows = statement.query_map(parameters, |row| {
            Ok(LabelsRow {
                id: row.get(0)?,
                rows: unsigned(row, 1)?,
                sha256: row.get(2)?,
                at: row.get(3)?,
                entry: unsigned(row, 4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
