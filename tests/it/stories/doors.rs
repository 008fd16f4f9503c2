//! Story: who comes in and who does not: strangers, roles, tokens, idle sessions, forged forms.
//! Method: the API over HTTP; the list of routes is the OpenAPI description itself, so that a new route is tried too.

use crate::harness::{Laboratory, MODEL, VERSION_PATH, register, registration, table};
use driftledger::api::description::openapi;
use serde_json::{Value, json};

/// Method and path of every route, path parameters filled in with values of nothing.
fn routes() -> Vec<(String, String)> {
    let description = serde_json::to_value(openapi()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        let filled: Vec<&str> = path
            .split('/')
            .map(|part| match part {
                "{index}" => "0",
                part if part.starts_with('{') => "nobody",
                part => part,
            })
            .collect();
        for method in ["get", "post", "put", "patch", "delete"] {
            if methods.get(method).is_some() {
                routes.push((method.to_uppercase(), filled.join("/")));
            }
        }
    }
    assert!(routes.len() > 25, "{routes:?}");
    routes
}

#[test]
fn a_stranger_is_refused_on_every_route_that_holds_records() {
    let laboratory = Laboratory::open();
    let stranger = laboratory.stranger();
    let forger = laboratory.with_token("dlp_not_a_token");
    let mut tried = 0;
    for (method, path) in routes() {
        let open = ["/health/live", "/health/ready", "/metrics"].contains(&path.as_str())
            || (method == "POST" && path == "/api/v1/session");
        if open {
            continue;
        }
        let refused = stranger.send(&method, &path);
        refused.problem(401, "not_signed_in");
        if !path.starts_with("/api/v1/session") {
            forger.send(&method, &path).problem(401, "token_not_valid");
        }
        tried += 1;
    }
    assert!(tried > 20);
    for path in ["/health/live", "/health/ready", "/metrics", "/api/v1/openapi.json"] {
        assert_eq!(stranger.get(path).status, 200, "{path}");
    }
}

#[test]
fn an_address_without_a_route_is_a_problem_document() {
    let laboratory = Laboratory::open();
    let said = laboratory.signed_in("ines").get("/api/v1/modles");
    assert_eq!(said.problem(404, "not_found"), "there is no API route `GET /api/v1/modles`");
    let stranger = laboratory.stranger();
    stranger.get("/api/v1/modles").problem(401, "not_signed_in");
    stranger.get("/api/v7/models").problem(404, "not_found");
    assert_eq!(stranger.get("/api/docs").status, 200);
}

#[test]
fn an_inspector_reads_everything_and_writes_nothing() {
    let laboratory = Laboratory::open();
    register(&laboratory.program());
    let ines = laboratory.signed_in("ines");
    let before = laboratory.store.read(|tx| tx.head()).unwrap().size;
    for path in ["/api/v1/models", VERSION_PATH, "/api/v1/alerts", "/api/v1/ledger/entries"] {
        assert_eq!(ines.get(path).status, 200, "{path}");
    }
    let document = serde_json::to_value(registration("2", 1)).unwrap();
    let acknowledgement = json!({"severity": "minor", "comment": "a"});
    let account = json!({"user_name": "eve", "printed_name": "Eve", "role": "admin"});
    let signature = json!({"decision_sha256": "0", "password": "a"});
    let draft = json!({"code": "no_action", "rationale": "a"});
    let versions = format!("/api/v1/models/{MODEL}/versions");
    let refused: Vec<(&str, &Value)> = vec![
        (&versions, &document),
        ("/api/v1/alerts/a/acknowledgement", &acknowledgement),
        ("/api/v1/alerts/a/decision", &draft),
        ("/api/v1/alerts/a/signature", &signature),
        ("/api/v1/accounts", &account),
    ];
    for (path, body) in refused {
        let answer = ines.post(path, body);
        assert!(answer.problem(403, "not_permitted").contains("inspector"), "{path}");
    }
    let body = json!({"name": "a"});
    ines.post("/api/v1/tokens", &body).problem(403, "not_permitted");
    ines.post_batch("a", "text/csv", table(10, 1, 0.0).as_bytes()).problem(403, "not_permitted");
    assert_eq!(laboratory.store.read(|tx| tx.head()).unwrap().size, before, "nothing was recorded");
}

#[test]
fn an_administrator_keeps_accounts_and_never_touches_records() {
    let laboratory = Laboratory::open();
    register(&laboratory.program());
    let adam = laboratory.signed_in("adam");
    let signature = json!({"decision_sha256": "0", "password": laboratory.password("adam")});
    adam.post("/api/v1/alerts/a/signature", &signature).problem(403, "not_permitted");
    let draft = json!({"code": "no_action", "rationale": "a"});
    adam.post("/api/v1/alerts/a/decision", &draft).problem(403, "not_permitted");
    adam.post_batch("a", "text/csv", table(10, 1, 0.0).as_bytes()).problem(403, "not_permitted");
    let account = json!({"user_name": "eve", "printed_name": "Eve", "role": "qa"});
    let made = adam.post("/api/v1/accounts", &account);
    assert_eq!(made.status, 201);
    assert!(made.text("password").len() >= 12);
    adam.post("/api/v1/accounts", &account).problem(409, "user_name_taken");
    let listed = adam.get("/api/v1/accounts").body;
    assert_eq!(listed.as_array().unwrap().len(), 7);
    assert!(!listed.to_string().contains("password"), "{listed}");
    let mut eve = laboratory.stranger();
    eve.sign_in("eve", made.text("password")).problem(403, "no_role");
    let quentin = laboratory.signed_in("quentin");
    let asked = quentin.get("/api/v1/role-requests").body;
    let path = format!("/api/v1/role-requests/{}/answer", asked[0]["id"].as_str().unwrap());
    let answer = json!({"granted": true, "reason": "trained on 2026-05-20"});
    adam.post(&path, &answer).problem(403, "same_person");
    assert_eq!(quentin.post(&path, &answer).status, 201);
    let signed_in = eve.sign_in("eve", made.text("password"));
    assert_eq!(
        (signed_in.status, &signed_in.body["password_due"]["why"]),
        (200, &json!("one_time"))
    );
}

#[test]
fn a_token_registers_and_sends_but_never_decides_or_signs() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    for (path, body) in [
        ("/api/v1/alerts/a/acknowledgement", json!({"severity": "minor", "comment": "a"})),
        ("/api/v1/alerts/a/decision", json!({"code": "no_action", "rationale": "a"})),
        ("/api/v1/alerts/a/signature", json!({"decision_sha256": "0", "password": "a"})),
        ("/api/v1/tokens", json!({"name": "another"})),
        ("/api/v1/accounts", json!({"user_name": "eve", "printed_name": "E", "role": "qa"})),
    ] {
        program.post(path, &body).problem(403, "not_permitted");
    }
    let dana = laboratory.signed_in("dana");
    let listed = dana.get("/api/v1/tokens").body;
    assert!(!listed.to_string().contains("dlp_"), "a secret is shown once: {listed}");
    let id = listed[0]["id"].as_str().unwrap();
    assert_eq!(dana.send("DELETE", &format!("/api/v1/tokens/{id}")).status, 204);
    program.get("/api/v1/models").problem(401, "token_not_valid");
}

#[test]
fn a_source_token_sends_to_its_own_version_only_and_ends_when_it_says() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let other = serde_json::to_value(registration("2", 3)).unwrap();
    assert_eq!(program.post(&format!("/api/v1/models/{MODEL}/versions"), &other).status, 201);
    let dana = laboratory.signed_in("dana");
    let wanted = json!({"name": "line 4", "model": MODEL, "version": "1",
                        "expires_at": "2026-06-01T09:00:00.000Z"});
    let made = dana.post("/api/v1/tokens", &wanted);
    assert_eq!(made.status, 201, "{made:?}");
    let source = laboratory.with_token(made.text("token"));
    let bytes = table(50, 4, 0.0);
    assert_eq!(source.post_batch("a", "text/csv", bytes.as_bytes()).status, 201);
    let path = format!("/api/v1/models/{MODEL}/versions/2/batches?name=a");
    source.post_table(&path, "text/csv", bytes.as_bytes()).problem(403, "not_permitted");
    source.get("/api/v1/models").problem(403, "not_permitted");
    laboratory.clock.set("2026-06-01T09:00:00Z".parse().unwrap());
    let bytes = table(50, 6, 0.0);
    source.post_batch("b", "text/csv", bytes.as_bytes()).problem(401, "token_not_valid");
}

#[test]
fn a_session_ends_after_a_quarter_of_an_hour_without_use() {
    let laboratory = Laboratory::open();
    // The first sign-in of hers, which signs: nobody does under a clock that was set back.
    laboratory.signed_in("rosa");
    let quentin = laboratory.signed_in("quentin");
    for minute in ["10", "20", "35"] {
        laboratory.clock.set(format!("2026-06-01T08:{minute}:00Z").parse().unwrap());
        assert_eq!(quentin.get("/api/v1/session").status, 200, "in use until {minute}");
    }
    laboratory.clock.set("2026-06-01T08:50:01Z".parse().unwrap());
    quentin.get("/api/v1/session").problem(401, "session_over");
    laboratory.clock.set("2026-06-01T08:40:00Z".parse().unwrap());
    quentin.get("/api/v1/alerts").problem(401, "session_over");
    let rosa = laboratory.signed_in("rosa");
    assert_eq!(rosa.send("DELETE", "/api/v1/session").status, 204);
    rosa.get("/api/v1/alerts").problem(401, "session_over");
}

#[test]
fn a_form_from_another_site_is_refused() {
    let laboratory = Laboratory::open();
    let adam = laboratory.signed_in("adam").forged();
    assert_eq!(adam.get("/api/v1/accounts").status, 200, "reading needs no form token");
    let account = json!({"user_name": "eve", "printed_name": "Eve", "role": "admin"});
    adam.post("/api/v1/accounts", &account).problem(403, "forged_form");
    let accounts = laboratory.store.read(|tx| tx.accounts()).unwrap();
    assert!(accounts.iter().all(|a| a.user_name != "eve"));
}

#[test]
fn a_wrong_name_and_a_wrong_password_are_told_apart_by_nobody() {
    let laboratory = Laboratory::open();
    let mut stranger = laboratory.stranger();
    let nobody = stranger.sign_in("nobody", "a long enough password");
    let wrong = stranger.sign_in("rosa", "a long enough password");
    let detail = nobody.problem(401, "wrong_credentials");
    assert_eq!(detail, wrong.problem(401, "wrong_credentials"));
    assert_eq!(nobody.body["hint"], wrong.body["hint"]);
}
