//! Which roles need which training, and who was trained.

use super::{Error, ReadTx, Result, WriteTx};
use crate::access::role::Role;
use crate::access::training::{Training, TrainingPolicy};
use crate::digest;
use rusqlite::{Row, named_params};
use serde::Serialize;
use std::collections::HashMap;

/// A training policy as it was set.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TrainingPolicyRow {
    /// The rules.
    #[serde(flatten)]
    pub policy: TrainingPolicy,
    /// Ledger entry from which on it is in force.
    pub entry: u64,
    /// When it was set, UTC.
    pub at: String,
    /// Why.
    pub reason: String,
}

/// A training as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TrainingRow {
    /// What was learned, and for how long it is good.
    #[serde(flatten)]
    pub training: Training,
    /// Where the proof of it is kept.
    pub evidence: String,
    /// Who recorded it: the id of an account, or `host`.
    pub recorded_by: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

impl WriteTx<'_> {
    /// Records a training policy: the newest one is in force.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::Canonical`].
    pub fn insert_training_policy(
        &mut self,
        id: &str,
        set_by: &str,
        (policy, reason): (&TrainingPolicy, &str),
    ) -> Result<()> {
        let document = String::from_utf8(digest::canonical_json(policy)?).unwrap_or_default();
        self.insert(
            "training_policy",
            &[("id", &id), ("set_by", &set_by), ("document", &document), ("reason", &reason)],
        )
    }

    /// Records a training.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_training(
        &mut self,
        id: &str,
        (account_id, recorded_by): (&str, &str),
        (training, evidence): (&Training, &str),
    ) -> Result<()> {
        let valid_until = training.valid_until.map(|day| day.to_string());
        self.insert(
            "training_record",
            &[
                ("id", &id),
                ("account_id", &account_id),
                ("recorded_by", &recorded_by),
                ("role", &training.role.word()),
                ("course", &training.course),
                ("completed_on", &training.completed_on.to_string()),
                ("valid_until", &valid_until),
                ("evidence", &evidence),
            ],
        )
    }
}

fn broken(kind: &'static str, detail: String) -> Error {
    Error::DocumentBroken { kind, detail }
}

/// The columns of a training, as they stand.
struct Raw {
    role: String,
    completed_on: String,
    valid_until: Option<String>,
    course: String,
    evidence: String,
    recorded_by: String,
    at: String,
    entry: u64,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        role: row.get(0)?,
        course: row.get(1)?,
        completed_on: row.get(2)?,
        valid_until: row.get(3)?,
        evidence: row.get(4)?,
        recorded_by: row.get(5)?,
        at: row.get(6)?,
        entry: row.get::<_, i64>(7)?.unsigned_abs(),
    })
}

fn training_of(raw: Raw) -> Result<TrainingRow> {
    let Raw { role, completed_on, valid_until, course, evidence, recorded_by, at, entry } = raw;
    let day = |text: &str| text.parse().map_err(|e: jiff::Error| broken("training", e.to_string()));
    Ok(TrainingRow {
        training: Training {
            role: Role::parse(&role).map_err(|e| broken("training", e.to_string()))?,
            course,
            completed_on: day(&completed_on)?,
            valid_until: valid_until.as_deref().map(day).transpose()?,
        },
        evidence,
        recorded_by,
        at,
        entry,
    })
}

impl ReadTx<'_> {
    /// The training policies that were set, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`].
    pub fn training_policies(&self) -> Result<Vec<TrainingPolicyRow>> {
        let sql =
            "SELECT document, entry, at, reason FROM training_policy ORDER BY entry DESC, id DESC";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            let entry = row.get::<_, i64>(1)?.unsigned_abs();
            Ok((row.get::<_, String>(0)?, entry, row.get(2)?, row.get(3)?))
        })?;
        let row = |found: rusqlite::Result<(String, u64, String, String)>| {
            let (document, entry, at, reason) = found?;
            let policy = serde_json::from_str(&document)
                .map_err(|e| broken("training policy", e.to_string()))?;
            Ok(TrainingPolicyRow { policy, entry, at, reason })
        };
        rows.map(row).collect()
    }

    /// The training policy in force.
    ///
    /// # Errors
    ///
    /// As for [`ReadTx::training_policies`].
    pub fn training_policy(&self) -> Result<TrainingPolicy> {
        let newest = self.training_policies()?.into_iter().next();
        Ok(newest.map(|row| row.policy).unwrap_or_default())
    }

    /// The trainings of everybody by the id of the account, each in the order of their records.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`].
    pub fn trainings_of_all(&self) -> Result<HashMap<String, Vec<TrainingRow>>> {
        let sql = "SELECT role, course, completed_on, valid_until, evidence, recorded_by, at, entry, account_id FROM training_record \
                   ORDER BY entry, id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(8)?, raw(row)?)))?;
        let mut all: HashMap<String, Vec<TrainingRow>> = HashMap::new();
        for found in rows {
            let (account_id, raw) = found?;
            all.entry(account_id).or_default().push(training_of(raw)?);
        }
        Ok(all)
    }

    /// The trainings of an account, in the order of their records.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::DocumentBroken`].
    pub fn trainings(&self, account_id: &str) -> Result<Vec<TrainingRow>> {
        let sql = "SELECT role, course, completed_on, valid_until, evidence, recorded_by, at, entry FROM training_record \
                   WHERE account_id = :account_id ORDER BY entry, id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":account_id": account_id}, raw)?;
        rows.map(|found| training_of(found?)).collect()
    }
}
