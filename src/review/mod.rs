//! What people conclude: decision, signature, the steps of a version's life; how many predictions they must review, and whether they agree with the model.
//!
//! Must not know: HTTP, SQL, sessions. Start with [`decision`], then [`signature`]; the life of a version is in
//! [`life_cycle`] (the table), [`completeness`] (what is missing) and [`step_sheet`] (what is signed); [`change_record`] says what
//! changed since the version before, [`reference_proposal`] with which other reference or policy batches are to be judged. The life of an alert is in [`episode_cycle`], [`effectiveness`] and [`episode_sheet`].
//! Predictions that people look at are drawn by [`draw`] into a [`review_sample`], answered ([`review_answer`]) and summed up
//! ([`review_figures`], [`review_result`]); a part of them is read twice ([`reading`], [`reader_agreement`]), and predicted numbers are held
//! against the reviewer's within a tolerance ([`number_figures`]). [`plan`], [`concordance`] and [`periodic_review`] (with [`review_kind`]) stand alone; so do
//! [`batch_invalidation`] and [`test_run_invalidation`], the decisions that a batch or a test run counts for nothing, [`incident`] and [`drill`]. How long stored files are kept is [`retention`]; [`legal_hold`] keeps
//! them longer, and [`disposal`] is what removes them. [`redaction`] is what takes personal data out of a record.

pub mod accountability;
pub mod batch_invalidation;
pub mod change_record;
pub mod completeness;
pub mod concordance;
pub mod decision;
pub mod disposal;
pub mod draw;
pub mod drill;
pub mod due;
pub mod effectiveness;
pub mod episode_cycle;
pub mod episode_sheet;
pub mod file_kind;
pub mod identified;
pub mod incident;
pub mod incident_cycle;
pub mod indicators;
pub mod legal_hold;
pub mod life_cycle;
pub mod number_figures;
pub mod periodic_review;
pub mod plan;
pub mod qualification;
pub mod reader_agreement;
pub mod reading;
pub mod record_signature;
pub mod redaction;
pub mod reference_proposal;
pub mod retention;
pub mod review_answer;
pub mod review_figures;
pub mod review_kind;
pub mod review_result;
pub mod review_sample;
pub mod signature;
#[cfg(test)]
mod specimen;
pub mod step_sheet;
pub mod study_signature;
pub mod test_run_invalidation;
pub mod trail_seen;

/// Why a conclusion cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A qualification run that does not say what it must.
    #[error("the qualification run does not hold: {reason}")]
    Qualification {
        /// What is wrong.
        reason: String,
    },
    /// A periodic review that does not say what it must.
    #[error("the periodic review does not hold: {reason}")]
    PeriodicReview {
        /// What is wrong.
        reason: String,
    },
    /// A decision that a batch or a test run is invalid which does not say what it must.
    #[error("the invalidation does not hold: {reason}")]
    Invalidation {
        /// What is wrong.
        reason: String,
    },
    /// An incident that does not say what it must.
    #[error("the incident does not hold: {reason}")]
    Incident {
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Indicators for no period, or that do not agree with themselves.
    #[error("the indicators do not hold: {reason}")]
    Indicators {
        /// What is wrong.
        reason: String,
    },
    /// A continuity drill that does not say what it must.
    #[error("the drill does not hold: {reason}")]
    Drill {
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A retention policy that cannot be in force.
    #[error("the retention policy does not hold: {reason}")]
    Retention {
        /// What is wrong, and what is expected.
        reason: String,
    },
    /// A disposal, or the lifting of a legal hold, that does not say what it must, or names a file that may not go.
    #[error("it cannot be signed: {reason}")]
    Disposal {
        /// What is wrong.
        reason: String,
    },
    /// A redaction that does not say what it must, or names a field that stays.
    #[error("it cannot be redacted: {reason}")]
    Redaction {
        /// What is wrong.
        reason: String,
    },
    /// A review sample or an answer to one of its cases that does not hold.
    #[error("the review sample does not hold: {reason}")]
    ReviewSample {
        /// What is wrong.
        reason: String,
    },
    /// A proposal of another reference or policy that does not say what it must.
    #[error("the proposal does not hold: {reason}")]
    ReferenceProposal {
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A text that must say something is empty.
    #[error("`{field}` is empty; {hint}")]
    Empty {
        /// Which field.
        field: &'static str,
        /// What to write.
        hint: &'static str,
    },
    /// A code that does not exist.
    #[error("{} a {what}; expected one of {expected}", if found.is_empty() { "nothing was given as".to_owned() } else { format!("`{found}` is not") })]
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
    #[error("the record changed since it was shown; read it again before signing")]
    Changed,
    /// The step cannot be taken from where the episode stands.
    #[error("the episode is {found}; to {action} it has to be {expected}")]
    EpisodeState {
        /// State found.
        found: &'static str,
        /// The step.
        action: &'static str,
        /// States expected.
        expected: String,
    },
    /// The step cannot be taken from where the incident stands.
    #[error("the incident is {found}; to {action} it has to be {expected}")]
    IncidentState {
        /// State found.
        found: &'static str,
        /// The step.
        action: &'static str,
        /// States expected.
        expected: String,
    },
    /// Something has to happen before the step.
    #[error("to {action}: {missing}")]
    EpisodeOwes {
        /// The step.
        action: &'static str,
        /// What is missing.
        missing: String,
    },
    /// The step cannot be taken from where the version stands.
    #[error("version `{version}` of `{model}` is {found}; to {action} it has to be {expected}")]
    VersionState {
        /// Model name.
        model: String,
        /// Version.
        version: String,
        /// State found.
        found: &'static str,
        /// The step.
        action: &'static str,
        /// States expected.
        expected: String,
    },
    /// What the model computes has changed, and the version is not to be tested again.
    #[error(
        "the version has to be tested again: {changed} changed since the version it comes after; state `retest`: true"
    )]
    RetestNeeded {
        /// What changed.
        changed: String,
    },
    /// Something is missing for the step.
    #[error(
        "version `{version}` of `{model}` is not ready: {}",
        gaps.iter().map(|gap| gap.missing.as_str()).collect::<Vec<_>>().join("; ")
    )]
    Incomplete {
        /// Model name.
        model: String,
        /// Version.
        version: String,
        /// What is missing.
        gaps: Vec<completeness::Gap>,
    },
    /// A claim that no review plan supports.
    #[error("there is no such review plan: {0}")]
    Plan(#[from] crate::statistics::Error),
    /// The file of a batch cannot be read.
    #[error(transparent)]
    Dataset(#[from] crate::dataset::Error),
    /// The registration has no configuration that can be digested.
    #[error(transparent)]
    Provenance(#[from] crate::provenance::Error),
    /// A value has no canonical JSON.
    #[error(transparent)]
    Digest(#[from] crate::digest::Error),
}

/// `Result` of this room.
pub type Result<T> = std::result::Result<T, Error>;
