//! What may be misuse and what was found out about it, and who may not sign for now.

use super::{ReadTx, Result, Store, WriteTx};
use crate::access::account::Account;
use crate::access::misuse::Misuse;
use crate::notify::notice::NoticeKind;
use rusqlite::{OptionalExtension, named_params};
use serde::Serialize;

/// Something that may be misuse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MisuseRow {
    /// Id.
    pub id: String,
    /// Whose account.
    pub user_name: String,
    /// Which rule noticed it.
    pub rule: String,
    /// What was seen.
    pub detail: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// What was found out about it, once somebody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

/// Whether an account may sign, and who said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct HoldRow {
    /// Id.
    pub id: String,
    /// Whether it may not.
    pub held: bool,
    /// Account of who said so.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When, UTC.
    pub at: String,
}

impl WriteTx<'_> {
    /// Records what may be misuse of `account`, and tells who is to be told.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_misuse(
        &mut self,
        id: &str,
        account: &Account,
        (rule, detail): (Misuse, &str),
    ) -> Result<()> {
        self.insert(
            "misuse_event",
            &[
                ("id", &id),
                ("account_id", &account.id),
                ("rule", &rule.word()),
                ("detail", &detail),
            ],
        )?;
        let sentence = rule.sentence(&account.user_name);
        self.tell(NoticeKind::Misuse, sentence, "/accounts/watch".to_owned())
    }

    /// Records what somebody found out about it.
    ///
    /// # Errors
    ///
    /// Those of the database; [`super::Error::AlreadyExists`] where it was answered.
    pub fn insert_misuse_answer(
        &mut self,
        id: &str,
        (misuse_id, by_account_id): (&str, &str),
        found: &str,
    ) -> Result<()> {
        self.insert(
            "misuse_answer",
            &[
                ("id", &id),
                ("misuse_id", &misuse_id),
                ("by_account_id", &by_account_id),
                ("found", &found),
            ],
        )
    }

    /// Records that an account may not sign, or may again.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_hold(
        &mut self,
        id: &str,
        (account_id, by_account_id): (&str, &str),
        (held, reason): (bool, &str),
    ) -> Result<()> {
        self.insert(
            "signing_hold",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("by_account_id", &by_account_id),
                ("held", &i64::from(held)),
                ("reason", &reason),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// What may be misuse, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn misuse_events(&self, limit: u32) -> Result<Vec<MisuseRow>> {
        let sql = "SELECT m.id, a.user_name, m.rule, m.detail, m.at, m.entry, n.found FROM misuse_event m \
                   JOIN account a ON a.id = m.account_id LEFT JOIN misuse_answer n ON n.misuse_id = m.id \
                   ORDER BY m.entry DESC, m.id LIMIT :limit";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":limit": limit}, |row| {
            Ok(MisuseRow {
                id: row.get(0)?,
                user_name: row.get(1)?,
                rule: row.get(2)?,
                detail: row.get(3)?,
                at: row.get(4)?,
                entry: row.get::<_, i64>(5)?.unsigned_abs(),
                found: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether the same was noticed of an account before.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn is_misuse_known(&self, account_id: &str, rule: Misuse, detail: &str) -> Result<bool> {
        let sql = "SELECT count(*) > 0 FROM misuse_event WHERE account_id = :account_id AND rule = :rule \
                   AND detail = :detail ORDER BY 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named =
            named_params! {":account_id": account_id, ":rule": rule.word(), ":detail": detail};
        Ok(statement.query_row(named, |row| row.get(0))?)
    }

    /// Whether an account may sign, as it was said last.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn signing_hold(&self, account_id: &str) -> Result<Option<HoldRow>> {
        let sql = "SELECT id, held, by_account_id, reason, at FROM signing_hold WHERE account_id = :account_id \
                   ORDER BY entry DESC, id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row(named_params! {":account_id": account_id}, |row| {
            Ok(HoldRow {
                id: row.get(0)?,
                held: row.get(1)?,
                by: row.get(2)?,
                reason: row.get(3)?,
                at: row.get(4)?,
            })
        });
        Ok(found.optional()?)
    }

    /// The addresses an account signed in from, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn sign_in_addresses(&self, user_name: &str, limit: u32) -> Result<Vec<String>> {
        let sql = "SELECT address FROM access_event WHERE user_name = :user_name AND kind = 'signed_in' \
                   ORDER BY id DESC LIMIT :limit";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":user_name": user_name, ":limit": limit};
        let rows = statement.query_map(named, |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many sessions of an account were used since `since` (UTC seconds).
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn open_sessions(&self, account_id: &str, since: i64) -> Result<u32> {
        let sql = "SELECT count(*) FROM session WHERE account_id = :account_id AND used_at >= :since ORDER BY 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":account_id": account_id, ":since": since};
        Ok(statement.query_row(named, |row| row.get(0))?)
    }
}

impl Store {
    /// Counts one more wrong secret on a signing sheet and returns how many there are in a row.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn count_wrong_to_sign(&self, account_id: &str) -> Result<u32> {
        self.work(|connection| {
            let sql = "INSERT INTO wrong_to_sign (account_id, attempts) VALUES (:account_id, 1) \
                       ON CONFLICT (account_id) DO UPDATE SET attempts = attempts + 1 RETURNING attempts";
            let named = named_params! {":account_id": account_id};
            Ok(connection.query_row(sql, named, |row| row.get(0))?)
        })
    }

    /// Forgets the wrong secrets of an account on signing sheets.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn clear_wrong_to_sign(&self, account_id: &str) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "DELETE FROM wrong_to_sign WHERE account_id = :account_id",
                named_params! {":account_id": account_id},
            )?;
            Ok(())
        })
    }
}
