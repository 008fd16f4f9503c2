//! The type of a column's values, as a schema writes it.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

/// Numbers of a vector, at most.
const VECTOR_MAX: u32 = 65_536;

/// The type of a column's values, independent of the file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// true or false.
    Bool,
    /// Whole numbers.
    Int,
    /// Binary64 numbers.
    Float,
    /// UTF-8 text.
    Text,
    /// A calendar day.
    Date,
    /// A date and time without zone.
    Timestamp,
    /// A date and time with zone or offset: a point in time.
    Instant,
    /// No value at all: every cell is null.
    Null,
    /// So many numbers in every cell: an embedding. Written `vector(384)`.
    Vector(u32),
    /// Another type of the file format (list, struct, bytes, …): hashed, never monitored.
    Other,
}

/// The types that are written as one word.
const WORDS: [(&str, ValueType); 9] = [
    ("bool", ValueType::Bool),
    ("int", ValueType::Int),
    ("float", ValueType::Float),
    ("text", ValueType::Text),
    ("date", ValueType::Date),
    ("timestamp", ValueType::Timestamp),
    ("instant", ValueType::Instant),
    ("null", ValueType::Null),
    ("other", ValueType::Other),
];

impl ValueType {
    /// The word used in files and messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bool => "a boolean",
            Self::Int => "a whole number",
            Self::Float => "a number",
            Self::Text => "text",
            Self::Date => "a date (YYYY-MM-DD)",
            Self::Timestamp => "a date and time without zone (YYYY-MM-DDTHH:MM:SS)",
            Self::Instant => "a date and time with offset (YYYY-MM-DDTHH:MM:SSZ)",
            Self::Null => "null",
            Self::Vector(_) => "a vector of numbers",
            Self::Other => "another type",
        }
    }

    /// As schemas write it.
    pub fn written(self) -> Cow<'static, str> {
        match (self, WORDS.iter().find(|(_, known)| *known == self)) {
            (_, Some((word, _))) => Cow::Borrowed(word),
            (Self::Vector(length), None) => Cow::Owned(format!("vector({length})")),
            (_, None) => Cow::Borrowed("other"),
        }
    }

    /// The type that is written so.
    fn read(text: &str) -> Option<Self> {
        if let Some((_, known)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Some(*known);
        }
        let length = text.strip_prefix("vector(")?.strip_suffix(')')?;
        let plain = !length.starts_with(['0', '+']);
        let length: u32 = length.parse().ok().filter(|length| plain && *length <= VECTOR_MAX)?;
        Some(Self::Vector(length))
    }
}

impl Serialize for ValueType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written())
    }
}

impl<'de> Deserialize<'de> for ValueType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| {
            let words = WORDS.map(|(word, _)| format!("`{word}`")).join(", ");
            D::Error::custom(format!(
                "unknown type `{text}`, expected one of {words}, `vector(n)` with n up to {VECTOR_MAX}"
            ))
        })
    }
}

impl utoipa::PartialSchema for ValueType {
    fn schema() -> RefOr<Schema> {
        let words = WORDS.map(|(word, _)| word).join("|");
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .pattern(Some(format!("^({words}|vector\\([1-9][0-9]{{0,4}}\\))$")))
            .description(Some(
                "The type of a column's values, independent of the file format; `vector(384)`: so many numbers in every cell.",
            ))
            .into()
    }
}

impl utoipa::ToSchema for ValueType {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ValueType")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_as_they_are_read() {
        for (word, value_type) in WORDS {
            assert_eq!(serde_json::to_value(value_type).unwrap(), word);
            assert_eq!(ValueType::read(word), Some(value_type));
        }
        let vector: ValueType = serde_json::from_str("\"vector(384)\"").unwrap();
        assert_eq!(vector, ValueType::Vector(384));
        assert_eq!(serde_json::to_string(&vector).unwrap(), "\"vector(384)\"");
        for wrong in
            ["vector", "vector()", "vector(0)", "vector(-1)", "vector(+3)", "vector(65537)", "Int"]
        {
            let refused =
                serde_json::from_value::<ValueType>(wrong.into()).unwrap_err().to_string();
            assert!(refused.contains("expected one of") && refused.contains(wrong), "{refused}");
        }
    }
}
