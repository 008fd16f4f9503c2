//! Story: a row is evidence once, and rows that belong together count as one.
//! Method: small tables over HTTP: overlapping windows, a replay in another order, two deliveries at the same moment, an id used
//! twice, and plates of ten like wells; afterwards the whole store is checked.

use crate::harness::{Laboratory, MODEL, VERSION_PATH, Visitor, register, schema, table};
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::fingerprint_files::{RegistrationSources, make_registration};
use serde_json::{Value, json};
use std::fmt::Write as _;

const CSV: &str = "text/csv";

fn report(program: &Visitor, answer: &crate::harness::Answer) -> Value {
    assert_eq!(answer.status, 201, "{answer:?}");
    program.get(&format!("/api/v1/reports/{}", answer.text("id"))).body
}

fn findings(laboratory: &Laboratory) -> usize {
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    checked.findings.len()
}

/// Header and rows of a table.
fn lines(text: &str) -> (String, Vec<String>) {
    let mut lines = text.lines().map(str::to_owned);
    (lines.next().unwrap(), lines.collect())
}

fn joined(header: &str, rows: &[String]) -> Vec<u8> {
    format!("{header}\n{}\n", rows.join("\n")).into_bytes()
}

#[test]
fn overlapping_windows_and_replays_count_every_row_once() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let (header, old) = lines(&table(400, 5, 0.0));
    let (_, new) = lines(&table(100, 6, 0.0));
    let first = report(&program, &program.post_batch("one", CSV, &joined(&header, &old)));
    assert_eq!(first["row_ids"]["counted"], 400);
    let window = [&old[200..], &new[..]].concat();
    let answer = program.post_batch("two", CSV, &joined(&header, &window));
    let second = report(&program, &answer);
    assert_eq!((&second["rows"], &second["row_ids"]["counted"]), (&json!(300), &json!(100)));
    assert_eq!(second["row_ids"]["repeated"], 200);
    let rows: u64 = second["features"][0]["profile"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(rows, 100, "the profile holds the new rows only");
    let mut replay = old.clone();
    replay.reverse();
    let third = report(&program, &program.post_batch("again", CSV, &joined(&header, &replay)));
    assert_eq!(third["row_ids"]["counted"], 0);
    assert_eq!(third["verdict"], "not_evaluated");
    let page = laboratory.signed_in("rosa").send("GET", &format!("/reports/{}", answer.text("id")));
    assert_eq!(page.status, 200);
    assert_eq!(findings(&laboratory), 0);
}

#[test]
fn two_overlapping_deliveries_at_the_same_moment_never_count_a_row_twice() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let (header, rows) = lines(&table(900, 7, 0.0));
    let counted: u64 = std::thread::scope(|scope| {
        let send = |part: usize| {
            let program = laboratory.program();
            let body = joined(&header, &rows[part * 100..part * 100 + 500]);
            scope.spawn(move || {
                let answer = program.post_batch(&format!("part-{part}"), CSV, &body);
                report(&program, &answer)["row_ids"]["counted"].as_u64().unwrap()
            })
        };
        let sent: Vec<_> = (0..5).map(send).collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).sum()
    });
    assert_eq!(counted, 900, "every one of the 900 rows is counted by exactly one batch");
    assert_eq!(findings(&laboratory), 0);
}

#[test]
fn a_file_in_which_two_rows_share_an_id_is_quarantined_and_names_both() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let (header, mut rows) = lines(&table(50, 8, 0.0));
    rows.push(rows[3].clone());
    let refused = program.post_batch("twice", CSV, &joined(&header, &rows));
    let detail = refused.problem(422, "batch_quarantined").to_owned();
    for part in ["`tablet`", "`800004`", "row 51", "row 4 has it too"] {
        assert!(format!("{detail} {}", refused.body).contains(part), "{part}: {refused:?}");
    }
    assert_eq!(
        program.get(&format!("{VERSION_PATH}/quarantine")).body.as_array().unwrap().len(),
        1
    );
}

/// `plates` plates of ten wells that are all alike, as CSV.
fn plates(plates: u64, seed: u64) -> String {
    let (_, rows) = lines(&table(plates, seed, 0.0));
    let mut text = "tablet,weight_mg,line,passed,plate\n".to_owned();
    for (plate, row) in rows.iter().enumerate() {
        let (tablet, values) = row.split_once(',').unwrap();
        for well in 0..10 {
            let _ = writeln!(text, "{tablet}{well},{values},{seed}-{plate}");
        }
    }
    text
}

fn clustered(cluster_by: Option<&str>) -> Value {
    let mut declared = schema();
    let plate = json!({"name": "plate", "role": "ignore", "type": "text"});
    declared["columns"].as_array_mut().unwrap().push(plate);
    if let Some(column) = cluster_by {
        declared["cluster_by"] = json!(column);
    }
    registration(&declared, &plates(600, 102))
}

/// A registration of version 1 whose reference is `text`.
fn registration(declared: &Value, text: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let sources = RegistrationSources {
        model: MODEL.to_owned(),
        version: "1".to_owned(),
        train: file("train.csv", &text.lines().take(40).collect::<Vec<_>>().join("\n")),
        reference: file("reference.csv", text),
        artifacts: vec![file("model.bin", "weights")],
        schema: Some(file("schema.json", &declared.to_string())),
        overlap_justification: Some("the model was fitted on a part of these rows".to_owned()),
        ..RegistrationSources::default()
    };
    serde_json::to_value(make_registration(&sources, |_| ()).unwrap()).unwrap()
}

#[test]
fn plates_of_ten_like_wells_are_no_evidence_ten_times_over() {
    let judged = |cluster_by: Option<&str>| {
        let laboratory = Laboratory::open();
        let program = laboratory.program();
        let path = format!("/api/v1/models/{MODEL}/versions");
        let registered = program.post(&path, &clustered(cluster_by));
        assert_eq!(registered.status, 201, "{registered:?}");
        let mut reports = Vec::new();
        for batch in 0..6 {
            let bytes = plates(30, 200 + batch).into_bytes();
            let answer = program.post_batch(&format!("b{batch}"), CSV, &bytes);
            reports.push(report(&program, &answer));
        }
        assert_eq!(findings(&laboratory), 0);
        reports
    };
    let (declared, not_declared) = (judged(Some("plate")), judged(None));
    let alarms = |reports: &[Value]| reports.iter().filter(|r| r["state"] == "alarm").count();
    assert!(alarms(&not_declared) > 0, "without the declaration copies look like a change");
    assert_eq!(alarms(&declared), 0);
    let clusters = &declared[0]["clusters"];
    assert_eq!((&clusters["clusters"], &clusters["largest"]), (&json!(30), &json!(10)));
    assert_eq!(clusters["rows_effective"], 30.0);
    let weights = |r: &Value| r["features"][0]["series"][0].clone();
    assert!(
        weights(&declared[0])["tolerance"].as_f64()
            > weights(&not_declared[0])["tolerance"].as_f64()
    );
}

#[test]
fn the_slice_that_moved_is_named_with_its_share_of_the_evidence() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let mut declared = schema();
    declared["columns"][2]["role"] = json!("segment");
    let path = format!("/api/v1/models/{MODEL}/versions");
    let registered = program.post(&path, &registration(&declared, &table(1_500, 110, 0.0)));
    assert_eq!(registered.status, 201, "{registered:?}");
    let (header, mut rows) = lines(&table(600, 111, 0.0));
    let (_, shifted) = lines(&table(600, 112, 1.5));
    rows.retain(|row| row.contains(",west,"));
    rows.extend(shifted.into_iter().filter(|row| row.contains(",east,")));
    let answer = program.post_batch("one", CSV, &joined(&header, &rows));
    let found = report(&program, &answer);
    let sentence = found["features"][0]["sentence"].as_str().unwrap();
    assert!(sentence.contains("of the evidence comes from line = east"), "{sentence}");
    let split = &found["features"][0]["series"][0]["segments"][0];
    assert!(split["inside"].as_f64() > split["mix"].as_f64(), "{split}");
    let page = laboratory.signed_in("rosa").send("GET", &format!("/reports/{}", answer.text("id")));
    assert_eq!(page.status, 200);
    assert_eq!(findings(&laboratory), 0);
}

#[test]
fn a_reference_that_is_the_training_data_is_registered_with_a_warning() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let text = table(300, 120, 0.0);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let sources = RegistrationSources {
        model: MODEL.to_owned(),
        version: "1".to_owned(),
        train: file("train.csv", &text),
        reference: file("reference.csv", &text),
        artifacts: vec![file("model.bin", "weights")],
        schema: Some(file("schema.json", &schema().to_string())),
        overlap_justification: Some("the model was fitted on a part of these rows".to_owned()),
        ..RegistrationSources::default()
    };
    let mut body = serde_json::to_value(make_registration(&sources, |_| ()).unwrap()).unwrap();
    let warning = body["warnings"][0].as_str().unwrap().to_owned();
    assert!(warning.contains("`passed`"), "{warning}");
    let path = format!("/api/v1/models/{MODEL}/versions");
    let hidden = {
        let mut body = body.clone();
        body["warnings"] = json!([]);
        program.post(&path, &body)
    };
    assert_eq!(hidden.status, 422, "a warning cannot be left out: {hidden:?}");
    body["policy"]["budget"] = json!("by_role");
    assert_eq!(program.post(&path, &body).status, 201);
    assert_eq!(findings(&laboratory), 0);
}
