//! Procedure: sign a decision that another person drafted.
//!
//! 1. check that the person may sign, is signed in (no token signs), and neither drafted the decision nor investigated the alert
//! 2. verify the password again; five wrong ones lock the account
//! 3. check that the bytes to sign are those that were shown, and that no batch they rest on was marked as invalid since the draft
//! 4. write the signature and its ledger entry: the alert is decided because a signed decision exists. Several decisions are signed
//!    by one act all or none: each has a signature of its own in one entry

use super::identify_signer::{check_still, check_to_sign, demonstrated};
use super::invalidate_batch::refuse_invalid;
use super::step_episode::EpisodeStanding;
use super::{Recorded, actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::decision::Decision;
use crate::review::episode_cycle::EpisodeStep;
use crate::review::identified::Identified;
use crate::review::signature::{Meaning, Signature};
use crate::store::episodes::DocumentRow;
use crate::store::{ReadTx, Store, WriteTx};
use crate::{access, clock, digest};
use std::collections::BTreeSet;

/// Signs the decision on the episode `id`; `shown_sha256` is the digest of the record that was on the screen.
///
/// # Errors
///
/// [`Error::Access`] for a role, a token, the drafter or a wrong password; [`Error::Review`] for a record that changed or an
/// episode without a draft.
pub fn sign_decision(
    store: &Store,
    acting: &Acting,
    id: &str,
    (shown_sha256, password): (&str, &str),
) -> Result<Recorded<Signature>> {
    acting.permit(Action::SignDecision)?;
    require_session(acting)?;
    store.read(|tx| signable(tx, acting, id))?;
    let what = (shown_sha256, Meaning::ApprovesDecision);
    let how = check_to_sign(store, &acting.account, password, what)?;
    write(store, acting, id, (shown_sha256, how))
}

/// No token signs.
pub(super) fn require_session(acting: &Acting) -> Result<()> {
    if acting.way.is_session() {
        return Ok(());
    }
    Err(Error::Access(access::Error::NotPermitted {
        role: acting.way_word(),
        action: Action::SignDecision.words(),
        needed: "somebody who is signed in".to_owned(),
    }))
}

/// Signs for a demo account, which has no password to enter: the ledger says `demonstration`.
pub(super) fn sign_decision_shown(
    store: &Store,
    acting: &Acting,
    id: &str,
) -> Result<Recorded<Signature>> {
    acting.permit(Action::SignDecision)?;
    let shown = store.read(|tx| signable(tx, acting, id))?;
    let how = demonstrated(store, acting, Meaning::ApprovesDecision)?;
    write(store, acting, id, (&shown.sha256, how))
}

fn missing(id: &str) -> Error {
    Error::NotFound { what: "decision on alert", id: id.to_owned() }
}

/// The drafted decision, if this person may sign it.
fn signable(tx: &ReadTx<'_>, acting: &Acting, id: &str) -> Result<DocumentRow> {
    EpisodeStanding::permit(tx, acting, id, EpisodeStep::Sign)?;
    let drafted = tx.decision_of(id)?.ok_or_else(|| missing(id))?;
    let decision: Decision = stored(&drafted.document)?;
    for cited in &decision.reports {
        let Some(report) = tx.report(&cited.id)? else { continue };
        if let Some(invalid) = report.invalidated.filter(|since| since.entry > drafted.entry) {
            let what = ("the drafted decision", "reject it, and draft it again, knowing that");
            refuse_invalid(&invalid, &report.batch, what)?;
        }
    }
    Ok(drafted)
}

fn write(
    store: &Store,
    acting: &Acting,
    id: &str,
    (shown_sha256, how): (&str, Identified),
) -> Result<Recorded<Signature>> {
    let written = store.write(&actor(acting), EntryType::DecisionSign, |tx| {
        insert(tx, acting, (id, shown_sha256), how)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Writes the signature over the newest decision on the episode `id`.
fn insert(
    tx: &mut WriteTx<'_>,
    acting: &Acting,
    (id, shown_sha256): (&str, &str),
    how: Identified,
) -> Result<Signature> {
    check_still(tx, &acting.account, Meaning::ApprovesDecision)?;
    let newest = signable(tx, acting, id)?;
    let made = (clock::new_id("si"), tx.at().to_owned());
    let decision = (newest.id.as_str(), newest.document.as_bytes());
    let signature = Signature::over(decision, shown_sha256, acting.account.clone(), made, how)?;
    let bytes = signature.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let document = String::from_utf8(bytes).unwrap_or_default();
    tx.subject(subject("episode", id));
    tx.subject(subject("decision", &newest.id));
    tx.refer(newest.entry);
    tx.insert_signature(&signature.id, (&newest.id, &acting.account.id), (&sha256, &document))?;
    Ok(signature)
}

/// Signatures that were made by one act.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct SignedTogether {
    /// One for each decision, in the order in which they were named.
    pub signatures: Vec<Signature>,
}

/// Signs several decisions by one act: each `(alert, SHA-256 of the decision that was shown)` gets a signature of its own, or none does.
///
/// # Errors
///
/// As for [`sign_decision`], for any of them; [`Error::BadRequest`] for none, for more than 50, and for one that is named twice;
/// [`Error::Conflict`] for somebody with a passkey, which says its word about one record at a time.
pub fn sign_decisions(
    store: &Store,
    acting: &Acting,
    decisions: &[(String, String)],
    password: &str,
) -> Result<Recorded<SignedTogether>> {
    acting.permit(Action::SignDecision)?;
    require_session(acting)?;
    let once: BTreeSet<&str> = decisions.iter().map(|(id, _)| id.as_str()).collect();
    if decisions.is_empty() || decisions.len() > TOGETHER_MAX || once.len() != decisions.len() {
        let found = decisions.len();
        let detail =
            format!("{found} decisions are named, expected 1 to {TOGETHER_MAX}, each once");
        return Err(Error::BadRequest { detail });
    }
    store.read(|tx| {
        if !tx.passkeys_in_force(&acting.account.id)?.is_empty() {
            let detail =
                "your passkey says its word about one record at a time; sign each by itself";
            return Err(Error::Conflict { detail: detail.to_owned() });
        }
        decisions.iter().try_for_each(|(id, _)| signable(tx, acting, id).map(|_| ()))
    })?;
    let what = (decisions[0].1.as_str(), Meaning::ApprovesDecision);
    let how = check_to_sign(store, &acting.account, password, what)?;
    let written = store.write(&actor(acting), EntryType::DecisionSign, |tx| {
        let sign = |(id, shown): &(String, String)| {
            insert(tx, acting, (id.as_str(), shown.as_str()), how.clone())
        };
        let signatures = decisions.iter().map(sign).collect::<Result<_>>()?;
        Ok::<_, Error>(SignedTogether { signatures })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Most decisions that are signed by one act.
const TOGETHER_MAX: usize = 50;

/// How a demo account signs, which has no password to enter.
pub(super) const DEMONSTRATION: &str = "demonstration";
