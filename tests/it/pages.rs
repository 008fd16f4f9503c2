//! Story: people work in a browser, each with their role, and the pages give nothing away.
//! Method: the demonstration's store behind the real routes and headers; requests as a browser sends them.

use crate::harness::{CHOSEN, choose_password};
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use actix_web::test::{self, TestRequest};
use actix_web::{App, web};
use driftledger::access::account::{Acting, Way};
use driftledger::api::extract::{SESSION_COOKIE, Shared};
use driftledger::api::server;
use driftledger::clock::Clock;
use driftledger::pages::routes;
use driftledger::procedures::administer::{NewAccount, create_account, create_store, host};
use driftledger::procedures::attach_study;
use driftledger::procedures::demonstrate::{DEMO_MODEL, DEMO_VERSION, demonstrate};
use driftledger::procedures::read_records;
use driftledger::procedures::sign_in;
use driftledger::store::Store;
use std::fmt::Debug;
use tempfile::TempDir;

/// What a browser got.
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    html: String,
}

impl Got {
    fn leads_to(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    fn has(&self, text: &str) -> bool {
        self.html.contains(text)
    }
}

/// A person with a browser.
struct Person {
    cookie: String,
    form_token: String,
    acting: Acting,
}

struct Site {
    store: Store,
    accounts: Vec<NewAccount>,
    _folder: TempDir,
}

impl Site {
    fn demonstration() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        // Tables are read by an engine that wants no async thread.
        let made = std::thread::spawn(move || demonstrate(&data, |_, _| ()).unwrap());
        let made = made.join().unwrap();
        Self { store: made.store, accounts: made.accounts, _folder: folder }
    }

    fn shared(&self) -> web::Data<Shared> {
        let store = self.store.clone();
        web::Data::new(Shared { body_bytes_max: 1 << 20, behind_proxy: true, ..Shared::new(store) })
    }

    fn password(&self, user_name: &str) -> String {
        let account = self.accounts.iter().find(|a| a.account.user_name == user_name).unwrap();
        account.password.clone()
    }

    fn person(&self, user_name: &str) -> Person {
        let password = self.password(user_name);
        let (secret, session) = sign_in::sign_in(&self.store, user_name, &password).unwrap();
        Person {
            cookie: format!("{SESSION_COOKIE}={secret}"),
            form_token: session.form_token,
            acting: Acting { account: session.account, way: Way::Session },
        }
    }

    /// Ids of an open and of a decided alert, and of a report.
    fn ids(&self, person: &Person) -> (String, String, String) {
        let inbox = read_records::inbox(&self.store, &person.acting).unwrap();
        let version =
            read_records::version_view(&self.store, &person.acting, DEMO_MODEL, DEMO_VERSION);
        let report = version.unwrap().reports[1].0.id.clone();
        (inbox.open[0].episode.id.clone(), inbox.decided[0].episode.id.clone(), report)
    }
}

macro_rules! serve {
    ($site:expr) => {
        test::init_service(
            App::new()
                .app_data($site.shared())
                .configure(routes::configure)
                .wrap(server::headers(true)),
        )
        .await
    };
}

/// Sends a request and reads the whole answer.
macro_rules! send {
    ($app:expr, $request:expr) => {
        answer(&$app, $request.to_request())
    };
}

async fn answer<S, B, R>(app: &S, request: R) -> Got
where
    S: Service<R, Response = ServiceResponse<B>>,
    S::Error: Debug,
    B: MessageBody,
{
    let response = app.call(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = test::read_body(response).await;
    Got { status, headers, html: String::from_utf8(body.to_vec()).unwrap() }
}

fn get(path: &str, person: Option<&Person>) -> TestRequest {
    let request = TestRequest::get().uri(path);
    match person {
        Some(person) => request.insert_header((COOKIE, person.cookie.clone())),
        None => request,
    }
}

fn post(path: &str, person: Option<&Person>, fields: &[(&str, &str)]) -> TestRequest {
    let request = TestRequest::post().uri(path).set_form(fields);
    match person {
        Some(person) => request.insert_header((COOKIE, person.cookie.clone())),
        None => request,
    }
}

#[actix_web::test]
async fn who_is_not_signed_in_signs_in_and_comes_back_to_the_page() {
    let site = Site::demonstration();
    let app = serve!(site);
    let path = "/models/thyroid-comment-triage/versions/1.0.0";
    let got = send!(app, get(path, None)).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    let sign_in = "/sign-in?next=%2Fmodels%2Fthyroid-comment-triage%2Fversions%2F1.0.0";
    assert_eq!(got.leads_to(), sign_in);
    assert!(send!(app, get(sign_in, None)).await.has(&format!(r#"name="next" value="{path}""#)));

    let password = site.password("quentin");
    let fields = [("user_name", "quentin"), ("password", password.as_str()), ("next", path)];
    let got = send!(app, post("/sign-in", None, &fields)).await;
    assert_eq!((got.status, got.leads_to()), (StatusCode::SEE_OTHER, path));
    let cookie = got.headers.get(SET_COOKIE).unwrap().to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}

#[actix_web::test]
async fn a_wrong_password_says_so_and_no_address_leads_elsewhere() {
    let site = Site::demonstration();
    let app = serve!(site);
    let fields = [("user_name", "quentin"), ("password", "not the password")];
    let got = send!(app, post("/sign-in", None, &fields)).await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
    assert!(got.has("User name or password is wrong.") && got.has(r#"value="quentin""#));
    assert!(!got.has("not the password") && got.headers.get(SET_COOKIE).is_none());

    let password = site.password("rosa");
    for elsewhere in ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil"] {
        let fields = [("user_name", "rosa"), ("password", password.as_str()), ("next", elsewhere)];
        let got = send!(app, post("/sign-in", None, &fields)).await;
        assert_eq!(got.leads_to(), "/", "{elsewhere}");
    }
    let forged = TestRequest::post()
        .uri("/sign-in")
        .insert_header(("sec-fetch-site", "cross-site"))
        .set_form([("user_name", "rosa"), ("password", password.as_str())]);
    let got = send!(app, forged).await;
    assert_eq!(got.status, StatusCode::FORBIDDEN);
    assert!(got.headers.get(SET_COOKIE).is_none());
}

#[actix_web::test]
async fn every_page_renders_for_every_role_without_script_or_inline_style() {
    let site = Site::demonstration();
    let app = serve!(site);
    let (open, decided, report) = site.ids(&site.person("ines"));
    let version = format!("/models/{DEMO_MODEL}/versions/{DEMO_VERSION}");
    let ines = site.person("ines").acting;
    let studies = attach_study::studies(&site.store, &ines, DEMO_MODEL, DEMO_VERSION).unwrap();
    let study = &studies[0].id;
    let pages = [
        ("/".to_owned(), "Waiting for you"),
        ("/models".to_owned(), DEMO_MODEL),
        (format!("/studies/{study}"), "Natural drift between batches"),
        (format!("/studies/{study}"), "of such sequences have one"),
        (format!("{version}/score-cards"), "ln M ≥ 3.951244"),
        (format!("{version}/score-cards?feature=TSH"), "shifts down"),
        (version.clone(), "at most one false alarm per 52 batches"),
        (version.clone(), "93.3\u{a0}% of 164 labelled predictions are right"),
        (format!("{version}/performance"), "up to 6.0\u{a0}% is tolerated"),
        (format!("{version}/performance"), "suppresses no alert"),
        (format!("{version}/performance"), "1 labelled row, at least 30 are needed"),
        (version.clone(), "meets all criteria"),
        (format!("{version}/acceptance"), "all 6 criteria met on 778 rows"),
        (format!("{version}/acceptance"), "smaller ones do not count"),
        (format!("/reports/{report}"), "Features, worst first"),
        (format!("/reports/{report}"), "This is a proved upper limit, not an estimate."),
        (format!("/reports/{report}"), "No alarm means that the evidence collected so far"),
        (format!("/alerts/{open}"), "Alert: more errors than tolerated"),
        (format!("/alerts/{open}"), "Opened by labels of batches up to 1987-01"),
        (format!("/alerts/{decided}"), "Opened by batch 1985-06"),
        (format!("/alerts/{decided}"), "Alert: drift of TSH"),
        (format!("/alerts/{decided}"), "TSH (mU/l): share of values per bin"),
        (format!("/alerts/{decided}"), "All numbers of TSH"),
        (format!("/alerts/{decided}"), "Joined by 16 more batches: 1985-07 to 1987-01"),
        (format!("/alerts/{decided}"), "Signed electronically by Rosa Reviewer"),
        (format!("/alerts/{decided}/signature"), "canonical JSON"),
        ("/audit-trail".to_owned(), "decision.sign"),
        ("/audit-trail".to_owned(), "drift of TSH"),
        ("/audit-trail?type=decision.sign".to_owned(), "1 that fit, of entries"),
        ("/audit-trail/9".to_owned(), "c2sp.org/tlog-proof@v1"),
        ("/account".to_owned(), "Change the password"),
        ("/account/password".to_owned(), "At least 14 characters"),
        ("/accounts/password-policy".to_owned(), "at most 365 days"),
        ("/accounts/roles".to_owned(), "No request waits"),
        ("/accounts".to_owned(), "Quentin Quality"),
    ];
    for user_name in ["dana", "quentin", "rosa", "pavel", "ines", "adam"] {
        let person = site.person(user_name);
        for (path, expected) in &pages {
            let got = send!(app, get(path, Some(&person))).await;
            assert_eq!(got.status, StatusCode::OK, "{path} for {user_name}");
            assert!(got.has(expected), "{path} for {user_name} has no {expected:?}");
            assert_strict(&got, path);
            assert!(got.has("DEMO"), "{path}");
        }
    }
    let person = site.person("ines");
    for path in
        ["/nowhere", "/reports/re_0", "/alerts/ep_0", "/audit-trail/999999", "/audit-trail/x"]
    {
        let got = send!(app, get(path, Some(&person))).await;
        assert!(got.status.is_client_error() && got.has("Request id"), "{path}: {}", got.status);
        assert_strict(&got, path);
    }
}

fn assert_strict(got: &Got, path: &str) {
    let policy = got.headers.get("content-security-policy").unwrap().to_str().unwrap();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{path}: {policy}"
    );
    // The one script there is for somebody without a passkey: on pages about sending files.
    assert_eq!(policy.contains("script-src 'self'"), got.html.contains("<script"), "{path}");
    for forbidden in
        ["style=", "<script", "<style", "javascript:", "onclick", "http://", "https://"]
    {
        let html = got.html.replace("http://www.w3.org/2000/svg", "");
        let html = match html.split_once("<script src=\"/static/upload.js?v=") {
            Some((before, after)) => {
                let (_digest, after) = after.split_once("\" defer></script>").unwrap();
                format!("{before}{after}")
            }
            None => html,
        };
        assert!(!html.contains(forbidden), "{path} has {forbidden}");
    }
}

#[actix_web::test]
async fn an_alert_is_decided_by_two_people_and_shows_the_manifestation() {
    let site = Site::demonstration();
    let app = serve!(site);
    let (quentin, rosa) = (site.person("quentin"), site.person("rosa"));
    let (id, ..) = site.ids(&quentin);
    let alert = format!("/alerts/{id}");
    let step = |name: &str| format!("{alert}/{name}");
    let token = quentin.form_token.as_str();

    let empty = [("form_token", token), ("severity", "minor"), ("comment", " ")];
    let got = send!(app, post(&step("acknowledgement"), Some(&quentin), &empty)).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        got.has("<code>comment</code> is empty") && got.has(r#"value="minor" required checked"#)
    );
    let seen = [("form_token", token), ("severity", "minor"), ("comment", "seen <b>it</b>")];
    let got = send!(app, post(&step("acknowledgement"), Some(&quentin), &seen)).await;
    assert_eq!(got.leads_to(), format!("{alert}?done=acknowledged"));
    assert!(send!(app, get(&alert, Some(&quentin))).await.has("seen &#60;b&#62;it&#60;/b&#62;"));

    let incomplete = [("form_token", token), ("code", "retrain"), ("rationale", "it moved")];
    let got = send!(app, post(&step("decision"), Some(&quentin), &incomplete)).await;
    assert!(got.has("needs a remedial action") && got.has("it moved</textarea>"));
    let draft = [("form_token", token), ("code", "no_action"), ("rationale", "known change")];
    let got = send!(app, post(&step("decision"), Some(&quentin), &draft)).await;
    assert_eq!(got.leads_to(), format!("{alert}?done=drafted"));

    // The drafter is not offered to sign, and is refused when trying all the same.
    let view = read_records::episode_view(&site.store, &quentin.acting, &id).unwrap();
    let sha256 = view.decision.unwrap().sha256;
    let sheet = send!(app, get(&step("signature"), Some(&quentin))).await;
    assert!(sheet.has("another person has to sign it") && !sheet.has("sheet_sha256"));
    let sign = |person: &Person, sha256: &str, password: &str| {
        let fields = [
            ("form_token", person.form_token.as_str()),
            ("sheet_sha256", sha256),
            ("password", password),
        ];
        post(&step("signature"), Some(person), &fields)
    };
    let got = send!(app, sign(&quentin, &sha256, &site.password("quentin"))).await;
    assert_eq!(got.status, StatusCode::FORBIDDEN);
    assert!(got.has("drafted this decision, so another person has to sign it"));

    // Another person reads exactly the bytes that are signed.
    let sheet = send!(app, get(&step("signature"), Some(&rosa))).await;
    assert!(sheet.has(&sha256) && sheet.has("approves this decision"));
    let bytes = sheet.html.split(r#"<pre class="bytes" tabindex="0">"#).nth(1).unwrap();
    let bytes = bytes.split("</pre>").next().unwrap().replace("&#34;", "\"");
    assert_eq!(driftledger::digest::sha256_hex(bytes.as_bytes()), sha256);
    let got = send!(app, sign(&rosa, &sha256, "not the password")).await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
    let got = send!(app, sign(&rosa, &"0".repeat(64), &site.password("rosa"))).await;
    assert!(got.status == StatusCode::CONFLICT && got.has("read it again before signing"));
    let got = send!(app, sign(&rosa, &sha256, &site.password("rosa"))).await;
    assert_eq!(got.leads_to(), format!("{alert}?done=signed"));
    let got = send!(app, get(&alert, Some(&quentin))).await;
    let manifestation = format!("approves this decision. Record SHA-256 {sha256}");
    assert!(got.has("Signed electronically by Rosa Reviewer (rosa, reviewer) on"));
    assert!(got.has(&manifestation));
}

#[actix_web::test]
async fn forms_of_other_pages_and_other_roles_are_refused() {
    let site = Site::demonstration();
    let app = serve!(site);
    let quentin = site.person("quentin");
    let (id, ..) = site.ids(&quentin);
    let path = format!("/alerts/{id}/acknowledgement");
    for token in ["", "guessed"] {
        let fields = [("form_token", token), ("severity", "minor"), ("comment", "x")];
        let got = send!(app, post(&path, Some(&quentin), &fields)).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN);
    }
    let missing = [("severity", "minor"), ("comment", "x")];
    let got = send!(app, post(&path, Some(&quentin), &missing)).await;
    assert_eq!(got.status, StatusCode::FORBIDDEN);
    for (user_name, path) in [
        ("adam", path.as_str()),
        ("ines", path.as_str()),
        ("dana", path.as_str()),
        ("quentin", "/accounts"),
        ("adam", "/account/tokens"),
    ] {
        let person = site.person(user_name);
        let fields = [
            ("form_token", person.form_token.as_str()),
            ("severity", "minor"),
            ("comment", "x"),
            ("user_name", "new.person"),
            ("printed_name", "New Person"),
            ("role", "qa"),
            ("name", "laptop"),
            ("scope", "personal"),
        ];
        let got = send!(app, post(path, Some(&person), &fields)).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{user_name} {path}");
        assert!(got.has("may not"), "{user_name} {path}");
    }
    let inbox = read_records::inbox(&site.store, &quentin.acting).unwrap();
    assert_eq!(inbox.open[0].episode.state.word(), "open");
}

#[actix_web::test]
async fn secrets_are_shown_once_and_signing_out_ends_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let store = create_store(&folder.path().join("data"), Clock::system()).unwrap();
    let mut accounts = Vec::new();
    for (user_name, role) in [("adam", "admin"), ("dana", "data_scientist")] {
        let role = driftledger::access::role::Role::parse(role).unwrap();
        let made = create_account(&store, &host(), (user_name, user_name), role).unwrap().value;
        choose_password(&store, user_name, &made.password);
        accounts.push(NewAccount { password: CHOSEN.to_owned(), ..made });
    }
    let site = Site { store, accounts, _folder: folder };
    let app = serve!(site);
    let (adam, dana) = (site.person("adam"), site.person("dana"));
    let fields = [
        ("form_token", adam.form_token.as_str()),
        ("user_name", "quentin"),
        ("printed_name", "Quentin Quality"),
        ("role", "qa"),
    ];
    let got = send!(app, post("/accounts", Some(&adam), &fields)).await;
    assert_eq!(got.status, StatusCode::CREATED);
    let password = between(&got.html, r#"<pre class="bytes" tabindex="0">"#, "</pre>");
    let waits = sign_in::sign_in(&site.store, "quentin", password).unwrap_err();
    assert_eq!(waits.code(), "no_role", "another person has to approve the role");
    let got = send!(app, get("/accounts", Some(&adam))).await;
    assert!(got.has("quentin") && !got.has(password) && !got.has("DEMO"));

    let token = dana.form_token.as_str();
    let fields = [("form_token", token), ("name", "laptop"), ("scope", "personal")];
    let got = send!(app, post("/account/tokens", Some(&dana), &fields)).await;
    let secret = between(&got.html, r#"<pre class="bytes" tabindex="0">"#, "</pre>");
    sign_in::acting_by_token(&site.store, secret).unwrap();
    let got = send!(app, get("/account", Some(&dana))).await;
    assert!(got.has("laptop") && !got.has(secret));
    let revocation = between(&got.html, r#"action="/account/tokens/"#, r#"""#);
    let path = format!("/account/tokens/{revocation}");
    let fields = [("form_token", token), ("reason", "lost")];
    send!(app, post(&path, Some(&dana), &fields)).await;
    assert!(sign_in::acting_by_token(&site.store, secret).is_err());

    let got = send!(app, post("/sign-out", Some(&dana), &[("form_token", token)])).await;
    assert_eq!(got.leads_to(), "/sign-in");
    assert_eq!(send!(app, get("/", Some(&dana))).await.leads_to(), "/sign-in");
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split(before).nth(1).unwrap().split(after).next().unwrap()
}

#[actix_web::test]
async fn the_style_sheet_is_kept_under_the_address_of_its_content_only() {
    let site = Site::demonstration();
    let app = serve!(site);
    let html = send!(app, get("/sign-in", None)).await.html;
    let address = between(&html, r#"rel="stylesheet" href=""#, r#"""#).to_owned();
    let kept = |got: &Got| got.headers.get("cache-control").unwrap().to_str().unwrap().to_owned();
    let got = send!(app, get(&address, None)).await;
    assert!(kept(&got).contains("immutable") && got.has("prefers-color-scheme"));
    assert_eq!(kept(&send!(app, get("/static/style.css?v=other", None)).await), "no-cache");
}
