//! Part of taking a batch, and of judging later ones again: the state it starts from, and its report as a record.

use super::ingest_batch::Judge;
use super::stored;
use crate::drift::assess::MonitorState;
use crate::drift::episode::OpenEpisode;
use crate::drift::monitor::{Monitor, Series};
use crate::drift::report::DriftReport;
use crate::error::Result;
use crate::store::reports::ReportRow;
use crate::store::{ReadTx, WriteTx};
use crate::{clock, digest};

/// The state the last report in force left, with the series of open alerts muted and those of closed ones started anew; no evidence at all
/// where another reference came into force since.
pub(super) fn state_before(
    tx: &ReadTx<'_>,
    judge: &Judge,
    open: &[OpenEpisode],
) -> Result<MonitorState> {
    let last = match tx.reports(&judge.version.id, 1)?.pop() {
        None => None,
        Some(last) => {
            let document = tx.report_document(&last.id)?.unwrap_or_default();
            let after = stored::<DriftReport>(&document)?.state_after;
            let is_same = tx.monitor_of_report(&last.id)?.is_some_and(|id| id == judge.monitor.2);
            Some(if is_same { after } else { anew(&judge.monitor.0, &after) })
        }
    };
    Ok(carried(&judge.monitor.0, last, open))
}

/// The state of before any evidence of `monitor`, after as many batches as `last`, which another monitor left.
pub(super) fn anew(monitor: &Monitor, last: &MonitorState) -> MonitorState {
    MonitorState { batches: last.batches, ..MonitorState::start(monitor) }
}

/// The state `last` that a report left, or that of before any, for the next batch: while `open` alerts are.
pub(super) fn carried(
    monitor: &Monitor,
    last: Option<MonitorState>,
    open: &[OpenEpisode],
) -> MonitorState {
    let start = MonitorState::start(monitor);
    let mut state = last.unwrap_or_else(|| start.clone());
    let muted: Vec<String> = monitor
        .series
        .iter()
        .map(Series::key)
        .filter(|key| open.iter().any(|episode| episode.series.contains(key)))
        .collect();
    for (index, series) in monitor.series.iter().enumerate() {
        let key = series.key();
        if state.muted.contains(&key) && !muted.contains(&key) {
            state.series[index] = start.series[index].clone();
        }
    }
    state.muted = muted;
    state
}

/// Writes `report`, judged with the monitor `monitor_id`, as a record of its own; `row` says which batch it is about and how it came.
pub(super) fn insert_report(
    tx: &mut WriteTx<'_>,
    monitor_id: &str,
    row: ReportRow,
    report: &DriftReport,
) -> Result<ReportRow> {
    let bytes = digest::canonical_json(report)?;
    let row = ReportRow {
        id: clock::new_id("re"),
        number: report.state_after.batches,
        verdict: report.verdict.word().to_owned(),
        state: report.state.word().to_owned(),
        meter: report.meter,
        sha256: digest::sha256_hex(&bytes),
        at: tx.at().to_owned(),
        entry: tx.index(),
        ..row
    };
    let document = String::from_utf8(bytes).unwrap_or_default();
    tx.insert_report(&row, monitor_id, &document)?;
    Ok(row)
}
