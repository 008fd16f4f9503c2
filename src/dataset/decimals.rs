//! Decimal numbers of a typed format (Parquet, Arrow), read under a declaration of numbers.
//!
//! A declared `float` is the nearest 64-bit float, as for a number written in CSV, so that one table saved in both ways has one
//! digest. A number of at most [`DIGITS_EXACT`] digits is told from every other one by its nearest float and comes back from it
//! digit by digit; of longer ones some are rounded together, which an inferred declaration says. A declared `int` is a decimal
//! whose fraction is zero, within 64 bits.

use super::error::Result;
use polars::prelude::{DataType, Float64Chunked, IntoSeries, NewChunkedArray, PlSmallStr, Series};

/// Significant digits with which every decimal number comes back from its nearest 64-bit float.
pub(super) const DIGITS_EXACT: usize = 15;
/// Powers of ten up to this one, and whole numbers up to 2⁵³, are 64-bit floats without rounding: their quotient is rounded once.
const EXACT_POWER_MAX: usize = 22;
const EXACT_WHOLE_MAX: u128 = 1 << 53;

/// The digits behind the point of a decimal type.
pub(super) fn scale_of(dtype: &DataType) -> Option<usize> {
    match dtype {
        DataType::Decimal(_, scale) => Some(*scale),
        _ => None,
    }
}

/// The numbers of a decimal `series` times 10^scale.
///
/// # Errors
///
/// [`super::error::Error::Engine`] when the series is not of a decimal type.
pub(super) fn unscaled(series: &Series) -> Result<impl ExactSizeIterator<Item = Option<i128>>> {
    Ok(series.decimal()?.physical().iter())
}

/// `value`/10^`scale` as text, without zeros at the end.
pub(super) fn written(value: i128, scale: usize) -> String {
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

/// Whether `value`/10^`scale` has more significant digits than a 64-bit float tells apart.
pub(super) fn is_beyond_floats(value: i128, scale: usize) -> bool {
    if value.unsigned_abs() < 10u128.pow(15) {
        return false;
    }
    let text = written(value, scale);
    let digits = || text.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0');
    let behind = if text.contains('.') {
        0
    } else {
        digits().collect::<Vec<_>>().iter().rev().take_while(|digit| **digit == b'0').count()
    };
    digits().count() - behind > DIGITS_EXACT
}

/// The 64-bit float nearest to `value`/10^`scale`.
pub(super) fn nearest(value: i128, scale: usize) -> f64 {
    if value.unsigned_abs() <= EXACT_WHOLE_MAX && scale <= EXACT_POWER_MAX {
        let power = 10f64.powi(i32::try_from(scale).unwrap_or(i32::MAX));
        #[expect(clippy::cast_precision_loss, reason = "at most 2^53, so exact")]
        return value as f64 / power;
    }
    written(value, scale).parse().unwrap_or(f64::NAN)
}

/// `value`/10^`scale` as a whole number within 64 bits, where it is one.
pub(super) fn whole(value: i128, scale: usize) -> Option<i64> {
    let power = 10i128.checked_pow(u32::try_from(scale).ok()?)?;
    (value % power == 0).then(|| i64::try_from(value / power).ok())?
}

/// A decimal `series` of `scale` as the nearest floats.
///
/// # Errors
///
/// Those of [`unscaled`].
pub(super) fn to_floats(series: &Series, scale: usize) -> Result<Series> {
    let floats = unscaled(series)?.map(|value| value.map(|value| nearest(value, scale)));
    let name: PlSmallStr = series.name().clone();
    Ok(Float64Chunked::from_iter_options(name, floats).into_series())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::fingerprint::fingerprint;
    use crate::dataset::infer::{Inferred, infer_noted};
    use crate::dataset::reader::TableFile;
    use crate::dataset::schema::{Kind, ValueType};
    use polars::prelude::{DataFrame, Int128Chunked, IntoColumn, ParquetWriter};
    use std::fs::File;
    use std::path::Path;

    #[test]
    fn decimals_are_their_nearest_floats_and_15_digits_come_back() {
        for (value, scale, text) in [
            (0, 2, "0"),
            (-1, 2, "-0.01"),
            (1230, 2, "12.3"),
            (100, 2, "1"),
            (123_456_789_012_345, 10, "12345.6789012345"),
            (12_345_678_901_234_567_890, 4, "1234567890123456.789"),
            (i128::MAX, 0, "170141183460469231731687303715884105727"),
            (1, 30, "0.000000000000000000000000000001"),
        ] {
            assert_eq!(written(value, scale), text);
            let expected: f64 = text.parse().unwrap();
            assert_eq!(nearest(value, scale).to_bits(), expected.to_bits(), "{text}");
            let comes_back = nearest(value, scale).to_string() == text;
            assert!(comes_back || is_beyond_floats(value, scale), "{text}");
        }
        // (2^53 + 1)/10: dividing rounded numbers would round twice.
        let text = "900719925474099.3";
        assert_eq!(nearest(9_007_199_254_740_993, 1), text.parse::<f64>().unwrap());
        assert!(is_beyond_floats(9_007_199_254_740_993, 1));
        assert!(!is_beyond_floats(10i128.pow(30), 0) && !is_beyond_floats(15 * 10i128.pow(20), 18));
        assert_eq!([whole(4500, 2), whole(4501, 2), whole(-7, 0)], [Some(45), None, Some(-7)]);
        assert_eq!(whole(i128::from(i64::MAX) + 1, 0), None);
    }

    /// Decimals of `scale`, written to a Parquet file as `unscaled`.
    fn table(folder: &Path, name: &str, columns: &[(&str, usize, &[i128])]) -> TableFile {
        let stored = columns.iter().map(|(name, scale, values)| {
            let values = values.iter().copied().map(Some);
            let values = Int128Chunked::from_iter_options((*name).into(), values);
            values.into_decimal(38, *scale).unwrap().into_column()
        });
        let mut frame = DataFrame::new(columns[0].2.len(), stored.collect()).unwrap();
        let path = folder.join(name);
        ParquetWriter::new(File::create(&path).unwrap()).finish(&mut frame).unwrap();
        TableFile::open(&path, None).unwrap()
    }

    #[test]
    fn decimals_of_a_file_are_read_as_numbers_and_it_is_said_how() {
        let folder = tempfile::tempdir().unwrap();
        let price: Vec<i128> = (0..40).map(|n| 1_000 + 37 * n).collect();
        let visits: Vec<i128> = (0..40).map(|n| n % 3).collect();
        let third: Vec<i128> = (1..=40).map(|n| n * 333_333_333_333_333_333).collect();
        let file = table(
            folder.path(),
            "decimals.parquet",
            &[("price", 2, &price), ("visits", 0, &visits), ("third", 18, &third)],
        );
        let Inferred { schema, notes } = infer_noted(&file).unwrap();
        let kinds: Vec<_> = schema.columns.iter().map(|c| (c.value_type, c.kind)).collect();
        let continuous = (ValueType::Float, Some(Kind::Continuous));
        assert_eq!(kinds, [continuous, (ValueType::Int, Some(Kind::Count)), continuous]);
        let said = notes.join("\n");
        for note in [
            "`price` is decimal[38,2] and is read as numbers; none has more than 15 digits",
            "`visits` is decimal[38,0] and is read as whole numbers",
            "beyond 15 digits: `0.333333333333333333` as `0.3333333333333333`",
        ] {
            assert!(said.contains(note), "`{note}` is not in {said}");
        }
        // The same numbers written as text have the same digest under the declaration.
        let rows = (0..40).map(|n| {
            let cell = |value: i128, scale| written(value, scale);
            format!("{},{},{}\n", cell(price[n], 2), visits[n], cell(third[n], 18))
        });
        let csv = folder.path().join("decimals.csv");
        std::fs::write(&csv, "price,visits,third\n".to_owned() + &rows.collect::<String>())
            .unwrap();
        let csv = TableFile::open(&csv, None).unwrap();
        let digest = |file: &TableFile| fingerprint(file, &schema, |_| ()).unwrap().table;
        assert_eq!(digest(&file), digest(&csv));
        // A declared whole number is one.
        let fractions = table(
            folder.path(),
            "fractions.parquet",
            &[("price", 2, &[1]), ("visits", 1, &[25]), ("third", 0, &[1])],
        );
        let refused = fingerprint(&fractions, &schema, |_| ()).unwrap_err().to_string();
        assert!(refused.contains("`visits`") && refused.contains("`2.5` in row 1"), "{refused}");
    }
}
