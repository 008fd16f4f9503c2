//! Upgrades: each is canonical, found in every record and ledger table after what it found before, states the entries that came before it, and
//! goes on from the schema of the one before.

use super::{Examiner, is_canonical};
use crate::evidence::records::Row;
use crate::ledger::upgrade::{StoreUpgrade, UPGRADE_FORMAT};

/// The record table of upgrades.
const UPGRADES: &str = "store_upgrade";

impl Examiner<'_> {
    /// All upgrades of the store.
    pub(super) fn upgrades(&mut self) {
        let mut rows = self.rows(UPGRADES);
        rows.sort_by_key(|(_, row)| row.number("entry"));
        let mut reached = None;
        for (key, row) in &rows {
            let columns = ("document", "sha256");
            let Some(upgrade) = self.document::<StoreUpgrade>((UPGRADES, key, row), columns) else {
                continue;
            };
            self.examined.upgrades += 1;
            self.upgrade((UPGRADES, key), row, &upgrade);
            let expected = reached.unwrap_or(upgrade.from_schema);
            if upgrade.from_schema != expected || upgrade.to_schema <= upgrade.from_schema {
                let detail = format!(
                    "it says that schema {} became {}; the one before it left {expected}",
                    upgrade.from_schema, upgrade.to_schema
                );
                self.trouble("record_disagrees", (UPGRADES, key), detail);
            }
            reached = Some(upgrade.to_schema);
        }
    }

    fn upgrade(&mut self, of: (&str, &str), row: &Row, upgrade: &StoreUpgrade) {
        if !is_canonical(upgrade, row.text("document")) {
            self.trouble("document_invalid", of, "the upgrade is not canonical JSON");
        }
        if let Some(table) = upgrade.changed() {
            let detail = format!("`{}` held something else after it than before", table.table);
            self.trouble("upgrade_changed", of, detail);
        }
        self.same(of, "format", &upgrade.format, UPGRADE_FORMAT);
        self.same(of, "program", &upgrade.program, row.text("program"));
        let stated = [
            ("from_schema", upgrade.from_schema),
            ("to_schema", upgrade.to_schema),
            ("entries", upgrade.entries),
            ("record_rows", upgrade.record_rows()),
            ("duration_ms", upgrade.duration_ms),
        ];
        for (column, stated) in stated {
            let stored = row.number(column).unwrap_or(u64::MAX).to_string();
            self.same(of, column, &stated.to_string(), &stored);
        }
        let own = row.number("entry").unwrap_or_default();
        let entries = upgrade.tables.iter().find(|table| table.table == "entry");
        let counted = entries.map_or(u64::MAX, |table| table.after.rows);
        for stated in [upgrade.entries, counted] {
            self.same(of, "entries before it", &stated.to_string(), &own.to_string());
        }
    }
}
