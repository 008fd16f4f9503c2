//! Roles by two people: requests, answers, and the role in force at a time.

use super::{Error, ReadTx, Result, WriteTx};
use crate::access::account::Account;
use crate::access::role::Role;
use rusqlite::{OptionalExtension, Row, named_params};

/// A role that somebody asked for, for an account.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct RoleRequestRow {
    /// Id.
    pub id: String,
    /// User name of the account.
    pub user_name: String,
    /// The role.
    pub role: Role,
    /// From when, UTC.
    pub valid_from: String,
    /// Until when, UTC; without it, without end.
    pub valid_until: Option<String>,
    /// Why.
    pub reason: String,
    /// User name of who asked.
    pub requested_by: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry of the request.
    pub request_entry: u64,
    /// What another person answered.
    pub answer: Option<RoleAnswerRow>,
}

/// What another person answered.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct RoleAnswerRow {
    /// Whether the role is granted.
    pub granted: bool,
    /// Why.
    pub reason: String,
    /// User name of who answered.
    pub answered_by: String,
    /// Ledger entry of the answer.
    pub entry: u64,
}

/// A request to record.
#[derive(Clone, Copy, Debug)]
pub struct NewRoleRequest<'a> {
    /// Id.
    pub id: &'a str,
    /// Id of the account.
    pub account_id: &'a str,
    /// The role.
    pub role: Role,
    /// From when, UTC.
    pub valid_from: &'a str,
    /// Until when, UTC.
    pub valid_until: Option<&'a str>,
    /// Why.
    pub reason: &'a str,
    /// Id of the account that asks.
    pub requested_by: &'a str,
    /// Whether the account is created together with it, and so has no role before.
    pub creates: bool,
}

impl WriteTx<'_> {
    /// Records a request.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_role_request(&mut self, request: &NewRoleRequest<'_>) -> Result<()> {
        self.insert(
            "role_request",
            &[
                ("id", &request.id),
                ("account_id", &request.account_id),
                ("role", &request.role.word()),
                ("valid_from", &request.valid_from),
                ("valid_until", &request.valid_until),
                ("reason", &request.reason),
                ("requested_by", &request.requested_by),
                ("creates", &i64::from(request.creates)),
            ],
        )
    }

    /// Records the answer to a request: one, by another person.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::AlreadyExists`] for a second answer.
    pub fn insert_role_answer(
        &mut self,
        (id, request_id): (&str, &str),
        granted: bool,
        (reason, answered_by): (&str, &str),
    ) -> Result<()> {
        self.insert(
            "role_answer",
            &[
                ("id", &id),
                ("request_id", &request_id),
                ("granted", &i64::from(granted)),
                ("reason", &reason),
                ("answered_by", &answered_by),
            ],
        )
    }
}

const REQUESTS: &str = "SELECT q.id, o.user_name, q.role, q.valid_from, q.valid_until, q.reason, r.user_name, q.at, q.entry, \
                        a.granted, a.reason, b.user_name, a.entry FROM role_request q \
                        JOIN account o ON o.id = q.account_id JOIN account r ON r.id = q.requested_by \
                        LEFT JOIN role_answer a ON a.request_id = q.id LEFT JOIN account b ON b.id = a.answered_by";

impl ReadTx<'_> {
    /// The role of `account` at `now` (UTC): the newest grant in force, else the one it was created with, if nobody had to
    /// approve that.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`] for a role that this program does not know.
    pub fn role_in_force(&self, account: &Account, now: &str) -> Result<Option<Role>> {
        let sql = "SELECT q.role FROM role_answer a JOIN role_request q ON q.id = a.request_id \
                   WHERE q.account_id = :account_id AND a.granted = 1 AND q.valid_from <= :now \
                   AND (q.valid_until IS NULL OR q.valid_until > :now) ORDER BY a.entry DESC, a.id DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":account_id": account.id, ":now": now};
        let word: Option<String> = statement.query_row(named, |row| row.get(0)).optional()?;
        if let Some(word) = word {
            return Ok(Some(known(&word)?));
        }
        let sql = "SELECT count(*) FROM role_request WHERE account_id = :account_id AND creates = 1 ORDER BY 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":account_id": account.id};
        let waited: i64 = statement.query_row(named, |row| row.get(0))?;
        Ok((waited == 0).then_some(account.role))
    }

    /// The request of that id.
    ///
    /// # Errors
    ///
    /// As for [`ReadTx::role_requests`].
    pub fn role_request(&self, id: &str) -> Result<Option<RoleRequestRow>> {
        Ok(self.role_requests()?.into_iter().find(|row| row.id == id))
    }

    /// All requests with their answers, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`] for a role that this program does not know.
    pub fn role_requests(&self) -> Result<Vec<RoleRequestRow>> {
        let sql = format!("{REQUESTS} ORDER BY q.entry DESC, q.id DESC");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows =
            statement.query_map([], |row| Ok((row.get::<_, String>(2)?, request_of(row)?)))?;
        rows.map(|found| {
            let (word, row) = found?;
            Ok(RoleRequestRow { role: known(&word)?, ..row })
        })
        .collect()
    }
}

fn known(word: &str) -> Result<Role> {
    Role::parse(word)
        .map_err(|e| Error::DocumentBroken { kind: "role request", detail: e.to_string() })
}

/// The request of a row; its role is read by the caller.
fn request_of(row: &Row<'_>) -> rusqlite::Result<RoleRequestRow> {
    let answer = match row.get::<_, Option<i64>>(9)? {
        None => None,
        Some(granted) => Some(RoleAnswerRow {
            granted: granted != 0,
            reason: row.get(10)?,
            answered_by: row.get(11)?,
            entry: row.get::<_, i64>(12)?.unsigned_abs(),
        }),
    };
    Ok(RoleRequestRow {
        id: row.get(0)?,
        user_name: row.get(1)?,
        role: Role::Inspector,
        valid_from: row.get(3)?,
        valid_until: row.get(4)?,
        reason: row.get(5)?,
        requested_by: row.get(6)?,
        at: row.get(7)?,
        request_entry: row.get::<_, i64>(8)?.unsigned_abs(),
        answer,
    })
}
