//! Incidents: what happened to the system or to records that should not have, which records it affects, why it happened, what is done about
//! it, and who closed it (EU GMP Annex 11 §13).
//!
//! An incident is a chain of revisions, each a whole record that names the one before with its digest. Its life is the table of
//! [`incident_cycle`](super::incident_cycle); the revision that closes it is signed. A person reports one, or the program does when something fails by itself.

use super::decision::Severity;
use super::episode_sheet::ExternalRecord;
use super::incident_cycle::{IncidentState, IncidentStep};
use super::{Error, Result};
use crate::{clock, digest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Identifies the format of an incident.
pub const INCIDENT_FORMAT: &str = "driftledger/incident/v1";
/// Characters of a text of an incident, at most.
pub const INCIDENT_TEXT_MAX: usize = 4_000;
/// Records that one incident names as affected, at most.
pub const AFFECTED_MAX: usize = 50;

/// Who or what noticed an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticedBy {
    /// A person reported it.
    Person,
    /// A scheduled backup failed, or none was made in time.
    Backup,
    /// A restore that was practised failed.
    RestoreTest,
    /// The clock was set, is behind the ledger, or is not in step with its source.
    Clock,
    /// A check of the installation or of its operation failed.
    Qualification,
}

impl NoticedBy {
    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Backup => "backup",
            Self::RestoreTest => "restore_test",
            Self::Clock => "clock",
            Self::Qualification => "qualification",
        }
    }

    /// The same for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Person => "reported by a person",
            Self::Backup => "opened by the program: backups",
            Self::RestoreTest => "opened by the program: a practised restore",
            Self::Clock => "opened by the program: the clock",
            Self::Qualification => "opened by the program: a qualification run",
        }
    }
}

/// What kind of record an incident affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AffectedKind {
    /// A model version.
    ModelVersion,
    /// A batch.
    Batch,
    /// An alert.
    Alert,
    /// A backup, made or failed.
    Backup,
    /// A restore that was practised.
    RestoreTest,
}

impl AffectedKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::ModelVersion, Self::Batch, Self::Alert, Self::Backup, Self::RestoreTest];

    /// The record table.
    pub fn table(self) -> &'static str {
        match self {
            Self::ModelVersion => "model_version",
            Self::Batch => "batch",
            Self::Alert => "episode",
            Self::Backup => "backup_event",
            Self::RestoreTest => "restore_test",
        }
    }

    /// The kind of subject that ledger entries name it as.
    pub fn subject(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            other => other.table(),
        }
    }

    /// What it is called.
    pub fn words(self) -> &'static str {
        match self {
            Self::ModelVersion => "model version",
            Self::Batch => "batch",
            Self::Alert => "alert",
            Self::Backup => "backup",
            Self::RestoreTest => "practised restore",
        }
    }
}

/// A record that an incident affects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Affected {
    /// What kind.
    pub kind: AffectedKind,
    /// Its id.
    pub id: String,
}

/// What is reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentReport {
    /// When it happened, UTC, as far as it is known.
    pub happened_at: String,
    /// When it was noticed, UTC.
    pub noticed_at: String,
    /// How bad it is.
    pub severity: Severity,
    /// What happened.
    pub what: String,
    /// Records that it affects; none where none is known.
    pub affected: Vec<Affected>,
}

/// What was found, and what is done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentCause {
    /// Why it happened, and how that was found.
    pub root_cause: String,
    /// What is done about it, so that it does not happen again.
    pub action: String,
    /// Where your quality system keeps that action; what is critical has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalRecord>,
}

/// The revision before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevisionBefore {
    /// Id of its row.
    pub id: String,
    /// SHA-256 of its canonical bytes.
    pub sha256: String,
}

/// One revision of an incident. It holds no time of its own: its ledger entry has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// Always [`INCIDENT_FORMAT`].
    pub format: String,
    /// Id of the incident, the same in all its revisions.
    pub id: String,
    /// Number of the revision, from 1.
    pub revision: u64,
    /// The revision before; absent in the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<RevisionBefore>,
    /// What made this revision.
    pub step: IncidentStep,
    /// Where the incident stands after it.
    pub state: IncidentState,
    /// Who or what noticed it.
    pub noticed_by: NoticedBy,
    /// User name of who reported it; `system` where the program did.
    pub reported_by: String,
    /// What is reported.
    pub report: IncidentReport,
    /// What was found; absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<IncidentCause>,
    /// Why it was corrected or opened again; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// User name of who wrote this revision.
    pub written_by: String,
}

impl Incident {
    /// The first revision of the incident `id`, reported by `by`.
    pub fn reported(id: &str, noticed_by: NoticedBy, report: IncidentReport, by: &str) -> Self {
        Self {
            format: INCIDENT_FORMAT.to_owned(),
            id: id.to_owned(),
            revision: 1,
            supersedes: None,
            step: IncidentStep::Report,
            state: IncidentState::Open,
            noticed_by,
            reported_by: by.to_owned(),
            report,
            cause: None,
            reason: None,
            written_by: by.to_owned(),
        }
    }

    /// The next revision by `step`, written by `by`; `before` is the row of this one. What the step states is to be filled in.
    ///
    /// # Errors
    ///
    /// [`Error::IncidentState`] for a step that the state does not allow.
    pub fn next(&self, before: RevisionBefore, step: IncidentStep, by: &str) -> Result<Self> {
        let state = step.after(Some(self.state))?;
        Ok(Self {
            revision: self.revision + 1,
            supersedes: Some(before),
            step,
            state,
            cause: self.cause.clone().filter(|_| state != IncidentState::Open),
            reason: None,
            written_by: by.to_owned(),
            ..self.clone()
        })
    }

    /// Whether this revision follows the one `before` it (its row is `row`): by a step of the table, and with nothing else changed than the
    /// step states.
    ///
    /// # Errors
    ///
    /// [`Error::IncidentState`], [`Error::Incident`].
    pub fn follows(&self, before: &Self, row: RevisionBefore) -> Result<()> {
        let mut expected = before.next(row, self.step, &self.written_by)?;
        match self.step {
            IncidentStep::Correct => expected.report = self.report.clone(),
            IncidentStep::Investigate => {
                expected.report.affected.clone_from(&self.report.affected);
                expected.cause.clone_from(&self.cause);
            }
            IncidentStep::Report | IncidentStep::Close | IncidentStep::Reopen => {}
        }
        expected.reason.clone_from(&self.reason);
        if expected == *self {
            return Ok(());
        }
        let reason = format!(
            "its revision {} says something else than the revision before and the step `{}` make it",
            self.revision,
            self.step.word()
        );
        Err(Error::Incident { reason })
    }

    /// The canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }

    /// Whether it says what it must, written at the time `at`.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`], [`Error::Incident`], [`Error::IncidentState`], saying what is wrong.
    pub fn validate(&self, at: &str) -> Result<()> {
        let refused = |reason: String| Err(Error::Incident { reason });
        if self.format != INCIDENT_FORMAT {
            return refused("its format is another".to_owned());
        }
        if (self.revision == 1) != self.supersedes.is_none() || self.revision == 0 {
            return refused(
                "its first revision follows none, each other one follows one".to_owned(),
            );
        }
        if self.revision == 1 {
            self.step.after(None)?;
        }
        self.report.validate(at)?;
        let reasoned = matches!(self.step, IncidentStep::Correct | IncidentStep::Reopen);
        match (&self.reason, reasoned) {
            (Some(reason), true) => check_text("reason", "say why", reason)?,
            (None, true) => check_text("reason", "say why", "")?,
            (Some(_), false) => {
                return refused("it has a reason where its step has none".to_owned());
            }
            (None, false) => {}
        }
        match (&self.cause, self.state) {
            (None, IncidentState::Open) => Ok(()),
            (Some(_), IncidentState::Open) => refused("it is open and states a cause".to_owned()),
            (None, _) => refused("it states no cause".to_owned()),
            (Some(cause), _) => cause.validate(self.report.severity),
        }
    }
}

impl IncidentReport {
    fn validate(&self, at: &str) -> Result<()> {
        let refused = |reason: String| Err(Error::Incident { reason });
        check_text("what", "say what happened, and to what", &self.what)?;
        for (field, time) in [("happened_at", &self.happened_at), ("noticed_at", &self.noticed_at)]
        {
            if time_of(time).map(clock::rfc3339).as_ref() != Some(time) {
                return refused(format!(
                    "`{field}` is `{time}`; expected UTC as 2026-06-01T08:00:00.000Z"
                ));
            }
        }
        // Times of one form are in order as their text is.
        if self.happened_at > self.noticed_at || self.noticed_at.as_str() > at {
            return refused(format!(
                "it happened at {}, was noticed at {} and written at {at}; expected times in this order",
                self.happened_at, self.noticed_at
            ));
        }
        let found = self.affected.len();
        if found > AFFECTED_MAX {
            return refused(format!(
                "it names {found} affected records, expected at most {AFFECTED_MAX}: name the model version, and say in words which of its batches"
            ));
        }
        let twice = (1..found).find(|&at| self.affected[..at].contains(&self.affected[at]));
        match twice {
            Some(at) => refused(format!("it names `{}` as affected twice", self.affected[at].id)),
            None => Ok(()),
        }
    }
}

impl IncidentCause {
    fn validate(&self, severity: Severity) -> Result<()> {
        check_text("root_cause", "say why it happened, and how you know", &self.root_cause)?;
        check_text("action", "say what is done so that it does not happen again", &self.action)?;
        match &self.external {
            Some(external) => {
                check_text("system", "name the quality system", &external.system)?;
                check_text("number", "give the number of the action there", &external.number)
            }
            None if severity == Severity::Critical => {
                let reason = "it is critical, so its action has a number in your quality system; give system and number";
                Err(Error::Incident { reason: reason.to_owned() })
            }
            None => Ok(()),
        }
    }
}

fn check_text(field: &'static str, hint: &'static str, text: &str) -> Result<()> {
    let found = text.trim().chars().count();
    if found == 0 {
        return Err(Error::Empty { field, hint });
    }
    if found > INCIDENT_TEXT_MAX {
        let reason = format!(
            "`{field}` has {found} characters, expected at most {INCIDENT_TEXT_MAX}; attach the rest in your quality system"
        );
        return Err(Error::Incident { reason });
    }
    Ok(())
}

/// The time that somebody typed: RFC 3339, or `2026-06-01T08:00` as forms send it, taken as UTC; nothing for what is neither.
pub fn time_of(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| format!("{text}:00Z").parse().ok()).or_else(|| {
        // Some browsers send seconds.
        format!("{text}Z").parse().ok()
    })
}

#[cfg(test)]
mod tests;
