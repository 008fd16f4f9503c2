//! Procedure: say what differs between two versions of a model.
//!
//! 1. check that the person may read
//! 2. the earlier version is the one asked for, or the one the later follows, or the one registered before it
//! 3. compare the two registrations

use super::read_records::missing;
use super::stored;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::provenance::registration::Registration;
use crate::provenance::version_difference::VersionDifference;
use crate::store::Store;
use serde::Serialize;

/// Two versions side by side.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ComparedVersions {
    /// Name of the model.
    pub model: String,
    /// The earlier version.
    pub before: String,
    /// The later version.
    pub after: String,
    /// Every other version of the model, oldest first.
    pub others: Vec<String>,
    /// What differs.
    pub difference: VersionDifference,
}

/// What `version` has otherwise than the version `from`.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`], [`Error::BadRequest`] where no other version exists.
pub fn compare_versions(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    from: Option<&str>,
) -> Result<ComparedVersions> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let read = |version: &str| -> Result<Registration> {
            let unknown = || missing("model version", &format!("{model}/{version}"));
            let row = tx.version(model, version)?.ok_or_else(unknown)?;
            stored(&tx.registration(&row.id)?.ok_or_else(unknown)?)
        };
        let after = read(version)?;
        let all: Vec<String> = tx.versions(Some(model))?.into_iter().map(|v| v.version).collect();
        let followed = after.parent_version.clone().filter(|parent| all.contains(parent));
        let earlier = all.iter().take_while(|other| *other != version).last().cloned();
        let others: Vec<String> = all.into_iter().filter(|other| other != version).collect();
        let chosen = from.map(ToOwned::to_owned).or(followed).or(earlier);
        let Some(before) = chosen.or_else(|| others.first().cloned()) else {
            let detail = format!(
                "`{version}` is the only version of `{model}`; there is nothing to compare it with"
            );
            return Err(Error::BadRequest { detail });
        };
        let difference = VersionDifference::between(&read(&before)?, &after);
        let (model, after) = (model.to_owned(), version.to_owned());
        Ok(ComparedVersions { model, before, after, others, difference })
    })
}
