//! Procedure: read what is recorded about people before they sign and while they hold a role: identity check, acceptance, trainings.
//!
//! 1. check that the person may read it
//! 2. read it in one snapshot, and say what is missing or ends soon

use super::check_identity::today;
use crate::access::account::{Account, Acting};
use crate::access::role::Action;
use crate::access::training::{NOTICE_DAYS, Training, TrainingPolicy, TrainingRule};
use crate::error::Result;
use crate::store::accountability::{AcceptanceRow, IdentityCheckRow, StatementRow};
use crate::store::trainings::TrainingRow;
use crate::store::{ReadTx, Store};
use jiff::ToSpan as _;
use jiff::civil::Date;

/// What is recorded about one person.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct PersonLine {
    /// The account, with its role in force; without one, with the role that was asked for.
    #[serde(flatten)]
    pub account: Account,
    /// Whether the account may be used.
    pub enabled: bool,
    /// Whether the role signs, so that an identity check and an acceptance are needed.
    pub signs: bool,
    /// How it was checked whose account it is.
    pub identity_check: Option<IdentityCheckRow>,
    /// The acceptance of the statement in force.
    pub accepted: Option<AcceptanceRow>,
    /// The trainings, newest first.
    pub trainings: Vec<TrainingRow>,
    /// The training that the role needs, if it needs one.
    pub needs: Option<TrainingNeed>,
}

/// The training that a role needs.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct TrainingNeed {
    /// Course and its version.
    pub course: String,
    /// The last day that the newest record is good for; absent where none is recorded.
    #[schema(value_type = Option<String>)]
    pub last_day: Option<Date>,
    /// Whether the role can be exercised today.
    pub is_current: bool,
    /// Whether it ends within 30 days, or has ended, or is missing.
    pub is_due: bool,
}

impl TrainingNeed {
    /// How `trainings`, in the order of their records, stand to `rule` on `today`.
    pub(super) fn of(rule: &TrainingRule, trainings: &[Training], today: Date) -> Self {
        let last_day = rule.newest(trainings).map(|training| rule.last_day(training));
        let soon = today.checked_add(NOTICE_DAYS.days()).unwrap_or(today);
        Self {
            course: rule.course.clone(),
            is_current: last_day.is_some_and(|last| today <= last),
            is_due: last_day.is_none_or(|last| last <= soon),
            last_day,
        }
    }
}

impl PersonLine {
    /// What is recorded about `account` on `today`, beside the statement and the policy in force.
    fn read(
        tx: &ReadTx<'_>,
        account: Account,
        (now, today): (&str, Date),
        (statement, policy): (Option<&StatementRow>, &TrainingPolicy),
    ) -> Result<Self> {
        let role = tx.role_in_force(&account, now)?;
        let account = Account { role: role.unwrap_or(account.role), ..account };
        let of_it = |row: &AcceptanceRow| {
            statement.is_some_and(|statement| row.statement_id == statement.id)
        };
        let mut trainings = tx.trainings(&account.id)?;
        let recorded: Vec<Training> = trainings.iter().map(|row| row.training.clone()).collect();
        let rule = policy.rule(account.role);
        let needs = rule.map(|rule| TrainingNeed::of(rule, &recorded, today));
        trainings.reverse();
        Ok(Self {
            enabled: tx.is_enabled(&account.id)?,
            signs: Action::AcceptAccountability.roles().contains(&account.role),
            identity_check: tx.identity_check(&account.id)?,
            accepted: tx.acceptance(&account.id)?.filter(of_it),
            trainings,
            needs,
            account,
        })
    }
}

/// What is recorded about everybody, oldest account first.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn people(store: &Store, acting: &Acting) -> Result<Vec<PersonLine>> {
    acting.permit(Action::Read)?;
    let (now, today) = (store.clock().now_text(), today(store));
    store.read(|tx| {
        let (statements, policy) = (tx.statements()?, tx.training_policy()?);
        let in_force = (statements.first(), &policy);
        let read = |account| PersonLine::read(tx, account, (&now, today), in_force);
        tx.accounts()?.into_iter().map(read).collect()
    })
}
