//! Evidence packs: write, open, verify. Proof needs no server.

pub mod printable;

/// What can be wrong with a pack.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A document could not be rendered.
    #[error("document could not be rendered: {detail}")]
    Render {
        /// What failed.
        detail: String,
    },
    /// A value has no canonical JSON.
    #[error(transparent)]
    Digest(#[from] crate::digest::Error),
}

/// `Result` of this room.
pub type Result<T> = std::result::Result<T, Error>;
