//! One table into batches: its rows by the values of one column, each batch counted on the same frozen bins, in one pass.

use super::bins::texts;
use super::derived::FrozenBins;
use super::error::{CellError, Error, Result};
use super::profile::{Profile, Profiler};
use super::reader::TableFile;
use super::schema::TableSchema;
use polars::prelude::{DataFrame, IdxCa, IdxSize, NamedFrom};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Batches that one table is split into, at most.
pub const BATCHES_MAX: usize = 1_000;

/// The calendar period that dates are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Calendar days: `2026-11-25`.
    Day,
    /// ISO 8601 weeks, from Monday: `2026-W48`.
    Week,
    /// Calendar months: `2026-11`.
    Month,
}

/// What the batches of one table are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitBy {
    /// The column; rows without a value in it are in no batch.
    pub column: String,
    /// For a column of dates or times: the period of a batch. Without it every value is a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
}

/// The batches of one table.
#[derive(Debug)]
pub struct SplitTable {
    /// Name and counts of each: periods in order of time, values of other columns in order of appearance.
    pub batches: Vec<(String, Profile)>,
    /// Rows without a value to tell their batch by.
    pub left_out: u64,
}

/// Splits the table in `file` and counts each batch on the frozen `bins` of the monitored columns of `schema`.
///
/// # Errors
///
/// [`Error::Schema`] for a column that is not declared, [`Error::Cells`] for a value that is no date, [`Error::TooManyBatches`];
/// those of [`TableFile::for_each_typed_chunk`].
pub fn profile_split(
    file: &TableFile,
    schema: &TableSchema,
    bins: &FrozenBins,
    by: &SplitBy,
) -> Result<SplitTable> {
    if schema.column(&by.column).is_none() {
        let names: Vec<&str> = schema.columns.iter().map(|c| c.name.as_str()).collect();
        let (column, names) = (&by.column, names.join(", "));
        return Err(Error::Schema {
            detail: format!(
                "batches are to be told apart by `{column}`, which is not declared; declared are {names}"
            ),
        });
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut batches: Vec<(String, Profiler<'_>)> = Vec::new();
    let mut left_out = 0;
    file.for_each_typed_chunk(schema, |first_row, frame| {
        let (groups, without) = groups(frame, first_row, by)?;
        left_out += without;
        for (name, rows) in groups {
            let place = *places.entry(name.clone()).or_insert_with(|| {
                batches.push((name, Profiler::new(schema, bins)));
                batches.len() - 1
            });
            if batches.len() > BATCHES_MAX {
                return Err(Error::TooManyBatches { column: by.column.clone(), most: BATCHES_MAX });
            }
            batches[place].1.visit(&frame.take(&IdxCa::new("rows".into(), rows))?)?;
        }
        Ok(())
    })?;
    let mut batches: Vec<(String, Profile)> =
        batches.into_iter().map(|(name, profiler)| (name, profiler.finish())).collect();
    if by.period.is_some() {
        batches.sort_by(|a, b| a.0.cmp(&b.0));
    }
    Ok(SplitTable { batches, left_out })
}

type Groups = Vec<(String, Vec<IdxSize>)>;

/// The rows of each batch in one chunk, batches in order of appearance, and how many rows have no value.
fn groups(frame: &DataFrame, first_row: u64, by: &SplitBy) -> Result<(Groups, u64)> {
    let values = texts(frame.column(&by.column)?.as_materialized_series())?;
    let (mut groups, mut places, mut without) = (Groups::new(), HashMap::new(), 0);
    for (row, text) in (0..).zip(values.str()?.iter()) {
        let Some(text) = text else {
            without += 1;
            continue;
        };
        let place = if let Some(&place) = places.get(text) {
            place
        } else {
            let name = name_of(text, by, first_row + u64::from(row))?;
            let known = groups.iter().position(|(other, _)| *other == name);
            let place = known.unwrap_or_else(|| {
                groups.push((name, Vec::new()));
                groups.len() - 1
            });
            places.insert(text, place);
            place
        };
        groups[place].1.push(row);
    }
    Ok((groups, without))
}

/// The name of the batch that a row with this value belongs to.
fn name_of(text: &str, by: &SplitBy, row: u64) -> Result<String> {
    let Some(period) = by.period else { return Ok(text.to_owned()) };
    let day = text.get(..10).and_then(|day| day.parse::<jiff::civil::Date>().ok());
    let Some(day) = day else {
        let error = CellError {
            column: by.column.clone(),
            row,
            value: text.to_owned(),
            expected: "a date (YYYY-MM-DD), because batches are periods of time".to_owned(),
        };
        return Err(Error::Cells { errors: vec![error], more: 0 });
    };
    Ok(match period {
        Period::Day => day.to_string(),
        Period::Month => format!("{:04}-{:02}", day.year(), day.month()),
        Period::Week => {
            let week = day.iso_week_date();
            format!("{:04}-W{:02}", week.year(), week.week())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::bins::freeze_bins;
    use crate::dataset::columns::Columns;
    use crate::dataset::profile::profile;
    use crate::dataset::samples::{Beyond, Held, collect_samples};
    use std::path::Path;

    fn sample() -> (TableFile, TableSchema) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/thyroid_garvan");
        let schema = std::fs::read(folder.join("schema.json")).unwrap();
        let file = TableFile::open(&folder.join("reference.csv"), None).unwrap();
        (file, TableSchema::parse(&schema).unwrap())
    }

    fn bins_of(file: &TableFile, schema: &TableSchema) -> FrozenBins {
        let all = Columns::read(file, schema, schema.clone()).unwrap();
        let held = Held { max: usize::MAX, beyond: Beyond::Select };
        freeze_bins(schema, &collect_samples(&all, held).unwrap()).into()
    }

    fn split(column: &str, period: Option<Period>) -> Result<SplitTable> {
        let (file, schema) = sample();
        let bins = bins_of(&file, &schema);
        profile_split(&file, &schema, &bins, &SplitBy { column: column.to_owned(), period })
    }

    #[test]
    fn the_batches_of_a_table_add_up_to_it() {
        let (file, schema) = sample();
        let bins = bins_of(&file, &schema);
        let whole = profile(&file, &schema, &bins).unwrap();
        let found = split("month", None).unwrap();
        let names: Vec<&str> = found.batches.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["1985-01", "1985-02", "1985-03", "1985-04"]);
        assert_eq!(found.left_out, 0);
        for (index, feature) in whole.features.iter().enumerate() {
            let parts = || found.batches.iter().map(|(_, profile)| &profile.features[index]);
            let sum = |of: &dyn Fn(&Profile) -> u64| -> u64 {
                found.batches.iter().map(|(_, p)| of(p)).sum()
            };
            assert_eq!(sum(&|p| p.features[index].rows()), feature.rows());
            for (bin, &rows) in feature.values_total().iter().enumerate() {
                assert_eq!(parts().map(|part| part.values_total()[bin]).sum::<u64>(), rows);
            }
        }
    }

    #[test]
    fn a_column_of_dates_is_split_by_day_week_or_month() {
        let months = split("sample_date", Some(Period::Month)).unwrap();
        let by_text = split("month", None).unwrap();
        assert_eq!(months.batches, by_text.batches);
        let weeks = split("sample_date", Some(Period::Week)).unwrap();
        assert_eq!(weeks.batches[0].0, "1985-W01");
        assert!(weeks.batches.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(weeks.batches.iter().map(|(_, p)| p.rows).sum::<u64>(), 778);
    }

    #[test]
    fn a_column_that_tells_no_batches_is_refused() {
        assert!(split("monht", None).unwrap_err().to_string().contains("not declared"));
        let message = split("sex", Some(Period::Day)).unwrap_err().to_string();
        assert!(message.contains("expected a date"), "{message}");
    }
}
