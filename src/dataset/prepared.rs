//! A table made ready for several passes: a long text file is parsed once, into a typed copy whose columns can be read one by
//! one.

use super::dialect::detect;
use super::error::{Error, Result};
use super::infer::{Inferred, infer_head, infer_noted};
use super::reader::{Format, TableFile};
use super::schema::{Column, TableSchema, ValueType};
use polars::prelude::{IpcCompression, IpcWriter, SerWriter};
use std::path::Path;
use tempfile::NamedTempFile;

/// Bytes of text from which a copy pays; shorter tables are held in memory.
const COPIED_BYTES_MIN: u64 = 64 << 20;

/// A table with its declaration.
#[derive(Debug)]
pub struct PreparedTable {
    original: TableFile,
    schema: TableSchema,
    notes: Vec<String>,
    /// The typed values, until this is dropped.
    copy: Option<(TableFile, NamedTempFile)>,
}

impl PreparedTable {
    /// Opens the table at `path` under the `declared` schema, or under an inferred one.
    ///
    /// # Errors
    ///
    /// Those of [`TableFile::open`], of [`infer_noted`] and of [`TableFile::for_each_typed_chunk`].
    pub fn open(path: &Path, declared: Option<&TableSchema>) -> Result<Self> {
        let original = TableFile::open(path, None)?;
        let is_long = !original.is_columnar() && original.bytes() >= COPIED_BYTES_MIN;
        if let Some(schema) = declared {
            let copy = is_long.then(|| typed_copy(&original, schema)).transpose()?;
            return Ok(Self { original, schema: schema.clone(), notes: Vec::new(), copy });
        }
        let original = original.clone().written_as(detect(&original)?);
        if is_long && let Some((copy, Inferred { schema, notes })) = copy_as_headed(&original)? {
            return Ok(Self { original, schema, notes, copy: Some(copy) });
        }
        let Inferred { schema, notes } = infer_noted(&original)?;
        let copy = is_long.then(|| typed_copy(&original, &schema)).transpose()?;
        Ok(Self { original, schema, notes, copy })
    }

    /// What a reader of an inferred declaration should know.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The declaration it was opened under.
    pub fn schema(&self) -> &TableSchema {
        &self.schema
    }

    /// The table as it came.
    pub fn original(&self) -> &TableFile {
        &self.original
    }

    /// Whether the table to read is a typed copy and not the table as it came.
    pub fn is_copied(&self) -> bool {
        self.copy.is_some()
    }

    /// The table to read, under the schema it was opened or last prepared under.
    pub fn table(&self) -> &TableFile {
        self.copy.as_ref().map_or(&self.original, |(copy, _)| copy)
    }

    /// The same table ready to be read under `schema`, which declares the same columns.
    ///
    /// # Errors
    ///
    /// Those of [`TableFile::for_each_typed_chunk`].
    pub fn under(mut self, schema: &TableSchema) -> Result<Self> {
        if self.copy.is_some() && !self.schema.columns.iter().all(|own| is_readable(own, schema)) {
            self.copy = Some(typed_copy(&self.original, schema)?);
        }
        self.schema = schema.clone();
        Ok(self)
    }
}

/// A copy under what the first rows suggest, with the declaration of all its rows; none where a later row does not fit that.
fn copy_as_headed(file: &TableFile) -> Result<Option<((TableFile, NamedTempFile), Inferred)>> {
    let head = infer_head(file)?;
    let copy = match typed_copy(file, &head.schema) {
        Ok(copy) => copy,
        Err(Error::Cells { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Inferred { mut schema, mut notes } = infer_noted(&copy.0)?;
    schema.csv = head.schema.csv;
    for (column, headed) in schema.columns.iter_mut().zip(head.schema.columns) {
        column.null_tokens = headed.null_tokens;
    }
    let said = head.notes.into_iter().filter(|note| !notes.contains(note)).collect::<Vec<_>>();
    notes.splice(0..0, said);
    Ok(Some((copy, Inferred { schema, notes })))
}

/// Whether a copy whose column `own` has its own type can be read as `schema` declares it.
fn is_readable(own: &Column, schema: &TableSchema) -> bool {
    let declared = schema.column(&own.name).map(|column| column.value_type);
    match (own.value_type, declared) {
        (ValueType::Null, _) | (_, None) | (ValueType::Int, Some(ValueType::Float)) => true,
        (own, Some(declared)) => own == declared,
    }
}

/// The typed values of `file` as an Arrow file in the folder for temporary files.
fn typed_copy(file: &TableFile, schema: &TableSchema) -> Result<(TableFile, NamedTempFile)> {
    let failed = |source| Error::Open { path: std::env::temp_dir().display().to_string(), source };
    let place = tempfile::Builder::new().suffix(".arrow").tempfile().map_err(failed)?;
    let mut writer = None;
    file.for_each_typed_chunk(schema, |_, frame| {
        if writer.is_none() {
            // One description a column: nothing in it is a dictionary.
            let fields = std::iter::repeat_with(Default::default).take(frame.width()).collect();
            let file = IpcWriter::new(place.as_file());
            let file = file.with_compression(Some(IpcCompression::LZ4));
            writer = Some(file.batched(frame.schema(), fields)?);
        }
        let Some(writer) = &mut writer else { return Ok(()) };
        // A record batch is one chunk of every column.
        Ok(writer.write_batch(frame.clone().rechunk_mut_par())?)
    })?;
    let mut writer =
        writer.ok_or_else(|| Error::NoRows { path: file.path().display().to_string() })?;
    writer.finish()?;
    let copy = TableFile::open(place.path(), Some(Format::Arrow))?;
    Ok((copy, place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::fingerprint::{RowSet, digest_table};
    use crate::dataset::infer::infer;
    use std::fmt::Write;

    fn written(folder: &Path, name: &str, last: &str) -> TableFile {
        let mut text = "id,whole,part,word,flag,at,none\n".to_owned();
        for row in 0..150_000 {
            let _ = writeln!(text, "k{row},{},{}.5,w{},true,2026-01-02,", row % 50, row, row % 3);
        }
        text += last;
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        TableFile::open(&path, None).unwrap()
    }

    #[test]
    fn a_copy_has_the_declaration_and_the_values_of_its_text() {
        let folder = tempfile::tempdir().unwrap();
        let text = written(folder.path(), "t.csv", "");
        let ((copy, _place), inferred) = copy_as_headed(&text).unwrap().unwrap();
        let schema = infer(&text).unwrap();
        assert_eq!((inferred.schema, infer(&copy).unwrap()), (schema.clone(), schema.clone()));
        let digest = |file| digest_table(file, &schema, RowSet::No);
        assert_eq!(digest(&copy).unwrap(), digest(&text).unwrap());
    }

    #[test]
    fn a_late_row_of_another_type_is_not_taken_for_the_type_of_the_first_ones() {
        let folder = tempfile::tempdir().unwrap();
        let text = written(folder.path(), "t.csv", "x,1.5,2,w,maybe,2026-01-02,3\n");
        assert!(copy_as_headed(&text).unwrap().is_none());
        let types: Vec<ValueType> =
            infer(&text).unwrap().columns.iter().map(|column| column.value_type).collect();
        assert_eq!(types[1..3], [ValueType::Float, ValueType::Float]);
        assert_eq!((types[4], types[6]), (ValueType::Text, ValueType::Int));
    }
}
