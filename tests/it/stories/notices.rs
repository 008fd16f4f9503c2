//! Story: what happens is told outside after it is recorded, and what could not be told is seen and sent again.
//! Method: a real HTTP sink on a loopback port that takes, refuses, waits, or promises more than it sends; the clock is moved by
//! hand. Mail goes to a packaged sink in `tests/interop/notices.py`.

use super::decision::with_an_alert;
use crate::harness::{Laboratory, register, table};
use driftledger::notify::webhook::signature;
use driftledger::procedures::tell_people::{Post, deliver};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long a receiver may take here.
const PATIENCE: Duration = Duration::from_millis(400);

/// Reads one request: its head and its body.
fn request(stream: &mut TcpStream) -> (String, String) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).unwrap_or(0);
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(read > 0, "the request broke off: {text}");
            continue;
        };
        let head = head.to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| {
            rest.split_whitespace().next().and_then(|length| length.parse::<usize>().ok())
        });
        if body.len() >= length.unwrap_or(0) {
            return (head, body.to_owned());
        }
    }
}

/// A sink that gives `answers` one after the other (and the last one ever after); what it got comes out of the channel.
fn sink(answers: &'static [&'static str]) -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let got = request(&mut stream);
            let answer = answers[number.min(answers.len() - 1)];
            if answer.is_empty() {
                std::thread::sleep(PATIENCE * 2);
            }
            let _ = stream.write_all(answer.as_bytes());
            if sender.send(got).is_err() {
                return;
            }
        }
    });
    (address, receiver)
}

const TAKES: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const REFUSES: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
const LIES: &str = "HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\nok";
const REDIRECTS: &str =
    "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n";
const WAITS: &str = "";

/// Keeps a target and returns the secret of its webhook.
fn keep(laboratory: &Laboratory, address: &str, kinds: &[&str]) -> String {
    let target = json!({"name": "duty", "channel": "webhook", "address": address, "kinds": kinds, "enabled": true});
    let adam = laboratory.signed_in("adam");
    let kept = adam.post("/api/v1/notice-targets", &json!({"target": target, "reason": "on call"}));
    assert_eq!(kept.status, 201, "{kept:?}");
    kept.text("secret").to_owned()
}

fn send(laboratory: &Laboratory) -> (u64, u64) {
    deliver(&laboratory.store, &Post { relay: None, patience: PATIENCE }).unwrap()
}

fn notices(laboratory: &Laboratory) -> Vec<Value> {
    let answer = laboratory.signed_in("ines").get("/api/v1/notices");
    answer.body.as_array().unwrap().clone()
}

/// A laboratory with a target and an alert that was raised afterwards.
fn told(answers: &'static [&'static str]) -> (Laboratory, String, Receiver<(String, String)>) {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    let (address, got) = sink(answers);
    let secret = keep(&laboratory, &address, &["alert"]);
    program.post_batch("june", "text/csv", table(300, 9, 2.0).as_bytes());
    (laboratory, secret, got)
}

fn later(laboratory: &Laboratory, seconds: i64) {
    let now = laboratory.clock.now();
    laboratory.clock.set(now + jiff::SignedDuration::from_secs(seconds));
}

#[test] // A11d-8.2
fn an_alert_is_told_once_with_an_hmac_over_its_bytes() {
    let (laboratory, secret, got) = told(&[TAKES]);
    assert_eq!(send(&laboratory), (1, 0));
    let (head, body) = got.recv().unwrap();
    let notice: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&notice["kind"], &notice["format"]),
        (&json!("alert"), &json!("driftledger/notice/v1"))
    );
    assert!(notice["sentence"].as_str().unwrap().contains("weight_mg"), "{notice}");
    assert!(notice["path"].as_str().unwrap().starts_with("/alerts/ep_"), "{notice}");
    let seconds = laboratory.clock.now().as_second();
    let expected = signature(&secret, seconds, &body);
    assert!(head.contains(&format!("driftledger-signature: {expected}")), "{head}");
    assert!(!head.contains(&signature("another secret", seconds, &body)));
    assert_eq!(send(&laboratory), (0, 0), "once is enough");
    let all = notices(&laboratory);
    assert_eq!(
        (all.len(), all[0]["state"].as_str(), &all[0]["attempts"]),
        (1, Some("sent"), &json!(1))
    );
    // The secret is in no record: not in an entry, not in a row.
    let recorded = laboratory.signed_in("ines").read("/api/v1/notice-targets");
    assert!(!recorded.contains(&secret) && recorded.contains("on call"));
}

#[test] // A11d-8.2
fn a_sink_that_refuses_waits_lies_or_redirects_is_tried_again_later_each_time() {
    let (laboratory, _, got) = told(&[REFUSES, WAITS, LIES, REDIRECTS, TAKES]);
    let mut number = None;
    for (wait, said) in [(30, "500"), (60, ""), (120, ""), (240, "302")] {
        assert_eq!(send(&laboratory), (0, 1));
        let all = notices(&laboratory);
        assert_eq!(all[0]["state"], "waiting");
        assert!(all[0]["said"].as_str().unwrap().contains(said), "{all:?}");
        assert!(!all[0]["said"].as_str().unwrap().is_empty());
        let (head, _) = got.recv().unwrap();
        let sent =
            head.split("driftledger-notice: ").nth(1).unwrap().lines().next().unwrap().to_owned();
        assert_eq!(number.get_or_insert(sent.clone()), &sent, "the same number each time");
        assert_eq!(send(&laboratory), (0, 0), "not before its time");
        later(&laboratory, wait);
    }
    assert_eq!(send(&laboratory), (1, 0));
    assert_eq!(notices(&laboratory)[0]["attempts"], 5);
}

#[test] // A11d-8.2
fn a_sink_that_is_down_makes_a_dead_letter_that_is_seen_and_sent_again() {
    let laboratory = Laboratory::open();
    let program = laboratory.program();
    register(&program);
    // No other test may get the port of a sink that is down, so it is one that systems give to nobody.
    keep(&laboratory, "http://127.0.0.1:1/", &["alert", "misuse"]);
    program.post_batch("june", "text/csv", table(300, 9, 2.0).as_bytes());
    for attempt in 1..=8 {
        assert_eq!(send(&laboratory), (0, 1), "{attempt}");
        later(&laboratory, 30 << attempt);
    }
    assert_eq!(send(&laboratory), (0, 0));
    let dead = laboratory.signed_in("ines").get("/api/v1/notices?state=dead").body;
    let id = dead[0]["id"].as_i64().unwrap();
    let page = laboratory.signed_in("quentin").read("/notices");
    assert!(page.contains("dead, 8 attempts"), "{page}");
    let path = format!("/api/v1/notices/{id}/retry");
    laboratory.signed_in("quentin").post(&path, &json!({})).problem(403, "not_permitted");
    let adam = laboratory.signed_in("adam");
    assert_eq!(adam.post(&path, &json!({})).status, 204);
    adam.post(&path, &json!({})).problem(404, "not_found");
    let (address, got) = sink(&[TAKES]);
    let target = json!({"name": "duty", "channel": "webhook", "address": address, "kinds": ["misuse"], "enabled": true});
    let body = json!({"target": target, "reason": "another port"});
    let changed = adam.post("/api/v1/notice-targets", &body);
    assert_eq!((changed.status, changed.body.get("secret")), (201, None), "it keeps its secret");
    assert_eq!(send(&laboratory), (1, 0));
    got.recv().unwrap();
    // Five wrong passwords tell of a lock; an alert is told no more.
    for _ in 0..5 {
        laboratory.stranger().sign_in("rosa", "not the password");
    }
    program_batch(&laboratory);
    assert_eq!(send(&laboratory), (1, 0));
    let (_, body) = got.recv().unwrap();
    assert!(
        body.contains("\"misuse\"") && body.contains("the account of rosa is locked"),
        "{body}"
    );
}

fn program_batch(laboratory: &Laboratory) {
    let dana = laboratory.signed_in("dana");
    dana.post_batch("small", "text/csv", table(3, 11, 2.0).as_bytes());
}

#[test]
fn nothing_is_told_of_an_act_that_was_not_recorded() {
    let (laboratory, id) = with_an_alert();
    keep(&laboratory, "http://127.0.0.1:9/", &["alert", "escalation", "overdue", "misuse"]);
    let quentin = laboratory.signed_in("quentin");
    let path = format!("/api/v1/alerts/{id}/steps/escalate");
    let body =
        json!({"input": {"reason": "now"}, "sheet_sha256": "0", "password": "sixteen grey herons"});
    quentin.post(&path, &body).problem(409, "record_changed");
    assert!(notices(&laboratory).is_empty());
    let sheet = quentin.post(&format!("{path}/sheet"), &json!({"reason": "now"}));
    let body = json!({"input": {"reason": "now"}, "sheet_sha256": sheet.text("sha256"), "password": "sixteen grey herons"});
    assert_eq!(quentin.post(&path, &body).status, 201);
    let all = notices(&laboratory);
    assert_eq!((all.len(), &all[0]["notice"]["kind"]), (1, &json!("escalation")));
    let adam = laboratory.signed_in("adam");
    for (field, value) in
        [("address", json!("file:///etc/passwd")), ("kinds", json!([])), ("name", json!(""))]
    {
        let mut target = json!({"name": "duty", "channel": "webhook", "address": "http://127.0.0.1:9/", "kinds": ["alert"], "enabled": true});
        target[field] = value;
        let refused =
            adam.post("/api/v1/notice-targets", &json!({"target": target, "reason": "a"}));
        assert!(refused.problem(422, "target_not_valid").contains(field));
    }
}
