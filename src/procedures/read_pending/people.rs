//! What waits about people: identity checks, acceptances of accountability, trainings.

use super::{Pending, PendingKind};
use crate::access::account::Account;
use crate::access::role::Action;
use crate::error::Result;
use crate::procedures::read_people::PersonLine;
use crate::store::ReadTx;

/// What is missing about people before they sign, or ends soon: for those who record it, and for oneself.
pub(super) fn people(
    tx: &ReadTx<'_>,
    account: &Account,
    now: jiff::Timestamp,
    found: &mut Vec<Pending>,
) -> Result<()> {
    let today = jiff::tz::TimeZone::UTC.to_datetime(now).date();
    let now = crate::clock::rfc3339(now);
    let may = |action: Action| action.roles().contains(&account.role);
    for other in tx.accounts()? {
        let is_own = other.id == account.id;
        if is_own || may(Action::RecordTraining) {
            let created_at = tx.account_created_at(&other.id)?;
            let person = PersonLine::read(tx, other, (&now, today))?;
            if person.enabled {
                person_lines(account, (&person, &created_at), found);
            }
        }
    }
    Ok(())
}

/// What is missing about one person.
fn person_lines(account: &Account, of: (&PersonLine, &str), found: &mut Vec<Pending>) {
    let (person, created_at) = of;
    let may = |action: Action| action.roles().contains(&account.role);
    let (name, is_own) = (&person.account.user_name, person.account.id == account.id);
    let line = |what: String, (action, path): (Action, &str), since: &str| Pending {
        kind: PendingKind::Person,
        what,
        why: "nobody signs before that".to_owned(),
        version: None,
        who: action.roles().to_vec(),
        is_mine: may(action) && (action == Action::AcceptAccountability) == is_own,
        path: path.to_owned(),
        since: since.to_owned(),
        due_on: None,
        is_overdue: false,
    };
    let here = "/accounts/people";
    match &person.identity_check {
        _ if !person.signs => {}
        None if is_own || may(Action::ManageAccounts) => {
            let what = format!("Check whose account {name} is, and record it");
            found.push(line(what, (Action::ManageAccounts, here), created_at));
        }
        Some(check) if is_own && person.accepted.is_none() => {
            let what = "Accept the statement of accountability".to_owned();
            let path = "/account/accountability";
            found.push(line(what, (Action::AcceptAccountability, path), &check.at));
        }
        _ => {}
    }
    let Some(need) = person.needs.as_ref().filter(|need| need.is_due) else { return };
    let what = format!("Train {name} again, and record it: {}", need.course);
    let since = person.trainings.first().map_or(created_at, |row| row.at.as_str());
    let why = match need.last_day {
        None => "none is recorded, so the role is suspended".to_owned(),
        Some(last) if need.is_current => format!("the training ends on {last}"),
        Some(last) => format!("it ended on {last}, so the role is suspended"),
    };
    let due_on = need.last_day.map(|day| day.to_string());
    found.push(Pending { why, due_on, ..line(what, (Action::RecordTraining, here), since) });
}
