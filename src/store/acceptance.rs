//! Acceptance plans and the test runs against them.

use super::invalidations::Invalidated;
use super::{ReadTx, Result, WriteTx};
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;

/// A recorded acceptance plan.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AcceptancePlanRow {
    /// Id.
    pub id: String,
    /// Version it is for.
    pub version_id: String,
    /// User name of who fixed it.
    pub fixed_by: String,
    /// Id of the plan it takes the place of.
    pub supersedes: Option<String>,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// Its canonical document.
    #[serde(skip)]
    pub document: String,
}

/// A recorded test run without its document.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TestRunRow {
    /// Id.
    pub id: String,
    /// Version it tested.
    pub version_id: String,
    /// Plan it was for.
    pub plan_id: String,
    /// Ledger entry of that plan.
    pub plan_entry: u64,
    /// User name of who sent it.
    pub sent_by: String,
    /// Account of who sent it.
    #[serde(skip)]
    pub account_id: String,
    /// Format of the file, as its word.
    pub format: String,
    /// Rows of the file.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// BLAKE3 of the file.
    pub blake3: String,
    /// SHA-256 of the file.
    pub file_sha256: String,
    /// SHA-256 over the digests of row ids and labels.
    pub rows_sha256: String,
    /// Whether every criterion of its plan is met.
    pub meets: bool,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// That it was marked as invalid: it stays and counts for nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalidated: Option<Invalidated>,
}

fn unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(index)?.unsigned_abs())
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl WriteTx<'_> {
    /// Records a plan of a version.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_acceptance_plan(
        &mut self,
        row: &AcceptancePlanRow,
        account_id: &str,
    ) -> Result<()> {
        self.insert(
            "acceptance_plan",
            &[
                ("id", &row.id),
                ("version_id", &row.version_id),
                ("account_id", &account_id),
                ("supersedes", &row.supersedes),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }

    /// Records a test run.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_test_run(&mut self, row: &TestRunRow, document: &str) -> Result<()> {
        self.insert(
            "test_run",
            &[
                ("id", &row.id),
                ("version_id", &row.version_id),
                ("plan_id", &row.plan_id),
                ("account_id", &row.account_id),
                ("format", &row.format),
                ("rows", &signed(row.rows)),
                ("bytes", &signed(row.bytes)),
                ("blake3", &row.blake3),
                ("file_sha256", &row.file_sha256),
                ("rows_sha256", &row.rows_sha256),
                ("meets", &i64::from(row.meets)),
                ("sha256", &row.sha256),
                ("document", &document),
            ],
        )
    }
}

const PLAN: &str = "SELECT p.id, p.version_id, a.user_name, p.supersedes, p.sha256, p.at, p.entry, p.document \
                    FROM acceptance_plan p JOIN account a ON a.id = p.account_id";

fn plan_of(row: &Row<'_>) -> rusqlite::Result<AcceptancePlanRow> {
    Ok(AcceptancePlanRow {
        id: row.get(0)?,
        version_id: row.get(1)?,
        fixed_by: row.get(2)?,
        supersedes: row.get(3)?,
        sha256: row.get(4)?,
        at: row.get(5)?,
        entry: unsigned(row, 6)?,
        document: row.get(7)?,
    })
}

const RUN: &str = "SELECT t.id, t.version_id, t.plan_id, p.entry, a.user_name, t.format, t.rows, t.bytes, t.blake3, \
                   t.file_sha256, t.rows_sha256, t.meets, t.sha256, t.at, t.entry, t.account_id, \
                   i.id, b.user_name, i.at, i.reason, i.entry \
                   FROM test_run t JOIN acceptance_plan p ON p.id = t.plan_id JOIN account a ON a.id = t.account_id \
                   LEFT JOIN test_run_invalidation i ON i.test_run_id = t.id LEFT JOIN account b ON b.id = i.account_id";

fn run_of(row: &Row<'_>) -> rusqlite::Result<TestRunRow> {
    Ok(TestRunRow {
        id: row.get(0)?,
        version_id: row.get(1)?,
        plan_id: row.get(2)?,
        plan_entry: unsigned(row, 3)?,
        sent_by: row.get(4)?,
        format: row.get(5)?,
        rows: unsigned(row, 6)?,
        bytes: unsigned(row, 7)?,
        blake3: row.get(8)?,
        file_sha256: row.get(9)?,
        rows_sha256: row.get(10)?,
        meets: row.get(11)?,
        sha256: row.get(12)?,
        at: row.get(13)?,
        entry: unsigned(row, 14)?,
        account_id: row.get(15)?,
        invalidated: Invalidated::of(row, 16)?,
    })
}

impl ReadTx<'_> {
    /// The plan of a version that is in force: the newest. `entry` is where the ledger witnesses it; only test runs of later
    /// entries can be for it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn acceptance_plan(&self, version_id: &str) -> Result<Option<AcceptancePlanRow>> {
        let sql =
            format!("{PLAN} WHERE p.version_id = :version_id ORDER BY p.entry DESC, p.id LIMIT 1");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let found = statement.query_row(named_params! {":version_id": version_id}, plan_of);
        Ok(found.optional()?)
    }

    /// The plans of a version, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn acceptance_plans(&self, version_id: &str) -> Result<Vec<AcceptancePlanRow>> {
        let sql = format!("{PLAN} WHERE p.version_id = :version_id ORDER BY p.entry DESC, p.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, plan_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The test runs of a version, newest first: each with the plan it was for, the entries of both (that of the plan is
    /// always the earlier one), and whether every criterion of that plan is met. Runs for a plan that is no longer in force
    /// are among them, and so are those that were marked as invalid.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn test_runs(&self, version_id: &str) -> Result<Vec<TestRunRow>> {
        let sql = format!("{RUN} WHERE t.version_id = :version_id ORDER BY t.entry DESC, t.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, run_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One test run by id.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn test_run(&self, id: &str) -> Result<Option<TestRunRow>> {
        let sql = format!("{RUN} WHERE t.id = :id ORDER BY t.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, run_of).optional()?)
    }

    /// The canonical document of a test run.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn test_run_document(&self, id: &str) -> Result<Option<String>> {
        let sql = "SELECT document FROM test_run WHERE id = :id ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":id": id}, |row| row.get(0)).optional()?)
    }
}
