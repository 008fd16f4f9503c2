//! What can be wrong with a table, with the column, row and value that are.

use serde::{Deserialize, Serialize};
use std::path::Path;

/// `Result` of this room.
pub type Result<T> = std::result::Result<T, Error>;

/// One cell that does not fit its declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CellError {
    /// Column name.
    pub column: String,
    /// Data row, counted from 1 (a header line is not counted).
    pub row: u64,
    /// The value as found.
    pub value: String,
    /// What the declaration expects, and what to do.
    pub expected: String,
}

impl std::fmt::Display for CellError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { column, row, value, expected } = self;
        write!(f, "column `{column}` holds `{value}` in row {row}, expected {expected}")
    }
}

/// Cells of one column that are told in full; the others are counted.
const TOLD_OF_A_COLUMN: usize = 3;

impl CellError {
    /// A sentence each for the first of the `errors` of every column, and how many more there are of it; `more` were counted only.
    pub fn told(errors: &[Self], more: u64) -> Vec<String> {
        let mut told = Vec::new();
        for (index, error) in errors.iter().enumerate() {
            let of_column = |e: &&Self| e.column == error.column;
            match errors[..index].iter().filter(of_column).count() {
                before if before < TOLD_OF_A_COLUMN => told.push(error.to_string()),
                TOLD_OF_A_COLUMN => {
                    let rest = errors.iter().filter(of_column).count() - TOLD_OF_A_COLUMN;
                    told.push(format!("and {rest} more cells of column `{}`", error.column));
                }
                _ => {}
            }
        }
        if more > 0 {
            told.push(format!("and {more} more"));
        }
        told
    }
}

/// Why a table cannot be read as declared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("cannot read `{path}`; check that the file exists and may be read")]
    Open {
        /// Path as given.
        path: String,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// A folder or pattern without files.
    #[error(
        "there is no file in `{path}`; name a file, a folder of files or a pattern such as `data/*.parquet`"
    )]
    NoFiles {
        /// Path as given.
        path: String,
    },
    /// A folder or pattern with more files than are read.
    #[error("`{path}` holds more than {most} files; name a folder of fewer")]
    TooManyFiles {
        /// Folder that was being listed.
        path: String,
        /// The limit.
        most: usize,
    },
    /// A column whose values make more batches than are told apart.
    #[error(
        "column `{column}` makes more than {most} batches; split by a coarser period or another column"
    )]
    TooManyBatches {
        /// Column the batches were to be told apart by.
        column: String,
        /// The limit.
        most: usize,
    },
    /// A file that has no name another machine would agree on.
    #[error(
        "`{path}` {why}; only files and folders with UTF-8 names can be listed, copy or rename it"
    )]
    FileName {
        /// Where it is.
        path: String,
        /// What it is.
        why: &'static str,
    },
    /// Files that are not parts of one table.
    #[error("`{path}` is not a part of the same table as `{first}`: {detail}")]
    PartsDiffer {
        /// First file of the table.
        first: String,
        /// The file that does not fit.
        path: String,
        /// What differs.
        detail: String,
    },
    /// The format is not one we read.
    #[error(
        "cannot tell the format of `{path}`; expected a name ending in .parquet, .csv, .tsv, .arrow, .feather, .ipc, \
         .ndjson, .jsonl or .json; rename or convert it"
    )]
    UnknownFormat {
        /// Path as given.
        path: String,
    },
    /// The bytes are not a table of that format.
    #[error("`{path}` is not a readable {format} table")]
    NotATable {
        /// Path as given.
        path: String,
        /// Format it was read as.
        format: &'static str,
        /// Cause.
        #[source]
        source: Box<polars::error::PolarsError>,
    },
    /// A file of another kind.
    #[error("`{path}` is {found}; {instead}")]
    NoTable {
        /// Path as given.
        path: String,
        /// What its first bytes show it to be.
        found: &'static str,
        /// What to do.
        instead: &'static str,
    },
    /// A line that is not UTF-8.
    #[error(
        "line {line} of `{path}` holds the byte {byte:#04x}, which is not UTF-8 text (Latin-1 or Windows-1252?); save it as UTF-8, \
         for example by `iconv -f WINDOWS-1252 -t UTF-8`"
    )]
    NotText {
        /// Path as given.
        path: String,
        /// Line, counted from 1, the header included.
        line: u64,
        /// The first byte that does not fit.
        byte: u8,
    },
    /// A record of another length than the header.
    #[error("row {row} (line {line}) of `{path}` {}", uneven(*found, *expected))]
    Uneven {
        /// Path as given.
        path: String,
        /// Data row, counted from 1.
        row: u64,
        /// Line it starts in, counted from 1, the header included.
        line: u64,
        /// Fields of it; 0 for an empty line.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// A quotation mark that is not closed.
    #[error(
        "the field that is quoted in line {line} of `{path}` does not end; close the quotation mark, or double one that is meant"
    )]
    OpenQuote {
        /// Path as given.
        path: String,
        /// Line, counted from 1, the header included.
        line: u64,
    },
    /// A CSV file with another separator than declared.
    #[error(
        "the header of `{path}` is separated by {found}, the schema says {declared}; write the file with {declared}, or declare \
         `\"csv\": {{\"delimiter\": \"{}\", \"empty_is_null\": true}}` in the schema", written(*separator)
    )]
    OtherSeparator {
        /// Path as given.
        path: String,
        /// What stands between the names.
        found: &'static str,
        /// What the schema says.
        declared: &'static str,
        /// The character found.
        separator: char,
    },
    /// Two columns share a name.
    #[error("column `{name}` appears twice in the header; give each column its own name")]
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// A declared column is not in the file.
    #[error("column `{name}` is declared ({role}) but not in the file{}; the file has {}",
        nearest.as_ref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default(), few_names(found))]
    MissingColumn {
        /// Declared name.
        name: String,
        /// Declared role.
        role: String,
        /// The most similar name in the file that is not declared.
        nearest: Option<String>,
        /// Names in the file.
        found: Vec<String>,
    },
    /// The file has a column nobody declared.
    #[error(
        "column `{name}` is in the file but not declared; declare it, with role `ignore` if it is not to be monitored"
    )]
    UndeclaredColumn {
        /// Name in the file.
        name: String,
    },
    /// The physical type of a column cannot hold the declared values.
    #[error(
        "column `{column}` is {found} in the file, declared {declared}; change the declaration or the file"
    )]
    TypeDiffers {
        /// Column name.
        column: String,
        /// Type found.
        found: String,
        /// Type declared.
        declared: String,
    },
    /// Two tables that are to be compared do not have the same columns.
    #[error(
        "not in `{batch}`, though in the reference: {missing}; add what is missing, or declare it with the role `ignore` in a schema \
         (`driftledger schema`, then `--schema FILE`)"
    )]
    MissingInBatch {
        /// The batch.
        batch: String,
        /// The columns.
        missing: String,
    },
    /// No column can be compared.
    #[error("no column of `{reference}` can be compared: {}", left_out.join("; "))]
    NothingToCompare {
        /// The reference.
        reference: String,
        /// Each column and why it is left out.
        left_out: Vec<String>,
    },
    /// Two tables that are to be compared hold different types under one name.
    #[error(
        "{found}; write both files alike, or declare with `--schema FILE` which type it is, or the role `ignore`"
    )]
    TypesDisagree {
        /// Each column with both types.
        found: String,
    },
    /// Cells that do not fit their declaration.
    #[error("{}", CellError::told(errors, *more).join("; "))]
    Cells {
        /// The first ones, in row order.
        errors: Vec<CellError>,
        /// How many more there are.
        more: u64,
    },
    /// A manifest that cannot be used.
    #[error(
        "dataset manifest is not usable: {detail}; write one with `driftledger fingerprint --manifest FILE`"
    )]
    Manifest {
        /// What is wrong.
        detail: String,
    },
    /// The data at hand are not those of the manifest.
    #[error("these are not the data of the manifest: {detail}; see `driftledger diff`")]
    OtherData {
        /// What differs.
        detail: String,
    },
    /// A sampling proof that cannot be read.
    #[error("sampling proof is not usable: {detail}; make one with `driftledger prove`")]
    Sample {
        /// What is wrong.
        detail: String,
    },
    /// A proof cannot be written.
    #[error("the sampling proof cannot be written; check the folder and its space")]
    Write(#[source] std::io::Error),
    /// A schema file that cannot be used.
    #[error("schema is not usable: {detail}")]
    Schema {
        /// What is wrong and what to do.
        detail: String,
    },
    /// What is wrong with a file that was sent: where it was kept meanwhile says nothing to who sent it.
    #[error("{detail}")]
    Sent {
        /// What was found, expected and is to be done.
        detail: String,
    },
    /// The table has no rows.
    #[error("`{path}` has no rows")]
    NoRows {
        /// Path as given.
        path: String,
    },
    /// Polars failed while a readable table was processed.
    #[error("table could not be processed")]
    Engine(#[source] Box<polars::error::PolarsError>),
    /// The digest of the table's values failed.
    #[error("table digest could not be computed: {detail}")]
    Digest {
        /// What failed.
        detail: String,
    },
}

/// Names that a message lists.
const NAMES_MAX: usize = 60;
/// Characters of a name that a message shows.
const NAME_MAX: usize = 60;

/// Names of a file, in one line: of many the first ones, of a long one its beginning, without signs that no name has.
pub fn few_names(names: &[String]) -> String {
    let shown = |name: &String| -> String {
        let plain = |c: char| if c.is_control() || c == '\u{fffd}' { '·' } else { c };
        let cut = if name.chars().count() > NAME_MAX { "…" } else { "" };
        name.chars().take(NAME_MAX).map(plain).chain(cut.chars()).collect()
    };
    let mut text = names.iter().take(NAMES_MAX).map(shown).collect::<Vec<_>>().join(", ");
    if let Some(more) = names.len().checked_sub(NAMES_MAX + 1) {
        text.push_str(&format!(" and {} more", more + 1));
    }
    text
}

impl Error {
    /// The same about the declaration in the file at `path`.
    #[must_use]
    pub fn of_file(self, path: &Path) -> Self {
        match self {
            Self::Schema { detail } => {
                Self::Schema { detail: format!("`{}`: {detail}", path.display()) }
            }
            other => other,
        }
    }

    /// The same about a file that somebody sent, which was kept at `place` meanwhile.
    #[must_use]
    pub fn of_sent(self, place: &Path) -> Self {
        let detail = match &self {
            Self::NotATable { format, source, .. } => {
                format!("the file is not a readable {format} table ({source})")
            }
            Self::Open { .. } | Self::Cells { .. } | Self::Engine(_) => return self,
            other => other.to_string().replace(&format!("`{}`", place.display()), "the file"),
        };
        Self::Sent { detail }
    }
}

fn uneven(found: usize, expected: usize) -> String {
    if found == 0 {
        return "is empty; remove the line".to_owned();
    }
    if expected == 1 {
        return format!(
            "has {found} fields, expected 1 as in the first line; begin the file with the names of the columns"
        );
    }
    format!(
        "has {found} fields, expected {expected} as in the header; fill or remove them, and quote a field that holds the separator"
    )
}

/// The character as JSON writes it.
fn written(separator: char) -> String {
    if separator == '\t' { "\\t".to_owned() } else { separator.to_string() }
}

impl From<polars::error::PolarsError> for Error {
    fn from(source: polars::error::PolarsError) -> Self {
        Self::Engine(Box::new(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_lists_few_names_and_no_control_signs() {
        let names = |count: usize| -> Vec<String> { (0..count).map(|n| format!("c{n}")).collect() };
        assert_eq!(few_names(&names(3)), "c0, c1, c2");
        assert!(few_names(&names(NAMES_MAX)).ends_with("c59"));
        assert!(few_names(&names(2_000)).ends_with("c59 and 1940 more"));
        let odd = ["a\u{1b}[2J\n\u{fffd}".to_owned(), "x".repeat(100)];
        assert_eq!(few_names(&odd), format!("a·[2J··, {}…", "x".repeat(NAME_MAX)));
    }
}
