//! Story: who signed in, who could not and who was refused what can be found afterwards, and by whom.
//! Method: the API and the pages over HTTP; the store is tried with SQL afterwards.

use crate::harness::Laboratory;
use serde_json::{Value, json};

fn lines(log: &Value) -> Vec<String> {
    let text = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
    let line = |event: &Value| {
        ["user_name", "role", "kind", "code", "asked"].map(|field| text(event, field)).join(" ")
    };
    log.as_array().unwrap().iter().rev().map(line).collect()
}

#[test] // A11d-11.9
fn sign_ins_refusals_and_idle_ends_are_in_the_access_log() {
    let laboratory = Laboratory::open();
    let password = laboratory.password("dana").to_owned();
    let mut dana = laboratory.stranger();
    dana.sign_in("dana", "not the password");
    dana.sign_in("a secret typed in the wrong field", "dana");
    dana.sign_in("dana", &password);
    let account = json!({"user_name": "eve", "printed_name": "Eve", "role": "admin"});
    dana.post("/api/v1/accounts", &account).problem(403, "not_permitted");
    dana.get("/api/v1/access-log").problem(403, "not_permitted");
    assert!(dana.read("/access-log").contains("may not read the access log"));
    let mlflow = "/api/2.0/mlflow/experiments/create";
    let ines = laboratory.with_name("ines", laboratory.password("ines"));
    assert_eq!(ines.post(mlflow, &json!({"name": "hers"})).status, 403);
    assert_eq!(dana.send("DELETE", "/api/v1/session").status, 204);
    let rosa = laboratory.signed_in("rosa");
    laboratory.clock.set("2026-06-01T08:15:01Z".parse().unwrap());
    rosa.get("/api/v1/models").problem(401, "session_over");

    let quentin = laboratory.signed_in("quentin");
    let log = quentin.get("/api/v1/access-log").body;
    assert!(!log.to_string().contains("wrong field"), "{log}");
    let found = lines(&log);
    let expected = [
        "dana data_scientist sign_in_refused wrong_credentials POST /api/v1/session",
        "  sign_in_refused wrong_credentials POST /api/v1/session",
        "dana data_scientist signed_in  POST /api/v1/session",
        "dana data_scientist refused not_permitted POST /api/v1/accounts",
        "dana data_scientist refused not_permitted GET /api/v1/access-log",
        "dana data_scientist refused not_permitted GET /access-log",
        "ines inspector signed_in  POST /api/2.0/mlflow/experiments/create",
        "ines inspector refused not_permitted POST /api/2.0/mlflow/experiments/create",
        "dana data_scientist signed_out  DELETE /api/v1/session",
        "rosa reviewer signed_in  POST /api/v1/session",
        "rosa reviewer idle_end  ",
        "quentin qa signed_in  POST /api/v1/session",
    ];
    assert_eq!(found, expected);
    assert_eq!(log[0]["address"], "127.0.0.1");
    let hers = quentin.get("/api/v1/access-log?user_name=dana&kind=refused").body;
    assert_eq!(lines(&hers).len(), 3);
    let page = quentin.read("/access-log?user_name=dana&kind=refused");
    assert!(page.contains("POST /api/v1/accounts") && !page.contains("idle end</td>"), "{page}");
    assert!(laboratory.signed_in("adam").read("/access-log").contains("idle end"));
}
