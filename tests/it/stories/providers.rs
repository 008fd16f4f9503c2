//! Story: people sign in at an identity provider, and log in there anew to sign.
//! Method: a provider of a few lines on a loopback port, which says what the story wants it to say; a packaged one is asked in
//! `tests/interop/oidc`.

use super::decision::{drafted, sign};
use crate::harness::{CHOSEN, Laboratory, Visitor, register, table};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use driftledger::access::provider::ProviderSettings;
use driftledger::api::extract::Shared;
use driftledger::procedures::check_store::check_store;
use ed25519_dalek::{Signer as _, SigningKey};
use reqwest::blocking::Client;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// A provider that says what it is told to.
#[derive(Clone)]
struct Provider {
    issuer: String,
    /// Claims of the next ID token.
    says: Arc<Mutex<Value>>,
}

fn encoded(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

impl Provider {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self { issuer, says: Arc::default() };
        let served = provider.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                served.answer(stream.unwrap());
            }
        });
        provider
    }

    fn answer(&self, mut stream: std::net::TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut first, mut length) = (String::new(), 0);
        reader.read_line(&mut first).unwrap();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let key = SigningKey::from_bytes(&[3; 32]);
        let said = match path.as_str() {
            "/.well-known/openid-configuration" => json!({
                "issuer": self.issuer, "authorization_endpoint": format!("{}/auth", self.issuer),
                "token_endpoint": format!("{}/token", self.issuer), "jwks_uri": format!("{}/keys", self.issuer),
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA"],
                "end_session_endpoint": format!("{}/end", self.issuer),
            }),
            "/keys" => json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "k",
                                        "x": encoded(key.verifying_key().as_bytes())}]}),
            _ => {
                let text = String::from_utf8(body).unwrap();
                assert!(
                    text.contains("code_verifier=") && first.starts_with("POST /token"),
                    "{first}"
                );
                let head = encoded(br#"{"alg":"EdDSA","kid":"k"}"#);
                let claims = encoded(self.says.lock().unwrap().to_string().as_bytes());
                let signed = format!("{head}.{claims}");
                let signature = encoded(&key.sign(signed.as_bytes()).to_bytes());
                json!({"access_token": "a", "token_type": "Bearer", "id_token": format!("{signed}.{signature}")})
            }
        };
        let said = said.to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
        let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{said}", said.len());
    }

    fn laboratory(&self) -> Laboratory {
        let settings = ProviderSettings {
            issuer: self.issuer.clone(),
            client_id: "driftledger".to_owned(),
            client_secret: "shared".to_owned(),
            redirect: "http://localhost:8460/sign-in/provider/answer".to_owned(),
        };
        settings.validate().unwrap();
        Laboratory::open_with(|shared| Shared { provider: Some(Arc::new(settings)), ..shared })
    }
}

/// Makes an ID token another than it should be, at a time.
type Change = fn(&mut Value, i64);

/// What a browser sees.
struct Seen {
    status: u16,
    location: String,
    cookies: BTreeMap<String, String>,
    text: String,
}

fn browse(laboratory: &Laboratory, path: &str, cookie: &str) -> Seen {
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.get(format!("{}{path}", laboratory.url)).header("cookie", cookie);
    let answer = answer.send().unwrap();
    let header = |name: &str| {
        let values = answer.headers().get_all(name).iter();
        values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let pair = |set: &String| {
        let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    Seen {
        status: answer.status().as_u16(),
        location: header("location").pop().unwrap_or_default(),
        cookies: header("set-cookie").iter().map(pair).collect(),
        text: answer.text().unwrap(),
    }
}

fn parameter<'a>(address: &'a str, name: &str) -> &'a str {
    let after = address.split(&format!("{name}=")).nth(1);
    after.unwrap_or_else(|| panic!("no {name} in {address}")).split('&').next().unwrap()
}

/// Claims of an ID token for the login that `address` began.
fn claims(laboratory: &Laboratory, provider: &Provider, address: &str, subject: &str) -> Value {
    let now = laboratory.clock.now().as_second();
    json!({"iss": provider.issuer, "aud": "driftledger", "sub": subject, "iat": now, "exp": now + 60,
           "auth_time": now, "nonce": parameter(address, "nonce")})
}

/// Goes to the provider from `from` and comes back with what `change` makes of the claims.
fn login(
    laboratory: &Laboratory,
    provider: &Provider,
    (from, cookie, subject): (&str, &str, &str),
    change: impl FnOnce(&mut Value),
) -> Seen {
    let begun = browse(laboratory, from, cookie);
    assert_eq!(begun.status, 303, "{}", begun.text);
    let mut says = claims(laboratory, provider, &begun.location, subject);
    change(&mut says);
    *provider.says.lock().unwrap() = says;
    let kept = format!("driftledger_login={}", begun.cookies["driftledger_login"]);
    let state = parameter(&begun.location, "state");
    browse(laboratory, &format!("/sign-in/provider/answer?code=c&state={state}"), &kept)
}

/// Links `who` to `subject`, by two people.
fn link(laboratory: &Laboratory, provider: &Provider, (who, subject): (&str, &str)) {
    let path = format!("/api/v1/accounts/{who}/identity");
    let adam = laboratory.signed_in("adam");
    let asked = json!({"issuer": provider.issuer, "subject": subject, "reason": "SOP 3"});
    assert_eq!(adam.post(&path, &asked).status, 204);
    adam.post(&path, &asked).problem(409, "conflict");
    let granted = json!({"granted": true, "reason": "seen at the provider"});
    adam.post(&format!("{path}/answer"), &granted).problem(403, "same_person");
    let quentin = laboratory.signed_in("quentin");
    assert_eq!(quentin.post(&format!("{path}/answer"), &granted).status, 204);
}

fn entered(laboratory: &Laboratory, provider: &Provider, subject: &str) -> (Visitor, String) {
    let back = login(laboratory, provider, ("/sign-in/provider?next=/fleet", "", subject), |_| ());
    assert_eq!(back.status, 200, "{}", back.text);
    let cookie = format!("driftledger_session={}", back.cookies["driftledger_session"]);
    (laboratory.with_cookie(&cookie), cookie)
}

#[test] // A11d-13.3, P11-100a
fn an_account_that_two_people_linked_signs_in_at_the_provider_and_only_there() {
    let provider = Provider::start();
    let laboratory = provider.laboratory();
    let unknown = login(&laboratory, &provider, ("/sign-in/provider", "", "rosa-7"), |_| ());
    assert_eq!(unknown.status, 403);
    assert!(unknown.text.contains("account is linked to") && unknown.text.contains("rosa-7"));
    let before = laboratory.signed_in("rosa");
    link(&laboratory, &provider, ("rosa", "rosa-7"));
    before.get("/api/v1/session").problem(401, "session_over");
    laboratory.stranger().sign_in("rosa", CHOSEN).problem(403, "provider_sign_in");
    laboratory.stranger().sign_in("rosa", "wrong").problem(401, "wrong_credentials");
    let program = laboratory.with_name("rosa", CHOSEN);
    assert_eq!(program.get("/api/2.0/mlflow/experiments/search?max_results=1").status, 403);
    let (rosa, _) = entered(&laboratory, &provider, "rosa-7");
    assert_eq!(rosa.get("/api/v1/session").body["account"]["user_name"], "rosa");
    // Who signs out here is sent on to end the session there as well.
    let (leaving, _) = entered(&laboratory, &provider, "rosa-7");
    let out = leaving.page("/sign-out", Some(&[]));
    let end = format!("{}/end?client_id=driftledger", provider.issuer);
    let back = "post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A8460%2Fsign-in";
    assert!(out.contains(&end) && out.contains(back) && out.contains("signed out here"), "{out}");
    assert_eq!(leaving.get("/api/v1/session").status, 401);
    // Nobody else is linked to the same identity, and the link ends by two people.
    let adam = laboratory.signed_in("adam");
    let same = json!({"issuer": provider.issuer, "subject": "rosa-7", "reason": "mine too"});
    adam.post("/api/v1/accounts/pavel/identity", &same).problem(409, "conflict");
    let path = "/api/v1/accounts/rosa/identity";
    adam.post("/api/v1/accounts/adam/identity", &same).problem(403, "same_person");
    assert_eq!(adam.post(&format!("{path}/removal"), &json!({"reason": "left it"})).status, 204);
    let granted = json!({"granted": true, "reason": "yes"});
    assert_eq!(
        laboratory.signed_in("quentin").post(&format!("{path}/answer"), &granted).status,
        204
    );
    rosa.get("/api/v1/session").problem(401, "session_over");
    assert_eq!(laboratory.stranger().sign_in("rosa", CHOSEN).status, 200);
}

#[test] // A11d-13.3
fn a_login_that_is_not_good_lets_nobody_in_and_says_why() {
    let provider = Provider::start();
    let laboratory = provider.laboratory();
    link(&laboratory, &provider, ("rosa", "rosa-7"));
    let now = laboratory.clock.now().as_second();
    let cases: [(&str, Change); 4] = [
        ("for another client", |says, _| says["aud"] = json!("other")),
        ("from another issuer", |says, _| says["iss"] = json!("https://evil.example")),
        ("is over", |says, now| says["exp"] = json!(now - 1)),
        ("another login (nonce)", |says, _| says["nonce"] = json!("other")),
    ];
    for (expected, change) in cases {
        let from = ("/sign-in/provider", "", "rosa-7");
        let back = login(&laboratory, &provider, from, |says| change(says, now));
        assert_eq!(back.status, 401, "{expected}");
        assert!(back.text.contains(expected), "{expected}: {}", back.text);
        assert!(!back.cookies.contains_key("driftledger_session"));
    }
    // Another browser does not finish a login, and nobody finishes it twice or late.
    let begun = browse(&laboratory, "/sign-in/provider", "");
    let state = parameter(&begun.location, "state").to_owned();
    let answer = format!("/sign-in/provider/answer?code=c&state={state}");
    let other = browse(&laboratory, &answer, "driftledger_login=another");
    assert!(other.status == 401 && other.text.contains("began this login"), "{}", other.text);
    let kept = format!("driftledger_login={}", begun.cookies["driftledger_login"]);
    assert_eq!(browse(&laboratory, &answer, &kept).status, 401, "it was used up");
    let begun = browse(&laboratory, "/sign-in/provider", "");
    let kept = format!("driftledger_login={}", begun.cookies["driftledger_login"]);
    *provider.says.lock().unwrap() = claims(&laboratory, &provider, &begun.location, "rosa-7");
    laboratory.later(601);
    let state = parameter(&begun.location, "state");
    let late =
        browse(&laboratory, &format!("/sign-in/provider/answer?code=c&state={state}"), &kept);
    assert_eq!(late.status, 401);
    let said = browse(&laboratory, "/sign-in/provider/answer?error=access_denied", "");
    assert!(said.status == 401 && said.text.contains("access_denied"), "{}", said.text);
    for needle in ["prompt=login", "max_age"] {
        assert!(!begun.location.contains(needle), "signing in does not force a login");
    }
    assert!(begun.location.contains("code_challenge_method=S256"), "{}", begun.location);
}

#[test] // A11d-13.3, P11-200a1
fn signing_takes_a_login_anew_which_is_used_up_and_stands_in_the_signature() {
    let provider = Provider::start();
    let laboratory = provider.laboratory();
    let program = laboratory.program();
    register(&program);
    let bytes = table(300, 9, 2.0);
    program.post_batch("june", "text/csv", bytes.as_bytes());
    let alerts = program.get("/api/v1/alerts").body;
    let alert = alerts.as_array().unwrap().iter().find(|a| a["opening"]["kind"] == "drift");
    let id = alert.unwrap()["id"].as_str().unwrap().to_owned();
    let sha256 = drafted(&laboratory, &id);
    laboratory.password("rosa");
    link(&laboratory, &provider, ("rosa", "rosa-7"));
    let (rosa, cookie) = entered(&laboratory, &provider, "rosa-7");
    // Neither the open session nor the password signs.
    sign(&rosa, &id, &sha256, CHOSEN).problem(401, "fresh_login_needed");
    let page = rosa.read(&format!("/alerts/{id}/signature"));
    assert!(page.contains("/account/fresh-login") && !page.contains("name=\"password\""), "{page}");
    let begun = browse(&laboratory, "/account/fresh-login", &cookie);
    assert!(begun.location.contains("prompt=login") && begun.location.contains("max_age=0"));
    // An old `auth_time`, none at all, and somebody else.
    let from = ("/account/fresh-login", cookie.as_str(), "rosa-7");
    let now = laboratory.clock.now().as_second();
    let old = login(&laboratory, &provider, from, |says| says["auth_time"] = json!(now - 900));
    assert!(old.status == 401 && old.text.contains("900 s ago"), "{}", old.text);
    let none = login(&laboratory, &provider, from, |says| {
        says.as_object_mut().unwrap().remove("auth_time");
    });
    assert!(none.status == 401 && none.text.contains("auth_time"), "{}", none.text);
    let other = login(&laboratory, &provider, from, |says| says["sub"] = json!("pavel-2"));
    assert_eq!(other.status, 403);
    sign(&rosa, &id, &sha256, "").problem(401, "fresh_login_needed");
    let told = laboratory.signed_in("adam").get("/api/v1/misuse-events");
    assert_eq!(told.body[0]["rule"], "other_identity", "{told:?}");
    // Too late after it.
    assert_eq!(login(&laboratory, &provider, from, |_| ()).status, 200);
    laboratory.later(121);
    sign(&rosa, &id, &sha256, "").problem(401, "fresh_login_needed");
    assert_eq!(login(&laboratory, &provider, from, |_| ()).status, 200);
    let signed = sign(&rosa, &id, &sha256, "");
    assert_eq!(signed.status, 201, "{signed:?}");
    assert_eq!(signed.text("method"), "new login at the identity provider");
    assert_eq!(signed.body["provider"]["subject"], "rosa-7");
    assert_eq!(signed.body["provider"]["issuer"], provider.issuer.as_str());
    let external = json!({"system": "QMS", "number": "1"});
    let path = format!("/api/v1/alerts/{id}/steps/link_external");
    let sheet = rosa.post(&format!("{path}/sheet"), &external);
    let again = json!({"input": external, "sheet_sha256": sheet.text("sha256"), "password": ""});
    rosa.post(&path, &again).problem(401, "fresh_login_needed");
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    assert_eq!(checked.findings, []);
}
