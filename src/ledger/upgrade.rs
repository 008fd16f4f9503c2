//! What an upgrade of a store found in its tables, before and after.
//!
//! The digest of a table is the SHA-256 of one line per row, in the order in which the rows were written: the SHA-256 of the row's
//! canonical JSON, as 64 lowercase hexadecimal digits, and a line feed. For a record table these are the digests that the bodies of the
//! ledger list (`body`), in their order: whoever has the bodies counts and digests again what an upgrade says it found, without the store.

use crate::digest::ContentHasher;
use serde::{Deserialize, Serialize};

/// Identifies the record of an upgrade.
pub const UPGRADE_FORMAT: &str = "driftledger/upgrade/v1";

/// What kind of table it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// Append-only; entries list its rows.
    Record,
    /// Entries, tree and checkpoints.
    Ledger,
    /// May change or be lost without losing a record; its rows are counted and not digested.
    Working,
}

/// Rows of a table, and their digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TableContent {
    /// Number of rows.
    pub rows: u64,
    /// SHA-256 over the digests of the rows, 64 lowercase hexadecimal digits; absent for a working table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Counts and digests the rows of a table, one after the other.
#[derive(Debug, Default)]
pub struct TableHasher {
    rows: u64,
    lines: ContentHasher,
}

impl TableHasher {
    /// Adds the next row by the SHA-256 of its canonical JSON, 64 lowercase hexadecimal digits.
    pub fn add(&mut self, row_sha256: &str) {
        self.rows += 1;
        self.lines.update(row_sha256.as_bytes());
        self.lines.update(b"\n");
    }

    /// What was added so far.
    ///
    /// ```
    /// use driftledger::ledger::upgrade::TableHasher;
    /// let nothing = TableHasher::default().content();
    /// assert_eq!(nothing.rows, 0);
    /// assert!(nothing.sha256.unwrap().starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
    /// ```
    pub fn content(&self) -> TableContent {
        TableContent { rows: self.rows, sha256: Some(self.lines.clone().finish().sha256) }
    }
}

/// A table that an upgrade found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpgradedTable {
    /// Its name.
    pub table: String,
    /// What kind it is.
    pub kind: TableKind,
    /// The columns it had before, in the order of their names; the digests are over these.
    pub columns: Vec<String>,
    /// What was in it before.
    pub before: TableContent,
    /// What was in it after, in the same columns.
    pub after: TableContent,
}

impl UpgradedTable {
    /// Whether it may hold something else afterwards, or holds what it held.
    pub fn is_kept(&self) -> bool {
        self.kind == TableKind::Working || self.before == self.after
    }
}

/// The record of an upgrade: from which schema to which, by which program, and what every table held before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreUpgrade {
    /// Always [`UPGRADE_FORMAT`].
    pub format: String,
    /// The schema before.
    pub from_schema: u64,
    /// The schema after.
    pub to_schema: u64,
    /// The program that upgraded: name, version and build.
    pub program: String,
    /// Entries of the ledger before; the upgrade is the next one.
    pub entries: u64,
    /// Every table that was there before, in the order of their names.
    pub tables: Vec<UpgradedTable>,
    /// Tables that were made, in the order of their names.
    pub made: Vec<String>,
    /// Milliseconds it took, from the first count to the last.
    pub duration_ms: u64,
}

impl StoreUpgrade {
    /// Rows of all record tables before.
    pub fn record_rows(&self) -> u64 {
        let records = self.tables.iter().filter(|table| table.kind == TableKind::Record);
        records.map(|table| table.before.rows).sum()
    }

    /// The first table that holds something else than before and may not.
    pub fn changed(&self) -> Option<&UpgradedTable> {
        self.tables.iter().find(|table| !table.is_kept())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256_hex;

    #[test]
    fn the_digest_of_a_table_is_over_the_lines_of_its_row_digests() {
        let (first, second) = (sha256_hex(b"{\"id\":\"a\"}"), sha256_hex(b"{\"id\":\"b\"}"));
        let mut hasher = TableHasher::default();
        hasher.add(&first);
        hasher.add(&second);
        let lines = format!("{first}\n{second}\n");
        let expected = TableContent { rows: 2, sha256: Some(sha256_hex(lines.as_bytes())) };
        assert_eq!(hasher.content(), expected);
        let mut other = TableHasher::default();
        other.add(&second);
        other.add(&first);
        assert_ne!(other.content(), expected, "the order counts");
    }

    #[test]
    fn only_a_working_table_may_hold_something_else_afterwards() {
        let content = |rows| TableContent { rows, sha256: None };
        let table = |kind, before, after| UpgradedTable {
            table: "t".to_owned(),
            kind,
            columns: Vec::new(),
            before: content(before),
            after: content(after),
        };
        assert!(table(TableKind::Working, 1, 0).is_kept());
        assert!(table(TableKind::Record, 1, 1).is_kept());
        assert!(!table(TableKind::Record, 1, 2).is_kept());
        assert!(!table(TableKind::Ledger, 1, 0).is_kept());
    }
}
