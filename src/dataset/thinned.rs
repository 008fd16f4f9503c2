//! A thinned table: evenly spaced rows of the ordered columns, for what needs whole rows and not only counts.

use super::bins::numbers;
use super::columns::Columns;
use super::error::Result;
use super::schema::Kind;

/// Every `stride`-th row of the ordered columns of `group`, at most about `rows_max` rows: name and values, NaN where there is
/// none. Deterministic.
///
/// # Errors
///
/// Those of [`Columns::for_each_chunk`].
pub fn thinned(group: &Columns<'_>, rows_max: u64) -> Result<Vec<(String, Vec<f64>)>> {
    let mut columns: Vec<(String, Vec<f64>)> = group
        .schema()
        .monitored()
        .filter(|column| column.kind.is_some_and(Kind::is_ordered))
        .map(|column| (column.name.clone(), Vec::new()))
        .collect();
    if columns.is_empty() {
        return Ok(columns);
    }
    let stride = group.rows().div_ceil(rows_max).max(1);
    let mut offset = 0_u64;
    group.for_each_chunk(|frame| {
        for (name, values) in &mut columns {
            let series = numbers(frame.column(name)?.as_materialized_series())?;
            let kept = series.f64()?.iter().zip(offset..).filter(|(_, row)| row % stride == 0);
            values.extend(kept.map(|(value, _)| value.unwrap_or(f64::NAN)));
        }
        offset += frame.height() as u64;
        Ok(())
    })?;
    Ok(columns)
}
