//! Story: a program that was not written here reads the ledger in tiles.
//! Method: the routes over HTTP; the tree is built again from what they answer and held against the signed root.

use crate::harness::Laboratory;
use driftledger::access::token::TokenScope;
use driftledger::digest::{leaf_hash, node_hash};
use driftledger::ledger::checkpoint::Checkpoint;
use driftledger::ledger::tree;
use driftledger::procedures::administer::{host, issue_token};
use reqwest::blocking::{Client, Response};

/// Enters `count` entries; gives the token the last of them issued.
fn enter(laboratory: &Laboratory, count: usize) -> String {
    let dana = laboratory.store.read(|tx| tx.accounts()).unwrap();
    let dana = dana.into_iter().find(|account| account.user_name == "dana").unwrap();
    let mut token = String::new();
    for number in 0..count {
        let name = format!("program {number}");
        let owner = (&dana, name.as_str());
        let scope = TokenScope::Personal;
        let made = issue_token(&laboratory.store, &host(), owner, &scope, None);
        token = made.unwrap().value.token;
    }
    token
}

/// The line an offline verifier must hold.
fn verifier_key(laboratory: &Laboratory) -> String {
    let path = laboratory.folder.path().join("data/keys/log.vkey");
    std::fs::read_to_string(path).unwrap().trim().to_owned()
}

fn get(laboratory: &Laboratory, token: &str, path: &str) -> Response {
    let url = format!("{}/log/{path}", laboratory.url);
    Client::new().get(url).bearer_auth(token).send().unwrap()
}

fn bytes(laboratory: &Laboratory, token: &str, path: &str) -> Vec<u8> {
    let answer = get(laboratory, token, path);
    assert_eq!(answer.status(), 200, "{path}");
    let kept = "private, max-age=31536000, immutable";
    assert_eq!(answer.headers()["cache-control"], kept, "{path}");
    assert_eq!(answer.headers()["content-type"], "application/octet-stream", "{path}");
    answer.bytes().unwrap().to_vec()
}

fn hashes(bytes: &[u8]) -> Vec<tree::Hash> {
    assert_eq!(bytes.len() % 32, 0);
    bytes.chunks(32).map(|hash| hash.try_into().unwrap()).collect()
}

fn leaves(mut bundle: &[u8]) -> Vec<&[u8]> {
    let mut leaves = Vec::new();
    while let Some((length, rest)) = bundle.split_first_chunk::<2>() {
        let (leaf, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        leaves.push(leaf);
        bundle = rest;
    }
    leaves
}

#[test]
fn the_signed_root_is_built_again_from_tiles_and_bundles() {
    let laboratory = Laboratory::open();
    let token = enter(&laboratory, 270);
    let answer = get(&laboratory, &token, "checkpoint");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let note = answer.text().unwrap();
    let head = Checkpoint::open(&note, &verifier_key(&laboratory).parse().unwrap()).unwrap();
    let rest = head.size - 256;
    assert!((1..256).contains(&rest), "{}", head.size);

    let mut level_0 = hashes(&bytes(&laboratory, &token, "tile/0/000"));
    level_0.extend(hashes(&bytes(&laboratory, &token, &format!("tile/0/001.p/{rest}"))));
    let full = bytes(&laboratory, &token, "tile/entries/000");
    let part = bytes(&laboratory, &token, &format!("tile/entries/001.p/{rest}"));
    let found: Vec<_> =
        [leaves(&full), leaves(&part)].concat().into_iter().map(leaf_hash).collect();
    assert_eq!(found, level_0);

    let mut node = |level: u8, index: u64| {
        let first = usize::try_from(index << level).unwrap();
        let mut row = level_0[first..first + (1 << level)].to_vec();
        while row.len() > 1 {
            row = row.chunks(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        Ok::<_, std::convert::Infallible>(row[0])
    };
    assert_eq!(tree::root(head.size, &mut node).unwrap(), head.root);
    let top = hashes(&bytes(&laboratory, &token, "tile/1/000.p/1"));
    assert_eq!(top, [node(8, 0).unwrap()]);
}

#[test]
fn what_the_ledger_has_not_and_who_may_not_read_it_are_refused() {
    let laboratory = Laboratory::open();
    let ines = laboratory.signed_in("ines");
    let size = laboratory.store.read(|tx| tx.head()).unwrap().size;
    assert_eq!(ines.get("/log/checkpoint").status, 200);
    assert_eq!(ines.get(&format!("/log/tile/0/000.p/{size}")).status, 200);
    for path in [
        format!("0/000.p/{}", size + 1),
        "0/000".to_owned(),
        "1/000.p/1".to_owned(),
        "entries/000".to_owned(),
        "0/0.p/1".to_owned(),
        "8/000.p/1".to_owned(),
        "0/x000/000.p/1".to_owned(),
        "../checkpoint".to_owned(),
    ] {
        let url = format!("/log/tile/{path}");
        if !path.starts_with("..") {
            ines.get(&url).problem(404, "not_found");
        }
        laboratory.stranger().get(&url.replace("..", "%2e%2e")).problem(401, "not_signed_in");
    }
    ines.get("/log/nothing").problem(404, "not_found");
    assert!(ines.post("/log/checkpoint", &serde_json::json!({})).status >= 400, "read-only");
    assert_eq!(laboratory.store.read(|tx| tx.head()).unwrap().size, size);
}
