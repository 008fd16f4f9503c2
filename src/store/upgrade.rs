//! Upgrades: an earlier schema becomes the present one in one transaction, and what every table held before and after is recorded in it.
//!
//! 1. nobody serves the folder meanwhile, and its ledger is whole
//! 2. in one transaction that keeps everybody else from writing: count and digest every table, run the migrations, count and digest
//!    again over the same columns
//! 3. where a record or a ledger table does not hold what it held, undo everything
//! 4. else append the entry that says so, and commit all of it at once: a process that is killed before leaves the old schema
//!
//! Rows are read one after the other; the memory does not grow with the store.

use super::check::Progress;
use super::count::Count;
use super::folder::Folder;
use super::found::{Found, Opening, find};
use super::high_water::Keeper;
use super::record_table::{LEDGER_TABLES, RECORD_TABLES};
use super::row::canonical_columns;
use super::{Error, ReadTx, Result, Store, WriteTx, schema, serving};
use crate::clock::{self, Clock};
use crate::digest;
use crate::drift::report::ENGINE;
use crate::ledger::entry::{Actor, EntryType, Subject};
use crate::ledger::seal;
use crate::ledger::upgrade::{
    StoreUpgrade, TableContent, TableHasher, TableKind, UPGRADE_FORMAT, UpgradedTable,
};
use rusqlite::{Connection, Row, named_params};
use serde::Serialize;
use std::path::Path;
use std::time::Instant;

/// Rows between two calls of the progress.
const ROWS_SHOWN: u64 = 1_024;

/// An upgrade, as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UpgradeRow {
    /// Id.
    pub id: String,
    /// What was found before and after.
    pub upgrade: StoreUpgrade,
    /// When it was recorded, UTC.
    pub at: String,
    /// Ledger entry.
    pub entry: u64,
}

/// What a table is known by: name, kind and columns.
struct Table {
    name: String,
    kind: TableKind,
    columns: Vec<String>,
}

/// Calls the caller's progress with how many rows were read.
struct Reading<'caller> {
    stage: &'static str,
    done: u64,
    total: u64,
    progress: &'caller mut dyn FnMut(Progress),
}

impl Reading<'_> {
    fn row(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(ROWS_SHOWN) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        let (stage, done, total) = (self.stage, self.done, self.total.max(self.done));
        (self.progress)(Progress { stage, done, total });
    }
}

impl Store {
    /// Brings the data folder to the schema of this program and records that; gives the ledger entry and what was found, or nothing where
    /// the schema is this program's already. A ledger that does not go on from the one that was seen here is upgraded only where that
    /// `is_accepted`; what was seen then stays noted, for [`Self::open_rolled_back`].
    ///
    /// # Errors
    ///
    /// Those of [`Self::open`] but [`Error::OlderSchema`], and
    ///
    /// - [`Error::Served`]: a server has the folder
    /// - [`Error::SchemaDiffers`]: its tables are not those of its schema
    /// - [`Error::UpgradeChanges`]: a table would not hold what it held
    ///
    /// After an error nothing has changed.
    pub fn upgrade(
        folder: &Path,
        clock: Clock,
        is_accepted: bool,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Option<UpgradeRow>> {
        let folder = Folder::new(folder);
        let Found { version, .. } = find(&folder)?;
        if version == schema::known() {
            return Ok(None);
        }
        let _claim = serving::claim(&folder)?;
        // Another process may have upgraded it meanwhile.
        let found = find(&folder)?;
        if found.version == schema::known() {
            return Ok(None);
        }
        if let Some(seen) = found.rolled_back.as_ref().filter(|_| !is_accepted) {
            return Err(Error::RolledBack { found: found.entries, seen: seen.size });
        }
        let signers = found.signers(&folder, Opening::RolledBack)?;
        let Found { connection, rolled_back, .. } = found;
        folder.make()?;
        schema::configure_writer(&connection)?;
        let keeper = match rolled_back {
            None => Keeper::new(folder.high_water()),
            Some(_) => Keeper::idle(),
        };
        let store = Self::assemble(folder, (clock, signers), connection, keeper)?;
        let actor = Actor::new("driftledger", "system", "local");
        let written = store.write(&actor, EntryType::StoreUpgrade, |tx| tx.upgrade(progress))?;
        Ok(written.value)
    }
}

impl WriteTx<'_> {
    /// Everything of an upgrade that stands or falls together.
    fn upgrade(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<Option<UpgradeRow>> {
        let started = Instant::now();
        let version = schema::version(self.connection())?;
        let tables = tables(self.connection())?;
        let before = contents(self.connection(), &tables, ("rows before", &mut *progress))?;
        schema::migrate(self.connection(), version)?;
        let (after, made) = self.contents_again(&tables, progress)?;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let held = tables.into_iter().zip(before.into_iter().zip(after));
        let tables = held.map(|(Table { name: table, kind, columns }, (before, after))| {
            UpgradedTable { table, kind, columns, before, after }
        });
        let upgrade = StoreUpgrade {
            format: UPGRADE_FORMAT.to_owned(),
            from_schema: version as u64,
            to_schema: schema::known() as u64,
            program: ENGINE.to_owned(),
            entries: self.index(),
            tables: tables.collect(),
            made,
            duration_ms,
        };
        refuse_changes(&upgrade)?;
        self.forget_touched();
        let id = clock::new_id("up");
        self.subject(Subject::new("store_upgrade", &id));
        self.subject(Subject::new(seal::SUBJECT, seal::FIRST_LINE));
        self.insert_upgrade(&id, &upgrade)?;
        let (at, entry) = (self.at().to_owned(), self.index());
        Ok(Some(UpgradeRow { id, upgrade, at, entry }))
    }

    /// What `earlier` tables hold now, in the columns that they had, and the names of the tables that are new.
    fn contents_again(
        &self,
        earlier: &[Table],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Vec<TableContent>, Vec<String>)> {
        let after = contents(self.connection(), earlier, ("rows after", progress))?;
        let now = tables(self.connection())?.into_iter().map(|table| table.name);
        let made = now.filter(|name| earlier.iter().all(|table| table.name != *name));
        Ok((after, made.collect()))
    }

    fn insert_upgrade(&mut self, id: &str, upgrade: &StoreUpgrade) -> Result<()> {
        let document = String::from_utf8(digest::canonical_json(upgrade)?).unwrap_or_default();
        let sha256 = digest::sha256_hex(document.as_bytes());
        self.insert(
            "store_upgrade",
            &[
                ("id", &id),
                ("from_schema", &Count(upgrade.from_schema)),
                ("to_schema", &Count(upgrade.to_schema)),
                ("program", &upgrade.program),
                ("entries", &Count(upgrade.entries)),
                ("record_rows", &Count(upgrade.record_rows())),
                ("duration_ms", &Count(upgrade.duration_ms)),
                ("sha256", &sha256),
                ("document", &document),
            ],
        )
    }
}

impl ReadTx<'_> {
    /// The upgrades of this store, newest first.
    ///
    /// # Errors
    ///
    /// [`Error::DocumentBroken`], and those of the database.
    pub fn upgrades(&self, limit: u32) -> Result<Vec<UpgradeRow>> {
        let sql =
            "SELECT id, document, at, entry FROM store_upgrade ORDER BY entry DESC LIMIT :limit";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(named_params! { ":limit": limit })?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let document: String = row.get(1)?;
            let upgrade = serde_json::from_str(&document).map_err(|error| {
                Error::DocumentBroken { kind: "upgrade", detail: error.to_string() }
            })?;
            let Count(entry) = row.get(3)?;
            found.push(UpgradeRow { id: row.get(0)?, upgrade, at: row.get(2)?, entry });
        }
        Ok(found)
    }

    /// What the record table `table` held before entry `before`, in `columns`; nothing where it is no record table or has not all of them.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::RowNotCanonical`] for a row that was not written by this store.
    pub fn content_before(
        &self,
        table: &str,
        columns: &[String],
        before: u64,
    ) -> Result<Option<TableContent>> {
        let there = columns_of(self.connection(), table)?;
        let has_all = !columns.is_empty() && columns.iter().all(|column| there.contains(column));
        if !RECORD_TABLES.contains(&table) || !has_all {
            return Ok(None);
        }
        // In the order of writing: not by the index on the entry.
        let sql = format!(
            "SELECT {} FROM \"{table}\" WHERE +entry < :before ORDER BY rowid",
            quoted(columns)
        );
        let mut statement = self.connection().prepare(&sql)?;
        let mut rows = statement.query(named_params! { ":before": Count::sought(before) })?;
        let mut hasher = TableHasher::default();
        while let Some(row) = rows.next()? {
            hasher.add(&row_sha256(table, row)?);
        }
        Ok(Some(hasher.content()))
    }
}

/// Every table that is there but SQLite's own, by name.
fn tables(connection: &Connection) -> Result<Vec<Table>> {
    let sql = "SELECT name FROM sqlite_schema
               WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut found = Vec::new();
    for name in names {
        let name = name?;
        let kind = match name.as_str() {
            name if RECORD_TABLES.contains(&name) => TableKind::Record,
            name if LEDGER_TABLES.contains(&name) => TableKind::Ledger,
            _ => TableKind::Working,
        };
        let columns = columns_of(connection, &name)?;
        found.push(Table { name, kind, columns });
    }
    Ok(found)
}

/// The names of the columns of a table, in their order; none where it is not there.
pub(super) fn columns_of(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let sql = "SELECT name FROM pragma_table_info(:table) ORDER BY name";
    let mut statement = connection.prepare_cached(sql)?;
    let names = statement.query_map(named_params! { ":table": table }, |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

fn quoted(columns: &[String]) -> String {
    let quoted: Vec<_> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    quoted.join(", ")
}

/// What each of `tables` holds, in its columns.
fn contents(
    connection: &Connection,
    tables: &[Table],
    (stage, progress): (&'static str, &mut dyn FnMut(Progress)),
) -> Result<Vec<TableContent>> {
    let mut counts = Vec::new();
    for table in tables {
        let sql = format!("SELECT count(*) FROM \"{}\"", table.name);
        let Count(rows) = connection.query_row(&sql, [], |row| row.get(0))?;
        counts.push(rows);
    }
    let mut reading = Reading { stage, done: 0, total: counts.iter().sum(), progress };
    reading.tell();
    let mut found = Vec::new();
    for (table, rows) in tables.iter().zip(counts) {
        found.push(match table.kind {
            TableKind::Working => TableContent { rows, sha256: None },
            TableKind::Record | TableKind::Ledger => content(connection, table, &mut reading)?,
        });
    }
    reading.done = reading.total;
    reading.tell();
    Ok(found)
}

/// Rows and digest of one table, in the order of writing.
fn content(
    connection: &Connection,
    table: &Table,
    reading: &mut Reading<'_>,
) -> Result<TableContent> {
    let order = if table.name == "tree_node" { "level, idx" } else { "rowid" };
    let sql = format!("SELECT {} FROM \"{}\" ORDER BY {order}", quoted(&table.columns), table.name);
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut hasher = TableHasher::default();
    while let Some(row) = rows.next()? {
        hasher.add(&row_sha256(&table.name, row)?);
        reading.row();
    }
    Ok(hasher.content())
}

fn row_sha256(table: &str, row: &Row<'_>) -> Result<String> {
    Ok(digest::sha256_hex(&canonical_columns(table, row)?))
}

/// Refuses an upgrade after which a table does not hold what it held.
fn refuse_changes(upgrade: &StoreUpgrade) -> Result<()> {
    let Some(table) = upgrade.changed() else { return Ok(()) };
    let words = |content: &TableContent| {
        let sha256 = content.sha256.as_deref().unwrap_or("none");
        format!("{} rows with the digest {sha256}", content.rows)
    };
    Err(Error::UpgradeChanges {
        from: upgrade.from_schema as usize,
        to: upgrade.to_schema as usize,
        table: table.table.clone(),
        before: words(&table.before),
        after: words(&table.after),
    })
}

#[cfg(test)]
mod tests;
