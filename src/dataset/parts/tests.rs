//! A table in many files is the table they make together.

use crate::dataset::error::Error;
use crate::dataset::fingerprint::{digest_list, fingerprint};
use crate::dataset::infer::infer;
use crate::dataset::reader::{CHUNK_ROWS, TableFile};
use crate::dataset::schema::{CsvContract, ValueType};
use polars::prelude::*;
use std::fs::File;
use std::path::Path;

fn frame(first: i64, rows: i64) -> DataFrame {
    let n: Vec<i64> = (first..first + rows).collect();
    let t: Vec<String> = n.iter().map(|n| format!("v{}", n % 13)).collect();
    df!("n" => n, "t" => t).unwrap()
}

fn write(path: &Path, mut frame: DataFrame) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    ParquetWriter::new(File::create(path).unwrap()).finish(&mut frame).unwrap();
}

#[test]
fn a_folder_a_pattern_and_one_file_of_the_same_rows_have_one_table_digest() {
    let folder = tempfile::tempdir().unwrap();
    let sizes = [100_000, 1, 65_536, 777];
    let mut first = 0;
    for (index, rows) in sizes.into_iter().enumerate() {
        let mut part = frame(first, rows);
        if index == 2 {
            // Another width and another order of columns: still parts of one table.
            let narrow = part.column("n").unwrap().cast(&DataType::Int32).unwrap();
            part.with_column(narrow).unwrap();
            part = part.select(["t", "n"]).unwrap();
        }
        write(&folder.path().join(format!("parts/part-{index}.parquet")), part);
        first += rows;
    }
    std::fs::write(folder.path().join("parts/_SUCCESS"), "").unwrap();
    write(&folder.path().join("whole.parquet"), frame(0, first));
    let whole = TableFile::open(&folder.path().join("whole.parquet"), None).unwrap();
    let schema = infer(&whole).unwrap();
    let one = fingerprint(&whole, &schema, |_| ()).unwrap();
    for path in ["parts", "parts/*.parquet", "**/part-?.parquet"] {
        let many = TableFile::open(&folder.path().join(path), None).unwrap();
        assert_eq!(infer(&many).unwrap(), schema, "{path}");
        let mut read = 0;
        let print = fingerprint(&many, &schema, |bytes| read += bytes).unwrap();
        assert_eq!(print.table, one.table, "{path}");
        assert_eq!((print.files.len(), print.content.bytes), (4, read));
        assert_eq!(print.content, digest_list(&print.files).unwrap());
        let mut heights = Vec::new();
        many.for_each_chunk(&CsvContract::default(), |_, chunk| {
            heights.push(chunk.height());
            Ok(())
        })
        .unwrap();
        let (_last, full) = heights.split_last().unwrap();
        assert!(full.iter().all(|&rows| rows == CHUNK_ROWS), "{heights:?}");
    }
    assert!(one.files.is_empty() && !serde_json::to_string(&one).unwrap().contains("files"));
}

#[test]
fn folders_of_a_partitioned_table_become_columns() {
    let folder = tempfile::tempdir().unwrap();
    for (part, first) in [("site=Basel/year=2023", 0), ("site=Cork/year=2024", 10)] {
        write(&folder.path().join(part).join("0.parquet"), frame(first, 10));
    }
    let missing = "site=__HIVE_DEFAULT_PARTITION__/year=2024/0.parquet";
    write(&folder.path().join(missing), frame(20, 10));
    let table = TableFile::open(folder.path(), None).unwrap();
    let schema = infer(&table).unwrap();
    let types: Vec<(&str, ValueType)> =
        schema.columns.iter().map(|c| (c.name.as_str(), c.value_type)).collect();
    assert_eq!(
        types,
        [
            ("n", ValueType::Int),
            ("t", ValueType::Text),
            ("site", ValueType::Text),
            ("year", ValueType::Int)
        ]
    );
    let print = fingerprint(&table, &schema, |_| ()).unwrap();
    assert_eq!((print.rows, print.table.columns[2].nulls), (30, 10));
    // The same table in one file, in the order of the files' names.
    let n = || col("n");
    let whole = frame(0, 30)
        .lazy()
        .with_columns([
            when(n().gt_eq(lit(20)))
                .then(lit(NULL))
                .when(n().lt(lit(10)))
                .then(lit("Basel"))
                .otherwise(lit("Cork"))
                .alias("site"),
            when(n().lt(lit(10))).then(lit(2023i64)).otherwise(lit(2024i64)).alias("year"),
        ])
        .collect()
        .unwrap();
    let other = tempfile::tempdir().unwrap();
    write(&other.path().join("whole.parquet"), whole);
    let one = TableFile::open(&other.path().join("whole.parquet"), None).unwrap();
    assert_eq!(fingerprint(&one, &schema, |_| ()).unwrap().table, print.table);
}

#[test]
fn files_that_are_no_parts_of_one_table_are_refused_with_both_names() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, other: &dyn Fn(&Path)| {
        let folder = folder.path().join(name);
        write(&folder.join("a.parquet"), frame(0, 10));
        other(&folder);
        let table = match TableFile::open(&folder, None) {
            Ok(table) => table,
            Err(refused) => return refused.to_string(),
        };
        let refused = table.for_each_chunk(&CsvContract::default(), |_, _| Ok(())).unwrap_err();
        assert!(matches!(refused, Error::PartsDiffer { .. }), "{refused:?}");
        refused.to_string()
    };
    let csv = refused("format", &|f| std::fs::write(f.join("b.csv"), "n,t\n1,x\n").unwrap());
    assert!(csv.contains("b.csv") && csv.contains("CSV") && csv.contains("a.parquet"), "{csv}");
    let missing = refused("missing", &|f| {
        write(&f.join("b.parquet"), frame(0, 10).select(["n"]).unwrap());
    });
    assert!(missing.contains("no column `t`"), "{missing}");
    let more = refused("more", &|f| {
        let frame = df!("n" => [1i64], "t" => ["x"], "u" => [1i64]).unwrap();
        write(&f.join("b.parquet"), frame);
    });
    assert!(more.contains("column `u`"), "{more}");
    let typed = refused("typed", &|f| {
        write(&f.join("b.parquet"), df!("n" => ["1"], "t" => ["x"]).unwrap());
    });
    assert!(typed.contains("column `n` is str there and i64"), "{typed}");
    let folders = refused("folders", &|f| write(&f.join("k=1/b.parquet"), frame(0, 10)));
    assert!(folders.contains("folders state"), "{folders}");
    let unknown = refused("unknown", &|f| std::fs::write(f.join("notes.txt"), "x").unwrap());
    assert!(unknown.contains("notes.txt"), "{unknown}");
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let empty = TableFile::open(&folder.path().join("empty"), None).unwrap_err().to_string();
    assert!(empty.contains("no file"), "{empty}");
}
