//! Story: training code keeps files and registers a draft version; a data scientist takes it up as a version; the files stay
//! as they were, and run, files and version are one lineage.
//! Method: the requests the stock MLflow client sends, then our own API, pages, `check`, an evidence pack and its verifier.

use crate::harness::{Answer, Laboratory, MODEL, Visitor, registration};
use driftledger::evidence::manifest::Scope;
use driftledger::evidence::verify::verify;
use driftledger::procedures::administer::host;
use driftledger::procedures::check_store::check_store;
use driftledger::procedures::export_evidence::export_evidence;
use driftledger::provenance::registration::TakenUp;
use serde_json::{Value, json};
use std::io::Cursor;

const BASE: &str = "/api/2.0/mlflow";
const FILES: &str = "/api/2.0/mlflow-artifacts/artifacts";

#[track_caller]
fn refused(answer: &Answer, status: u16, error_code: &str) {
    assert_eq!((answer.status, answer.text("error_code")), (status, error_code), "{answer:?}");
}

#[track_caller]
fn done(answer: Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// A program that trained a model and kept it: its run, its logged model, and where the files of that lie.
struct Trained {
    program: Visitor,
    run: String,
    logged_model: String,
    root: String,
}

impl Trained {
    fn post(&self, path: &str, body: &Value) -> Answer {
        self.program.post(&format!("{BASE}/{path}"), body)
    }
}

fn train(laboratory: &Laboratory, table: &str) -> Trained {
    let program = laboratory.program();
    let post = |path: &str, body: Value| done(program.post(&format!("{BASE}/{path}"), &body));
    let run =
        post("runs/create", json!({"experiment_id": "0", "run_name": "first", "start_time": 1}));
    let run = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    post(
        "runs/log-batch",
        json!({"run_id": run, "params": [{"key": "depth", "value": "3"}],
        "metrics": [{"key": "auc", "value": 0.75, "timestamp": 2, "step": 1}],
        "tags": [{"key": "mlflow.source.git.commit", "value": "0a1b2c"}]}),
    );
    let dataset = |name: &str, digest: &str| json!({"dataset": {"name": name, "digest": digest, "source_type": "code", "source": "{}"}});
    post(
        "runs/log-inputs",
        json!({"run_id": run, "datasets": [dataset("train", table), dataset("other", "1a2b3c4d")]}),
    );
    let model =
        post("logged-models", json!({"experiment_id": "0", "name": "clf", "source_run_id": run}));
    let logged_model = model["model"]["info"]["model_id"].as_str().unwrap().to_owned();
    post(
        "runs/outputs",
        json!({"run_id": run, "models": [{"model_id": logged_model, "step": "0"}]}),
    );
    let root = format!("{FILES}/0/models/{logged_model}/artifacts");
    for (name, bytes) in [
        ("MLmodel", &b"flavors: {}"[..]),
        ("data/weights%20%C3%BC.bin", b"weights"),
        ("empty", b""),
    ] {
        done(program.put(&format!("{root}/{name}"), bytes));
    }
    post("runs/update", json!({"run_id": run, "status": "FINISHED", "end_time": 2}));
    post("registered-models/create", json!({"name": MODEL}));
    Trained { program, run, logged_model, root }
}

impl Trained {
    fn register_draft(&self) -> Value {
        let source = format!("models:/{}", self.logged_model);
        done(self.post("model-versions/create", &json!({"name": MODEL, "source": source})))
    }
}

#[test]
fn a_draft_freezes_its_files_and_says_where_they_are() {
    let laboratory = Laboratory::open();
    let trained = train(&laboratory, "1a2b3c4d");
    let (program, root) = (&trained.program, &trained.root);
    done(program.put(&format!("{root}/MLmodel"), b"flavors: {again}"));
    let draft = trained.register_draft();
    let version = &draft["model_version"];
    assert_eq!(
        (&version["version"], &version["run_id"], &version["status"]),
        (&json!("1"), &json!(trained.run), &json!("READY"))
    );
    let uri = done(
        program.get(&format!("{BASE}/model-versions/get-download-uri?name={MODEL}&version=1")),
    );
    assert_eq!(
        uri["artifact_uri"],
        format!("mlflow-artifacts:/0/models/{}/artifacts", trained.logged_model)
    );

    for (place, bytes) in [("MLmodel", &b"other"[..]), ("new.txt", b"new")] {
        refused(&program.put(&format!("{root}/{place}"), bytes), 409, "RESOURCE_CONFLICT");
    }
    refused(&program.send("DELETE", &format!("{root}/data")), 409, "RESOURCE_CONFLICT");
    done(program.put(&format!("{root}/empty"), b""));
    assert_eq!(program.bytes(&format!("{root}/MLmodel")), b"flavors: {again}");
    assert_eq!(program.bytes(&format!("{root}/data/weights%20%C3%BC.bin")), b"weights");
    let list = |path: &str| done(program.get(&format!("{FILES}?path={path}")))["files"].clone();
    let below = root.strip_prefix(&format!("{FILES}/")).unwrap();
    let names: Vec<Value> =
        list(below).as_array().unwrap().iter().map(|file| file["path"].clone()).collect();
    assert_eq!(names, [json!("MLmodel"), json!("data"), json!("empty")]);
    assert_eq!(list(&format!("{below}/data"))[0]["path"], "weights ü.bin");
    refused(&program.get(&format!("{root}/data")), 404, "RESOURCE_DOES_NOT_EXIST");
    refused(&program.put(&format!("{root}/%2e%2e/x"), b"x"), 400, "INVALID_PARAMETER_VALUE");
    refused(
        &program.put(&format!("{root}/big"), &vec![0; 400_001]),
        413,
        "RESOURCE_LIMIT_EXCEEDED",
    );
    refused(
        &laboratory.signed_in("quentin").put(&format!("{root}/x"), b"x"),
        403,
        "PERMISSION_DENIED",
    );
    refused(&laboratory.stranger().get(&format!("{root}/MLmodel")), 401, "UNAUTHENTICATED");
    assert_eq!(laboratory.signed_in("ines").bytes(&format!("{root}/empty")), b"");

    let alias = |alias: &str| {
        trained.post(
            "registered-models/alias",
            &json!({"name": MODEL, "alias": alias, "version": "1"}),
        )
    };
    done(alias("candidate"));
    let protected = alias("production");
    refused(&protected, 403, "PERMISSION_DENIED");
    let page = format!("/models/{MODEL}/drafts/1");
    assert!(
        protected.text("message").contains(&format!("{}{page}", laboratory.url)),
        "{protected:?}"
    );
    let stage = json!({"name": MODEL, "version": "1", "stage": "production"});
    refused(&trained.post("model-versions/transition-stage", &stage), 403, "PERMISSION_DENIED");
    let shown = String::from_utf8(laboratory.signed_in("quentin").bytes(&page)).unwrap();
    for words in ["weights ü.bin", "--draft 1", "auc", "weak", "candidate"] {
        assert!(shown.contains(words), "`{words}` is not on the page of the draft");
    }
    let deleted = json!({"run_id": trained.run});
    refused(&trained.post("runs/delete", &deleted), 409, "RESOURCE_CONFLICT");
    let deleted = program.send("DELETE", &format!("{BASE}/logged-models/{}", trained.logged_model));
    refused(&deleted, 409, "RESOURCE_CONFLICT");
}

#[test]
fn a_version_takes_a_draft_up_with_its_run_and_the_pack_proves_both() {
    let laboratory = Laboratory::open();
    let mut document = registration("1", 1);
    let table = document.datasets[0].fingerprint.table.table.clone();
    let trained = train(&laboratory, &table);
    trained.register_draft();
    let program = &trained.program;
    let draft = done(program.get(&format!("/api/v1/models/{MODEL}/drafts/1")));
    assert_eq!((&draft["run_id"], &draft["version"]), (&json!(trained.run), &Value::Null));
    let versions = format!("/api/v1/models/{MODEL}/versions");
    document.draft = Some(1);
    let other_files = program.post(&versions, &serde_json::to_value(&document).unwrap());
    assert!(other_files.problem(422, "draft_not_valid").contains("other files"));
    document.take_up(TakenUp {
        number: 1,
        files: serde_json::from_value(draft["files"].clone()).unwrap(),
        parameters: serde_json::from_value(draft["parameters"].clone()).unwrap(),
        code_revision: draft["code_revision"].as_str().map(str::to_owned),
    });
    assert_eq!(
        (document.parameters["depth"].as_str(), document.code_revision.as_deref()),
        ("3", Some("0a1b2c"))
    );
    let registered = program.post(&versions, &serde_json::to_value(&document).unwrap());
    assert_eq!(registered.status, 201, "{registered:?}");
    document.version = "2".to_owned();
    let again = program.post(&versions, &serde_json::to_value(&document).unwrap());
    assert!(again.problem(422, "draft_not_valid").contains("taken up by version `1`"));
    let version = done(program.get(&format!("{BASE}/model-versions/get?name={MODEL}&version=1")));
    let tags = version["model_version"]["tags"].as_array().unwrap();
    assert!(
        tags.contains(&json!({"key": "prov.review_state", "value": "registered as 1"})),
        "{tags:?}"
    );
    let deleted = json!({"name": MODEL, "version": "1"});
    let deleted = program.send_json("DELETE", &format!("{BASE}/model-versions/delete"), &deleted);
    refused(&deleted, 409, "RESOURCE_CONFLICT");

    let alias = json!({"name": MODEL, "alias": "production", "version": "1"});
    let refused_still = trained.post("registered-models/alias", &alias);
    refused(&refused_still, 403, "PERMISSION_DENIED");
    let message = refused_still.text("message");
    let page = format!("{}/models/{MODEL}/versions/1", laboratory.url);
    assert!(message.contains("is draft") && message.contains(&page), "{message}");
    super::life_cycle::approve(&laboratory, program);
    done(trained.post("registered-models/alias", &alias));

    let lineage = done(program.get(&format!("{versions}/1/lineage")));
    let edges = lineage["edges"].as_array().unwrap();
    let run = format!("run:{}", trained.run);
    for (from, to) in [
        (&run, registered.text("id")),
        (&format!("dataset:{table}"), &run),
        (&"dataset:1a2b3c4d".to_owned(), &run),
    ] {
        assert!(
            edges.iter().any(|edge| edge["from"] == **from && edge["to"] == *to),
            "{from} → {to}: {edges:?}"
        );
    }
    let page = laboratory.signed_in("ines").bytes(&format!("/models/{MODEL}/versions/1"));
    let page = String::from_utf8(page).unwrap();
    for words in ["Training run", "/drafts/1", "first", "0.75", "weak digest"] {
        assert!(page.contains(words), "`{words}` is not on the page of the version");
    }

    let mut pack = Cursor::new(Vec::new());
    let scope = Scope::of(MODEL, Some("1"));
    export_evidence(&laboratory.store, &host(), &scope, &mut pack, &mut |_, _| ()).unwrap();
    pack.set_position(0);
    let verified = verify(&mut pack, Some(laboratory.store.verifier_key()), &mut |_| ()).unwrap();
    assert_eq!(verified.findings, []);
    assert_eq!((verified.checked.examined.runs, verified.checked.examined.drafts), (1, 1));
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
    assert_eq!((checked.examined.runs, checked.examined.drafts), (1, 1));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the attack does not go through the store")]
fn a_changed_metric_of_an_ended_run_is_found_by_the_digest_of_its_end() {
    let laboratory = Laboratory::open();
    let trained = train(&laboratory, "1a2b3c4d");
    trained.register_draft();
    let data = laboratory.folder.path().join("data");
    let late = json!({"run_id": trained.run, "key": "late", "value": 1, "timestamp": 3});
    done(trained.post("runs/log-metric", &late));
    assert_eq!(check_store(&data, &mut |_| ()).unwrap().findings, []);
    let database = rusqlite::Connection::open(data.join("driftledger.db")).unwrap();
    database.execute_batch("DROP TRIGGER run_metric_no_update; UPDATE run_metric SET value = '0.95' WHERE name = 'auc'").unwrap();
    drop(database);
    let findings = check_store(&data, &mut |_| ()).unwrap().findings;
    let tables: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.code == "run_changed")
        .map(|finding| finding.table.as_str())
        .collect();
    assert_eq!(tables, ["run_state", "draft_version"], "{findings:#?}");
    assert!(
        findings
            .iter()
            .any(|finding| finding.code == "row_changed" && finding.table == "run_metric")
    );
}

#[test]
fn a_program_may_send_a_name_with_a_password_or_a_token_and_may_do_no_more_than_a_token() {
    let laboratory = Laboratory::open();
    let token = laboratory.signed_in("dana").post("/api/v1/tokens", &json!({"name": "laptop"}));
    let token = token.text("token");
    let create = |visitor: &Visitor, name: &str| {
        visitor.post(&format!("{BASE}/experiments/create"), &json!({"name": name}))
    };
    let by_password = laboratory.with_name("dana", laboratory.password("dana"));
    // More often than passwords may be tried: one that was right is known again.
    for number in 0..40 {
        done(create(&by_password, &format!("by password {number}")));
    }
    done(create(&laboratory.with_name("dana", token), "by token"));
    refused(
        &create(&laboratory.with_name("ines", token), "somebody else's"),
        401,
        "UNAUTHENTICATED",
    );
    refused(&create(&laboratory.with_name("dana", "wrong"), "wrong"), 401, "UNAUTHENTICATED");
    refused(&create(&laboratory.with_name("nobody", "wrong"), "nobody"), 401, "UNAUTHENTICATED");
    let inspector = laboratory.with_name("ines", laboratory.password("ines"));
    refused(&create(&inspector, "not hers"), 403, "PERMISSION_DENIED");
    done(inspector.get(&format!("{BASE}/experiments/get?experiment_id=0")));
    for _ in 0..4 {
        refused(&create(&laboratory.with_name("dana", "wrong"), "wrong"), 401, "UNAUTHENTICATED");
    }
    refused(&create(&by_password, "locked"), 401, "UNAUTHENTICATED");
}
