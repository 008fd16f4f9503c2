//! Tokens for programs. They never sign and never decide.

use serde::{Deserialize, Serialize};

/// What a token may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TokenScope {
    /// Posts batches and labels of one model version; nothing else.
    Source {
        /// Id of the model version.
        version_id: String,
    },
    /// Does its owner's draft work: registers, reads, sends batches.
    Personal,
}

impl TokenScope {
    /// What its text starts with, so that a leaked one can be recognised.
    pub fn prefix(&self) -> &'static str {
        match self {
            Self::Source { .. } => "dls_",
            Self::Personal => "dlp_",
        }
    }
}
