//! Record rows of a pack as tables that other tools sort and filter: JSON Lines and CSV (RFC 4180), with a data dictionary.
//!
//! `tables/NAME.jsonl` holds one object a line, `tables/NAME.csv` the same columns; a document inside a row is not repeated but named by
//! its file. Besides the record tables there are `log_entry` (the audit trail of what the pack explains) and `report_feature`
//! (one line a feature a report). A text that a spreadsheet would take for a formula gets an apostrophe in the CSV; the JSON Lines
//! hold what the record holds.

use super::copies::{COPIES, document_file};
use super::manifest::TABLES;
use super::records::{Records, Row};
use crate::drift::report::{DriftReport, FeatureReport};
use crate::ledger::entry::Entry;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Meaning of every column: table (`*`: whatever table), column, type, meaning.
pub const DICTIONARY: &str = include_str!("dictionary.csv");

/// Columns that come first.
const FIRST: [&str; 5] = ["idx", "report_id", "id", "entry", "at"];

/// One table, named, with its rows as objects.
struct Table<'a> {
    name: &'a str,
    rows: Vec<Map<String, Value>>,
}

/// Every file of the folder `tables/`, by name: of the tables of which `records` has rows; `entries` are those the pack explains.
pub fn files(
    records: &mut dyn Records,
    tables: &[&str],
    entries: &[&Entry],
) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<Table<'_>> = tables.iter().map(|name| record_table(records, name)).collect();
    found.push(log_entries(records, entries));
    found.push(report_features(records));
    found.retain(|table| !table.rows.is_empty());
    found.sort_by_key(|table| table.name);
    let mut files = Vec::new();
    let mut dictionary = String::from("table,column,type,meaning\n");
    for table in &found {
        let columns = columns(table);
        for column in &columns {
            let (kind, meaning) = meaning(table.name, column).unwrap_or(("text", ""));
            dictionary.push_str(&format!(
                "{},{column},{kind},{}\n",
                table.name,
                csv_cell(&json!(meaning))
            ));
        }
        files.push((format!("{TABLES}{}.csv", table.name), csv(table, &columns)));
        files.push((format!("{TABLES}{}.jsonl", table.name), lines(table)));
    }
    files.push((format!("{TABLES}DICTIONARY.csv"), dictionary.into_bytes()));
    files
}

/// Type and meaning of a column.
pub fn meaning(table: &str, column: &str) -> Option<(&'static str, &'static str)> {
    let mut general = None;
    for line in DICTIONARY.lines().skip(1) {
        let mut parts = line.splitn(4, ',');
        let (Some(of), Some(name), Some(kind), Some(meaning)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        if name == column && of == table {
            return Some((kind, meaning));
        }
        if name == column && of == "*" {
            general = Some((kind, meaning));
        }
    }
    general
}

/// The columns of a table in their order: those the dictionary names for it and those its rows hold.
fn columns(table: &Table<'_>) -> Vec<String> {
    let declared = DICTIONARY.lines().filter_map(|line| line.split_once(','));
    let declared = declared.filter(|(of, _)| *of == table.name);
    let mut columns: BTreeSet<String> =
        declared.filter_map(|(_, rest)| Some(rest.split_once(',')?.0.to_owned())).collect();
    columns.extend(table.rows.iter().flat_map(|row| row.keys().cloned()));
    let first = FIRST.iter().filter(|name| columns.contains(**name)).map(|&name| name.to_owned());
    let mut ordered: Vec<String> = first.collect();
    ordered.extend(columns.into_iter().filter(|name| !FIRST.contains(&name.as_str())));
    ordered
}

fn record_table<'a>(records: &mut dyn Records, name: &'a str) -> Table<'a> {
    let copied = COPIES.iter().find(|copy| copy.0 == name).map(|copy| copy.2);
    let mut rows = Vec::new();
    for key in records.keys(name) {
        let Some(Row(mut row)) = records.row(name, &key) else { continue };
        if let Some(column) = copied
            && row.remove(column).is_some()
        {
            let file = document_file(name, &key).unwrap_or_default();
            row.insert(format!("{column}_file"), json!(file));
        }
        rows.push(row);
    }
    rows.sort_by_key(|row| row.get("entry").and_then(Value::as_u64));
    Table { name, rows }
}

fn log_entries(records: &mut dyn Records, entries: &[&Entry]) -> Table<'static> {
    let mut people: BTreeMap<&str, Option<Row>> = BTreeMap::new();
    let mut rows = Vec::new();
    for entry in entries {
        let person = people
            .entry(&entry.actor.id)
            .or_insert_with(|| records.row("account", &entry.actor.id));
        let named = |column: &str| person.as_ref().map(|row| row.text(column).to_owned());
        let subjects: Vec<String> =
            entry.subj.iter().map(|subject| format!("{}:{}", subject.kind, subject.id)).collect();
        rows.push(object(json!({
            "idx": entry.idx, "at": entry.ts, "type": entry.kind.as_str(), "what": entry.kind.sentence(),
            "actor": entry.actor.id, "user_name": named("user_name"), "printed_name": named("printed_name"),
            "role": entry.actor.role, "auth": entry.actor.auth, "subjects": subjects.join(" "),
            "body_sha256": entry.body.sha256,
        })));
    }
    Table { name: "log_entry", rows }
}

fn report_features(records: &mut dyn Records) -> Table<'static> {
    let mut rows = Vec::new();
    for key in records.keys("report") {
        let Some(row) = records.row("report", &key) else { continue };
        let Ok(report) = serde_json::from_str::<DriftReport>(row.text("document")) else {
            continue;
        };
        let number = row.number("number").unwrap_or_default();
        rows.extend(report.features.iter().map(|f| (number, feature(&key, number, &report, f))));
    }
    rows.sort_by(|(a, left), (b, right)| {
        let version = |row: &Map<String, Value>| row.get("version").map(Value::to_string);
        (version(left), a).cmp(&(version(right), b))
    });
    Table { name: "report_feature", rows: rows.into_iter().map(|(_, row)| row).collect() }
}

fn feature(
    key: &str,
    number: u64,
    report: &DriftReport,
    feature: &FeatureReport,
) -> Map<String, Value> {
    let main = feature.series.first();
    object(json!({
        "report_id": key, "model": report.context.model, "version": report.context.version,
        "batch": report.context.batch, "number": number, "feature": feature.feature,
        "kind": feature.kind.word(), "verdict": feature.verdict.word(),
        "batch_rows": feature.batch.rows, "batch_nulls": feature.batch.nulls,
        "tv": main.and_then(|series| series.tv), "tv_lower": main.and_then(|series| series.tv_lower),
        "tv_upper": main.and_then(|series| series.tv_upper), "tolerance": main.map(|series| series.tolerance),
        "psi": feature.statistics.get("psi").and_then(|psi| psi.value), "sentence": feature.sentence,
    }))
}

/// The fields of `value` that hold something.
fn object(value: Value) -> Map<String, Value> {
    let Value::Object(mut fields) = value else { return Map::new() };
    fields.retain(|_, value| !value.is_null());
    fields
}

fn lines(table: &Table<'_>) -> Vec<u8> {
    let mut text = String::new();
    for row in &table.rows {
        let ordered: BTreeMap<&String, &Value> = row.iter().collect();
        text.push_str(&serde_json::to_string(&ordered).unwrap_or_default());
        text.push('\n');
    }
    text.into_bytes()
}

fn csv(table: &Table<'_>, columns: &[String]) -> Vec<u8> {
    let mut text = columns.join(",");
    text.push('\n');
    for row in &table.rows {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| csv_cell(row.get(column).unwrap_or(&Value::Null)))
            .collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text.into_bytes()
}

/// A value as a cell. Texts that begin like a formula get an apostrophe, so that no spreadsheet computes them.
pub fn csv_cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format!("'{text}")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_are_disarmed() {
        for (value, expected) in [
            (json!(null), ""),
            (json!("a,b"), "\"a,b\""),
            (json!("say \"no\"\n"), "\"say \"\"no\"\"\n\""),
            (json!("=1+1"), "'=1+1"),
            (json!(-0.5), "-0.5"),
            (json!(7), "7"),
        ] {
            assert_eq!(csv_cell(&value), expected);
        }
    }

    #[test]
    fn the_dictionary_has_four_columns_and_no_line_twice() {
        let mut seen = BTreeSet::new();
        for line in DICTIONARY.lines() {
            let parts: Vec<_> = line.split(',').collect();
            assert_eq!(parts.len(), 4, "{line}");
            assert!(seen.insert((parts[0], parts[1])), "{line}");
        }
        assert_eq!(meaning("batch", "sha256").map(|found| found.0), Some("text"));
        assert_eq!(meaning("batch", "nothing"), None);
    }
}
