//! Digests of rows: to find equal rows in two tables, and to hash a table whose rows have no order.

use super::table::{BLOCK_ROWS, OpenColumn, name_twice, schema_digest};
use super::{Error, LogicalType, Result, context};
use crate::digest::ContextHasher;
use polars::prelude::{DataFrame, Series};
use rayon::prelude::*;

/// Lanes of the lattice hash, 16 bits each.
const LANES: usize = 1024;
/// Rows that one thread sums before its sum joins the others.
const ROWS_PER_TASK: usize = 1024;

/// A hasher that holds everything of `row` in the last piece of `columns`.
fn row_hasher(start: &ContextHasher, columns: &[OpenColumn], row: usize) -> ContextHasher {
    let mut hasher = start.clone();
    for column in columns {
        hasher.update(column.cell(row));
    }
    hasher
}

fn start(schema: &[u8; 32]) -> ContextHasher {
    let mut hasher = ContextHasher::new(context::ROW);
    hasher.update(schema);
    hasher
}

/// The sum of the lattice hashes of rows (`LtHash16x1024`): it does not depend on the order of rows, counts repeated rows, and
/// finding two sets of rows with one sum is as hard as a lattice problem.
///
/// Source: M. Bellare, D. Micciancio, "A new paradigm for collision-free hashing: incrementality at reduced cost",
/// EUROCRYPT 1997; K. Lewi et al., "Securing update propagation with homomorphic hashing", 2019.
pub(super) struct RowSet {
    schema: [u8; 32],
    start: ContextHasher,
    lanes: Box<[u16; LANES]>,
}

impl RowSet {
    pub(super) fn new(schema: [u8; 32]) -> Self {
        Self { schema, start: start(&schema), lanes: Box::new([0; LANES]) }
    }

    /// Adds the `rows` rows of the last piece of `columns`.
    pub(super) fn add(&mut self, columns: &[OpenColumn], rows: usize) {
        let tasks: Vec<usize> = (0..rows).step_by(ROWS_PER_TASK).collect();
        let sums: Vec<Box<[u16; LANES]>> = tasks
            .into_par_iter()
            .map(|first| {
                let mut sum = Box::new([0; LANES]);
                let mut output = [0; 2 * LANES];
                for row in first..rows.min(first + ROWS_PER_TASK) {
                    row_hasher(&self.start, columns, row).fill(&mut output);
                    for (lane, bytes) in sum.iter_mut().zip(output.as_chunks::<2>().0) {
                        *lane = u16::wrapping_add(*lane, u16::from_le_bytes(*bytes));
                    }
                }
                sum
            })
            .collect();
        for sum in sums {
            for (lane, more) in self.lanes.iter_mut().zip(sum.iter()) {
                *lane = lane.wrapping_add(*more);
            }
        }
    }

    pub(super) fn finish(&self, rows: u64) -> [u8; 32] {
        let mut hasher = ContextHasher::new(context::ROW_SET);
        hasher.update(&self.schema);
        hasher.update(&rows.to_le_bytes());
        for lane in self.lanes.iter() {
            hasher.update(&lane.to_le_bytes());
        }
        hasher.finish()
    }
}

/// The digest of each row of `frame` over the declared `columns`, 16 bytes each, in the order of the rows.
///
/// Two rows have one digest exactly when all declared cells are equal, in whatever format their tables were stored; names and
/// types are part of the digest, so rows of tables declared otherwise never agree. For the overlap of training and test data,
/// declare features only: an identifier, a time or a split column makes every row unique.
///
/// # Errors
///
/// - [`Error::ColumnTwice`], [`Error::ColumnMissing`], [`Error::TypeDiffers`]: the frame does not fit the declaration.
/// - [`Error::Cell`]: one value cannot be hashed under its declared type.
///
/// ```
/// use driftledger::dataset::tdh1::{LogicalType, row_digests};
/// use polars::prelude::*;
///
/// let columns = [("age".to_owned(), LogicalType::Int), ("sex".to_owned(), LogicalType::Utf8)];
/// let rows = row_digests(&df!("age" => [41i64, 67, 41], "sex" => ["f", "m", "f"])?, &columns)?;
/// assert_eq!(rows[0], rows[2]);
/// assert_ne!(rows[0], rows[1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn row_digests(frame: &DataFrame, columns: &[(String, LogicalType)]) -> Result<Vec<[u8; 16]>> {
    if let Some(column) = name_twice(columns) {
        return Err(Error::ColumnTwice { column: column.to_owned() });
    }
    let mut columns: Vec<OpenColumn> =
        columns.iter().map(|(name, logical)| OpenColumn::new(name, logical)).collect();
    let start = start(&schema_digest(&columns.iter().collect::<Vec<_>>()));
    let stored = columns.iter().map(|column| column.find(frame)).collect::<Result<Vec<_>>>()?;
    let mut digests = Vec::with_capacity(frame.height());
    while digests.len() < frame.height() {
        let length = (BLOCK_ROWS as usize).min(frame.height() - digests.len());
        encode_piece(&mut columns, &stored, digests.len(), length)?;
        digests.par_extend((0..length).into_par_iter().map(|row| {
            let mut digest = [0; 16];
            row_hasher(&start, &columns, row).fill(&mut digest);
            digest
        }));
    }
    Ok(digests)
}

fn encode_piece(
    columns: &mut [OpenColumn],
    stored: &[&Series],
    offset: usize,
    length: usize,
) -> Result<()> {
    let from = i64::try_from(offset).unwrap_or(i64::MAX);
    let outcomes: Vec<Result<()>> = columns
        .par_iter_mut()
        .zip(stored.par_iter())
        .map(|(column, stored)| {
            column.open_block();
            column.encode(&stored.slice(from, length), offset as u64, true)
        })
        .collect();
    outcomes.into_iter().collect()
}
