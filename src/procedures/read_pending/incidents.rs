//! What waits because of incidents and continuity drills.

use super::{Pending, PendingKind};
use crate::access::account::Acting;
use crate::access::role::{Action, Role};
use crate::error::Result;
use crate::procedures::close_incident::closing;
use crate::procedures::open_incident::revisions_of;
use crate::procedures::record_drill::standing;
use crate::review::incident_cycle::IncidentState;
use crate::store::ReadTx;
use jiff::ToSpan as _;

/// Days before a drill is due from which on it waits for somebody.
const AHEAD_DAYS: i64 = 14;
/// Who looks for the cause of an incident: those who answer for quality, and for the installation.
const LOOK: [Role; 2] = [Role::Qa, Role::Admin];

/// Incidents without a stated cause, and those that are to be closed.
pub(super) fn incidents(tx: &ReadTx<'_>, acting: &Acting, found: &mut Vec<Pending>) -> Result<()> {
    for row in tx.standing_incidents()? {
        let revisions = revisions_of(tx, &row.id)?;
        let (_, newest) = &revisions[revisions.len() - 1];
        let (what, who, is_mine) = match newest.state {
            IncidentState::Open => (
                "Find the cause of an incident",
                LOOK.to_vec(),
                LOOK.contains(&acting.account.role),
            ),
            IncidentState::Investigated => {
                let who = Action::CloseIncident.roles().to_vec();
                ("Read and close an incident", who, closing(acting, &revisions).is_ok())
            }
            IncidentState::Closed => continue,
        };
        found.push(Pending {
            kind: PendingKind::Incident,
            what: what.to_owned(),
            why: format!("{}: {}", newest.report.severity.word(), newest.report.what),
            version: None,
            who,
            is_mine,
            path: format!("/incidents/{}", row.id),
            since: row.at,
            due_on: None,
            is_overdue: false,
        });
    }
    Ok(())
}

/// The next continuity drill, from two weeks before it is due.
pub(super) fn drills(
    tx: &ReadTx<'_>,
    acting: &Acting,
    now: jiff::Timestamp,
    found: &mut Vec<Pending>,
) -> Result<()> {
    let today = jiff::tz::TimeZone::UTC.to_datetime(now).date();
    let standing = standing(tx, today)?;
    let ahead = today.saturating_add(AHEAD_DAYS.days()).to_string();
    // Days of one form are in order as their text is.
    if standing.next_due > ahead {
        return Ok(());
    }
    let began = tx.entry(0)?.map(|first| first.entry.ts).unwrap_or_default();
    let (why, since) = match standing.last {
        Some(last) => (format!("the last one began at {}", last.row.began_at), last.row.at),
        None => ("none was recorded yet".to_owned(), began),
    };
    let who = Action::RecordDrill.roles();
    found.push(Pending {
        kind: PendingKind::Drill,
        what: "Hold a continuity drill, and record it".to_owned(),
        why,
        version: None,
        who: who.to_vec(),
        is_mine: who.contains(&acting.account.role),
        path: "/drills".to_owned(),
        since,
        due_on: Some(standing.next_due),
        is_overdue: false,
    });
    Ok(())
}
