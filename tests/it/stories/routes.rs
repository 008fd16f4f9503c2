//! Story: every route there is asks who comes, and lets each role do what the permission table says, and nothing else.
//! Method: routes are enumerated, from the OpenAPI description and from the sources of the pages and of the MLflow protocol; a
//! route that the tables here do not know fails the test, so that none can be forgotten.

mod api_table;

use self::api_table::api_table;
use crate::harness::{Laboratory, MODEL, Visitor, register, repository};
use driftledger::access::role::{Action, Role};
use driftledger::api::description::openapi;
use driftledger::store::access_log::AccessFilter;
use serde_json::Value;

const PEOPLE: [(&str, Role); 6] = [
    ("dana", Role::DataScientist),
    ("quentin", Role::Qa),
    ("rosa", Role::Reviewer),
    ("pavel", Role::ProcessExpert),
    ("ines", Role::Inspector),
    ("adam", Role::Admin),
];

/// What a route takes: nothing, a session of whatever role, or a role that may do this.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Takes {
    Nothing,
    Session,
    Role(Action),
}

/// A document of the sample data.
fn sample(name: &str) -> Value {
    let path = repository("sample_data/thyroid_garvan").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A path with its parameters filled in, with the model there is and things there are not.
fn filled(path: &str) -> String {
    let part = |part: &str| match part {
        "{model}" => MODEL.to_owned(),
        "{version}" => "1".to_owned(),
        "{index}" | "{number}" => "0".to_owned(),
        part if part.starts_with('{') => "nobody".to_owned(),
        part => part.to_owned(),
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path = path.split('/').map(part).collect::<Vec<_>>().join("/");
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

/// Method and path of every API route below `/api/v1`, as the description has them.
fn described() -> Vec<(String, String)> {
    let description = serde_json::to_value(openapi()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/api/v1") else { continue };
        for method in methods.as_object().unwrap().keys() {
            routes.push((method.to_uppercase(), path.to_owned()));
        }
    }
    routes
}

#[test] // P11-10d
fn the_table_of_routes_and_the_description_have_the_same_routes() {
    let described: Vec<String> =
        described().into_iter().map(|(method, path)| format!("{method} {path}")).collect();
    let listed: Vec<String> = api_table()
        .keys()
        .map(|(method, path)| format!("{method} {}", path.split('?').next().unwrap()))
        .collect();
    let missing: Vec<_> = described.iter().filter(|route| !listed.contains(route)).collect();
    assert!(missing.is_empty(), "say here what these take: {missing:?}");
    let gone: Vec<_> = listed.iter().filter(|route| !described.contains(route)).collect();
    assert!(gone.is_empty(), "these are no more: {gone:?}");
}

#[test] // P11-10g, A11d-11.10
fn each_role_is_let_through_or_refused_on_every_route_as_the_permission_table_says() {
    let laboratory = Laboratory::open();
    register(&laboratory.program());
    let table = api_table();
    let (mut allowed, mut refused) = (0, 0);
    for (user_name, role) in PEOPLE {
        let mut visitor = laboratory.signed_in(user_name);
        for ((method, path), (takes, body)) in &table {
            let Takes::Role(action) = takes else { continue };
            let address = format!("/api/v1{}", filled(path));
            let answer = if body.is_null() && *method == "POST" {
                visitor.post_table(&address, "text/csv", b"a,b\n1,1\n")
            } else if body.is_null() {
                visitor.send(method, &address)
            } else {
                visitor.send_json(method, &address, body)
            };
            let is_refused = answer.body["code"] == "not_permitted";
            let expected = !action.roles().contains(&role);
            assert_eq!(is_refused, expected, "{user_name} {method} {address}: {answer:?}");
            assert!(answer.status < 500, "{user_name} {method} {address}: {answer:?}");
            if is_refused {
                assert_eq!(answer.status, 403);
                refused += 1;
            } else {
                allowed += 1;
            }
            if answer.body["code"] == "session_over" {
                visitor = laboratory.signed_in(user_name);
            }
        }
    }
    assert!(allowed > 150 && refused > 80, "{allowed} {refused}");
}

/// Method and path of every page, from the attributes of the handlers.
fn pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(repository("src/pages")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let source = std::fs::read_to_string(path).unwrap();
        for method in ["get", "post"] {
            for rest in source.split(&format!("\n#[{method}(\"")).skip(1) {
                pages.push((method.to_uppercase(), rest.split('"').next().unwrap().to_owned()));
            }
        }
    }
    let routes = std::fs::read_to_string(repository("src/pages/routes.rs")).unwrap();
    let served = routes.matches(".service(").count() - usize::from(routes.contains(".service(\n"));
    assert!(pages.len() + 1 >= served && served > 30, "{} pages, {served} served", pages.len());
    pages
}

/// What the pages that change something take.
fn form_takes(path: &str) -> Takes {
    use Action::{
        Acknowledge, ApproveRoles, DraftDecision, FixAcceptance, Ingest, ManageAccounts,
        ManageNotices, ManageOwnTokens, Register, SignDecision, TestVersion,
    };
    match path {
        "/sign-in" => Takes::Nothing,
        "/sign-out"
        | "/account/password"
        | "/account/second-factor"
        | "/account/second-factor/confirmation"
        | "/account/passkeys/{id}/end"
        | "/account/loss"
        | "/accounts/watch"
        | "/alerts/{id}/steps/{step}"
        | "/models/{model}/versions/{version}/steps/{step}"
        | "/models/{model}/versions/{version}/change/signature"
        | "/references/{id}/signature" => Takes::Session,
        "/models/{model}/versions/{version}/change"
        | "/models/{model}/versions/{version}/policy"
        | "/models/{model}/versions/{version}/references"
        | "/models/{model}/versions/{version}/studies"
        | "/models/registrations"
        | "/models/registrations/files" => Takes::Role(Register),
        "/models/{model}/versions/{version}/acceptance" => Takes::Role(FixAcceptance),
        "/models/{model}/versions/{version}/test-runs" => Takes::Role(TestVersion),
        "/models/{model}/versions/{version}/batches"
        | "/models/{model}/versions/{version}/labels" => Takes::Role(Ingest),
        "/notices/targets" | "/notices/{number}/retry" => Takes::Role(ManageNotices),
        "/account/tokens" | "/account/tokens/{id}/revocation" => Takes::Role(ManageOwnTokens),
        "/accounts" | "/accounts/steps" | "/accounts/password-policy" | "/accounts/roles" => {
            Takes::Role(ManageAccounts)
        }
        "/evidence" => Takes::Role(Action::Read),
        "/clock" => Takes::Role(Action::KeepWatch),
        "/account/accountability" => Takes::Role(Action::AcceptAccountability),
        "/account/accountability/statement" | "/accounts/training" => Takes::Role(ManageAccounts),
        // Without a step, it is a training.
        "/accounts/people" => Takes::Role(Action::RecordTraining),
        "/accounts/roles/{id}/answer" => Takes::Role(ApproveRoles),
        "/qualifications/{id}/signature" => Takes::Role(Action::ApproveQualification),
        "/reviews/next/{kind}" | "/reviews/{id}/signature" => Takes::Role(Action::HoldReview),
        "/incidents" | "/incidents/{id}/correction" | "/incidents/{id}/investigation" => {
            Takes::Role(Action::ReportIncident)
        }
        "/incidents/{id}/reopening" | "/incidents/{id}/signature" => {
            Takes::Role(Action::CloseIncident)
        }
        "/drills" => Takes::Role(Action::RecordDrill),
        "/indicators" => Takes::Role(Action::RecordIndicators),
        "/models/{model}/versions/{version}/review-samples" | "/review-samples/{id}/result" => {
            Takes::Role(Action::DrawReviewSample)
        }
        "/review-samples/{id}/cases/{number}/answer"
        | "/review-samples/{id}/cases/{number}/correction" => {
            Takes::Role(Action::AdjudicateReadings)
        }
        "/reports/{id}/invalidation" | "/reports/{id}/invalidation/sheet" => {
            Takes::Role(Action::InvalidateBatch)
        }
        "/test-runs/{id}/invalidation" | "/test-runs/{id}/invalidation/sheet" => {
            Takes::Role(Action::InvalidateTestRun)
        }
        "/retention"
        | "/retention/versions"
        | "/legal-holds"
        | "/disposals/sheet"
        | "/disposals"
        | "/disposals/{id}/withdrawal"
        | "/redactions/sheet"
        | "/redactions"
        | "/redactions/{id}/withdrawal" => Takes::Role(Action::KeepRetention),
        "/legal-holds/{id}/lifting" | "/legal-holds/{id}/lifting/sheet" => {
            Takes::Role(Action::LiftHold)
        }
        "/disposals/{id}/signature" | "/redactions/{id}/signature" => {
            Takes::Role(Action::ApproveDisposal)
        }
        "/alerts/{id}/acknowledgement" => Takes::Role(Acknowledge),
        "/alerts/{id}/decision" => Takes::Role(DraftDecision),
        "/alerts/{id}/signature" | "/studies/{id}/signature" => Takes::Role(SignDecision),
        other => panic!("say here what the form at `{other}` takes"),
    }
}

#[test] // P11-10d, A11d-11.4
fn every_page_sends_strangers_to_sign_in_and_issued_passwords_to_be_changed() {
    let laboratory = Laboratory::open();
    let stranger = laboratory.stranger();
    let mut arriving = laboratory.stranger();
    arriving.sign_in("quentin", laboratory.issued("quentin"));
    for (method, path) in pages() {
        if path.starts_with("/static/") || path.starts_with("/sign-in") {
            continue;
        }
        let address = filled(&path);
        let (status, leads_to) = stranger.leads_to(&method, &address);
        assert!(status == 303 && leads_to.starts_with("/sign-in"), "{method} {path}: {status}");
        if path != "/account/password" && path != "/sign-out" {
            let led = arriving.leads_to(&method, &address);
            assert_eq!(led, (303, "/account/password".to_owned()), "{method} {path}");
        }
    }
}

#[test] // P11-10g, A11d-11.10
fn each_role_may_send_the_forms_that_the_permission_table_says() {
    let laboratory = Laboratory::open();
    for (user_name, role) in PEOPLE {
        let visitor = laboratory.signed_in(user_name);
        for (method, path) in pages() {
            let takes = match (method.as_str(), path.as_str()) {
                ("GET", "/access-log" | "/accounts/watch") => Takes::Role(Action::ReadAccessLog),
                ("GET", "/notices") => Takes::Role(Action::ReadNotices),
                ("GET", "/review-samples/{id}/case") => Takes::Role(Action::AdjudicateReadings),
                ("GET", _) => Takes::Role(Action::Read),
                _ => form_takes(&path),
            };
            let Takes::Role(action) = takes else { continue };
            let fields = [
                ("user_name", "nobody"),
                ("printed_name", " "),
                ("role", "qa"),
                ("step", "unlock"),
                ("reason", "a test"),
                ("name", "a test"),
                ("scope", "personal"),
                ("answer", "grant"),
                ("characters_min", "1"),
                ("reused_last", "1"),
                ("severity", "minor"),
                ("comment", "a test"),
                ("code", "no_action"),
                ("rationale", "a test"),
                ("sheet_sha256", "0"),
                ("password", "a"),
            ];
            let address = filled(&path);
            visitor.page(&address, (method == "POST").then_some(fields.as_slice()));
            // What the page shows may be that there is no such thing; what was refused is in the access log.
            let asked = format!("{method} {address}");
            let refused =
                laboratory.store.read(|tx| tx.access_events(&AccessFilter::default(), 1000));
            let refused = refused.unwrap().into_iter().any(|event| {
                event.user_name == user_name
                    && event.asked == asked
                    && event.code == "not_permitted"
            });
            assert_eq!(refused, !action.roles().contains(&role), "{user_name} {asked}");
        }
    }
}

#[test] // P11-10d
fn every_route_of_the_mlflow_protocol_refuses_strangers_and_issued_passwords() {
    let laboratory = Laboratory::open();
    let source = std::fs::read_to_string(repository("src/api/mlflow/mod.rs")).unwrap();
    let stranger = laboratory.stranger();
    let mut issued = laboratory.stranger();
    issued.sign_in("dana", laboratory.issued("dana"));
    let inspector = laboratory.with_name("ines", laboratory.password("ines"));
    let flat: String = source.split_whitespace().collect();
    let mut tried = 0;
    for rest in flat.split(".route(\"").skip(1) {
        let path = rest.split('"').next().unwrap();
        let method = rest.split("\",").nth(1).unwrap().split('(').next().unwrap().to_uppercase();
        if path == "/health"
            || !["GET", "POST", "PATCH", "PUT", "DELETE"].contains(&method.as_str())
        {
            continue;
        }
        let below = if path.starts_with("/mpu") || path == "/artifacts" {
            "mlflow-artifacts"
        } else {
            "mlflow"
        };
        let address =
            format!("/api/2.0/{below}{}", path.replace("{path:.*}", "a").replace(['{', '}'], ""));
        let said = stranger.send(&method, &address);
        assert_eq!(
            (said.status, said.text("error_code")),
            (401, "UNAUTHENTICATED"),
            "{method} {address}"
        );
        let said = issued.send(&method, &address);
        assert_eq!(
            (said.status, said.text("error_code")),
            (403, "PERMISSION_DENIED"),
            "{method} {address}"
        );
        assert_ne!(inspector.send(&method, &address).status, 401, "{method} {address}");
        tried += 1;
    }
    assert!(tried > 50, "{tried}");
}

#[test] // P11-10g
fn no_token_takes_a_route_that_only_a_person_may() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    for ((method, path), (takes, body)) in &api_table() {
        let Takes::Role(action) = takes else { continue };
        if action.by_token() || body.is_null() && *method == "POST" {
            continue;
        }
        let answer = send(&program, method, &format!("/api/v1{}", filled(path)), body);
        answer.problem(403, "not_permitted");
    }
}

fn send(visitor: &Visitor, method: &str, address: &str, body: &Value) -> crate::harness::Answer {
    if body.is_null() {
        visitor.send(method, address)
    } else {
        visitor.send_json(method, address, body)
    }
}
