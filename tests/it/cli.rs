//! The command line as a person or a script meets it: output, exit codes, what is said when something is wrong.
//! Method: the built program; numbers are held against SciPy and the `blake3` reference package.

use crate::harness::repository;
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {} {}", self.out, self.err))
    }
}

pub(crate) fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_driftledger"))
        .args(arguments)
        .env_remove("DRIFTLEDGER_TOKEN")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn sample(name: &str) -> String {
    repository(&format!("sample_data/thyroid_garvan/{name}")).to_str().unwrap().to_owned()
}

fn fixture(name: &str) -> String {
    repository(&format!("tests/fixtures/one_table/{name}")).to_str().unwrap().to_owned()
}

/// The comparison of a month with the reference, as JSON.
fn compared(batch: &str) -> Said {
    let (reference, schema) = (sample("reference.csv"), sample("schema.json"));
    run(["compare", &reference, &sample(batch), "--schema", &schema, "--json"])
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn compare_says_by_its_exit_code_whether_something_drifted() {
    assert_eq!(compared("batches/1985-06.csv").code, Some(1));
    assert_eq!(compared("batches/1985-05.csv").code, Some(0));
    assert_eq!(compared("reference.csv").code, Some(0));
    assert_eq!(compared("batches/nothing.csv").code, Some(2));
}

#[test]
fn compare_gives_json_of_a_fixed_shape() {
    let said = compared("batches/1985-06.csv");
    let comparison = said.json();
    assert_eq!(
        keys(&comparison),
        BTreeSet::from(["schema", "reference", "batch", "verdict", "features"])
    );
    assert_eq!(comparison["schema"], "driftledger/comparison/v1");
    assert_eq!(comparison["reference"]["rows"], 778);
    assert_eq!(comparison["batch"]["rows"], 331);
    assert_eq!(comparison["verdict"], "drift");
    let features = comparison["features"].as_array().unwrap();
    assert_eq!(features.len(), 25);
    for feature in features {
        for key in
            ["feature", "kind", "reference", "batch", "verdict", "sentence", "series", "statistics"]
        {
            assert!(!feature[key].is_null(), "no `{key}` in {feature}");
        }
        for side in ["reference", "batch"] {
            assert_eq!(keys(&feature[side]), BTreeSet::from(["rows", "nulls"]));
        }
        for series in feature["series"].as_array().unwrap() {
            let needed = ["name", "tolerance", "tv", "tv_lower", "tv_upper", "e_value", "verdict"];
            assert!(keys(series).is_superset(&BTreeSet::from(needed)), "{series}");
        }
        for statistic in feature["statistics"].as_object().unwrap().values() {
            let told = statistic["value"].is_number() && statistic["method"].is_string();
            assert!(told != statistic["not_evaluated"].is_string(), "{statistic}");
            let adjusted = statistic["p_value_adjusted"].as_f64();
            assert_eq!(statistic["p_value"].is_number(), adjusted.is_some(), "{statistic}");
            assert!(adjusted.is_none_or(|p| p >= statistic["p_value"].as_f64().unwrap()));
        }
    }
    let drifted: Vec<&Value> =
        features.iter().filter(|f| f["verdict"] == "drift").map(|f| &f["feature"]).collect();
    assert_eq!(drifted, ["TSH"]);
}

#[test]
fn compare_gives_the_numbers_that_scipy_gives() {
    let vectors: Value =
        serde_json::from_str(include_str!("../vectors/thyroid_compare.json")).unwrap();
    let comparison = compared("batches/1985-06.csv").json();
    let mut held = 0;
    for feature in comparison["features"].as_array().unwrap() {
        let name = feature["feature"].as_str().unwrap();
        let expected = &vectors["features"][name];
        if expected.is_null() {
            let why = &feature["statistics"]["chi_square"]["not_evaluated"];
            assert!(why.is_string(), "`{name}` has one level in both files: {feature}");
            continue;
        }
        for (index, side) in ["reference", "batch"].into_iter().enumerate() {
            let count = &feature[side];
            let rows = count["rows"].as_u64().unwrap() - count["nulls"].as_u64().unwrap();
            assert_eq!(expected["rows"][index], rows, "{name} {side}");
        }
        for code in ["ks", "wasserstein", "chi_square"] {
            let Some(numbers) = expected[code].as_object() else { continue };
            for (which, number) in numbers {
                let (found, number) =
                    (&feature["statistics"][code][which], number.as_f64().unwrap());
                let found = found.as_f64().unwrap_or_else(|| panic!("no {code} {which} of {name}"));
                let near = (found - number).abs() <= 1e-9 * number.abs();
                assert!(near, "{name} {code} {which}: {found}, SciPy says {number}");
                held += 1;
            }
        }
    }
    assert_eq!(held, 8 * 3 + 16 * 2);
}

#[test]
fn compare_writes_one_html_file_that_loads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("june.html");
    let (reference, batch) = (sample("reference.csv"), sample("batches/1985-06.csv"));
    let said = run(["compare", &reference, &batch, "--html", page.to_str().unwrap()]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.out.contains("verdict: drift"), "{}", said.out);
    let html = std::fs::read_to_string(page).unwrap();
    assert!(html.starts_with("<!doctype html>") || html.starts_with("<!DOCTYPE html>"));
    assert!(html.contains("TSH") && html.contains("<svg"));
    for forbidden in ["<script", "<link", "src=\"http", "@import", "url("] {
        assert!(!html.contains(forbidden), "the page contains `{forbidden}`");
    }
}

#[test]
fn a_declaration_is_printed_edited_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(["schema", &sample("reference.csv")]);
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let mut schema = printed.json();
    let of = |schema: &mut Value, name: &str, key: &str, value: &str| {
        let columns = schema["columns"].as_array_mut().unwrap();
        columns.iter_mut().find(|c| c["name"] == name).unwrap()[key] = value.into();
    };
    of(&mut schema, "TSH", "unit", "mU/l");
    of(&mut schema, "row_id", "role", "id");
    let path = folder.path().join("schema.json");
    std::fs::write(&path, schema.to_string()).unwrap();
    let path = path.to_str().unwrap().to_owned();
    let print = run(["fingerprint", &sample("reference.csv"), "--schema", &path, "--json"]);
    assert_eq!(print.code, Some(0), "{}", print.err);
    let used = &print.json()[0]["schema"];
    let tsh = used["columns"].as_array().unwrap().iter().find(|c| c["name"] == "TSH").unwrap();
    assert_eq!(tsh["unit"], "mU/l");
    of(&mut schema, "TSH", "role", "featur");
    std::fs::write(&path, schema.to_string()).unwrap();
    let refused = run(["fingerprint", &sample("reference.csv"), "--schema", &path]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("featur") && refused.err.contains("feature"), "{}", refused.err);
}

#[test]
fn file_digests_are_those_that_other_tools_print() {
    // `sha256sum` of coreutils, and the package blake3 1.0.11 for Python.
    let sha256 = "79263f713945071e6bf4c3d84eb36fa6b9ff176958c1503edfa9808bf83f4c22";
    let blake3 = "69f403d3e4d4f14612dee77c23b1e69ec8568aec0bf62e0586ec7f4af3a5f81c";
    let said = run(["fingerprint", &sample("reference.csv"), "--schema", &sample("schema.json")]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains(&format!("sha256  {sha256}")), "{}", said.out);
    assert!(said.out.contains(&format!("blake3  {blake3}")), "{}", said.out);
    let json = run(["fingerprint", &sample("reference.csv"), "--json"]).json();
    let content = &json[0]["fingerprint"]["content"];
    assert_eq!(content["sha256"], sha256);
    assert_eq!(content["blake3"], blake3);
}

#[test]
fn one_table_has_one_digest_in_every_format() {
    let schema = fixture("schema.json");
    let files = [
        "polars.csv",
        "pyarrow.csv",
        "polars.parquet",
        "pyarrow.parquet",
        "pandas.parquet",
        "polars.arrow",
        "pyarrow.arrow",
        "pandas.arrow",
    ]
    .map(fixture);
    let mut arguments = vec!["fingerprint", "--json", "--schema", &schema];
    arguments.extend(files.iter().map(String::as_str));
    let said = run(arguments);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let expected: Value =
        serde_json::from_slice(&std::fs::read(fixture("expected.json")).unwrap()).unwrap();
    let json = said.json();
    assert_eq!(json.as_array().unwrap().len(), files.len());
    for file in json.as_array().unwrap() {
        let print = &file["fingerprint"];
        assert_eq!(print["table"]["table"], expected["table"], "{}", print["name"]);
        assert_eq!(print["rows"], expected["rows"]);
    }
}

#[test]
fn a_mistake_is_answered_with_what_to_do() {
    let reference = sample("reference.csv");
    let cases: Vec<(Vec<&str>, Vec<&str>)> = vec![
        (vec!["compare", &reference, "jnue.csv"], vec!["`jnue.csv`", "exists"]),
        (vec!["compare", &reference, &reference, "--jsn"], vec!["--json"]),
        (vec!["comprae", &reference, &reference], vec!["compare"]),
        (vec!["compare", &reference], vec!["<BATCH>"]),
        (vec!["compare", &reference, &reference, "--schema", "s.json"], vec!["`s.json`"]),
        (vec!["fingerprint"], vec!["<TABLE>"]),
        (vec!["fingerprint", "Cargo.toml"], vec!["format", ".parquet"]),
        (vec!["ingest", &reference, "--model", "a", "--version", "1"], vec!["--token"]),
        (vec!["verify", "no-pack.zip"], vec!["no-pack.zip"]),
        (vec!["check", "no-store"], vec!["no-store"]),
        (
            vec!["user", "add", "no-store", "eve", "--role", "qa", "--printed-name", "E"],
            vec!["init"],
        ),
    ];
    for (arguments, words) in cases {
        let said = run(&arguments);
        assert_eq!(said.code, Some(2), "{arguments:?}: {} {}", said.out, said.err);
        for word in words {
            assert!(said.err.contains(word), "{arguments:?}: `{word}` is not in: {}", said.err);
        }
        assert!(!said.err.contains("panicked"), "{}", said.err);
    }
}

#[test]
fn a_role_that_does_not_exist_names_those_that_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    assert_eq!(run(["init", data]).code, Some(0));
    let again = run(["init", data]);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("already"), "{}", again.err);
    let add = ["user", "add", data, "eve", "--printed-name", "Eve", "--role", "signer"];
    let refused = run(add);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("reviewer") && refused.err.contains("qa"), "{}", refused.err);
    let listed = run(["user", "list", data]);
    assert!(listed.out.contains("admin") && !listed.out.contains("eve"), "{}", listed.out);
    let checked = run(["check", data]);
    assert_eq!(checked.code, Some(0), "{} {}", checked.out, checked.err);
}

#[test]
fn every_command_explains_itself() {
    let help = run(["--help"]).out;
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() > 12, "{commands:?}");
    for command in commands {
        let said = run([command, "--help"]);
        assert_eq!(said.code, Some(0), "{command}");
        assert!(said.out.contains("Usage: ") && said.out.len() > 60, "{command}: {}", said.out);
    }
}

#[test]
fn the_self_test_finds_every_known_answer() {
    let said = run(["selftest"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert!(said.out.contains(" known answers, 0 failed"), "{}", said.out);
    let path: PathBuf = repository("tests/vectors/statistics.json");
    let mut vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let broken = falsify(&mut vectors);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors.json");
    std::fs::write(&file, vectors.to_string()).unwrap();
    let said = run(["selftest", "--vectors", file.to_str().unwrap()]);
    assert_eq!(said.code, Some(1), "{} {}", said.out, said.err);
    assert!(said.out.contains(&broken), "{broken} is not in {}", said.out);
}

/// Whole numbers beyond 2^53 are told apart, or not compared; no float stands for two of them.
#[test]
fn whole_numbers_that_no_float_holds_are_compared_as_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, from: u64| {
        let rows = (0..40_u64).map(|row| {
            let (code, id) = ((1_u64 << 60) + from + row % 3, (1_u64 << 61) + row);
            format!("{code},{id},{},{}\n", u64::MAX - row, row * row)
        });
        let text = rows.fold("code,id,beyond,plain\n".to_owned(), |text, row| text + &row);
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (reference, batch) = (written("a.csv", 0), written("b.csv", 3));
    let (reference, batch) = (reference.to_str().unwrap(), batch.to_str().unwrap());
    let said = run(["compare", reference, batch, "--json"]);
    let json = said.json();
    let features = json["features"].as_array().unwrap();
    let names: Vec<&str> = features.iter().map(|f| f["feature"].as_str().unwrap()).collect();
    assert_eq!(names, ["code", "plain"], "{}", said.err);
    assert_eq!(features[0]["kind"], "categorical");
    assert_eq!(features[0]["statistics"]["total_variation"]["value"], 1.0);
    let text = run(["compare", reference, batch]).out;
    assert!(text.contains("`id` (id)") && text.contains("`beyond` (ignore)"), "{text}");
}

#[test]
fn a_vector_file_with_mistakes_says_which_vector_is_wrong_and_how() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors.json");
    let selftest = |text: &str| {
        std::fs::write(&file, text).unwrap();
        run(["selftest", "--vectors", file.to_str().unwrap()])
    };
    let said = selftest(
        r#"{"vectors": [
            {"id": "right", "statistic": "ks", "inputs": {"reference": [1, 2], "batch": [1, 2]}, "expected": {"value": 0}},
            {"id": "one", "statistic": "wasserstien", "inputs": {"reference": [1], "batch": [1]}, "expected": {"value": 0}},
            {"id": "two", "statistic": "ks", "inputs": {"reference": [1], "bacth": [1]}, "expected": {"value": 0}},
            {"id": "three", "statistic": "psi", "inputs": {"reference_counts": "x", "batch_counts": [1]}, "expected": {"value": 0}},
            {"id": "four", "statistic": "ks", "inputs": {"reference": [1], "batch": [1]}}
        ]}"#,
    );
    assert_eq!(said.code, Some(1), "{}", said.err);
    for expected in [
        "failed: one (wasserstien): unknown statistic `wasserstien`; is `wasserstein` meant?",
        "failed: two (ks): unknown input `bacth`; is `batch` meant?",
        "failed: three (psi): `reference_counts`: no dataset `x`",
        "failed: four (ks): vector 5 is not as its schema says: missing field `expected`",
        "5 known answers, 4 failed",
    ] {
        assert!(said.out.contains(expected), "{expected} is not in {}", said.out);
    }
    for unreadable in ["{", "[]", r#"{"vektors": []}"#] {
        let said = selftest(unreadable);
        assert_eq!(said.code, Some(2), "{unreadable}: {}", said.out);
        assert!(said.err.contains("is not a vector file"), "{}", said.err);
    }
    let said = run(["selftest", "--vectors", "no/such/file.json"]);
    assert_eq!(said.code, Some(2), "{}", said.out);
}

/// Changes the first expected number of a vector file and returns the id of its vector.
fn falsify(vectors: &mut Value) -> String {
    let list = vectors["vectors"].as_array_mut().unwrap();
    let vector = list.iter_mut().find(|v| v["expected"].as_object().is_some()).unwrap();
    let expected = vector["expected"].as_object_mut().unwrap();
    let number = expected.values_mut().find(|v| v.is_number()).unwrap();
    *number = (number.as_f64().unwrap() + 1.0).into();
    vector["id"].as_str().unwrap().to_owned()
}

#[test]
fn reviews_are_planned_and_measured_without_a_server() {
    let plan = run(["review-plan", "--claim", "0.02", "--json"]).json();
    assert_eq!(plan["stop_any_time"][0]["cases"], 176);
    let folder = tempfile::tempdir().unwrap();
    let reviews = folder.path().join("reviews.csv");
    let text = format!("prediction,review\n{}{}", "ok,ok\n".repeat(18), "ok,defect\n".repeat(2));
    std::fs::write(&reviews, text).unwrap();
    let said = run(["concordance", reviews.to_str().unwrap()]);
    // scipy 1.17.1: binomtest(18, 20).proportion_ci(0.95, "exact")
    assert!(said.out.contains("68.3 % to 98.8 %"), "{}", said.out);
    assert!(said.out.contains("fewer than a tenth of the reviews are blind"), "{}", said.out);
    assert_eq!(run(["concordance", "nothing.csv"]).code, Some(2));
}
