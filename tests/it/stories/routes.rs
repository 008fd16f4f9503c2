//! Story: every route there is asks who comes, and lets each role do what the permission table says, and nothing else.
//! Method: routes are enumerated, from the OpenAPI description and from the sources of the pages and of the MLflow protocol; a
//! route that the tables here do not know fails the test, so that none can be forgotten.

use super::studies::study;
use crate::harness::{CHOSEN, Laboratory, MODEL, Visitor, register, registration, repository};
use driftledger::access::role::{Action, Role};
use driftledger::api::description::openapi;
use driftledger::store::access_log::AccessFilter;
use serde_json::{Value, json};
use std::collections::BTreeMap;

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

/// Every route of the API below `/api/v1`, what it takes, and a body that can be read.
#[expect(clippy::too_many_lines, reason = "one table: a line for each route")]
fn api_table() -> BTreeMap<(&'static str, &'static str), (Takes, Value)> {
    use Action::{
        AcceptAccountability, Acknowledge, ApproveDisposal, ApproveQualification, ApproveRoles,
        CloseIncident, DraftDecision, DrawReviewSample, FixAcceptance, HoldReview, Ingest,
        InvalidateBatch, KeepRetention, KeepWatch, LiftHold, ManageAccounts, ManageNotices,
        ManageOwnTokens, Read, ReadAccessLog, ReadNotices, RecordDrill, RecordTraining, Register,
        ReportIncident, ReviewPredictions, SignDecision, TestVersion,
    };
    let no = Value::Null;
    let reason = || json!({"reason": "a test"});
    let policy = json!({"characters_min": 14, "common_denied": true, "own_names_denied": true,
                        "age_days_max": 365, "reused_last": 5});
    let signature = json!({"decision_sha256": "0", "password": "a"});
    let version = "/models/{model}/versions/{version}";
    let mut table: Vec<((&str, String), Takes, Value)> = Vec::new();
    let mut add = |method, path: &str, takes, body: &Value| {
        table.push(((method, path.to_owned()), takes, body.clone()));
    };
    let of = Takes::Role;
    for path in [
        "/accountability",
        "/accounts",
        "/alerts",
        "/alerts/{id}",
        "/alerts/{id}/statement",
        "/drills",
        "/drills/{id}",
        "/disposals",
        "/disposals/{id}",
        "/evidence",
        "/evidence/pack",
        "/evidence/report.pdf",
        "/evidence/{id}",
        "/evidence/{id}/pack",
        "/fleet",
        "/inbox",
        "/incidents",
        "/incidents/{id}",
        "/legal-holds",
        "/legal-holds/{id}",
        "/ledger/checkpoint",
        "/ledger/entries",
        "/ledger/entries/{index}",
        "/models",
        "/models/{model}/drafts",
        "/models/{model}/drafts/{number}",
        "/password-policy",
        "/people",
        "/qualifications",
        "/qualifications/{id}",
        "/qualifications/{id}/report.pdf",
        "/records/{table}/{id}",
        "/records/{table}/{id}/copy.pdf",
        "/references/{id}",
        "/reports/{id}",
        "/retention",
        "/retention/files",
        "/review-plan",
        "/review-samples",
        "/review-samples/{id}",
        "/reviews",
        "/reviews/due",
        "/reviews/{id}",
        "/role-requests",
        "/studies/{id}",
        "/test-runs/{id}",
        "/training-policy",
    ] {
        add("GET", path, of(Read), &no);
    }
    for path in [
        "",
        "/acceptance",
        "/assessments/{id}",
        "/batch-comparison",
        "/batches",
        "/change",
        "/configuration",
        "/difference",
        "/evidence",
        "/exports/{kind}",
        "/life-cycle",
        "/lineage",
        "/performance",
        "/performance/{batch}",
        "/quarantine",
        "/record",
        "/record/template",
        "/references",
        "/review-samples",
        "/studies",
        "/test-runs",
    ] {
        add("GET", &format!("{version}{path}"), of(Read), &no);
    }
    add("POST", "/evidence", of(Read), &json!({}));
    add("GET", "/access-log", of(ReadAccessLog), &no);
    add("GET", "/notices", of(ReadNotices), &no);
    add("GET", "/notice-targets", of(ReadNotices), &no);
    let target =
        json!({"name": " ", "channel": "mail", "address": "a", "kinds": [], "enabled": true});
    let kept = json!({"target": target, "reason": "a test"});
    add("POST", "/notice-targets", of(ManageNotices), &kept);
    add("POST", "/notices/{number}/retry", of(ManageNotices), &json!({}));
    let removal = "/accounts/{user_name}/second-factor/removal";
    add("POST", removal, of(ManageAccounts), &reason());
    let granted = json!({"granted": true, "reason": "a test"});
    add("POST", &format!("{removal}/answer"), of(ApproveRoles), &granted);
    let factor = "/session/second-factor";
    add("POST", factor, Takes::Session, &json!({"password": "a"}));
    add("POST", &format!("{factor}/confirmation"), Takes::Session, &json!({"code": "1"}));
    add("POST", &format!("{factor}/proof"), Takes::Session, &json!({"code": "1"}));
    let identity = "/accounts/{user_name}/identity";
    let link = json!({"issuer": "https://login.example", "subject": "1", "reason": "a test"});
    add("POST", identity, of(ManageAccounts), &link);
    add("POST", &format!("{identity}/removal"), of(ManageAccounts), &reason());
    add("POST", &format!("{identity}/answer"), of(ApproveRoles), &granted);
    add("GET", "/misuse-events", of(ReadAccessLog), &no);
    add("POST", "/misuse-events/{id}/answer", of(KeepWatch), &json!({"found": "a test"}));
    add("POST", "/accounts/{user_name}/loss", of(KeepWatch), &reason());
    add("POST", "/accounts/{user_name}/signing", of(KeepWatch), &reason());
    let seen = json!({"method": "in_person", "seen": " "});
    add("POST", "/accounts/{user_name}/identity-check", of(ManageAccounts), &seen);
    let training = json!({"role": "qa", "course": "a", "completed_on": "2026-01-01"});
    let trained = json!({"training": training, "evidence": " "});
    add("POST", "/accounts/{user_name}/training", of(RecordTraining), &trained);
    let rules = json!({"policy": {"rules": []}, "reason": " "});
    add("POST", "/training-policy", of(ManageAccounts), &rules);
    let statement = json!({"text": "too short", "reason": " "});
    add("POST", "/accountability", of(ManageAccounts), &statement);
    let accepted = json!({"acceptance_sha256": "0", "password": "a"});
    add("POST", "/accountability/acceptance", of(AcceptAccountability), &accepted);
    add("GET", "/clock", of(Read), &no);
    add("GET", "/backups", of(Read), &no);
    add("GET", "/time-stamps", of(Read), &no);
    add("POST", "/clock/confirmation", of(KeepWatch), &reason());
    let passkeys = "/session/passkeys";
    let about = json!({"record_sha256": "0", "meaning": "approved"});
    let assertion = json!({"credential_id": "a", "authenticator_data": "a", "client_data_json": "a", "signature": "a"});
    let said = json!({"record_sha256": "0", "meaning": "approved", "assertion": assertion});
    add("GET", passkeys, Takes::Session, &no);
    add("POST", passkeys, Takes::Session, &json!({"password": "a"}));
    let made = json!({"name": "a test", "credential": {}});
    add("POST", &format!("{passkeys}/confirmation"), Takes::Session, &made);
    let end = json!({"password": "a", "reason": "a test"});
    add("POST", &format!("{passkeys}/{{id}}/end"), Takes::Session, &end);
    add("POST", &format!("{passkeys}/question"), Takes::Session, &about);
    add("POST", &format!("{passkeys}/proof"), Takes::Session, &said);
    add("GET", "/tokens", of(ManageOwnTokens), &no);
    add("POST", "/tokens", of(ManageOwnTokens), &json!({"name": "a test"}));
    add("DELETE", "/tokens/{id}", of(ManageOwnTokens), &no);
    add("GET", "/session", Takes::Session, &no);
    add("DELETE", "/session", Takes::Session, &no);
    add("POST", "/session/password", Takes::Session, &json!({"old": CHOSEN, "new": "short"}));
    add("POST", "/session", Takes::Nothing, &no);
    add("POST", "/models", of(Register), &json!({"model": "other", "description": "a test"}));
    let document = serde_json::to_value(registration("1", 1)).unwrap();
    add("POST", "/models/{model}/versions", of(Register), &document);
    add("POST", &format!("{version}/studies"), of(Register), &study(1));
    add(
        "POST",
        &format!("{version}/studies/of-judged-batches"),
        of(Register),
        &json!({"batches": ["none"], "seed": 1}),
    );
    add("POST", &format!("{version}/batches?name=a"), of(Ingest), &no);
    add("POST", &format!("{version}/labels"), of(Ingest), &no);
    let invalidation = format!("{version}/batches/{{batch}}/invalidation");
    let signed_invalid = json!({"reason": "a test", "sheet_sha256": "0", "password": "a"});
    add("POST", &invalidation, of(InvalidateBatch), &signed_invalid);
    add("POST", &format!("{invalidation}/sheet"), of(InvalidateBatch), &reason());
    let classes = json!({"format": "driftledger/retention-policy/v1", "classes": [], "kinds": []});
    let kept = json!({"policy": classes, "reason": " "});
    add("POST", "/retention", of(KeepRetention), &kept);
    add("POST", &format!("{version}/retention"), of(KeepRetention), &json!({"reason": " "}));
    add("POST", "/legal-holds", of(KeepRetention), &reason());
    let signed_sheet = json!({"reason": "a test", "sheet_sha256": "0", "password": "a"});
    add("POST", "/legal-holds/{id}/lifting/sheet", of(LiftHold), &reason());
    add("POST", "/legal-holds/{id}/lifting", of(LiftHold), &signed_sheet);
    let files = json!({"files": [], "reason": "a test"});
    add("POST", "/disposals/sheet", of(KeepRetention), &files);
    let signed_files =
        json!({"files": [], "reason": "a test", "sheet_sha256": "0", "password": "a"});
    add("POST", "/disposals", of(KeepRetention), &signed_files);
    let signed_disposal = json!({"disposal_sha256": "0", "password": "a"});
    add("POST", "/disposals/{id}/signature", of(ApproveDisposal), &signed_disposal);
    add("POST", "/lineage", of(Ingest), &no);
    add("POST", "/lineage/batch", of(Ingest), &no);
    add("PUT", &format!("{version}/record"), of(Register), &sample("model_record.json"));
    let change = json!({"kinds": ["data"], "reason": "a test", "impact": "none", "risk": "unchanged", "retest": true,
                        "retest_rationale": "it is tested again in any case"});
    add("POST", &format!("{version}/change"), of(Register), &change);
    // Whose signature it is depends on who signed before: see the story of changes.
    let signed_change = json!({"change_sha256": "0", "password": "a"});
    add("POST", &format!("{version}/change/signature"), Takes::Session, &signed_change);
    let proposed =
        json!({"batches": ["none"], "alert": "none", "rationale": "a test of who may propose"});
    add("POST", &format!("{version}/references"), of(Register), &proposed);
    // Whose signature it is depends on who signed before: see the story of references.
    let signed_reference = json!({"proposal_sha256": "0", "password": "a"});
    add("POST", "/references/{id}/signature", Takes::Session, &signed_reference);
    let mut plan = sample("acceptance.json");
    (plan["model"], plan["version"]) = (json!(MODEL), json!("1"));
    add("POST", &format!("{version}/acceptance"), of(FixAcceptance), &plan);
    add("POST", &format!("{version}/test-runs"), of(TestVersion), &no);
    // Whose step it is depends on the state: see the story of the life cycle.
    let step = format!("{version}/steps/{{step}}");
    let signed = json!({"input": {}, "sheet_sha256": "0", "password": "a"});
    add("POST", &step, Takes::Session, &signed);
    add("POST", &format!("{step}/sheet"), Takes::Session, &json!({}));
    add("POST", &format!("{version}/performance"), of(Ingest), &no);
    add("POST", "/concordance?prediction=a&review=b", of(Read), &no);
    let plan = json!({"batches": [], "purpose": "a test", "allocation": {"per_stratum": 1}});
    add("POST", &format!("{version}/review-samples"), of(DrawReviewSample), &plan);
    add("POST", "/review-samples/{id}/result", of(DrawReviewSample), &json!({}));
    add("POST", "/review-samples/{id}/next-case", of(ReviewPredictions), &json!({}));
    for act in ["answer", "correction"] {
        let path = format!("/review-samples/{{id}}/cases/{{number}}/{act}");
        add("POST", &path, of(ReviewPredictions), &json!({"answer": "a"}));
    }
    add(
        "POST",
        "/studies/{id}/signature",
        of(SignDecision),
        &json!({"study_sha256": "0", "password": "a"}),
    );
    let signed_run = json!({"qualification_sha256": "0", "password": "a"});
    add("POST", "/qualifications/{id}/signature", of(ApproveQualification), &signed_run);
    add("GET", "/reviews/next?kind=data", of(Read), &no);
    let held = json!({"kind": "data", "until": 0, "statement": "a test", "conclusion": "in_order", "next_due": ""});
    add("POST", "/reviews", of(HoldReview), &held);
    let signed_review = json!({"review_sha256": "0", "password": "a"});
    add("POST", "/reviews/{id}/signature", of(HoldReview), &signed_review);
    let report =
        json!({"happened_at": "2026-06-01T07:00:00Z", "severity": "minor", "what": "a test"});
    add("POST", "/incidents", of(ReportIncident), &report);
    let corrected = json!({"report": report, "reason": "a test"});
    add("POST", "/incidents/{id}/correction", of(ReportIncident), &corrected);
    let found = json!({"cause": {"root_cause": "a test", "action": "none"}});
    add("POST", "/incidents/{id}/investigation", of(ReportIncident), &found);
    add("POST", "/incidents/{id}/reopening", of(CloseIncident), &reason());
    let closed = json!({"incident_sha256": "0", "password": "a"});
    add("POST", "/incidents/{id}/signature", of(CloseIncident), &closed);
    let drill = json!({"tried": "a test", "began_at": "", "ended_at": "", "fallback": "paper", "result": "passed", "next_due": ""});
    add("POST", "/drills", of(RecordDrill), &drill);
    let alert_step = json!({"input": {}, "sheet_sha256": "0", "password": "a"});
    add("POST", "/alerts/{id}/steps/{step}", Takes::Session, &alert_step);
    add("POST", "/alerts/{id}/steps/{step}/sheet", Takes::Session, &json!({}));
    let seen = json!({"severity": "minor", "comment": "a test"});
    add("POST", "/alerts/{id}/acknowledgement", of(Acknowledge), &seen);
    let draft = json!({"code": "no_action", "rationale": "a test"});
    add("POST", "/alerts/{id}/decision", of(DraftDecision), &draft);
    add("POST", "/alerts/{id}/signature", of(SignDecision), &signature);
    let together = json!({"decisions": [], "password": "a"});
    add("POST", "/decision-signatures", of(SignDecision), &together);
    let account = json!({"user_name": "x", "printed_name": "X", "role": "qa"});
    add("POST", "/accounts", of(ManageAccounts), &account);
    for step in ["unlock", "disable", "enable", "password"] {
        add("POST", &format!("/accounts/{{user_name}}/{step}"), of(ManageAccounts), &reason());
    }
    let asked = json!({"user_name": "nobody", "role": "qa", "reason": "a test"});
    add("POST", "/role-requests", of(ManageAccounts), &asked);
    let answer = json!({"granted": true, "reason": "a test"});
    add("POST", "/role-requests/{id}/answer", of(ApproveRoles), &answer);
    add("POST", "/password-policy", of(ManageAccounts), &json!({"policy": policy, "reason": " "}));
    let leak = |text: String| -> &'static str { text.leak() };
    table.into_iter().map(|((m, p), takes, body)| ((m, leak(p)), (takes, body))).collect()
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
        "/models/{model}/versions/{version}/review-samples" | "/review-samples/{id}/result" => {
            Takes::Role(Action::DrawReviewSample)
        }
        "/review-samples/{id}/cases/{number}/answer"
        | "/review-samples/{id}/cases/{number}/correction" => {
            Takes::Role(Action::ReviewPredictions)
        }
        "/reports/{id}/invalidation" | "/reports/{id}/invalidation/sheet" => {
            Takes::Role(Action::InvalidateBatch)
        }
        "/retention"
        | "/retention/versions"
        | "/legal-holds"
        | "/disposals/sheet"
        | "/disposals" => Takes::Role(Action::KeepRetention),
        "/legal-holds/{id}/lifting" | "/legal-holds/{id}/lifting/sheet" => {
            Takes::Role(Action::LiftHold)
        }
        "/disposals/{id}/signature" => Takes::Role(Action::ApproveDisposal),
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
                ("GET", "/review-samples/{id}/case") => Takes::Role(Action::ReviewPredictions),
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
                ("decision_sha256", "0"),
                ("study_sha256", "0"),
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
