//! What a model version is and where it came from: registration, datasets, artifacts, lineage.
//!
//! Must not know: HTTP, SQL, drift. Start with [`registration`] (the document that registers a version), then [`lineage`]; what
//! training code reports is in [`run`] and [`artifact`]; what people say a version is for, in [`model_record`].

pub mod artifact;
pub mod configuration;
pub mod lineage;
pub mod model_record;
pub mod openlineage;
pub mod overlap;
pub mod registration;
pub mod risk;
pub mod run;
pub mod version_difference;

/// Why a version cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text that is no fingerprint of a configuration.
    #[error(
        "`{found}` is no fingerprint of a configuration; expected the 64 lowercase hexadecimal digits that `driftledger \
         configuration` prints, or leave it out"
    )]
    Fingerprint {
        /// As sent.
        found: String,
    },
    /// A name that cannot be one.
    #[error(
        "{what} `{found}` cannot be used; use 1 to 100 letters, digits, `.`, `-` or `_`, starting with a letter or digit"
    )]
    Name {
        /// Which name.
        what: &'static str,
        /// As typed.
        found: String,
    },
    /// Something a registration must hold is missing.
    #[error("registration has no {what}; {hint}")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// Data the model is measured or monitored by hold training rows, and nobody says why that is right.
    #[error(
        "{}; remove those rows, or say in at least {least} characters why they may stay (`--overlap-justification`)",
        found.join("; ")
    )]
    Overlap {
        /// What was found, a sentence each.
        found: Vec<String>,
        /// Fewest characters of a justification.
        least: usize,
    },
    /// An overlap with a dataset that is not in the registration, or with more rows than it has.
    #[error(
        "registration states an overlap of {role} dataset `{table}`, which it does not hold or which has fewer rows; make it anew"
    )]
    OverlapOfNothing {
        /// Role stated.
        role: &'static str,
        /// `tdh1` stated.
        table: String,
    },
    /// The format is not ours.
    #[error("{what} has format `{found}`, expected `{expected}`")]
    Format {
        /// Which document.
        what: &'static str,
        /// Format found.
        found: String,
        /// Format expected.
        expected: &'static str,
    },
    /// Other content under a version that exists.
    #[error(
        "`{model}` version `{version}` is registered with other content (differs in {}); register it as a new version",
        differs.join(", ")
    )]
    VersionTaken {
        /// Model name.
        model: String,
        /// Version.
        version: String,
        /// Parts that differ.
        differs: Vec<String>,
    },
    /// A draft version that cannot be taken up.
    #[error("draft {number} of `{model}` {detail}")]
    Draft {
        /// Model name.
        model: String,
        /// Number of the draft.
        number: u64,
        /// Why not, and what to do.
        detail: String,
    },
    /// A model record that does not fit its version.
    #[error("the model record {detail}")]
    Record {
        /// What was found, what was expected.
        detail: String,
    },
    /// A path that cannot name a kept file.
    #[error("`{found:.200}` cannot name a file here, expected {expected}")]
    ArtifactPath {
        /// As sent.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A lineage event that is none.
    #[error("lineage event {number} is not valid: {detail}")]
    LineageEvent {
        /// Which of the request, from 1.
        number: usize,
        /// What was found and what was expected.
        detail: String,
    },
    /// A value has no canonical JSON.
    #[error(transparent)]
    Digest(#[from] crate::digest::Error),
}

/// `Result` of this room.
pub type Result<T> = std::result::Result<T, Error>;
