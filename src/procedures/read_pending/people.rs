//! What waits about people: a statement of accountability, identity checks, acceptances, trainings.

use super::{Pending, PendingKind};
use crate::access::account::Account;
use crate::access::role::Action;
use crate::access::training::Training;
use crate::error::Result;
use crate::procedures::read_people::TrainingNeed;
use crate::store::ReadTx;
use crate::store::accountability::Standing;
use std::collections::HashMap;

/// What is missing about people before they sign, or ends soon: for those who record it, and for oneself.
///
/// It reads as many rows as there are accounts, by one query, and the trainings by another where a role needs any.
pub(super) fn people(
    tx: &ReadTx<'_>,
    account: &Account,
    now: jiff::Timestamp,
    found: &mut Vec<Pending>,
) -> Result<()> {
    let today = jiff::tz::TimeZone::UTC.to_datetime(now).date();
    let now = crate::clock::rfc3339(now);
    let statement = tx.statements()?.into_iter().next();
    if statement.is_none() {
        let what = "Put a statement of accountability in force".to_owned();
        let path = "/account/accountability";
        let line = line(account, (Action::ManageAccounts, path), (what, &now));
        let why = "an earlier version made this data folder; nobody signs before that".to_owned();
        found.push(Pending { why, ..line });
    }
    let policy = tx.training_policy()?;
    let trainings = if policy.rules.is_empty() { HashMap::new() } else { tx.trainings_of_all()? };
    let sees_all = Action::RecordTraining.roles().contains(&account.role);
    for person in tx.standings(&now)? {
        if person.account.id != account.id && !sees_all {
            continue;
        }
        let statement_id = statement.as_ref().map(|statement| statement.id.as_str());
        before_signing(account, (&person, statement_id), found);
        let Some(rule) = policy.rule(person.account.role) else { continue };
        let rows = trainings.get(&person.account.id).map_or(&[][..], Vec::as_slice);
        let recorded: Vec<Training> = rows.iter().map(|row| row.training.clone()).collect();
        let need = TrainingNeed::of(rule, &recorded, today);
        let since = rows.last().map_or(person.created_at.as_str(), |row| row.at.as_str());
        if need.is_due {
            found.push(training_due(account, &person.account.user_name, (&need, since)));
        }
    }
    Ok(())
}

/// A line about something that is recorded by `action` on the page `path`, and waits since then.
fn line(
    account: &Account,
    (action, path): (Action, &str),
    (what, since): (String, &str),
) -> Pending {
    Pending {
        kind: PendingKind::Person,
        what,
        why: "nobody signs before that".to_owned(),
        version: None,
        who: action.roles().to_vec(),
        is_mine: action.roles().contains(&account.role),
        path: path.to_owned(),
        since: since.to_owned(),
        due_on: None,
        is_overdue: false,
    }
}

/// What one person lacks before the first signature.
fn before_signing(
    account: &Account,
    (person, statement_id): (&Standing, Option<&str>),
    found: &mut Vec<Pending>,
) {
    let (name, is_own) = (&person.account.user_name, person.account.id == account.id);
    if !Action::AcceptAccountability.roles().contains(&person.account.role) {
        return;
    }
    let Some(checked_at) = &person.identity_checked_at else {
        if is_own || Action::ManageAccounts.roles().contains(&account.role) {
            let what = format!("Check whose account {name} is, and record it");
            let here = (Action::ManageAccounts, "/accounts/people");
            let line = line(account, here, (what, &person.created_at));
            // Nobody does it for themselves.
            found.push(Pending { is_mine: line.is_mine && !is_own, ..line });
        }
        return;
    };
    let accepted = person.accepted_statement_id.as_deref();
    if is_own && statement_id.is_some() && accepted != statement_id {
        let what = "Accept the statement of accountability".to_owned();
        let here = (Action::AcceptAccountability, "/account/accountability");
        found.push(line(account, here, (what, checked_at)));
    }
}

/// A training that ends soon, has ended or is missing.
fn training_due(account: &Account, name: &str, (need, since): (&TrainingNeed, &str)) -> Pending {
    let what = format!("Train {name} again, and record it: {}", need.course);
    let why = match need.last_day {
        None => "none is recorded, so the role is suspended".to_owned(),
        Some(last) if need.is_current => format!("the training ends on {last}"),
        Some(last) => format!("it ended on {last}, so the role is suspended"),
    };
    let line = line(account, (Action::RecordTraining, "/accounts/people"), (what, since));
    let is_mine = line.is_mine && name != account.user_name;
    Pending { why, due_on: need.last_day.map(|day| day.to_string()), is_mine, ..line }
}
