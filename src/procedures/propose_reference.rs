//! Procedure: propose with which other reference or policy the batches of a registered version are to be judged.
//!
//! 1. check that the person may register; the version's life must not be over
//! 2. the alert must be decided, and its signed decision accept the change; or author and QA signed the change record
//! 3. every batch must be judged against the reference in force, without rows that came before
//! 4. learn the reference from the kept files, and freeze a monitor from it (no transaction is open while the CPU works)
//! 5. the same content as the newest proposal: return that one
//! 6. write the proposal and its ledger entry; nothing else changes before two people signed it

use super::ingest_batch::Judge;
use super::read_records::missing;
use super::record_change::change_fact;
use super::{Recorded, actor, say_if_disposed, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::dataset::files::FoundFile;
use crate::dataset::reader::{Format, TableFile};
use crate::drift::episode::EpisodeKind;
use crate::drift::monitor::Monitor;
use crate::drift::policy::Policy;
use crate::drift::reference::Reference;
use crate::drift::reference_move::{series_moves, unlike_rows};
use crate::drift::report::{DriftReport, ENGINE};
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::decision::Decision;
use crate::review::reference_proposal::{
    AcceptedAlert, AcceptedChange, InForce, LearntFrom, REFERENCE_PROPOSAL_FORMAT,
    ReferenceProposal,
};
use crate::store::batches::BatchRow;
use crate::store::objects::Objects;
use crate::store::references::ReferenceProposalRow;
use crate::store::{ReadTx, Store};
use crate::{clock, digest, review};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The record table of proposals.
pub(super) const PROPOSALS: &str = "reference_proposal";

/// What is proposed.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeReference {
    /// Names of judged batches to learn the reference from; none leaves the reference as it is.
    #[serde(default)]
    pub batches: Vec<String>,
    /// The policy to judge with; absent leaves the policy as it is.
    #[serde(default)]
    pub policy: Option<Policy>,
    /// Id of the alert whose signed decision accepts the change.
    #[serde(default)]
    pub alert: Option<String>,
    /// Or the id of the version's change record, signed by author and QA.
    #[serde(default)]
    pub change: Option<String>,
    /// Why this is right for the intended use.
    pub rationale: String,
}

/// A proposal, and whether this call made it.
#[derive(Debug)]
pub struct Proposed {
    /// Its row and ledger entry.
    pub proposal: Recorded<ReferenceProposalRow>,
    /// Whether it is new.
    pub is_new: bool,
}

/// What a proposal is made from, read in one snapshot.
struct Ground {
    judge: Judge,
    alert: Option<AcceptedAlert>,
    change: Option<AcceptedChange>,
    batches: Vec<(BatchRow, LearntFrom)>,
    reports: Vec<DriftReport>,
}

/// Proposes another reference or policy for a version.
///
/// # Errors
///
/// [`Error::Access`]; [`Error::NotFound`] for a version, a batch, an alert or a change record; [`Error::Conflict`] for a version whose life
/// is over and for a decision that does not accept the change; [`Error::Review`], [`Error::Drift`] for what does not fit.
pub fn propose_reference(
    store: &Store,
    acting: &Acting,
    of: (&str, &str),
    asked: &ProposeReference,
) -> Result<Proposed> {
    acting.permit(Action::Register)?;
    let ground = store.read(|tx| Ground::read(tx, of, asked))?;
    let proposal = ground.propose(store.objects(), asked).map_err(say_if_disposed(store))?;
    let bytes = proposal.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let version_id = &ground.judge.version.id;
    let same = store.read(|tx| {
        let newest = tx.reference_proposals(version_id)?.into_iter().next();
        let Some(value) = newest.filter(|row| row.sha256 == sha256) else { return Ok(None) };
        let checkpoint = tx.head()?.checkpoint;
        Ok::<_, Error>(Some(Recorded { entry: value.entry, value, checkpoint }))
    })?;
    if let Some(proposal) = same {
        return Ok(Proposed { proposal, is_new: false });
    }
    let written = store.write(&actor(acting), EntryType::ReferencePropose, |tx| {
        if ground.judge.is_over(tx)? {
            return Err(overtaken());
        }
        let row = ReferenceProposalRow {
            id: clock::new_id("rp"),
            version_id: version_id.clone(),
            proposed_by: acting.account.user_name.clone(),
            account_id: acting.account.id.clone(),
            revision: proposal.revision,
            sha256: sha256.clone(),
            at: tx.at().to_owned(),
            entry: tx.index(),
            document: String::from_utf8_lossy(&bytes).into_owned(),
        };
        tx.subject(subject("model_version", version_id));
        tx.subject(subject(PROPOSALS, &row.id));
        if let Some(alert) = &proposal.alert {
            tx.subject(subject("episode", &alert.episode));
        }
        tx.refer(ground.judge.version.entry);
        tx.insert_reference_proposal(&row)?;
        Ok::<_, Error>(row)
    })?;
    let proposal =
        Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint };
    Ok(Proposed { proposal, is_new: true })
}

/// Another reference came into force since.
pub(super) fn overtaken() -> Error {
    let detail =
        "another reference or policy came into force since; read what is in force and propose again"
            .to_owned();
    Error::Conflict { detail }
}

/// A version whose life is over is judged with nothing any more.
pub(super) fn refuse_over(tx: &ReadTx<'_>, judge: &Judge) -> Result<()> {
    let state = tx.version_state(&judge.version.id)?;
    if !state.is_over() {
        return Ok(());
    }
    Err(Error::Review(review::Error::VersionState {
        model: judge.version.model.clone(),
        version: judge.version.version.clone(),
        found: state.word(),
        action: "give it another reference or policy",
        expected: "a version whose life is not over".to_owned(),
    }))
}

impl Ground {
    fn read(
        tx: &ReadTx<'_>,
        (model, version): (&str, &str),
        asked: &ProposeReference,
    ) -> Result<Self> {
        let judge = Judge::read(tx, model, version)?;
        refuse_over(tx, &judge)?;
        let typed = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let learns = !asked.batches.is_empty();
        let alert =
            typed(&asked.alert).map(|id| accepted_alert(tx, &judge, (&id, learns))).transpose()?;
        let change = typed(&asked.change).map(|id| accepted_change(tx, &judge, &id)).transpose()?;
        let (mut batches, mut reports) = (Vec::new(), Vec::new());
        let mut named = asked.batches.clone();
        named.sort();
        named.dedup();
        for name in &named {
            let (batch, learnt, report) = learnable(tx, &judge, name)?;
            batches.push((batch, learnt));
            reports.push(report);
        }
        let mut paired: Vec<_> = batches.into_iter().zip(reports).collect();
        paired.sort_by_key(|((batch, _), _)| batch.entry);
        let (batches, reports) = paired.into_iter().unzip();
        Ok(Self { judge, alert, change, batches, reports })
    }

    fn propose(&self, objects: &Objects, asked: &ProposeReference) -> Result<ReferenceProposal> {
        let judge = &self.judge;
        let batches: Vec<LearntFrom> =
            self.batches.iter().map(|(_, learnt)| learnt.clone()).collect();
        let mut proposal = ReferenceProposal {
            format: REFERENCE_PROPOSAL_FORMAT.to_owned(),
            version_id: judge.version.id.clone(),
            model: judge.version.model.clone(),
            version: judge.version.version.clone(),
            registration_sha256: judge.version.content_sha256.clone(),
            revision: judge.revision + 1,
            follows: InForce {
                revision: judge.revision,
                reference_sha256: judge.reference.1.clone(),
                policy_sha256: judge.policy.1.clone(),
                monitor_sha256: judge.monitor.1.clone(),
            },
            alert: self.alert.clone(),
            change: self.change.clone(),
            rationale: asked.rationale.trim().to_owned(),
            batches,
            reference: None,
            policy: asked.policy.clone().filter(|policy| *policy != judge.policy.0),
            series: Vec::new(),
            engine: ENGINE.to_owned(),
        };
        if !self.batches.is_empty() {
            let files: Vec<&BatchRow> = self.batches.iter().map(|(batch, _)| batch).collect();
            proposal.reference = Some(learn(objects, judge, &files)?);
        }
        proposal.validate()?;
        let monitor = self.monitor(&proposal)?;
        proposal.series = series_moves(&judge.monitor.0, &monitor, &self.reports);
        Ok(proposal)
    }

    /// The monitor that the proposal would bring, once reference and policy fit.
    fn monitor(&self, proposal: &ReferenceProposal) -> Result<Monitor> {
        let judge = &self.judge;
        let reference = proposal.reference.as_ref().unwrap_or(&judge.reference.0);
        let policy = proposal.policy.as_ref().unwrap_or(&judge.policy.0);
        reference.validate(&judge.registration.schema)?;
        if let Some(detail) =
            proposal.reference.as_ref().and_then(|r| unlike_rows(r, &self.reports))
        {
            return Err(mismatch("reference", detail));
        }
        let names: Vec<&str> = reference.features.iter().map(|f| f.feature.as_str()).collect();
        policy.validate(&names)?;
        if policy.performance != judge.policy.0.performance {
            let detail = "`performance` differs from the policy in force: how labels are evaluated stays with the version, because its \
                          evidence goes on; register a new version for that"
                .to_owned();
            return Err(mismatch("policy", detail));
        }
        let monitor = Monitor::freeze(reference, policy);
        monitor.refuse_unsupported(policy)?;
        Ok(monitor)
    }
}

fn mismatch(what: &'static str, detail: String) -> Error {
    Error::Drift(crate::drift::Error::Mismatch { what, detail })
}

/// Learns the reference of the rows in the kept files of `batches`.
pub(super) fn learn(objects: &Objects, judge: &Judge, batches: &[&BatchRow]) -> Result<Reference> {
    let mut files = Vec::with_capacity(batches.len());
    for batch in batches {
        drop(objects.open(&batch.blake3)?);
        let name = batch.name.replace(['/', '='], "_");
        files.push(FoundFile { name, path: objects.path(&batch.blake3)? });
    }
    let format = batches.first().and_then(|batch| Format::of_word(&batch.format));
    if let Some(other) = batches.iter().find(|batch| Format::of_word(&batch.format) != format) {
        let detail = format!(
            "batch `{}` is {}, others are {}; name batches of one format",
            other.name,
            other.format,
            format.map_or("of none", Format::word)
        );
        return Err(mismatch("reference", detail));
    }
    let table = TableFile::of_files(Path::new("the batches named"), files, format)?;
    Ok(Reference::learn(&table, &judge.registration.schema)?)
}

/// The batch `name`, if a reference can be learnt from it, with the report that judged it.
fn learnable(
    tx: &ReadTx<'_>,
    judge: &Judge,
    name: &str,
) -> Result<(BatchRow, LearntFrom, DriftReport)> {
    let batch =
        tx.batch_by_name(&judge.version.id, name)?.ok_or_else(|| missing("judged batch", name))?;
    if let Some(invalid) = &batch.invalidated {
        let detail = format!("batch `{name}` is {}; name batches that count", invalid.sentence());
        return Err(mismatch("reference", detail));
    }
    let row = tx.report_of_batch(&batch.id)?.ok_or_else(|| missing("report of batch", name))?;
    let document = tx.report_document(&row.id)?.ok_or_else(|| missing("report", &row.id))?;
    let report: DriftReport = stored(&document)?;
    if let Some(detail) = not_learnable(judge, name, &report) {
        return Err(mismatch("reference", detail));
    }
    let learnt = LearntFrom {
        id: batch.id.clone(),
        name: batch.name.clone(),
        sha256: batch.sha256.clone(),
        rows: batch.rows,
        report: row.id,
        report_sha256: row.sha256,
    };
    Ok((batch, learnt, report))
}

/// Why no reference is learnt from the batch `name` that this report judged; `None` where one can be.
pub(super) fn not_learnable(judge: &Judge, name: &str, report: &DriftReport) -> Option<String> {
    if report.context.monitor_sha256 != judge.monitor.1 {
        return Some(format!(
            "batch `{name}` was judged with an earlier reference or policy; name batches that came since revision {} is in force",
            judge.revision
        ));
    }
    let repeated = report.rows - report.rows_judged();
    (repeated > 0).then(|| {
        format!(
            "{repeated} rows of batch `{name}` came in earlier batches too; name batches without repeated rows"
        )
    })
}

/// The signed decision on an alert of the version, if it accepts the change; `learns`: a reference is to be learnt.
pub(super) fn accepted_alert(
    tx: &ReadTx<'_>,
    judge: &Judge,
    (id, learns): (&str, bool),
) -> Result<AcceptedAlert> {
    let episode = tx.episode(id)?.filter(|episode| episode.version_id == judge.version.id);
    let episode = episode.ok_or_else(|| missing("alert of this version", id))?;
    let conflict = |detail: String| Err(Error::Conflict { detail });
    if learns && episode.opening.kind != EpisodeKind::Drift {
        return conflict(format!(
            "alert `{id}` is about {}; a reference follows from an alert about drift",
            episode.opening.kind.word()
        ));
    }
    let decision = tx.decision_of(id)?;
    let signed = match &decision {
        Some(row) => tx.signature_of(&row.id)?.is_some(),
        None => false,
    };
    let Some(row) = decision.filter(|_| signed && episode.state.is_decided()) else {
        return conflict(format!(
            "alert `{id}` is {}: no decision on it is signed that accepts the change; decide on it first",
            episode.state.word()
        ));
    };
    let code = stored::<Decision>(&row.document)?.code;
    if !code.accepts_change() {
        return conflict(format!(
            "the decision on alert `{id}` is {}, which does not accept the change; accept_with_rationale or adjust_policy does",
            code.word()
        ));
    }
    let (episode, decision, decision_sha256) = (id.to_owned(), row.id, row.sha256);
    Ok(AcceptedAlert { episode, decision, decision_sha256, code })
}

/// The change record of the version, if author and QA signed it.
pub(super) fn accepted_change(tx: &ReadTx<'_>, judge: &Judge, id: &str) -> Result<AcceptedChange> {
    let fact = change_fact(tx, &judge.version.id)?.filter(|fact| fact.id == id);
    let fact = fact.ok_or_else(|| missing("change record in force of this version", id))?;
    if !(fact.authored && fact.approved) {
        let detail = format!("change record `{id}` is not signed by author and QA yet");
        return Err(Error::Conflict { detail });
    }
    Ok(AcceptedChange { change: fact.id, change_sha256: fact.sha256 })
}
