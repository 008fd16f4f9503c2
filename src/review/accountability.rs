//! What a person signs before any other signature: the statement of accountability, word for word.

use super::Result;
use crate::access::account::Account;
use crate::digest;
use serde::{Deserialize, Serialize};

/// Identifies the format of an acceptance.
pub const ACCEPTANCE_FORMAT: &str = "driftledger/accountability-acceptance/v1";

/// The acceptance of a statement of accountability by one person: its canonical bytes are signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountabilityAcceptance {
    /// Always [`ACCEPTANCE_FORMAT`].
    pub format: String,
    /// Who accepts it.
    pub account: Account,
    /// The statement as it was in force.
    pub statement: String,
    /// SHA-256 of the statement.
    pub statement_sha256: String,
}

impl AccountabilityAcceptance {
    /// What `account` signs to accept `statement`.
    pub fn new(account: Account, statement: &str) -> Self {
        Self {
            format: ACCEPTANCE_FORMAT.to_owned(),
            account,
            statement: statement.to_owned(),
            statement_sha256: digest::sha256_hex(statement.as_bytes()),
        }
    }

    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`super::Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }
}
