//! The sheet of a step: exactly what somebody signs who moves a version through its life.
//!
//! Its bytes follow from the records and from what the signer typed, so that the sheet that is shown and the sheet that is signed
//! can be held against each other by their digest. It holds no time and no signer: those stand in the signature.

use super::change_record::ChangeFact;
use super::completeness::{Acceptance, Cited, Facts, Gap, JUSTIFICATION_MIN, gaps};
use super::life_cycle::{Guard, Rule, Step, Taken, VersionState, acts_for, stay};
use super::signature::Meaning;
use super::trail_seen::TrailSeen;
use super::{Error, Result};
use crate::access::role::Role;
use crate::digest;
use crate::provenance::configuration::Configuration;
use crate::provenance::model_record::is_written;
use crate::provenance::registration::Registration;
use crate::provenance::risk::Tier;
use serde::{Deserialize, Serialize};

/// Identifies the format of a step's sheet.
pub const STEP_FORMAT: &str = "driftledger/version-step/v1";

/// What a person types for a step, besides the password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StepInput {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The day from which it holds, YYYY-MM-DD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_on: Option<String>,
    /// Why a test run that does not meet its plan is good enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<String>,
    /// For an approval: the last entry of the audit trail about the version that was looked at, as the sheet states it; needed where
    /// critical entries are among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail_reviewed: Option<u64>,
}

/// A signature that this step rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReviewedBy {
    /// Id of the step's record.
    pub step: String,
    /// User name of who signed.
    pub user_name: String,
    /// Role acted in.
    pub role: Role,
    /// Ledger entry.
    pub entry: u64,
}

/// A version that goes out of use because another one is put in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Superseded {
    /// Id of the version.
    pub version_id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the sheet of its step `supersede`, signed in the same act.
    pub sheet_sha256: String,
}

/// The version that is put in use in place of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Successor {
    /// Id of the version.
    pub version_id: String,
    /// Its version.
    pub version: String,
}

/// The sheet. Its canonical bytes are what is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepSheet {
    /// Always [`STEP_FORMAT`].
    pub format: String,
    /// Id of the version.
    pub version_id: String,
    /// Model name.
    pub model: String,
    /// Version of the model.
    pub version: String,
    /// The step.
    pub step: Step,
    /// State before.
    pub from: VersionState,
    /// State after.
    pub to: VersionState,
    /// What the signature means.
    pub meaning: Meaning,
    /// Ledger entry of the step before, or of the registration.
    pub after: u64,
    /// SHA-256 of the canonical registration.
    pub registration_sha256: String,
    /// The model record in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_record: Option<Cited>,
    /// Tier of risk that follows from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// Acceptance plan and test run.
    pub acceptance: Acceptance,
    /// What changed since the approved version before, and who signed that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeFact>,
    /// Training rows found again in other datasets, a sentence each.
    pub overlaps: Vec<String>,
    /// Why those rows may stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_justification: Option<String>,
    /// Reviews since the state last changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewed_by: Vec<ReviewedBy>,
    /// Roles that the signer stands in for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acts_for: Vec<Role>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The day from which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_on: Option<String>,
    /// Why a test run that does not meet its plan is good enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<String>,
    /// Fingerprint of the configuration that is approved, or put in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration_sha256: Option<String>,
    /// Versions of the model that go out of use by this signature: those that were in use, never more than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<Superseded>,
    /// The version that takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<Successor>,
    /// For an approval: what the audit trail holds about the version, and whether the signer looked at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<TrailSeen>,
}

/// The version that a sheet is about, and what happens to others with it.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Its id.
    pub version_id: &'a str,
    /// SHA-256 of its canonical registration.
    pub registration_sha256: &'a str,
    /// Ledger entry of its registration.
    pub entry: u64,
    /// What goes out of use by the same signature.
    pub supersedes: &'a [Superseded],
    /// What takes its place by the same signature.
    pub superseded_by: Option<&'a Successor>,
}

/// What came of composing a sheet.
#[derive(Clone, Debug)]
pub enum Composed {
    /// The sheet.
    Sheet(Box<StepSheet>),
    /// What is missing first.
    Missing(Vec<Gap>),
}

impl StepSheet {
    /// The sheet of the step of `rule`, as somebody of `role` would sign it; or what is missing for it.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] where a reason, a day or the justification of a deviation is needed and not given.
    pub fn compose(
        rule: &Rule,
        about: About<'_>,
        facts: &Facts,
        (role, input): (Role, &StepInput),
    ) -> Result<Composed> {
        let missing = gaps(rule, facts);
        if !missing.is_empty() {
            return Ok(Composed::Missing(missing));
        }
        let input = checked(rule, facts, input)?;
        let registration = &facts.registration;
        let reviews = if rule.needs(Guard::Reviewed) { stay(&facts.taken) } else { &[] };
        let overlaps = registration.overlaps.iter();
        Ok(Composed::Sheet(Box::new(Self {
            format: STEP_FORMAT.to_owned(),
            version_id: about.version_id.to_owned(),
            model: registration.model.clone(),
            version: registration.version.clone(),
            step: rule.step,
            from: rule.from,
            to: rule.to,
            meaning: rule.meaning,
            after: facts.taken.last().map_or(about.entry, |taken| taken.entry),
            registration_sha256: about.registration_sha256.to_owned(),
            model_record: facts.record.as_ref().map(|(cited, _)| cited.clone()),
            tier: facts.tier(),
            acceptance: facts.acceptance.clone(),
            change: facts.change.clone(),
            overlaps: overlaps.map(|o| o.sentence(registration.rows_of(o))).collect(),
            overlap_justification: registration.overlap_justification.clone(),
            reviewed_by: reviews.iter().map(reviewed_by).collect(),
            acts_for: acts_for(rule.step, role, &facts.taken),
            reason: input.reason,
            effective_on: input.effective_on,
            deviation: input.deviation,
            configuration_sha256: configuration(rule, registration)?,
            supersedes: about.supersedes.to_vec(),
            superseded_by: about.superseded_by.cloned(),
            trail: None,
        })))
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

/// Approval and use are of one configuration: the sheet names it.
fn configuration(rule: &Rule, registration: &Registration) -> Result<Option<String>> {
    let states = rule.to == VersionState::Approved || rule.puts_in_use();
    let of = |registration| Configuration::of(registration)?.fingerprint();
    Ok(states.then(|| of(registration)).transpose()?)
}

fn reviewed_by(taken: &Taken) -> ReviewedBy {
    let Taken { id, user_name, role, entry, .. } = taken;
    ReviewedBy { step: id.clone(), user_name: user_name.clone(), role: *role, entry: *entry }
}

/// Whether the step needs a text that justifies the deviation of its test run.
pub fn needs_deviation(rule: &Rule, acceptance: &Acceptance) -> bool {
    rule.needs(Guard::Tested) && acceptance.run_after_plan().is_some_and(|found| !found.meets_plan)
}

/// What was typed, trimmed; what the step does not ask for is left out.
fn checked(rule: &Rule, facts: &Facts, input: &StepInput) -> Result<StepInput> {
    let text = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
    let (reason, day, deviation) =
        (text(&input.reason), text(&input.effective_on), text(&input.deviation));
    let empty = |field, hint| Err(Error::Empty { field, hint });
    if rule.needs(Guard::Reason) && !is_written(&reason) {
        return empty("reason", "say why this step is taken");
    }
    if rule.needs(Guard::EffectiveDay) && day.parse::<jiff::civil::Date>().is_err() {
        return empty("effective_on", "write the day from which it holds as YYYY-MM-DD");
    }
    let deviates = needs_deviation(rule, &facts.acceptance);
    if deviates && deviation.chars().count() < JUSTIFICATION_MIN {
        return empty(
            "deviation",
            "the test run does not meet its plan: say in at least 20 characters why the version is fit all the same, or repeat the test",
        );
    }
    Ok(StepInput {
        reason: Some(reason).filter(|reason| !reason.is_empty()),
        effective_on: Some(day).filter(|_| rule.needs(Guard::EffectiveDay)),
        deviation: Some(deviation).filter(|_| deviates),
        trail_reviewed: input.trail_reviewed,
    })
}
