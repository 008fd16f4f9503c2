//! Row ids: which rows of a table were counted before?
//!
//! An id is kept as 64 bits of a keyed digest of the values in the columns of role `id`, in row order. Two different ids of
//! the same version share a digest with probability n²/2⁶⁵ over n ids: 3·10⁻⁶ for ten million, 3·10⁻⁴ for a hundred million;
//! the later row would then be taken for a repeated one and left out of the evidence.

use super::bins::texts;
use super::cells::CellErrors;
use super::derived::FrozenBins;
use super::error::Result;
use super::profile::{Profile, Profiler, profile};
use super::reader::TableFile;
use super::schema::{Role, TableSchema, ValueType};
use crate::digest;
use polars::prelude::{BooleanChunked, DataFrame, NewChunkedArray, PlSmallStr};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The digest that stands for "this row has no id"; no id has it.
const NO_ID: u64 = 0;

/// What became of the rows of a batch by their ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountedRows {
    /// Columns that identify a row together.
    pub columns: Vec<String>,
    /// Rows taken into the evidence.
    pub counted: u64,
    /// Rows left out, because a batch before this one had their id.
    pub repeated: u64,
    /// Rows without an id, which nobody can recognise; they are taken into the evidence.
    pub without_id: u64,
}

/// The columns that identify a row of a table of this schema: all of role `id`, together.
pub fn id_columns(schema: &TableSchema) -> Vec<String> {
    let is_id = |c: &&super::schema::Column| {
        c.role == Role::Id && !matches!(c.value_type, ValueType::Other | ValueType::Null)
    };
    schema.columns.iter().filter(is_id).map(|c| c.name.clone()).collect()
}

/// The digests of the ids of one table, in row order.
#[derive(Debug)]
pub struct RowIds {
    columns: Vec<String>,
    key: [u8; 32],
    digests: Vec<u64>,
}

impl RowIds {
    /// No rows yet; ids of the columns of role `id` under `key`. `None` where the schema has no such column.
    pub fn of(schema: &TableSchema, key: [u8; 32]) -> Option<Self> {
        let columns = id_columns(schema);
        (!columns.is_empty()).then(|| Self { columns, key, digests: Vec::new() })
    }

    fn visit(&mut self, frame: &DataFrame) -> Result<()> {
        let chunk = digests_of(frame, &self.columns, &self.key)?;
        self.digests.extend(chunk);
        Ok(())
    }

    /// The distinct ids, ascending.
    pub fn sorted(&self) -> Vec<u64> {
        let mut sorted: Vec<u64> = self.digests.iter().copied().filter(|&d| d != NO_ID).collect();
        sorted.par_sort_unstable();
        sorted.dedup();
        sorted
    }

    /// Rows without an id.
    pub fn without_id(&self) -> u64 {
        self.digests.iter().filter(|&&digest| digest == NO_ID).count() as u64
    }

    /// What becomes of the rows if those with an id among `repeated` (ascending) are left out.
    pub fn counted(&self, repeated: &[u64]) -> CountedRows {
        let left_out = self.digests.iter().filter(|d| repeated.binary_search(d).is_ok()).count();
        CountedRows {
            columns: self.columns.clone(),
            counted: (self.digests.len() - left_out) as u64,
            repeated: left_out as u64,
            without_id: self.without_id(),
        }
    }
}

fn digests_of(frame: &DataFrame, columns: &[String], key: &[u8; 32]) -> Result<Vec<u64>> {
    let mut cells = Vec::with_capacity(columns.len());
    for column in columns {
        cells.push(texts(frame.column(column)?.as_materialized_series())?);
    }
    let cells =
        cells.iter().map(|c| Ok(c.str()?.iter().collect())).collect::<Result<Vec<Vec<_>>>>()?;
    let row =
        |index: usize| id_digest(cells.iter().map(|column| column[index]), key).unwrap_or(NO_ID);
    Ok((0..frame.height()).into_par_iter().map(row).collect())
}

/// The key under which the row ids of a version are digested.
pub fn id_key(version_id: &str) -> [u8; 32] {
    digest::sha256(format!("row ids of version {version_id}").as_bytes())
}

/// The digest of one id, from the values of its columns; a row without a value in any of them has none.
pub fn id_digest<'a>(
    mut values: impl Iterator<Item = Option<&'a str>>,
    key: &[u8; 32],
) -> Option<u64> {
    let mut bytes = Vec::with_capacity(64);
    values.try_for_each(|value| {
        let value = value?;
        bytes.extend((value.len() as u64).to_le_bytes());
        bytes.extend(value.as_bytes());
        Some(())
    })?;
    Some(digest::keyed_u64(key, &bytes).max(NO_ID + 1))
}

/// Profiles a table and takes the digests of its ids in the same pass.
///
/// # Errors
///
/// Those of [`TableFile::for_each_typed_chunk`]; [`super::Error::Cells`] naming rows that share an id.
pub fn profile_with_ids(
    file: &TableFile,
    schema: &TableSchema,
    bins: &FrozenBins,
    ids: Option<RowIds>,
) -> Result<(Profile, Option<RowIds>)> {
    let Some(mut ids) = ids else { return Ok((profile(file, schema, bins)?, None)) };
    let mut profiler = Profiler::new(schema, bins);
    file.for_each_typed_chunk(schema, |_, frame| {
        ids.visit(frame)?;
        profiler.visit(frame)
    })?;
    refuse_duplicates(file, schema, &ids)?;
    Ok((profiler.finish(), Some(ids)))
}

/// Profiles the rows of a table whose id is not among `repeated` (ascending).
///
/// # Errors
///
/// Those of [`TableFile::for_each_typed_chunk`].
pub fn profile_without(
    file: &TableFile,
    schema: &TableSchema,
    bins: &FrozenBins,
    (ids, repeated): (&RowIds, &[u64]),
) -> Result<Profile> {
    let mut profiler = Profiler::new(schema, bins);
    let mut row = 0;
    file.for_each_typed_chunk(schema, |_, frame| {
        let chunk = &ids.digests[row..row + frame.height()];
        row += frame.height();
        let keep: Vec<bool> = chunk.iter().map(|d| repeated.binary_search(d).is_err()).collect();
        let mask = BooleanChunked::from_slice(PlSmallStr::from_static("new"), &keep);
        profiler.visit(&frame.filter(&mask)?)
    })?;
    Ok(profiler.finish())
}

/// Two rows of one batch with the same id are a fault of the file, not a matter of chance. A shared digest is looked up in
/// the values themselves, so that no file is refused for a chance agreement of digests.
fn refuse_duplicates(file: &TableFile, schema: &TableSchema, ids: &RowIds) -> Result<()> {
    let mut sorted = ids.digests.clone();
    sorted.par_sort_unstable();
    let mut shared: Vec<u64> =
        sorted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    shared.retain(|&digest| digest != NO_ID);
    shared.dedup();
    if shared.is_empty() {
        return Ok(());
    }
    drop(sorted);
    let mut first_rows: HashMap<Vec<String>, u64> = HashMap::new();
    let mut errors = CellErrors::default();
    let column = ids.columns.join("`, `");
    file.for_each_typed_chunk(schema, |first_row, frame| {
        let mut cells = Vec::with_capacity(ids.columns.len());
        for column in &ids.columns {
            cells.push(texts(frame.column(column)?.as_materialized_series())?);
        }
        for (index, row) in (first_row..).take(frame.height()).enumerate() {
            let digest = ids.digests.get((row - 1) as usize).copied().unwrap_or(NO_ID);
            if shared.binary_search(&digest).is_err() {
                continue;
            }
            let mut id = Vec::with_capacity(cells.len());
            for cell in &cells {
                id.push(cell.str()?.get(index).unwrap_or_default().to_owned());
            }
            match first_rows.get(&id) {
                None => {
                    first_rows.insert(id, row);
                }
                Some(first) => {
                    let expected = format!("an id of its own; row {first} has it too");
                    errors.push(&column, row, &id.join(", "), expected);
                }
            }
        }
        Ok(())
    })?;
    errors.into_result()
}

/// Ids that are in both of two ascending lists.
pub fn in_both(a: &[u64], b: &[u64]) -> Vec<u64> {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let mut found = Vec::new();
    if long.len() / 16 > short.len() {
        found.extend(short.iter().filter(|id| long.binary_search(id).is_ok()));
        return found;
    }
    let mut at = 0;
    for id in short {
        while at < long.len() && long[at] < *id {
            at += 1;
        }
        if long.get(at) == Some(id) {
            found.push(*id);
        }
    }
    found
}

/// Ascending ids as bytes to store: eight each, most significant first.
pub fn to_bytes(sorted: &[u64]) -> Vec<u8> {
    sorted.iter().flat_map(|id| id.to_be_bytes()).collect()
}

/// The ids that [`to_bytes`] wrote.
pub fn from_bytes(bytes: &[u8]) -> Vec<u64> {
    let (ids, _) = bytes.as_chunks::<8>();
    ids.iter().map(|id| u64::from_be_bytes(*id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::schema::Column;

    fn schema() -> TableSchema {
        TableSchema::new(vec![Column {
            name: "sample".to_owned(),
            role: Role::Id,
            value_type: ValueType::Int,
            kind: None,
            unit: None,
            range: None,
            null_tokens: Vec::new(),
        }])
    }

    fn table(text: &str) -> (tempfile::TempDir, TableFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, text).unwrap();
        let file = TableFile::open(&path, None).unwrap();
        (folder, file)
    }

    fn read(text: &str) -> Result<(Profile, RowIds)> {
        let (_folder, file) = table(text);
        let ids = RowIds::of(&schema(), [3; 32]);
        profile_with_ids(&file, &schema(), &FrozenBins::default(), ids)
            .map(|(profile, ids)| (profile, ids.unwrap()))
    }

    #[test]
    fn rows_of_the_same_id_are_named_with_both_rows() {
        let message = read("sample\n7\n8\n7\n9\n").unwrap_err().to_string();
        for part in ["`sample`", "`7`", "row 3", "row 1 has it too"] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }

    #[test]
    fn repeated_rows_are_left_out_and_rows_without_an_id_are_not() {
        let (first, ids) = read("sample\n1\n2\n3\n").unwrap();
        assert_eq!(
            (first.rows, ids.counted(&[])),
            (
                3,
                CountedRows {
                    columns: vec!["sample".to_owned()],
                    counted: 3,
                    repeated: 0,
                    without_id: 0,
                }
            )
        );
        let known = from_bytes(&to_bytes(&ids.sorted()));
        let (_folder, file) = table("sample\n3\n\"\"\n4\n\"\"\n");
        let mut other = schema();
        other.columns[0].null_tokens = vec![String::new()];
        let ids = RowIds::of(&other, [3; 32]);
        let (_, ids) = profile_with_ids(&file, &other, &FrozenBins::default(), ids).unwrap();
        let ids = ids.unwrap();
        let repeated = in_both(&known, &ids.sorted());
        let counted = ids.counted(&repeated);
        assert_eq!((counted.counted, counted.repeated, counted.without_id), (3, 1, 2));
        let judged =
            profile_without(&file, &other, &FrozenBins::default(), (&ids, &repeated)).unwrap();
        assert_eq!(judged.rows, 3);
    }

    #[test]
    fn another_key_gives_other_digests_and_parts_do_not_run_into_each_other() {
        let digest = |values: &[&str], key| id_digest(values.iter().map(|v| Some(*v)), &[key; 32]);
        assert_ne!(digest(&["12"], 1), digest(&["12"], 2));
        assert_ne!(digest(&["1", "23"], 1), digest(&["12", "3"], 1));
        assert_eq!(id_digest([Some("1"), None].into_iter(), &[1; 32]), None);
    }

    #[test]
    fn ids_in_both_lists_are_found_whatever_their_lengths() {
        let long: Vec<u64> = (0..1_000).map(|i| 3 * i).collect();
        assert_eq!(in_both(&[6, 7, 2_997], &long), [6, 2_997]);
        assert_eq!(in_both(&long, &[6, 7, 2_997]), [6, 2_997]);
        assert_eq!(in_both(&[1, 2, 3, 9], &[2, 3, 4, 9, 10]), [2, 3, 9]);
        assert!(in_both(&[], &long).is_empty());
    }
}
