//! What was registered, in the words of other tools: CycloneDX, in-toto, PROV, Croissant, OpenSSF Model Signing.
//!
//! Each document is a function of stored records alone: the same records give the same bytes, and nothing stands in it that was
//! not sent. How each field is filled is in `docs/STANDARDS.md`. Start with [`StandardKind`].

pub mod bill_of_materials;
pub mod datasets_card;
pub mod decision_statement;
pub mod lineage_graph;
pub mod model_signature;
pub mod training_statement;

use crate::provenance::registration::{Dataset, Registration};
use crate::provenance::run::Origin;

/// A document of a version for other tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandardKind {
    /// CycloneDX 1.6 bill of materials of a model, JSON.
    CycloneDx,
    /// in-toto Statement v1 with SLSA provenance v1, in a signed DSSE envelope.
    InToto,
    /// The lineage graph as W3C PROV-JSON.
    Prov,
    /// The datasets as Croissant 1.0 JSON-LD.
    Croissant,
    /// The files as OpenSSF Model Signing bundle, signed by the P-256 key.
    ModelSignature,
}

impl StandardKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::CycloneDx, Self::InToto, Self::Prov, Self::Croissant, Self::ModelSignature];

    /// The word used in addresses and arguments.
    pub fn word(self) -> &'static str {
        match self {
            Self::CycloneDx => "cyclonedx",
            Self::InToto => "in-toto",
            Self::Prov => "prov",
            Self::Croissant => "croissant",
            Self::ModelSignature => "model-signature",
        }
    }

    /// The kind of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Media type of the document.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::CycloneDx => "application/vnd.cyclonedx+json; version=1.6",
            Self::InToto | Self::Prov => "application/json",
            Self::Croissant => "application/ld+json",
            Self::ModelSignature => "application/vnd.dev.sigstore.bundle.v0.3+json",
        }
    }
}

/// A registered version and where the ledger witnesses it.
#[derive(Clone, Copy, Debug)]
pub struct RegisteredVersion<'a> {
    /// Its registration.
    pub registration: &'a Registration,
    /// When it was registered, UTC.
    pub registered_at: &'a str,
    /// SHA-256 of the canonical registration.
    pub content_sha256: &'a str,
    /// Name of the ledger.
    pub ledger: &'a str,
    /// Ledger entry of the registration.
    pub entry: u64,
    /// What training code said it came out of.
    pub origin: Option<&'a Origin>,
}

/// Whether the digests of a dataset's bytes are those of one file; of many files, they are those of a list, and each file has its own.
fn is_one_file(dataset: &Dataset) -> bool {
    dataset.fingerprint.files.is_empty()
}
