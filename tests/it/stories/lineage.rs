//! Story: another tool reports what it read and wrote, and the lineage of a version reaches back to it.
//! Method: OpenLineage events over HTTP; the training data joins by its digest; a chain of processes is followed step by step.

use crate::evidence::{Files, export};
use crate::harness::{Laboratory, MODEL, VERSION_PATH, Visitor, register};
use driftledger::digest::sha256_hex;
use driftledger::evidence::manifest::Scope;
use driftledger::evidence::verify::verify;
use driftledger::store::check::check;
use serde_json::{Value, json};
use std::io::Cursor;

/// A run of `job` that read `inputs` and wrote `outputs`, as datasets.
fn run(job: &str, number: u8, (inputs, outputs): (Value, Value)) -> Value {
    json!({
        "eventTime": "2026-06-01T08:00:00Z", "eventType": "COMPLETE", "producer": "urn:test",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": format!("018f6f2e-0000-7000-8000-0000000000{number:02x}")},
        "job": {"namespace": "jobs", "name": job}, "inputs": inputs, "outputs": outputs,
    })
}

fn dataset(name: &str) -> Value {
    json!({"namespace": "s3://lake", "name": name})
}

/// A laboratory with a registered version, a program, and the digest of its training table.
fn open() -> (Laboratory, Visitor, String) {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let version = program.get(VERSION_PATH).body;
    let datasets = version["registration"]["datasets"].as_array().unwrap();
    let train = datasets.iter().find(|found| found["role"] == "train").unwrap();
    let table = train["fingerprint"]["table"]["table"].as_str().unwrap().to_owned();
    (laboratory, program, table)
}

fn named(graph: &Value) -> Vec<&str> {
    graph["nodes"].as_array().unwrap().iter().map(|node| node["label"].as_str().unwrap()).collect()
}

#[test]
fn what_another_tool_reports_joins_the_lineage_by_digest() {
    let (laboratory, program, table) = open();
    let mut train = dataset("train");
    train["facets"] = json!({"driftledger_digest": {"tdh1": table}});
    let events = json!([
        run("ingest", 1, (json!([]), json!([dataset("raw")]))),
        run("clean", 2, (json!([dataset("raw")]), json!([train]))),
        run("unrelated", 3, (json!([dataset("elsewhere")]), json!([]))),
    ]);
    let answer = program.post("/api/v1/lineage/batch", &events);
    assert_eq!((answer.status, &answer.body["summary"]["successful"]), (201, &json!(3)));
    let graph = program.get(&format!("{VERSION_PATH}/lineage")).body;
    let labels = named(&graph);
    for label in ["s3://lake train", "clean (complete)", "s3://lake raw", "ingest (complete)"] {
        assert!(labels.contains(&label), "{label}: {labels:?}");
    }
    assert!(!labels.iter().any(|label| label.contains("unrelated")), "{labels:?}");
    assert_eq!(graph["complete"], true);
    let edges = graph["edges"].as_array().unwrap();
    let of = |relation: &str| edges.iter().filter(|edge| edge["relation"] == relation).count();
    assert_eq!((of("same_content"), of("used"), of("made")), (1, 1, 2));
    // The pack of the version holds what was reported about its data, and what was reported about other data it leaves out.
    let elsewhere = json!([run("elsewhere", 4, (json!([dataset("other")]), json!([])))]);
    assert_eq!(program.post("/api/v1/lineage/batch", &elsewhere).status, 201);
    let (pack, _) = export(&laboratory.store, &Scope::of(MODEL, Some("1")));
    let files = Files::of(&pack);
    let packed = |prefix: &str| files.0.keys().filter(|name| name.starts_with(prefix)).count();
    assert_eq!((packed("records/lineage_event/"), packed("records/lineage_dataset/")), (3, 4));
    let key = laboratory.store.verifier_key();
    let verified = verify(&mut Cursor::new(&pack), Some(key), &mut |_| ()).unwrap();
    assert_eq!(verified.findings, []);
    let about = |(name, bytes): (&String, &Vec<u8>)| {
        let is_body = name.starts_with("bodies/");
        (is_body && String::from_utf8_lossy(bytes).contains("lineage_event")).then(|| name.clone())
    };
    let body = files.0.iter().find_map(about).unwrap();
    let mut without = files.clone();
    without.0.remove(&body);
    without.relist();
    let verified = verify(&mut Cursor::new(without.seal()), Some(key), &mut |_| ()).unwrap();
    assert!(verified.findings.iter().any(|f| f.code == "body_missing"), "{:?}", verified.findings);
    let near = program.get(&format!("{VERSION_PATH}/lineage?depth=3")).body;
    assert!(named(&near).contains(&"clean (complete)") && !named(&near).contains(&"s3://lake raw"));
    assert_eq!(near["complete"], false);
    for depth in ["0", "33"] {
        program.get(&format!("{VERSION_PATH}/lineage?depth={depth}")).problem(400, "bad_request");
    }
    assert!(check(laboratory.store.folder(), &mut |_| ()).unwrap().is_empty());
}

#[test]
fn an_event_is_kept_as_it_was_sent_once_and_by_whoever_may() {
    let (laboratory, program, _) = open();
    let text = "{ \"eventTime\":\"2026-06-01T08:00:00Z\", \"producer\":\"p\", \"schemaURL\":\"s\",\n \
        \"dataset\":{\"namespace\":\"n\",\"name\":\"d\",\"facets\":{\"made_up\":{\"x\":1.500,\"y\":null}}}}";
    let send = |visitor: &Visitor| {
        visitor.post_table("/api/v1/lineage", "application/json", text.as_bytes())
    };
    let first = send(&program);
    assert_eq!((first.status, &first.body["new"]), (201, &json!(1)));
    let again = send(&program);
    assert_eq!((again.status, &again.body["new"]), (200, &json!(0)));
    assert_eq!(first.body["entry"], again.body["entry"]);
    let sha256 = sha256_hex(text.as_bytes());
    let kept = laboratory.store.read(|tx| tx.lineage_event_document(&sha256)).unwrap();
    assert_eq!(kept.as_deref(), Some(text));
    let path = format!("/api/v1/ledger/entries/{}", first.body["entry"]);
    assert_eq!(program.get(&path).body["entry"]["type"], "lineage.event");
    send(&laboratory.stranger()).problem(401, "not_signed_in");
    send(&laboratory.with_token("no token")).problem(401, "token_not_valid");
    send(&laboratory.signed_in("ines")).problem(403, "not_permitted");
}

#[test]
fn a_wrong_event_refuses_the_whole_request_and_says_which_it_was() {
    let (laboratory, program, _) = open();
    let before = laboratory.store.read(|tx| tx.head()).unwrap().size;
    let mut wrong = run("clean", 1, (json!([]), json!([])));
    wrong["run"]["runId"] = json!("first");
    let events = json!([run("clean", 2, (json!([]), json!([]))), wrong]);
    let answer = program.post("/api/v1/lineage", &events);
    let detail = answer.problem(422, "lineage_event_not_valid");
    assert!(detail.contains("lineage event 2") && detail.contains("UUID"), "{detail}");
    for body in ["", "{", "[1]", "{}", "null"] {
        let answer = program.post_table("/api/v1/lineage", "application/json", body.as_bytes());
        answer.problem(422, "lineage_event_not_valid");
    }
    let long = vec![b' '; 500_000];
    program.post_table("/api/v1/lineage", "application/json", &long).problem(413, "too_large");
    assert_eq!(laboratory.store.read(|tx| tx.head()).unwrap().size, before);
}
