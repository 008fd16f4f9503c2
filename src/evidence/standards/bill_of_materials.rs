//! The version as a CycloneDX 1.6 bill of materials: the model, its files, its datasets, its code.
//!
//! Source: ECMA-424, <https://cyclonedx.org/docs/1.6/json/>.

use super::{RegisteredVersion, is_one_file};
use crate::digest::ContentDigest;
use crate::provenance::registration::{Dataset, NamedFile, Registration};
use serde_json::{Value, json};

/// Reference of the model within the document.
const MODEL: &str = "model";

/// The bill of materials of `version`.
pub fn bill_of_materials(version: &RegisteredVersion<'_>) -> Value {
    let registration = version.registration;
    let (mut components, mut dependencies) = (Vec::new(), Vec::new());
    let mut needed: Vec<String> = Vec::new();
    for (index, dataset) in registration.datasets.iter().enumerate() {
        let reference = format!("dataset-{index}");
        let parents: Vec<String> = (0..dataset.parents.len())
            .map(|parent| format!("{reference}-parent-{parent}"))
            .collect();
        components.push(dataset_component(&reference, dataset));
        components.extend(dataset.parents.iter().zip(&parents).map(|(table, reference)| {
            let contents = json!({"properties": [property("tdh1", table)]});
            json!({"type": "data", "bom-ref": reference, "name": format!("tdh1:{table}"),
                "data": [{"type": "dataset", "contents": contents}]})
        }));
        dependencies.push(json!({"ref": reference, "dependsOn": parents}));
        needed.push(reference);
    }
    let lock = registration.environment_lock.iter().map(|file| ("environment", file));
    for (index, (what, file)) in
        registration.preparation_code.iter().map(|file| ("code", file)).chain(lock).enumerate()
    {
        let reference = format!("{what}-{index}");
        components.push(file_component(&reference, file));
        needed.push(reference);
    }
    dependencies.insert(0, json!({"ref": MODEL, "dependsOn": needed}));
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": version.registered_at,
            "tools": {"components": [{"type": "application", "name": "driftledger"}]},
            "component": model_component(registration),
            "properties": [
                property("registration_sha256", version.content_sha256),
                property("ledger", version.ledger),
                property("ledger_entry", &version.entry.to_string()),
            ],
        },
        "components": components,
        "dependencies": dependencies,
    })
}

fn model_component(registration: &Registration) -> Value {
    let files = registration.artifacts.iter().enumerate();
    let files: Vec<Value> =
        files.map(|(index, file)| file_component(&format!("artifact-{index}"), file)).collect();
    let datasets: Vec<Value> = (0..registration.datasets.len())
        .map(|index| json!({"ref": format!("dataset-{index}")}))
        .collect();
    let parameters = registration
        .parameters
        .iter()
        .map(|(name, value)| property(&format!("parameter:{name}"), value));
    let revision = registration.code_revision.iter().map(|text| property("code_revision", text));
    let parent = registration.parent_version.iter().map(|text| property("parent_version", text));
    let properties: Vec<Value> = parameters.chain(revision).chain(parent).collect();
    let mut card = json!({"modelParameters": {"datasets": datasets}, "properties": properties});
    if let Some(use_) = &registration.intended_use {
        card["considerations"] = json!({"useCases": [use_]});
    }
    json!({"type": "machine-learning-model", "bom-ref": MODEL, "name": registration.model,
        "version": registration.version, "components": files, "modelCard": card})
}

fn dataset_component(reference: &str, dataset: &Dataset) -> Value {
    let print = &dataset.fingerprint;
    let properties = [
        property("role", dataset.role.word()),
        property("rows", &print.rows.to_string()),
        property("tdh1", &print.table.table),
    ];
    let data =
        json!([{"type": "dataset", "name": print.name, "contents": {"properties": properties}}]);
    let mut component =
        json!({"type": "data", "bom-ref": reference, "name": print.name, "data": data});
    if is_one_file(dataset) {
        component["hashes"] = hashes(&print.content);
    } else {
        let files = print.files.iter().enumerate();
        let files: Vec<Value> = files
            .map(|(index, file)| file_component(&format!("{reference}-file-{index}"), file))
            .collect();
        component["components"] = json!(files);
    }
    component
}

fn file_component(reference: &str, file: &NamedFile) -> Value {
    json!({"type": "file", "bom-ref": reference, "name": file.name, "hashes": hashes(&file.content)})
}

fn hashes(content: &ContentDigest) -> Value {
    json!([{"alg": "SHA-256", "content": content.sha256}, {"alg": "BLAKE3", "content": content.blake3}])
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": format!("driftledger:{name}"), "value": value})
}
