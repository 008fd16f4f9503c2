//! The canonical JSON of a stored row: what an entry's body digests.
//!
//! A JSON object of the columns that hold a value: INTEGER and REAL are numbers, TEXT is a string, BLOB is `{"hex": …}`.
//! NULL is left out, so that a column added later (NULL in every old row) changes no digest.

use super::{Error, Result};
use crate::digest;
use crate::ledger::INTEGER_MAX;
use crate::ledger::body::RowDigest;
use rusqlite::Row;
use rusqlite::types::ValueRef;

/// The canonical JSON of `row`, all of whose columns were selected, and its `id`.
pub(super) fn canonical_row(table: &str, row: &Row<'_>) -> Result<(String, Vec<u8>)> {
    Ok((row.get("id")?, canonical_columns(table, row)?))
}

/// The canonical JSON of those columns of `row` that were selected.
pub(super) fn canonical_columns(table: &str, row: &Row<'_>) -> Result<Vec<u8>> {
    let statement: &rusqlite::Statement<'_> = row.as_ref();
    let mut members = Vec::new();
    for (position, column) in statement.column_names().into_iter().enumerate() {
        let value = row.get_ref(position)?;
        if value != ValueRef::Null {
            members.push((column, value));
        }
    }
    // Names of columns are ASCII: their bytes are in the order of canonical JSON.
    members.sort_unstable_by_key(|(column, _)| *column);
    let mut json = vec![b'{'];
    for (position, (column, value)) in members.into_iter().enumerate() {
        if position > 0 {
            json.push(b',');
        }
        json.extend(digest::ordered_json(column)?);
        json.push(b':');
        write_value(&mut json, value)?.map_err(|found| {
            let (table, column) = (table.to_owned(), column.to_owned());
            Error::RowNotCanonical { table, column, found }
        })?;
    }
    json.push(b'}');
    Ok(json)
}

/// What an entry's body says about `row`.
pub(super) fn row_digest(table: &str, row: &Row<'_>) -> Result<RowDigest> {
    let (key, bytes) = canonical_row(table, row)?;
    Ok(RowDigest { table: table.to_owned(), key, sha256: digest::sha256_hex(&bytes) })
}

/// Adds the canonical JSON of `value`, which is not NULL; the inner error is a value that has none.
fn write_value(json: &mut Vec<u8>, value: ValueRef<'_>) -> Result<Result<(), String>> {
    let written = match value {
        ValueRef::Null => b"null".to_vec(),
        ValueRef::Integer(number) if number.unsigned_abs() > INTEGER_MAX => {
            return Ok(Err(number.to_string()));
        }
        ValueRef::Integer(number) => digest::ordered_json(&number)?,
        ValueRef::Real(number) if !number.is_finite() => return Ok(Err(number.to_string())),
        ValueRef::Real(number) => digest::canonical_json(&number)?,
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => digest::ordered_json(text)?,
            Err(_invalid) => return Ok(Err(hex::encode(bytes))),
        },
        ValueRef::Blob(bytes) => format!("{{\"hex\":\"{}\"}}", hex::encode(bytes)).into_bytes(),
    };
    json.extend(written);
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    fn canonical(select: &str) -> Result<String> {
        let connection = Connection::open_in_memory().unwrap();
        let mut statement = connection.prepare(select).unwrap();
        let mut rows = statement.query([]).unwrap();
        let (key, bytes) = canonical_row("t", rows.next().unwrap().unwrap())?;
        assert_eq!(key, "k");
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn every_storage_class_has_its_json_form() {
        let found =
            canonical("SELECT 'k' AS id, 1 AS i, 0.25 AS r, 'ü' AS t, x'00ff' AS b, NULL AS n");
        assert_eq!(found.unwrap(), r#"{"b":{"hex":"00ff"},"i":1,"id":"k","r":0.25,"t":"ü"}"#);
        let edge = canonical("SELECT 'k' AS id, 9007199254740991 AS a, -9007199254740991 AS b");
        assert_eq!(edge.unwrap(), r#"{"a":9007199254740991,"b":-9007199254740991,"id":"k"}"#);
    }

    #[test]
    fn what_json_would_round_is_refused() {
        for value in ["9007199254740992", "-9007199254740992", "9e999", "CAST(x'ff' AS TEXT)"] {
            let refused = canonical(&format!("SELECT 'k' AS id, {value} AS n"));
            assert!(matches!(refused, Err(Error::RowNotCanonical { .. })), "{value}");
        }
    }
}
