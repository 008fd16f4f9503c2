//! Passkeys and their revocations, and the working tables about them.

use super::{Error, ReadTx, Result, Store, WriteTx};
use crate::access::passkey::{ASSERTION_SECONDS_MAX, PasskeyKey};
use crate::digest;
use crate::review::identified::PasskeyProof;
use rusqlite::{OptionalExtension, named_params};
use serde::Serialize;

/// A passkey as it was registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PasskeyRow {
    /// Id.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Key and site.
    #[serde(flatten)]
    pub key: PasskeyKey,
    /// When it was registered, UTC.
    pub at: String,
    /// Why it is not in force any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
}

impl WriteTx<'_> {
    /// Records a passkey of an account.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::AlreadyExists`] for one that is registered.
    pub fn insert_passkey(
        &mut self,
        id: &str,
        (account_id, name): (&str, &str),
        key: &PasskeyKey,
    ) -> Result<()> {
        self.insert(
            "passkey",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("name", &name),
                ("credential_id", &key.credential_id),
                ("public_key", &key.public_key),
                ("rp_id", &key.rp_id),
                ("origin", &key.origin),
            ],
        )
    }

    /// Records that a passkey is not in force any more.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_passkey_revocation(
        &mut self,
        id: &str,
        (passkey_id, by_account_id): (&str, &str),
        reason: &str,
    ) -> Result<()> {
        self.insert(
            "passkey_revocation",
            &[
                ("id", &id),
                ("passkey_id", &passkey_id),
                ("by_account_id", &by_account_id),
                ("reason", &reason),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// All passkeys of an account, oldest first, those that were revoked too.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn passkeys(&self, account_id: &str) -> Result<Vec<PasskeyRow>> {
        let sql = "SELECT p.id, p.name, p.credential_id, p.public_key, p.rp_id, p.origin, p.at, r.reason FROM passkey p \
                   LEFT JOIN passkey_revocation r ON r.passkey_id = p.id \
                   WHERE p.account_id = :account_id ORDER BY p.entry, p.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":account_id": account_id}, |row| {
            Ok(PasskeyRow {
                id: row.get(0)?,
                name: row.get(1)?,
                key: PasskeyKey {
                    credential_id: row.get(2)?,
                    public_key: row.get(3)?,
                    rp_id: row.get(4)?,
                    origin: row.get(5)?,
                },
                at: row.get(6)?,
                revoked: row.get(7)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The passkeys of an account that are in force.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn passkeys_in_force(&self, account_id: &str) -> Result<Vec<PasskeyRow>> {
        let mut rows = self.passkeys(account_id)?;
        rows.retain(|row| row.revoked.is_none());
        Ok(rows)
    }

    /// Whether a signature of an account carries the word of this passkey.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn has_signed_with(&self, account_id: &str, passkey_id: &str) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM record_signature WHERE account_id = :account_id \
                   AND json_extract(document, '$.passkey.passkey') = :id) \
                   OR EXISTS (SELECT 1 FROM signature WHERE account_id = :account_id \
                   AND json_extract(document, '$.passkey.passkey') = :id) \
                   OR EXISTS (SELECT 1 FROM study_signature WHERE account_id = :account_id \
                   AND json_extract(document, '$.passkey.passkey') = :id) ORDER BY 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":account_id": account_id, ":id": passkey_id};
        Ok(statement.query_row(named, |row| row.get(0))?)
    }

    /// The registration that an account began, and when (UTC seconds).
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn passkey_offer(&self, account_id: &str) -> Result<Option<(String, i64)>> {
        let sql = "SELECT state, offered_at FROM passkey_offer WHERE account_id = :account_id ORDER BY account_id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":account_id": account_id};
        Ok(statement.query_row(named, |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }
}

impl Store {
    /// Keeps a registration that was begun, until it is confirmed.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn keep_passkey_offer(&self, account_id: &str, state: &str, now: i64) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "INSERT INTO passkey_offer (account_id, state, offered_at) VALUES (:account_id, :state, :now) \
                 ON CONFLICT (account_id) DO UPDATE SET state = :state, offered_at = :now",
                named_params! {":account_id": account_id, ":state": state, ":now": now},
            )?;
            Ok(())
        })
    }

    /// Forgets a registration that was begun.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn forget_passkey_offer(&self, account_id: &str) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "DELETE FROM passkey_offer WHERE account_id = :account_id",
                named_params! {":account_id": account_id},
            )?;
            Ok(())
        })
    }

    /// Keeps what a passkey said, for the signature that follows.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn keep_passkey_proof(
        &self,
        account_id: &str,
        proof: &PasskeyProof,
        now: i64,
    ) -> Result<()> {
        let document = String::from_utf8(digest::canonical_json(proof)?).unwrap_or_default();
        self.work(|connection| {
            connection.execute(
                "INSERT INTO passkey_proof (account_id, proof, proved_at) VALUES (:account_id, :proof, :now) \
                 ON CONFLICT (account_id) DO UPDATE SET proof = :proof, proved_at = :now",
                named_params! {":account_id": account_id, ":proof": document, ":now": now},
            )?;
            Ok(())
        })
    }

    /// Takes what a passkey of an account said, if it is good at `now` (UTC seconds).
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`].
    pub fn take_passkey_proof(&self, account_id: &str, now: i64) -> Result<Option<PasskeyProof>> {
        let found: Option<(String, i64)> = self.work(|connection| {
            let sql =
                "DELETE FROM passkey_proof WHERE account_id = :account_id RETURNING proof, proved_at";
            let named = named_params! {":account_id": account_id};
            Ok(connection.query_row(sql, named, |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
        })?;
        let Some((document, _)) = found.filter(|(_, at)| now - at <= ASSERTION_SECONDS_MAX) else {
            return Ok(None);
        };
        let proof = serde_json::from_str(&document)
            .map_err(|e| Error::DocumentBroken { kind: "passkey proof", detail: e.to_string() })?;
        Ok(Some(proof))
    }
}
