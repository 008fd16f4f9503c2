//! What the version was made from, as an in-toto statement with SLSA provenance: the payload of a signed envelope.
//!
//! Sources: <https://in-toto.io/Statement/v1>, <https://slsa.dev/spec/v1.0/provenance>.

use super::{RegisteredVersion, is_one_file};
use crate::digest::ContentDigest;
use crate::provenance::registration::{Dataset, DatasetRole, NamedFile};
use serde_json::{Value, json};

/// Type of the payload in its envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The statement: its subjects are the model's files; what they were made from are the datasets that shaped the model, its code
/// and its environment. Test and reference data shaped nothing and are left out.
pub fn training_statement(version: &RegisteredVersion<'_>) -> Value {
    let registration = version.registration;
    let subjects: Vec<Value> = registration.artifacts.iter().map(file_descriptor).collect();
    let run = version.origin.and_then(|origin| origin.run.as_ref());
    let mut metadata = json!({});
    if let Some((id, _, _)) = run {
        metadata["invocationId"] = json!(id);
    }
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "urn:driftledger:training:v1",
                "externalParameters": {
                    "model": registration.model,
                    "version": registration.version,
                    "parameters": registration.parameters,
                },
                "internalParameters": {
                    "registration_sha256": version.content_sha256,
                    "ledger": version.ledger,
                    "ledger_entry": version.entry,
                },
                "resolvedDependencies": dependencies(version),
            },
            "runDetails": {"builder": {"id": "urn:driftledger:as-registered"}, "metadata": metadata},
        },
    })
}

fn dependencies(version: &RegisteredVersion<'_>) -> Vec<Value> {
    let registration = version.registration;
    let shaping = |dataset: &&Dataset| {
        matches!(dataset.role, DatasetRole::Train | DatasetRole::Tune | DatasetRole::Validate)
    };
    let mut found: Vec<Value> =
        registration.datasets.iter().filter(shaping).flat_map(dataset_descriptors).collect();
    found.extend(registration.preparation_code.iter().map(file_descriptor));
    found.extend(registration.code_revision.iter().map(|revision| code_descriptor(revision)));
    found.extend(registration.environment_lock.iter().map(file_descriptor));
    found
}

/// The table by its digests, then each of its files if they are many.
fn dataset_descriptors(dataset: &Dataset) -> Vec<Value> {
    let print = &dataset.fingerprint;
    let mut digest = json!({"tdh1": print.table.table});
    if is_one_file(dataset) {
        digest["sha256"] = json!(print.content.sha256);
        digest["blake3"] = json!(print.content.blake3);
    }
    let annotations = json!({"role": dataset.role.word(), "rows": print.rows});
    let table = json!({"name": print.name, "digest": digest, "annotations": annotations});
    std::iter::once(table).chain(print.files.iter().map(file_descriptor)).collect()
}

/// A revision that is a whole git object id is a digest; another one is only a name.
fn code_descriptor(revision: &str) -> Value {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if matches!(revision.len(), 40 | 64) && revision.bytes().all(is_digit) {
        return json!({"name": "code", "digest": {"gitCommit": revision}});
    }
    json!({"name": "code", "annotations": {"revision": revision}})
}

fn file_descriptor(file: &NamedFile) -> Value {
    let ContentDigest { sha256, blake3, .. } = &file.content;
    json!({"name": file.name, "digest": {"sha256": sha256, "blake3": blake3}})
}
