//! A part of computing indicators: alerts with what happened to them.

use super::super::stored;
use crate::error::Result;
use crate::review::episode_cycle::EpisodeStep;
use crate::review::episode_sheet::EpisodeSheet;
use crate::review::indicators::facts::{Alert, AlertEvent, Source};
use crate::store::ReadTx;
use std::collections::{BTreeMap, BTreeSet};

/// Alerts that opened before `end`, oldest first.
pub(super) fn alerts(tx: &ReadTx<'_>, end: &str) -> Result<Vec<Alert>> {
    let models: BTreeMap<String, String> =
        tx.versions(None)?.into_iter().map(|row| (row.id, row.model)).collect();
    let mut acknowledged = tx.acknowledgement_facts()?;
    let mut decided = tx.first_decisions()?;
    let mut events: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for step in tx.step_facts()? {
        let sheet: EpisodeSheet = stored(&step.document)?;
        let of = Source::of("episode_step", &step.id);
        if let Some(event) = event(sheet) {
            events.entry(step.episode_id).or_default().push((of, step.at, event));
        }
    }
    let mut found = Vec::new();
    for row in tx.episodes(None, i64::MAX as u64)? {
        if row.opened_at.as_str() >= end {
            continue;
        }
        let series = row.opening.series.iter();
        let features: BTreeSet<_> = series.map(|key| feature_of(key).to_owned()).collect();
        found.push(Alert {
            of: Source::shown("episode", &row.id, format!("/alerts/{}", row.id)),
            model: models.get(&row.version_id).cloned().unwrap_or_default(),
            version_id: row.version_id,
            kind: row.opening.kind.word().to_owned(),
            features: features.into_iter().collect(),
            opened_at: row.opened_at,
            acknowledged: acknowledged.remove(&row.id),
            decided_at: decided.remove(&row.id),
            events: events.remove(&row.id).unwrap_or_default(),
        });
    }
    found.reverse();
    Ok(found)
}

/// The feature of the series `feature/series`.
fn feature_of(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |(feature, _)| feature)
}

/// What of a step the indicators are about.
fn event(sheet: EpisodeSheet) -> Option<AlertEvent> {
    match sheet.step {
        EpisodeStep::Investigate => sheet
            .investigation
            .map(|found| AlertEvent::Investigated { cause: found.cause.word().to_owned() }),
        EpisodeStep::Plan => sheet.plan.map(|plan| AlertEvent::Planned { due_on: plan.due_on }),
        EpisodeStep::Extend => {
            sheet.extension.map(|moved| AlertEvent::Extended { due_on: moved.due_on })
        }
        EpisodeStep::Complete => Some(AlertEvent::Completed),
        EpisodeStep::ReturnAction => Some(AlertEvent::Returned),
        EpisodeStep::Confirm | EpisodeStep::Refute => sheet
            .check
            .map(|check| AlertEvent::Checked { outcome: check.outcome.word().to_owned() }),
        EpisodeStep::Close => Some(AlertEvent::Closed),
        EpisodeStep::Reopen => Some(AlertEvent::Reopened),
        _ => None,
    }
}
