//! Telling people outside: what is told, to whom, and how it is sent.
//!
//! Must not know: SQL, models, alerts. A notice is put into the outbox in the transaction of the act it tells of, and sent
//! afterwards. Start with [`notice`], then [`target`]; [`webhook`] and [`mail`] send.

pub mod mail;
pub mod notice;
pub mod target;
pub mod webhook;

/// Why a target cannot be kept, or a notice was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A target that cannot be one.
    #[error("`{field}` of the target is `{found}`; {expected}")]
    Target {
        /// The field.
        field: &'static str,
        /// As given.
        found: String,
        /// What is expected.
        expected: &'static str,
    },
    /// The receiver could not be reached, was too slow, or did not take the notice.
    #[error("{0}")]
    NotDelivered(String),
}

/// `Result` of this room.
pub type Result<T> = std::result::Result<T, Error>;
