//! What is missing for the next step of a version: one table of requirements, held against what is recorded.
//!
//! The tier of risk decides which of them count. Everything here is a pure function of [`Facts`].

use super::change_record::ChangeFact;
use super::life_cycle::{Guard, Rule, Taken, VersionState, is_reviewed, state_after};
use crate::provenance::model_record::{HumanPlace, ModelRecord, is_written};
use crate::provenance::registration::Registration;
use crate::provenance::risk::Tier;
use serde::{Deserialize, Serialize};

/// Fewest characters of a text that justifies a deviation.
pub const JUSTIFICATION_MIN: usize = 20;

/// One thing that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Gap {
    /// Which, for example `risk`; stable.
    pub code: String,
    /// What is missing.
    pub missing: String,
    /// What to do.
    pub todo: String,
}

/// A record that a step rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Cited {
    /// Id.
    pub id: String,
    /// SHA-256 of its canonical bytes.
    pub sha256: String,
    /// Ledger entry.
    pub entry: u64,
}

/// A test run, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TestRunFact {
    /// The record.
    #[serde(flatten)]
    pub run: Cited,
    /// Whether it meets the plan it was held against.
    pub meets_plan: bool,
}

/// What is recorded about acceptance: the newest plan, and the newest test run that was held against it and is not invalid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Acceptance {
    /// The acceptance plan in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Cited>,
    /// The newest test run of that plan that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_run: Option<TestRunFact>,
}

impl Acceptance {
    /// The test run, if the ledger has it after the plan. Clocks do not count.
    pub fn run_after_plan(&self) -> Option<&TestRunFact> {
        let plan = self.plan.as_ref()?;
        self.test_run.as_ref().filter(|found| found.run.entry > plan.entry)
    }
}

/// Everything recorded about a version that decides whether it may go on.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its registration.
    pub registration: Registration,
    /// Its newest model record.
    pub record: Option<(Cited, ModelRecord)>,
    /// The rationale of its monitoring policy.
    pub policy_rationale: String,
    /// Acceptance plan and test run.
    pub acceptance: Acceptance,
    /// Phase I studies of its reference: attached, and signed among them.
    pub studies: (usize, usize),
    /// The approved version of the model that this one comes after.
    pub follows: Option<String>,
    /// The change record in force.
    pub change: Option<ChangeFact>,
    /// Steps taken, oldest first.
    pub taken: Vec<Taken>,
    /// Whether plan, test run or change record are others than those that were reviewed since the state last changed.
    pub changed_since_review: bool,
}

impl Facts {
    /// Where the version stands.
    pub fn state(&self) -> VersionState {
        state_after(self.taken.iter().map(|taken| taken.step)).unwrap_or_else(|(state, _)| state)
    }

    /// Its tier, once the risk is stated.
    pub fn tier(&self) -> Option<Tier> {
        self.record.as_ref().and_then(|(_, record)| record.tier())
    }

    fn says(&self, field: impl Fn(&ModelRecord) -> bool) -> bool {
        self.record.as_ref().is_some_and(|(_, record)| field(record))
    }
}

/// One line of the table: what must be there, from which tier on, for which guard.
#[derive(Clone, Copy)]
pub struct Requirement {
    /// Stable code.
    pub code: &'static str,
    /// [`Guard::Complete`] (to submit) or [`Guard::Tested`] (to review and approve).
    pub guard: Guard,
    /// The lowest tier that needs it.
    pub from: Tier,
    /// What is missing where it is not met.
    pub missing: &'static str,
    /// What to do.
    pub todo: &'static str,
    met: fn(&Facts) -> bool,
}

const fn needs(
    (code, guard, from): (&'static str, Guard, Tier),
    missing: &'static str,
    todo: &'static str,
    met: fn(&Facts) -> bool,
) -> Requirement {
    Requirement { code, guard, from, missing, todo, met }
}

const DESCRIBE: &str = "write it into the model record (`driftledger describe`)";

/// The table. Digests, training data, reference and policy are not in it: no version is registered without them.
pub const REQUIREMENTS: [Requirement; 25] = {
    use Guard::{Complete, Tested};
    use Tier::{High, Low, Medium};
    [
        needs(
            ("model_record", Complete, Low),
            "there is no model record",
            "print one to fill with `driftledger describe --template`, fill it and send it with `driftledger describe`",
            |facts| facts.record.is_some(),
        ),
        needs(
            ("question_of_interest", Complete, Low),
            "the question of interest is not stated",
            DESCRIBE,
            |facts| facts.says(|record| is_written(&record.question_of_interest)),
        ),
        needs(
            ("context_of_use", Complete, Low),
            "the context of use is not stated",
            DESCRIBE,
            |facts| facts.says(|record| is_written(&record.context_of_use)),
        ),
        needs(
            ("intended_use", Complete, Low),
            "the intended use is not stated",
            DESCRIBE,
            |facts| facts.says(|record| is_written(&record.intended_use)),
        ),
        needs(
            ("out_of_scope", Complete, Low),
            "nothing says what the version must not be used for",
            DESCRIBE,
            |facts| {
                facts.says(|r| {
                    !r.out_of_scope.is_empty() && r.out_of_scope.iter().all(|t| is_written(t))
                })
            },
        ),
        needs(
            ("fallback", Complete, Low),
            "the fallback is not stated",
            "write into the model record what is done while the version cannot be used",
            |facts| facts.says(|record| is_written(&record.fallback)),
        ),
        needs(
            ("input_space", Complete, Low),
            "the input space is not stated",
            "write into the model record where rows come from and what their limits are; ranges stand in the schema",
            |facts| facts.says(|record| is_written(&record.input_space)),
        ),
        needs(
            ("risk", Complete, Low),
            "the risk is not stated, or has no rationale",
            "write influence, consequence and their rationale into the model record; the tier follows",
            |facts| facts.says(|r| r.risk.as_ref().is_some_and(|risk| is_written(&risk.rationale))),
        ),
        needs(
            ("human_role", Complete, Low),
            "the role of people is not stated, or not what they do",
            "write place and duty into the model record",
            |facts| {
                facts.says(|r| r.human_role.as_ref().is_some_and(|role| is_written(&role.duty)))
            },
        ),
        needs(
            ("learning", Complete, Low),
            "nothing says whether the model learns in use and whether it is deterministic",
            "write `learning` and `deterministic` into the model record",
            |facts| {
                facts.says(|record| record.learning.is_some() && record.deterministic.is_some())
            },
        ),
        needs(
            ("fixed_or_watched", Complete, Low),
            "a model that learns in use or answers at random needs a person in the loop",
            "freeze the model, or state the human role `in_the_loop`",
            |facts| {
                let in_the_loop = |record: &ModelRecord| {
                    record.human_role.as_ref().is_some_and(|r| r.place == HumanPlace::InTheLoop)
                };
                !facts.says(|record| record.learning.is_some() && record.deterministic.is_some())
                    || facts.says(|record| record.is_fixed() || in_the_loop(record))
            },
        ),
        needs(
            ("policy_rationale", Complete, Low),
            "the monitoring policy has no rationale",
            "register a version whose policy says why its limits are right",
            |facts| is_written(&facts.policy_rationale),
        ),
        needs(
            ("acceptance_plan", Complete, Low),
            "there is no acceptance plan",
            "record metrics, limits and confidence before the test is run",
            |facts| facts.acceptance.plan.is_some(),
        ),
        needs(
            ("change_record", Complete, Low),
            "it comes after an approved version, and no change record says what changed, why, and what that may do",
            "record the change (`driftledger change`, or the page of the version)",
            |facts| facts.follows.is_none() || facts.change.is_some(),
        ),
        needs(
            ("change_authored", Complete, Low),
            "no author has signed the change record",
            "let an author of the version sign it",
            |facts| facts.change.as_ref().is_none_or(|change| change.authored),
        ),
        needs(
            ("overlap", Complete, Medium),
            "nobody counted training rows in the other datasets",
            "register a version with `driftledger register`, which counts them where the rows are",
            |facts| !facts.registration.overlaps.is_empty(),
        ),
        needs(
            ("subgroups", Complete, Medium),
            "no subgroups are named, and nothing says why none is needed",
            "name columns and values in the model record, or say why no group needs a look",
            |facts| {
                facts.says(|record| {
                    !record.subgroups.is_empty()
                        || record.no_subgroups_because.as_deref().is_some_and(is_written)
                })
            },
        ),
        needs(
            ("explainability", Complete, Medium),
            "nothing says how outputs are explained",
            "write the method into the model record, or why none is needed",
            |facts| facts.says(|record| is_written(&record.explainability)),
        ),
        needs(
            ("confidence", Complete, Medium),
            "nothing says what the confidence means and when the model does not decide",
            "write `confidence` into the model record; limits stand in the schema as its undecided zone",
            |facts| {
                facts.says(|record| {
                    record
                        .confidence
                        .as_ref()
                        .is_some_and(|c| is_written(&c.meaning) && is_written(&c.undecided))
                })
            },
        ),
        needs(
            ("fixed_model", Complete, High),
            "a model that learns in use or answers at random cannot have the high tier",
            "freeze the model, or lower influence or consequence for a reason",
            |facts| facts.says(ModelRecord::is_fixed),
        ),
        needs(
            ("test_run", Tested, Low),
            "no test run that counts was recorded after the acceptance plan",
            "run the test on the stored predictions of the test set",
            |facts| {
                facts.acceptance.run_after_plan().is_some()
                    || facts.change.as_ref().is_some_and(ChangeFact::waives_test)
            },
        ),
        needs(
            ("retest", Tested, Low),
            "the change record says that the version is tested again, and no test run came after it",
            "run the test again on the stored predictions of the test set",
            |facts| {
                let run = facts.acceptance.run_after_plan();
                let after = |change: &ChangeFact| run.is_some_and(|r| r.run.entry > change.entry);
                facts.change.as_ref().is_none_or(|change| !change.retest || after(change))
            },
        ),
        needs(
            ("change_approved", Tested, Medium),
            "QA has not approved the change record",
            "let QA, no author of the version, sign the change record",
            |facts| facts.change.as_ref().is_none_or(|change| change.approved),
        ),
        needs(
            ("study", Tested, Medium),
            "no Phase I study shows that the tolerances fit the natural variation",
            "make one with `driftledger study --output` and attach it",
            |facts| facts.studies.0 > 0,
        ),
        needs(
            ("study_signed", Tested, High),
            "no Phase I study is signed",
            "let somebody who did not attach it sign one",
            |facts| facts.studies.1 > 0,
        ),
    ]
};

impl std::fmt::Debug for Requirement {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Requirement").field("code", &self.code).finish_non_exhaustive()
    }
}

impl Requirement {
    fn gap(&self) -> Gap {
        let (code, missing, todo) = (self.code, self.missing, self.todo);
        Gap { code: code.to_owned(), missing: missing.to_owned(), todo: todo.to_owned() }
    }
}

/// Exactly what is missing for the step of `rule`; nothing when it can be taken. Without a model record that alone is named of the
/// record's requirements, and without a stated risk those of the lowest tier are.
pub fn gaps(rule: &Rule, facts: &Facts) -> Vec<Gap> {
    let tier = facts.tier().unwrap_or(Tier::Low);
    let mut gaps: Vec<Gap> = REQUIREMENTS
        .iter()
        .filter(|need| rule.needs(need.guard) && need.from <= tier && !(need.met)(facts))
        .filter(|need| facts.record.is_some() || !is_of_record(need.code))
        .map(Requirement::gap)
        .collect();
    if rule.needs(Guard::Reviewed) && !is_reviewed(&facts.taken) {
        gaps.push(Gap {
            code: "reviewed".to_owned(),
            missing: "no reviewer has signed it as reviewed since its state last changed"
                .to_owned(),
            todo:
                "let a reviewer take the step `review`, who is neither an author nor who signs next"
                    .to_owned(),
        });
    }
    let approves = rule.needs(Guard::Reviewed) && rule.needs(Guard::Tested);
    if approves && facts.changed_since_review {
        gaps.push(Gap {
            code: "reviewed_evidence".to_owned(),
            missing: "acceptance plan, test run or change record changed since it was reviewed"
                .to_owned(),
            todo: "reject it, so that its author submits it again with what is recorded now"
                .to_owned(),
        });
    }
    gaps
}

/// Everything that a version of this tier has to have, and whether it has it: the requirement, and whether it is met.
pub fn required(facts: &Facts) -> Vec<(&'static Requirement, bool)> {
    let tier = facts.tier().unwrap_or(Tier::Low);
    let needs = REQUIREMENTS.iter().filter(|need| need.from <= tier);
    needs.map(|need| (need, (need.met)(facts))).collect()
}

/// What is missing for the step of `rule` to a version about which nothing is recorded but its registration: what [`gaps`] finds, from the
/// rationale of its policy and whether it comes after an approved version. Nothing else can be met, or is asked for without a stated risk.
pub fn gaps_of_untouched(rule: &Rule, (policy_rationale, follows): (&str, bool)) -> Vec<Gap> {
    let is_met = |code: &str| match code {
        "policy_rationale" => is_written(policy_rationale),
        "change_record" => !follows,
        "change_authored" => true,
        _ => false,
    };
    REQUIREMENTS
        .iter()
        .filter(|need| rule.needs(need.guard) && need.from <= Tier::Low)
        .filter(|need| !is_of_record(need.code) && !is_met(need.code))
        .map(Requirement::gap)
        .collect()
}

/// Whether a requirement is about a field of the model record.
fn is_of_record(code: &str) -> bool {
    ![
        "model_record",
        "policy_rationale",
        "acceptance_plan",
        "change_record",
        "change_authored",
        "change_approved",
        "retest",
        "overlap",
        "test_run",
        "study",
        "study_signed",
    ]
    .contains(&code)
}

/// The table as text, one requirement a line.
pub fn requirement_table() -> String {
    let mut table =
        format!("{:<24}{:<12}{:<12}{}\n", "requirement", "guard", "from tier", "missing");
    for need in &REQUIREMENTS {
        table.push_str(&format!(
            "{:<24}{:<12}{:<12}{}\n",
            need.code,
            need.guard.words(),
            need.from.word(),
            need.missing
        ));
    }
    table
}
