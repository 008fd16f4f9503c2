//! Procedure: close an incident, signed.
//!
//! 1. check that the person may, is signed in (no token signs), and neither reported nor investigated the incident
//! 2. compose the closing revision: everything that is known, once more; one that is not investigated is refused
//! 3. verify the password again; five wrong ones lock the account
//! 4. in one transaction: compose the revision once more, hold it against the one that was shown, write it and the signature over it

use super::identify_signer::{check_to_sign, sign_record};
use super::open_incident::{before, revisions_of, write_revision};
use super::sign_decision::require_session;
use super::{Recorded, actor, same_person};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::digest;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::incident::Incident;
use crate::review::incident_cycle::IncidentStep;
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;
use crate::store::incidents::IncidentRow;
use crate::store::{ReadTx, Store};

/// The record table of incidents.
pub(super) const TABLE: &str = "incident";

/// What is to be signed: the closing revision as its exact bytes, and their digest.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ClosingSheet {
    /// Its canonical bytes.
    pub document: String,
    /// Their SHA-256: what the signature is to name.
    pub sha256: String,
}

/// An incident that was closed.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct IncidentClosed {
    /// The closing revision.
    #[serde(flatten)]
    pub row: IncidentRow,
    /// The signature.
    pub signature: RecordSignature,
    /// The words every page and export shows.
    pub manifestation: String,
}

/// The closing revision that this person would sign, from the revisions there are, with its sheet.
///
/// # Errors
///
/// [`Error::Access`] for a role, a token, and who reported or investigated it; [`Error::Review`] where it is not investigated.
pub(super) fn closing(
    acting: &Acting,
    revisions: &[(IncidentRow, Incident)],
) -> Result<(Incident, ClosingSheet)> {
    acting.permit(Action::CloseIncident)?;
    require_session(acting)?;
    let (row, newest) = &revisions[revisions.len() - 1];
    let incident = newest.next(before(row), IncidentStep::Close, &acting.account.user_name)?;
    let is_own = |(row, one): &(IncidentRow, Incident)| {
        row.account_id.as_ref() == Some(&acting.account.id) && one.step.bars_from_closing()
    };
    if revisions.iter().any(is_own) {
        let did = "reported, corrected or investigated this incident";
        return Err(same_person(acting, did, "close it"));
    }
    let bytes = incident.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let document = String::from_utf8(bytes).unwrap_or_default();
    Ok((incident, ClosingSheet { document, sha256 }))
}

/// Closes the incident `id`; `shown_sha256` is the digest of the closing revision that was on the screen.
///
/// # Errors
///
/// [`Error::Access`] for a role, a token, a wrong password, and who reported or investigated it; [`Error::NotFound`]; [`Error::Review`]
/// where it is not investigated, and for another revision than shown, because something came in between.
pub fn close_incident(
    store: &Store,
    acting: &Acting,
    id: &str,
    (shown_sha256, password): (&str, &str),
) -> Result<Recorded<IncidentClosed>> {
    acting.permit(Action::CloseIncident)?;
    require_session(acting)?;
    store.read(|tx: &ReadTx<'_>| closing(acting, &revisions_of(tx, id)?))?;
    let meaning = Meaning::ClosedIncident;
    let how = check_to_sign(store, &acting.account, password, (shown_sha256, meaning))?;
    let written = store.write(&actor(acting), EntryType::IncidentClose, |tx| {
        let revisions = revisions_of(tx, id)?;
        let (incident, sheet) = closing(acting, &revisions)?;
        let row = write_revision(tx, &incident, Some(&acting.account.id), &revisions)?;
        let what = (meaning, shown_sha256, how);
        let signature =
            sign_record(tx, &acting.account, (TABLE, &row.revision_id, &sheet.document), what)?;
        let manifestation = signature.manifestation();
        Ok::<_, Error>(IncidentClosed { row, signature, manifestation })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
