//! Evidence packs: write, open, verify. Proof needs no server.

/// What can be wrong with a pack.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A document could not be rendered.
    #[error("document could not be rendered: {detail}")]
    Render {
        /// What failed.
        detail: String,
    },
}
