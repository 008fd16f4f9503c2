//! Procedure: compute the indicators of a period.
//!
//! 1. check that the person may read; read the period: two days or times, the first in it, the second not; it ends now where it is not over
//! 2. gather in one snapshot the plain facts that they are computed from: packs, restores, signatures, alerts, versions, reviews, accounts
//! 3. compute each by its formula (pure), with the rows behind it; one without inputs is `not_evaluated` and says why

mod alerts;
mod people;
mod versions;

use super::stored;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::error::Result;
use crate::evidence::printable::PROGRAM;
use crate::review::indicators::facts::{
    Checked, ClockNote, DAY_MS, Facts, Happened, Lasting, Qualified, Recorded, Restore, Source,
    later,
};
use crate::review::indicators::{IndicatorSheet, Period};
use crate::review::qualification::{CheckOutcome, Part, Qualification};
use crate::store::backup_events::BackupKind;
use crate::store::time_stamps::StampKind;
use crate::store::{ReadTx, Store};
use jiff::ToSpan as _;
use jiff::civil::Date;

/// All rows of a list: the facts of a period are not cut.
const ALL: u32 = u32::MAX;
/// Days that the period proposed to a reader has.
pub const DAYS_PROPOSED: i64 = 90;

/// Today, UTC.
pub fn today(store: &Store) -> String {
    day(store).to_string()
}

fn day(store: &Store) -> Date {
    jiff::tz::TimeZone::UTC.to_datetime(store.clock().now()).date()
}

/// The period that a page starts with: the last 90 days and today, until now.
pub fn proposed_period(store: &Store) -> (String, String) {
    let today = day(store);
    let from = today.saturating_sub(DAYS_PROPOSED.days());
    (from.to_string(), today.saturating_add(1.days()).to_string())
}

/// The indicators of the period between two days or times.
///
/// # Errors
///
/// [`crate::error::Error::Access`]; [`crate::error::Error::Review`] for what is no period.
pub fn indicators(store: &Store, acting: &Acting, from: &str, to: &str) -> Result<IndicatorSheet> {
    acting.permit(Action::Read)?;
    let now = store.clock().now_text();
    let period = Period::parse(from, to)?.until(&now)?;
    let facts = store.read(|tx| gather(tx, period, now))?;
    Ok(IndicatorSheet::compute(&facts))
}

/// Everything that the indicators of `period` are computed from, at the time `now`.
pub(super) fn gather(tx: &ReadTx<'_>, period: Period, now: String) -> Result<Facts> {
    let both = Period { from: period.before().from, to: period.to.clone() };
    let alerts = alerts::alerts(tx, &later(&period.to, 90 * DAY_MS))?;
    Ok(Facts {
        began_at: tx.entry(0)?.map(|first| first.entry.ts).unwrap_or_default(),
        exports: exports(tx)?,
        restores: restores(tx)?,
        backup_every_seconds: backup_every_seconds(tx, &period)?,
        signatures: people::signatures(tx, &period)?,
        stamps: stamps(tx)?,
        qualified: qualified(tx, &period)?,
        versions: versions::versions(tx)?,
        changes: tx.change_facts()?,
        alerts,
        batches: tx.batch_facts(&period)?,
        refused_files: tx.refused_files(&period)?,
        judged: tx.judged_facts(&period)?,
        answers: people::answers(tx, &both)?,
        reviews: tx.review_facts()?,
        trail: people::trail(tx, &period)?,
        drill_due: drill_due(tx, &period)?,
        people: people::people(tx, &period)?,
        training: people::training(tx)?,
        access: tx.access_facts(&both)?,
        recorded: recorded(tx, &both)?,
        clock: clock_notes(tx)?,
        test_uses: tx.test_use_facts()?,
        computed_at: now,
        period,
    })
}

fn exports(tx: &ReadTx<'_>) -> Result<Vec<Lasting>> {
    let rows = tx.exports(u64::from(ALL))?.into_iter();
    let of = |id: &str| Source::of("evidence_export", id);
    Ok(rows.map(|row| Lasting { of: of(&row.id), at: row.at, ms: row.duration_ms }).collect())
}

fn restores(tx: &ReadTx<'_>) -> Result<Vec<Restore>> {
    let rows = tx.restore_tests(ALL)?.into_iter();
    let restore = |row: crate::store::restore_tests::RestoreTestRow| Restore {
        lasting: Lasting {
            of: Source::of("restore_test", &row.id),
            at: row.at,
            ms: row.test.duration_ms,
        },
        passed: row.test.passed,
        lost_ms: row.test.content.map(|content| content.lost_ms),
    };
    Ok(rows.map(restore).collect())
}

/// How often backups are made by the schedule in force at the end of `period`.
fn backup_every_seconds(tx: &ReadTx<'_>, period: &Period) -> Result<Option<u64>> {
    let events = tx.backup_events(ALL)?.into_iter().filter(|row| row.at < period.to);
    let is_schedule = |kind| matches!(kind, BackupKind::Scheduled | BackupKind::Ended);
    let newest = events.filter(|row| is_schedule(row.event.kind)).max_by_key(|row| row.entry);
    Ok(newest.and_then(|row| row.event.every_seconds))
}

fn stamps(tx: &ReadTx<'_>) -> Result<Vec<Happened>> {
    let rows = tx.time_stamps(ALL)?.into_iter();
    let is_due = |kind| matches!(kind, StampKind::Kept | StampKind::Failed | StampKind::Late);
    let due = rows.filter(|row| is_due(row.event.kind));
    let happened = |row: crate::store::time_stamps::StampRow| Happened {
        of: Source::entry(row.entry),
        at: row.at,
        kind: row.event.kind.word().to_owned(),
    };
    Ok(due.map(happened).collect())
}

fn qualified(tx: &ReadTx<'_>, period: &Period) -> Result<Option<Qualified>> {
    let runs = tx.qualifications(ALL)?.into_iter();
    let mut runs = runs.filter(|row| row.part == Part::Operation.word() && row.at < period.to);
    let Some(row) = runs.next() else { return Ok(None) };
    let run: Qualification = stored(&row.document)?;
    let checks = run.checks.into_iter().map(|check| Checked {
        id: check.id,
        requirements: check.requirements,
        passed: check.outcome != CheckOutcome::Failed,
    });
    Ok(Some(Qualified {
        of: Source::shown("qualification", &row.id, format!("/qualifications/{}", row.id)),
        at: row.at,
        is_installed: run.program == PROGRAM,
        checks: checks.collect(),
    }))
}

fn drill_due(tx: &ReadTx<'_>, period: &Period) -> Result<Option<(Source, String)>> {
    let mut drills = tx.drills(ALL)?.into_iter().filter(|row| row.at < period.to);
    Ok(drills
        .next()
        .map(|row| (Source::shown("drill", &row.id, format!("/drills/{}", row.id)), row.next_due)))
}

/// Records that say when they happened.
fn recorded(tx: &ReadTx<'_>, period: &Period) -> Result<Vec<Recorded>> {
    let mut found = Vec::new();
    for batch in tx.batch_facts(period)? {
        if let Some(end) = batch.period_end.filter(|_| period.has(&batch.at)) {
            let occurred_at = end.parse().map_or(end, clock::rfc3339);
            found.push(Recorded { of: batch.of, occurred_at, at: batch.at });
        }
    }
    for (id, occurred_at, at) in tx.reported_incidents(period)? {
        let of = Source::shown("incident", &id, format!("/incidents/{id}"));
        found.push(Recorded { of, occurred_at, at });
    }
    for row in tx.drills(ALL)?.into_iter().filter(|row| period.has(&row.at)) {
        let drill: crate::review::drill::Drill = stored(&row.document)?;
        let of = Source::shown("drill", &row.id, format!("/drills/{}", row.id));
        found.push(Recorded { of, occurred_at: drill.ended_at, at: row.at });
    }
    Ok(found)
}

fn clock_notes(tx: &ReadTx<'_>) -> Result<Vec<ClockNote>> {
    let rows = tx.clock_events(ALL)?.into_iter();
    let note = |row: crate::store::clock_events::ClockRow| ClockNote {
        of: Source::entry(row.entry),
        at: row.at,
        kind: row.kind,
        offset_ms: row.offset_ms,
        trusted: row.trusted,
    };
    Ok(rows.map(note).collect())
}
