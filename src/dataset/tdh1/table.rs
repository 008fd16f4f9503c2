//! From chunks of a table to its digests: blocks, columns, schema, table.

use super::cell::{CellError, Cells};
use super::row::RowSet;
use super::source::source;
use super::{Error, LogicalType, Result, fold};
use polars::prelude::{DataFrame, Series};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows of one block: the unit in which two tables are compared.
pub const BLOCK_ROWS: u32 = 65_536;

/// The digests of one table under its declared columns, in 64 lowercase hexadecimal digits each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TableDigest {
    /// Rows of the table.
    pub rows: u64,
    /// T: values, rows and columns in this order.
    pub table: String,
    /// Tc: the T of the same table with its columns sorted by name, so the order of columns does not matter.
    pub table_by_name: String,
    /// S: names and types of the columns, in order.
    pub schema: String,
    /// The columns, in declared order.
    pub columns: Vec<ColumnDigest>,
    /// Tr: the rows in any order, when it was asked for.
    pub row_set: Option<String>,
}

/// The digests of one column, and what was counted beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ColumnDigest {
    /// Name of the column.
    pub name: String,
    /// Its declared type.
    pub logical_type: LogicalType,
    /// C: the whole column, without its name.
    pub digest: String,
    /// D: each block of 65 536 rows, the last one shorter.
    pub blocks: Vec<String>,
    /// Rows that are null.
    pub nulls: u64,
    /// Floats that are not a number, at any depth; each is hashed as one and the same value.
    pub nans: u64,
    /// Floats that are a negative zero, at any depth; hashed as zero.
    pub negative_zeros: u64,
}

/// One column on its way: the cells of the open block, and the digests of the closed ones.
pub(super) struct OpenColumn {
    name: String,
    logical_type: LogicalType,
    type_bytes: Vec<u8>,
    /// Type, a place for the number of rows, then cells.
    cells: Cells,
    /// Where the rows of the last piece end, with the start of the first one in front; only when rows are hashed.
    pub(super) row_ends: Vec<usize>,
    blocks: Vec<[u8; 32]>,
    nulls: u64,
}

impl OpenColumn {
    pub(super) fn new(name: &str, logical_type: &LogicalType) -> Self {
        let type_bytes = logical_type.to_bytes();
        let mut column = Self {
            name: name.to_owned(),
            logical_type: logical_type.clone(),
            type_bytes,
            cells: Cells::default(),
            row_ends: Vec::new(),
            blocks: Vec::new(),
            nulls: 0,
        };
        column.open_block();
        column
    }

    /// The stored column of this name.
    pub(super) fn find<'a>(&self, frame: &'a DataFrame) -> Result<&'a Series> {
        let missing = |_not_found| Error::ColumnMissing { column: self.name.clone() };
        let stored = frame.column(&self.name).map_err(missing)?.as_materialized_series();
        source(&stored.slice(0, 0).rechunk(), &self.logical_type)
            .ok_or_else(|| self.type_differs(stored))?;
        Ok(stored)
    }

    fn type_differs(&self, stored: &Series) -> Error {
        Error::TypeDiffers {
            column: self.name.clone(),
            found: stored.dtype().to_string(),
            declared: self.logical_type.clone(),
        }
    }

    /// Encodes all rows of `piece`, the first of which is row `first_row` of the table.
    pub(super) fn encode(&mut self, piece: &Series, first_row: u64, by_row: bool) -> Result<()> {
        let piece = piece.rechunk();
        let cells = source(&piece, &self.logical_type).ok_or_else(|| self.type_differs(&piece))?;
        let encoded = if by_row {
            self.row_ends.clear();
            self.row_ends.push(self.cells.bytes.len());
            (0..piece.len()).try_for_each(|row| {
                cells.encode(row..row + 1, &mut self.cells)?;
                self.row_ends.push(self.cells.bytes.len());
                Ok(())
            })
        } else {
            cells.encode(0..piece.len(), &mut self.cells)
        };
        encoded.map_err(|CellError { row, problem }| Error::Cell {
            column: self.name.clone(),
            row: first_row + row as u64,
            problem,
        })?;
        self.nulls += piece.null_count() as u64;
        Ok(())
    }

    /// The cell of `row`, counted from the start of the last piece; the piece was encoded by row.
    pub(super) fn cell(&self, row: usize) -> &[u8] {
        &self.cells.bytes[self.row_ends[row]..self.row_ends[row + 1]]
    }

    /// The cells of the open block, without its head.
    pub(super) fn into_cells(mut self) -> Vec<u8> {
        self.cells.bytes.split_off(self.type_bytes.len() + 8)
    }

    /// Empties the buffer and puts the head of the next block into it.
    pub(super) fn open_block(&mut self) {
        self.cells.bytes.clear();
        self.cells.bytes.extend_from_slice(&self.type_bytes);
        self.cells.bytes.extend_from_slice(&[0; 8]);
    }

    fn close_block(&mut self, rows: u64) {
        let place = self.type_bytes.len();
        self.cells.bytes[place..place + 8].copy_from_slice(&rows.to_le_bytes());
        self.blocks.push(fold::block(&self.cells.bytes));
        self.open_block();
    }

    fn digest(&self, rows: u64) -> [u8; 32] {
        fold::column(&self.type_bytes, rows, &self.blocks)
    }

    fn named(&self) -> fold::Named<'_> {
        (&self.name, &self.type_bytes)
    }
}

/// S over `columns` in the given order.
pub(super) fn schema_digest(columns: &[&OpenColumn]) -> [u8; 32] {
    fold::schema(&columns.iter().map(|column| column.named()).collect::<Vec<_>>())
}

/// T over `columns` in the given order, each with its digest.
fn table_digest(columns: &[(&OpenColumn, [u8; 32])], rows: u64) -> [u8; 32] {
    let order: Vec<_> = columns.iter().map(|(column, digest)| (column.named(), *digest)).collect();
    fold::table(&order, rows)
}

/// The first name that stands twice in `columns`.
pub(super) fn name_twice(columns: &[(String, LogicalType)]) -> Option<&str> {
    let mut seen = std::collections::HashSet::new();
    columns.iter().map(|(name, _type)| name.as_str()).find(|name| !seen.insert(*name))
}

/// Digests a table that arrives in chunks of any size, in memory bounded by one block of each column.
///
/// ```
/// use driftledger::dataset::tdh1::{LogicalType, TableHasher};
/// use polars::prelude::*;
///
/// let columns = [("dose_mg".to_owned(), LogicalType::Float), ("site".to_owned(), LogicalType::Utf8)];
/// let first = df!("site" => ["Basel", "Cork"], "dose_mg" => [2.5, 5.0])?;
/// let second = df!("site" => ["Basel"], "dose_mg" => [7.5])?;
///
/// let mut in_two = TableHasher::new(&columns);
/// in_two.update(&first)?;
/// in_two.update(&second)?;
/// let mut at_once = TableHasher::new(&columns);
/// at_once.update(&first.vstack(&second)?)?;
/// assert_eq!(in_two.finish(), at_once.finish());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TableHasher {
    columns: Vec<OpenColumn>,
    rows: u64,
    row_set: Option<RowSet>,
    name_twice: Option<String>,
}

impl TableHasher {
    /// A hasher of the declared `columns`, in this order; other columns of the table are not part of the digest.
    pub fn new(columns: &[(String, LogicalType)]) -> Self {
        let name_twice = name_twice(columns).map(str::to_owned);
        let columns =
            columns.iter().map(|(name, logical)| OpenColumn::new(name, logical)).collect();
        Self { columns, rows: 0, row_set: None, name_twice }
    }

    /// The same, computing [`TableDigest::row_set`] too, at the cost of 2 KiB of hash output per row.
    pub fn with_row_set(columns: &[(String, LogicalType)]) -> Self {
        let mut hasher = Self::new(columns);
        let order: Vec<&OpenColumn> = hasher.columns.iter().collect();
        hasher.row_set = Some(RowSet::new(schema_digest(&order)));
        hasher
    }

    /// Adds the rows of `frame`, which holds every declared column by name; their order and number do not matter.
    ///
    /// After an error the hasher holds an unknown part of the frame and must be dropped.
    ///
    /// # Errors
    ///
    /// - [`Error::ColumnTwice`], [`Error::ColumnMissing`], [`Error::TypeDiffers`]: the frame does not fit the declaration.
    /// - [`Error::Cell`]: one value cannot be hashed under its declared type.
    pub fn update(&mut self, frame: &DataFrame) -> Result<()> {
        if let Some(column) = &self.name_twice {
            return Err(Error::ColumnTwice { column: column.clone() });
        }
        let stored =
            self.columns.iter().map(|column| column.find(frame)).collect::<Result<Vec<_>>>()?;
        let mut offset = 0;
        while offset < frame.height() {
            let open = self.rows % u64::from(BLOCK_ROWS);
            let space = BLOCK_ROWS as usize - usize::try_from(open).unwrap_or(0);
            let length = space.min(frame.height() - offset);
            self.add(&stored, offset, length)?;
            offset += length;
        }
        Ok(())
    }

    /// Adds rows that all belong to the open block.
    fn add(&mut self, stored: &[&Series], offset: usize, length: usize) -> Result<()> {
        let by_row = self.row_set.is_some();
        let first_row = self.rows;
        let slice = |column: &mut OpenColumn, stored: &Series| {
            let start = i64::try_from(offset).unwrap_or(i64::MAX);
            column.encode(&stored.slice(start, length), first_row, by_row)
        };
        // Collected first and judged afterwards, so that the first column in error is always the one reported.
        let outcomes: Vec<Result<()>> = self
            .columns
            .par_iter_mut()
            .zip(stored.par_iter())
            .map(|(column, stored)| slice(column, stored))
            .collect();
        outcomes.into_iter().collect::<Result<()>>()?;
        if let Some(row_set) = &mut self.row_set {
            row_set.add(&self.columns, length);
        }
        self.rows += length as u64;
        if self.rows.is_multiple_of(u64::from(BLOCK_ROWS)) {
            self.columns.par_iter_mut().for_each(|column| column.close_block(BLOCK_ROWS.into()));
        }
        Ok(())
    }

    /// One hasher for what `parts` took: each of them other columns of the same rows, joined in the order of their place in
    /// `order`. Digests of rows in any order need all columns at once and are not joined.
    pub(in crate::dataset) fn joined(parts: Vec<Self>, order: &[&str]) -> Self {
        let rows = parts.first().map_or(0, |part| part.rows);
        let mut columns: Vec<OpenColumn> =
            parts.into_iter().flat_map(|part| part.columns).collect();
        columns.sort_by_key(|column| order.iter().position(|name| *name == column.name));
        let mut joined = Self::new(&[]);
        (joined.columns, joined.rows) = (columns, rows);
        joined
    }

    /// The digests of all rows given so far.
    pub fn finish(mut self) -> TableDigest {
        let open = self.rows % u64::from(BLOCK_ROWS);
        if open > 0 {
            self.columns.par_iter_mut().for_each(|column| column.close_block(open));
        }
        let mut order: Vec<(&OpenColumn, [u8; 32])> =
            self.columns.iter().map(|column| (column, column.digest(self.rows))).collect();
        let table = table_digest(&order, self.rows);
        let columns = order.iter().map(|(column, digest)| column_digest(column, digest)).collect();
        order.sort_by(|left, right| left.0.name.as_bytes().cmp(right.0.name.as_bytes()));
        let declared: Vec<&OpenColumn> = self.columns.iter().collect();
        TableDigest {
            rows: self.rows,
            table: hex::encode(table),
            table_by_name: hex::encode(table_digest(&order, self.rows)),
            schema: hex::encode(schema_digest(&declared)),
            columns,
            row_set: self.row_set.map(|row_set| hex::encode(row_set.finish(self.rows))),
        }
    }
}

fn column_digest(column: &OpenColumn, digest: &[u8; 32]) -> ColumnDigest {
    ColumnDigest {
        name: column.name.clone(),
        logical_type: column.logical_type.clone(),
        digest: hex::encode(digest),
        blocks: column.blocks.iter().map(hex::encode).collect(),
        nulls: column.nulls,
        nans: column.cells.nans,
        negative_zeros: column.cells.negative_zeros,
    }
}
