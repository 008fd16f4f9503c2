//! What is recorded about a person before the first signature: the statement in force, who accepted it, how identities were checked.

use super::{ReadTx, Result, WriteTx};
use crate::digest;
use rusqlite::{OptionalExtension as _, named_params};
use serde::Serialize;

/// A statement of accountability as it was put in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct StatementRow {
    /// Id.
    pub id: String,
    /// SHA-256 of its text.
    pub sha256: String,
    /// What it says.
    pub text: String,
    /// Why it was put in force.
    pub reason: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// That somebody accepted a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AcceptanceRow {
    /// Id.
    pub id: String,
    /// The statement.
    pub statement_id: String,
    /// SHA-256 of what was signed.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// How it was checked whose account it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct IdentityCheckRow {
    /// Id.
    pub id: String,
    /// Who checked it: the id of an account, or `host`.
    pub checked_by: String,
    /// How.
    pub method: String,
    /// What was seen.
    pub seen: String,
    /// The day of the check.
    pub checked_on: String,
    /// When it was recorded, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

impl WriteTx<'_> {
    /// Records that a statement of accountability is in force from this entry on.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_statement(&mut self, id: &str, set_by: &str, said: (&str, &str)) -> Result<()> {
        let (text, reason) = said;
        self.insert(
            "accountability_statement",
            &[
                ("id", &id),
                ("set_by", &set_by),
                ("sha256", &digest::sha256_hex(text.as_bytes())),
                ("text", &text),
                ("reason", &reason),
            ],
        )
    }

    /// Records that an account accepted a statement.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_acceptance(
        &mut self,
        id: &str,
        (account_id, statement_id): (&str, &str),
        (sha256, document): (&str, &str),
    ) -> Result<()> {
        self.insert(
            "accountability_acceptance",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("statement_id", &statement_id),
                ("sha256", &sha256),
                ("document", &document),
            ],
        )
    }

    /// Records how it was checked whose account it is.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_identity_check(
        &mut self,
        id: &str,
        (account_id, checked_by): (&str, &str),
        (method, seen, checked_on): (&str, &str, &str),
    ) -> Result<()> {
        self.insert(
            "identity_check",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("checked_by", &checked_by),
                ("method", &method),
                ("seen", &seen),
                ("checked_on", &checked_on),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// Every statement of accountability, the one in force first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn statements(&self) -> Result<Vec<StatementRow>> {
        let sql = "SELECT id, sha256, text, reason, at, entry FROM accountability_statement \
                   ORDER BY entry DESC, id DESC";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(StatementRow {
                id: row.get(0)?,
                sha256: row.get(1)?,
                text: row.get(2)?,
                reason: row.get(3)?,
                at: row.get(4)?,
                entry: row.get::<_, i64>(5)?.unsigned_abs(),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest statement that an account accepted.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn acceptance(&self, account_id: &str) -> Result<Option<AcceptanceRow>> {
        let sql = "SELECT id, statement_id, sha256, at, entry FROM accountability_acceptance \
                   WHERE account_id = :account_id ORDER BY entry DESC, id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row(named_params! {":account_id": account_id}, |row| {
            Ok(AcceptanceRow {
                id: row.get(0)?,
                statement_id: row.get(1)?,
                sha256: row.get(2)?,
                at: row.get(3)?,
                entry: row.get::<_, i64>(4)?.unsigned_abs(),
            })
        });
        Ok(found.optional()?)
    }

    /// How it was checked whose account it is, as it was recorded last.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn identity_check(&self, account_id: &str) -> Result<Option<IdentityCheckRow>> {
        let sql = "SELECT id, checked_by, method, seen, checked_on, at, entry FROM identity_check \
                   WHERE account_id = :account_id ORDER BY entry DESC, id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row(named_params! {":account_id": account_id}, |row| {
            Ok(IdentityCheckRow {
                id: row.get(0)?,
                checked_by: row.get(1)?,
                method: row.get(2)?,
                seen: row.get(3)?,
                checked_on: row.get(4)?,
                at: row.get(5)?,
                entry: row.get::<_, i64>(6)?.unsigned_abs(),
            })
        });
        Ok(found.optional()?)
    }
}
