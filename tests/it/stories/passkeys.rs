//! Story: a reviewer registers a passkey; from then on her signatures carry its word, and a forged one is named by whoever checks.
//! Method: the API over HTTP before an authenticator made of thirty lines; the records of the pack are then changed as somebody who
//! has the server could, and examined again.

use super::decision::{drafted, sign, with_an_alert};
use crate::harness::{Answer, CHOSEN, Laboratory, PUBLIC_URL, Visitor};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use driftledger::digest::{canonical_json, sha256, sha256_hex};
use driftledger::evidence::examine::examine;
use driftledger::evidence::records::Records;
use driftledger::procedures::check_store::check_store;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read as _;

fn encoded(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// An authenticator with one key.
struct Authenticator {
    key: SigningKey,
    credential: [u8; 16],
}

impl Authenticator {
    fn new(seed: u8) -> Self {
        Self { key: SigningKey::from_slice(&[seed; 32]).unwrap(), credential: [seed; 16] }
    }

    fn client_data(kind: &str, challenge: &str) -> String {
        json!({"type": kind, "challenge": challenge, "origin": PUBLIC_URL, "crossOrigin": false})
            .to_string()
    }

    fn head(flags: u8) -> Vec<u8> {
        [&sha256(b"localhost")[..], &[flags, 0, 0, 0, 1]].concat()
    }

    /// What a browser's `navigator.credentials.create` gives.
    fn create(&self, options: &Value) -> Value {
        let challenge = options["publicKey"]["challenge"].as_str().unwrap();
        let client_data = Self::client_data("webauthn.create", challenge);
        let point = self.key.verifying_key().to_sec1_point(false);
        let point = point.as_bytes();
        // COSE: an EC2 key for ES256 on P-256.
        let cose = [
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20][..],
            &point[1..33],
            &[0x22, 0x58, 0x20],
            &point[33..],
        ]
        .concat();
        let data = [&Self::head(0x45)[..], &[0; 16], &[0, 16], &self.credential, &cose].concat();
        let attestation = [
            b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".as_slice(),
            &[u8::try_from(data.len()).unwrap()],
            &data,
        ]
        .concat();
        let id = encoded(&self.credential);
        json!({"id": id, "rawId": id, "type": "public-key", "extensions": {}, "response": {
            "attestationObject": encoded(&attestation), "clientDataJSON": encoded(client_data.as_bytes()),
        }})
    }

    /// What it says about a challenge.
    fn get(&self, challenge: &str) -> Value {
        let client_data = Self::client_data("webauthn.get", challenge);
        let data = Self::head(0x05);
        let signed = [&data[..], &sha256(client_data.as_bytes())].concat();
        let signature: Signature = self.key.sign(&signed);
        json!({"credential_id": encoded(&self.credential), "authenticator_data": encoded(&data),
               "client_data_json": encoded(client_data.as_bytes()), "signature": encoded(signature.to_der().as_bytes())})
    }
}

const PATH: &str = "/api/v1/session/passkeys";

fn register(visitor: &Visitor, authenticator: &Authenticator) -> Answer {
    let options = visitor.post(PATH, &json!({"password": CHOSEN}));
    assert_eq!(options.status, 200, "{options:?}");
    let made = json!({"name": "blue key", "credential": authenticator.create(&options.body)});
    visitor.post(&format!("{PATH}/confirmation"), &made)
}

/// Lets the authenticator say something about a record.
fn say(
    visitor: &Visitor,
    authenticator: &Authenticator,
    (sha256, meaning): (&str, &str),
) -> Answer {
    let about = json!({"record_sha256": sha256, "meaning": meaning});
    let question = visitor.post(&format!("{PATH}/question"), &about);
    assert_eq!(question.status, 200, "{question:?}");
    let assertion = authenticator.get(question.text("challenge"));
    let said = json!({"record_sha256": sha256, "meaning": meaning, "assertion": assertion});
    visitor.post(&format!("{PATH}/proof"), &said)
}

fn check(laboratory: &Laboratory) -> Vec<String> {
    let checked = check_store(&laboratory.folder.path().join("data"), &mut |_| ()).unwrap();
    checked.findings.iter().map(|finding| format!("{finding:?}")).collect()
}

#[test] // P11-30b, A11d-13.3
fn a_signature_carries_the_word_of_the_signers_passkey_over_the_very_record() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let rosa = laboratory.signed_in("rosa");
    rosa.post(PATH, &json!({"password": "no"})).problem(401, "wrong_credentials");
    let key = Authenticator::new(1);
    let registered = register(&rosa, &key);
    assert_eq!(registered.status, 201, "{registered:?}");
    assert_eq!(rosa.get(PATH).body[0]["name"], "blue key");
    // The password alone does not sign any more, nor does the word about something else, nor another key.
    sign(&rosa, &id, &sha256, CHOSEN).problem(401, "passkey_needed");
    let other = "0".repeat(64);
    assert_eq!(say(&rosa, &key, (&other, "approves_decision")).status, 204);
    sign(&rosa, &id, &sha256, CHOSEN).problem(401, "passkey_needed");
    assert_eq!(say(&rosa, &key, (&sha256, "approved")).status, 204);
    sign(&rosa, &id, &sha256, CHOSEN).problem(401, "passkey_needed");
    let stolen = Authenticator { key: Authenticator::new(2).key, ..Authenticator::new(1) };
    say(&rosa, &stolen, (&sha256, "approves_decision")).problem(401, "passkey_refused");
    // Nor an hour later, nor without the password.
    assert_eq!(say(&rosa, &key, (&sha256, "approves_decision")).status, 204);
    laboratory.later(121);
    sign(&rosa, &id, &sha256, CHOSEN).problem(401, "passkey_needed");
    assert_eq!(say(&rosa, &key, (&sha256, "approves_decision")).status, 204);
    sign(&rosa, &id, &sha256, "no").problem(401, "wrong_credentials");
    assert_eq!(say(&rosa, &key, (&sha256, "approves_decision")).status, 204);
    let signed = sign(&rosa, &id, &sha256, CHOSEN);
    assert_eq!(signed.status, 201, "{signed:?}");
    let method = signed.text("method");
    assert_eq!(method, "user name and password, confirmed by a passkey over the record");
    assert_eq!(signed.body["passkey"]["statement"]["record_sha256"], sha256.as_str());
    assert_eq!(check(&laboratory), [""; 0]);
    // A forged one was told.
    let told = laboratory.signed_in("adam").get("/api/v1/misuse-events");
    assert_eq!(told.body[0]["rule"], "forged_assertion", "{told:?}");
}

/// The records of a pack, to be changed.
pub(super) struct Changed(pub(super) BTreeMap<(String, String), Value>);

impl Records for Changed {
    fn keys(&self, table: &str) -> Vec<String> {
        self.0.keys().filter(|(t, _)| t == table).map(|(_, key)| key.clone()).collect()
    }

    fn bytes(&mut self, table: &str, key: &str) -> Option<Vec<u8>> {
        let row = self.0.get(&(table.to_owned(), key.to_owned()))?;
        Some(canonical_json(row).unwrap())
    }
}

pub(super) fn records(pack: &[u8]) -> BTreeMap<(String, String), Value> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(pack)).unwrap();
    let mut rows = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let Some((table, _)) = name.strip_prefix("records/").and_then(|n| n.split_once('/')) else {
            continue;
        };
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        let row: Value = serde_json::from_str(&text).unwrap();
        rows.insert((table.to_owned(), row["id"].as_str().unwrap().to_owned()), row);
    }
    rows
}

/// What is found once `change` was made to the document of the decision's signature, with its digest made anew.
fn found(
    rows: &BTreeMap<(String, String), Value>,
    change: impl FnOnce(&mut Value),
) -> Vec<&'static str> {
    let mut rows = rows.clone();
    let row = rows.iter_mut().find(|((table, _), _)| table == "signature").unwrap().1;
    let mut document: Value = serde_json::from_str(row["document"].as_str().unwrap()).unwrap();
    change(&mut document);
    let bytes = canonical_json(&document).unwrap();
    row["sha256"] = json!(sha256_hex(&bytes));
    row["document"] = json!(String::from_utf8(bytes).unwrap());
    let (_, troubles) = examine(&mut Changed(rows), &mut |_, _| (), &mut |_, _| ());
    let mut codes: Vec<_> = troubles.into_iter().map(|trouble| trouble.code).collect();
    codes.dedup();
    codes
}

#[test] // P11-30b, P11-70
fn whoever_has_the_server_cannot_forge_a_signature_of_somebody_with_a_passkey() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let rosa = laboratory.signed_in("rosa");
    let key = Authenticator::new(1);
    assert_eq!(register(&rosa, &key).status, 201);
    assert_eq!(say(&rosa, &key, (&sha256, "approves_decision")).status, 204);
    assert_eq!(sign(&rosa, &id, &sha256, CHOSEN).status, 201);
    let pack = rosa.bytes("/api/v1/models/tablets/versions/1/evidence");
    let rows = records(&pack);
    assert!(rows.keys().any(|(table, _)| table == "passkey"), "the key is in the pack");
    assert_eq!(found(&rows, |_| ()), [""; 0], "as it is");
    let without = found(&rows, |document| {
        document.as_object_mut().unwrap().remove("passkey");
    });
    assert_eq!(without, ["passkey_proof_missing"]);
    // An operator's own key in its place, over the right statement.
    let own = Authenticator::new(9);
    let by_operator = found(&rows, |document| {
        let challenge = sha256_of_statement(&document["passkey"]["statement"]);
        let mut assertion = own.get(&challenge);
        assertion["credential_id"] = document["passkey"]["assertion"]["credential_id"].clone();
        document["passkey"]["assertion"] = assertion;
    });
    assert_eq!(by_operator, ["passkey_proof_forged"]);
    let with_key = found(&rows, |document| {
        let challenge = sha256_of_statement(&document["passkey"]["statement"]);
        let point = own.key.verifying_key().to_sec1_point(false);
        let mut assertion = own.get(&challenge);
        assertion["credential_id"] = document["passkey"]["assertion"]["credential_id"].clone();
        document["passkey"]["assertion"] = assertion;
        document["passkey"]["key"]["public_key"] = json!(encoded(point.as_bytes()));
    });
    assert_eq!(with_key, ["passkey_proof_forged"]);
    let other_meaning = found(&rows, |document| {
        document["passkey"]["statement"]["meaning"] = json!("approved");
    });
    assert_eq!(other_meaning, ["passkey_proof_forged"]);
    let of_other = found(&rows, |document| {
        document["passkey"]["statement"]["record_sha256"] = json!("0".repeat(64));
    });
    assert_eq!(of_other, ["passkey_proof_forged"]);
}

fn sha256_of_statement(statement: &Value) -> String {
    encoded(&sha256(&canonical_json(statement).unwrap()))
}

#[test] // P11-300c
fn a_passkey_ends_by_its_owner_or_by_a_reported_loss_and_signing_waits_for_another_person() {
    let (laboratory, id) = with_an_alert();
    let sha256 = drafted(&laboratory, &id);
    let rosa = laboratory.signed_in("rosa");
    let first = register(&rosa, &Authenticator::new(1));
    let again = rosa.post(PATH, &json!({"password": CHOSEN}));
    let excluded = &again.body["publicKey"]["excludeCredentials"];
    assert_eq!(excluded.as_array().unwrap().len(), 1);
    let end = format!("{PATH}/{}/end", first.text("id"));
    rosa.post(&end, &json!({"password": "no", "reason": "old"})).problem(401, "wrong_credentials");
    assert_eq!(rosa.post(&end, &json!({"password": CHOSEN, "reason": "old"})).status, 204);
    rosa.post(&end, &json!({"password": CHOSEN, "reason": "old"})).problem(404, "not_found");
    let second = Authenticator::new(2);
    assert_eq!(register(&rosa, &second).status, 201);
    // The key is lost: its owner says so, and is out at once.
    let loss = "/api/v1/accounts/rosa/loss";
    laboratory.signed_in("pavel").post(loss, &json!({"reason": "a"})).problem(403, "not_permitted");
    assert_eq!(rosa.post(loss, &json!({"reason": "left in a train"})).status, 204);
    rosa.get("/api/v1/session").problem(401, "session_over");
    let rosa = laboratory.signed_in("rosa");
    assert_eq!(rosa.get(PATH).body[1]["revoked"], "left in a train");
    sign(&rosa, &id, &sha256, CHOSEN).problem(403, "signing_held");
    rosa.post(PATH, &json!({"password": CHOSEN})).problem(403, "signing_held");
    let release = "/api/v1/accounts/rosa/signing";
    let adam = laboratory.signed_in("adam");
    rosa.post(release, &json!({"reason": "it is me"})).problem(403, "not_permitted");
    assert_eq!(adam.post(release, &json!({"reason": "seen in person"})).status, 204);
    adam.post(release, &json!({"reason": "again"})).problem(409, "conflict");
    assert_eq!(sign(&rosa, &id, &sha256, CHOSEN).status, 201);
    assert_eq!(check(&laboratory), [""; 0]);
    let rules: Vec<_> = adam.get("/api/v1/misuse-events").body.as_array().unwrap().clone();
    let rules: Vec<_> = rules.iter().map(|event| event["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["signed_after_reset", "loss_reported"]);
}

#[test]
fn pages_have_the_script_only_where_a_passkey_is_asked() {
    let (laboratory, id) = with_an_alert();
    drafted(&laboratory, &id);
    let rosa = laboratory.signed_in("rosa");
    let sheet = format!("/alerts/{id}/signature");
    assert!(!rosa.read(&sheet).contains("<script"));
    assert!(rosa.read("/account/passkeys").contains("<script src=\"/static/passkey.js?v="));
    register(&rosa, &Authenticator::new(1));
    let page = rosa.read(&sheet);
    assert!(
        page.contains("<script src=") && page.contains("data-meaning=\"approves_decision\""),
        "{page}"
    );
    assert!(!laboratory.signed_in("pavel").read(&sheet).contains("<script"));
}
