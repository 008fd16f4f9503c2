//! Procedure: read incidents: how each stands, everything that was said about it, and what this person may do next.
//!
//! 1. check that the person may read
//! 2. in one snapshot: the newest revision of every incident, or all revisions of one with the signature that closed it
//! 3. say whether this person may close it, by the rules that closing checks, and why not

use super::close_incident::{ClosingSheet, TABLE, closing};
use super::open_incident::revisions_of;
use super::stored;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::review::incident::{Affected, AffectedKind, Incident};
use crate::review::incident_cycle::IncidentState;
use crate::review::record_signature::RecordSignature;
use crate::store::incidents::IncidentRow;
use crate::store::{ReadTx, Store};

/// Incidents in a list.
const LIST_MAX: u32 = 500;
/// Incidents that one record lists.
const NAMING_MAX: u32 = 50;

/// An incident as it stands.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct IncidentLine {
    /// Its newest revision.
    #[serde(flatten)]
    pub row: IncidentRow,
    /// What that says.
    pub incident: Incident,
}

/// A record that is affected, for people.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct AffectedName {
    /// The record.
    #[serde(flatten)]
    pub affected: Affected,
    /// What it is called.
    pub name: String,
    /// Where it is shown.
    pub path: String,
}

/// An incident with everything that was said about it.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct IncidentView {
    /// As it stands.
    #[serde(flatten)]
    pub line: IncidentLine,
    /// What the affected records are called.
    pub affected_names: Vec<AffectedName>,
    /// Every revision, the oldest first, the one that it stands by last.
    pub revisions: Vec<IncidentLine>,
    /// What this person would sign to close it; nothing where they may not, or where it is not to be closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closing: Option<ClosingSheet>,
    /// Why this person cannot close it, where it waits for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub barred: Option<String>,
    /// The words of the signature that closed it, and the ledger entry of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<(String, u64)>,
}

/// An incident that names a record, as the page of that record lists it.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct NamingIncident {
    /// Its id.
    pub id: String,
    /// What happened.
    pub what: String,
    /// `open`, `investigated` or `closed`.
    pub state: String,
    /// `minor`, `major` or `critical`.
    pub severity: String,
}

/// The incidents that name the record `id`, the newest first, at most 50.
pub(super) fn incidents_about(
    tx: &ReadTx<'_>,
    kind: AffectedKind,
    id: &str,
) -> Result<Vec<NamingIncident>> {
    let word = serde_json::to_value(kind).map_err(|e| Error::Render { detail: e.to_string() })?;
    let rows = tx.incidents_naming((word.as_str().unwrap_or_default(), id), NAMING_MAX)?;
    let of = |row: IncidentRow| {
        let incident: Incident = stored(&row.document)?;
        Ok(NamingIncident {
            id: row.id,
            what: incident.report.what,
            state: row.state,
            severity: row.severity,
        })
    };
    rows.into_iter().map(of).collect()
}

/// Incidents as they stand, the one reported last first.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn incidents(store: &Store, acting: &Acting) -> Result<Vec<IncidentLine>> {
    acting.permit(Action::Read)?;
    let rows = store.read(|tx| tx.incidents(LIST_MAX))?;
    rows.into_iter().map(line).collect()
}

fn line(row: IncidentRow) -> Result<IncidentLine> {
    let incident = stored(&row.document)?;
    Ok(IncidentLine { row, incident })
}

/// One incident.
///
/// # Errors
///
/// [`crate::error::Error::Access`], [`crate::error::Error::NotFound`].
pub fn incident(store: &Store, acting: &Acting, id: &str) -> Result<IncidentView> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let revisions = revisions_of(tx, id)?;
        let (row, newest) = revisions[revisions.len() - 1].clone();
        let (closing, barred) = match newest.state {
            IncidentState::Investigated => match closing(acting, &revisions) {
                Ok((_, sheet)) => (Some(sheet), None),
                Err(refused) => (None, Some(refused.to_string())),
            },
            IncidentState::Open | IncidentState::Closed => (None, None),
        };
        let signed = tx.record_signatures(TABLE, &row.revision_id)?.into_iter().next();
        let signed = match signed {
            None => None,
            Some((document, entry)) => {
                Some((stored::<RecordSignature>(&document)?.manifestation(), entry))
            }
        };
        let names = newest.report.affected.iter().map(|affected| name(tx, affected));
        Ok(IncidentView {
            affected_names: names.collect::<Result<_>>()?,
            revisions: revisions
                .into_iter()
                .map(|(row, incident)| IncidentLine { row, incident })
                .collect(),
            line: IncidentLine { row, incident: newest },
            closing,
            barred,
            signed,
        })
    })
}

fn name(tx: &ReadTx<'_>, affected: &Affected) -> Result<AffectedName> {
    let id = affected.id.as_str();
    let kind = affected.kind.words();
    let system = || (format!("{kind} {id}"), "/system".to_owned());
    let (name, path) = match affected.kind {
        AffectedKind::ModelVersion => match tx.version_by_id(id)? {
            Some(row) => (
                format!("{kind} {} {}", row.model, row.version),
                format!("/models/{}/versions/{}", row.model, row.version),
            ),
            None => system(),
        },
        AffectedKind::Batch => match tx.report_of_batch(id)? {
            Some(row) => (format!("{kind} {}", row.batch), format!("/reports/{}", row.id)),
            None => system(),
        },
        AffectedKind::Alert => (format!("{kind} {id}"), format!("/alerts/{id}")),
        AffectedKind::Backup | AffectedKind::RestoreTest => system(),
    };
    Ok(AffectedName { affected: affected.clone(), name, path })
}
