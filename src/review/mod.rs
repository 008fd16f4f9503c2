//! What people conclude: decision, signature; how many predictions they must review, and whether they agree with the model.
//!
//! Must not know: HTTP, SQL, sessions. Start with [`decision`], then [`signature`]; [`plan`] and [`concordance`] stand alone.

pub mod concordance;
pub mod decision;
pub mod plan;
pub mod signature;

/// Why a conclusion cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text that must say something is empty.
    #[error("`{field}` is empty; {hint}")]
    Empty {
        /// Which field.
        field: &'static str,
        /// What to write.
        hint: &'static str,
    },
    /// A code that does not exist.
    #[error("`{found}` is not a {what}; expected one of {expected}")]
    UnknownCode {
        /// What kind of code.
        what: &'static str,
        /// As typed.
        found: String,
        /// All codes.
        expected: String,
    },
    /// The decision needs a remedial action, or must not have one.
    #[error("decision `{code}` needs a remedial action with owner and due date")]
    NeedsAction {
        /// The decision code.
        code: &'static str,
    },
    /// The bytes to sign are not the bytes that were shown.
    #[error("the decision changed since it was shown; read it again before signing")]
    Changed,
    /// The step does not fit the state of the episode.
    #[error("the episode is {found}; {action} needs it to be {expected}")]
    WrongState {
        /// State found.
        found: &'static str,
        /// The step.
        action: &'static str,
        /// State expected.
        expected: &'static str,
    },
    /// A claim that no review plan supports.
    #[error("there is no such review plan: {0}")]
    Plan(#[from] crate::statistics::Error),
    /// A value has no canonical JSON.
    #[error(transparent)]
    Digest(#[from] crate::digest::Error),
}

/// `Result` of this room.
pub type Result<T> = std::result::Result<T, Error>;
