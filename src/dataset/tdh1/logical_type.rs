//! What a column means, whatever library or width it was stored in.

use super::Error;
use crate::dataset::schema::ValueType;
use polars::prelude::DataType;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The logical type of a column: part of the digest, unlike the physical type it was stored in.
///
/// In JSON a simple type is its name (`"int"`), the others are objects: `{"decimal":{"scale":2}}`, `{"list":"int"}`,
/// `{"struct":[{"name":"a","type":"int"}]}`, `{"map":{"key":"utf8","value":"int"}}`, `{"vector":{"width":3,"item":"float"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogicalType {
    /// Every cell is null.
    Null,
    /// True or false.
    Bool,
    /// A whole number of any stored width, up to 128 bits.
    Int,
    /// A binary64 number; narrower floats are widened exactly.
    Float,
    /// A decimal number with `scale` digits after the point.
    Decimal {
        /// Digits after the decimal point.
        scale: u8,
    },
    /// Text, not normalised.
    Utf8,
    /// Bytes.
    Bytes,
    /// A day of the calendar, without time or zone.
    Date,
    /// A time of day, without zone.
    Time,
    /// A date and time without zone.
    TimestampLocal,
    /// An instant: a date and time whose zone is known; the zone's name is not part of the value.
    TimestampInstant,
    /// An elapsed time.
    Duration,
    /// A sequence of any length.
    #[schema(no_recursion)]
    List(Box<LogicalType>),
    /// Named fields in a fixed order.
    Struct(Vec<StructField>),
    /// Keys with values; the order of the entries does not matter.
    #[schema(no_recursion)]
    Map {
        /// Type of the keys.
        key: Box<LogicalType>,
        /// Type of the values.
        value: Box<LogicalType>,
    },
    /// A sequence of the same length in every row.
    #[schema(no_recursion)]
    Vector {
        /// Items per row.
        width: u32,
        /// Type of the items.
        item: Box<LogicalType>,
    },
}

/// One field of a [`LogicalType::Struct`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StructField {
    /// Name of the field.
    pub name: String,
    /// Type of the field.
    #[serde(rename = "type")]
    #[schema(no_recursion)]
    pub logical_type: LogicalType,
}

impl LogicalType {
    /// The logical type that a stored column of `dtype` has unless a schema says otherwise.
    ///
    /// Integers of every width are [`LogicalType::Int`], strings and categories are [`LogicalType::Utf8`], a datetime with
    /// a zone is [`LogicalType::TimestampInstant`], one without is [`LogicalType::TimestampLocal`].
    ///
    /// # Errors
    ///
    /// [`Error::NoLogicalType`] for a type that no table read here can hold, such as Python objects.
    ///
    /// ```
    /// use driftledger::dataset::tdh1::LogicalType;
    /// use polars::prelude::DataType;
    /// assert_eq!(LogicalType::of(&DataType::Int16).unwrap(), LogicalType::of(&DataType::UInt64).unwrap());
    /// ```
    pub fn of(dtype: &DataType) -> Result<Self, Error> {
        Ok(match dtype {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool,
            DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Int128 => Self::Int,
            DataType::Float32 | DataType::Float64 => Self::Float,
            DataType::Decimal(_, scale) => {
                Self::Decimal { scale: u8::try_from(*scale).map_err(|_wide| no_type(dtype))? }
            }
            DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Self::Utf8,
            DataType::Binary => Self::Bytes,
            DataType::Date => Self::Date,
            DataType::Time => Self::Time,
            DataType::Datetime(_, None) => Self::TimestampLocal,
            DataType::Datetime(_, Some(_)) => Self::TimestampInstant,
            DataType::Duration(_) => Self::Duration,
            DataType::List(item) => Self::List(Box::new(Self::of(item)?)),
            DataType::Array(item, width) => Self::Vector {
                width: u32::try_from(*width).map_err(|_wide| no_type(dtype))?,
                item: Box::new(Self::of(item)?),
            },
            DataType::Struct(fields) => Self::Struct(
                fields
                    .iter()
                    .map(|field| {
                        let logical_type = Self::of(&field.dtype)?;
                        Ok(StructField { name: field.name.to_string(), logical_type })
                    })
                    .collect::<Result<_, Error>>()?,
            ),
            _ => return Err(no_type(dtype)),
        })
    }

    /// The type of a declaration that holds such values; none where a declaration says nothing of them.
    pub fn value_type(&self) -> Option<ValueType> {
        Some(match self {
            Self::Bool => ValueType::Bool,
            Self::Int => ValueType::Int,
            Self::Float => ValueType::Float,
            Self::Utf8 => ValueType::Text,
            Self::Date => ValueType::Date,
            Self::TimestampLocal => ValueType::Timestamp,
            Self::TimestampInstant => ValueType::Instant,
            _ => return None,
        })
    }

    /// Appends the bytes that stand for this type in the hashed input.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(0x01),
            Self::Bool => out.push(0x02),
            Self::Int => out.push(0x03),
            Self::Float => out.push(0x04),
            Self::Decimal { scale } => out.extend([0x05, *scale]),
            Self::Utf8 => out.push(0x06),
            Self::Bytes => out.push(0x07),
            Self::Date => out.push(0x08),
            Self::Time => out.push(0x09),
            Self::TimestampLocal => out.push(0x0a),
            Self::TimestampInstant => out.push(0x0b),
            Self::Duration => out.push(0x0c),
            Self::List(item) => {
                out.push(0x10);
                item.write(out);
            }
            Self::Struct(fields) => {
                out.push(0x11);
                write_length(fields.len(), out);
                for field in fields {
                    write_name(&field.name, out);
                    field.logical_type.write(out);
                }
            }
            Self::Map { key, value } => {
                out.push(0x12);
                key.write(out);
                value.write(out);
            }
            Self::Vector { width, item } => {
                out.push(0x13);
                write_length(*width as usize, out);
                item.write(out);
            }
        }
    }

    /// The bytes that stand for this type in the hashed input.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }
}

impl fmt::Display for LogicalType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool => out.write_str("bool"),
            Self::Int => out.write_str("int"),
            Self::Float => out.write_str("float"),
            Self::Decimal { scale } => write!(out, "decimal({scale})"),
            Self::Utf8 => out.write_str("utf8"),
            Self::Bytes => out.write_str("bytes"),
            Self::Date => out.write_str("date"),
            Self::Time => out.write_str("time"),
            Self::TimestampLocal => out.write_str("timestamp_local"),
            Self::TimestampInstant => out.write_str("timestamp_instant"),
            Self::Duration => out.write_str("duration"),
            Self::List(item) => write!(out, "list<{item}>"),
            Self::Struct(fields) => {
                out.write_str("struct{")?;
                for (place, field) in fields.iter().enumerate() {
                    let comma = if place == 0 { "" } else { ", " };
                    write!(out, "{comma}{} {}", field.name, field.logical_type)?;
                }
                out.write_str("}")
            }
            Self::Map { key, value } => write!(out, "map<{key}, {value}>"),
            Self::Vector { width, item } => write!(out, "vector({width}, {item})"),
        }
    }
}

fn no_type(dtype: &DataType) -> Error {
    Error::NoLogicalType { found: dtype.to_string() }
}

/// Appends `length` as unsigned LEB128: seven bits a byte, lowest first, the top bit set on all but the last.
pub(super) fn write_length(length: usize, out: &mut Vec<u8>) {
    let mut rest = length;
    while rest >= 0x80 {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

/// Appends the length and the bytes of `name`.
pub(super) fn write_name(name: &str, out: &mut Vec<u8>) {
    write_length(name.len(), out);
    out.extend_from_slice(name.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_leb128() {
        let leb = |length| {
            let mut out = Vec::new();
            write_length(length, &mut out);
            out
        };
        assert_eq!(leb(0), [0x00]);
        assert_eq!(leb(127), [0x7f]);
        assert_eq!(leb(128), [0x80, 0x01]);
        assert_eq!(leb(65_536), [0x80, 0x80, 0x04]);
    }

    #[test]
    fn every_type_survives_json_and_has_its_own_bytes() {
        let field =
            |name: &str| StructField { name: name.to_owned(), logical_type: LogicalType::Int };
        let types = [
            LogicalType::Null,
            LogicalType::Bool,
            LogicalType::Int,
            LogicalType::Float,
            LogicalType::Decimal { scale: 2 },
            LogicalType::Decimal { scale: 3 },
            LogicalType::Utf8,
            LogicalType::Bytes,
            LogicalType::Date,
            LogicalType::Time,
            LogicalType::TimestampLocal,
            LogicalType::TimestampInstant,
            LogicalType::Duration,
            LogicalType::List(Box::new(LogicalType::Int)),
            LogicalType::List(Box::new(LogicalType::Utf8)),
            LogicalType::Struct(vec![field("a"), field("b")]),
            LogicalType::Struct(vec![field("b"), field("a")]),
            LogicalType::Map {
                key: Box::new(LogicalType::Utf8),
                value: Box::new(LogicalType::Int),
            },
            LogicalType::Vector { width: 3, item: Box::new(LogicalType::Float) },
            LogicalType::Vector { width: 4, item: Box::new(LogicalType::Float) },
        ];
        let mut bytes = std::collections::BTreeSet::new();
        for logical_type in &types {
            let json = serde_json::to_string(logical_type).unwrap();
            assert_eq!(&serde_json::from_str::<LogicalType>(&json).unwrap(), logical_type);
            assert!(bytes.insert(logical_type.to_bytes()), "{logical_type} shares its bytes");
        }
        assert_eq!(serde_json::to_string(&types[2]).unwrap(), "\"int\"");
        assert_eq!(types[18].to_bytes(), [0x13, 0x03, 0x04]);
    }
}
