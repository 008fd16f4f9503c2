//! Procedure: record an incident: report it, correct what was reported, state its cause, open it again.
//!
//! 1. check that the person may, and is signed in: no token does this. Opening again takes somebody who may close
//! 2. look up every record that is affected, by its id, or a version as `model/version`; one that is not there is refused
//! 3. in one transaction: hold the step against the table of an incident's life, and write the next revision, which says everything again
//!    and names the one before with its digest; the ledger entry names the incident and every record it affects
//!
//! What fails by itself (a scheduled backup, a practised restore, the clock, a check of the installation) is reported by the program.

use super::open_incident::{before, revisions_of, write_revision};
use super::sign_decision::require_session;
use super::{Recorded, actor};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review;
use crate::review::decision::Severity;
use crate::review::episode_sheet::ExternalRecord;
use crate::review::incident::{
    Affected, AffectedKind, Incident, IncidentCause, IncidentReport, NoticedBy, time_of,
};
use crate::review::incident_cycle::IncidentStep;
use crate::store::incidents::IncidentRow;
use crate::store::{ReadTx, Store};

/// What a person reports.
#[derive(Clone, Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportIncident {
    /// When it happened, UTC.
    pub happened_at: String,
    /// When it was noticed, UTC; now where it is left out.
    #[serde(default)]
    pub noticed_at: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What happened.
    pub what: String,
    /// Records that it affects: ids of model versions, batches, alerts, backups and practised restores, or `model/version`.
    #[serde(default)]
    pub affected: Vec<String>,
}

/// What a person states as the next revision.
#[derive(Clone, Debug)]
pub enum IncidentChange {
    /// What was reported, once more, and why it is corrected.
    Correct(ReportIncident, String),
    /// Why it happened and what is done about it; affected records, where others than were reported are known now.
    Investigate(IncidentCause, Option<Vec<String>>),
    /// Why it is opened again.
    Reopen(String),
}

impl IncidentChange {
    fn step(&self) -> IncidentStep {
        match self {
            Self::Correct(..) => IncidentStep::Correct,
            Self::Investigate(..) => IncidentStep::Investigate,
            Self::Reopen(_) => IncidentStep::Reopen,
        }
    }
}

/// Reports an incident.
///
/// # Errors
///
/// [`Error::Access`] for a role or a token; [`Error::Review`] for what it must say and does not, and for an affected record that is not
/// there.
pub fn report_incident(
    store: &Store,
    acting: &Acting,
    said: &ReportIncident,
) -> Result<Recorded<IncidentRow>> {
    acting.permit(Action::ReportIncident)?;
    require_session(acting)?;
    let written = store.write(&actor(acting), EntryType::IncidentReport, |tx| {
        let report = report(tx, said, tx.at())?;
        let (id, by) = (clock::new_id("in"), &acting.account);
        let incident = Incident::reported(&id, NoticedBy::Person, report, &by.user_name);
        write_revision(tx, &incident, Some(&by.id), &[])
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Writes the next revision of the incident `id`.
///
/// # Errors
///
/// [`Error::Access`] for a role or a token; [`Error::NotFound`]; [`Error::Review`] for a step that the state does not allow, for what it
/// must say and does not, and for an affected record that is not there.
pub fn revise_incident(
    store: &Store,
    acting: &Acting,
    id: &str,
    change: &IncidentChange,
) -> Result<Recorded<IncidentRow>> {
    match change {
        IncidentChange::Reopen(_) => acting.permit(Action::CloseIncident)?,
        _ => acting.permit(Action::ReportIncident)?,
    }
    require_session(acting)?;
    let written = store.write(&actor(acting), EntryType::IncidentRevise, |tx| {
        let revisions = revisions_of(tx, id)?;
        let (row, newest) = &revisions[revisions.len() - 1];
        let by = &acting.account;
        let mut next = newest.next(before(row), change.step(), &by.user_name)?;
        match change {
            IncidentChange::Correct(said, reason) => {
                next.report = report(tx, said, &newest.report.noticed_at)?;
                next.reason = Some(reason.trim().to_owned());
            }
            IncidentChange::Investigate(cause, affected) => {
                next.cause = Some(trimmed(cause));
                if let Some(affected) = affected {
                    next.report.affected = look_up(tx, affected)?;
                }
            }
            IncidentChange::Reopen(reason) => next.reason = Some(reason.trim().to_owned()),
        }
        write_revision(tx, &next, Some(&by.id), &revisions)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// What was typed, as records hold it; `noticed_at` where it does not say when it was noticed.
fn report(tx: &ReadTx<'_>, said: &ReportIncident, noticed_at: &str) -> Result<IncidentReport> {
    // What is no time stays as it was typed, and is refused by what validates it.
    let time = |typed: &str| time_of(typed).map_or_else(|| typed.to_owned(), clock::rfc3339);
    let noticed = said.noticed_at.as_deref().filter(|typed| !typed.trim().is_empty());
    Ok(IncidentReport {
        happened_at: time(&said.happened_at),
        noticed_at: noticed.map_or_else(|| noticed_at.to_owned(), time),
        severity: said.severity,
        what: said.what.trim().to_owned(),
        affected: look_up(tx, &said.affected)?,
    })
}

fn trimmed(cause: &IncidentCause) -> IncidentCause {
    let text = |text: &str| text.trim().to_owned();
    let filled = |text: &Option<String>| {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    IncidentCause {
        root_cause: text(&cause.root_cause),
        action: text(&cause.action),
        external: cause.external.as_ref().map(|external| ExternalRecord {
            system: text(&external.system),
            number: text(&external.number),
            status: filled(&external.status),
            link: filled(&external.link),
        }),
    }
}

/// The records of these names, each once.
fn look_up(tx: &ReadTx<'_>, named: &[String]) -> Result<Vec<Affected>> {
    let mut affected: Vec<Affected> = Vec::new();
    for name in named.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let found = match name.split_once('/') {
            Some((model, version)) => tx
                .version(model, version)?
                .map(|row| Affected { kind: AffectedKind::ModelVersion, id: row.id }),
            None => by_id(tx, name)?,
        };
        let Some(found) = found else {
            let kinds = AffectedKind::ALL.map(AffectedKind::words).join(", ");
            let reason = format!(
                "`{name}` is none of what can be affected ({kinds}); give the id of a record that is there, or `model/version`"
            );
            return Err(Error::Review(review::Error::Incident { reason }));
        };
        if !affected.contains(&found) {
            affected.push(found);
        }
    }
    Ok(affected)
}

fn by_id(tx: &ReadTx<'_>, id: &str) -> Result<Option<Affected>> {
    for kind in AffectedKind::ALL {
        if tx.record_row(kind.table(), id)?.is_some() {
            return Ok(Some(Affected { kind, id: id.to_owned() }));
        }
    }
    Ok(None)
}
