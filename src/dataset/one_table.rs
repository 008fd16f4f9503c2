//! One table, nine files: polars, pyarrow and pandas each wrote it as Parquet, Arrow and CSV, and all have one table digest.
//!
//! `tests/fixtures/one_table/make.py` wrote the files; a program that shares no code with this one computed what is expected.

use super::fingerprint::fingerprint;
use super::reader::TableFile;
use super::schema::TableSchema;
use super::tdh1::TableDigest;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/one_table").join(name)
}

fn schema() -> TableSchema {
    TableSchema::parse(&std::fs::read(fixture("schema.json")).unwrap()).unwrap()
}

fn digest(name: &str, schema: &TableSchema) -> TableDigest {
    let file = TableFile::open(&fixture(name), None).unwrap();
    fingerprint(&file, schema, |_bytes| ()).unwrap_or_else(|e| panic!("{name}: {e}")).table
}

fn expected() -> TableDigest {
    serde_json::from_slice(&std::fs::read(fixture("expected.json")).unwrap()).unwrap()
}

#[test]
fn three_libraries_and_three_formats_have_one_digest() {
    for library in ["polars", "pyarrow"] {
        for format in ["parquet", "arrow", "csv"] {
            let name = format!("{library}.{format}");
            assert_eq!(digest(&name, &schema()), expected(), "{name}");
        }
    }
    for name in ["pandas.parquet", "pandas.arrow"] {
        assert_eq!(digest(name, &schema()), expected(), "{name}");
    }
}

#[test]
fn a_file_that_spells_null_as_a_word_agrees_once_the_word_is_declared() {
    let mut declared = schema();
    for column in &mut declared.columns {
        column.null_tokens.push("NA".to_owned());
    }
    assert_eq!(digest("pandas.csv", &declared), expected());
    let file = TableFile::open(&fixture("pandas.csv"), None).unwrap();
    let refused = fingerprint(&file, &schema(), |_bytes| ()).unwrap_err().to_string();
    assert!(refused.contains("NA"), "{refused}");
}

#[test]
fn the_bytes_of_the_nine_files_differ() {
    let mut seen = std::collections::BTreeSet::new();
    for library in ["polars", "pyarrow", "pandas"] {
        for format in ["parquet", "arrow", "csv"] {
            assert!(seen.insert(std::fs::read(fixture(&format!("{library}.{format}"))).unwrap()));
        }
    }
}
