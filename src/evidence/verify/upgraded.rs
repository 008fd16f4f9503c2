//! Upgrades of the store, where all bodies before them are in the pack: what an upgrade says it found in each record table is counted and
//! digested again from what the bodies list, without the store and whether or not the rows themselves are packed.

use super::Walk;
use crate::evidence::manifest::{body_file, record_file};
use crate::evidence::records::{PackedRecords, Records as _};
use crate::ledger::body::Body;
use crate::ledger::upgrade::{StoreUpgrade, TableHasher, TableKind};
use std::collections::BTreeMap;
use std::io::{Read, Seek};

/// The record table of upgrades.
const UPGRADES: &str = "store_upgrade";

impl<R: Read + Seek> Walk<'_, R> {
    /// Counts and digests again what every upgrade found.
    pub(super) fn upgraded(&mut self) {
        let mut upgrades = BTreeMap::new();
        for key in PackedRecords(&mut self.pack).keys(UPGRADES) {
            let Some(row) = PackedRecords(&mut self.pack).row(UPGRADES, &key) else { continue };
            // What cannot be read is named when the records are examined.
            let document = serde_json::from_str::<StoreUpgrade>(row.text("document"));
            if let (Some(entry), Ok(upgrade)) = (row.number("entry"), document) {
                upgrades.insert(entry, (record_file(UPGRADES, &key), upgrade));
            }
        }
        let mut found: BTreeMap<String, TableHasher> = BTreeMap::new();
        let mut next = 0;
        for (entry, (file, upgrade)) in upgrades {
            while next < entry {
                // A pack that is not about the whole store does not have all bodies.
                let Some(bytes) = self.read(&body_file(next)) else { return };
                let Ok(body) = Body::parse(&bytes) else { return };
                for row in body.rows {
                    found.entry(row.table).or_default().add(&row.sha256);
                }
                next += 1;
            }
            self.recount(&file, &upgrade, &found);
        }
    }

    fn recount(
        &mut self,
        file: &str,
        upgrade: &StoreUpgrade,
        found: &BTreeMap<String, TableHasher>,
    ) {
        let records = upgrade.tables.iter().filter(|table| table.kind == TableKind::Record);
        let stated: BTreeMap<_, _> =
            records.map(|table| (table.table.as_str(), &table.after)).collect();
        let nothing = TableHasher::default();
        for (table, after) in &stated {
            let listed = found.get(*table).unwrap_or(&nothing).content();
            if listed != **after {
                let detail = format!(
                    "the bodies before it list {} rows of `{table}`, it says {} or another digest",
                    listed.rows, after.rows
                );
                self.find("upgrade_not_recounted", file, detail);
            }
        }
        for table in found.keys().filter(|table| !stated.contains_key(table.as_str())) {
            let detail =
                format!("the bodies before it list rows of `{table}`, which it leaves out");
            self.find("upgrade_not_recounted", file, detail);
        }
    }
}
