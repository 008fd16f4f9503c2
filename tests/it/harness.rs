//! What stories stand on: a fresh store with one account a role, served on a loopback port, and a person's way to talk to it.

use crate::strict_json;
use driftledger::access::accountability::IdentityMethod;
use driftledger::access::role::{Action, Role};
use driftledger::api::extract::Shared;
use driftledger::api::server::serve_until;
use driftledger::clock::Clock;
use driftledger::procedures::accept_accountability::{accept_statement, accountability};
use driftledger::procedures::administer::{create_account, create_store, host};
use driftledger::procedures::check_identity::{IdentitySeen, record_identity_check};
use driftledger::procedures::fingerprint_files::{RegistrationSources, make_registration};
use driftledger::procedures::keep_passwords::change_password;
use driftledger::procedures::sign_in::sign_in;
use driftledger::provenance::registration::Registration;
use driftledger::store::Store;
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// Largest body these servers take, in bytes.
pub(crate) const BODY_BYTES_MAX: u64 = 400_000;

/// Where browsers are told to reach these servers.
pub(crate) const PUBLIC_URL: &str = "http://localhost:8460";

/// A laboratory: its people, its store, its server.
pub(crate) struct Laboratory {
    /// The data folder.
    pub(crate) folder: TempDir,
    /// The store, to look behind the server.
    pub(crate) store: Store,
    /// Stands still until a story moves it.
    pub(crate) clock: Clock,
    /// Where the server is.
    pub(crate) url: String,
    /// As issued: each is changed when it is first asked for.
    issued: BTreeMap<&'static str, String>,
    changed: Mutex<BTreeSet<String>>,
    /// The server ends when this does.
    _running: oneshot::Sender<()>,
}

/// The password everybody in a story chooses in place of the one that was issued.
pub(crate) const CHOSEN: &str = "sixteen grey herons";

/// Changes the password that was issued to `user_name`, as its owner does at the first sign-in; where the role signs, the host records
/// that it was checked whose account it is, and the owner accepts the statement of accountability.
pub(crate) fn choose_password(store: &Store, user_name: &str, issued: &str) {
    let (_, session) = sign_in(store, user_name, issued).unwrap();
    change_password(store, &session, issued, CHOSEN).unwrap();
    let acting = session.acting();
    if acting.permit(Action::AcceptAccountability).is_ok() {
        identify(store, user_name);
        let shown = accountability(store, &acting).unwrap().sha256.unwrap();
        accept_statement(store, &acting, (&shown, CHOSEN)).unwrap();
    }
    store.end_session(&session.secret_sha256).unwrap();
}

/// Records, as the host, that it was checked whose account `user_name` is.
pub(crate) fn identify(store: &Store, user_name: &str) {
    let seen = "passport, photograph compared".to_owned();
    let found = IdentitySeen { method: IdentityMethod::InPerson, seen, checked_on: None };
    record_identity_check(store, &host(), user_name, &found).unwrap();
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Media type.
    pub(crate) media_type: String,
    /// Body, or null where it is not JSON.
    pub(crate) body: Value,
}

impl Answer {
    /// A field of the body that is text.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_else(|| panic!("no text `{field}` in {self:?}"))
    }

    /// Checks that this is a problem document of `status` and `code`, and returns what it says.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> &str {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.media_type, "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("urn:driftledger:{code}"));
        for field in ["title", "hint", "request_id"] {
            assert!(!self.text(field).is_empty(), "{field}");
        }
        self.text("detail")
    }
}

/// Somebody who talks to a server: with a session, with a token, or with nothing.
pub(crate) struct Visitor {
    client: Client,
    url: String,
    cookie: Option<String>,
    form_token: Option<String>,
    token: Option<String>,
    named: Option<(String, String)>,
}

impl Laboratory {
    /// A fresh store, its accounts and its server; the clock stands at 2026-06-01 08:00 UTC.
    pub(crate) fn open() -> Self {
        Self::open_with(|shared| shared)
    }

    /// The same, served as `change` says.
    pub(crate) fn open_with(change: impl FnOnce(Shared) -> Shared) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed("2026-06-01T08:00:00Z".parse().unwrap());
        let store = create_store(&folder.path().join("data"), clock.clone()).unwrap();
        let mut issued = BTreeMap::new();
        for (user_name, role) in [
            ("dana", Role::DataScientist),
            ("quentin", Role::Qa),
            ("rosa", Role::Reviewer),
            ("pavel", Role::ProcessExpert),
            ("ines", Role::Inspector),
            ("adam", Role::Admin),
        ] {
            let printed = format!("{user_name} of the laboratory");
            let made = create_account(&store, &host(), (user_name, &printed), role).unwrap();
            issued.insert(user_name, made.value.password);
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Shared {
            body_bytes_max: BODY_BYTES_MAX,
            public_url: PUBLIC_URL.to_owned(),
            ..Shared::new(store.clone())
        };
        let shared = change(shared);
        // The listener takes connections from now on.
        let (running, stopped) = oneshot::channel();
        let stop = async { drop(stopped.await) };
        std::thread::spawn(move || serve_until(shared, listener, stop).unwrap());
        Self { folder, store, clock, url, issued, changed: Mutex::default(), _running: running }
    }

    /// Leaves a pack for the second verifier (`tests/interop/second_verifier`), where a folder is named.
    pub(crate) fn leave(&self, name: &str, pack: &[u8]) {
        let Some(folder) = std::env::var_os("KEEP_PACKS").map(PathBuf::from) else { return };
        std::fs::write(folder.join(format!("{name}.zip")), pack).unwrap();
        let key = self.store.verifier_key().to_string();
        std::fs::write(folder.join(format!("{name}.vkey")), key).unwrap();
    }

    /// The password that was issued to `user_name`, good for one sign-in.
    pub(crate) fn issued(&self, user_name: &str) -> &str {
        &self.issued[user_name]
    }

    /// The password of `user_name`, who chose it.
    pub(crate) fn password(&self, user_name: &str) -> &str {
        if self.changed.lock().unwrap().insert(user_name.to_owned()) {
            choose_password(&self.store, user_name, self.issued(user_name));
        }
        CHOSEN
    }

    /// Somebody without an account.
    pub(crate) fn stranger(&self) -> Visitor {
        Visitor::new(&self.url)
    }

    /// `user_name`, signed in.
    pub(crate) fn signed_in(&self, user_name: &str) -> Visitor {
        let mut visitor = self.stranger();
        let answer = visitor.sign_in(user_name, self.password(user_name));
        assert_eq!(answer.status, 200, "{answer:?}");
        visitor
    }

    /// A program with a personal token of `dana`.
    pub(crate) fn program(&self) -> Visitor {
        let dana = self.signed_in("dana");
        let made = dana.post("/api/v1/tokens", &json!({"name": "pipeline"}));
        self.with_token(made.text("token"))
    }

    /// Whoever has this cookie of a session.
    pub(crate) fn with_cookie(&self, cookie: &str) -> Visitor {
        let mut visitor = Visitor { cookie: Some(cookie.to_owned()), ..self.stranger() };
        let answer = visitor.get("/api/v1/session");
        visitor.form_token = answer.body["form_token"].as_str().map(str::to_owned);
        visitor
    }

    /// Moves the clock on, as time that passes does.
    pub(crate) fn later(&self, seconds: i64) {
        let now = self.clock.now();
        self.clock.set(now + jiff::SignedDuration::from_secs(seconds));
    }

    /// A program that sends a user name with a password, or a token in its place.
    pub(crate) fn with_name(&self, user_name: &str, secret: &str) -> Visitor {
        let named = Some((user_name.to_owned(), secret.to_owned()));
        Visitor { named, ..self.stranger() }
    }

    /// A program with `token`.
    pub(crate) fn with_token(&self, token: &str) -> Visitor {
        self.stranger().holding(token)
    }
}

impl Visitor {
    /// Somebody without an account at the server `url`.
    pub(crate) fn new(url: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(Duration::from_mins(1)).build().unwrap();
        Self {
            client,
            url: url.to_owned(),
            cookie: None,
            form_token: None,
            token: None,
            named: None,
        }
    }

    /// The same, as a program with `token`.
    pub(crate) fn holding(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// Signs in and keeps the cookie.
    pub(crate) fn sign_in(&mut self, user_name: &str, password: &str) -> Answer {
        self.sign_in_as(&json!({"user_name": user_name, "password": password}))
    }

    /// The same with a code of a second factor.
    pub(crate) fn sign_in_with(&mut self, user_name: &str, password: &str, code: &str) -> Answer {
        self.sign_in_as(&json!({"user_name": user_name, "password": password, "code": code}))
    }

    fn sign_in_as(&mut self, body: &Value) -> Answer {
        let url = format!("{}/api/v1/session", self.url);
        let response = self.client.post(url).json(body).send().unwrap();
        let cookie = response.headers().get("set-cookie").map(|value| {
            let value = value.to_str().unwrap();
            assert!(value.contains("HttpOnly") && value.contains("SameSite=Strict"), "{value}");
            value.split(';').next().unwrap().to_owned()
        });
        let answer = answer(response);
        self.cookie = cookie;
        self.form_token = answer.body["form_token"].as_str().map(str::to_owned);
        answer
    }

    /// This visitor, whose requests come without a form token: as one forged by another site would.
    pub(crate) fn forged(mut self) -> Self {
        self.form_token = None;
        self
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.url);
        let mut request = self.client.request(method.parse().unwrap(), url);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(form_token) = &self.form_token {
            request = request.header("x-form-token", form_token);
        }
        if let Some((user_name, secret)) = &self.named {
            request = request.basic_auth(user_name, Some(secret));
        }
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends `method` to `path` without a body.
    pub(crate) fn send(&self, method: &str, path: &str) -> Answer {
        answer(self.request(method, path).send().unwrap())
    }

    /// Reads `path`.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path)
    }

    /// Reads the text at `path`: a page, a document.
    pub(crate) fn read(&self, path: &str) -> String {
        self.request("GET", path).send().unwrap().text().unwrap()
    }

    /// The status of `method` at `path` and where it leads, without going there.
    pub(crate) fn leads_to(&self, method: &str, path: &str) -> (u16, String) {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut request = client.request(method.parse().unwrap(), format!("{}{path}", self.url));
        if method == "POST" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let response = request.send().unwrap();
        let leads_to = response.headers().get("location").map_or("", |to| to.to_str().unwrap());
        (response.status().as_u16(), leads_to.to_owned())
    }

    /// The page at `path`, or the one that a form with `fields` leads to.
    pub(crate) fn page(&self, path: &str, fields: Option<&[(&str, &str)]>) -> String {
        let Some(fields) = fields else { return self.read(path) };
        let token = self.form_token.as_deref().unwrap();
        let pair = |(name, value): &(&str, &str)| {
            format!("{name}={}", value.replace(' ', "+").replace('/', "%2F"))
        };
        let form: Vec<String> = fields.iter().chain([&("form_token", token)]).map(pair).collect();
        let request = self.request("POST", path).body(form.join("&"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.send().unwrap().text().unwrap()
    }

    /// The token that the forms of this session send back.
    pub(crate) fn form_token(&self) -> &str {
        self.form_token.as_deref().unwrap()
    }

    /// The status of a form without files at `path`.
    pub(crate) fn page_status(&self, path: &str, form: &str) -> u16 {
        let request = self.request("POST", path).body(form.to_owned());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.send().unwrap().status().as_u16()
    }

    /// Sends a form with files to `path`, fields first, and does not go where it leads.
    pub(crate) fn upload(
        &self,
        path: &str,
        fields: &[(&str, String)],
        files: &[(&str, &str, Vec<u8>)],
    ) -> Uploaded {
        let mut body = text_parts(fields);
        body.extend(file_parts(files));
        self.send_parts(path, body)
    }

    /// The same, files first.
    pub(crate) fn upload_late(
        &self,
        path: &str,
        files: &[(&str, &str, Vec<u8>)],
        fields: &[(&str, String)],
    ) -> Uploaded {
        let mut body = file_parts(files);
        body.extend(text_parts(fields));
        self.send_parts(path, body)
    }

    fn send_parts(&self, path: &str, mut body: Vec<u8>) -> Uploaded {
        body.extend(format!("--{BOUNDARY}--\r\n").as_bytes());
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let request = client.post(format!("{}{path}", self.url));
        let request = request.header("cookie", self.cookie.as_deref().unwrap_or_default());
        let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
        let response = request.header("content-type", media_type).body(body).send().unwrap();
        let leads_to = response.headers().get("location").map_or("", |to| to.to_str().unwrap());
        let (status, leads_to) = (response.status().as_u16(), leads_to.to_owned());
        Uploaded { status, leads_to, text: response.text().unwrap() }
    }

    /// Posts JSON to `path`.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.request("POST", path).json(body).send().unwrap())
    }

    /// Sends JSON to `path` by `method`.
    pub(crate) fn send_json(&self, method: &str, path: &str, body: &Value) -> Answer {
        answer(self.request(method, path).json(body).send().unwrap())
    }

    /// Puts a file at `path`.
    pub(crate) fn put(&self, path: &str, bytes: &[u8]) -> Answer {
        answer(self.request("PUT", path).body(bytes.to_vec()).send().unwrap())
    }

    /// The bytes at `path`.
    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        self.request("GET", path).send().unwrap().bytes().unwrap().to_vec()
    }

    /// Posts a table to `path`.
    pub(crate) fn post_table(&self, path: &str, media_type: &str, bytes: &[u8]) -> Answer {
        let request = self.request("POST", path).header("content-type", media_type);
        answer(request.body(bytes.to_vec()).send().unwrap())
    }

    /// Posts a batch of [`MODEL`], version 1.
    pub(crate) fn post_batch(&self, name: &str, media_type: &str, bytes: &[u8]) -> Answer {
        self.post_table(&format!("{VERSION_PATH}/batches?name={name}"), media_type, bytes)
    }
}

/// What came of a form with files.
#[derive(Debug)]
pub(crate) struct Uploaded {
    /// HTTP status.
    pub(crate) status: u16,
    /// Where it leads, if it does.
    pub(crate) leads_to: String,
    /// The page.
    pub(crate) text: String,
}

/// What stands between the parts of a form with files.
const BOUNDARY: &str = "a-boundary-between-parts";

fn text_parts(fields: &[(&str, String)]) -> Vec<u8> {
    let part = |(name, value): &(&str, String)| {
        format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    fields.iter().map(part).collect::<String>().into_bytes()
}

fn file_parts(files: &[(&str, &str, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, name, bytes) in files {
        let head = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
             content-type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.as_bytes());
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body
}

fn answer(response: reqwest::blocking::Response) -> Answer {
    let header = response.headers().get("content-type");
    let media_type = header.map_or("", |value| value.to_str().unwrap()).to_owned();
    let status = response.status().as_u16();
    let bytes = response.bytes().unwrap();
    Answer { status, media_type, body: strict_json::parse(&bytes).unwrap_or_default() }
}

/// The model of the stories.
pub(crate) const MODEL: &str = "tablets";
/// Where its version 1 is.
pub(crate) const VERSION_PATH: &str = "/api/v1/models/tablets/versions/1";

/// The columns of its batches.
pub(crate) fn schema() -> Value {
    json!({"schema": "driftledger/schema/v1", "columns": [
        {"name": "tablet", "role": "id", "type": "int"},
        {"name": "weight_mg", "role": "feature", "type": "float", "kind": "continuous", "unit": "mg"},
        {"name": "line", "role": "feature", "type": "text", "kind": "categorical"},
        {"name": "passed", "role": "prediction", "type": "bool", "kind": "binary"},
    ]})
}

/// The registration of version `version`, whose reference is drawn from `seed`.
pub(crate) fn registration(version: &str, seed: u64) -> Registration {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let sources = RegistrationSources {
        model: MODEL.to_owned(),
        version: version.to_owned(),
        train: file("train.csv", &table(300, seed + 1, 0.0)),
        reference: file("reference.csv", &table(600, seed, 0.0)),
        artifacts: vec![file("model.bin", "weights")],
        overlap_justification: Some("two tablets of one line can weigh the same".to_owned()),
        schema: Some(file("schema.json", &schema().to_string())),
        ..RegistrationSources::default()
    };
    make_registration(&sources, |_| ()).unwrap()
}

/// Registers version 1 of [`MODEL`].
pub(crate) fn register(program: &Visitor) -> Answer {
    let registration = serde_json::to_value(registration("1", 1)).unwrap();
    let answer = program.post(&format!("/api/v1/models/{MODEL}/versions"), &registration);
    assert_eq!(answer.status, 201, "{answer:?}");
    answer
}

/// `rows` tablets whose weight is moved up by `shift` mg, as CSV. The same seed gives the same table; another seed, tablets
/// with other numbers.
pub(crate) fn table(rows: u64, seed: u64, shift: f64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let mut text = "tablet,weight_mg,line,passed\n".to_owned();
    for tablet in 1..=rows {
        let weight = 250.0 + (0..6).map(|_| draw()).sum::<f64>() + shift;
        let line = ["east", "west"][usize::from(draw() < 0.5)];
        let passed = draw() < 0.9;
        let tablet = seed * 100_000 + tablet;
        let _ = writeln!(text, "{tablet},{weight:.4},{line},{passed}");
    }
    text
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
