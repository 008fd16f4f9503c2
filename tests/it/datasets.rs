//! Datasets at the command line: many files as one table, lists that other tools check, differences with and without the old
//! data, training rows found again.
//! Method: the built program on small tables; `sha256sum` of the system; a registration sent to a server.

use crate::cli::{Said, run};
use crate::harness::{Laboratory, MODEL, VERSION_PATH, registration, table};
use serde_json::{Value, json};
use std::process::Command;
use tempfile::TempDir;

/// A folder with one table whole and in three files, and its declaration.
struct Lake(TempDir);

impl Lake {
    fn new() -> Self {
        let lake = Self(tempfile::tempdir().unwrap());
        let whole = table(900, 7, 0.0);
        let (header, rows) = whole.split_once('\n').unwrap();
        let rows: Vec<&str> = rows.lines().collect();
        for (index, part) in rows.chunks(400).enumerate() {
            lake.write(
                &format!("lake/part-{index}.csv"),
                &format!("{header}\n{}\n", part.join("\n")),
            );
        }
        lake.write("lake/_SUCCESS", "");
        lake.write("whole.csv", &whole);
        lake.write("schema.json", &crate::harness::schema().to_string());
        lake
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn manifest(&self, table: &str, manifest: &str) -> Said {
        let (schema, manifest) = (self.path("schema.json"), self.path(manifest));
        run(["fingerprint", &self.path(table), "--schema", &schema, "--manifest", &manifest])
    }

    fn diff(&self, before: &str, after: &str) -> Said {
        run(["diff", &self.path(before), &self.path(after), "--json"])
    }
}

#[test]
fn a_folder_and_a_pattern_are_one_table() {
    let lake = Lake::new();
    let printed = |table: &str| {
        let schema = lake.path("schema.json");
        let said =
            run(["fingerprint", &lake.path(table), "--schema", &schema, "--row-set", "--json"]);
        said.json()[0].clone()
    };
    let whole = printed("whole.csv");
    for many in ["lake", "lake/*.csv"] {
        let many = printed(many);
        assert_eq!(many["fingerprint"]["table"], whole["fingerprint"]["table"]);
        assert_eq!(many["reference"], whole["reference"]);
        let files = many["fingerprint"]["files"].as_array().unwrap();
        let names: Vec<&str> = files.iter().map(|f| f["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["part-0.csv", "part-1.csv", "part-2.csv"]);
    }
    assert!(whole["fingerprint"]["table"]["row_set"].is_string());
    let nothing = run(["fingerprint", &lake.path("lake/*.parquet")]);
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.err.contains("there is no file in"), "{}", nothing.err);
}

#[test]
fn a_listing_is_what_sha256sum_checks() {
    let lake = Lake::new();
    lake.write("lake/new\nline\\.csv", "x");
    let said = run(["fingerprint", &lake.path("lake"), "--listing", "sha256sum"]);
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 5), "{}", said.out);
    let list = lake.path("list");
    std::fs::write(&list, &said.out).unwrap();
    let check = || Command::new("sha256sum").args(["--check", "--strict", &list]).output().unwrap();
    let checked = check();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    lake.write("lake/part-1.csv", "other");
    assert!(!check().status.success());
    let b3 = run(["fingerprint", &lake.path("whole.csv"), "--listing", "b3sum"]);
    let print = run(["fingerprint", &lake.path("whole.csv"), "--json"]).json();
    let blake3 = print[0]["fingerprint"]["content"]["blake3"].as_str().unwrap();
    assert_eq!(b3.out.trim_end(), format!("{blake3}  {}", lake.path("whole.csv")));
}

#[test]
fn a_difference_is_found_with_the_old_data_gone_and_cell_by_cell_with_both() {
    let lake = Lake::new();
    assert_eq!(lake.manifest("whole.csv", "old.json").code, Some(0));
    let same = lake.diff("old.json", "lake");
    assert_eq!((same.code, &same.json()["same"]), (Some(0), &json!(true)), "{}", same.out);
    let text = std::fs::read_to_string(lake.path("whole.csv")).unwrap();
    let (at, row) = text.lines().enumerate().nth(500).unwrap();
    let other = if row.contains(",east,") {
        row.replace(",east,", ",west,")
    } else {
        row.replace(",west,", ",east,")
    };
    lake.write("edited.csv", &text.replace(row, &other));
    let absent = lake.diff("old.json", "edited.csv");
    assert_eq!(absent.code, Some(1));
    let absent = absent.json();
    assert_eq!(absent["columns"][0]["column"], "line");
    assert_eq!(absent["columns"].as_array().unwrap().len(), 1);
    assert_eq!(absent["columns"][0]["rows"], json!([{"first": 1, "last": 900}]));
    assert!(absent["exact"].is_null());
    let both = lake.diff("whole.csv", "edited.csv").json();
    let cell = &both["exact"]["first_cells"][0];
    assert_eq!(
        (&cell["row"], &cell["column"], &both["exact"]["cells"]),
        (&json!(at), &json!("line"), &json!(1))
    );
    assert_ne!(cell["before"], cell["after"]);
    assert_eq!(lake.manifest("edited.csv", "new.json").code, Some(0));
    let manifests = lake.diff("old.json", "new.json");
    assert_eq!((manifests.code, &manifests.json()["columns"]), (Some(1), &absent["columns"]));
    let said = run(["diff", &lake.path("whole.csv"), &lake.path("edited.csv")]);
    assert!(said.out.contains("column `line` changed, only in rows 1–900"), "{}", said.out);
    assert!(said.out.contains(&format!("row {at} `line`")), "{}", said.out);
}

#[test]
fn a_manifest_that_does_not_hold_together_and_a_missing_file_are_refused() {
    let lake = Lake::new();
    lake.manifest("whole.csv", "old.json");
    let text = std::fs::read_to_string(lake.path("old.json")).unwrap();
    let mut forged: Value = serde_json::from_str(&text).unwrap();
    forged["fingerprint"]["table"]["columns"][1]["blocks"][0] = json!("00".repeat(32));
    lake.write("forged.json", &forged.to_string());
    let refused = lake.diff("forged.json", "whole.csv");
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("`weight_mg` does not follow"), "{}", refused.err);
    forged["format"] = json!("driftledger/other/v1");
    lake.write("forged.json", &forged.to_string());
    let refused = lake.diff("forged.json", "whole.csv");
    assert!(refused.err.contains("driftledger/other/v1"), "{}", refused.err);
    let refused = lake.diff("nothing.json", "whole.csv");
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("nothing.json"), "{}", refused.err);
}

/// `register --output` of these tables, with more arguments.
fn registered(lake: &Lake, train: &str, reference: &str, more: &[&str]) -> Said {
    let (train, reference) = (lake.path(train), lake.path(reference));
    let (schema, output) = (lake.path("schema.json"), lake.path("registration.json"));
    let mut arguments = vec!["register", "--model", "m", "--version", "1", "--train", &train];
    arguments.extend(["--reference", &reference, "--schema", &schema, "--output", &output]);
    arguments.extend(["--artifact", &schema]);
    arguments.extend(more);
    run(arguments)
}

#[test]
fn training_rows_in_the_reference_refuse_the_registration_until_somebody_says_why() {
    let lake = Lake::new();
    // Heavier by far: no weight of it stands in the training data.
    lake.write("reference.csv", &table(600, 1, 1000.0));
    let said = registered(&lake, "lake", "reference.csv", &[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let refused = registered(&lake, "lake", "lake/part-1.csv", &[]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.err.contains("400 of 400 reference rows equal a training row"),
        "{}",
        refused.err
    );
    let short = ["--overlap-justification", "fine"];
    assert_eq!(registered(&lake, "lake", "lake/part-1.csv", &short).code, Some(2));
    let justified = ["--overlap-justification", "a smoke test: nothing is measured with it"];
    let said = registered(&lake, "lake", "lake/part-1.csv", &justified);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("warning: 400 of 400"), "{}", said.err);
    let document = std::fs::read(lake.path("registration.json")).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    let overlap = &document["overlaps"][0];
    // Weight and line as they are written, compared as text: another tablet may agree in both.
    let features = |name: &str| -> Vec<String> {
        let text = std::fs::read_to_string(lake.path(name)).unwrap();
        let columns = |line: &str| line.split(',').skip(1).take(2).collect::<Vec<_>>().join(",");
        text.lines().skip(1).map(columns).collect()
    };
    let reference = features("lake/part-1.csv");
    let again = features("whole.csv").iter().filter(|row| reference.contains(row)).count();
    assert_eq!((&overlap["rows"], &overlap["training_rows"]), (&json!(400), &json!(again)));
    assert_eq!(overlap["columns"], json!(["weight_mg", "line"]), "neither id nor prediction");
}

#[test]
fn another_row_of_the_same_key_is_an_overlap_by_key() {
    let lake = Lake::new();
    // Other weights, the same first 50 tablets.
    let (whole, other) = (table(900, 7, 0.0), table(50, 99, 1000.0));
    let same = other.lines().zip(whole.lines()).map(|(other, whole)| {
        let (tablet, rest) = (whole.split_once(',').unwrap().0, other.split_once(',').unwrap().1);
        format!("{tablet},{rest}\n")
    });
    lake.write("test.csv", &same.collect::<String>());
    lake.write("reference.csv", &table(20, 3, 2000.0));
    let test = lake.path("test.csv");
    let by_rows = registered(&lake, "whole.csv", "reference.csv", &["--test", &test]);
    assert_eq!(by_rows.code, Some(0), "{}", by_rows.err);
    let key = ["--test", test.as_str(), "--overlap-key", "tablet"];
    let by_key = registered(&lake, "whole.csv", "reference.csv", &key);
    assert_eq!(by_key.code, Some(2));
    assert!(
        by_key.err.contains("50 of 50 test rows equal training data in tablet"),
        "{}",
        by_key.err
    );
    let unknown = ["--overlap-key", "patient"];
    let unknown = registered(&lake, "whole.csv", "reference.csv", &unknown);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("`patient`"), "{}", unknown.err);
}

#[test]
fn the_server_refuses_an_overlap_nobody_justified() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let mut document = serde_json::to_value(registration("1", 1)).unwrap();
    assert_eq!(document["overlaps"][0]["role"], "reference");
    assert_eq!(document["overlaps"][0]["rows"], 3, "four decimals and two lines coincide");
    let reason = document.as_object_mut().unwrap().remove("overlap_justification").unwrap();
    let path = format!("/api/v1/models/{MODEL}/versions");
    let detail = program.post(&path, &document).problem(422, "training_rows_found").to_owned();
    assert!(detail.contains("3 of 600 reference rows"), "{detail}");
    document["overlaps"][0]["rows"] = json!(601);
    assert!(
        program.post(&path, &document).problem(422, "registration_not_valid").contains("fewer")
    );
    document["overlaps"][0]["rows"] = json!(3);
    document["overlap_justification"] = reason;
    assert_eq!(program.post(&path, &document).status, 201);
    assert_eq!(program.get(VERSION_PATH).body["registration"]["overlaps"][0]["rows"], 3);
}
