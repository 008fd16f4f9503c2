//! What SQLite alone takes to write what a store wrote: the floor that benchmarks of the store are set against.

use super::folder::Folder;
use super::found::connect;
use super::{Result, schema};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use std::path::Path;
use std::time::{Duration, Instant};

/// One row of one statement.
type Values = Vec<Value>;

/// An entry as SQLite sees it: its record rows, its own row, the nodes it completes, its terms.
struct Bare {
    rows: Vec<Values>,
    entry: Values,
    nodes: Vec<Values>,
    terms: Vec<Values>,
}

/// Writes the entries of the store in `folder`, all but the first and only those with rows of `table`, into a new database in
/// `target` with the same schema and settings: `group` entries in a transaction, with one checkpoint for them. Nothing is hashed,
/// signed, read back or verified. Gives the number of entries and the time from the first transaction to the end of the last.
///
/// # Errors
///
/// [`super::Error::Database`], [`super::Error::File`].
pub fn write_again(
    folder: &Path,
    target: &Path,
    table: &'static str,
    group: usize,
) -> Result<(u64, Duration)> {
    let source = connect(&Folder::new(folder), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let entries = read(&source, table)?;
    let notes = all(&source, "SELECT size, note, entries FROM checkpoint ORDER BY size")?;
    let folder = Folder::new(target);
    folder.make()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = connect(&folder, flags)?;
    schema::configure_writer(&connection)?;
    schema::make(&mut connection)?;
    let columns = entries.first().and_then(|one| one.rows.first()).map_or(0, Vec::len);
    let row = insert(table, columns);
    let (entry, node, checkpoint, term) = (
        insert("entry", 4),
        insert("tree_node", 3),
        insert("checkpoint", 3),
        insert("entry_term", 2),
    );
    let started = Instant::now();
    for (group, note) in entries.chunks(group.max(1)).zip(notes.iter().cycle()) {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut size = &Value::Null;
        for one in group {
            for values in &one.rows {
                run(&connection, &row, values)?;
            }
            run(&connection, &entry, &one.entry)?;
            for values in &one.nodes {
                run(&connection, &node, values)?;
            }
            for values in &one.terms {
                run(&connection, &term, values)?;
            }
            size = &one.entry[0];
        }
        run(&connection, &checkpoint, &[size.clone(), note[1].clone(), Value::Null])?;
        connection.prepare_cached("COMMIT")?.execute([])?;
    }
    Ok((entries.len() as u64, started.elapsed()))
}

fn read(source: &Connection, table: &str) -> Result<Vec<Bare>> {
    let entries =
        all(source, "SELECT idx, leaf, leaf_hash, body FROM entry WHERE idx > 0 ORDER BY idx")?;
    // A node of `level` at `idx` appears with the last entry below it.
    let nodes =
        "SELECT level, idx, hash, ((idx + 1) << level) - 1 FROM tree_node ORDER BY 4, level";
    let mut nodes = all(source, nodes)?.into_iter().peekable();
    let terms = "SELECT term, idx, idx FROM entry_term WHERE idx > 0 ORDER BY idx, term";
    let mut terms = all(source, terms)?.into_iter().peekable();
    let rows = format!("SELECT *, entry FROM \"{table}\" ORDER BY entry, rowid");
    let mut rows = all(source, &rows)?.into_iter().peekable();
    let mut found = Vec::new();
    for entry in entries {
        let at = entry[0].clone();
        let taken = |from: &mut std::iter::Peekable<std::vec::IntoIter<Values>>| {
            let mut taken = Vec::new();
            while let Some(mut values) = from.next_if(|values| is_until(values.last(), &at)) {
                values.pop();
                taken.push(values);
            }
            taken
        };
        let (rows, nodes, terms) = (taken(&mut rows), taken(&mut nodes), taken(&mut terms));
        if !rows.is_empty() {
            found.push(Bare { rows, entry, nodes, terms });
        }
    }
    Ok(found)
}

fn is_until(found: Option<&Value>, index: &Value) -> bool {
    matches!((found, index), (Some(Value::Integer(found)), Value::Integer(index)) if found <= index)
}

fn all(connection: &Connection, sql: &str) -> Result<Vec<Values>> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let rows =
        statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn insert(table: &str, columns: usize) -> String {
    format!("INSERT INTO \"{table}\" VALUES ({})", vec!["?"; columns].join(", "))
}

fn run(connection: &Connection, sql: &str, values: &[Value]) -> Result<()> {
    connection.prepare_cached(sql)?.execute(params_from_iter(values))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::count::Count;
    use crate::store::specimen::{KIND, actor, fresh};

    #[test]
    fn what_is_written_again_is_what_was_written() {
        let (folder, store) = fresh();
        for number in 1..=9 {
            let id = format!("s_{number}");
            store.write(&actor(), KIND, |tx| tx.insert_specimen(&id, "x", None)).unwrap();
        }
        let target = tempfile::tempdir().unwrap();
        let (entries, _) = write_again(folder.path(), target.path(), "specimen", 4).unwrap();
        assert_eq!(entries, 9);
        let open = |folder: &Path| {
            connect(&Folder::new(folder), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
        };
        let (from, to) = (open(folder.path()), open(target.path()));
        for sql in [
            "SELECT * FROM specimen ORDER BY id",
            "SELECT * FROM entry WHERE idx > 0 ORDER BY idx",
            "SELECT * FROM tree_node ORDER BY level, idx",
        ] {
            assert_eq!(all(&from, sql).unwrap(), all(&to, sql).unwrap(), "{sql}");
        }
        let Count(groups) =
            to.query_row("SELECT count(*) FROM checkpoint", [], |row| row.get(0)).unwrap();
        assert_eq!(groups, 3);
    }
}
