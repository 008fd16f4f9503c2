//! The sheet of an episode's step: exactly what somebody signs who investigates, plans, completes, checks, closes or reopens.
//!
//! Its bytes follow from the records and from what the signer typed. It holds no time and no signer: those stand in the signature.

use super::decision::Severity;
use super::effectiveness::{EffectivenessCheck, RemedialPlan};
use super::episode_cycle::{
    EpisodeEvent, EpisodeFacts, EpisodeGuard, EpisodeRule, EpisodeStep, fits,
};
use super::signature::Meaning;
use super::trail_seen::TrailSeen;
use super::{Error, Result};
use crate::digest;
use crate::drift::episode::EpisodeState;
use serde::{Deserialize, Serialize};

/// Identifies the format of an episode step's sheet.
pub const EPISODE_STEP_FORMAT: &str = "driftledger/episode-step/v1";

/// What caused an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CauseClass {
    /// Data were collected, joined or transformed otherwise than before.
    DataPipeline,
    /// An instrument measures otherwise.
    Sensor,
    /// The process changed.
    ProcessChange,
    /// Other people, products or samples.
    Population,
    /// What the label means given the inputs changed.
    Concept,
    /// Labels are made otherwise.
    Label,
    /// The model or its serving.
    Model,
    /// The monitoring itself was wrong.
    MonitoringError,
}

impl CauseClass {
    /// All classes.
    pub const ALL: [Self; 8] = [
        Self::DataPipeline,
        Self::Sensor,
        Self::ProcessChange,
        Self::Population,
        Self::Concept,
        Self::Label,
        Self::Model,
        Self::MonitoringError,
    ];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::DataPipeline => "data_pipeline",
            Self::Sensor => "sensor",
            Self::ProcessChange => "process_change",
            Self::Population => "population",
            Self::Concept => "concept",
            Self::Label => "label",
            Self::Model => "model",
            Self::MonitoringError => "monitoring_error",
        }
    }

    /// The class of that word.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCode`], naming all classes.
    pub fn parse(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|cause| cause.word() == word).ok_or_else(|| Error::UnknownCode {
            what: "cause class",
            found: word.to_owned(),
            expected: Self::ALL.map(Self::word).join(", "),
        })
    }
}

/// Which predictions are affected: a question to the records, kept with its answer, so that it can be asked again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AffectedPredictions {
    /// Number of the first batch of the version, from 1.
    pub first_batch: u64,
    /// Number of the last one, included.
    pub last_batch: u64,
    /// Answer: batches that were judged between them.
    pub batches: u64,
    /// Answer: rows in them, each a prediction.
    pub rows: u64,
}

/// What an investigation found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Investigation {
    /// Class of the cause.
    pub cause: CauseClass,
    /// What was found, and how.
    pub finding: String,
    /// Which predictions are affected.
    pub affected: AffectedPredictions,
    /// Other versions at risk, `model/version`.
    pub at_risk: Vec<String>,
    /// Why none is, where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none_at_risk_because: Option<String>,
}

/// Where another quality system keeps the matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalRecord {
    /// Name of the system.
    pub system: String,
    /// Number there.
    pub number: String,
    /// Status there, as it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A moved due date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// The day so far.
    pub was_due_on: String,
    /// The new day, YYYY-MM-DD.
    pub due_on: String,
}

/// What a person types for a step, besides the password; each step takes the fields that it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EpisodeStepInput {
    /// Why; for a completed action, how it can be seen that it is done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Investigation: class of the cause.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// Investigation: what was found, and how.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub finding: String,
    /// Investigation: name of the first batch with affected predictions; the alert's first one where it is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub first_batch: String,
    /// Investigation: name of the last one; the alert's last one where it is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_batch: String,
    /// Investigation: other versions at risk, `model/version`, separated by commas.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub at_risk: String,
    /// Investigation: why no other version is at risk.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub none_at_risk_because: String,
    /// Plan: what is done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// Plan: user name of the owner.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Plan and extension: by when, YYYY-MM-DD.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub due_on: String,
    /// Plan: series to watch, separated by commas; those of the alert where it is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub series: String,
    /// Plan: how many later batches must be without drift.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batches: Option<u32>,
    /// Plan: version of the model to watch; that of the alert where it is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Plan: the last day on which batches count, YYYY-MM-DD.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub horizon_on: String,
    /// Reopening: `minor`, `major` or `critical`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub severity: String,
    /// Link: name of the other quality system.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub system: String,
    /// Link: number there.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// Link: status there.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Link: address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub link: String,
    /// Closure: the last entry of the audit trail about the alert that was looked at, as the sheet states it; needed where critical entries
    /// are among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trail_reviewed: Option<u64>,
}

/// What was looked up in the records for a step.
#[derive(Clone, Debug, Default)]
pub struct LookedUp {
    /// Which predictions are affected.
    pub affected: Option<AffectedPredictions>,
    /// The plan as it would be fixed.
    pub plan: Option<RemedialPlan>,
    /// What later batches say.
    pub check: Option<EffectivenessCheck>,
}

/// The sheet. Its canonical bytes are what is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EpisodeSheet {
    /// Always [`EPISODE_STEP_FORMAT`].
    pub format: String,
    /// The episode.
    pub episode: String,
    /// Model name.
    pub model: String,
    /// Model version.
    pub version: String,
    /// The step.
    pub step: EpisodeStep,
    /// State before.
    pub from: EpisodeState,
    /// State after.
    pub to: EpisodeState,
    /// What the signature means; absent where the program itself escalates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<Meaning>,
    /// Number of the cycle, from 1.
    pub cycle: u64,
    /// Ledger entry of the step before, or of the opening.
    pub after: u64,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How severe it is, said anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub investigation: Option<Investigation>,
    /// What is planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<RemedialPlan>,
    /// How the due date moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
    /// What later batches say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<EffectivenessCheck>,
    /// Where another quality system keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalRecord>,
    /// For a closure: what the audit trail holds about the alert, and whether the signer looked at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<TrailSeen>,
}

/// The episode that a sheet is about.
#[derive(Clone, Copy, Debug)]
pub struct AboutEpisode<'a> {
    /// Its id.
    pub id: &'a str,
    /// Model name.
    pub model: &'a str,
    /// Model version.
    pub version: &'a str,
    /// Today, UTC, YYYY-MM-DD.
    pub today: &'a str,
}

fn empty<T>(field: &'static str, hint: &'static str) -> Result<T> {
    Err(Error::Empty { field, hint })
}

fn text(typed: &str) -> Option<String> {
    Some(typed.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The parts of a text that commas separate.
pub fn listed(typed: &str) -> Vec<String> {
    typed.split(',').filter_map(text).collect()
}

impl EpisodeSheet {
    /// The sheet of the step of `rule`.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] for a field that the step needs; [`Error::EpisodeOwes`] for what has to happen first;
    /// [`Error::UnknownCode`].
    pub fn compose(
        rule: &EpisodeRule,
        about: AboutEpisode<'_>,
        facts: &EpisodeFacts,
        (input, found): (&EpisodeStepInput, LookedUp),
    ) -> Result<Self> {
        let owes = |missing: String| Error::EpisodeOwes { action: rule.step.words(), missing };
        if let Some(missing) = rule.missing(facts) {
            return Err(owes(missing.to_owned()));
        }
        let reason = text(&input.reason);
        if rule.needs(EpisodeGuard::Reason) && reason.is_none() {
            return empty("reason", reason_hint(rule.step));
        }
        let severity = match text(&input.severity) {
            Some(word) if rule.needs(EpisodeGuard::SeverityGiven) => Some(Severity::parse(&word)?),
            None if rule.needs(EpisodeGuard::SeverityGiven) => {
                return empty("severity", "say how severe it is now");
            }
            _ => None,
        };
        if let Some(check) = &found.check
            && !fits(rule, check.outcome)
        {
            let plan = facts.plan.as_ref().map(|(plan, _)| plan);
            let computed = plan.map(|plan| check.sentence(&plan.criterion)).unwrap_or_default();
            return Err(owes(format!(
                "the check that is computed here says otherwise: {computed}"
            )));
        }
        let is = |step| rule.step == step;
        Ok(Self {
            format: EPISODE_STEP_FORMAT.to_owned(),
            episode: about.id.to_owned(),
            model: about.model.to_owned(),
            version: about.version.to_owned(),
            step: rule.step,
            from: rule.from,
            to: rule.to,
            meaning: rule.meaning,
            cycle: facts.cycle,
            after: facts.after,
            reason,
            severity,
            investigation: match found.affected {
                Some(affected) if is(EpisodeStep::Investigate) => {
                    Some(investigation(input, affected)?)
                }
                _ => None,
            },
            plan: match found.plan {
                Some(plan) if is(EpisodeStep::Plan) => Some(planned(plan, about.today)?),
                _ => None,
            },
            extension: if is(EpisodeStep::Extend) { Some(extension(input, facts)?) } else { None },
            check: found.check,
            external: if is(EpisodeStep::LinkExternal) { Some(external(input)?) } else { None },
            trail: None,
        })
    }

    /// The sheet of an overdue action that the program itself escalates.
    pub fn overdue(about: AboutEpisode<'_>, facts: &EpisodeFacts, reason: String) -> Self {
        Self {
            format: EPISODE_STEP_FORMAT.to_owned(),
            episode: about.id.to_owned(),
            model: about.model.to_owned(),
            version: about.version.to_owned(),
            step: EpisodeStep::Escalate,
            from: facts.state,
            to: facts.state,
            meaning: None,
            cycle: facts.cycle,
            after: facts.after,
            reason: Some(reason),
            severity: None,
            investigation: None,
            plan: None,
            extension: None,
            check: None,
            external: None,
            trail: None,
        }
    }

    /// What of the sheet decides about the next steps.
    pub fn event(&self, by: Option<String>, entry: u64) -> EpisodeEvent {
        EpisodeEvent {
            by,
            entry,
            severity: self.severity,
            names_action: false,
            plan: self.plan.clone(),
            due_on: self.extension.as_ref().map(|extension| extension.due_on.clone()),
        }
    }

    /// The canonical bytes: what is stored, shown and signed.
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn bytes(&self) -> Result<Vec<u8>> {
        Ok(digest::canonical_json(self)?)
    }
}

fn reason_hint(step: EpisodeStep) -> &'static str {
    match step {
        EpisodeStep::Complete => "say what was done and how that can be seen",
        EpisodeStep::Close => "say why nothing is left to do",
        EpisodeStep::Reopen => "say which new fact opens the alert again",
        EpisodeStep::Escalate => "say who has to look, and why now",
        _ => "say why this step is taken",
    }
}

fn investigation(input: &EpisodeStepInput, affected: AffectedPredictions) -> Result<Investigation> {
    let cause = CauseClass::parse(input.cause.trim())?;
    let Some(finding) = text(&input.finding) else {
        return empty("finding", "say what was found, and how");
    };
    let at_risk = listed(&input.at_risk);
    let because = text(&input.none_at_risk_because);
    if at_risk.is_empty() && because.is_none() {
        return empty(
            "none_at_risk_because",
            "name the other versions that the same cause can reach, or say why there is none",
        );
    }
    let none_at_risk_because = because.filter(|_| at_risk.is_empty());
    Ok(Investigation { cause, finding, affected, at_risk, none_at_risk_because })
}

fn planned(plan: RemedialPlan, today: &str) -> Result<RemedialPlan> {
    plan.validate()?;
    if plan.due_on.as_str() < today {
        return empty("due_on", "name a day that is not past");
    }
    Ok(plan)
}

fn extension(input: &EpisodeStepInput, facts: &EpisodeFacts) -> Result<Extension> {
    let Some((plan, _)) = &facts.plan else { return empty("plan", "plan the action first") };
    let due_on = input.due_on.trim().to_owned();
    if due_on.parse::<jiff::civil::Date>().is_err() || due_on <= plan.due_on {
        return empty("due_on", "write a day after the one so far as YYYY-MM-DD");
    }
    if due_on >= plan.criterion.horizon_on {
        return empty(
            "due_on",
            "name a day before the horizon of the criterion, which does not move",
        );
    }
    Ok(Extension { was_due_on: plan.due_on.clone(), due_on })
}

fn external(input: &EpisodeStepInput) -> Result<ExternalRecord> {
    let Some(system) = text(&input.system) else {
        return empty("system", "name the other quality system");
    };
    let Some(number) = text(&input.number) else {
        return empty("number", "write the number that it has there");
    };
    Ok(ExternalRecord { system, number, status: text(&input.status), link: text(&input.link) })
}
