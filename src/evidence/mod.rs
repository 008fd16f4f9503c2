//! Evidence packs: write, open, verify. Proof needs no server.
//!
//! - A [`pack`] is one zip file with a [`manifest`]: leaves, bodies, record rows, proofs, and copies to read.
//! - [`verify`](mod@verify) takes such a file and a public key, and names everything that is wrong with it.
//! - [`examine`] holds records against each other: reports are computed again, monitors frozen again, signatures and
//!   decisions compared. It works on a pack and on a store alike.
//! - [`story`] is the page that tells a pack from registration to decision; [`tables`] its rows for other tools; [`prediction`] one row of
//!   one batch.
//! - [`printable`] and [`printable_study`] render what a person reads; [`copies`] says which record has which copy.
//! - [`disposed`] tells which stored files went by which signed record, [`redacted`] which values of records.
//! - [`standards`] says what was registered in the words of other tools.
//!
//! Must not know: the store, HTTP, who is signed in. Start with [`manifest`], then [`verify`](mod@verify).

pub mod assessment;
pub mod copies;
pub mod disposed;
pub mod examine;
mod invalid_batches;
pub mod manifest;
pub mod pack;
pub mod pdf;
pub mod prediction;
pub mod printable;
pub mod printable_study;
pub mod qr;
pub mod readme;
pub mod record_copy;
pub mod records;
pub mod redacted;
pub mod scope;
pub mod shape;
pub mod standards;
pub mod story;
pub mod story_acts;
pub mod tables;
pub mod told_keys;
pub mod verify;

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
    /// The file is no pack.
    #[error("this is not an evidence pack: {detail}")]
    NotAPack {
        /// What was found.
        detail: String,
    },
    /// One file of the pack cannot be read.
    #[error("`{name}` in the pack cannot be read: {detail}")]
    Unreadable {
        /// The file.
        name: String,
        /// Why.
        detail: String,
    },
    /// The archive cannot be written.
    #[error("the pack cannot be written")]
    Archive(#[from] zip::result::ZipError),
    /// A file of this machine cannot be read or written.
    #[error("the pack's bytes cannot be read or written")]
    File(#[source] std::io::Error),
    /// The checkpoint to put into a pack is not valid.
    #[error(transparent)]
    Ledger(#[from] crate::ledger::Error),
}

/// `Result` of this room.
pub type Result<T> = std::result::Result<T, Error>;
