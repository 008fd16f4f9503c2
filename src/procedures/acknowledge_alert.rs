//! Procedure: acknowledge an alert.
//!
//! 1. check that the person may, that the episode is open, that the comment says something, and that what is critical by itself is
//!    acknowledged as that
//! 2. write the acknowledgement and its ledger entry

use super::step_episode::EpisodeStanding;
use super::{Recorded, actor, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::drift::episode::EpisodeState;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review;
use crate::review::decision::Severity;
use crate::review::episode_cycle::EpisodeStep;
use crate::store::Store;
use crate::store::episodes::EpisodeRow;

/// Acknowledges the episode `id` with a severity and a comment.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::Review`] for an empty comment or an episode that is not open,
/// [`Error::BadRequest`] for less than critical where the kind of the episode is that.
pub fn acknowledge_alert(
    store: &Store,
    acting: &Acting,
    id: &str,
    (severity, comment): (&str, &str),
) -> Result<Recorded<EpisodeRow>> {
    acting.permit(Action::Acknowledge)?;
    let severity = Severity::parse(severity)?;
    if comment.trim().is_empty() {
        let hint = "say what you saw and why it is this severe";
        return Err(Error::Review(review::Error::Empty { field: "comment", hint }));
    }
    let written = store.write(&actor(acting), EntryType::AlertAcknowledge, |tx| {
        let episode = EpisodeStanding::permit(tx, acting, id, EpisodeStep::Acknowledge)?.episode;
        let kind = episode.opening.kind;
        if kind.is_critical() && severity != Severity::Critical {
            let detail = format!(
                "an alert of the kind `{}` is critical by itself; acknowledge it as `critical`, what it means is said in the decision",
                kind.word()
            );
            return Err(Error::BadRequest { detail });
        }
        tx.subject(subject("episode", id));
        tx.refer(episode.entry);
        tx.insert_acknowledgement(
            &clock::new_id("ak"),
            (id, &acting.account.id),
            (severity.word(), comment.trim()),
        )?;
        Ok::<_, Error>(EpisodeRow { state: EpisodeState::Acknowledged, ..episode })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
