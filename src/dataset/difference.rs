//! What differs between two tables: schema, columns and blocks of rows from their digests alone; cells and rows where both are
//! at hand.

use super::error::{Error, Result};
use super::reader::TableFile;
use super::schema::TableSchema;
use super::tdh1::{BLOCK_ROWS, ColumnDigest, LogicalType, TableDigest, row_digests};
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Most cells and rows that are listed; all are counted.
pub const LISTED_MAX: usize = 100;
/// Most blocks of a column that are compared cell by cell: each keeps 1 MiB in memory.
const CELL_BLOCKS_MAX: usize = 256;

/// How a column of one table stands to the other table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum SchemaChange {
    /// Only the second table has it.
    Added {
        /// Column name.
        column: String,
    },
    /// Only the first table has it.
    Removed {
        /// Column name.
        column: String,
    },
    /// The same values under another name.
    Renamed {
        /// Name in the first table.
        column: String,
        /// Name in the second.
        to: String,
    },
    /// Another type of values.
    Retyped {
        /// Column name.
        column: String,
        /// Type in the first table.
        before: LogicalType,
        /// Type in the second.
        after: LogicalType,
    },
    /// The columns both tables have stand in another order.
    Reordered,
}

/// Rows, counted from 1, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RowRange {
    /// First row.
    pub first: u64,
    /// Last row.
    pub last: u64,
}

/// A column that both tables have, with other values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChangedColumn {
    /// Column name.
    pub column: String,
    /// Blocks of 65 536 rows that changed, neighbours joined; all other rows are the same.
    pub rows: Vec<RowRange>,
    /// Missing values before.
    pub nulls_before: u64,
    /// Missing values after.
    pub nulls_after: u64,
}

/// What differs between two tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TableDifference {
    /// Whether both hold the same values, rows and columns in the same order.
    pub same: bool,
    /// `tdh1` of the first table.
    pub before: String,
    /// `tdh1` of the second table.
    pub after: String,
    /// Rows of the first table.
    pub rows_before: u64,
    /// Rows of the second table.
    pub rows_after: u64,
    /// Columns that came, went, or are otherwise declared.
    pub schema: Vec<SchemaChange>,
    /// Columns with other values.
    pub columns: Vec<ChangedColumn>,
    /// Whether both hold the same rows in another order; known only where both digests of the rows in any order are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_rows: Option<bool>,
}

impl TableDifference {
    /// Compares two digests.
    pub fn between(before: &TableDigest, after: &TableDigest) -> Self {
        let find = |table: &TableDigest, name: &str| {
            table.columns.iter().find(|column| column.name == name).cloned()
        };
        let columns = before
            .columns
            .iter()
            .filter_map(|old| Some((old, find(after, &old.name)?)))
            .filter(|(old, new)| old.logical_type == new.logical_type && old.digest != new.digest)
            .map(|(old, new)| changed_column(old, &new, before.rows.max(after.rows)))
            .collect();
        Self {
            same: before.table == after.table,
            before: before.table.clone(),
            after: after.table.clone(),
            rows_before: before.rows,
            rows_after: after.rows,
            schema: schema_changes(&before.columns, &after.columns),
            columns,
            same_rows: before.row_set.as_ref().zip(after.row_set.as_ref()).map(|(a, b)| a == b),
        }
    }

    /// What the digests say, a sentence a line.
    pub fn sentences(&self) -> Vec<String> {
        let TableDifference { same, before, after, rows_before, rows_after, same_rows, .. } = self;
        if *same {
            return vec![format!("the same table: {rows_before} rows, tdh1 {before}")];
        }
        let mut lines = vec![format!("tdh1 {before}"), format!("  →  {after}")];
        if rows_before != rows_after {
            lines.push(format!("{rows_before} rows → {rows_after} rows"));
        }
        if *same_rows == Some(true) {
            lines.push("the same rows in another order".to_owned());
        }
        lines.extend(self.schema.iter().map(|change| match change {
            SchemaChange::Added { column } => format!("column `{column}` was added"),
            SchemaChange::Removed { column } => format!("column `{column}` was removed"),
            SchemaChange::Renamed { column, to } => {
                format!("column `{column}` was renamed to `{to}`, its values are the same")
            }
            SchemaChange::Retyped { column, before, after } => {
                format!("column `{column}` was {before} and is {after}")
            }
            SchemaChange::Reordered => "the columns stand in another order".to_owned(),
        }));
        lines.extend(self.columns.iter().map(changed));
        lines
    }
}

fn changed(column: &ChangedColumn) -> String {
    let ranges: Vec<String> =
        column.rows.iter().map(|RowRange { first, last }| format!("{first}–{last}")).collect();
    let nulls = if column.nulls_before == column.nulls_after {
        String::new()
    } else {
        format!(" (missing values {} → {})", column.nulls_before, column.nulls_after)
    };
    format!("column `{}` changed, only in rows {}{nulls}", column.column, ranges.join(", "))
}

fn schema_changes(before: &[ColumnDigest], after: &[ColumnDigest]) -> Vec<SchemaChange> {
    let only_in = |these: &[ColumnDigest], others: &[ColumnDigest]| -> Vec<ColumnDigest> {
        let missing = |c: &&ColumnDigest| !others.iter().any(|other| other.name == c.name);
        these.iter().filter(missing).cloned().collect()
    };
    let mut changes = Vec::new();
    let mut added = only_in(after, before);
    for gone in only_in(before, after) {
        let column = gone.name;
        // The digest of a column does not hold its name.
        changes.push(match added.iter().position(|new| new.digest == gone.digest) {
            Some(at) => SchemaChange::Renamed { column, to: added.remove(at).name },
            None => SchemaChange::Removed { column },
        });
    }
    changes.extend(added.into_iter().map(|new| SchemaChange::Added { column: new.name }));
    let of = |name: &str| after.iter().find(|column| column.name == name);
    for old in before {
        if let Some(new) = of(&old.name)
            && old.logical_type != new.logical_type
        {
            changes.push(SchemaChange::Retyped {
                column: old.name.clone(),
                before: old.logical_type.clone(),
                after: new.logical_type.clone(),
            });
        }
    }
    let shared = |these: &[ColumnDigest], others: &[ColumnDigest]| -> Vec<String> {
        let both = |c: &&ColumnDigest| others.iter().any(|other| other.name == c.name);
        these.iter().filter(both).map(|column| column.name.clone()).collect()
    };
    if shared(before, after) != shared(after, before) {
        changes.push(SchemaChange::Reordered);
    }
    changes
}

fn changed_column(before: &ColumnDigest, after: &ColumnDigest, rows_max: u64) -> ChangedColumn {
    let blocks = before.blocks.len().max(after.blocks.len());
    let mut rows: Vec<RowRange> = Vec::new();
    for block in (0..blocks).filter(|&b| before.blocks.get(b) != after.blocks.get(b)) {
        let first = block as u64 * u64::from(BLOCK_ROWS) + 1;
        let last = (first - 1 + u64::from(BLOCK_ROWS)).min(rows_max);
        match rows.last_mut() {
            Some(range) if range.last + 1 == first => range.last = last,
            _ => rows.push(RowRange { first, last }),
        }
    }
    ChangedColumn {
        column: before.name.clone(),
        rows,
        nulls_before: before.nulls,
        nulls_after: after.nulls,
    }
}

/// One cell that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChangedCell {
    /// Row, counted from 1.
    pub row: u64,
    /// Column name.
    pub column: String,
    /// Value in the first table.
    pub before: String,
    /// Value in the second table.
    pub after: String,
}

/// What the rows themselves tell, over the columns that both tables have with one type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExactDifference {
    /// Rows of the first table that the second does not hold, wherever they stand; repeated rows are counted.
    pub rows_only_before: u64,
    /// Rows of the second table that the first does not hold.
    pub rows_only_after: u64,
    /// Numbers of the first of those rows, counted from 1.
    pub first_only_before: Vec<u64>,
    /// Numbers of the first of those rows, counted from 1.
    pub first_only_after: Vec<u64>,
    /// Cells that differ between rows of the same number, up to the end of the shorter table.
    pub cells: u64,
    /// The first of them, by row.
    pub first_cells: Vec<ChangedCell>,
    /// Blocks of a column that changed and were not compared cell by cell, because there are too many.
    pub blocks_left_out: u64,
}

/// A table, the declaration it is read under, and its digest.
pub type Known<'a> = (&'a TableFile, &'a TableSchema, &'a TableDigest);

/// Compares two tables row by row and, in the blocks that their digests say have changed, cell by cell.
///
/// # Errors
///
/// Those of [`TableFile::for_each_typed_chunk`].
pub fn exact_difference(before: Known<'_>, after: Known<'_>) -> Result<ExactDifference> {
    let of = |table: &TableDigest| -> Columns {
        table.columns.iter().map(|c| (c.name.clone(), c.logical_type.clone())).collect()
    };
    let other = of(after.2);
    let shared: Columns = of(before.2).into_iter().filter(|c| other.contains(c)).collect();
    let difference = TableDifference::between(before.2, after.2);
    let (before, after) = ((before.0, before.1), (after.0, after.1));
    let mut exact = ExactDifference::default();
    compare_rows(before, after, &shared, &mut exact)?;
    compare_cells(before, after, (&shared, &difference), &mut exact)?;
    Ok(exact)
}

type Declared<'a> = (&'a TableFile, &'a TableSchema);
type Columns = Vec<(String, LogicalType)>;

fn digest_error(e: super::tdh1::Error) -> Error {
    Error::Digest { detail: e.to_string() }
}

/// The digest of every row over `columns`.
fn digests_of((file, schema): Declared<'_>, columns: &Columns) -> Result<Vec<[u8; 16]>> {
    let mut digests = Vec::new();
    file.for_each_typed_chunk(schema, |_, frame| {
        digests.extend(row_digests(frame, columns).map_err(digest_error)?);
        Ok(())
    })?;
    Ok(digests)
}

fn compare_rows(
    before: Declared<'_>,
    after: Declared<'_>,
    columns: &Columns,
    exact: &mut ExactDifference,
) -> Result<()> {
    let (before, after) = (digests_of(before, columns)?, digests_of(after, columns)?);
    let surplus = |these: &[[u8; 16]], others: &[[u8; 16]]| -> HashMap<[u8; 16], u64> {
        let (mut these, mut others) = (these.to_vec(), others.to_vec());
        these.sort_unstable();
        others.sort_unstable();
        let mut others = others.into_iter().peekable();
        let mut only = HashMap::new();
        for digest in these {
            while others.next_if(|other| *other < digest).is_some() {}
            if others.next_if_eq(&digest).is_none() {
                *only.entry(digest).or_insert(0) += 1;
            }
        }
        only
    };
    let numbers = |rows: &[[u8; 16]], mut only: HashMap<[u8; 16], u64>| {
        let mut numbers = Vec::new();
        // Of rows that repeat, the last ones are the surplus.
        for (row, digest) in rows.iter().enumerate().rev() {
            if let Some(left @ 1..) = only.get_mut(digest) {
                *left -= 1;
                numbers.push(row as u64 + 1);
            }
        }
        numbers.reverse();
        let count = numbers.len() as u64;
        numbers.truncate(LISTED_MAX);
        (count, numbers)
    };
    (exact.rows_only_before, exact.first_only_before) = numbers(&before, surplus(&before, &after));
    (exact.rows_only_after, exact.first_only_after) = numbers(&after, surplus(&after, &before));
    Ok(())
}

/// Cells of one column, one digest a row, from the first row of the block on.
type BlockCells = BTreeMap<(usize, u64), Vec<[u8; 16]>>;

fn compare_cells(
    before: Declared<'_>,
    after: Declared<'_>,
    (columns, difference): (&Columns, &TableDifference),
    exact: &mut ExactDifference,
) -> Result<()> {
    let mut wanted = BlockCells::new();
    for changed in &difference.columns {
        let Some(column) = columns.iter().position(|(name, _)| *name == changed.column) else {
            continue;
        };
        for range in &changed.rows {
            let blocks = (range.first - 1) / u64::from(BLOCK_ROWS)
                ..range.last.div_ceil(u64::from(BLOCK_ROWS));
            for block in blocks {
                if wanted.len() < CELL_BLOCKS_MAX {
                    wanted.insert((column, block), Vec::new());
                } else {
                    exact.blocks_left_out += 1;
                }
            }
        }
    }
    for_each_cell(before, columns, &mut wanted, |cells, cell| cells.push(cell.digest))?;
    let mut found: Vec<(u64, usize, String)> = Vec::new();
    for_each_cell(after, columns, &mut wanted, |cells, cell| {
        let place = ((cell.row - 1) % u64::from(BLOCK_ROWS)) as usize;
        if cells.get(place).is_some_and(|old| *old != cell.digest) {
            exact.cells += 1;
            found.push((cell.row, cell.column, cell.value()));
            if found.len() > 2 * LISTED_MAX {
                found.sort();
                found.truncate(LISTED_MAX);
            }
        }
    })?;
    found.sort();
    found.truncate(LISTED_MAX);
    let mut old = BTreeMap::new();
    for_each_cell(before, columns, &mut wanted, |_, cell| {
        if found.iter().any(|(row, column, _)| (*row, *column) == (cell.row, cell.column)) {
            old.insert((cell.row, cell.column), cell.value());
        }
    })?;
    exact.first_cells = found
        .into_iter()
        .map(|(row, column, after)| ChangedCell {
            row,
            column: columns[column].0.clone(),
            before: old.remove(&(row, column)).unwrap_or_default(),
            after,
        })
        .collect();
    Ok(())
}

/// A cell on its way past.
struct Passing<'a> {
    row: u64,
    column: usize,
    digest: [u8; 16],
    frame: &'a DataFrame,
    name: &'a str,
    index: usize,
}

impl Passing<'_> {
    /// The value as text.
    fn value(&self) -> String {
        let column = self.frame.column(self.name).ok();
        column.and_then(|c| c.get(self.index).ok()).map_or_else(String::new, |v| v.to_string())
    }
}

/// Calls `visit` for every cell in the blocks of `wanted`.
fn for_each_cell(
    (file, schema): Declared<'_>,
    columns: &Columns,
    wanted: &mut BlockCells,
    mut visit: impl FnMut(&mut Vec<[u8; 16]>, Passing<'_>),
) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    file.for_each_typed_chunk(schema, |first_row, frame| {
        let last_row = first_row + frame.height() as u64 - 1;
        for ((column, block), cells) in &mut *wanted {
            let start = block * u64::from(BLOCK_ROWS) + 1;
            let from = start.max(first_row);
            let to = (start - 1 + u64::from(BLOCK_ROWS)).min(last_row);
            if from > to {
                continue;
            }
            let declared = std::slice::from_ref(&columns[*column]);
            let name = declared[0].0.as_str();
            let offset = i64::try_from(from - first_row).unwrap_or(i64::MAX);
            let piece = frame.select([name])?.slice(offset, (to - from + 1) as usize);
            for (index, digest) in
                row_digests(&piece, declared).map_err(digest_error)?.into_iter().enumerate()
            {
                let row = from + index as u64;
                let cell = Passing { row, column: *column, digest, frame: &piece, name, index };
                visit(cells, cell);
            }
        }
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests;
