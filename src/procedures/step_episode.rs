//! Procedure: take a step of an alert after it was acknowledged: investigate, plan a remedial action, complete it, check whether it
//! worked, close, reopen, escalate, link to another quality system.
//!
//! 1. check that the person is signed in (no token takes a step), and that the table allows the step from where the alert stands
//! 2. check role and hands: nobody reviews, decides or closes what they investigated, drafted, owned or checked
//! 3. look up what the step rests on: the count of affected predictions, the owner's account, the verdicts of later batches
//! 4. compose the sheet (a closure lays out what the audit trail holds about the alert: its critical entries have to be looked at), and
//!    verify the password again; five wrong ones lock the account
//! 5. in one transaction: compose the sheet once more, hold it against the one that was shown, and write the step, its signature
//!    and the ledger entry. The state changed because the step exists

use super::hold_review::check_trail_reviewed;
use super::identify_signer::{check_to_sign, sign_record};
use super::read_own_trail::own_trail;
use super::sign_decision::require_session;
use super::{Recorded, actor, stored, subject};
use crate::access::account::{Acting, Way};
use crate::access::role::Action;
use crate::drift::episode::EpisodeState;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::completeness::Cited;
use crate::review::effectiveness::{
    ActionOwner, EffectivenessCheck, EffectivenessCriterion, RemedialPlan, Since, WatchedBatch,
};
use crate::review::episode_cycle::{EpisodeFacts, EpisodeRule, EpisodeStep};
use crate::review::episode_sheet::{
    AboutEpisode, AffectedPredictions, EpisodeSheet, EpisodeStepInput, LookedUp, listed,
};
use crate::review::identified::Identified;
use crate::review::record_signature::RecordSignature;
use crate::review::trail_seen::TrailSeen;
use crate::store::episodes::EpisodeRow;
use crate::store::reports::ReportRow;
use crate::store::versions::VersionRow;
use crate::store::{ReadTx, Store};
use crate::{clock, digest, review};
use std::collections::BTreeMap;

/// The record table of steps.
pub(super) const TABLE: &str = "episode_step";

/// What is to be signed: the sheet, its exact bytes, and their digest.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct EpisodeSheetView {
    /// The sheet.
    pub sheet: EpisodeSheet,
    /// Its canonical bytes.
    pub document: String,
    /// Their SHA-256: what the signature is to name.
    pub sha256: String,
}

/// A step that was taken.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct EpisodeStepTaken {
    /// Id of its record.
    pub id: String,
    /// Where the alert stands now.
    pub state: EpisodeState,
    /// The signature.
    pub signature: RecordSignature,
    /// The words every page and export shows.
    pub manifestation: String,
}

/// An episode with everything that decides about its next step.
#[derive(Clone, Debug)]
pub(super) struct EpisodeStanding {
    pub(super) episode: EpisodeRow,
    pub(super) version: VersionRow,
    pub(super) facts: EpisodeFacts,
}

impl EpisodeStanding {
    pub(super) fn read(tx: &ReadTx<'_>, id: &str) -> Result<Self> {
        let missing = |what, id: &str| Error::NotFound { what, id: id.to_owned() };
        let episode = tx.episode(id)?.ok_or_else(|| missing("alert", id))?;
        let version = tx.version_by_id(&episode.version_id)?;
        let version = version.ok_or_else(|| missing("model version", &episode.version_id))?;
        let facts = tx.episode_facts(id, episode.entry)?;
        Ok(Self { episode, version, facts })
    }

    /// The rule for `step` from where the episode stands.
    pub(super) fn rule(&self, step: EpisodeStep) -> Result<&'static EpisodeRule> {
        EpisodeRule::of(self.facts.state, step).ok_or_else(|| {
            Error::Review(review::Error::EpisodeState {
                found: self.facts.state.word(),
                action: step.words(),
                expected: EpisodeRule::expected(step),
            })
        })
    }

    /// The rule for a step that is recorded otherwise than with a sheet, once this person may take it now.
    pub(super) fn permit(
        tx: &ReadTx<'_>,
        acting: &Acting,
        id: &str,
        step: EpisodeStep,
    ) -> Result<Self> {
        let standing = Self::read(tx, id)?;
        let rule = standing.rule(step)?;
        rule.permit(&acting.account, &standing.facts, standing.facts.owner())?;
        if let Some(missing) = rule.missing(&standing.facts) {
            let (action, missing) = (step.words(), missing.to_owned());
            return Err(Error::Review(review::Error::EpisodeOwes { action, missing }));
        }
        Ok(standing)
    }

    /// What later batches say about the action of this episode, if one is planned and done.
    pub(super) fn check(&self, tx: &ReadTx<'_>, today: &str) -> Result<Option<EffectivenessCheck>> {
        let (Some((plan, planned)), Some(completed)) = (&self.facts.plan, self.facts.completed)
        else {
            return Ok(None);
        };
        let criterion = &plan.criterion;
        let mut since = Since::default();
        for row in tx.reports(&criterion.version_id, i64::MAX.unsigned_abs())? {
            if row.batch_entry <= completed {
                continue;
            }
            let report = stored(&tx.report_document(&row.id)?.unwrap_or_default())?;
            let cited = Cited { id: row.id, sha256: row.sha256, entry: row.entry };
            since.watched.push(WatchedBatch::of(cited, &report, &criterion.series));
        }
        if criterion.series.is_empty() {
            let later = tx.episodes(Some(&criterion.version_id), i64::MAX.unsigned_abs())?;
            let same = later
                .into_iter()
                .filter(|e| e.entry > completed && e.opening.kind == self.episode.opening.kind);
            since.alerts = same.map(|episode| episode.id).collect();
            since.alerts.reverse();
        }
        Ok(Some(EffectivenessCheck::judge(criterion, (*planned, completed), since, today)))
    }

    fn look_up(
        &self,
        tx: &ReadTx<'_>,
        step: EpisodeStep,
        input: &EpisodeStepInput,
        today: &str,
    ) -> Result<LookedUp> {
        let mut found = LookedUp::default();
        match step {
            EpisodeStep::Investigate => {
                found.affected = Some(self.affected(tx, input)?);
                for name in listed(&input.at_risk) {
                    let exists = match name.split_once('/') {
                        Some((model, version)) => tx.version(model, version)?.is_some(),
                        None => false,
                    };
                    if !exists {
                        return Err(Error::NotFound { what: "model version", id: name });
                    }
                }
            }
            EpisodeStep::Plan => found.plan = Some(self.plan(tx, input)?),
            EpisodeStep::Confirm | EpisodeStep::Refute => found.check = self.check(tx, today)?,
            _ => {}
        }
        Ok(found)
    }

    /// The query for affected predictions, answered.
    fn affected(&self, tx: &ReadTx<'_>, input: &EpisodeStepInput) -> Result<AffectedPredictions> {
        let mut of_episode = tx.episode_reports(&self.episode.id)?;
        if of_episode.iter().any(ReportRow::is_in_force) {
            of_episode.retain(ReportRow::is_in_force);
        }
        let named = |name: &str, default: Option<u64>| -> Result<u64> {
            if name.trim().is_empty() {
                let hint = "name the first and the last batch with affected predictions";
                let field = "first_batch";
                return default.ok_or(Error::Review(review::Error::Empty { field, hint }));
            }
            let missing = || Error::NotFound { what: "judged batch", id: name.to_owned() };
            let batch = tx.batch_by_name(&self.version.id, name.trim())?.ok_or_else(missing)?;
            Ok(tx.report_of_batch(&batch.id)?.ok_or_else(missing)?.number)
        };
        let all = tx.reports(&self.version.id, i64::MAX.unsigned_abs())?;
        let numbers = || of_episode.iter().map(|report| report.number);
        // Where no batch was ever judged, there is no prediction to be affected.
        let none = all.is_empty().then_some(0);
        let first_batch = named(&input.first_batch, numbers().min().or(none))?;
        let last_batch = named(&input.last_batch, numbers().max().or(none))?;
        if last_batch < first_batch {
            let hint = "name a batch that is not before the first one";
            return Err(Error::Review(review::Error::Empty { field: "last_batch", hint }));
        }
        let rows: Vec<u64> = all
            .iter()
            .filter(|report| (first_batch..=last_batch).contains(&report.number))
            .map(|report| report.rows)
            .collect();
        let (batches, rows) = (rows.len() as u64, rows.iter().sum());
        Ok(AffectedPredictions { first_batch, last_batch, batches, rows })
    }

    fn plan(&self, tx: &ReadTx<'_>, input: &EpisodeStepInput) -> Result<RemedialPlan> {
        let missing = |what, id: &str| Error::NotFound { what, id: id.to_owned() };
        let name = input.owner.trim();
        let owner = tx.account_by_name(name)?.ok_or_else(|| missing("account", name))?;
        if !tx.is_enabled(&owner.id)? {
            return Err(missing("enabled account", name));
        }
        let version = match input.version.trim() {
            "" => self.version.clone(),
            version => tx
                .version(&self.version.model, version)?
                .ok_or_else(|| missing("model version", version))?,
        };
        let series = match listed(&input.series) {
            typed if typed.is_empty() => self.episode.opening.series.clone(),
            typed => typed,
        };
        if let Some(last) = tx.reports(&version.id, 1)?.pop() {
            let report = stored(&tx.report_document(&last.id)?.unwrap_or_default())?;
            let cited = Cited { id: last.id, sha256: last.sha256, entry: last.entry };
            let seen = WatchedBatch::of(cited, &report, &series);
            if let Some(unknown) = seen.verdicts.into_iter().find(|found| found.verdict.is_none()) {
                return Err(missing("series of the version's reports", &unknown.series));
            }
        }
        Ok(RemedialPlan {
            what: input.what.trim().to_owned(),
            owner: ActionOwner { id: owner.id, user_name: owner.user_name },
            due_on: input.due_on.trim().to_owned(),
            criterion: EffectivenessCriterion {
                series,
                batches: input.batches.unwrap_or_default(),
                version_id: version.id,
                version: version.version,
                horizon_on: input.horizon_on.trim().to_owned(),
            },
        })
    }
}

/// The sheet that this person would sign for a step.
///
/// # Errors
///
/// [`Error::Access`] for a token, a role or a hand that may not; [`Error::NotFound`]; [`Error::Review`] for a step that the state
/// does not allow, for what has to happen first, and for a text that is needed.
pub fn prepare_episode_step(
    store: &Store,
    acting: &Acting,
    (id, step): (&str, EpisodeStep),
    input: &EpisodeStepInput,
) -> Result<EpisodeSheetView> {
    acting.permit(Action::Read)?;
    if acting.way != Way::Demonstration {
        require_session(acting)?;
    }
    let today = day(&store.clock().now_text());
    store.read(|tx| sheet(tx, acting, (id, step), (input, &today)).map(|(view, _)| view))
}

/// Takes a step; `shown_sha256` is the digest of the sheet that was on the screen.
///
/// # Errors
///
/// Those of [`prepare_episode_step`]; [`Error::Access`] for a wrong password; [`Error::Review`] when the sheet is another than the
/// one shown.
pub fn take_episode_step(
    store: &Store,
    acting: &Acting,
    of: (&str, EpisodeStep),
    (input, shown_sha256, password): (&EpisodeStepInput, &str, &str),
) -> Result<Recorded<EpisodeStepTaken>> {
    let view = prepare_episode_step(store, acting, of, input)?;
    view.sheet.trail.iter().try_for_each(TrailSeen::check)?;
    let meaning = view.sheet.meaning.ok_or(review::Error::Changed)?;
    let how = check_to_sign(store, &acting.account, password, (shown_sha256, meaning))?;
    write(store, acting, of, (input, shown_sha256, how))
}

/// The day of a time, UTC.
pub(super) fn day(at: &str) -> String {
    at.chars().take(10).collect()
}

fn sheet(
    tx: &ReadTx<'_>,
    acting: &Acting,
    (id, step): (&str, EpisodeStep),
    (input, today): (&EpisodeStepInput, &str),
) -> Result<(EpisodeSheetView, EpisodeStanding)> {
    let standing = EpisodeStanding::read(tx, id)?;
    let rule = standing.rule(step)?;
    if !step.has_sheet() {
        let detail = format!("to {} there is a form of its own on the alert", step.words());
        return Err(Error::BadRequest { detail });
    }
    // The role first, so that nobody learns by trying what they may not do.
    let may = |owner| rule.permit(&acting.account, &standing.facts, owner);
    may(standing.facts.owner())?;
    let found = standing.look_up(tx, step, input, today)?;
    if let Some(plan) = &found.plan {
        may(Some(plan.owner.id.as_str()))?;
    }
    let (model, version) = (&standing.version.model, &standing.version.version);
    let about = AboutEpisode { id, model, version, today };
    if step == EpisodeStep::Close {
        check_trail_reviewed(tx, today)?;
    }
    let mut sheet = EpisodeSheet::compose(rule, about, &standing.facts, (input, found))?;
    if step == EpisodeStep::Close {
        let mut taken = BTreeMap::new();
        for row in tx.episode_steps(id)? {
            taken.insert(row.entry, stored::<EpisodeSheet>(&row.document)?.step.word());
        }
        sheet.trail = Some(own_trail(tx, id, &taken)?.looked_at(input.trail_reviewed));
    }
    let bytes = sheet.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let document = String::from_utf8(bytes).unwrap_or_default();
    Ok((EpisodeSheetView { sheet, document, sha256 }, standing))
}

fn write(
    store: &Store,
    acting: &Acting,
    of: (&str, EpisodeStep),
    (input, shown_sha256, how): (&EpisodeStepInput, &str, Identified),
) -> Result<Recorded<EpisodeStepTaken>> {
    let written = store.write(&actor(acting), EntryType::AlertStep, |tx| {
        let today = day(tx.at());
        let (view, standing) = sheet(tx, acting, of, (input, &today))?;
        let Some(meaning) = view.sheet.meaning else {
            return Err(Error::Review(review::Error::Changed));
        };
        view.sheet.trail.iter().try_for_each(TrailSeen::check)?;
        let id = clock::new_id("es");
        tx.subject(subject("episode", of.0));
        tx.subject(subject("model_version", &standing.version.id));
        tx.subject(subject(TABLE, &id));
        tx.refer(view.sheet.after);
        let digested = (view.sha256.as_str(), view.document.as_str());
        tx.insert_episode_step(&id, Some(&acting.account.id), &view.sheet, digested)?;
        let what = (meaning, shown_sha256, how);
        let signature = sign_record(tx, &acting.account, (TABLE, &id, &view.document), what)?;
        let (state, manifestation) = (view.sheet.to, signature.manifestation());
        Ok(EpisodeStepTaken { id, state, signature, manifestation })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
