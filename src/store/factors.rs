//! Second factors, and the working tables about them: secrets, offers, used codes, series of signatures.

use super::{ReadTx, Result, Store, WriteTx};
use crate::access::second_factor::{FactorState, SERIES_IDLE_SECONDS_MAX, SERIES_SECONDS_MAX};
use rusqlite::{OptionalExtension, named_params};

impl WriteTx<'_> {
    /// Records where the second factor of an account stands from now on, and who says so.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_second_factor(
        &mut self,
        id: &str,
        (account_id, by_account_id): (&str, &str),
        (state, reason): (FactorState, &str),
    ) -> Result<()> {
        self.insert(
            "second_factor",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("by_account_id", &by_account_id),
                ("state", &state.word()),
                ("reason", &reason),
            ],
        )
    }
}

impl WriteTx<'_> {
    /// Records that a temporary code stands in for the second factor of an account until `expires_at`, and who says so.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_temporary_factor(
        &mut self,
        id: &str,
        (account_id, by_account_id): (&str, &str),
        (reason, expires_at): (&str, &str),
    ) -> Result<()> {
        self.insert(
            "second_factor",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("by_account_id", &by_account_id),
                ("state", &FactorState::Temporary.word()),
                ("reason", &reason),
                ("expires_at", &expires_at),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// The SHA-256 of the temporary code of an account, and until when it is good (UTC).
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn temporary_code(&self, account_id: &str) -> Result<Option<(String, String)>> {
        let sql = "SELECT code_sha256, expires_at FROM temporary_code WHERE account_id = :account_id ORDER BY account_id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":account_id": account_id};
        Ok(statement.query_row(named, |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// Where the second factor of an account stands, and which account said so.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn second_factor(&self, account_id: &str) -> Result<(FactorState, Option<String>)> {
        let sql = "SELECT state, by_account_id FROM second_factor WHERE account_id = :account_id \
                   ORDER BY entry DESC, id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found: Option<(String, String)> = statement
            .query_row(named_params! {":account_id": account_id}, |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        Ok(found.map_or((FactorState::None, None), |(word, by)| {
            (FactorState::of_word(&word), Some(by))
        }))
    }

    /// The secret of an account's second factor.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn factor_secret(&self, account_id: &str) -> Result<Option<String>> {
        let sql =
            "SELECT secret FROM factor_secret WHERE account_id = :account_id ORDER BY account_id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":account_id": account_id};
        Ok(statement.query_row(named, |row| row.get(0)).optional()?)
    }

    /// The secret that was offered to an account, and when (UTC seconds).
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn factor_offer(&self, account_id: &str) -> Result<Option<(String, i64)>> {
        let sql = "SELECT secret, offered_at FROM factor_offer WHERE account_id = :account_id ORDER BY account_id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":account_id": account_id};
        Ok(statement.query_row(named, |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// How many signatures the series of an account has that goes on at `now` (UTC seconds); none where no series does.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn series(&self, account_id: &str, now: i64) -> Result<Option<u64>> {
        let sql = "SELECT started_at, used_at, signatures FROM signing_series WHERE account_id = :account_id \
                   ORDER BY account_id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":account_id": account_id};
        let found: Option<(i64, i64, i64)> = statement
            .query_row(named, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let goes_on = |(started, used, _): &(i64, i64, i64)| {
            now - started <= SERIES_SECONDS_MAX && now - used <= SERIES_IDLE_SECONDS_MAX
        };
        Ok(found.filter(goes_on).map(|(_, _, signatures)| signatures.unsigned_abs()))
    }
}

impl Store {
    /// Keeps a secret that is shown to somebody, until it is confirmed.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn offer_factor(&self, account_id: &str, secret: &str, now: i64) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "INSERT INTO factor_offer (account_id, secret, offered_at) VALUES (:account_id, :secret, :now) \
                 ON CONFLICT (account_id) DO UPDATE SET secret = :secret, offered_at = :now",
                named_params! {":account_id": account_id, ":secret": secret, ":now": now},
            )?;
            Ok(())
        })
    }

    /// Takes an offered secret into use; `step` is the one whose code confirmed it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn take_up_factor(&self, account_id: &str, secret: &str, step: i64) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "INSERT INTO factor_secret (account_id, secret, used_step) VALUES (:account_id, :secret, :step) \
                 ON CONFLICT (account_id) DO UPDATE SET secret = :secret, used_step = :step",
                named_params! {":account_id": account_id, ":secret": secret, ":step": step},
            )?;
            connection.execute(
                "DELETE FROM factor_offer WHERE account_id = :account_id",
                named_params! {":account_id": account_id},
            )?;
            Ok(())
        })
    }

    /// Keeps the SHA-256 of a temporary code, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn keep_temporary_code(
        &self,
        account_id: &str,
        code_sha256: &str,
        expires_at: &str,
    ) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "INSERT INTO temporary_code (account_id, code_sha256, expires_at) VALUES (:account_id, :code_sha256, :expires_at) \
                 ON CONFLICT (account_id) DO UPDATE SET code_sha256 = :code_sha256, expires_at = :expires_at",
                named_params! {":account_id": account_id, ":code_sha256": code_sha256, ":expires_at": expires_at},
            )?;
            Ok(())
        })
    }

    /// Takes the temporary code of an account away: whether it was there.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn take_temporary_code(&self, account_id: &str) -> Result<bool> {
        self.work(|connection| {
            let changed = connection.execute(
                "DELETE FROM temporary_code WHERE account_id = :account_id",
                named_params! {":account_id": account_id},
            )?;
            Ok(changed > 0)
        })
    }

    /// Forgets the secret of an account.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn forget_factor(&self, account_id: &str) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "DELETE FROM factor_secret WHERE account_id = :account_id",
                named_params! {":account_id": account_id},
            )?;
            Ok(())
        })
    }

    /// Uses the code of a step: whether neither it nor a later one was used before.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn use_step(&self, account_id: &str, step: i64) -> Result<bool> {
        self.work(|connection| {
            let changed = connection.execute(
                "UPDATE factor_secret SET used_step = :step WHERE account_id = :account_id AND used_step < :step",
                named_params! {":account_id": account_id, ":step": step},
            )?;
            Ok(changed > 0)
        })
    }

    /// Begins a series of signatures at `now` (UTC seconds).
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn begin_series(&self, account_id: &str, now: i64) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "INSERT INTO signing_series (account_id, started_at, used_at, signatures) \
                 VALUES (:account_id, :now, :now, 0) ON CONFLICT (account_id) \
                 DO UPDATE SET started_at = :now, used_at = :now, signatures = 0",
                named_params! {":account_id": account_id, ":now": now},
            )?;
            Ok(())
        })
    }

    /// Counts a signature of a series.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn go_on_with_series(&self, account_id: &str, now: i64) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "UPDATE signing_series SET used_at = :now, signatures = signatures + 1 WHERE account_id = :account_id",
                named_params! {":account_id": account_id, ":now": now},
            )?;
            Ok(())
        })
    }

    /// Ends the series of signatures of an account.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn end_series(&self, account_id: &str) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "DELETE FROM signing_series WHERE account_id = :account_id",
                named_params! {":account_id": account_id},
            )?;
            Ok(())
        })
    }
}
