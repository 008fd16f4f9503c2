//! Procedure: keep trainings: say which roles need which, and record who completed them.
//!
//! 1. an administrator sets the policy with a reason; until then no role needs a training. Nobody suspends the own role by it
//! 2. QA or an administrator (or the host, for recovery) records what somebody else completed, and where the proof is kept
//! 3. from the policy's entry on, a role in it is exercised (`sign_in::in_force`) and granted (`grant_roles`) only with a current record;
//!    when that ends, the role is suspended until a new one is recorded. Source tokens of programs go on: their data are not lost
//! 4. the inbox says a month before what will end

use super::check_identity::today;
use super::{Recorded, actor, given, someone_else, subject};
use crate::access::account::{Account, Acting, Way};
use crate::access::role::{Action, Role};
use crate::access::training::{Training, TrainingPolicy};
use crate::clock;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::trainings::{TrainingPolicyRow, TrainingRow};
use crate::store::{ReadTx, Store, WriteTx};
use jiff::civil::Date;

/// The policy in force, and every one that was set, newest first; no row while no role needs a training.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct TrainingPolicyView {
    /// The rules in force.
    pub in_force: TrainingPolicy,
    /// Every policy that was set, newest first.
    pub history: Vec<TrainingPolicyRow>,
}

/// The training policy and its history.
///
/// # Errors
///
/// [`Error::Access`].
pub fn training_policy(store: &Store, acting: &Acting) -> Result<TrainingPolicyView> {
    acting.permit(Action::Read)?;
    let history = store.read(|tx| tx.training_policies())?;
    let in_force = history.first().map(|row| row.policy.clone()).unwrap_or_default();
    Ok(TrainingPolicyView { in_force, history })
}

/// Checks that `account` has the training that `role` needs on `today`.
pub(super) fn check_trained(
    tx: &ReadTx<'_>,
    account: &Account,
    role: Role,
    today: Date,
) -> Result<()> {
    let policy = tx.training_policy()?;
    if policy.rule(role).is_none() {
        return Ok(());
    }
    let rows = tx.trainings(&account.id)?;
    let trainings: Vec<Training> = rows.into_iter().map(|row| row.training).collect();
    Ok(policy.check((&account.user_name, role), &trainings, today)?)
}

/// The day of the entry that is being written, UTC.
pub(super) fn day_of(tx: &WriteTx<'_>) -> Date {
    let day = tx.at().get(..10).and_then(|day| day.parse().ok());
    day.unwrap_or(Date::MAX)
}

/// Sets which roles need which training, with a reason.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not, and for rules that cannot be; [`Error::BadRequest`] without a reason; [`Error::Conflict`]
/// where who sets it would lose the own role by it.
pub fn set_training_policy(
    store: &Store,
    acting: &Acting,
    policy: &TrainingPolicy,
    reason: &str,
) -> Result<Recorded<TrainingPolicy>> {
    acting.permit(Action::ManageAccounts)?;
    policy.validate()?;
    let reason = given("reason", reason)?;
    let written = store.write(&actor(acting), EntryType::TrainingPolicySet, |tx| {
        let id = clock::new_id("tp");
        tx.subject(subject("training_policy", &id));
        tx.insert_training_policy(&id, &acting.account.id, (policy, reason))?;
        if acting.way != Way::Host
            && let Err(error) = check_trained(tx, &acting.account, acting.account.role, day_of(tx))
        {
            let detail = format!("you would suspend your own role: {error}; record it first");
            return Err(Error::Conflict { detail });
        }
        Ok(policy.clone())
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Records a training that `user_name` completed; `evidence` says where the proof is kept.
///
/// # Errors
///
/// [`Error::Access`] for a role that may not, for one's own training, and for days that cannot be; [`Error::NotFound`];
/// [`Error::BadRequest`] without evidence.
pub fn record_training(
    store: &Store,
    acting: &Acting,
    user_name: &str,
    (training, evidence): (&Training, &str),
) -> Result<Recorded<TrainingRow>> {
    acting.permit(Action::RecordTraining)?;
    let account = someone_else(store, acting, user_name)?;
    training.validate(today(store))?;
    let evidence = given("evidence", evidence)?;
    let written = store.write(&actor(acting), EntryType::TrainingRecord, |tx| {
        tx.subject(subject("account", &account.id));
        let both = (account.id.as_str(), acting.account.id.as_str());
        tx.insert_training(&clock::new_id("tg"), both, (training, evidence))?;
        let missing = || Error::NotFound { what: "training of", id: user_name.to_owned() };
        tx.trainings(&account.id)?.pop().ok_or_else(missing)
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
