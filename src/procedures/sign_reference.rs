//! Procedure: sign a proposal of another reference or policy.
//!
//! 1. check that the person is signed in, and may give the next signature: first who proposed it, then another person of QA
//! 2. it must be the newest proposal, follow what is in force, rest on a decision that still stands, and be learnt from batches of which
//!    none is invalid
//! 3. verify the password again; freeze the monitor (pure)
//! 4. write the signature; with QA's, in the same entry: reference, policy and monitor. They are in force from that entry on

use super::identify_signer::{check_to_sign, sign_record};
use super::ingest_batch::Judge;
use super::invalidate_batch::refuse_invalid;
use super::propose_reference::{PROPOSALS, accepted_alert, overtaken, refuse_over};
use super::read_records::missing;
use super::register_version::{FrozenText, frozen};
use super::sign_decision::require_session;
use super::{Recorded, actor, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::drift::monitor::Monitor;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::record_signature::RecordSignature;
use crate::review::reference_proposal::{ReferenceProposal, next_signature};
use crate::review::signature::Meaning;
use crate::store::invalidations::Invalidated;
use crate::store::references::{ReferenceProposalRow, ReferenceRevision};
use crate::store::{ReadTx, Store, WriteTx};
use crate::{clock, review};

/// A signature over a proposal, and how it is shown.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ReferenceSignature {
    /// The signature.
    pub signature: RecordSignature,
    /// The words every page and export shows.
    pub manifestation: String,
    /// Ledger entry; with QA's signature batches that come after it are judged with what is proposed.
    pub entry: u64,
}

/// A proposal with its signatures.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ProposalView {
    /// Its row.
    #[serde(flatten)]
    pub row: ReferenceProposalRow,
    /// The proposal.
    pub proposal: ReferenceProposal,
    /// The exact bytes that are signed.
    pub document: String,
    /// Signatures, oldest first: who proposed it, then QA.
    pub signatures: Vec<ReferenceSignature>,
    /// Whether it still waits for signatures: the newest one, after what is in force.
    pub is_open: bool,
}

/// What a version is judged with, and what is proposed.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ReferencesView {
    /// Model name.
    pub model: String,
    /// Version.
    pub version: String,
    /// Revisions, oldest first; the last one is in force.
    pub revisions: Vec<ReferenceRevision>,
    /// Rows of the proposals, newest first.
    pub proposals: Vec<ReferenceProposalRow>,
}

/// What this person's signature would be given to.
struct Next {
    row: ReferenceProposalRow,
    proposal: ReferenceProposal,
    judge: Judge,
    meaning: Meaning,
}

pub(super) fn signed(tx: &ReadTx<'_>, id: &str) -> Result<Vec<ReferenceSignature>> {
    let mut found = Vec::new();
    for (document, entry) in tx.record_signatures(PROPOSALS, id)? {
        let signature: RecordSignature = stored(&document)?;
        let manifestation = signature.manifestation();
        found.push(ReferenceSignature { signature, manifestation, entry });
    }
    Ok(found)
}

/// Which of the two signatures a proposal has.
pub(super) fn signed_by(tx: &ReadTx<'_>, id: &str) -> Result<(bool, bool)> {
    let signed = signed(tx, id)?;
    let has = |meaning| signed.iter().any(|one| one.signature.meaning == meaning);
    Ok((has(Meaning::AuthoredReference), has(Meaning::ApprovesReference)))
}

/// Whether a proposal can still be signed: nothing came after it.
pub(super) fn is_open(tx: &ReadTx<'_>, row: &ReferenceProposalRow) -> Result<bool> {
    let newest = tx.reference_proposals(&row.version_id)?.into_iter().next();
    let in_force = tx.reference_revisions(&row.version_id)?.len() as u64;
    Ok(newest.is_some_and(|newest| newest.id == row.id) && row.revision == in_force + 1)
}

/// The first batch that a proposal is learnt from and that is invalid, by its name.
pub(super) fn invalid_batch(
    tx: &ReadTx<'_>,
    proposal: &ReferenceProposal,
) -> Result<Option<(String, Invalidated)>> {
    for learnt in &proposal.batches {
        let batch = tx.batch(&learnt.id)?.ok_or_else(|| missing("batch", &learnt.name))?;
        if let Some(invalid) = batch.invalidated {
            return Ok(Some((batch.name, invalid)));
        }
    }
    Ok(None)
}

impl Next {
    fn read(tx: &ReadTx<'_>, acting: &Acting, id: &str) -> Result<Self> {
        let row = tx.reference_proposal(id)?.ok_or_else(|| missing("reference proposal", id))?;
        let proposal: ReferenceProposal = stored(&row.document)?;
        let meaning = next_signature(&acting.account, &row.account_id, signed_by(tx, id)?)?;
        let judge = Judge::read(tx, &proposal.model, &proposal.version)?;
        refuse_over(tx, &judge)?;
        if !is_open(tx, &row)? || judge.monitor.1 != proposal.follows.monitor_sha256 {
            return Err(overtaken());
        }
        if let Some((name, invalid)) = invalid_batch(tx, &proposal)? {
            let what = ("the proposed reference", "propose another one, learnt without it");
            refuse_invalid(&invalid, &name, what)?;
        }
        if let Some(alert) = &proposal.alert {
            let now = accepted_alert(tx, &judge, (&alert.episode, proposal.reference.is_some()))?;
            if now != *alert {
                return Err(overtaken());
            }
        }
        Ok(Self { row, proposal, judge, meaning })
    }
}

/// Signs the proposal `id`; `shown_sha256` is the digest of the proposal on the screen.
///
/// # Errors
///
/// [`Error::Access`] for a token, another person than who may sign next, or a wrong password; [`Error::NotFound`];
/// [`Error::Conflict`] for a proposal that was overtaken or is learnt from a batch that is invalid; [`Error::Review`] for other bytes than shown.
pub fn sign_reference(
    store: &Store,
    acting: &Acting,
    id: &str,
    (shown_sha256, password): (&str, &str),
) -> Result<Recorded<ReferenceSignature>> {
    acting.permit(Action::Read)?;
    require_session(acting)?;
    let next = store.read(|tx| Next::read(tx, acting, id))?;
    let how = check_to_sign(store, &acting.account, password, (shown_sha256, next.meaning))?;
    let approves = next.meaning == Meaning::ApprovesReference;
    let kind = if approves { EntryType::ReferenceFreeze } else { EntryType::ReferenceSign };
    let documents = if approves { Some(Documents::of(&next)?) } else { None };
    let written = store.write(&actor(acting), kind, |tx| {
        let now = Next::read(tx, acting, id)?;
        if now.meaning != next.meaning || now.row.sha256 != next.row.sha256 {
            return Err(Error::Review(review::Error::Changed));
        }
        tx.subject(subject("model_version", &now.row.version_id));
        tx.subject(subject(PROPOSALS, id));
        tx.refer(now.row.entry);
        let what = (now.meaning, shown_sha256, how);
        let signature = sign_record(tx, &acting.account, (PROPOSALS, id, &now.row.document), what)?;
        if let Some(documents) = documents {
            documents.insert(tx, &now)?;
        }
        let manifestation = signature.manifestation();
        Ok::<_, Error>(ReferenceSignature { signature, manifestation, entry: tx.index() })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// What comes into force, as it is stored.
struct Documents {
    reference: Option<FrozenText>,
    policy: Option<FrozenText>,
    monitor: FrozenText,
}

impl Documents {
    fn of(next: &Next) -> Result<Self> {
        let Next { proposal, judge, .. } = next;
        let reference = proposal.reference.as_ref();
        let policy = proposal.policy.as_ref();
        let monitor = Monitor::freeze(
            reference.unwrap_or(&judge.reference.0),
            policy.unwrap_or(&judge.policy.0),
        );
        Ok(Self {
            reference: reference.map(frozen).transpose()?,
            policy: policy.map(frozen).transpose()?,
            monitor: frozen(&monitor)?,
        })
    }

    fn insert(self, tx: &mut WriteTx<'_>, next: &Next) -> Result<()> {
        let version_id = &next.row.version_id;
        let with = tx.judged_with(version_id)?;
        let with = with.ok_or_else(|| missing("monitor of version", version_id))?;
        let (mut reference_id, mut policy_id) = (with.reference.id, with.policy.id);
        if let Some(reference) = self.reference {
            reference_id = clock::new_id("rf");
            tx.insert_reference(&reference_id, version_id, reference.as_pair())?;
        }
        if let Some(policy) = self.policy {
            policy_id = clock::new_id("po");
            tx.insert_policy(&policy_id, version_id, policy.as_pair())?;
        }
        let made_from = (reference_id.as_str(), policy_id.as_str(), Some(next.row.id.as_str()));
        tx.insert_monitor(&clock::new_id("mo"), version_id, made_from, self.monitor.as_pair())?;
        Ok(())
    }
}

/// One proposal with its signatures.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn proposal_view(store: &Store, acting: &Acting, id: &str) -> Result<ProposalView> {
    acting.permit(Action::Read)?;
    store.read(|tx| proposal_view_in(tx, id))
}

/// The same, from a snapshot that more is read from.
pub(super) fn proposal_view_in(tx: &ReadTx<'_>, id: &str) -> Result<ProposalView> {
    let row = tx.reference_proposal(id)?.ok_or_else(|| missing("reference proposal", id))?;
    let signatures = signed(tx, id)?;
    let is_open = is_open(tx, &row)?;
    let (proposal, document) = (stored(&row.document)?, row.document.clone());
    Ok(ProposalView { row, proposal, document, signatures, is_open })
}

/// What a version is judged with, revision by revision, and what is proposed.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn references(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<ReferencesView> {
    let row = super::read_records::version(store, acting, model, version)?;
    store.read(|tx| {
        Ok(ReferencesView {
            revisions: tx.reference_revisions(&row.id)?,
            proposals: tx.reference_proposals(&row.id)?,
            model: row.model.clone(),
            version: row.version.clone(),
        })
    })
}
