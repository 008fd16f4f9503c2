//! Part of marking a batch invalid: judge every later batch again without it.
//!
//! 1. go back to the state that the last report before the invalid batch left
//! 2. judge each later batch that counts again, in the order in which they came, from the counts that its report stores; no file is read
//!    each with the reference and the monitor it was judged with: where another came into force, the evidence starts anew as it did
//! 3. mute the series of the alerts that were open when the batch came and that still stand
//! 4. write each as a new report beside the old one, which names the invalidation and is in force from now on
//! 5. an alarm of such a report confirms the alert that the same batch opened about the same series, or opens a new one; what the old
//!    report belonged to besides drift (configuration, silence, labels), the new one belongs to as well

use super::judge_batch::{anew, carried, insert_report};
use super::raise_alerts::open_alert;
use super::{stored, subject};
use crate::clock;
use crate::drift::assess::MonitorState;
use crate::drift::episode::{EpisodeKind, EpisodeOpening, OpenEpisode, route};
use crate::drift::monitor::Monitor;
use crate::drift::reference::Reference;
use crate::drift::report::{DriftReport, ENGINE, Frozen};
use crate::error::{Error, Result};
use crate::store::batches::BatchRow;
use crate::store::invalidations::StandingEpisode;
use crate::store::reports::ReportRow;
use crate::store::{ReadTx, WriteTx};

/// What is judged again, and what it goes on from; read before the invalidation is written.
#[derive(Debug)]
pub(super) struct Later {
    /// The last report in force before the invalid batch.
    before: Option<ReportRow>,
    /// The reports in force after it, oldest first.
    pub(super) reports: Vec<ReportRow>,
    /// The drift alerts that stand, those that the invalid batch opened left out.
    standing: Vec<StandingEpisode>,
}

impl Later {
    /// What came after `batch` to its version.
    pub(super) fn read(tx: &ReadTx<'_>, batch: &BatchRow) -> Result<Self> {
        let (mut before, mut reports) = (None, Vec::new());
        for report in tx.reports(&batch.version_id, u64::MAX)? {
            if report.batch_entry < batch.entry {
                before = Some(report);
            } else if report.batch_id != batch.id {
                reports.push(report);
            }
        }
        let mut standing = tx.standing_drift_episodes(&batch.version_id)?;
        standing.retain(|one| one.batch_id != batch.id);
        Ok(Self { before, reports, standing })
    }

    /// Judges them again because of `invalidation`; gives the new reports.
    pub(super) fn recompute(
        self,
        tx: &mut WriteTx<'_>,
        invalidation: &str,
    ) -> Result<Vec<ReportRow>> {
        let Self { before, reports, standing } = self;
        let mut last = match before {
            Some(row) => Some((JudgedBy::read(tx, &row)?, document(tx, &row)?.state_after)),
            None => None,
        };
        let first = reports.first().map_or(u64::MAX, |row| row.batch_entry);
        let (mut alerts, touched): (Vec<_>, Vec<_>) =
            standing.into_iter().partition(|one| one.batch_entry < first);
        let mut written = Vec::with_capacity(reports.len());
        for former in reports {
            let open = open_at(&alerts, former.batch_entry);
            let (judged_by, report) = judged_again(tx, &former, (last, &open))?;
            let row = ReportRow { recomputed_for: Some(invalidation.to_owned()), ..former.clone() };
            let row = insert_report(tx, &judged_by.monitor_id, row, &report)?;
            alerts.extend(follow(tx, (&former, &row), &report, (&open, &touched))?);
            last = Some((judged_by, report.state_after));
            written.push(row);
        }
        Ok(written)
    }
}

fn document(tx: &ReadTx<'_>, row: &ReportRow) -> Result<DriftReport> {
    stored(&tx.report_document(&row.id)?.unwrap_or_default())
}

/// The alerts that were open when the batch of ledger entry `entry` came.
fn open_at(alerts: &[StandingEpisode], entry: u64) -> Vec<OpenEpisode> {
    let open = alerts
        .iter()
        .filter(|one| one.batch_entry < entry && one.decided.is_none_or(|decided| decided > entry));
    open.map(|one| one.episode.clone()).collect()
}

/// What a batch was judged with, which stays the same when it is judged again.
#[derive(Debug)]
struct JudgedBy {
    monitor_id: String,
    monitor: Monitor,
    reference: Reference,
}

impl JudgedBy {
    fn read(tx: &ReadTx<'_>, report: &ReportRow) -> Result<Self> {
        let missing = || Error::NotFound { what: "monitor of report", id: report.id.clone() };
        let with = tx.report_judged_with(&report.id)?.ok_or_else(missing)?;
        Ok(Self {
            monitor: stored(&with.monitor.document)?,
            reference: stored(&with.reference.document)?,
            monitor_id: with.monitor.id,
        })
    }
}

/// The report of the same batch from the state that the `last` one left, and without evidence where that had another monitor.
fn judged_again(
    tx: &ReadTx<'_>,
    former: &ReportRow,
    (last, open): (Option<(JudgedBy, MonitorState)>, &[OpenEpisode]),
) -> Result<(JudgedBy, DriftReport)> {
    let mut report = document(tx, former)?;
    let is_same = match &last {
        Some((by, _)) => tx.monitor_of_report(&former.id)?.as_ref() == Some(&by.monitor_id),
        None => false,
    };
    let (by, state) = match last {
        Some((by, state)) if is_same => (by, Some(state)),
        last => {
            let by = JudgedBy::read(tx, former)?;
            let state = last.map(|(_, state)| anew(&by.monitor, &state));
            (by, state)
        }
    };
    ENGINE.clone_into(&mut report.context.engine);
    report.state_before = carried(&by.monitor, state, open);
    let began = report.state_before.began_at();
    report.context.earlier_batches = tx.batches_numbered(&former.version_id, &began)?;
    let frozen = Frozen { reference: &by.reference, monitor: &by.monitor };
    let again = report.recompute(&frozen)?;
    Ok((by, again))
}

/// Puts a new report into the alerts it belongs to; gives the alert that its alarm confirms or opens.
fn follow(
    tx: &mut WriteTx<'_>,
    (former, row): (&ReportRow, &ReportRow),
    report: &DriftReport,
    (open, touched): (&[OpenEpisode], &[StandingEpisode]),
) -> Result<Option<StandingEpisode>> {
    for id in tx.episodes_of_report(&former.id)? {
        let kind = tx.episode(&id)?.map(|episode| episode.opening.kind);
        if kind.is_some_and(|kind| kind != EpisodeKind::Drift) {
            join(tx, &id, &row.id)?;
        }
    }
    let routing = route(report, open);
    for id in &routing.joins {
        join(tx, id, &row.id)?;
    }
    let Some(opening) = routing.opens else { return Ok(None) };
    let is_same = |one: &&StandingEpisode| {
        one.batch_id == row.batch_id && one.episode.series == opening.series
    };
    if let Some(confirmed) = touched.iter().find(is_same) {
        join(tx, &confirmed.episode.id, &row.id)?;
        return Ok(Some(confirmed.clone()));
    }
    opened(tx, row, opening).map(Some)
}

fn join(tx: &mut WriteTx<'_>, episode: &str, report: &str) -> Result<()> {
    tx.subject(subject("episode", episode));
    Ok(tx.insert_episode_batch(&clock::new_id("eb"), episode, report)?)
}

fn opened(
    tx: &mut WriteTx<'_>,
    row: &ReportRow,
    opening: EpisodeOpening,
) -> Result<StandingEpisode> {
    let id = open_alert(tx, &row.version_id, &row.id, &opening)?;
    Ok(StandingEpisode {
        episode: OpenEpisode { id, series: opening.series },
        batch_id: row.batch_id.clone(),
        batch_entry: row.batch_entry,
        decided: None,
    })
}
