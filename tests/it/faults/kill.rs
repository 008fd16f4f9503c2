//! The server is killed (SIGKILL) at random moments while it writes records of every kind: what it acknowledged is there, and nothing
//! else is broken. Method: the built program on a fresh store, several rounds; the moments are drawn from a fixed seed. Longer runs:
//! `KILL_ROUNDS=1000`.

use crate::harness::{MODEL, VERSION_PATH, Visitor, registration, table};
use driftledger::access::account::{Acting, Way};
use driftledger::access::role::Role;
use driftledger::access::token::TokenScope;
use driftledger::clock::Clock;
use driftledger::procedures::administer::{create_account, create_store, host, issue_token};
use driftledger::procedures::register_version::register_version;
use driftledger::store::Store;
use driftledger::store::check::check;
use reqwest::blocking::Client;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How often the server is killed.
pub(super) fn rounds() -> u64 {
    std::env::var("KILL_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

const FILES: &str = "/api/2.0/mlflow-artifacts/artifacts";
const WAIT_MAX: Duration = Duration::from_secs(20);

/// A store with one version and a token for it.
pub(super) fn prepare(folder: &Path) -> String {
    let store = create_store(folder, Clock::system()).unwrap();
    let dana = create_account(&store, &host(), ("dana", "Dana"), Role::DataScientist).unwrap();
    let account = dana.value.account;
    let acting = Acting { account: account.clone(), way: Way::Session };
    register_version(&store, &acting, &registration("1", 1)).unwrap();
    let owner = (&account, "pipeline");
    issue_token(&store, &host(), owner, &TokenScope::Personal, None).unwrap().value.token
}

/// The server as a process of its own, and its address.
pub(crate) fn start(folder: &Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_driftledger"))
        .args(["serve", folder.to_str().unwrap(), "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    // What is said before is about an upgrade.
    let address = lines.find_map(|line| Some(line[line.find("http://")?..].to_owned()));
    let address = address.unwrap_or_else(|| panic!("no address is said"));
    (child, address.trim().trim_end_matches('/').to_owned())
}

/// An act that the server acknowledged, by what it left.
#[derive(Clone, Debug)]
enum Act {
    Batch(String),
    Model(String),
    Run(String),
    Metric { run: String, step: i64 },
    File { run: String, path: String },
}

/// Writes one act after the other, of every kind in turn, until the server is gone; sends each that was acknowledged.
fn act_until_it_dies(url: String, token: String, round: u64) -> Receiver<Act> {
    let (send, receive) = channel();
    drop(Visitor::new(&url));
    std::thread::spawn(move || {
        let client = Client::builder().timeout(WAIT_MAX).build().unwrap();
        let mlflow = format!("{url}/api/2.0/mlflow");
        let mut run = String::new();
        for number in 0_u64..10_000 {
            let name = format!("r{round}-{number}");
            let (request, act) = match number % 5 {
                0 => (
                    client
                        .post(format!("{mlflow}/runs/create"))
                        .json(&json!({"experiment_id": "0", "run_name": name, "start_time": 1})),
                    Act::Run(String::new()),
                ),
                1 => (
                    client
                        .post(format!("{url}{VERSION_PATH}/batches?name={name}"))
                        .header("content-type", "text/csv")
                        .body(table(40, round * 10_000 + number, 0.0)),
                    Act::Batch(name),
                ),
                2 => (
                    client.post(format!("{mlflow}/runs/log-batch")).json(&json!({"run_id": run,
                        "metrics": [{"key": "auc", "value": 0.75, "timestamp": 2, "step": number}]})),
                    Act::Metric { run: run.clone(), step: number.cast_signed() },
                ),
                3 => (
                    client.put(format!("{url}{FILES}/0/{run}/artifacts/{name}.bin")).body(name.clone()),
                    Act::File { run: run.clone(), path: format!("{name}.bin") },
                ),
                _ => (
                    client.post(format!("{url}/api/v1/models")).json(&json!({"model": name})),
                    Act::Model(name),
                ),
            };
            let Ok(response) = request.bearer_auth(&token).send() else { return };
            let status = response.status().as_u16();
            let Ok(body) = response.text() else { return };
            assert!(matches!(status, 200 | 201), "{act:?}: {status} {body}");
            let act = match act {
                Act::Run(_) => {
                    let body: Value = serde_json::from_str(&body).unwrap();
                    body["run"]["info"]["run_id"].as_str().unwrap().clone_into(&mut run);
                    Act::Run(run.clone())
                }
                other => other,
            };
            if send.send(act).is_err() {
                return;
            }
        }
    });
    receive
}

/// Every act is there, and an examination finds nothing.
fn examine_acts(folder: &Path, acts: &[Act]) {
    let store = Store::open(folder, Clock::system()).unwrap();
    let is_there = |act: &Act| {
        store.read(|tx| {
            Ok::<_, driftledger::store::Error>(match act {
                Act::Batch(_) => true,
                Act::Model(name) => tx.model(name)?.is_some(),
                Act::Run(id) => tx.run(id)?.is_some(),
                Act::Metric { run, step } => tx.metrics(run)?.iter().any(|m| m.step == *step),
                Act::File { run, path } => tx.artifact(run, path)?.is_some(),
            })
        })
    };
    for act in acts {
        assert!(is_there(act).unwrap(), "{act:?} is gone");
    }
    drop(store);
    let batches = acts.iter().filter_map(|act| match act {
        Act::Batch(name) => Some(name.clone()),
        _ => None,
    });
    examine(folder, &batches.collect::<Vec<_>>());
}

/// Posts batches until the server is gone; sends the name of each that was acknowledged.
pub(super) fn post_until_it_dies(url: String, token: String, round: u64) -> Receiver<String> {
    let (send, receive) = channel();
    drop(Visitor::new(&url));
    std::thread::spawn(move || {
        let client = Client::builder().timeout(WAIT_MAX).build().unwrap();
        for number in 0..10_000 {
            let name = format!("r{round}-{number}");
            let response = client
                .post(format!("{url}{VERSION_PATH}/batches?name={name}"))
                .bearer_auth(&token)
                .header("content-type", "text/csv")
                .body(table(40, round * 10_000 + number, 0.0))
                .send();
            let Ok(response) = response else { return };
            assert_eq!(response.status().as_u16(), 201);
            if send.send(name).is_err() {
                return;
            }
        }
    });
    receive
}

/// Everything acknowledged is there, each batch with its report, and an examination finds nothing.
pub(super) fn examine(folder: &Path, acknowledged: &[String]) {
    let store = Store::open(folder, Clock::system()).unwrap();
    store
        .read(|tx| {
            let version = tx.version(MODEL, "1")?.unwrap();
            for name in acknowledged {
                assert!(tx.batch_by_name(&version.id, name)?.is_some(), "{name} is gone");
            }
            let batches = tx.batches(&version.id, None, 5_000)?;
            assert!(batches.len() >= acknowledged.len());
            for batch in &batches {
                let report = tx.report_of_batch(&batch.id)?;
                let report = report.unwrap_or_else(|| panic!("{} has no report", batch.name));
                assert!(tx.report_document(&report.id)?.is_some());
                assert!(tx.entry(report.entry)?.is_some());
            }
            Ok::<_, driftledger::store::Error>(())
        })
        .unwrap();
    drop(store);
    assert_eq!(check(folder, &mut |_| ()).unwrap(), []);
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data");
    let token = prepare(&folder);
    let mut acknowledged = Vec::new();
    let mut state = 20_260_601_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    };
    for round in 0..rounds() {
        let (mut child, url) = start(&folder);
        let posted = act_until_it_dies(url, token.clone(), round);
        for _ in 0..=draw(12) {
            acknowledged.push(posted.recv_timeout(WAIT_MAX).unwrap());
        }
        // Into the middle of the next request: no signal says when that is.
        let moment = Instant::now() + Duration::from_micros(draw(40_000));
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let before = acknowledged.len();
        acknowledged.extend(posted.iter());
        // earlier rounds are examined once more at the end
        examine_acts(&folder, &acknowledged[before.saturating_sub(12)..]);
    }
    examine_acts(&folder, &acknowledged);
    assert!(acknowledged.len() as u64 >= rounds());
}

#[test]
fn a_server_refuses_a_store_that_is_not_there_and_an_address_others_can_reach() {
    let folder = tempfile::tempdir().unwrap();
    let serve = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_driftledger"))
            .arg("serve")
            .arg(folder.path().join("none"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(serve(&["--listen", "127.0.0.1:0"]).contains("driftledger init"));
    assert!(serve(&["--listen", "0.0.0.0:0"]).contains("--behind-proxy"));
    assert!(!folder.path().join("none").exists(), "nothing was made");
}
