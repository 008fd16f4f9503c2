//! How long stored files are kept, and legal holds.

use super::count::Count;
use super::{Error, ReadTx, Result, WriteTx};
use crate::review::legal_hold::HoldScope;
use crate::review::retention::RetentionPolicy;
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;
use std::collections::HashMap;

/// A retention policy as it was set.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RetentionPolicyRow {
    /// Id.
    pub id: String,
    /// The classes and kinds.
    pub policy: RetentionPolicy,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// User name of who set it.
    pub set_by: String,
    /// Why.
    pub reason: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry from which on it is in force.
    pub entry: u64,
}

/// The retention class that the files of a version were given.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct VersionRetentionRow {
    /// Id.
    pub id: String,
    /// Version.
    pub version_id: String,
    /// Name of the class; absent where kinds decide again.
    pub class: Option<String>,
    /// User name of who gave it.
    pub set_by: String,
    /// Why.
    pub reason: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// That a hold was lifted.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LiftedRow {
    /// Id of the record that lifts it.
    pub id: String,
    /// User name of who signed.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// A legal hold.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LegalHoldRow {
    /// Id.
    pub id: String,
    /// What it covers, by ids.
    pub scope: HoldScope,
    /// Name of the version that it covers, where it covers one.
    pub version: Option<String>,
    /// Name of the batch that it covers, where it covers one.
    pub batch: Option<String>,
    /// User name of who placed it.
    pub placed_by: String,
    /// Why.
    pub reason: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// How it ended; absent while it is in force.
    pub lifted: Option<LiftedRow>,
}

impl LegalHoldRow {
    /// What it covers, in words.
    pub fn words(&self) -> String {
        match (&self.scope.model, &self.version, &self.batch) {
            (Some(model), Some(version), Some(batch)) => {
                format!("batch `{batch}` of version `{version}` of `{model}`")
            }
            (Some(model), Some(version), None) => format!("version `{version}` of `{model}`"),
            (Some(model), ..) => format!("model `{model}`"),
            _ => "the whole store".to_owned(),
        }
    }
}

/// The record that lifts a hold, to be written.
#[derive(Clone, Copy, Debug)]
pub struct HoldLiftRow<'a> {
    /// Id.
    pub id: &'a str,
    /// The hold.
    pub hold_id: &'a str,
    /// Account of who signs.
    pub account_id: &'a str,
    /// Why.
    pub reason: &'a str,
    /// SHA-256 of the canonical document.
    pub sha256: &'a str,
    /// Canonical JSON.
    pub document: &'a str,
}

impl WriteTx<'_> {
    /// Records a retention policy: the newest one is in force.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_retention_policy(
        &mut self,
        (id, account_id): (&str, &str),
        (sha256, document): (&str, &str),
        reason: &str,
    ) -> Result<()> {
        self.insert(
            "retention_policy",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("reason", &reason),
                ("sha256", &sha256),
                ("document", &document),
            ],
        )
    }

    /// Gives the files of a version a class; without one, kinds decide again.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_version_retention(
        &mut self,
        (id, account_id): (&str, &str),
        (version_id, class): (&str, Option<&str>),
        reason: &str,
    ) -> Result<()> {
        self.insert(
            "version_retention",
            &[
                ("id", &id),
                ("version_id", &version_id),
                ("account_id", &account_id),
                ("class", &class),
                ("reason", &reason),
            ],
        )
    }

    /// Places a legal hold.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_legal_hold(
        &mut self,
        (id, account_id): (&str, &str),
        scope: &HoldScope,
        reason: &str,
    ) -> Result<()> {
        self.insert(
            "legal_hold",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("model", &scope.model),
                ("version_id", &scope.version_id),
                ("batch_id", &scope.batch_id),
                ("reason", &reason),
            ],
        )
    }

    /// Lifts a legal hold.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_hold_lift(&mut self, row: &HoldLiftRow<'_>) -> Result<()> {
        self.insert(
            "hold_lift",
            &[
                ("id", &row.id),
                ("hold_id", &row.hold_id),
                ("account_id", &row.account_id),
                ("reason", &row.reason),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }
}

const HOLD: &str = "SELECT h.id, h.model, h.version_id, h.batch_id, v.version, b.name, a.user_name, h.reason, h.at, h.entry, \
                    l.id, c.user_name, l.reason, l.at, l.entry FROM legal_hold h JOIN account a ON a.id = h.account_id \
                    LEFT JOIN model_version v ON v.id = h.version_id LEFT JOIN batch b ON b.id = h.batch_id \
                    LEFT JOIN hold_lift l ON l.hold_id = h.id LEFT JOIN account c ON c.id = l.account_id";

fn hold_of(row: &Row<'_>) -> rusqlite::Result<LegalHoldRow> {
    let lifted = match row.get::<_, Option<String>>(10)? {
        None => None,
        Some(id) => Some(LiftedRow {
            id,
            by: row.get(11)?,
            reason: row.get(12)?,
            at: row.get(13)?,
            entry: row.get::<_, Count>(14)?.0,
        }),
    };
    let scope = HoldScope { model: row.get(1)?, version_id: row.get(2)?, batch_id: row.get(3)? };
    Ok(LegalHoldRow {
        id: row.get(0)?,
        scope,
        version: row.get(4)?,
        batch: row.get(5)?,
        placed_by: row.get(6)?,
        reason: row.get(7)?,
        at: row.get(8)?,
        entry: row.get::<_, Count>(9)?.0,
        lifted,
    })
}

fn version_retention_of(row: &Row<'_>) -> rusqlite::Result<VersionRetentionRow> {
    Ok(VersionRetentionRow {
        id: row.get(0)?,
        version_id: row.get(1)?,
        class: row.get(2)?,
        set_by: row.get(3)?,
        reason: row.get(4)?,
        at: row.get(5)?,
        entry: row.get::<_, Count>(6)?.0,
    })
}

impl ReadTx<'_> {
    /// The retention policies that were set, newest first: the first one is in force.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`].
    pub fn retention_policies(&self) -> Result<Vec<RetentionPolicyRow>> {
        let sql = "SELECT p.id, p.document, p.sha256, a.user_name, p.reason, p.at, p.entry FROM retention_policy p \
                   JOIN account a ON a.id = p.account_id ORDER BY p.entry DESC, p.id DESC";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let document: String = row.get(1)?;
            let policy = serde_json::from_str(&document).map_err(|e| Error::DocumentBroken {
                kind: "retention policy",
                detail: e.to_string(),
            })?;
            found.push(RetentionPolicyRow {
                id: row.get(0)?,
                policy,
                sha256: row.get(2)?,
                set_by: row.get(3)?,
                reason: row.get(4)?,
                at: row.get(5)?,
                entry: row.get::<_, Count>(6)?.0,
            });
        }
        Ok(found)
    }

    /// The class of every version that was given one of its own, by the id of the version.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn version_retentions(&self) -> Result<HashMap<String, VersionRetentionRow>> {
        let sql = "SELECT r.id, r.version_id, r.class, a.user_name, r.reason, r.at, r.entry FROM version_retention r \
                   JOIN account a ON a.id = r.account_id ORDER BY r.entry, r.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], version_retention_of)?;
        let mut newest = HashMap::new();
        for row in rows {
            let row = row?;
            newest.insert(row.version_id.clone(), row);
        }
        newest.retain(|_, row| row.class.is_some());
        Ok(newest)
    }

    /// Every legal hold, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn legal_holds(&self) -> Result<Vec<LegalHoldRow>> {
        let sql = format!("{HOLD} ORDER BY h.entry DESC, h.id DESC");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map([], hold_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The legal holds in force, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn legal_holds_in_force(&self) -> Result<Vec<LegalHoldRow>> {
        let sql = format!("{HOLD} WHERE l.id IS NULL ORDER BY h.entry, h.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map([], hold_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One legal hold.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn legal_hold(&self, id: &str) -> Result<Option<LegalHoldRow>> {
        let sql = format!("{HOLD} WHERE h.id = :id ORDER BY h.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, hold_of).optional()?)
    }
}
