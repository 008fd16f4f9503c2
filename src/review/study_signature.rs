//! The signature of a Phase I study: the same act as on a decision, over the canonical bytes of the study.

use super::identified::{Identified, PasskeyProof};
use super::signature::{Meaning, manifestation};
use super::{Error, Result};
use crate::access::account::Account;
use crate::access::provider::ProviderIdentity;
use crate::digest;
use serde::{Deserialize, Serialize};

/// Identifies the format of the signature of a study.
pub const STUDY_SIGNATURE_FORMAT: &str = "driftledger/study-signature/v1";

/// The signature record: its canonical bytes are witnessed by the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StudySignature {
    /// Always [`STUDY_SIGNATURE_FORMAT`].
    pub format: String,
    /// Id.
    pub id: String,
    /// The study signed.
    pub study: String,
    /// SHA-256 of its canonical bytes.
    pub study_sha256: String,
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

impl StudySignature {
    /// The signature of `signer` over the `study` (id and bytes), whose digest `shown_sha256` was on the screen.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] when the bytes are others than those shown.
    pub fn over(
        study: (&str, &[u8]),
        shown_sha256: &str,
        signer: Account,
        (id, signed_at): (String, String),
        identified: Identified,
    ) -> Result<Self> {
        let study_sha256 = digest::sha256_hex(study.1);
        if study_sha256 != shown_sha256 {
            return Err(Error::Changed);
        }
        Ok(Self {
            format: STUDY_SIGNATURE_FORMAT.to_owned(),
            id,
            study: study.0.to_owned(),
            study_sha256,
            signer,
            meaning: Meaning::ApprovesStudy,
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
        manifestation((&self.signer, &self.signed_at), self.meaning, &self.study_sha256)
    }
}
