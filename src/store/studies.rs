//! Phase I studies attached to versions.

use super::{ReadTx, Result, WriteTx};
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;

/// An attached study without its document.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct StudyRow {
    /// Id.
    pub id: String,
    /// Version it is evidence for.
    pub version_id: String,
    /// User name of who attached it.
    pub attached_by: String,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

impl WriteTx<'_> {
    /// Records a study of a version.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_study(
        &mut self,
        id: &str,
        (version_id, account_id): (&str, &str),
        (sha256, document): (&str, &str),
    ) -> Result<()> {
        self.insert(
            "study",
            &[
                ("id", &id),
                ("version_id", &version_id),
                ("account_id", &account_id),
                ("sha256", &sha256),
                ("document", &document),
            ],
        )
    }
}

impl WriteTx<'_> {
    /// Records the signature of a study.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_study_signature(
        &mut self,
        id: &str,
        (study_id, account_id): (&str, &str),
        (sha256, document): (&str, &str),
    ) -> Result<()> {
        self.insert(
            "study_signature",
            &[
                ("id", &id),
                ("study_id", &study_id),
                ("account_id", &account_id),
                ("sha256", &sha256),
                ("document", &document),
            ],
        )
    }
}

const STUDY: &str = "SELECT s.id, s.version_id, a.user_name, s.sha256, s.at, s.entry \
                     FROM study s JOIN account a ON a.id = s.account_id";

fn study_of(row: &Row<'_>) -> rusqlite::Result<StudyRow> {
    Ok(StudyRow {
        id: row.get(0)?,
        version_id: row.get(1)?,
        attached_by: row.get(2)?,
        sha256: row.get(3)?,
        at: row.get(4)?,
        entry: row.get::<_, i64>(5)?.unsigned_abs(),
    })
}

impl ReadTx<'_> {
    /// The studies of a version, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn studies(&self, version_id: &str) -> Result<Vec<StudyRow>> {
        let sql =
            format!("{STUDY} WHERE s.version_id = :version_id ORDER BY s.entry DESC, s.id DESC");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, study_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One study by id.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn study(&self, id: &str) -> Result<Option<StudyRow>> {
        let sql = format!("{STUDY} WHERE s.id = :id ORDER BY s.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, study_of).optional()?)
    }

    /// The canonical document of a study's signature, with its ledger entry.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn study_signature(&self, study_id: &str) -> Result<Option<(String, u64)>> {
        let sql =
            "SELECT document, entry FROM study_signature WHERE study_id = :study_id ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row(named_params! {":study_id": study_id}, |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        });
        Ok(found.optional()?)
    }

    /// The canonical document of a study.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn study_document(&self, id: &str) -> Result<Option<String>> {
        let sql = "SELECT document FROM study WHERE id = :id ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":id": id}, |row| row.get(0)).optional()?)
    }
}
