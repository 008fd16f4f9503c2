//! One table in many files: what its parts must agree on, and the columns their folders state.

use super::error::{Error, Result};
use super::files::{FoundFile, partition_of};
use super::reader::Format;
use polars::prelude::{DataType, Expr, LazyFrame, LiteralValue, UnionArgs, col, concat, lit};
use std::path::PathBuf;

/// One file of a table.
#[derive(Clone, Debug)]
pub struct Part {
    /// Name below the folder or pattern, `/` between folders.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    format: Format,
    stated: Vec<(String, Option<String>)>,
}

/// Columns as a file holds them.
type Physical = [(String, DataType)];

impl Part {
    pub(super) fn new(found: FoundFile, format: Format) -> Self {
        let stated = partition_of(&found.name);
        Self { name: found.name, path: found.path, format, stated }
    }

    /// Whether the folders of this file state the column `name`.
    pub(super) fn states(&self, name: &str) -> bool {
        self.stated.iter().any(|(key, _value)| key == name)
    }

    /// The one format of all `parts`.
    pub(super) fn one_format(parts: &[Self]) -> Result<Format> {
        let Some(first) = parts.first() else {
            return Err(Error::NoFiles { path: String::new() });
        };
        match parts.iter().find(|part| part.format != first.format) {
            None => Ok(first.format),
            Some(other) => Err(first.differs(
                other,
                format!("it is {}, the first is {}", other.format.word(), first.format.word()),
            )),
        }
    }

    /// `frame`, the rows of this file, with the columns in the order of the `first` file and those its folders state behind
    /// them. A column that the file holds too is the file's: the folder only names it.
    pub(super) fn with_stated(&self, frame: LazyFrame, first: &Physical) -> LazyFrame {
        let mut columns: Vec<Expr> = first.iter().map(|(name, _)| col(name.as_str())).collect();
        for (key, value) in &self.stated {
            if first.iter().any(|(name, _)| name == key) {
                continue;
            }
            let value = match value {
                Some(value) => lit(value.clone()),
                None => Expr::Literal(LiteralValue::untyped_null()).cast(DataType::String),
            };
            columns.push(value.alias(key.as_str()));
        }
        frame.select(columns)
    }

    fn differs(&self, other: &Self, detail: String) -> Error {
        Error::PartsDiffer { first: self.name.clone(), path: other.name.clone(), detail }
    }
}

/// Refuses the file `other` when it does not hold the columns of the `first` one, in whatever order.
///
/// Integer widths, float widths, units of time and columns without any type may differ from file to file: `tdh1` does not see
/// them.
pub(super) fn refuse_other_columns(
    (first, expected): (&Part, &Physical),
    (other, found): (&Part, &Physical),
) -> Result<()> {
    let keys = |part: &Part| part.stated.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    if keys(first) != keys(other) {
        let detail =
            format!("its folders state {:?}, those of the first {:?}", keys(other), keys(first));
        return Err(first.differs(other, detail));
    }
    for (name, dtype) in expected {
        let Some((_, other_dtype)) = found.iter().find(|(other, _)| other == name) else {
            return Err(first.differs(other, format!("it has no column `{name}`")));
        };
        if !alike(dtype, other_dtype) {
            let detail = format!("column `{name}` is {other_dtype} there and {dtype} in the first");
            return Err(first.differs(other, detail));
        }
    }
    match found.iter().find(|(name, _)| !expected.iter().any(|(other, _)| other == name)) {
        None => Ok(()),
        Some((name, _)) => {
            Err(first.differs(other, format!("it has a column `{name}`, the first has none")))
        }
    }
}

fn alike(a: &DataType, b: &DataType) -> bool {
    use DataType as D;
    match (a, b) {
        (D::Null, _) | (_, D::Null) | (D::Duration(_), D::Duration(_)) => true,
        (D::Datetime(_, zone_a), D::Datetime(_, zone_b)) => zone_a.is_some() == zone_b.is_some(),
        (a, b) if is_words(a) && is_words(b) => true,
        (a, b) => a == b || (a.is_integer() && b.is_integer()) || (a.is_float() && b.is_float()),
    }
}

fn is_words(dtype: &DataType) -> bool {
    matches!(dtype, DataType::String | DataType::Categorical(..) | DataType::Enum(..))
}

/// The rows of all `frames`, one after another.
pub(super) fn union(frames: &[LazyFrame]) -> polars::error::PolarsResult<LazyFrame> {
    let args = UnionArgs { to_supertypes: true, maintain_order: true, ..UnionArgs::default() };
    concat(frames, args)
}

#[cfg(test)]
mod tests;
