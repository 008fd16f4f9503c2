//! What polars alone takes for a table: the floors that benchmarks are set against.

use super::error::Result;
use super::reader::{Format, TableFile};
use super::schema::CsvContract;
use polars::prelude::{
    Engine, LazyCsvReader, LazyFileListReader, LazyFrame, PlRefPath, PlanCallback, all,
};

impl TableFile {
    /// Minimum, maximum and null count of every column by polars alone, streamed: the floor of any judgement of the table.
    ///
    /// # Errors
    ///
    /// [`super::Error::NotATable`].
    pub fn scan_extremes(&self) -> Result<()> {
        let scan = self.floor_scan().map_err(|e| self.not_a_table(e))?;
        let query = scan.select([
            all().as_expr().min().name().suffix(" min"),
            all().as_expr().max().name().suffix(" max"),
            all().as_expr().null_count().name().suffix(" nulls"),
        ]);
        query.collect_with_engine(Engine::Streaming).map_err(|e| self.not_a_table(e))?;
        Ok(())
    }

    /// Decodes every column by polars alone, streamed, and drops it: the floor of any fingerprint of the table.
    ///
    /// # Errors
    ///
    /// [`super::Error::NotATable`].
    pub fn decode(&self) -> Result<()> {
        let callback = PlanCallback::new(|_frame| Ok(false));
        let query = self
            .floor_scan()
            .and_then(|scan| scan.sink_batches(callback, true, None))
            .map_err(|e| self.not_a_table(e))?;
        query.collect_with_engine(Engine::Streaming).map_err(|e| self.not_a_table(e))?;
        Ok(())
    }

    /// The scan that a user of polars would write: CSV with inferred types.
    fn floor_scan(&self) -> polars::error::PolarsResult<LazyFrame> {
        match self.format() {
            Format::Csv => LazyCsvReader::new(PlRefPath::try_from_path(self.path())?).finish(),
            _ => self.scan_one(&CsvContract::default()),
        }
    }
}
