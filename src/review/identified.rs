//! How a signer was identified, as every signature record keeps it: in words, with what the signer's passkey or the identity
//! provider proves.
//!
//! A passkey signs a [`PasskeyStatement`]: its challenge is the SHA-256 of the statement's canonical JSON (RFC 8785), which is
//!
//! ```text
//! {"format":"driftledger/passkey-statement/v1","meaning":"approved","record_sha256":"<64 hex>","signer":"<account id>"}
//! ```
//!
//! `record_sha256` is the digest of the canonical bytes of the record on the screen, so that neither the record nor the meaning nor the
//! signer can be exchanged by whoever has the server.

use super::Result;
use super::signature::Meaning;
use crate::access::passkey::{Assertion, PasskeyKey};
use crate::access::provider::ProviderIdentity;
use crate::digest;
use serde::{Deserialize, Serialize};

/// Identifies the format of what a passkey signs.
pub const PASSKEY_STATEMENT_FORMAT: &str = "driftledger/passkey-statement/v1";

/// What a passkey signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PasskeyStatement {
    /// Always [`PASSKEY_STATEMENT_FORMAT`].
    pub format: String,
    /// SHA-256 of the canonical bytes of the record.
    pub record_sha256: String,
    /// What the signature stands for.
    pub meaning: Meaning,
    /// Account id of the signer.
    pub signer: String,
}

impl PasskeyStatement {
    /// The statement of `signer` (an account id) about a record.
    pub fn new(record_sha256: &str, meaning: Meaning, signer: &str) -> Self {
        Self {
            format: PASSKEY_STATEMENT_FORMAT.to_owned(),
            record_sha256: record_sha256.to_owned(),
            meaning,
            signer: signer.to_owned(),
        }
    }

    /// The challenge: SHA-256 of the canonical bytes.
    ///
    /// # Errors
    ///
    /// [`super::Error::Digest`].
    ///
    /// ```
    /// use driftledger::review::identified::PasskeyStatement;
    /// use driftledger::review::signature::Meaning;
    /// let statement = PasskeyStatement::new(&"0".repeat(64), Meaning::Approved, "ac_1");
    /// assert_eq!(statement.challenge().unwrap()[..2], [0xf1, 0x81]);
    /// ```
    pub fn challenge(&self) -> Result<[u8; 32]> {
        Ok(digest::sha256(&digest::canonical_json(self)?))
    }
}

/// What a passkey proves about a signature, to be judged without this program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PasskeyProof {
    /// Id of the passkey's record.
    pub passkey: String,
    /// Its public key and the site it is bound to.
    pub key: PasskeyKey,
    /// What it signed.
    pub statement: PasskeyStatement,
    /// The authenticator's answer.
    pub assertion: Assertion,
}

impl PasskeyProof {
    /// Whether the assertion is one of the key about the statement.
    ///
    /// # Errors
    ///
    /// What does not fit, in words.
    pub fn check(&self) -> std::result::Result<(), String> {
        if self.statement.format != PASSKEY_STATEMENT_FORMAT {
            return Err(format!("the format `{}` is not known", self.statement.format));
        }
        let challenge = self.statement.challenge().map_err(|error| error.to_string())?;
        self.assertion.check(&self.key, &challenge).map_err(|error| error.to_string())
    }
}

/// How a signer was identified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// In words: what the signer entered or did for this signature.
    pub method: String,
    /// What the signer's passkey says; on every signature of somebody who has one.
    pub passkey: Option<PasskeyProof>,
    /// Who the identity provider said the signer is, after a login for this signature.
    pub provider: Option<ProviderIdentity>,
}

impl Identified {
    /// By something that leaves no proof of its own.
    pub fn by(method: &str) -> Self {
        Self { method: method.to_owned(), passkey: None, provider: None }
    }
}
