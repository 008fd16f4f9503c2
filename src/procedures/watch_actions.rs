//! Procedure: escalate overdue remedial actions.
//!
//! 1. for every alert whose action is planned and not done: is its due date past?
//! 2. where it is, and nothing was escalated since that date was set: write an escalation of the program's own, in a transaction
//!    that looks again
//!
//! The server runs this every minute; running it twice escalates nothing twice.

use super::step_episode::{EpisodeStanding, TABLE, day};
use super::{stored, subject, system};
use crate::drift::episode::EpisodeState;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::episode_cycle::EpisodeStep;
use crate::review::episode_sheet::{AboutEpisode, EpisodeSheet};
use crate::store::{ReadTx, Store};
use crate::{clock, digest, store};

/// Escalates every overdue action once, and returns the ids of their alerts.
///
/// # Errors
///
/// Those of the store.
pub fn watch_actions(store: &Store) -> Result<Vec<String>> {
    let today = day(&store.clock().now_text());
    let mut escalated = Vec::new();
    for id in store.read(|tx| tx.planned_episodes())? {
        if store.read(|tx| overdue(tx, &id, &today))?.is_none() {
            continue;
        }
        let written = store.write(&system(), EntryType::AlertOverdue, |tx| {
            // It may have been done between the two looks; then nothing is recorded.
            let Some((sheet, version_id)) = overdue(tx, &id, &today)? else { return Ok(None) };
            let bytes = sheet.bytes()?;
            let sha256 = digest::sha256_hex(&bytes);
            let document = String::from_utf8(bytes).unwrap_or_default();
            let step_id = clock::new_id("es");
            tx.subject(subject("episode", &id));
            tx.subject(subject("model_version", &version_id));
            tx.subject(subject(TABLE, &step_id));
            tx.refer(sheet.after);
            tx.insert_episode_step(&step_id, None, &sheet, (&sha256, &document))?;
            Ok(Some(id.clone()))
        });
        match written {
            Ok(written) => escalated.extend(written.value),
            Err(Error::Store(store::Error::NothingRecorded { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(escalated)
}

/// The escalation of the action of alert `id`, if it is overdue on the day `today` and that was not said since its due date was
/// set; with the version that the alert is about.
fn overdue(tx: &ReadTx<'_>, id: &str, today: &str) -> Result<Option<(EpisodeSheet, String)>> {
    let standing = EpisodeStanding::read(tx, id)?;
    let facts = &standing.facts;
    let Some((plan, _)) = &facts.plan else { return Ok(None) };
    if facts.state != EpisodeState::ActionPlanned || plan.due_on.as_str() >= today {
        return Ok(None);
    }
    for row in tx.episode_steps(id)?.iter().rev() {
        let sheet: EpisodeSheet = stored(&row.document)?;
        if row.account_id.is_none() {
            return Ok(None);
        }
        if matches!(sheet.step, EpisodeStep::Plan | EpisodeStep::Extend) {
            break;
        }
    }
    let reason = format!(
        "the remedial action of {} was due on {} and is not reported as done",
        plan.owner.user_name, plan.due_on
    );
    let (model, version) = (&standing.version.model, &standing.version.version);
    let about = AboutEpisode { id, model, version, today };
    Ok(Some((EpisodeSheet::overdue(about, facts, reason), standing.version.id)))
}
