//! Procedure: say what the subjects of ledger entries are called, where only their ids stand in the ledger.
//!
//! 1. check that the person may read
//! 2. look every version, batch, alert and account up in one read transaction

use crate::access::account::Acting;
use crate::access::role::Action;
use crate::drift::episode::EpisodeOpening;
use crate::error::Result;
use crate::ledger::entry::Subject;
use crate::store::Store;
use std::collections::BTreeMap;

/// A subject that has a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A model version.
    Version {
        /// Name of the model.
        model: String,
        /// The version.
        version: String,
    },
    /// A batch that was judged.
    Batch {
        /// Name of the batch.
        name: String,
        /// Id of its report.
        report_id: String,
    },
    /// An alert.
    Alert {
        /// What opened it.
        opening: EpisodeOpening,
    },
    /// An account.
    Account {
        /// User name.
        user_name: String,
    },
}

/// The names of `subjects` by id; what has no name of its own is left out.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn name_subjects<'a>(
    store: &Store,
    acting: &Acting,
    subjects: impl IntoIterator<Item = &'a Subject>,
) -> Result<BTreeMap<String, Named>> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let accounts = tx.accounts()?;
        let mut names = BTreeMap::new();
        for subject in subjects {
            if names.contains_key(&subject.id) {
                continue;
            }
            let id = subject.id.as_str();
            let named = match subject.kind.as_str() {
                "model_version" => tx
                    .version_by_id(id)?
                    .map(|row| Named::Version { model: row.model, version: row.version }),
                "batch" => tx
                    .report_of_batch(id)?
                    .map(|row| Named::Batch { name: row.batch, report_id: row.id }),
                "episode" => tx.episode(id)?.map(|row| Named::Alert { opening: row.opening }),
                "account" => accounts
                    .iter()
                    .find(|account| account.id == id)
                    .map(|account| Named::Account { user_name: account.user_name.clone() }),
                _ => None,
            };
            names.extend(named.map(|named| (subject.id.clone(), named)));
        }
        Ok(names)
    })
}
