//! `tdh1`, the table digest: one digest for one table of values, whatever file format or library it came in.
//!
//! The digest is taken over *values under declared logical types*, so CSV text, Parquet and Arrow files of one table agree
//! whatever the row groups, compression, dictionaries, integer widths or timestamp units. It is built in levels, so that two
//! tables can be compared down to the column and the block of 65 536 rows without either table at hand.
//!
//! The bytes are specified in `docs/TDH1.md`; `tests/vectors/tdh1.json` holds the vectors, and `clients/python/tdh1.py` is a
//! second implementation written from the specification alone. Knows nothing of files, models or storage. Start reading at
//! [`TableHasher`].

mod cell;
mod fold;
mod logical_type;
mod nested;
mod read_back;
mod row;
mod sample;
mod source;
mod table;

#[cfg(test)]
mod same_table;
#[cfg(test)]
mod vectors;

pub use cell::CellProblem;
pub use logical_type::{LogicalType, StructField};
pub use read_back::{NotCells, read_back};
pub use row::row_digests;
pub use sample::{Place, block_digest, encode_cells, selected};
pub use table::{BLOCK_ROWS, ColumnDigest, TableDigest, TableHasher};

/// The `derive_key` context of each level: fixed for ever, and used for nothing else.
mod context {
    pub(super) const BLOCK: &str = "driftledger 2026-11 tdh1 block";
    pub(super) const COLUMN: &str = "driftledger 2026-11 tdh1 column";
    pub(super) const SCHEMA: &str = "driftledger 2026-11 tdh1 schema";
    pub(super) const TABLE: &str = "driftledger 2026-11 tdh1 table";
    pub(super) const ROW: &str = "driftledger 2026-11 tdh1 row";
    pub(super) const SAMPLE: &str = "driftledger 2026-11 tdh1 sample";
    pub(super) const ROW_SET: &str = "driftledger 2026-11 tdh1 rowset";
}

/// Why a table has no digest under the declared columns.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A declared column is not in the table.
    #[error(
        "column `{column}` is declared but not in the table; rename it or declare what the table holds"
    )]
    ColumnMissing {
        /// The declared name.
        column: String,
    },
    /// A column is declared twice.
    #[error("column `{column}` is declared twice; declare each column once")]
    ColumnTwice {
        /// The repeated name.
        column: String,
    },
    /// A column is stored as something its declared type does not cover.
    #[error(
        "column `{column}` is stored as {found}, expected {declared}; cast it or declare what the table holds"
    )]
    TypeDiffers {
        /// Name of the column.
        column: String,
        /// The stored type.
        found: String,
        /// The declared type.
        declared: LogicalType,
    },
    /// A stored type has no logical type.
    #[error("{found} has no logical type; cast the column to one that has")]
    NoLogicalType {
        /// The stored type.
        found: String,
    },
    /// One value cannot be hashed under its declared type.
    #[error("column `{column}`, row {row}: {problem}")]
    Cell {
        /// Name of the column.
        column: String,
        /// Row, counted from 0 over everything given so far.
        row: u64,
        /// What is wrong with the value.
        #[source]
        problem: CellProblem,
    },
}

/// The result of anything in this module.
pub type Result<T> = std::result::Result<T, Error>;
