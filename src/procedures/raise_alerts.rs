//! Part of taking a batch: what its report means for the alerts.
//!
//! 1. drift: the batch joins open alerts whose series drift in it, and an alarm opens a new one
//! 2. another configuration than the registered one: a critical alert of its own kind opens, or the batch joins the open one

use super::subject;
use crate::clock;
use crate::drift::episode::{EpisodeKind, EpisodeOpening, OpenEpisode, route};
use crate::drift::report::DriftReport;
use crate::error::Result;
use crate::provenance::configuration::ConfigurationMatch;
use crate::store::WriteTx;
use crate::store::batches::BatchRow;

/// Opens and joins alerts for the report `report_id` of `batch`; `open` are the open drift alerts.
pub(super) fn raise_alerts(
    tx: &mut WriteTx<'_>,
    batch: &BatchRow,
    (report_id, report): (&str, &DriftReport),
    open: &[OpenEpisode],
) -> Result<()> {
    let routing = route(report, open);
    for episode_id in &routing.joins {
        tx.insert_episode_batch(&clock::new_id("eb"), episode_id, report_id)?;
    }
    if let Some(opening) = &routing.opens {
        insert_episode(tx, batch, report_id, opening)?;
    }
    let check = report.context.configuration.as_ref();
    let Some(check) = check.filter(|check| check.outcome == ConfigurationMatch::Other) else {
        return Ok(());
    };
    let kind = EpisodeKind::OtherConfiguration;
    if let Some(open) = tx.open_episode_of_kind(&batch.version_id, kind.word())? {
        return Ok(tx.insert_episode_batch(&clock::new_id("eb"), &open, report_id)?);
    }
    let told = check.sentence().unwrap_or_default();
    let opening = EpisodeOpening::told(kind, format!("batch `{}`: {told}", batch.name));
    insert_episode(tx, batch, report_id, &opening)
}

pub(super) fn insert_episode(
    tx: &mut WriteTx<'_>,
    batch: &BatchRow,
    report_id: &str,
    opening: &EpisodeOpening,
) -> Result<()> {
    let id = clock::new_id("ep");
    tx.subject(subject("episode", &id));
    tx.insert_episode((&id, &batch.version_id), Some(report_id), opening)?;
    tx.insert_episode_batch(&clock::new_id("eb"), &id, report_id)?;
    Ok(())
}
