//! Samples of predictions that people review, their answers and their results.

use super::count::Count;
use super::{ReadTx, Result, Store, WriteTx};
use rusqlite::{OptionalExtension as _, Row, named_params};
use serde::Serialize;

/// A sample without its document.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReviewSampleRow {
    /// Id.
    pub id: String,
    /// Version whose predictions it is of.
    pub version_id: String,
    /// User name of who drew it.
    pub drawn_by: String,
    /// Its cases.
    pub cases: u64,
    /// Cases that were answered.
    pub answered: u64,
    /// Whether it is closed.
    pub is_closed: bool,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// The canonical document.
    #[serde(skip)]
    pub document: String,
}

/// An answer.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReviewAnswerRow {
    /// Id.
    pub id: String,
    /// The sample.
    pub sample_id: String,
    /// Number of its case, from 1.
    pub case_number: u64,
    /// Id of the answer it corrects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrects: Option<String>,
    /// `second` or `adjudication`; absent for the first reading of the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<String>,
    /// User name of who answered.
    pub answered_by: String,
    /// Id of their account.
    #[serde(skip)]
    pub account_id: String,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// The canonical document.
    #[serde(skip)]
    pub document: String,
}

/// What a sample came to.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReviewResultRow {
    /// Id.
    pub id: String,
    /// The sample.
    pub sample_id: String,
    /// Its version.
    pub version_id: String,
    /// The policy whose limits for disagreement held.
    pub policy_id: String,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// The canonical document.
    #[serde(skip)]
    pub document: String,
}

/// A case that somebody was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownCase {
    /// Number of the case.
    pub case_number: u64,
    /// Id of the account.
    pub account_id: String,
    /// Since when, UTC.
    pub at: String,
}

const SAMPLE: &str = "SELECT s.id, s.version_id, a.user_name, s.cases, \
                      (SELECT count(*) FROM review_answer r WHERE r.sample_id = s.id AND r.corrects IS NULL \
                      AND r.reading IS NULL), \
                      EXISTS (SELECT 1 FROM review_result r WHERE r.sample_id = s.id), s.sha256, s.at, s.entry, s.document \
                      FROM review_sample s JOIN account a ON a.id = s.account_id";

fn sample_of(row: &Row<'_>) -> rusqlite::Result<ReviewSampleRow> {
    let number = |at| Ok::<_, rusqlite::Error>(row.get::<_, Count>(at)?.0);
    Ok(ReviewSampleRow {
        id: row.get(0)?,
        version_id: row.get(1)?,
        drawn_by: row.get(2)?,
        cases: number(3)?,
        answered: number(4)?,
        is_closed: row.get(5)?,
        sha256: row.get(6)?,
        at: row.get(7)?,
        entry: number(8)?,
        document: row.get(9)?,
    })
}

const RESULT: &str =
    "SELECT id, sample_id, version_id, policy_id, sha256, at, entry, document FROM review_result";

fn result_of(row: &Row<'_>) -> rusqlite::Result<ReviewResultRow> {
    Ok(ReviewResultRow {
        id: row.get(0)?,
        sample_id: row.get(1)?,
        version_id: row.get(2)?,
        policy_id: row.get(3)?,
        sha256: row.get(4)?,
        at: row.get(5)?,
        entry: row.get::<_, Count>(6)?.0,
        document: row.get(7)?,
    })
}

impl WriteTx<'_> {
    /// Records a sample.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_review_sample(&mut self, row: &ReviewSampleRow, account_id: &str) -> Result<()> {
        self.insert(
            "review_sample",
            &[
                ("id", &row.id),
                ("version_id", &row.version_id),
                ("account_id", &account_id),
                ("cases", &Count(row.cases)),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }

    /// Records an answer.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_review_answer(&mut self, row: &ReviewAnswerRow, account_id: &str) -> Result<()> {
        self.insert(
            "review_answer",
            &[
                ("id", &row.id),
                ("sample_id", &row.sample_id),
                ("account_id", &account_id),
                ("case_number", &Count(row.case_number)),
                ("corrects", &row.corrects),
                ("reading", &row.reading),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }

    /// Records what a sample came to.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_review_result(&mut self, row: &ReviewResultRow, account_id: &str) -> Result<()> {
        self.insert(
            "review_result",
            &[
                ("id", &row.id),
                ("sample_id", &row.sample_id),
                ("version_id", &row.version_id),
                ("account_id", &account_id),
                ("policy_id", &row.policy_id),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }
}

impl Store {
    /// Notes that an account is shown a case from `at` on, unless it was shown it before.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn show_case(&self, sample_id: &str, shown: &ShownCase) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "INSERT OR IGNORE INTO shown_case (sample_id, case_number, account_id, at) \
                 VALUES (:sample_id, :case_number, :account_id, :at)",
                named_params! {
                    ":sample_id": sample_id,
                    ":case_number": Count(shown.case_number),
                    ":account_id": shown.account_id,
                    ":at": shown.at,
                },
            )?;
            Ok(())
        })
    }
}

impl ReadTx<'_> {
    /// Samples, newest first, of one version or of all, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn review_samples(
        &self,
        version_id: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ReviewSampleRow>> {
        let sql = format!(
            "{SAMPLE} WHERE :version_id IS NULL OR s.version_id = :version_id ORDER BY s.entry DESC LIMIT :limit"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let named = named_params! {":version_id": version_id, ":limit": limit};
        Ok(statement.query_map(named, sample_of)?.collect::<rusqlite::Result<_>>()?)
    }

    /// Samples that are not closed, oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn open_review_samples(&self, limit: u32) -> Result<Vec<ReviewSampleRow>> {
        let sql = format!(
            "{SAMPLE} WHERE NOT EXISTS (SELECT 1 FROM review_result r WHERE r.sample_id = s.id) \
             ORDER BY s.entry LIMIT :limit"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":limit": limit}, sample_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One sample.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn review_sample(&self, id: &str) -> Result<Option<ReviewSampleRow>> {
        let sql = format!("{SAMPLE} WHERE s.id = :id ORDER BY s.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, sample_of).optional()?)
    }

    /// All answers to a sample, in the order of the ledger.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn review_answers(&self, sample_id: &str) -> Result<Vec<ReviewAnswerRow>> {
        let sql = "SELECT r.id, r.sample_id, r.case_number, r.corrects, r.reading, a.user_name, r.account_id, r.sha256, r.at, r.entry, \
                   r.document \
                   FROM review_answer r JOIN account a ON a.id = r.account_id WHERE r.sample_id = :sample_id \
                   ORDER BY r.entry, r.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":sample_id": sample_id}, |row| {
            Ok(ReviewAnswerRow {
                id: row.get(0)?,
                sample_id: row.get(1)?,
                case_number: row.get::<_, Count>(2)?.0,
                corrects: row.get(3)?,
                reading: row.get(4)?,
                answered_by: row.get(5)?,
                account_id: row.get(6)?,
                sha256: row.get(7)?,
                at: row.get(8)?,
                entry: row.get::<_, Count>(9)?.0,
                document: row.get(10)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What a sample came to, once it is closed.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn review_result(&self, sample_id: &str) -> Result<Option<ReviewResultRow>> {
        let sql = format!("{RESULT} WHERE sample_id = :sample_id ORDER BY id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let named = named_params! {":sample_id": sample_id};
        Ok(statement.query_row(named, result_of).optional()?)
    }

    /// What the last closed sample of a version came to.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn last_review_result(&self, version_id: &str) -> Result<Option<ReviewResultRow>> {
        let sql =
            format!("{RESULT} WHERE version_id = :version_id ORDER BY entry DESC, id DESC LIMIT 1");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let named = named_params! {":version_id": version_id};
        Ok(statement.query_row(named, result_of).optional()?)
    }

    /// The cases of a sample that people were shown, in the order of their numbers.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn shown_cases(&self, sample_id: &str) -> Result<Vec<ShownCase>> {
        let sql = "SELECT case_number, account_id, at FROM shown_case WHERE sample_id = :sample_id \
                   ORDER BY case_number, at, account_id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":sample_id": sample_id}, |row| {
            let case_number = row.get::<_, Count>(0)?.0;
            Ok(ShownCase { case_number, account_id: row.get(1)?, at: row.get(2)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
