//! Procedure: say where a version stands, what it went through, and what is missing for its next step.
//!
//! 1. check that the person may read
//! 2. gather in one snapshot what is recorded: registration, model record, plan and test run, studies, steps
//! 3. derive state and gaps from it (pure)

use super::describe_version::{newest_record, registration};
use super::read_records::missing;
use super::record_change::{change_fact, followed};
use super::stored;
use crate::access::account::Acting;
use crate::access::role::{Action, Role};
use crate::drift::policy::Policy;
use crate::error::Result;
use crate::provenance::risk::Tier;
use crate::review::change_record::ChangeFact;
use crate::review::completeness::{Acceptance, Cited, Facts, Gap, TestRunFact, gaps};
use crate::review::life_cycle::{Author, Guard, Rule, Step, Taken, VersionState, stay};
use crate::review::record_signature::RecordSignature;
use crate::review::step_sheet::{StepSheet, needs_deviation};
use crate::review::test_run_invalidation::{is_tested_again, relies_on_approval};
use crate::store::acceptance::TestRunRow;
use crate::store::invalidations::Invalidated;
use crate::store::life_cycle::StepRow;
use crate::store::versions::{FrozenKind, VersionRow};
use crate::store::{ReadTx, Store};

/// A step that was taken, with its sheet and its signature.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct StepView {
    /// Who took it, when.
    #[serde(flatten)]
    pub taken: Taken,
    /// SHA-256 of the sheet.
    pub sha256: String,
    /// What was signed.
    pub sheet: StepSheet,
    /// The signature.
    pub signature: RecordSignature,
    /// The words every page and export shows.
    pub manifestation: String,
}

/// A step that the table allows from where the version stands.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct NextStep {
    /// The step.
    pub step: Step,
    /// State after it.
    pub to: VersionState,
    /// Roles that may take it.
    pub who: Vec<Role>,
    /// What else it needs, in words.
    pub needs: Vec<&'static str>,
    /// What is missing; nothing when it can be taken.
    pub gaps: Vec<Gap>,
    /// Whether the test run does not meet its plan, so that the signer has to justify that.
    pub deviates: bool,
}

/// That the approval of a version rests on a test run that was marked as invalid afterwards.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct InvalidBasis {
    /// Id of the test run.
    pub test_run: String,
    /// That it was marked as invalid.
    pub invalidated: Invalidated,
    /// Whether a test run that counts meets the plan in force since: only then the version is put in use, or reviewed for that.
    pub is_tested_again: bool,
}

impl InvalidBasis {
    /// The same words on the page of the version and in a refusal.
    pub fn sentence(&self) -> String {
        format!(
            "the approval rests on test run `{}`, which is {}",
            self.test_run,
            self.invalidated.sentence()
        )
    }
}

/// Where a version stands.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct LifeCycle {
    /// Model name.
    pub model: String,
    /// Version.
    pub version: String,
    /// Its state.
    pub state: VersionState,
    /// Its tier, once the risk is stated.
    pub tier: Option<Tier>,
    /// Id, digest and ledger entry of the model record in force.
    pub model_record: Option<Cited>,
    /// Acceptance plan and test run.
    pub acceptance: Acceptance,
    /// That its approval rests on a test run that is invalid; absent where it does not, and while it is not approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid_basis: Option<InvalidBasis>,
    /// The approved version it comes after.
    pub follows: Option<String>,
    /// The change record in force.
    pub change: Option<ChangeFact>,
    /// User names of who made the version: they sign nothing of it but its submission.
    pub authors: Vec<String>,
    /// Steps taken, oldest first.
    pub steps: Vec<StepView>,
    /// Steps that can follow.
    pub next: Vec<NextStep>,
}

/// A version with everything that decides about its next step.
pub(super) struct Standing {
    pub(super) version: VersionRow,
    pub(super) facts: Facts,
    pub(super) authors: Vec<Author>,
    pub(super) invalid_basis: Option<InvalidBasis>,
}

/// The row of a version.
pub(super) fn require_version(tx: &ReadTx<'_>, model: &str, version: &str) -> Result<VersionRow> {
    let none = || missing("model version", &format!("{model}/{version}"));
    tx.version(model, version)?.ok_or_else(none)
}

/// What is recorded about acceptance: the plan in force, and the newest test run for it that counts; as if `left_out` did not.
pub(super) fn evidence_of(
    tx: &ReadTx<'_>,
    version_id: &str,
    left_out: Option<&str>,
) -> Result<Acceptance> {
    let Some(plan) = tx.acceptance_plan(version_id)? else { return Ok(Acceptance::default()) };
    let counts = |run: &TestRunRow| {
        run.plan_id == plan.id && run.invalidated.is_none() && Some(run.id.as_str()) != left_out
    };
    let runs = tx.test_runs(version_id)?;
    let run = runs.into_iter().find(counts).map(|run| TestRunFact {
        run: Cited { id: run.id, sha256: run.sha256, entry: run.entry },
        meets_plan: run.meets,
    });
    let plan = Cited { id: plan.id, sha256: plan.sha256, entry: plan.entry };
    Ok(Acceptance { plan: Some(plan), test_run: run })
}

/// Whether the approval in force rests on a test run that is invalid.
fn invalid_basis(
    tx: &ReadTx<'_>,
    version_id: &str,
    (steps, acceptance): (&[StepRow], &Acceptance),
) -> Result<Option<InvalidBasis>> {
    let Some(approval) = steps.iter().rev().find(|row| row.taken.step == Step::Approve) else {
        return Ok(None);
    };
    let sheet: StepSheet = stored(&approval.document)?;
    let Some(run) = sheet.acceptance.test_run.map(|found| found.run.id) else { return Ok(None) };
    let its = tx.test_runs(version_id)?.into_iter().find(|row| row.id == run);
    Ok(its.and_then(|row| row.invalidated).map(|invalidated| InvalidBasis {
        test_run: run,
        invalidated,
        is_tested_again: is_tested_again(acceptance),
    }))
}

impl Standing {
    pub(super) fn read(tx: &ReadTx<'_>, model: &str, version: &str) -> Result<Self> {
        let version = require_version(tx, model, version)?;
        let policy = tx.frozen(FrozenKind::Policy, &version.id)?;
        let policy: Option<Policy> = match policy {
            Some(row) => Some(stored(&row.document)?),
            None => None,
        };
        let studies = tx.studies(&version.id)?;
        let mut signed = 0;
        for study in &studies {
            signed += usize::from(tx.study_signature(&study.id)?.is_some());
        }
        let record = newest_record(tx, &version.id)?.map(|view| {
            let row = view.row;
            (Cited { id: row.id, sha256: row.sha256, entry: row.entry }, view.record)
        });
        // Steps that cannot follow each other are a fault here, not a state.
        tx.version_state(&version.id)?;
        let acceptance = evidence_of(tx, &version.id, None)?;
        let change = change_fact(tx, &version.id)?;
        let steps = tx.version_steps(&version.id)?;
        let taken: Vec<Taken> = steps.iter().map(|row| row.taken.clone()).collect();
        let since = steps.len() - stay(&taken).len();
        let invalid_basis = invalid_basis(tx, &version.id, (&steps, &acceptance))?;
        let mut changed_since_review = false;
        for row in &steps[since..] {
            let reviewed: StepSheet = stored(&row.document)?;
            let before = reviewed.change.map(|change| change.id);
            changed_since_review |= reviewed.acceptance != acceptance
                || before.as_ref() != change.as_ref().map(|change| &change.id);
        }
        let registration = registration(tx, &version)?;
        let follows = followed(tx, &version, registration.parent_version.as_deref())?;
        let facts = Facts {
            registration,
            record,
            policy_rationale: policy.map(|policy| policy.rationale).unwrap_or_default(),
            acceptance,
            studies: (studies.len(), signed),
            follows: follows.map(|followed| followed.version),
            change,
            taken,
            changed_since_review,
        };
        let authors = tx.version_authors(&version.id)?;
        Ok(Self { version, facts, authors, invalid_basis })
    }

    /// What is missing for the step of `rule` where it relies on an approval whose test run is invalid: another test run.
    pub(super) fn not_tested_again(&self, rule: &Rule) -> Option<Gap> {
        let basis = self.invalid_basis.as_ref()?;
        (relies_on_approval(rule) && !basis.is_tested_again).then(|| Gap {
            code: "tested_again".to_owned(),
            missing: basis.sentence(),
            todo: "run the test again, so that a test run which counts meets the plan in force, or take the version out for good"
                .to_owned(),
        })
    }

    /// Everything that is missing for the step of `rule`.
    pub(super) fn gaps(&self, rule: &Rule) -> Vec<Gap> {
        let mut gaps = gaps(rule, &self.facts);
        gaps.extend(self.not_tested_again(rule));
        gaps
    }

    fn next(&self) -> Vec<NextStep> {
        let step = |rule: &Rule| NextStep {
            step: rule.step,
            to: rule.to,
            who: rule.who.to_vec(),
            needs: rule.guards.iter().map(|guard| guard.words()).collect(),
            gaps: self.gaps(rule),
            deviates: needs_deviation(rule, &self.facts.acceptance),
        };
        // A version is superseded by a step of the other one.
        let rules = Rule::from(self.facts.state()).filter(|rule| !rule.needs(Guard::Successor));
        rules.map(step).collect()
    }
}

/// Where a version stands.
///
/// # Errors
///
/// [`crate::error::Error::Access`], [`crate::error::Error::NotFound`].
pub fn life_cycle(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
) -> Result<LifeCycle> {
    acting.permit(Action::Read)?;
    store.read(|tx| life_cycle_in(tx, model, version))
}

pub(super) fn life_cycle_in(tx: &ReadTx<'_>, model: &str, version: &str) -> Result<LifeCycle> {
    let standing = Standing::read(tx, model, version)?;
    let mut steps = Vec::new();
    for row in tx.version_steps(&standing.version.id)? {
        let signature: RecordSignature = stored(&row.signature)?;
        steps.push(StepView {
            manifestation: signature.manifestation(),
            sheet: stored(&row.document)?,
            sha256: row.sha256,
            taken: row.taken,
            signature,
        });
    }
    Ok(LifeCycle {
        state: standing.facts.state(),
        tier: standing.facts.tier(),
        model_record: standing.facts.record.as_ref().map(|(cited, _)| cited.clone()),
        acceptance: standing.facts.acceptance.clone(),
        invalid_basis: standing.invalid_basis.clone(),
        follows: standing.facts.follows.clone(),
        change: standing.facts.change.clone(),
        authors: standing.authors.iter().map(|author| author.user_name.clone()).collect(),
        next: standing.next(),
        model: standing.version.model,
        version: standing.version.version,
        steps,
    })
}
