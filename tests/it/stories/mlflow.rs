//! Story: training code reports a run with the stock MLflow client, and the ledger witnesses it.
//! Method: the requests the client sends, by a data scientist's token, and what the store and other roles see.

use crate::harness::Laboratory;
use serde_json::{Value, json};

const BASE: &str = "/api/2.0/mlflow";

#[track_caller]
fn refused(answer: &crate::harness::Answer, status: u16, error_code: &str) {
    assert_eq!((answer.status, answer.text("error_code")), (status, error_code), "{answer:?}");
    assert!(!answer.text("message").is_empty());
}

#[test]
fn a_run_is_reported_ended_and_digested() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    let post = |path: &str, body: Value| program.post(&format!("{BASE}/{path}"), &body);
    let missing = program.get(&format!("{BASE}/experiments/get-by-name?experiment_name=tablets"));
    refused(&missing, 404, "RESOURCE_DOES_NOT_EXIST");
    let made = post("experiments/create", json!({"name": "tablets"}));
    assert_eq!(made.text("experiment_id"), "1");
    refused(
        &post("experiments/create", json!({"name": "tablets"})),
        400,
        "RESOURCE_ALREADY_EXISTS",
    );
    let elsewhere = json!({"name": "other", "artifact_location": "file:/etc"});
    refused(&post("experiments/create", elsewhere), 501, "NOT_IMPLEMENTED");

    let run = post(
        "runs/create",
        json!({"experiment_id": "1", "user_id": "dana", "run_name": "first", "start_time": "1795456059199", "tags": []}),
    );
    let id = run.body["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    let batch = json!({"run_id": id, "params": [{"key": "depth", "value": "3"}], "tags": [{"key": "team", "value": "qc"}],
        "metrics": [{"key": "auc", "value": 0.5, "timestamp": 1, "step": 0}, {"key": "auc", "value": 0.75, "timestamp": 2, "step": 1},
                    {"key": "loss", "value": "NaN", "timestamp": 1, "step": 0}]});
    assert_eq!(post("runs/log-batch", batch.clone()).status, 200);
    let before = laboratory.store.read(|tx| tx.head()).unwrap().size;
    assert_eq!(post("runs/log-batch", batch).status, 200, "sent again");
    assert_eq!(
        laboratory.store.read(|tx| tx.head()).unwrap().size,
        before,
        "nothing new, no entry"
    );
    let other = json!({"run_id": id, "run_uuid": id, "key": "depth", "value": "4"});
    refused(&post("runs/log-parameter", other), 400, "INVALID_PARAMETER_VALUE");
    let inputs = json!({"run_id": id, "datasets": [{"tags": [{"key": "mlflow.data.context", "value": "training"}],
        "dataset": {"name": "train", "digest": "1a2b3c4d", "source_type": "code", "source": "{}"}}]});
    assert_eq!(post("runs/log-inputs", inputs).status, 200);
    let own = json!({"run_id": id, "key": "prov.ledger_index", "value": "0"});
    refused(&post("runs/set-tag", own), 400, "INVALID_PARAMETER_VALUE");
    let end = json!({"run_id": id, "run_uuid": id, "status": "FINISHED", "end_time": 1_795_456_059_999_i64});
    assert_eq!(post("runs/update", end).body["run_info"]["status"], "FINISHED");

    let seen =
        laboratory.signed_in("ines").get(&format!("{BASE}/runs/get?run_id={id}&run_uuid={id}"));
    let run = &seen.body["run"];
    assert_eq!(run["data"]["params"], json!([{"key": "depth", "value": "3"}]));
    assert_eq!(run["data"]["metrics"][0]["value"], 0.75);
    assert_eq!(run["data"]["metrics"][1]["value"], "NaN");
    assert_eq!(run["inputs"]["dataset_inputs"][0]["dataset"]["digest"], "1a2b3c4d");
    let tags = run["data"]["tags"].as_array().unwrap();
    let digest = tags.iter().find(|tag| tag["key"] == "prov.content_sha256").unwrap();
    assert_eq!(digest["value"].as_str().unwrap().len(), 64);
    let found = post("runs/search", json!({"experiment_ids": ["1"], "max_results": 10}));
    assert_eq!(found.body["runs"].as_array().unwrap().len(), 1);
    for (filter, fit) in [("metrics.auc > 0.9", 0), ("metrics.auc > 0.7 AND params.depth = '3'", 1)]
    {
        let found = post("runs/search", json!({"experiment_ids": ["1"], "filter": filter}));
        assert_eq!(found.body["runs"].as_array().unwrap().len(), fit, "{filter}");
    }
    let filtered = json!({"experiment_ids": ["1"], "filter": "metrics.auc >"});
    refused(&post("runs/search", filtered), 400, "INVALID_PARAMETER_VALUE");
}

#[test]
fn only_a_data_scientist_reports_and_what_is_not_there_says_so() {
    let laboratory = Laboratory::open();
    let new = json!({"name": "tablets"});
    let create = format!("{BASE}/experiments/create");
    refused(&laboratory.stranger().post(&create, &new), 401, "UNAUTHENTICATED");
    for reader in ["quentin", "ines", "rosa"] {
        refused(&laboratory.signed_in(reader).post(&create, &new), 403, "PERMISSION_DENIED");
    }
    let program = laboratory.program();
    let absent = program.post(&format!("{BASE}/traces/search"), &new);
    refused(&absent, 404, "ENDPOINT_NOT_FOUND");
    refused(&program.get(&format!("{BASE}/runs/get?run_id=rn_0")), 404, "RESOURCE_DOES_NOT_EXIST");
    refused(&program.get(&format!("{BASE}/runs/create")), 404, "ENDPOINT_NOT_FOUND");
    refused(&program.put(&format!("{BASE}/runs/create"), b"{}"), 404, "ENDPOINT_NOT_FOUND");
    assert_eq!(laboratory.stranger().bytes("/health"), b"OK");
    let large = json!({"name": "x".repeat(21 * 1024 * 1024)});
    refused(&program.post(&create, &large), 413, "RESOURCE_LIMIT_EXCEEDED");
    refused(&program.post(&create, &json!([])), 400, "INVALID_PARAMETER_VALUE");
    assert_eq!(program.get("/ajax-api/2.0/mlflow/experiments/get?experiment_id=0").status, 200);
}
