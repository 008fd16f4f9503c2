//! Which blocks of a table an inspector gets to see, and the cells in them.
//!
//! The selection follows from a checkpoint, the table and the number of blocks, so that neither who asks nor who answers picks it.

use super::fold;
use super::logical_type::{LogicalType, write_name};
use super::table::{BLOCK_ROWS, OpenColumn, TableDigest};
use super::{Result, context};
use crate::digest::ContextHasher;
use polars::prelude::DataFrame;
use std::collections::BTreeSet;

/// A block of one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Block of rows, from 0.
    pub block: u64,
    /// Column in declared order, from 0.
    pub column: usize,
}

impl Place {
    /// The rows of the block in a table of `rows` rows: the first, counted from 1, and how many.
    pub fn rows(self, rows: u64) -> (u64, u64) {
        let before = self.block.saturating_mul(BLOCK_ROWS.into());
        (before + 1, rows.saturating_sub(before).min(BLOCK_ROWS.into()))
    }
}

/// The blocks that `count`, the table and a checkpoint (its signed text) select, by block, then column; all when there are fewer.
pub fn selected(table: &TableDigest, checkpoint: &str, count: u64) -> BTreeSet<Place> {
    let columns = table.columns.len() as u64;
    let all = table.rows.div_ceil(BLOCK_ROWS.into()) * columns;
    let count = count.min(all);
    let mut seed = Vec::new();
    write_name(checkpoint, &mut seed);
    seed.extend(hex::decode(&table.table).unwrap_or_default());
    seed.extend(count.to_le_bytes());
    // Numbers at the upper end would make the first blocks more likely.
    let fair = |number: &u64| all > 0 && *number <= u64::MAX - (u64::MAX % all + 1) % all;
    let mut places = BTreeSet::new();
    let mut hasher = ContextHasher::new(context::SAMPLE);
    let mut numbers = hasher.update(&seed).numbers().filter(fair);
    while (places.len() as u64) < count {
        let Some(number) = numbers.next() else { break };
        let (block, column) = (number % all / columns, number % all % columns);
        places.insert(Place { block, column: usize::try_from(column).unwrap_or(usize::MAX) });
    }
    places
}

/// The cells of the column `name` in `frame`, whose first row is row `first_row` of the table, counted from 0.
///
/// # Errors
///
/// Those of [`TableHasher::update`](super::TableHasher::update).
pub fn encode_cells(
    frame: &DataFrame,
    (name, logical_type): (&str, &LogicalType),
    first_row: u64,
) -> Result<Vec<u8>> {
    let mut column = OpenColumn::new(name, logical_type);
    let stored = column.find(frame)?.clone();
    column.encode(&stored, first_row, false)?;
    Ok(column.into_cells())
}

/// D of a block of `rows` rows whose cells are `cells`, in hexadecimal digits.
pub fn block_digest(logical_type: &LogicalType, rows: u64, cells: &[u8]) -> String {
    let head = [logical_type.to_bytes(), rows.to_le_bytes().to_vec()].concat();
    hex::encode(fold::block(&[&head, cells].concat()))
}

#[cfg(test)]
mod tests {
    use super::super::TableHasher;
    use super::*;
    use polars::prelude::df;

    fn table(rows: usize) -> (DataFrame, TableDigest) {
        let numbers: Vec<u64> = (0..rows as u64).collect();
        let texts: Vec<Option<&str>> = (0..rows).map(|row| (row % 3 > 0).then_some("x")).collect();
        let frame = df!("n" => numbers, "t" => texts).unwrap();
        let columns = [("n".to_owned(), LogicalType::Int), ("t".to_owned(), LogicalType::Utf8)];
        let mut hasher = TableHasher::new(&columns);
        hasher.update(&frame).unwrap();
        (frame, hasher.finish())
    }

    #[test]
    fn the_digest_of_encoded_cells_is_that_of_the_block() {
        let (frame, digest) = table(70_000);
        for place in selected(&digest, "any", 4) {
            let (first, rows) = place.rows(digest.rows);
            let column = &digest.columns[place.column];
            let piece = frame.slice(first.cast_signed() - 1, rows as usize);
            let named = (column.name.as_str(), &column.logical_type);
            let cells = encode_cells(&piece, named, first - 1).unwrap();
            let found = block_digest(&column.logical_type, rows, &cells);
            assert_eq!(found, column.blocks[place.block as usize]);
            assert_ne!(block_digest(&column.logical_type, rows - 1, &cells), found);
        }
    }

    #[test]
    fn everything_that_goes_into_the_seed_moves_the_selection() {
        let (_, mut digest) = table(10);
        digest.rows = 200 * u64::from(BLOCK_ROWS);
        let first = selected(&digest, "a\n1\nx\n", 20);
        assert_eq!(first.len(), 20);
        assert_eq!(first, selected(&digest, "a\n1\nx\n", 20));
        assert_ne!(first, selected(&digest, "a\n2\nx\n", 20));
        assert!(!selected(&digest, "a\n1\nx\n", 21).is_superset(&first));
        digest.table = "00".repeat(32);
        assert_ne!(first, selected(&digest, "a\n1\nx\n", 20));
        assert_eq!(selected(&digest, "", 1_000).len(), 400, "all there are");
        assert_eq!(selected(&digest, "", 0).len(), 0);
        digest.rows = 0;
        assert_eq!(selected(&digest, "", 5).len(), 0);
    }

    #[test]
    fn every_block_is_as_likely_as_any_other() {
        let (_, mut digest) = table(10);
        digest.rows = 5 * u64::from(BLOCK_ROWS);
        let mut drawn = [[0u32; 2]; 5];
        for round in 0..2_000 {
            for place in selected(&digest, &round.to_string(), 3) {
                drawn[place.block as usize][place.column] += 1;
            }
        }
        // 600 expected, standard deviation 20.5.
        assert!(drawn.iter().flatten().all(|n| (510..690).contains(n)), "{drawn:?}");
    }
}
