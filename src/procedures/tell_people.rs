//! Procedure: tell people outside what happened.
//!
//! 1. an administrator keeps targets with a reason; the secret that signs webhooks is shown once and stands in no entry
//! 2. an act that concerns somebody (an alert, an escalation, an overdue action, a lock) puts its notice into the outbox in the same
//!    transaction
//! 3. the server sends what is due: what is not taken is tried again, each time after twice as long, and is a dead letter after eight
//!    attempts
//! 4. dead letters are seen on the page of notices, and can be sent again

use super::{Recorded, actor, given, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::notify::mail::Relay;
use crate::notify::notice::wait_after;
use crate::notify::target::{Channel, Target};
use crate::notify::{self, webhook};
use crate::store::Store;
use crate::store::outbox::{OutboxRow, TargetRow};
use crate::{access, clock, digest};
use std::time::Duration;

/// Most notices in one answer, and sent in one go.
const NOTICES_MAX: u32 = 200;

/// A kept target, and the secret of a new webhook, shown once.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct KeptTarget {
    /// The target.
    #[serde(flatten)]
    pub target: Target,
    /// Secret that its HMAC is made with; absent for mail, and for a webhook that had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Keeps a target: new, changed, or no longer told.
///
/// # Errors
///
/// [`Error::Access`], [`Error::Notify`] for a target that cannot be one, [`Error::BadRequest`] without a reason.
pub fn keep_target(
    store: &Store,
    acting: &Acting,
    target: &Target,
    reason: &str,
) -> Result<Recorded<KeptTarget>> {
    acting.permit(Action::ManageNotices)?;
    target.validate()?;
    let reason = given("reason", reason)?;
    let known = store.read(|tx| tx.target_secret(&target.name))?;
    let secret = match (target.channel, known) {
        (Channel::Webhook, None) => Some(clock::new_secret(32).map_err(access::Error::Random)?),
        _ => None,
    };
    if let Some(secret) = &secret {
        store.keep_target_secret(&target.name, secret)?;
    }
    let written = store.write(&actor(acting), EntryType::NoticeTarget, |tx| {
        let id = clock::new_id("nt");
        tx.subject(subject("notice_target", &id));
        tx.insert_notice_target(&id, target, reason)?;
        Ok::<_, Error>(KeptTarget { target: target.clone(), secret })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// The targets, by name.
///
/// # Errors
///
/// [`Error::Access`].
pub fn targets(store: &Store, acting: &Acting) -> Result<Vec<TargetRow>> {
    acting.permit(Action::ReadNotices)?;
    Ok(store.read(|tx| tx.notice_targets())?)
}

/// Notices in `state` (`waiting`, `sent`, `dead`), or all, newest first.
///
/// # Errors
///
/// [`Error::Access`].
pub fn notices(store: &Store, acting: &Acting, state: Option<&str>) -> Result<Vec<OutboxRow>> {
    acting.permit(Action::ReadNotices)?;
    Ok(store.read(|tx| tx.outbox(state, None, NOTICES_MAX))?)
}

/// Puts a dead letter back into the outbox.
///
/// # Errors
///
/// [`Error::Access`]; [`Error::NotFound`] for a notice that is no dead letter.
pub fn send_again(store: &Store, acting: &Acting, id: i64) -> Result<()> {
    acting.permit(Action::ManageNotices)?;
    let now = store.clock().now().as_second();
    if store.move_notice(id, ("dead", "waiting"), (0, now, "to be sent again"))? {
        return Ok(());
    }
    Err(Error::NotFound { what: "dead letter", id: id.to_string() })
}

/// How notices are sent.
#[derive(Clone, Debug)]
pub struct Post {
    /// The mail relay, if the server was started with one.
    pub relay: Option<Relay>,
    /// How long a receiver may take.
    pub patience: Duration,
}

/// Sends every notice that is due, and returns how many were delivered and how many were not.
///
/// # Errors
///
/// Those of the store; a receiver that does not take a notice is none.
pub fn deliver(store: &Store, post: &Post) -> Result<(u64, u64)> {
    let now = store.clock().now().as_second();
    let (due, targets) = store.read(|tx| {
        let due = tx.outbox(Some("waiting"), Some(now), NOTICES_MAX)?;
        Ok::<_, crate::store::Error>((due, tx.notice_targets()?))
    })?;
    let (mut delivered, mut failed) = (0, 0);
    for row in due {
        let target = targets.iter().find(|kept| kept.target.name == row.target);
        let outcome = match target {
            Some(kept) if kept.target.enabled => send(store, post, &kept.target, (&row, now)),
            _ => Err(notify::Error::NotDelivered("the target is not told any more".to_owned())),
        };
        let attempts = row.attempts + 1;
        match outcome {
            Ok(()) => {
                store.move_notice(row.id, ("waiting", "sent"), (attempts, now, ""))?;
                delivered += 1;
            }
            Err(error) => {
                let (said, wait) = (error.to_string(), wait_after(attempts));
                let state = if wait.is_some() { "waiting" } else { "dead" };
                let next_at = now + wait.unwrap_or_default();
                store.move_notice(row.id, ("waiting", state), (attempts, next_at, &said))?;
                failed += 1;
            }
        }
    }
    Ok((delivered, failed))
}

fn send(
    store: &Store,
    post: &Post,
    target: &Target,
    (row, now): (&OutboxRow, i64),
) -> notify::Result<()> {
    let broken = |what: String| notify::Error::NotDelivered(what);
    match target.channel {
        Channel::Webhook => {
            let secret = store.read(|tx| tx.target_secret(&target.name));
            let secret = secret.map_err(|e| broken(e.to_string()))?.unwrap_or_default();
            let body = digest::canonical_json(&row.notice).map_err(|e| broken(e.to_string()))?;
            let body = String::from_utf8(body).unwrap_or_default();
            webhook::send((&target.address, &secret), (row.id, &body), now, post.patience)
        }
        Channel::Mail => {
            let none = || broken("the server was started without `--smtp`".to_owned());
            let relay = post.relay.as_ref().ok_or_else(none)?;
            let notice = &row.notice;
            let subject = format!("driftledger: {}", notice.kind.word());
            let text = format!(
                "{}\n\n{}\nSee {} on your server.\n",
                notice.sentence, notice.at, notice.path
            );
            relay.send(&target.address, row.id, (&subject, text), post.patience)
        }
    }
}
