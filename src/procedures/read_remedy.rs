//! Procedure: read what is done about an alert: the steps taken, those that can follow, and what later batches say right now.

use super::step_episode::{EpisodeStanding, day};
use super::stored;
use crate::access::account::Account;
use crate::access::role::Role;
use crate::drift::episode::EpisodeState;
use crate::error::Result;
use crate::review::decision::Severity;
use crate::review::effectiveness::{EffectivenessCheck, RemedialPlan};
use crate::review::episode_cycle::{EpisodeGuard, EpisodeRule, EpisodeStep, fits};
use crate::review::episode_sheet::EpisodeSheet;
use crate::review::record_signature::RecordSignature;
use crate::store::ReadTx;

/// A step that was taken.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct EpisodeStepView {
    /// Id.
    pub id: String,
    /// What was signed.
    pub sheet: EpisodeSheet,
    /// SHA-256 of its canonical bytes.
    pub sha256: String,
    /// The words of the signature; none where the program itself escalated.
    pub manifestation: Option<String>,
    /// When, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// A step that can follow.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct EpisodeNextStep {
    /// The step.
    pub step: EpisodeStep,
    /// State after.
    pub to: EpisodeState,
    /// Roles that may take it.
    pub who: Vec<Role>,
    /// What else it needs.
    pub needs: Vec<&'static str>,
    /// Why the reader cannot take it now; absent where they can.
    pub barred: Option<String>,
}

/// Everything done about an alert beside acknowledging and deciding.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct RemedyView {
    /// Number of the cycle, from 1.
    pub cycle: u64,
    /// How severe it is.
    pub severity: Option<Severity>,
    /// Steps with a sheet of their own, oldest first.
    pub steps: Vec<EpisodeStepView>,
    /// Steps that can follow, in the order of the table.
    pub next: Vec<EpisodeNextStep>,
    /// The plan in force, with its due date as last extended.
    pub plan: Option<RemedialPlan>,
    /// Whether that date is past and the action is not done.
    pub is_overdue: bool,
    /// What later batches say right now, once the action is done.
    pub check: Option<EffectivenessCheck>,
    /// The same in one sentence.
    pub check_sentence: Option<String>,
}

/// What is done about the episode `id`, as `account` sees it at the time `now`.
pub(super) fn remedy(
    tx: &ReadTx<'_>,
    id: &str,
    account: &Account,
    now: &str,
) -> Result<RemedyView> {
    let standing = EpisodeStanding::read(tx, id)?;
    let today = day(now);
    let mut steps = Vec::new();
    for row in tx.episode_steps(id)? {
        let signature: Option<RecordSignature> = match &row.signature {
            Some(document) => Some(stored(document)?),
            None => None,
        };
        steps.push(EpisodeStepView {
            sheet: stored(&row.document)?,
            manifestation: signature.map(|signature| signature.manifestation()),
            id: row.id,
            sha256: row.sha256,
            at: row.at,
            entry: row.entry,
        });
    }
    let check = match standing.facts.state {
        EpisodeState::ActionDone => standing.check(tx, &today)?,
        _ => None,
    };
    let facts = &standing.facts;
    let plan = facts.plan.as_ref().map(|(plan, _)| plan.clone());
    let sentence = check.as_ref().zip(plan.as_ref());
    let planned = facts.state == EpisodeState::ActionPlanned;
    Ok(RemedyView {
        cycle: facts.cycle,
        severity: facts.severity,
        steps,
        next: EpisodeRule::from(facts.state)
            .map(|rule| next(rule, &standing, account, check.as_ref()))
            .collect(),
        is_overdue: planned && plan.as_ref().is_some_and(|plan| plan.due_on < today),
        check_sentence: sentence.map(|(check, plan)| check.sentence(&plan.criterion)),
        check,
        plan,
    })
}

fn next(
    rule: &EpisodeRule,
    standing: &EpisodeStanding,
    account: &Account,
    check: Option<&EffectivenessCheck>,
) -> EpisodeNextStep {
    let facts = &standing.facts;
    let permitted = rule.permit(account, facts, facts.owner());
    let computed = rule.needs(EpisodeGuard::Effective) || rule.needs(EpisodeGuard::NotEffective);
    let unfit = computed && !check.is_some_and(|check| fits(rule, check.outcome));
    let barred = match permitted {
        Err(error) => Some(error.to_string()),
        Ok(()) if unfit => Some("what later batches say so far is something else".to_owned()),
        Ok(()) => rule.missing(facts).map(str::to_owned),
    };
    EpisodeNextStep {
        step: rule.step,
        to: rule.to,
        who: rule.who.to_vec(),
        needs: rule.guards.iter().map(|guard| guard.words()).collect(),
        barred,
    }
}
