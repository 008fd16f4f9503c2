//! Changes of the working tables: sessions, wrong passwords, settings. No record, so no ledger entry.

use super::{ReadTx, Result, Store};
use crate::access::account::Way;
use crate::access::session::Session;
use rusqlite::{Connection, OptionalExtension, named_params};
use std::sync::PoisonError;

impl Store {
    /// Changes working tables, outside any entry.
    pub(super) fn work<T>(&self, change: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let mut writer = self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner);
        change(writer.alone(&self.inner.signers))
    }

    /// Keeps a new session.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn start_session(&self, session: &Session) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "INSERT INTO session (secret_sha256, account_id, form_token, started_at, used_at, by_provider) \
                 VALUES (:secret, :account_id, :form_token, :at, :at, :by_provider)",
                named_params! {
                    ":secret": session.secret_sha256,
                    ":account_id": session.account.id,
                    ":form_token": session.form_token,
                    ":at": session.used_at,
                    ":by_provider": session.way == Way::ProviderSession,
                },
            )?;
            Ok(())
        })
    }

    /// Notes that a session was used at `now` (UTC seconds).
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn touch_session(&self, secret_sha256: &str, now: i64) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "UPDATE session SET used_at = :now WHERE secret_sha256 = :secret",
                named_params! {":now": now, ":secret": secret_sha256},
            )?;
            Ok(())
        })
    }

    /// Ends a session.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn end_session(&self, secret_sha256: &str) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "DELETE FROM session WHERE secret_sha256 = :secret",
                named_params! {":secret": secret_sha256},
            )?;
            Ok(())
        })
    }

    /// Ends the sessions of an account, but for the one whose secret has the digest `but`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn end_sessions_of(&self, account_id: &str, but: Option<&str>) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "DELETE FROM session WHERE account_id = :account_id AND secret_sha256 IS NOT :but",
                named_params! {":account_id": account_id, ":but": but},
            )?;
            Ok(())
        })
    }

    /// Counts one more wrong password and returns how many there are in a row.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn count_wrong_password(&self, account_id: &str) -> Result<u32> {
        self.work(|connection| {
            connection.execute(
                "INSERT INTO wrong_password (account_id, attempts) VALUES (:account_id, 1) \
                 ON CONFLICT (account_id) DO UPDATE SET attempts = attempts + 1",
                named_params! {":account_id": account_id},
            )?;
            let sql = "SELECT attempts FROM wrong_password WHERE account_id = :account_id ORDER BY account_id";
            Ok(connection.query_row(sql, named_params! {":account_id": account_id}, |row| row.get(0))?)
        })
    }

    /// Forgets the wrong passwords of an account.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn clear_wrong_passwords(&self, account_id: &str) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "DELETE FROM wrong_password WHERE account_id = :account_id",
                named_params! {":account_id": account_id},
            )?;
            Ok(())
        })
    }

    /// Keeps a setting of this store that affects no record, for example that it is a demonstration.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn set_setting(&self, name: &str, value: &str) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "INSERT INTO setting (name, value) VALUES (:name, :value) \
                 ON CONFLICT (name) DO UPDATE SET value = :value",
                named_params! {":name": name, ":value": value},
            )?;
            Ok(())
        })
    }
}

impl ReadTx<'_> {
    /// A setting of this store.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn setting(&self, name: &str) -> Result<Option<String>> {
        let sql = "SELECT value FROM setting WHERE name = :name ORDER BY name";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":name": name}, |row| row.get(0)).optional()?)
    }
}
