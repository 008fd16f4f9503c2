//! Reports of judged batches: the newest report of a batch that is not invalid is in force; the others stay and are shown as what they are.

use super::count::Count;
use super::invalidations::Invalidated;
use super::{ReadTx, Result, WriteTx};
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

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
    /// When the batch was received, UTC.
    pub received_at: String,
    /// Ledger entry of the batch.
    pub batch_entry: u64,
    /// Number of the batch among those of the version that count, from 1.
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
    /// Id of the invalidation because of which the batch was judged again; absent in its first report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recomputed_for: Option<String>,
    /// Id of the newer report of the same batch, which is in force instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<String>,
    /// The batch counts for nothing any more: by whose decision, since when, why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalidated: Option<Invalidated>,
}

impl ReportRow {
    /// Whether it is what the monitor goes on from: the newest report of a batch that is not invalid.
    pub fn is_in_force(&self) -> bool {
        self.superseded_by.is_none() && self.invalidated.is_none()
    }
}

/// Columns of a report `r` with its batch `b`.
const REPORT: &str = "SELECT r.id, r.version_id, r.batch_id, b.name, b.rows, b.period_end, b.at, b.entry, \
                      coalesce(r.position, r.number), r.verdict, r.state, r.meter, r.version_state, r.sha256, r.at, r.entry, \
                      r.invalidation_id, (SELECT n.id FROM report n WHERE n.batch_id = r.batch_id AND n.entry > r.entry \
                      ORDER BY n.entry DESC, n.id DESC LIMIT 1), i.id, a.user_name, i.at, i.reason, i.entry \
                      FROM report r JOIN batch b ON b.id = r.batch_id LEFT JOIN batch_invalidation i ON i.batch_id = b.id \
                      LEFT JOIN account a ON a.id = i.account_id";

/// A report `r` is the newest of its batch.
pub(super) const NEWEST: &str =
    "NOT EXISTS (SELECT 1 FROM report n WHERE n.batch_id = r.batch_id AND n.entry > r.entry)";

/// The batch of a report `r` is not invalid.
pub(super) const VALID: &str =
    "NOT EXISTS (SELECT 1 FROM batch_invalidation v WHERE v.batch_id = r.batch_id)";

fn report_of(row: &Row<'_>) -> rusqlite::Result<ReportRow> {
    let count = |at| Ok::<_, rusqlite::Error>(row.get::<_, Count>(at)?.0);
    Ok(ReportRow {
        id: row.get(0)?,
        version_id: row.get(1)?,
        batch_id: row.get(2)?,
        batch: row.get(3)?,
        rows: count(4)?,
        period_end: row.get(5)?,
        received_at: row.get(6)?,
        batch_entry: count(7)?,
        number: count(8)?,
        verdict: row.get(9)?,
        state: row.get(10)?,
        meter: row.get(11)?,
        version_state: row.get(12)?,
        sha256: row.get(13)?,
        at: row.get(14)?,
        entry: count(15)?,
        recomputed_for: row.get(16)?,
        superseded_by: row.get(17)?,
        invalidated: Invalidated::of(row, 18)?,
    })
}

impl WriteTx<'_> {
    /// Records a report with its canonical document, as the next report of its version.
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
        let number = self.reports_ever(&report.version_id)? + 1;
        let position = (number != report.number).then_some(Count(report.number));
        self.insert(
            "report",
            &[
                ("id", &report.id),
                ("version_id", &report.version_id),
                ("batch_id", &report.batch_id),
                ("monitor_id", &monitor_id),
                ("number", &Count(number)),
                ("position", &position),
                ("verdict", &report.verdict),
                ("state", &report.state),
                ("meter", &report.meter),
                ("version_state", &report.version_state),
                ("invalidation_id", &report.recomputed_for),
                ("sha256", &report.sha256),
                ("document", &document),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// The number of the newest report of a version, whether it is in force or not.
    fn reports_ever(&self, version_id: &str) -> Result<u64> {
        let sql =
            "SELECT coalesce(max(number), 0) FROM report WHERE version_id = :version_id LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":version_id": version_id};
        Ok(statement.query_row(named, |row| row.get::<_, Count>(0))?.0)
    }

    /// The newest report of a batch, invalid or not.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn report_of_batch(&self, batch_id: &str) -> Result<Option<ReportRow>> {
        Ok(self.reports_of_batch(batch_id)?.pop())
    }

    /// Every report of a batch, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn reports_of_batch(&self, batch_id: &str) -> Result<Vec<ReportRow>> {
        let sql = format!("{REPORT} WHERE r.batch_id = :batch_id ORDER BY r.entry, r.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":batch_id": batch_id}, report_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
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

    /// The last `limit` reports in force of a version, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn reports(&self, version_id: &str, limit: u64) -> Result<Vec<ReportRow>> {
        let condition = format!("{NEWEST} AND {VALID} ORDER BY r.number DESC");
        self.reports_where(&condition, version_id, limit)
    }

    /// Names of the batches of a version that have these numbers among those that count.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn batches_numbered(
        &self,
        version_id: &str,
        numbers: &BTreeSet<u64>,
    ) -> Result<BTreeMap<u64, String>> {
        let Some(first) = numbers.first() else { return Ok(BTreeMap::new()) };
        let asked: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        // a position is never above the number of its report
        let condition = format!(
            "r.number >= {first} AND coalesce(r.position, r.number) IN ({}) AND {NEWEST} AND {VALID}",
            asked.join(", ")
        );
        let rows = self.reports_where(&condition, version_id, numbers.len() as u64)?;
        Ok(rows.into_iter().map(|row| (row.number, row.batch)).collect())
    }

    /// The newest reports of the last `limit` batches of a version, invalid ones too, in the order in which the batches came.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn timeline(&self, version_id: &str, limit: u64) -> Result<Vec<ReportRow>> {
        let condition = format!("{NEWEST} ORDER BY b.entry DESC, b.id DESC");
        self.reports_where(&condition, version_id, limit)
    }

    /// The report in force of the batch of a version that covers the latest time: until the end of its period, or when it was received.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn latest_covering(&self, version_id: &str) -> Result<Option<ReportRow>> {
        let condition = format!(
            "{NEWEST} AND {VALID} ORDER BY coalesce(b.period_end, b.at) DESC, r.number DESC"
        );
        Ok(self.reports_where(&condition, version_id, 1)?.pop())
    }

    /// The first `limit` reports of a version in the order of `condition`, turned round.
    fn reports_where(
        &self,
        condition: &str,
        version_id: &str,
        limit: u64,
    ) -> Result<Vec<ReportRow>> {
        let sql = format!("{REPORT} WHERE r.version_id = :version_id AND {condition} LIMIT :limit");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let limit = Count(limit.min(i64::MAX.unsigned_abs()));
        let parameters = named_params! {":version_id": version_id, ":limit": limit};
        let rows = statement.query_map(parameters, report_of)?;
        let mut rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        rows.reverse();
        Ok(rows)
    }
}
