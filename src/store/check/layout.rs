//! Schema: what the migrations made is what is there, and the database file is sound.

use super::Report;
use crate::store::Result;
use crate::store::schema::{self, objects};
use rusqlite::Connection;

/// The most complaints of SQLite's own check that are passed on.
const COMPLAINTS_MAX: u32 = 20;

pub(super) fn check(connection: &Connection, report: &mut Report<'_>) -> Result<()> {
    let version = schema::version(connection)?;
    let mut stored = objects(connection)?;
    for (name, expected) in objects(&schema::expected(connection, version)?)? {
        match stored.remove(&name) {
            None => {
                report.error("schema_missing", "sqlite_schema", &name, "expected by the schema");
            }
            Some(found) if found != expected => {
                report.error("schema_changed", "sqlite_schema", &name, found);
            }
            Some(_) => {}
        }
    }
    for (name, found) in stored {
        report.error("schema_unexpected", "sqlite_schema", name, found);
    }
    for complaint in complaints(connection)? {
        report.error("database_damaged", "", "", complaint);
    }
    Ok(())
}

fn complaints(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({COMPLAINTS_MAX})"))?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    let found: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(found.into_iter().filter(|line| line != "ok").collect())
}
