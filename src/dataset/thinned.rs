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
/// Those of [`Columns::read`] where the columns are not held.
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
    group.for_each_series(
        &mut columns,
        |(name, _)| name.as_str(),
        |(_, values), series, offset| {
            let numbers = numbers(series)?;
            let column = numbers.f64()?;
            let first = (offset.next_multiple_of(stride) - offset) as usize;
            let kept = (first..column.len()).step_by(stride as usize);
            values.extend(kept.map(|row| column.get(row).unwrap_or(f64::NAN)));
            Ok(())
        },
    )?;
    Ok(columns)
}
