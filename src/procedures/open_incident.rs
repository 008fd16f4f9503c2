//! A part of recording incidents: what writes a revision, and what opens one when something fails by itself.
//!
//! - what fails by itself opens an incident in the same transaction that records the failure, and none while one of the same cause is not closed
//! - a ledger entry about an incident names every record that it affects or was said to affect before, and the versions of these, so that the
//!   evidence about each of them holds it

use super::subject;
use crate::clock;
use crate::digest;
use crate::error::{Error, Result};
use crate::evidence::records::Row;
use crate::review::decision::Severity;
use crate::review::incident::{
    Affected, AffectedKind, Incident, IncidentReport, NoticedBy, RevisionBefore,
};
use crate::store::incidents::IncidentRow;
use crate::store::{ReadTx, WriteTx};
use crate::{ledger, review};
use std::collections::BTreeSet;

/// Who is named where the program opens an incident.
const PROGRAM: &str = "system";
/// Things that one ledger entry about an incident names, at most: it must fit into a leaf.
const SUBJECTS_MAX: usize = 120;

/// Opens an incident about what failed by itself, unless one that this part of the program noticed is not closed.
///
/// # Errors
///
/// Those of the store.
pub(super) fn open_by_itself(
    tx: &mut WriteTx<'_>,
    (noticed_by, severity): (NoticedBy, Severity),
    what: &str,
    affected: Vec<Affected>,
) -> Result<()> {
    if tx.stands_incident_of(noticed_by.word())? {
        return Ok(());
    }
    let at = tx.at().to_owned();
    // Causes of errors can be long; all of it stands in the record that says that it failed.
    let what = what.chars().take(review::incident::INCIDENT_TEXT_MAX).collect();
    let report =
        IncidentReport { happened_at: at.clone(), noticed_at: at, severity, what, affected };
    let incident = Incident::reported(&clock::new_id("in"), noticed_by, report, PROGRAM);
    write_revision(tx, &incident, None, &[])?;
    Ok(())
}

/// Writes a revision of an incident by an account, or by the program; `earlier` are the revisions before it, the oldest first.
///
/// # Errors
///
/// [`Error::Review`] for what it must say and does not; [`Error::BadRequest`] where too much is named; those of the store.
pub(super) fn write_revision(
    tx: &mut WriteTx<'_>,
    incident: &Incident,
    account_id: Option<&str>,
    earlier: &[(IncidentRow, Incident)],
) -> Result<IncidentRow> {
    incident.validate(tx.at())?;
    let bytes = incident.bytes()?;
    let row = IncidentRow {
        revision_id: clock::new_id("ir"),
        id: incident.id.clone(),
        revision: incident.revision,
        step: incident.step.word().to_owned(),
        state: incident.state.word().to_owned(),
        noticed_by: incident.noticed_by.word().to_owned(),
        severity: incident.report.severity.word().to_owned(),
        sha256: digest::sha256_hex(&bytes),
        at: tx.at().to_owned(),
        entry: tx.index(),
        account_id: account_id.map(str::to_owned),
        document: String::from_utf8(bytes).unwrap_or_default(),
    };
    tx.subject(subject("incident", &row.id));
    // What the program notices is named by the act that records it.
    if account_id.is_some() {
        let said = earlier.iter().map(|(_, before)| before).chain([incident]);
        for named in subjects(tx, said)? {
            tx.subject(named);
        }
    }
    if let Some((before, _)) = earlier.last() {
        tx.refer(before.entry);
    }
    let supersedes = incident.supersedes.as_ref().map(|before| before.id.as_str());
    tx.insert_incident(&row, supersedes)?;
    Ok(row)
}

/// Everything that these revisions say is affected, with the versions of batches and alerts, each once.
fn subjects<'a>(
    tx: &ReadTx<'_>,
    revisions: impl Iterator<Item = &'a Incident>,
) -> Result<Vec<ledger::entry::Subject>> {
    let mut named = BTreeSet::new();
    for affected in revisions.flat_map(|incident| &incident.report.affected) {
        named.insert((affected.kind.subject(), affected.id.clone()));
        if !matches!(affected.kind, AffectedKind::Batch | AffectedKind::Alert) {
            continue;
        }
        let row = tx.record_row(affected.kind.table(), &affected.id)?;
        let row = row.and_then(|bytes| serde_json::from_slice(&bytes).ok()).map(Row);
        if let Some(row) = row {
            named.insert(("model_version", row.text("version_id").to_owned()));
        }
    }
    if named.len() > SUBJECTS_MAX {
        let detail = format!(
            "the revisions of this incident name {} records and versions as affected, expected at most {SUBJECTS_MAX}: report another incident for the others",
            named.len()
        );
        return Err(Error::BadRequest { detail });
    }
    Ok(named.iter().map(|(kind, id)| subject(kind, id)).collect())
}

/// Every revision of an incident, the oldest first, with what each says.
///
/// # Errors
///
/// [`Error::NotFound`].
pub(super) fn revisions_of(tx: &ReadTx<'_>, id: &str) -> Result<Vec<(IncidentRow, Incident)>> {
    let rows = tx.incident_revisions(id)?;
    if rows.is_empty() {
        return Err(super::read_records::missing("incident", id));
    }
    rows.into_iter()
        .map(|row| {
            let incident = super::stored(&row.document)?;
            Ok((row, incident))
        })
        .collect()
}

/// What the next revision names as the one before.
pub(super) fn before(row: &IncidentRow) -> RevisionBefore {
    RevisionBefore { id: row.revision_id.clone(), sha256: row.sha256.clone() }
}
