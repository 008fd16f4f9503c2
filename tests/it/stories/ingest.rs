//! Story: a pipeline sends batches; what is not as declared is refused with its reasons, and nothing is half taken.
//! Method: the API over HTTP with a personal token; real months in every format, small tables with one fault each.

use crate::harness::{
    BODY_BYTES_MAX, Laboratory, VERSION_PATH, Visitor, register, repository, table,
};
use driftledger::procedures::fingerprint_files::{RegistrationSources, make_registration};
use polars::prelude::*;
use serde_json::Value;
use std::fs::File;
use std::path::Path;

const CSV: &str = "text/csv";

fn open() -> (Laboratory, Visitor) {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    (laboratory, program)
}

fn report(program: &Visitor, answer: &crate::harness::Answer) -> Value {
    let report = program.get(&format!("/api/v1/reports/{}", answer.text("id")));
    assert_eq!(report.status, 200, "{report:?}");
    report.body
}

/// Rows of every record table, and entries of the ledger.
fn records(laboratory: &Laboratory) -> (u64, Vec<(&'static str, u64)>) {
    laboratory
        .store
        .read(|tx| Ok::<_, driftledger::store::Error>((tx.head()?.size, tx.record_counts()?)))
        .unwrap()
}

fn quarantine(program: &Visitor) -> Vec<Value> {
    program.get(&format!("{VERSION_PATH}/quarantine")).body.as_array().unwrap().clone()
}

/// One month in every format a batch may come in, written by polars from the CSV file.
fn one_month_in_every_format(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let csv = repository("sample_data/thyroid_garvan/batches/1985-06.csv");
    let path = PlRefPath::try_from_path(&csv).unwrap();
    let mut frame = LazyCsvReader::new(path)
        .with_infer_schema_length(None)
        .finish()
        .unwrap()
        .collect()
        .unwrap();
    let written = |name: &str, write: &mut dyn FnMut(File)| {
        let path = folder.join(name);
        write(File::create(&path).unwrap());
        std::fs::read(&path).unwrap()
    };
    vec![
        (CSV, std::fs::read(&csv).unwrap()),
        (
            "application/vnd.apache.parquet",
            written("a.parquet", &mut |file| {
                ParquetWriter::new(file).finish(&mut frame).unwrap();
            }),
        ),
        (
            "application/vnd.apache.arrow.file",
            written("a.arrow", &mut |file| IpcWriter::new(file).finish(&mut frame).unwrap()),
        ),
        (
            "application/vnd.apache.arrow.stream",
            written("a.arrows", &mut |file| IpcStreamWriter::new(file).finish(&mut frame).unwrap()),
        ),
        (
            "application/x-ndjson",
            written("a.ndjson", &mut |file| {
                let writer = JsonWriter::new(file).with_json_format(JsonFormat::JsonLines);
                { writer }.finish(&mut frame).unwrap();
            }),
        ),
        (
            "application/json",
            written("a.json", &mut |file| {
                let writer = JsonWriter::new(file).with_json_format(JsonFormat::Json);
                { writer }.finish(&mut frame).unwrap();
            }),
        ),
    ]
}

#[test]
fn one_month_gives_the_same_counts_in_every_format() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let sample = |name: &str| repository(&format!("sample_data/thyroid_garvan/{name}"));
    let mut sources = RegistrationSources {
        model: "tablets".to_owned(),
        train: sample("train.csv"),
        reference: sample("reference.csv"),
        artifacts: vec![sample("model_trees.json")],
        schema: Some(sample("schema.json")),
        overlap_justification: Some("two requests with the same few measurements".to_owned()),
        ..RegistrationSources::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let mut first: Option<Vec<Value>> = None;
    for (number, (media_type, bytes)) in
        one_month_in_every_format(folder.path()).into_iter().enumerate()
    {
        // A version of its own: the same rows are evidence for one version once.
        sources.version = format!("{number}");
        let registration = make_registration(&sources, |_| ()).unwrap();
        let body = serde_json::to_value(&registration).unwrap();
        assert_eq!(program.post("/api/v1/models/tablets/versions", &body).status, 201);
        let path = format!("/api/v1/models/tablets/versions/{number}/batches?name=june");
        let answer = program.post_table(&path, media_type, &bytes);
        assert_eq!(answer.status, 201, "{media_type}: {answer:?}");
        assert_eq!(answer.body["rows"], 331, "{media_type}");
        let features = report(&program, &answer)["features"].as_array().unwrap().clone();
        let counts: Vec<Value> = features.into_iter().map(|f| f["profile"].clone()).collect();
        match &first {
            None => first = Some(counts),
            Some(csv) => assert_eq!(*csv, counts, "{media_type} counts otherwise than CSV"),
        }
    }
}

#[test]
fn the_same_batch_again_returns_the_first_report() {
    let (laboratory, program) = open();
    let bytes = table(100, 5, 0.0).into_bytes();
    let first = program.post_batch("june", CSV, &bytes);
    assert_eq!(first.status, 201);
    let before = records(&laboratory);
    for name in ["june", "another-name"] {
        let again = program.post_batch(name, CSV, &bytes);
        assert_eq!(again.status, 200);
        for field in ["id", "batch", "sha256", "at", "entry"] {
            assert_eq!(first.body[field], again.body[field], "{field}");
        }
    }
    let other = program.post_batch("june", CSV, table(100, 6, 0.0).as_bytes());
    let detail = other.problem(409, "batch_name_taken");
    assert!(detail.contains("june") && detail.contains("SHA-256"), "{detail}");
    assert_eq!(records(&laboratory), before, "nothing was recorded");
}

#[test]
fn a_file_that_is_not_as_declared_is_quarantined_with_its_reasons() {
    let (laboratory, program) = open();
    let good = table(40, 5, 0.0);
    let row = good.lines().nth(7).unwrap();
    let bad_cell = good.replacen(row, &row.replacen(row.split(',').nth(1).unwrap(), "heavy", 1), 1);
    let cases: Vec<(&str, &str, Vec<u8>, &[&str])> = vec![
        ("missing", CSV, good.replace("weight_mg", "Weight").into_bytes(), &["weight_mg"]),
        (
            "near",
            CSV,
            good.replace("weight_mg", "weight_gm").into_bytes(),
            &["`weight_mg`", "`weight_gm`"],
        ),
        (
            "undeclared",
            CSV,
            good.replace('\n', ",1\n").replacen(",1\n", ",colour\n", 1).into_bytes(),
            &["colour"],
        ),
        ("cell", CSV, bad_cell.into_bytes(), &["`weight_mg`", "`heavy`", "row 7"]),
        ("garbage", "application/vnd.apache.parquet", b"no table at all".repeat(20), &["Parquet"]),
        ("cut", "application/vnd.apache.parquet", b"PAR1 and then nothing".to_vec(), &["Parquet"]),
        ("json", "application/json", b"{\"tablet\": ".to_vec(), &["JSON"]),
    ];
    for (number, (name, media_type, bytes, words)) in cases.into_iter().enumerate() {
        let before = records(&laboratory);
        let refused = program.post_batch(name, media_type, &bytes);
        let detail = refused.problem(422, "batch_quarantined");
        for word in words {
            assert!(detail.contains(word), "{name}: `{word}` is not in: {detail}");
        }
        let temporary = laboratory.folder.path().to_str().unwrap();
        assert!(!detail.contains(temporary), "{name}: {detail}");
        let listed = quarantine(&program);
        assert_eq!(listed.len(), number + 1, "{name}");
        assert_eq!(listed[0]["name"], name);
        let after = records(&laboratory);
        assert_eq!(after.0, before.0 + 1, "{name}: one ledger entry says so");
        for ((table, rows), (_, rows_before)) in after.1.iter().zip(&before.1) {
            let added = u64::from(matches!(*table, "quarantine" | "quarantined_batch" | "episode"));
            assert_eq!(*rows, rows_before + added, "{name}: rows of {table}");
        }
    }
    let cell = program.post_batch("cell-again", CSV, good.replacen("east", "", 1).as_bytes());
    assert_eq!(cell.status, 201, "a missing value is no fault: {cell:?}");
}

#[test]
fn a_cell_that_does_not_fit_is_given_with_column_row_and_value() {
    let (_laboratory, program) = open();
    let good = table(40, 5, 0.0);
    let row = good.lines().nth(7).unwrap();
    let bad = good.replacen(row, &row.replacen(row.split(',').nth(1).unwrap(), "heavy", 1), 1);
    let refused = program.post_batch("june", CSV, bad.as_bytes());
    let cell = &refused.body["errors"][0];
    assert_eq!(cell["column"], "weight_mg");
    assert_eq!(cell["row"], 7);
    assert_eq!(cell["value"], "heavy");
    assert!(cell["expected"].as_str().unwrap().contains("a number"), "{cell}");
}

#[test]
fn a_file_without_a_single_row_is_not_an_error_of_the_server() {
    let (_laboratory, program) = open();
    let refused = program.post_batch("nothing", CSV, b"");
    assert_eq!(refused.status, 422, "{refused:?}");
    let header = table(0, 5, 0.0);
    let judged = program.post_batch("header-only", CSV, header.as_bytes());
    assert!(matches!(judged.status, 201 | 422), "{judged:?}");
    if judged.status == 201 {
        assert_eq!(judged.body["rows"], 0);
        assert_eq!(judged.text("verdict"), "not_evaluated", "{judged:?}");
        assert_eq!(judged.text("state"), "quiet");
    }
}

#[test]
fn a_body_that_is_too_large_or_of_an_unknown_type_is_refused() {
    let (laboratory, program) = open();
    let before = records(&laboratory);
    let large = table(BODY_BYTES_MAX / 10, 5, 0.0);
    assert!(large.len() as u64 > BODY_BYTES_MAX);
    let refused = program.post_batch("large", CSV, large.as_bytes());
    assert!(refused.problem(413, "too_large").contains(&BODY_BYTES_MAX.to_string()));
    let refused = program.post_batch("pickle", "application/octet-stream", b"\x80\x04");
    let detail = refused.problem(415, "media_type");
    assert!(detail.contains("application/octet-stream") && detail.contains("text/csv"), "{detail}");
    let path = "/api/v1/models/capsules/versions/1/batches?name=a";
    let refused = program.post_table(path, CSV, table(10, 5, 0.0).as_bytes());
    assert!(refused.problem(404, "not_found").contains("capsules"));
    let path = format!("{VERSION_PATH}/batches?nmae=a");
    let refused = program.post_table(&path, CSV, table(10, 5, 0.0).as_bytes());
    assert!(refused.problem(400, "bad_request").contains("nmae"));
    let path = format!(
        "{VERSION_PATH}/batches?name=a&period_start=2026-06-01T00:00:00Z&period_end=2026-05-01T00:00:00Z"
    );
    let refused = program.post_table(&path, CSV, table(10, 5, 0.0).as_bytes());
    assert!(refused.problem(400, "bad_request").contains("later"));
    assert_eq!(records(&laboratory), before, "nothing was recorded");
}

#[test]
fn batches_are_listed_page_by_page_newest_first() {
    let (_laboratory, program) = open();
    for number in 1..=5 {
        let bytes = table(50, number + 10, 0.0);
        assert_eq!(program.post_batch(&format!("b{number}"), CSV, bytes.as_bytes()).status, 201);
    }
    let mut names = Vec::new();
    let mut path = format!("{VERSION_PATH}/batches?limit=2");
    for _ in 0..5 {
        let page = program.get(&path).body;
        names.extend(page["items"].as_array().unwrap().iter().map(|b| b["name"].clone()));
        let Some(next) = page["next"].as_u64() else { break };
        path = format!("{VERSION_PATH}/batches?limit=2&before={next}");
    }
    assert_eq!(names, ["b5", "b4", "b3", "b2", "b1"]);
}
