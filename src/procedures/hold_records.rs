//! Procedure: place and lift legal holds. While one is in force, nothing under it is disposed of.
//!
//! 1. place: check that the person may and is signed in; a reason that says why; the model, version or batch it names must be there. It is
//!    in force from its ledger entry on
//! 2. lift: compose the sheet (which hold, what it covered, why it was placed, why it is lifted); verify the password again; compose the
//!    sheet once more in the transaction, hold it against the one that was shown, write lift and signature
//!
//! The disposal of something under a hold is refused when it is proposed and when it is signed, and names the hold.

use super::identify_signer::{check_to_sign, sign_record};
use super::invalidate_batch::find_batch;
use super::read_records::missing;
use super::sign_decision::require_session;
use super::{Recorded, actor, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::disposal::check_reason;
use crate::review::identified::Identified;
use crate::review::legal_hold::{HOLD_LIFT_FORMAT, HoldLift, HoldScope};
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;
use crate::store::retention::{HoldLiftRow, LegalHoldRow};
use crate::store::{ReadTx, Store, WriteTx};
use crate::{clock, digest};
use serde::{Deserialize, Serialize};

/// The record table of lifts.
pub const LIFTS: &str = "hold_lift";
/// The record table of holds.
const HOLDS: &str = "legal_hold";

/// What a hold is to cover, by names; nothing for the whole store.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceHold {
    /// Model.
    #[serde(default)]
    pub model: Option<String>,
    /// Version of the model.
    #[serde(default)]
    pub version: Option<String>,
    /// Batch of the version, by name or id.
    #[serde(default)]
    pub batch: Option<String>,
    /// Why: the proceeding, the request or the inspection that asks for it.
    pub reason: String,
}

/// What is to be signed to lift a hold: the sheet, its exact bytes, and their digest.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct HoldLiftSheet {
    /// The sheet.
    pub sheet: HoldLift,
    /// Its canonical bytes.
    pub document: String,
    /// Their SHA-256: what the signature is to name.
    pub sha256: String,
}

/// A hold that was lifted.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct HoldLifted {
    /// Id of the record that lifts it.
    pub id: String,
    /// The signature.
    pub signature: RecordSignature,
    /// The words every page and export shows.
    pub manifestation: String,
}

/// Places a legal hold.
///
/// # Errors
///
/// [`Error::Access`] for a role or a token; [`Error::NotFound`] for what it names; [`Error::BadRequest`] for a version without its model
/// or a batch without its version; [`Error::Review`] for a reason that says nothing.
pub fn place_hold(
    store: &Store,
    acting: &Acting,
    asked: &PlaceHold,
) -> Result<Recorded<LegalHoldRow>> {
    acting.permit(Action::KeepRetention)?;
    require_session(acting)?;
    check_reason(&asked.reason)?;
    let written = store.write(&actor(acting), EntryType::HoldPlace, |tx| {
        let scope = scope_of(tx, asked)?;
        let id = clock::new_id("lh");
        name_scope(tx, &scope);
        tx.subject(subject(HOLDS, &id));
        tx.insert_legal_hold((&id, &acting.account.id), &scope, asked.reason.trim())?;
        tx.legal_hold(&id)?.ok_or_else(|| missing("legal hold", &id))
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// The ids of what is asked for.
fn scope_of(tx: &ReadTx<'_>, asked: &PlaceHold) -> Result<HoldScope> {
    let typed = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let (model, version, batch) = (typed(&asked.model), typed(&asked.version), typed(&asked.batch));
    let refuse = |detail: &str| Err(Error::BadRequest { detail: detail.to_owned() });
    match (model, version, batch) {
        (None, None, None) => Ok(HoldScope::default()),
        (None, ..) => {
            refuse("a hold on a version or a batch without its model; name the model too")
        }
        (Some(_), None, Some(_)) => {
            refuse("a hold on a batch without its version; name the version too")
        }
        (Some(model), None, None) => {
            tx.model(&model)?.ok_or_else(|| missing("model", &model))?;
            Ok(HoldScope { model: Some(model), ..HoldScope::default() })
        }
        (Some(model), Some(version), batch) => {
            let row = tx
                .version(&model, &version)?
                .ok_or_else(|| missing("model version", &format!("{model}/{version}")))?;
            let batch = batch.map(|name| find_batch(tx, &row.id, &name)).transpose()?;
            let batch_id = batch.map(|batch| batch.id);
            Ok(HoldScope { model: Some(model), version_id: Some(row.id), batch_id })
        }
    }
}

/// Names what a hold covers as subjects of its entry: by these, evidence about it holds the hold.
fn name_scope(tx: &mut WriteTx<'_>, scope: &HoldScope) {
    match &scope.model {
        None => tx.subject(subject("store", "whole")),
        Some(model) => tx.subject(subject("model", model)),
    }
    if let Some(version) = &scope.version_id {
        tx.subject(subject("model_version", version));
    }
    if let Some(batch) = &scope.batch_id {
        tx.subject(subject("batch", batch));
    }
}

/// Every legal hold, newest first.
///
/// # Errors
///
/// [`Error::Access`].
pub fn legal_holds(store: &Store, acting: &Acting) -> Result<Vec<LegalHoldRow>> {
    acting.permit(Action::Read)?;
    Ok(store.read(|tx| tx.legal_holds())?)
}

/// One legal hold.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn legal_hold(store: &Store, acting: &Acting, id: &str) -> Result<LegalHoldRow> {
    acting.permit(Action::Read)?;
    store.read(|tx| tx.legal_hold(id))?.ok_or_else(|| missing("legal hold", id))
}

/// The sheet that this person would sign to lift a hold.
///
/// # Errors
///
/// [`Error::Access`] for a role or a token; [`Error::NotFound`]; [`Error::Review`] for a reason that says nothing; [`Error::Conflict`] for
/// a hold that is lifted already.
pub fn prepare_lift(
    store: &Store,
    acting: &Acting,
    id: &str,
    reason: &str,
) -> Result<HoldLiftSheet> {
    acting.permit(Action::LiftHold)?;
    require_session(acting)?;
    store.read(|tx| compose(tx, id, reason))
}

fn compose(tx: &ReadTx<'_>, id: &str, reason: &str) -> Result<HoldLiftSheet> {
    let hold = tx.legal_hold(id)?.ok_or_else(|| missing("legal hold", id))?;
    if let Some(lifted) = &hold.lifted {
        let (at, by) = (&lifted.at, &lifted.by);
        let detail = format!("legal hold `{id}` was lifted at {at} by {by} already");
        return Err(Error::Conflict { detail });
    }
    let sheet = HoldLift {
        format: HOLD_LIFT_FORMAT.to_owned(),
        hold: hold.id,
        hold_entry: hold.entry,
        scope: hold.scope,
        placed_because: hold.reason,
        reason: reason.trim().to_owned(),
    };
    sheet.validate()?;
    let bytes = sheet.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let document = String::from_utf8(bytes).unwrap_or_default();
    Ok(HoldLiftSheet { sheet, document, sha256 })
}

/// Lifts a hold; `shown_sha256` is the digest of the sheet that was on the screen.
///
/// # Errors
///
/// Those of [`prepare_lift`]; [`Error::Access`] for a wrong password; [`Error::Review`] when the sheet is another than the one shown.
pub fn lift_hold(
    store: &Store,
    acting: &Acting,
    id: &str,
    (reason, shown_sha256, password): (&str, &str, &str),
) -> Result<Recorded<HoldLifted>> {
    prepare_lift(store, acting, id, reason)?;
    let what = (shown_sha256, Meaning::LiftsHold);
    let how = check_to_sign(store, &acting.account, password, what)?;
    write_lift(store, acting, id, (reason, shown_sha256, how))
}

fn write_lift(
    store: &Store,
    acting: &Acting,
    id: &str,
    (reason, shown_sha256, how): (&str, &str, Identified),
) -> Result<Recorded<HoldLifted>> {
    let written = store.write(&actor(acting), EntryType::HoldLift, |tx| {
        let HoldLiftSheet { sheet, document, sha256 } = compose(tx, id, reason)?;
        let lift = clock::new_id("hl");
        name_scope(tx, &sheet.scope);
        tx.subject(subject(HOLDS, id));
        tx.refer(sheet.hold_entry);
        tx.insert_hold_lift(&HoldLiftRow {
            id: &lift,
            hold_id: id,
            account_id: &acting.account.id,
            reason: &sheet.reason,
            sha256: &sha256,
            document: &document,
        })?;
        let what = (Meaning::LiftsHold, shown_sha256, how);
        let signature = sign_record(tx, &acting.account, (LIFTS, &lift, &document), what)?;
        let manifestation = signature.manifestation();
        Ok::<_, Error>(HoldLifted { id: lift, signature, manifestation })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
