//! Revisions of incidents.

use super::count::Count;
use super::{ReadTx, Result, WriteTx};
use rusqlite::{OptionalExtension as _, Row, named_params};
use serde::Serialize;
use std::ops::Range;

/// A revision of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct IncidentRow {
    /// Id of the revision.
    pub revision_id: String,
    /// Id of the incident.
    pub id: String,
    /// Number of the revision, from 1.
    pub revision: u64,
    /// What made it.
    pub step: String,
    /// Where the incident stands after it.
    pub state: String,
    /// Who or what noticed it.
    pub noticed_by: String,
    /// How bad it is.
    pub severity: String,
    /// SHA-256 of its canonical document.
    pub sha256: String,
    /// When it was written, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
    /// Account that wrote it; none where the program did.
    #[serde(skip)]
    pub account_id: Option<String>,
    /// The canonical document.
    #[serde(skip)]
    pub document: String,
}

/// How many incidents were opened, closed and opened again in a range of the ledger, and how many are not closed now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IncidentCounts {
    /// Reported in the range.
    pub reported: u64,
    /// Closed in the range.
    pub closed: u64,
    /// Opened again in the range.
    pub reopened: u64,
    /// Not closed now, whenever they were reported.
    pub standing: u64,
}

const REVISION: &str = "SELECT r.id, r.incident_id, r.revision, r.step, r.state, r.noticed_by, r.severity, r.sha256, r.at, r.entry, \
                        r.account_id, r.document FROM incident r";

/// Whether `r` is the newest revision of its incident.
const NEWEST: &str = "NOT EXISTS (SELECT 1 FROM incident n WHERE n.incident_id = r.incident_id AND n.revision > r.revision)";

fn revision_of(row: &Row<'_>) -> rusqlite::Result<IncidentRow> {
    Ok(IncidentRow {
        revision_id: row.get(0)?,
        id: row.get(1)?,
        revision: row.get::<_, Count>(2)?.0,
        step: row.get(3)?,
        state: row.get(4)?,
        noticed_by: row.get(5)?,
        severity: row.get(6)?,
        sha256: row.get(7)?,
        at: row.get(8)?,
        entry: row.get::<_, Count>(9)?.0,
        account_id: row.get(10)?,
        document: row.get(11)?,
    })
}

impl WriteTx<'_> {
    /// Records a revision of an incident; `supersedes` is the row of the one before.
    ///
    /// # Errors
    ///
    /// Those of the database; [`super::Error::AlreadyExists`] where another revision of this number came meanwhile.
    pub fn insert_incident(&mut self, row: &IncidentRow, supersedes: Option<&str>) -> Result<()> {
        self.insert(
            "incident",
            &[
                ("id", &row.revision_id),
                ("incident_id", &row.id),
                ("revision", &Count(row.revision)),
                ("supersedes", &supersedes),
                ("step", &row.step),
                ("state", &row.state),
                ("noticed_by", &row.noticed_by),
                ("severity", &row.severity),
                ("account_id", &row.account_id),
                ("sha256", &row.sha256),
                ("document", &row.document),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// The newest revision of every incident, the one reported last first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn incidents(&self, limit: u32) -> Result<Vec<IncidentRow>> {
        let sql = format!(
            "{REVISION} JOIN incident f ON f.incident_id = r.incident_id AND f.revision = 1 WHERE {NEWEST} \
             ORDER BY f.entry DESC, r.id LIMIT :limit"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":limit": limit}, revision_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest revision of every incident that names the record `id` of that kind as affected, the newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn incidents_naming(
        &self,
        (kind, id): (&str, &str),
        limit: u32,
    ) -> Result<Vec<IncidentRow>> {
        let sql = format!(
            "{REVISION} WHERE {NEWEST} AND instr(r.document, :id) > 0 AND EXISTS (\
               SELECT 1 FROM json_each(r.document, '$.report.affected') a \
               WHERE a.value ->> 'id' = :id AND a.value ->> 'kind' = :kind) \
             ORDER BY r.entry DESC, r.id LIMIT :limit"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let about = named_params! {":kind": kind, ":id": id, ":limit": limit};
        let rows = statement.query_map(about, revision_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest revision of every incident that is not closed, the oldest first.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn standing_incidents(&self) -> Result<Vec<IncidentRow>> {
        let sql =
            format!("{REVISION} WHERE r.state <> 'closed' AND {NEWEST} ORDER BY r.entry, r.id");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map([], revision_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Every revision of one incident, the oldest first; nothing where there is none.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn incident_revisions(&self, incident_id: &str) -> Result<Vec<IncidentRow>> {
        let sql = format!("{REVISION} WHERE r.incident_id = :id ORDER BY r.revision");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map(named_params! {":id": incident_id}, revision_of)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether an incident that this part of the program noticed is not closed.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn stands_incident_of(&self, noticed_by: &str) -> Result<bool> {
        let sql = format!(
            "SELECT r.id FROM incident r WHERE r.noticed_by = :noticed_by AND r.state <> 'closed' AND {NEWEST} ORDER BY r.id LIMIT 1"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let named = named_params! {":noticed_by": noticed_by};
        Ok(statement.query_row(named, |row| row.get::<_, String>(0)).optional()?.is_some())
    }

    /// What became of incidents in a range of the ledger.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn incident_counts(&self, range: &Range<u64>) -> Result<IncidentCounts> {
        let sql = "SELECT count(*) FILTER (WHERE step = 'report'), count(*) FILTER (WHERE step = 'close'), \
                   count(*) FILTER (WHERE step = 'reopen' AND supersedes IN (SELECT id FROM incident WHERE state = 'closed')) \
                   FROM incident WHERE entry >= :from AND entry < :until";
        let mut statement = self.connection().prepare_cached(sql)?;
        let named = named_params! {":from": Count(range.start), ":until": Count(range.end)};
        let counts = statement.query_row(named, |row| {
            let count = |at| Ok::<_, rusqlite::Error>(row.get::<_, Count>(at)?.0);
            Ok(IncidentCounts {
                reported: count(0)?,
                closed: count(1)?,
                reopened: count(2)?,
                standing: 0,
            })
        })?;
        let standing = self.standing_incidents()?.len() as u64;
        Ok(IncidentCounts { standing, ..counts })
    }
}
