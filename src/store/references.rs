//! What a version is judged with, revision by revision, and proposals of another reference or policy.

use super::versions::FrozenRow;
use super::{ReadTx, Result, WriteTx};
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;

/// Reference, policy and monitor that belong together.
#[derive(Clone, Debug)]
pub struct JudgedWith {
    /// Number of the revision within its version, from 1: that of its registration.
    pub revision: u64,
    /// Score cards.
    pub monitor: FrozenRow,
    /// What they were frozen from: bins and counts.
    pub reference: FrozenRow,
    /// What they were frozen from: limits.
    pub policy: FrozenRow,
}

/// One revision of what a version is judged with, without its documents.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReferenceRevision {
    /// Its number, from 1: that of the registration.
    pub revision: u64,
    /// Id of the monitor.
    pub monitor_id: String,
    /// SHA-256 of the canonical monitor.
    pub monitor_sha256: String,
    /// SHA-256 of the canonical reference.
    pub reference_sha256: String,
    /// SHA-256 of the canonical policy.
    pub policy_sha256: String,
    /// Proposal that it came from; absent for what was registered.
    pub proposal_id: Option<String>,
    /// Since when it is in force, UTC.
    pub at: String,
    /// Ledger entry from which on batches are judged with it.
    pub entry: u64,
    /// Reports that were judged with it.
    pub reports: u64,
}

/// A proposal of another reference or policy.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReferenceProposalRow {
    /// Id.
    pub id: String,
    /// Version it is about.
    pub version_id: String,
    /// User name of who proposed it.
    pub proposed_by: String,
    /// Id of their account.
    #[serde(skip)]
    pub account_id: String,
    /// Number of the revision that it will be.
    pub revision: u64,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// The canonical document.
    #[serde(skip)]
    pub document: String,
}

impl WriteTx<'_> {
    /// Records a proposal.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn insert_reference_proposal(&mut self, row: &ReferenceProposalRow) -> Result<()> {
        let revision = i64::try_from(row.revision).unwrap_or(i64::MAX);
        self.insert(
            "reference_proposal",
            &[
                ("id", &row.id),
                ("version_id", &row.version_id),
                ("account_id", &row.account_id),
                ("revision", &revision),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }
}

const JUDGED_WITH: &str = "SELECT m.id, m.sha256, m.document, m.entry, r.id, r.sha256, r.document, r.entry, \
                           p.id, p.sha256, p.document, p.entry, \
                           (SELECT COUNT(*) FROM monitor o WHERE o.version_id = m.version_id AND o.entry <= m.entry) \
                           FROM monitor m JOIN reference r ON r.id = m.reference_id JOIN policy p ON p.id = m.policy_id";

fn judged_with_of(row: &Row<'_>) -> rusqlite::Result<JudgedWith> {
    let frozen = |at: usize| -> rusqlite::Result<FrozenRow> {
        Ok(FrozenRow {
            id: row.get(at)?,
            sha256: row.get(at + 1)?,
            document: row.get(at + 2)?,
            entry: row.get::<_, i64>(at + 3)?.unsigned_abs(),
        })
    };
    Ok(JudgedWith {
        monitor: frozen(0)?,
        reference: frozen(4)?,
        policy: frozen(8)?,
        revision: row.get::<_, i64>(12)?.unsigned_abs(),
    })
}

const PROPOSAL: &str = "SELECT p.id, p.version_id, a.user_name, p.account_id, p.revision, p.sha256, p.at, p.entry, p.document \
                        FROM reference_proposal p JOIN account a ON a.id = p.account_id";

fn proposal_of(row: &Row<'_>) -> rusqlite::Result<ReferenceProposalRow> {
    Ok(ReferenceProposalRow {
        id: row.get(0)?,
        version_id: row.get(1)?,
        proposed_by: row.get(2)?,
        account_id: row.get(3)?,
        revision: row.get::<_, i64>(4)?.unsigned_abs(),
        sha256: row.get(5)?,
        at: row.get(6)?,
        entry: row.get::<_, i64>(7)?.unsigned_abs(),
        document: row.get(8)?,
    })
}

impl ReadTx<'_> {
    /// What batches of a version are judged with now.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn judged_with(&self, version_id: &str) -> Result<Option<JudgedWith>> {
        let sql = format!(
            "{JUDGED_WITH} WHERE m.version_id = :version_id ORDER BY m.entry DESC, m.id DESC LIMIT 1"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let parameters = named_params! {":version_id": version_id};
        Ok(statement.query_row(parameters, judged_with_of).optional()?)
    }

    /// What the report `id` was judged with.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn report_judged_with(&self, id: &str) -> Result<Option<JudgedWith>> {
        let sql = format!(
            "{JUDGED_WITH} JOIN report t ON t.monitor_id = m.id WHERE t.id = :id ORDER BY m.id"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, judged_with_of).optional()?)
    }

    /// The reference of a version with this digest.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn reference_document(&self, version_id: &str, sha256: &str) -> Result<Option<String>> {
        let sql = "SELECT document FROM reference WHERE version_id = :version_id AND sha256 = :sha256 \
                   ORDER BY entry LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let parameters = named_params! {":version_id": version_id, ":sha256": sha256};
        Ok(statement.query_row(parameters, |row| row.get(0)).optional()?)
    }

    /// Id of the monitor that the report `id` was judged with.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn monitor_of_report(&self, id: &str) -> Result<Option<String>> {
        let sql = "SELECT monitor_id FROM report WHERE id = :id ORDER BY id";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row(named_params! {":id": id}, |row| row.get(0)).optional()?)
    }

    /// The revisions of what a version is judged with, oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn reference_revisions(&self, version_id: &str) -> Result<Vec<ReferenceRevision>> {
        let sql = "SELECT m.id, m.sha256, r.sha256, p.sha256, m.proposal_id, m.at, m.entry, \
                   (SELECT COUNT(*) FROM report t WHERE t.version_id = m.version_id AND t.monitor_id = m.id) \
                   FROM monitor m JOIN reference r ON r.id = m.reference_id JOIN policy p ON p.id = m.policy_id \
                   WHERE m.version_id = :version_id ORDER BY m.entry, m.id";
        let mut statement = self.connection().prepare_cached(sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, |row| {
            Ok(ReferenceRevision {
                revision: 0,
                monitor_id: row.get(0)?,
                monitor_sha256: row.get(1)?,
                reference_sha256: row.get(2)?,
                policy_sha256: row.get(3)?,
                proposal_id: row.get(4)?,
                at: row.get(5)?,
                entry: row.get::<_, i64>(6)?.unsigned_abs(),
                reports: row.get::<_, i64>(7)?.unsigned_abs(),
            })
        })?;
        let mut found: Vec<ReferenceRevision> = rows.collect::<rusqlite::Result<_>>()?;
        (1..).zip(&mut found).for_each(|(number, revision)| revision.revision = number);
        Ok(found)
    }

    /// One proposal.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn reference_proposal(&self, id: &str) -> Result<Option<ReferenceProposalRow>> {
        let sql = format!("{PROPOSAL} WHERE p.id = :id ORDER BY p.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row(named_params! {":id": id}, proposal_of).optional()?)
    }

    /// The proposals of a version, newest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn reference_proposals(&self, version_id: &str) -> Result<Vec<ReferenceProposalRow>> {
        let sql =
            format!("{PROPOSAL} WHERE p.version_id = :version_id ORDER BY p.entry DESC, p.id DESC");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":version_id": version_id}, proposal_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Proposals that can still be signed, oldest first: the newest of its version, made after what is in force.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn open_reference_proposals(&self) -> Result<Vec<ReferenceProposalRow>> {
        let sql = format!(
            "{PROPOSAL} WHERE NOT EXISTS (SELECT 1 FROM reference_proposal n WHERE n.version_id = p.version_id \
             AND (n.entry > p.entry OR n.entry = p.entry AND n.id > p.id)) \
             AND p.revision = 1 + (SELECT COUNT(*) FROM monitor m WHERE m.version_id = p.version_id) \
             ORDER BY p.entry, p.id"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map([], proposal_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
