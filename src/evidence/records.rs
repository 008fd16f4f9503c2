//! Records as both a pack and a store give them: rows of canonical JSON, by table and id.

use serde_json::{Map, Value};

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
