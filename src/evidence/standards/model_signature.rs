//! The model's files as an OpenSSF Model Signing statement, to be signed and verified beside the files.
//!
//! Source: <https://model_signing/signature/v1.0>, as written and read by `model_signing` 1.1.

use super::RegisteredVersion;
use crate::digest::sha256_hex;
use serde_json::{Value, json};

/// The statement: every file of the model with its SHA-256, and one digest over all of them.
///
/// Names are relative to the folder that holds the files: where all of them were registered in one folder, that folder. Verifiers
/// leave out what git keeps, as the signers of this format do, and refuse every other file that is not listed.
pub fn model_statement(version: &RegisteredVersion<'_>) -> Value {
    let registration = version.registration;
    let names: Vec<&str> = registration.artifacts.iter().map(|file| file.name.as_str()).collect();
    let folder = common_folder(&names);
    let start = folder.map_or(0, |folder| folder.len() + 1);
    let mut files: Vec<(&str, &str)> = registration
        .artifacts
        .iter()
        .map(|file| (&file.name[start..], file.content.sha256.as_str()))
        .collect();
    files.sort_unstable();
    let digests: Vec<u8> =
        files.iter().flat_map(|(_, sha256)| hex::decode(sha256).unwrap_or_default()).collect();
    let resource = |(name, sha256): &(&str, &str)| json!({"name": name, "algorithm": "sha256", "digest": sha256});
    let own = format!("{}-{}", registration.model, registration.version);
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": folder.unwrap_or(&own), "digest": {"sha256": sha256_hex(&digests)}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": false,
                "ignore_paths": [".git", ".gitattributes", ".github", ".gitignore"],
            },
            "resources": files.iter().map(resource).collect::<Vec<_>>(),
        },
    })
}

/// The folder that all names start with, if there is one.
fn common_folder<'a>(names: &[&'a str]) -> Option<&'a str> {
    let (folder, _) = names.first()?.split_once('/')?;
    let inside = |name: &&str| name.split_once('/').is_some_and(|(first, _)| first == folder);
    names.iter().all(inside).then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_of_all_files_is_left_out_of_their_names() {
        assert_eq!(common_folder(&["m/a", "m/b/c"]), Some("m"));
        assert_eq!(common_folder(&["m/a", "b"]), None);
        assert_eq!(common_folder(&["m/a", "mm/b"]), None);
        assert_eq!(common_folder(&["model.bin"]), None);
        assert_eq!(common_folder(&[]), None);
    }
}
