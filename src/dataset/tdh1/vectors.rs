//! Every vector of `tests/vectors/tdh1.json` agrees, whole and cut; a second implementation computed what is expected.

use super::context::{BLOCK, COLUMN, ROW, ROW_SET, SAMPLE, SCHEMA, TABLE};
use super::{
    LogicalType, Result, StructField, TableDigest, TableHasher, encode_cells, read_back,
    row_digests, selected,
};
use polars::chunked_array::builder::get_list_builder;
use polars::prelude::*;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Vectors {
    tables: Vec<Vector>,
    samples: Vec<SampleVector>,
}

#[derive(Deserialize)]
struct SampleVector {
    id: String,
    checkpoint: String,
    table: String,
    rows: u64,
    columns: usize,
    count: u64,
    selected: Vec<(u64, usize)>,
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    columns: Vec<VectorColumn>,
    expected: Option<Expected>,
    #[serde(default)]
    refused: bool,
}

#[derive(Deserialize)]
struct Expected {
    #[serde(flatten)]
    digest: TableDigest,
    row_digests: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct VectorColumn {
    name: String,
    #[serde(rename = "type")]
    logical_type: LogicalType,
    values: Values,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    Listed(Vec<Value>),
    Repeated { repeat: Vec<Value>, rows: usize },
    Stepped { from: i64, step: i64, rows: i64 },
}

impl Values {
    fn expand(&self) -> Vec<Value> {
        match self {
            Self::Listed(values) => values.clone(),
            Self::Repeated { repeat, rows } => repeat.iter().cycle().take(*rows).cloned().collect(),
            Self::Stepped { from, step, rows } => {
                (0..*rows).map(|row| Value::from(from + row * step)).collect()
            }
        }
    }
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.parse().unwrap()),
        number => Some(number.as_i64().unwrap().into()),
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(match text.strip_prefix("bits:") {
            Some(bits) => f64::from_bits(u64::from_str_radix(bits, 16).unwrap()),
            None => text.parse().unwrap(),
        }),
        number => Some(number.as_f64().unwrap()),
    }
}

/// Decimals, stored with as many digits after the point as the longest of them has.
fn decimals(values: &[Value]) -> Series {
    let parts = |value: &Value| {
        let text = value.as_str()?.to_owned();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        Some((whole.to_owned(), fraction.to_owned()))
    };
    let parts: Vec<_> = values.iter().map(parts).collect();
    let scale = parts.iter().flatten().map(|(_whole, fraction)| fraction.len()).max().unwrap_or(0);
    let unscaled = |(whole, fraction): (String, String)| {
        format!("{whole}{fraction:0<scale$}").parse::<i128>().unwrap()
    };
    let stored: Int128Chunked =
        parts.into_iter().map(|parts| parts.map(unscaled)).collect_ca("".into());
    stored.into_decimal(38, scale).unwrap().into_series()
}

/// Times in nanoseconds, or in milliseconds when 64 bits of nanoseconds do not reach.
fn times(values: &[Value], of: impl Fn(TimeUnit) -> DataType) -> Series {
    let values: Vec<Option<i128>> = values.iter().map(whole).collect();
    let narrow = |divisor: i128| {
        values
            .iter()
            .map(|value| value.map(|v| i64::try_from(v / divisor)).transpose())
            .collect::<std::result::Result<Vec<Option<i64>>, _>>()
    };
    let (stored, unit) = match narrow(1) {
        Ok(stored) => (stored, TimeUnit::Nanoseconds),
        Err(_too_wide) => (narrow(1_000_000).unwrap(), TimeUnit::Milliseconds),
    };
    let stored = Series::new("".into(), stored);
    match of(unit) {
        // A cast drops the zone when polars is built without time zone tables.
        DataType::Datetime(unit, zone) => {
            stored.i64().unwrap().clone().into_datetime(unit, zone).into_series()
        }
        dtype => stored.cast(&dtype).unwrap(),
    }
}

fn lists(values: &[Value], item: impl Fn(&[Value]) -> Series) -> Series {
    let dtype = item(&[]).dtype().clone();
    let mut builder = get_list_builder(&dtype, 0, values.len(), "".into());
    for value in values {
        let items = value.as_array().map(|items| item(items));
        builder.append_opt_series(items.as_ref()).unwrap();
    }
    builder.finish().into_series()
}

fn records(values: &[Value], fields: &[StructField]) -> Series {
    let parts: Vec<Series> = fields
        .iter()
        .map(|field| {
            let values: Vec<Value> = values
                .iter()
                .map(|value| value.get(&field.name).cloned().unwrap_or(Value::Null))
                .collect();
            build(&field.logical_type, &values).with_name(field.name.as_str().into())
        })
        .collect();
    let present = Series::new(
        "".into(),
        values.iter().map(|value| (!value.is_null()).then_some(1)).collect::<Vec<_>>(),
    );
    let records = StructChunked::from_series("".into(), values.len(), parts.iter()).unwrap();
    records.with_outer_validity(present.chunks()[0].validity().cloned()).into_series()
}

/// Maps as tables hold them: lists of structs of key and value.
fn maps(values: &[Value], key: &LogicalType, value: &LogicalType) -> Series {
    lists(values, |entries| {
        let part =
            |place: usize| entries.iter().map(|entry| entry[place].clone()).collect::<Vec<_>>();
        let keys = build(key, &part(0)).with_name("key".into());
        let values = build(value, &part(1)).with_name("value".into());
        StructChunked::from_series("".into(), entries.len(), [keys, values].iter())
            .unwrap()
            .into_series()
    })
}

fn vectors(values: &[Value], width: u32, item: &LogicalType) -> Series {
    let ragged = lists(values, |items| build(item, items));
    let even = values.iter().filter_map(Value::as_array).all(|items| items.len() == width as usize);
    let DataType::List(item) = ragged.dtype() else { unreachable!("built as a list") };
    let array = DataType::Array(item.clone(), width as usize);
    if even { ragged.cast(&array).unwrap() } else { ragged }
}

fn build(logical_type: &LogicalType, values: &[Value]) -> Series {
    let utc = || Some(TimeZone::UTC);
    match logical_type {
        LogicalType::Null => Series::new_null("".into(), values.len()),
        LogicalType::Bool => {
            Series::new("".into(), values.iter().map(Value::as_bool).collect::<Vec<_>>())
        }
        LogicalType::Int => {
            let stored: Int128Chunked = values.iter().map(whole).collect_ca("".into());
            stored.into_series()
        }
        LogicalType::Float => Series::new("".into(), values.iter().map(float).collect::<Vec<_>>()),
        LogicalType::Decimal { .. } => decimals(values),
        LogicalType::Utf8 => {
            Series::new("".into(), values.iter().map(Value::as_str).collect::<Vec<_>>())
        }
        LogicalType::Bytes => {
            let blobs =
                values.iter().map(|value| value.as_str().map(|text| hex::decode(text).unwrap()));
            let stored: BinaryChunked = blobs.collect_ca("".into());
            stored.into_series()
        }
        LogicalType::Date => {
            let days =
                values.iter().map(|value| whole(value).map(|days| i32::try_from(days).unwrap()));
            Series::new("".into(), days.collect::<Vec<_>>()).cast(&DataType::Date).unwrap()
        }
        LogicalType::Time => times(values, |_nanoseconds| DataType::Time),
        LogicalType::TimestampLocal => times(values, |unit| DataType::Datetime(unit, None)),
        LogicalType::TimestampInstant => times(values, |unit| DataType::Datetime(unit, utc())),
        LogicalType::Duration => times(values, DataType::Duration),
        LogicalType::List(item) => lists(values, |items| build(item, items)),
        LogicalType::Struct(fields) => records(values, fields),
        LogicalType::Map { key, value } => maps(values, key, value),
        LogicalType::Vector { width, item } => vectors(values, *width, item),
    }
}

fn digest(
    frame: &DataFrame,
    declared: &[(String, LogicalType)],
    rows: usize,
    by_row: bool,
) -> Result<TableDigest> {
    let mut hasher =
        if by_row { TableHasher::with_row_set(declared) } else { TableHasher::new(declared) };
    for start in (0..frame.height()).step_by(rows) {
        hasher.update(&frame.slice(i64::try_from(start).unwrap(), rows))?;
    }
    Ok(hasher.finish())
}

#[test]
fn every_vector_agrees() {
    let vectors: Vectors =
        serde_json::from_str(include_str!("../../../tests/vectors/tdh1.json")).unwrap();
    assert!(vectors.tables.len() >= 25);
    for vector in &vectors.tables {
        let declared: Vec<_> = vector
            .columns
            .iter()
            .map(|column| (column.name.clone(), column.logical_type.clone()))
            .collect();
        let column = |column: &VectorColumn| {
            let stored = build(&column.logical_type, &column.values.expand());
            stored.with_name(column.name.as_str().into()).into_column()
        };
        let frame =
            DataFrame::new_infer_height(vector.columns.iter().map(column).collect()).unwrap();
        let by_row =
            vector.expected.as_ref().is_some_and(|expected| expected.row_digests.is_some());
        for rows in [2, 777, 1_000_000] {
            let found = digest(&frame, &declared, rows, by_row);
            match &vector.expected {
                Some(expected) => assert_eq!(found.unwrap(), expected.digest, "{}", vector.id),
                None => assert!(vector.refused && found.is_err(), "{}", vector.id),
            }
        }
        for (name, logical_type) in declared.iter().filter(|_| vector.expected.is_some()) {
            let cells = encode_cells(&frame, (name, logical_type), 0).unwrap();
            assert_eq!(read_back(logical_type, frame.height() as u64, &cells), Ok(()), "{name}");
            let one_less = (frame.height() as u64).saturating_sub(1);
            let found = read_back(logical_type, one_less, &cells);
            assert_eq!(found.is_err(), frame.height() > 0, "{}", vector.id);
        }
        if let Some(expected) =
            vector.expected.as_ref().and_then(|expected| expected.row_digests.as_ref())
        {
            let found: Vec<String> =
                row_digests(&frame, &declared).unwrap().iter().map(hex::encode).collect();
            assert_eq!(&found, expected, "{}", vector.id);
        }
    }
}

#[test]
fn every_sample_selects_the_same_blocks() {
    let vectors = include_str!("../../../tests/vectors/tdh1.json");
    let vectors: Vectors = serde_json::from_str(vectors).unwrap();
    assert!(vectors.samples.len() >= 8);
    let (frame, declared) = (df!("n" => [1i64]).unwrap(), [("n".to_owned(), LogicalType::Int)]);
    let any = digest(&frame, &declared, 1, false).unwrap();
    for vector in &vectors.samples {
        let table = TableDigest {
            rows: vector.rows,
            table: vector.table.clone(),
            columns: vec![any.columns[0].clone(); vector.columns],
            ..any.clone()
        };
        let found = selected(&table, &vector.checkpoint, vector.count);
        let found: Vec<_> = found.iter().map(|place| (place.block, place.column)).collect();
        assert_eq!(found, vector.selected, "{}", vector.id);
    }
}

#[test]
fn the_specification_shows_the_digests_of_its_example_and_every_context() {
    let page = include_str!("../../../docs/TDH1.md");
    let vectors = include_str!("../../../tests/vectors/tdh1.json");
    let vectors: Vectors = serde_json::from_str(vectors).unwrap();
    let example = vectors.tables.iter().find(|vector| vector.id == "worked-example").unwrap();
    let expected = example.expected.as_ref().unwrap();
    let digest = &expected.digest;
    let mut shown = vec![&digest.table, &digest.schema, digest.row_set.as_ref().unwrap()];
    shown.extend(digest.columns.iter().flat_map(|column| [&column.digest, &column.blocks[0]]));
    shown.extend(expected.row_digests.iter().flatten());
    assert_eq!(shown.len(), 10);
    for digest in shown {
        assert!(page.contains(digest.as_str()), "{digest}");
    }
    for context in [BLOCK, COLUMN, ROW, ROW_SET, SAMPLE, SCHEMA, TABLE] {
        assert!(page.contains(&format!("| `{context}` |")), "{context}");
    }
}
