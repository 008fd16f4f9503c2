//! Procedure: sign a decision that another person drafted.
//!
//! 1. check that the person may sign, is signed in (no token signs), and neither drafted the decision nor investigated the alert
//! 2. verify the password again; five wrong ones lock the account
//! 3. check that the bytes to sign are those that were shown
//! 4. write the signature and its ledger entry: the alert is decided because a signed decision exists

use super::identify_signer::check_to_sign;
use super::step_episode::EpisodeStanding;
use super::{Recorded, actor, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::episode_cycle::EpisodeStep;
use crate::review::identified::Identified;
use crate::review::signature::{Meaning, Signature};
use crate::store::episodes::DocumentRow;
use crate::store::{ReadTx, Store};
use crate::{access, clock, digest};

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
    write(store, acting, id, (&shown.sha256, Identified::by(DEMONSTRATION)))
}

fn missing(id: &str) -> Error {
    Error::NotFound { what: "decision on alert", id: id.to_owned() }
}

/// The drafted decision, if this person may sign it.
fn signable(tx: &ReadTx<'_>, acting: &Acting, id: &str) -> Result<DocumentRow> {
    EpisodeStanding::permit(tx, acting, id, EpisodeStep::Sign)?;
    tx.decision_of(id)?.ok_or_else(|| missing(id))
}

fn write(
    store: &Store,
    acting: &Acting,
    id: &str,
    (shown_sha256, how): (&str, Identified),
) -> Result<Recorded<Signature>> {
    let written = store.write(&actor(acting), EntryType::DecisionSign, |tx| {
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
        Ok::<_, Error>(signature)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// How a demo account signs, which has no password to enter.
pub(super) const DEMONSTRATION: &str = "demonstration";
