//! Procedure: read what a version is judged with, and what another reference could be learnt from.
//!
//! 1. check that the person may read
//! 2. in one snapshot: every revision with who proposed and who signed it, and the proposals that are not in force with what they wait for
//! 3. for who may register: batches and decisions that can be chosen, by the same rules that a proposal checks

use super::ingest_batch::Judge;
use super::propose_reference::{accepted_alert, not_learnable};
use super::read_records::missing;
use super::record_change::change_fact;
use super::sign_reference::{
    ProposalView, ReferenceSignature, invalid_batch, is_open, proposal_view_in, signed, signed_by,
};
use super::stored;
use crate::access::account::{Account, Acting};
use crate::access::role::Action;
use crate::drift::monitor::Monitor;
use crate::drift::policy::Policy;
use crate::drift::report::DriftReport;
use crate::error::{Error, Result};
use crate::review::decision::{Decision, DecisionCode};
use crate::review::reference_proposal::next_signature;
use crate::review::signature::{Meaning, Signature};
use crate::store::batches::BatchRow;
use crate::store::references::{ReferenceProposalRow, ReferenceRevision};
use crate::store::{ReadTx, Store};

/// Newest batches that are offered to learn a reference from.
pub const BATCHES_OFFERED_MAX: u64 = 60;
/// Newest alerts among which decisions are looked for.
const ALERTS_MAX: u64 = 200;

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalState {
    /// Who proposed it has not signed it.
    Proposed,
    /// Who proposed it signed it; another person of QA has not.
    Authored,
    /// Two people signed it.
    InForce {
        /// Ledger entry from which on batches are judged with it.
        entry: u64,
        /// Ledger entry of the revision that took its place.
        until: Option<u64>,
    },
    /// A batch that it is learnt from was marked as invalid since: nobody signs it any more.
    BatchInvalid,
    /// Something else came into force or was proposed, or the version's life is over: nobody signs it any more.
    Overtaken,
}

/// One revision of what a version is judged with.
#[derive(Clone, Debug)]
pub struct RevisionView {
    /// Its number, digests and ledger entry.
    pub revision: ReferenceRevision,
    /// User name of who proposed it; of who registered the version, for the first.
    pub proposed_by: String,
    /// Signatures of its proposal, oldest first.
    pub signatures: Vec<ReferenceSignature>,
    /// Whether batches that come now are judged with it.
    pub is_in_force: bool,
}

/// A batch that may be named.
#[derive(Clone, Debug)]
pub struct OfferedBatch {
    /// The batch.
    pub batch: BatchRow,
    /// Id of its report in force.
    pub report: String,
    /// Why no reference is learnt from it; absent where one can be.
    pub barred: Option<String>,
}

/// An alert with a signed decision.
#[derive(Clone, Debug)]
pub struct DecidedAlert {
    /// Its id.
    pub id: String,
    /// What happened.
    pub sentence: String,
    /// What is decided.
    pub code: DecisionCode,
    /// Why.
    pub rationale: String,
    /// The words of the signature on the decision.
    pub manifestation: String,
    /// Ledger entry of that signature.
    pub entry: u64,
}

/// What a new proposal may name.
#[derive(Clone, Debug, Default)]
pub struct Offered {
    /// The newest judged batches that are not invalid, oldest first.
    pub batches: Vec<OfferedBatch>,
    /// Alerts about drift whose signed decision accepts the change, newest first.
    pub alerts: Vec<DecidedAlert>,
    /// Id of the version's change record, where author and QA signed it.
    pub change: Option<String>,
}

/// What a version is judged with, and what is proposed.
#[derive(Clone, Debug)]
pub struct ReferencesSheet {
    /// Whether the life of the version is over.
    pub is_over: bool,
    /// Revisions, oldest first.
    pub revisions: Vec<RevisionView>,
    /// Proposals that are not in force, newest first.
    pub proposals: Vec<(ReferenceProposalRow, ProposalState)>,
    /// What may be named; nothing for who may not register.
    pub offered: Offered,
}

/// One proposal, as it is read before it is signed.
#[derive(Clone, Debug)]
pub struct ProposalSheet {
    /// The proposal and its signatures.
    pub view: ProposalView,
    /// Where it stands.
    pub state: ProposalState,
    /// What this person's signature would mean; absent where they cannot give the next one.
    pub next: Option<Meaning>,
    /// The alert that it rests on.
    pub alert: Option<DecidedAlert>,
}

/// What a version is judged with, revision by revision; what waits; and what may be proposed.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn references_sheet(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<ReferencesSheet> {
    acting.permit(Action::Read)?;
    let may_propose = Action::Register.roles().contains(&acting.account.role);
    store.read(|tx| {
        let judge = Judge::read(tx, model, version)?;
        let version_id = &judge.version.id;
        let is_over = tx.version_state(version_id)?.is_over();
        let mut proposals = Vec::new();
        for row in tx.reference_proposals(version_id)? {
            let state = state_of(tx, &row)?;
            if !matches!(state, ProposalState::InForce { .. }) {
                proposals.push((row, state));
            }
        }
        let offers = may_propose && !is_over;
        let offered = if offers { Offered::read(tx, &judge)? } else { Offered::default() };
        Ok(ReferencesSheet { revisions: revisions(tx, &judge)?, proposals, is_over, offered })
    })
}

/// The policy that a version is judged with, and what may accept another one.
#[derive(Clone, Debug)]
pub struct PolicySheet {
    /// Whether the life of the version is over.
    pub is_over: bool,
    /// The policy in force.
    pub policy: Policy,
    /// The monitor that was frozen from it.
    pub monitor: Monitor,
    /// What may be named; nothing for who may not register.
    pub offered: Offered,
}

/// The policy that a version is judged with, and what may accept another one.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn policy_sheet(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<PolicySheet> {
    acting.permit(Action::Read)?;
    let may_propose = Action::Register.roles().contains(&acting.account.role);
    store.read(|tx| {
        let judge = Judge::read(tx, model, version)?;
        let is_over = tx.version_state(&judge.version.id)?.is_over();
        let mut offered = Offered::default();
        if may_propose && !is_over {
            offered.read_accepted(tx, &judge, false)?;
        }
        let (policy, monitor) = (judge.policy.0, judge.monitor.0);
        Ok(PolicySheet { is_over, policy, monitor, offered })
    })
}

/// One proposal with where it stands, and what this person's signature would say.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn proposal_sheet(store: &Store, acting: &Acting, id: &str) -> Result<ProposalSheet> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let view = proposal_view_in(tx, id)?;
        let state = state_of(tx, &view.row)?;
        let next = next_of(tx, &acting.account, (&view.row, state))?;
        let alert = match &view.proposal.alert {
            Some(alert) => Some(decided(tx, &alert.episode, &alert.decision)?),
            None => None,
        };
        Ok(ProposalSheet { view, state, next, alert })
    })
}

/// Where a proposal stands.
pub(super) fn state_of(tx: &ReadTx<'_>, row: &ReferenceProposalRow) -> Result<ProposalState> {
    let mut revisions = tx.reference_revisions(&row.version_id)?.into_iter();
    let its = revisions.find(|one| one.proposal_id.as_deref() == Some(row.id.as_str()));
    if let Some(its) = its {
        let until = revisions.next().map(|next| next.entry);
        return Ok(ProposalState::InForce { entry: its.entry, until });
    }
    if !is_open(tx, row)? || tx.version_state(&row.version_id)?.is_over() {
        return Ok(ProposalState::Overtaken);
    }
    if invalid_batch(tx, &stored(&row.document)?)?.is_some() {
        return Ok(ProposalState::BatchInvalid);
    }
    let (authored, _) = signed_by(tx, &row.id)?;
    Ok(if authored { ProposalState::Authored } else { ProposalState::Proposed })
}

/// What the signature of `account` would mean, if it is the next one.
pub(super) fn next_of(
    tx: &ReadTx<'_>,
    account: &Account,
    (row, state): (&ReferenceProposalRow, ProposalState),
) -> Result<Option<Meaning>> {
    if !matches!(state, ProposalState::Proposed | ProposalState::Authored) {
        return Ok(None);
    }
    Ok(next_signature(account, &row.account_id, signed_by(tx, &row.id)?).ok())
}

fn revisions(tx: &ReadTx<'_>, judge: &Judge) -> Result<Vec<RevisionView>> {
    let found = tx.reference_revisions(&judge.version.id)?;
    let newest = found.last().map(|revision| revision.monitor_id.clone());
    let mut views = Vec::with_capacity(found.len());
    for revision in found {
        let (proposed_by, signatures) = match &revision.proposal_id {
            Some(id) => {
                let row = tx.reference_proposal(id)?;
                let row = row.ok_or_else(|| missing("reference proposal", id))?;
                (row.proposed_by, signed(tx, id)?)
            }
            None => (judge.version.registered_by.clone(), Vec::new()),
        };
        let is_in_force = newest.as_ref() == Some(&revision.monitor_id);
        views.push(RevisionView { revision, proposed_by, signatures, is_in_force });
    }
    Ok(views)
}

impl Offered {
    fn read(tx: &ReadTx<'_>, judge: &Judge) -> Result<Self> {
        let version_id = &judge.version.id;
        let mut offered = Self::default();
        for row in tx.reports(version_id, BATCHES_OFFERED_MAX)? {
            let document = tx.report_document(&row.id)?;
            let document = document.ok_or_else(|| missing("report", &row.id))?;
            let report: DriftReport = stored(&document)?;
            let batch = tx.batch(&row.batch_id)?.ok_or_else(|| missing("batch", &row.batch_id))?;
            let barred = not_learnable(judge, &batch.name, &report);
            offered.batches.push(OfferedBatch { batch, report: row.id, barred });
        }
        offered.read_accepted(tx, judge, true)?;
        Ok(offered)
    }

    /// Decisions and the change record that accept a change; `learns`: a reference is to be learnt.
    fn read_accepted(&mut self, tx: &ReadTx<'_>, judge: &Judge, learns: bool) -> Result<()> {
        let version_id = &judge.version.id;
        for episode in tx.episodes(Some(version_id), ALERTS_MAX)? {
            match accepted_alert(tx, judge, (&episode.id, learns)) {
                Ok(alert) => self.alerts.push(decided(tx, &episode.id, &alert.decision)?),
                Err(Error::Conflict { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        let change = change_fact(tx, version_id)?;
        self.change = change.filter(|fact| fact.authored && fact.approved).map(|fact| fact.id);
        Ok(())
    }
}

/// The alert `id` with its signed decision `decision`.
fn decided(tx: &ReadTx<'_>, id: &str, decision: &str) -> Result<DecidedAlert> {
    let episode = tx.episode(id)?.ok_or_else(|| missing("alert", id))?;
    let found = tx.decisions_of(id)?.into_iter().find(|(row, _)| row.id == decision);
    let (row, signature) = found.ok_or_else(|| missing("decision", decision))?;
    let signature = signature.ok_or_else(|| missing("signature of decision", decision))?;
    let Decision { code, rationale, .. } = stored(&row.document)?;
    let kind = || episode.opening.kind.word().replace('_', " ");
    Ok(DecidedAlert {
        id: id.to_owned(),
        sentence: episode.opening.sentences.first().cloned().unwrap_or_else(kind),
        code,
        rationale,
        manifestation: stored::<Signature>(&signature.document)?.manifestation(),
        entry: signature.entry,
    })
}
