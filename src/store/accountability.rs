//! What is recorded about a person before the first signature: the statement in force, who accepted it, how identities were checked.

use super::accounts::account_of;
use super::{ReadTx, Result, WriteTx};
use crate::access::account::Account;
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

/// What is recorded about the owner of an account, as far as signing asks for it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The account, with its role in force; without one, with the role it was created with.
    pub account: Account,
    /// When it was created, UTC.
    pub created_at: String,
    /// When it was recorded last how it was checked whose account it is, UTC.
    pub identity_checked_at: Option<String>,
    /// The newest statement that was accepted.
    pub accepted_statement_id: Option<String>,
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

/// One row for each account that may be used.
const STANDINGS: &str = "SELECT o.id, o.user_name, o.printed_name, coalesce(( \
       SELECT q.role FROM role_answer a JOIN role_request q ON q.id = a.request_id \
       WHERE q.account_id = o.id AND a.granted = 1 AND q.valid_from <= :now AND (q.valid_until IS NULL OR q.valid_until > :now) \
       ORDER BY a.entry DESC, a.id DESC LIMIT 1), o.role), o.at, \
     (SELECT c.at FROM identity_check c WHERE c.account_id = o.id ORDER BY c.entry DESC, c.id DESC LIMIT 1), \
     (SELECT a.statement_id FROM accountability_acceptance a WHERE a.account_id = o.id ORDER BY a.entry DESC, a.id DESC LIMIT 1) \
     FROM account o WHERE coalesce(( \
       SELECT s.enabled FROM account_state s WHERE s.account_id = o.id ORDER BY s.entry DESC, s.id DESC LIMIT 1), 1) = 1 \
     ORDER BY o.entry, o.id";

impl ReadTx<'_> {
    /// What is recorded at `now` (UTC) about the owners of all accounts that may be used, oldest account first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn standings(&self, now: &str) -> Result<Vec<Standing>> {
        let mut statement = self.connection().prepare_cached(STANDINGS)?;
        let rows = statement.query_map(named_params! {":now": now}, |row| {
            Ok(Standing {
                account: account_of(row, 0)?,
                created_at: row.get(4)?,
                identity_checked_at: row.get(5)?,
                accepted_statement_id: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

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
