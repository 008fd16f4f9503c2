//! The body of an entry: which rows the act wrote, and what else is worth keeping.
//!
//! The leaf holds the body's digests; the body lists every record-table row of the transaction by table, key and
//! SHA-256 of the row's canonical JSON. A row that was edited, removed or slipped in later no longer matches.

use super::entry::BodyDigest;
use super::{Error, INTEGER_MAX, Result, is_lower_hex};
use crate::digest::{self, ContentDigest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Media type of every body.
pub const MEDIA_TYPE: &str = "application/vnd.driftledger.body.v1+json";

/// The longest body, in bytes.
pub const BODY_MAX: usize = 16 * 1024 * 1024;

/// The digest of one row that the act wrote. The fields stand in the order of their names, as in canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RowDigest {
    /// The row's `id`.
    pub key: String,
    /// SHA-256 of the row's canonical JSON, 64 lowercase hexadecimal digits.
    pub sha256: String,
    /// The record table.
    pub table: String,
}

/// The body of one entry. The fields stand in the order of their names, as in canonical JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Anything else about the act, as JSON; `null` when there is nothing to add.
    pub detail: Value,
    /// Every record-table row the act wrote, in the order of writing.
    pub rows: Vec<RowDigest>,
}

impl Body {
    /// The bytes that are stored and digested: canonical JSON.
    ///
    /// # Errors
    ///
    /// - [`Error::Field`]: a number in `detail` is an integer of 2^53 or more, or a row's digest is not hexadecimal.
    /// - [`Error::TooLong`]: more than [`BODY_MAX`] bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.validate()?;
        let bytes = self.canonical()?;
        within_limit(&bytes)?;
        Ok(bytes)
    }

    /// The body that `bytes` hold. As strict as [`super::entry::Entry::parse`].
    ///
    /// # Errors
    ///
    /// - [`Error::TooLong`], [`Error::Malformed`], [`Error::Field`], [`Error::NotCanonical`].
    ///
    /// ```
    /// let body = driftledger::ledger::body::Body::parse(br#"{"detail":null,"rows":[]}"#).unwrap();
    /// assert!(body.rows.is_empty());
    /// ```
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        within_limit(bytes)?;
        let body: Self = serde_json::from_slice(bytes)
            .map_err(|source| Error::Malformed { part: "body", source })?;
        body.validate()?;
        if body.canonical()? != bytes {
            return Err(Error::NotCanonical { part: "body" });
        }
        Ok(body)
    }

    fn canonical(&self) -> Result<Vec<u8>> {
        let is_ordered = self.detail.is_null();
        Ok(if is_ordered { digest::ordered_json(self)? } else { digest::canonical_json(self)? })
    }

    fn validate(&self) -> Result<()> {
        if let Some(number) = first_inexact(&self.detail) {
            let expected = "an integer within ±(2^53 − 1), or the number as text";
            return Err(Error::Field { field: "detail", found: number, expected });
        }
        for row in &self.rows {
            if !is_lower_hex(&row.sha256, 64) {
                let expected = "64 lowercase hexadecimal digits";
                return Err(Error::Field { field: "sha256", found: row.sha256.clone(), expected });
            }
        }
        Ok(())
    }
}

/// What a leaf says about a body of these bytes.
pub fn digest_of(bytes: &[u8]) -> BodyDigest {
    let content = ContentDigest::of(bytes);
    BodyDigest {
        media: MEDIA_TYPE.to_owned(),
        len: content.bytes,
        sha256: content.sha256,
        b3: content.blake3,
    }
}

fn within_limit(bytes: &[u8]) -> Result<()> {
    if bytes.len() > BODY_MAX {
        return Err(Error::TooLong { part: "body", found: bytes.len(), allowed: BODY_MAX });
    }
    Ok(())
}

/// The first integer that a JSON reader with double precision would round.
fn first_inexact(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => {
            let large = number.as_u64().is_some_and(|found| found > INTEGER_MAX)
                || number.as_i64().is_some_and(|found| found.unsigned_abs() > INTEGER_MAX);
            large.then(|| number.to_string())
        }
        Value::Array(items) => items.iter().find_map(first_inexact),
        Value::Object(members) => members.values().find_map(first_inexact),
        Value::Null | Value::Bool(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn example() -> Body {
        let row = RowDigest {
            table: "model".into(),
            key: "m_1".into(),
            sha256: digest::sha256_hex(b"x"),
        };
        Body { rows: vec![row], detail: json!({"z": 1, "a": [0.1, "ü", -5]}) }
    }

    #[test]
    fn a_body_reads_back_and_its_digest_follows_its_bytes() {
        let bytes = example().to_bytes().unwrap();
        assert_eq!(Body::parse(&bytes).unwrap(), example());
        let found = digest_of(&bytes);
        assert_eq!(found.len, bytes.len() as u64);
        assert_eq!(found.sha256, digest::sha256_hex(&bytes));
        assert_eq!(found.b3, digest::blake3_hex(&bytes));
    }

    #[test]
    fn a_body_without_detail_is_written_as_canonical_json() {
        let key = "\u{0}\u{1f}\"\\/\n\r\t\u{8}\u{c}\u{7f}ü€😀\u{2028}".to_owned();
        let row = RowDigest { key, ..example().rows.remove(0) };
        for rows in [vec![], vec![row.clone()], vec![row.clone(), row]] {
            let body = Body { rows, detail: Value::Null };
            assert_eq!(body.to_bytes().unwrap(), digest::canonical_json(&body).unwrap());
        }
    }

    #[test]
    fn every_flipped_byte_changes_the_digest_or_is_refused() {
        let bytes = example().to_bytes().unwrap();
        let digest = digest_of(&bytes);
        for position in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1;
            assert_ne!(digest_of(&flipped), digest);
        }
    }

    #[test]
    fn what_is_not_strict_is_refused() {
        for text in [
            "{}",
            r#"{"rows":[],"detail":null}"#,
            r#"{"detail":null,"rows":[],"rows":[]}"#,
            r#"{"detail":{"a":1,"a":1},"rows":[]}"#,
            r#"{"detail":null,"more":1,"rows":[]}"#,
            r#"{"detail":9007199254740993,"rows":[]}"#,
            r#"{"detail":null,"rows":[{"key":"k","sha256":"","table":"t"}]}"#,
        ] {
            assert!(Body::parse(text.as_bytes()).is_err(), "{text}");
        }
        let big = Body { rows: vec![], detail: json!([{"n": INTEGER_MAX + 1}]) };
        assert!(big.to_bytes().is_err());
    }
}
