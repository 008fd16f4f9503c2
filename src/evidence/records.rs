//! Records as both a pack and a store give them: rows of canonical JSON, by table and id.

use super::manifest::{RECORDS, record_file, record_of};
use super::pack::Pack;
use serde_json::{Map, Value};
use std::io::{Read, Seek};

/// Where records are read from.
pub trait Records {
    /// The ids of all rows of a table, in order.
    fn keys(&self, table: &str) -> Vec<String>;

    /// The canonical JSON of one row; `None` when it is not there or cannot be read.
    fn bytes(&mut self, table: &str, key: &str) -> Option<Vec<u8>>;

    /// One row; `None` when it is not there or is no JSON object.
    fn row(&mut self, table: &str, key: &str) -> Option<Row> {
        serde_json::from_slice(&self.bytes(table, key)?).ok().map(Row)
    }
}

/// One record row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(pub Map<String, Value>);

impl Row {
    /// A text column; empty when the row has none of that name.
    pub fn text(&self, column: &str) -> &str {
        self.0.get(column).and_then(Value::as_str).unwrap_or_default()
    }

    /// A text column that may be NULL.
    pub fn optional(&self, column: &str) -> Option<&str> {
        self.0.get(column).and_then(Value::as_str)
    }

    /// A whole number that is not negative.
    pub fn number(&self, column: &str) -> Option<u64> {
        self.0.get(column).and_then(Value::as_u64)
    }

    /// A whole number.
    pub fn integer(&self, column: &str) -> Option<i64> {
        self.0.get(column).and_then(Value::as_i64)
    }

    /// A number.
    pub fn real(&self, column: &str) -> Option<f64> {
        self.0.get(column).and_then(Value::as_f64)
    }
}

/// The records of a pack.
#[derive(Debug)]
pub struct PackedRecords<'pack, R>(pub &'pack mut Pack<R>);

impl<R: Read + Seek> Records for PackedRecords<'_, R> {
    fn keys(&self, table: &str) -> Vec<String> {
        let folder = format!("{RECORDS}{table}/");
        let names = self.0.names().range(folder.clone()..);
        names
            .take_while(|name| name.starts_with(&folder))
            .filter_map(|name| record_of(name))
            .map(|(_, key)| key)
            .collect()
    }

    fn bytes(&mut self, table: &str, key: &str) -> Option<Vec<u8>> {
        self.0.read(&record_file(table, key)).ok().flatten()
    }
}
