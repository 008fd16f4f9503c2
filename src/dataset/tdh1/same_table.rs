//! One table has one digest, however it is stored and cut; another table has another.

use super::{BLOCK_ROWS, Error, LogicalType, StructField, TableDigest, TableHasher, row_digests};
use polars::prelude::*;

type Columns = Vec<(String, LogicalType)>;

fn columns(declared: &[(&str, LogicalType)]) -> Columns {
    declared.iter().map(|(name, logical)| ((*name).to_owned(), logical.clone())).collect()
}

fn digest(frame: &DataFrame, columns: &Columns) -> TableDigest {
    let mut hasher = TableHasher::with_row_set(columns);
    hasher.update(frame).unwrap();
    hasher.finish()
}

/// Digests `frame` in frames of `rows` rows.
fn digest_cut(frame: &DataFrame, columns: &Columns, rows: usize) -> TableDigest {
    let mut hasher = TableHasher::with_row_set(columns);
    for start in (0..frame.height()).step_by(rows) {
        hasher.update(&frame.slice(i64::try_from(start).unwrap(), rows)).unwrap();
    }
    hasher.finish()
}

/// `rows` rows of int, float, text, timestamp, list, vector and struct, with nulls in every column.
fn wide(rows: i64) -> DataFrame {
    let whole = |row: i64| (row % 7 != 3).then_some(row * 37 % 1000 - 500);
    let ints: Int64Chunked = (0..rows).map(whole).collect_ca("n".into());
    let narrow = ints.cast(&DataType::Float32).unwrap();
    let words = ["", "a", "ü,\"", "long enough to leave the view"].into_iter().cycle();
    let texts: StringChunked = (0..rows)
        .zip(words)
        .map(|(row, word)| (row % 5 != 0).then_some(word))
        .collect_ca("t".into());
    let at = ints.cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap();
    let mut list = ListPrimitiveChunkedBuilder::<Int64Type>::new("l".into(), 8, 8, DataType::Int64);
    let mut pair = ListPrimitiveChunkedBuilder::<Int64Type>::new("p".into(), 8, 8, DataType::Int64);
    for row in 0..rows {
        let items: Vec<Option<i64>> = (0..row % 4).map(|item| whole(row + item)).collect();
        if row % 6 == 0 {
            list.append_null();
            pair.append_null();
        } else {
            list.append_iter(items.into_iter());
            pair.append_iter(vec![whole(row), whole(row + 1)].into_iter());
        }
    }
    let pair = pair.finish().into_series();
    let pair = pair.cast(&DataType::Array(Box::new(DataType::Int64), 2)).unwrap();
    let inner = df!("a" => ints.clone().into_series(), "b" => texts.clone().into_series()).unwrap();
    let record = inner.into_struct("s".into()).into_series();
    DataFrame::new_infer_height(vec![
        ints.into_series().into(),
        narrow.with_name("f".into()).into(),
        texts.into_series().into(),
        at.with_name("at".into()).into(),
        list.finish().into_series().into(),
        pair.into(),
        record.into(),
    ])
    .unwrap()
}

fn declared_of(frame: &DataFrame) -> Columns {
    let column =
        |column: &Column| (column.name().to_string(), LogicalType::of(column.dtype()).unwrap());
    frame.columns().iter().map(column).collect()
}

#[test]
fn cuts_and_chunks_do_not_matter() {
    let frame = wide(2_000);
    let columns = declared_of(&frame);
    let whole = digest(&frame, &columns);
    for rows in [1, 777, 1_999, 2_000] {
        assert_eq!(digest_cut(&frame, &columns, rows), whole, "{rows} rows at a time");
    }
    let (head, tail) = (frame.slice(0, 777), frame.slice(777, 2_000));
    let stacked = head.vstack(&tail).unwrap();
    assert!(stacked.first_col_n_chunks() > 1);
    assert_eq!(digest(&stacked, &columns), whole);
    assert_eq!(whole.rows, 2_000);
    assert_eq!(whole.columns[0].nulls, 286);
    assert_eq!(whole.columns[6].nulls, 0);
}

#[test]
fn widths_units_and_dictionaries_do_not_matter() {
    let frame = wide(500);
    let columns = declared_of(&frame);
    let mut other = frame.clone();
    let cast =
        |name: &str, dtype: &DataType| frame.column(name).unwrap().strict_cast(dtype).unwrap();
    let texts = cast("t", &DataType::String);
    let levels = texts.as_materialized_series().unique().unwrap().drop_nulls();
    let levels = FrozenCategories::new(levels.str().unwrap().iter().flatten()).unwrap();
    for stored in [
        cast("n", &DataType::Int16),
        cast("f", &DataType::Float64),
        cast("t", &DataType::from_categories(Categories::global())),
        cast("at", &DataType::Datetime(TimeUnit::Nanoseconds, None)),
        cast("l", &DataType::List(Box::new(DataType::Int32))),
        cast("p", &DataType::Array(Box::new(DataType::Int32), 2)),
    ] {
        other.with_column(stored).unwrap();
    }
    assert_eq!(digest(&other, &columns), digest(&frame, &columns));
    other.with_column(cast("t", &DataType::from_frozen_categories(levels))).unwrap();
    other.with_column(cast("at", &DataType::Datetime(TimeUnit::Microseconds, None))).unwrap();
    assert_eq!(digest(&other, &columns), digest(&frame, &columns));
}

#[test]
fn one_edit_changes_one_block_of_one_column() {
    let rows = i64::from(BLOCK_ROWS) + 5;
    let build = |edited: Option<i64>| {
        let values: Int64Chunked =
            (0..rows).map(|row| if Some(row) == edited { -1 } else { row }).collect_ca("n".into());
        df!("n" => values.into_series(), "m" => (0..rows).collect::<Vec<i64>>()).unwrap()
    };
    let columns = columns(&[("n", LogicalType::Int), ("m", LogicalType::Int)]);
    let plain = digest(&build(None), &columns);
    let edited = digest(&build(Some(20_000)), &columns);
    assert_eq!(plain.columns[0].blocks.len(), 2);
    assert_ne!(plain.table, edited.table);
    assert_ne!(plain.table_by_name, edited.table_by_name);
    assert_ne!(plain.row_set, edited.row_set);
    assert_eq!(plain.schema, edited.schema);
    assert_eq!(plain.columns[1], edited.columns[1]);
    assert_ne!(plain.columns[0].blocks[0], edited.columns[0].blocks[0]);
    assert_eq!(plain.columns[0].blocks[1], edited.columns[0].blocks[1]);
    assert_eq!(digest_cut(&build(None), &columns, 65_536), plain);
    assert_eq!(digest_cut(&build(None), &columns, 10_000), plain);
}

#[test]
fn null_empty_nan_and_zero_are_told_apart() {
    let text = columns(&[("x", LogicalType::Utf8)]);
    let tables = [
        df!("x" => [None::<&str>]).unwrap(),
        df!("x" => [Some("")]).unwrap(),
        df!("x" => [None::<&str>, None]).unwrap(),
        df!("x" => [Some(""), None]).unwrap(),
        df!("x" => [None, Some("")]).unwrap(),
        df!("x" => [None::<&str>; 0]).unwrap(),
    ];
    let digests: std::collections::BTreeSet<String> =
        tables.iter().map(|table| digest(table, &text).table).collect();
    assert_eq!(digests.len(), tables.len());

    let float = columns(&[("x", LogicalType::Float)]);
    let odd = digest(&df!("x" => [Some(f64::NAN), Some(-0.0), None]).unwrap(), &float);
    let even = digest(&df!("x" => [Some(-f64::NAN), Some(0.0), None]).unwrap(), &float);
    assert_eq!(odd.table, even.table);
    let counts = |of: &TableDigest| {
        let column = &of.columns[0];
        (column.nulls, column.nans, column.negative_zeros)
    };
    assert_eq!(counts(&odd), (1, 1, 1));
    assert_eq!(counts(&even), (1, 1, 0));
    let null = digest(&df!("x" => [None, Some(0.0), None]).unwrap(), &float);
    assert_ne!(null.table, even.table);
}

#[test]
fn what_lies_under_a_null_is_not_hashed() {
    let build = |under: i64| {
        let values: Int64Chunked = [1, under, 3].into_iter().collect_ca("n".into());
        let keep: BooleanChunked = [true, false, true].into_iter().collect_ca("k".into());
        let nulls = Int64Chunked::full_null("n".into(), 3);
        let masked = values.zip_with(&keep, &nulls).unwrap().into_series();
        let record = df!("a" => values.into_series()).unwrap().into_struct("s".into());
        let hidden = record.with_outer_validity(masked.chunks()[0].validity().cloned());
        df!("n" => masked, "s" => hidden.into_series()).unwrap()
    };
    let columns = declared_of(&build(2));
    assert_eq!(digest(&build(2), &columns).table, digest(&build(99), &columns).table);
    assert_eq!(digest(&build(2), &columns).columns[1].nulls, 1);
}

#[test]
fn the_order_of_columns_and_of_rows_can_be_left_out() {
    let frame = df!("b" => [3i64, 1, 2, 2], "a" => ["z", "x", "y", "y"]).unwrap();
    let forth = columns(&[("b", LogicalType::Int), ("a", LogicalType::Utf8)]);
    let back: Columns = forth.iter().rev().cloned().collect();
    let (forth_digest, back_digest) = (digest(&frame, &forth), digest(&frame, &back));
    assert_ne!(forth_digest.table, back_digest.table);
    assert_eq!(forth_digest.table_by_name, back_digest.table_by_name);
    assert_eq!(back_digest.table, back_digest.table_by_name);

    let sorted = df!("b" => [1i64, 2, 2, 3], "a" => ["x", "y", "y", "z"]).unwrap();
    let once = df!("b" => [1i64, 2, 3], "a" => ["x", "y", "z"]).unwrap();
    assert_ne!(digest(&sorted, &forth).table, forth_digest.table);
    assert_eq!(digest(&sorted, &forth).row_set, forth_digest.row_set);
    assert_ne!(digest(&once, &forth).row_set, forth_digest.row_set);
    assert_eq!(
        TableDigest { row_set: forth_digest.row_set.clone(), ..digest_plain(&frame, &forth) },
        forth_digest
    );

    let rows = row_digests(&frame, &forth).unwrap();
    assert_eq!(rows[2], rows[3]);
    assert_eq!(rows[0], row_digests(&sorted, &forth).unwrap()[3]);
    assert_ne!(rows[0], row_digests(&frame, &back).unwrap()[0]);
}

fn digest_plain(frame: &DataFrame, columns: &Columns) -> TableDigest {
    let mut hasher = TableHasher::new(columns);
    hasher.update(frame).unwrap();
    hasher.finish()
}

#[test]
fn an_untyped_null_column_is_covered_by_every_type() {
    let untyped = df!("x" => Series::new_null("x".into(), 2)).unwrap();
    let typed = df!("x" => [None::<i32>, None]).unwrap();
    let int = columns(&[("x", LogicalType::Int)]);
    assert_eq!(digest(&untyped, &int), digest(&typed, &int));
    let null = columns(&[("x", LogicalType::Null)]);
    assert_eq!(digest(&untyped, &null), digest(&typed, &null));
    assert_ne!(digest(&untyped, &null).table, digest(&untyped, &int).table);
    let refused = TableHasher::new(&null).update(&df!("x" => [None, Some(1)]).unwrap());
    assert!(matches!(refused, Err(Error::TypeDiffers { .. })));
}

#[test]
fn what_does_not_fit_the_declaration_is_refused() {
    let frame = df!("n" => [1i64, 2], "d" => [1i64, 1]).unwrap();
    let update = |declared: &[(&str, LogicalType)]| {
        TableHasher::new(&columns(declared)).update(&frame).unwrap_err().to_string()
    };
    assert_eq!(
        update(&[("m", LogicalType::Int)]),
        "column `m` is declared but not in the table; rename it or declare what the table holds"
    );
    assert_eq!(
        update(&[("n", LogicalType::Utf8)]),
        "column `n` is stored as i64, expected utf8; cast it or declare what the table holds"
    );
    assert_eq!(
        update(&[("n", LogicalType::Int), ("n", LogicalType::Int)]),
        "column `n` is declared twice; declare each column once"
    );
    let empty = frame.slice(0, 0);
    let declared = columns(&[("n", LogicalType::Float)]);
    let refused = TableHasher::new(&declared).update(&empty);
    assert!(matches!(refused, Err(Error::TypeDiffers { .. })));
}

#[test]
fn a_value_that_does_not_fit_names_its_row() {
    let dose = df!("d" => [0i64, 0, 0, 0, 3]).unwrap();
    let cents = dose.column("d").unwrap().cast(&DataType::Int128).unwrap();
    let cents = cents.i128().unwrap().clone().into_decimal(38, 2).unwrap().into_series();
    let frame = df!("d" => cents).unwrap();
    let declared = columns(&[("d", LogicalType::Decimal { scale: 1 })]);
    let mut hasher = TableHasher::new(&declared);
    hasher.update(&frame.slice(0, 3)).unwrap();
    assert_eq!(
        hasher.update(&frame.slice(3, 2)).unwrap_err().to_string(),
        "column `d`, row 4: decimal 3e-2 cannot be written exactly with 1 digits after the point"
    );
}

#[test]
fn maps_are_ordered_by_key_and_keep_each_key_once() {
    let build = |entries: &[(&str, i64)]| {
        let (keys, values): (Vec<&str>, Vec<i64>) = entries.iter().copied().unzip();
        let items = df!("key" => keys, "value" => values).unwrap().into_struct("m".into());
        let list = items.into_series().implode().unwrap().into_series();
        df!("m" => list.with_name("m".into())).unwrap()
    };
    let map =
        LogicalType::Map { key: Box::new(LogicalType::Utf8), value: Box::new(LogicalType::Int) };
    let declared = columns(&[("m", map)]);
    let forth = build(&[("a", 1), ("b", 2)]);
    assert_eq!(digest(&forth, &declared), digest(&build(&[("b", 2), ("a", 1)]), &declared));
    assert_ne!(digest(&forth, &declared), digest(&build(&[("a", 2), ("b", 1)]), &declared));
    let twice = TableHasher::new(&declared).update(&build(&[("a", 1), ("a", 1)])).unwrap_err();
    assert_eq!(twice.to_string(), "column `m`, row 0: map holds one key twice");
}

#[test]
fn vectors_and_structs_have_the_declared_shape() {
    let frame = wide(10);
    let int = || Box::new(LogicalType::Int);
    let pairs = |width| columns(&[("p", LogicalType::Vector { width, item: int() })]);
    assert_eq!(digest(&frame, &pairs(2)).columns[0].nulls, 2);
    let refused = TableHasher::new(&pairs(3)).update(&frame).unwrap_err().to_string();
    assert_eq!(refused, "column `p`, row 1: vector has 2 items, expected 3");
    let as_list = columns(&[("p", LogicalType::List(int()))]);
    assert_ne!(digest(&frame, &as_list).table, digest(&frame, &pairs(2)).table);

    let field = |name: &str, logical_type| StructField { name: name.to_owned(), logical_type };
    let forth = vec![field("a", LogicalType::Int), field("b", LogicalType::Utf8)];
    let back = vec![field("b", LogicalType::Utf8), field("a", LogicalType::Int)];
    let (forth, back) = (LogicalType::Struct(forth), LogicalType::Struct(back));
    assert_ne!(
        digest(&frame, &columns(&[("s", forth)])).table,
        digest(&frame, &columns(&[("s", back)])).table
    );
    let part = LogicalType::Struct(vec![field("a", LogicalType::Int)]);
    let refused = TableHasher::new(&columns(&[("s", part)])).update(&frame);
    assert!(matches!(refused, Err(Error::TypeDiffers { .. })));
}
