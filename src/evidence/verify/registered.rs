//! Which registrations in a pack hold a table, and what the ledger's root was when it had fewer entries.

use super::PackedRecords;
use super::ledger::{grow, root_over};
use crate::digest::leaf_hash;
use crate::evidence::Result;
use crate::evidence::manifest::ENTRIES;
use crate::evidence::pack::Pack;
use crate::evidence::records::Records as _;
use crate::ledger::tree::Hash;
use crate::provenance::registration::{Dataset, Registration};
use serde::Serialize;
use std::io::{Read, Seek};

/// A registration that holds a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RegisteredTable {
    /// Model name.
    pub model: String,
    /// Version of it.
    pub version: String,
    /// What the table was used for.
    pub role: String,
    /// Ledger entry of the registration.
    pub entry: u64,
}

/// The registrations in `pack` that hold the table whose `tdh1` is `table`, in the order of the ledger.
///
/// Says nothing about the pack: verify it first.
pub fn registered_tables<R: Read + Seek>(pack: &mut Pack<R>, table: &str) -> Vec<RegisteredTable> {
    let mut records = PackedRecords(pack);
    let mut found = Vec::new();
    for key in records.keys("model_version") {
        let Some(row) = records.row("model_version", &key) else { continue };
        let registration = serde_json::from_str::<Registration>(row.text("registration"));
        let (Ok(registration), Some(entry)) = (registration, row.number("entry")) else { continue };
        let same = |dataset: &&Dataset| dataset.fingerprint.table.table == table;
        found.extend(registration.datasets.iter().filter(same).map(|dataset| RegisteredTable {
            model: registration.model.clone(),
            version: registration.version.clone(),
            role: dataset.role.word().to_owned(),
            entry,
        }));
    }
    found.sort_by_key(|registered| registered.entry);
    found
}

/// The root over the first `size` entries of `pack`; `None` when it has fewer.
///
/// # Errors
///
/// [`Error::Unreadable`](crate::evidence::Error::Unreadable).
pub fn root_at<R: Read + Seek>(pack: &mut Pack<R>, size: u64) -> Result<Option<Hash>> {
    let entries = pack.read(ENTRIES)?.unwrap_or_default();
    let entries = entries.strip_suffix(b"\n").unwrap_or(&entries);
    let (mut levels, mut held) = (Vec::new(), 0);
    for (index, leaf) in (0..size).zip(entries.split(|byte| *byte == b'\n')) {
        grow(&mut levels, leaf_hash(leaf));
        held = index + 1;
    }
    Ok((held == size).then(|| root_over(size, &levels)))
}
