//! What a table's columns are declared to be: type, kind, role, unit, range, null tokens.

use super::derived::{ScoreGroup, UndecidedZone};
use super::error::{Error, Result};
pub use super::value_type::ValueType;
use crate::digest::json_error;
use serde::{Deserialize, Serialize};

/// Identifies the format of a schema file.
pub const SCHEMA_FORMAT: &str = "driftledger/schema/v1";

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ColumnRole)]
pub enum Role {
    /// An input of the model: monitored.
    Feature,
    /// Identifies a row: never monitored.
    Id,
    /// When the row happened: never monitored as a value.
    Time,
    /// The model's class or value: monitored.
    Prediction,
    /// The model's probability or confidence: monitored.
    Score,
    /// The true outcome; may arrive later.
    Label,
    /// A slice to explain by.
    Segment,
    /// How much a feature moved one prediction (SHAP value or the like): monitored.
    Attribution,
    /// An embedding (a vector), or one dimension of it: not monitored itself, but by the scores of its group.
    Embedding,
    /// Computed from other columns; never declared.
    Derived,
    /// Present, but not monitored.
    Ignore,
}

impl Role {
    /// The word used in files and messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Feature => "feature",
            Self::Id => "id",
            Self::Time => "time",
            Self::Prediction => "prediction",
            Self::Score => "score",
            Self::Label => "label",
            Self::Segment => "segment",
            Self::Attribution => "attribution",
            Self::Embedding => "embedding",
            Self::Derived => "derived",
            Self::Ignore => "ignore",
        }
    }

    /// Whether a column of this role is monitored for drift.
    pub fn is_monitored(self) -> bool {
        use Role::{Attribution, Derived, Feature, Prediction, Score, Segment};
        matches!(self, Feature | Prediction | Score | Segment | Attribution | Derived)
    }

    /// Whether a batch may come without a column of this role.
    pub fn is_optional(self) -> bool {
        matches!(self, Self::Label | Self::Ignore | Self::Time)
    }
}

/// How a monitored column is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Ordered values on ten quantile bins.
    Continuous,
    /// Ordered whole numbers with few distinct values: a bin a value.
    Count,
    /// Two values.
    Binary,
    /// Unordered values.
    Categorical,
}

impl Kind {
    /// Whether values are ordered numbers.
    pub fn is_ordered(self) -> bool {
        matches!(self, Self::Continuous | Self::Count)
    }

    /// The word used in files and messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Continuous => "continuous",
            Self::Count => "count",
            Self::Binary => "binary",
            Self::Categorical => "categorical",
        }
    }
}

/// One declared column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name in the file.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Type of its values.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// How it is judged; only for monitored columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Unit, for reading only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Smallest and largest admissible value, both included; a value outside refuses the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<f64>>)]
    pub range: Option<[f64; 2]>,
    /// Texts that stand for a missing value, besides the empty field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub null_tokens: Vec<String>,
}

/// How CSV text is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvContract {
    /// Field separator, one ASCII character.
    pub delimiter: char,
    /// Whether an empty unquoted field is a missing value.
    pub empty_is_null: bool,
    /// What stands before the decimals of a number, `.` or `,`.
    #[serde(default = "point", skip_serializing_if = "is_point")]
    pub decimal: char,
}

fn point() -> char {
    '.'
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_point(decimal: &char) -> bool {
    *decimal == '.'
}

impl CsvContract {
    /// A separator in words.
    pub fn word_of(separator: char) -> &'static str {
        match separator {
            ',' => "commas",
            ';' => "semicolons",
            '\t' => "tabs",
            '|' => "vertical bars",
            ' ' => "spaces",
            _ => "another character",
        }
    }

    /// Why it cannot be followed.
    fn refused(&self) -> Option<String> {
        let Self { delimiter, decimal, .. } = self;
        if !delimiter.is_ascii() || matches!(delimiter, '"' | '\n' | '\r') {
            return Some(format!(
                "csv.delimiter is `{delimiter}`, expected one ASCII character such as `,`, `;` or `\\t`"
            ));
        }
        if !matches!(decimal, '.' | ',') {
            return Some(format!("csv.decimal is `{decimal}`, expected `.` or `,`"));
        }
        None
    }
}

impl Default for CsvContract {
    fn default() -> Self {
        Self { delimiter: ',', empty_is_null: true, decimal: point() }
    }
}

/// The declaration of a table: its columns, and how its CSV form is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSchema {
    /// Always [`SCHEMA_FORMAT`].
    pub schema: String,
    /// Columns in file order.
    pub columns: Vec<Column>,
    /// A column whose equal values belong together (patient, plate): rows of one cluster are not independent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_by: Option<String>,
    /// Groups of columns that are watched as a whole, by their scores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<ScoreGroup>,
    /// Values of scores between which the model does not decide; their share is watched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<UndecidedZone>,
    /// CSV rules.
    #[serde(default)]
    pub csv: CsvContract,
}

impl TableSchema {
    /// A schema over `columns` with the default CSV rules.
    pub fn new(columns: Vec<Column>) -> Self {
        Self {
            schema: SCHEMA_FORMAT.to_owned(),
            columns,
            cluster_by: None,
            scores: Vec::new(),
            undecided: Vec::new(),
            csv: CsvContract::default(),
        }
    }

    /// Parses a schema file.
    ///
    /// # Errors
    ///
    /// [`Error::Schema`] when it is not JSON of this format, or a declaration contradicts itself.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let schema: Self = serde_json::from_slice(text).map_err(|e| Error::Schema {
            detail: format!("{}; write one with `driftledger schema FILE`", json_error(&e)),
        })?;
        schema.validate()?;
        Ok(schema)
    }

    fn validate(&self) -> Result<()> {
        let refuse = |detail: String| Err(Error::Schema { detail });
        if self.schema != SCHEMA_FORMAT {
            return refuse(format!("found format `{}`, expected `{SCHEMA_FORMAT}`", self.schema));
        }
        for (index, column) in self.columns.iter().enumerate() {
            let name = &column.name;
            if self.columns[..index].iter().any(|other| other.name == *name) {
                return refuse(format!("column `{name}` is declared twice; keep one"));
            }
            if column.role.is_monitored() && column.kind.is_none() {
                return refuse(format!(
                    "column `{name}` has role {} but no kind; give it one",
                    column.role.word()
                ));
            }
            if let Some(kind) = column.kind
                && kind.is_ordered()
                && !matches!(column.value_type, ValueType::Int | ValueType::Float | ValueType::Null)
            {
                let found = column.value_type.word();
                return refuse(format!(
                    "column `{name}` is {} but its type is {found}; use categorical",
                    kind.word()
                ));
            }
            if let ValueType::Vector(_) = column.value_type
                && !matches!(column.role, Role::Embedding | Role::Ignore)
            {
                return refuse(format!(
                    "column `{name}` is a vector and has role {}; expected embedding or ignore",
                    column.role.word()
                ));
            }
            if let Some([low, high]) = column.range
                && (low > high || low.is_nan() || high.is_nan())
            {
                return refuse(format!(
                    "column `{name}` has range [{low}, {high}]; write the smaller value first"
                ));
            }
        }
        if let Some(cluster) = &self.cluster_by
            && self.column(cluster).is_none()
        {
            return refuse(format!("cluster_by names `{cluster}`, which is not a declared column"));
        }
        match self.csv.refused().or_else(|| self.refuse_derived()) {
            Some(detail) => refuse(detail),
            None => Ok(()),
        }
    }

    /// The declaration of the column `name`.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns that are monitored for drift, in file order.
    pub fn monitored(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| {
            c.role.is_monitored() && c.kind.is_some() && c.value_type != ValueType::Other
        })
    }

    /// Whether something is counted across columns: clusters, segments, or what is derived from columns.
    pub fn goes_across_columns(&self) -> bool {
        let derives = !self.scores.is_empty() || !self.undecided.is_empty();
        let segments = || self.monitored().any(|column| column.role == Role::Segment);
        derives || self.cluster_by.is_some() || segments()
    }

    /// The first column of `role`.
    pub fn first_of(&self, role: Role) -> Option<&Column> {
        self.columns.iter().find(|column| column.role == role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_in_a_schema_file_is_named() {
        let text = br#"{"schema":"driftledger/schema/v1","columns":[{"name":"a","role":"featur","type":"int"}]}"#;
        let message = TableSchema::parse(text).unwrap_err().to_string();
        assert!(message.contains("featur") && message.contains("expected one of"), "{message}");
        let message = TableSchema::parse(b"[]").unwrap_err().to_string();
        assert!(message.contains("found a list, expected an object"), "{message}");
    }

    #[test]
    fn contradictions_are_refused() {
        let column = |kind, value_type| Column {
            name: "a".to_owned(),
            role: Role::Feature,
            value_type,
            kind,
            unit: None,
            range: None,
            null_tokens: Vec::new(),
        };
        assert!(TableSchema::new(vec![column(None, ValueType::Int)]).validate().is_err());
        assert!(
            TableSchema::new(vec![column(Some(Kind::Continuous), ValueType::Text)])
                .validate()
                .is_err()
        );
        assert!(
            TableSchema::new(vec![column(Some(Kind::Continuous), ValueType::Int)])
                .validate()
                .is_ok()
        );
    }
}
