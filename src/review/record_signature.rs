//! A signature over the canonical bytes of any record: what a step of a version's life is signed with.

use super::identified::{Identified, PasskeyProof};
use super::signature::{Meaning, manifestation};
use super::{Error, Result};
use crate::access::account::Account;
use crate::access::provider::ProviderIdentity;
use crate::digest;
use serde::{Deserialize, Serialize};

/// Identifies the format of a signature over a record.
pub const RECORD_SIGNATURE_FORMAT: &str = "driftledger/record-signature/v1";

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SignedRecord {
    /// Its record table, for example `version_step`.
    pub table: String,
    /// Its id.
    pub id: String,
    /// SHA-256 of its canonical bytes.
    pub sha256: String,
}

/// The signature record: its canonical bytes are witnessed by the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecordSignature {
    /// Always [`RECORD_SIGNATURE_FORMAT`].
    pub format: String,
    /// Id.
    pub id: String,
    /// The record signed.
    pub record: SignedRecord,
    /// Who signed: user name, printed name, role.
    pub signer: Account,
    /// What it stands for.
    pub meaning: Meaning,
    /// When, UTC.
    pub signed_at: String,
    /// How the signer was identified, in words: what was entered or done for this signature.
    pub method: String,
    /// What the signer's passkey says; on every signature of somebody who has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<PasskeyProof>,
    /// Who the identity provider said the signer is, after a login for this signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderIdentity>,
}

impl RecordSignature {
    /// The signature of `signer` over the record `(table, id)` with these `bytes`, whose digest `shown_sha256` was on the screen.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] when the bytes are others than those shown.
    pub fn over(
        (table, id, bytes): (&str, &str, &[u8]),
        shown_sha256: &str,
        (signer, meaning): (Account, Meaning),
        (signature_id, signed_at, identified): (String, String, Identified),
    ) -> Result<Self> {
        let sha256 = digest::sha256_hex(bytes);
        if sha256 != shown_sha256 {
            return Err(Error::Changed);
        }
        Ok(Self {
            format: RECORD_SIGNATURE_FORMAT.to_owned(),
            id: signature_id,
            record: SignedRecord { table: table.to_owned(), id: id.to_owned(), sha256 },
            signer,
            meaning,
            signed_at,
            method: identified.method,
            passkey: identified.passkey,
            provider: identified.provider,
        })
    }

    /// How the signer was identified.
    pub fn identified(&self) -> Identified {
        Identified {
            method: self.method.clone(),
            passkey: self.passkey.clone(),
            provider: self.provider.clone(),
        }
    }

    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// The manifestation: the same words on screen, in print and in every export.
    pub fn manifestation(&self) -> String {
        manifestation((&self.signer, &self.signed_at), self.meaning, &self.record.sha256)
    }
}
