//! Story: a data scientist registers a version, and nobody can put other content in its place.
//! Method: the API over HTTP, with a personal token.

use crate::harness::{Laboratory, MODEL, VERSION_PATH, register, registration};
use serde_json::{Value, json};

fn versions() -> String {
    format!("/api/v1/models/{MODEL}/versions")
}

fn document(version: &str, seed: u64) -> Value {
    serde_json::to_value(registration(version, seed)).unwrap()
}

#[test]
fn the_same_content_again_is_the_same_version() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let first = register(&program);
    let size = laboratory.store.read(|tx| tx.head()).unwrap().size;
    let again = program.post(&versions(), &document("1", 1));
    assert_eq!(again.status, 200);
    for field in ["id", "content_sha256", "registered_at", "registered_by", "entry"] {
        assert_eq!(first.body[field], again.body[field], "{field}");
    }
    assert_eq!(laboratory.store.read(|tx| tx.head()).unwrap().size, size, "nothing was recorded");
    let read = program.get(VERSION_PATH);
    assert_eq!(read.status, 200);
    assert_eq!(read.body["registration"], document("1", 1));
    assert_eq!(read.text("registered_by"), "dana");
}

#[test]
fn other_content_under_the_same_version_is_refused_and_the_difference_is_named() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let mut other = document("1", 1);
    other["intended_use"] = json!("another one");
    other["parameters"] = json!({"depth": "6"});
    let refused = program.post(&versions(), &other);
    let detail = refused.problem(409, "version_taken");
    assert!(detail.contains("intended_use") && detail.contains("parameters"), "{detail}");
    assert!(!detail.contains("reference") && !detail.contains("schema"), "{detail}");
    assert!(!program.get(VERSION_PATH).body["registration"]["parameters"]["depth"].is_string());
    other["version"] = json!("2");
    assert_eq!(program.post(&versions(), &other).status, 201, "as a new version it is taken");
}

#[test]
fn an_incomplete_or_contradictory_registration_says_what_is_missing() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut document = document("1", 1);
        change(&mut document);
        program.post(&versions(), &document)
    };
    let refused = changed(&|d| d["artifacts"] = json!([]));
    assert!(refused.problem(422, "registration_not_valid").contains("artifact"));
    let refused = changed(&|d| d["version"] = json!("../1"));
    assert!(refused.problem(422, "registration_not_valid").contains("`../1`"));
    let refused = changed(&|d| {
        d["datasets"].as_array_mut().unwrap().retain(|set| set["role"] != "train");
    });
    assert!(refused.problem(422, "registration_not_valid").contains("training"));
    let refused = changed(&|d| d["colour"] = json!("blue"));
    assert!(refused.problem(400, "bad_request").contains("colour"));
    let refused = changed(&|d| d["model"] = json!("capsules"));
    let detail = refused.problem(400, "bad_request");
    assert!(detail.contains("tablets") && detail.contains("capsules"), "{detail}");
    let refused = changed(&|d| {
        d["reference"]["features"].as_array_mut().unwrap().pop();
    });
    assert!(matches!(refused.status, 400 | 422), "{refused:?}");
    assert_eq!(program.get(VERSION_PATH).status, 404, "none of them was registered");
}

#[test]
fn the_lineage_leads_from_the_version_to_the_tables_it_was_made_from() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let version = register(&program);
    let graph = program.get(&format!("{VERSION_PATH}/lineage")).body;
    let nodes = graph["nodes"].as_array().unwrap();
    assert_eq!(nodes[0]["id"], version.body["id"]);
    for dataset in document("1", 1)["datasets"].as_array().unwrap() {
        let table = &dataset["fingerprint"]["table"]["table"];
        assert!(nodes.iter().any(|n| n["digest"] == *table), "{table} is not in {graph}");
        let node = nodes.iter().find(|n| n["digest"] == *table).unwrap();
        let edges = graph["edges"].as_array().unwrap();
        let leads = edges.iter().any(|e| {
            e["from"] == node["id"]
                && e["to"] == version.body["id"]
                && e["relation"] == dataset["role"]
        });
        assert!(leads, "{graph}");
    }
}

#[test]
fn two_versions_are_compared_down_to_columns_and_parameters() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let path = format!("{VERSION_PATH}/difference");
    let refused = program.get(&path);
    assert!(refused.problem(400, "bad_request").contains("only version"), "{refused:?}");

    let mut other = document("2", 2);
    other["parameters"] = json!({"depth": "6"});
    other["parent_version"] = json!("1");
    assert_eq!(program.post(&versions(), &other).status, 201);
    let second = format!("{}/2/difference", versions());
    let found = program.get(&second).body;
    assert_eq!((&found["before"], &found["after"]), (&json!("1"), &json!("2")));
    let difference = &found["difference"];
    assert_eq!(difference["parameters"], json!([{"at": "depth", "after": "6"}]));
    assert_eq!(difference["statements"], json!([{"at": "follows version", "after": "1"}]));
    assert_eq!(difference["files"], json!([]));
    assert_eq!(difference["schema"], json!([]));
    let tables = |document: &Value, role: &str| {
        let sets = document["datasets"].as_array().unwrap();
        let set = sets.iter().find(|set| set["role"] == role).unwrap();
        set["fingerprint"]["table"]["table"].clone()
    };
    for dataset in difference["datasets"].as_array().unwrap() {
        let role = dataset["role"].as_str().unwrap();
        assert_eq!(dataset["difference"]["before"], tables(&document("1", 1), role));
        assert_eq!(dataset["difference"]["after"], tables(&other, role));
        assert!(!dataset["difference"]["columns"].as_array().unwrap().is_empty());
    }
    assert!(!difference["datasets"].as_array().unwrap().is_empty());

    let backwards = program.get(&format!("{path}?from=2")).body;
    assert_eq!(backwards["difference"]["parameters"], json!([{"at": "depth", "before": "6"}]));
    assert_eq!(program.get(&format!("{second}?from=9")).status, 404);
    assert!(
        program.get(&format!("{second}?since=1")).problem(400, "bad_request").contains("since")
    );

    let page =
        laboratory.signed_in("quentin").read(&format!("/models/{MODEL}/versions/2/difference"));
    assert!(page.contains("What changed since 1") && page.contains("depth"), "{page}");
    let version = laboratory.signed_in("quentin").read(&format!("/models/{MODEL}/versions/2"));
    assert!(version.contains("/versions/2/difference"));
}
