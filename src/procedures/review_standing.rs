//! A part of holding a review: what a review of the system is told besides counts of entries.

use crate::error::Result;
use crate::review::review_kind::ReviewKind;
use crate::store::ReadTx;
use std::ops::Range;

/// What a review of the system is told besides counts.
pub(super) fn standing(
    tx: &ReadTx<'_>,
    kind: ReviewKind,
    range: &Range<u64>,
) -> Result<Vec<String>> {
    if kind != ReviewKind::System {
        return Ok(Vec::new());
    }
    let open: u64 = tx.episode_counts()?.values().map(|counts| counts.open).sum();
    let misuse = tx.misuse_events(u32::MAX)?.iter().filter(|event| event.found.is_none()).count();
    let mut said = vec![
        format!("Alerts without a signed decision: {open}."),
        format!("Possible misuse without an answer: {misuse}."),
        incidents(tx, range)?,
        drills(tx)?,
    ];
    for kind in ReviewKind::ALL.into_iter().filter(|kind| *kind != ReviewKind::System) {
        said.push(match tx.last_signed_review(kind)? {
            None => format!("{}: never reviewed.", kind.title()),
            Some(row) => format!(
                "{}: reviewed by {} up to ledger entry {}, the next one due on {}.",
                kind.title(),
                row.held_by,
                row.until_entry.saturating_sub(1),
                row.next_due
            ),
        });
    }
    for run in tx.qualifications(3)? {
        let came = if run.passed { "passed" } else { "failed" };
        said.push(format!("Qualification {} of {}: {came}.", run.part.to_uppercase(), run.at));
    }
    Ok(said)
}

/// What became of incidents in the range that a review covers.
fn incidents(tx: &ReadTx<'_>, range: &Range<u64>) -> Result<String> {
    let counts = tx.incident_counts(range)?;
    Ok(format!(
        "Incidents reported since the last review: {}, closed: {}, opened again after they were closed: {}; not closed now: {}.",
        counts.reported, counts.closed, counts.reopened, counts.standing
    ))
}

/// The last continuity drill.
fn drills(tx: &ReadTx<'_>) -> Result<String> {
    Ok(match tx.drills(1)?.pop() {
        None => "Continuity drills: none was recorded.".to_owned(),
        Some(row) => format!(
            "Continuity drills: the last one began at {}, {}; the next one is due on {}.",
            row.began_at, row.result, row.next_due
        ),
    })
}
