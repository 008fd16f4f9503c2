//! Accounts, credentials, locks, tokens; and the working tables of sessions and wrong passwords.

use super::{Error, ReadTx, Result, WriteTx};
use crate::access::account::{Account, Way};
use crate::access::password_policy::PasswordPolicy;
use crate::access::role::Role;
use crate::access::session::Session;
use crate::digest;
use crate::notify::notice::NoticeKind;
use rusqlite::{OptionalExtension, Row, named_params};

/// A stored password digest.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Argon2id PHC string.
    pub phc: String,
    /// Whether it must be changed at the next sign-in.
    pub one_time: bool,
    /// When it was set, UTC; a new one gets the time of its transaction.
    pub at: String,
}

/// A password policy as it was set.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct PasswordPolicyRow {
    /// The rules.
    #[serde(flatten)]
    pub policy: PasswordPolicy,
    /// Ledger entry from which on it is in force.
    pub entry: u64,
    /// When it was set, UTC.
    pub at: String,
    /// Why.
    pub reason: String,
}

/// A stored token, without its secret.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct TokenRow {
    /// Id.
    pub id: String,
    /// Owner.
    pub account: Account,
    /// What the owner calls it.
    pub name: String,
    /// Its scope, as JSON.
    #[schema(value_type = Object)]
    pub scope: serde_json::Value,
    /// When it stops, UTC.
    pub expires_at: Option<String>,
    /// Whether it is revoked.
    pub revoked: bool,
}

pub(super) fn account_of(row: &Row<'_>, first: usize) -> rusqlite::Result<Account> {
    let role: String = row.get(first + 3)?;
    Ok(Account {
        id: row.get(first)?,
        user_name: row.get(first + 1)?,
        printed_name: row.get(first + 2)?,
        role: Role::parse(&role).map_err(|e| {
            rusqlite::Error::FromSqlConversionFailure(
                first + 3,
                rusqlite::types::Type::Text,
                Box::new(e),
            )
        })?,
    })
}

impl WriteTx<'_> {
    /// Records a new account.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_account(&mut self, account: &Account) -> Result<()> {
        self.insert(
            "account",
            &[
                ("id", &account.id),
                ("user_name", &account.user_name),
                ("printed_name", &account.printed_name),
                ("role", &account.role.word()),
            ],
        )
    }

    /// Records a password digest (argon2id PHC string): the newest one counts.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_credential(
        &mut self,
        id: &str,
        account_id: &str,
        (phc, one_time): (&str, bool),
    ) -> Result<()> {
        self.insert(
            "credential",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("phc", &phc),
                ("one_time", &i64::from(one_time)),
            ],
        )
    }

    /// Records a password policy: the newest one is in force.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::Canonical`].
    pub fn insert_password_policy(
        &mut self,
        id: &str,
        policy: &PasswordPolicy,
        reason: &str,
    ) -> Result<()> {
        let document = String::from_utf8(digest::canonical_json(policy)?).unwrap_or_default();
        self.insert("password_policy", &[("id", &id), ("document", &document), ("reason", &reason)])
    }

    /// Records that an account is locked or unlocked.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_lock(
        &mut self,
        id: &str,
        account_id: &str,
        locked: bool,
        reason: &str,
    ) -> Result<()> {
        self.insert(
            "account_lock",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("locked", &i64::from(locked)),
                ("reason", &reason),
            ],
        )?;
        if !locked {
            return Ok(());
        }
        let user_name = self.user_name_of(account_id)?;
        let told = format!("the account of {user_name} is locked: {reason}");
        self.tell(NoticeKind::Misuse, told, "/accounts".to_owned())
    }

    /// Records that an account is disabled, or enabled again.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_account_state(
        &mut self,
        id: &str,
        account_id: &str,
        enabled: bool,
        reason: &str,
    ) -> Result<()> {
        self.insert(
            "account_state",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("enabled", &i64::from(enabled)),
                ("reason", &reason),
            ],
        )
    }

    /// Records a token by the digest of its secret.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_token(
        &mut self,
        (id, account_id): (&str, &str),
        (name, scope): (&str, &str),
        secret_sha256: &str,
        expires_at: Option<&str>,
    ) -> Result<()> {
        self.insert(
            "token",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("name", &name),
                ("scope", &scope),
                ("secret_sha256", &secret_sha256),
                ("expires_at", &expires_at),
            ],
        )
    }

    /// Records that a token is revoked.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_token_revocation(
        &mut self,
        id: &str,
        token_id: &str,
        reason: &str,
    ) -> Result<()> {
        self.insert(
            "token_revocation",
            &[("id", &id), ("token_id", &token_id), ("reason", &reason)],
        )
    }
}

impl ReadTx<'_> {
    /// The user name of an account.
    fn user_name_of(&self, account_id: &str) -> Result<String> {
        let sql = "SELECT user_name FROM account WHERE id = :id ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":id": account_id}, |row| row.get(0))?)
    }

    /// The account of that id.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn account_by_id(&self, id: &str) -> Result<Option<Account>> {
        let sql =
            "SELECT id, user_name, printed_name, role FROM account WHERE id = :id ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":id": id}, |row| account_of(row, 0)).optional()?)
    }

    /// The account of that user name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn account_by_name(&self, user_name: &str) -> Result<Option<Account>> {
        let sql = "SELECT id, user_name, printed_name, role FROM account WHERE user_name = :user_name ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement
            .query_row(named_params! {":user_name": user_name}, |row| account_of(row, 0))
            .optional()?)
    }

    /// All accounts, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn accounts(&self) -> Result<Vec<Account>> {
        let sql = "SELECT id, user_name, printed_name, role FROM account ORDER BY entry, id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| account_of(row, 0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest credentials of an account, newest first, at most `count`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn credentials(&self, account_id: &str, count: u32) -> Result<Vec<Credential>> {
        let sql = "SELECT phc, one_time, at FROM credential WHERE account_id = :account_id \
                   ORDER BY entry DESC, id DESC LIMIT :count";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":account_id": account_id, ":count": count};
        let rows = statement.query_map(named, |row| {
            Ok(Credential {
                phc: row.get(0)?,
                one_time: row.get::<_, i64>(1)? != 0,
                at: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest credential of an account.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn credential(&self, account_id: &str) -> Result<Option<Credential>> {
        Ok(self.credentials(account_id, 1)?.pop())
    }

    /// The password policies that were set, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`].
    pub fn password_policies(&self) -> Result<Vec<PasswordPolicyRow>> {
        let sql =
            "SELECT document, entry, at, reason FROM password_policy ORDER BY entry DESC, id DESC";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            let entry = row.get::<_, i64>(1)?.unsigned_abs();
            Ok((row.get::<_, String>(0)?, entry, row.get(2)?, row.get(3)?))
        })?;
        let row = |found: rusqlite::Result<(String, u64, String, String)>| {
            let (document, entry, at, reason) = found?;
            let policy = serde_json::from_str(&document).map_err(|e| Error::DocumentBroken {
                kind: "password policy",
                detail: e.to_string(),
            })?;
            Ok(PasswordPolicyRow { policy, entry, at, reason })
        };
        rows.map(row).collect()
    }

    /// The password policy in force.
    ///
    /// # Errors
    ///
    /// As for [`ReadTx::password_policies`].
    pub fn password_policy(&self) -> Result<PasswordPolicy> {
        let newest = self.password_policies()?.into_iter().next();
        Ok(newest.map(|row| row.policy).unwrap_or_default())
    }

    /// Whether an account is locked.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn is_locked(&self, account_id: &str) -> Result<bool> {
        let sql = "SELECT locked FROM account_lock WHERE account_id = :account_id ORDER BY entry DESC, id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let locked = statement
            .query_row(named_params! {":account_id": account_id}, |row| row.get::<_, i64>(0));
        Ok(locked.optional()?.is_some_and(|locked| locked != 0))
    }

    /// Whether an account is enabled, as every one is until somebody disables it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn is_enabled(&self, account_id: &str) -> Result<bool> {
        let sql = "SELECT enabled FROM account_state WHERE account_id = :account_id ORDER BY entry DESC, id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let enabled = statement
            .query_row(named_params! {":account_id": account_id}, |row| row.get::<_, i64>(0));
        Ok(enabled.optional()?.is_none_or(|enabled| enabled != 0))
    }

    /// The token whose secret has that digest.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn token_by_secret(&self, secret_sha256: &str) -> Result<Option<TokenRow>> {
        let sql = "SELECT a.id, a.user_name, a.printed_name, a.role, t.id, t.name, t.scope, t.expires_at, r.id \
                   FROM token t JOIN account a ON a.id = t.account_id \
                   LEFT JOIN token_revocation r ON r.token_id = t.id \
                   WHERE t.secret_sha256 = :secret ORDER BY t.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":secret": secret_sha256}, token_of).optional()?)
    }

    /// The tokens of one account, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn tokens_of(&self, account_id: &str) -> Result<Vec<TokenRow>> {
        let sql = "SELECT a.id, a.user_name, a.printed_name, a.role, t.id, t.name, t.scope, t.expires_at, r.id \
                   FROM token t JOIN account a ON a.id = t.account_id \
                   LEFT JOIN token_revocation r ON r.token_id = t.id \
                   WHERE t.account_id = :account_id ORDER BY t.entry, t.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":account_id": account_id}, token_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The session whose secret has that digest; whether its password is due is not stored.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn session(&self, secret_sha256: &str) -> Result<Option<Session>> {
        let sql = "SELECT a.id, a.user_name, a.printed_name, a.role, s.form_token, s.used_at, s.by_provider \
                   FROM session s JOIN account a ON a.id = s.account_id WHERE s.secret_sha256 = :secret \
                   ORDER BY a.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row(named_params! {":secret": secret_sha256}, |row| {
            Ok(Session {
                secret_sha256: secret_sha256.to_owned(),
                account: account_of(row, 0)?,
                form_token: row.get(4)?,
                used_at: row.get(5)?,
                way: if row.get(6)? { Way::ProviderSession } else { Way::Session },
                password_due: None,
            })
        });
        Ok(found.optional()?)
    }

    /// Wrong passwords in a row.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn wrong_passwords(&self, account_id: &str) -> Result<u32> {
        let sql = "SELECT attempts FROM wrong_password WHERE account_id = :account_id ORDER BY account_id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found =
            statement.query_row(named_params! {":account_id": account_id}, |row| row.get(0));
        Ok(found.optional()?.unwrap_or(0))
    }
}

fn token_of(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    let scope: String = row.get(6)?;
    Ok(TokenRow {
        account: account_of(row, 0)?,
        id: row.get(4)?,
        name: row.get(5)?,
        scope: serde_json::from_str(&scope).unwrap_or(serde_json::Value::Null),
        expires_at: row.get(7)?,
        revoked: row.get::<_, Option<String>>(8)?.is_some(),
    })
}
