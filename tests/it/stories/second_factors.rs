//! Story: a second factor is enrolled, asked for at sign-in and with the first signature of a series, and removed by two people.
//! Method: the API over HTTP; codes are those of `driftledger::access::second_factor`, which its unit test holds against RFC 6238;
//! the clock is moved by hand.

use super::decision::with_an_alert;
use crate::evidence::export;
use crate::harness::{Answer, CHOSEN, Laboratory, Visitor};
use driftledger::access::second_factor::code_of;
use driftledger::evidence::manifest::Scope;
use driftledger::procedures::check_store::check_store;
use serde_json::{Value, json};

/// The code that an authenticator with `secret` shows now.
fn code(laboratory: &Laboratory, secret: &str) -> String {
    code_of(secret, laboratory.clock.now().as_second() / 30).unwrap()
}

fn later(laboratory: &Laboratory, seconds: i64) {
    let now = laboratory.clock.now();
    laboratory.clock.set(now + jiff::SignedDuration::from_secs(seconds));
}

/// Enrols a second factor for `who` and returns its secret.
fn enrol(laboratory: &Laboratory, who: &str) -> String {
    let visitor = laboratory.signed_in(who);
    let path = "/api/v1/session/second-factor";
    visitor.post(path, &json!({"password": "no"})).problem(401, "wrong_credentials");
    let offer = visitor.post(path, &json!({"password": CHOSEN}));
    assert_eq!(offer.status, 200, "{offer:?}");
    assert!(offer.text("qr_svg").contains("<svg") && offer.text("address").contains(who));
    let secret = offer.text("secret").to_owned();
    let confirm = format!("{path}/confirmation");
    visitor.post(&confirm, &json!({"code": "000000"})).problem(401, "wrong_credentials");
    assert_eq!(visitor.post(&confirm, &json!({"code": code(laboratory, &secret)})).status, 204);
    visitor.post(path, &json!({"password": CHOSEN})).problem(409, "conflict");
    secret
}

/// Signs in with a code, a step of the clock later than the last one.
fn enter(laboratory: &Laboratory, who: &str, secret: &str) -> Visitor {
    later(laboratory, 30);
    let mut visitor = laboratory.stranger();
    let answer = visitor.sign_in_with(who, CHOSEN, &code(laboratory, secret));
    assert_eq!(answer.status, 200, "{answer:?}");
    visitor
}

fn prove(visitor: &Visitor, code: &str) -> Answer {
    visitor.post("/api/v1/session/second-factor/proof", &json!({ "code": code }))
}

#[test] // A11d-11.6
fn a_code_is_asked_for_and_the_same_code_is_not_taken_twice() {
    let laboratory = Laboratory::open();
    let secret = enrol(&laboratory, "rosa");
    let mut rosa = laboratory.stranger();
    rosa.sign_in("rosa", CHOSEN).problem(401, "second_factor_needed");
    rosa.sign_in("rosa", "not the password").problem(401, "wrong_credentials");
    let used = code(&laboratory, &secret);
    rosa.sign_in_with("rosa", CHOSEN, &used).problem(401, "wrong_credentials");
    later(&laboratory, 30);
    let fresh = code(&laboratory, &secret);
    assert_eq!(rosa.sign_in_with("rosa", CHOSEN, &fresh).status, 200);
    let mut other = laboratory.stranger();
    other.sign_in_with("rosa", CHOSEN, &fresh).problem(401, "wrong_credentials");
    other.sign_in_with("rosa", CHOSEN, &used).problem(401, "wrong_credentials");
    // A program with the password alone does not come in either.
    let program = laboratory.with_name("rosa", CHOSEN);
    assert_eq!(program.get("/api/2.0/mlflow/experiments/search?max_results=1").status, 401);
    let recorded = laboratory.signed_in("ines").read("/api/v1/ledger/entries?limit=50");
    assert!(recorded.contains("factor.enrol") && !recorded.contains(&secret));
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
}

#[test] // A11d-11.7
fn wrong_codes_count_like_wrong_passwords_and_a_right_password_does_not_forgive_them() {
    let laboratory = Laboratory::open();
    let secret = enrol(&laboratory, "rosa");
    for attempt in 1..=4 {
        let mut rosa = laboratory.stranger();
        rosa.sign_in("rosa", CHOSEN).problem(401, "second_factor_needed");
        let refused = rosa.sign_in_with("rosa", CHOSEN, "000000");
        assert_eq!(refused.status, 401, "attempt {attempt}: {refused:?}");
    }
    let mut rosa = laboratory.stranger();
    rosa.sign_in_with("rosa", CHOSEN, "000000").problem(423, "locked");
    later(&laboratory, 30);
    let right = code(&laboratory, &secret);
    rosa.sign_in_with("rosa", CHOSEN, &right).problem(423, "locked");
}

#[test] // P11-200a, A11d-13.3
fn the_first_signature_of_a_series_needs_a_code_and_later_ones_the_password_until_it_ends() {
    let (laboratory, id) = with_an_alert();
    let quentin = laboratory.signed_in("quentin");
    let seen = json!({"severity": "major", "comment": "heavier"});
    quentin.post(&format!("/api/v1/alerts/{id}/acknowledgement"), &seen);
    let secret = enrol(&laboratory, "rosa");
    let rosa = enter(&laboratory, "rosa", &secret);
    let external = |number: &str| json!({"system": "QMS", "number": number});
    let sign = |number: &str| {
        let path = format!("/api/v1/alerts/{id}/steps/link_external");
        let sheet = rosa.post(&format!("{path}/sheet"), &external(number));
        let sha256 = sheet.text("sha256").to_owned();
        rosa.post(
            &path,
            &json!({"input": external(number), "sheet_sha256": sha256, "password": CHOSEN}),
        )
    };
    sign("1").problem(401, "second_factor_needed");
    prove(&rosa, &code(&laboratory, &secret)).problem(401, "wrong_credentials");
    later(&laboratory, 30);
    assert_eq!(prove(&rosa, &code(&laboratory, &secret)).status, 204);
    let method = |answer: Answer| answer.body["signature"]["method"].as_str().unwrap().to_owned();
    assert_eq!(method(sign("1")), "user name, password and authenticator code");
    later(&laboratory, 200);
    let second = method(sign("2"));
    assert!(second.starts_with("password, in a series that began with"), "{second}");
    later(&laboratory, 301);
    sign("3").problem(401, "second_factor_needed");
    assert_eq!(prove(&rosa, &code(&laboratory, &secret)).status, 204);
    let path = format!("/api/v1/alerts/{id}/steps/link_external");
    let sheet = rosa.post(&format!("{path}/sheet"), &external("4"));
    let wrong =
        json!({"input": external("4"), "sheet_sha256": sheet.text("sha256"), "password": "no"});
    rosa.post(&path, &wrong).problem(401, "wrong_credentials");
    sign("4").problem(401, "second_factor_needed");
    assert_eq!(rosa.send("DELETE", "/api/v1/session").status, 204);
}

#[test] // A11d-11.6
fn the_policy_says_which_roles_need_one_and_nothing_else_works_until_it_is_there() {
    let laboratory = Laboratory::open();
    let adam = laboratory.signed_in("adam");
    let mut policy: Value = adam.get("/api/v1/password-policy").body["in_force"].clone();
    policy["second_factor_roles"] = json!(["reviewer"]);
    // Her first sign-in comes before the policy.
    laboratory.signed_in("rosa");
    let set = adam.post("/api/v1/password-policy", &json!({"policy": policy, "reason": "SOP 12"}));
    assert_eq!(set.status, 201, "{set:?}");
    let rosa = laboratory.signed_in("rosa");
    rosa.get("/api/v1/alerts").problem(403, "password_change_needed");
    assert_eq!(rosa.leads_to("GET", "/models"), (303, "/account/second-factor".to_owned()));
    assert_eq!(laboratory.signed_in("quentin").get("/api/v1/alerts").status, 200);
    let page = rosa.page("/account/second-factor", Some(&[("password", CHOSEN)]));
    assert!(page.contains("<svg") && page.contains("Confirm it"), "{page}");
    enrol(&laboratory, "rosa");
}

#[test] // A11d-11.5
fn a_lost_factor_is_removed_by_two_people_with_a_reason() {
    let laboratory = Laboratory::open();
    let secret = enrol(&laboratory, "rosa");
    let rosa = enter(&laboratory, "rosa", &secret);
    let (ask, answer) = (
        "/api/v1/accounts/rosa/second-factor/removal",
        "/api/v1/accounts/rosa/second-factor/removal/answer",
    );
    let adam = laboratory.signed_in("adam");
    let quentin = laboratory.signed_in("quentin");
    let granted = json!({"granted": true, "reason": "seen in person"});
    quentin.post(answer, &granted).problem(409, "conflict");
    adam.post(ask, &json!({"reason": " "})).problem(400, "bad_request");
    quentin.post(ask, &json!({"reason": "lost"})).problem(403, "not_permitted");
    assert_eq!(adam.post(ask, &json!({"reason": "telephone lost"})).status, 204);
    adam.post(ask, &json!({"reason": "again"})).problem(409, "conflict");
    adam.post(answer, &granted).problem(403, "same_person");
    rosa.post(answer, &granted).problem(403, "not_permitted");
    let refused = json!({"granted": false, "reason": "she has it"});
    assert_eq!(quentin.post(answer, &refused).status, 204);
    assert_eq!(rosa.get("/api/v1/session").status, 200, "nothing changed");
    assert_eq!(adam.post(ask, &json!({"reason": "telephone lost"})).status, 204);
    assert_eq!(quentin.post(answer, &granted).status, 204);
    rosa.get("/api/v1/session").problem(401, "session_over");
    assert_eq!(laboratory.stranger().sign_in("rosa", CHOSEN).status, 200);
    let own = adam.post("/api/v1/accounts/adam/second-factor/removal", &json!({"reason": "a"}));
    own.problem(403, "same_person");
}

#[test] // A11d-11.5
fn a_temporary_code_stands_in_for_a_lost_factor_once_and_another_one_is_enrolled_at_once() {
    let laboratory = Laboratory::open();
    let secret = enrol(&laboratory, "rosa");
    let rosa = enter(&laboratory, "rosa", &secret);
    let adam = laboratory.signed_in("adam");
    let path = "/api/v1/accounts/rosa/second-factor/temporary";
    let asked = json!({"reason": "telephone lost", "hours": 2});
    laboratory.signed_in("quentin").post(path, &asked).problem(403, "not_permitted");
    let own = adam.post("/api/v1/accounts/adam/second-factor/temporary", &asked);
    own.problem(403, "same_person");
    adam.post(path, &json!({"reason": " "})).problem(400, "bad_request");
    adam.post(path, &json!({"reason": "lost", "hours": 73})).problem(400, "bad_request");
    later(&laboratory, 24 * 3_600);
    let adam = laboratory.signed_in("adam");
    let refused = adam.post(path, &asked);
    assert!(refused.problem(409, "conflict").contains("nobody recorded today"), "{refused:?}");
    let seen = json!({"method": "in_person", "seen": "she is known to the laboratory"});
    let checked = adam.post("/api/v1/accounts/rosa/identity-check", &seen);
    assert_eq!(checked.status, 201, "{checked:?}");
    let issued = adam.post(path, &asked);
    assert_eq!(issued.status, 201, "{issued:?}");
    rosa.get("/api/v1/session").problem(401, "session_over");
    let temporary = issued.text("code").to_owned();

    // The old authenticator opens nothing any more, an expired code does not either, and a new one takes its place.
    let mut rosa = laboratory.stranger();
    rosa.sign_in("rosa", CHOSEN).problem(401, "second_factor_needed");
    rosa.sign_in_with("rosa", CHOSEN, &code(&laboratory, &secret))
        .problem(401, "wrong_credentials");
    later(&laboratory, 2 * 3_600);
    rosa.sign_in_with("rosa", CHOSEN, &temporary).problem(401, "wrong_credentials");
    let adam = laboratory.signed_in("adam");
    let page = adam.page(
        "/accounts/steps",
        Some(&[("user_name", "rosa"), ("step", "temporary"), ("reason", "telephone lost")]),
    );
    let (_, shown) = page.split_once("Temporary code of rosa").unwrap_or_else(|| panic!("{page}"));
    let (_, shown) = shown.split_once("<pre class=\"bytes\" tabindex=\"0\">").unwrap();
    let temporary = shown.split('<').next().unwrap().to_owned();
    assert_eq!(rosa.sign_in_with("rosa", CHOSEN, &temporary).status, 200);
    let mut other = laboratory.stranger();
    other.sign_in_with("rosa", CHOSEN, &temporary).problem(401, "wrong_credentials");
    other.sign_in("rosa", CHOSEN).problem(401, "second_factor_needed");

    // Nothing but enrolling another factor is possible in the session that it opened.
    rosa.get("/api/v1/alerts").problem(403, "password_change_needed");
    assert_eq!(rosa.leads_to("GET", "/models"), (303, "/account/second-factor".to_owned()));
    let offer = rosa.post("/api/v1/session/second-factor", &json!({"password": CHOSEN}));
    let new = offer.text("secret").to_owned();
    let confirm = json!({"code": code(&laboratory, &new)});
    let confirmed = rosa.post("/api/v1/session/second-factor/confirmation", &confirm);
    assert_eq!(confirmed.status, 204, "{confirmed:?}");
    let rosa = enter(&laboratory, "rosa", &new);
    assert_eq!(rosa.get("/api/v1/alerts").status, 200);
    let recorded = laboratory.signed_in("ines").read("/api/v1/ledger/entries?limit=50");
    for (kind, secret) in [("factor.temporary\"", &temporary), ("factor.temporary_use", &temporary)]
    {
        assert!(recorded.contains(kind) && !recorded.contains(secret), "{kind}");
    }
    let (pack, _) = export(&laboratory.store, &Scope::whole());
    laboratory.leave("marked-second-factors", &pack);
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
}
