//! JSON in which no key stands twice: what a reader makes of such a document depends on the reader.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// A value that was read so.
struct Strict(Value);

/// What `bytes` say; `None` where they are no JSON. Panics where a key stands twice.
pub(crate) fn parse(bytes: &[u8]) -> Option<Value> {
    match serde_json::from_slice::<Strict>(bytes) {
        Ok(Strict(value)) => Some(value),
        Err(error) => {
            let said = error.to_string();
            assert!(!said.contains("stands twice"), "{said}: {}", String::from_utf8_lossy(bytes));
            None
        }
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Strict)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some((key, Strict(value))) = fields.next_entry::<String, Strict>()? {
            if values.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` stands twice")));
            }
            values.insert(key, value);
        }
        Ok(values.into())
    }
}

#[test]
fn a_key_that_stands_twice_is_told_and_anything_else_is_read_as_it_is() {
    let text = br#"{"a":[1,-2,0.5,null,true,"x"],"b":{"a":{}}}"#;
    assert_eq!(parse(text), serde_json::from_slice(text).ok());
    assert_eq!(parse(b"<html>"), None);
    let twice = std::panic::catch_unwind(|| parse(br#"{"b":{"a":1,"a":1}}"#));
    assert!(twice.is_err());
}
