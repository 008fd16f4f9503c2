//! Generated tables for benchmarks: number columns, some with nulls, some rounded, and text columns of few and of many levels.

use super::error::{Error, Result};
use crate::statistics::draws::Draws;
use polars::prelude::{
    Column, CsvWriter, DataFrame, NamedFrom, ParquetCompression, ParquetWriter, SerWriter, Series,
};
use std::fs::File;
use std::path::Path;

/// Rows of one row group of a Parquet file.
const GROUP_ROWS: u64 = 1 << 19;
/// Levels of the text columns, in turn.
const LEVELS: [u32; 5] = [5, 20, 100, 1_000, 10_000];

/// What a generated table holds.
#[derive(Clone, Copy, Debug)]
pub struct GeneratedTable {
    /// Rows.
    pub rows: u64,
    /// Columns of numbers: normal, every fifth with 2 % nulls, every second rounded to two decimals.
    pub numbers: usize,
    /// Columns of text with 5, 20, 100, 1 000 and 10 000 levels in turn, the first level being the most frequent.
    pub texts: usize,
    /// Seed of all values.
    pub seed: [u8; 32],
}

impl GeneratedTable {
    /// Writes the table as Parquet (zstd) to `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] when the file cannot be made, [`Error::Engine`] when it cannot be written.
    pub fn write_parquet(&self, path: &Path) -> Result<()> {
        let mut draws = Draws::new(self.seed);
        let first = self.chunk(0, &mut draws)?;
        let writer = ParquetWriter::new(created(path)?)
            .with_compression(ParquetCompression::Zstd(None))
            .with_row_group_size(Some(1 << 19));
        let mut writer = writer.batched(first.schema())?;
        writer.write_batch(&first)?;
        let mut written = first.height() as u64;
        while written < self.rows {
            let chunk = self.chunk(written, &mut draws)?;
            writer.write_batch(&chunk)?;
            written += chunk.height() as u64;
        }
        writer.finish()?;
        Ok(())
    }

    /// Writes the same table as CSV to `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] when the file cannot be made, [`Error::Engine`] when it cannot be written.
    pub fn write_csv(&self, path: &Path) -> Result<()> {
        let mut draws = Draws::new(self.seed);
        let mut file = created(path)?;
        let mut written = 0;
        while written < self.rows {
            let mut chunk = self.chunk(written, &mut draws)?;
            CsvWriter::new(&mut file).include_header(written == 0).finish(&mut chunk)?;
            written += chunk.height() as u64;
        }
        Ok(())
    }

    fn chunk(&self, written: u64, draws: &mut Draws) -> Result<DataFrame> {
        let rows = usize::try_from(GROUP_ROWS.min(self.rows - written)).unwrap_or(usize::MAX);
        let numbers = (0..self.numbers).map(|column| number_column(column, rows, draws));
        let mut columns: Vec<Column> = numbers.collect();
        columns.extend((0..self.texts).map(|column| text_column(column, rows, draws)));
        Ok(DataFrame::new(rows, columns)?)
    }
}

fn created(path: &Path) -> Result<File> {
    File::create(path).map_err(|source| Error::Open { path: path.display().to_string(), source })
}

fn number_column(column: usize, rows: usize, draws: &mut Draws) -> Column {
    let scale = column as f64 + 1.0;
    let value = |draws: &mut Draws| {
        let value = 10.0 * scale + scale * draws.normal();
        if column.is_multiple_of(2) { (value * 100.0).round() / 100.0 } else { value }
    };
    let name = format!("number_{column:03}").into();
    if column.is_multiple_of(5) {
        let values: Vec<Option<f64>> =
            (0..rows).map(|_| (draws.uniform() >= 0.02).then(|| value(draws))).collect();
        Series::new(name, values).into()
    } else {
        Series::new(name, (0..rows).map(|_| value(draws)).collect::<Vec<f64>>()).into()
    }
}

fn text_column(column: usize, rows: usize, draws: &mut Draws) -> Column {
    let levels = LEVELS[column % LEVELS.len()];
    let texts: Vec<String> = (0..rows)
        .map(|_| {
            let place = draws.uniform();
            format!("level_{}", (place * place * f64::from(levels)).floor())
        })
        .collect();
    Series::new(format!("text_{column:03}").into(), texts).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::reader::TableFile;
    use crate::dataset::schema::TableSchema;

    #[test]
    fn both_formats_hold_the_same_values() {
        let folder = tempfile::tempdir().unwrap();
        let (parquet, csv) = (folder.path().join("t.parquet"), folder.path().join("t.csv"));
        let table = GeneratedTable { rows: 500, numbers: 6, texts: 2, seed: [7; 32] };
        table.write_parquet(&parquet).unwrap();
        table.write_csv(&csv).unwrap();
        let read = |path: &Path| {
            let file = TableFile::open(path, None).unwrap();
            let schema: TableSchema = crate::dataset::infer::infer(&file).unwrap();
            let mut frames = Vec::new();
            file.for_each_typed_chunk(&schema, |_, frame| {
                frames.push(frame.clone());
                Ok(())
            })
            .unwrap();
            frames.remove(0)
        };
        let (parquet, csv) = (read(&parquet), read(&csv));
        assert_eq!((parquet.height(), parquet.width()), (500, 8));
        assert!(parquet.equals_missing(&csv));
        assert!(parquet.column("number_005").unwrap().null_count() > 0);
    }
}
