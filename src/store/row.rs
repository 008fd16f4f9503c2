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
use serde_json::{Map, Number, Value, json};

/// The canonical JSON of `row`, all of whose columns were selected, and its `id`.
pub(super) fn canonical_row(table: &str, row: &Row<'_>) -> Result<(String, Vec<u8>)> {
    let statement: &rusqlite::Statement<'_> = row.as_ref();
    let mut members = Map::new();
    for (position, column) in statement.column_names().into_iter().enumerate() {
        let value = row.get_ref(position)?;
        if value == ValueRef::Null {
            continue;
        }
        let value = json_value(value).map_err(|found| {
            let (table, column) = (table.to_owned(), column.to_owned());
            Error::RowNotCanonical { table, column, found }
        })?;
        members.insert(column.to_owned(), value);
    }
    let key = row.get("id")?;
    Ok((key, digest::canonical_json(&members)?))
}

/// What an entry's body says about `row`.
pub(super) fn row_digest(table: &str, row: &Row<'_>) -> Result<RowDigest> {
    let (key, bytes) = canonical_row(table, row)?;
    Ok(RowDigest { table: table.to_owned(), key, sha256: digest::sha256_hex(&bytes) })
}

fn json_value(value: ValueRef<'_>) -> Result<Value, String> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) if number.unsigned_abs() > INTEGER_MAX => {
            return Err(number.to_string());
        }
        ValueRef::Integer(number) => Value::from(number),
        ValueRef::Real(number) => {
            Value::Number(Number::from_f64(number).ok_or_else(|| number.to_string())?)
        }
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes).map_err(|_invalid| hex::encode(bytes))?;
            Value::from(text)
        }
        ValueRef::Blob(bytes) => json!({ "hex": hex::encode(bytes) }),
    })
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
