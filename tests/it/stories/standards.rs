//! Story: an inspector takes a version to other tools, and what they read is what was registered.
//! Method: the routes over HTTP; every digest of the documents is held against the registration, the signature against the key.

use crate::harness::{Laboratory, VERSION_PATH, register};
use base64ct::{Base64, Encoding as _};
use driftledger::clock::Clock;
use driftledger::digest;
use driftledger::evidence::standards::StandardKind;
use driftledger::procedures::administer::host;
use driftledger::procedures::export_standard::export_standard;
use driftledger::store::Store;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;

fn export(laboratory: &Laboratory, kind: &str) -> Value {
    let ines = laboratory.signed_in("ines");
    let answer = ines.get(&format!("{VERSION_PATH}/exports/{kind}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

fn registered(laboratory: &Laboratory) -> Value {
    laboratory.signed_in("ines").get(VERSION_PATH).body
}

fn open() -> Laboratory {
    let laboratory = Laboratory::open();
    register(&laboratory.program());
    laboratory
}

#[test]
fn the_bill_of_materials_has_the_digests_that_were_registered() {
    let laboratory = open();
    let (bill, version) = (export(&laboratory, "cyclonedx"), registered(&laboratory));
    let registration = &version["registration"];
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    let model = &bill["metadata"]["component"];
    assert_eq!(
        (&model["name"], &model["version"]),
        (&registration["model"], &registration["version"])
    );
    assert_eq!(bill["metadata"]["timestamp"], version["registered_at"]);
    assert_eq!(bill["metadata"]["properties"][0]["value"], version["content_sha256"]);
    let artifact = &registration["artifacts"][0]["content"];
    assert_eq!(model["components"][0]["hashes"][0]["content"], artifact["sha256"]);
    assert_eq!(model["components"][0]["hashes"][1]["content"], artifact["blake3"]);
    let datasets = registration["datasets"].as_array().unwrap();
    assert_eq!(bill["components"].as_array().unwrap().len(), datasets.len());
    for (component, dataset) in bill["components"].as_array().unwrap().iter().zip(datasets) {
        let print = &dataset["fingerprint"];
        assert_eq!(component["hashes"][0]["content"], print["content"]["sha256"]);
        let properties = &component["data"][0]["contents"]["properties"];
        assert_eq!(properties[0]["value"], dataset["role"]);
        assert_eq!(properties[2]["value"], print["table"]["table"]);
    }
}

#[test]
fn the_statement_names_what_shaped_the_model_and_the_log_signed_it() {
    let laboratory = open();
    let (envelope, version) = (export(&laboratory, "in-toto"), registered(&laboratory));
    let registration = &version["registration"];
    let payload = Base64::decode_vec(envelope["payload"].as_str().unwrap()).unwrap();
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(
        statement["subject"][0]["digest"]["sha256"],
        registration["artifacts"][0]["content"]["sha256"]
    );
    let made_from = &statement["predicate"]["buildDefinition"]["resolvedDependencies"];
    assert_eq!(made_from.as_array().unwrap().len(), 1, "the reference shaped nothing: {made_from}");
    let train = &registration["datasets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["role"] == "train")
        .unwrap()["fingerprint"];
    assert_eq!(made_from[0]["digest"]["sha256"], train["content"]["sha256"]);
    assert_eq!(made_from[0]["digest"]["tdh1"], train["table"]["table"]);
    let inner = &statement["predicate"]["buildDefinition"]["internalParameters"];
    assert_eq!(inner["registration_sha256"], version["content_sha256"]);

    let line = laboratory.store.verifier_key().to_string();
    let typed = Base64::decode_vec(line.splitn(3, '+').nth(2).unwrap()).unwrap();
    let key = VerifyingKey::from_bytes(typed[1..].try_into().unwrap()).unwrap();
    let sig = Base64::decode_vec(envelope["signatures"][0]["sig"].as_str().unwrap()).unwrap();
    let sig = Signature::from_slice(&sig).unwrap();
    let kind = "application/vnd.in-toto+json";
    let signed = |payload: &[u8]| {
        let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
        key.verify_strict(&[head.as_bytes(), payload].concat(), &sig)
    };
    signed(&payload).unwrap();
    let mut other = payload;
    other[0] ^= 1;
    assert!(signed(&other).is_err());
}

#[test]
fn the_files_are_signed_by_a_key_of_their_own_that_stays_the_same() {
    let laboratory = open();
    let (bundle, version) = (export(&laboratory, "model-signature"), registered(&laboratory));
    let envelope = &bundle["dsseEnvelope"];
    let payload = Base64::decode_vec(envelope["payload"].as_str().unwrap()).unwrap();
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    let artifact = &version["registration"]["artifacts"][0];
    let resource = &statement["predicate"]["resources"][0];
    assert_eq!(resource["name"], artifact["name"]);
    assert_eq!(resource["digest"], artifact["content"]["sha256"]);
    let root = hex::decode(resource["digest"].as_str().unwrap()).unwrap();
    assert_eq!(statement["subject"][0]["digest"]["sha256"], digest::sha256_hex(&root));
    let public = std::fs::read(laboratory.store.folder().join("keys/model.pub")).unwrap();
    let hint = &bundle["verificationMaterial"]["publicKey"]["hint"];
    assert_eq!(*hint, digest::sha256_hex(&public));
    let again = Store::open(laboratory.store.folder(), Clock::system()).unwrap();
    assert_eq!(again.model_public_key().as_bytes(), public);
}

#[test]
fn the_card_of_the_datasets_has_their_files_and_columns() {
    let laboratory = open();
    let (card, version) = (export(&laboratory, "croissant"), registered(&laboratory));
    let datasets = version["registration"]["datasets"].as_array().unwrap();
    let (files, sets) = (&card["distribution"], &card["recordSet"]);
    assert_eq!(files.as_array().unwrap().len(), datasets.len());
    for (index, dataset) in datasets.iter().enumerate() {
        let print = &dataset["fingerprint"];
        assert_eq!(files[index]["sha256"], print["content"]["sha256"]);
        assert_eq!(files[index]["name"], print["name"]);
        let columns = print["table"]["columns"].as_array().unwrap();
        let fields = sets[index]["field"].as_array().unwrap();
        assert_eq!(fields.len(), columns.len());
        for (field, column) in fields.iter().zip(columns) {
            assert_eq!(field["source"]["extract"]["column"], column["name"]);
            assert_eq!(field["source"]["fileObject"]["@id"], files[index]["@id"]);
        }
    }
    let types: Vec<&Value> =
        sets[0]["field"].as_array().unwrap().iter().map(|f| &f["dataType"]).collect();
    assert_eq!(types, ["sc:Integer", "sc:Float", "sc:Text", "sc:Boolean"]);
}

#[test]
fn the_graph_holds_every_node_and_edge_of_the_lineage() {
    let laboratory = open();
    let graph = export(&laboratory, "prov");
    let lineage = laboratory.signed_in("ines").get(&format!("{VERSION_PATH}/lineage")).body;
    let nodes = lineage["nodes"].as_array().unwrap();
    let entities = graph["entity"].as_object().unwrap();
    assert_eq!(entities.len(), nodes.len());
    for node in nodes {
        let found = entities.values().find(|entity| entity["dl:id"] == node["id"]).unwrap();
        assert_eq!(found["dl:digest"], node["digest"]);
    }
    let derived = graph["wasDerivedFrom"].as_object().unwrap();
    assert_eq!(derived.len(), lineage["edges"].as_array().unwrap().len());
    assert_eq!(graph["agent"]["dl:registrant"]["prov:label"], "dana");
}

#[test]
fn an_export_records_nothing_repeats_itself_and_is_not_for_everybody() {
    let laboratory = open();
    let size = laboratory.store.read(|tx| tx.head()).unwrap().size;
    for kind in StandardKind::ALL {
        let make = || export_standard(&laboratory.store, &host(), ("tablets", "1"), kind).unwrap();
        assert_eq!(make(), make());
        let path = format!("{VERSION_PATH}/exports/{}", kind.word());
        laboratory.stranger().get(&path).problem(401, "not_signed_in");
    }
    assert_eq!(laboratory.store.read(|tx| tx.head()).unwrap().size, size);
    let dana = laboratory.program();
    dana.get(&format!("{VERSION_PATH}/exports/spdx")).problem(404, "not_found");
    dana.get("/api/v1/models/tablets/versions/9/exports/prov").problem(404, "not_found");
}
