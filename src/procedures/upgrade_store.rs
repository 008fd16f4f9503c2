//! Procedure: upgrade a data folder that an earlier version of the program wrote.
//!
//! 1. stop the server; make a backup first, or have this make one: it is checked as `check` does before anything is changed
//! 2. nobody else serves or writes meanwhile; the ledger must be whole, and the tables those of the schema that the folder says it has
//! 3. in one transaction: count and digest every table, change the schema, count and digest again; where a record would not be what it was,
//!    everything is undone and the upgrade refused
//! 4. record it as the next ledger entry, in the same transaction: from which schema to which, by which program, with all counts and digests
//!
//! A process that is killed meanwhile leaves the earlier schema. There is no way back but the backup.

use super::back_up::{BackedUp, back_up};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock::Clock;
use crate::error::Result;
use crate::ledger::upgrade::TableKind;
use crate::store::check::Progress;
use crate::store::record_table::RECORD_TABLES;
use crate::store::upgrade::UpgradeRow;
use crate::store::{ReadTx, Store};
use serde::Serialize;
use std::path::Path;

/// The most upgrades that are listed.
const UPGRADES_MAX: u32 = 100;

/// An upgrade, and the backup that was made before.
#[derive(Debug, Serialize)]
pub struct Upgraded {
    /// What was upgraded; absent where the schema was up to date.
    pub upgrade: Option<UpgradeRow>,
    /// What was backed up before; absent without one.
    pub backup: Option<BackedUp>,
}

/// Brings the data folder up to date; gives nothing where it is. A ledger that was rolled back is upgraded only where that `is_accepted`.
///
/// # Errors
///
/// [`crate::error::Error::Store`] for a folder that cannot be upgraded, which is then as it was.
pub fn upgrade_store(
    folder: &Path,
    clock: &Clock,
    is_accepted: bool,
    progress: &mut dyn FnMut(Progress),
) -> Result<Option<UpgradeRow>> {
    Ok(Store::upgrade(folder, clock.clone(), is_accepted, progress)?)
}

/// Backs the data folder up into `to`, then brings it up to date.
///
/// # Errors
///
/// Those of [`back_up`], and then nothing was upgraded; those of [`upgrade_store`].
pub fn back_up_and_upgrade(
    folder: &Path,
    to: &Path,
    clock: &Clock,
    progress: &mut dyn FnMut(Progress),
) -> Result<Upgraded> {
    let backup = Some(back_up(folder, to, clock, progress)?);
    let upgrade = upgrade_store(folder, clock, false, progress)?;
    Ok(Upgraded { upgrade, backup })
}

/// The upgrades of the store, newest first.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn upgrades(store: &Store, acting: &Acting) -> Result<Vec<UpgradeRow>> {
    acting.permit(Action::Read)?;
    Ok(store.read(|tx| tx.upgrades(UPGRADES_MAX))?)
}

/// What an upgrade came to, in a sentence.
pub fn words(row: &UpgradeRow) -> String {
    let upgrade = &row.upgrade;
    let records = upgrade.tables.iter().filter(|table| table.kind == TableKind::Record).count();
    format!(
        "schema {} became {} in {} ms: {} rows in {records} record tables, the same before and after; ledger entry {} says so",
        upgrade.from_schema,
        upgrade.to_schema,
        upgrade.duration_ms,
        upgrade.record_rows(),
        row.entry
    )
}

/// The upgrades whose counts or digests of a record table are not those of the rows that are there, with what differs: id and detail.
pub(super) fn recount_upgrades(tx: &ReadTx<'_>) -> Result<Vec<(String, String)>> {
    let mut unlike = Vec::new();
    for row in tx.upgrades(u32::MAX)? {
        let records = row.upgrade.tables.iter().filter(|table| table.kind == TableKind::Record);
        for table in records {
            let name = &table.table;
            let detail = match tx.content_before(name, &table.columns, row.entry)? {
                Some(found) if found == table.after => continue,
                Some(found) => {
                    format!(
                        "{name} held {} rows, the upgrade says {}",
                        found.rows, table.after.rows
                    )
                }
                None => format!("{name} is no record table, or has not all of these columns"),
            };
            unlike.push((row.id.clone(), detail));
        }
        let listed = |name: &str| row.upgrade.tables.iter().any(|table| table.table == name);
        for name in RECORD_TABLES.iter().filter(|name| !listed(name)) {
            let found = tx.content_before(name, &["id".to_owned()], row.entry)?;
            if found.is_some_and(|found| found.rows > 0) {
                unlike
                    .push((row.id.clone(), format!("{name} held rows, the upgrade leaves it out")));
            }
        }
    }
    Ok(unlike)
}
