//! Procedure: say how long stored files are kept.
//!
//! 1. check that the person may, is signed in, and gives a reason
//! 2. policy: named classes with their years and what these count from, and the class of each kind of file; the newest is in force from its
//!    ledger entry on. While there is none, everything is kept for ever
//! 3. version: another class for all files of one version, which must be in the policy in force; or none, so that kinds decide again
//!
//! Nothing is removed by it: what is due is a list (`list_retention`), and files go by a disposal that two people sign (`dispose_files`).

use super::read_records::missing;
use super::sign_decision::require_session;
use super::{Recorded, actor, given, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::retention::RetentionPolicy;
use crate::store::Store;
use crate::{clock, digest};

/// Sets the retention policy, with a reason.
///
/// # Errors
///
/// [`Error::Access`] for a role or a token; [`Error::Review`] for a policy that cannot be; [`Error::BadRequest`] without a reason.
pub fn set_retention_policy(
    store: &Store,
    acting: &Acting,
    policy: &RetentionPolicy,
    reason: &str,
) -> Result<Recorded<RetentionPolicy>> {
    acting.permit(Action::KeepRetention)?;
    require_session(acting)?;
    policy.validate()?;
    let reason = given("reason", reason)?;
    let bytes = policy.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let document = String::from_utf8(bytes).unwrap_or_default();
    let written = store.write(&actor(acting), EntryType::RetentionSet, |tx| {
        let id = clock::new_id("rt");
        tx.subject(subject("retention_policy", &id));
        tx.insert_retention_policy((&id, &acting.account.id), (&sha256, &document), reason)?;
        Ok::<_, Error>(policy.clone())
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// The class that the files of a version have from now on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct AssignedClass {
    /// Id of the version.
    pub version_id: String,
    /// Name of the class; absent where kinds decide again.
    pub class: Option<String>,
    /// Why.
    pub reason: String,
}

/// Gives all files of a version the retention class `class`; without one, kinds decide again.
///
/// # Errors
///
/// [`Error::Access`] for a role or a token; [`Error::NotFound`] for a version, and for a class that the policy in force does not have;
/// [`Error::BadRequest`] without a reason.
pub fn assign_retention_class(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    (class, reason): (Option<&str>, &str),
) -> Result<Recorded<AssignedClass>> {
    acting.permit(Action::KeepRetention)?;
    require_session(acting)?;
    let reason = given("reason", reason)?;
    let written = store.write(&actor(acting), EntryType::RetentionAssign, |tx| {
        let row = tx
            .version(model, version)?
            .ok_or_else(|| missing("model version", &format!("{model}/{version}")))?;
        if let Some(name) = class {
            let policy = tx.retention_policies()?.into_iter().next();
            let known = policy.is_some_and(|row| row.policy.class(name).is_some());
            if !known {
                return Err(missing("retention class in the policy in force", name));
            }
        }
        let id = clock::new_id("vr");
        tx.subject(subject("model_version", &row.id));
        tx.subject(subject("version_retention", &id));
        tx.insert_version_retention((&id, &acting.account.id), (&row.id, class), reason)?;
        let class = class.map(str::to_owned);
        Ok::<_, Error>(AssignedClass { version_id: row.id, class, reason: reason.to_owned() })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}
