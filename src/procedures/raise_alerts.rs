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
        tx.subject(subject("episode", episode_id));
        tx.insert_episode_batch(&clock::new_id("eb"), episode_id, report_id)?;
    }
    if let Some(opening) = &routing.opens {
        open_alert(tx, &batch.version_id, report_id, opening)?;
    }
    let check = report.context.configuration.as_ref();
    let Some(check) = check.filter(|check| check.outcome == ConfigurationMatch::Other) else {
        return Ok(());
    };
    let kind = EpisodeKind::OtherConfiguration;
    if let Some(open) = tx.open_episode_of_kind(&batch.version_id, kind.word())? {
        tx.subject(subject("episode", &open));
        return Ok(tx.insert_episode_batch(&clock::new_id("eb"), &open, report_id)?);
    }
    let told = check.sentence().unwrap_or_default();
    let opening = EpisodeOpening::told(kind, format!("batch `{}`: {told}", batch.name));
    open_alert(tx, &batch.version_id, report_id, &opening)?;
    Ok(())
}

/// Opens an alert of a version, whose first batch is that of the report; gives its id.
pub(super) fn open_alert(
    tx: &mut WriteTx<'_>,
    version_id: &str,
    report_id: &str,
    opening: &EpisodeOpening,
) -> Result<String> {
    let id = clock::new_id("ep");
    tx.subject(subject("episode", &id));
    tx.insert_episode((&id, version_id), Some(report_id), opening)?;
    tx.insert_episode_batch(&clock::new_id("eb"), &id, report_id)?;
    Ok(id)
}
