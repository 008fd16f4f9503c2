//! The configuration of a version: everything that decides what it computes, as one digest.
//!
//! Model files, preparation code, lock file of the environment, parameters, declaration of the columns with its thresholds: all of it
//! stands in the registration, so that the fingerprint follows from what was approved. Whoever deploys the version computes the same
//! digest from the files that are really there and sends it with every batch.

use super::registration::{NamedFile, Registration};
use super::{Error, Result};
use crate::dataset::schema::TableSchema;
use crate::digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Identifies the format of a configuration.
pub const CONFIGURATION_FORMAT: &str = "driftledger/configuration/v1";

/// What decides the outputs. Its canonical bytes are digested: SHA-256 is the fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Always [`CONFIGURATION_FORMAT`].
    pub format: String,
    /// SHA-256 of every model file, by name.
    pub artifacts: BTreeMap<String, String>,
    /// SHA-256 of every file of the preparation code, by name.
    pub preparation_code: BTreeMap<String, String>,
    /// SHA-256 of the lock file of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_lock_sha256: Option<String>,
    /// Parameters, as text.
    pub parameters: BTreeMap<String, String>,
    /// SHA-256 of the canonical declaration of the columns: types, units, ranges, the undecided zone of scores.
    pub schema_sha256: String,
}

/// The files and values that a configuration is made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// Model files.
    pub artifacts: &'a [NamedFile],
    /// Files of the preparation code.
    pub preparation_code: &'a [NamedFile],
    /// Lock file of the environment.
    pub environment_lock: Option<&'a NamedFile>,
    /// Parameters.
    pub parameters: &'a BTreeMap<String, String>,
    /// Declaration of the columns.
    pub schema: &'a TableSchema,
}

impl Configuration {
    /// The configuration that these files and values are.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn new(parts: Parts<'_>) -> Result<Self> {
        let by_name = |files: &[NamedFile]| {
            files.iter().map(|file| (file.name.clone(), file.content.sha256.clone())).collect()
        };
        Ok(Self {
            format: CONFIGURATION_FORMAT.to_owned(),
            artifacts: by_name(parts.artifacts),
            preparation_code: by_name(parts.preparation_code),
            environment_lock_sha256: parts.environment_lock.map(|f| f.content.sha256.clone()),
            parameters: parts.parameters.clone(),
            schema_sha256: digest::sha256_hex(&digest::canonical_json(parts.schema)?),
        })
    }

    /// The configuration that a version is registered with.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn of(registration: &Registration) -> Result<Self> {
        Self::new(Parts {
            artifacts: &registration.artifacts,
            preparation_code: &registration.preparation_code,
            environment_lock: registration.environment_lock.as_ref(),
            parameters: &registration.parameters,
            schema: &registration.schema,
        })
    }

    /// SHA-256 of the canonical bytes, in hexadecimal.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn fingerprint(&self) -> Result<String> {
        Ok(digest::sha256_hex(&digest::canonical_json(self)?))
    }
}

/// How the configuration that produced a batch stands to the registered one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConfigurationMatch {
    /// The same.
    Same,
    /// Another one.
    Other,
    /// Its sender did not say.
    NotStated,
}

/// The configuration that produced a batch, held against the registered one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConfigurationCheck {
    /// Fingerprint of the registered configuration.
    pub registered: String,
    /// Fingerprint that came with the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<String>,
    /// What comes of it.
    pub outcome: ConfigurationMatch,
}

impl ConfigurationCheck {
    /// Holds the fingerprint `stated` against the registered one. What was not stated is not taken for the same.
    pub fn of(registered: String, stated: Option<String>) -> Self {
        let outcome = match &stated {
            None => ConfigurationMatch::NotStated,
            Some(stated) if *stated == registered => ConfigurationMatch::Same,
            Some(_) => ConfigurationMatch::Other,
        };
        Self { registered, stated, outcome }
    }

    /// What a reader of the report must know; nothing where it is the registered one.
    pub fn sentence(&self) -> Option<String> {
        match (self.outcome, &self.stated) {
            (ConfigurationMatch::Other, Some(stated)) => Some(format!(
                "the batch was produced with another configuration than the registered one: stated `{stated}`, registered `{}`; \
                 its predictions are not those of this version",
                self.registered
            )),
            (ConfigurationMatch::NotStated, _) => Some(
                "its sender did not state the configuration that produced it, so nobody can tell whether it is the registered one"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// Checks that `text` can be a fingerprint: 64 lowercase hexadecimal digits.
///
/// # Errors
///
/// [`Error::Fingerprint`].
pub fn check_fingerprint(text: &str) -> Result<()> {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if text.len() == 64 && text.bytes().all(is_digit) {
        return Ok(());
    }
    Err(Error::Fingerprint { found: text.chars().take(100).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::ContentDigest;

    fn file(name: &str, text: &str) -> NamedFile {
        NamedFile { name: name.to_owned(), content: ContentDigest::of(text.as_bytes()) }
    }

    fn fingerprint(artifact: &str, preparation: &str, lock: Option<&str>, depth: &str) -> String {
        let schema = TableSchema::parse(
            br#"{"schema":"driftledger/schema/v1","columns":[{"name":"x","role":"feature","type":"float","kind":"continuous"}]}"#,
        )
        .unwrap();
        let lock = lock.map(|text| file("uv.lock", text));
        let parts = Parts {
            artifacts: &[file("a.bin", artifact), file("b.bin", "same")],
            preparation_code: &[file("prepare.py", preparation)],
            environment_lock: lock.as_ref(),
            parameters: &BTreeMap::from([("depth".to_owned(), depth.to_owned())]),
            schema: &schema,
        };
        Configuration::new(parts).unwrap().fingerprint().unwrap()
    }

    #[test] // REQ-A22d-10.2
    fn any_part_that_changes_changes_the_fingerprint() {
        let approved = fingerprint("w", "p", Some("l"), "6");
        check_fingerprint(&approved).unwrap();
        assert_eq!(approved, fingerprint("w", "p", Some("l"), "6"));
        for other in [
            fingerprint("v", "p", Some("l"), "6"),
            fingerprint("w", "q", Some("l"), "6"),
            fingerprint("w", "p", Some("k"), "6"),
            fingerprint("w", "p", None, "6"),
            fingerprint("w", "p", Some("l"), "7"),
        ] {
            assert_ne!(approved, other);
        }
    }

    #[test]
    fn what_is_not_stated_is_not_taken_for_the_same() {
        let check = |stated: Option<&str>| {
            let check = ConfigurationCheck::of("a".to_owned(), stated.map(ToOwned::to_owned));
            (check.outcome, check.sentence().is_some())
        };
        assert_eq!(check(Some("a")), (ConfigurationMatch::Same, false));
        assert_eq!(check(Some("b")), (ConfigurationMatch::Other, true));
        assert_eq!(check(None), (ConfigurationMatch::NotStated, true));
        for wrong in ["", "abc", &"A".repeat(64), &"g".repeat(64), &"a".repeat(65)] {
            assert!(check_fingerprint(wrong).is_err(), "{wrong}");
        }
    }
}
