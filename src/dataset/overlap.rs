//! How many rows of one table stand in another too: the same values in the same columns, by row digest.

use super::error::{Error, Result};
use super::reader::TableFile;
use super::schema::{Role, TableSchema};
use super::tdh1::{LogicalType, row_digests};
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};

/// Rows are compared by their 16-byte digests; the chance that any two different rows of 10^9 agree is below 2·10^-21.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowKeys(Vec<[u8; 16]>);

/// How many rows two tables have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Common {
    /// Rows of the first table that the second holds.
    pub rows_first: u64,
    /// Rows of the second table that the first holds.
    pub rows_second: u64,
    /// Different rows that both hold.
    pub distinct: u64,
}

/// Names of the columns with role `feature`: what two rows must agree in to be one. An id, a time or a label would make every
/// row its own.
pub fn features(schema: &TableSchema) -> Vec<String> {
    let features = schema.columns.iter().filter(|column| column.role == Role::Feature);
    features.map(|column| column.name.clone()).collect()
}

impl RowKeys {
    /// The keys of all rows of `file` over `columns`, each declared in `schema`; a row without any value in them has none.
    ///
    /// # Errors
    ///
    /// [`Error::MissingColumn`] for a column that is not declared or not in the file, and those of
    /// [`TableFile::for_each_typed_chunk`].
    pub fn of(file: &TableFile, schema: &TableSchema, columns: &[String]) -> Result<Self> {
        let mut keys = Vec::new();
        file.for_each_typed_chunk(schema, |_, frame| {
            let typed = typed(frame, columns)?;
            let digests =
                row_digests(frame, &typed).map_err(|e| Error::Digest { detail: e.to_string() })?;
            let empty = empty_rows(frame, columns)?;
            keys.extend(digests.into_iter().zip(empty).filter(|(_, no)| !no).map(|(key, _)| key));
            Ok(())
        })?;
        keys.sort_unstable();
        Ok(Self(keys))
    }

    /// How many rows both hold.
    pub fn common(&self, other: &Self) -> Common {
        let (a, b) = (&self.0, &other.0);
        let run = |keys: &[[u8; 16]], at: usize| {
            keys[at..].iter().take_while(|key| **key == keys[at]).count()
        };
        let (mut common, mut i, mut j) = (Common::default(), 0, 0);
        while i < a.len() && j < b.len() {
            match a[i].cmp(&b[j]) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    let (first, second) = (run(a, i), run(b, j));
                    common.rows_first += first as u64;
                    common.rows_second += second as u64;
                    common.distinct += 1;
                    (i, j) = (i + first, j + second);
                }
            }
        }
        common
    }
}

fn typed(frame: &DataFrame, columns: &[String]) -> Result<Vec<(String, LogicalType)>> {
    columns
        .iter()
        .map(|name| {
            let column = frame.column(name).map_err(|_not_there| Error::MissingColumn {
                name: name.clone(),
                role: "to find rows again by".to_owned(),
                nearest: None,
                found: frame.get_column_names().iter().map(ToString::to_string).collect(),
            })?;
            let logical = LogicalType::of(column.dtype())
                .map_err(|e| Error::Digest { detail: e.to_string() })?;
            Ok((name.clone(), logical))
        })
        .collect()
}

/// Whether each row is null in all `columns`: nothing that two such rows share says that they are one.
fn empty_rows(frame: &DataFrame, columns: &[String]) -> Result<Vec<bool>> {
    let mut empty = vec![true; frame.height()];
    for name in columns {
        let null = frame.column(name)?.is_null();
        for (empty, null) in empty.iter_mut().zip(null.iter()) {
            *empty &= null == Some(true);
        }
    }
    Ok(empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::infer::infer;

    #[test]
    fn rows_are_counted_on_both_sides_and_empty_rows_are_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let table = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            TableFile::open(&path, None).unwrap()
        };
        let train = table("train.csv", "id,a,b\n1,1.5,x\n2,1.5,x\n3,2.5,y\n4,,\n");
        let test = table("test.csv", "id,a,b\n9,1.5,x\n3,7.5,z\n8,,\n7,,x\n");
        let schema = infer(&train).unwrap();
        let keys = |file: &TableFile, columns: &[&str]| {
            let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
            RowKeys::of(file, &schema, &columns)
        };
        let by_value =
            keys(&train, &["a", "b"]).unwrap().common(&keys(&test, &["a", "b"]).unwrap());
        assert_eq!(by_value, Common { rows_first: 2, rows_second: 1, distinct: 1 });
        let by_id = keys(&train, &["id"]).unwrap().common(&keys(&test, &["id"]).unwrap());
        assert_eq!(by_id, Common { rows_first: 1, rows_second: 1, distinct: 1 });
        let refused = keys(&train, &["patient"]).unwrap_err().to_string();
        assert!(refused.contains("`patient`") && refused.contains("id, a, b"), "{refused}");
    }

    #[test]
    fn only_features_are_compared() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, "at,a\n2024-01-01,1.5\n2024-01-02,2.5\n").unwrap();
        let schema = infer(&TableFile::open(&path, None).unwrap()).unwrap();
        assert_eq!(features(&schema), ["a"]);
    }
}
