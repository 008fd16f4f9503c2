//! The judgement of one batch: reference, policy, monitor, assessment, report, comparison, episode.
//!
//! Must not know: HTTP, SQL, who is signed in. Start with [`reference`](mod@reference) (what is frozen), [`policy`] (what is
//! tolerated, and why), [`monitor`] (both together: the score cards), then [`assess`](mod@assess) (one batch into one
//! verdict) and [`report`] (what is stored of it).

pub mod acceptance;
pub mod accumulate;
pub mod assess;
pub mod attribution;
pub mod batch_pair;
pub mod chart;
pub mod compare;
pub mod contributions;
mod design;
pub mod episode;
pub mod groups;
mod judged;
pub mod monitor;
pub mod notices;
pub mod peer_rules;
pub mod performance;
pub mod policy;
pub mod promise;
pub mod quantile_plot;
pub mod reference;
pub mod reference_move;
pub mod report;
pub mod score_cards;
pub mod segments;
pub mod sentence;
pub mod shown;
pub mod silence;
pub mod simulation;
pub mod study;

/// Why a batch cannot be judged at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table is not readable as declared.
    #[error(transparent)]
    Dataset(#[from] crate::dataset::Error),
    /// A record that should fit another does not.
    #[error("{what} does not fit: {detail}")]
    Mismatch {
        /// Which record.
        what: &'static str,
        /// What differs.
        detail: String,
    },
    /// A value has no canonical JSON.
    #[error(transparent)]
    Digest(#[from] crate::digest::Error),
}

/// `Result` of this room.
pub type Result<T> = std::result::Result<T, Error>;
