//! What waits because a periodic review is due.

use super::{Pending, PendingKind};
use crate::access::account::Account;
use crate::access::role::Action;
use crate::error::Result;
use crate::procedures::hold_review::independent;
use crate::review::due::day_of;
use crate::review::review_kind::ReviewKind;
use crate::store::ReadTx;
use jiff::ToSpan as _;

/// Days before a review is due from which on it waits for somebody.
const AHEAD_DAYS: i64 = 14;

/// Periodic reviews that are due within two weeks: on the day that the last signed one of their kind set, or, where none was signed, as long
/// after the ledger began as is proposed for the kind.
pub(super) fn reviews(
    tx: &ReadTx<'_>,
    account: &Account,
    now: jiff::Timestamp,
    found: &mut Vec<Pending>,
) -> Result<()> {
    let today = jiff::tz::TimeZone::UTC.to_datetime(now).date();
    let Some(first) = tx.entry(0)? else { return Ok(()) };
    let size = tx.head()?.size;
    for kind in ReviewKind::ALL {
        let last = tx.last_signed_review(kind)?;
        let (from, since) = match &last {
            Some(row) => (row.until_entry, &row.at),
            None => (0, &first.entry.ts),
        };
        let due = match &last {
            Some(row) => row.next_due.parse().ok(),
            None => day_of(since).map(|day| day.saturating_add(kind.days().0.days())),
        };
        // What cannot be read is due now.
        let due = due.unwrap_or(today);
        if due > today.saturating_add(AHEAD_DAYS.days()) {
            continue;
        }
        let may = Action::HoldReview.roles().contains(&account.role);
        let barred = if may { independent(tx, account, kind, &(from..size))? } else { None };
        let why = "it covers what came since the last one";
        found.push(Pending {
            kind: PendingKind::Review,
            what: format!("Hold the review \u{201c}{}\u{201d}", kind.title()),
            why: barred
                .as_ref()
                .map_or_else(|| why.to_owned(), |barred| format!("{why}; {barred}")),
            version: None,
            who: Action::HoldReview.roles().to_vec(),
            is_mine: may && barred.is_none(),
            path: format!("/reviews/next/{}", kind.word()),
            since: since.clone(),
            due_on: Some(due.to_string()),
            is_overdue: false,
        });
    }
    Ok(())
}
