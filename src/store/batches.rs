//! Batches, labels and the quarantine.

use super::invalidations::Invalidated;
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
    /// Id of the invalid batch that it corrects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrects: Option<String>,
    /// Why, as its sender stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction_reason: Option<String>,
    /// Id of the batch that corrects it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected_by: Option<String>,
    /// The batch counts for nothing any more: by whose decision, since when, why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalidated: Option<Invalidated>,
    /// When it was recorded, UTC.
    pub received_at: String,
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
                ("corrects", &batch.corrects),
                ("correction_reason", &batch.correction_reason),
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

const BATCH: &str = "SELECT b.id, b.version_id, b.name, b.period_start, b.period_end, b.format, b.rows, b.bytes, b.blake3, b.sha256, \
                     b.row_ids, b.configuration, b.at, b.entry, b.corrects, b.correction_reason, c.id, i.id, a.user_name, i.at, \
                     i.reason, i.entry FROM batch b LEFT JOIN batch c ON c.corrects = b.id \
                     LEFT JOIN batch_invalidation i ON i.batch_id = b.id LEFT JOIN account a ON a.id = i.account_id";

/// Valid batches before invalid ones, of these the newest.
const VALID_FIRST: &str = "ORDER BY i.id IS NOT NULL, b.entry DESC, b.id DESC LIMIT 1";

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
        corrects: row.get(14)?,
        correction_reason: row.get(15)?,
        corrected_by: row.get(16)?,
        invalidated: Invalidated::of(row, 17)?,
    })
}

impl ReadTx<'_> {
    /// One batch by id.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn batch(&self, id: &str) -> Result<Option<BatchRow>> {
        let sql = format!("{BATCH} WHERE b.id = :id ORDER BY b.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, batch_of).optional()?)
    }

    /// The batch of a version with that content: the valid one, or the newest of those that are invalid.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn batch_by_content(&self, version_id: &str, sha256: &str) -> Result<Option<BatchRow>> {
        let sql = format!(
            "{BATCH} WHERE b.version_id = :version_id AND b.sha256 = :sha256 {VALID_FIRST}"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let parameters = named_params! {":version_id": version_id, ":sha256": sha256};
        Ok(statement.query_row(parameters, batch_of).optional()?)
    }

    /// The batch of a version with that name: the valid one, or the newest of those that are invalid.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn batch_by_name(&self, version_id: &str, name: &str) -> Result<Option<BatchRow>> {
        let sql =
            format!("{BATCH} WHERE b.version_id = :version_id AND b.name = :name {VALID_FIRST}");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let parameters = named_params! {":version_id": version_id, ":name": name};
        Ok(statement.query_row(parameters, batch_of).optional()?)
    }

    /// The stored row ids of the valid batches of a version, oldest first: BLAKE3 of each object.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn row_ids(&self, version_id: &str) -> Result<Vec<String>> {
        let sql = "SELECT r.row_ids FROM batch r WHERE r.version_id = :version_id AND r.row_ids IS NOT NULL \
                   AND NOT EXISTS (SELECT 1 FROM batch_invalidation v WHERE v.batch_id = r.id) \
                   ORDER BY r.entry, r.id";
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
            "{BATCH} WHERE b.version_id = :version_id AND b.entry < :before ORDER BY b.entry DESC, b.id DESC LIMIT :limit"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let before = before.map_or(i64::MAX, signed);
        let parameters =
            named_params! {":version_id": version_id, ":before": before, ":limit": signed(limit)};
        let rows = statement.query_map(parameters, batch_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
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
