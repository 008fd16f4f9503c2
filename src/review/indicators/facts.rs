//! What indicators are computed from: plain records, read from one snapshot, each with the page that shows it.
//!
//! All times are UTC as the ledger writes them, so that their text is in their order.

use super::Period;
use crate::access::role::Role;
use crate::access::training::{Training, TrainingPolicy};
use crate::clock;
use crate::provenance::risk::Tier;
use crate::review::decision::Severity;
use crate::review::life_cycle::{Step, VersionState, state_after};
use crate::review::review_kind::ReviewKind;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Milliseconds of a day.
pub const DAY_MS: u64 = 86_400_000;

/// The time `milliseconds` before `at`.
pub fn earlier(at: &str, milliseconds: u64) -> String {
    shifted(at, -i64::try_from(milliseconds).unwrap_or(i64::MAX))
}

/// The time `milliseconds` after `at`.
pub fn later(at: &str, milliseconds: u64) -> String {
    shifted(at, i64::try_from(milliseconds).unwrap_or(i64::MAX))
}

fn shifted(at: &str, milliseconds: i64) -> String {
    let moved = at.parse::<Timestamp>().ok().and_then(|time| {
        time.checked_add(SignedDuration::from_millis(milliseconds)).ok().map(clock::rfc3339)
    });
    // Beyond what a time can be, the bound is the time itself.
    moved.unwrap_or_else(|| at.to_owned())
}

/// Seconds from `from` to `until`; 0 where it is not later.
pub fn seconds_between(from: &str, until: &str) -> f64 {
    clock::milliseconds_between(from, until).unwrap_or_default() as f64 / 1e3
}

/// The record that a fact stands in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Table and id.
    pub record: String,
    /// The page that shows it.
    pub path: String,
}

impl Source {
    /// A record by its table and id, shown by the page of any record.
    pub fn of(table: &str, id: &str) -> Self {
        Self { record: format!("{table}/{id}"), path: format!("/records/{table}/{id}") }
    }

    /// A record that has a page of its own.
    pub fn shown(table: &str, id: &str, path: String) -> Self {
        Self { path, ..Self::of(table, id) }
    }

    /// A ledger entry.
    pub fn entry(index: u64) -> Self {
        Self { record: format!("entry/{index}"), path: format!("/audit-trail/{index}") }
    }
}

/// Something that took time.
#[derive(Clone, Debug, Default)]
pub struct Lasting {
    /// The record.
    pub of: Source,
    /// When it was recorded.
    pub at: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// A restore that was practised.
#[derive(Clone, Debug, Default)]
pub struct Restore {
    /// Record, time of the record, and how long it took.
    pub lasting: Lasting,
    /// Whether it passed.
    pub passed: bool,
    /// What would have been lost, in milliseconds.
    pub lost_ms: Option<u64>,
}

/// A signature, and whether it names the digest that the signed record has.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The record of the signature.
    pub of: Source,
    /// When.
    pub at: String,
    /// Account of the signer.
    pub account_id: String,
    /// User name.
    pub user_name: String,
    /// Role that the signature shows.
    pub role: Role,
    /// Whether the digests agree.
    pub agrees: bool,
}

/// A kind of event at a time.
#[derive(Clone, Debug, Default)]
pub struct Happened {
    /// The record.
    pub of: Source,
    /// When.
    pub at: String,
    /// Which kind.
    pub kind: String,
}

/// What one check of an operational qualification came to.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Its id.
    pub id: String,
    /// Requirements it is about.
    pub requirements: Vec<String>,
    /// Whether it passed.
    pub passed: bool,
}

/// The newest operational qualification.
#[derive(Clone, Debug)]
pub struct Qualified {
    /// The record.
    pub of: Source,
    /// When it was recorded.
    pub at: String,
    /// Whether it was made by the program that computes the indicators.
    pub is_installed: bool,
    /// Its checks.
    pub checks: Vec<Checked>,
}

/// A requirement that a version in use has to meet.
#[derive(Clone, Debug)]
pub struct Required {
    /// Its code.
    pub code: String,
    /// What is missing where it is not met.
    pub missing: String,
    /// Whether it is met.
    pub met: bool,
}

/// A version.
#[derive(Clone, Debug, Default)]
pub struct Version {
    /// The record.
    pub of: Source,
    /// Id.
    pub id: String,
    /// `model version`.
    pub name: String,
    /// Model name.
    pub model: String,
    /// Steps of its life with their times, oldest first.
    pub steps: Vec<(Step, String)>,
    /// Its tier, for one in use.
    pub tier: Option<Tier>,
    /// What it has to meet, for one in use now.
    pub required: Vec<Required>,
    /// Whether its policy in force says why its limits are right.
    pub has_rationale: bool,
    /// Whether its policy in force names when batches come.
    pub has_cadence: bool,
    /// Training rows found in each of its other datasets; empty where nobody counted.
    pub overlaps: Vec<u64>,
    /// References or policies frozen after its registration: record and time.
    pub limits_changed: Vec<(Source, String)>,
}

impl Version {
    /// Where it stood at `at`.
    pub fn state_at(&self, at: &str) -> VersionState {
        let steps = self.steps.iter().filter(|(_, when)| when.as_str() < at);
        state_after(steps.map(|(step, _)| *step)).unwrap_or_else(|(state, _)| state)
    }

    /// Whether it was in use at `at`.
    pub fn in_use_at(&self, at: &str) -> bool {
        self.state_at(at) == VersionState::InUse
    }

    /// Since when it was in use without a break at `at`; none where it was not.
    pub fn in_use_since(&self, at: &str) -> Option<&str> {
        let begins = |step: Step| matches!(step, Step::Release | Step::Resume);
        let last = self.steps.iter().rfind(|(step, when)| when.as_str() < at && begins(*step));
        last.map(|(_, when)| when.as_str()).filter(|_| self.in_use_at(at))
    }
}

/// A change record.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Its newest revision.
    pub of: Source,
    /// The version that it is about.
    pub version_id: String,
    /// When its first revision was recorded.
    pub opened_at: String,
    /// When QA signed the newest one.
    pub assessed_at: Option<String>,
}

/// What happened to an alert after it was acknowledged.
#[derive(Clone, Debug)]
pub enum AlertEvent {
    /// A cause was recorded.
    Investigated {
        /// Its class.
        cause: String,
    },
    /// An action was planned, due on this day.
    Planned {
        /// The day.
        due_on: String,
    },
    /// Its due day moved to this one.
    Extended {
        /// The day.
        due_on: String,
    },
    /// It was reported as done.
    Completed,
    /// That was not accepted.
    Returned,
    /// Later batches were looked at: `effective`, `ineffective` or `inconclusive`.
    Checked {
        /// What came of it.
        outcome: String,
    },
    /// The alert was closed.
    Closed,
    /// It was opened again.
    Reopened,
}

/// An alert.
#[derive(Clone, Debug, Default)]
pub struct Alert {
    /// The record.
    pub of: Source,
    /// Version it is about.
    pub version_id: String,
    /// Model of that.
    pub model: String,
    /// Its kind.
    pub kind: String,
    /// Features it is about, sorted.
    pub features: Vec<String>,
    /// When it opened.
    pub opened_at: String,
    /// When it was acknowledged, and as how severe.
    pub acknowledged: Option<(String, Severity)>,
    /// When its first decision was signed.
    pub decided_at: Option<String>,
    /// What happened since, with the record of it, oldest first.
    pub events: Vec<(Source, String, AlertEvent)>,
}

/// A batch.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The record.
    pub of: Source,
    /// Version.
    pub version_id: String,
    /// Name.
    pub name: String,
    /// When it was received.
    pub at: String,
    /// End of the time it covers.
    pub period_end: Option<String>,
    /// Its rows.
    pub rows: u64,
    /// Rows that have a label in the newest evaluation; none where none was made.
    pub labelled: Option<u64>,
}

/// The counts of a report in force.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// The record.
    pub of: Source,
    /// Model name.
    pub model: String,
    /// When it was judged.
    pub at: String,
    /// Values of inputs in it.
    pub values: u64,
    /// Of these, values of a level that the reference does not know.
    pub unseen: u64,
    /// Scores with an undecided zone: those in it, and all.
    pub undecided: Option<(u64, u64)>,
    /// Whether the share of undecided scores was beyond its tolerance.
    pub undecided_drifts: bool,
}

/// The first answer of a reviewer to a case.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The record.
    pub of: Source,
    /// When.
    pub at: String,
    /// Who.
    pub by: String,
    /// Whether the model's answer was hidden.
    pub blind: bool,
    /// Whether reviewer and model agree; none where the case cannot be judged.
    pub agrees: Option<bool>,
    /// How long it was looked at, in milliseconds.
    pub dwell_ms: Option<u64>,
}

/// A signed periodic review.
#[derive(Clone, Debug)]
pub struct Review {
    /// The record.
    pub of: Source,
    /// What was reviewed.
    pub kind: ReviewKind,
    /// Ledger entries that it covers.
    pub covers: std::ops::Range<u64>,
    /// When it was signed.
    pub signed_at: String,
    /// The day of the next one.
    pub next_due: String,
}

/// A ledger entry that a review of the audit trail covers.
#[derive(Clone, Debug)]
pub struct TrailEntry {
    /// Its index.
    pub index: u64,
    /// When.
    pub at: String,
    /// The review that covers it.
    pub kind: ReviewKind,
}

/// An enabled account.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// The record.
    pub of: Source,
    /// User name.
    pub user_name: String,
    /// When it was made.
    pub since: String,
    /// When somebody last signed in with it before the end of the period.
    pub signed_in_at: Option<String>,
}

/// A record that says when it happened, beside when it was recorded.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The record.
    pub of: Source,
    /// When it happened.
    pub occurred_at: String,
    /// When it was recorded.
    pub at: String,
}

/// What was noticed about the clock.
#[derive(Clone, Debug, Default)]
pub struct ClockNote {
    /// Its ledger entry.
    pub of: Source,
    /// When.
    pub at: String,
    /// Which kind.
    pub kind: String,
    /// By how much it was off, in milliseconds.
    pub offset_ms: i64,
    /// Whether it was trusted from here on.
    pub trusted: bool,
}

/// How often a test set was used.
#[derive(Clone, Debug, Default)]
pub struct TestUse {
    /// The test run.
    pub of: Source,
    /// Version that was tested.
    pub version: String,
    /// What the rows of the test set have in common: the digest of their ids and labels.
    pub rows_sha256: String,
    /// When.
    pub at: String,
}

/// Everything that the indicators of a period are computed from.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The period.
    pub period: Period,
    /// When the facts were read.
    pub computed_at: String,
    /// When the ledger began.
    pub began_at: String,
    /// Packs that were taken.
    pub exports: Vec<Lasting>,
    /// Practised restores.
    pub restores: Vec<Restore>,
    /// How often scheduled backups are made, in seconds; none without a schedule.
    pub backup_every_seconds: Option<u64>,
    /// Signatures of the period.
    pub signatures: Vec<Signed>,
    /// Scheduled time stamps: kept, failed, late.
    pub stamps: Vec<Happened>,
    /// The newest operational qualification before the end of the period.
    pub qualified: Option<Qualified>,
    /// All versions.
    pub versions: Vec<Version>,
    /// All change records.
    pub changes: Vec<Change>,
    /// All alerts that opened before the end of the period, and those of the 90 days after it.
    pub alerts: Vec<Alert>,
    /// Batches that count.
    pub batches: Vec<Batch>,
    /// Files of batches that could not be read as declared: a value outside its declared range is one.
    pub refused_files: Vec<Happened>,
    /// Reports in force of the period.
    pub judged: Vec<Judged>,
    /// First answers of reviewers.
    pub answers: Vec<Answer>,
    /// Signed periodic reviews.
    pub reviews: Vec<Review>,
    /// Critical entries of the audit trail.
    pub trail: Vec<TrailEntry>,
    /// Days that the newest drill gives until the next one.
    pub drill_due: Option<(Source, String)>,
    /// Enabled accounts.
    pub people: Vec<Person>,
    /// The training policy in force, and the trainings of each account with the time of their record.
    pub training: (TrainingPolicy, BTreeMap<String, Vec<(String, Training)>>),
    /// Lines of the access log of this period and of the one before: `signed_in`, `sign_in_refused`, `refused`.
    pub access: Vec<Happened>,
    /// Records that say when they happened, of this period and of the one before.
    pub recorded: Vec<Recorded>,
    /// Everything noticed about the clock before the end of the period.
    pub clock: Vec<ClockNote>,
    /// Test runs that count.
    pub test_uses: Vec<TestUse>,
}
