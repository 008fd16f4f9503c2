//! The Phase I study as a person meets it: from files to a policy that can be registered, and to a study attached to a version.
//! Method: the built program on the thyroid laboratory's reference; numbers are held against each other and against the monitor.

use crate::cli::{Said, run};
use crate::harness::repository;
use serde_json::Value;
use std::path::Path;

fn sample(name: &str) -> String {
    repository(&format!("sample_data/thyroid_garvan/{name}")).to_str().unwrap().to_owned()
}

/// A short study of the reference, split by month, with more arguments.
fn study(more: &[&str]) -> Said {
    let (reference, schema, policy) =
        (sample("reference.csv"), sample("schema.json"), sample("policy.json"));
    let mut arguments = vec!["study", &reference, "--schema", &schema, "--policy", &policy];
    arguments.extend(["--split-by", "month", "--sequences", "20", "--challenge-sequences", "3"]);
    arguments.extend(more);
    run(arguments)
}

#[test]
fn a_study_proposes_a_policy_that_can_be_registered() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json").to_str().unwrap().to_owned();
    let said = study(&["--policy-out", &policy]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    for expected in [
        "4 batches with 778 rows",
        "not estimable",
        "reference error",
        "Replay: 20 sequences of 52",
        "zig-zag",
    ] {
        assert!(said.out.contains(expected), "`{expected}` is missing in\n{}", said.out);
    }
    let document: Value = serde_json::from_slice(&std::fs::read(&policy).unwrap()).unwrap();
    assert!(document["tolerances"]["TSH/values"]["tolerance"].as_f64().unwrap() > 0.08);
    let registration = folder.path().join("registration.json").to_str().unwrap().to_owned();
    let said = register(&policy, &registration);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let registered: Value = serde_json::from_slice(&std::fs::read(&registration).unwrap()).unwrap();
    assert_eq!(registered["policy"]["tolerances"], document["tolerances"]);
}

fn register(policy: &str, output: &str) -> Said {
    let (train, reference, schema, model) =
        (sample("train.csv"), sample("reference.csv"), sample("schema.json"), sample("model.json"));
    run([
        "register",
        "--model",
        "thyroid",
        "--version",
        "1",
        "--train",
        &train,
        "--reference",
        &reference,
        "--schema",
        &schema,
        "--artifact",
        &model,
        "--policy",
        policy,
        "--output",
        output,
        "--overlap-justification",
        "one row of the public data set is alike in every feature",
    ])
}

#[test]
fn a_study_is_the_same_again_and_files_are_batches_in_order() {
    let (once, again) = (study(&["--json"]), study(&["--json"]));
    assert_eq!(once.code, Some(0), "{}", once.err);
    assert_eq!(once.out, again.out);
    let files: Vec<String> =
        ["1985-05", "1985-06", "1985-07"].map(|name| sample(&format!("batches/{name}.csv"))).into();
    let (reference, schema) = (sample("reference.csv"), sample("schema.json"));
    let mut arguments = vec!["study".to_owned()];
    arguments.extend(files);
    arguments.extend(["--reference".to_owned(), reference, "--schema".to_owned(), schema]);
    arguments
        .extend(["--sequences", "20", "--challenge-sequences", "2", "--json"].map(str::to_owned));
    let apart = run(&arguments).json();
    assert_eq!(apart["about"]["origin"], "apart");
    let names: Vec<&str> =
        apart["batches"].as_array().unwrap().iter().map(|b| b["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["1985-05.csv", "1985-06.csv", "1985-07.csv"]);
    // The laboratory changed its assay in these months: the replay must not be quiet, and TSH is what it alarms about.
    assert!(apart["replay"]["mean"].as_f64().unwrap() > 0.5);
    let led = apart["replay"]["led_by"][0]["series"].as_str().unwrap();
    assert!(led.starts_with("TSH") || led.starts_with("T3"), "{led}");
}

#[test]
fn what_cannot_be_studied_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let policy = |name: &str, document: Value| -> String {
        let path = folder.path().join(name);
        std::fs::write(&path, serde_json::to_vec(&document).unwrap()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let with = |tolerances: Value| {
        let text = std::fs::read(Path::new(&sample("policy.json"))).unwrap();
        let mut document: Value = serde_json::from_slice(&text).unwrap();
        document["tolerances"] = tolerances;
        document
    };
    let tight = policy(
        "tight.json",
        with(serde_json::json!({"TSH/values": {"tolerance": 0.05, "rationale": "as wanted"}})),
    );
    let silent = policy(
        "silent.json",
        with(serde_json::json!({"TSH/values": {"tolerance": 0.2, "rationale": " "}})),
    );
    let (reference, schema) = (sample("reference.csv"), sample("schema.json"));
    for (arguments, expected) in [
        (vec!["--policy", &tight, "--split-by", "month"], "below the reference's own error"),
        (vec!["--policy", &silent, "--split-by", "month"], "has no rationale"),
        (vec!["--split-by", "monht"], "not declared"),
        (vec![], "needed at least 2"),
        (vec!["--split-by", "sex", "--period", "week"], "expected a date"),
    ] {
        let mut all = vec!["study", &reference, "--schema", &schema];
        all.extend(arguments);
        let said = run(all);
        assert_eq!(said.code, Some(2), "{}", said.out);
        assert!(said.err.contains(expected), "{}", said.err);
    }
}
