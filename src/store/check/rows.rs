//! Rows: every record row is listed in one entry with its digest, and every listed row exists.

use super::{ListedRow, Report};
use crate::store::count::Count;
use crate::store::record_table::RECORD_TABLES;
use crate::store::row::row_digest;
use crate::store::{Error, Result};
use rusqlite::{Connection, Row};
use std::collections::{BTreeMap, HashMap};

/// What an entry says about a row, by the row's id.
type Expected = HashMap<String, (u64, String)>;

pub(super) fn check(
    connection: &Connection,
    listed: Vec<ListedRow>,
    report: &mut Report<'_>,
) -> Result<()> {
    let mut expected = by_table(listed, report);
    let mut total = 0;
    let mut present = Vec::new();
    for &table in RECORD_TABLES {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = :name";
        let Count(exists) = connection.query_row(sql, [table], |row| row.get(0))?;
        if exists == 1 {
            let count = format!("SELECT count(*) FROM \"{table}\"");
            total += connection.query_row(&count, [], |row| row.get::<_, Count>(0))?.0;
            present.push(table);
        }
    }
    let mut done = 0;
    report.progress("rows", done, total);
    for table in present {
        let expected = expected.entry(table).or_default();
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            check_row(table, row, expected, report)?;
            done += 1;
            report.progress("rows", done, total);
        }
    }
    for (table, rows) in expected {
        for (id, (index, _)) in rows.into_iter().collect::<BTreeMap<_, _>>() {
            let detail = format!("listed in entry {index}, not in the table");
            report.error("row_missing", table, id, detail);
        }
    }
    Ok(())
}

/// Takes the row off the list of expected ones, so that a second row with its id is not expected any more.
fn check_row(
    table: &str,
    row: &Row<'_>,
    expected: &mut Expected,
    report: &mut Report<'_>,
) -> Result<()> {
    let id = match row.get_ref("id")?.as_str() {
        Ok(id) => id.to_owned(),
        Err(_not_text) => format!("{:?}", row.get_ref("id")?),
    };
    let Some((index, sha256)) = expected.remove(&id) else {
        report.error("row_unwitnessed", table, id, "no entry lists this row");
        return Ok(());
    };
    let found = match row_digest(table, row) {
        Ok(found) => found.sha256,
        Err(error @ (Error::RowNotCanonical { .. } | Error::Canonical(_))) => error.to_string(),
        Err(other) => return Err(other),
    };
    if found != sha256 {
        let detail = format!("sha256 {found}, entry {index} says {sha256}");
        report.error("row_changed", table, id, detail);
    }
    Ok(())
}

fn by_table(listed: Vec<ListedRow>, report: &mut Report<'_>) -> BTreeMap<&'static str, Expected> {
    let mut expected: BTreeMap<&'static str, Expected> = BTreeMap::new();
    for ListedRow { index, row } in listed {
        let Some(table) = RECORD_TABLES.iter().find(|&&table| table == row.table) else {
            let detail = format!("entry {index} lists a row of an unknown table");
            report.error("table_unknown", &row.table, row.key, detail);
            continue;
        };
        let rows = expected.entry(table).or_default();
        if rows.contains_key(&row.key) {
            let detail = format!("entry {index} lists a row that an earlier entry lists");
            report.error("row_listed_twice", table, row.key, detail);
            continue;
        }
        rows.insert(row.key, (index, row.sha256));
    }
    expected
}
