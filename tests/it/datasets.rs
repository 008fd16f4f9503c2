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

/// The table of the harness with German numbers, an index, words for missing values, spaces and prices of thousands.
fn as_people_save_it(rows: u64, seed: u64, shift: f64, separator: char) -> String {
    let decimal = if separator == ';' { "," } else { "." };
    let whole = table(rows, seed, shift);
    let mut text = "\u{feff},patient_id,weight_mg,line,passed,price,taken\r\n".to_owned();
    for (index, row) in whole.lines().skip(1).enumerate() {
        let cells: Vec<&str> = row.split(',').collect();
        let weight = match index % 10 {
            3 => "NA".to_owned(),
            4 => format!(" {}", cells[1].replace('.', decimal)),
            _ => cells[1].replace('.', decimal),
        };
        let (line, passed) = (cells[2], cells[3]);
        let (price, day) = (format!("1 {:03}", index % 7 * 100), index % 28 + 1);
        let id = index * 37 % 1009;
        text += &format!("{index},{id},{weight},{line},{passed},{price},{day}.03.2026\r\n");
    }
    if separator == ';' {
        let lines = text.lines().map(|line| match line.split(',').collect::<Vec<_>>().as_slice() {
            [a, b, whole, part, rest @ ..] if rest.len() == 4 => {
                format!("{a};{b};{whole},{part};{}", rest.join(";"))
            }
            cells => cells.join(";"),
        });
        text = lines.map(|line| line + "\r\n").collect();
    }
    text
}

#[test]
fn a_file_as_people_save_it_is_read_by_rules_that_are_said() {
    let lake = Lake::new();
    for (name, seed, shift, separator) in
        [("before.csv", 1, 0.0, ';'), ("same.csv", 2, 0.0, ';'), ("moved.tsv", 3, 0.9, ',')]
    {
        let text = as_people_save_it(1_000, seed, shift, separator);
        let text = if name.ends_with(".tsv") { text.replace(',', "\t") } else { text };
        lake.write(name, &text);
    }
    let before = lake.path("before.csv");
    let same = run(["compare", &before, &lake.path("same.csv")]);
    assert_eq!(same.code, Some(0), "{}{}", same.out, same.err);
    for note in [
        "fields are separated by semicolons, and decimals by a comma",
        "column `weight_mg`: `NA` is read as missing (100 times)",
        "column `` says which row it is",
        "column `patient_id` says which row it is (id)",
        "column `price` looks like numbers but is compared as text: `1 000` in row 1",
        "column `taken` holds dates as `1.03.2026` and is not compared",
    ] {
        assert!(same.err.contains(note), "`{note}` is not in {}", same.err);
    }
    let moved = run(["compare", &before, &lake.path("moved.tsv"), "--json"]);
    assert_eq!(moved.code, Some(1), "{}{}", moved.out, moved.err);
    let features = moved.json()["features"].clone();
    let weight = &features.as_array().unwrap()[0];
    assert_eq!((&weight["feature"], &weight["verdict"]), (&json!("weight_mg"), &json!("drift")));
    assert_eq!((&weight["kind"], &weight["batch"]["nulls"]), (&json!("continuous"), &json!(100)));
    // The declaration says how the file is written, and reads it again.
    let schema = run(["schema", &before]);
    let declared = schema.json();
    assert_eq!(declared["csv"], json!({"decimal": ",", "delimiter": ";", "empty_is_null": true}));
    assert_eq!(declared["columns"][2]["null_tokens"], json!(["NA"]));
    lake.write("declared.json", &schema.out);
    let declared = lake.path("declared.json");
    let again = run(["compare", &before, &lake.path("same.csv"), "--schema", &declared, "--json"]);
    assert_eq!(again.code, Some(0), "{}", again.err);
    let refused = run(["compare", &before, &lake.path("whole.csv"), "--schema", &declared]);
    for words in ["separated by commas, the schema says semicolons", r#""delimiter": ",""#] {
        assert!(refused.err.contains(words), "{}", refused.err);
    }
}

#[test]
fn a_file_that_cannot_be_taken_as_it_stands_is_refused_with_what_to_do() {
    let lake = Lake::new();
    let text = std::fs::read_to_string(lake.path("whole.csv")).unwrap();
    let cut = text.replacen(",east,true", "", 1);
    let row = text.lines().position(|line| line.ends_with(",east,true")).unwrap();
    let long = text.replacen("\n7", "\n1,1,1,1,1\n7", 1);
    let cases: [(&str, &[u8], [&str; 2]); 10] = [
        ("book.xlsx", b"PK\x03\x04\x14\0", ["Excel", "CSV"]),
        ("rows.csv.gz", b"\x1f\x8b\x08\0", ["compressed by gzip", "gunzip"]),
        ("model.pkl", b"\x80\x04\x95", ["pickle", "Parquet"]),
        ("cut.csv", cut.as_bytes(), [&format!("row {row} "), "has 2 fields, expected 4"]),
        ("long.csv", long.as_bytes(), ["has 5 fields, expected 4", "quote"]),
        ("gap.csv", &[text.as_bytes(), b"\n"].concat(), ["row 901 (line 902)", "is empty"]),
        ("latin.csv", b"a,b\n1,K\xf6ln\n", ["line 2", "UTF-8"]),
        ("mac.csv", b"a,b\r1,2\r", ["CR alone", "LF"]),
        ("wide.csv", b"\xff\xfea\0,\0b\0\n\0", ["UTF-16", "UTF-8"]),
        ("empty.csv", b"", ["empty.csv", "has no rows"]),
    ];
    let whole = lake.path("whole.csv");
    for (name, bytes, words) in cases {
        std::fs::write(lake.path(name), bytes).unwrap();
        let said = run(["compare", &whole, &lake.path(name)]);
        assert_eq!(said.code, Some(2), "{name}: {}", said.out);
        for word in words {
            assert!(said.err.contains(word), "{name}: `{word}` is not in {}", said.err);
        }
    }
}
