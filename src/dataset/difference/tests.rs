//! What two digests say about two tables, and what their rows add.

use super::*;
use crate::dataset::fingerprint::{RowSet, digest_table};
use crate::dataset::infer::infer;
use std::fmt::Write as _;
use std::path::Path;

struct Table {
    file: TableFile,
    schema: TableSchema,
    digest: TableDigest,
}

impl Table {
    fn new(folder: &Path, name: &str, text: &str) -> Self {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        let file = TableFile::open(&path, None).unwrap();
        let schema = infer(&file).unwrap();
        let digest = digest_table(&file, &schema, RowSet::Yes).unwrap();
        Self { file, schema, digest }
    }

    fn known(&self) -> Known<'_> {
        (&self.file, &self.schema, &self.digest)
    }
}

/// `rows` rows of `n`, `t`; the value in `n` of row `edited` (from 1) is -1.
fn rows(rows: u64, edited: &[u64]) -> String {
    let mut text = "n,t\n".to_owned();
    for row in 1..=rows {
        let n = if edited.contains(&row) { -1 } else { i64::try_from(row % 1000).unwrap() };
        let _ = writeln!(text, "{n},{}", ["a", "b", "c"][(row % 3) as usize]);
    }
    text
}

#[test]
fn one_edited_cell_is_one_block_of_one_column_and_then_that_cell() {
    let folder = tempfile::tempdir().unwrap();
    let before = Table::new(folder.path(), "a.csv", &rows(200_000, &[]));
    let after = Table::new(folder.path(), "b.csv", &rows(200_000, &[131_072, 131_073]));
    let difference = TableDifference::between(&before.digest, &after.digest);
    assert!(!difference.same && difference.schema.is_empty());
    assert_eq!(difference.same_rows, Some(false));
    let [changed] = difference.columns.as_slice() else { panic!("{difference:?}") };
    assert_eq!(changed.column, "n");
    assert_eq!(changed.rows, [RowRange { first: 65_537, last: 196_608 }]);
    let exact = exact_difference(before.known(), after.known()).unwrap();
    assert_eq!((exact.rows_only_before, exact.rows_only_after, exact.cells), (2, 2, 2));
    assert_eq!(exact.first_only_after, [131_072, 131_073]);
    let cell = |row: u64, before: &str| ChangedCell {
        row,
        column: "n".to_owned(),
        before: before.to_owned(),
        after: "-1".to_owned(),
    };
    assert_eq!(exact.first_cells, [cell(131_072, "72"), cell(131_073, "73")]);
    assert_eq!(exact.blocks_left_out, 0);
}

#[test]
fn an_inserted_row_shifts_every_later_block_but_is_one_row() {
    let folder = tempfile::tempdir().unwrap();
    let text = rows(70_000, &[]);
    let before = Table::new(folder.path(), "a.csv", &text);
    let longer = text.replacen("2,c\n", "2,c\n7777,zzz\n", 1);
    let after = Table::new(folder.path(), "b.csv", &longer);
    let difference = TableDifference::between(&before.digest, &after.digest);
    assert_eq!((difference.rows_before, difference.rows_after), (70_000, 70_001));
    assert_eq!(difference.columns[0].rows, [RowRange { first: 1, last: 70_001 }]);
    let exact = exact_difference(before.known(), after.known()).unwrap();
    assert_eq!((exact.rows_only_before, exact.rows_only_after), (0, 1));
    assert_eq!(exact.first_only_after, [3]);
    assert!(exact.cells > 100 && exact.first_cells.len() == LISTED_MAX);
    assert!(exact.first_cells.iter().all(|cell| cell.row >= 3));
}

#[test]
fn columns_that_come_go_change_name_type_or_place_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let before = Table::new(folder.path(), "a.csv", "a,b,c,d,e\n1,x,1,5,2\n2,y,2,6,3\n");
    let after = Table::new(folder.path(), "b.csv", "d,a,c,renamed,f\n5,1,1.5,x,0\n6,2,2,y,0\n");
    let difference = TableDifference::between(&before.digest, &after.digest);
    let named = |column: &str| column.to_owned();
    assert_eq!(
        difference.schema,
        [
            SchemaChange::Renamed { column: named("b"), to: named("renamed") },
            SchemaChange::Removed { column: named("e") },
            SchemaChange::Added { column: named("f") },
            SchemaChange::Retyped {
                column: named("c"),
                before: LogicalType::Int,
                after: LogicalType::Float
            },
            SchemaChange::Reordered,
        ]
    );
    assert!(difference.columns.is_empty(), "what stayed has the same values");
}

#[test]
fn the_same_rows_in_another_order_are_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let before = Table::new(folder.path(), "a.csv", "a,b\n1,x\n2,y\n1,x\n");
    let after = Table::new(folder.path(), "b.csv", "a,b\n2,y\n1,x\n1,x\n");
    let difference = TableDifference::between(&before.digest, &after.digest);
    assert_eq!((difference.same, difference.same_rows), (false, Some(true)));
    let exact = exact_difference(before.known(), after.known()).unwrap();
    assert_eq!((exact.rows_only_before, exact.rows_only_after), (0, 0));
    assert_eq!(exact.cells, 4);
    let once = Table::new(folder.path(), "c.csv", "a,b\n2,y\n1,x\n");
    let exact = exact_difference(before.known(), once.known()).unwrap();
    assert_eq!((exact.rows_only_before, exact.first_only_before), (1, vec![3]), "rows are counted");
    assert!(TableDifference::between(&before.digest, &before.digest).same);
}
