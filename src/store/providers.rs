//! Links between accounts and identities at the identity provider, and the working tables of logins there.

use super::accounts::account_of;
use super::{Error, ReadTx, Result, Store, WriteTx};
use crate::access::account::Account;
use crate::access::provider::{LOGIN_SECONDS_MAX, LinkState, PROOF_SECONDS_MAX, ProviderIdentity};
use rusqlite::{OptionalExtension, named_params};
use serde::Serialize;

/// Which identity an account is linked to, or is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LinkRow {
    /// Where the link stands.
    pub state: LinkState,
    /// The provider.
    pub issuer: String,
    /// What it calls the person.
    pub subject: String,
    /// Account of who said so.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A login that was begun in a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginRow {
    /// SHA-256 of the `state` that has to come back.
    pub state_sha256: String,
    /// SHA-256 of the secret in that browser's cookie.
    pub browser_sha256: String,
    /// What has to come back inside the ID token.
    pub nonce: String,
    /// PKCE verifier.
    pub verifier: String,
    /// Where it is a login anew: the session it is for.
    pub session_sha256: Option<String>,
    /// Where to go on to.
    pub next: String,
    /// When it was begun, UTC seconds.
    pub started_at: i64,
}

impl WriteTx<'_> {
    /// Records where the link of an account stands from now on.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_provider_link(
        &mut self,
        id: &str,
        account_id: &str,
        link: &LinkRow,
    ) -> Result<()> {
        self.insert(
            "provider_link",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("by_account_id", &link.by),
                ("issuer", &link.issuer),
                ("subject", &link.subject),
                ("state", &link.state.word()),
                ("reason", &link.reason),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// The newest link of an account, whatever its state.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn provider_link(&self, account_id: &str) -> Result<Option<LinkRow>> {
        let sql = "SELECT state, issuer, subject, by_account_id, reason FROM provider_link \
                   WHERE account_id = :account_id ORDER BY entry DESC, id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row(named_params! {":account_id": account_id}, |row| {
            Ok(LinkRow {
                state: LinkState::of_word(&row.get::<_, String>(0)?),
                issuer: row.get(1)?,
                subject: row.get(2)?,
                by: row.get(3)?,
                reason: row.get(4)?,
            })
        });
        Ok(found.optional()?)
    }

    /// The link that is in force for an account.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn linked_identity(&self, account_id: &str) -> Result<Option<LinkRow>> {
        Ok(self.provider_link(account_id)?.filter(|link| link.state.is_linked()))
    }

    /// The account that is linked to an identity.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn account_of_identity(&self, issuer: &str, subject: &str) -> Result<Option<Account>> {
        let sql = "SELECT a.id, a.user_name, a.printed_name, a.role FROM provider_link p \
                   JOIN account a ON a.id = p.account_id \
                   WHERE p.issuer = :issuer AND p.subject = :subject AND p.state IN ('linked', 'removal_asked') \
                   AND NOT EXISTS (SELECT 1 FROM provider_link n WHERE n.account_id = p.account_id AND n.entry > p.entry) \
                   ORDER BY p.entry DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":issuer": issuer, ":subject": subject};
        Ok(statement.query_row(named, |row| account_of(row, 0)).optional()?)
    }
}

impl Store {
    /// Keeps a login that was begun, and forgets those that were never finished.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn begin_login(&self, login: &LoginRow) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "DELETE FROM provider_login WHERE started_at < :oldest",
                named_params! {":oldest": login.started_at - LOGIN_SECONDS_MAX},
            )?;
            connection.execute(
                "INSERT INTO provider_login (state_sha256, browser_sha256, nonce, verifier, session_sha256, next, started_at) \
                 VALUES (:state, :browser, :nonce, :verifier, :session, :next, :at)",
                named_params! {
                    ":state": login.state_sha256, ":browser": login.browser_sha256, ":nonce": login.nonce,
                    ":verifier": login.verifier, ":session": login.session_sha256, ":next": login.next,
                    ":at": login.started_at,
                },
            )?;
            Ok(())
        })
    }

    /// Takes a login that was begun: it can be finished once.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn take_login(&self, state_sha256: &str) -> Result<Option<LoginRow>> {
        self.work(|connection| {
            let sql = "DELETE FROM provider_login WHERE state_sha256 = :state \
                       RETURNING browser_sha256, nonce, verifier, session_sha256, next, started_at";
            let found = connection.query_row(sql, named_params! {":state": state_sha256}, |row| {
                Ok(LoginRow {
                    state_sha256: state_sha256.to_owned(),
                    browser_sha256: row.get(0)?,
                    nonce: row.get(1)?,
                    verifier: row.get(2)?,
                    session_sha256: row.get(3)?,
                    next: row.get(4)?,
                    started_at: row.get(5)?,
                })
            });
            Ok(found.optional()?)
        })
    }

    /// Keeps a login anew, good for one signature.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn keep_fresh_login(
        &self,
        account_id: &str,
        identity: &ProviderIdentity,
        now: i64,
    ) -> Result<()> {
        let document = crate::digest::canonical_json(identity)?;
        let document = String::from_utf8(document).unwrap_or_default();
        self.work(|connection| {
            connection.execute(
                "INSERT INTO fresh_login (account_id, identity, proved_at) VALUES (:account_id, :identity, :now) \
                 ON CONFLICT (account_id) DO UPDATE SET identity = :identity, proved_at = :now",
                named_params! {":account_id": account_id, ":identity": document, ":now": now},
            )?;
            Ok(())
        })
    }

    /// Takes the login anew of an account, if there is one that is good at `now` (UTC seconds).
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`].
    pub fn take_fresh_login(&self, account_id: &str, now: i64) -> Result<Option<ProviderIdentity>> {
        let found: Option<(String, i64)> = self.work(|connection| {
            let sql =
                "DELETE FROM fresh_login WHERE account_id = :account_id RETURNING identity, proved_at";
            let named = named_params! {":account_id": account_id};
            Ok(connection.query_row(sql, named, |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
        })?;
        let Some((document, _)) = found.filter(|(_, at)| now - at <= PROOF_SECONDS_MAX) else {
            return Ok(None);
        };
        let identity = serde_json::from_str(&document).map_err(|e| Error::DocumentBroken {
            kind: "login at the provider",
            detail: e.to_string(),
        })?;
        Ok(Some(identity))
    }
}
